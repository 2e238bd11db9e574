//! `docs/metrics.md` is the list of all metrics: the sidecar's page has what stands there, and nothing else.
//! `python/trader/monitoring/metrics_list_test.py` holds the trader's page against the same tables.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

use std::collections::{BTreeMap, BTreeSet};

use executor::metrics::{Metrics, Moment, VenueMoment};
use prometheus_client::metrics::histogram::Histogram;

/// Name → its values, none where they are not listed.
type Labels = BTreeMap<String, BTreeSet<String>>;

#[derive(Debug, Default, PartialEq)]
struct Metric {
    kind: String,
    labels: Labels,
}

/// The rows under a heading: name, metric, and who serves it.
fn listed(heading: &str) -> Vec<(String, Metric, String)> {
    let root = std::env::var("HOTLOOP_DOCS")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs").to_owned());
    let page = std::fs::read_to_string(format!("{root}/metrics.md")).unwrap();
    let section = page.split_once(&format!("\n## {heading}\n")).unwrap().1;
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let metric = Metric {
            kind: cells[1].to_owned(),
            labels: labels_of(cells[3]),
        };
        (cells[0].trim_matches('`').to_owned(), metric, cells[4].to_owned())
    })
    .collect()
}

fn words(text: &str) -> BTreeSet<String> {
    let words = text.split(',').map(str::trim);
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// `kind: place, cancel` has its values, `version, backend` has none.
fn labels_of(text: &str) -> Labels {
    match text.split_once(':') {
        Some((name, values)) => [(name.to_owned(), words(values))].into(),
        None => words(text)
            .into_iter()
            .map(|name| (name, BTreeSet::new()))
            .collect(),
    }
}

/// What a page has.
fn served(page: &str) -> BTreeMap<String, Metric> {
    let mut found: BTreeMap<String, Metric> = BTreeMap::new();
    let mut current = String::new();
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            let end = if kind == "counter" { "_total" } else { "" };
            current = format!("{name}{end}");
            kind.clone_into(&mut found.entry(current.clone()).or_default().kind);
        } else if let (false, Some((_, rest))) = (line.starts_with('#'), line.split_once('{')) {
            for pair in rest.split_once('}').unwrap().0.split(',') {
                let (label, value) = pair.split_once('=').unwrap();
                if label != "le" {
                    let labels = &mut found.get_mut(&current).unwrap().labels;
                    let values = labels.entry(label.to_owned()).or_default();
                    values.insert(value.trim_matches('"').to_owned());
                }
            }
        }
    }
    found
}

fn page(is_live: bool) -> String {
    let mut metrics = Metrics::new();
    let mut moment = Moment::default();
    if is_live {
        metrics.go_live(Histogram::new([0.1]));
        moment.venue = Some(VenueMoment {
            state: "starting",
            ..VenueMoment::default()
        });
    }
    metrics.text(&moment).unwrap()
}

/// Values that are not listed are not compared.
fn without_free_values(
    mut found: BTreeMap<String, Metric>,
    wanted: &BTreeMap<String, Metric>,
) -> BTreeMap<String, Metric> {
    for (name, metric) in &mut found {
        for (label, values) in &mut metric.labels {
            let is_free = wanted
                .get(name)
                .and_then(|wanted| wanted.labels.get(label))
                .is_some_and(BTreeSet::is_empty);
            if is_free {
                values.clear();
            }
        }
    }
    found
}

#[test]
fn the_page_has_what_is_listed_with_its_types_and_labels() {
    for is_live in [false, true] {
        let mut wanted: BTreeMap<String, Metric> = listed("Every process")
            .into_iter()
            .map(|(name, metric, _)| (name, metric))
            .collect();
        assert_eq!(wanted.len(), 6);
        for (name, metric, sidecar) in listed("The executor") {
            assert!(sidecar == "always" || sidecar == "live", "{name}: {sidecar}");
            if is_live || sidecar == "always" {
                wanted.insert(name, metric);
            }
        }
        assert!(wanted.len() > 30);
        let found = without_free_values(served(&page(is_live)), &wanted);
        assert_eq!(found, wanted);
    }
}

#[test]
fn a_name_that_is_served_and_not_listed_is_found() {
    let found =
        served("# TYPE a counter\n# UNIT b\na_total{kind=\"x\",le=\"1\"} 1\n# TYPE b gauge\nb 2\n# EOF\n");
    let names: Vec<&str> = found.keys().map(String::as_str).collect();
    assert_eq!(names, ["a_total", "b"]);
    assert_eq!(found["a_total"].labels, labels_of("kind: x"));
    assert_eq!(labels_of("a, b").len(), 2);
}
