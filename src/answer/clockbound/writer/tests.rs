//! Tests the file as other processes see it, with AWS's own client.

mod refusals;

use std::os::unix::fs::symlink;

use clock_bound_client::{ClockBoundClient, ClockBoundErrorKind, ClockStatus};
use tempfile::TempDir;

use super::*;
use crate::answer::clockbound::clocks::{coarse, difference};
use crate::answer::clockbound::decide::unknown;
use crate::answer::clockbound::segment::Status;
use crate::time::DriftRate;

fn nothing() -> Segment {
    unknown(coarse(), DriftRate::DEFAULT)
}

/// A segment that holds for a minute.
fn synchronized(bound: Duration) -> Segment {
    let nothing = nothing();
    Segment {
        void_after: nothing.as_of + Duration::from_secs(60),
        bound,
        status: Status::Synchronized,
        ..nothing
    }
}

fn open(directory: &Path) -> Result<(Writer, OpenOutcome), Fault> {
    Writer::open(directory, &nothing(), Existing::TakeOver)
}

fn client(directory: &Path) -> ClockBoundClient {
    let path = directory.join(FILE_NAME);
    let path = path.to_str().unwrap();
    ClockBoundClient::new_with_paths(path, "/nonexistent").unwrap()
}

/// Half the range that a client gives, in nanoseconds, and the status.
fn asked(client: &mut ClockBoundClient) -> (i64, ClockStatus) {
    let now = client.now().unwrap();
    let nanos = |seconds: i64, nanos: i64| seconds * 1_000_000_000 + nanos;
    let earliest = nanos(now.earliest.tv_sec(), now.earliest.tv_nsec());
    let latest = nanos(now.latest.tv_sec(), now.latest.tv_nsec());
    ((latest - earliest) / 2, now.clock_status)
}

fn inode(directory: &Path) -> u64 {
    fs::metadata(directory.join(FILE_NAME)).unwrap().ino()
}

fn patch(directory: &Path, bytes: &[u8], offset: u64) {
    let file = OpenOptions::new()
        .write(true)
        .open(directory.join(FILE_NAME));
    file.unwrap().write_all_at(bytes, offset).unwrap();
}

#[test]
fn a_client_opens_what_is_new_and_sees_each_status() {
    let directory = TempDir::new().unwrap();
    let (mut writer, found) = open(directory.path()).unwrap();
    assert_eq!(found, OpenOutcome::New);
    let mut client = client(directory.path());
    let (half, status) = asked(&mut client);
    assert_eq!(status, ClockStatus::Unknown);
    // A day, and its growth at 15 ppm in a minute of a busy machine.
    let day = 86_400_000_000_000;
    assert!((day..day + 900_000).contains(&half), "{half}");
    for (status, seen) in [
        (Status::Synchronized, ClockStatus::Synchronized),
        (Status::FreeRunning, ClockStatus::FreeRunning),
        (Status::Disrupted, ClockStatus::Disrupted),
        (Status::Unknown, ClockStatus::Unknown),
    ] {
        let segment = Segment {
            status,
            ..synchronized(Duration::from_millis(1))
        };
        writer.publish(&segment, difference()).unwrap();
        let (half, status) = asked(&mut client);
        assert_eq!(status, seen);
        // The same.
        assert!((1_000_000..1_900_000).contains(&half), "{half}");
    }
    let mode = fs::metadata(directory.path().join(FILE_NAME))
        .unwrap()
        .mode();
    assert_eq!(mode & 0o7777, 0o644);
    let names: Vec<_> = fs::read_dir(directory.path()).unwrap().collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

#[test]
fn a_restart_keeps_the_file_and_its_clients() {
    let directory = TempDir::new().unwrap();
    let (mut writer, _) = open(directory.path()).unwrap();
    writer
        .publish(&synchronized(Duration::from_millis(1)), difference())
        .unwrap();
    let mut client = client(directory.path());
    let before = inode(directory.path());
    drop(writer);

    let (mut writer, found) = open(directory.path()).unwrap();
    let OpenOutcome::Complete {
        segment,
        difference: then,
    } = found
    else {
        panic!("{found:?}");
    };
    assert_eq!(segment.status, Status::Synchronized);
    // To the microsecond, since file systems may drop the nanoseconds.
    let moved = (difference() - then).abs();
    assert!(moved < TimeDelta::microseconds(50), "{moved}");
    assert_eq!(inode(directory.path()), before);
    assert_eq!(asked(&mut client).1, ClockStatus::Synchronized, "untouched");
    writer
        .publish(&synchronized(Duration::from_millis(7)), difference())
        .unwrap();
    assert!(
        asked(&mut client).0 >= 7_000_000,
        "the client that was open sees it"
    );
}

/// Regression: a damaged header was never noticed, and no further client could open the segment.
#[test]
fn a_damaged_header_is_restored() {
    let cases: [(&str, Spoil); 5] = [
        ("generation 0", |directory| {
            patch(directory, &[0; 2], GENERATION_OFFSET);
        }),
        ("magic", |directory| patch(directory, b"x", 0)),
        ("size", |directory| patch(directory, b"x", 8)),
        ("all zero", |directory| patch(directory, &[0; SIZE], 0)),
        ("cut off", |directory| {
            let file = OpenOptions::new()
                .write(true)
                .open(directory.join(FILE_NAME));
            file.unwrap().set_len(10).unwrap();
        }),
    ];
    for (what, spoil) in cases {
        let directory = TempDir::new().unwrap();
        let (mut writer, _) = open(directory.path()).unwrap();
        let segment = synchronized(Duration::from_millis(1));
        let written = writer.publish(&segment, difference()).unwrap();
        assert_eq!(written, Written::AsUsual, "{what}");
        let before = inode(directory.path());
        spoil(directory.path());
        let written = writer.publish(&segment, difference()).unwrap();
        assert_eq!(written, Written::Restored, "{what}");
        assert_eq!(inode(directory.path()), before, "{what}");
        let (_, status) = asked(&mut client(directory.path()));
        assert_eq!(status, ClockStatus::Synchronized, "{what}");
        let written = writer.publish(&segment, difference()).unwrap();
        assert_eq!(written, Written::AsUsual, "{what}");
    }
}

type Spoil = fn(&Path);

#[test]
fn a_torn_segment_and_one_of_another_start_of_the_machine_are_recognized() {
    let cases: [(&str, Spoil); 4] = [
        ("never written", |directory| {
            patch(directory, &[0; 2], GENERATION_OFFSET);
        }),
        ("killed in the middle", |directory| {
            patch(directory, &5_u16.to_ne_bytes(), GENERATION_OFFSET);
        }),
        ("written before the machine started", |directory| {
            let later = coarse().as_secs().cast_signed() + 100;
            patch(directory, &later.to_ne_bytes(), HEADER_SIZE as u64);
        }),
        ("a status that does not exist", |directory| {
            patch(directory, &9_i32.to_ne_bytes(), 68);
        }),
    ];
    for (what, spoil) in cases {
        let directory = TempDir::new().unwrap();
        let (mut writer, _) = open(directory.path()).unwrap();
        writer
            .publish(&synchronized(Duration::from_millis(1)), difference())
            .unwrap();
        let before = inode(directory.path());
        drop(writer);
        spoil(directory.path());
        let (mut writer, found) = open(directory.path()).unwrap();
        assert_eq!(
            (found, inode(directory.path())),
            (OpenOutcome::Incomplete, before),
            "{what}"
        );
        writer.publish(&nothing(), difference()).unwrap();
        assert_eq!(
            asked(&mut client(directory.path())).1,
            ClockStatus::Unknown,
            "{what}"
        );
    }
}

#[test]
fn what_clients_refuse_is_replaced_and_never_cut() {
    let foreign: [(&str, &[u8]); 6] = [
        ("empty", b""),
        ("text", b"this is not a segment, and longer than the eighty bytes that a segment would have had"),
        ("short", &segment::header(2)),
        ("magic", &patched(0)),
        ("version", &patched(12)),
        ("size", &patched(8)),
    ];
    for (what, content) in foreign {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join(FILE_NAME);
        fs::write(&path, content).unwrap();
        let held = File::open(&path).unwrap();
        let (mut writer, found) = open(directory.path()).unwrap();
        assert_eq!(found, OpenOutcome::New, "{what}");
        assert_ne!(
            held.metadata().unwrap().ino(),
            inode(directory.path()),
            "{what}"
        );
        assert_eq!(
            held.metadata().unwrap().len(),
            content.len() as u64,
            "{what}"
        );
        writer
            .publish(&synchronized(Duration::from_millis(1)), difference())
            .unwrap();
        assert_eq!(
            asked(&mut client(directory.path())).1,
            ClockStatus::Synchronized,
            "{what}"
        );
    }
}

fn patched(offset: usize) -> [u8; SIZE] {
    let mut bytes = nothing().to_bytes(2);
    bytes[offset] ^= 0x40;
    bytes
}

#[test]
fn the_generation_goes_round_and_never_is_0() {
    let directory = TempDir::new().unwrap();
    let (mut writer, _) = open(directory.path()).unwrap();
    patch(
        directory.path(),
        &0xfffa_u16.to_ne_bytes(),
        GENERATION_OFFSET,
    );
    writer.generation = 0xfffa;
    let mut client = client(directory.path());
    let mut generations = Vec::new();
    for bound in 1..=5 {
        writer
            .publish(&synchronized(Duration::from_secs(bound)), difference())
            .unwrap();
        generations.push(read_generation(&writer.file).unwrap());
        let (half, _) = asked(&mut client);
        assert_eq!(half / 1_000_000_000, bound.cast_signed());
    }
    assert_eq!(generations, [0xfffc, 0xfffe, 2, 4, 6]);
}

#[test]
fn a_client_does_not_open_what_was_never_written() {
    let directory = TempDir::new().unwrap();
    fs::write(directory.path().join(FILE_NAME), nothing().to_bytes(0)).unwrap();
    let path = directory.path().join(FILE_NAME);
    let refused = ClockBoundClient::new_with_paths(path.to_str().unwrap(), "/nonexistent");
    let refused = refused.err().unwrap();
    assert_eq!(refused.kind, ClockBoundErrorKind::SegmentNotInitialized);
    let (mut writer, found) = open(directory.path()).unwrap();
    assert_eq!(found, OpenOutcome::Incomplete, "so it is written at once");
    writer
        .publish(&synchronized(Duration::from_millis(1)), difference())
        .unwrap();
    assert_eq!(
        asked(&mut client(directory.path())).1,
        ClockStatus::Synchronized
    );
}

/// Readers and a writer at the same time, as fast as they can: no segment is half-written or from
/// the future.
#[test]
fn the_generation_is_odd_until_all_is_written() {
    let segment = synchronized(Duration::from_millis(1));
    let payload = segment.payload();
    let all = [
        (5_u16.to_ne_bytes().to_vec(), GENERATION_OFFSET),
        (payload.to_vec(), HEADER_SIZE as u64),
        (6_u16.to_ne_bytes().to_vec(), GENERATION_OFFSET),
    ];
    // A generation that a failed write left odd is used again.
    for generation in [4, 5] {
        for room in 0..=all.len() {
            let mut written = Vec::new();
            let outcome = write(generation, &segment, |bytes, offset| {
                if written.len() == room {
                    return Err(ErrorKind::StorageFull.into());
                }
                written.push((bytes.to_vec(), offset));
                Ok(())
            });
            assert_eq!(written, all[..room], "{generation} {room}");
            assert_eq!(outcome.ok(), (room == all.len()).then_some(6));
        }
    }
}

#[test]
fn what_is_read_while_it_is_written_is_whole() {
    let directory = TempDir::new().unwrap();
    let (mut writer, _) = open(directory.path()).unwrap();
    writer
        .publish(&synchronized(Duration::from_secs(1)), difference())
        .unwrap();
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut client = client(directory.path());
            let mut seen = 0;
            while seen < 200_000 {
                let (half, status) = asked(&mut client);
                seen += 1;
                // The errors of a client that only meets a writer at work.
                if status == ClockStatus::Unknown {
                    assert_eq!(half, 0);
                    continue;
                }
                // Even seconds are free-running, odd ones synchronized.
                let even = half / 1_000_000_000 % 2 == 0;
                assert_eq!(status == ClockStatus::FreeRunning, even, "{half}");
            }
        });
        let mut bound = 1;
        while !reader.is_finished() {
            bound = bound % 1_000 + 1;
            let segment = Segment {
                status: if bound % 2 == 0 {
                    Status::FreeRunning
                } else {
                    Status::Synchronized
                },
                ..synchronized(Duration::from_secs(bound))
            };
            writer.publish(&segment, difference()).unwrap();
        }
        reader.join().unwrap();
    });
}
