//! One stream line to a validated [`Message`]: everything is checked here, before any book changes.
//!
//! Only what the books need is read (docs/signals.md, "Ingest"); other keys are skipped unseen and
//! `null` means absent. The line is read once; only when that fails is it looked at again (`probe`),
//! to tell an unreadable line from a bad value and to find the market the value belongs to.

use crate::definition;
use crate::error::Error;
use crate::fault::{Fault, Read};
use crate::json::Reader;
use crate::message::{ChangeType, Clock, Header, MarketChange, Message, Segment};
use crate::probe::probe;
use crate::quick;
use crate::rows;

/// Reads one line into `message`, whatever that held before.
///
/// # Errors
/// [`Error::Unreadable`] or [`Error::Invalid`]; `message` is then empty.
pub(crate) fn decode(line: &[u8], message: &mut Message) -> Result<(), Error> {
    message.clear();
    if quick::read(line, message).is_some() {
        return Ok(());
    }
    message.clear();
    let text = utf8(line)?;
    let outcome = match read_whole(text, message) {
        Ok(()) => Ok(()),
        Err(fault) => {
            message.clear();
            diagnose(text, &fault, message)
        }
    };
    let header = message.header;
    if outcome.is_err() {
        message.clear();
    } else if !header.is_market_change || header.change_type == ChangeType::Heartbeat {
        message.clear_changes();
    }
    outcome
}

fn utf8(line: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(line).map_err(|error| Error::Unreadable {
        offset: error.valid_up_to(),
        reason: "is not UTF-8",
    })
}

/// Reads one `mc` object as an image of `market_id`, whatever `img` it carries, into an empty
/// `message`.
///
/// # Errors
/// As [`decode`]; paths are relative to the object. Also when its own `id` is another market's.
pub(crate) fn decode_snapshot(market_id: &str, line: &[u8], message: &mut Message) -> Result<(), Error> {
    message.clear();
    let invalid = |fault: &Fault| Error::Invalid {
        market_id: Some(market_id.to_owned()),
        field: fault.field(),
        offset: Some(fault.offset()),
        reason: fault.reason(),
    };
    let text = utf8(line)?;
    let mut reader = Reader::new(text);
    let read = market_change(&mut reader, message, Some(market_id)).and_then(|()| reader.end());
    if let Err(fault) = read {
        message.clear();
        probe(text).map_err(|fault| unreadable(&fault))?;
        return Err(invalid(&fault));
    }
    message.header.is_market_change = true;
    for change in &mut message.markets {
        change.image = true;
    }
    Ok(())
}

/// Reads any line by the whole grammar.
pub(crate) fn read_whole(text: &str, message: &mut Message) -> Read<()> {
    message.clear();
    read(text, message, Changes::Read)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Changes {
    Read,
    Skip,
}

fn read(text: &str, message: &mut Message, changes: Changes) -> Read<()> {
    let mut header = Header::default();
    let mut reader = Reader::new(text);
    reader.object(|reader, key| {
        match key {
            "op" => header.is_market_change = reader.is_string("mcm")?,
            "id" => header.subscription = reader.optional_int().map_err(|f| f.under("id"))?,
            "pt" => header.pt_ms = reader.optional_int().map_err(|f| f.under("pt"))?,
            "ct" => header.change_type = change_type(reader).map_err(|f| f.under("ct"))?,
            "clk" => clock(reader, &mut message.clock).map_err(|f| f.under("clk"))?,
            "initialClk" => {
                clock(reader, &mut message.initial_clock).map_err(|f| f.under("initialClk"))?;
            }
            "status" => {
                let status = reader.optional_int().map_err(|f| f.under("status"))?;
                header.unreliable = status == Some(503);
            }
            "segmentType" => {
                header.segment = segment(reader).map_err(|f| f.under("segmentType"))?;
            }
            "mc" if changes == Changes::Read => {
                reader
                    .optional_array(|reader, _| market_change(reader, message, None))
                    .map_err(|f| f.under("mc"))?;
            }
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    reader.end()?;
    message.header = header;
    let has_changes = header.change_type != ChangeType::Heartbeat && !message.markets.is_empty();
    if header.is_market_change && has_changes && header.pt_ms.is_none() {
        return Err(Fault::new(0, "is missing").under("pt"));
    }
    Ok(())
}

/// Second look at a line that could not be read as a message.
fn diagnose(text: &str, fault: &Fault, message: &mut Message) -> Result<(), Error> {
    let probe = probe(text).map_err(|fault| unreadable(&fault))?;
    if !probe.is_market_change {
        message.header = Header::default();
        return Ok(());
    }
    let invalid = |fault: &Fault| Error::Invalid {
        market_id: fault
            .index_under("mc")
            .and_then(|i| probe.entries.get(i)?.clone()),
        field: fault.field(),
        offset: Some(fault.offset()),
        reason: fault.reason(),
    };
    if probe.is_heartbeat {
        return read(text, message, Changes::Skip).map_err(|fault| invalid(&fault));
    }
    Err(invalid(fault))
}

fn unreadable(fault: &Fault) -> Error {
    Error::Unreadable {
        offset: fault.offset(),
        reason: fault.reason(),
    }
}

/// Reads one `mc` entry. `named` gives the market where the entry need not say it (a snapshot).
fn market_change(reader: &mut Reader<'_>, message: &mut Message, named: Option<&str>) -> Read<()> {
    let start = reader.offset();
    let first_runner = message.runners.len();
    let mut name = named.map(|market_id| push_name(message, market_id));
    let mut image = false;
    let mut definition = None;
    reader.object(|reader, key| {
        match key {
            "id" => {
                let own = market_name(reader, message, named).map_err(|f| f.under("id"))?;
                name = own.or(name.take());
            }
            "img" => image = reader.optional_flag().map_err(|f| f.under("img"))?,
            "marketDefinition" => {
                definition = reader
                    .optional(definition::read)
                    .map_err(|f| f.under("marketDefinition"))?
                    .map(Box::new);
            }
            "rc" => reader
                .optional_array(|reader, _| rows::runner_change(reader, message))
                .map_err(|f| f.under("rc"))?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    let Some(name) = name else {
        return Err(Fault::new(start, "is missing").under("id"));
    };
    let runners = first_runner..message.runners.len();
    let is_defined = definition.is_some();
    message.markets.push(MarketChange {
        name,
        image,
        definition,
        is_defined,
        runners,
    });
    Ok(())
}

fn market_name(
    reader: &mut Reader<'_>,
    message: &mut Message,
    named: Option<&str>,
) -> Read<Option<std::ops::Range<usize>>> {
    let offset = reader.offset();
    if reader.null()? {
        return Ok(None);
    }
    let own = reader.string()?;
    match named {
        None => Ok(Some(push_name(message, &own))),
        Some(market_id) if market_id == own => Ok(None),
        Some(_) => Err(Fault::new(offset, "is another market's")),
    }
}

fn push_name(message: &mut Message, name: &str) -> std::ops::Range<usize> {
    let start = message.names.len();
    message.names.extend_from_slice(name.as_bytes());
    start..message.names.len()
}

fn clock(reader: &mut Reader<'_>, clock: &mut Clock) -> Read<()> {
    match reader.optional(Reader::string)? {
        Some(text) => clock.set(text.as_bytes()),
        None => clock.is_given = false,
    }
    Ok(())
}

fn change_type(reader: &mut Reader<'_>) -> Read<ChangeType> {
    let name = reader.optional(Reader::string)?;
    Ok(match name.as_deref() {
        Some("SUB_IMAGE") => ChangeType::SubImage,
        Some("RESUB_DELTA") => ChangeType::ResubDelta,
        Some("HEARTBEAT") => ChangeType::Heartbeat,
        _ => ChangeType::Update,
    })
}

fn segment(reader: &mut Reader<'_>) -> Read<Segment> {
    let offset = reader.offset();
    let name = reader.optional(Reader::string)?;
    match name.as_deref() {
        None => Ok(Segment::Whole),
        Some("SEG_START") => Ok(Segment::Start),
        Some("SEG") => Ok(Segment::Middle),
        Some("SEG_END") => Ok(Segment::End),
        Some(_) => Err(Fault::new(offset, "is not a known segment type")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `{"op":"mcm","pt":1,"mc":[ENTRY]}` refused: field, market.
    fn refused(entry: &str) -> (String, Option<String>) {
        let line = format!(r#"{{"op":"mcm","pt":1,"mc":[{entry}]}}"#);
        let mut message = Message::default();
        let error = decode(line.as_bytes(), &mut message).unwrap_err();
        assert!(message.markets.is_empty() && message.rows.is_empty() && message.names.is_empty());
        (
            error.field().unwrap_or_default().to_owned(),
            error.market_id().map(str::to_owned),
        )
    }

    #[test]
    fn bad_values_are_named_by_their_path() {
        for (entry, field) in [
            ("5", "mc[0]"),
            ("{}", "mc[0].id"),
            (r#"{"id":5}"#, "mc[0].id"),
            (r#"{"id":"1.1","img":1}"#, "mc[0].img"),
            (r#"{"id":"1.1","rc":{}}"#, "mc[0].rc"),
            (r#"{"id":"1.1","rc":[5]}"#, "mc[0].rc[0]"),
            (r#"{"id":"1.1","rc":[{}]}"#, "mc[0].rc[0].id"),
            (r#"{"id":"1.1","rc":[{"id":1.0}]}"#, "mc[0].rc[0].id"),
            (r#"{"id":"1.1","rc":[{"id":1,"hc":"0"}]}"#, "mc[0].rc[0].hc"),
            (r#"{"id":"1.1","rc":[{"id":1,"ltp":-1}]}"#, "mc[0].rc[0].ltp"),
            (r#"{"id":"1.1","rc":[{"id":1,"atb":5}]}"#, "mc[0].rc[0].atb"),
            (r#"{"id":"1.1","rc":[{"id":1,"atl":[5]}]}"#, "mc[0].rc[0].atl[0]"),
            (
                r#"{"id":"1.1","rc":[{"id":1,"atl":[[2]]}]}"#,
                "mc[0].rc[0].atl[0]",
            ),
            (
                r#"{"id":"1.1","rc":[{"id":1,"trd":[[2,1,1]]}]}"#,
                "mc[0].rc[0].trd[0]",
            ),
            (
                r#"{"id":"1.1","rc":[{"id":1,"trd":[[2,-1]]}]}"#,
                "mc[0].rc[0].trd[0][1]",
            ),
            (
                r#"{"id":"1.1","rc":[{"id":1,"atb":[[1e9,1]]}]}"#,
                "mc[0].rc[0].atb[0][0]",
            ),
            (
                r#"{"id":"1.1","rc":[{"id":1,"batb":[[256,2,1]]}]}"#,
                "mc[0].rc[0].batb[0][0]",
            ),
            (
                r#"{"id":"1.1","rc":[{"id":1,"bdatl":[[0,2]]}]}"#,
                "mc[0].rc[0].bdatl[0]",
            ),
            (
                r#"{"id":"1.1","rc":[{"id":1,"bdatb":[[0,2,true]]}]}"#,
                "mc[0].rc[0].bdatb[0][2]",
            ),
            (r#"{"id":"1.1","marketDefinition":[]}"#, "mc[0].marketDefinition"),
            (
                r#"{"id":"1.1","marketDefinition":{"inPlay":0}}"#,
                "mc[0].marketDefinition.inPlay",
            ),
            (
                r#"{"id":"1.1","marketDefinition":{"runners":[{"id":1},{}]}}"#,
                "mc[0].marketDefinition.runners[1].id",
            ),
            (
                r#"{"id":"1.1","marketDefinition":{"priceLadderDefinition":{"type":"NEW"}}}"#,
                "mc[0].marketDefinition.priceLadderDefinition.type",
            ),
        ] {
            assert_eq!(refused(entry).0, field, "{entry}");
        }
    }

    #[test]
    fn the_market_is_found_wherever_its_id_stands() {
        let (field, market) = refused(r#"{"id":"1.1"},{"rc":[{"id":"x"}],"id":"1.2"}"#);
        assert_eq!(
            (field.as_str(), market.as_deref()),
            ("mc[1].rc[0].id", Some("1.2"))
        );
        assert_eq!(refused(r#"{"rc":5}"#).1, None);
    }

    #[test]
    fn a_message_with_changes_has_a_time() {
        let mut message = Message::default();
        let refused = decode(br#"{"op":"mcm","mc":[{"id":"1.1"}]}"#, &mut message).unwrap_err();
        assert_eq!(refused.field(), Some("pt"));
        assert_eq!(decode(br#"{"op":"mcm","mc":[]}"#, &mut message), Ok(()));
    }

    #[test]
    fn a_line_is_one_json_object_in_utf8() {
        let mut message = Message::default();
        for (line, offset) in [
            (&b""[..], 0),
            (b"[]", 0),
            (br#"{"op":"mcm"} x"#, 13),
            (b"{\"op\":\"\xff\"}", 7),
            (br#"{"op":"mcm","pt":1,"mc":[{"id":"1.1","rc":[{"id":"x"}]}]"#, 56),
            (br#"{"op":"mcm","spn":NaN}"#, 18),
        ] {
            let error = decode(line, &mut message).unwrap_err();
            assert_eq!((error.field(), error.offset()), (None, Some(offset)), "{error}");
        }
    }

    #[test]
    fn what_is_not_read_may_be_anything_and_null_is_absent() {
        let line = br#" {"clk":null,"_stream_id":[{}],"op":"mcm","id":null,"ct":null,"pt":7,
            "mc":[{"\u0069d":"1.\u0031","con":true,"tv":"x","img":null,"marketDefinition":null,
            "rc":[{"spn":"NaN","spf":"Infinity","spb":[[70.1621307023403,1]],"ltp":null,"hc":null,
            "atb":null,"trd":null,"id":3}]}]} "#;
        let mut message = Message::default();
        decode(line, &mut message).unwrap();
        assert_eq!(message.name(&message.markets[0]), "1.1");
        assert_eq!(
            message.runners[0].key,
            crate::message::RunnerKey { id: 3, handicap: 0 }
        );
        assert!(message.rows.is_empty());
    }
}
