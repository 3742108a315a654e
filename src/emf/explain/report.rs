//! The report: text for a person, or one JSON object a line.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Number;

use super::finding::{Fault, Finding, Metric, Points};
use super::time::rfc3339;

/// More values than this are summed up for a person.
const SHOWN_VALUES: usize = 5;

/// What [`explain`](super::explain) has seen. `lines` is always `emf + others`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Lines read, empty ones included.
    pub lines: u64,
    /// Lines that begin with `{` and contain `"_aws"`.
    pub emf: u64,
    /// All other lines.
    pub others: u64,
    /// Other lines that contain `"_aws"` but do not begin with `{`: a prefix stands before the object.
    pub prefixed: u64,
    /// Other lines that hold an EMF document as a string of another object, as some log routers wrap it.
    pub wrapped: u64,
    /// Data points: one for each dimension set and metric of a directive.
    pub points: u64,
    /// Faults, of which a line can have several.
    pub faults: u64,
}

/// Writes findings and counts them.
pub(super) struct Report<'w> {
    output: &'w mut dyn Write,
    json: bool,
    summary: Summary,
    /// Whether the present line has been given a heading in the text.
    headed: bool,
}

impl<'w> Report<'w> {
    pub(super) fn new(output: &'w mut dyn Write, json: bool) -> Self {
        Self {
            output,
            json,
            summary: Summary::default(),
            headed: false,
        }
    }

    /// Begins a line; all findings up to the next one belong to it.
    pub(super) fn line(&mut self, emf: bool) {
        self.summary.lines += 1;
        self.summary.emf += u64::from(emf);
        self.summary.others += u64::from(!emf);
        self.headed = false;
    }

    /// Notes that the line has something before its EMF document.
    pub(super) fn count_prefixed(&mut self) {
        self.summary.prefixed += 1;
    }

    /// Notes that the line has its EMF document inside a string.
    pub(super) fn count_wrapped(&mut self) {
        self.summary.wrapped += 1;
    }

    /// Writes a finding of the present line.
    pub(super) fn finding(&mut self, finding: &Finding<'_>) -> io::Result<()> {
        match finding {
            Finding::Fault(fault) => self.fault(fault),
            Finding::Points(points) => {
                self.summary.points += points.metrics.len() as u64;
                if self.json {
                    self.json_points(points)
                } else {
                    self.text_points(points)
                }
            }
        }
    }

    /// Writes a fault of the present line.
    pub(super) fn fault(&mut self, fault: &Fault) -> io::Result<()> {
        self.summary.faults += 1;
        if self.json {
            let record = FaultRecord {
                line: self.summary.lines,
                fault: fault.to_string(),
            };
            return self.record(&record);
        }
        self.heading()?;
        writeln!(self.output, "  fault: {fault}")
    }

    /// Ends an EMF line: one that has neither points nor faults deserves a word.
    pub(super) fn end_of_event(&mut self) -> io::Result<()> {
        if self.json || self.headed {
            return Ok(());
        }
        self.heading()?;
        writeln!(self.output, "  valid, but it names no metric")
    }

    /// Writes the last words and gives the counts.
    pub(super) fn finish(self) -> io::Result<Summary> {
        let summary = self.summary;
        if self.json {
            return Ok(summary);
        }
        let Summary {
            lines,
            emf,
            others,
            prefixed,
            wrapped,
            points,
            faults,
        } = summary;
        if prefixed > 0 {
            let (contain, do_not) = if prefixed == 1 {
                ("contains", "does not")
            } else {
                ("contain", "do not")
            };
            writeln!(
                self.output,
                "{prefixed} of the other lines {contain} \"_aws\" but {do_not} begin with {{: an EMF document is one whole line, with nothing before it"
            )?;
        }
        if wrapped > 0 {
            let hold = if wrapped == 1 { "holds" } else { "hold" };
            writeln!(
                self.output,
                "{wrapped} of the other lines {hold} an EMF document as a string: it must be the whole line"
            )?;
        }
        writeln!(
            self.output,
            "{}: {emf} EMF, {}; {}, {}",
            counted(lines, "line"),
            counted(others, "other"),
            counted(points, "data point"),
            counted(faults, "fault")
        )?;
        Ok(summary)
    }

    fn record(&mut self, record: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.output, record)?;
        self.output.write_all(b"\n")
    }

    fn json_points(&mut self, points: &Points<'_>) -> io::Result<()> {
        let line = self.summary.lines;
        points.metrics.iter().try_for_each(|metric| {
            self.record(&PointRecord {
                line,
                points,
                metric,
            })
        })
    }

    fn text_points(&mut self, points: &Points<'_>) -> io::Result<()> {
        self.heading()?;
        write!(self.output, "  {} ", points.namespace)?;
        let mut dimensions = String::from("{");
        for (name, value) in points.dimensions {
            if dimensions.len() > 1 {
                dimensions.push_str(", ");
            }
            _ = write!(dimensions, "{}={}", printable(name), printable(value));
        }
        let time = rfc3339(points.timestamp).unwrap_or_default();
        writeln!(self.output, "{dimensions}}} {time}")?;
        let names: Vec<_> = points
            .metrics
            .iter()
            .map(|metric| printable(metric.name))
            .collect();
        let values: Vec<_> = points
            .metrics
            .iter()
            .map(|metric| value_text(&metric.values))
            .collect();
        let name_width = width(&names);
        let value_width = width(&values);
        for ((metric, name), value) in points.metrics.iter().zip(&names).zip(&values) {
            let resolution = if metric.resolution == 1 {
                ", high resolution"
            } else {
                ""
            };
            writeln!(
                self.output,
                "    {name:name_width$}  {value:value_width$}  {}{resolution}",
                metric.unit
            )?;
        }
        Ok(())
    }

    fn heading(&mut self) -> io::Result<()> {
        if self.headed {
            return Ok(());
        }
        self.headed = true;
        writeln!(self.output, "line {}", self.summary.lines)
    }
}

#[derive(serde::Serialize)]
struct FaultRecord {
    line: u64,
    fault: String,
}

/// One data point; the order of its members is part of the interface.
struct PointRecord<'p, 'a> {
    line: u64,
    points: &'p Points<'a>,
    metric: &'p Metric<'a>,
}

impl Serialize for PointRecord<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut record = serializer.serialize_map(None)?;
        record.serialize_entry("line", &self.line)?;
        record.serialize_entry("namespace", self.points.namespace)?;
        record.serialize_entry("metric", self.metric.name)?;
        record.serialize_entry("unit", self.metric.unit)?;
        record.serialize_entry("resolution", &self.metric.resolution)?;
        record.serialize_entry("dimensions", &Dimensions(self.points.dimensions))?;
        record.serialize_entry("timestamp", &self.points.timestamp)?;
        record.serialize_entry("values", &self.metric.values)?;
        record.end()
    }
}

/// The dimensions as an object, in the order of their set.
struct Dimensions<'a>(&'a [(&'a str, &'a str)]);

impl Serialize for Dimensions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

/// Text from a log line, fit for a terminal: nothing in it moves the cursor or turns the direction of
/// what follows.
fn printable(text: &str) -> Cow<'_, str> {
    let plain = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
    if text.bytes().all(plain) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::new();
    for c in text.chars() {
        match c {
            '"' | '\'' | '\\' => shown.push(c),
            c => shown.extend(c.escape_debug()),
        }
    }
    Cow::Owned(shown)
}

fn width(cells: &[impl AsRef<str>]) -> usize {
    cells
        .iter()
        .map(|cell| cell.as_ref().chars().count())
        .max()
        .unwrap_or_default()
}

/// A few values as they are, many as their number and range.
fn value_text(values: &[&Number]) -> String {
    if values.len() <= SHOWN_VALUES {
        return values
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" ");
    }
    let order = |left: &&&Number, right: &&&Number| {
        let key = |number: &Number| number.as_f64().unwrap_or_default();
        key(left).total_cmp(&key(right))
    };
    match (values.iter().min_by(order), values.iter().max_by(order)) {
        (Some(least), Some(most)) => format!("{} values, {least} to {most}", values.len()),
        _ => String::new(),
    }
}

fn counted(count: u64, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_cannot_steer_a_terminal() {
        for (text, shown) in [
            ("it's \"a\\b\"", "it's \"a\\b\""),
            ("Zürich 日本", "Zürich 日本"),
            ("a\u{202e}b\u{1b}[31m\n", "a\\u{202e}b\\u{1b}[31m\\n"),
        ] {
            assert_eq!(printable(text), shown);
        }
    }
}
