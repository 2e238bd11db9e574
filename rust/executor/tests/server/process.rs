//! The process: arguments, exit codes, signals, pages.

use std::net::TcpListener;

use serde_json::{Value, json};
use wire::Message;

use crate::running::{Running, configuration, folder, run};
use crate::trader::{Trader, place};

/// Exit code and stderr of a start with this configuration, which must fail with one line.
fn failed_start(changes: &Value) -> (i32, String) {
    let folder = folder();
    let file = configuration(&folder, changes);
    let output = run(&["--config", file.to_str().unwrap()]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.stdout.is_empty(), "nothing on stdout");
    assert_eq!(stderr.lines().count(), 1, "one line: {stderr}");
    std::fs::remove_dir_all(folder).unwrap();
    (output.status.code().unwrap(), stderr)
}

#[test]
fn s14_sigterm_and_sigint_say_goodbye_and_exit_0() {
    for signal in ["TERM", "INT"] {
        let mut executor = Running::plain();
        let mut trader = Trader::start(&executor);
        trader.send(&place("a", 0));
        trader.report();
        executor.signal(signal);
        let Message::Goodbye(goodbye) = trader.receive() else {
            panic!("GOODBYE was expected")
        };
        assert_eq!(goodbye.reason, "shutdown");
        trader.assert_closed();
        drop(trader);
        assert_eq!(executor.wait().code(), Some(0));
        assert!(
            executor
                .log()
                .lines()
                .all(|line| serde_json::from_str::<Value>(line).is_ok()),
            "{}",
            executor.log()
        );
    }
}

#[test]
fn sigterm_without_a_trader_exits_0() {
    let mut executor = Running::plain();
    executor.signal("TERM");
    assert_eq!(executor.wait().code(), Some(0));
}

#[test]
fn a_port_in_use_exits_3_with_one_line() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    for key in ["listen", "metrics"] {
        let (code, line) = failed_start(&json!({key: {"port": port}}));
        assert_eq!(code, 3);
        assert!(
            line.starts_with(&format!("executor: {key}: cannot listen on 127.0.0.1:{port}: ")),
            "{line}"
        );
    }
}

#[test]
fn a_bad_configuration_exits_2_with_one_line() {
    for (changes, part) in [
        (json!({"journal": {}}), "executor.json: journal: unknown key"),
        (json!({"mode": "live"}), "clock: wire is for replays"),
        (
            json!({"listen": {"host": "192.0.2.1"}}),
            "listen.host: \"192.0.2.1\" is not a loopback address",
        ),
        (
            json!({"listen": {"token_file": "/nowhere/token"}}),
            "listen.token_file: /nowhere/token cannot be read",
        ),
    ] {
        let (code, line) = failed_start(&changes);
        assert_eq!(code, 2, "{line}");
        assert!(line.contains(part), "{line}");
    }
}

#[test]
fn bad_arguments_exit_2_and_help_and_version_exit_0() {
    for arguments in [
        &[][..],
        &["--config"],
        &["--port", "7"],
        &["--config", "/nowhere/executor.json"],
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_eq!(String::from_utf8(output.stderr).unwrap().lines().count(), 1);
    }
    let help = run(&["--help"]);
    assert_eq!(help.status.code(), Some(0));
    assert!(String::from_utf8(help.stdout).unwrap().contains("Exit codes:"));
    let version = run(&["--version"]);
    assert_eq!(
        String::from_utf8(version.stdout).unwrap(),
        executor::cli::version_line()
    );
}

#[test]
fn the_pages_show_what_has_happened() {
    let executor = Running::plain();
    let mut trader = Trader::start(&executor);
    trader.send(&place("a", 0));
    trader.report();
    let status = executor.status();
    assert_eq!(
        (&status["open_orders"], &status["session"]["client"]),
        (&json!(1), &json!("test"))
    );
    executor.await_metric("hotloop_executor_intents_total{action=\"PLACE\"}", 1.0);
    executor.await_metric("hotloop_executor_reports_total{status=\"PLACED\"}", 1.0);
    executor.await_metric("hotloop_executor_open_orders", 1.0);
    executor.await_metric("hotloop_executor_connections_total", 1.0);
    assert!(executor.page("GET", "/").0.contains("404"));
    assert!(executor.page("POST", "/metrics").0.contains("405"));
    assert!(
        executor.page("POST", "/control/kill").0.contains("403"),
        "without the token"
    );
    executor.await_metric("hotloop_executor_open_orders", 1.0);
    assert!(executor.page("GET", "/metrics").1.ends_with("# EOF\n"));
}
