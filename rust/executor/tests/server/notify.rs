//! Under a service manager: what it hears of the process, and when it hears nothing.

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use crate::running::{PATIENCE, Running, SocketFolder, configuration, folder, run_with};
use crate::trader::{Trader, place};

const WATCHDOG: Duration = Duration::from_millis(300);

struct Manager {
    socket: UnixDatagram,
    _folder: SocketFolder,
    env: Vec<(&'static str, String)>,
}

impl Manager {
    fn new() -> Self {
        let folder = SocketFolder::new();
        let path = folder.join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let env = vec![
            ("NOTIFY_SOCKET", path.to_str().unwrap().to_owned()),
            ("WATCHDOG_USEC", WATCHDOG.as_micros().to_string()),
        ];
        Self {
            socket,
            _folder: folder,
            env,
        }
    }

    fn receive(&self, patience: Duration) -> Option<String> {
        self.socket.set_read_timeout(Some(patience)).unwrap();
        let mut bytes = [0; 4096];
        let count = self.socket.recv(&mut bytes).ok()?;
        Some(String::from_utf8(bytes[..count].to_vec()).unwrap())
    }

    /// The first message with this in it.
    fn wait_for(&self, wanted: &str) -> String {
        loop {
            let said = self
                .receive(PATIENCE)
                .unwrap_or_else(|| panic!("{wanted} is not heard"));
            if said.contains(wanted) {
                return said;
            }
        }
    }

    /// Reads what is there, and then whether nothing more comes.
    fn is_quiet(&self) -> bool {
        self.socket.set_nonblocking(true).unwrap();
        while self.socket.recv(&mut [0; 4096]).is_ok() {}
        self.socket.set_nonblocking(false).unwrap();
        self.receive(4 * WATCHDOG).is_none()
    }
}

fn is_stopped(pid: u32) -> bool {
    let stat = std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")).unwrap();
    stat.rsplit_once(") ").unwrap().1.starts_with('T')
}

#[test]
fn it_is_ready_when_it_listens_and_lives_as_long_as_its_loop_turns() {
    let manager = Manager::new();
    let mut executor = Running::start_in(&json!({}), &manager.env);
    assert_eq!(
        manager.receive(PATIENCE).unwrap(),
        "READY=1\nSTATUS=dry run: 0 orders open, no trader\n"
    );
    let mut trader = Trader::start(&executor);
    trader.send(&place("a", 0));
    trader.report();
    manager.wait_for("STATUS=dry run: 1 orders open\n");
    manager.wait_for("WATCHDOG=1");
    executor.signal("STOP");
    while !is_stopped(executor.pid()) {
        std::thread::yield_now();
    }
    assert!(manager.is_quiet(), "a stopped process gives no sign of life");
    executor.signal("CONT");
    manager.wait_for("WATCHDOG=1");
    executor.signal("TERM");
    manager.wait_for("STOPPING=1");
    assert_eq!(executor.wait().code(), Some(0));
}

#[test]
fn variables_that_make_no_sense_exit_3_with_one_line() {
    let folder = folder();
    let file = configuration(&folder, &json!({}));
    let env = [("NOTIFY_SOCKET", "vsock:2:1".to_owned())];
    let output = run_with(&["--config", file.to_str().unwrap()], &env);
    assert_eq!(output.status.code(), Some(3));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.contains("NOTIFY_SOCKET is \"vsock:2:1\""), "{stderr}");
}
