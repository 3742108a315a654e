//! The clock that the options name, ready to be read.

use std::time::Duration;

use crate::clock::Limits;
use crate::program::options::answer::CLOCKBOUND_DIRECTORY;
use crate::program::options::check::{AGE_ADJUSTED, FOR, MAX_AGE, MAX_ERROR};
use crate::program::options::clock::{
    ENDPOINT, MAX_DRIFT_PPM, REQUEST_TIMEOUT, SOURCE, SourceKind,
};
use crate::program::options::ntp::{NTP_INTERVAL, NTP_SERVER};
use crate::program::raw::{Problem, Raw};
use crate::source::{ENDPOINT_VARIABLE, InvalidSource, NtpServer, NtpSettings, Source};
use crate::time::DriftRate;

/// The interval of requests, and of samples with the source `ntp`, if none is given. Every sample of this source is a
/// request to another operator's server, so samples are rarer than with other sources.
const USUAL: Duration = Duration::from_secs(16);
/// The same with a segment. Databases that read it accept a bound of a few milliseconds, and with 16 s the growth at
/// 100 ppm alone takes 1.6 ms of that.
const USUAL_WITH_SEGMENT: Duration = Duration::from_secs(4);

/// The interval of the source `ntp` if none is given.
pub(crate) fn usual_ntp_interval(raw: &Raw<'_>) -> Duration {
    if raw.is_given(&CLOCKBOUND_DIRECTORY) {
        USUAL_WITH_SEGMENT
    } else {
        USUAL
    }
}

/// The settings of everything that reads a clock.
#[derive(Debug)]
pub(crate) struct ClockSettings {
    /// The source, set up but not yet asked.
    pub source: Source,
    /// Its name in the configuration.
    pub kind: SourceKind,
    /// How fast the clock may drift.
    pub drift: DriftRate,
    /// Whether this is an ECS task: there is an endpoint.
    pub in_ecs: bool,
    /// How an NTP server is asked, as a source or for the cross-check.
    pub ntp: NtpSettings,
}

/// Reads the options of [`ClockSettings`].
pub(crate) fn clock(raw: &mut Raw<'_>) -> Option<ClockSettings> {
    let kind = raw.get(&SOURCE);
    let (usual_drift, usual_interval) = match kind {
        // Nothing shows that the clock is synchronized.
        Some(SourceKind::Ntp) => (DriftRate::UNDISCIPLINED, usual_ntp_interval(raw)),
        _ => (DriftRate::DEFAULT, NtpSettings::default().interval),
    };
    let timeout = raw.get(&REQUEST_TIMEOUT);
    let drift = raw.get_or(&MAX_DRIFT_PPM, usual_drift);
    let server = raw.get_or(&NTP_SERVER, NtpServer::default());
    let interval = raw.get_or(&NTP_INTERVAL, usual_interval);
    let endpoint = raw.get(&ENDPOINT);
    let endpoint = endpoint.or_else(|| raw.environment().get(ENDPOINT_VARIABLE));
    let ntp = NtpSettings {
        server: server.clone().unwrap_or_default(),
        interval: interval.unwrap_or(usual_interval),
        timeout: timeout.unwrap_or_default(),
        drift: drift.unwrap_or(usual_drift),
    };
    // Opened even if another option is invalid, so that a fault of the address is reported too.
    let source = open(raw, kind?, endpoint.as_deref(), &ntp);
    let _ = (server?, timeout?, interval?);
    Some(ClockSettings {
        source: source?,
        kind: kind?,
        drift: drift?,
        in_ecs: endpoint.is_some(),
        ntp,
    })
}

/// Reads the options that limit the error bound.
pub(crate) fn error_limits(raw: &mut Raw<'_>) -> Limits {
    Limits {
        max_error: raw.get(&MAX_ERROR).unwrap_or_default(),
        preset: raw.get(&FOR),
        ..Limits::default()
    }
}

/// Reads all options that limit what a good clock is.
pub(crate) fn limits(raw: &mut Raw<'_>) -> Limits {
    let mut limits = error_limits(raw);
    limits.max_age = raw.get(&MAX_AGE).unwrap_or_default();
    limits.age_adjusted = raw.is_on(&AGE_ADJUSTED);
    limits
}

fn open(
    raw: &mut Raw<'_>,
    kind: SourceKind,
    endpoint: Option<&str>,
    ntp: &NtpSettings,
) -> Option<Source> {
    use SourceKind::{Auto, Ecs, Kernel, Ntp};
    // The kernel source exists on Linux only.
    let without_endpoint = || Source::kernel().unwrap_or_else(|_| Source::ntp(ntp.clone()));
    let timeout = ntp.timeout;
    let opened = match (kind, endpoint) {
        (Auto, Some(base)) => Source::auto(base, timeout, Some(without_endpoint())),
        (Auto, None) => Ok(without_endpoint()),
        (Ecs, Some(base)) => Source::ecs(base, timeout),
        (Kernel, _) => Source::kernel(),
        (Ntp, _) => Ok(Source::ntp(ntp.clone())),
        (Ecs, None) => {
            let problem = Problem::NeedsVariable(ENDPOINT_VARIABLE);
            raw.fault("--source", "ecs", problem);
            return None;
        }
    };
    let refused = |invalid: InvalidSource| match endpoint {
        Some(base) if matches!(kind, Auto | Ecs) => {
            let place = raw.place_of(&ENDPOINT);
            let place = place.unwrap_or_else(|| ENDPOINT_VARIABLE.to_owned());
            raw.fault(&place, base, Problem::Source(invalid));
        }
        // The other sources can always be opened.
        _ => raw.fault("--source", "kernel", Problem::Source(invalid)),
    };
    let in_task = |source: Source| match endpoint {
        Some(base) => source.in_task_at(base),
        None => source,
    };
    opened.map(in_task).map_err(refused).ok()
}
