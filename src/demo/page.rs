//! The page. Pure: it shows only its arguments, and everything is escaped.

use std::time::{Duration, Instant};

use ecs_clock_emf::chrono::{DateTime, Utc};
use maud::{DOCTYPE, Markup, html};

use super::format::{in_ms, in_s, rfc3339, whole_microsecond};
use super::history::History;
use super::plot::plot;
use super::transaction::Outcome;
use ecs_clock_emf::{DriftRate, Limits, Moment, Reading, Report, TaskIdentity};

/// What the page shows.
pub(super) struct View<'a> {
    pub(super) report: &'a Report,
    /// If there is no reading now, the last one.
    pub(super) last: Option<&'a LastReading>,
    pub(super) identity: Option<&'a TaskIdentity>,
    pub(super) history: &'a History,
    pub(super) now: Instant,
    pub(super) limit: Limit<'a>,
    /// The outcome of a transaction, on the page that answers it.
    pub(super) transaction: Option<&'a Outcome>,
}

/// The label of the field for the limit.
pub(super) const LIMIT_LABEL: &str = "Largest acceptable error";

/// The last reading of a clock that cannot be read now. It does not judge the present.
pub(super) struct LastReading {
    report: Report,
    age: Duration,
}

impl LastReading {
    /// Describes `reading`, as seen at `now`.
    pub(super) fn new(reading: &Reading, limits: &Limits, now: &Moment) -> Self {
        let mut report = Report::judge(reading, limits, &reading.taken, DriftRate::DEFAULT);
        // No range: it would be one of the present.
        report.interval = None;
        Self {
            report,
            age: now.since(&reading.taken),
        }
    }
}

/// The limit that the clock is judged by.
pub(super) struct Limit<'a> {
    /// The limit in use.
    pub(super) value: Option<Duration>,
    /// The text in the field.
    pub(super) text: &'a str,
    /// Why the field's value is not used.
    pub(super) fault: Option<&'a str>,
}

/// Renders the page.
pub(super) fn page(view: &View<'_>) -> Markup {
    let verdict = if view.report.is_good() {
        "Good"
    } else {
        "Not good"
    };
    html! {
        (DOCTYPE)
        html lang="en" dir="ltr" {
            head {
                meta charset="utf-8";
                title { (verdict) " · Clock of this task" }
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                link rel="icon" href="/icon.svg" type="image/svg+xml";
                link rel="stylesheet" href="/page.css";
                script src="/page.js" defer {}
            }
            body {
                header { h1 { "Clock of this task" } }
                main {
                    (verdict_section(view.report, &view.limit))
                    (limit_form(&view.limit))
                    section aria-labelledby="values-heading" {
                        h2 id="values-heading" { "Reading" }
                        p id="values-age" class="hint" data-live {
                            @if let Some(last) = view.last { "No reading now. The last one was " (last.age.as_secs()) " s ago." }
                        }
                        dl id="values" data-live { (values(view.last.map_or(view.report, |last| &last.report))) }
                    }
                    section aria-labelledby="plot-heading" {
                        h2 id="plot-heading" { "The last minutes" }
                        div id="plot" data-live { (plot(view.history, view.now, view.limit.value)) }
                    }
                    (transaction_section(view))
                    section aria-labelledby="task-heading" {
                        h2 id="task-heading" { "Task" }
                        dl id="task" data-live { (task(view.identity)) }
                    }
                }
                footer {
                    p {
                        "The same for programs: " a href="/clock" { "/clock" } " (JSON). This page is the demonstration of ecs-clock-emf "
                        (env!("CARGO_PKG_VERSION")) "."
                    }
                }
            }
        }
    }
}

fn verdict_section(report: &Report, limit: &Limit<'_>) -> Markup {
    html! {
        section aria-labelledby="verdict-heading" {
            h2 id="verdict-heading" { "Verdict" }
            div id="verdict" data-live role="status" {
                @if report.is_good() {
                    p class="verdict good" { span class="mark" aria-hidden="true" { "✓" } "Good" }
                } @else {
                    p class="verdict not-good" { span class="mark" aria-hidden="true" { "✗" } "Not good" }
                }
            }
            // Outside of the status: a screen reader would read a reason with a growing number at each renewal.
            div id="reasons" data-live {
                @if report.is_good() {
                    @match limit.value {
                        Some(limit) => p { "The clock is synchronized, and its error is within " (in_ms(limit)) "." },
                        None => p { "The clock is synchronized, and its error is known." },
                    }
                } @else {
                    ul { @for reason in &report.reasons { li { bdi { (reason) } } } }
                }
                @for warning in &report.warnings { p class="hint" { bdi { (warning) } } }
            }
        }
    }
}

fn limit_form(limit: &Limit<'_>) -> Markup {
    html! {
        form id="limit-form" method="get" action="/" {
            label for="max-error" { (LIMIT_LABEL) }
            span class="controls" {
                input id="max-error" name="max_error" value=(limit.text) autocomplete="off" spellcheck="false"
                    aria-describedby="limit-hint limit-fault" aria-invalid=[limit.fault.map(|_| "true")];
                button type="submit" { "Refresh" }
                // Shown by the script: without it nothing is renewed.
                label id="live-label" class="live" hidden { input id="live" type="checkbox" checked; " every 2 seconds" }
            }
            p id="limit-hint" class="hint" { "A number with a unit, such as 500us or 5ms." }
            p id="limit-fault" class="fault" data-live { @if let Some(fault) = limit.fault { (fault) } }
            p id="offline" class="fault" role="alert" {}
            noscript { p class="hint" { "Without JavaScript the page shows one moment. Refresh shows the next." } }
        }
    }
}

fn values(report: &Report) -> Markup {
    let interval = report.interval;
    let earliest = interval.map(|interval| interval.earliest);
    let latest = interval.map(|interval| whole_microsecond(interval.latest));
    let status = report.status.map(|status| status.to_string());
    let source = report.source.map(|source| source.to_string());
    let age_adjusted = report.age_adjusted_bound.map(in_ms);
    html! {
        (row("Error bound", "error-bound", report.error_bound.map(in_ms).as_deref()))
        (row("Status", "status", status.as_deref()))
        (row_of("Reference time", &time("reference-time", report.reference)))
        (row("Age of the reference time", "reference-age", report.reference_age.map(in_s).as_deref()))
        (row("Bound with that age", "age-adjusted-bound", age_adjusted.as_deref()))
        (row_of("True time, earliest", &time("earliest", earliest)))
        (row_of("True time, latest", &time("latest", latest)))
        (row_of("Read at", &time("read-at", report.read_at)))
        (row("Source", "source", source.as_deref()))
    }
}

fn task(identity: Option<&TaskIdentity>) -> Markup {
    let nothing = TaskIdentity::default();
    let identity = identity.unwrap_or(&nothing);
    html! {
        (row("Cluster", "cluster", identity.cluster.as_deref()))
        (row("Service", "service", identity.service.as_deref()))
        (row("Task definition", "family", identity.family.as_deref()))
        (row("Revision", "revision", identity.revision.as_deref()))
        (row("Task", "task-id", identity.task_id.as_deref()))
        (row("Availability zone", "zone", identity.availability_zone.as_deref()))
        (row("Launch type", "launch-type", identity.launch_type.as_deref()))
    }
}

/// A line of a list of values. Isolated, so that right-to-left text does not reorder its surroundings.
fn row(name: &str, id: &str, value: Option<&str>) -> Markup {
    let value = html! {
        @match value {
            Some(value) => bdi id=(id) { (value) },
            None => span id=(id) class="unknown" { "unknown" },
        }
    };
    row_of(name, &value)
}

fn row_of(name: &str, value: &Markup) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

/// A time, easier to read than RFC 3339.
fn time(id: &str, time: Option<DateTime<Utc>>) -> Markup {
    html! {
        @match time.map(rfc3339) {
            Some(text) => time id=(id) datetime=(text) { (text.replace('T', " ").replace('Z', " UTC")) },
            None => span id=(id) class="unknown" { "unknown" },
        }
    }
}

fn transaction_section(view: &View<'_>) -> Markup {
    html! {
        section aria-labelledby="transaction-heading" {
            h2 id="transaction-heading" { "A critical step" }
            p {
                "It takes the latest possible time as its timestamp and waits until that has certainly passed (commit wait). "
                "While the clock is not good enough it is refused."
            }
            form id="transaction-form" method="post" action=(format!("/transaction?max_error={}", query_value(view.limit.text))) {
                button type="submit" { "Commit a transaction" }
            }
            div id="transaction" {
                @match view.transaction {
                    None => {}
                    Some(Outcome::Committed { timestamp, waited }) => {
                        p class="verdict good" { span class="mark" aria-hidden="true" { "✓" } "Committed" }
                        p {
                            "at " (time("commit-timestamp", Some(*timestamp)))
                            ", after waiting " (in_ms(*waited)) "."
                        }
                    }
                    Some(Outcome::Refused { reasons }) => {
                        p class="verdict not-good" { span class="mark" aria-hidden="true" { "✗" } "Refused" }
                        ul { @for reason in reasons { li { bdi { (reason) } } } }
                    }
                }
            }
        }
    }
}

/// A text as a value in the query of an address.
fn query_value(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'.' | b'-' | b'_' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ecs_clock_emf::{ReadError, ReadErrorKind};

    fn rendered(report: &Report, identity: &TaskIdentity, limit: Limit<'_>) -> String {
        let history = History::new(Duration::from_secs(300));
        let view = View {
            report,
            last: None,
            identity: Some(identity),
            history: &history,
            now: Instant::now(),
            limit,
            transaction: None,
        };
        page(&view).into_string()
    }

    #[test]
    fn nothing_given_becomes_markup() {
        let hostile = "<script>alert(1)</script>\"'&\u{202e}";
        let report = Report::from_error(
            &ReadError::new(ReadErrorKind::HttpStatus, hostile),
            &Limits::default(),
        );
        let mut identity = TaskIdentity::default();
        identity.cluster = Some(hostile.into());
        let limit = Limit {
            value: Some(Duration::from_millis(5)),
            text: hostile,
            fault: Some(hostile),
        };
        let text = rendered(&report, &identity, limit);
        assert!(!text.contains("<script>"), "{text}");
        assert!(text.contains("&lt;script&gt;"));
        assert!(text.contains(
            "<bdi id=\"cluster\">&lt;script&gt;alert(1)&lt;/script&gt;&quot;'&amp;\u{202e}</bdi>"
        ));
        assert!(text.contains("action=\"/transaction?max_error=%3Cscript%3E"));
        // The content security policy allows neither inline styles nor scripts.
        assert!(!text.contains("style=") && !text.contains("onclick"));
    }

    #[test]
    fn what_is_not_known_is_said_to_be_unknown() {
        let report = Report::from_error(
            &ReadError::new(ReadErrorKind::Timeout, "nothing"),
            &Limits::default(),
        );
        let limit = Limit {
            value: Some(Duration::from_millis(5)),
            text: "5ms",
            fault: None,
        };
        let text = rendered(&report, &TaskIdentity::default(), limit);
        assert!(text.contains("no reading: nothing"));
        assert!(text.contains("<span id=\"error-bound\" class=\"unknown\">unknown</span>"));
    }
}
