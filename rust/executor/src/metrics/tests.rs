//! What stands on the page.

use super::*;

#[test]
fn the_page_has_the_final_names_from_the_start() {
    let metrics = Metrics::new();
    metrics.intent(Action::Place);
    metrics.acked(0.000_003);
    metrics.refused(Code::BadUtf8);
    let moment = Moment {
        open_orders: 2,
        unacked_reports: 5,
        duplicates: 7,
        venue: None,
    };
    let page = metrics.text(&moment).unwrap();
    assert!(!page.contains("exposure"), "of a dry run there is no such thing");
    for line in [
        "hotloop_executor_intents_total{action=\"PLACE\"} 1",
        "hotloop_executor_intents_total{action=\"CANCEL\"} 0",
        "hotloop_executor_reports_total{status=\"FILLED\"} 0",
        "hotloop_executor_rejects_total{class=\"gone\"} 0",
        "hotloop_executor_duplicates_total 7",
        "hotloop_executor_ttl_prevented_total 0",
        "hotloop_executor_heartbeats_sent_total 0",
        "hotloop_executor_connections_total 0",
        "hotloop_executor_frame_errors_total{code=\"BAD_UTF8\"} 1",
        "hotloop_executor_open_orders 2",
        "hotloop_executor_unacked_reports 5",
        "hotloop_executor_intent_ack_seconds_count 1",
        "hotloop_executor_intent_ack_seconds_bucket{le=\"0.000005\"} 1",
        concat!(
            "hotloop_executor_build_info{version=\"",
            env!("CARGO_PKG_VERSION"),
            "\",backend=\"rust\"} 1"
        ),
    ] {
        assert!(
            page.lines().any(|given| given == line),
            "{line} is not in\n{page}"
        );
    }
    assert!(page.ends_with("# EOF\n"));
}

#[test]
fn a_live_executor_tells_of_the_venue() {
    let mut metrics = Metrics::new();
    metrics.go_live(Histogram::new([0.1]));
    let venue = VenueMoment {
        state: "connected",
        doubts: 3,
        not_placed: 1,
        paced: 4,
        journal_bytes: 17,
        last_sync_s: 0.004,
        funds_difference: -2.5,
        funds_look_s: 1_700_000_000.25,
        exposure: 12.5,
        ..VenueMoment::default()
    };
    let moment = Moment {
        venue: Some(venue),
        ..Moment::default()
    };
    let page = metrics.text(&moment).unwrap();
    for line in [
        "hotloop_executor_venue_state{state=\"connected\"} 1",
        "hotloop_executor_venue_state{state=\"down\"} 0",
        "hotloop_executor_orders_in_doubt_total 3",
        "hotloop_executor_orders_not_placed_total 1",
        "hotloop_executor_pacing_trips_total 4",
        "hotloop_executor_journal_bytes 17",
        "hotloop_executor_journal_last_sync_seconds 0.004",
        "hotloop_executor_exposure_account_currency 12.5",
        "hotloop_executor_halted 0",
        "hotloop_executor_journal_sync_seconds_count 0",
        "hotloop_executor_funds_difference -2.5",
        "hotloop_executor_funds_last_look_timestamp_seconds 1700000000.25",
        "hotloop_executor_venue_requests_total{kind=\"place\"} 0",
    ] {
        assert!(
            page.lines().any(|given| given == line),
            "{line} is not in\n{page}"
        );
    }
}
