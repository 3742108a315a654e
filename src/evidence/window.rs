//! What one line states about the clock, in 24 bytes.

use super::state::State;

/// The time that one line covers. The figures are rounded up.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(super) struct Window {
    pub sequence: u32,
    flags: u16,
    /// The longest pause, in units of 10 ms.
    pause: u16,
    /// The time of the last reading, or of the last attempt if all failed, in milliseconds since 1970.
    pub end_ms: i64,
    /// The largest bound, in milliseconds. 0 if no reading had a bound.
    pub max_bound: f32,
    /// The bound of the last reading, in milliseconds.
    pub last_bound: f32,
}

/// Milliseconds in a unit of [`Window::pause`].
const PAUSE_UNIT: f64 = 10.0;

const _: () = assert!(
    size_of::<Window>() == 24,
    "a day of 10,000 tasks fits into 1 GB"
);

impl Window {
    /// Every reading was synchronized.
    pub(super) const SYNCHRONIZED: u16 = 1;
    /// The last reading was synchronized.
    pub(super) const ENDS_SYNCHRONIZED: u16 = 1 << 1;
    /// The clock was stepped.
    pub(super) const STEPPED: u16 = 1 << 2;
    /// A cross-check disagreed.
    pub(super) const DISAGREES: u16 = 1 << 3;
    /// The process announced its end.
    pub(super) const STOPPING: u16 = 1 << 4;
    pub(super) const HAS_READINGS: u16 = 1 << 5;
    /// A reading had no bound, if there was any.
    pub(super) const LACKS_BOUNDS: u16 = 1 << 6;
    /// The line can prove a bound.
    pub(super) const PROOF: u16 = 1 << 7;

    pub(super) fn new(sequence: u32, end_ms: i64) -> Self {
        Self {
            sequence,
            flags: 0,
            pause: 0,
            end_ms,
            max_bound: 0.0,
            last_bound: 0.0,
        }
    }

    /// Sets the flags that apply.
    pub(super) fn with_flags(mut self, flags: impl IntoIterator<Item = (u16, bool)>) -> Self {
        let set = flags.into_iter().filter(|(_, applies)| *applies);
        self.flags = set.fold(self.flags, |flags, (flag, _)| flags | flag);
        self
    }

    /// Sets the longest pause, in milliseconds.
    pub(super) fn with_pause(mut self, milliseconds: f64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a cast from a float saturates"
        )]
        let pause = (milliseconds.ceil() / PAUSE_UNIT).ceil() as u16;
        self.pause = pause;
        self
    }

    /// Sets the largest bound and that of the last reading, in milliseconds.
    pub(super) fn with_bounds(mut self, max: f64, last: f64) -> Self {
        (self.max_bound, self.last_bound) = (round_up(max), round_up(last));
        self
    }

    pub(super) fn has(self, flag: u16) -> bool {
        self.flags & flag != 0
    }

    pub(super) fn pause_ms(self) -> f64 {
        f64::from(self.pause) * PAUSE_UNIT
    }

    /// The state of a clock whose error is within the limit by this line.
    pub(super) fn state_within(self) -> State {
        if self.has(Self::PROOF) {
            State::Within
        } else {
            State::ReportedWithin
        }
    }
}

/// The next `f32` that is not smaller.
pub(super) fn round_up(value: f64) -> f32 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "corrected where it rounded down"
    )]
    let rounded = value as f32;
    if f64::from(rounded) < value {
        rounded.next_up()
    } else {
        rounded
    }
}
