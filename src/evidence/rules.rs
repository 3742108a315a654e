//! What a statement is judged by.

/// The limit, the drift and the span of a statement.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rules {
    /// The limit, in milliseconds.
    pub max_error_ms: f64,
    /// How fast a clock may drift between two readings, as a ratio.
    pub drift: f64,
    /// The first moment, in milliseconds since 1970; otherwise each task begins with its first line.
    pub from_ms: Option<i64>,
    /// The last moment; otherwise the last one that all running tasks cover.
    pub to_ms: Option<i64>,
}

impl Rules {
    /// How many milliseconds a bound takes to grow by `growth_ms`, rounded down.
    pub(super) fn milliseconds_of_growth(&self, growth_ms: f64) -> i64 {
        if growth_ms <= 0.0 {
            return 0;
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a cast from a float saturates"
        )]
        let elapsed = (growth_ms / self.drift).floor() as i64;
        elapsed
    }
}
