//! The log stream that a viewer's prefix names.

use super::shape::{Shape, is_stream, time_before};

/// The log stream in a prefix of this shape.
pub(super) fn stream<'a>(shape: &Shape, prefix: &'a str) -> Option<&'a str> {
    let mut words = prefix.split_ascii_whitespace();
    let word = match shape {
        Shape::Time => {
            let length = time_before(prefix)?;
            prefix[length..].split_ascii_whitespace().next()
        }
        Shape::Sam => words.next().filter(|word| word.contains('[')),
        Shape::Awslogs => words.find(|word| !word.starts_with('/')),
        _ => None,
    };
    word.filter(|word| is_stream(word))
}

#[cfg(test)]
mod tests {
    use super::super::shape::find;

    #[test]
    fn a_prefix_names_its_stream() {
        for (prefix, stream) in [
            ("2026-11-25T10:14:24.818000+00:00 s/1 ", Some("s/1")),
            ("2026-11-25 10:14:24.000 ", None),
            (
                "2026/11/29/[$LATEST]0a 2026-11-29T05:32:45.123000 ",
                Some("2026/11/29/[$LATEST]0a"),
            ),
            (
                "/ecs/app app/app/1 2026-11-25T10:14:24.818Z ",
                Some("app/app/1"),
            ),
            ("app/app/1 ", Some("app/app/1")),
            ("/ecs/app 2026-11-25T10:14:24.818Z ", None),
            ("web-1  | ", None),
        ] {
            let (shape, _) = find(&format!("{prefix}{{\"_aws\":{{}}}}")).unwrap();
            assert_eq!(super::stream(&shape, prefix), stream, "{prefix}");
        }
    }
}
