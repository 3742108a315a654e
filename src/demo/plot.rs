//! The last minutes as a picture: the error bound as a band around this machine's clock, with the
//! spans marked in which it was not synchronized or could not be read. Pure.
//!
//! The picture holds only shapes and is stretched to the available width; its words are beside it,
//! where they keep their size.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use maud::{Markup, html};

use super::format::{in_ms, milliseconds};
use super::history::{History, Point, State};

/// The picture's size in its own units.
const WIDTH: f64 = 1_000.0;
const HEIGHT: f64 = 300.0;
/// A limit over so many times the largest bound is named beside the picture: the band would shrink to a line.
const LIMIT_OVER_BOUND: u32 = 4;

/// What the plot shows without a bound and a limit.
const NOTHING_KNOWN: Duration = Duration::from_millis(1);

/// The plot of `history` at `now`, with lines at plus and minus `limit`.
pub(super) fn plot(history: &History, now: Instant, limit: Option<Duration>) -> Markup {
    let points: Vec<&Point> = history.points().collect();
    let frame = Frame::around(&points, history.span(), now, limit);
    let top = frame.top_ms;
    html! {
        figure {
            div class="plot" {
                div class="y-axis" aria-hidden="true" {
                    span { "+" (top) " ms" }
                    span { "0" }
                    span { "−" (top) " ms" }
                }
                svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) preserveAspectRatio="none" role="img"
                    aria-label=(format!("Error bound of the last {}", humantime::format_duration(history.span()))) {
                    defs {
                        pattern id="lost-hatch" width="16" height="16" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                            rect class="hatch-lost" width="6" height="16" {}
                        }
                        pattern id="silent-hatch" width="12" height="12" patternUnits="userSpaceOnUse" {
                            circle class="hatch-silent" cx="6" cy="6" r="2.5" {}
                        }
                    }
                    @for (state, from, to) in spans(&points, now) {
                        @let class = match state {
                            State::NotSynchronized => Some("lost"),
                            State::Silent => Some("silent"),
                            State::Synchronized => None,
                        };
                        @if let Some(class) = class {
                            rect class=(class) fill=(format!("url(#{class}-hatch)")) x=(shown(frame.x(from))) y="0"
                                width=(shown((frame.x(to) - frame.x(from)).max(1.0))) height=(shown(HEIGHT)) {}
                        }
                    }
                    @for band in bands(&points, now) {
                        path class="band" d=(frame.outline(&band)) {}
                    }
                    line class="zero" x1="0" x2=(shown(WIDTH)) y1=(shown(HEIGHT / 2.0)) y2=(shown(HEIGHT / 2.0)) {}
                    @if let Some(limit) = limit.filter(|limit| frame.shows(*limit)) {
                        @for y in [frame.y(milliseconds(limit)), frame.y(-milliseconds(limit))] {
                            line class="limit" x1="0" x2=(shown(WIDTH)) y1=(shown(y)) y2=(shown(y)) {}
                        }
                    }
                }
                div class="x-axis" aria-hidden="true" {
                    span { (humantime::format_duration(history.span())) " ago" }
                    span { "now" }
                }
            }
            (legend(&frame, limit))
            figcaption { (caption(&points, now, history.span())) }
        }
    }
}

fn legend(frame: &Frame, limit: Option<Duration>) -> Markup {
    html! {
        ul class="legend" aria-hidden="true" {
            li { span class="swatch band" {} "error bound" }
            @if limit.is_some_and(|limit| frame.shows(limit)) {
                li { span class="swatch limit" {} "limit" }
            } @else if let Some(limit) = limit {
                li { "limit ±" (in_ms(limit)) ", outside of the picture" }
            }
            li { span class="swatch lost" {} "not synchronized" }
            li { span class="swatch silent" {} "no reading" }
        }
    }
}

/// The picture in words.
fn caption(points: &[&Point], now: Instant, span: Duration) -> String {
    let span = humantime::format_duration(span);
    let bounds = points.iter().filter_map(|point| point.bound);
    let mut words = match (bounds.clone().min(), bounds.max()) {
        (Some(least), Some(most)) => format!(
            "In the last {span} the error bound was between {} and {}",
            in_ms(least),
            in_ms(most)
        ),
        _ => format!("No error bound was known in the last {span}"),
    };
    let spans = spans(points, now);
    for (state, what) in [
        (State::NotSynchronized, "not synchronized"),
        (State::Silent, "without a reading"),
    ] {
        let times = spans
            .iter()
            .filter(|(other, ..)| *other == state)
            .map(|(_, from, to)| to.saturating_duration_since(*from));
        if times.clone().next().is_some() {
            let seconds = times.sum::<Duration>().as_secs().max(1);
            _ = write!(words, "; {seconds} s {what}");
        }
    }
    words.push('.');
    words
}

/// The coordinates of the picture.
struct Frame {
    now: Instant,
    span: Duration,
    /// The error at the upper edge, in milliseconds.
    top_ms: f64,
}

impl Frame {
    fn around(points: &[&Point], span: Duration, now: Instant, limit: Option<Duration>) -> Self {
        let most = points.iter().filter_map(|point| point.bound).max();
        let most = most.or(limit).unwrap_or(NOTHING_KNOWN);
        let limit = limit.unwrap_or_default();
        let far = limit > most.saturating_mul(LIMIT_OVER_BOUND);
        let reach = if far { most } else { most.max(limit) };
        Self {
            now,
            span,
            top_ms: round_up(milliseconds(reach) * 1.1),
        }
    }

    fn shows(&self, limit: Duration) -> bool {
        milliseconds(limit) <= self.top_ms
    }

    fn x(&self, at: Instant) -> f64 {
        let age = self.now.saturating_duration_since(at).as_secs_f64();
        WIDTH * (1.0 - age / self.span.as_secs_f64()).clamp(0.0, 1.0)
    }

    fn y(&self, ms: f64) -> f64 {
        HEIGHT / 2.0 * (1.0 - ms / self.top_ms)
    }

    /// The outline of a band: its upper edge to the right, its lower edge back.
    fn outline(&self, band: &[(Instant, Duration)]) -> String {
        let edge = |sign: f64| {
            move |&(at, bound): &(Instant, Duration)| {
                (self.x(at), self.y(sign * milliseconds(bound)))
            }
        };
        let upper = band.iter().map(edge(1.0));
        let lower = band.iter().rev().map(edge(-1.0));
        let mut path = String::new();
        for (index, (x, y)) in upper.chain(lower).enumerate() {
            let command = if index == 0 { 'M' } else { 'L' };
            _ = write!(path, "{command}{x:.1} {y:.2}");
        }
        path.push('Z');
        path
    }
}

/// A coordinate with few digits.
fn shown(coordinate: f64) -> String {
    format!("{coordinate:.1}")
}

/// The smallest of 1, 2 and 5 times a power of ten that is not below `value`.
fn round_up(value: f64) -> f64 {
    let value = value.max(1e-6);
    let exponent = value.log10().floor();
    // A power with a negative exponent is inexact; a quotient is exact.
    let times = |factor: f64, exponent: f64| {
        if exponent < 0.0 {
            factor / 10_f64.powf(-exponent)
        } else {
            factor * 10_f64.powf(exponent)
        }
    };
    [1.0, 2.0, 5.0]
        .into_iter()
        .map(|factor| times(factor, exponent))
        .find(|round| *round >= value)
        .unwrap_or_else(|| times(1.0, exponent + 1.0))
}

/// Runs of points that are alike by `key`, each with its end: the first point of the next run, or `now`.
fn runs<'p, K: PartialEq>(
    points: &'p [&'p Point],
    now: Instant,
    key: impl Fn(&Point) -> K,
) -> Vec<(&'p [&'p Point], Instant)> {
    let runs: Vec<_> = points
        .chunk_by(|left, right| key(left) == key(right))
        .collect();
    let starts = runs.iter().filter_map(|run| run.first());
    let ends = starts.skip(1).map(|next| next.at).chain([now]);
    runs.iter().copied().zip(ends).collect()
}

/// Spans of one state each.
fn spans(points: &[&Point], now: Instant) -> Vec<(State, Instant, Instant)> {
    runs(points, now, |point| point.state)
        .into_iter()
        .filter_map(|(run, end)| run.first().map(|first| (first.state, first.at, end)))
        .collect()
}

/// Bands of points with a bound, none across a gap, each up to the end of its run.
fn bands(points: &[&Point], now: Instant) -> Vec<Vec<(Instant, Duration)>> {
    runs(points, now, |point| point.bound.is_some())
        .into_iter()
        .map(|(run, end)| {
            let known = run
                .iter()
                .filter_map(|point| Some((point.at, point.bound?)));
            let last = run.last().and_then(|point| Some((end, point.bound?)));
            known.chain(last).collect::<Vec<_>>()
        })
        .filter(|band| !band.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPAN: Duration = Duration::from_secs(100);

    fn history(start: Instant, samples: &[(u64, Option<u64>, State)]) -> History {
        let mut history = History::new(SPAN);
        for &(second, bound, state) in samples {
            history.push(Point {
                at: start + Duration::from_secs(second),
                bound: bound.map(Duration::from_micros),
                state,
            });
        }
        history
    }

    const GOOD: State = State::Synchronized;
    const LOST: State = State::NotSynchronized;
    const SILENT: State = State::Silent;

    #[test]
    fn bands_end_at_gaps_and_spans_at_changes() {
        let start = Instant::now();
        let history = history(
            start,
            &[
                (0, Some(400), GOOD),
                (10, Some(500), GOOD),
                (20, None, SILENT),
                (30, Some(600), LOST),
            ],
        );
        let points: Vec<&Point> = history.points().collect();
        let now = start + Duration::from_secs(40);
        let seconds = |at: Instant| (at - start).as_secs();
        let bands: Vec<Vec<(u64, u128)>> = bands(&points, now)
            .iter()
            .map(|band| {
                band.iter()
                    .map(|(at, bound)| (seconds(*at), bound.as_micros()))
                    .collect()
            })
            .collect();
        assert_eq!(
            bands,
            [
                vec![(0, 400), (10, 500), (20, 500)],
                vec![(30, 600), (40, 600)]
            ]
        );
        let spans: Vec<_> = spans(&points, now)
            .into_iter()
            .map(|(state, from, to)| (state, seconds(from), seconds(to)))
            .collect();
        assert_eq!(spans, [(GOOD, 0, 20), (SILENT, 20, 30), (LOST, 30, 40)]);
        assert_eq!(
            caption(&points, now, SPAN),
            "In the last 1m 40s the error bound was between 0.4 ms and 0.6 ms; 10 s not synchronized; 10 s without a reading."
        );
    }

    #[test]
    fn the_scale_holds_band_and_limit_and_is_a_round_number() {
        let now = Instant::now();
        let history = history(now, &[(0, Some(446), GOOD)]);
        let points: Vec<&Point> = history.points().collect();
        for (limit_us, top) in [
            (5_000, 0.5),
            (1_000, 2.0),
            (100, 0.5),
            (13_000, 0.5),
            (86_400_000_000, 0.5),
        ] {
            let limit = Duration::from_micros(limit_us);
            let frame = Frame::around(&points, SPAN, now, Some(limit));
            assert!(
                (frame.top_ms - top).abs() < 1e-9,
                "{limit:?}: {}",
                frame.top_ms
            );
            assert_eq!(frame.shows(limit), limit_us <= 1_000, "{limit:?}");
        }
        for (value, round) in [
            (0.0, 1e-6),
            (0.3, 0.5),
            (1.0, 1.0),
            (1.01, 2.0),
            (5.5, 10.0),
            (70_000.0, 100_000.0),
        ] {
            assert!(
                (round_up(value) - round).abs() < 1e-12,
                "{value}: {}",
                round_up(value)
            );
        }
    }

    #[test]
    fn an_empty_history_is_a_picture_too() {
        let text = plot(
            &History::new(SPAN),
            Instant::now(),
            Some(Duration::from_millis(5)),
        )
        .into_string();
        assert!(text.contains("No error bound was known in the last 1m 40s."));
        assert!(!text.contains("NaN") && !text.contains("inf"));
    }
}
