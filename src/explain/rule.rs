//! The rules: the stable name of each, how certain it is, what it costs, and which counter of CloudWatch rises.

use std::fmt;

use super::kind::{Confidence, Counter, Effect, Severity};

/// Declares the rules with everything that belongs to each.
macro_rules! rules {
    ($($variant:ident $word:literal $severity:ident $confidence:ident $counter:tt $effect:ident $about:literal $next:literal)*) => {
        /// What a finding is about. Names are stable: tools may match on them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Rule {
            $(#[doc = $about] $variant,)*
        }

        impl Rule {
            /// Every rule, in the order of the reference.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The rule's name in reports.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// Whether breaking the rule loses something.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)* }
            }

            /// How certain the rule is.
            #[must_use]
            pub fn confidence(self) -> Confidence {
                match self { $(Self::$variant => Confidence::$confidence,)* }
            }

            /// The counter of CloudWatch that rises; `None` if there is none or it is unknown.
            #[must_use]
            pub fn counter(self) -> Option<Counter> {
                match self { $(Self::$variant => counter!($counter),)* }
            }

            /// What breaking the rule costs.
            #[must_use]
            pub fn effect(self) -> Effect {
                match self { $(Self::$variant => Effect::$effect,)* }
            }

            /// What the rule is about, in one sentence.
            #[must_use]
            pub fn about(self) -> &'static str {
                match self { $(Self::$variant => $about,)* }
            }

            /// What to do, in one sentence.
            #[must_use]
            pub fn next_step(self) -> &'static str {
                match self { $(Self::$variant => $next,)* }
            }
        }
    };
}

macro_rules! counter {
    (-) => {
        None
    };
    (P) => {
        Some(Counter::ParsingErrors)
    };
    (V) => {
        Some(Counter::ValidationErrors)
    };
}

rules! {
    // The input as a whole.
    NoEmf "no-emf" Fault Documented - NoMetric
        "The input is not empty and holds no EMF document."
        "Check that the lines are those of the writer, and that the format is EMF: one JSON object with the member _aws."
    Gzip "gzip" Fault Documented - NotRead
        "The input is compressed with gzip, as S3 exports are."
        "Decompress it first: gunzip -c FILE."
    Zip "zip" Fault Documented - NotRead
        "The input is a zip archive, as downloads of several files and spreadsheets are."
        "Unpack it first: unzip -p FILE."
    UnreadableForm "unreadable-form" Fault Unknown - NotRead
        "Lines hold documents in a form that explain cannot read. What CloudWatch makes of them is not known."
        "Extract the messages first, for example jq -r '.logEvents[].message' FILE, or base64 -d FILE | gunzip."
    Utf16 "utf-16" Fault Documented - NotRead
        "The input is UTF-16, as some shells of Windows write it."
        "Convert it first: iconv -f UTF-16 -t UTF-8 FILE."
    ByteOrderMark "byte-order-mark" Warning Reported - Nothing
        "The input begins with a byte order mark, which an editor or export has written."
        "Ignore this if the writer itself does not write one."
    ExportAssumed "export-assumed" Warning Unknown - Nothing
        "The form is read as an export, in which each document is one event; as raw stdout it would be something else."
        "Say which it is: --input export, or --input stdout if these are the bytes that the container wrote."
    ViewerTime "viewer-time" Warning Unknown - Nothing
        "A time before the document is taken for the viewer's, as docker logs -t and aws logs tail write it."
        "If the writer itself writes the time, give --input stdout and see what that costs."
    ViewerPrefix "viewer-prefix" Warning Unknown - Nothing
        "The same prefix before every line is taken for the viewer's, as docker compose logs, stern and grep write it."
        "If the writer itself writes the prefix, give --input stdout and see what that costs."
    Copied "copied" Warning Unknown - Nothing
        "A copy has altered the text: lines broken at the width of a terminal, or no-break spaces in place of blanks."
        "Ignore this if it was copied from a screen; otherwise give --input stdout."
    LeadingBlank "leading-blank" Warning Unknown - Nothing
        "Blanks before the document are taken for the viewer's."
        "Ignore this if the writer itself writes none."
    // How the document is shipped.
    MultiLine "multi-line" Fault Documented - Hidden
        "The document is spread over several lines of stdout, each of which becomes an event."
        "Write each document on one line."
    SeveralDocuments "several-documents" Fault Documented P Event
        "A line holds more than one document."
        "End every document with a line feed, and write both with one call."
    Prefix "prefix" Fault Documented - Hidden
        "Text precedes the document, such as a logger's time and level."
        "Write the document to stdout without the logger, or with a format that adds nothing."
    LambdaPrefix "lambda-prefix" Warning Reported - Nothing
        "The document follows the text prefix of AWS Lambda, which CloudWatch is reported to skip."
        "Ignore this, or remove the prefix to be certain."
    LambdaLevelPrefix "lambda-level-prefix" Warning Unknown - PerhapsEvent
        "The document follows the prefix of Lambda's Python runtime (level in brackets, time, request); whether CloudWatch skips it is not known."
        "Print the document to stdout without the logger."
    LambdaJson "lambda-json" Fault Reported - Hidden
        "The document is a string in an object of Lambda's JSON log format."
        "Use a metrics library that writes to stdout directly, or set the function's log format to text."
    FireLens "firelens" Fault Documented - Hidden
        "The document is a string in a record of Fluent Bit (`FireLens` on ECS)."
        "Send the line itself: \"log_key\": \"log\" in the options of the awsfirelens log driver on ECS, log_key log in the output cloudwatch_logs on EKS."
    DockerJson "docker-json-file" Fault Documented - Hidden
        "The document is a string in a record of Docker's json-file driver."
        "Send the member log only, for instance with the awslogs driver in place of an agent that tails the file."
    Cri "cri" Fault Documented - Hidden
        "The document follows the prefix of a container runtime's log file (CRI)."
        "Let the agent parse the CRI format and send the message only."
    Syslog "syslog" Fault Documented - Hidden
        "The document follows a syslog header."
        "Let the agent parse the header and send the message only."
    PartialMessage "partial-message" Fault Documented - Hidden
        "The record holds a part of a line, since the line was longer than 16 KiB."
        "Keep lines under 16,384 bytes, or join the parts before they are sent (multiline.parser, mode partial_message)."
    JsonString "json-string" Fault Documented - Hidden
        "The document is a JSON string: it was encoded twice, or a tool printed it so."
        "Encode the document once; for output of jq, use jq -r."
    JsonWrapper "json-wrapper" Fault Documented - Hidden
        "The document is a member of another JSON object."
        "Ship the document itself, not a record that holds it."
    Cut "cut" Fault Documented P Event
        "The JSON object does not end."
        "Find what cuts the line: a size limit of the log driver or shim, or a writer that was stopped."
    TrailingText "trailing-text" Fault Documented P Event
        "Something follows the JSON object on its line."
        "End every document with a line feed."
    JoinedLines "joined-lines" Fault Documented P Event
        "The event has other lines beside the document: the log driver has joined them."
        "Remove the option awslogs-multiline-pattern or awslogs-datetime-format, or choose a pattern that every document matches."
    NotJson "not-json" Fault Documented - Hidden
        "The document was written in another notation than JSON."
        "Encode the document as JSON."
    JsonBroken "json-broken" Fault Documented P Event
        "The line begins as a document and is not valid JSON."
        "Write the document with a JSON library; NaN and infinity are not JSON."
    NotUtf8 "not-utf-8" Fault Documented - Batch
        "The line is not UTF-8."
        "Write ASCII only: escape everything else as \\u…."
    EventTooLarge "event-too-large" Fault Documented - Refused
        "The event is larger than CloudWatch Logs takes."
        "Split the metrics over several documents."
    OverAwslogs "over-awslogs-limit" Warning Documented - Split
        "The line is longer than the awslogs driver sends in one piece; other ways to CloudWatch take up to 1 MiB."
        "Keep lines under 262,118 bytes, and under 16,384 where FireLens may be the way."
    // The metadata.
    VersionZero "version-0" Warning Reported - Nothing
        "The document has its directives at the root instead of in _aws, as agents of AWS write it (version 0)."
        "Ignore this; new writers use _aws."
    NoMetricNamed "no-metric" Warning Documented - Nothing
        "The document is valid and names no metric."
        "Ignore this if intended."
    MetadataNotObject "metadata-not-object" Fault Documented P Event
        "_aws is not an object."
        "Make _aws an object with Timestamp and CloudWatchMetrics."
    MetadataTooLarge "metadata-too-large" Fault Unknown - NotRead
        "The metadata holds more values than explain keeps."
        "Split the metrics over several documents."
    MetadataMisnamed "metadata-misnamed" Fault Documented - Hidden
        "The metadata has another name than _aws."
        "Name the member _aws."
    TimestampMissing "timestamp-missing" Fault Documented P Event
        "The timestamp is missing."
        "Add _aws.Timestamp: milliseconds since 1970 as an integer."
    TimestampNotInteger "timestamp-not-integer" Fault Documented P Event
        "The timestamp is not an integer."
        "Write _aws.Timestamp as milliseconds since 1970, an integer."
    TimestampTooOld "timestamp-too-old" Fault Documented - Event
        "The timestamp is more than 14 days in the past."
        "For lines of an earlier time give --now TIME; else correct the clock or the unit (milliseconds)."
    TimestampAhead "timestamp-ahead" Fault Documented - Event
        "The timestamp is more than 2 hours ahead."
        "Fix the clock or the unit (milliseconds); for lines of another time give --now TIME."
    DirectivesNotArray "directives-not-array" Fault Documented P Event
        "`CloudWatchMetrics` is not an array of objects."
        "Make CloudWatchMetrics an array of directives."
    DuplicateMember "duplicate-member" Warning Unknown - PerhapsEvent
        "A member that matters occurs more than once; the last one is taken here."
        "Write each member once."
    DuplicateDirective "duplicate-directive" Warning Reported - Multiplied
        "A directive occurs more than once."
        "Write each directive once."
    // Namespaces.
    NamespaceMissing "namespace-missing" Fault Documented V Event
        "The namespace is missing or not a string of 1 to 1,024 characters."
        "Give each directive a Namespace."
    NamespaceTooLong "namespace-too-long" Fault Reported V Directive
        "The namespace has more than 255 characters."
        "Shorten the namespace."
    NamespaceInvalid "namespace-invalid" Fault Documented V Directive
        "The namespace has a character that is not allowed, or is blank or begins with a colon."
        "Use A-Z a-z 0-9 . _ # : / - and the space."
    NamespaceReserved "namespace-reserved" Fault Documented V Directive
        "The namespace begins with AWS/, which is AWS's own."
        "Choose another namespace."
    // Dimensions.
    DimensionsMissing "dimensions-missing" Warning Unknown - PerhapsEvent
        "Dimensions is missing or an empty array; some writers leave it out on purpose."
        "Write [[]] for metrics without dimensions."
    DimensionsNotArrays "dimensions-not-arrays" Fault Documented V Event
        "Dimensions is not an array of arrays of strings."
        "Make Dimensions an array of sets, each an array of names."
    DimensionName "dimension-name" Fault Documented V Event
        "A dimension's name is not a string of 1 to 250 characters without line breaks."
        "Shorten or correct the name."
    TooManyDimensions "too-many-dimensions" Fault Documented V Event
        "A set has more than 30 dimensions."
        "Keep what matters as a dimension and the rest as plain members."
    DimensionMissing "dimension-missing" Fault Documented V Set
        "A dimension has no value at the root."
        "Add a member of this name to the root, as a string."
    DimensionNotString "dimension-not-string" Fault Reported - Dimensions
        "A dimension's value is not a string; most sources say that the point loses all dimensions, one that nothing is published."
        "Write the value as a string."
    DimensionEmpty "dimension-empty" Fault Reported - Dimensions
        "A dimension's value is empty."
        "Leave the dimension out of the set, or give it a value."
    DimensionInvalid "dimension-invalid" Fault Documented V Set
        "A dimension's name or value is blank or has a control character, or its name begins with a colon."
        "Use printable characters, and no colon at the beginning of the name."
    DimensionValueTooLong "dimension-value-too-long" Fault Documented V Set
        "A dimension's value has more than 1,024 characters."
        "Shorten the value."
    DimensionNotAscii "dimension-not-ascii" Warning Unknown - PerhapsSet
        "A dimension's name or value has characters beyond ASCII; sources disagree on what becomes of it."
        "Use ASCII only."
    DuplicateSet "duplicate-set" Warning Reported - Multiplied
        "A directive has the same dimension set more than once."
        "Write each set once."
    DuplicateKey "duplicate-key" Warning Unknown - PerhapsSet
        "A dimension set names the same dimension more than once."
        "Name each dimension once."
    // Metrics.
    MetricsNotArray "metrics-not-array" Fault Documented V Event
        "Metrics is not an array of objects."
        "Make Metrics an array of objects, each with a Name."
    TooManyMetrics "too-many-metrics" Fault Documented V Event
        "A directive defines more than 100 metrics."
        "Spread the metrics over several directives or documents."
    MetricName "metric-name" Fault Documented V Event
        "A metric's name is not a string of 1 to 1,024 characters without line breaks."
        "Fix the name."
    MetricNameTooLong "metric-name-too-long" Fault Reported V Metric
        "A metric's name has more than 255 characters."
        "Shorten the name."
    MetricNameUnusual "metric-name-unusual" Warning Unknown - PerhapsMetric
        "A metric's name has blanks at its ends, a colon at its beginning, control characters or characters beyond ASCII."
        "Use printable ASCII characters, without blanks at the ends or a colon at the beginning."
    UnitNotString "unit-not-string" Fault Documented V Event
        "Unit is not a string."
        "Leave Unit out or use one of CloudWatch's words."
    UnitUnknown "unit-unknown" Warning Unknown - PerhapsEvent
        "Unit is not one of CloudWatch's words: libraries say that it becomes None, the schema refuses it."
        "Use CloudWatch's word, with its capitals."
    ResolutionNotInteger "resolution-not-integer" Fault Documented V Event
        "`StorageResolution` is not an integer."
        "Write 1 or 60."
    ResolutionInvalid "resolution-invalid" Fault Documented V Metric
        "`StorageResolution` is neither 1 nor 60."
        "Write 1 or 60."
    TwoResolutions "two-resolutions" Fault Documented V Metric
        "A metric has two resolutions in one event."
        "Use one resolution for each metric."
    MetricMissing "metric-missing" Fault Documented V Metric
        "A metric has no value at the root."
        "Add a member of this name to the root; nested values do not count."
    MetricNotNumber "metric-not-number" Fault Documented V Metric
        "A metric's value is neither a number nor an array of numbers, a distribution or a statistic set."
        "Write the value as a JSON number."
    MetricNoValues "metric-no-values" Fault Documented V Metric
        "A metric's array is empty."
        "Leave the metric out where it has no value."
    TooManyValues "too-many-values" Fault Reported V MetricOrEvent
        "A metric's array has more than 100 values."
        "Spread the values over several documents."
    MetricOutOfRange "metric-out-of-range" Fault Documented V Metric
        "A value is not within ±2^360."
        "Leave the value out."
    DuplicateMetric "duplicate-metric" Warning Reported - Multiplied
        "A directive defines the same metric more than once."
        "Define each metric once."
    MetricIsDimension "metric-is-dimension" Warning Reported - OneOfBoth
        "A metric and a dimension have the same name, and so the same value: one must be a number, the other a string."
        "Use two names."
    Distribution "value-distribution" Warning Reported - Nothing
        "A value is a distribution (Values, Counts) or a statistic set (Min, Max, Sum, Count): not in the specification, yet CloudWatch is reported to take it."
        "Ignore this; agents of AWS write the same."
    DistributionTooLong "distribution-too-long" Fault Reported V Event
        "A distribution has more than 100 values."
        "Spread the values over several documents."
    CountsMissing "counts-missing" Warning Unknown - PerhapsMetric
        "A distribution has Values and no Counts; each value is taken to count once."
        "Write Counts beside Values."
    StatisticsImpossible "statistics-impossible" Warning Unknown - PerhapsMetric
        "A statistic set or distribution is of no possible values: a minimum above the maximum, a count below 1, a sum out of reach."
        "Correct the numbers."
    DistributionInvalid "distribution-invalid" Fault Reported V Metric
        "A distribution's Values and Counts are not two arrays of numbers of the same length, or a statistic set is incomplete."
        "Write Values and Counts of the same length, or all of Min, Max, Sum and Count."
    NotListed "not-listed" Warning Documented - Nothing
        "The event or line has more findings than are listed; all are counted."
        "Fix what is listed and run it again."
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_distinct_and_sentences_end() {
        let words: std::collections::BTreeSet<_> =
            Rule::ALL.iter().map(|rule| rule.as_str()).collect();
        assert_eq!(words.len(), Rule::ALL.len());
        for rule in Rule::ALL {
            assert!(
                rule.about().ends_with('.') && rule.next_step().ends_with('.'),
                "{rule}"
            );
        }
    }

    #[test]
    fn what_is_a_warning_loses_nothing_for_sure() {
        for rule in Rule::ALL {
            if rule.severity() == Severity::Warning {
                let sure = matches!(
                    rule.effect(),
                    Effect::Event
                        | Effect::Directive
                        | Effect::Set
                        | Effect::Metric
                        | Effect::Hidden
                );
                assert!(!sure, "{rule}");
            }
        }
    }
}
