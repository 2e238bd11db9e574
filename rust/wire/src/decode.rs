//! Reading a body: the quick way when it is right, a second look for the exact code when it is not (C6).

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::canonical::lone_surrogate;
use crate::{
    Action, Capabilities, Capability, Config, ConfigAck, ConfigReject, Control, ControlAck, ControlAction,
    DryFill, ErrorMessage, FillEvent, Goodbye, Heartbeat, HeartbeatAck, Hello, HelloAck, HelloReject,
    INT_MAX, INTENT_ID_MAX, Intent, Ladder, Market, MarketStatus, Message, PRICE_CENTI_MAX, Persistence,
    Report, ReportAck, RunnerStatus, SIZE_CENTI_MAX, Side, State, Status, Tick, TickAck, TimeInForce,
    WIRE_VERSION, WireError, cut,
};

/// A field whose values are a closed set: its path (`[]` steps into a list) and the set.
type EnumField = (&'static str, &'static [&'static str]);

/// What the reader must know of a message besides its fields.
trait Body: for<'de> Deserialize<'de> + Into<Message> {
    const NAME: &'static str;
    const VERSIONED: bool = false;
    const ENUMS: &'static [EnumField] = &[];

    /// The ranges of the specification's tables. `Err` names the field and what is wrong.
    fn check(&self) -> Result<(), String>;
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
}

impl Message {
    /// Reads a frame's body.
    ///
    /// # Errors
    /// A [`WireError`] with the code of clauses F4 or C6.
    pub fn decode(body: &str) -> Result<Self, WireError> {
        if !body.trim_start_matches([' ', '\t', '\r', '\n']).starts_with('{') {
            return Err(WireError::BadJson {
                why: "it does not begin with {".to_owned(),
            });
        }
        if lone_surrogate(body) {
            return Err(WireError::BadJson {
                why: "an escape is half of a surrogate pair".to_owned(),
            });
        }
        let head: Head = serde_json::from_str(body).map_err(|error| headless(body, &error))?;
        match head.kind.as_ref() {
            Hello::TYPE => read::<Hello>(body),
            HelloAck::TYPE => read::<HelloAck>(body),
            HelloReject::TYPE => read::<HelloReject>(body),
            Intent::TYPE => read::<Intent>(body),
            Report::TYPE => read::<Report>(body),
            ReportAck::TYPE => read::<ReportAck>(body),
            Heartbeat::TYPE => read::<Heartbeat>(body),
            HeartbeatAck::TYPE => read::<HeartbeatAck>(body),
            Market::TYPE => read::<Market>(body),
            Config::TYPE => read::<Config>(body),
            ConfigAck::TYPE => read::<ConfigAck>(body),
            ConfigReject::TYPE => read::<ConfigReject>(body),
            Control::TYPE => read::<Control>(body),
            ControlAck::TYPE => read::<ControlAck>(body),
            Tick::TYPE => read::<Tick>(body),
            TickAck::TYPE => read::<TickAck>(body),
            DryFill::TYPE => read::<DryFill>(body),
            Goodbye::TYPE => read::<Goodbye>(body),
            ErrorMessage::TYPE => read::<ErrorMessage>(body),
            other => Err(WireError::UnknownType { kind: cut(other) }),
        }
    }
}

fn read<B: Body>(body: &str) -> Result<Message, WireError> {
    let message: B = serde_json::from_str(body).map_err(|error| second_look::<B>(body, &error))?;
    match message.check() {
        Ok(()) => Ok(message.into()),
        // A version of its own may have ranges of its own: that it is another version is said first.
        Err(why) => Err(version_error::<B>(body).unwrap_or(WireError::BadMessage {
            message_type: B::NAME,
            why,
        })),
    }
}

/// The code for a body that is not a `B`.
fn second_look<B: Body>(body: &str, error: &serde_json::Error) -> WireError {
    if let Some(error) = syntax_error(body) {
        return error;
    }
    // Null for what is JSON but more than a `Value` holds, such as 1e400: no text is looked for then.
    let value: Value = serde_json::from_str(body).unwrap_or_default();
    if let Some(error) = version_error::<B>(body) {
        return error;
    }
    for (field, allowed) in B::ENUMS {
        if let Some(text) = stray(&value, field, allowed) {
            return WireError::UnknownEnum {
                message_type: B::NAME,
                field,
                value: cut(text),
                allowed,
            };
        }
    }
    WireError::BadMessage {
        message_type: B::NAME,
        why: short(error),
    }
}

/// The code for a body whose type cannot be read.
fn headless(body: &str, error: &serde_json::Error) -> WireError {
    syntax_error(body).unwrap_or_else(|| WireError::BadMessage {
        message_type: "message",
        why: short(error),
    })
}

/// What makes a body no JSON. The class of another error does not say: a null where a text should be is a syntax error, too.
fn syntax_error(body: &str) -> Option<WireError> {
    let syntax = serde_json::from_str::<IgnoredAny>(body).err()?;
    Some(WireError::BadJson { why: short(&syntax) })
}

fn version_error<B: Body>(body: &str) -> Option<WireError> {
    if !B::VERSIONED {
        return None;
    }
    let value: Value = serde_json::from_str(body).ok()?;
    let version = value.get("v")?.as_i64()?;
    let other = version != WIRE_VERSION && (-INT_MAX..=INT_MAX).contains(&version);
    other.then_some(WireError::UnknownVersion {
        message_type: B::NAME,
        version,
    })
}

/// The first text at `path` that is not in `allowed`.
fn stray<'a>(value: &'a Value, path: &str, allowed: &[&str]) -> Option<&'a str> {
    if let Some((list, rest)) = path.split_once("[].") {
        return value
            .get(list)?
            .as_array()?
            .iter()
            .find_map(|item| stray(item, rest, allowed));
    }
    value.get(path)?.as_str().filter(|text| !allowed.contains(text))
}

/// The reader's words, cut: it quotes what it was given, and an answer stays short whatever that was.
fn short(error: &serde_json::Error) -> String {
    error.to_string().chars().take(200).collect()
}

fn within(field: &str, value: i64, low: i64, high: i64) -> Result<(), String> {
    if (low..=high).contains(&value) {
        Ok(())
    } else {
        Err(format!("{field}: {value} is not within {low} and {high}"))
    }
}

fn int(field: &str, value: i64) -> Result<(), String> {
    within(field, value, 0, INT_MAX)
}

fn signed(field: &str, value: i64) -> Result<(), String> {
    within(field, value, -INT_MAX, INT_MAX)
}

fn optional_int(field: &str, value: Option<i64>) -> Result<(), String> {
    value.map_or(Ok(()), |value| int(field, value))
}

fn price(field: &str, value: i64) -> Result<(), String> {
    within(field, value, 0, PRICE_CENTI_MAX)
}

fn size(field: &str, value: i64) -> Result<(), String> {
    within(field, value, 0, SIZE_CENTI_MAX)
}

/// True for what may be an `intent_id`.
#[must_use]
pub fn is_intent_id(value: &str) -> bool {
    let is_named = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=INTENT_ID_MAX).contains(&value.len()) && value.bytes().all(is_named)
}

fn id(field: &str, value: &str) -> Result<(), String> {
    if is_intent_id(value) {
        return Ok(());
    }
    Err(format!(
        "{field}: {:?} is not 1 to {INTENT_ID_MAX} characters of A-Z a-z 0-9 -",
        cut(value)
    ))
}

fn optional_id(field: &str, value: Option<&str>) -> Result<(), String> {
    value.map_or(Ok(()), |value| id(field, value))
}

/// C4: the decimals both languages print alike.
fn decimal(field: &str, value: f64) -> Result<(), String> {
    if value == 0.0 || (1e-4..1e16).contains(&value.abs()) {
        Ok(())
    } else {
        Err(format!("{field}: {value} is out of range"))
    }
}

fn optional_decimal(field: &str, value: Option<f64>) -> Result<(), String> {
    value.map_or(Ok(()), |value| decimal(field, value))
}

fn capabilities(given: &Capabilities) -> Result<(), String> {
    given.values().try_for_each(|capability| match capability {
        Capability::Int(value) => signed("capabilities", *value),
        Capability::Bool(_) | Capability::Text(_) => Ok(()),
    })
}

impl Body for Intent {
    const NAME: &'static str = Self::TYPE;
    const VERSIONED: bool = true;
    const ENUMS: &'static [EnumField] = &[
        ("action", Action::TEXTS),
        ("side", Side::TEXTS),
        ("persistence", Persistence::TEXTS),
        ("time_in_force", TimeInForce::TEXTS),
    ];

    fn check(&self) -> Result<(), String> {
        within("v", self.v, WIRE_VERSION, WIRE_VERSION)?;
        id("intent_id", &self.intent_id)?;
        int("ts_ms", self.ts_ms)?;
        int("selection_id", self.selection_id)?;
        signed("handicap_centi", self.handicap_centi)?;
        price("price_centi", self.price_centi)?;
        size("size_centi", self.size_centi)?;
        within(
            "ttl_ms",
            self.ttl_ms,
            i64::from(self.action != Action::Cancel),
            INT_MAX,
        )?;
        self.min_fill_size_centi
            .map_or(Ok(()), |value| size("min_fill_size_centi", value))?;
        optional_id("target_intent_id", self.target_intent_id.as_deref())?;
        optional_int("market_version", self.market_version)?;
        optional_id("hedge_of", self.hedge_of.as_deref())
    }
}

impl Body for Report {
    const NAME: &'static str = Self::TYPE;
    const VERSIONED: bool = true;
    const ENUMS: &'static [EnumField] = &[("action", Action::TEXTS), ("status", Status::TEXTS)];

    fn check(&self) -> Result<(), String> {
        within("v", self.v, WIRE_VERSION, WIRE_VERSION)?;
        int("seq", self.seq)?;
        id("intent_id", &self.intent_id)?;
        int("ts_ms", self.ts_ms)?;
        optional_decimal("fill_price", self.fill_price)?;
        optional_decimal("fill_size", self.fill_size)?;
        size("size_remaining_centi", self.size_remaining_centi)?;
        size("size_matched_centi", self.size_matched_centi)?;
        optional_decimal("avg_price_matched", self.avg_price_matched)?;
        for FillEvent { price, size, ts_ms } in &self.fill_events {
            decimal("fill_events[].price", *price)?;
            decimal("fill_events[].size", *size)?;
            int("fill_events[].ts_ms", *ts_ms)?;
        }
        optional_int("latency.recv_ns", self.latency.recv_ns)?;
        optional_int("latency.sent_ns", self.latency.sent_ns)?;
        optional_int("latency.acked_ns", self.latency.acked_ns)
    }
}

impl Body for Market {
    const NAME: &'static str = Self::TYPE;
    const ENUMS: &'static [EnumField] = &[
        ("status", MarketStatus::TEXTS),
        ("ladder", Ladder::TEXTS),
        ("runners[].status", RunnerStatus::TEXTS),
    ];

    fn check(&self) -> Result<(), String> {
        optional_int("version", self.version)?;
        int("bet_delay", self.bet_delay)?;
        int("winners", self.winners)?;
        self.runners.iter().try_for_each(|runner| {
            int("runners[].selection_id", runner.selection_id)?;
            signed("runners[].handicap_centi", runner.handicap_centi)
        })
    }
}

impl Body for DryFill {
    const NAME: &'static str = Self::TYPE;

    fn check(&self) -> Result<(), String> {
        id("intent_id", &self.intent_id)?;
        within("price_centi", self.price_centi, 1, PRICE_CENTI_MAX)?;
        within("size_centi", self.size_centi, 1, SIZE_CENTI_MAX)?;
        int("ts_ms", self.ts_ms)
    }
}

impl Body for Hello {
    const NAME: &'static str = Self::TYPE;

    fn check(&self) -> Result<(), String> {
        if self.wire_versions.is_empty() {
            return Err("wire_versions: at least one is needed".to_owned());
        }
        self.wire_versions
            .iter()
            .try_for_each(|version| int("wire_versions[]", *version))?;
        int("bundle_version", self.bundle_version)?;
        capabilities(&self.capabilities)?;
        int("last_report_seq", self.last_report_seq)
    }
}

impl Body for HelloAck {
    const NAME: &'static str = Self::TYPE;

    fn check(&self) -> Result<(), String> {
        capabilities(&self.capabilities)?;
        int("next_report_seq", self.next_report_seq)?;
        int("wire_version", self.wire_version)
    }
}

impl Body for HelloReject {
    const NAME: &'static str = Self::TYPE;

    fn check(&self) -> Result<(), String> {
        self.supported
            .iter()
            .try_for_each(|version| int("supported[]", *version))
    }
}

/// The ranges of the messages that hold nothing but texts and plain integers.
macro_rules! plain_bodies {
    ($($name:ident { $($field:ident),* } $enums:expr;)+) => {
        $(impl Body for $name {
            const NAME: &'static str = Self::TYPE;
            const ENUMS: &'static [EnumField] = $enums;

            fn check(&self) -> Result<(), String> {
                $(int(stringify!($field), self.$field)?;)*
                Ok(())
            }
        })+
    };
}

plain_bodies! {
    ReportAck { seq } &[];
    Heartbeat { next_report_seq, open_orders, queue_depth, ts_ms } &[("state", State::TEXTS)];
    HeartbeatAck { ts_ms } &[];
    Config { bundle_version } &[];
    ConfigAck { bundle_version } &[];
    ConfigReject { bundle_version } &[];
    Control {} &[("action", ControlAction::TEXTS)];
    ControlAck { open_orders } &[("action", ControlAction::TEXTS)];
    Tick { ts_ms } &[];
    TickAck { last_seq, ts_ms } &[];
    Goodbye {} &[];
    ErrorMessage {} &[];
}
