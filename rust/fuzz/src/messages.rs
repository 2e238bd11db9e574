//! A stream of lines of any bytes.

use hotloop_core::{Place, Side};

use crate::player::Player;
use crate::settings::config;

/// Most lines of one stream.
const LINES_MAX: usize = 48;
/// Bytes before the first line: two for the configuration, one for the orders.
const HEAD: usize = 3;

/// Applies the bytes, after a head of three, as the lines of a stream, and tracks orders now and then.
///
/// # Panics
/// Where the core breaks a law.
pub fn messages(data: &[u8]) {
    let Some((&[bounds, models, orders], stream)) = data.split_first_chunk::<HEAD>() else {
        return;
    };
    let mut player = Player::new(config([bounds, models]), orders & 0x40 != 0);
    let every = 1 + usize::from(orders % 8);
    for (place, line) in stream.split(|byte| *byte == b'\n').take(LINES_MAX).enumerate() {
        player.line(line);
        if (place + 1).is_multiple_of(every) {
            track(&mut player, place);
        }
        if orders & 0x80 != 0 && place % 16 == 7 {
            player.configure(&config([models, bounds]));
        }
    }
    player.finish();
}

/// Tracks an order at the best price of the first runner touched last.
fn track(player: &mut Player, number: usize) {
    let core = &player.core;
    let Some(touched) = core.touched().first() else {
        return;
    };
    let market_id = core.market_of(touched.market).id().to_owned();
    let (back, lay) = core.best(&market_id, touched.runner);
    let (side, level) = if number.is_multiple_of(2) {
        (Side::Lay, back)
    } else {
        (Side::Back, lay)
    };
    let place = Place {
        runner: touched.runner,
        side,
        price: level.map_or(200, |level| level.price),
    };
    let own = level.filter(|_| number.is_multiple_of(3)).map_or(0.0, |_| 2.0);
    player.track(["a", "b", "c"][number % 3], &market_id, place, own);
}
