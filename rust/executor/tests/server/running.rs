//! An executor process for one test.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

pub const TOKEN: &str = "correct-horse";
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The binary: named by the build, else the one cargo made.
pub fn binary() -> PathBuf {
    std::env::var_os("EXECUTOR_BIN")
        .map(PathBuf::from)
        .or_else(|| option_env!("CARGO_BIN_EXE_executor").map(PathBuf::from))
        .expect("EXECUTOR_BIN names the executor's binary")
}

/// A fresh folder with a token file.
pub fn folder() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let root = std::env::var_os("TEST_TMPDIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let folder = root.join(format!("executor-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let token = folder.join("token");
    std::fs::write(&token, TOKEN).unwrap();
    std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o600)).unwrap();
    folder
}

/// A folder for sockets, gone with the test: their paths are short (about 100 bytes), a test's own
/// folder may be deep.
pub struct SocketFolder(PathBuf);

impl SocketFolder {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("hotloop-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for SocketFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Puts `changes` over `base`, object by object.
fn merge(base: &mut Value, changes: &Value) {
    match (base, changes) {
        (Value::Object(base), Value::Object(changes)) => {
            for (key, change) in changes {
                merge(base.entry(key.as_str()).or_insert(Value::Null), change);
            }
        }
        (base, changes) => *base = changes.clone(),
    }
}

/// Writes a configuration: the wire clock, rare heartbeats, and `changes`.
pub fn configuration(folder: &Path, changes: &Value) -> PathBuf {
    let mut config = json!({
        "listen": {"token_file": folder.join("token")},
        "clock": "wire",
        "heartbeat_ms": 60_000,
    });
    merge(&mut config, changes);
    let file = folder.join("executor.json");
    std::fs::write(&file, config.to_string()).unwrap();
    file
}

/// A process that has said it is ready; it is ended with the test.
pub struct Running {
    child: Child,
    pub listening: String,
    pub metrics: String,
    folder: PathBuf,
}

impl Running {
    pub fn start(changes: &Value) -> Self {
        Self::start_in(changes, &[])
    }

    /// With these variables beside those of the test.
    pub fn start_in(changes: &Value, env: &[(&str, String)]) -> Self {
        let folder = folder();
        let file = configuration(&folder, changes);
        let mut child = Command::new(binary())
            .arg("--config")
            .arg(file)
            .envs(env.iter().map(|(name, value)| (*name, value)))
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(folder.join("log")).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line:?}"));
        let address = |key: &str| ready[key].as_str().unwrap().to_owned();
        Self {
            listening: address("listening"),
            metrics: address("metrics"),
            child,
            folder,
        }
    }

    /// The executor with nothing changed.
    pub fn plain() -> Self {
        Self::start(&json!({}))
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, name: &str) {
        // The shell's own kill: a bare machine may have no other.
        let command = format!("kill -{name} {}", self.child.id());
        let status = Command::new("sh").arg("-c").arg(command).status().unwrap();
        assert!(status.success());
    }

    /// Waits for the process to end by itself.
    pub fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "the executor does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Everything logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap()
    }

    /// Status line and body of a page.
    pub fn page(&self, method: &str, path: &str) -> (String, String) {
        let mut stream = TcpStream::connect(&self.metrics).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        (head.lines().next().unwrap().to_owned(), body.to_owned())
    }

    pub fn status(&self) -> Value {
        serde_json::from_str(&self.page("GET", "/status").1).unwrap()
    }

    /// The value of a metric, by its name with labels.
    pub fn metric(&self, name: &str) -> f64 {
        let (_, page) = self.page("GET", "/metrics");
        let value = page
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok());
        value.unwrap_or_else(|| panic!("{name} is not in\n{page}"))
    }

    /// Waits until a metric has this value.
    pub fn await_metric(&self, name: &str, value: f64) {
        let deadline = Instant::now() + PATIENCE;
        while (self.metric(name) - value).abs() > f64::EPSILON {
            assert!(
                Instant::now() < deadline,
                "{name} is {}, not {value}",
                self.metric(name)
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

/// Runs the binary to its end.
pub fn run(arguments: &[&str]) -> Output {
    run_with(arguments, &[])
}

/// The same with these variables beside those of the test.
pub fn run_with(arguments: &[&str], env: &[(&str, String)]) -> Output {
    let env = env.iter().map(|(name, value)| (*name, value));
    Command::new(binary()).args(arguments).envs(env).output().unwrap()
}
