//! A server and a clock with known errors, and exchanges between them.

use std::time::Instant;

use proptest::prelude::*;

use super::{SECOND, judged};
use crate::source::ntp::answer::Answer;
use crate::source::ntp::exchange::*;

/// A server and a clock whose errors are known.
#[derive(Debug, Clone, Copy)]
pub(super) struct World {
    second_era: bool,
    /// By how much the clock is ahead of true time when the request is sent, in ns.
    pub(super) clock_error: i64,
    drift_ppm: i64,
    /// The move of the wall clock during the exchange, in ns.
    moved: i64,
    delay_there: i64,
    delay_back: i64,
    at_server: i64,
    root_delay: u32,
    root_dispersion: u32,
    /// The server's error as a fraction of its claimed error, from -1 to 1.
    server_error: f64,
    pub(super) precision: i8,
}

/// Extremes are as frequent as the values in between.
pub(super) fn world() -> impl Strategy<Value = World> {
    let delay = prop_oneof![Just(0), 0..SECOND / 1_000, 0..2 * SECOND, Just(2 * SECOND)];
    let drift = prop_oneof![Just(-15), -15..=15_i64, Just(15)];
    let moved = prop_oneof![Just(-999_999), -999_999..999_999_i64, Just(999_999)];
    let clock = (any::<bool>(), -80 * SECOND..80 * SECOND, drift, moved);
    let path = (delay.clone(), delay, prop_oneof![Just(0), 0..SECOND]);
    let root = prop_oneof![Just(0), 0..1_u32 << 19];
    let error = prop_oneof![Just(-1.0), -1.0..=1.0, Just(1.0)];
    let server = (root.clone(), root, error, -30..-5_i8);
    (clock, path, server).prop_map(|(clock, path, server)| World {
        second_era: clock.0,
        clock_error: clock.1,
        drift_ppm: clock.2,
        moved: clock.3,
        delay_there: path.0,
        delay_back: path.1,
        at_server: path.2,
        root_delay: server.0,
        root_dispersion: server.1,
        server_error: server.2,
        precision: server.3,
    })
}

impl World {
    /// True time, `nanoseconds` after the request was sent.
    fn truth(&self, nanoseconds: i64) -> DateTime<Utc> {
        // The second era begins a second after the request.
        let start = if self.second_era {
            "2036-02-07T06:28:15Z"
        } else {
            "2026-11-25T12:00:00Z"
        };
        start.parse::<DateTime<Utc>>().unwrap() + TimeDelta::nanoseconds(nanoseconds)
    }

    /// The server's timestamp, which it rounds down to its precision.
    fn server_stamp(&self, after: i64) -> Timestamp {
        let units = f64::from(self.root_dispersion) + f64::from(self.root_delay) / 2.0;
        // What the wire rounds off may be part of the error.
        let admitted = units * 1e9 / 65_536.0 + 22_000.0;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "an error of less than a minute"
        )]
        let error = (admitted * self.server_error) as i64;
        let exact = Timestamp::from_time(self.truth(after + error)).0;
        let step = 1_u64 << (32 - i32::from(self.precision.unsigned_abs()));
        Timestamp(exact / step * step)
    }

    /// Whether a correct server may be refused for this reason.
    pub(super) fn may_seem(&self, what: Implausible) -> bool {
        match what {
            // Its clock is so coarse that it can seem to take longer than the whole exchange.
            Implausible::LongerThanExchange => self.precision > -11,
            // Rounded down to the start of the era, which means an unknown time.
            Implausible::NoReceiveTime | Implausible::NoTransmitTime => self.second_era,
            _ => false,
        }
    }

    pub(super) fn exchange(&self) -> Result<Exchange, ExchangeError> {
        let answered = self.delay_there + self.at_server;
        let end = answered + self.delay_back;
        let answer = Answer {
            precision: self.precision,
            root_delay: self.root_delay,
            root_dispersion: self.root_dispersion,
            reference: Timestamp(0),
            receive: self.server_stamp(self.delay_there),
            transmit: self.server_stamp(answered),
            ..Answer::default()
        };
        let drifted = end * self.drift_ppm / 1_000_000;
        let start = Instant::now();
        let elapsed = Duration::from_nanos(u64::try_from(end + drifted).unwrap());
        let wall = |after: i64| self.truth(after) + TimeDelta::nanoseconds(self.clock_error);
        let requested = Moment::new(wall(0), start);
        let taken = Moment::new(wall(end + drifted + self.moved), start + elapsed);
        judged(&answer, requested, taken)
    }
}
