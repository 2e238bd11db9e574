//! The messages that are about the session itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::canonical::{canonical, unique};
use crate::{ControlAction, State};

/// What a side can do, by name.
pub type Capabilities = BTreeMap<String, Capability>;

/// The value of a capability.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Capability {
    /// It has it or not.
    Bool(bool),
    /// A number of something.
    Int(i64),
    /// A choice.
    Text(String),
}

/// HELLO: the first message of a trader.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct Hello {
    /// Wire versions the trader speaks.
    pub wire_versions: Vec<i64>,
    /// Its name, for the log.
    pub client: String,
    /// The shared secret.
    pub token: String,
    /// The strategy's commit, for the log.
    pub strategy_commit: String,
    /// Version of its configuration.
    pub bundle_version: i64,
    /// What it can do.
    #[serde(deserialize_with = "unique")]
    pub capabilities: Capabilities,
    /// The last report it has seen, 0 for none.
    pub last_report_seq: i64,
    /// True: end the session that is there.
    #[serde(default)]
    pub takeover: bool,
}

canonical!(
    Hello,
    "HELLO",
    [
        bundle_version,
        capabilities,
        client,
        last_report_seq,
        strategy_commit,
        takeover,
        token
    ],
    [wire_versions]
);

impl std::fmt::Debug for Hello {
    /// Leaves the token out, so that it cannot reach a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hello")
            .field("wire_versions", &self.wire_versions)
            .field("client", &self.client)
            .field("strategy_commit", &self.strategy_commit)
            .field("bundle_version", &self.bundle_version)
            .field("capabilities", &self.capabilities)
            .field("last_report_seq", &self.last_report_seq)
            .field("takeover", &self.takeover)
            .finish_non_exhaustive()
    }
}

macro_rules! messages {
    ($($(#[$doc:meta])* $name:ident = $tag:literal [$($(#[$attribute:meta])* $before:ident: $before_type:ty = $before_doc:literal),*] [$($after:ident: $after_type:ty = $after_doc:literal),*];)+) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
            pub struct $name {
                $(#[doc = $before_doc] $(#[$attribute])* pub $before: $before_type,)*
                $(#[doc = $after_doc] pub $after: $after_type,)*
            }
            canonical!($name, $tag, [$($before),*], [$($after),*]);
        )+
    };
}

messages! {
    /// `HELLO_ACK`: the session stands.
    HelloAck = "HELLO_ACK" [
        #[serde(deserialize_with = "unique")]
        capabilities: Capabilities = "What the executor can do.",
        executor_version: String = "Its version.",
        next_report_seq: i64 = "The first report this session will carry.",
        session_id: String = "`<instance>-<n>`."
    ] [wire_version: i64 = "The wire version spoken from here on."];

    /// `HELLO_REJECT`: no session.
    HelloReject = "HELLO_REJECT" [
        code: String = "Why.",
        message: String = "The same for people.",
        supported: Vec<i64> = "Versions the executor takes: of bundles where those were refused, else of the wire."
    ] [];

    /// `REPORT_ACK`: every report up to `seq` has been seen.
    ReportAck = "REPORT_ACK" [seq: i64 = "The last one seen."] [];

    /// HEARTBEAT of the executor.
    Heartbeat = "HEARTBEAT" [
        next_report_seq: i64 = "The next new report's.",
        open_orders: i64 = "Orders that stand.",
        queue_depth: i64 = "Intents taken and not yet answered.",
        reason: String = "Why not; empty where they are.",
        state: State = "Whether new orders are taken.",
        ts_ms: i64 = "Wall clock, milliseconds."
    ] [venue: String = "State of the venue's link; `dry_run` without one."];

    /// `HEARTBEAT_ACK` of the trader's engine loop.
    HeartbeatAck = "HEARTBEAT_ACK" [ts_ms: i64 = "That of the HEARTBEAT."] [];

    /// CONFIG: other limits from now on, all of them or none.
    Config = "CONFIG" [body: String = "The configuration file's text.", bundle_version: i64 = "The version of its form."] [];

    /// `CONFIG_ACK`: they hold.
    ConfigAck = "CONFIG_ACK" [bundle_version: i64 = "That of the CONFIG."] [];

    /// `CONFIG_REJECT`: nothing has changed.
    ConfigReject = "CONFIG_REJECT" [bundle_version: i64 = "That of the CONFIG.", path: String = "The key, dotted; empty for the whole."] [why: String = "What is wrong with it."];

    /// CONTROL: the person at the desk.
    Control = "CONTROL" [action: ControlAction = "What to do.", reason: String = "Why, for the log."] [];

    /// `CONTROL_ACK`: done.
    ControlAck = "CONTROL_ACK" [action: ControlAction = "What was done.", open_orders: i64 = "Orders that still stand."] [];

    /// TICK: the time is now this.
    Tick = "TICK" [ts_ms: i64 = "Milliseconds."] [];

    /// `TICK_ACK`: every report caused so far has been written.
    TickAck = "TICK_ACK" [last_seq: i64 = "The last report made, 0 for none.", ts_ms: i64 = "That of the TICK."] [];

    /// GOODBYE: the sender closes the connection.
    Goodbye = "GOODBYE" [reason: String = "Why."] [];

    /// ERROR: a message was refused.
    ErrorMessage = "ERROR" [code: String = "Which rule.", message: String = "The same for people."] [];
}
