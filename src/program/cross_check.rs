//! The option `cross-check`, and the cross-check of the command `check`.

use crate::clock::Report;
use crate::program::clock::ClockSettings;
use crate::program::options::Expected;
use crate::program::options::ntp::{CROSS_CHECK, CrossCheckKind};
use crate::program::raw::Raw;
use crate::reading::{ClockSource, ReadError, Reading};
use crate::source::{CrossCheck, NtpClient, NtpSettings};
use crate::time::DriftRate;

/// Reads the option: the server to ask, or `Some(None)` for no cross-check.
#[expect(
    clippy::option_option,
    reason = "an option that is off, or one that is at fault"
)]
pub(crate) fn cross_check(
    raw: &mut Raw<'_>,
    clock: Option<&ClockSettings>,
) -> Option<Option<NtpSettings>> {
    let kind = raw.get(&CROSS_CHECK);
    let is_ntp = clock.is_some_and(|clock| clock.source.current() == ClockSource::Ntp);
    let kind = raw.allowed(&CROSS_CHECK, kind, |kind| match kind {
        // A server cannot check itself, and would be asked on two schedules.
        CrossCheckKind::Ntp if is_ntp => Err(Expected::described(
            "none where the source is the NTP server itself",
            "ntp".to_owned(),
        )),
        _ => Ok(()),
    });
    let is_on = kind? == CrossCheckKind::Ntp;
    Some(clock.filter(|_| is_on).map(|clock| clock.ntp.clone()))
}

/// Compares readings with an NTP server, which is asked no more often than its interval allows.
#[derive(Debug)]
pub(crate) struct CrossChecker {
    client: NtpClient,
    drift: DriftRate,
    last: Option<Result<CrossCheck, ReadError>>,
}

impl CrossChecker {
    pub(crate) fn new(settings: NtpSettings, drift: DriftRate) -> Self {
        Self {
            client: NtpClient::new(settings),
            drift,
            last: None,
        }
    }

    /// Adds the comparison of this reading to its report. While the server may not be asked again, that is the last
    /// comparison.
    pub(crate) async fn check(&mut self, reading: &Reading, report: &mut Report) {
        if let Some(outcome) = self.client.ask_if_due_soon().await {
            let compared = outcome.map(|exchange| CrossCheck::new(reading, &exchange, self.drift));
            self.last = Some(compared);
        }
        if let Some(last) = &self.last {
            report.add_cross_check(last.clone());
        }
    }
}
