//! Reading the `rc` entries of a message and the rows of their arrays.

use crate::fault::{Fault, Read};
use crate::json::Reader;
use crate::ladder::Centi;
use crate::message::{Message, Row, RowKind, RunnerChange, RunnerKey};

/// Largest price accepted, hundredths.
pub(crate) const PRICE_MAX: Centi = 10_000_000;
/// Largest size accepted, hundredths: beyond it a double no longer holds every integer.
pub(crate) const SIZE_MAX: Centi = 1 << 53;
const MAX: [Centi; 2] = [PRICE_MAX, SIZE_MAX];

/// Reads one `rc` entry.
pub(crate) fn runner_change(reader: &mut Reader<'_>, message: &mut Message) -> Read<()> {
    let start = reader.offset();
    let first_row = message.rows.len();
    let rows = &mut message.rows;
    let mut id = None;
    let mut handicap = 0;
    let mut last_traded = None;
    reader.object(|reader, key| match key {
        "id" => reader
            .optional_int()
            .map(|read| id = read)
            .map_err(|f| f.under("id")),
        "hc" => reader
            .optional_centi()
            .map(|read| handicap = read.unwrap_or(0))
            .map_err(|f| f.under("hc")),
        "ltp" => reader
            .optional(|reader| reader.centi_up_to(PRICE_MAX))
            .map(|read| last_traded = read)
            .map_err(|f| f.under("ltp")),
        "atb" => price_rows(reader, RowKind::FullBack, rows).map_err(|f| f.under("atb")),
        "atl" => price_rows(reader, RowKind::FullLay, rows).map_err(|f| f.under("atl")),
        "trd" => traded_rows(reader, rows).map_err(|f| f.under("trd")),
        "batb" => level_rows(reader, RowKind::BestBack, rows).map_err(|f| f.under("batb")),
        "batl" => level_rows(reader, RowKind::BestLay, rows).map_err(|f| f.under("batl")),
        "bdatb" => level_rows(reader, RowKind::DisplayBack, rows).map_err(|f| f.under("bdatb")),
        "bdatl" => level_rows(reader, RowKind::DisplayLay, rows).map_err(|f| f.under("bdatl")),
        _ => reader.skip(),
    })?;
    let Some(id) = id else {
        return Err(Fault::new(start, "is missing").under("id"));
    };
    let rows = first_row..message.rows.len();
    message.runners.push(RunnerChange {
        key: RunnerKey { id, handicap },
        last_traded,
        rows,
    });
    Ok(())
}

/// `[[price, size], …]`
fn price_rows(reader: &mut Reader<'_>, kind: RowKind, rows: &mut Vec<Row>) -> Read<()> {
    reader.optional_array(|reader, _| {
        let [price, size] = numbers(reader)?;
        rows.push(Row {
            kind,
            level: 0,
            price,
            size,
        });
        Ok(())
    })
}

/// `trd`: as [`price_rows`], but here an empty array wipes what there is.
fn traded_rows(reader: &mut Reader<'_>, rows: &mut Vec<Row>) -> Read<()> {
    let before = rows.len();
    if reader.null()? {
        return Ok(());
    }
    price_rows(reader, RowKind::Traded, rows)?;
    if rows.len() == before {
        rows.push(Row {
            kind: RowKind::TradedWiped,
            level: 0,
            price: 0,
            size: 0,
        });
    }
    Ok(())
}

/// `[[level, price, size], …]`
fn level_rows(reader: &mut Reader<'_>, kind: RowKind, rows: &mut Vec<Row>) -> Read<()> {
    reader.optional_array(|reader, _| {
        let (level, [price, size]) = level_numbers(reader)?;
        rows.push(Row {
            kind,
            level,
            price,
            size,
        });
        Ok(())
    })
}

fn numbers(reader: &mut Reader<'_>) -> Read<[Centi; 2]> {
    let mut values = [0; 2];
    let offset = reader.offset();
    let count = reader.array(|reader, i| match values.get_mut(i) {
        Some(value) => reader.centi_up_to(MAX[i]).map(|read| *value = read),
        None => reader.skip(),
    })?;
    if count != values.len() {
        return Err(Fault::new(offset, "is not [price, size]"));
    }
    Ok(values)
}

fn level_numbers(reader: &mut Reader<'_>) -> Read<(u8, [Centi; 2])> {
    let mut level = 0;
    let mut values = [0; 2];
    let offset = reader.offset();
    let count = reader.array(|reader, i| match i {
        0 => row_level(reader).map(|read| level = read),
        1 | 2 => reader.centi_up_to(MAX[i - 1]).map(|read| values[i - 1] = read),
        _ => reader.skip(),
    })?;
    if count != 3 {
        return Err(Fault::new(offset, "is not [level, price, size]"));
    }
    Ok((level, values))
}

fn row_level(reader: &mut Reader<'_>) -> Read<u8> {
    let offset = reader.offset();
    u8::try_from(reader.int()?).map_err(|_| Fault::new(offset, "is not a level 0 to 255"))
}
