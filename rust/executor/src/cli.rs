//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

/// What `--help` prints.
pub const HELP: &str = r#"executor: keeps a trader's orders. It listens on loopback, takes intents, answers with reports
(proto_wire/SPEC.md). In a dry run every rule is applied and nothing reaches the venue; live, orders go there.

Usage:
  executor --config FILE   start with this configuration
  executor --help          this text
  executor --version       name, version, and which wire and configurations (bundles) it takes

When it is ready it prints one line on stdout, then nothing more:
  {"listening": "127.0.0.1:PORT", "metrics": "127.0.0.1:PORT"}
Logs go to stderr. http://METRICS/metrics is for Prometheus, http://METRICS/status is JSON for people and scripts.
The trader may change limits, heartbeat_ms and trader_timeout_s while it runs (CONFIG); live also pacing, reconcile
and live_scope.
SIGTERM or SIGINT: live, cancels what rests (on_stop); says GOODBYE to the trader and ends with exit code 0.
Under systemd (Type=notify, WatchdogSec=) it says when it is ready and, from the loop that handles intents, that it lives.
SIGHUP: the same, but what rests is cancelled in any case: the trader that has started this is gone.

Try it:
  (umask 077; head -c 24 /dev/urandom | base64 > token)
  echo '{"listen": {"token_file": "token"}, "clock": "wall"}' > executor.json
  executor --config executor.json

The configuration is one JSON object. An unknown key is refused with its path. Keys and defaults:
  {
    "listen": {
      "transport": "tcp",           or "uds": a socket in the file system, mode 0600
      "socket": (needed with uds),  its path; host and port go with tcp
      "host": "127.0.0.1",          loopback only
      "port": 0,                    0: the system chooses, see the ready line
      "token_file": (needed),       holds the token HELLO must carry; mode 0600
      "hello_timeout_ms": 5000,     for a connection to say HELLO
      "frame_timeout_ms": 5000,     for a frame, from its first byte to its last
      "write_timeout_ms": 5000,     for a peer that takes no bytes
      "spin_us": 200                after a message: looks for the next one without sleeping (never on one core)
    },
    "mode": "dry_run",              or "live"
    "clock": "wall",                or "wire": the time is the trader's TICK (replay)
    "limits": {
      "max_open_orders": 200,
      "min_size_centi": 100,        a stake below this is refused ...
      "min_payout_centi": 1000,     ... unless price x stake is at least this
      "max_remembered_intents": 1000000,
      "max_unacked_reports": 100000
    },
    "heartbeat_ms": 1000,
    "trader_timeout_s": 10,         silence after which open orders are cancelled; 0: never (default with "wire")
    "metrics": {"host": "127.0.0.1", "port": 0},
    "log": {"level": "info", "format": "json"}
  }                                 level: error, warn, info, debug, trace; format: json, text

With "mode": "live" there are besides (files of secrets have mode 0600):
    "betfair": {
      "app_key_file": (needed),
      "strategy_ref": (needed),     1 to 15 letters, digits, - and _: what this trader's orders are known by
      "session": (needed)           {"username_file", "password_file", "cert_file", "key_file"}: log-in by certificate;
                                    without the latter two by password; or {"token_file"}: somebody else logs in
      "api_url": "https://api.betfair.com",
      "identity_url": "https://identitysso.betfair.com",
      "certlogin_url": "https://identitysso-cert.betfair.com",
      "stream": {"host": "stream-api.betfair.com", "port": 443, "tls": true},
      "ca_file": (the system's),    authorities to trust instead
      "currency": (any),            the account must have this one
      "timeout_ms": 10000,          for a reply; orders in play have the bet delay more
      "keep_alive_s": 14400,
      "funds_s": 10,                between two looks at the account's funds
      "heartbeat_s": 0              10 to 300: after so long without us the venue cancels ALL limit bets of the account
    },
    "journal": {
      "dir": (needed),              one executor at a time
      "fsync": "group_ms",          what is written survives this process; a loss of power only what is synced: within
                                    group_ms, or "always" before anything leaves, or "never"
      "group_ms": 5,
      "rotate_bytes": 67108864      grown by so much it is shortened to what is known
    },
    "limits": {
      "max_market_exposure_centi": 100000,
      "max_exposure_centi": 500000,
      "funds_tolerance_centi": 500  the tripwire: the account's exposure against ours; 0: not looked at
    },
    "pacing": {
      "per_second": 100,            PLACE and REPLACE instructions; cancels are never held back
      "market_per_second": 40,
      "per_hour": 5000,             beyond, the venue charges
      "in_flight": 16,
      "batch_window_ms": 0          orders of a market are gathered for so long; 0: each leaves at once
    },
    "reconcile": {
      "resend_ms": 50000,           a request the venue did not act on may leave again with its reference
      "look_up_ms": 20000,          an order in doubt is looked for so long, and the bet delay more
      "look_up_every_ms": 1000,
      "backoff_ms": 200,
      "backoff_max_ms": 5000,
      "funds_ms": 15000,            the account's exposure may differ for so long
      "unknown_bets": "cancel",     bets with our strategy_ref that no order has; or "adopt", "leave"
      "adopt_ms": 3600000
    },
    "live_scope": {"market_ids": [], "event_types": []},   orders elsewhere are dry; none: everywhere
    "on_stop": "cancel"             or "leave": what rests when the executor is asked to stop

Exit codes: 0 ended as asked, 2 bad arguments or configuration, 3 cannot start (listener, journal, log-in), 4 cannot go
on (the journal cannot be written; every known bet was cancelled). Each prints one line on stderr.
"#;

/// What `--version` prints: `executor 0.1.0 (wire 1; bundles 1)`.
#[must_use]
pub fn version_line() -> String {
    let bundles: Vec<String> = wire::BUNDLE_VERSIONS.iter().map(i64::to_string).collect();
    format!(
        "executor {} (wire {}; bundles {})\n",
        crate::VERSION,
        wire::WIRE_VERSION,
        bundles.join(", ")
    )
}

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Start with this configuration file.
    Run(PathBuf),
    /// Print [`HELP`].
    Help,
    /// Print [`version_line`].
    Version,
}

/// The command line cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UsageError {
    /// Nothing was asked for.
    #[error("--config FILE is missing; --help explains")]
    NoConfig,
    /// `--config` without a file.
    #[error("--config needs a file; --help explains")]
    NoFile,
    /// Something else.
    #[error("unknown argument {0:?}; --help explains")]
    Unknown(String),
}

/// Reads the arguments after the program's name.
///
/// # Errors
/// [`UsageError`] for anything but the three commands.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, UsageError> {
    let mut arguments = arguments.into_iter();
    let mut file = None;
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some("--help" | "-h") => return Ok(Command::Help),
            Some("--version" | "-V") => return Ok(Command::Version),
            Some("--config") => file = Some(arguments.next().ok_or(UsageError::NoFile)?.into()),
            Some(text) if text.starts_with("--config=") => file = Some(text["--config=".len()..].into()),
            _ => return Err(UsageError::Unknown(argument.to_string_lossy().into_owned())),
        }
    }
    file.filter(|file: &PathBuf| !file.as_os_str().is_empty())
        .map(Command::Run)
        .ok_or(UsageError::NoConfig)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Command, UsageError> {
        parse(arguments.iter().map(OsString::from))
    }

    #[test]
    fn the_three_commands_are_understood_and_nothing_else() {
        assert_eq!(parsed(&["--config", "a.json"]), Ok(Command::Run("a.json".into())));
        assert_eq!(parsed(&["--config=a.json"]), Ok(Command::Run("a.json".into())));
        assert_eq!(parsed(&["--config", "a.json", "--help"]), Ok(Command::Help));
        assert_eq!(parsed(&["-V"]), Ok(Command::Version));
        assert_eq!(parsed(&[]), Err(UsageError::NoConfig));
        assert_eq!(parsed(&["--config="]), Err(UsageError::NoConfig));
        assert_eq!(parsed(&["--config"]), Err(UsageError::NoFile));
        assert_eq!(
            parsed(&["--port", "1"]),
            Err(UsageError::Unknown("--port".into()))
        );
    }

    #[test]
    fn the_help_names_every_key_of_the_configuration() {
        // The configuration's own error messages list what is known; the page must not fall behind them.
        for key in [
            "transport",
            "socket",
            "host",
            "port",
            "token_file",
            "hello_timeout_ms",
            "frame_timeout_ms",
            "write_timeout_ms",
            "spin_us",
            "mode",
            "clock",
            "max_open_orders",
            "min_size_centi",
            "min_payout_centi",
            "max_remembered_intents",
            "max_unacked_reports",
            "heartbeat_ms",
            "trader_timeout_s",
            "metrics",
            "log",
            "level",
            "format",
            "betfair",
            "app_key_file",
            "strategy_ref",
            "session",
            "username_file",
            "password_file",
            "cert_file",
            "key_file",
            "api_url",
            "identity_url",
            "certlogin_url",
            "stream",
            "ca_file",
            "currency",
            "timeout_ms",
            "keep_alive_s",
            "funds_s",
            "heartbeat_s",
            "journal",
            "dir",
            "fsync",
            "group_ms",
            "rotate_bytes",
            "max_market_exposure_centi",
            "max_exposure_centi",
            "funds_tolerance_centi",
            "pacing",
            "per_second",
            "market_per_second",
            "per_hour",
            "in_flight",
            "batch_window_ms",
            "reconcile",
            "resend_ms",
            "look_up_ms",
            "look_up_every_ms",
            "backoff_ms",
            "backoff_max_ms",
            "funds_ms",
            "unknown_bets",
            "adopt_ms",
            "live_scope",
            "market_ids",
            "event_types",
            "on_stop",
        ] {
            assert!(HELP.contains(&format!("\"{key}\"")), "{key}");
        }
    }
}
