//! The limits that a request asks for in its query. Pure.

use std::fmt;
use std::time::Duration;

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use serde::Deserialize;

use crate::program::options::switch;
use crate::{AgeLimit, ErrorLimit, Limits};

/// The parameters of a query, as they are given.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Parameters {
    max_error: Option<String>,
    max_age: Option<String>,
    age_adjusted: Option<String>,
}

/// What a request asks for.
#[derive(Debug)]
pub(super) struct RequestedLimits {
    /// The largest error that it names, as it was given.
    pub(super) max_error: Option<String>,
    /// The limits to judge by, or why there are none.
    pub(super) limits: Result<Limits, String>,
}

impl RequestedLimits {
    /// What a query asks for where the application itself has `own` limits.
    pub(super) fn of(own: &Limits, query: Result<Query<Parameters>, QueryRejection>) -> Self {
        match query {
            Ok(Query(parameters)) => Self {
                limits: parsed(own, &parameters),
                max_error: parameters.max_error,
            },
            Err(rejection) => Self {
                max_error: None,
                limits: Err(rejection.body_text()),
            },
        }
    }
}

fn parsed(own: &Limits, parameters: &Parameters) -> Result<Limits, String> {
    let mut limits = *own;
    if let Some(limit) = parameter("max_error", parameters.max_error.as_ref(), str::parse)? {
        limits.max_error = Some(ErrorLimit::as_duration(limit));
    }
    if let Some(limit) = parameter("max_age", parameters.max_age.as_ref(), str::parse)? {
        limits.max_age = limit;
    }
    let age_adjusted = parameters.age_adjusted.as_ref();
    if let Some(switch) = parameter("age_adjusted", age_adjusted, switch)? {
        limits.age_adjusted = switch;
    }
    Ok(limits)
}

fn parameter<T, E: fmt::Display>(
    name: &str,
    text: Option<&String>,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<Option<T>, String> {
    let parsed = text.map(|text| parse(text).map_err(|fault| format!("{name}: {fault}")));
    parsed.transpose()
}

/// The stricter of two limits in each respect: a request may ask for more than the application does,
/// never for less.
pub(super) fn stricter(own: &Limits, requested: &Limits) -> Limits {
    let errors = [own.max_error, requested.max_error];
    let mut limits = *own;
    limits.max_error = errors.into_iter().flatten().min();
    limits.max_age = match (own.max_age, requested.max_age) {
        (AgeLimit::Off, other) | (other, AgeLimit::Off) => other,
        (AgeLimit::WhereKnown(one), AgeLimit::WhereKnown(other)) => {
            AgeLimit::WhereKnown(one.min(other))
        }
        (one, other) => AgeLimit::Required(longest(one).min(longest(other))),
    };
    limits.age_adjusted |= requested.age_adjusted;
    limits
}

fn longest(limit: AgeLimit) -> Duration {
    match limit {
        AgeLimit::Off => Duration::MAX,
        AgeLimit::WhereKnown(limit) | AgeLimit::Required(limit) => limit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use AgeLimit::{Off, Required, WhereKnown};

    #[test]
    fn a_request_may_only_tighten() {
        let [short, long] = [1, 2].map(Duration::from_secs);
        for (own, requested, both) in [
            (WhereKnown(short), Off, WhereKnown(short)),
            (Off, Required(long), Required(long)),
            (WhereKnown(short), Required(long), Required(short)),
            (Required(long), WhereKnown(short), Required(short)),
            (WhereKnown(long), WhereKnown(short), WhereKnown(short)),
        ] {
            let [own, requested] = [own, requested].map(|age| Limits::default().with_max_age(age));
            assert_eq!(stricter(&own, &requested).max_age, both);
        }
        let [own, requested] = [short, long].map(|bound| Limits::default().with_max_error(bound));
        assert_eq!(stricter(&own, &requested).max_error, Some(short));
        assert_eq!(stricter(&requested, &own).max_error, Some(short));
        let adjusted = own.with_age_adjusted(true);
        assert!(stricter(&own, &adjusted).age_adjusted && stricter(&adjusted, &own).age_adjusted);
    }

    #[test]
    fn each_parameter_is_read_and_named_in_its_fault() {
        let own = Limits::default().with_max_error(Duration::from_millis(5));
        let of = |name: &str, value: &str| {
            let value = Some(value.to_owned());
            let mut parameters = Parameters::default();
            match name {
                "max_error" => parameters.max_error = value,
                "max_age" => parameters.max_age = value,
                _ => parameters.age_adjusted = value,
            }
            parsed(&own, &parameters)
        };
        assert_eq!(parsed(&own, &Parameters::default()), Ok(own));
        assert_eq!(of("max_age", "off").unwrap().max_age, AgeLimit::Off);
        assert!(of("age_adjusted", "true").unwrap().age_adjusted);
        let millisecond = Some(Duration::from_millis(1));
        assert_eq!(of("max_error", "1ms").unwrap().max_error, millisecond);
        for name in ["max_error", "max_age", "age_adjusted"] {
            let fault = of(name, "5").unwrap_err();
            assert!(fault.starts_with(&format!("{name}: expected ")), "{fault}");
        }
    }
}
