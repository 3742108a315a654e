//! How a report is written: for programs or for a person.

use super::text::Style;

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// An object on a line for each data point, fault and warning.
    Json,
    /// Text, with a summary at the end.
    Text,
    /// The same with escape sequences for colours.
    ColouredText,
}

impl Format {
    pub(super) fn style(self) -> Style {
        Style {
            colour: self == Self::ColouredText,
        }
    }
}
