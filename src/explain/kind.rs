//! The properties of a rule: severity, confidence, counter, effect.

use std::fmt;

/// Declares a type whose values are words or half sentences of the report.
macro_rules! words {
    ($(#[$about:meta])* $name:ident $($(#[$meaning:meta])* $variant:ident $word:literal)*) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$meaning])* $variant,)*
        }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The words for it in reports.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use words;

words! {
    /// Whether a finding means that something is lost.
    Severity
    /// Something is certain to be lost.
    Fault "fault"
    /// Possibly nothing is lost, or an assumption was made.
    Warning "warning"
}

words! {
    /// How certain a finding is.
    Confidence
    /// Documented, or measured.
    Documented "documented"
    /// Users observed it or maintainers said so.
    Reported "reported"
    /// Sources disagree or are silent.
    Unknown "unknown"
}

words! {
    /// The metric in the namespace `AWS/Logs` that counts a fault of this kind.
    #[non_exhaustive]
    Counter
    /// The document does not have the format.
    ParsingErrors "EMFParsingErrors"
    /// A metric, dimension or namespace is not valid.
    ValidationErrors "EMFValidationErrors"
}

words! {
    /// What a finding costs. Its `Display` is the half sentence of the report.
    #[non_exhaustive]
    Effect
    /// It costs nothing.
    Nothing "no effect"
    /// Explain cannot read it.
    NotRead "explain cannot judge it"
    /// The input holds no EMF document.
    NoMetric "CloudWatch extracts no metrics from this input"
    /// The event is not recognized as a document.
    Hidden "CloudWatch sees no EMF document in this event and extracts no metrics from it"
    /// CloudWatch Logs refuses the event.
    Refused "CloudWatch Logs refuses the event"
    /// The log driver splits the line.
    Split "the log driver splits it into several events and CloudWatch extracts no metrics from any"
    /// The log driver alters the line or loses its batch.
    Batch "the log driver alters the line or loses the batch it is in"
    /// All metrics of the event.
    Event "CloudWatch extracts no metrics from this event"
    /// Perhaps all metrics of the event.
    PerhapsEvent "CloudWatch may extract no metrics from this event"
    /// The metric, or all metrics of the event.
    MetricOrEvent "CloudWatch drops this metric or extracts no metrics from this event"
    /// All metrics of the directive.
    Directive "CloudWatch extracts no metrics from this directive"
    /// All points with this dimension set.
    Set "CloudWatch drops this dimension set"
    /// Perhaps all points with this dimension set.
    PerhapsSet "CloudWatch may drop this dimension set"
    /// The dimensions of the set's points.
    Dimensions "CloudWatch publishes the metrics of this set without any dimension, if at all"
    /// All points of this metric.
    Metric "CloudWatch drops this metric"
    /// Perhaps all points of this metric.
    PerhapsMetric "CloudWatch may drop this metric"
    /// The metric or the dimension; another finding reports which.
    OneOfBoth "one of the two cannot be right, see the other finding"
    /// The metric counts as many times as it is written.
    Multiplied "CloudWatch counts the values once for each definition, so sums and counts are multiplied"
}
