//! What can happen next: in the markets, on the line, and what the trader does.

use hotloop_core::{Centi, Place, Side};

use crate::player::Player;
use crate::scene::{MARKETS, PRICES, Scene};
use crate::settings::config;

const ORDERS: [&str; 4] = ["a", "b", "c", "d"];
const SIZES: [f64; 5] = [0.0, 0.01, 2.0, 500.0, 9.0e13];
/// Values no member of a message may have, in the place of a good one.
const BAD: [(&str, &str); 6] = [
    (r#""rc":["#, r#""rc":[5,"#),
    (r#""id":"#, r#""id":{},"id":"#),
    ("[[", "[[2],["),
    (r#""pt":"#, r#""pt":0.5,"p":"#),
    ("]}", "]]"),
    (r#""op":"#, r#""segmentType":"SEG_MIDDLE","op":"#),
];

/// Does one thing.
pub(crate) fn act(scene: &mut Scene<'_>, player: &mut Player) {
    match scene.below(64) {
        0..=29 => {
            let line = plain(scene, player);
            player.line(line.as_bytes());
        }
        30..=35 => entry(scene, player, false),
        36..=39 => entry(scene, player, true),
        40 | 41 => subscribe(scene, player),
        42..=44 => marker(scene, player),
        45..=47 => segments(scene, player),
        48 | 49 => bad(scene, player),
        50 | 51 => snapshot(scene, player),
        52 => player.configure(&config([scene.below(256), scene.below(256)].map(low))),
        53..=60 => track(scene, player),
        61 | 62 => reseed(scene, player),
        _ => player.untrack(ORDERS[scene.below(ORDERS.len())]),
    }
}

#[allow(clippy::cast_possible_truncation)] // the lowest byte is meant
fn low(number: usize) -> u8 {
    number as u8
}

/// An ordinary update.
fn plain(scene: &mut Scene<'_>, player: &Player) -> String {
    let changes = scene.changes(&player.core);
    let members = if scene.one_in(8) {
        format!(r#""id":{},"#, scene.subscription)
    } else {
        String::new()
    };
    scene.message(&members, &changes)
}

/// A definition, an image, or both, alone or amid changes.
fn entry(scene: &mut Scene<'_>, player: &mut Player, image: bool) {
    let market_id = scene.market();
    let defined = !image || scene.one_in(2);
    let mut entries = scene.image(&player.core, market_id, image, defined);
    if scene.one_in(3) {
        entries = scene.changes(&player.core) + "," + &entries;
    }
    if scene.one_in(3) {
        entries = entries + "," + &scene.changes(&player.core);
    }
    let members = ["", r#""ct":"RESUB_DELTA","#][scene.below(2)];
    let line = scene.message(members, &entries);
    player.line(line.as_bytes());
}

/// A new subscription, and something of the old one that comes late.
fn subscribe(scene: &mut Scene<'_>, player: &mut Player) {
    let old = scene.subscription;
    scene.subscription += i64::from(scene.one_in(2));
    let mut images = String::new();
    for market_id in MARKETS.iter().take(scene.below(4)) {
        let image = scene.image(&player.core, market_id, true, true);
        images = if images.is_empty() {
            image
        } else {
            images + "," + &image
        };
    }
    let members = format!(
        r#""ct":"SUB_IMAGE","initialClk":"i","id":{},"#,
        scene.subscription
    );
    let line = scene.message(&members, &images);
    player.line(line.as_bytes());
    if scene.one_in(2) {
        let changes = scene.changes(&player.core);
        let line = scene.message(&format!(r#""id":{old},"#), &changes);
        player.line(line.as_bytes());
    }
}

/// A message that says something of all markets, or of none.
fn marker(scene: &mut Scene<'_>, player: &mut Player) {
    let members = [
        r#""ct":"HEARTBEAT","#,
        r#""status":503,"#,
        r#""ct":"HEARTBEAT","status":503,"#,
        r#""ct":"RESUB_DELTA","#,
        r#""initialClk":"j","con":true,"#,
        r#""op":"ocm","#,
    ][scene.below(6)];
    let changes = if scene.one_in(2) {
        scene.changes(&player.core)
    } else {
        String::new()
    };
    let mut line = scene.message(members, &changes);
    if members.contains("ocm") {
        line = line.replacen(r#""op":"mcm","#, "", 1);
    }
    player.line(line.as_bytes());
}

/// One message in parts, perhaps with one missing, or with another between them.
fn segments(scene: &mut Scene<'_>, player: &mut Player) {
    let start = usize::from(scene.one_in(4));
    for kind in &["SEG_START", "SEG", "SEG_END"][start..] {
        let changes = scene.changes(&player.core);
        let line = scene.message(&format!(r#""segmentType":"{kind}","#), &changes);
        player.line(line.as_bytes());
        if scene.one_in(4) {
            let line = plain(scene, player);
            player.line(line.as_bytes());
        }
    }
}

/// A line that is cut off, has one bad value, or is nothing at all.
fn bad(scene: &mut Scene<'_>, player: &mut Player) {
    let line = plain(scene, player);
    match scene.below(4) {
        0 => {
            let end = scene.below(line.len());
            player.line(&line.as_bytes()[..end]);
        }
        1 => {
            let raw = scene.raw(16);
            player.line(raw);
        }
        _ => {
            let (good, bad) = BAD[scene.below(BAD.len())];
            player.line(line.replacen(good, bad, 1).as_bytes());
        }
    }
}

fn snapshot(scene: &mut Scene<'_>, player: &mut Player) {
    let (market_id, defined) = (scene.market(), scene.one_in(2));
    let snapshot = scene.image(&player.core, market_id, false, defined);
    let named = if scene.one_in(8) {
        scene.market()
    } else {
        market_id
    };
    player.snapshot(named, snapshot.as_bytes());
}

/// An order at a price of the book, or anywhere.
fn track(scene: &mut Scene<'_>, player: &mut Player) {
    let (id, market_id, runner) = (ORDERS[scene.below(ORDERS.len())], scene.market(), scene.runner());
    let side = [Side::Back, Side::Lay][scene.below(2)];
    let ladder = player
        .core
        .ladder_top(market_id, runner, side.opposite(), Some(3));
    let prices: Vec<Centi> = ladder.iter().map(|level| level.price).collect();
    let price = scene.pick(&prices).or_else(|| scene.pick(&PRICES)).unwrap_or(200);
    let own = if scene.one_in(3) {
        SIZES[scene.below(SIZES.len())]
    } else {
        0.0
    };
    player.track(id, market_id, Place { runner, side, price }, own);
}

fn reseed(scene: &mut Scene<'_>, player: &mut Player) {
    let id = ORDERS[scene.below(ORDERS.len())];
    let ahead = scene.one_in(2).then(|| SIZES[scene.below(SIZES.len())]);
    let own = scene.one_in(2).then(|| SIZES[scene.below(SIZES.len())]);
    player.reseed(id, ahead, own);
}
