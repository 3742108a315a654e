//! Texts: foreign ones cut to a length, and the names of variants. Pure.
#![cfg(feature = "clock")]

/// The first `limit` characters of a text; three dots show that there were more.
pub(crate) fn cut(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}...", &text[..end]),
    }
}

/// Declares an enum whose variants have stable names, in one place: `Variant = "name"`, and `=> "a sentence"` if its
/// `Display` is not the name.
macro_rules! names {
    ($(#[$attribute:meta])* $visibility:vis enum $type:ident {
        $($(#[$about:meta])* $variant:ident = $name:expr $(=> $sentence:literal)?,)*
    }) => {
        $(#[$attribute])*
        $visibility enum $type {
            $($(#[$about])* #[doc = concat!("\n\nIts name is `", $name, "`.")] $variant,)*
        }

        impl $type {
            /// Every variant, in the order of the documentation.
            $visibility const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable name, for programs.
            #[must_use]
            $visibility const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(match self {
                    $(Self::$variant => $crate::text::names!(@shown $name $(, $sentence)?),)*
                })
            }
        }
    };
    (@shown $name:expr) => { $name };
    (@shown $name:expr, $sentence:literal) => { $sentence };
}
pub(crate) use names;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(cut("äöü", 2), "äö...");
        assert_eq!(cut("", 0), "");
    }
}
