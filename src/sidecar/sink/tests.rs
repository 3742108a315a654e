//! Tests the counts of lines, with scripted outputs.

use super::*;
use std::sync::mpsc;

/// An output with a scripted outcome for each write; without one, a write waits.
struct ScriptedOutput {
    orders: mpsc::Receiver<io::Result<usize>>,
    taken: Arc<Mutex<Vec<u8>>>,
}

impl Write for ScriptedOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // After the end of the script every write succeeds.
        let count = self
            .orders
            .recv()
            .unwrap_or(Ok(usize::MAX))?
            .min(bytes.len());
        self.taken
            .lock()
            .unwrap()
            .extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Rig {
    sink: Sink,
    order: mpsc::Sender<io::Result<usize>>,
    taken: Arc<Mutex<Vec<u8>>>,
}

fn rig(capacity: usize) -> Rig {
    let (order, orders) = mpsc::channel();
    let taken = Arc::default();
    let output = ScriptedOutput {
        orders,
        taken: Arc::clone(&taken),
    };
    Rig {
        sink: Sink::new(output, capacity),
        order,
        taken,
    }
}

const NOTHING: Report = Report {
    lines: 0,
    answer_errors: 0,
};

fn lost(lines: u64) -> Report {
    Report { lines, ..NOTHING }
}

fn block_on<T>(task: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap()
        .block_on(task)
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

fn settled(sink: &Sink) {
    block_on(sink.wait_for(|accounts| accounts.counts.in_flight() == 0));
}

#[test]
fn a_burst_faster_than_the_reader_adds_up_and_is_said() {
    let mut rig = rig(8);
    for _ in 0..100 {
        rig.sink.send(b"line\n", NOTHING);
    }
    let counts = rig.sink.counts();
    assert_eq!(counts.accepted, 100);
    // One line may be in progress while eight wait.
    assert!((91..=92).contains(&counts.dropped), "{counts:?}");
    assert_eq!(rig.sink.unreported().lines, counts.dropped);

    // A line that is dropped is lost with its report.
    rig.sink.send(b"report\n", lost(counts.dropped));
    assert_eq!(rig.sink.unreported().lines, counts.dropped + 1);

    drop(rig.order);
    settled(&rig.sink);
    let reported = rig.sink.unreported().lines;
    rig.sink.send(b"report\n", lost(reported));
    let counts = block_on(rig.sink.finish(soon()));
    assert_eq!(
        counts.accepted,
        counts.written + counts.failed + counts.dropped
    );
    assert_eq!((counts.failed, counts.unreported), (0, 0));
    let taken = rig.taken.lock().unwrap();
    assert_eq!(
        taken.split_inclusive(|byte| *byte == b'\n').count() as u64,
        counts.written
    );
}

#[test]
fn a_lost_line_gives_back_the_failures_to_answer_that_it_reports() {
    let mut rig = rig(1);
    rig.sink.add_answer_errors(5);
    let report = rig.sink.unreported();
    assert_eq!((report.lines, report.answer_errors), (0, 5));
    rig.order.send(Err(ErrorKind::StorageFull.into())).unwrap();
    rig.sink.send(b"fails\n", report);
    settled(&rig.sink);
    let report = rig.sink.unreported();
    assert_eq!((report.lines, report.answer_errors), (1, 5));
    // The writer waits for the script, with one line in progress and at most one in the queue.
    for _ in 0..2 {
        rig.sink.send(b"waits\n", NOTHING);
    }
    rig.sink.send(b"finds no room\n", report);
    let report = rig.sink.unreported();
    assert_eq!(report.answer_errors, 5);
    drop(rig.order);
    settled(&rig.sink);
    rig.sink.send(b"written\n", report);
    settled(&rig.sink);
    assert_eq!(rig.sink.unreported(), NOTHING);
}

#[test]
fn a_failed_line_takes_its_report_back() {
    let mut rig = rig(8);
    rig.order.send(Err(ErrorKind::StorageFull.into())).unwrap();
    rig.sink.send(b"one\n", NOTHING);
    settled(&rig.sink);
    assert_eq!(rig.sink.unreported().lines, 1);
    rig.order.send(Err(ErrorKind::StorageFull.into())).unwrap();
    rig.sink.send(b"two\n", lost(1));
    settled(&rig.sink);
    assert_eq!(rig.sink.unreported().lines, 2);
    drop(rig.order);
    rig.sink.send(b"three\n", lost(2));
    let counts = block_on(rig.sink.finish(soon()));
    let expected = Counts {
        accepted: 3,
        written: 1,
        failed: 2,
        dropped: 0,
        unreported: 0,
    };
    assert_eq!(counts, expected);
}

#[test]
fn a_line_after_one_that_broke_off_begins_a_line_of_its_own() {
    let mut rig = rig(8);
    rig.order.send(Ok(3)).unwrap();
    rig.order.send(Err(ErrorKind::StorageFull.into())).unwrap();
    drop(rig.order);
    rig.sink.send(b"broken\n", NOTHING);
    rig.sink.send(b"whole\n", NOTHING);
    let counts = block_on(rig.sink.finish(soon()));
    assert_eq!(*rig.taken.lock().unwrap(), b"bro\nwhole\n");
    assert_eq!((counts.written, counts.failed), (1, 1));
}

#[test]
fn a_full_output_that_does_not_block_is_waited_for() {
    let mut rig = rig(8);
    rig.order.send(Err(ErrorKind::WouldBlock.into())).unwrap();
    rig.order.send(Err(ErrorKind::Interrupted.into())).unwrap();
    rig.order.send(Ok(2)).unwrap();
    rig.order.send(Err(ErrorKind::WouldBlock.into())).unwrap();
    drop(rig.order);
    rig.sink.send(b"line\n", NOTHING);
    let counts = block_on(rig.sink.finish(soon()));
    assert_eq!(*rig.taken.lock().unwrap(), b"line\n");
    assert_eq!((counts.written, counts.failed), (1, 0));
}

#[test]
fn a_reader_that_is_gone_is_noticed() {
    let mut rig = rig(8);
    rig.order.send(Err(ErrorKind::BrokenPipe.into())).unwrap();
    rig.sink.send(b"line\n", NOTHING);
    block_on(rig.sink.closed());
    assert_eq!(rig.sink.counts().failed, 1);
}

#[test]
fn what_is_stuck_at_the_end_counts_as_lost_with_its_reports() {
    let mut rig = rig(8);
    rig.sink.send(b"one\n", NOTHING);
    rig.sink.send(b"two\n", lost(5));
    let counts = block_on(rig.sink.finish(Instant::now()));
    assert_eq!(
        (counts.written, counts.failed, counts.unreported),
        (0, 2, 7)
    );
}

#[test]
fn room_is_waited_for() {
    let mut rig = rig(2);
    for _ in 0..3 {
        rig.sink.send(b"line\n", NOTHING);
    }
    rig.order.send(Ok(usize::MAX)).unwrap();
    rig.order.send(Ok(usize::MAX)).unwrap();
    block_on(rig.sink.room(soon()));
    rig.sink.send(b"line\n", NOTHING);
    drop(rig.order);
    let before = rig.sink.counts().dropped;
    let counts = block_on(rig.sink.finish(soon()));
    assert_eq!(counts.dropped, before);
}
