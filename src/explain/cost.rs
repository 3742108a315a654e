//! The cost of hostile inputs, counted in bytes visited: twice the input may cost little more than twice as much.

use crate::{Input, Options, explain, parse_now, work};

/// Bytes of the shorter input of a pair. In shorter ones, the metadata counts for less.
const BYTES: usize = 64 * 1024;

/// An input: a beginning, a piece that is repeated, and an end.
struct Shape(&'static str, &'static str, &'static str);

impl Shape {
    fn of_length(&self, bytes: usize) -> String {
        let Self(before, unit, after) = self;
        format!("{before}{}{after}\n", unit.repeat(bytes / unit.len()))
    }
}

const DOCUMENT: &str = r#"{"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"N","Dimensions":[[]],"Metrics":[{"Name":"m"}]}]},"m":1}"#;

/// Inputs whose cost once was quadratic, or might be.
const SHAPES: &[Shape] = &[
    Shape("|", "  {}|", ""),
    Shape("", "|  {}", ""),
    Shape("|", "  {\"_aws\":|", ""),
    Shape("", "|  {\"_aws\":1}  ", "|"),
    Shape("+--+\n", "|  {\"_aws\":", ""),
    Shape("", "|  x {\"_aws\":1} ", "|"),
    Shape("|  {", "\n  ", ""),
    Shape("", DOCUMENT, ""),
    Shape("", "{\"_aws\":1} ", ""),
    Shape("", "{\"_aws\":1}\t", ""),
    Shape("{\"_aws\":0}\t", "{\"_aws\":\t", "x"),
    Shape("x\t{\"_aws\":0}\t", "{\"a\":[\t", "}"),
    Shape("{", "\n", ""),
    Shape("{", "\n,", ""),
    Shape("{\n", "{\n", ""),
    Shape("{\n", "\"a\":[\n", ""),
    Shape("{\"a\":1,\n", "x {\n", ""),
    Shape("{\"_aws\":1,", "\"events\":[],", "\"x\":1}"),
    Shape(
        "{\"events\":[",
        "{\"message\":\"{\\\"_aws\\\":0}\"},",
        "0]}",
    ),
    Shape("{\"events\":[", "[[", ""),
    Shape("[", "[", ""),
    Shape("[\"_aws", "\",\"", ""),
    Shape("{\"a\":", "{\"_aws\":", ""),
    Shape("{\"a\":", "[", "\"_aws\":{}"),
    Shape("x_aws", "{\"", ""),
    Shape("", "x {\"a\":", "\"_aws\""),
    Shape("x", "   {", "\"_aws\":"),
    Shape("\"", "\\\\", "_aws{\""),
    Shape("{", "\"log\":\"_aws\\\":{\",", "\"x\":1}"),
    Shape(
        "{\"_aws\":{\"Timestamp\":1,\"CloudWatchMetrics\":[",
        "{},",
        "{}]}}",
    ),
    Shape("{\"_aws\":{", "\"a\":0,", "\"x\":0}}"),
    Shape("{\"_aws\":{},", "\"a\":0,", "\"x\":0}"),
    Shape("@message,x\n", "\"", ""),
    Shape("\"{\"\"_aws\"\"", "\"\"", ""),
    Shape("", "a,\"{\n", ""),
    Shape("- '{", "\n  x", ""),
    Shape("- '{\"_aws\"", "''", ""),
    Shape("message: |-\n", "  {\n", ""),
    Shape("Message : {", "\n          {", ""),
    Shape("", "Message : {\"\n", ""),
    Shape(
        "",
        "{\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
        "",
    ),
    Shape(
        "{\"a\":\"",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
        "",
    ),
    Shape("EVENTS\t1\t{\n", "EVENTS\t1\t{\n", ""),
    Shape("", "\u{1b}[0m", "{\"_aws\":1}"),
    Shape("{\"_aws\":", "\u{a0}", "1}"),
    Shape(
        "",
        "{\"log\":\"x\",\"stream\":\"s\",\"time\":\"t\",\"logtag\":\"P\"}\n",
        "",
    ),
    Shape(
        "{\"log\":\"{\",\"stream\":\"s\",\"time\":\"t\",\"logtag\":\"P\"}\n",
        "{\"log\":\"x\",\"stream\":\"s\",\"time\":\"t\",\"logtag\":\"P\"}\n",
        "",
    ),
    Shape("", "web-1 | {\n", ""),
    Shape("", "H4sI", ""),
    Shape("", "_aws CloudWatchMetrics", ""),
    Shape("{'", "_aws': {'CloudWatchMetrics': ", ""),
];

/// The bytes visited in an input.
fn cost(input: &str, mode: Input) -> u64 {
    let now = parse_now("2026-11-22T12:00:00Z").unwrap();
    let before = work::visited();
    let events = explain(input.as_bytes(), Options::new(mode, now));
    assert!(events.map(Result::unwrap).count() > 0);
    work::visited() - before
}

#[test]
fn twice_the_input_costs_little_more_than_twice_as_much() {
    for shape in SHAPES {
        for mode in Input::ALL {
            let once = cost(&shape.of_length(BYTES), *mode);
            let twice = cost(&shape.of_length(2 * BYTES), *mode);
            let Shape(before, unit, _) = shape;
            let name = format!("{mode}: {before:?} {unit:?}: {once}, {twice}");
            assert!(once >= BYTES as u64, "not counted: {name}");
            assert!(twice * 2 < once * 5, "{name}");
            // No shape costs many times its length.
            assert!(twice < 400 * BYTES as u64, "{name}");
        }
    }
}
