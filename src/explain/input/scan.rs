//! Where JSON values begin and end, byte by byte and without holding them.

/// Follows strings and brackets through JSON text.
#[derive(Debug, Clone, Copy, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "small enough to be copied for each value"
)]
pub(super) struct Scan {
    depth: u32,
    in_string: bool,
    escaped: bool,
    /// Whether the last byte, blanks aside, ended a string.
    after_string: bool,
    is_broken: bool,
}

impl Scan {
    /// Takes the next byte.
    pub(super) fn byte(&mut self, byte: u8) {
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => {
                    self.in_string = false;
                    self.after_string = true;
                }
                _ => {}
            }
            return;
        }
        if self.after_string && !byte.is_ascii_whitespace() {
            self.is_broken |= !matches!(byte, b':' | b',' | b'}' | b']');
            self.after_string = false;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth = self.depth.saturating_add(1),
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }

    /// Continues over a whole text.
    pub(super) fn over(mut self, text: &str) -> Self {
        crate::work::visit(text.len());
        text.bytes().for_each(|byte| self.byte(byte));
        self
    }

    /// Takes all bytes of a text; returns the end of the value, if it ends in the text.
    pub(super) fn text(&mut self, text: &str) -> Option<usize> {
        crate::work::visit(text.len());
        for (index, byte) in text.bytes().enumerate() {
            self.byte(byte);
            if self.is_over() && matches!(byte, b'}' | b']') {
                return Some(index + 1);
            }
        }
        None
    }

    /// Whether a string was followed by something that JSON does not have there.
    pub(super) fn is_broken(self) -> bool {
        self.is_broken
    }

    /// How many brackets are open.
    pub(super) fn depth(self) -> u32 {
        self.depth
    }

    /// Whether the last byte is inside a string.
    pub(super) fn in_string(self) -> bool {
        self.in_string
    }

    /// Whether a value that began with a bracket or a quotation mark has ended.
    pub(super) fn is_over(self) -> bool {
        self.depth == 0 && !self.in_string
    }
}

/// What feeding an array has produced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ArrayItem {
    /// Nothing yet.
    Nothing,
    /// An element: it is in [`Elements::element`].
    Element,
    /// The end of the array.
    End,
    /// Something that is invalid in a JSON array.
    Broken,
}

/// Splits an array into its elements, with one in memory at a time.
#[derive(Debug, Default)]
pub(super) struct Elements {
    scan: Scan,
    /// The text of the element, up to the limit.
    pub(super) element: Vec<u8>,
    /// Whether an element has begun.
    begun: bool,
    /// Its length in bytes.
    pub(super) bytes: usize,
}

impl Elements {
    /// Whether an element has begun and not ended.
    pub(super) fn is_inside(&self) -> bool {
        self.begun
    }

    /// Whether the last byte is inside a string.
    pub(super) fn in_string(&self) -> bool {
        self.scan.in_string()
    }

    /// Takes bytes up to the end of an element or of the array; returns their number. Keeps at most `most`
    /// bytes of an element.
    pub(super) fn feed(&mut self, bytes: &[u8], most: usize) -> (usize, ArrayItem) {
        for (index, &byte) in bytes.iter().enumerate() {
            crate::work::visit(1);
            if !self.begun {
                match byte {
                    b' ' | b'\t' | b'\r' | b'\n' | b',' => continue,
                    b']' => return (index + 1, ArrayItem::End),
                    b'{' | b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => self.begin(),
                    _ => return (index, ArrayItem::Broken),
                }
            } else if self.scan.is_over() && matches!(byte, b',' | b']' | b' ' | b'\r' | b'\n') {
                // The end of a number or word.
                self.begun = false;
                return (index, ArrayItem::Element);
            }
            self.scan.byte(byte);
            self.bytes += 1;
            if self.element.len() < most {
                self.element.push(byte);
            }
            if self.scan.is_over() && matches!(byte, b'}' | b']' | b'"') {
                self.begun = false;
                return (index + 1, ArrayItem::Element);
            }
        }
        (bytes.len(), ArrayItem::Nothing)
    }

    fn begin(&mut self) {
        self.begun = true;
        self.scan = Scan::default();
        self.element.clear();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_is_taken_apart_wherever_it_is_cut() {
        let text = br#" {"a":["]"]} , "x\"]" ,12,true,[[1],{}]] rest"#;
        for size in 1..text.len() {
            let mut elements = Elements::default();
            let mut found = Vec::new();
            let mut ended = false;
            for chunk in text.chunks(size) {
                let mut chunk = chunk;
                while !chunk.is_empty() && !ended {
                    let (used, got) = elements.feed(chunk, 100);
                    chunk = &chunk[used..];
                    match got {
                        ArrayItem::Element => {
                            found.push(String::from_utf8(elements.element.clone()).unwrap());
                        }
                        ArrayItem::End => ended = true,
                        ArrayItem::Nothing => {}
                        ArrayItem::Broken => panic!("{size}"),
                    }
                }
            }
            assert!(ended, "{size}");
            let expected = [r#"{"a":["]"]}"#, r#""x\"]""#, "12", "true", "[[1],{}]"];
            assert_eq!(found, expected, "{size}");
        }
    }

    #[test]
    fn of_a_long_element_the_beginning_is_held() {
        let mut elements = Elements::default();
        assert_eq!(
            elements.feed(br#""0123456789""#, 4),
            (12, ArrayItem::Element)
        );
        assert_eq!(
            (elements.element.as_slice(), elements.bytes),
            (&br#""012"#[..], 12)
        );
        assert_eq!(elements.feed(b"x", 4).1, ArrayItem::Broken);
    }
}
