//! Frames: a big-endian u32 length, then that many bytes of UTF-8 (clauses F1 to F5). No I/O.

use std::fmt;

use crate::Code;

/// The longest body, in bytes (F2).
pub const MAX_FRAME_BYTES: usize = 1 << 20;
const PREFIX_BYTES: usize = 4;

/// The part of a frame that was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The four bytes of the length.
    Prefix,
    /// The bytes after it.
    Body,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Prefix => "the length prefix",
            Self::Body => "the body",
        })
    }
}

/// A frame that has begun and not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partial {
    /// Where it stands.
    pub part: Part,
    /// Bytes of that part received.
    pub have: usize,
    /// Bytes of that part in all.
    pub want: usize,
}

/// Why received bytes are not frames. Each one ends the connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// F2.
    #[error("frame length {length} is not within 1 and {MAX_FRAME_BYTES}")]
    BadLength {
        /// The length received.
        length: u32,
    },
    /// F3.
    #[error("the body is not UTF-8 after {valid} of {length} bytes")]
    BadUtf8 {
        /// Bytes of the body that are UTF-8.
        valid: usize,
        /// The body's length.
        length: usize,
    },
    /// F5.
    #[error("frame cut after {} of {} bytes of {}", .0.have, .0.want, .0.part)]
    Truncated(Partial),
}

impl FrameError {
    /// The code that answers this error.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::BadLength { .. } => Code::BadFrameLength,
            Self::BadUtf8 { .. } => Code::BadUtf8,
            Self::Truncated(_) => Code::Truncated,
        }
    }
}

/// Cuts a stream of bytes into frame bodies, however the bytes are split.
///
/// It holds at most one unfinished frame besides what the last [`Decoder::extend`] brought, if the caller takes every
/// finished frame before the next `extend`.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    start: usize,
    failed: Option<FrameError>,
}

impl Decoder {
    /// An empty decoder.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes received bytes.
    pub fn extend(&mut self, bytes: &[u8]) {
        if self.start == self.buffer.len() {
            self.buffer.clear();
            self.start = 0;
        } else if self.start >= MAX_FRAME_BYTES {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next finished body, or `None` until more bytes come.
    ///
    /// # Errors
    /// [`FrameError::BadLength`] as soon as the prefix is there, [`FrameError::BadUtf8`] once the body is. After an error
    /// the decoder only repeats it: where the next frame would begin is not known.
    pub fn next_body(&mut self) -> Result<Option<&str>, FrameError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        match self.cut() {
            Ok(Some((from, to))) => {
                self.start = to;
                match std::str::from_utf8(&self.buffer[from..to]) {
                    Ok(body) => Ok(Some(body)),
                    Err(error) => {
                        let error = FrameError::BadUtf8 {
                            valid: error.valid_up_to(),
                            length: to - from,
                        };
                        self.failed = Some(error.clone());
                        Err(error)
                    }
                }
            }
            Ok(None) => Ok(None),
            Err(error) => {
                self.failed = Some(error.clone());
                Err(error)
            }
        }
    }

    /// What has begun and not ended, if anything; finished frames not taken yet do not count.
    #[must_use]
    pub fn partial(&self) -> Option<Partial> {
        let rest = &self.buffer[self.start..];
        match prefix(rest) {
            _ if rest.is_empty() => None,
            None => Some(Partial {
                part: Part::Prefix,
                have: rest.len(),
                want: PREFIX_BYTES,
            }),
            Some(length) => {
                let (have, want) = (rest.len() - PREFIX_BYTES, length as usize);
                (have < want).then_some(Partial {
                    part: Part::Body,
                    have,
                    want,
                })
            }
        }
    }

    /// The stream has ended.
    ///
    /// # Errors
    /// [`FrameError::Truncated`] if it ended inside a frame.
    pub fn finish(&self) -> Result<(), FrameError> {
        self.partial()
            .map_or(Ok(()), |partial| Err(FrameError::Truncated(partial)))
    }

    /// Range of the next finished body in the buffer.
    fn cut(&self) -> Result<Option<(usize, usize)>, FrameError> {
        let Some(length) = prefix(&self.buffer[self.start..]) else {
            return Ok(None);
        };
        let bytes = length as usize;
        if bytes == 0 || bytes > MAX_FRAME_BYTES {
            return Err(FrameError::BadLength { length });
        }
        let from = self.start + PREFIX_BYTES;
        let to = from + bytes;
        Ok((to <= self.buffer.len()).then_some((from, to)))
    }
}

fn prefix(bytes: &[u8]) -> Option<u32> {
    bytes
        .first_chunk::<PREFIX_BYTES>()
        .map(|prefix| u32::from_be_bytes(*prefix))
}

/// Appends one frame with this body.
///
/// # Errors
/// [`FrameError::BadLength`] if the body is empty or too long; nothing is appended then.
pub fn encode_body(body: &[u8], out: &mut Vec<u8>) -> Result<(), FrameError> {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    if body.is_empty() || body.len() > MAX_FRAME_BYTES {
        return Err(FrameError::BadLength { length });
    }
    out.reserve(PREFIX_BYTES + body.len());
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(body);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(body: &str) -> Vec<u8> {
        let mut out = Vec::new();
        encode_body(body.as_bytes(), &mut out).unwrap();
        out
    }

    #[test]
    fn f5_the_error_says_how_many_bytes_were_there() {
        let mut decoder = Decoder::new();
        decoder.extend(&[0, 0]);
        assert_eq!(decoder.next_body(), Ok(None));
        assert_eq!(
            decoder.finish().unwrap_err().to_string(),
            "frame cut after 2 of 4 bytes of the length prefix"
        );
        decoder.extend(&[0, 9, b'{']);
        assert_eq!(decoder.next_body(), Ok(None));
        assert_eq!(
            decoder.finish().unwrap_err().to_string(),
            "frame cut after 1 of 9 bytes of the body"
        );
    }

    #[test]
    fn f2_a_bad_length_is_known_before_the_body_comes_and_is_final() {
        let mut decoder = Decoder::new();
        decoder.extend(&[0xff, 0xff, 0xff, 0xff]);
        let error = decoder.next_body().unwrap_err();
        assert_eq!(error, FrameError::BadLength { length: u32::MAX });
        decoder.extend(&frame("7"));
        assert_eq!(decoder.next_body(), Err(error));
    }

    #[test]
    fn f2_the_largest_frame_passes_and_one_more_byte_does_not() {
        let body = "x".repeat(MAX_FRAME_BYTES);
        let mut decoder = Decoder::new();
        decoder.extend(&frame(&body));
        assert_eq!(decoder.next_body().unwrap().map(str::len), Some(MAX_FRAME_BYTES));
        let mut out = Vec::new();
        assert!(encode_body(format!("{body}x").as_bytes(), &mut out).is_err());
        assert!(encode_body(b"", &mut out).is_err());
        assert!(out.is_empty());
    }

    #[test]
    fn a_long_stream_does_not_grow_the_buffer() {
        let mut decoder = Decoder::new();
        let body = "y".repeat(5_000);
        let (whole, half) = (frame(&body), 2_500);
        decoder.extend(&whole[..half]);
        for _ in 0..2_000 {
            decoder.extend(&whole[half..]);
            assert_eq!(decoder.next_body().unwrap(), Some(body.as_str()));
            decoder.extend(&whole[..half]);
            assert_eq!(decoder.next_body().unwrap(), None);
        }
        assert!(
            decoder.buffer.capacity() < 4 * MAX_FRAME_BYTES,
            "{}",
            decoder.buffer.capacity()
        );
    }
}
