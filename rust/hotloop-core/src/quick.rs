//! A line as the venue itself writes nearly all of them, read without looking back.
//!
//! Positions go by value from one function to the next, which keeps them in registers: the pull reader
//! of `json.rs` has to keep its own in memory, and that is what most of its time goes to
//! (docs/decisions/0006-reading-a-line.md). What is not written that way (white space, escapes, a rare
//! member, a number of another form, anything wrong) is none here, and `parse.rs` reads the line again by the
//! whole grammar. Whatever is read here is read the same there.

use crate::definition;
use crate::json::{Reader, scan};
use crate::ladder::Centi;
use crate::message::{Header, MarketChange, Message, Row, RowKind, RunnerChange, RunnerKey};
use crate::rows::{PRICE_MAX, SIZE_MAX};

const OP: u64 = scan::short(b"op");
const ID: u64 = scan::short(b"id");
const CLK: u64 = scan::short(b"clk");
const PT: u64 = scan::short(b"pt");
const MC: u64 = scan::short(b"mc");
const IMG: u64 = scan::short(b"img");
const RC: u64 = scan::short(b"rc");
const TV: u64 = scan::short(b"tv");
const HC: u64 = scan::short(b"hc");
const LTP: u64 = scan::short(b"ltp");
const ATB: u64 = scan::short(b"atb");
const ATL: u64 = scan::short(b"atl");
const TRD: u64 = scan::short(b"trd");
const BATB: u64 = scan::short(b"batb");
const BATL: u64 = scan::short(b"batl");
const BDATB: u64 = scan::short(b"bdatb");
const BDATL: u64 = scan::short(b"bdatl");

/// Where reading goes on; none where it does not.
type Next = Option<usize>;

/// Reads a whole line into an empty `message`, which holds rubbish when it is none.
pub(crate) fn read(bytes: &[u8], message: &mut Message) -> Option<()> {
    // Told several times quicker than UTF-8, and nearly always so.
    if !bytes.is_ascii() {
        return None;
    }
    let mut header = Header::default();
    let end = members(bytes, 0, |key, at| match key {
        OP => {
            header.is_market_change = true;
            literal(bytes, at, b"\"mcm\"")
        }
        ID => int(bytes, at, &mut header.subscription),
        PT => int(bytes, at, &mut header.pt_ms),
        CLK => {
            let (clock, next) = string(bytes, at)?;
            message.clock.set(clock);
            Some(next)
        }
        MC => elements(bytes, at, |at| market(bytes, at, message)),
        _ => None,
    })?;
    let is_whole = bytes[end..].iter().all(|byte| matches!(byte, b'\r' | b'\n'));
    let is_read = header.is_market_change && header.pt_ms.is_some() && is_whole;
    message.header = header;
    is_read.then_some(())
}

/// One `mc` entry.
fn market(bytes: &[u8], at: usize, message: &mut Message) -> Next {
    let mut name = None;
    let mut image = false;
    let mut definition = None;
    let first_runner = message.runners.len();
    let next = members(bytes, at, |key, at| match key {
        ID => {
            let (id, next) = string(bytes, at)?;
            let start = message.names.len();
            message.names.extend_from_slice(id);
            name = Some(start..message.names.len());
            Some(next)
        }
        RC => elements(bytes, at, |at| runner(bytes, at, message)),
        IMG => {
            let (is_image, next) = flag(bytes, at)?;
            image = is_image;
            Some(next)
        }
        0 => {
            let at = literal(bytes, at, b"\"marketDefinition\":")?;
            let mut reader = reader(bytes, at)?;
            definition = Some(Box::new(definition::read(&mut reader).ok()?));
            Some(reader.offset())
        }
        TV => unread(bytes, at),
        _ => unread_member(bytes, key, at),
    })?;
    message.markets.push(MarketChange {
        name: name?,
        image,
        is_defined: definition.is_some(),
        definition,
        runners: first_runner..message.runners.len(),
    });
    Some(next)
}

/// One `rc` entry.
fn runner(bytes: &[u8], at: usize, message: &mut Message) -> Next {
    let rows = &mut message.rows;
    let first_row = rows.len();
    let mut id = None;
    let mut handicap = 0;
    let mut last_traded = None;
    let next = members(bytes, at, |key, at| match key {
        ID => int(bytes, at, &mut id),
        ATB => prices(bytes, at, RowKind::FullBack, rows),
        ATL => prices(bytes, at, RowKind::FullLay, rows),
        TRD => traded(bytes, at, rows),
        BATB => levels(bytes, at, RowKind::BestBack, rows),
        BATL => levels(bytes, at, RowKind::BestLay, rows),
        BDATB => levels(bytes, at, RowKind::DisplayBack, rows),
        BDATL => levels(bytes, at, RowKind::DisplayLay, rows),
        LTP => {
            let (price, next) = scan::centi(bytes, at)?;
            last_traded = (price <= PRICE_MAX).then_some(price);
            last_traded.map(|_| next.get())
        }
        HC => {
            let (hundredths, next) = scan::centi(bytes, at)?;
            handicap = hundredths;
            Some(next.get())
        }
        TV => unread(bytes, at),
        _ => unread_member(bytes, key, at),
    })?;
    let rows = first_row..rows.len();
    message.runners.push(RunnerChange {
        key: RunnerKey { id: id?, handicap },
        last_traded,
        rows,
    });
    Some(next)
}

/// `[[price, size], …]`
#[inline]
fn prices(bytes: &[u8], at: usize, kind: RowKind, rows: &mut Vec<Row>) -> Next {
    elements(bytes, at, |at| {
        let at = literal(bytes, at, b"[")?;
        let (price, size, next) = pair(bytes, at)?;
        rows.push(Row {
            kind,
            level: 0,
            price,
            size,
        });
        Some(next)
    })
}

/// `trd`: an empty array wipes what there is.
fn traded(bytes: &[u8], at: usize, rows: &mut Vec<Row>) -> Next {
    if bytes.get(at + 1) == Some(&b']') {
        return None;
    }
    prices(bytes, at, RowKind::Traded, rows)
}

/// `[[level, price, size], …]`
#[inline]
fn levels(bytes: &[u8], at: usize, kind: RowKind, rows: &mut Vec<Row>) -> Next {
    elements(bytes, at, |at| {
        let at = literal(bytes, at, b"[")?;
        let (level, comma) = match *bytes.get(at..)? {
            [digit @ b'0'..=b'9', b',', ..] => (digit - b'0', at + 1),
            _ => long_level(bytes, at)?,
        };
        let (price, size, next) = pair(bytes, literal(bytes, comma, b",")?)?;
        rows.push(Row {
            kind,
            level,
            price,
            size,
        });
        Some(next)
    })
}

/// A level of more than one digit: the venue shows ten of them at most.
#[cold]
fn long_level(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    let (level, end) = scan::int(bytes, at)?;
    Some((u8::try_from(level).ok()?, end.get()))
}

/// `price,size]`
#[inline]
fn pair(bytes: &[u8], at: usize) -> Option<(Centi, Centi, usize)> {
    let (price, comma) = scan::centi(bytes, at)?;
    let (size, end) = scan::centi(bytes, literal(bytes, comma.get(), b",")?)?;
    let next = literal(bytes, end.get(), b"]")?;
    (price <= PRICE_MAX && size <= SIZE_MAX).then_some((price, size, next))
}

/// An object of short keys; `member` reads the value of each. At least one.
#[inline]
fn members(bytes: &[u8], at: usize, mut member: impl FnMut(u64, usize) -> Next) -> Next {
    let mut at = literal(bytes, at, b"{")?;
    loop {
        // 0 for a longer key: `member` may know what it is looking at.
        let (key, value) = scan::short_key(bytes, at).unwrap_or((0, at));
        at = member(key, value)?;
        match bytes.get(at)? {
            b',' => at += 1,
            b'}' => return Some(at + 1),
            _ => return None,
        }
    }
}

/// An array; `element` reads each.
#[inline]
fn elements(bytes: &[u8], at: usize, mut element: impl FnMut(usize) -> Next) -> Next {
    let mut at = literal(bytes, at, b"[")?;
    if bytes.get(at) == Some(&b']') {
        return Some(at + 1);
    }
    loop {
        at = element(at)?;
        match bytes.get(at)? {
            b',' => at += 1,
            b']' => return Some(at + 1),
            _ => return None,
        }
    }
}

#[inline]
fn literal<const N: usize>(bytes: &[u8], at: usize, wanted: &[u8; N]) -> Next {
    (bytes.get(at..)?.first_chunk::<N>()? == wanted).then_some(at + N)
}

/// What stands after it is looked at by [`members`]: a number that goes on is none of an object.
#[inline]
fn int(bytes: &[u8], at: usize, value: &mut Option<i64>) -> Next {
    let (read, next) = scan::int(bytes, at)?;
    *value = Some(read);
    Some(next.get())
}

/// The value of a key that nobody asks for, if it is a key.
fn unread_member(bytes: &[u8], key: u64, at: usize) -> Next {
    let [name @ .., length] = key.to_le_bytes();
    let name = name.get(..usize::from(length))?;
    if length > 0 && scan::is_plain(name) {
        unread(bytes, at)
    } else {
        None
    }
}

/// A value that nobody asks for, of any kind.
fn unread(bytes: &[u8], at: usize) -> Next {
    let rows = || elements(bytes, at, |at| elements(bytes, at, |at| number(bytes, at)));
    let any = || {
        let mut reader = reader(bytes, at)?;
        reader.skip().ok()?;
        Some(reader.offset())
    };
    number(bytes, at)
        .or_else(|| flag(bytes, at).map(|(_, next)| next))
        .or_else(|| string(bytes, at).map(|(_, next)| next))
        .or_else(rows)
        .or_else(any)
}

/// A number that nobody asks for, with any number of decimals.
#[inline]
fn number(bytes: &[u8], at: usize) -> Next {
    if let Some((_, next)) = scan::centi(bytes, at)
        && bytes.get(next.get()).is_some_and(|byte| !byte.is_ascii_digit())
    {
        return Some(next.get());
    }
    long_number(bytes, at)
}

#[cold]
fn long_number(bytes: &[u8], at: usize) -> Next {
    let digits = |at: usize| {
        bytes[at..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count()
    };
    let whole = digits(at);
    if whole == 0 || (whole > 1 && bytes[at] == b'0') {
        return None;
    }
    let point = literal(bytes, at + whole, b".")?;
    let decimals = digits(point);
    (decimals > 0).then_some(point + decimals)
}

#[cold]
fn reader(bytes: &[u8], at: usize) -> Option<Reader<'_>> {
    Some(Reader::from(std::str::from_utf8(bytes).ok()?, at))
}

#[inline]
fn flag(bytes: &[u8], at: usize) -> Option<(bool, usize)> {
    let is_true = literal(bytes, at, b"true").map(|next| (true, next));
    is_true.or_else(|| literal(bytes, at, b"false").map(|next| (false, next)))
}

/// A string without escapes.
#[inline]
fn string(bytes: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let start = literal(bytes, at, b"\"")?;
    let end = scan::plain_until(bytes, start);
    let next = literal(bytes, end, b"\"")?;
    Some((bytes.get(start..end)?, next))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::parse::read_whole;

    /// What is read here is what the whole grammar reads; whether it was read here.
    fn agrees(line: &str) -> bool {
        let (mut quick, mut whole) = (Message::default(), Message::default());
        let is_read = read(line.as_bytes(), &mut quick).is_some();
        if is_read {
            assert_eq!(read_whole(line, &mut whole), Ok(()), "{line}");
            assert_eq!(format!("{quick:?}"), format!("{whole:?}"), "{line}");
        }
        is_read
    }

    /// A line in the venue's own form, with everything that is read here.
    const LINE: &str = concat!(
        r#"{"op":"mcm","id":2,"clk":"AJXXAgCM","pt":1743512127653,"mc":[{"id":"1.2","img":true,"con":false,"#,
        r#""marketDefinition":{"status":"OPEN","inPlay":false,"runners":[{"id":7}]},"rc":[{"atb":[[4.6,56.38],"#,
        r#"[5,0]],"atl":[[1.01,1234567.8]],"batb":[[0,4.6,56.38],[12,3,1]],"bdatl":[],"trd":[[5.1,4634.49]],"#,
        r#""ltp":5.1,"tv":13908.67,"spn":"NaN","hc":1.5,"id":56297029},{"id":8}],"tv":88254.17}]}"#,
    );

    #[test]
    fn the_venues_own_form_is_read_here() {
        assert!(agrees(LINE));
        assert!(agrees(&format!("{LINE}\r\n")));
    }

    #[test]
    fn other_forms_are_left_to_the_whole_grammar() {
        for (from, to) in [
            (":2,", ": 2,"),
            ("\"1.2\"", "\"1\\u002e2\""),
            ("[5,0]", "[5,0,1]"),
            ("5.1,4634.49", "5.10001,4634.49"),
            ("4.6,56.38", "4.6,-1"),
            ("\"id\":8", "\"id\":null"),
            ("\"id\":8", "\"name\":8"),
            ("\"op\":\"mcm\"", "\"op\":\"ocm\""),
            ("\"pt\":1743512127653", "\"pt\":17435121276530000"),
            ("\"trd\":[[5.1,4634.49]]", "\"trd\":[]"),
            ("\"clk\":\"AJXXAgCM\"", "\"ct\":\"HEARTBEAT\""),
            ("[1.01,", "[100000.01,"),
            ("\"pt\":", "\"pt\0\":"),
            ("\"spn\":", "\"s\\n\":"),
            ("}]}", "}]}x"),
        ] {
            assert!(LINE.contains(from), "{from}");
            assert!(!agrees(&LINE.replacen(from, to, 1)), "{to}");
        }
    }

    /// Every beginning of the line, and every line with one byte gone.
    #[test]
    fn what_is_cut_is_read_nowhere_or_the_same() {
        for at in 0..LINE.len() {
            agrees(&LINE[..at]);
            agrees(&format!("{}{}", &LINE[..at], &LINE[at + 1..]));
        }
    }

    proptest! {
        #[test]
        fn damaged_lines_are_read_nowhere_or_the_same(
            damage in prop::collection::vec((any::<prop::sample::Index>(), 0x20_u8..0x7f), 1..4),
        ) {
            let mut bytes = LINE.as_bytes().to_vec();
            for (place, with) in damage {
                let at = place.index(bytes.len());
                bytes[at] = with;
            }
            agrees(std::str::from_utf8(&bytes).unwrap());
        }

        #[test]
        fn numbers_are_read_nowhere_or_the_same(number in "-?[0-9]{1,17}(\\.[0-9]{0,4})?([eE][0-9])?") {
            for from in ["4634.49", "56297029", "13908.67", "1743512127653", "5.1,\"tv", "[12,", "1.5,\"id"] {
                let rest = from.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '[');
                let head = if from.starts_with('[') { "[" } else { "" };
                agrees(&LINE.replacen(from, &format!("{head}{number}{rest}"), 1));
            }
        }
    }
}
