//! The exit codes.

use std::fmt;
use std::process::ExitCode;

/// How a program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: what was asked for was done.
    Success,
    /// 1, `check`: the clock is not good.
    NotGood,
    /// 1, `explain`: there was a fault, or the report could not be written to its end.
    Fault,
    /// 1, the demonstration: it cannot listen on its address.
    #[cfg(feature = "demo")]
    CannotListen,
    /// 2: the command line or the configuration is wrong.
    Usage,
    /// 3, `run --once` and `check`: there was no reading.
    NoReading,
    /// 3, `explain`: a file cannot be read.
    Unreadable,
    /// 3: the system refuses what the program needs.
    CannotStart,
    /// 4, `run`: lines were lost that no line has reported, or stdout is closed.
    LinesLost,
}

impl Exit {
    fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::NotGood | Self::Fault => 1,
            #[cfg(feature = "demo")]
            Self::CannotListen => 1,
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

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Success => "done",
            Self::NotGood => "the clock is not good",
            Self::Fault => "there was a fault",
            #[cfg(feature = "demo")]
            Self::CannotListen => "the program cannot listen on its address",
            Self::Usage => "the command line or the configuration is wrong",
            Self::NoReading => "there was no reading",
            Self::Unreadable => "a file cannot be read",
            Self::CannotStart => "the system refuses what the program needs",
            Self::LinesLost => "lines were lost, or stdout is closed",
        })
    }
}
