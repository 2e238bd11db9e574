//! The configuration file: JSON, read as a whole before anything starts.
//!
//! The trader renders it from its YAML; `executor --help` shows every key. An unknown key is refused with its path.

mod changes;
mod secret;
mod section;
mod venue;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use tracing::Level;

use crate::machine::Limits;
pub use changes::{Changes, LiveChanges};
pub use secret::{Secret, check_secret};
use section::Section;
pub use venue::{Betfair, Credentials, Fsync, HttpAddress, JournalConfig, Live, LiveScope, StreamAddress};

const SPIN_US: i64 = 200;
const SPIN_US_MAX: i64 = 10_000;
const TIMEOUT_MS_MAX: i64 = 600_000;
const HEARTBEAT: Duration = Duration::from_secs(1);
const TRADER_TIMEOUT: Duration = Duration::from_secs(10);
const MAX_UNACKED_REPORTS: usize = 100_000;
/// What the system takes for the path of a socket, less what is put to it while the socket is made.
const SOCKET_PATH_BYTES_MAX: usize = 100;

/// Whose time the machine's is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The executor's own.
    Wall,
    /// The trader's TICK.
    Wire,
}

impl Clock {
    /// The word in the file and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wall => "wall",
            Self::Wire => "wire",
        }
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For a terminal.
    Text,
}

/// Where the trader connects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// A port of a loopback address.
    Tcp(SocketAddr),
    /// A socket in the file system, for the executor's own user only.
    Uds(PathBuf),
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Uds(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Everything the file says.
#[derive(Debug)]
pub struct Config {
    /// Where the trader connects.
    pub listen: Listen,
    /// The secret HELLO must carry.
    pub token: Secret,
    /// Where it is kept.
    pub token_file: PathBuf,
    /// How long a connection may take to say HELLO.
    pub hello_timeout: Duration,
    /// How long a frame may take from its first byte to its last.
    pub frame_timeout: Duration,
    /// How long a peer may take no bytes.
    pub write_timeout: Duration,
    /// How long after a message to look for the next one without sleeping.
    pub spin: Duration,
    /// Whose time it is.
    pub clock: Clock,
    /// What the machine keeps to.
    pub limits: Limits,
    /// Reports kept unacknowledged before new orders are refused.
    pub max_unacked_reports: usize,
    /// Where orders go to the venue; `None`: all are dry.
    pub live: Option<Live>,
    /// Between two HEARTBEATs.
    pub heartbeat: Duration,
    /// Silence after which the trader counts as lost; `None`: never.
    pub trader_timeout: Option<Duration>,
    /// Where metrics are served: loopback only.
    pub metrics: SocketAddr,
    /// The least important lines logged.
    pub log_level: Level,
    /// How they look.
    pub log_format: LogFormat,
}

/// What is wrong with the configuration, as one line: file, key, why.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{}{}{}{why}", .file.as_deref().unwrap_or(""), if .file.is_some() { ": " } else { "" }, if .key.is_empty() { String::new() } else { format!("{key}: ") })]
pub struct ConfigError {
    /// The file, once known.
    pub file: Option<String>,
    /// The dotted path of the key; empty for the file as a whole.
    pub key: String,
    /// What is wrong with it.
    pub why: String,
}

impl ConfigError {
    /// An error about a key.
    #[must_use]
    pub fn new(key: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            file: None,
            key: key.into(),
            why: why.into(),
        }
    }

    fn in_file(mut self, path: &Path) -> Self {
        self.file = Some(path.display().to_string());
        self
    }
}

impl Config {
    /// Reads and checks a configuration file and the token file it names.
    ///
    /// # Errors
    /// [`ConfigError`] with the first thing that is wrong.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError::new("", format!("cannot be read: {error}")).in_file(path))?;
        Self::parse(&text).map_err(|error| error.in_file(path))
    }

    /// Reads and checks the text of a configuration file and the token file it names.
    ///
    /// # Errors
    /// [`ConfigError`] with the first thing that is wrong.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let value: Value =
            serde_json::from_str(text).map_err(|error| ConfigError::new("", format!("not JSON: {error}")))?;
        let mut root = Section::root(value)?;
        let is_live = root.choice("mode", &[("dry_run", false), ("live", true)])?;
        let clock = root.choice("clock", &[("wall", Clock::Wall), ("wire", Clock::Wire)])?;
        let listen = ListenSection::read(root.child("listen")?)?;
        if is_live && clock == Clock::Wire {
            return Err(root.error("clock", "wire is for replays: a venue has the time of the wall"));
        }
        let now = is_live.then(orders::Config::default);
        let limits = read_limits(
            root.child("limits")?,
            &Limits::default(),
            MAX_UNACKED_REPORTS,
            now.map(|now| now.limits),
        )?;
        let live = match now {
            Some(now) => Some(read_live(&mut root, &now, &limits)?),
            None => None,
        };
        let heartbeat = read_heartbeat(&mut root, HEARTBEAT)?;
        let trader_timeout =
            read_trader_timeout(&mut root, (clock == Clock::Wall).then_some(TRADER_TIMEOUT))?;
        let mut metrics = root.child("metrics")?;
        let metrics_address = address(&mut metrics)?;
        metrics.finish()?;
        let mut log = root.child("log")?;
        let log_level = log.choice(
            "level",
            &[
                ("info", Level::INFO),
                ("error", Level::ERROR),
                ("warn", Level::WARN),
                ("debug", Level::DEBUG),
                ("trace", Level::TRACE),
            ],
        )?;
        let log_format = log.choice("format", &[("json", LogFormat::Json), ("text", LogFormat::Text)])?;
        log.finish()?;
        root.finish()?;
        Ok(Self {
            listen: listen.address,
            token: Secret::load(&listen.token_file, "listen.token_file")?,
            token_file: std::path::absolute(&listen.token_file).unwrap_or(listen.token_file),
            hello_timeout: listen.hello_timeout,
            frame_timeout: listen.frame_timeout,
            write_timeout: listen.write_timeout,
            spin: listen.spin,
            clock,
            limits: limits.common,
            max_unacked_reports: limits.max_unacked_reports,
            live,
            heartbeat,
            trader_timeout,
            metrics: metrics_address,
            log_level,
            log_format,
        })
    }
}

/// The `listen` object.
struct ListenSection {
    address: Listen,
    token_file: PathBuf,
    hello_timeout: Duration,
    frame_timeout: Duration,
    write_timeout: Duration,
    spin: Duration,
}

impl ListenSection {
    fn read(mut section: Section) -> Result<Self, ConfigError> {
        let address = if section.choice("transport", &[("tcp", true), ("uds", false)])? {
            Listen::Tcp(address(&mut section)?)
        } else {
            Listen::Uds(socket_path(&mut section)?)
        };
        let token_file = section
            .text("token_file")?
            .ok_or_else(|| section.error("token_file", "missing: the file that holds the trader's token"))?;
        let mut timeout = |key| section.int(key, 5_000, 10, TIMEOUT_MS_MAX).map(millis);
        let hello_timeout = timeout("hello_timeout_ms")?;
        let frame_timeout = timeout("frame_timeout_ms")?;
        let write_timeout = timeout("write_timeout_ms")?;
        let spin = section.int("spin_us", SPIN_US, 0, SPIN_US_MAX)?;
        section.finish()?;
        Ok(Self {
            address,
            token_file: token_file.into(),
            hello_timeout,
            frame_timeout,
            write_timeout,
            spin: spin_of(spin.unsigned_abs()),
        })
    }
}

/// Where there is but one core, whoever spins keeps the trader from saying what is waited for.
fn spin_of(micros: u64) -> Duration {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    Duration::from_micros(if cores > 1 { micros } else { 0 })
}

fn read_heartbeat(root: &mut Section, default: Duration) -> Result<Duration, ConfigError> {
    let default = i64::try_from(default.as_millis()).unwrap_or(TIMEOUT_MS_MAX);
    root.int("heartbeat_ms", default, 10, TIMEOUT_MS_MAX).map(millis)
}

fn read_trader_timeout(
    root: &mut Section,
    default: Option<Duration>,
) -> Result<Option<Duration>, ConfigError> {
    let default = default.map_or(0.0, |timeout| timeout.as_secs_f64());
    let seconds = root.seconds("trader_timeout_s", default, 86_400.0)?;
    Ok((seconds > 0.0).then(|| Duration::from_secs_f64(seconds)))
}

/// The `limits` object.
struct ReadLimits {
    common: Limits,
    max_unacked_reports: usize,
    /// All of them, where orders go to the venue.
    live: Option<orders::Limits>,
}

fn read_limits(
    mut section: Section,
    default: &Limits,
    max_unacked: usize,
    live: Option<orders::Limits>,
) -> Result<ReadLimits, ConfigError> {
    let mut count = |key, default: usize, high: i64| {
        let default = i64::try_from(default).unwrap_or(high);
        section
            .int(key, default, 1, high)
            .map(|number| usize::try_from(number).unwrap_or(usize::MAX))
    };
    let max_open_orders = count("max_open_orders", default.max_open_orders, 100_000)?;
    let max_remembered_intents = count(
        "max_remembered_intents",
        default.max_remembered_intents,
        100_000_000,
    )?;
    let max_unacked_reports = count("max_unacked_reports", max_unacked, 10_000_000)?;
    let mut money = |key, default| section.int(key, default, 1, wire::SIZE_CENTI_MAX);
    let min_size_centi = money("min_size_centi", default.min_size_centi)?;
    let min_payout_centi = money("min_payout_centi", default.min_payout_centi)?;
    let live = match live {
        None => None,
        Some(now) => Some(orders::Limits {
            max_open_orders,
            min_size_centi,
            min_payout_centi,
            max_remembered_intents,
            ..venue::read_exposure(&mut section, &now)?
        }),
    };
    section.finish()?;
    Ok(ReadLimits {
        common: Limits {
            max_open_orders,
            min_size_centi,
            min_payout_centi,
            max_remembered_intents,
        },
        max_unacked_reports,
        live,
    })
}

/// The objects that only a live executor has.
fn read_live(root: &mut Section, now: &orders::Config, limits: &ReadLimits) -> Result<Live, ConfigError> {
    Ok(Live {
        betfair: venue::read_betfair(root.child("betfair")?)?,
        journal: venue::read_journal(root.child("journal")?)?,
        orders: read_orders(root, now, limits)?,
        scope: venue::read_scope(root.child("live_scope")?, LiveScope::default())?,
        cancel_on_stop: root.choice("on_stop", &[("cancel", true), ("leave", false)])?,
    })
}

/// What of a live executor may change while it runs.
fn read_orders(
    root: &mut Section,
    now: &orders::Config,
    limits: &ReadLimits,
) -> Result<orders::Config, ConfigError> {
    let pacing = venue::read_pacing(root.child("pacing")?, &now.pacing)?;
    let (windows, unknown_bets) =
        venue::read_reconcile(root.child("reconcile")?, &now.windows, now.unknown_bets)?;
    Ok(orders::Config {
        limits: limits.live.unwrap_or(now.limits),
        pacing,
        windows,
        unknown_bets,
    })
}

/// `host` and `port`; port 0 lets the system choose.
fn address(section: &mut Section) -> Result<SocketAddr, ConfigError> {
    let host = section.text("host")?.unwrap_or_else(|| "127.0.0.1".to_owned());
    let named = if host == "localhost" {
        "127.0.0.1"
    } else {
        host.as_str()
    };
    let ip: IpAddr = named.parse().ok().filter(IpAddr::is_loopback).ok_or_else(|| {
        section.error(
            "host",
            format!("{host:?} is not a loopback address, such as 127.0.0.1"),
        )
    })?;
    let port = section.int("port", 0, 0, i64::from(u16::MAX))?;
    let port = u16::try_from(port).map_err(|_| section.error("port", "not a port"))?;
    Ok(SocketAddr::new(ip, port))
}

/// `socket`: where the socket is to be made.
fn socket_path(section: &mut Section) -> Result<PathBuf, ConfigError> {
    let path = section
        .text("socket")?
        .ok_or_else(|| section.error("socket", "missing: the path of the socket to listen on"))?;
    if path.len() > SOCKET_PATH_BYTES_MAX {
        let why = format!("{} bytes; the system takes {SOCKET_PATH_BYTES_MAX}", path.len());
        return Err(section.error("socket", why));
    }
    Ok(path.into())
}

fn millis(number: i64) -> Duration {
    Duration::from_millis(number.unsigned_abs())
}

#[cfg(test)]
mod tests;
