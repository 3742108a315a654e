//! The demonstration's configuration. No I/O.

use std::time::Duration;

use crate::Environment;
use crate::program::settings::{Fault, Flags, Raw, SourceConfig};
use crate::program::{options, parse};

/// The configuration of `clock-demo`.
#[derive(Debug)]
pub(super) struct DemoConfig {
    /// The clock.
    pub(super) source: SourceConfig,
    /// The address and port to listen on.
    pub(super) listen: String,
    /// The largest error that is good, unless a request names another.
    pub(super) max_error: Duration,
    /// The clock is read at most once in this time.
    pub(super) refresh_interval: Duration,
}

/// Validates the configuration.
///
/// # Errors
/// Every fault at once.
pub(super) fn demo(flags: &Flags, environment: &Environment) -> Result<DemoConfig, Vec<Fault>> {
    let mut raw = Raw::new(flags, environment);
    let config = read(&mut raw);
    raw.finish(config)
}

fn read(raw: &mut Raw<'_>) -> Option<DemoConfig> {
    let source = raw.source();
    let listen = raw.get(&options::LISTEN, parse::listen_address);
    let max_error = raw.get(&options::DEMO_MAX_ERROR, parse::duration);
    let refresh_interval = raw.get(&options::REFRESH_INTERVAL, parse::refresh_interval);
    Some(DemoConfig {
        source: source?,
        listen: listen?,
        max_error: max_error?,
        refresh_interval: refresh_interval?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let faults: Vec<String> = demo(&flags, &environment)
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
        let config = demo(&Flags::new(), &environment).unwrap();
        assert_eq!(
            (config.listen.as_str(), config.max_error),
            ("0.0.0.0:8080", Duration::from_millis(5))
        );
    }
}
