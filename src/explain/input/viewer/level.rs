//! The words that distinguish a logger from a viewer.

/// Whether a word is a level, or a stream of the process.
pub(super) fn is_level(word: &str) -> bool {
    const LEVELS: [&str; 16] = [
        "TRACE",
        "DEBUG",
        "INFO",
        "INFORMATION",
        "NOTICE",
        "WARN",
        "WARNING",
        "ERROR",
        "ERR",
        "FATAL",
        "CRITICAL",
        "PANIC",
        "SEVERE",
        "STDOUT",
        "STDERR",
        "LOG",
    ];
    let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    LEVELS.iter().any(|level| level.eq_ignore_ascii_case(bare))
}
