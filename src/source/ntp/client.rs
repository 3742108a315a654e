//! A client of one NTP server. It keeps the schedule and obeys the server's kiss codes.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::error::{ExchangeError, KissAction, KissCode};
use super::exchange::Exchange;
use super::schedule::{Schedule, Turn};
use super::server::NtpServer;
use super::socket::exchange_packets;
use super::timestamp::Timestamp;
use crate::reading::ReadError;
use crate::time::{DriftRate, Moment};

/// Public servers refuse clients that ask more often.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);

/// The longest wait for a request that is due soon.
const SOON: Duration = Duration::from_secs(1);
/// A request is due soon within this part of the interval.
const SOON_PART: u32 = 16;

/// The server of an [`NtpClient`], and how to ask it.
///
/// ```
/// use std::time::Duration;
/// use ecs_clock_emf::{NtpSettings, Source};
///
/// let settings = NtpSettings::default()
///     .with_server("[fd00:ec2::123]:123".parse()?)
///     .with_interval(Duration::from_secs(4));
/// let source = Source::ntp(settings);
/// # Ok::<(), ecs_clock_emf::InvalidNtpServer>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NtpSettings {
    /// The server.
    pub server: NtpServer,
    /// The shortest time between two requests, at least a second.
    pub interval: Duration,
    /// The time limit of an exchange, including the lookup of the server's name.
    pub timeout: Duration,
    /// The largest drift of this machine's clock during an exchange, at least [`DriftRate::DEFAULT`].
    pub drift: DriftRate,
}

impl Default for NtpSettings {
    /// The Amazon Time Sync Service, at most every 16 s, with a time limit of 2 s.
    fn default() -> Self {
        Self {
            server: NtpServer::default(),
            interval: Duration::from_secs(16),
            timeout: Duration::from_secs(2),
            drift: DriftRate::DEFAULT,
        }
    }
}

impl NtpSettings {
    /// Sets the server.
    #[must_use]
    pub fn with_server(self, server: NtpServer) -> Self {
        Self { server, ..self }
    }

    /// Sets the shortest time between two requests.
    #[must_use]
    pub fn with_interval(self, interval: Duration) -> Self {
        Self { interval, ..self }
    }

    /// Sets the time limit of an exchange.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Sets the largest drift of this machine's clock during an exchange.
    #[must_use]
    pub fn with_drift(self, drift: DriftRate) -> Self {
        Self { drift, ..self }
    }
}

/// Measures the distance between this clock and an NTP server's (SNTP,
/// [RFC 5905 §14](https://www.rfc-editor.org/rfc/rfc5905#section-14)), never more often than the
/// interval allows. It holds no socket between two requests.
#[derive(Debug)]
pub struct NtpClient {
    settings: NtpSettings,
    schedule: Mutex<Schedule>,
    /// The number of times that an address did not answer; each time, the next address becomes the first.
    silent: AtomicUsize,
}

impl NtpClient {
    /// A client whose first request may be sent at once.
    #[must_use]
    pub fn new(settings: NtpSettings) -> Self {
        let interval = settings.interval.max(SHORTEST_INTERVAL);
        Self {
            settings,
            schedule: Mutex::new(Schedule::new(interval)),
            silent: AtomicUsize::new(0),
        }
    }

    /// The time until the next request may be sent; zero if it may be sent now.
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
    /// The kiss code RATE doubles the interval, up to 1,024 s. After DENY or RSTR the client never sends another
    /// request; each further turn returns the same error.
    ///
    /// # Errors
    /// A [`ReadError`] of kind `connection`, `timeout`, or one that begins with `ntp_`.
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
            Turn::Refused(code) => Err(ExchangeError::Refused(code)),
            Turn::Ask => self.exchange().await,
        };
        Some(outcome.map_err(|error| error.of_server(&self.settings.server)))
    }

    /// As [`NtpClient::ask`], but waits for a request that is due within a sixteenth of the interval and within a
    /// second. Callers often use the interval as their own period. Each call then comes a moment too early,
    /// because the interval begins when a request is sent, and without the wait every second call would be lost.
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
            // Another caller may have taken the turn.
            if let Some(outcome) = self.ask().await {
                return outcome;
            }
            tokio::time::sleep(self.due_in()).await;
        }
    }

    async fn exchange(&self) -> Result<Exchange, ExchangeError> {
        let outcome = self.attempt().await;
        match &outcome {
            Err(ExchangeError::Kiss(code)) => self.apply(*code),
            Err(error) if error.is_of_the_address() => {
                self.silent.fetch_add(1, Ordering::Relaxed);
            }
            _ => {}
        }
        outcome
    }

    #[expect(clippy::disallowed_methods, reason = "a deadline, not a reading")]
    async fn attempt(&self) -> Result<Exchange, ExchangeError> {
        let NtpSettings {
            server,
            drift,
            timeout,
            ..
        } = &self.settings;
        let deadline = tokio::time::Instant::now() + *timeout;
        let addresses = tokio::time::timeout_at(deadline, server.addresses()).await;
        let mut addresses = addresses
            .map_err(|_| ExchangeError::LookupHung(*timeout))?
            .map_err(ExchangeError::Lookup)?;
        let first = self.silent.load(Ordering::Relaxed) % addresses.len().max(1);
        addresses.rotate_left(first);
        let on_sent = |requested: &Moment| self.schedule().sent(requested.monotonic);
        let mut dropped_error = None;
        let exchange = exchange_packets(&addresses, nonce(), *drift, on_sent, &mut dropped_error);
        let outcome = tokio::time::timeout_at(deadline, exchange).await;
        let exchange = outcome
            .unwrap_or_else(|_| Err(dropped_error.unwrap_or(ExchangeError::Silent(*timeout))))?;
        Ok(self.schedule().remember_leap_second(exchange))
    }

    fn apply(&self, code: KissCode) {
        let mut schedule = self.schedule();
        let action = schedule.apply(code);
        let interval = humantime::format_duration(schedule.interval());
        drop(schedule);
        let server = &self.settings.server;
        match action {
            KissAction::Stop => tracing::warn!(
                %server, %code,
                "the NTP server refuses service: this process sends it no more requests"
            ),
            KissAction::SlowDown => tracing::warn!(
                %server, %code, %interval,
                "the NTP server asks for fewer requests: the interval is doubled"
            ),
            KissAction::Ignore => {}
        }
    }

    /// Poisoning is harmless: each change of the schedule is a single assignment.
    fn schedule(&self) -> MutexGuard<'_, Schedule> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A number that only a recipient of the request can know: a hash with keys from the system's source of
/// randomness.
#[expect(
    clippy::disallowed_methods,
    reason = "an unpredictable number, not a time"
)]
fn nonce() -> Timestamp {
    Timestamp(RandomState::new().hash_one(Instant::now()))
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;

    /// After each timeout the next address of the name is asked first.
    #[tokio::test]
    async fn every_silence_is_counted() {
        let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
        let client = NtpClient::new(NtpSettings {
            server: silent.local_addr().unwrap().to_string().parse().unwrap(),
            timeout: Duration::from_millis(1),
            ..NtpSettings::default()
        });
        for silences in 1..=3 {
            let error = client.exchange().await.unwrap_err();
            assert!(matches!(error, ExchangeError::Silent(_)), "{error}");
            assert_eq!(client.silent.load(Ordering::Relaxed), silences);
        }
    }
}
