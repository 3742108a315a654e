//! Tests what is answered.

use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::super::handler::judge;
use super::super::route::Format;
use super::*;
use crate::reading::{ReadError, ReadErrorKind};

fn asked(observed: Observed, query: &str) -> (u16, Value) {
    let query = Some(query).filter(|query| !query.is_empty());
    let reply = handler(observed).clock(Format::Json, query);
    assert!(reply.body.ends_with("}\n"));
    (reply.status, serde_json::from_str(&reply.body).unwrap())
}

/// A reading that says nothing of a correction that has begun since.
#[cfg(target_os = "linux")]
fn corrected() -> Observed {
    let requested = ago(Duration::from_secs(5));
    // As if the monotonic clock had been slewed by most of the time since the machine started.
    let requested = requested.with_raw(Duration::ZERO);
    let mut reading = Reading::new(ClockSource::Ecs, requested, requested);
    reading.status = SyncStatus::Synchronized;
    reading.bound = ErrorBound::from_millis(1.0).ok();
    let mut watch = crate::reading::ClockWatch::new(requested, DriftRate::DEFAULT);
    let mut observed = Observed::new(Instant::now());
    observed.take(&Ok(watch.admit(reading)), requested.monotonic);
    observed
}

/// Regression: only the segment's writer did so, and without a segment the source was read with the next sample.
#[cfg(target_os = "linux")]
#[tokio::test(start_paused = true)]
async fn a_correction_that_an_answer_shows_wakes_the_sidecar_once_a_second_at_most() {
    for (observed, wakes) in [(corrected(), true), (good(), false)] {
        let disturbed = std::sync::Arc::new(tokio::sync::Notify::new());
        let (_, receiver) = watch::channel(observed);
        let handler = Handler::new(rules(), receiver, std::sync::Arc::clone(&disturbed));
        let is_woken = async || {
            tokio::time::timeout(Duration::ZERO, disturbed.notified())
                .await
                .is_ok()
        };
        handler.clock(Format::Json, None);
        assert_eq!(is_woken().await, wakes);
        // Within the same second, unless this machine stands still.
        let begin = Instant::now();
        handler.clock(Format::Json, None);
        assert!(!is_woken().await || begin.elapsed() > Duration::from_millis(500));
    }
}

#[test]
fn a_good_clock_is_200_and_any_other_503() {
    let minutes = |count: u64| Duration::from_secs(60 * count);
    let nothing = || Observed::new(Instant::now());
    for (what, observed, query, status, code) in [
        ("good", good(), "", 200, None),
        ("within", good(), "max_error=5ms", 200, None),
        ("age within", good(), "max_age=1m", 200, None),
        (
            "over",
            good(),
            "max_error=999us",
            503,
            Some("bound_over_limit"),
        ),
        (
            "age over",
            good(),
            "max_age=1s",
            503,
            Some("age_over_limit"),
        ),
        (
            "lost",
            observed(SyncStatus::NotSynchronized, Duration::ZERO),
            "",
            503,
            Some("not_synchronized"),
        ),
        (
            "unknown",
            observed(SyncStatus::Unknown, Duration::ZERO),
            "",
            503,
            Some("not_synchronized"),
        ),
        ("nothing yet", nothing(), "", 503, Some("no_reading")),
        (
            "a minute old",
            observed(SyncStatus::Synchronized, Duration::from_secs(55)),
            "",
            200,
            None,
        ),
        (
            "too old",
            observed(
                SyncStatus::Synchronized,
                minutes(1) + Duration::from_secs(1),
            ),
            "",
            503,
            Some("no_reading"),
        ),
    ] {
        let (given, answer) = asked(observed, query);
        assert_eq!(given, status, "{what}: {answer}");
        let verdict = if status == 200 { "good" } else { "not_good" };
        assert_eq!(answer["verdict"], verdict, "{what}");
        let codes: Vec<&str> = code.into_iter().collect();
        assert_eq!(
            answer["codes"],
            serde_json::json!(codes),
            "{what}: {answer}"
        );
        let has_range = answer["earliest"].is_string() && answer["latest"].is_string();
        assert_eq!(
            has_range,
            !matches!(code, Some("not_synchronized" | "no_reading")),
            "{what}: {answer}"
        );
        assert!(answer.get("certainly_past").is_none());
    }
}

#[test]
fn a_reading_is_as_old_as_its_request() {
    let (requested, taken) = (ago(Duration::from_secs(61)), ago(Duration::from_secs(59)));
    let mut observed = Observed::new(taken.monotonic);
    let reading = Reading::new(ClockSource::Ecs, requested, taken);
    observed.take(&Ok(reading), taken.monotonic);
    for (later, is_none) in [(0, false), (1, true)] {
        let now = Moment::new(
            requested.wall + TimeDelta::seconds(60),
            requested.monotonic + Duration::from_secs(60) + Duration::from_nanos(later),
        );
        let report = judge(&observed, &Limits::default(), &now, &rules());
        assert_eq!(report.is_without_reading(), is_none, "{later} ns");
    }
}

#[test]
fn a_reading_from_before_a_failed_read_carries_a_warning() {
    let mut observed = good();
    assert_eq!(
        asked(observed.clone(), "").1["warnings"],
        serde_json::json!([])
    );
    let error = ReadError::new(ReadErrorKind::Timeout, "no complete answer within 2s");
    observed.take(&Err(error), ago(Duration::from_secs(3)).monotonic);
    let (status, answer) = asked(observed.clone(), "");
    assert_eq!(status, 200, "{answer}");
    let warning = answer["warnings"][0].as_str().unwrap();
    assert!(
        warning.starts_with("the last read failed 3 s ago: no complete"),
        "{warning}"
    );
    // The next reading ends it.
    let now = Moment::now();
    observed.take(&Ok(Reading::new(ClockSource::Ecs, now, now)), now.monotonic);
    assert_eq!(asked(observed, "").1["warnings"], serde_json::json!([]));
}

#[test]
fn the_bound_is_that_of_the_moment_of_answering() {
    // 15 ppm of 50 s are 750 us.
    let old = || observed(SyncStatus::Synchronized, Duration::from_secs(50));
    assert_eq!(asked(old(), "max_error=1749us").0, 503);
    let (status, answer) = asked(old(), "max_error=2500us");
    assert_eq!(status, 200, "{answer}");
    let time = |name: &str| DateTime::parse_from_rfc3339(answer[name].as_str().unwrap()).unwrap();
    let width = time("latest") - time("earliest");
    assert!(width >= TimeDelta::microseconds(3_500), "{width}");
}

#[test]
fn a_time_is_certainly_past_or_not() {
    let now = Utc::now();
    let query = |seconds: i64| {
        format!(
            "after={}",
            (now + TimeDelta::seconds(seconds))
                .to_rfc3339()
                .replace("+00:00", "Z")
        )
    };
    assert_eq!(asked(good(), &query(-1)).1["certainly_past"], true);
    assert_eq!(asked(good(), &query(3_600)).1["certainly_past"], false);
    // Never null, and true only with a range.
    let lost = observed(SyncStatus::NotSynchronized, Duration::ZERO);
    let (status, answer) = asked(lost, &query(-3_600));
    assert_eq!(
        (status, &answer["certainly_past"]),
        (503, &Value::Bool(false))
    );
    // With any offset, and the plus sign as people write it.
    for after in [
        "2020-01-01T00:00:00%2B01:00",
        "2020-01-01T00:00:00+01:00",
        "2020-01-01t00:00:00.123456789z",
    ] {
        assert_eq!(
            asked(good(), &format!("after={after}")).1["certainly_past"],
            true,
            "{after}"
        );
    }
}

#[test]
fn a_query_that_is_wrong_is_refused_and_named() {
    for (query, said) in [
        ("max_error=5m", "max_error"),
        ("max_error=5", "max_error"),
        ("max_error=", "max_error"),
        ("max_error", "max_error"),
        ("max_age=yesterday", "max_age"),
        ("age_adjusted=perhaps", "age_adjusted"),
        ("age_adjusted", "age_adjusted"),
        ("after=noon", "after"),
        ("after=2020-01-01", "after"),
        ("valid_for=1", "valid_for"),
        ("valid_for=-1s", "valid_for"),
        ("valid_for=61s", "valid_for"),
        ("max-error=5ms", "max-error"),
        ("MAX_ERROR=5ms", "MAX_ERROR"),
        ("max_error=5ms&max_error=5ms", "twice"),
        ("max_error=5ms&verbose", "verbose"),
    ] {
        let (status, answer) = asked(good(), query);
        assert_eq!(status, 400, "{query}: {answer}");
        let error = answer["error"].as_str().unwrap();
        assert!(
            error.contains(said) && answer.get("verdict").is_none(),
            "{query}: {error}"
        );
    }
    let long = format!("max_error={}", "9".repeat(7_000));
    assert!(asked(good(), &long).1.to_string().len() < 400);
    for query in [
        "max_error=5ms&max_age=1h&age_adjusted=true",
        "age_adjusted=false",
        "max_age=off",
        "max_error=0.5%6ds",
    ] {
        assert_ne!(asked(good(), query).0, 400, "{query}");
    }
}

#[test]
fn a_verdict_holds_for_as_long_as_was_asked() {
    // 15 ppm of a minute are 900 us, and the reference is 5 s old.
    for (query, status) in [
        ("valid_for=0s", 200),
        ("valid_for=60s&max_error=1899us", 503),
        ("valid_for=60s&max_error=2ms", 200),
        ("max_age=40s", 200),
        ("valid_for=40s&max_age=40s", 503),
        ("valid_for=40s&max_age=off", 200),
    ] {
        assert_eq!(asked(good(), query).0, status, "{query}");
    }
    let width = |query| {
        let (_, answer) = asked(good(), query);
        let time = |name: &str| answer[name].as_str().unwrap().parse::<DateTime<Utc>>();
        time("latest").unwrap() - time("earliest").unwrap()
    };
    assert!(width("valid_for=60s") >= width("") + TimeDelta::microseconds(1_700));
}

#[test]
fn the_same_verdict_is_given_as_a_line_of_text() {
    let text = |observed, query| handler(observed).clock(Format::Line, Some(query));
    let before = Utc::now().timestamp_micros();
    let reply = text(good(), "max_error=5ms");
    let after = Utc::now().timestamp_micros();
    assert_eq!((reply.status, reply.media), (200, "text/plain"));
    let words: Vec<&str> = reply.body.strip_suffix('\n').unwrap().split(' ').collect();
    let [verdict, earliest, latest] = words[..] else {
        panic!("{words:?}");
    };
    let [earliest, latest]: [i64; 2] = [earliest, latest].map(|time| time.parse().unwrap());
    // The range is that of a moment between the two.
    assert!(verdict == "good" && earliest < after && before < latest + 1);
    assert!(latest - earliest >= 2_000, "{words:?}");

    let mut lost = observed(SyncStatus::NotSynchronized, Duration::ZERO);
    let reply = text(lost.clone(), "max_error=1us");
    assert_eq!(reply.status, 503);
    let fields: Vec<&str> = reply.body.strip_suffix('\n').unwrap().split('\t').collect();
    assert_eq!(fields[0], "not_good not_synchronized,bound_over_limit");
    assert!(fields.len() == 3 && fields[2].starts_with("the error bound of "));

    // No text from elsewhere ends a reason or the line.
    lost = Observed::new(Instant::now());
    let error = ReadError::new(ReadErrorKind::Timeout, "no\nanswer\t");
    lost.take(&Err(error), Instant::now());
    let reply = text(lost, "");
    assert_eq!((reply.status, reply.body.lines().count()), (503, 1));
    assert!(reply.body.starts_with("not_good no_reading\t"));
    assert_eq!(reply.body.matches('\t').count(), 1);

    for query in ["max_error=5m", "after=2020-01-01T00:00:00Z"] {
        let reply = text(good(), query);
        assert_eq!((reply.status, reply.media), (400, "application/json"));
    }
}

#[test]
fn it_is_healthy_while_the_loop_beats() {
    // A reading may be a minute old, and a request may take another.
    for seconds in [0, 100] {
        let beat = ago(Duration::from_secs(seconds)).monotonic;
        assert_eq!(
            handler(Observed::new(beat)).health().status,
            200,
            "{seconds}"
        );
    }
    let still = handler(Observed::new(ago(Duration::from_secs(121)).monotonic)).health();
    assert_eq!(still.status, 503);
    assert!(
        still.body.contains("has not run for 121 s"),
        "{}",
        still.body
    );
}
