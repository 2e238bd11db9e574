//! What the configuration file may say, and how a wrong one is refused.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::*;

/// A folder of its own for one test.
fn folder(name: &str) -> PathBuf {
    let root = std::env::var_os("TEST_TMPDIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = root.join(format!("executor-config-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn token_file(name: &str, content: &str, mode: u32) -> String {
    let path = folder(name).join("token");
    std::fs::write(&path, content).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    path.display().to_string()
}

/// The error for a file with these top-level members besides a good `listen`.
fn refused(name: &str, members: &str) -> String {
    let token = token_file(name, "secret", 0o600);
    Config::parse(&format!(
        r#"{{"listen": {{"token_file": {token:?}}}, {members}}}"#
    ))
    .unwrap_err()
    .to_string()
}

#[test]
fn the_shortest_file_gives_the_defaults() {
    let token = token_file("short", "secret\n", 0o600);
    let config = Config::parse(&format!(r#"{{"listen": {{"token_file": {token:?}}}}}"#)).unwrap();
    assert_eq!(config.listen, Listen::Tcp("127.0.0.1:0".parse().unwrap()));
    assert_eq!(config.metrics, "127.0.0.1:0".parse().unwrap());
    assert_eq!(config.limits, Limits::default());
    assert_eq!(config.max_unacked_reports, 100_000);
    assert_eq!(
        (config.clock, config.trader_timeout),
        (Clock::Wall, Some(Duration::from_secs(10)))
    );
    assert!(config.token.is("secret") && !config.token.is("Secret") && !config.token.is("secret "));
    assert_eq!(format!("{:?}", config.token), "Secret(…)");
}

#[test]
fn the_wire_clock_turns_the_trader_watch_off() {
    let token = token_file("wire", "secret", 0o600);
    let config = Config::parse(&format!(
        r#"{{"listen": {{"token_file": {token:?}}}, "clock": "wire"}}"#
    ))
    .unwrap();
    assert_eq!((config.clock, config.trader_timeout), (Clock::Wire, None));
}

#[test]
fn an_unknown_key_is_refused_with_its_path_and_the_known_ones() {
    assert_eq!(
        refused("unknown", r#""limits": {"max_orders": 3}"#),
        "limits.max_orders: unknown key; known here: max_open_orders, max_remembered_intents, max_unacked_reports, \
         min_size_centi, min_payout_centi"
    );
    assert!(refused("unknown2", r#""journal": {}"#).starts_with("journal: unknown key"));
}

#[test]
fn a_wrong_value_is_refused_with_its_path() {
    let cases = [
        (
            r#""mode": "live""#,
            "betfair.app_key_file: missing: a file of mode 0600",
        ),
        (r#""mode": "wet""#, r#"mode: "wet" is not one of dry_run, live"#),
        (r#""clock": 7"#, "clock: a text was expected, not a number"),
        (
            r#""heartbeat_ms": 1.5"#,
            "heartbeat_ms: 1.5 is not an integer within 10 and 600000",
        ),
        (
            r#""trader_timeout_s": -1"#,
            "trader_timeout_s: -1 is not a number within 0 and 86400",
        ),
        (r#""limits": []"#, "limits: an object was expected, not a list"),
        (
            r#""limits": {"min_size_centi": 0}"#,
            "limits.min_size_centi: 0 is not an integer within 1 and 9000000000",
        ),
        (
            r#""metrics": {"port": 70000}"#,
            "metrics.port: 70000 is not an integer within 0 and 65535",
        ),
        (
            r#""metrics": {"host": "0.0.0.0"}"#,
            r#"metrics.host: "0.0.0.0" is not a loopback address, such as 127.0.0.1"#,
        ),
        (
            r#""log": {"level": "loud"}"#,
            r#"log.level: "loud" is not one of info, error, warn, debug, trace"#,
        ),
    ];
    for (index, (members, error)) in cases.into_iter().enumerate() {
        assert_eq!(refused(&format!("wrong{index}"), members), error);
    }
}

#[test]
fn a_token_file_others_can_read_is_refused() {
    for mode in [0o640, 0o604, 0o644, 0o700] {
        let token = token_file(&format!("mode{mode:o}"), "secret", mode);
        let error = Config::parse(&format!(r#"{{"listen": {{"token_file": {token:?}}}}}"#))
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("listen.token_file: ") && error.ends_with("it must be 0600"),
            "{error}"
        );
    }
}

#[test]
fn a_token_file_without_a_token_is_refused() {
    for (index, content) in ["", " \n", &"x".repeat(1_025)].into_iter().enumerate() {
        let token = token_file(&format!("empty{index}"), content, 0o600);
        assert!(Config::parse(&format!(r#"{{"listen": {{"token_file": {token:?}}}}}"#)).is_err());
    }
    let error = Config::parse(r#"{"listen": {}}"#).unwrap_err().to_string();
    assert_eq!(
        error,
        "listen.token_file: missing: the file that holds the trader's token"
    );
}

#[test]
fn a_token_file_that_is_a_pipe_is_refused_and_not_waited_for() {
    let path = folder("pipe").join("token");
    let made = std::process::Command::new("mkfifo")
        .arg("-m")
        .arg("600")
        .arg(&path)
        .status();
    assert!(made.unwrap().success());
    let error = Config::parse(&format!(r#"{{"listen": {{"token_file": {path:?}}}}}"#)).unwrap_err();
    assert!(error.why.ends_with("is not a file"), "{error}");
    std::fs::remove_file(path).unwrap();
}

#[test]
fn every_level_the_trader_may_name_is_one() {
    let token = token_file("levels", "secret", 0o600);
    for level in ["error", "warn", "info", "debug", "trace"] {
        let config = Config::parse(&format!(
            r#"{{"listen": {{"token_file": {token:?}}}, "log": {{"level": {level:?}}}}}"#
        ));
        assert_eq!(config.unwrap().log_level, level.parse::<Level>().unwrap());
    }
}

#[test]
fn the_file_is_named_in_the_error() {
    let path = folder("named").join("none.json");
    let error = Config::load(&path).unwrap_err().to_string();
    assert!(
        error.starts_with(&format!("{}: cannot be read: ", path.display())),
        "{error}"
    );
    std::fs::write(&path, "{").unwrap();
    let error = Config::load(&path).unwrap_err().to_string();
    assert!(
        error.starts_with(&format!("{}: not JSON: ", path.display())),
        "{error}"
    );
}

/// The text of a live configuration, with these members of its objects changed.
fn live(name: &str, betfair: &str, more: &str) -> String {
    let token = token_file(&format!("{name}-token"), "secret", 0o600);
    let key = token_file(&format!("{name}-key"), "key", 0o600);
    let name_file = token_file(&format!("{name}-name"), "me", 0o600);
    format!(
        r#"{{"listen": {{"token_file": {token:?}}}, "mode": "live", "journal": {{"dir": "j"}},
            "betfair": {{"app_key_file": {key:?}, "strategy_ref": "hotloop",
            "session": {{"username_file": {name_file:?}, "password_file": {name_file:?}}}{betfair}}}{more}}}"#
    )
}

#[test]
fn a_live_configuration_has_the_venues_addresses_and_safe_windows_by_default() {
    let config = Config::parse(&live("defaults", "", "")).unwrap();
    let live = config.live.unwrap();
    assert_eq!(live.betfair.api.authority(), "api.betfair.com:443");
    assert!(live.betfair.api.tls && live.betfair.stream.tls);
    assert_eq!(live.orders, orders::Config::default());
    assert_eq!(live.journal.fsync, Fsync::Group(Duration::from_millis(5)));
    assert!(live.cancel_on_stop && live.betfair.heartbeat_s.is_none());
    assert!(live.scope.has("1.1", None));
    assert_eq!(format!("{:?}", live.betfair.app_key), "Secret(…)");
}

#[test]
fn a_live_configuration_that_is_not_safe_is_refused_with_its_path() {
    let cases = [
        (
            r#", "api_url": "http://api.example.com""#,
            "",
            r#"betfair.api_url: "http://api.example.com" is another machine: only this one may be plain http"#,
        ),
        (
            r#", "api_url": "https://api.example.com/exchange""#,
            "",
            r#"betfair.api_url: "https://api.example.com/exchange" has more than a host and a port"#,
        ),
        (
            r#", "stream": {"host": "10.0.0.1", "tls": false}"#,
            "",
            "betfair.stream.tls: 10.0.0.1 is another machine: only this one may be plain",
        ),
        (
            r#", "heartbeat_s": 5"#,
            "",
            "betfair.heartbeat_s: 0 (off), or 10 to 300: the venue takes no others",
        ),
        (
            "",
            r#", "reconcile": {"resend_ms": 60000}"#,
            "reconcile.resend_ms: 60000 is not an integer within 0 and 55000",
        ),
        (
            "",
            r#", "clock": "wire""#,
            "clock: wire is for replays: a venue has the time of the wall",
        ),
        (
            "",
            r#", "live_scope": {"market_ids": "1.1"}"#,
            "live_scope.market_ids: a list of texts was expected, not a text",
        ),
    ];
    for (index, (betfair, more, error)) in cases.into_iter().enumerate() {
        let text = live(&format!("unsafe{index}"), betfair, more);
        assert_eq!(Config::parse(&text).unwrap_err().to_string(), error);
    }
}

#[test]
fn what_may_change_while_it_runs_is_changed_and_nothing_else() {
    let config = Config::parse(&live("changes", "", "")).unwrap();
    let text = r#"{"pacing": {"per_second": 7}, "limits": {"max_exposure_centi": 900}, "live_scope": {"market_ids": ["1.5"]}}"#;
    let changes = config.read_changes(text).unwrap();
    let live = changes.live.unwrap();
    assert_eq!(live.orders.pacing.per_second, 7);
    assert_eq!(live.orders.limits.max_exposure_centi, 900);
    assert_eq!(live.orders.windows, orders::Windows::default());
    assert!(live.scope.has("1.5", None) && !live.scope.has("1.6", None));
    let fixed = config.read_changes(r#"{"betfair": {}}"#).unwrap_err();
    assert_eq!(
        fixed.to_string(),
        "betfair: cannot change while the executor runs"
    );
}

#[test]
fn an_address_of_version_6_keeps_its_brackets_where_they_belong() {
    let text = live("six", r#", "api_url": "http://[::1]:8080""#, "");
    let api = Config::parse(&text).unwrap().live.unwrap().betfair.api;
    assert_eq!(
        (api.host.as_str(), api.authority().as_str()),
        ("::1", "[::1]:8080")
    );
}

#[test]
fn a_scope_of_event_types_leaves_out_what_is_not_known() {
    let scope = LiveScope {
        market_ids: Vec::new(),
        event_types: vec!["7".to_owned()],
    };
    assert!(scope.has("1.1", Some("7")));
    assert!(!scope.has("1.1", Some("1")) && !scope.has("1.1", None));
}
