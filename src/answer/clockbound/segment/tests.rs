//! Tests the bytes of a segment, and what is refused.

use super::*;
use proptest::prelude::*;

const SYNCHRONIZED: Segment = Segment {
    as_of: Duration::new(1, 2),
    void_after: Duration::new(101, 999_999_999),
    bound: Duration::from_nanos(446_931),
    drift_ppb: 15_000,
    status: Status::Synchronized,
    disruption_support: false,
};

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(target_endian = "little")]
#[test]
fn it_is_these_bytes() {
    let unknown = Segment {
        as_of: Duration::new(0x0102_0304_0506, 7),
        void_after: Duration::new(0x0102_0304_0506, 7),
        bound: Duration::from_secs(86_400),
        drift_ppb: 10_000_000,
        status: Status::Unknown,
        ..SYNCHRONIZED
    };
    for (segment, generation, expected) in [
        (
            SYNCHRONIZED,
            2,
            concat!(
                "4e5a4d41000242435000000002000200",
                "01000000000000000200000000000000",
                "6500000000000000ffc99a3b00000000",
                "d3d10600000000000000000000000000",
                "983a0000010000000000000000000000",
            ),
        ),
        (
            unknown,
            0xfffe,
            concat!(
                "4e5a4d4100024243500000000200feff",
                "06050403020100000700000000000000",
                "06050403020100000700000000000000",
                "00004f91944e00000000000000000000",
                "80969800000000000000000000000000",
            ),
        ),
    ] {
        assert_eq!(hex(&segment.to_bytes(generation)), expected);
    }
}

#[test]
fn what_is_too_large_is_held_at_the_largest() {
    let segment = Segment {
        bound: Duration::MAX,
        as_of: Duration::MAX,
        ..SYNCHRONIZED
    };
    let payload = segment.payload();
    let back = Segment::from_payload(&payload).unwrap();
    assert_eq!(back.bound, Duration::from_nanos(i64::MAX as u64));
    assert_eq!(back.as_of.as_secs(), i64::MAX as u64);
}

#[test]
fn a_header_is_one_or_says_why_not() {
    assert_eq!(generation(&header(7)), Ok(7));
    for (offset, what) in [
        (0, "other magic numbers"),
        (4, "other magic numbers"),
        (8, "a size other than 80 bytes"),
        (12, "a version other than 2"),
    ] {
        let mut bytes = header(2);
        bytes[offset] ^= 1;
        assert_eq!(generation(&bytes), Err(Malformed(what)), "{offset}");
    }
}

#[test]
fn a_payload_is_one_or_says_why_not() {
    let wrong = |offset: usize, byte: u8| {
        let mut payload = SYNCHRONIZED.payload();
        payload[offset] = byte;
        Segment::from_payload(&payload).map_err(|malformed| malformed.0)
    };
    let highest = |offset: usize| {
        if cfg!(target_endian = "little") {
            offset + 7
        } else {
            offset
        }
    };
    assert_eq!(wrong(highest(0), 0x80), Err("a time that cannot be"));
    assert_eq!(wrong(highest(24), 0x01), Err("a time that cannot be"));
    assert_eq!(wrong(highest(32), 0xff), Err("a negative bound"));
    let low = if cfg!(target_endian = "little") { 0 } else { 3 };
    assert_eq!(
        wrong(48 + 3 - low, 0xff),
        Err("a drift rate that cannot be")
    );
    assert_eq!(wrong(52 + low, 4), Err("a status that does not exist"));
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        as_of in 0..u64::MAX / 4,
        void_after in 0..u64::MAX / 4,
        bound in 0..=i64::MAX as u64,
        drift_ppb in 0..1_000_000_000_u32,
        status in 0..4_i32,
        disruption_support in any::<bool>(),
    ) {
        let segment = Segment {
            as_of: Duration::from_nanos(as_of),
            void_after: Duration::from_nanos(void_after),
            bound: Duration::from_nanos(bound),
            drift_ppb,
            status: Status::from_word(status).unwrap(),
            disruption_support,
        };
        prop_assert_eq!(Segment::from_payload(&segment.payload()), Ok(segment));
    }

    #[test]
    fn no_bytes_make_it_panic(payload in any::<[u8; 32]>(), more in any::<[u8; 32]>()) {
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&payload);
        bytes[32..].copy_from_slice(&more);
        let _ = Segment::from_payload(&bytes);
    }
}
