//! The exit codes.

use std::process::ExitCode;

/// How a program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: success.
    Success,
    /// 1, `check`: the clock is not good.
    NotGood,
    /// 1, `explain`: there was a fault, or the report could not be written to its end.
    Fault,
    /// 2: the command line or the configuration is wrong.
    Usage,
    /// 3, `run --once` and `check`: there was no reading.
    NoReading,
    /// 3, `explain`: a file cannot be read.
    Unreadable,
    /// 3: the system refuses what the program needs.
    CannotStart,
    /// 4, `run`: some lines were lost and never reported, or stdout is closed.
    LinesLost,
}

impl Exit {
    fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::NotGood | Self::Fault => 1,
            Self::Usage => 2,
            Self::NoReading | Self::Unreadable | Self::CannotStart => 3,
            Self::LinesLost => 4,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
