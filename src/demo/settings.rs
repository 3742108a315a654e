//! The demonstration's settings. No I/O.

use std::time::Duration;

use crate::ErrorLimit;
use crate::program::clock::{ClockSettings, clock};
use crate::program::options::demo::{LISTEN, MAX_ERROR, REFRESH_INTERVAL};
use crate::program::raw::Raw;

/// The settings of `clock-demo`.
#[derive(Debug)]
pub(super) struct Settings {
    /// The clock.
    pub(super) clock: ClockSettings,
    /// The address and port to listen on.
    pub(super) listen: String,
    /// The largest error that is good, unless a request names another.
    pub(super) max_error: ErrorLimit,
    /// The clock is read at most once in this time.
    pub(super) refresh_interval: Duration,
}

/// Reads the options.
pub(super) fn read(raw: &mut Raw<'_>) -> Option<Settings> {
    let clock = clock(raw);
    let listen = raw.get(&LISTEN);
    let max_error = raw.get(&MAX_ERROR);
    let refresh_interval = raw.get(&REFRESH_INTERVAL);
    Some(Settings {
        clock: clock?,
        listen: listen?,
        max_error: max_error?,
        refresh_interval: refresh_interval?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Environment;
    use crate::program::options::assert_consistent;
    use crate::program::raw::{Fault, Flags};

    fn settings(flags: &Flags, environment: &Environment) -> Result<Settings, Vec<Fault>> {
        let mut raw = Raw::new(flags, environment);
        let settings = read(&mut raw);
        raw.finish(settings).map(|(settings, _)| settings)
    }

    #[test]
    fn every_option_agrees_with_itself() {
        assert_consistent(&crate::program::settings::options_of(read));
    }

    #[test]
    fn faults_come_out_at_once_and_defaults_are_good() {
        let environment: Environment = [
            (
                "ECS_CONTAINER_METADATA_URI_V4",
                "http://169.254.170.2/v4/id",
            ),
            ("CLOCK_DEMO_MAX_ERROR", "5"),
            ("CLOCK_EMF_SOURCE", "x"),
        ]
        .into_iter()
        .collect();
        let flags = Flags::from([
            ("listen", "8080".to_owned()),
            ("refresh-interval", "0s".to_owned()),
        ]);
        let faults: Vec<String> = settings(&flags, &environment)
            .unwrap_err()
            .into_iter()
            .map(|fault| fault.option)
            .collect();
        assert_eq!(
            faults,
            [
                "CLOCK_EMF_SOURCE",
                "--listen",
                "CLOCK_DEMO_MAX_ERROR",
                "--refresh-interval"
            ]
        );

        let environment: Environment = [(
            "ECS_CONTAINER_METADATA_URI_V4",
            "http://169.254.170.2/v4/id",
        )]
        .into_iter()
        .collect();
        let settings = settings(&Flags::new(), &environment).unwrap();
        assert_eq!(
            (settings.listen.as_str(), settings.max_error.to_string()),
            ("0.0.0.0:8080", "5ms".to_owned())
        );
    }
}
