//! Tests what only a person sees: colour, and progress that is erased.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::bounded::end_of;
use super::{NOW, document};

/// A deadline that no machine exceeds.
const PATIENCE: Duration = Duration::from_secs(60);

/// A terminal. It stays open here until its text was read: when the last program closes a terminal, Linux may drop
/// what was written just before.
struct Terminal {
    slave: File,
    shown: Receiver<Vec<u8>>,
}

impl Terminal {
    fn open() -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let slave = OpenOptions::new()
            .read(true)
            .write(true)
            .open(name.to_str().unwrap())
            .unwrap();
        let (sender, shown) = channel();
        let mut master = File::from(master);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = master.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { slave, shown }
    }

    fn stdio(&self) -> Stdio {
        self.slave.try_clone().unwrap().into()
    }

    /// All that was shown and not yet received, once the programs that wrote have ended.
    fn rest(mut self) -> String {
        self.slave.write_all(b"\0").unwrap();
        let mut text = Vec::new();
        while !text.ends_with(b"\0") {
            text.extend(self.shown.recv_timeout(PATIENCE).unwrap());
        }
        text.pop();
        String::from_utf8(text).unwrap()
    }
}

fn explain() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_emf-explain"));
    command.args(["--now", NOW]);
    command
        .env_remove("NO_COLOR")
        .env_remove("CLICOLOR_FORCE")
        .env("TERM", "xterm");
    command
}

fn lines() -> String {
    let good = document().to_string();
    let bad = good.replace("\"Hits\":3", "\"Hits\":\"3\"");
    format!("{good}\n{bad}\n")
}

/// What the report looks like on a terminal, with some variables set.
fn on_a_terminal(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let terminal = Terminal::open();
    let mut command = explain();
    command.args(arguments).envs(variables.iter().copied());
    command
        .stdin(Stdio::piped())
        .stdout(terminal.stdio())
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(lines().as_bytes()).unwrap();
    drop(stdin);
    assert_eq!(end_of(&mut child).code(), Some(1));
    terminal.rest()
}

#[test]
fn colour_is_for_a_terminal_that_has_it_and_a_person_who_wants_it() {
    let colour = "\u{1b}[1;31mfault\u{1b}[0m";
    let text = on_a_terminal(&[], &[]);
    assert!(text.contains(colour), "{text:?}");
    for variables in [
        &[("NO_COLOR", "")][..],
        &[("CLICOLOR_FORCE", "0")],
        &[("TERM", "dumb"), ("CLICOLOR_FORCE", "1")],
    ] {
        let text = on_a_terminal(&[], variables);
        assert!(text.contains(colour), "{variables:?}: {text:?}");
    }
    for (arguments, variables) in [
        (&[][..], &[("NO_COLOR", "1")][..]),
        (&[], &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]),
        (&[], &[("TERM", "dumb")]),
        (&["--json"], &[]),
    ] {
        let text = on_a_terminal(arguments, variables);
        assert!(text.contains("metric-not-number"), "{text:?}");
        assert!(!text.contains('\u{1b}'), "{variables:?}: {text:?}");
    }
}

/// Writes lines until the terminal has shown enough or time is over, and returns all that it showed.
fn while_reading(
    mut command: Command,
    terminal: Terminal,
    line: &str,
    enough: impl Fn(&str, Duration) -> bool,
) -> String {
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let begin = Instant::now();
    let mut text = String::new();
    while !enough(&text, begin.elapsed()) {
        assert!(begin.elapsed() < PATIENCE, "{text:?}");
        stdin.write_all(line.repeat(512).as_bytes()).unwrap();
        if let Ok(bytes) = terminal.shown.recv_timeout(Duration::from_millis(50)) {
            text.push_str(&String::from_utf8(bytes).unwrap());
        }
    }
    drop(stdin);
    end_of(&mut child);
    text.push_str(&terminal.rest());
    text
}

#[test]
fn progress_is_shown_on_a_terminal_after_a_second_and_erased_at_the_end() {
    let good = format!("{}\n", document());
    for both in [false, true] {
        let terminal = Terminal::open();
        let mut command = explain();
        let stdout = if both {
            terminal.stdio()
        } else {
            Stdio::null()
        };
        command.stdin(Stdio::piped()).stdout(stdout);
        command.stderr(terminal.stdio());
        // Plain lines are not reported until the end.
        let line = if both { "plain\n" } else { good.as_str() };
        let text = while_reading(command, terminal, line, |text, _| {
            text.contains("lines read")
        });
        assert!(text.starts_with('\r'), "{text:?}");
        let (_, after) = text.rsplit_once("lines read").unwrap();
        assert!(after.starts_with("\r\u{1b}[K"), "{text:?}");
        assert_eq!(after.contains("no-emf"), both, "{text:?}");
    }
}

/// Long enough that there would be progress.
fn long(_: &str, since: Duration) -> bool {
    since > Duration::from_millis(2_500)
}

#[test]
fn progress_is_not_shown_where_it_would_be_kept() {
    let good = format!("{}\n", document());
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut command = explain();
    command.stdin(Stdio::piped()).stdout(Stdio::null());
    command.stderr(log.reopen().unwrap());
    while_reading(command, Terminal::open(), &good, long);
    assert_eq!(std::fs::read_to_string(log.path()).unwrap(), "");
}

#[test]
fn progress_is_not_shown_on_a_terminal_that_cannot_erase_it() {
    let good = format!("{}\n", document());
    let terminal = Terminal::open();
    let mut command = explain();
    command.env("TERM", "dumb").stderr(terminal.stdio());
    command.stdin(Stdio::piped()).stdout(Stdio::null());
    assert_eq!(while_reading(command, terminal, &good, long), "");
}
