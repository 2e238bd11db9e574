//! Segmentation: one message sent as `SEG_START`, `SEG` … and `SEG_END` lines, put together again.

use crate::error::Error;
use crate::message::{ChangeType, Message, Segment};

/// The validated segments of at most one message.
#[derive(Debug, Default)]
pub(crate) struct Segments {
    parts: Message,
    is_open: bool,
    /// `ct` of the start: that of the whole message.
    change_type: ChangeType,
    /// Bytes of the lines collected.
    bytes: usize,
}

impl Segments {
    /// Throws away what was collected.
    pub(crate) fn clear(&mut self) {
        self.parts.clear();
        self.is_open = false;
        self.bytes = 0;
    }

    /// The changes collected so far.
    pub(crate) fn parts(&self) -> &Message {
        &self.parts
    }

    /// Takes over the changes of a segment. With the last one, `part` becomes the whole message
    /// and true is returned.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a segment without a start and a whole without `pt`, [`Error::Limit`]
    /// beyond `bytes_max`. What was collected before is then still in [`Self::parts`]: the caller
    /// marks its markets before it clears it.
    pub(crate) fn add(
        &mut self,
        part: &mut Message,
        line_bytes: usize,
        bytes_max: usize,
    ) -> Result<bool, Error> {
        let header = part.header;
        let starts = header.segment == Segment::Start;
        if !self.is_open && !starts {
            return Err(invalid("segmentType", "has no SEG_START before it"));
        }
        let bytes = line_bytes + if starts { 0 } else { self.bytes };
        if bytes > bytes_max {
            return Err(Error::Limit {
                market_id: None,
                field: "segmentType".to_owned(),
                limit: "state.max_segment_bytes",
                value: bytes_max as u64,
            });
        }
        if starts {
            self.clear();
            self.is_open = true;
            self.change_type = header.change_type;
        }
        self.bytes = bytes;
        self.parts.append(part);
        if header.segment != Segment::End {
            return Ok(false);
        }
        if header.pt_ms.is_none() && !self.parts.markets.is_empty() {
            return Err(invalid("pt", "is missing"));
        }
        std::mem::swap(part, &mut self.parts);
        part.header = header;
        part.header.segment = Segment::Whole;
        part.header.change_type = self.change_type;
        self.clear();
        Ok(true)
    }
}

fn invalid(field: &str, reason: &'static str) -> Error {
    Error::Invalid {
        market_id: None,
        field: field.to_owned(),
        offset: None,
        reason,
    }
}
