//! When the next request may be sent: after an interval that the server can lengthen, or never. Pure.

use std::time::{Duration, Instant};

use super::error::{KissAction, KissCode};
use super::exchange::Exchange;

/// The longest interval that RATE can lead to: the longest default poll of NTP clients.
const LONGEST: Duration = Duration::from_secs(1_024);

/// How long a leap second may be smeared after it.
const SMEARED: Duration = Duration::from_secs(24 * 60 * 60);

/// The schedule of requests to one server.
#[derive(Debug)]
pub(super) struct Schedule {
    interval: Duration,
    last: Option<Instant>,
    refused: Option<KissCode>,
    /// When the server last announced a leap second.
    leap_second: Option<Instant>,
}

/// The decision about one turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Send a request.
    Ask,
    /// Wait: the last request is too recent.
    Wait,
    /// A request would be due, but the server has refused service.
    Refused(KissCode),
}

impl Schedule {
    /// The first request may be sent at once, each further one `interval` after the previous one.
    pub(super) fn new(interval: Duration) -> Self {
        Self {
            interval,
            last: None,
            refused: None,
            leap_second: None,
        }
    }

    /// The time from one request to the next.
    pub(super) fn interval(&self) -> Duration {
        self.interval
    }

    /// The time until a request is due; zero if it is due now.
    pub(super) fn due_in(&self, now: Instant) -> Duration {
        self.last.map_or(Duration::ZERO, |last| {
            self.interval
                .saturating_sub(now.saturating_duration_since(last))
        })
    }

    /// Decides at `now`. Unless the decision is [`Turn::Wait`], the next interval begins.
    pub(super) fn take_turn(&mut self, now: Instant) -> Turn {
        if !self.due_in(now).is_zero() {
            return Turn::Wait;
        }
        self.last = Some(now);
        self.refused.map_or(Turn::Ask, Turn::Refused)
    }

    /// Records that the request of the last turn was sent at `at`: the lookup of the name may have taken a while.
    pub(super) fn sent(&mut self, at: Instant) {
        self.last = Some(at);
    }

    /// Marks an exchange that is less than a day after the last announcement of a leap second: the server no longer
    /// announces it, and clocks that smear it may still differ.
    pub(super) fn remember_leap_second(&mut self, mut exchange: Exchange) -> Exchange {
        let now = exchange.taken.monotonic;
        if exchange.is_near_leap_second {
            self.leap_second = Some(now);
        }
        exchange.is_near_leap_second = self
            .leap_second
            .is_some_and(|announced| now.saturating_duration_since(announced) < SMEARED);
        exchange
    }

    /// Obeys a kiss code.
    pub(super) fn apply(&mut self, code: KissCode) -> KissAction {
        match code.action() {
            KissAction::Stop => self.refused = Some(code),
            KissAction::SlowDown => {
                let longest = LONGEST.max(self.interval);
                self.interval = self.interval.saturating_mul(2).min(longest);
            }
            KissAction::Ignore => {}
        }
        code.action()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(16);

    fn code(code: [u8; 4]) -> KissCode {
        KissCode::read(code).unwrap()
    }

    #[test]
    fn two_requests_are_at_least_an_interval_apart() {
        let start = Instant::now();
        let mut schedule = Schedule::new(INTERVAL);
        for (at_ms, turn, due_in_ms) in [
            (0, Turn::Ask, 16_000),
            (0, Turn::Wait, 16_000),
            (10_000, Turn::Wait, 6_000),
            (15_999, Turn::Wait, 1),
            (20_000, Turn::Ask, 16_000),
            (32_000, Turn::Wait, 4_000),
            (36_000, Turn::Ask, 16_000),
        ] {
            let now = start + Duration::from_millis(at_ms);
            assert_eq!(schedule.take_turn(now), turn, "{at_ms}");
            let due_in = Duration::from_millis(due_in_ms);
            assert_eq!(schedule.due_in(now), due_in, "{at_ms}");
        }
    }

    #[test]
    fn the_interval_begins_when_the_request_is_sent() {
        let start = Instant::now();
        let mut schedule = Schedule::new(INTERVAL);
        assert_eq!(schedule.take_turn(start), Turn::Ask);
        let looked_up = Duration::from_secs(2);
        schedule.sent(start + looked_up);
        assert_eq!(schedule.take_turn(start + INTERVAL), Turn::Wait);
        assert_eq!(schedule.take_turn(start + looked_up + INTERVAL), Turn::Ask);
    }

    #[test]
    fn rate_doubles_the_interval_from_the_request_it_answers_on() {
        let start = Instant::now();
        let mut schedule = Schedule::new(INTERVAL);
        assert_eq!(schedule.take_turn(start), Turn::Ask);
        assert_eq!(schedule.apply(code(*b"RATE")), KissAction::SlowDown);
        assert_eq!(schedule.take_turn(start + INTERVAL), Turn::Wait);
        assert_eq!(schedule.take_turn(start + INTERVAL * 2), Turn::Ask);
        for _ in 0..100 {
            schedule.apply(code(*b"RATE"));
        }
        assert_eq!(schedule.interval(), LONGEST);
        let longer = LONGEST * 4;
        let mut schedule = Schedule::new(longer);
        schedule.apply(code(*b"RATE"));
        assert_eq!(schedule.interval(), longer);
    }

    #[test]
    fn after_deny_and_rstr_every_turn_is_refused() {
        for refusal in [*b"DENY", *b"RSTR"] {
            let start = Instant::now();
            let mut schedule = Schedule::new(INTERVAL);
            assert_eq!(schedule.take_turn(start), Turn::Ask);
            assert_eq!(schedule.apply(code(refusal)), KissAction::Stop);
            assert_eq!(schedule.take_turn(start), Turn::Wait);
            for n in 1..4 {
                let turn = schedule.take_turn(start + INTERVAL * n);
                assert_eq!(turn, Turn::Refused(code(refusal)));
            }
        }
    }

    #[test]
    fn other_codes_change_nothing() {
        let mut schedule = Schedule::new(INTERVAL);
        assert_eq!(schedule.apply(code(*b"XABC")), KissAction::Ignore);
        assert_eq!(schedule.interval(), INTERVAL);
        assert_eq!(schedule.take_turn(Instant::now()), Turn::Ask);
    }
}
