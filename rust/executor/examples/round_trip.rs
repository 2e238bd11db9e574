//! Measures the round trip of a lockstep step: INTENT and TICK in one write, until REPORT and `TICK_ACK` are read.
//!
//! ```text
//! cargo run --release --example round_trip -- PATH/TO/executor [ROUNDS]
//! ```
//!
//! Beside it, on the same machine in the same run, the floor: a blocking peer that answers the same number of bytes with
//! the same number of bytes and does nothing else.

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::{Value, json};
use wire::{Decoder, Hello, Message, ReportAck, Tick};

type Failure = Box<dyn Error>;

const WARM_UP: usize = 500;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let binary = arguments
        .next()
        .ok_or("usage: round_trip PATH/TO/executor [ROUNDS]")?;
    let rounds: usize = arguments.next().map_or(Ok(20_000), |rounds| rounds.parse())?;
    let folder = std::env::temp_dir().join(format!("executor-roundtrip-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let token = folder.join("token");
    std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&token)?
        .write_all(b"token")?;
    let config = folder.join("executor.json");
    std::fs::write(
        &config,
        json!({"clock": "wire", "listen": {"token_file": token}}).to_string(),
    )?;
    let mut child = Command::new(binary)
        .arg("--config")
        .arg(&config)
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().ok_or("no stdout")?).read_line(&mut line)?;
    let ready: Value = serde_json::from_str(&line)?;
    let address = ready["listening"].as_str().ok_or("no address")?;
    let measured = measure(address, rounds);
    child.kill()?;
    child.wait()?;
    std::fs::remove_dir_all(folder)?;
    let (mut times, request, answer) = measured?;
    print_line("executor INTENT+TICK", &mut times);
    print_line("blocking echo", &mut echo(rounds, request, answer)?);
    println!("request {request} bytes, answer {answer} bytes, {rounds} rounds");
    Ok(())
}

/// Nanoseconds of each round, and the bytes of one request and one answer.
fn measure(address: &str, rounds: usize) -> Result<(Vec<u128>, usize, usize), Failure> {
    let mut trader = Trader {
        stream: TcpStream::connect(address)?,
        decoder: Decoder::new(),
        received: 0,
    };
    trader.stream.set_nodelay(true)?;
    trader.say(&[hello().into()])?;
    while !matches!(trader.hear()?, Message::Heartbeat(_)) {}
    let (mut times, mut sizes) = (Vec::with_capacity(rounds), (0, 0));
    for round in 0..WARM_UP + rounds {
        let now_ms = 1_700_000_000_000 + i64::try_from(round)?;
        let step = [place(round, now_ms)?, Tick { ts_ms: now_ms }.into()];
        trader.received = 0;
        let start = Instant::now();
        let sent = trader.say(&step)?;
        let last_seq = trader.hear_tick_ack()?;
        if round >= WARM_UP {
            times.push(start.elapsed().as_nanos());
        }
        sizes = (sent, trader.received);
        // Not measured: the order goes, so that the next one finds the same executor.
        let cleanup = [
            cancel(round, now_ms)?,
            ReportAck { seq: last_seq }.into(),
            Tick { ts_ms: now_ms }.into(),
        ];
        trader.say(&cleanup)?;
        trader.hear_tick_ack()?;
    }
    Ok((times, sizes.0, sizes.1))
}

struct Trader {
    stream: TcpStream,
    decoder: Decoder,
    received: usize,
}

impl Trader {
    fn say(&mut self, messages: &[Message]) -> Result<usize, Failure> {
        let mut bytes = Vec::new();
        for message in messages {
            message.encode_frame(&mut bytes)?;
        }
        self.stream.write_all(&bytes)?;
        Ok(bytes.len())
    }

    fn hear(&mut self) -> Result<Message, Failure> {
        let mut bytes = [0; 16_384];
        loop {
            if let Some(body) = self.decoder.next_body()? {
                return Ok(Message::decode(body)?);
            }
            let count = self.stream.read(&mut bytes)?;
            if count == 0 {
                return Err("the executor has closed".into());
            }
            self.received += count;
            self.decoder.extend(&bytes[..count]);
        }
    }

    fn hear_tick_ack(&mut self) -> Result<i64, Failure> {
        loop {
            match self.hear()? {
                Message::TickAck(ack) => return Ok(ack.last_seq),
                Message::Error(error) => return Err(error.message.into()),
                _ => {}
            }
        }
    }
}

fn hello() -> Hello {
    Hello {
        wire_versions: vec![1],
        client: "roundtrip".to_owned(),
        token: "token".to_owned(),
        strategy_commit: String::new(),
        bundle_version: 1,
        capabilities: wire::Capabilities::new(),
        last_report_seq: 0,
        takeover: false,
    }
}

fn place(round: usize, ts_ms: i64) -> Result<Message, Failure> {
    intent(&format!("p{round}"), ts_ms, "PLACE", 500, &Value::Null)
}

fn cancel(round: usize, ts_ms: i64) -> Result<Message, Failure> {
    intent(
        &format!("c{round}"),
        ts_ms,
        "CANCEL",
        0,
        &Value::from(format!("p{round}")),
    )
}

fn intent(
    intent_id: &str,
    ts_ms: i64,
    action: &str,
    size_centi: i64,
    target: &Value,
) -> Result<Message, Failure> {
    let body = json!({
        "type": "INTENT", "v": 1, "intent_id": intent_id, "ts_ms": ts_ms, "edge": "passive_maker",
        "market_id": "1.200806927", "selection_id": 7_662_169, "handicap_centi": 0, "action": action, "side": "BACK",
        "price_centi": 200, "size_centi": size_centi, "ttl_ms": 10_000, "persistence": "LAPSE", "time_in_force": null,
        "min_fill_size_centi": null, "target_intent_id": target, "market_version": null, "hedge_of": null,
        "strategy_ref": "hotloop", "dry_run": true,
    });
    Ok(Message::decode(&body.to_string())?)
}

/// Nanoseconds of each round with a peer that only answers.
fn echo(rounds: usize, request: usize, answer: usize) -> Result<Vec<u128>, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut stream = TcpStream::connect(listener.local_addr()?)?;
    stream.set_nodelay(true)?;
    let (mut peer, _) = listener.accept()?;
    peer.set_nodelay(true)?;
    let answering = std::thread::spawn(move || {
        let (mut incoming, outgoing) = (vec![0; request], vec![0; answer]);
        while peer
            .read_exact(&mut incoming)
            .and_then(|()| peer.write_all(&outgoing))
            .is_ok()
        {}
    });
    let (outgoing, mut incoming) = (vec![0; request], vec![0; answer]);
    let mut times = Vec::with_capacity(rounds);
    for round in 0..WARM_UP + rounds {
        let start = Instant::now();
        stream.write_all(&outgoing)?;
        stream.read_exact(&mut incoming)?;
        if round >= WARM_UP {
            times.push(start.elapsed().as_nanos());
        }
    }
    drop(stream);
    answering.join().map_err(|_| "the echo thread failed")?;
    Ok(times)
}

fn print_line(what: &str, times: &mut [u128]) {
    times.sort_unstable();
    let at = |part: usize| times.get(times.len() * part / 1000).copied().unwrap_or(0) / 1000;
    println!(
        "{what:<22} p50 {} µs, p90 {} µs, p99 {} µs, p99.9 {} µs",
        at(500),
        at(900),
        at(990),
        at(999)
    );
}
