//! A ClockBound segment, as `check --clockbound` reads it while it is being written.
//!
//! The bytes are a moment, and then up to three states of the file, 80 bytes each, of which the reader sees one after the
//! other. A separate expectation, by the layout's offsets, states what may be read from them.

use std::io;
use std::time::Duration;

use super::entry::{SegmentFields, judge_segment, segment};
use arbitrary::Unstructured;
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::time;

const SIZE: usize = 80;

pub(super) fn check(bytes: &[u8]) {
    let mut input = Unstructured::new(bytes);
    let _ = check_written(&mut input);
    // The same bytes again, unchanged.
    let Some((coarse, states)) = bytes.split_first_chunk() else {
        return;
    };
    let coarse = Duration::from_millis(u32::from_le_bytes(*coarse).into());
    check_states(states, coarse);
}

fn check_states(bytes: &[u8], coarse: Duration) {
    let states: Vec<&[u8]> = bytes.chunks(SIZE).take(3).collect();
    let wall = time("2026-11-22T12:00:00Z");
    let mut reads = 0;
    let report = judge_segment(
        |buffer, at| {
            let state = states
                .get(reads)
                .or(states.last())
                .copied()
                .unwrap_or_default();
            reads += 1;
            let at = usize::try_from(at).expect("an offset in 80 bytes");
            let found = state
                .get(at..at + buffer.len())
                .ok_or(io::ErrorKind::UnexpectedEof)?;
            buffer.copy_from_slice(found);
            Ok(())
        },
        wall,
        coarse,
        Some(Duration::from_millis(5)),
    );
    assert!(reads <= 3, "one attempt");
    let Ok(report) = report else { return };
    let report: Value = serde_json::from_str(&report).expect("JSON");
    let state = |index: usize| {
        states
            .get(index)
            .or(states.last())
            .copied()
            .unwrap_or_default()
    };
    let before = generation(state(0)).expect("a header that a client takes");
    assert_ne!(before, 0);
    let is_whole = before.is_multiple_of(2) && generation(state(2)) == Some(before);
    if is_whole {
        check_report(&report, &Fields::from_state(state(1)), wall, coarse);
    } else {
        // A half-written state gives no answer.
        assert_eq!(report["verdict"], "not_good");
        assert!(
            report["earliest"].is_null()
                && report["latest"].is_null()
                && report["error_bound_ms"].is_null()
        );
    }
}

/// The generation in a header that has the layout's magic numbers, size and version.
fn generation(state: &[u8]) -> Option<u16> {
    let header = state.first_chunk::<16>()?;
    let expected = [
        0x414D_5A4E_u32.to_ne_bytes(),
        0x4342_0200_u32.to_ne_bytes(),
        80_u32.to_ne_bytes(),
    ]
    .concat();
    let is_ours = header[..12] == expected && header[12..14] == 2_u16.to_ne_bytes();
    is_ours.then(|| u16::from_ne_bytes([header[14], header[15]]))
}

/// A segment's fields, where the layout has them.
struct Fields {
    as_of: [i64; 2],
    void_after: [i64; 2],
    bound: i64,
    drift_ppb: u32,
    status: i32,
    disruption_support: u8,
}

impl Fields {
    fn from_state(state: &[u8]) -> Self {
        let long = |at: usize| i64::from_ne_bytes(state[at..at + 8].try_into().expect("8 bytes"));
        let short = |at: usize| state[at..at + 4].try_into().expect("4 bytes");
        Self {
            as_of: [long(16), long(24)],
            void_after: [long(32), long(40)],
            bound: long(48),
            drift_ppb: u32::from_ne_bytes(short(64)),
            status: i32::from_ne_bytes(short(68)),
            disruption_support: state[72],
        }
    }
}

/// Checks that the verdict is good, and has a range, only if a client of the segment would agree.
fn check_report(report: &Value, fields: &Fields, wall: DateTime<Utc>, coarse: Duration) {
    let [as_of, void_after] = [fields.as_of, fields.void_after].map(|[seconds, nanos]| {
        assert!(
            seconds >= 0 && (0..1_000_000_000).contains(&nanos),
            "a time that cannot be"
        );
        i128::from(seconds) * 1_000_000_000 + i128::from(nanos)
    });
    assert!(
        fields.bound >= 0 && fields.drift_ppb < 1_000_000_000 && (0..=3).contains(&fields.status)
    );
    assert_eq!(fields.disruption_support, 0);

    let now = i128::try_from(coarse.as_nanos()).expect("49 days");
    let is_current = as_of <= now + 1_000 && now < as_of + 5_000_000_000;
    let growth = (now - as_of).max(0) * i128::from(fields.drift_ppb) / 1_000_000_000;
    let bound = i128::from(fields.bound) + growth;
    let is_synchronized = fields.status == 1 && is_current;
    let is_good = is_synchronized && bound <= 5_000_000;
    assert_eq!(report["verdict"] == "good", is_good, "{report}");
    assert_eq!(
        report["codes"].as_array().expect("codes").is_empty(),
        is_good
    );
    assert_eq!(report["earliest"].is_string(), is_synchronized, "{report}");
    if is_synchronized {
        let at = |name: &str| -> DateTime<Utc> {
            report[name]
                .as_str()
                .expect("a time")
                .parse()
                .expect("RFC 3339")
        };
        let (earliest, latest) = (at("earliest"), at("latest"));
        let [before, after] =
            [wall - earliest, latest - wall].map(|range| range.num_microseconds());
        for side in [before, after].into_iter().flatten() {
            assert!(
                i128::from(side) * 1_000 >= bound,
                "the range leaves out what the bound allows: {report}"
            );
        }
    }
    if fields.status == 1 && now >= as_of + 5_000_000_000 && now >= void_after {
        assert_eq!(report["status"], "UNKNOWN");
    }
}

/// Checks that our segment has the layout, and is read as intended.
fn check_written(input: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let coarse = Duration::from_millis(input.arbitrary::<u32>()?.into());
    let mut duration = || -> arbitrary::Result<_> {
        Ok(Duration::new(
            input.arbitrary::<u32>()?.into(),
            input.int_in_range(0..=999_999_999)?,
        ))
    };
    let (as_of, void_after, bound) = (duration()?, duration()?, duration()?);
    let written = SegmentFields {
        as_of,
        void_after,
        bound,
        drift_ppb: input.int_in_range(0..=999_999_999)?,
        status: input.int_in_range(0..=3)?,
    };
    let generation: u16 = input.arbitrary()?;
    let state = segment(written, generation);
    assert_eq!(self::generation(&state), Some(generation));
    let fields = Fields::from_state(&state);
    let nanos = |duration: Duration| {
        [duration.as_secs(), duration.subsec_nanos().into()]
            .map(|part| i64::try_from(part).expect("136 years"))
    };
    assert_eq!(
        (fields.as_of, fields.void_after),
        (nanos(as_of), nanos(void_after))
    );
    assert_eq!(
        i128::from(fields.bound),
        i128::try_from(bound.as_nanos()).expect("136 years")
    );
    assert_eq!(
        (fields.drift_ppb, fields.status),
        (written.drift_ppb, written.status.into())
    );
    assert_eq!(state[72..], [0; 8]);
    check_states(&state, coarse);
    if generation != 0 {
        let read = judge_segment(
            |buffer, at| {
                let at = usize::try_from(at).expect("an offset in 80 bytes");
                buffer.copy_from_slice(&state[at..at + buffer.len()]);
                Ok(())
            },
            time("2026-11-22T12:00:00Z"),
            coarse,
            None,
        );
        assert!(read.is_ok(), "what was written is read: {:?}", read.err());
    }
    Ok(())
}
