//! Measures the way of an order: INTENT written, until the report that it stands at the venue is read.
//!
//! ```text
//! cargo run --release --example venue_trip -- PATH/TO/executor [ROUNDS]        measures, prints JSON lines
//! cargo run --release --example venue_trip -- soak PATH/TO/executor [ORDERS]   memory, journal, restart
//! ```
//!
//! The venue is a thread of this process that answers at once. Beside the executor, in turns within the same run, the
//! floor: a blocking relay that takes as many bytes from the trader, sends the very bytes that the executor sent to the
//! venue, reads the venue's reply, and gives the trader as many bytes as the executor did; and does nothing else. So what
//! the executor takes beyond it is its own: the wire, the order machine, the journal, HTTP. Once for each way in which the
//! journal is made durable; then how many intents a second it carries.

#[path = "venue_trip/trader.rs"]
mod trader;
#[path = "venue_trip/venue.rs"]
mod venue;

use std::error::Error;
use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use trader::Trader;
use venue::FakeVenue;

type Failure = Box<dyn Error>;

const WARM_UP: usize = 200;
/// Rounds with one peer before it is the other's turn: what the machine does beside us hits both.
const TURN: usize = 100;
/// The venue takes 1,000 instructions a second: a round has its time.
const ROUND: Duration = Duration::from_micros(1_300);
const BURST: Duration = Duration::from_secs(5);

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (binary, rounds) = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["soak", binary] => return soak(Path::new(binary), 100_000),
        ["soak", binary, orders] => return soak(Path::new(binary), orders.parse()?),
        [binary] => (PathBuf::from(binary), 3_000),
        [binary, rounds] => (PathBuf::from(binary), rounds.parse()?),
        _ => return Err("usage: venue_trip [soak] PATH/TO/executor [ROUNDS or ORDERS]".into()),
    };
    for fsync in ["never", "group_ms", "always"] {
        println!("{}", measure(&binary, fsync, rounds)?);
    }
    Ok(())
}

/// Many orders, placed and cancelled: what the executor holds meanwhile, and how long the next one reads.
fn soak(binary: &Path, orders: usize) -> Result<(), Failure> {
    let venue = FakeVenue::start()?;
    let mut executor = Executor::start(binary, "group_ms", &venue)?;
    let mut trader = Trader::join(&executor.socket)?;
    let tenth = (orders / 10).max(1);
    for part in 1..=10 {
        let (_, took) = trader.burst(Duration::MAX, tenth)?;
        println!(
            "{}",
            json!({"orders": part * tenth, "seconds": took.as_secs_f64(), "rss_kib": executor.rss_kib()?,
                   "journal_bytes": executor.journal_bytes()?})
        );
    }
    executor.child.kill()?;
    executor.child.wait()?;
    let start = Instant::now();
    executor.spawn(binary)?;
    let read = start.elapsed();
    drop(Trader::join(&executor.socket)?);
    println!(
        "{}",
        json!({"restart_listening_ms": read.as_millis(), "restart_ready_ms": start.elapsed().as_millis(),
               "rss_kib": executor.rss_kib()?})
    );
    Ok(())
}

fn measure(binary: &Path, fsync: &str, rounds: usize) -> Result<Value, Failure> {
    let venue = FakeVenue::start()?;
    let executor = Executor::start(binary, fsync, &venue)?;
    let mut trader = Trader::join(&executor.socket)?;
    trader.step()?;
    let mut relay = Relay::start(&executor.folder, trader.sizes, &venue)?;
    let (mut steps, mut floors) = (Vec::new(), Vec::new());
    while steps.len() < WARM_UP + rounds {
        for _ in 0..TURN {
            let next = Instant::now() + ROUND;
            steps.push(trader.step()?);
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
        }
        for _ in 0..TURN {
            let next = Instant::now() + ROUND;
            floors.push(relay.step()?);
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
        }
    }
    let cpu_before = executor.cpu_ticks()?;
    let (carried, took) = trader.burst(BURST, usize::MAX)?;
    let cpu = f64::from(u32::try_from(executor.cpu_ticks()? - cpu_before)?) / 100.0;
    Ok(json!({
        "fsync": fsync,
        "rounds": rounds,
        "bytes": {"intent": trader.sizes.0, "reports": trader.sizes.1, "request": venue.last_request().len()},
        "executor_us": percentiles(&mut steps[WARM_UP..]),
        "relay_us": percentiles(&mut floors[WARM_UP..]),
        "intents_per_s": tenth(f64::from(u32::try_from(carried)?) / took.as_secs_f64()),
        "cores_used": tenth(cpu / took.as_secs_f64() * 100.0) / 100.0,
    }))
}

/// The executor as a process, in a folder of its own.
struct Executor {
    child: Child,
    folder: PathBuf,
    socket: PathBuf,
}

impl Executor {
    fn start(binary: &Path, fsync: &str, venue: &FakeVenue) -> Result<Self, Failure> {
        let folder = std::env::temp_dir().join(format!("venue-trip-{fsync}-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let secret = |name: &str| -> Result<PathBuf, Failure> {
            let path = folder.join(name);
            let mut options = OpenOptions::new();
            let mut file = options
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&path)?;
            file.write_all(b"token")?;
            Ok(path)
        };
        let (socket, url) = (folder.join("wire.sock"), format!("http://{}", venue.api));
        let config = json!({
            "listen": {"transport": "uds", "socket": socket, "token_file": secret("token")?},
            "mode": "live",
            "betfair": {
                "api_url": url, "identity_url": url, "certlogin_url": url,
                "stream": {"host": "127.0.0.1", "port": venue.stream.port(), "tls": false},
                "app_key_file": secret("key")?, "strategy_ref": "hotloop",
                "session": {"token_file": secret("session")?},
            },
            "journal": {"dir": folder.join("journal"), "fsync": fsync},
            "limits": {"funds_tolerance_centi": 0, "max_open_orders": 10_000, "max_exposure_centi": 900_000_000,
                       "max_market_exposure_centi": 900_000_000},
            "pacing": {"per_second": 1_000, "market_per_second": 1_000, "per_hour": 1_000_000, "in_flight": 64},
            "log": {"level": "error"},
        });
        let file = folder.join("executor.json");
        std::fs::write(&file, config.to_string())?;
        let child = run(binary, &folder)?;
        Ok(Self {
            child,
            folder,
            socket,
        })
    }

    /// Another process in the same folder.
    fn spawn(&mut self, binary: &Path) -> Result<(), Failure> {
        self.child = run(binary, &self.folder)?;
        Ok(())
    }

    fn rss_kib(&self) -> Result<u64, Failure> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .ok_or("no VmRSS")?;
        Ok(line.split_whitespace().nth(1).ok_or("no number")?.parse()?)
    }

    fn journal_bytes(&self) -> Result<u64, Failure> {
        Ok(std::fs::metadata(self.folder.join("journal/orders.journal"))?.len())
    }

    /// Hundredths of a second of the processors that it has used.
    fn cpu_ticks(&self) -> Result<u64, Failure> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
        let ticks = |place: usize| fields.get(place).and_then(|field| field.parse::<u64>().ok());
        Ok(ticks(11).ok_or("no utime")? + ticks(12).ok_or("no stime")?)
    }
}

/// Started, and listening.
fn run(binary: &Path, folder: &Path) -> Result<Child, Failure> {
    let mut child = Command::new(binary)
        .arg("--config")
        .arg(folder.join("executor.json"))
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().ok_or("no stdout")?).read_line(&mut line)?;
    Ok(child)
}

impl Drop for Executor {
    fn drop(&mut self) {
        // Whatever was measured, it ends here; asked first, so that a profiler can write down what it saw.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let until = Instant::now() + Duration::from_secs(10);
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The floor, and the trader's end of it.
struct Relay {
    stream: UnixStream,
    intent: Vec<u8>,
    reports: Vec<u8>,
}

impl Relay {
    fn start(folder: &Path, sizes: (usize, usize), venue: &FakeVenue) -> Result<Self, Failure> {
        let path = folder.join("relay.sock");
        let listener = UnixListener::bind(&path)?;
        let (request, mut there) = (venue.last_request(), TcpStream::connect(venue.api)?);
        there.set_nodelay(true)?;
        let reply = {
            there.write_all(&request)?;
            venue::read_message(&mut there)?.len()
        };
        std::thread::spawn(move || -> std::io::Result<()> {
            let (mut here, _) = listener.accept()?;
            let (mut intent, mut incoming, reports) = (vec![0; sizes.0], vec![0; reply], vec![0; sizes.1]);
            loop {
                here.read_exact(&mut intent)?;
                there.write_all(&request)?;
                there.read_exact(&mut incoming)?;
                here.write_all(&reports)?;
            }
        });
        Ok(Self {
            stream: UnixStream::connect(path)?,
            intent: vec![0; sizes.0],
            reports: vec![0; sizes.1],
        })
    }

    fn step(&mut self) -> Result<u128, Failure> {
        let start = Instant::now();
        self.stream.write_all(&self.intent)?;
        self.stream.read_exact(&mut self.reports)?;
        Ok(start.elapsed().as_nanos())
    }
}

/// Microseconds, tenths of them.
fn percentiles(times: &mut [u128]) -> Value {
    times.sort_unstable();
    let at = |part: usize| {
        let nanos = times.get(times.len() * part / 1000).copied().unwrap_or(0);
        f64::from(u32::try_from(nanos / 100).unwrap_or(u32::MAX)) / 10.0
    };
    json!({"p50": at(500), "p90": at(900), "p99": at(990)})
}

fn tenth(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}
