//! A client of one NTP server: it keeps the schedule, and heeds what the server says about it.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::exchange::Exchange;
use super::fault::{Fault, KissAction, KissCode};
use super::schedule::{Schedule, Turn};
use super::server::NtpServer;
use super::socket::converse;
use super::timestamp::Timestamp;
use crate::reading::ReadError;
use crate::time::{DriftRate, Moment};

/// Public servers refuse clients that ask more often.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);

/// The most that a request which is due soon is waited for.
const SOON: Duration = Duration::from_secs(1);
/// The part of the interval within which it is due soon.
const SOON_PART: u32 = 16;

/// Whom an [`NtpClient`] asks, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NtpSettings {
    /// The server.
    pub server: NtpServer,
    /// The shortest time from one request to the next, at least a second.
    pub interval: Duration,
    /// How long an exchange may take, the look-up of the server's name included.
    pub timeout: Duration,
    /// What this machine's clock may drift during an exchange, at least [`DriftRate::DEFAULT`].
    pub drift: DriftRate,
}

impl Default for NtpSettings {
    /// The Amazon Time Sync Service, asked every 16 s, within 2 s.
    fn default() -> Self {
        Self {
            server: NtpServer::default(),
            interval: Duration::from_secs(16),
            timeout: Duration::from_secs(2),
            drift: DriftRate::DEFAULT,
        }
    }
}

/// Asks one NTP server how far the clock is from its own (SNTP,
/// [RFC 5905 §14](https://www.rfc-editor.org/rfc/rfc5905#section-14)), never more often than the
/// interval allows. Between two requests it holds no socket.
#[derive(Debug)]
pub struct NtpClient {
    settings: NtpSettings,
    schedule: Mutex<Schedule>,
    /// Counts the addresses of the server that did not answer: the next one is asked first.
    silent: AtomicUsize,
}

impl NtpClient {
    /// A client whose first request may go at once.
    #[must_use]
    pub fn new(settings: NtpSettings) -> Self {
        let interval = settings.interval.max(SHORTEST_INTERVAL);
        Self {
            settings,
            schedule: Mutex::new(Schedule::new(interval)),
            silent: AtomicUsize::new(0),
        }
    }

    /// How long until the next request may go; zero if it may go now.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "when a request may be sent, not a reading"
    )]
    pub fn due_in(&self) -> Duration {
        self.schedule().due_in(Instant::now())
    }

    /// Asks the server once; `None`, without a request, while [`NtpClient::due_in`] is not zero.
    ///
    /// A server that asks for fewer requests (kiss code RATE) has the interval doubled, up to 1,024 s.
    /// One that refuses service (DENY, RSTR) is never asked again; from then on each turn gives the
    /// error that says so.
    ///
    /// # Errors
    /// A [`ReadError`] whose kind says what went wrong: `connection` and `timeout`, and those that begin
    /// with `ntp_`.
    ///
    /// # Panics
    /// Outside of a tokio runtime with time and I/O enabled, as tokio does.
    #[expect(
        clippy::disallowed_methods,
        reason = "when a request may be sent, not a reading"
    )]
    pub async fn ask(&self) -> Option<Result<Exchange, ReadError>> {
        let turn = self.schedule().take_turn(Instant::now());
        let outcome = match turn {
            Turn::Wait => return None,
            Turn::Refused(code) => Err(Fault::Refused(code)),
            Turn::Ask => self.exchange().await,
        };
        Some(outcome.map_err(ReadError::from))
    }

    /// As [`NtpClient::ask`], but waits for a request that is due within a sixteenth of the interval, and
    /// within a second. A beat as long as the interval comes a moment too early each time, since the interval
    /// counts from when the request before went out: without the wait every other beat would be lost.
    ///
    /// # Errors
    /// As [`NtpClient::ask`].
    pub(crate) async fn ask_if_due_soon(&self) -> Option<Result<Exchange, ReadError>> {
        let due_in = self.due_in();
        let soon = SOON.min(self.schedule().interval() / SOON_PART);
        if due_in > soon {
            return None;
        }
        tokio::time::sleep(due_in).await;
        self.ask().await
    }

    /// As [`NtpClient::ask`], but waits until the server may be asked.
    ///
    /// # Errors
    /// As [`NtpClient::ask`].
    pub(crate) async fn ask_when_due(&self) -> Result<Exchange, ReadError> {
        loop {
            // Another caller may be faster.
            if let Some(outcome) = self.ask().await {
                return outcome;
            }
            tokio::time::sleep(self.due_in()).await;
        }
    }

    async fn exchange(&self) -> Result<Exchange, Fault> {
        let timeout = self.settings.timeout;
        let mut heard = None;
        let outcome = tokio::time::timeout(timeout, self.attempt(&mut heard)).await;
        let outcome = outcome.unwrap_or_else(|_| Err(heard.unwrap_or(Fault::Silent(timeout))));
        match &outcome {
            Err(Fault::Kiss(code)) => self.heed(*code),
            Err(fault) if fault.is_of_the_address() => {
                self.silent.fetch_add(1, Ordering::Relaxed);
            }
            _ => {}
        }
        outcome
    }

    async fn attempt(&self, heard: &mut Option<Fault>) -> Result<Exchange, Fault> {
        let NtpSettings { server, drift, .. } = &self.settings;
        let mut addresses = server.addresses().await.map_err(Fault::Lookup)?;
        let first = self.silent.load(Ordering::Relaxed) % addresses.len().max(1);
        addresses.rotate_left(first);
        let on_sent = |requested: &Moment| self.schedule().sent(requested.monotonic);
        converse(&addresses, nonce(), *drift, on_sent, heard).await
    }

    fn heed(&self, code: KissCode) {
        let mut schedule = self.schedule();
        let action = schedule.heed(code);
        let interval = humantime::format_duration(schedule.interval());
        drop(schedule);
        let server = &self.settings.server;
        match action {
            KissAction::Stop => tracing::warn!(
                %server, %code,
                "the NTP server refuses service: it is not asked again while this process lives"
            ),
            KissAction::SlowDown => tracing::warn!(
                %server, %code, %interval,
                "the NTP server asks for fewer requests: this is the shortest interval from now on"
            ),
            KissAction::Ignore => {}
        }
    }

    /// A panic elsewhere leaves no half-made change behind: each one is a single assignment.
    fn schedule(&self) -> MutexGuard<'_, Schedule> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A number that nobody who has not seen the request can guess: a keyed hash whose keys the standard
/// library takes from the system's source of randomness.
#[expect(
    clippy::disallowed_methods,
    reason = "a number that nobody can guess, not a time"
)]
fn nonce() -> Timestamp {
    Timestamp(RandomState::new().hash_one(Instant::now()))
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;

    /// Each silence leads to the next address of the server's name.
    #[tokio::test]
    async fn every_silence_is_counted() {
        let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
        let client = NtpClient::new(NtpSettings {
            server: silent.local_addr().unwrap().to_string().parse().unwrap(),
            timeout: Duration::from_millis(1),
            ..NtpSettings::default()
        });
        for silences in 1..=3 {
            let fault = client.exchange().await.unwrap_err();
            assert!(matches!(fault, Fault::Silent(_)), "{fault}");
            assert_eq!(client.silent.load(Ordering::Relaxed), silences);
        }
    }
}
