//! A metric's value: numbers, a distribution, or a statistic set. Keeps no more than CloudWatch accepts.

use std::fmt;

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use serde_json::Number;
use serde_json::value::RawValue;

use super::checks::{ValueProblem, wrong};
use super::document::members;
use super::json::described;
use crate::finding::Values;
use crate::limits::{MAX_VALUES, is_in_range};
use crate::rule::Rule;

const EXPECTED: &str = "a number or an array of 1 to 100 numbers";

/// Reads a metric's value from its JSON text. Doubts about it are noted.
pub(super) fn read(text: &str, doubts: &mut Vec<ValueProblem>) -> Result<Values, ValueProblem> {
    match text.as_bytes().first() {
        Some(b'{') => object(text, doubts),
        Some(b'[') => {
            let (numbers, count) = numbers(text)?;
            match count {
                0 => Err(wrong(Rule::MetricNoValues, "an empty array", EXPECTED)),
                1..=MAX_VALUES => Ok(Values::List(numbers)),
                more => {
                    let given = format!("{more} values");
                    Err(wrong(Rule::TooManyValues, given, "1 to 100 values"))
                }
            }
        }
        _ => Ok(Values::List(vec![number(text)?])),
    }
}

/// A number within CloudWatch's range.
fn number(text: &str) -> Result<Number, ValueProblem> {
    if !text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
        return Err(wrong(Rule::MetricNotNumber, described(text), EXPECTED));
    }
    // Most are short integers.
    if text.len() < 16
        && let Ok(integer) = text.parse::<u64>()
    {
        return Ok(integer.into());
    }
    // A number outside of the range of doubles is not parsed.
    serde_json::from_str::<Number>(text)
        .ok()
        .filter(|number| number.as_f64().is_some_and(is_in_range))
        .ok_or_else(|| {
            let expected = "a number within ±2^360";
            wrong(Rule::MetricOutOfRange, described(text), expected)
        })
}

/// The numbers of an array, up to the limit, and how many there are. Fails at the first item that is not a number.
fn numbers(text: &str) -> Result<(Vec<Number>, usize), ValueProblem> {
    crate::work::visit(text.len());
    let items: Items = serde_json::from_str(text)
        .map_err(|_| wrong(Rule::MetricNotNumber, described(text), EXPECTED))?;
    match items.wrong {
        // Too many items are reported before invalid ones.
        Some(wrong) if items.count <= MAX_VALUES => Err(wrong),
        _ => Ok((items.numbers, items.count)),
    }
}

/// The items of an array, kept up to the limit.
#[derive(Default)]
struct Items {
    numbers: Vec<Number>,
    wrong: Option<ValueProblem>,
    count: usize,
}

impl<'de> Deserialize<'de> for Items {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ItemsVisitor;
        impl<'de> Visitor<'de> for ItemsVisitor {
            type Value = Items;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Items, A::Error> {
                let mut items = Items::default();
                while let Some(item) = seq.next_element::<&'de RawValue>()? {
                    items.count += 1;
                    if items.count > MAX_VALUES || items.wrong.is_some() {
                        continue;
                    }
                    match number(item.get()) {
                        Ok(number) => items.numbers.push(number),
                        Err((rule, given, expected)) => {
                            let given = format!("{given} at [{}]", items.count - 1);
                            items.wrong = Some((rule, given, expected));
                        }
                    }
                }
                Ok(items)
            }
        }
        deserializer.deserialize_seq(ItemsVisitor)
    }
}

/// A distribution or a statistic set.
fn object(text: &str, doubts: &mut Vec<ValueProblem>) -> Result<Values, ValueProblem> {
    const NAMES: [&str; 6] = ["Values", "Counts", "Min", "Max", "Sum", "Count"];
    let complete = "Values and Counts, or all of Min, Max, Sum and Count";
    // The text has been read before: it is an object.
    match members(text, NAMES).unwrap_or_default() {
        [Some(values), Some(counts), ..] => {
            let values = distribution(values, counts)?;
            doubts.extend(impossible(&values));
            Ok(values)
        }
        // Without counts, each value may count once.
        [Some(values), None, ..] if values.starts_with('[') => {
            let (given, expected) = ("Values without Counts", "as many Counts as Values");
            doubts.push(wrong(Rule::CountsMissing, given, expected));
            let ones = numbers(values)?.0.iter().map(|_| "1").collect::<Vec<_>>();
            distribution(values, &format!("[{}]", ones.join(",")))
        }
        [None, None, Some(min), Some(max), Some(sum), Some(count)] => {
            let values = Values::Statistics {
                min: number(min)?,
                max: number(max)?,
                sum: number(sum)?,
                count: number(count)?,
            };
            doubts.extend(impossible(&values));
            Ok(values)
        }
        [None, None, None, None, ..] => {
            Err(wrong(Rule::MetricNotNumber, described(text), EXPECTED))
        }
        _ => {
            let given = "only a part of them";
            Err(wrong(Rule::DistributionInvalid, given, complete))
        }
    }
}

/// Why no set of values can have this summary, if that is so.
fn impossible(values: &Values) -> Option<ValueProblem> {
    let number = |number: &Number| number.as_f64().unwrap_or_default();
    let (given, expected) = match values {
        Values::List(_) => return None,
        Values::Distribution { counts, .. } => {
            let least = counts.iter().find(|count| number(count) <= 0.0)?;
            (format!("a count of {least}"), "counts above 0")
        }
        Values::Statistics {
            min,
            max,
            sum,
            count,
        } => {
            let [least, most, total, times] = [min, max, sum, count].map(number);
            // Sums are rounded, so they are compared with some tolerance.
            let room = (total.abs() + most.abs() + least.abs()) * 1e-6;
            if least > most {
                (format!("Min {min} above Max {max}"), "a Min of at most Max")
            } else if times < 1.0 {
                (format!("a Count of {count}"), "a Count of at least 1")
            } else if total < least * times - room || total > most * times + room {
                let given = format!("a Sum of {sum} for {count} values from {min} to {max}");
                (given, "a Sum between Count times Min and Count times Max")
            } else {
                return None;
            }
        }
    };
    Some(wrong(Rule::StatisticsImpossible, given, expected))
}

fn distribution(values: &str, counts: &str) -> Result<Values, ValueProblem> {
    let is_array = |text: &str| text.starts_with('[');
    let expected = "Values and Counts as two arrays of 1 to 100 numbers of the same length";
    let invalid = |given| wrong(Rule::DistributionInvalid, given, expected);
    if let Some(other) = [values, counts].into_iter().find(|text| !is_array(text)) {
        return Err(invalid(described(other)));
    }
    let (values, value_count) = numbers(values)?;
    let (counts, count_count) = numbers(counts)?;
    if value_count > MAX_VALUES || count_count > MAX_VALUES {
        let given = format!("{} values", value_count.max(count_count));
        return Err(wrong(Rule::DistributionTooLong, given, "1 to 100 values"));
    }
    if value_count != count_count {
        let given = format!("{value_count} values and {count_count} counts");
        return Err(invalid(given));
    }
    if values.is_empty() {
        let given = "an empty distribution";
        return Err(wrong(Rule::MetricNoValues, given, expected));
    }
    Ok(Values::Distribution { values, counts })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> Option<Rule> {
        let mut doubts = Vec::new();
        let outcome = read(text, &mut doubts);
        outcome.err().or(doubts.pop()).map(|(rule, ..)| rule)
    }

    #[test]
    fn each_form_of_value_has_its_rule() {
        let long = format!("[{}0]", "0,".repeat(100));
        let counts = format!(r#"{{"Values":{long},"Counts":{long}}}"#);
        let most = format!("[{}1]", "1,".repeat(99));
        let wrong_and_long = long.replacen('0', "null", 1);
        let long_values = format!(r#"{{"Values":{long},"Counts":[1]}}"#);
        let long_counts = format!(r#"{{"Values":[1],"Counts":{long}}}"#);
        let most_counts = format!(r#"{{"Values":{most},"Counts":{most}}}"#);
        for (text, expected) in [
            ("1", None),
            ("[1,2.5]", None),
            (r#"{"Values":[1],"Counts":[2]}"#, None),
            (r#"{"Min":1,"Max":2,"Sum":3,"Count":2}"#, None),
            (r#"{"Values":[1],"Counts":[2],"Min":1,"Max":1}"#, None),
            (&most, None),
            (&most_counts, None),
            // A sum is rounded.
            (r#"{"Min":0.1,"Max":0.1,"Sum":0.3000003,"Count":3}"#, None),
            (r#"{"Min":0.1,"Max":0.1,"Sum":0.2999997,"Count":3}"#, None),
            (r#"{"Min":-1e6,"Max":0,"Sum":0.5,"Count":1}"#, None),
            (r#"{"Min":0,"Max":1e5,"Sum":-0.05,"Count":1}"#, None),
            (r#"{"Min":0,"Max":0,"Sum":0,"Count":1}"#, None),
            (
                r#"{"Min":0.1,"Max":0.1,"Sum":0.300001,"Count":3}"#,
                Some(Rule::StatisticsImpossible),
            ),
            (
                r#"{"Min":0.1,"Max":0.1,"Sum":0.299999,"Count":3}"#,
                Some(Rule::StatisticsImpossible),
            ),
            ("[]", Some(Rule::MetricNoValues)),
            (&long, Some(Rule::TooManyValues)),
            (&wrong_and_long, Some(Rule::TooManyValues)),
            (&counts, Some(Rule::DistributionTooLong)),
            (&long_values, Some(Rule::DistributionTooLong)),
            (&long_counts, Some(Rule::DistributionTooLong)),
            (
                r#"{"Values":[1,2],"Counts":[2]}"#,
                Some(Rule::DistributionInvalid),
            ),
            (r#"{"Values":[1]}"#, Some(Rule::CountsMissing)),
            (r#"{"Values":1}"#, Some(Rule::DistributionInvalid)),
            (r#"{"Counts":[1]}"#, Some(Rule::DistributionInvalid)),
            (
                r#"{"Values":[1],"Counts":[0]}"#,
                Some(Rule::StatisticsImpossible),
            ),
            (
                r#"{"Min":2,"Max":1,"Sum":3,"Count":2}"#,
                Some(Rule::StatisticsImpossible),
            ),
            (
                r#"{"Min":1,"Max":1,"Sum":0,"Count":0}"#,
                Some(Rule::StatisticsImpossible),
            ),
            (
                r#"{"Min":1,"Max":2,"Sum":30,"Count":2}"#,
                Some(Rule::StatisticsImpossible),
            ),
            (
                r#"{"Values":1,"Counts":[2]}"#,
                Some(Rule::DistributionInvalid),
            ),
            (r#"{"Min":1,"Max":2}"#, Some(Rule::DistributionInvalid)),
            (r#"{"Values":[],"Counts":[]}"#, Some(Rule::MetricNoValues)),
            (
                r#"{"Values":["1"],"Counts":[1]}"#,
                Some(Rule::MetricNotNumber),
            ),
            (r#"{"a":1}"#, Some(Rule::MetricNotNumber)),
            ("\"1\"", Some(Rule::MetricNotNumber)),
            ("null", Some(Rule::MetricNotNumber)),
            ("true", Some(Rule::MetricNotNumber)),
            ("[1,[2]]", Some(Rule::MetricNotNumber)),
            ("1e999", Some(Rule::MetricOutOfRange)),
            ("1e109", Some(Rule::MetricOutOfRange)),
        ] {
            assert_eq!(rule(text), expected, "{text}");
        }
    }

    #[test]
    fn numbers_are_kept_as_they_are_written() {
        let few = "[25,-3,0.1,18446744073709551615,0.30000000000000004]";
        let most: Vec<_> = (0..100).map(|number: u8| number.to_string()).collect();
        for text in [few, &format!("[{}]", most.join(","))] {
            let Ok(Values::List(numbers)) = read(text, &mut Vec::new()) else {
                panic!("{text}")
            };
            let written: Vec<_> = numbers.iter().map(ToString::to_string).collect();
            assert_eq!(format!("[{}]", written.join(",")), text);
        }
    }
}
