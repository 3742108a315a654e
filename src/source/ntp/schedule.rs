//! When a server may be asked: a shortest pause, which the server can lengthen, or an end. Pure.

use std::time::{Duration, Instant};

use super::fault::{KissAction, KissCode};

/// The longest pause a server's RATE can lead to: the longest one that NTP clients keep by default.
const LONGEST: Duration = Duration::from_secs(1_024);

/// When the next request may go, and what the server has said about it.
#[derive(Debug)]
pub(super) struct Schedule {
    interval: Duration,
    last: Option<Instant>,
    refused: Option<KissCode>,
}

/// What is to be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Send a request.
    Ask,
    /// Nothing, since the last request is not long enough ago.
    Wait,
    /// No request, although it would be time for one: the server has refused service.
    Refused(KissCode),
}

impl Schedule {
    /// The first request may go at once, each further one `interval` after the one before.
    pub(super) fn new(interval: Duration) -> Self {
        Self {
            interval,
            last: None,
            refused: None,
        }
    }

    /// The time from one request to the next.
    pub(super) fn interval(&self) -> Duration {
        self.interval
    }

    /// How long until it is time for a request; zero if it is.
    pub(super) fn due_in(&self, now: Instant) -> Duration {
        self.last.map_or(Duration::ZERO, |last| {
            self.interval
                .saturating_sub(now.saturating_duration_since(last))
        })
    }

    /// What is to be done at `now`. Unless it is [`Turn::Wait`] the next pause begins.
    pub(super) fn take_turn(&mut self, now: Instant) -> Turn {
        if !self.due_in(now).is_zero() {
            return Turn::Wait;
        }
        self.last = Some(now);
        self.refused.map_or(Turn::Ask, Turn::Refused)
    }

    /// The request of the last turn went at `at`: looking up a name may have taken a while.
    pub(super) fn sent(&mut self, at: Instant) {
        self.last = Some(at);
    }

    /// Does what a kiss code asks for.
    pub(super) fn heed(&mut self, code: KissCode) -> KissAction {
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
    fn the_pause_counts_from_when_the_request_went() {
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
        assert_eq!(schedule.heed(code(*b"RATE")), KissAction::SlowDown);
        assert_eq!(schedule.take_turn(start + INTERVAL), Turn::Wait);
        assert_eq!(schedule.take_turn(start + INTERVAL * 2), Turn::Ask);
        for _ in 0..100 {
            schedule.heed(code(*b"RATE"));
        }
        assert_eq!(schedule.interval(), LONGEST);
        let longer = LONGEST * 4;
        let mut schedule = Schedule::new(longer);
        schedule.heed(code(*b"RATE"));
        assert_eq!(schedule.interval(), longer);
    }

    #[test]
    fn deny_and_rstr_end_it_and_it_stays_counted() {
        for refusal in [*b"DENY", *b"RSTR"] {
            let start = Instant::now();
            let mut schedule = Schedule::new(INTERVAL);
            assert_eq!(schedule.take_turn(start), Turn::Ask);
            assert_eq!(schedule.heed(code(refusal)), KissAction::Stop);
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
        assert_eq!(schedule.heed(code(*b"XABC")), KissAction::Ignore);
        assert_eq!(schedule.interval(), INTERVAL);
        assert_eq!(schedule.take_turn(Instant::now()), Turn::Ask);
    }
}
