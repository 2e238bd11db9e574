//! What can be told of a line that is not applied, whatever is wrong with its values.

use crate::fault::Read;
use crate::json::Reader;

/// What a readable line says, whatever is wrong with its values.
#[derive(Default)]
pub(crate) struct Probe {
    pub is_market_change: bool,
    pub is_heartbeat: bool,
    /// Market id of each `mc` entry, where it is a string.
    pub entries: Vec<Option<String>>,
    /// `mc` is neither an array nor null: there is no telling what it was meant to carry.
    is_shapeless: bool,
}

/// Looks at a line of any content.
///
/// # Errors
/// The fault that keeps it from being one JSON object.
pub(crate) fn probe(text: &str) -> Read<Probe> {
    let mut probe = Probe::default();
    let mut reader = Reader::new(text);
    reader.skip()?;
    reader.end()?;
    let mut reader = Reader::new(text);
    reader.object(|reader, key| match key {
        "op" => reader.is_string("mcm").map(|is| probe.is_market_change = is),
        "ct" => reader.is_string("HEARTBEAT").map(|is| probe.is_heartbeat = is),
        "mc" if reader.next_is(b'[') => {
            let entries = reader.array(|reader, _| {
                probe.entries.push(entry_id(reader)?);
                Ok(())
            });
            entries.map(drop)
        }
        "mc" => {
            probe.is_shapeless = !reader.next_is(b'n');
            reader.skip()
        }
        _ => reader.skip(),
    })?;
    Ok(probe)
}

/// The `id` of an `mc` entry of any shape, where there is one and it is a string.
fn entry_id(reader: &mut Reader<'_>) -> Read<Option<String>> {
    if !reader.next_is(b'{') {
        return reader.skip().map(|()| None);
    }
    let mut id = None;
    reader.object(|reader, key| {
        if key == "id" && reader.next_is(b'"') {
            id = Some(reader.string()?.into_owned());
            return Ok(());
        }
        reader.skip()
    })?;
    Ok(id)
}

/// Ids of the markets a line carries changes of, or none where they cannot all be told.
pub(crate) fn carried(line: &[u8]) -> Option<Vec<String>> {
    let probe = probe(std::str::from_utf8(line).ok()?).ok()?;
    if probe.is_heartbeat {
        return Some(Vec::new());
    }
    if probe.is_shapeless {
        return None;
    }
    probe.entries.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carried_by(line: &str) -> Option<Vec<String>> {
        carried(line.as_bytes())
    }

    #[test]
    fn the_markets_are_told_whatever_else_is_wrong() {
        let ids = ["1.1", "1.2", "1.1"].map(str::to_owned);
        for line in [
            r#"{"mc":[{"id":"1.1"},{"id":"1.2","rc":5},{"img":0,"id":"1.1"}],"pt":"x"}"#,
            r#"{"ct":5,"mc":[{"\u0069d":"1.\u0031","rc":{"id":7}},{"id":"1.2"},{"id":"1.1"}]}"#,
        ] {
            assert_eq!(carried_by(line).as_deref(), Some(&ids[..]), "{line}");
        }
    }

    #[test]
    fn a_message_without_changes_carries_no_market() {
        for line in [
            r#"{"op":"mcm","pt":"x"}"#,
            r#"{"pt":"x","mc":null}"#,
            r#"{"pt":"x","mc":[]}"#,
            r#"{"pt":"x","mc":5,"ct":"HEARTBEAT"}"#,
        ] {
            assert_eq!(carried_by(line), Some(Vec::new()), "{line}");
        }
    }

    #[test]
    fn one_id_that_cannot_be_read_leaves_all_open() {
        for line in [
            r#"{"mc":{"id":"1.1"}}"#,
            r#"{"mc":"1.1"}"#,
            r#"{"mc":[{"id":"1.1"},5]}"#,
            r#"{"mc":[{"id":"1.1"},{}]}"#,
            r#"{"mc":[{"id":"1.1"},{"id":null}]}"#,
            r#"{"mc":[{"id":1.1},{"id":"1.1"}]}"#,
            r#"{"mc":[{"id":"1.1"}]"#,
        ] {
            assert_eq!(carried_by(line), None, "{line}");
        }
        assert_eq!(carried(b"{\"mc\":[],\"a\":\"\xff\"}"), None);
    }
}
