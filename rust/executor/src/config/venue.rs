//! What the file says of the venue: where it is, who we are there, how its orders are kept.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use orders::{Limits, Pacing, UnknownBets, Windows};

use super::secret::Secret;
use super::section::Section;
use super::{ConfigError, millis};

const TIMEOUT_MS: i64 = 10_000;
const KEEP_ALIVE_S: i64 = 4 * 3_600;
const FUNDS_S: i64 = 10;
const GROUP_MS: i64 = 5;
const ROTATE_BYTES: i64 = 64 << 20;
const STRATEGY_REF_CHARS_MAX: usize = 15;
/// The venue's shortest and longest silence after which it cancels.
const HEARTBEAT_S: (i64, i64) = (10, 300);
const YEAR_MS: i64 = 366 * 86_400_000;

/// A host that speaks HTTP, with TLS or, on this machine, without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpAddress {
    /// True for https.
    pub tls: bool,
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
}

impl HttpAddress {
    /// As the header `Host` says it.
    #[must_use]
    pub fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

/// Where a stream is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamAddress {
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// False on this machine only.
    pub tls: bool,
}

/// How a session is come by.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// Somebody else logs in and keeps the token in this file.
    TokenFile(PathBuf),
    /// By name and password.
    Password {
        /// The name.
        username: Secret,
        /// The password.
        password: Secret,
    },
    /// By name, password and a certificate.
    Certificate {
        /// The name.
        username: Secret,
        /// The password.
        password: Secret,
        /// The certificate.
        cert_file: PathBuf,
        /// Its key.
        key_file: PathBuf,
    },
}

/// The `betfair` object.
#[derive(Clone, Debug)]
pub struct Betfair {
    /// Betting, account and heartbeat API.
    pub api: HttpAddress,
    /// Log-in by password, and keepAlive.
    pub identity: HttpAddress,
    /// Log-in by certificate.
    pub certlogin: HttpAddress,
    /// The order stream.
    pub stream: StreamAddress,
    /// The application key.
    pub app_key: Secret,
    /// How we log in.
    pub credentials: Credentials,
    /// Authorities to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// `customerStrategyRef` of every order.
    pub strategy_ref: String,
    /// The currency that the account must have.
    pub currency: Option<String>,
    /// For a reply.
    pub timeout: Duration,
    /// Between two prolongations of the session.
    pub keep_alive: Duration,
    /// Between two looks at the account's funds.
    pub funds_every: Duration,
    /// The venue cancels all LIMIT bets of the account after so many seconds without us; `None`: it does not.
    pub heartbeat_s: Option<u64>,
}

/// When what is written is made to survive a loss of power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fsync {
    /// Before anything that follows from it leaves.
    Always,
    /// So long after it was written at most; what follows from it does not wait.
    Group(Duration),
    /// When the system likes.
    Never,
}

/// The `journal` object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalConfig {
    /// Its folder.
    pub dir: PathBuf,
    /// When it is synced.
    pub fsync: Fsync,
    /// It is shortened to what is known when it has grown by so much.
    pub rotate_bytes: u64,
}

/// Where orders go to the venue; elsewhere they are dry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiveScope {
    /// Markets; none: all.
    pub market_ids: Vec<String>,
    /// Event types; none: all.
    pub event_types: Vec<String>,
}

impl LiveScope {
    /// True for a market whose orders go to the venue. A market whose event type is not known is not of any.
    #[must_use]
    pub fn has(&self, market_id: &str, event_type: Option<&str>) -> bool {
        let of_market = self.market_ids.is_empty() || self.market_ids.iter().any(|known| known == market_id);
        let of_type = self.event_types.is_empty()
            || event_type.is_some_and(|given| self.event_types.iter().any(|known| known == given));
        of_market && of_type
    }
}

/// Everything that a live executor keeps to.
#[derive(Clone, Debug)]
pub struct Live {
    /// The venue.
    pub betfair: Betfair,
    /// The journal.
    pub journal: JournalConfig,
    /// The order machine.
    pub orders: orders::Config,
    /// Which markets.
    pub scope: LiveScope,
    /// What rests is cancelled when the executor is asked to stop.
    pub cancel_on_stop: bool,
}

pub(super) fn read_betfair(mut section: Section) -> Result<Betfair, ConfigError> {
    let api = url(&mut section, "api_url", "https://api.betfair.com")?;
    let identity = url(&mut section, "identity_url", "https://identitysso.betfair.com")?;
    let certlogin = url(
        &mut section,
        "certlogin_url",
        "https://identitysso-cert.betfair.com",
    )?;
    let stream = read_stream(section.child("stream")?)?;
    let app_key = needed_secret(&mut section, "app_key_file")?;
    let credentials = read_session(section.child("session")?)?;
    let ca_file = section.text("ca_file")?.map(PathBuf::from);
    let strategy_ref = section
        .text("strategy_ref")?
        .ok_or_else(|| section.error("strategy_ref", "missing: what this trader's orders are known by"))?;
    let is_ref = strategy_ref.len() <= STRATEGY_REF_CHARS_MAX
        && strategy_ref
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    if !is_ref {
        let why = "1 to 15 letters, digits, - and _: the venue takes no others";
        return Err(section.error("strategy_ref", why));
    }
    let currency = section.text("currency")?;
    let timeout = millis(section.int("timeout_ms", TIMEOUT_MS, 100, 120_000)?);
    let seconds = |number: i64| Duration::from_secs(number.unsigned_abs());
    let keep_alive = seconds(section.int("keep_alive_s", KEEP_ALIVE_S, 1, 86_400)?);
    let funds_every = seconds(section.int("funds_s", FUNDS_S, 1, 86_400)?);
    let heartbeat = section.int("heartbeat_s", 0, 0, HEARTBEAT_S.1)?;
    if heartbeat != 0 && heartbeat < HEARTBEAT_S.0 {
        return Err(section.error("heartbeat_s", "0 (off), or 10 to 300: the venue takes no others"));
    }
    section.finish()?;
    Ok(Betfair {
        api,
        identity,
        certlogin,
        stream,
        app_key,
        credentials,
        ca_file,
        strategy_ref,
        currency,
        timeout,
        keep_alive,
        funds_every,
        heartbeat_s: (heartbeat != 0).then_some(heartbeat.unsigned_abs()),
    })
}

fn read_session(mut section: Section) -> Result<Credentials, ConfigError> {
    let token_file = section.text("token_file")?.map(PathBuf::from);
    let credentials = if let Some(file) = token_file {
        Secret::load(&file, "betfair.session.token_file")?;
        Credentials::TokenFile(file)
    } else {
        let username = needed_secret(&mut section, "username_file")?;
        let password = needed_secret(&mut section, "password_file")?;
        let cert_file = section.text("cert_file")?.map(PathBuf::from);
        let key_file = section.text("key_file")?.map(PathBuf::from);
        match (cert_file, key_file) {
            (Some(cert_file), Some(key_file)) => Credentials::Certificate {
                username,
                password,
                cert_file,
                key_file,
            },
            (None, None) => Credentials::Password { username, password },
            (Some(_), None) => return Err(section.error("key_file", "missing: the key of cert_file")),
            (None, Some(_)) => return Err(section.error("cert_file", "missing: the certificate of key_file")),
        }
    };
    section.finish()?;
    Ok(credentials)
}

fn needed_secret(section: &mut Section, key: &'static str) -> Result<Secret, ConfigError> {
    let file = section
        .text(key)?
        .ok_or_else(|| section.error(key, "missing: a file of mode 0600"))?;
    Secret::load(file.as_ref(), &section.path_of(key))
}

fn read_stream(mut section: Section) -> Result<StreamAddress, ConfigError> {
    let host = section
        .text("host")?
        .unwrap_or_else(|| "stream-api.betfair.com".to_owned());
    let port = section.int("port", 443, 1, i64::from(u16::MAX))?;
    let tls = section.flag("tls", true)?;
    if !tls && !is_loopback(&host) {
        return Err(section.error(
            "tls",
            format!("{host} is another machine: only this one may be plain"),
        ));
    }
    let port = u16::try_from(port).map_err(|_| section.error("port", "not a port"))?;
    section.finish()?;
    Ok(StreamAddress { host, port, tls })
}

fn url(section: &mut Section, key: &'static str, default: &str) -> Result<HttpAddress, ConfigError> {
    let text = section.text(key)?.unwrap_or_else(|| default.to_owned());
    let wrong = |why: &str| section.error(key, format!("{text:?} {why}"));
    let uri: hyper::Uri = text.parse().map_err(|_| wrong("is not a URL"))?;
    let tls = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => false,
        _ => return Err(wrong("begins neither with https:// nor with http://")),
    };
    let host = uri.host().ok_or_else(|| wrong("names no host"))?;
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
        return Err(wrong("has more than a host and a port"));
    }
    if !tls && !is_loopback(&host) {
        return Err(wrong("is another machine: only this one may be plain http"));
    }
    let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
    Ok(HttpAddress { tls, host, port })
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

pub(super) fn read_journal(mut section: Section) -> Result<JournalConfig, ConfigError> {
    let dir = section
        .text("dir")?
        .ok_or_else(|| section.error("dir", "missing: the folder that holds the journal of orders"))?;
    let group_ms = section.int("group_ms", GROUP_MS, 1, 60_000)?;
    let group = Fsync::Group(millis(group_ms));
    let fsync = section.choice(
        "fsync",
        &[
            ("group_ms", group),
            ("always", Fsync::Always),
            ("never", Fsync::Never),
        ],
    )?;
    let rotate_bytes = section.int("rotate_bytes", ROTATE_BYTES, 4_096, 1 << 40)?;
    section.finish()?;
    Ok(JournalConfig {
        dir: dir.into(),
        fsync,
        rotate_bytes: rotate_bytes.unsigned_abs(),
    })
}

pub(super) fn read_pacing(mut section: Section, now: &Pacing) -> Result<Pacing, ConfigError> {
    let mut count = |key, default: u32, high: i64| {
        section
            .int(key, i64::from(default), 1, high)
            .map(|number| u32::try_from(number).unwrap_or(u32::MAX))
    };
    let per_second = count("per_second", now.per_second, 1_000)?;
    let market_per_second = count("market_per_second", now.market_per_second, 1_000)?;
    let per_hour = count("per_hour", now.per_hour, 1_000_000)?;
    let in_flight = i64::try_from(now.in_flight).unwrap_or(1_000);
    let in_flight = section.int("in_flight", in_flight, 1, 1_000)?;
    let batch_window_ms = section.int("batch_window_ms", now.batch_window_ms, 0, 1_000)?;
    section.finish()?;
    Ok(Pacing {
        per_second,
        market_per_second,
        per_hour,
        batch_window_ms,
        in_flight: usize::try_from(in_flight).unwrap_or(usize::MAX),
    })
}

pub(super) fn read_reconcile(
    mut section: Section,
    now: &Windows,
    unknown: UnknownBets,
) -> Result<(Windows, UnknownBets), ConfigError> {
    let windows = Windows {
        // The venue forgets a reference after 60 s.
        resend_ms: section.int("resend_ms", now.resend_ms, 0, 55_000)?,
        look_up_ms: section.int("look_up_ms", now.look_up_ms, 1, 600_000)?,
        look_up_every_ms: section.int("look_up_every_ms", now.look_up_every_ms, 1, 60_000)?,
        backoff_ms: section.int("backoff_ms", now.backoff_ms, 1, 60_000)?,
        backoff_max_ms: section.int("backoff_max_ms", now.backoff_max_ms, 1, 60_000)?,
        funds_ms: section.int("funds_ms", now.funds_ms, 0, 3_600_000)?,
        adopt_ms: section.int("adopt_ms", now.adopt_ms, 1, YEAR_MS)?,
    };
    let words = [
        ("cancel", UnknownBets::Cancel),
        ("adopt", UnknownBets::Adopt),
        ("leave", UnknownBets::Leave),
    ];
    let mut words = words.to_vec();
    // The first one is the default.
    words.sort_by_key(|(_, word)| *word != unknown);
    let unknown = section.choice("unknown_bets", &words)?;
    section.finish()?;
    Ok((windows, unknown))
}

/// The limits that only the venue's machine has.
pub(super) fn read_exposure(section: &mut Section, now: &Limits) -> Result<Limits, ConfigError> {
    let mut money = |key, default| section.int(key, default, 1, wire::SIZE_CENTI_MAX);
    let max_market_exposure_centi = money("max_market_exposure_centi", now.max_market_exposure_centi)?;
    let max_exposure_centi = money("max_exposure_centi", now.max_exposure_centi)?;
    let tolerance = now.funds_tolerance_centi.unwrap_or(0);
    let tolerance = section.int("funds_tolerance_centi", tolerance, 0, wire::SIZE_CENTI_MAX)?;
    Ok(Limits {
        max_market_exposure_centi,
        max_exposure_centi,
        funds_tolerance_centi: (tolerance != 0).then_some(tolerance),
        ..*now
    })
}

pub(super) fn read_scope(mut section: Section, now: LiveScope) -> Result<LiveScope, ConfigError> {
    let market_ids = section.texts("market_ids")?.unwrap_or(now.market_ids);
    let event_types = section.texts("event_types")?.unwrap_or(now.event_types);
    section.finish()?;
    Ok(LiveScope {
        market_ids,
        event_types,
    })
}
