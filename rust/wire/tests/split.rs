//! Framing is the same however the bytes are split.

use proptest::prelude::*;
use wire::{Decoder, FrameError, encode_body};

/// All bodies and the error the stream ends in, when it arrives in the given pieces.
fn decode(pieces: &[&[u8]]) -> (Vec<String>, Option<FrameError>) {
    let (mut decoder, mut bodies) = (Decoder::new(), Vec::new());
    for piece in pieces {
        decoder.extend(piece);
        loop {
            match decoder.next_body() {
                Ok(Some(body)) => bodies.push(body.to_owned()),
                Ok(None) => break,
                Err(error) => return (bodies, Some(error)),
            }
        }
    }
    (bodies, decoder.finish().err())
}

fn pieces<'a>(bytes: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    at.sort_unstable();
    at.push(bytes.len());
    let mut from = 0;
    at.into_iter()
        .map(|to| {
            let piece = &bytes[from..to];
            from = to;
            piece
        })
        .collect()
}

proptest! {
    #[test]
    fn f1_any_split_gives_the_same_frames(
        bodies in prop::collection::vec("[ -~é🐎]{1,200}", 0..12),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let mut bytes = Vec::new();
        for body in &bodies {
            encode_body(body.as_bytes(), &mut bytes).unwrap();
        }
        prop_assert_eq!(decode(&pieces(&bytes, &cuts)), (bodies, None));
    }

    #[test]
    fn f5_any_cut_and_any_garbage_ends_the_same_way(
        bodies in prop::collection::vec("[a-z]{1,40}", 0..4),
        garbage in prop::collection::vec(any::<u8>(), 0..60),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let mut bytes = Vec::new();
        for body in &bodies {
            encode_body(body.as_bytes(), &mut bytes).unwrap();
        }
        bytes.extend_from_slice(&garbage);
        prop_assert_eq!(decode(&pieces(&bytes, &cuts)), decode(&[&bytes]));
    }
}
