//! A pull reader of JSON text that knows where it is.
//!
//! Stream lines are short and their shape is known, so the core reads them straight into its
//! reusable buffers (`parse.rs`) instead of building values: nothing is allocated, and the byte
//! offset and path of a fault cost nothing until there is one. The grammar is RFC 8259.

use std::borrow::Cow;

use crate::fault::{Fault, Read};
use crate::ladder::Centi;
use crate::number::Number;

pub(crate) mod scan;

/// Deepest nesting accepted; the venue's own messages have six levels.
const DEPTH_MAX: u32 = 512;

/// Reads values from the front of a text.
pub(crate) struct Reader<'a> {
    text: &'a str,
    pos: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, pos: 0 }
    }

    /// Reads on from byte `pos`.
    pub(crate) fn from(text: &'a str, pos: usize) -> Self {
        Self { text, pos }
    }

    /// Byte of the value that comes next.
    pub(crate) fn offset(&mut self) -> usize {
        self.skip_space();
        self.pos
    }

    #[inline]
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.pos).copied()
    }

    /// Whether the next value begins with this byte.
    pub(crate) fn next_is(&mut self, first: u8) -> bool {
        self.peek() == Some(first)
    }

    fn skip_space(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.pos += 1;
        }
    }

    /// The next byte that is not white space, which the venue's lines have none of.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        match self.byte() {
            Some(byte) if byte > b' ' => Some(byte),
            _ => self.peek_spaced(),
        }
    }

    #[cold]
    fn peek_spaced(&mut self) -> Option<u8> {
        self.skip_space();
        self.byte()
    }

    #[inline]
    fn eat(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        self.pos += usize::from(found);
        found
    }

    /// Takes the comma before a next member or element, or the `end` that there is none.
    #[inline]
    fn goes_on(&mut self, end: u8) -> Option<bool> {
        let byte = self.peek()?;
        if byte != b',' && byte != end {
            return None;
        }
        self.pos += 1;
        Some(byte == b',')
    }

    fn fault<T>(&self, reason: &'static str) -> Read<T> {
        Err(Fault::new(self.pos, reason))
    }

    /// Only white space is left.
    pub(crate) fn end(&mut self) -> Read<()> {
        match self.peek() {
            None => Ok(()),
            Some(_) => self.fault("extra text after the object"),
        }
    }

    /// Reads an object; `member` is called after each key and must read its value.
    #[inline]
    pub(crate) fn object(&mut self, mut member: impl FnMut(&mut Self, &str) -> Read<()>) -> Read<()> {
        if !self.eat(b'{') {
            return self.fault("is not an object");
        }
        if self.eat(b'}') {
            return Ok(());
        }
        loop {
            let key = self.string()?;
            if !self.eat(b':') {
                return self.fault("expected a colon");
            }
            member(self, &key)?;
            match self.goes_on(b'}') {
                Some(true) => {}
                Some(false) => return Ok(()),
                None => return self.fault("expected a comma or the end of the object"),
            }
        }
    }

    /// Reads an array; `element` is called with each index and must read its value. Returns the
    /// number of elements.
    #[inline]
    pub(crate) fn array(&mut self, mut element: impl FnMut(&mut Self, usize) -> Read<()>) -> Read<usize> {
        if !self.eat(b'[') {
            return self.fault("is not an array");
        }
        if self.eat(b']') {
            return Ok(0);
        }
        let mut index = 0;
        loop {
            if let Err(fault) = element(self, index) {
                return Err(fault.at(index));
            }
            index += 1;
            match self.goes_on(b']') {
                Some(true) => {}
                Some(false) => return Ok(index),
                None => return self.fault("expected a comma or the end of the array"),
            }
        }
    }

    /// Takes a `null` if that is what comes next.
    #[inline]
    pub(crate) fn null(&mut self) -> Read<bool> {
        if self.peek() != Some(b'n') {
            return Ok(false);
        }
        self.word("null")?;
        Ok(true)
    }

    /// Reads `true` or `false`.
    pub(crate) fn flag(&mut self) -> Read<bool> {
        match self.peek() {
            Some(b't') => self.word("true").map(|()| true),
            Some(b'f') => self.word("false").map(|()| false),
            _ => self.fault("is not true or false"),
        }
    }

    fn word(&mut self, word: &'static str) -> Read<()> {
        let found = self.text.as_bytes()[self.pos..].starts_with(word.as_bytes());
        if !found {
            return self.fault("is not a JSON value");
        }
        self.pos += word.len();
        Ok(())
    }

    /// Reads a string; borrows the text unless it holds escapes.
    pub(crate) fn string(&mut self) -> Read<Cow<'a, str>> {
        let (token, escaped) = self.string_token()?;
        if !escaped {
            return Ok(Cow::Borrowed(&token[1..token.len() - 1]));
        }
        serde_json::from_str(token)
            .map(Cow::Owned)
            .map_err(|_| Fault::new(self.pos - token.len(), "has a bad escape"))
    }

    /// Whether the next value, which is taken, is this string; a value of another type is not.
    pub(crate) fn is_string(&mut self, wanted: &str) -> Read<bool> {
        if self.next_is(b'"') {
            return Ok(self.string()? == wanted);
        }
        self.skip().map(|()| false)
    }

    /// The string with its quotes, and whether it holds escapes.
    fn string_token(&mut self) -> Read<(&'a str, bool)> {
        if !self.eat(b'"') {
            return self.fault("is not a string");
        }
        let start = self.pos - 1;
        let mut escaped = false;
        loop {
            self.pos = scan::plain_until(self.text.as_bytes(), self.pos);
            match self.byte() {
                Some(b'"') => {
                    self.pos += 1;
                    return Ok((&self.text[start..self.pos], escaped));
                }
                Some(b'\\') => {
                    escaped = true;
                    self.pos += 1;
                    self.escape()?;
                }
                Some(_) => return self.fault("has a control character"),
                None => return self.fault("string without an end"),
            }
        }
    }

    fn escape(&mut self) -> Read<()> {
        let length = match self.byte() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 1,
            Some(b'u') => {
                let hex = self.text.as_bytes().get(self.pos + 1..self.pos + 5);
                if !hex.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
                    return self.fault("has a bad escape");
                }
                5
            }
            _ => return self.fault("has a bad escape"),
        };
        self.pos += length;
        Ok(())
    }

    /// Reads a number.
    pub(crate) fn number(&mut self) -> Read<Number<'a>> {
        let negative = self.eat(b'-');
        let start = self.pos - usize::from(negative);
        let digits_start = self.pos;
        let mut mantissa = 0_u64;
        self.digits(&mut mantissa, start)?;
        let mut digits = self.pos - digits_start;
        if digits > 1 && self.text.as_bytes()[digits_start] == b'0' {
            self.pos = digits_start + 1;
            return self.fault("number with a leading zero");
        }
        let mut decimals = 0;
        if self.byte() == Some(b'.') {
            self.pos += 1;
            let before = self.pos;
            self.digits(&mut mantissa, start)?;
            decimals = self.pos - before;
            digits += decimals;
        }
        let exponent = matches!(self.byte(), Some(b'e' | b'E'));
        if exponent {
            self.pos += 1;
            self.pos += usize::from(matches!(self.byte(), Some(b'+' | b'-')));
            self.digits(&mut 0, start)?;
        }
        Ok(Number {
            text: &self.text[start..self.pos],
            offset: start,
            negative,
            mantissa,
            decimals,
            integer: decimals == 0 && !exponent,
            // 19 digits always fit: 10^19 - 1 < 2^64.
            exact: !exponent && digits <= 19,
        })
    }

    /// At least one digit, pushed onto `value` (which wraps beyond 19 digits). `start` is where
    /// the number began: a value that is no number at all is reported there.
    fn digits(&mut self, value: &mut u64, start: usize) -> Read<()> {
        let before = self.pos;
        while let Some(digit @ b'0'..=b'9') = self.byte() {
            *value = value.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
            self.pos += 1;
        }
        if self.pos == before {
            let at = if before == start { start } else { before };
            return Err(Fault::new(at, "is not a number"));
        }
        Ok(())
    }

    /// Takes a number as the venue writes most of them, where one stands there and is not above `max`.
    #[inline]
    fn scanned(&mut self, scan: impl Fn(&[u8], usize) -> scan::Scanned, max: i64) -> Option<i64> {
        let (value, end) = scan(self.text.as_bytes(), self.pos)?;
        let is_whole = matches!(self.text.as_bytes().get(end.get()), Some(b',' | b']' | b'}'));
        if value > max || !is_whole {
            return None;
        }
        self.pos = end.get();
        Some(value)
    }

    /// Reads hundredths of a price or size: 0 to `max`.
    #[inline]
    pub(crate) fn centi_up_to(&mut self, max: Centi) -> Read<Centi> {
        if let Some(centi) = self.scanned(scan::centi, max) {
            return Ok(centi);
        }
        self.number()?.centi_up_to(max)
    }

    /// Reads a 64-bit integer.
    #[inline]
    pub(crate) fn int(&mut self) -> Read<i64> {
        if let Some(value) = self.scanned(scan::int, i64::MAX) {
            return Ok(value);
        }
        self.number()?.int()
    }

    /// The value that `read` reads, or none for `null`.
    pub(crate) fn optional<T>(&mut self, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<Option<T>> {
        if self.null()? {
            return Ok(None);
        }
        read(self).map(Some)
    }

    /// An integer, or none for `null`.
    #[inline]
    pub(crate) fn optional_int(&mut self) -> Read<Option<i64>> {
        self.optional(Self::int)
    }

    /// A plain number, or none for `null`.
    pub(crate) fn optional_float(&mut self) -> Read<Option<f64>> {
        self.optional(|reader| reader.number()?.float())
    }

    /// A plain number as hundredths, or none for `null`.
    pub(crate) fn optional_centi(&mut self) -> Read<Option<Centi>> {
        self.optional(|reader| reader.number()?.plain_centi())
    }

    /// `true` or `false`; `null` is false.
    pub(crate) fn optional_flag(&mut self) -> Read<bool> {
        Ok(self.optional(Self::flag)?.unwrap_or(false))
    }

    /// An array, or nothing for `null`.
    pub(crate) fn optional_array(&mut self, element: impl FnMut(&mut Self, usize) -> Read<()>) -> Read<()> {
        self.optional(|reader| reader.array(element)).map(drop)
    }

    /// Reads past one value of any kind.
    pub(crate) fn skip(&mut self) -> Read<()> {
        self.skip_nested(0)
    }

    fn skip_nested(&mut self, depth: u32) -> Read<()> {
        if depth > DEPTH_MAX {
            return self.fault("nested too deep");
        }
        match self.peek() {
            Some(b'"') => self.string_token().map(drop),
            Some(b'{') => self.object(|reader, _| reader.skip_nested(depth + 1)),
            Some(b'[') => self.array(|reader, _| reader.skip_nested(depth + 1)).map(drop),
            Some(b't' | b'f') => self.flag().map(drop),
            Some(b'n') => self.null().map(drop),
            Some(b'-' | b'0'..=b'9') => self.number().map(drop),
            Some(_) => self.fault("is not a JSON value"),
            None => self.fault("text ends where a value is expected"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn skipped(text: &str) -> Read<()> {
        let mut reader = Reader::new(text);
        reader.skip()?;
        reader.end()
    }

    #[test]
    fn faults_name_the_byte() {
        for (text, offset) in [
            ("{\"a\":1,}", 7),
            ("[1 2]", 3),
            ("01", 1),
            ("\"ab", 3),
            ("[NaN]", 1),
            ("{}x", 2),
            ("", 0),
        ] {
            assert_eq!(skipped(text).unwrap_err().offset(), offset, "{text}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = "[".repeat(100_000);
        assert_eq!(skipped(&deep).unwrap_err().reason(), "nested too deep");
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(serde_json::Value::from),
            any::<i64>().prop_map(serde_json::Value::from),
            (-1e12..1e12).prop_map(serde_json::Value::from),
            any::<String>().prop_map(serde_json::Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::from),
                prop::collection::vec((any::<String>(), inner), 0..6)
                    .prop_map(|members| { serde_json::Value::Object(members.into_iter().collect()) }),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_json_text_is_accepted(value in any_json()) {
            prop_assert_eq!(skipped(&value.to_string()), Ok(()));
        }

        /// One byte changed: accepted exactly when an independent reader accepts it.
        #[test]
        fn damaged_text_is_judged_like_serde_json_does(
            value in any_json(), place in any::<prop::sample::Index>(), with in 0x20_u8..0x7f,
        ) {
            let mut bytes = value.to_string().into_bytes();
            let at = place.index(bytes.len());
            bytes[at] = with;
            if let Ok(text) = String::from_utf8(bytes) {
                let theirs = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
                prop_assert_eq!(skipped(&text).is_ok(), theirs, "{}", text);
            }
        }

        #[test]
        fn strings_are_what_serde_json_reads(text in any::<String>()) {
            let quoted = serde_json::Value::from(text.clone()).to_string();
            prop_assert_eq!(Reader::new(&quoted).string().unwrap(), text);
        }

    }
}
