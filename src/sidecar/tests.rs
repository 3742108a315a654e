//! Tests the execution of decisions, on a paused clock: time passes only while all tasks wait for it.

pub(crate) mod life;

use std::io::{self, Write};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, mpsc};

use super::*;
use crate::reading::ClockSource;
use crate::sidecar::line::Metric;
use crate::sidecar::line::{Dimensions, Format, StorageResolution};
use crate::time::DriftRate;

/// An output that is not read until it is released.
struct Stalled {
    hold: mpsc::Receiver<()>,
    taken: Arc<Mutex<Vec<u8>>>,
}

impl Stalled {
    fn new() -> (Self, mpsc::Sender<()>, Arc<Mutex<Vec<u8>>>) {
        let (release, hold) = mpsc::channel();
        let taken = Arc::default();
        let output = Self {
            hold,
            taken: Arc::clone(&taken),
        };
        (output, release, taken)
    }
}

impl Write for Stalled {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.taken.lock().unwrap().extend_from_slice(bytes);
        let _ = self.hold.recv();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn output(sink: Sink, metrics: Vec<Metric>) -> Output {
    let now = Moment::now();
    let format = Format {
        namespace: "n".to_owned(),
        dimensions: Dimensions::Default,
        properties: Vec::new(),
        metrics,
        resolution: StorageResolution::Minute,
        drift: DriftRate::DEFAULT,
    };
    Output::new(format, sink, Observers::new(&now), now.wall)
}

fn window() -> Window {
    Window::empty(ClockSource::Ecs, Moment::now().wall)
}

fn paused() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

#[test]
fn a_stalled_reader_holds_the_end_up_for_less_than_two_seconds() {
    paused().block_on(async {
        let (stalled, _release, _) = Stalled::new();
        let mut output = output(Sink::new(stalled, 2), Metric::ALL.to_vec());
        // One line is being written, two wait, one is lost.
        for _ in 0..4 {
            output.write(&window());
        }
        let random = RandomFractions {
            delay: 0.0,
            offset: 0.0,
        };
        let now = Moment::now();
        let (control, _) = Control::start(&Rules::TYPICAL, random, now.monotonic, &now);
        let end = End {
            windows: vec![window(), window()],
            bare: window(),
        };
        let began = tokio::time::Instant::now();
        let outcome = finish(output, end, &control, Stdout::Open).await;
        let took = began.elapsed();
        assert!(took > Duration::from_secs(1), "{took:?}: it did not wait");
        // The steps after it take some time, too.
        assert!(took <= Duration::from_millis(1_900), "{took:?}");
        assert!(outcome.counts.unreported > 0);
        assert_eq!(outcome.counts.in_flight(), 0);
    });
}

/// Waits until the writer has taken the first line. Then it is known how many more fit into the queue.
fn await_first_write(taken: &Mutex<Vec<u8>>) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while taken.lock().unwrap().is_empty() {
        assert!(Instant::now() < deadline, "the writer never began");
        std::thread::yield_now();
    }
}

/// Writes far more lines than there is room for, lets the reader continue, and ends with these
/// windows. Returns the counts of the lines, how many were dropped at first, and the last line.
fn ended_after_drops(
    metrics: Vec<Metric>,
    windows: Vec<Window>,
) -> (Counts, u64, serde_json::Value) {
    let (stalled, release, taken) = Stalled::new();
    let mut output = output(Sink::new(stalled, 2), metrics);
    output.write(&window());
    await_first_write(&taken);
    for _ in 1..10 {
        output.write(&window());
    }
    let dropped = output.sink().counts().dropped;
    drop(release);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let counts = runtime.block_on(async {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
        output.finish(windows, &window(), deadline).await
    });
    let taken = taken.lock().unwrap();
    let last = taken.trim_ascii_end().rsplit(|byte| *byte == b'\n').next();
    let last = serde_json::from_slice(last.unwrap()).unwrap();
    (counts, dropped, last)
}

#[test]
fn at_the_end_a_line_of_its_own_reports_what_was_lost() {
    let (counts, dropped, last) = ended_after_drops(vec![Metric::LinesDropped], Vec::new());
    assert_eq!(dropped, 7, "{counts:?}");
    assert_eq!(last["LinesDropped"], dropped);
    assert_eq!(last["Sequence"], 11);
    assert_eq!((counts.accepted, counts.unreported), (11, 0));
}

#[test]
fn without_its_metric_a_loss_stays_unreported_and_no_line_is_written_for_it() {
    let (counts, dropped, last) = ended_after_drops(vec![Metric::ClockErrorBound], vec![window()]);
    assert_eq!(dropped, 7, "{counts:?}");
    assert_eq!((counts.accepted, counts.unreported), (11, dropped));
    assert!(last.get("LinesDropped").is_none(), "{last}");
}

#[test]
fn failures_to_answer_stay_for_a_line_that_finds_room() {
    let (stalled, _release, taken) = Stalled::new();
    let mut output = output(Sink::new(stalled, 2), Metric::ALL.to_vec());
    let errors = output.observers().errors();
    errors.store(5, Ordering::Relaxed);
    output.write(&window());
    assert_eq!(output.sink().unreported().answer_errors, 0);
    await_first_write(&taken);
    // There is room for two more.
    output.write(&window());
    output.write(&window());
    errors.store(5, Ordering::Relaxed);
    output.write(&window());
    assert_eq!(output.sink().counts().dropped, 1);
    assert_eq!(output.sink().unreported().answer_errors, 5);
}
