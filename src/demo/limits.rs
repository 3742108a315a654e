//! What a request asks for in its query. Pure.

use ecs_clock_emf::{AgeLimit, ClockQuery, ErrorLimit, InvalidQuery, Limits};

/// What a request asks for.
#[derive(Debug)]
pub(super) struct Requested {
    /// The largest error that it names, as text.
    pub(super) max_error: Option<String>,
    /// The parsed query, or what is wrong with it.
    pub(super) query: Result<ClockQuery, InvalidQuery>,
}

impl Requested {
    /// Parses a query to an application with `own` limits.
    pub(super) fn new(own: &Limits, query: Option<&str>) -> Self {
        let text = query.unwrap_or_default().as_bytes();
        let max_error = form_urlencoded::parse(text).find(|(name, _)| name == "max_error");
        Self {
            max_error: max_error.map(|(_, value)| value.into_owned()),
            query: Limits::from_query(query.unwrap_or_default(), own),
        }
    }
}

/// The stricter of two limits in each respect: a request may be stricter than the application, never
/// less strict.
pub(super) fn stricter(own: &Limits, requested: &Limits) -> Limits {
    let errors = [own, requested].map(|limits| limits.max_error_for(None));
    let mut limits = *own;
    limits.max_error = match errors.into_iter().flatten().min() {
        Some(limit) => ErrorLimit::AtMost(limit),
        None => ErrorLimit::Off,
    };
    limits.max_age = match (own.max_age, requested.max_age) {
        (AgeLimit::Off, other) | (other, AgeLimit::Off) => other,
        (AgeLimit::WhereKnown(one), AgeLimit::WhereKnown(other)) => {
            AgeLimit::WhereKnown(one.min(other))
        }
        (AgeLimit::WhereKnown(one) | AgeLimit::Required(one), other) => {
            AgeLimit::Required(other.longest().map_or(one, |other| one.min(other)))
        }
    };
    limits.age_adjusted |= requested.age_adjusted;
    limits.valid_for = limits.valid_for.max(requested.valid_for);
    limits
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
        for both in [stricter(&own, &requested), stricter(&requested, &own)] {
            assert_eq!(both.max_error, ErrorLimit::AtMost(short));
        }
        let off = own.with_max_error(ErrorLimit::Off);
        assert_eq!(stricter(&own, &off).max_error, ErrorLimit::AtMost(short));
        let adjusted = own.with_age_adjustment();
        assert!(stricter(&own, &adjusted).age_adjusted && stricter(&adjusted, &own).age_adjusted);
    }

    #[test]
    fn the_largest_error_is_kept_as_it_was_given() {
        let own = Limits::default().with_max_error(Duration::from_millis(5));
        let requested = Requested::new(&own, Some("max_age=off&max_error=5%20"));
        assert_eq!(requested.max_error.as_deref(), Some("5 "));
        assert!(requested.query.is_err());
        let requested = Requested::new(&own, None);
        assert_eq!(requested.max_error, None);
        assert_eq!(requested.query.unwrap().limits, own);
    }
}
