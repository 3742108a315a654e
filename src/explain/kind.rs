//! The properties of a rule: severity, confidence, counter, effect.

use std::fmt;

/// Whether a finding means that something is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Something is certain to be lost.
    Fault,
    /// Possibly nothing is lost, or an assumption was made.
    Warning,
}

impl Severity {
    /// Every value.
    pub const ALL: &'static [Self] = &[Self::Fault, Self::Warning];

    /// The name in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fault => "fault",
            Self::Warning => "warning",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How certain a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// Documented, or measured.
    Documented,
    /// Users observed it or maintainers said so.
    Reported,
    /// Sources disagree or are silent.
    Unknown,
}

impl Confidence {
    /// Every value.
    pub const ALL: &'static [Self] = &[Self::Documented, Self::Reported, Self::Unknown];

    /// The word for it in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Documented => "documented",
            Self::Reported => "reported",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The metric in the namespace `AWS/Logs` that counts a fault of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Counter {
    /// `EMFParsingErrors`: the document does not have the format.
    ParsingErrors,
    /// `EMFValidationErrors`: a metric, dimension or namespace is not valid.
    ValidationErrors,
}

impl Counter {
    /// Every value.
    pub const ALL: &'static [Self] = &[Self::ParsingErrors, Self::ValidationErrors];

    /// The word for it in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ParsingErrors => "EMFParsingErrors",
            Self::ValidationErrors => "EMFValidationErrors",
        }
    }
}

impl fmt::Display for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a finding costs. Its `Display` is the half sentence of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Effect {
    /// It costs nothing.
    Nothing,
    /// Explain cannot read it.
    NotRead,
    /// The input holds no EMF document.
    NoMetric,
    /// The event is not recognized as a document.
    Hidden,
    /// CloudWatch Logs refuses the event.
    Refused,
    /// The log driver splits the line.
    Split,
    /// The log driver alters the line or loses its batch.
    Batch,
    /// All metrics of the event.
    Event,
    /// Perhaps all metrics of the event.
    PerhapsEvent,
    /// The metric, or all metrics of the event.
    MetricOrEvent,
    /// All metrics of the directive.
    Directive,
    /// All points with this dimension set.
    Set,
    /// Perhaps all points with this dimension set.
    PerhapsSet,
    /// The dimensions of the set's points.
    Dimensions,
    /// All points of this metric.
    Metric,
    /// Perhaps all points of this metric.
    PerhapsMetric,
    /// The metric or the dimension; another finding reports which.
    OneOfBoth,
    /// The metric counts as many times as it is written.
    Multiplied,
}

impl Effect {
    /// Whether all metrics of the event may be missing.
    pub(super) fn spoils_event(self) -> bool {
        self == Self::Event
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "no effect",
            Self::NotRead => "explain cannot judge it",
            Self::NoMetric => "CloudWatch extracts no metrics from this input",
            Self::Hidden => "CloudWatch sees no EMF document in this event and extracts no metrics from it",
            Self::Refused => "CloudWatch Logs refuses the event",
            Self::Split => "the log driver splits it into several events and CloudWatch extracts no metrics from any",
            Self::Batch => "the log driver alters the line or loses the batch it is in",
            Self::Event => "CloudWatch extracts no metrics from this event",
            Self::PerhapsEvent => "CloudWatch may extract no metrics from this event",
            Self::MetricOrEvent => "CloudWatch drops this metric or extracts no metrics from this event",
            Self::Directive => "CloudWatch extracts no metrics from this directive",
            Self::Set => "CloudWatch drops this dimension set",
            Self::PerhapsSet => "CloudWatch may drop this dimension set",
            Self::Dimensions => "CloudWatch publishes the metrics of this set without any dimension, if at all",
            Self::Metric => "CloudWatch drops this metric",
            Self::PerhapsMetric => "CloudWatch may drop this metric",
            Self::OneOfBoth => "one of the two cannot be right, see the other finding",
            Self::Multiplied => "CloudWatch counts the values once for each definition, so sums and counts are multiplied",
        })
    }
}
