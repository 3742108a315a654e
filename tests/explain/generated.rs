//! Properties over generated documents and arbitrary bytes.

use emf_explain::{Input, Kind, Rule};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use super::documents::{SPOILS, document, number};
use super::{Findings, NOW_MS, events_of, found};

proptest! {
    #[test]
    fn a_valid_document_yields_exactly_its_points(document in document(false)) {
        let found = found(document.to_json().to_string().as_bytes());
        prop_assert_eq!(found.faults, Vec::new());
        // If sets and metrics repeat, the points are as many, but not all certain.
        let mut points = found.points;
        for point in &mut points {
            point.as_object_mut().unwrap().remove("certain");
        }
        prop_assert_eq!(points, document.points());
    }

    #[test]
    fn every_spoilt_document_has_a_fault_and_no_point_that_was_not_there(document in document(true)) {
        let good = document.points();
        for (name, spoil) in SPOILS {
            let mut json = document.to_json();
            spoil(&document, &mut json);
            let found = found(json.to_string().as_bytes());
            prop_assert!(!found.faults.is_empty(), "{name}: {json}");
            let certain: Vec<_> = found.points.iter().filter(|point| point.get("certain").is_none()).collect();
            prop_assert!(certain.iter().all(|point| good.contains(point)), "{name}: {certain:?}");
            prop_assert!(certain.len() < good.len(), "{name}: {certain:?}");
        }
    }

    #[test]
    fn every_spoilt_text_is_a_fault_and_no_certain_point(document in document(true), at in any::<Index>(), pick in 0..4) {
        let text = document.to_json().to_string();
        let spoilt = match pick {
            0 => format!("{text}{text}"),
            1 => format!("{text} done"),
            2 => text[..text.len() - 1].to_owned(),
            _ => {
                let ends: Vec<_> = text.char_indices().map(|(at, _)| at).filter(|&at| at > 7).collect();
                let at = ends[at.index(ends.len())];
                text[..at].to_owned()
            }
        };
        let found = found(format!("{spoilt}\n").as_bytes());
        let certain = found.points.iter().filter(|point| point.get("certain").is_none()).count();
        prop_assert_eq!(certain, 0, "{}", spoilt);
        prop_assert!(!found.faults.is_empty(), "{}", spoilt);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        check_bytes(&bytes);
        check_bytes(&[b"{\"_aws\"".as_slice(), &bytes].concat());
    }

    #[test]
    fn arbitrary_changes_of_a_document_never_panic(
        document in document(true),
        changes in prop::collection::vec((any::<Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = document.to_json().to_string().into_bytes();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        check_bytes(&bytes);
    }

    #[test]
    fn json_of_any_shape_where_metadata_belongs_never_panics(aws in any_json()) {
        check_bytes(json!({ "_aws": aws }).to_string().as_bytes());
        let directives = json!({"Timestamp": NOW_MS, "CloudWatchMetrics": [aws]});
        check_bytes(json!({ "_aws": directives }).to_string().as_bytes());
    }
}

/// JSON made of the names that EMF knows.
fn any_json() -> impl Strategy<Value = Value> {
    let names = select(vec![
        "Timestamp",
        "CloudWatchMetrics",
        "Namespace",
        "Dimensions",
        "Metrics",
        "Name",
        "Unit",
        "_aws",
    ]);
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        number(),
        names.clone().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(names.clone(), inner, 0..5).prop_map(|members| members
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect()),
        ]
    })
}

fn check_bytes(bytes: &[u8]) {
    for form in [Input::Auto, Input::Export, Input::Stdout] {
        let events = events_of(bytes, form);
        // An input that is not empty is EMF, or is reported not to be.
        let found = Findings::in_events(&events);
        let said = found.documents > 0 || events.iter().any(|event| event.kind == Kind::Input);
        assert!(said || bytes.is_empty(), "{bytes:?}");
        let lines = bytes.split(|&byte| byte == b'\n').count() as u64;
        assert!(
            events
                .iter()
                .all(|event| (1..=lines).contains(&event.position.line))
        );
        assert!(
            events
                .windows(2)
                .all(|pair| pair[0].position.line <= pair[1].position.line
                    || pair[1].kind == Kind::Input)
        );
        assert!(!found.faults.contains(&Rule::NoEmf) || found.documents == 0);
    }
}
