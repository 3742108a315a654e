//! `YugabyteDB` with `time_source=clockbound` reads the segment: the server stays up while the source is away for minutes.
//!
//! The rules are those of its `clockbound_clock.cc`. A server waits up to 120 s for its first good time. After that, a
//! status that it does not accept, or an error over half of `max_clock_skew_usec`, ends it.

use super::*;
use crate::answer::clockbound::client;
use crate::reading::ClockOffset;
use crate::sidecar::Observed;

/// `clockbound_clock_error_estimate_usec`: a larger error makes the server's timestamps fall behind.
const ESTIMATE: Duration = Duration::from_micros(2_500);
/// Half of `max_clock_skew_usec`.
const LARGEST: Duration = Duration::from_millis(250);
const LONGEST_START: f64 = 120.0;
/// The server reads the time much more often; a tenth of a second misses nothing.
const TICK: f64 = 0.1;

/// A server, which accepts the status `FreeRunning` or not.
struct Server {
    accepts_free_running: bool,
    is_started: bool,
    /// When it ended, in seconds, and why.
    ended: Option<(f64, &'static str)>,
    /// How often its timestamps fell behind.
    late: u32,
}

impl Server {
    /// 2025.2.2 accepts every status but Unknown; earlier versions accept Synchronized alone.
    fn new(accepts_free_running: bool) -> Self {
        Self {
            accepts_free_running,
            is_started: false,
            ended: None,
            late: 0,
        }
    }

    fn read(&mut self, segment: &Segment, coarse: Duration, seconds: f64) {
        if self.ended.is_some() {
            return;
        }
        let status = client::status(segment, coarse);
        let error = client::bound(segment, coarse);
        let is_good = status == Status::Synchronized && error <= ESTIMATE;
        if !self.is_started {
            self.is_started = is_good;
            let is_over = seconds > LONGEST_START;
            self.ended = (is_over && !is_good).then_some((seconds, "no good time at the start"));
            return;
        }
        let is_accepted = match status {
            Status::Synchronized => true,
            Status::FreeRunning => self.accepts_free_running,
            Status::Unknown | Status::Disrupted => false,
        };
        self.late += u32::from(error > ESTIMATE);
        self.ended = if segment.as_of > coarse {
            Some((seconds, "a segment from the future"))
        } else if !is_accepted {
            Some((seconds, "a status that is not accepted"))
        } else {
            (error > LARGEST).then_some((seconds, "an error that is too large"))
        };
    }
}

/// A source, with the sidecar's default intervals for a segment.
struct Source {
    sample_interval: u32,
    drift: DriftRate,
    reading: fn(Moment) -> Reading,
}

const ECS: Source = Source {
    sample_interval: 10,
    drift: DriftRate::DEFAULT,
    reading: |moment| {
        let mut reading = reading(moment, SyncStatus::Synchronized, Some(0.6));
        reading.reference = Some(moment.wall - TimeDelta::seconds(500));
        reading
    },
};
const NTP: Source = Source {
    sample_interval: 4,
    drift: DriftRate::UNDISCIPLINED,
    reading: |moment| {
        let offset = ClockOffset::new(TimeDelta::microseconds(300), Duration::from_micros(750));
        let mut reading = Reading::new(ClockSource::Ntp, moment, moment);
        reading.status = SyncStatus::Synchronized;
        reading.bound = ErrorBound::try_from(offset.bound()).ok();
        reading.offset = Some(offset);
        reading
    },
};

/// A server on the segment of a sidecar whose source is away from one time to another, in seconds.
fn replay(source: &Source, away: std::ops::Range<f64>, mut server: Server) -> Server {
    let rules = Rules {
        drift: source.drift,
        sample_interval: Duration::from_secs(source.sample_interval.into()),
        ..RULES
    };
    let start = exact();
    let mut memory = Memory::default();
    let mut observed = Observed::new(start.monotonic);
    let mut segment = unknown(Duration::ZERO, rules.drift);
    let ticks_a_sample = source.sample_interval * 10;
    for tick in 0_u32.. {
        let seconds = f64::from(tick) * TICK;
        if seconds > away.end + 60.0 {
            break;
        }
        let now = present(&start, seconds, 0);
        if tick % ticks_a_sample == 0 {
            let outcome = if away.contains(&seconds) {
                Err(ReadError::new(ReadErrorKind::Connection, "refused"))
            } else {
                Ok((source.reading)(now.moment))
            };
            observed.take(&outcome, now.moment.monotonic);
            memory.take(&observed, &rules);
        }
        // The publisher writes at least once a second.
        if tick % 10 == 0 {
            segment = memory.segment(&now, &rules);
        }
        server.read(&segment, now.coarse, seconds);
    }
    server
}

#[test]
fn a_server_survives_five_minutes_without_the_source() {
    for (name, source) in [("ecs", ECS), ("ntp", NTP)] {
        let server = replay(&source, 200.0..500.0, Server::new(true));
        assert!(server.is_started, "{name}");
        assert_eq!(server.ended, None, "{name}");
        // It does not fall behind before the source is away either.
        let server = replay(&source, 200.0..200.0, Server::new(true));
        assert_eq!((server.ended, server.late), (None, 0), "{name}");
    }
}

#[test]
fn a_server_before_2025_2_2_ends_a_minute_after_the_last_reading() {
    for (source, last) in [(ECS, 190.0), (NTP, 196.0)] {
        let (at, why) = replay(&source, 200.0..500.0, Server::new(false))
            .ended
            .unwrap();
        assert_eq!(why, "a status that is not accepted");
        assert!((last + 60.0..last + 62.0).contains(&at), "{at}");
    }
}

#[test]
fn after_a_thousand_seconds_nothing_is_known_and_every_server_ends() {
    let (at, why) = replay(&ECS, 200.0..1_300.0, Server::new(true))
        .ended
        .unwrap();
    assert_eq!(why, "a status that is not accepted");
    assert!((1_190.0..1_192.0).contains(&at), "{at}");
}

/// Why the intervals of the source `ntp` are 4 s with a segment, and not 16 s as without.
#[test]
fn with_sixteen_seconds_a_server_on_ntp_falls_behind() {
    let source = Source {
        sample_interval: 16,
        ..NTP
    };
    assert!(replay(&source, 200.0..200.0, Server::new(true)).late > 0);
}
