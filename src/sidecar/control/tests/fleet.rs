//! A fleet of sidecars, each behind a log driver: how many calls a second reach the log service, and what a
//! loss of synchronization in all tasks at once does to lines, alarms and cost.
//!
//! Every task is played by the program's own decisions. The driver is a model of awslogs: it sends what it has
//! every 5 s, counted from the start of its task. `FLEET=1 cargo test --release --lib fleet::tables -- --nocapture`
//! prints the tables for up to 1,000,000 tasks, in a few minutes.

use std::collections::BTreeMap;

use super::*;
use crate::sidecar::line::tests::fixtures::{format, identity};
use crate::sidecar::line::{self, Format, KnownTask, Tally, Template};

const DRIVER_MS: u32 = 5_000;
/// How long the endpoint takes to answer.
const ANSWER_MS: u32 = 2;
/// Tasks start within the first minute; by this time all are settled.
const SETTLED_MS: u32 = 180_000;
const LOST_MS: u32 = 245_000;
const BACK_MS: u32 = 485_000;
const END_MS: u32 = 660_000;
/// Calls of `PutLogEvents` a second that an account has at first, in most regions.
const QUOTA: u32 = 5_000;

/// What the clocks of all tasks do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weather {
    Healthy,
    /// None is synchronized from [`LOST_MS`] to [`BACK_MS`].
    Lost,
    /// In that time each reading reports the opposite of the previous one.
    Flapping,
}

impl Weather {
    fn status(self, at: u32, reads: usize) -> SyncStatus {
        let is_bad = match self {
            Self::Healthy => false,
            Self::Lost => true,
            Self::Flapping => reads.is_multiple_of(2),
        };
        if is_bad && (LOST_MS..BACK_MS).contains(&at) {
            SyncStatus::NotSynchronized
        } else {
            SyncStatus::Synchronized
        }
    }
}

/// One line, as the log service gets it.
#[derive(Debug, Clone, Copy)]
struct Sent {
    at: u32,
    task: u32,
    /// The minute of its time stamp.
    minute: u32,
    /// Whether it reports a reading that was not synchronized.
    bad: bool,
    bytes: u32,
}

/// A fleet of `tasks`, all lines of it in the order in which they are sent.
struct Fleet {
    tasks: u32,
    sent: Vec<Sent>,
}

impl Fleet {
    fn play(tasks: u32, jitter_s: u64, weather: Weather, seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let rules = Rules {
            emit_jitter: Duration::from_secs(jitter_s),
            ..RULES
        };
        let format = format();
        let template = Template::new(&format, &KnownTask::from(&identity()), DateTime::UNIX_EPOCH);
        let mut sent = Vec::new();
        let base = Instant::now();
        for task in 0..tasks {
            let start = random.u32(0..60_000);
            let tick = start + random.u32(0..DRIVER_MS);
            let fractions = RandomFractions {
                delay: random.f64(),
                offset: random.f64(),
            };
            play_task(
                &rules,
                fractions,
                base,
                start,
                weather,
                |written, window| {
                    let ticks = written.saturating_sub(tick).div_ceil(DRIVER_MS);
                    sent.push(Sent {
                        at: tick + ticks * DRIVER_MS,
                        task,
                        minute: minute_of(window),
                        bad: window
                            .readings
                            .iter()
                            .any(|reading| !reading.is_synchronized()),
                        bytes: bytes_of(&format, &template, window),
                    });
                },
            );
        }
        sent.sort_by_key(|line| (line.at, line.task));
        Self { tasks, sent }
    }

    /// Calls in each second from `from` to `to`: one for all lines that one task sends at once.
    fn calls(&self, from: u32, to: u32) -> Vec<u32> {
        let mut calls = vec![0; ((to - from) / 1_000) as usize];
        let mut last = None;
        for line in self
            .sent
            .iter()
            .filter(|line| (from..to).contains(&line.at))
        {
            if last.replace((line.at, line.task)) != Some((line.at, line.task)) {
                calls[((line.at - from) / 1_000) as usize] += 1;
            }
        }
        calls
    }

    fn peak(&self, from: u32, to: u32) -> u32 {
        self.calls(from, to).into_iter().max().unwrap_or_default()
    }

    /// The fleet as the log service takes it if every call over the quota of a second is refused and, as the
    /// driver may do, not tried again.
    fn over_quota(self) -> Self {
        let (mut second, mut calls, mut last) = (0, 0, None);
        let sent = self.sent.into_iter().filter(|line| {
            if line.at / 1_000 != second {
                (second, calls) = (line.at / 1_000, 0);
            }
            if last.replace((line.at, line.task)) != Some((line.at, line.task)) {
                calls += 1;
            }
            calls <= QUOTA
        });
        Self {
            tasks: self.tasks,
            sent: sent.collect(),
        }
    }

    /// Seconds from the loss until a task has made two minutes bad, which is what the alarm waits for: all tasks for
    /// which that happens before the clocks are back, the earliest first. Each could be a service with an alarm.
    fn alarms_after(&self) -> Vec<u32> {
        let mut bad: BTreeMap<u32, Vec<(u32, u32)>> = BTreeMap::new();
        for line in self.sent.iter().filter(|line| line.bad) {
            let minutes = bad.entry(line.task).or_default();
            if !minutes.iter().any(|(minute, _)| *minute == line.minute) {
                minutes.push((line.minute, line.at));
            }
        }
        let mut after: Vec<u32> = bad
            .values()
            .filter_map(|minutes| Some((minutes.get(1)?.1 - LOST_MS) / 1_000))
            .collect();
        after.sort_unstable();
        after
    }

    /// Lines and bytes of one task in a minute.
    fn per_task_minute(&self, from: u32, to: u32) -> (f64, f64) {
        let lines = self
            .sent
            .iter()
            .filter(|line| (from..to).contains(&line.at));
        let (lines, bytes) = lines.fold((0.0, 0.0), |(lines, bytes), line| {
            (lines + 1.0, bytes + f64::from(line.bytes))
        });
        let minutes = f64::from(self.tasks) * f64::from(to - from) / 60_000.0;
        (lines / minutes, bytes / minutes)
    }
}

/// Plays one task from its start to the end, in milliseconds.
fn play_task(
    rules: &Rules,
    random: RandomFractions,
    base: Instant,
    start: u32,
    weather: Weather,
    mut write: impl FnMut(u32, &Window),
) {
    let moment = |ms: u32| {
        let passed = Duration::from_millis(u64::from(ms));
        Moment::new(DateTime::UNIX_EPOCH + passed, base + passed)
    };
    let mut now = start;
    let begin = moment(now);
    let (mut control, mut actions) = Control::start(rules, random, begin.monotonic, &begin);
    let mut reads = 0;
    while now < END_MS {
        let (mut read, mut wake) = (false, END_MS);
        for action in actions {
            match action {
                Action::Read => read = true,
                Action::Write(window) => write(now, &window),
                Action::WakeAt(at) => {
                    let passed = at
                        .saturating_duration_since(base)
                        .as_micros()
                        .div_ceil(1_000);
                    wake = u32::try_from(passed).unwrap_or(END_MS).max(now + 1);
                }
                _ => {}
            }
        }
        if read {
            let requested = moment(now);
            now += ANSWER_MS;
            reads += 1;
            let sample = sample(requested, moment(now), weather.status(now, reads));
            actions = control.handle(Event::Sampled(Box::new(sample)), &moment(now));
        } else {
            now = wake;
            actions = control.handle(Event::Woken, &moment(now));
        }
    }
}

fn sample(requested: Moment, at: Moment, status: SyncStatus) -> Sample {
    let mut reading = Reading::new(ClockSource::Ecs, requested, at);
    reading.status = status;
    reading.bound = ErrorBound::from_millis(0.446_931).ok();
    reading.reference = Some(DateTime::UNIX_EPOCH);
    Sample {
        source: ClockSource::Ecs,
        at,
        outcome: Ok(reading),
        withheld: Vec::new(),
        identity: None,
    }
}

fn minute_of(window: &Window) -> u32 {
    u32::try_from(window.stamp.timestamp() / 60).unwrap()
}

/// The size of the line as it goes to the log service, with the labels of a task of Fargate.
fn bytes_of(format: &Format, template: &Template, window: &Window) -> u32 {
    let tally = Tally {
        sequence: 1_000,
        lines_dropped: 0,
        answer_errors: 0,
    };
    let line = line::render(format, template, window, &tally);
    u32::try_from(line.len()).unwrap()
}

/// The most calls in any second, scaled to a fleet of 100,000 tasks.
fn peak_of_100_000(fleet: &Fleet, from: u32, to: u32) -> f64 {
    f64::from(fleet.peak(from, to)) * 100_000.0 / f64::from(fleet.tasks)
}

#[test]
fn jitter_spreads_a_fleet() {
    for seed in 0..3 {
        let peak = |jitter| {
            let fleet = Fleet::play(300, jitter, Weather::Healthy, seed);
            peak_of_100_000(&fleet, SETTLED_MS, LOST_MS)
        };
        let (together, spread) = (peak(0), peak(30));
        assert!((18_000.0..32_000.0).contains(&together), "{together}");
        assert!((3_300.0..9_000.0).contains(&spread), "{spread}");
    }
}

#[test]
fn a_loss_everywhere_is_reported_within_a_sample_and_costs_little() {
    let fleet = Fleet::play(150, 30, Weather::Lost, 1);
    let first_bad: BTreeMap<u32, u32> = fleet
        .sent
        .iter()
        .rev()
        .filter(|line| line.bad)
        .map(|line| (line.task, line.at))
        .collect();
    assert_eq!(first_bad.len(), 150);
    let latest = first_bad.values().max().unwrap();
    assert!(latest - LOST_MS <= 10_000 + 10 + DRIVER_MS, "{latest}");
    // The alarm waits for a second bad minute: its line comes after the rest of this one and all of the next.
    let alarms = fleet.alarms_after();
    assert_eq!(alarms.len(), 150);
    assert!(
        alarms.iter().all(|after| *after <= 60 + 60 + 30 + 5),
        "{alarms:?}"
    );
    // Two lines more for the loss, and two for the return.
    let healthy = Fleet::play(150, 30, Weather::Healthy, 1);
    let more = fleet.sent.len() - healthy.sent.len();
    assert!((3 * 150..=4 * 150).contains(&more), "{more}");
}

#[test]
fn flapping_everywhere_stays_bounded() {
    let fleet = Fleet::play(60, 30, Weather::Flapping, 2);
    let (lines, _) = fleet.per_task_minute(LOST_MS + 60_000, BACK_MS);
    assert!((4.0..=9.0).contains(&lines), "{lines}");
}

/// The tables; small, unless the variable `FLEET` is set.
#[test]
#[allow(clippy::print_stdout, reason = "the tables are what it is for")]
fn tables() {
    let is_full = std::env::var_os("FLEET").is_some();
    let (sizes, large): (&[_], &[_]) = if is_full {
        (
            &[(1_000, 30), (10_000, 10), (100_000, 3), (1_000_000, 1)],
            &[1_000, 10_000, 100_000],
        )
    } else {
        (&[(10, 2)], &[10])
    };
    health_table(sizes);
    loss_table(large);
}

#[allow(clippy::print_stdout, reason = "the tables are what it is for")]
fn health_table(sizes: &[(u32, u32)]) {
    println!("| tasks | seeds | jitter | mean calls/s | peak calls/s |\n|---|---|---|---|---|");
    for &(tasks, seeds) in sizes {
        for jitter in [0, 10, 30, 60] {
            let (mut mean, mut peak) = (0.0, 0);
            for seed in 0..seeds {
                let fleet = Fleet::play(tasks, jitter, Weather::Healthy, u64::from(seed));
                let calls = fleet.calls(SETTLED_MS, SETTLED_MS + 240_000);
                mean += f64::from(calls.iter().sum::<u32>()) / 240.0 / f64::from(seeds);
                peak = peak.max(fleet.peak(SETTLED_MS, SETTLED_MS + 240_000));
            }
            println!("| {tasks} | {seeds} | {jitter} s | {mean:.0} | {peak} |");
        }
    }
}

#[allow(clippy::print_stdout, reason = "the tables are what it is for")]
fn loss_table(sizes: &[u32]) {
    println!(
        "\n| tasks | weather | peak calls/s | lines a task and minute | bytes a task and minute | alarms: share of tasks, first, median and last in s | the same where calls over the quota are lost |"
    );
    println!("|---|---|---|---|---|---|---|");
    for &tasks in sizes {
        for weather in [Weather::Healthy, Weather::Lost, Weather::Flapping] {
            let fleet = Fleet::play(tasks, 30, weather, 7);
            let peak = fleet.peak(LOST_MS, BACK_MS);
            let (lines, bytes) = fleet.per_task_minute(LOST_MS, BACK_MS);
            let alarms = |fleet: &Fleet| {
                let after = fleet.alarms_after();
                let share = 100 * after.len() / usize::try_from(tasks).unwrap_or(usize::MAX);
                match after.get(after.len() / 2) {
                    Some(median) => format!(
                        "{share} %, {}, {median}, {}",
                        after[0],
                        after[after.len() - 1]
                    ),
                    None => "none".to_owned(),
                }
            };
            let all = alarms(&fleet);
            let taken = alarms(&fleet.over_quota());
            println!(
                "| {tasks} | {weather:?} | {peak} | {lines:.2} | {bytes:.0} | {all} | {taken} |"
            );
        }
    }
}
