//! Whether a line is one JSON object, judged by another reader, and the same line written by it.
//!
//! Where the two readers rightly differ:
//!
//! | line | here | `hotloop-core` |
//! | --- | --- | --- |
//! | nested deeper than 127 | [`Judgement::Either`] beyond 512 | read up to 512; in what is skipped within an entry up to 520 |
//! | half of a surrogate pair, escaped | [`Judgement::Either`] | unreadable in a key and in what decides the kind of a message; else a bad value, or not looked at |
//! | number beyond a double | readable | readable; a bad value where it is read |
//! | key given twice | no [`rewritten`] line | the last value of a scalar, all rows of an array |
//! | `-0` where an integer is read | no [`rewritten`] line | 0; the other writer makes it `-0.0` |

use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::text::shape;

/// Nesting up to which every object has to be read.
const DEPTH_READ: usize = 512;
/// Nesting beyond which none is: seven levels lead into what is skipped.
const DEPTH_MAX: usize = DEPTH_READ + 8;

/// What `hotloop-core` has to say of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// It is one JSON object.
    Readable,
    /// It is none.
    Unreadable,
    /// It may take it for either.
    Either,
}

/// Judges a line of any bytes.
pub(crate) fn judge(line: &[u8]) -> Judgement {
    let Ok(text) = std::str::from_utf8(line) else {
        return Judgement::Unreadable;
    };
    let is_object = text.trim_start_matches([' ', '\t', '\n', '\r']).starts_with('{');
    if !is_object || serde_json::from_str::<IgnoredAny>(text).is_err() {
        return Judgement::Unreadable;
    }
    let (depth, _) = shape(line);
    if depth > DEPTH_MAX {
        Judgement::Unreadable
    } else if depth > DEPTH_READ || has_surrogate(text) {
        Judgement::Either
    } else {
        Judgement::Readable
    }
}

/// The line as another program would write it: keys sorted, no white space, numbers and strings in their
/// shortest form. None where that is not the same message.
pub(crate) fn rewritten(line: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(line).ok()?;
    if text.contains("-0") {
        return None;
    }
    let object: Map<String, Value> = serde_json::from_str(text).ok()?;
    let value = Value::Object(object);
    let (_, colons) = shape(line);
    (members(&value) == colons).then(|| value.to_string().into_bytes())
}

fn has_surrogate(text: &str) -> bool {
    let escapes = text.split("\\u").skip(1);
    escapes
        .filter_map(|after| after.as_bytes().first())
        .any(|first| first.eq_ignore_ascii_case(&b'd'))
}

/// Members of all objects in it.
fn members(value: &Value) -> usize {
    match value {
        Value::Object(object) => object.len() + object.values().map(members).sum::<usize>(),
        Value::Array(array) => array.iter().map(members).sum(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_judged_by_the_grammar_alone() {
        for (line, wanted) in [
            (&b"{}"[..], Judgement::Readable),
            (b" {\"op\":5} ", Judgement::Readable),
            (b"{\"a\":1e999}", Judgement::Readable),
            (b"[]", Judgement::Unreadable),
            (b"", Judgement::Unreadable),
            (b"{\"a\":01}", Judgement::Unreadable),
            (b"{\"a\":\"\xff\"}", Judgement::Unreadable),
            (b"{\"a\":\"\\uD800\"}", Judgement::Either),
        ] {
            assert_eq!(judge(line), wanted, "{}", String::from_utf8_lossy(line));
        }
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        assert_eq!(judge(nested(512).as_bytes()), Judgement::Readable);
        assert_eq!(judge(nested(513).as_bytes()), Judgement::Either);
        assert_eq!(judge(nested(521).as_bytes()), Judgement::Unreadable);
    }

    #[test]
    fn a_line_is_written_anew_only_where_it_stays_the_same_message() {
        let anew =
            |line: &str| rewritten(line.as_bytes()).map(|line| String::from_utf8_lossy(&line).into_owned());
        assert_eq!(
            anew(r#"{"b": 1.50, "a": "\u0041"}"#).as_deref(),
            Some(r#"{"a":"A","b":1.5}"#)
        );
        for line in [
            r#"{"a":1,"a":2}"#,
            r#"{"a":[{"b":1,"\u0062":1}]}"#,
            r#"{"a":-0}"#,
            "[]",
        ] {
            assert_eq!(anew(line), None, "{line}");
        }
    }
}
