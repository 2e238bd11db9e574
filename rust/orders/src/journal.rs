//! The journal's bytes: what is appended before a request or a report leaves, and how it is read at the start.
//!
//! ```text
//! file    "hotloop-orders 1\n" record*
//! record  length u32 · sum of the body u32 · sum of these eight bytes u32 · body (JSON), integers big-endian, sums CRC-32
//! ```
//!
//! A process or a machine that dies leaves at most its last append unfinished: such a tail is dropped, and said. Anything
//! else that does not add up is damage, and refused with its place: what stands behind it may have been orders. The
//! length has a sum of its own, so that a damaged one is not taken for an unfinished append.

use crc32fast::hash;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What a journal begins with.
pub const HEADER: &[u8] = b"hotloop-orders 1\n";
/// The longest body. The longest that is written is a snapshot.
pub const BODY_BYTES_MAX: usize = 64 << 20;
const HEAD_BYTES: usize = 12;

/// What was read.
#[derive(Debug, PartialEq, Eq)]
pub struct Read<R> {
    /// Every record, oldest first.
    pub records: Vec<R>,
    /// Bytes that belong to whole records: the file is cut to them before it is appended to.
    pub whole_bytes: usize,
    /// Bytes of an unfinished append behind them.
    pub torn_bytes: usize,
}

/// Why a journal is not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// It is another file, or of another version.
    #[error("not a journal of version 1: it does not begin with {:?}", "hotloop-orders 1")]
    NotOurs,
    /// Bytes that were whole once are no longer.
    #[error(
        "damaged at byte {offset} of {length}: {why}; restore it, or move it away once every order is settled by hand"
    )]
    Damaged {
        /// Where the record begins.
        offset: usize,
        /// Of how many bytes.
        length: usize,
        /// What is wrong with it.
        why: String,
    },
}

/// Appends one record.
///
/// # Errors
/// What serde says; nothing of ours has a form that JSON has not.
pub fn append<R: Serialize>(record: &R, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    let start = out.len();
    out.extend_from_slice(&[0; HEAD_BYTES]);
    if let Err(error) = serde_json::to_writer(&mut *out, record) {
        out.truncate(start);
        return Err(error);
    }
    let (head, body) = out[start..].split_at_mut(HEAD_BYTES);
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    head[..4].copy_from_slice(&length.to_be_bytes());
    head[4..8].copy_from_slice(&hash(body).to_be_bytes());
    let sum = hash(&head[..8]);
    head[8..].copy_from_slice(&sum.to_be_bytes());
    Ok(())
}

/// Reads a whole file. An empty one, or one that ends inside its first line, is a journal that was just being made.
///
/// # Errors
/// [`JournalError`]; nothing may be appended then.
pub fn read<R: DeserializeOwned>(bytes: &[u8]) -> Result<Read<R>, JournalError> {
    if !bytes.starts_with(HEADER) {
        if HEADER.starts_with(bytes) {
            return Ok(Read {
                records: Vec::new(),
                whole_bytes: 0,
                torn_bytes: bytes.len(),
            });
        }
        return Err(JournalError::NotOurs);
    }
    let (mut offset, mut records) = (HEADER.len(), Vec::new());
    while offset < bytes.len() {
        let damaged = |why: String| JournalError::Damaged {
            offset,
            length: bytes.len(),
            why,
        };
        let Some(body) = body_at(&bytes[offset..]).map_err(damaged)? else {
            break;
        };
        records.push(serde_json::from_slice(body).map_err(|error| damaged(error.to_string()))?);
        offset += HEAD_BYTES + body.len();
    }
    Ok(Read {
        records,
        whole_bytes: offset,
        torn_bytes: bytes.len() - offset,
    })
}

/// The body of the record at the front, `None` if its append was not finished.
fn body_at(bytes: &[u8]) -> Result<Option<&[u8]>, String> {
    let Some((head, rest)) = bytes.split_at_checked(HEAD_BYTES) else {
        return Ok(None);
    };
    // A machine that lost its power may have made the file longer before it filled it.
    if bytes.iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    let number = |at: usize| {
        let bytes = head.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
        u32::from_be_bytes(bytes.unwrap_or_default())
    };
    if hash(&head[..8]) != number(8) {
        return Err("the sum of its length is another".to_owned());
    }
    let length = number(0) as usize;
    if length > BODY_BYTES_MAX {
        return Err(format!("{length} bytes, more than any record has"));
    }
    let Some(body) = rest.get(..length) else {
        return Ok(None);
    };
    if hash(body) == number(4) {
        Ok(Some(body))
    } else if rest.len() == length {
        // The last one: its length was on the disk before all of it was.
        Ok(None)
    } else {
        Err("the sum of its body is another".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journal(records: &[String]) -> Vec<u8> {
        let mut bytes = HEADER.to_vec();
        for record in records {
            append(record, &mut bytes).unwrap();
        }
        bytes
    }

    fn three() -> (Vec<String>, Vec<u8>) {
        let records: Vec<String> = ["a", "größe", ""].map(str::to_owned).to_vec();
        let bytes = journal(&records);
        (records, bytes)
    }

    #[test]
    fn what_is_appended_is_read() {
        let (records, bytes) = three();
        let read = read::<String>(&bytes).unwrap();
        assert_eq!(
            (read.records, read.whole_bytes, read.torn_bytes),
            (records, bytes.len(), 0)
        );
    }

    #[test]
    fn cut_at_any_byte_it_holds_every_record_that_was_whole() {
        let (records, bytes) = three();
        let ends: Vec<usize> = (0..=records.len())
            .map(|n| journal(&records[..n]).len())
            .collect();
        for cut in 0..bytes.len() {
            let read = read::<String>(&bytes[..cut]).unwrap();
            let whole = ends.iter().filter(|end| **end <= cut).count().saturating_sub(1);
            assert_eq!(read.records, records[..whole], "cut at {cut}");
            assert_eq!(read.whole_bytes + read.torn_bytes, cut);
        }
    }

    #[test]
    fn any_damaged_byte_before_the_last_record_is_refused_with_its_place() {
        let (records, bytes) = three();
        let last = journal(&records[..2]).len();
        for at in HEADER.len()..last {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x20;
            let error = read::<String>(&damaged).unwrap_err();
            let JournalError::Damaged { offset, .. } = error else {
                panic!("{error}")
            };
            assert!(offset <= at && at < offset + 40, "{at}: {error}");
        }
    }

    #[test]
    fn a_damaged_last_body_is_an_unfinished_append_and_a_damaged_length_is_not() {
        let (records, bytes) = three();
        let last = journal(&records[..2]).len();
        let mut torn = bytes.clone();
        torn[last + HEAD_BYTES] ^= 1;
        let read_torn = read::<String>(&torn).unwrap();
        assert_eq!((read_torn.records.len(), read_torn.whole_bytes), (2, last));
        let mut damaged = bytes;
        damaged[last + 3] ^= 1;
        assert!(read::<String>(&damaged).is_err());
    }

    #[test]
    fn a_file_made_longer_and_not_filled_is_an_unfinished_append() {
        let (records, mut bytes) = three();
        bytes.extend_from_slice(&[0; 4_096]);
        let read = read::<String>(&bytes).unwrap();
        assert_eq!((read.records, read.torn_bytes), (records, 4_096));
    }

    #[test]
    fn another_file_is_refused() {
        assert_eq!(read::<String>(b"hotloop-orders 2\n"), Err(JournalError::NotOurs));
        assert_eq!(read::<String>(b"{}"), Err(JournalError::NotOurs));
        assert_eq!(read::<String>(b"hotloop").unwrap().torn_bytes, 7);
    }
}
