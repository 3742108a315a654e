//! A model of the segment's three writes and of its readers, in every order that the memory model of C++ allows.
//!
//! The writer makes the generation odd, writes the payload, and makes the generation even again, each with its own
//! system call. The model treats a system call as a full fence. The order of the real writer's writes is tested by
//! `the_generation_is_odd_until_all_is_written`.
#![cfg(test)]

use loom::sync::Arc;
use loom::sync::atomic::Ordering::{Acquire, Relaxed, SeqCst};
use loom::sync::atomic::{AtomicU64, fence};
use loom::thread;

/// The generation, and two words of the payload that belong together.
struct Segment {
    generation: AtomicU64,
    payload: [AtomicU64; 2],
}

impl Segment {
    fn new() -> Self {
        Self {
            generation: AtomicU64::new(2),
            payload: [AtomicU64::new(0), AtomicU64::new(0)],
        }
    }

    /// One system call.
    fn write(word: &AtomicU64, value: u64) {
        fence(SeqCst);
        word.store(value, Relaxed);
        fence(SeqCst);
    }

    fn publish(&self, value: u64) {
        Self::write(&self.generation, 3);
        fence(SeqCst);
        for word in &self.payload {
            word.store(value, Relaxed);
        }
        fence(SeqCst);
        Self::write(&self.generation, 4);
    }

    /// A payload that a reader accepts: between two reads of the same even generation.
    fn read(&self, between: impl Fn()) -> Option<[u64; 2]> {
        let before = self.generation.load(Acquire);
        let payload = [0, 1].map(|index| self.payload[index].load(Relaxed));
        between();
        let after = self.generation.load(Acquire);
        (before == after && before % 2 == 0).then_some(payload)
    }
}

/// Whether a reader ever accepts a half-written payload.
fn may_be_torn(between: fn()) -> bool {
    let model = move || {
        loom::model(move || {
            let segment = Arc::new(Segment::new());
            let writer = {
                let segment = Arc::clone(&segment);
                thread::spawn(move || segment.publish(7))
            };
            if let Some([first, second]) = segment.read(between) {
                assert_eq!(first, second, "torn");
            }
            writer.join().unwrap();
        });
    };
    std::panic::catch_unwind(model).is_err()
}

#[test]
fn a_reader_with_a_fence_never_takes_a_torn_payload_for_whole() {
    assert!(!may_be_torn(|| fence(Acquire)));
}

/// AWS's client has no fence there. In the model it reads a half-written payload; on a real machine the writer's system
/// calls, and the order of loads on x86 and, in practice, on Arm prevent that. Fewer or other writes would not help it.
#[test]
fn a_reader_without_a_fence_is_torn_in_the_model() {
    assert!(may_be_torn(|| {}));
}
