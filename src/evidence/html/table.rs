//! A table that scrolls where the page is too narrow for it.

use maud::{Markup, html};

/// A table with these columns, of which some hold text instead of numbers.
pub(super) fn table(caption: &str, columns: &[Column], rows: &Markup) -> Markup {
    html! {
        div.scroll {
            table {
                caption { (caption) }
                thead { tr { @for column in columns { (column.head()) } } }
                tbody { (rows) }
            }
        }
    }
}

/// A column with its name.
pub(super) enum Column {
    Text(&'static str),
    Number(&'static str),
}

impl Column {
    fn head(&self) -> Markup {
        match self {
            Self::Text(name) => html! { th.text scope="col" { (name) } },
            Self::Number(name) => html! { th scope="col" { (name) } },
        }
    }
}
