//! Metadata whose text differs a little from line to line: the findings of a line do not depend on the lines before it.

use emf_explain::Input;
use proptest::prelude::*;
use proptest::sample::select;

use super::{NOW_MS, events_of, found};

const DIRECTIVES: &str =
    r#""CloudWatchMetrics":[{"Namespace":"N","Dimensions":[["A"]],"Metrics":[{"Name":"m"}]}]"#;

/// Names of members that are `Timestamp`, or similar.
const NAMES: [&str; 7] = [
    r#""Timestamp""#,
    r#""x\"Timestamp""#,
    r#""x\\\"Timestamp""#,
    r#""\"Timestamp""#,
    r#""Timest\u0061mp""#,
    r#""Timestamp\\""#,
    r#""y""#,
];

/// Values, with a place for a number.
const VALUES: [&str; 6] = [
    "#",
    "#",
    "#.5",
    r#"{"Timestamp":#}"#,
    r#"[{"Timestamp":#}]"#,
    r##""#""##,
];

/// Metadata with a place for a number in each of its members but the directives.
fn metadata() -> impl Strategy<Value = String> {
    let blank = || select(vec!["", "", "", " ", "\t"]);
    let member = (select(&NAMES[..]), blank(), blank(), select(&VALUES[..]))
        .prop_map(|(name, before, after, value)| format!("{name}{before}:{after}{value}"));
    let members = prop::collection::vec(member, 1..4);
    (members, 0..4_usize, blank(), blank()).prop_map(|(mut members, at, before, after)| {
        members.insert(at.min(members.len()), DIRECTIVES.to_owned());
        format!("{{{before}{}{after}}}", members.join(","))
    })
}

/// Lines of the same metadata with other numbers in it.
fn lines() -> impl Strategy<Value = Vec<String>> {
    let numbers = select(vec![NOW_MS, NOW_MS + 1, 1_000, 1]);
    let numbers = prop::collection::vec(numbers, 4);
    (metadata(), prop::collection::vec(numbers, 2..6)).prop_map(|(metadata, lines)| {
        let line = |numbers: Vec<i64>| {
            let filled = numbers.iter().fold(metadata.clone(), |text, number| {
                text.replacen('#', &number.to_string(), 1)
            });
            format!(r#"{{"_aws":{filled},"A":"x","m":1}}"#)
        };
        lines.into_iter().map(line).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_batch_of_lines_is_judged_as_each_line_alone(lines in lines()) {
        let together = events_of((lines.join("\n") + "\n").as_bytes(), Input::Auto);
        prop_assert_eq!(together.len(), lines.len());
        for (event, line) in together.iter().zip(&lines) {
            let alone = events_of(format!("{line}\n").as_bytes(), Input::Auto);
            prop_assert_eq!(&event.points, &alone[0].points, "{}", line);
            prop_assert_eq!(&event.problems, &alone[0].problems, "{}", line);
        }
    }
}

#[test]
fn the_end_of_an_escaped_name_is_not_the_timestamp() {
    let line = |timestamp: i64, other: i64| {
        format!(
            r#"{{"_aws":{{"Timestamp" :{timestamp},{DIRECTIVES},"x\"Timestamp":{other}}},"A":"x","m":1}}"#
        )
    };
    let good = [line(NOW_MS, NOW_MS), line(NOW_MS, 1)].join("\n");
    let good = found(good.as_bytes());
    assert_eq!((good.faults.len(), good.points.len()), (0, 2), "{good:?}");
    let old = [line(1_000, NOW_MS), line(1_000, NOW_MS + 1)].join("\n");
    let old = found(old.as_bytes());
    assert_eq!((old.faults.len(), old.points.len()), (2, 0), "{old:?}");
}
