//! Requests of the betting API as JSON-RPC, and what their replies say.

use hyper::StatusCode;
use orders::facts::{Answer, Told};
use orders::{Instruction, Kind, Request};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wire::{Intent, Persistence, Side, TimeInForce};

use super::bets::centi;
use super::http::Failure;

/// A code that the error ladder knows for what the venue cannot read.
const BAD_REQUEST: &str = "INVALID_INPUT_DATA";

/// The body of a call.
#[derive(Serialize)]
struct Call<'a, P> {
    jsonrpc: &'static str,
    method: &'a str,
    params: P,
    id: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Change<'a> {
    market_id: &'a str,
    instructions: Vec<Wish<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_ref: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_strategy_ref: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    market_version: Option<Version>,
}

#[derive(Serialize)]
struct Version {
    version: i64,
}

/// One instruction as the venue wants it.
#[derive(Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
enum Wish<'a> {
    Place {
        order_type: &'static str,
        selection_id: i64,
        handicap: f64,
        side: Side,
        customer_order_ref: &'a str,
        limit_order: Limit,
    },
    Cancel {
        bet_id: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        size_reduction: Option<f64>,
    },
    Replace {
        bet_id: &'a str,
        new_price: f64,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Limit {
    size: f64,
    price: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    persistence_type: Option<Persistence>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_in_force: Option<TimeInForce>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_fill_size: Option<f64>,
}

/// The body of a request that changes something.
#[must_use]
pub fn change(request: &Request, strategy_ref: &str) -> Vec<u8> {
    let instructions = request.instructions.iter().filter_map(wish).collect();
    let mut params = Change {
        market_id: &request.market_id,
        instructions,
        customer_ref: Some(&request.reference),
        customer_strategy_ref: None,
        market_version: None,
    };
    let method = match request.kind {
        Kind::Place => {
            params.customer_strategy_ref = Some(strategy_ref);
            params.market_version = version_of(&request.instructions);
            "SportsAPING/v1.0/placeOrders"
        }
        Kind::Replace => "SportsAPING/v1.0/replaceOrders",
        // Cancelling twice is cancelling once: no reference, so that it is never refused for being a repeat.
        Kind::Cancel | Kind::LookUp => {
            params.customer_ref = None;
            "SportsAPING/v1.0/cancelOrders"
        }
    };
    body(method, params)
}

/// One version is said for all orders of a request: the oldest that any of them names.
fn version_of(instructions: &[Instruction]) -> Option<Version> {
    let versions = instructions.iter().filter_map(|instruction| match instruction {
        Instruction::Place(intent) => intent.market_version,
        _ => None,
    });
    versions.min().map(|version| Version { version })
}

fn wish(instruction: &Instruction) -> Option<Wish<'_>> {
    match instruction {
        Instruction::Place(intent) => Some(place(intent)),
        Instruction::Cancel { bet_id, reduce_centi } => Some(Wish::Cancel {
            bet_id,
            size_reduction: reduce_centi.map(decimal),
        }),
        Instruction::Replace { bet_id, price_centi } => Some(Wish::Replace {
            bet_id,
            new_price: decimal(*price_centi),
        }),
        Instruction::LookUp { .. } => None,
    }
}

fn place(intent: &Intent) -> Wish<'_> {
    let is_killed = intent.time_in_force == Some(TimeInForce::FillOrKill);
    Wish::Place {
        order_type: "LIMIT",
        selection_id: intent.selection_id,
        handicap: decimal(intent.handicap_centi),
        side: intent.side,
        customer_order_ref: &intent.intent_id,
        limit_order: Limit {
            size: decimal(intent.size_centi),
            price: decimal(intent.price_centi),
            persistence_type: (!is_killed).then_some(intent.persistence),
            time_in_force: intent.time_in_force,
            min_fill_size: intent.min_fill_size_centi.filter(|_| is_killed).map(decimal),
        },
    }
}

/// The body of one call.
#[must_use]
pub fn body(method: &str, params: impl Serialize) -> Vec<u8> {
    let call = Call {
        jsonrpc: "2.0",
        method,
        params,
        id: 1,
    };
    // Nothing of ours has a form that JSON has not.
    serde_json::to_vec(&call).unwrap_or_default()
}

/// Why a call has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoResult {
    /// The venue refused it with this code.
    Refused(String),
    /// Not a byte of it left.
    NotSent(String),
    /// Nobody knows.
    Lost(String),
}

impl From<Failure> for NoResult {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NotSent(why) => Self::NotSent(why),
            Failure::Lost(why) => Self::Lost(why),
        }
    }
}

impl From<NoResult> for Answer {
    fn from(none: NoResult) -> Self {
        match none {
            NoResult::Refused(code) => Self::Refused(code),
            NoResult::NotSent(why) => Self::NotSent(why),
            NoResult::Lost(why) => Self::Lost(why),
        }
    }
}

#[derive(Deserialize)]
struct Reply<T> {
    result: Option<T>,
    error: Option<RpcError>,
}

#[derive(Deserialize)]
struct RpcError {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    message: String,
    data: Option<Value>,
}

/// The result in a reply.
///
/// # Errors
/// [`NoResult`]: what the venue says of it, or that it is no reply.
pub fn result_of<T: DeserializeOwned>(status: StatusCode, body: &[u8]) -> Result<T, NoResult> {
    let reply: Reply<T> =
        serde_json::from_slice(body).map_err(|error| unreadable(status, &error.to_string()))?;
    reply.into_result()
}

/// The results of a batch, in its order.
///
/// # Errors
/// As [`result_of`]; the first of them.
pub fn results_of<T: DeserializeOwned>(status: StatusCode, body: &[u8]) -> Result<Vec<T>, NoResult> {
    let replies: Vec<Reply<T>> =
        serde_json::from_slice(body).map_err(|error| unreadable(status, &error.to_string()))?;
    replies.into_iter().map(Reply::into_result).collect()
}

fn unreadable(status: StatusCode, why: &str) -> NoResult {
    if status == StatusCode::TOO_MANY_REQUESTS {
        return NoResult::Refused("TOO_MANY_REQUESTS".to_owned());
    }
    NoResult::Lost(format!("HTTP {}: {why}", status.as_u16()))
}

impl<T> Reply<T> {
    fn into_result(self) -> Result<T, NoResult> {
        match (self.result, self.error) {
            (Some(result), None) => Ok(result),
            (_, Some(error)) => Err(error.into_none()),
            (None, None) => Err(NoResult::Lost("a reply without a result".to_owned())),
        }
    }
}

impl RpcError {
    fn into_none(self) -> NoResult {
        let data = self.data.as_ref();
        let exception = data.and_then(|data| {
            let named = data
                .get("APINGException")
                .or_else(|| data.get("AccountAPINGException"));
            named.or_else(|| data.get("HeartbeatAPINGException"))
        });
        match exception
            .and_then(|exception| exception.get("errorCode"))
            .and_then(Value::as_str)
        {
            Some(code) => NoResult::Refused(code.to_owned()),
            // What it cannot read it has not done.
            None if matches!(self.code, -32_700 | -32_600 | -32_601 | -32_602) => {
                NoResult::Refused(BAD_REQUEST.to_owned())
            }
            None => NoResult::Lost(format!("JSON-RPC {}: {}", self.code, wire::cut(&self.message))),
        }
    }
}

/// An execution report.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    status: String,
    error_code: Option<String>,
    #[serde(default)]
    instruction_reports: Vec<InstructionReport>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct InstructionReport {
    status: String,
    error_code: Option<String>,
    bet_id: Option<String>,
    size_cancelled: Option<f64>,
    instruction: Option<Echo>,
    #[serde(rename = "placeInstructionReport")]
    placed: Option<Box<InstructionReport>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Echo {
    limit_order: Option<EchoedLimit>,
}

#[derive(Debug, Deserialize)]
struct EchoedLimit {
    size: f64,
}

/// What an execution report says of each instruction of a request.
#[must_use]
pub fn answer_of(request: &Request, report: Report) -> Answer {
    let overall = report.error_code.as_deref();
    if report.instruction_reports.is_empty() {
        return match overall {
            Some(code) if report.status != "TIMEOUT" => Answer::Refused(code.to_owned()),
            _ => Answer::Lost(format!(
                "the venue says {} and nothing of its parts",
                report.status
            )),
        };
    }
    if report.instruction_reports.len() != request.instructions.len() {
        return Answer::Lost("a report of other instructions".to_owned());
    }
    let parts = request.instructions.iter().zip(report.instruction_reports);
    Answer::Told(
        parts
            .map(|(asked, part)| told(asked, &report.status, overall, part))
            .collect(),
    )
}

fn told(asked: &Instruction, whole: &str, overall: Option<&str>, part: InstructionReport) -> Told {
    match part.status.as_str() {
        "SUCCESS" => done(asked, part),
        "FAILURE" if whole != "TIMEOUT" => Told::Failed(code_of(overall, part.error_code.as_deref())),
        _ => Told::TimedOut,
    }
}

/// Where the reason stands above, nothing is wrong with the one instruction.
fn code_of(overall: Option<&str>, code: Option<&str>) -> String {
    let above = overall.filter(|code| !matches!(*code, "BET_ACTION_ERROR" | "PROCESSED_WITH_ERRORS"));
    match (code, above) {
        (None | Some("ERROR_IN_ORDER"), Some(above)) => above.to_owned(),
        (Some(code), _) => code.to_owned(),
        (None, None) => "UNEXPECTED_ERROR".to_owned(),
    }
}

fn done(asked: &Instruction, part: InstructionReport) -> Told {
    let cancelled_centi = part.size_cancelled.map_or(0, centi);
    match asked {
        Instruction::Place(intent) => Told::Done {
            bet_id: part.bet_id,
            size_centi: intent.size_centi,
        },
        Instruction::Replace { .. } => {
            let placed = part.placed;
            let limit = placed
                .as_ref()
                .and_then(|placed| placed.instruction.as_ref()?.limit_order.as_ref());
            match limit.map(|limit| centi(limit.size)) {
                Some(size_centi) => Told::Done {
                    size_centi,
                    bet_id: placed.and_then(|placed| placed.bet_id),
                },
                // It is there, and looking says how much of it.
                None => Told::TimedOut,
            }
        }
        Instruction::Cancel { .. } | Instruction::LookUp { .. } => Told::Done {
            bet_id: None,
            size_centi: cancelled_centi,
        },
    }
}

/// Hundredths as the venue's decimal. Both are exact: the ranges of the wire lie below 2^53.
#[expect(clippy::cast_precision_loss, reason = "the wire's ranges lie below 2^53")]
fn decimal(centi: i64) -> f64 {
    centi as f64 / 100.0
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn intent(changes: &Value) -> Intent {
        let mut body = json!({
            "type": "INTENT", "v": 1, "intent_id": "a", "ts_ms": 1, "edge": "e", "market_id": "1.1", "selection_id": 7,
            "handicap_centi": -50, "action": "PLACE", "side": "LAY", "price_centi": 330, "size_centi": 205, "ttl_ms": 9,
            "persistence": "PERSIST", "time_in_force": null, "min_fill_size_centi": null, "target_intent_id": null,
            "market_version": null, "hedge_of": null, "strategy_ref": "s", "dry_run": false,
        });
        for (key, value) in changes.as_object().unwrap() {
            body[key] = value.clone();
        }
        match wire::Message::decode(&body.to_string()).unwrap() {
            wire::Message::Intent(intent) => *Box::new(intent),
            other => panic!("{other:?}"),
        }
    }

    fn request(kind: Kind, instructions: Vec<Instruction>) -> Request {
        Request {
            number: 1,
            kind,
            reference: "h1-1".to_owned(),
            market_id: "1.1".to_owned(),
            instructions,
        }
    }

    fn params(request: &Request) -> (String, Value) {
        let call: Value = serde_json::from_slice(&change(request, "hotloop")).unwrap();
        (
            call["method"].as_str().unwrap().to_owned(),
            call["params"].clone(),
        )
    }

    #[test]
    fn orders_are_worded_as_the_venue_wants_them() {
        let later = intent(
            &json!({"intent_id": "b", "time_in_force": "FILL_OR_KILL", "min_fill_size_centi": 100,
                                   "market_version": 12}),
        );
        let placed = vec![
            Instruction::Place(Box::new(intent(&json!({"market_version": 15})))),
            Instruction::Place(Box::new(later)),
        ];
        let (method, params) = params(&request(Kind::Place, placed));
        assert_eq!(method, "SportsAPING/v1.0/placeOrders");
        assert_eq!(
            params,
            json!({"marketId": "1.1", "customerRef": "h1-1", "customerStrategyRef": "hotloop",
                   "marketVersion": {"version": 12}, "instructions": [
                {"orderType": "LIMIT", "selectionId": 7, "handicap": -0.5, "side": "LAY", "customerOrderRef": "a",
                 "limitOrder": {"size": 2.05, "price": 3.3, "persistenceType": "PERSIST"}},
                {"orderType": "LIMIT", "selectionId": 7, "handicap": -0.5, "side": "LAY", "customerOrderRef": "b",
                 "limitOrder": {"size": 2.05, "price": 3.3, "timeInForce": "FILL_OR_KILL", "minFillSize": 1.0}},
            ]})
        );
    }

    #[test]
    fn a_cancel_has_no_reference_and_a_replacement_has() {
        let bet_id = || "9".to_owned();
        let cancels = vec![
            Instruction::Cancel {
                bet_id: bet_id(),
                reduce_centi: None,
            },
            Instruction::Cancel {
                bet_id: bet_id(),
                reduce_centi: Some(150),
            },
        ];
        assert_eq!(
            params(&request(Kind::Cancel, cancels)).1,
            json!({"marketId": "1.1", "instructions": [{"betId": "9"}, {"betId": "9", "sizeReduction": 1.5}]})
        );
        let moves = vec![Instruction::Replace {
            bet_id: bet_id(),
            price_centi: 340,
        }];
        assert_eq!(
            params(&request(Kind::Replace, moves)).1,
            json!({"marketId": "1.1", "customerRef": "h1-1", "instructions": [{"betId": "9", "newPrice": 3.4}]})
        );
    }

    fn answer(request: &Request, status: u16, body: &Value) -> Answer {
        let status = StatusCode::from_u16(status).unwrap();
        match result_of::<Report>(status, body.to_string().as_bytes()) {
            Ok(report) => answer_of(request, report),
            Err(none) => none.into(),
        }
    }

    #[test]
    fn what_the_venue_says_of_each_order_is_kept_apart() {
        let two = request(
            Kind::Place,
            vec![
                Instruction::Place(Box::new(intent(&json!({})))),
                Instruction::Place(Box::new(intent(&json!({})))),
            ],
        );
        let report = |status: &str, parts: Value| {
            json!({"jsonrpc": "2.0", "id": 1, "result": {"status": status, "errorCode": "PROCESSED_WITH_ERRORS",
                   "marketId": "1.1", "instructionReports": parts}})
        };
        let done = json!({"status": "SUCCESS", "betId": "5", "instruction": {"limitOrder": {"size": 2.05}}});
        let failed = json!({"status": "FAILURE", "errorCode": "INVALID_ODDS"});
        assert_eq!(
            answer(&two, 200, &report("PROCESSED_WITH_ERRORS", json!([done, failed]))),
            Answer::Told(vec![
                Told::Done {
                    bet_id: Some("5".to_owned()),
                    size_centi: 205
                },
                Told::Failed("INVALID_ODDS".to_owned()),
            ])
        );
        // TIMEOUT of the whole: nobody knows of those that are said to have failed.
        assert_eq!(
            answer(&two, 200, &report("TIMEOUT", json!([done, failed]))),
            Answer::Told(vec![
                Told::Done {
                    bet_id: Some("5".to_owned()),
                    size_centi: 205
                },
                Told::TimedOut,
            ])
        );
        assert!(
            matches!(
                answer(&two, 200, &report("SUCCESS", json!([done]))),
                Answer::Lost(_)
            ),
            "of other orders"
        );
    }

    #[test]
    fn where_the_reason_stands_above_it_is_the_reason() {
        let one = request(
            Kind::Place,
            vec![Instruction::Place(Box::new(intent(&json!({}))))],
        );
        let parts = json!([{"status": "FAILURE", "errorCode": "ERROR_IN_ORDER"}]);
        let body = json!({"result": {"status": "FAILURE", "errorCode": "INSUFFICIENT_FUNDS", "instructionReports": parts}});
        assert_eq!(
            answer(&one, 200, &body),
            Answer::Told(vec![Told::Failed("INSUFFICIENT_FUNDS".to_owned())])
        );
        let bare = json!({"result": {"status": "FAILURE", "errorCode": "MARKET_SUSPENDED"}});
        assert_eq!(
            answer(&one, 200, &bare),
            Answer::Refused("MARKET_SUSPENDED".to_owned())
        );
        let nobody_knows = json!({"result": {"status": "TIMEOUT", "errorCode": "TIMEOUT_ERROR"}});
        assert!(matches!(answer(&one, 200, &nobody_knows), Answer::Lost(_)));
    }

    #[test]
    fn errors_say_whether_the_venue_may_have_acted() {
        let one = request(
            Kind::Place,
            vec![Instruction::Place(Box::new(intent(&json!({}))))],
        );
        let exception = |code: &str| json!({"error": {"code": -32_099, "message": "ANGX", "data": {"APINGException": {"errorCode": code}}}});
        assert_eq!(
            answer(&one, 400, &exception("NO_SESSION")),
            Answer::Refused("NO_SESSION".to_owned())
        );
        assert_eq!(
            answer(
                &one,
                200,
                &json!({"error": {"code": -32_602, "message": "DSC-0018"}})
            ),
            Answer::Refused(BAD_REQUEST.to_owned())
        );
        assert!(matches!(
            answer(&one, 200, &json!({"error": {"code": -32_603}})),
            Answer::Lost(_)
        ));
        assert!(matches!(
            answer(&one, 502, &json!("Bad Gateway")),
            Answer::Lost(_)
        ));
        assert_eq!(
            answer(&one, 429, &json!("slow down")),
            Answer::Refused("TOO_MANY_REQUESTS".to_owned())
        );
    }

    #[test]
    fn a_replacement_tells_its_new_bet_and_its_size() {
        let one = request(
            Kind::Replace,
            vec![Instruction::Replace {
                bet_id: "9".to_owned(),
                price_centi: 340,
            }],
        );
        let placed = json!({"status": "SUCCESS", "betId": "10", "instruction": {"limitOrder": {"size": 1.5, "price": 3.4}}});
        let body = |placed: &Value| {
            json!({"result": {"status": "SUCCESS", "instructionReports": [
                {"status": "SUCCESS", "cancelInstructionReport": {"status": "SUCCESS", "sizeCancelled": 1.5},
                 "placeInstructionReport": placed}]}})
        };
        assert_eq!(
            answer(&one, 200, &body(&placed)),
            Answer::Told(vec![Told::Done {
                bet_id: Some("10".to_owned()),
                size_centi: 150
            }])
        );
        let silent = json!({"status": "SUCCESS"});
        assert_eq!(
            answer(&one, 200, &body(&silent)),
            Answer::Told(vec![Told::TimedOut])
        );
    }
}
