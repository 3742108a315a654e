//! A critical step that depends on the clock, in Rust: AWS's ClockBound client maps the sidecar's segment.

use std::time::{Duration, Instant};

use clock_bound_client::{ClockBoundClient, ClockBoundNowResult, ClockStatus};

/// The largest error that the step tolerates.
const MAX_ERROR: i128 = 5_000_000;

/// Nanoseconds since 1970.
fn nanoseconds(seconds: i64, nanoseconds: i64) -> i128 {
    i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds)
}

/// The earliest and the latest time that it can be now, if the clock is good.
fn clock(client: &mut ClockBoundClient) -> Result<(i128, i128), String> {
    let now = client.now().map_err(|error| format!("{error:?}"))?;
    let ClockBoundNowResult {
        earliest,
        latest,
        clock_status,
    } = now;
    if clock_status != ClockStatus::Synchronized {
        return Err(format!("the clock is {clock_status:?}"));
    }
    let earliest = nanoseconds(earliest.tv_sec(), earliest.tv_nsec());
    let latest = nanoseconds(latest.tv_sec(), latest.tv_nsec());
    let error = (latest - earliest) / 2;
    if error > MAX_ERROR {
        return Err(format!("the error bound is {error} ns"));
    }
    Ok((earliest, latest))
}

/// Returns once every correct clock in the world shows a later time than `timestamp`.
fn wait_until_past(client: &mut ClockBoundClient, timestamp: i128) -> Result<(), String> {
    let deadline = Instant::now() + Duration::from_secs(10);
    while Instant::now() < deadline {
        // A clock that is not good now may become good again.
        if clock(client).is_ok_and(|(earliest, _)| earliest > timestamp) {
            return Ok(());
        }
        std::thread::sleep(Duration::from_micros(100));
    }
    Err(format!("{timestamp} is not certainly past"))
}

/// Takes the step with the latest possible time, and waits until that time has passed before publishing it.
pub(crate) fn commit(path: &str, write: impl FnOnce(i128)) -> Result<i128, String> {
    // An application opens it once, and keeps it.
    let mut client = ClockBoundClient::new_with_path(path).map_err(|error| format!("{error:?}"))?;
    let (_, timestamp) = clock(&mut client)?;
    write(timestamp);
    wait_until_past(&mut client, timestamp)?;
    Ok(timestamp)
}

fn main() -> std::process::ExitCode {
    let path = std::env::var("CLOCK_SEGMENT");
    let path = path.unwrap_or_else(|_| clock_bound_client::CLOCKBOUND_SHM_DEFAULT_PATH.to_owned());
    match commit(&path, |timestamp| println!("writing {timestamp}")) {
        Ok(timestamp) => {
            println!("committed {timestamp}");
            std::process::ExitCode::SUCCESS
        }
        Err(reason) => {
            eprintln!("refused: {reason}");
            std::process::ExitCode::FAILURE
        }
    }
}
