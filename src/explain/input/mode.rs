//! How to read lines, as a command line names it.

use std::fmt;

use crate::kind::words;

words! {
    /// How to read lines.
    #[derive(Default)]
    Input
    /// Recognizes the form, and reports what else it may be.
    #[default]
    Auto "auto"
    /// Lines of a viewer or export: what it put around the events is not reported.
    Export "export"
    /// Output of a container: each line is an event, and removing anything around a document is a
    /// fault.
    Stdout "stdout"
}
