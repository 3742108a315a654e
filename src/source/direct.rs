//! Sources that need no endpoint: the kernel and an NTP server. They are read alone or as the fallback of `auto`.

use std::time::Duration;

use super::kernel;
use super::ntp::NtpClient;
#[cfg(feature = "test-util")]
use super::playback::Playback;
use super::sample::Sample;
use crate::reading::ClockSource;
use crate::time::{DriftRate, Moment};

/// A source that needs no endpoint.
#[derive(Debug)]
pub(super) enum DirectSource {
    /// The kernel, and how fast the clock may drift.
    Kernel(DriftRate),
    /// Boxed, so that it takes no memory if it is not used.
    Ntp(Box<NtpClient>),
    #[cfg(feature = "test-util")]
    Playback(Playback),
}

impl DirectSource {
    /// The time until an NTP server may be asked again; zero for every other source.
    pub(super) fn due_in(&self) -> Duration {
        match self {
            Self::Ntp(client) => client.due_in(),
            Self::Kernel(_) => Duration::ZERO,
            #[cfg(feature = "test-util")]
            Self::Playback(_) => Duration::ZERO,
        }
    }

    /// Reads the clock once; `None` if an NTP server may not be asked yet and is not due soon.
    pub(super) async fn read_if_due(&self) -> Option<Sample> {
        match self {
            Self::Ntp(client) => {
                // Boxed, so that the future takes no memory if it is not used.
                let outcome = Box::pin(client.ask_if_due_soon()).await?;
                Some(Sample::from_exchange(outcome))
            }
            Self::Kernel(_) => Some(self.read().await),
            #[cfg(feature = "test-util")]
            Self::Playback(_) => Some(self.read().await),
        }
    }

    /// Reads the clock once, after waiting until an NTP server may be asked.
    pub(super) async fn read(&self) -> Sample {
        match self {
            Self::Kernel(drift) => {
                let outcome = kernel::read(*drift);
                Sample::new(ClockSource::Kernel, Moment::now(), outcome)
            }
            Self::Ntp(client) => Sample::from_exchange(Box::pin(client.ask_when_due()).await),
            #[cfg(feature = "test-util")]
            Self::Playback(playback) => playback.read(),
        }
    }

    /// The kind of source that is read.
    pub(super) fn source(&self) -> ClockSource {
        match self {
            Self::Kernel(_) => ClockSource::Kernel,
            Self::Ntp(_) => ClockSource::Ntp,
            #[cfg(feature = "test-util")]
            Self::Playback(playback) => playback.source(),
        }
    }
}
