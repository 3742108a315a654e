//! Tests that the segment is kept up to date, with AWS's own client.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use clock_bound_client::{ClockBoundClient, ClockStatus};
use tempfile::TempDir;

use super::*;
use crate::answer::clockbound::segment::{FILE_NAME, Status};
use crate::answer::{Answers, Settings, clockbound};
use crate::clock::{AgeLimit, ErrorLimit, Limits};
use crate::reading::{ClockSource, Reading, SyncStatus};
use crate::sidecar::Observers;
use crate::time::{DriftRate, ErrorBound};

const RULES: Rules = Rules {
    drift: DriftRate::DEFAULT,
    sample_interval: Duration::from_secs(10),
    limits: Limits {
        max_error: ErrorLimit::Off,
        max_age: AgeLimit::Off,
        age_adjusted: false,
        preset: None,
        valid_for: Duration::ZERO,
    },
};
/// A deadline that no busy machine exceeds.
const PATIENCE: Duration = Duration::from_secs(60);

fn observed(status: SyncStatus) -> Observed {
    let now = Moment::now();
    let mut reading = Reading::new(ClockSource::Ecs, now, now);
    reading.status = status;
    reading.bound = Some(ErrorBound::from_millis(1.0).unwrap());
    let mut observed = Observed::new(now.monotonic);
    observed.take(&Ok(reading), now.monotonic);
    observed
}

fn good() -> Observed {
    observed(SyncStatus::Synchronized)
}

fn nothing() -> Observed {
    Observed::new(Instant::now())
}

struct Fixture {
    publisher: Publisher,
    errors: Arc<AtomicU64>,
    disturbed: Arc<Notify>,
}

fn publisher(directory: &Path) -> Fixture {
    let errors = Arc::new(AtomicU64::new(0));
    let disturbed = Arc::new(Notify::new());
    let trouble = Trouble::new("clockbound", Arc::clone(&errors));
    let publisher = Publisher::new(directory.to_owned(), RULES, Arc::clone(&disturbed), trouble);
    Fixture {
        publisher,
        errors,
        disturbed,
    }
}

fn client(directory: &Path) -> ClockBoundClient {
    let path = directory.join(FILE_NAME);
    ClockBoundClient::new_with_paths(path.to_str().unwrap(), "/nonexistent").unwrap()
}

fn status(client: &mut ClockBoundClient) -> ClockStatus {
    client.now().unwrap().clock_status
}

fn bytes(directory: &Path) -> Vec<u8> {
    fs::read(directory.join(FILE_NAME)).unwrap()
}

/// Waits until a condition holds.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "not {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn it_keeps_a_beat_of_its_own_and_leaves_the_file_at_the_end() {
    let directory = TempDir::new().unwrap();
    let observers = Observers::new(&Moment::now());
    let settings = Settings {
        listen: None,
        clockbound_directory: Some(directory.path().to_owned()),
        rules: RULES,
    };
    let answers = Answers::start(settings, &observers);
    until("there", || directory.path().join(FILE_NAME).exists());
    let mut client = client(directory.path());
    assert_eq!(status(&mut client), ClockStatus::Unknown);
    observers.tell(&good());
    until("synchronized", || {
        status(&mut client) == ClockStatus::Synchronized
    });
    // The endpoint hangs: nothing new is observed, but the segment is still rewritten.
    for _ in 0..2 {
        let before = bytes(directory.path());
        until("written again", || bytes(directory.path()) != before);
    }
    observers.tell(&observed(SyncStatus::NotSynchronized));
    until("free-running", || {
        status(&mut client) == ClockStatus::FreeRunning
    });
    let errors = observers.errors();
    drop(observers);
    answers.finish(PATIENCE);
    assert_eq!(errors.load(Ordering::Relaxed), 0);
    assert_eq!(
        status(&mut client),
        ClockStatus::FreeRunning,
        "left as it was"
    );
    let report = clockbound::check(directory.path(), &Limits::any_error()).unwrap();
    assert!(report.codes().eq(["not_synchronized"]));
}

#[test]
fn no_client_is_ever_ahead_of_what_it_reads() {
    let directory = TempDir::new().unwrap();
    let mut publisher = publisher(directory.path()).publisher;
    let observed = good();
    publisher.update(&observed);
    let end = Instant::now() + Duration::from_secs(3);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut client = client(directory.path());
            let mut calls = 0_u64;
            while Instant::now() < end {
                let now = client.now().expect("no breach of causality");
                let wall = Moment::now().wall.timestamp();
                assert!(now.earliest.tv_sec() <= wall, "{now:?}");
                calls += 1;
            }
            calls
        });
        while !reader.is_finished() {
            publisher.update(&observed);
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(reader.join().unwrap() > 0);
    });
}

#[test]
fn a_restart_waits_for_a_reading_before_it_writes() {
    let directory = TempDir::new().unwrap();
    publisher(directory.path()).publisher.update(&good());
    let before = bytes(directory.path());
    let mut client = client(directory.path());

    let mut next = publisher(directory.path()).publisher;
    next.update(&nothing());
    assert_eq!(bytes(directory.path()), before, "sound: clients keep it");
    next.update(&good());
    assert_ne!(bytes(directory.path()), before);
    assert_eq!(status(&mut client), ClockStatus::Synchronized);
    drop(next);

    // The first reading of the next one says that nothing bounds the error.
    let mut next = publisher(directory.path()).publisher;
    next.update(&observed(SyncStatus::NotSynchronized));
    assert_eq!(status(&mut client), ClockStatus::Unknown);
}

#[test]
fn what_a_killed_writer_left_half_written_is_unknown_at_once() {
    let directory = TempDir::new().unwrap();
    publisher(directory.path()).publisher.update(&good());
    let mut client = client(directory.path());
    let mut torn = bytes(directory.path());
    torn[14] |= 1;
    torn[15] |= 1;
    let path = directory.path().join(FILE_NAME);
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, &torn, 0).unwrap();
    publisher(directory.path()).publisher.update(&nothing());
    assert_eq!(status(&mut client), ClockStatus::Unknown);
}

/// Lets the minute until the next attempt pass.
fn retry_now(publisher: &mut Publisher) {
    match &mut publisher.state {
        State::Closed { retry, .. } => *retry = Instant::now(),
        state => panic!("{state:?}"),
    }
}

#[test]
fn what_fails_is_counted_tried_again_each_minute_and_recovers() {
    let top = TempDir::new().unwrap();
    let directory = top.path().join("volume");
    let Fixture {
        mut publisher,
        errors,
        ..
    } = publisher(&directory);
    for _ in 0..3 {
        publisher.update(&good());
    }
    assert_eq!(
        errors.load(Ordering::Relaxed),
        1,
        "not tried within the minute"
    );
    retry_now(&mut publisher);
    publisher.update(&nothing());
    assert_eq!(errors.load(Ordering::Relaxed), 2);
    assert!(publisher.trouble.is_failing());

    fs::create_dir(&directory).unwrap();
    retry_now(&mut publisher);
    publisher.update(&nothing());
    assert!(!publisher.trouble.is_failing());
    assert_eq!(status(&mut client(&directory)), ClockStatus::Synchronized);

    // The volume is removed.
    fs::remove_dir_all(&directory).unwrap();
    publisher.update(&nothing());
    // The file is missing, and cannot be created again.
    assert_eq!(errors.load(Ordering::Relaxed), 4);
    fs::create_dir(&directory).unwrap();
    retry_now(&mut publisher);
    publisher.update(&nothing());
    assert_eq!(status(&mut client(&directory)), ClockStatus::Synchronized);
    assert_eq!(errors.load(Ordering::Relaxed), 4);
}

/// Regression: it was recreated only after a minute.
#[test]
fn a_removed_file_is_created_again_at_once() {
    let directory = TempDir::new().unwrap();
    let Fixture {
        mut publisher,
        errors,
        ..
    } = publisher(directory.path());
    publisher.update(&good());
    fs::remove_file(directory.path().join(FILE_NAME)).unwrap();
    publisher.update(&nothing());
    let status = status(&mut client(directory.path()));
    assert_eq!(status, ClockStatus::Synchronized);
    assert_eq!(errors.load(Ordering::Relaxed), 1, "reported");
    assert!(!publisher.trouble.is_failing());
}

/// Writes the file in this directory as a process whose wall clock was ahead by this much.
fn written_on_a_clock_ahead_by(directory: &Path, milliseconds: i64) {
    publisher(directory).publisher.update(&good());
    let file = fs::File::open(directory.join(FILE_NAME)).unwrap();
    let modified = file.metadata().unwrap().modified().unwrap();
    let moved = Duration::from_millis(milliseconds.unsigned_abs());
    let moved = if milliseconds < 0 {
        modified - moved
    } else {
        modified + moved
    };
    file.set_modified(moved).unwrap();
}

/// Regression: a step of up to 2 s while no sidecar ran went unnoticed, and one while the first reading was awaited was
/// not written.
#[test]
fn a_step_before_the_first_reading_is_written_at_once() {
    for ahead_ms in [1_500, -1_500, 2, -2] {
        let directory = TempDir::new().unwrap();
        written_on_a_clock_ahead_by(directory.path(), ahead_ms);
        let mut client = client(directory.path());
        assert_eq!(status(&mut client), ClockStatus::Synchronized);
        let mut next = publisher(directory.path()).publisher;
        next.update(&nothing());
        let now = client.now().unwrap();
        assert_eq!(now.clock_status, ClockStatus::FreeRunning, "{ahead_ms}");
        let seconds = now.latest.tv_sec() - now.earliest.tv_sec();
        let half = (seconds * 1_000_000_000 + now.latest.tv_nsec() - now.earliest.tv_nsec()) / 2;
        assert!(half >= ahead_ms.abs() * 1_000_000 + 1_000_000, "{half}");
        // A reading whose source may have compared the clock before the step does not end it.
        next.update(&good());
        assert_eq!(status(&mut client), ClockStatus::FreeRunning, "{ahead_ms}");
    }
}

#[test]
fn a_second_writer_leaves_the_first_alone() {
    let directory = TempDir::new().unwrap();
    let mut first = publisher(directory.path()).publisher;
    first.update(&good());
    let before = bytes(directory.path());
    let Fixture {
        publisher: mut second,
        errors,
        ..
    } = publisher(directory.path());
    second.update(&observed(SyncStatus::Unknown));
    assert_eq!(errors.load(Ordering::Relaxed), 1);
    assert_eq!(bytes(directory.path()), before);
    drop(first);
    retry_now(&mut second);
    second.update(&nothing());
    assert_eq!(status(&mut client(directory.path())), ClockStatus::Unknown);
}

#[test]
fn after_a_fault_another_writer_is_looked_for_only_where_one_was_at_work() {
    let directory = TempDir::new().unwrap();
    let mut held = publisher(directory.path()).publisher;
    held.update(&good());
    let mut locked_out = publisher(directory.path()).publisher;
    locked_out.update(&good());
    // A writer that takes no lock.
    let path = directory.path().join(FILE_NAME);
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, &8_u16.to_ne_bytes(), 14).unwrap();
    held.update(&good());
    for (publisher, expected) in [(&locked_out, false), (&held, true)] {
        match publisher.state {
            State::Closed { existing, .. } => assert_eq!(existing == Existing::Observe, expected),
            ref state => panic!("{state:?}"),
        }
    }
}

#[tokio::test]
async fn a_step_is_written_at_once_and_the_sidecar_woken() {
    let directory = TempDir::new().unwrap();
    let Fixture {
        mut publisher,
        disturbed,
        ..
    } = publisher(directory.path());
    let observed = good();
    publisher.update(&observed);
    let mut client = client(directory.path());
    assert_eq!(status(&mut client), ClockStatus::Synchronized);
    // As if the wall clock had been a second ahead until now.
    publisher.steps = StepDetector::new(Moment::now().moved(TimeDelta::seconds(1)));
    publisher.update(&observed);
    assert_eq!(status(&mut client), ClockStatus::FreeRunning);
    let woken = tokio::time::timeout(PATIENCE, disturbed.notified()).await;
    assert!(woken.is_ok(), "the sidecar sleeps on");
    publisher.update(&good());
    assert_eq!(status(&mut client), ClockStatus::Synchronized);
}

#[test]
fn the_states_of_the_decision_reach_the_file() {
    let directory = TempDir::new().unwrap();
    let mut publisher = publisher(directory.path()).publisher;
    for (observed, expected) in [
        (nothing(), Status::Unknown),
        (good(), Status::Synchronized),
        (observed(SyncStatus::NotSynchronized), Status::FreeRunning),
        (observed(SyncStatus::Unknown), Status::Unknown),
    ] {
        publisher.update(&observed);
        let report = clockbound::check(directory.path(), &Limits::any_error()).unwrap();
        assert_eq!(report.status, Some(expected.into()));
    }
}
