//! Times as viewers and loggers write them.

/// The length of a time in RFC 3339 form at the beginning of a text; zone and fraction are optional.
pub(super) fn length(text: &str) -> Option<usize> {
    const FORM: &[u8] = b"dddd-dd-ddTdd:dd:dd";
    if !has_form(text, FORM) {
        return None;
    }
    let text = text.as_bytes();
    let digits = |from: usize| {
        let rest = text[from..].iter().take(16);
        rest.take_while(|byte| byte.is_ascii_digit()).count()
    };
    let mut length = FORM.len();
    if text.get(length) == Some(&b'.') && digits(length + 1) > 0 {
        length += 1 + digits(length + 1);
    }
    match text.get(length) {
        Some(b'Z' | b'z') => length += 1,
        Some(b'+' | b'-') if digits(length + 1) == 4 => length += 5,
        Some(b'+' | b'-') if digits(length + 1) == 2 && text.get(length + 3) == Some(&b':') => {
            length += 6;
        }
        _ => {}
    }
    Some(length)
}

/// Whether a text begins with digits where the form has `d`, with a blank or `T` where it has `T`, and otherwise with the
/// characters of the form.
fn has_form(text: &str, form: &[u8]) -> bool {
    let matches = |(form, byte): (&u8, u8)| match form {
        b'd' => byte.is_ascii_digit(),
        b'T' => matches!(byte, b'T' | b't' | b' '),
        other => byte == *other,
    };
    text.len() >= form.len() && form.iter().zip(text.bytes()).all(matches)
}

/// The length of a time of day and a blank at the beginning of a text.
pub(super) fn time_of_day_length(text: &str) -> Option<usize> {
    const FORM: &[u8] = b"dd:dd:dd ";
    let is_time = text.len() > FORM.len() && has_form(text, FORM);
    is_time.then_some(FORM.len())
}

/// Whether a whole text is a time.
pub(super) fn is_time(text: &str) -> bool {
    length(text) == Some(text.len())
}

/// The length of milliseconds since 1970 at the beginning of a text: 13 digits.
pub(super) fn milliseconds_length(text: &str) -> Option<usize> {
    const DIGITS: usize = 13;
    let digits = text.bytes().take(DIGITS + 1);
    (digits.take_while(u8::is_ascii_digit).count() == DIGITS).then_some(DIGITS)
}
