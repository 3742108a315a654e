//! The command `report`: its arguments, the files it reads, and its exit code.

mod hashing_reader;

use std::io::{self, BufReader, Write as _};
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use clap::{Arg, ArgAction, ArgMatches, Command};
use emf_explain::command::{Progress, file_argument, files, open};
use emf_explain::{Input as Form, input};
use tracing::error;
use tracing::level_filters::LevelFilter;

use self::hashing_reader::HashingReader;
use crate::evidence::{History, Input, Reception, Rules, Statement, html, json, text};
use crate::program::diagnostics;
use crate::program::exit::Exit;
use crate::program::options::clock::LogFormat;
use crate::source::Environment;
use crate::time::rfc3339;

/// The size of the read buffer, in bytes.
const READ_BYTES: usize = 256 * 1024;

/// The command with its arguments. It has flags only: a container's variables must not change a report.
pub(crate) fn command() -> Command {
    Command::new("report")
        .about("State what the clocks did, from the lines of the sidecars: exit code 0 within the limit, 1 not proven")
        .args([
            file_argument(),
            Arg::new("max-error")
                .long("max-error")
                .value_name("DURATION")
                .default_value("5ms")
                .value_parser(limit)
                .help("Largest acceptable error, such as 1ms or 100us; at most 60s"),
            Arg::new("from")
                .long("from")
                .value_name("TIME")
                .value_parser(moment)
                .help("Beginning: a date (UTC), RFC 3339 or milliseconds since 1970 [default: the first line of each task]"),
            Arg::new("to")
                .long("to")
                .value_name("TIME")
                .value_parser(moment)
                .help("End, in the same forms [default: the last moment that the lines of all running tasks cover]"),
            Arg::new("max-drift-ppm")
                .long("max-drift-ppm")
                .value_name("PPM")
                .default_value("15")
                .value_parser(drift)
                .help("How fast a clock may drift between two readings: 0 to 10000"),
            Arg::new("html")
                .long("html")
                .value_name("FILE")
                .value_parser(clap::value_parser!(PathBuf))
                .help("Write the report to this file as a page"),
            Arg::new("json")
                .long("json")
                .action(ArgAction::SetTrue)
                .help("Print one JSON object"),
        ])
}

fn limit(text: &str) -> Result<f64, String> {
    let limit: crate::ErrorLimit = text.parse().map_err(|error| format!("{error}"))?;
    match limit {
        crate::ErrorLimit::AtMost(limit) => Ok(limit.as_secs_f64() * 1e3),
        _ => Err("expected a limit, such as 1ms: without one there is nothing to prove".to_owned()),
    }
}

fn moment(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(date) = text.parse::<NaiveDate>() {
        return Ok(date.and_time(NaiveTime::MIN).and_utc());
    }
    let forms =
        "a date such as 2026-05-04, RFC 3339 with an offset or Z, or milliseconds since 1970";
    emf_explain::parse_now(text).map_err(|_| format!("expected {forms}, got {text:?}"))
}

fn drift(text: &str) -> Result<f64, String> {
    let ppm = text
        .parse::<f64>()
        .ok()
        .filter(|ppm| (0.0..=10_000.0).contains(ppm));
    let ppm = ppm.ok_or_else(|| format!("expected a number from 0 to 10000, got {text:?}"))?;
    Ok(ppm / 1e6)
}

/// Runs the command to its end.
#[expect(clippy::disallowed_methods, reason = "this command prints")]
pub(crate) fn run(matches: &ArgMatches, environment: &Environment) -> Exit {
    diagnostics::init(LevelFilter::WARN, LogFormat::Auto, environment);
    let rules = rules(matches);
    let given = |name| matches.get_one::<DateTime<Utc>>(name).copied();
    if let (Some(from), Some(to)) = (given("from"), given("to"))
        && from >= to
    {
        let (from, to) = (rfc3339(from), rfc3339(to));
        error!("invalid --to: expected a time after --from ({from}), got {to}");
        return Exit::Usage;
    }
    let term = environment.get("TERM");
    let (history, inputs) = match read(&files(matches), term.as_deref()) {
        Ok(read) => read,
        Err((file, error)) => {
            error!(file = %file.display(), %error, "cannot read the file");
            return Exit::Unreadable;
        }
    };
    if history.counts().lines() == 0 {
        error!("the input contains no line of ecs-clock-emf");
        return Exit::Unreadable;
    }
    let statement = Statement::from_history(history, rules, inputs);
    if let Some(file) = matches.get_one::<PathBuf>("html")
        && let Err(error) = std::fs::write(file, html::html(&statement))
    {
        error!(file = %file.display(), %error, "cannot write the page");
        return Exit::Unreadable;
    }
    let printed = if matches.get_flag("json") {
        format!("{}\n", json::json(&statement))
    } else {
        text::text(&statement)
    };
    match io::stdout().lock().write_all(printed.as_bytes()) {
        // A closed pipe is not an error.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            error!(%error, "cannot write the report");
            Exit::Fault
        }
        _ if statement.is_proven() => Exit::Success,
        _ => Exit::Fault,
    }
}

fn rules(matches: &ArgMatches) -> Rules {
    let number = |name: &str| matches.get_one::<f64>(name).copied().unwrap_or_default();
    let moment = |name: &str| {
        matches
            .get_one::<DateTime<Utc>>(name)
            .map(DateTime::timestamp_millis)
    };
    Rules {
        max_error_ms: number("max-error"),
        drift: number("max-drift-ppm"),
        from_ms: moment("from"),
        to_ms: moment("to"),
    }
}

type Unreadable<'a> = (&'a Path, io::Error);

fn read<'f>(
    files: &'f [PathBuf],
    term: Option<&str>,
) -> Result<(History, Vec<Input>), Unreadable<'f>> {
    let mut history = History::default();
    let mut progress = Progress::new(term);
    let mut inputs = Vec::new();
    for file in files {
        let input = read_file(file, &mut history, &mut progress);
        progress.clear();
        inputs.push(input.map_err(|error| (file.as_path(), error))?);
    }
    Ok((history, inputs))
}

fn read_file(file: &Path, history: &mut History, progress: &mut Progress) -> io::Result<Input> {
    let mut hashed = HashingReader::new(open(file)?)?;
    let mut lines = 0;
    let input = BufReader::with_capacity(READ_BYTES, &mut hashed);
    for event in input::read(input, Form::Export) {
        let event = event?;
        let reception = history.add(&event.text, event.log_stream.as_deref());
        lines += u64::from(reception == Reception::Line);
        progress.show(event.position.line);
    }
    let (bytes, sha256) = hashed.finish();
    Ok(Input {
        name: file.display().to_string(),
        bytes,
        sha256,
        lines,
    })
}
