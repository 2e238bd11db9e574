//! What has to hold of the executor's `wire` whatever bytes arrive: in pieces (`frames`), and as the body of one
//! frame (`bodies`).

use serde_json::Value;
use wire::{Code, Decoder, FrameError, MAX_FRAME_BYTES, Message};

/// What an answer to whatever bytes may take up.
const WHY_BYTES_MAX: usize = 1_000;

/// What came of a stream of bytes: the bodies it held, and what it ended in.
#[derive(Debug, PartialEq)]
struct Heard {
    bodies: Vec<String>,
    end: Result<(), FrameError>,
}

/// Takes the first byte for a choice of pieces, the rest for what one side of a connection sends.
///
/// # Panics
/// Where it matters in which pieces the bytes came, or a frame is taken that is none.
pub fn frames(data: &[u8]) {
    let Some((&choice, stream)) = data.split_first() else {
        return;
    };
    let whole = heard(stream, stream.len());
    assert_eq!(whole, heard(stream, 1 + usize::from(choice)), "in pieces");
    assert_eq!(whole, heard(stream, 1), "byte by byte");
    let taken: usize = whole.bodies.iter().map(|body| 4 + body.len()).sum();
    assert!(taken <= stream.len(), "more than there was");
    assert!(
        whole
            .bodies
            .iter()
            .all(|body| (1..=MAX_FRAME_BYTES).contains(&body.len()))
    );
    let rest = &stream[taken..];
    match &whole.end {
        Ok(()) => assert!(rest.is_empty(), "it ends inside a frame and says nothing"),
        Err(FrameError::BadLength { length }) => {
            assert_eq!(rest[..4], length.to_be_bytes());
            assert!(*length == 0 || *length as usize > MAX_FRAME_BYTES);
        }
        Err(FrameError::BadUtf8 { valid, length }) => {
            assert!(std::str::from_utf8(&rest[4..4 + valid]).is_ok());
            assert!(std::str::from_utf8(&rest[4..4 + length]).is_err());
        }
        Err(FrameError::Truncated(partial)) => {
            assert!(partial.have < partial.want && !rest.is_empty());
        }
    }
    for body in &whole.bodies {
        bodies(body.as_bytes());
    }
}

/// Takes the bytes for the body of one frame.
///
/// # Panics
/// Where a body that is read is not written in the one canonical form, or an error is not as it should be.
pub fn bodies(data: &[u8]) {
    let Ok(body) = std::str::from_utf8(data) else {
        return;
    };
    match Message::decode(body) {
        Ok(message) => taken(body, &message),
        Err(error) => {
            let code = error.code();
            assert!(
                matches!(
                    code,
                    Code::BadJson
                        | Code::BadMessage
                        | Code::UnknownType
                        | Code::UnknownEnum
                        | Code::UnknownVersion
                ),
                "{code}"
            );
            let why = error.to_string();
            assert!(why.len() <= WHY_BYTES_MAX, "{} bytes of {why}", why.len());
        }
    }
}

/// What holds of a body that was taken for a message.
fn taken(body: &str, message: &Message) {
    let mut frame = Vec::new();
    // It may be longer than it was read: what is escaped shortest is not what was sent.
    if message.encode_frame(&mut frame).is_err() {
        assert!(frame.is_empty() && body.len() > MAX_FRAME_BYTES / 8);
        return;
    }
    let written = match heard(&frame, frame.len()) {
        Heard { bodies, end: Ok(()) } if bodies.len() == 1 => bodies.concat(),
        other => panic!("what is written is no frame: {other:?}"),
    };
    assert_eq!(Message::decode(&written).as_ref(), Ok(message));
    let mut second = Vec::new();
    assert_eq!(message.encode_frame(&mut second), Ok(()));
    assert_eq!(frame, second, "one message, one form");
    // Another writer that sorts keys and uses no white space comes to the same (C1 to C4).
    let value = serde_json::from_str(&written).unwrap_or(Value::Null);
    assert_eq!(value.to_string(), written);
    assert_eq!(value["type"], message.message_type());
}

/// What comes of bytes that arrive in pieces of so many.
fn heard(stream: &[u8], piece: usize) -> Heard {
    let (mut decoder, mut bodies) = (Decoder::new(), Vec::new());
    for bytes in stream.chunks(piece.max(1)) {
        decoder.extend(bytes);
        loop {
            match decoder.next_body() {
                Ok(Some(body)) => bodies.push(body.to_owned()),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(decoder.next_body(), Err(error.clone()), "an error is final");
                    return Heard {
                        bodies,
                        end: Err(error),
                    };
                }
            }
        }
    }
    Heard {
        bodies,
        end: decoder.finish(),
    }
}
