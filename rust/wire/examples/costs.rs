//! What reading and writing a message costs.
//!
//! ```text
//! costs    one body a line on stdin → one JSON line each on stdout: type, bytes, nanoseconds to read and to write it
//! ```
//!
//! Medians of batches, in memory that is warm: the floor of what a program with other things to do will see.

use std::error::Error;
use std::hint::black_box;
use std::io::BufRead;
use std::time::Instant;

use serde_json::json;
use wire::Message;

const BATCHES: usize = 31;
const BATCH: u32 = 2_000;

fn main() -> Result<(), Box<dyn Error>> {
    for line in std::io::stdin().lock().lines() {
        let body = line?;
        let message = Message::decode(&body)?;
        let mut frame = Vec::with_capacity(body.len() * 2);
        let decode = median(|| {
            black_box(Message::decode(black_box(&body)).is_ok());
        });
        let encode = median(|| {
            frame.clear();
            black_box(message.encode_frame(&mut frame).is_ok());
        });
        println!(
            "{}",
            json!({
                "type": message.message_type(),
                "bytes": body.len(),
                "decode_ns": decode,
                "encode_ns": encode,
            })
        );
    }
    Ok(())
}

/// Nanoseconds of one call, the median of the batches.
fn median(mut call: impl FnMut()) -> u128 {
    let mut times: Vec<u128> = (0..BATCHES)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..BATCH {
                call();
            }
            start.elapsed().as_nanos() / u128::from(BATCH)
        })
        .collect();
    times.sort_unstable();
    times.get(BATCHES / 2).copied().unwrap_or(0)
}
