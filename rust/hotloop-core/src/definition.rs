//! Reading a `marketDefinition`: rare, so it may allocate.

use crate::fault::{Fault, Read};
use crate::json::Reader;
use crate::ladder::{Centi, Ladder, Lines};
use crate::message::{Definition, RunnerDefinition, RunnerKey};

/// The line fields of a definition, hundredths.
#[derive(Default)]
struct LineUnits {
    min: Option<Centi>,
    max: Option<Centi>,
    interval: Option<Centi>,
}

/// Reads one market definition.
pub(crate) fn read(reader: &mut Reader<'_>) -> Read<Definition> {
    let mut definition = Definition::default();
    let mut lines = LineUnits::default();
    reader.object(|reader, key| {
        let Some(known) = KEYS.iter().find(|known| **known == key) else {
            return reader.skip();
        };
        member(reader, known, &mut definition, &mut lines).map_err(|fault| fault.under(known))
    })?;
    if let Ladder::LineRange(slot) = &mut definition.ladder {
        *slot = match (lines.min, lines.max, lines.interval) {
            (Some(min), Some(max), Some(interval)) => Lines::new(min, max, interval),
            _ => None,
        };
    }
    Ok(definition)
}

const KEYS: [&str; 17] = [
    "status",
    "inPlay",
    "version",
    "betDelay",
    "bspReconciled",
    "marketTime",
    "eventTypeId",
    "marketType",
    "turnInPlayEnabled",
    "persistenceEnabled",
    "numberOfWinners",
    "marketBaseRate",
    "priceLadderDefinition",
    "lineMinUnit",
    "lineMaxUnit",
    "lineInterval",
    "runners",
];

fn member(
    reader: &mut Reader<'_>,
    key: &str,
    definition: &mut Definition,
    lines: &mut LineUnits,
) -> Read<()> {
    match key {
        "status" => definition.status = text(reader)?,
        "inPlay" => definition.in_play = reader.optional_flag()?,
        "version" => definition.version = reader.optional_int()?,
        "betDelay" => definition.bet_delay_s = reader.optional_int()?.unwrap_or(0),
        "bspReconciled" => definition.bsp_reconciled = reader.optional_flag()?,
        "marketTime" => definition.market_time = text(reader)?,
        "eventTypeId" => definition.event_type_id = text(reader)?,
        "marketType" => definition.market_type = text(reader)?,
        "turnInPlayEnabled" => definition.turn_in_play = reader.optional_flag()?,
        "persistenceEnabled" => definition.persistence = reader.optional_flag()?,
        "numberOfWinners" => definition.number_of_winners = reader.optional_int()?,
        "marketBaseRate" => definition.base_rate_percent = reader.optional_float()?,
        "priceLadderDefinition" => {
            definition.ladder = reader.optional(ladder)?.unwrap_or_default();
        }
        "lineMinUnit" => lines.min = reader.optional_centi()?,
        "lineMaxUnit" => lines.max = reader.optional_centi()?,
        "lineInterval" => lines.interval = reader.optional_centi()?,
        "runners" => {
            definition.runners.clear();
            reader.optional_array(|reader, _| {
                definition.runners.push(runner(reader)?);
                Ok(())
            })?;
        }
        _ => reader.skip()?,
    }
    Ok(())
}

fn ladder(reader: &mut Reader<'_>) -> Read<Ladder> {
    let mut ladder = Ladder::Classic;
    reader.object(|reader, key| {
        if key != "type" {
            return reader.skip();
        }
        let offset = reader.offset();
        let name = text(reader).map_err(|fault| fault.under("type"))?;
        ladder = match name.as_deref() {
            None | Some("CLASSIC") => Ladder::Classic,
            Some("FINEST") => Ladder::Finest,
            Some("LINE_RANGE") => Ladder::LineRange(None),
            // A guess here would put every order of the market on wrong prices.
            Some(_) => return Err(Fault::new(offset, "is not a known ladder").under("type")),
        };
        Ok(())
    })?;
    Ok(ladder)
}

fn runner(reader: &mut Reader<'_>) -> Read<RunnerDefinition> {
    let start = reader.offset();
    let mut id = None;
    let mut runner = RunnerDefinition {
        key: RunnerKey { id: 0, handicap: 0 },
        status: None,
        sort_priority: None,
        adjustment_factor: None,
    };
    reader.object(|reader, key| match key {
        "id" => reader
            .optional_int()
            .map(|read| id = read)
            .map_err(|f| f.under("id")),
        "hc" => reader
            .optional_centi()
            .map(|read| runner.key.handicap = read.unwrap_or(0))
            .map_err(|f| f.under("hc")),
        "status" => text(reader)
            .map(|read| runner.status = read)
            .map_err(|f| f.under("status")),
        "sortPriority" => reader
            .optional_int()
            .map(|read| runner.sort_priority = read)
            .map_err(|f| f.under("sortPriority")),
        "adjustmentFactor" => reader
            .optional_float()
            .map(|read| runner.adjustment_factor = read)
            .map_err(|f| f.under("adjustmentFactor")),
        _ => reader.skip(),
    })?;
    runner.key.id = id.ok_or_else(|| Fault::new(start, "is missing").under("id"))?;
    Ok(runner)
}

fn text(reader: &mut Reader<'_>) -> Read<Option<String>> {
    Ok(reader.optional(Reader::string)?.map(std::borrow::Cow::into_owned))
}
