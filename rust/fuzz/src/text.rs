//! The same JSON written in another way, and what can be told of a text without reading its values.

/// Bytes that stand for the structure of a JSON text where they are outside strings.
const STRUCTURE: &[u8] = b"{}[]:,";

/// Calls `seen` with each byte and whether it is structure.
fn walk(text: &[u8], mut seen: impl FnMut(u8, bool)) {
    let (mut in_string, mut escaped) = (false, false);
    for byte in text {
        seen(*byte, !in_string && STRUCTURE.contains(byte));
        in_string ^= *byte == b'"' && !escaped;
        escaped = in_string && *byte == b'\\' && !escaped;
    }
}

/// The text with a space on either side of all structure: the same JSON, and none of the shortcuts for lines
/// as the venue writes them can be taken.
pub(crate) fn spaced(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() * 2);
    walk(text, |byte, structure| {
        if structure {
            out.extend([b' ', byte, b' ']);
        } else {
            out.push(byte);
        }
    });
    out
}

/// The byte of `text` that a byte of [`spaced`] stands for; the one after the spaces, where it is one of them.
pub(crate) fn unspaced_offset(text: &[u8], offset: usize) -> usize {
    let (mut at, mut original) = (0, 0);
    walk(text, |_, structure| {
        at += 1 + 2 * usize::from(structure);
        // The space after structure belongs to what comes next.
        original += usize::from(at - usize::from(structure) <= offset);
    });
    original
}

/// Deepest nesting of objects and arrays, and how many colons stand outside strings.
pub(crate) fn shape(text: &[u8]) -> (usize, usize) {
    let (mut depth, mut deepest, mut colons) = (0_usize, 0, 0);
    walk(text, |byte, structure| match byte {
        b'{' | b'[' if structure => {
            depth += 1;
            deepest = deepest.max(depth);
        }
        b'}' | b']' if structure => depth = depth.saturating_sub(1),
        b':' if structure => colons += 1,
        _ => {}
    });
    (deepest, colons)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_stay_as_they_are() {
        assert_eq!(spaced(br#"{"a:\"{":[1,2]}"#), br#" { "a:\"{" :  [ 1 , 2 ]  } "#);
    }

    #[test]
    fn offsets_lead_back() {
        let text = br#"{"a":[1]}"#;
        let long = spaced(text);
        for (offset, byte) in long.iter().enumerate() {
            let back = unspaced_offset(text, offset);
            if *byte == b' ' {
                assert!(back <= text.len());
            } else {
                assert_eq!(text[back], *byte);
            }
        }
        assert_eq!(unspaced_offset(text, long.len()), text.len());
    }

    #[test]
    fn the_shape_is_that_outside_strings() {
        assert_eq!(shape(br#"{"a:[":[{"b":1}],"c":"\\"}"#), (3, 3));
    }
}
