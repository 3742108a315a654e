//! Limits by the name of the system that depends on the clock.
//!
//! `src/answer/limits.md` explains each row, with its source and date. A test compares the two tables.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::invalid::SHOWN;
use crate::text::cut;

/// A system that depends on the clock, with the largest error bound that it tolerates.
///
/// Systems that limit the *difference* of two clocks tolerate half of that difference as the error bound of
/// each. The option `--for` and the parameter `for` of `/clock` take these names.
///
/// ```
/// use std::time::Duration;
/// use ecs_clock_emf::Preset;
///
/// let preset: Preset = "yugabytedb".parse()?;
/// assert_eq!(preset.max_error(), Duration::from_millis(250));
/// assert_eq!(preset.to_string(), "yugabytedb");
/// # Ok::<(), ecs_clock_emf::InvalidPreset>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preset {
    name: &'static str,
    max_error: Duration,
}

impl Preset {
    /// Every preset, in the order of the documentation.
    pub const ALL: &'static [Self] = &[
        // 0.8 × 500 ms / 2
        Self::new("cockroachdb", Duration::from_millis(200)),
        // 0.8 × 250 ms / 2
        Self::new("cockroachdb-250ms", Duration::from_millis(100)),
        Self::new("yugabytedb", Duration::from_millis(250)),
        Self::new("yugabytedb-clockbound", Duration::from_micros(2_500)),
        Self::new("ydb", Duration::from_micros(12_500)),
        Self::new("etcd", Duration::from_millis(500)),
        Self::new("ceph", Duration::from_millis(25)),
        Self::new("kudu", Duration::from_secs(10)),
        Self::new("couchbase", Duration::from_millis(2_500)),
        Self::new("hbase", Duration::from_secs(15)),
        Self::new("kerberos", Duration::from_secs(150)),
        Self::new("sigv4", Duration::from_secs(300)),
    ];

    const fn new(name: &'static str, max_error: Duration) -> Self {
        Self { name, max_error }
    }

    /// The name, such as `cockroachdb`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.name
    }

    /// The largest error bound that the system tolerates.
    #[must_use]
    pub fn max_error(self) -> Duration {
        self.max_error
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl FromStr for Preset {
    type Err = InvalidPreset;

    fn from_str(text: &str) -> Result<Self, InvalidPreset> {
        let preset = Self::ALL.iter().find(|preset| preset.name == text);
        preset.copied().ok_or_else(|| InvalidPreset {
            given: cut(text, SHOWN),
        })
    }
}

/// The error for a name that is not that of a [`Preset`]. Its message lists the names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidPreset {
    given: String,
}

impl InvalidPreset {
    /// The expected names.
    #[must_use]
    pub fn expected() -> String {
        let names: Vec<&str> = Preset::ALL.iter().map(|preset| preset.name).collect();
        format!("one of {}", names.join(", "))
    }
}

impl fmt::Display for InvalidPreset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}, got {:?}", Self::expected(), self.given)
    }
}

impl std::error::Error for InvalidPreset {}
