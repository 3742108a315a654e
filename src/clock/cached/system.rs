//! What a clock depends on: two clocks, a source, and sleep.

use std::future::Future;
use std::time::Duration;

use crate::source::{Sample, Source};
use crate::time::Moment;

/// The clocks, source and sleep of a clock. Tests use a simulation in which true time is known.
pub(crate) trait System: Send + Sync + 'static {
    fn now(&self) -> Moment;
    fn read(&self) -> impl Future<Output = Sample> + Send;
    fn sleep(&self, time: Duration) -> impl Future<Output = ()> + Send;
    /// How long until the source may be asked again, if it limits how often it is asked.
    fn due_in(&self) -> Duration;
}

/// The source with the clocks of this machine, and tokio's timer.
impl System for Source {
    fn now(&self) -> Moment {
        Moment::now()
    }

    fn read(&self) -> impl Future<Output = Sample> + Send {
        self.read()
    }

    fn sleep(&self, time: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(time)
    }

    fn due_in(&self) -> Duration {
        self.due_in()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NtpSettings;

    #[tokio::test]
    async fn a_server_that_was_asked_is_due_later() {
        let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let source = Source::ntp(NtpSettings {
            server: silent.local_addr().unwrap().to_string().parse().unwrap(),
            timeout: Duration::from_millis(50),
            ..NtpSettings::default()
        });
        assert_eq!(System::due_in(&source), Duration::ZERO);
        assert!(System::read(&source).await.outcome.is_err());
        assert!(System::due_in(&source) > Duration::ZERO);
    }
}
