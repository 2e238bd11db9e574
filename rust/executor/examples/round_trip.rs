//! Measures the round trip of a lockstep step: INTENT and TICK in one write, until REPORT and `TICK_ACK` are read.
//!
//! ```text
//! cargo run --release --example round_trip -- PATH/TO/executor [ROUNDS]    measures, prints JSON
//! cargo run --release --example round_trip -- echo tcp|uds REQUEST ANSWER  serves one connection
//! ```
//!
//! Over TCP and over a Unix socket; beside each, in turns within the same run, the floor: a blocking peer that answers
//! the same number of bytes with the same number of bytes and does nothing else. `echo` is that peer for other clients.

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use serde_json::{Value, json};
use wire::{Decoder, Hello, Message, ReportAck, Tick};

type Failure = Box<dyn Error>;

const WARM_UP: usize = 500;
/// Rounds with one peer before it is the other's turn: what the machine does beside us hits both.
const TURN: usize = 250;
const USAGE: &str = "usage: round_trip PATH/TO/executor [ROUNDS], or round_trip echo tcp|uds REQUEST ANSWER";

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["echo", transport, request, answer] => serve_echo(transport, request.parse()?, answer.parse()?),
        [binary] => measure_all(Path::new(binary), 20_000),
        [binary, rounds] => measure_all(Path::new(binary), rounds.parse()?),
        _ => Err(USAGE.into()),
    }
}

fn measure_all(binary: &Path, rounds: usize) -> Result<(), Failure> {
    for transport in ["tcp", "uds"] {
        println!("{}", measure(binary, transport, rounds)?);
    }
    Ok(())
}

/// What one transport costs.
fn measure(binary: &Path, transport: &str, rounds: usize) -> Result<Value, Failure> {
    let executor = Executor::start(binary, transport)?;
    let mut trader = Trader::join(&executor.address)?;
    let (request, answer) = trader.sizes()?;
    let echo = Echo::start(transport, request, answer)?;
    let mut floor = connect(&echo.address)?;
    let (outgoing, mut incoming) = (vec![0; request], vec![0; answer]);
    let (mut steps, mut echoes) = (Vec::with_capacity(rounds), Vec::with_capacity(rounds));
    while steps.len() < WARM_UP + rounds {
        for _ in 0..TURN {
            steps.push(trader.step()?);
        }
        for _ in 0..TURN {
            let start = Instant::now();
            floor.write_all(&outgoing)?;
            floor.read_exact(&mut incoming)?;
            echoes.push(start.elapsed().as_nanos());
        }
    }
    drop(floor);
    Ok(json!({
        "transport": transport,
        "rounds": rounds,
        "request_bytes": request,
        "answer_bytes": answer,
        "executor_us": percentiles(&mut steps[WARM_UP..]),
        "echo_us": percentiles(&mut echoes[WARM_UP..]),
    }))
}

/// The executor as a process, in a folder of its own.
struct Executor {
    child: Child,
    folder: PathBuf,
    address: String,
}

impl Executor {
    fn start(binary: &Path, transport: &str) -> Result<Self, Failure> {
        let folder = std::env::temp_dir().join(format!("executor-{transport}-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let token = folder.join("token");
        std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&token)?
            .write_all(b"token")?;
        let mut listen = json!({"token_file": token, "transport": transport});
        if transport == "uds" {
            listen["socket"] = json!(folder.join("wire.sock"));
        }
        let config = folder.join("executor.json");
        std::fs::write(&config, json!({"clock": "wire", "listen": listen}).to_string())?;
        let mut child = Command::new(binary)
            .arg("--config")
            .arg(&config)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no stdout")?).read_line(&mut line)?;
        let ready: Value = serde_json::from_str(&line)?;
        let address = ready["listening"].as_str().ok_or("no address")?.to_owned();
        Ok(Self {
            child,
            folder,
            address,
        })
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        // Whatever was measured, it ends here.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A connected socket of either kind.
trait Socket: Read + Write {}
impl<T: Read + Write> Socket for T {}

/// Connects to `127.0.0.1:PORT` or `unix:/path`.
fn connect(address: &str) -> Result<Box<dyn Socket>, Failure> {
    if let Some(path) = address.strip_prefix("unix:") {
        return Ok(Box::new(UnixStream::connect(path)?));
    }
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    Ok(Box::new(stream))
}

struct Trader {
    stream: Box<dyn Socket>,
    decoder: Decoder,
    received: usize,
    round: usize,
}

impl Trader {
    fn join(address: &str) -> Result<Self, Failure> {
        let mut trader = Self {
            stream: connect(address)?,
            decoder: Decoder::new(),
            received: 0,
            round: 0,
        };
        trader.say(&[hello().into()])?;
        while !matches!(trader.hear()?, Message::Heartbeat(_)) {}
        Ok(trader)
    }

    /// The bytes of one request and one answer.
    fn sizes(&mut self) -> Result<(usize, usize), Failure> {
        let (request, _) = self.request()?;
        self.step()?;
        Ok((request.len(), self.received))
    }

    /// One step; how many nanoseconds it took.
    fn step(&mut self) -> Result<u128, Failure> {
        let (request, now_ms) = self.request()?;
        self.received = 0;
        let start = Instant::now();
        self.stream.write_all(&request)?;
        let last_seq = self.hear_tick_ack()?;
        let took = start.elapsed().as_nanos();
        let received = self.received;
        // Not measured: the order goes, so that the next one finds the same executor.
        let cancel = cancel(self.round, now_ms)?;
        self.say(&[
            cancel,
            ReportAck { seq: last_seq }.into(),
            Tick { ts_ms: now_ms }.into(),
        ])?;
        self.hear_tick_ack()?;
        self.received = received;
        self.round += 1;
        Ok(took)
    }

    fn request(&self) -> Result<(Vec<u8>, i64), Failure> {
        let now_ms = 1_700_000_000_000 + i64::try_from(self.round)?;
        let mut bytes = Vec::new();
        place(self.round, now_ms)?.encode_frame(&mut bytes)?;
        Message::from(Tick { ts_ms: now_ms }).encode_frame(&mut bytes)?;
        Ok((bytes, now_ms))
    }

    fn say(&mut self, messages: &[Message]) -> Result<(), Failure> {
        let mut bytes = Vec::new();
        for message in messages {
            message.encode_frame(&mut bytes)?;
        }
        self.stream.write_all(&bytes)?;
        Ok(())
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
    intent(&format!("p{round:08}"), ts_ms, "PLACE", 500, &Value::Null)
}

fn cancel(round: usize, ts_ms: i64) -> Result<Message, Failure> {
    intent(
        &format!("c{round:08}"),
        ts_ms,
        "CANCEL",
        0,
        &Value::from(format!("p{round:08}")),
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

/// The floor: a thread that answers and does nothing else.
struct Echo {
    address: String,
}

impl Echo {
    fn start(transport: &str, request: usize, answer: usize) -> Result<Self, Failure> {
        let (address, accept) = listen(transport)?;
        std::thread::spawn(move || {
            if let Ok(mut peer) = accept() {
                answer_all(&mut peer, request, answer);
            }
        });
        Ok(Self { address })
    }
}

/// Serves one connection as a process of its own; its address is the only line on stdout.
fn serve_echo(transport: &str, request: usize, answer: usize) -> Result<(), Failure> {
    let (address, accept) = listen(transport)?;
    println!("{address}");
    std::io::stdout().flush()?;
    answer_all(&mut accept()?, request, answer);
    Ok(())
}

type Accept = Box<dyn FnOnce() -> std::io::Result<Box<dyn Socket>> + Send>;

/// Where one connection is taken, and how.
fn listen(transport: &str) -> Result<(String, Accept), Failure> {
    if transport == "tcp" {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?.to_string();
        let accept = move || {
            let (stream, _) = listener.accept()?;
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as Box<dyn Socket>)
        };
        return Ok((address, Box::new(accept)));
    }
    let path = std::env::temp_dir().join(format!("echo-{}.sock", std::process::id()));
    let listener = UnixListener::bind(&path)?;
    let address = format!("unix:{}", path.display());
    let accept = move || {
        let accepted = listener.accept();
        std::fs::remove_file(path)?;
        Ok(Box::new(accepted?.0) as Box<dyn Socket>)
    };
    Ok((address, Box::new(accept)))
}

fn answer_all(peer: &mut Box<dyn Socket>, request: usize, answer: usize) {
    let (mut incoming, outgoing) = (vec![0; request], vec![0; answer]);
    while peer
        .read_exact(&mut incoming)
        .and_then(|()| peer.write_all(&outgoing))
        .is_ok()
    {}
}

/// Microseconds, tenths of them.
fn percentiles(times: &mut [u128]) -> Value {
    times.sort_unstable();
    let at = |part: usize| {
        let nanos = times.get(times.len() * part / 1000).copied().unwrap_or(0);
        f64::from(u32::try_from(nanos / 100).unwrap_or(u32::MAX)) / 10.0
    };
    json!({"p50": at(500), "p90": at(900), "p99": at(990), "p99.9": at(999)})
}
