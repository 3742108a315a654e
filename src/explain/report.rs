//! The report of an input: written event by event, bounded for every line. A summary follows the reports of all inputs.

mod escape;
mod format;
mod json;
mod summary;
mod text;

use std::io::{self, BufWriter, Write};

pub use self::format::Format;
pub use self::summary::Summary;
use self::summary::{place, same_set};
use self::text::Style;
use crate::{Explained, Position};

/// Bytes of the report for one line; further findings are counted. Each byte of the line's events adds
/// [`BYTES_FOR_A_BYTE`] to what is left, up to this limit.
const BYTES_OF_A_LINE: usize = 4 * 1024 * 1024;
/// Bytes of the report for a byte of an event.
const BYTES_FOR_A_BYTE: usize = 4;

/// Prints the events of an input as text or JSON.
///
/// # Example
/// ```
/// use emf_explain::report::{Format, Report};
/// use emf_explain::{Input, Options, explain, parse_now};
///
/// let options = Options::new(Input::Auto, parse_now("2019-11-18T21:00:00Z")?);
/// let mut events = explain(&b"plain text\n"[..], options);
/// let mut output = Vec::new();
/// let mut report = Report::new(&mut output, Format::Text);
/// for event in events.by_ref() {
///     report.event(&event?)?;
/// }
/// let summary = report.finish(events.lines())?;
/// summary.write(&mut output, Format::Text)?;
/// assert!(String::from_utf8(output)?.contains("  fault: the input: expected EMF documents"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Report<W: Write> {
    output: BufWriter<W>,
    format: Format,
    shows_each_event_at_once: bool,
    style: Style,
    file: Option<String>,
    summary: Summary,
    budget: Budget,
    scratch: Vec<u8>,
}

/// The bytes left for the present line.
#[derive(Debug, Default)]
struct Budget {
    line: u64,
    left: usize,
    /// Findings that were left out.
    left_out: u64,
}

impl<W: Write> Report<W> {
    /// Writes to `output`.
    pub fn new(output: W, format: Format) -> Self {
        Self {
            output: BufWriter::with_capacity(64 * 1024, output),
            format,
            shows_each_event_at_once: false,
            style: format.style(),
            file: None,
            summary: Summary::default(),
            budget: Budget::default(),
            scratch: Vec::new(),
        }
    }

    /// Flushes the output after each event, for a terminal.
    #[must_use]
    pub fn with_each_event_at_once(mut self) -> Self {
        self.shows_each_event_at_once = true;
        self
    }

    /// Names the file that is read, where there are several.
    #[must_use]
    pub fn of_file(mut self, name: String) -> Self {
        self.file = Some(name);
        self
    }

    /// Reports an event.
    ///
    /// # Errors
    /// Where the report cannot be written.
    pub fn event(&mut self, event: &Explained) -> io::Result<()> {
        self.summary
            .count(event, self.file.as_deref(), !self.is_json());
        let position = event.position;
        if position.line != self.budget.line {
            self.report_left_out()?;
            self.budget.line = position.line;
            self.budget.left = BYTES_OF_A_LINE;
        }
        let earned = usize::try_from(event.bytes)
            .unwrap_or(usize::MAX)
            .saturating_mul(BYTES_FOR_A_BYTE);
        self.budget.left = self.budget.left.saturating_add(earned).min(BYTES_OF_A_LINE);
        self.budget.left_out += event.more_points + event.more_problems;
        if self.budget.left == 0 {
            // Nothing of it would be written, so it is not rendered.
            self.budget.left_out += (event.points.len() + event.problems.len()) as u64;
        } else if self.is_json() {
            self.json_event(event)?;
        } else {
            self.text_event(event)?;
        }
        if self.shows_each_event_at_once {
            self.output.flush()?;
        }
        Ok(())
    }

    /// Ends the report of an input of so many lines.
    ///
    /// # Errors
    /// Where the report cannot be written.
    pub fn finish(mut self, lines: u64) -> io::Result<Summary> {
        self.report_left_out()?;
        self.output.flush()?;
        self.summary.lines = lines;
        Ok(self.summary)
    }

    fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    fn json_event(&mut self, event: &Explained) -> io::Result<()> {
        for problem in &event.problems {
            let file = self.file.as_deref();
            json::record(&mut self.scratch, file, event.position, problem)?;
            self.write_scratch(1)?;
        }
        for point in &event.points {
            if self.budget.left == 0 {
                self.budget.left_out += 1;
                continue;
            }
            let file = self.file.as_deref();
            json::record(&mut self.scratch, file, event.position, point)?;
            self.write_scratch(1)?;
        }
        Ok(())
    }

    fn text_event(&mut self, event: &Explained) -> io::Result<()> {
        if event.problems.is_empty() && event.points.is_empty() {
            return Ok(());
        }
        let heading = place(self.file.as_deref(), event);
        let heading = escape::printable(&heading);
        text::put(&mut self.scratch, &[&self.style.heading(&heading), "\n"]);
        self.write_scratch(0)?;
        for problem in &event.problems {
            text::problem(&mut self.scratch, self.style, problem);
            self.write_scratch(1)?;
        }
        for points in event.points.chunk_by(same_set) {
            if self.budget.left == 0 {
                self.budget.left_out += points.len() as u64;
                continue;
            }
            text::points(&mut self.scratch, points);
            self.write_scratch(points.len() as u64)?;
        }
        Ok(())
    }

    /// Writes the scratch buffer if the budget of the line allows it, or else counts its findings.
    fn write_scratch(&mut self, findings: u64) -> io::Result<()> {
        let bytes = self.scratch.len();
        if self.budget.left >= bytes {
            self.budget.left -= bytes;
            self.output.write_all(&self.scratch)?;
        } else {
            self.budget.left = 0;
            self.budget.left_out += findings;
        }
        self.scratch.clear();
        Ok(())
    }

    /// Reports how much of the last line was left out.
    fn report_left_out(&mut self) -> io::Result<()> {
        let left_out = std::mem::take(&mut self.budget.left_out);
        if left_out == 0 {
            return Ok(());
        }
        let problem = crate::not_listed(left_out);
        if self.is_json() {
            let position = Position::new(self.budget.line, None);
            json::record(&mut self.scratch, self.file.as_deref(), position, &problem)?;
        } else {
            text::problem(&mut self.scratch, self.style, &problem);
        }
        self.output.write_all(&self.scratch)?;
        self.scratch.clear();
        Ok(())
    }
}
