//! A stream of messages that mean something.

use arbitrary::Unstructured;

use crate::act::act;
use crate::player::Player;
use crate::scene::Scene;
use crate::settings::config;

/// Most acts of one stream.
const ACTS_MAX: usize = 64;

/// Lets the bytes choose one act after the other of some markets and of a trader in them.
///
/// # Panics
/// Where the core breaks a law.
pub fn structured(data: &[u8]) {
    let Some((&[bounds, models, twin], choices)) = data.split_first_chunk::<3>() else {
        return;
    };
    let mut player = Player::new(config([bounds, models]), twin & 1 != 0);
    let mut scene = Scene::new(Unstructured::new(choices));
    for _ in 0..ACTS_MAX {
        if scene.is_over() {
            break;
        }
        act(&mut scene, &mut player);
    }
    player.finish();
}
