//! If the system refuses a descriptor or a thread, there is a message and an exit code, never a
//! panic.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::process::getuid;

use super::*;

/// Limits of a process, set by the shell: shells use different letters for the limit on processes.
const SIX_DESCRIPTORS: &str = "ulimit -n 6";
const ONE_THREAD: &str = "ulimit -u 1 2>/dev/null || ulimit -p 1";

/// Runs the program under a limit, as a user to whom limits apply.
fn run_limited(limit: &str, arguments: &[&str]) -> Finished {
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("program");
    std::fs::copy(env!("CARGO_BIN_EXE_ecs-clock-emf"), &program).unwrap();
    let mut command = Command::new("sh");
    command
        .env_clear()
        .args(["-c", &format!("{{ {limit}; }} && exec \"$0\" \"$@\"")])
        .arg(&program)
        .args(arguments)
        .stdin(Stdio::null());
    if getuid().is_root() {
        let everyone = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(directory.path(), everyone.clone()).unwrap();
        std::fs::set_permissions(&program, everyone).unwrap();
        // The limit on processes does not apply to root.
        command.uid(61_234).gid(61_234);
    }
    crate::support::finished(command)
}

fn assert_cannot_start(finished: &Finished) {
    assert_eq!(finished.code, Some(3), "{finished:?}");
    assert_eq!(finished.stdout, "");
    let events = finished.diagnostics();
    assert_eq!(events.len(), 1, "{finished:?}");
    assert_eq!(events[0]["level"], "ERROR");
    assert_eq!(events[0]["message"], "the program cannot start");
    assert!(events[0]["error"].as_str().unwrap().contains("os error"));
}

/// Regression: it panicked with exit code 101.
#[test]
fn too_few_descriptors_are_reported() {
    for arguments in [&["--source=kernel"][..], &["check", "--source=kernel"]] {
        assert_cannot_start(&run_limited(SIX_DESCRIPTORS, arguments));
    }
    let explained = run_limited(SIX_DESCRIPTORS, &["explain", "/dev/null"]);
    assert_ne!(explained.code, Some(101), "{explained:?}");
}

/// Regression: it panicked with exit code 101.
#[test]
fn a_refused_thread_is_reported() {
    for arguments in [&["--source=kernel"][..], &["check", "--source=kernel"]] {
        assert_cannot_start(&run_limited(ONE_THREAD, arguments));
    }
}

#[test]
fn whatever_number_of_descriptors_there_is_nothing_panics() {
    for limit in 4..=20 {
        let arguments = ["--once", "--source=kernel"];
        let finished = run_limited(&format!("ulimit -n {limit}"), &arguments);
        match finished.code {
            Some(0) => assert_eq!(finished.lines().len(), 1, "{limit}"),
            _ => assert_cannot_start(&finished),
        }
    }
    let finished = run_limited("ulimit -n 20", &["--once", "--source=kernel"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
}
