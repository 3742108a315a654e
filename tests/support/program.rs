//! Starts and stops the program.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::Line;
use super::bounded::output_of;

/// Longer than any step on a busy machine; only a failure waits so long.
const PATIENCE: Duration = Duration::from_secs(60);

fn command(arguments: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ecs-clock-emf"));
    command
        .env_clear()
        .envs(environment.iter().copied())
        .args(arguments)
        .stdin(Stdio::null());
    command
}

/// The result of a finished program.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Finished {
    /// Its stdout as EMF lines, each of them valid.
    pub(crate) fn lines(&self) -> Vec<Line> {
        assert!(
            self.stdout.is_empty() || self.stdout.ends_with('\n'),
            "{self:?}"
        );
        self.stdout.lines().map(Line::read).collect()
    }

    /// Its only line.
    pub(crate) fn line(&self) -> Line {
        let mut lines = self.lines();
        assert_eq!(lines.len(), 1, "{self:?}");
        lines.remove(0)
    }

    /// Its stderr, each line of which is a JSON object.
    pub(crate) fn diagnostics(&self) -> Vec<serde_json::Value> {
        let read =
            |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        self.stderr.lines().map(read).collect()
    }
}

/// Runs the program to its end.
pub(crate) fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Finished {
    finished(command(arguments, environment))
}

/// Runs a command to its end.
pub(crate) fn finished(mut command: Command) -> Finished {
    let output = output_of(&mut command);
    Finished {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Lines as they come.
fn lines_of(stdout: ChildStdout) -> Receiver<String> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines() {
            if sender.send(line.unwrap()).is_err() {
                return;
            }
        }
    });
    lines
}

/// A running program whose lines are read as they come.
pub(crate) struct Program {
    child: Child,
    lines: Option<Receiver<String>>,
    stderr: Option<JoinHandle<String>>,
}

impl Program {
    pub(crate) fn start(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut program = Self::start_unread(arguments, environment, Stdio::piped());
        program.lines = Some(lines_of(program.child.stdout.take().unwrap()));
        program
    }

    /// A program that may open this many descriptors.
    #[cfg(target_os = "linux")]
    pub(crate) fn start_with_descriptors(
        descriptors: u32,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        let mut limited = Command::new("sh");
        limited
            .env_clear()
            .envs(environment.iter().copied())
            .args([
                "-c",
                &format!("ulimit -n {descriptors} && exec \"$0\" \"$@\""),
            ])
            .arg(env!("CARGO_BIN_EXE_ecs-clock-emf"))
            .args(arguments)
            .stdin(Stdio::null());
        let mut program = Self::spawn(limited, Stdio::piped());
        program.lines = Some(lines_of(program.child.stdout.take().unwrap()));
        program
    }

    /// A program whose stdout goes to the test's target.
    pub(crate) fn start_unread(
        arguments: &[&str],
        environment: &[(&str, &str)],
        stdout: Stdio,
    ) -> Self {
        Self::spawn(command(arguments, environment), stdout)
    }

    fn spawn(mut command: Command, stdout: Stdio) -> Self {
        let mut child = command
            .stdout(stdout)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let stderr = std::thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).unwrap();
            text
        });
        Self {
            child,
            lines: None,
            stderr: Some(stderr),
        }
    }

    /// A program whose stderr goes to the test's target.
    #[cfg(target_os = "linux")]
    pub(crate) fn start_with_stderr(
        arguments: &[&str],
        environment: &[(&str, &str)],
        stderr: Stdio,
    ) -> Self {
        let mut child = command(arguments, environment)
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .unwrap();
        let lines = Some(lines_of(child.stdout.take().unwrap()));
        Self {
            child,
            lines,
            stderr: None,
        }
    }

    /// A program whose stderr pipe has no reader.
    pub(crate) fn start_with_closed_stderr(
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        let mut child = command(arguments, environment)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stderr.take());
        let lines = Some(lines_of(child.stdout.take().unwrap()));
        Self {
            child,
            lines,
            stderr: None,
        }
    }

    /// Its next line.
    pub(crate) fn line(&mut self) -> Line {
        let lines = self.lines.as_ref().unwrap();
        Line::read(&lines.recv_timeout(PATIENCE).unwrap())
    }

    /// Its lines up to the first that `wanted` accepts.
    pub(crate) fn line_where(&mut self, wanted: impl Fn(&Line) -> bool) -> Line {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let line = self.line();
            if wanted(&line) {
                return line;
            }
            assert!(Instant::now() < deadline, "the last line: {line:?}");
        }
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for its end.
    pub(crate) fn finish(mut self) -> Finished {
        let deadline = Instant::now() + PATIENCE;
        let code = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status.code();
            }
            assert!(Instant::now() < deadline, "it does not end");
            std::thread::sleep(Duration::from_millis(5));
        };
        let rest: Vec<String> = self.lines.take().into_iter().flatten().collect();
        Finished {
            code,
            stdout: rest.iter().map(|line| line.clone() + "\n").collect(),
            stderr: self
                .stderr
                .take()
                .map_or_else(String::new, |stderr| stderr.join().unwrap()),
        }
    }

    /// Sends SIGTERM and waits for the end.
    pub(crate) fn stop(self) -> Finished {
        self.signal(Signal::TERM);
        self.finish()
    }
}

impl Drop for Program {
    /// Stops the process after a failed test too.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
