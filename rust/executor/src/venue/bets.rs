//! Bets as the venue words them: in lines of the order stream, in `currentOrders` and in `clearedOrders`.

use std::collections::BTreeMap;

use orders::facts::{Bet, RunnerKey};
use serde::Deserialize;
use wire::Side;

/// A line of the order stream.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Line {
    /// `connection`, `status` or `ocm`.
    pub op: String,
    /// Which request it answers.
    pub id: Option<i64>,
    /// `SUB_IMAGE`, `RESUB_DELTA`, `HEARTBEAT` or nothing.
    pub ct: Option<String>,
    /// `SEG_START`, `SEG`, `SEG_END` or nothing.
    pub segment_type: Option<String>,
    /// Where to take up again.
    pub initial_clk: Option<String>,
    /// The same, as of this line.
    pub clk: Option<String>,
    /// `SUCCESS` or `FAILURE`.
    pub status_code: Option<String>,
    /// What is wrong.
    pub error_code: Option<String>,
    /// The same for people.
    pub error_message: Option<String>,
    /// True where the venue closes after this line.
    pub connection_closed: Option<bool>,
    /// 503 where what it tells may be old.
    pub status: Option<i64>,
    oc: Vec<Oc>,
}

#[derive(Debug, Deserialize)]
struct Oc {
    id: String,
    #[serde(default)]
    orc: Vec<Orc>,
}

#[derive(Debug, Deserialize)]
struct Orc {
    id: i64,
    #[serde(default)]
    hc: f64,
    #[serde(default)]
    uo: Vec<Uo>,
}

/// An order; keys as the stream spells them.
#[derive(Debug, Deserialize)]
struct Uo {
    id: String,
    p: f64,
    s: f64,
    side: StreamSide,
    pd: i64,
    md: Option<i64>,
    avp: Option<f64>,
    #[serde(default)]
    sm: f64,
    #[serde(default)]
    sl: f64,
    #[serde(default)]
    sc: f64,
    #[serde(default)]
    sv: f64,
    rfo: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
enum StreamSide {
    #[serde(rename = "B")]
    Back,
    #[serde(rename = "L")]
    Lay,
}

impl Line {
    /// Every bet in it.
    #[must_use]
    pub fn into_bets(self) -> Vec<Bet> {
        let mut bets = Vec::new();
        for market in self.oc {
            for runner in market.orc {
                let key = (runner.id, centi(runner.hc));
                bets.extend(runner.uo.into_iter().map(|uo| bet_of_stream(&market.id, key, uo)));
            }
        }
        bets
    }
}

fn bet_of_stream(market_id: &str, runner: RunnerKey, uo: Uo) -> Bet {
    let matched_centi = centi(uo.sm);
    Bet {
        bet_id: uo.id,
        order_ref: uo.rfo.filter(|reference| !reference.is_empty()),
        market_id: market_id.to_owned(),
        runner,
        side: match uo.side {
            StreamSide::Back => Side::Back,
            StreamSide::Lay => Side::Lay,
        },
        price_centi: centi(uo.p),
        size_centi: centi(uo.s),
        placed_ms: uo.pd,
        matched_centi,
        value: value(uo.avp.unwrap_or(uo.p), matched_centi),
        matched_ms: uo.md,
        cancelled_centi: centi(uo.sc),
        lapsed_centi: centi(uo.sl),
        voided_centi: centi(uo.sv),
    }
}

/// The result of `listCurrentOrders`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CurrentOrders {
    current_orders: Vec<CurrentOrder>,
    /// True where a page is not all.
    pub more_available: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CurrentOrder {
    bet_id: String,
    market_id: String,
    selection_id: i64,
    #[serde(default)]
    handicap: f64,
    price_size: PriceSize,
    side: Side,
    placed_date: String,
    matched_date: Option<String>,
    #[serde(default)]
    average_price_matched: f64,
    #[serde(default)]
    size_matched: f64,
    #[serde(default)]
    size_lapsed: f64,
    #[serde(default)]
    size_cancelled: f64,
    #[serde(default)]
    size_voided: f64,
    customer_order_ref: Option<String>,
}

#[derive(Debug, Deserialize)]
struct PriceSize {
    price: f64,
    size: f64,
}

impl CurrentOrders {
    /// Its bets.
    #[must_use]
    pub fn into_bets(self) -> Vec<Bet> {
        self.current_orders.into_iter().map(bet_of_current).collect()
    }

    /// How many.
    #[must_use]
    pub fn count(&self) -> usize {
        self.current_orders.len()
    }
}

fn bet_of_current(order: CurrentOrder) -> Bet {
    let matched_centi = centi(order.size_matched);
    Bet {
        bet_id: order.bet_id,
        order_ref: order.customer_order_ref.filter(|reference| !reference.is_empty()),
        market_id: order.market_id,
        runner: (order.selection_id, centi(order.handicap)),
        side: order.side,
        price_centi: centi(order.price_size.price),
        size_centi: centi(order.price_size.size),
        placed_ms: millis(&order.placed_date).unwrap_or(0),
        matched_centi,
        value: value(order.average_price_matched, matched_centi),
        matched_ms: order.matched_date.as_deref().and_then(millis),
        cancelled_centi: centi(order.size_cancelled),
        lapsed_centi: centi(order.size_lapsed),
        voided_centi: centi(order.size_voided),
    }
}

/// In which way a part of a bet was cleared: what `listClearedOrders` is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cleared {
    /// Matched, and settled.
    Settled,
    /// Matched, and void.
    Voided,
    /// Ended by the market.
    Lapsed,
    /// Taken away by request.
    Cancelled,
}

impl Cleared {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Settled, Self::Voided, Self::Lapsed, Self::Cancelled];

    /// The venue's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Settled => "SETTLED",
            Self::Voided => "VOIDED",
            Self::Lapsed => "LAPSED",
            Self::Cancelled => "CANCELLED",
        }
    }
}

/// The result of `listClearedOrders`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClearedOrders {
    cleared_orders: Vec<ClearedOrder>,
    /// True where a page is not all.
    pub more_available: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClearedOrder {
    bet_id: String,
    market_id: String,
    selection_id: i64,
    #[serde(default)]
    handicap: f64,
    side: Side,
    placed_date: String,
    last_matched_date: Option<String>,
    #[serde(default)]
    price_requested: f64,
    #[serde(default)]
    price_matched: f64,
    #[serde(default)]
    size_settled: f64,
    #[serde(default)]
    size_cancelled: f64,
    customer_order_ref: Option<String>,
}

/// The bets whose parts were cleared in these ways: all of each, because a bet is cleared as a whole.
#[must_use]
pub fn bets_of_cleared(answers: Vec<(Cleared, ClearedOrders)>) -> Vec<Bet> {
    let mut bets: BTreeMap<String, Bet> = BTreeMap::new();
    for (way, orders) in answers {
        for order in orders.cleared_orders {
            let bet = bets.entry(order.bet_id.clone()).or_insert_with(|| Bet {
                bet_id: order.bet_id.clone(),
                order_ref: order.customer_order_ref.clone().filter(|text| !text.is_empty()),
                market_id: order.market_id.clone(),
                runner: (order.selection_id, centi(order.handicap)),
                side: order.side,
                price_centi: centi(order.price_requested),
                size_centi: 0,
                placed_ms: millis(&order.placed_date).unwrap_or(0),
                matched_centi: 0,
                value: 0,
                matched_ms: None,
                cancelled_centi: 0,
                lapsed_centi: 0,
                voided_centi: 0,
            });
            add_part(bet, way, &order);
        }
    }
    bets.into_values().collect()
}

fn add_part(bet: &mut Bet, way: Cleared, order: &ClearedOrder) {
    let size_centi = match way {
        Cleared::Settled => centi(order.size_settled),
        _ => centi(order.size_settled.max(order.size_cancelled)),
    };
    bet.size_centi += size_centi;
    match way {
        Cleared::Settled => {
            bet.matched_centi += size_centi;
            bet.value += value(order.price_matched, size_centi);
            bet.matched_ms = order.last_matched_date.as_deref().and_then(millis);
        }
        Cleared::Voided => bet.voided_centi += size_centi,
        Cleared::Lapsed => bet.lapsed_centi += size_centi,
        Cleared::Cancelled => bet.cancelled_centi += size_centi,
    }
}

/// Hundredths of a decimal.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "rounded, and far below 2^53")]
pub fn centi(number: f64) -> i64 {
    (number * 100.0).round() as i64
}

/// Price times size, from an average price and hundredths of size.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "rounded, and below 2^53"
)]
fn value(price: f64, size_centi: i64) -> i64 {
    (price * 100.0 * size_centi as f64).round() as i64
}

/// Milliseconds since 1970 of a date such as `2026-05-01T12:00:00.000Z`.
#[must_use]
pub fn millis(date: &str) -> Option<i64> {
    let at: jiff::Timestamp = date.parse().ok()?;
    Some(at.as_millisecond())
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    fn matched() -> Bet {
        Bet {
            bet_id: "1".to_owned(),
            order_ref: Some("a".to_owned()),
            market_id: "1.1".to_owned(),
            runner: (7, -50),
            side: Side::Back,
            price_centi: 330,
            size_centi: 1_000,
            placed_ms: 1_767_225_600_000,
            matched_centi: 300,
            value: 300 * 331,
            matched_ms: Some(1_767_225_600_250),
            cancelled_centi: 500,
            lapsed_centi: 0,
            voided_centi: 0,
        }
    }

    #[test]
    fn a_bet_is_the_same_from_the_stream_and_from_a_listing() {
        let line: Line = from_value(json!({"op": "ocm", "ct": "SUB_IMAGE", "oc": [{"id": "1.1", "orc": [
            {"id": 7, "hc": -0.5, "fullImage": true, "uo": [
                {"id": "1", "p": 3.3, "s": 10, "side": "B", "status": "E", "pt": "L", "ot": "L", "pd": 1_767_225_600_000_i64,
                 "md": 1_767_225_600_250_i64, "avp": 3.31, "sm": 3.0, "sr": 2.0, "sl": 0, "sc": 5.0, "sv": 0, "rfo": "a",
                 "rfs": "hotloop"}]}]}]}))
        .unwrap();
        assert_eq!(line.into_bets(), [matched()]);
        let listed: CurrentOrders = from_value(json!({"moreAvailable": false, "currentOrders": [
            {"betId": "1", "marketId": "1.1", "selectionId": 7, "handicap": -0.5, "priceSize": {"price": 3.3, "size": 10.0},
             "side": "BACK", "status": "EXECUTABLE", "placedDate": "2026-01-01T00:00:00.000Z",
             "matchedDate": "2026-01-01T00:00:00.250Z", "averagePriceMatched": 3.31, "sizeMatched": 3.0,
             "sizeRemaining": 2.0, "sizeLapsed": 0.0, "sizeCancelled": 5.0, "sizeVoided": 0.0, "customerOrderRef": "a"}]}))
        .unwrap();
        assert_eq!(listed.into_bets(), [matched()]);
    }

    #[test]
    fn a_cleared_bet_is_the_sum_of_its_parts() {
        let orders = |order: serde_json::Value| {
            from_value(json!({"moreAvailable": false, "clearedOrders": [order]})).unwrap()
        };
        let part = |more: serde_json::Value| {
            let mut order = json!({"betId": "1", "marketId": "1.1", "selectionId": 7, "handicap": -0.5, "side": "BACK",
                                   "placedDate": "2026-01-01T00:00:00Z", "priceRequested": 3.3, "customerOrderRef": "a"});
            for (key, value) in more.as_object().unwrap() {
                order[key] = value.clone();
            }
            orders(order)
        };
        let bets = bets_of_cleared(vec![
            (
                Cleared::Settled,
                part(
                    json!({"sizeSettled": 3.0, "priceMatched": 3.31, "lastMatchedDate": "2026-01-01T00:00:00.250Z"}),
                ),
            ),
            (Cleared::Cancelled, part(json!({"sizeCancelled": 5.0}))),
            (Cleared::Lapsed, part(json!({"sizeCancelled": 2.0}))),
        ]);
        let whole = Bet {
            lapsed_centi: 200,
            ..matched()
        };
        assert_eq!(bets, [whole]);
        assert!(bets[0].is_complete());
    }

    #[test]
    fn a_reference_that_is_empty_is_none_and_a_date_that_is_none_is_not_guessed() {
        let line: Line = from_value(json!({"op": "ocm", "oc": [{"id": "1.1", "orc": [{"id": 7, "uo": [
            {"id": "1", "p": 3.3, "s": 10, "side": "L", "pd": 5, "rfo": ""}]}]}]}))
        .unwrap();
        let bets = line.into_bets();
        assert_eq!(
            (bets[0].order_ref.as_deref(), bets[0].runner, bets[0].value),
            (None, (7, 0), 0)
        );
        assert_eq!(
            (millis("yesterday"), millis("2026-01-01T00:00:00.000Z")),
            (None, Some(1_767_225_600_000))
        );
    }
}
