//! Tells a service manager how this process does: systemd's notification protocol.
//!
//! One datagram with lines `KEY=VALUE` to the socket that `NOTIFY_SOCKET` names (a path, or an abstract name that begins
//! with `@`). Without that variable nothing is sent. There is no thread here: signs of life come from the event loop that
//! also handles intents, so that one that hangs gives none.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};

/// How often the status is told where nobody looks for signs of life.
const STATUS_EVERY: Duration = Duration::from_secs(10);
const BEATS_A_TIMEOUT: u32 = 3;

/// The service manager's variables cannot be understood.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// `NOTIFY_SOCKET`.
    #[error("NOTIFY_SOCKET is {0:?}; it must be an absolute path, or @ and a name")]
    Address(String),
    /// `WATCHDOG_USEC`.
    #[error("WATCHDOG_USEC is {0:?}; it must be a number of microseconds above 0")]
    Watchdog(String),
    /// No socket to send from.
    #[error("cannot make a socket to the service manager: {0}")]
    Socket(#[from] io::Error),
}

/// The way to the service manager, if there is one. Never waits; what its socket does not take goes with the next
/// message. A manager that is away is logged and stops nothing.
#[derive(Debug)]
pub struct Notifier {
    manager: Option<(UnixDatagram, SocketAddr)>,
    watchdog: Option<Duration>,
    status: RefCell<String>,
    unsent: RefCell<BTreeMap<&'static str, String>>,
    has_failed: Cell<bool>,
}

impl Notifier {
    /// As the environment of this process says.
    ///
    /// # Errors
    /// [`NotifyError`].
    pub fn from_environment() -> Result<Self, NotifyError> {
        let variable = |name| {
            std::env::var_os(name)
                .map(|value| value.to_string_lossy().into_owned())
                .filter(|value| !value.is_empty())
        };
        let own = std::process::id().to_string();
        let is_ours = variable("WATCHDOG_PID").is_none_or(|pid| pid == own);
        let watchdog = variable("WATCHDOG_USEC").filter(|_| is_ours);
        Self::new(variable("NOTIFY_SOCKET").as_deref(), watchdog.as_deref())
    }

    /// `address` as `NOTIFY_SOCKET` has it, `watchdog` as `WATCHDOG_USEC`.
    ///
    /// # Errors
    /// [`NotifyError`].
    pub fn new(address: Option<&str>, watchdog: Option<&str>) -> Result<Self, NotifyError> {
        let watchdog = match watchdog.map(|usec| (usec, usec.parse())) {
            None => None,
            Some((_, Ok(usec @ 1..))) => Some(Duration::from_micros(usec)),
            Some((text, _)) => return Err(NotifyError::Watchdog(text.to_owned())),
        };
        let manager = match address {
            None => None,
            Some(address) => {
                let socket = UnixDatagram::unbound()?;
                socket.set_nonblocking(true)?;
                Some((socket, socket_address(address)?))
            }
        };
        Ok(Self {
            manager,
            watchdog,
            status: RefCell::default(),
            unsent: RefCell::default(),
            has_failed: Cell::new(false),
        })
    }

    /// The start is over.
    pub fn ready(&self, status: &str) {
        self.tell("READY", status);
    }

    /// The end has begun.
    pub fn stopping(&self, status: &str) {
        self.tell("STOPPING", status);
    }

    /// A sign of life, to be called at each tick of [`Notifier::beats`].
    pub fn beat(&self, status: &str) {
        self.tell(if self.watchdog.is_some() { "WATCHDOG" } else { "" }, status);
    }

    /// When to call [`Notifier::beat`]: three times in what the watchdog allows. `None` if nobody listens.
    #[must_use]
    pub fn beats(&self) -> Option<Interval> {
        self.manager.as_ref()?;
        let period = self.watchdog.map_or(STATUS_EVERY, |all| {
            (all / BEATS_A_TIMEOUT).max(Duration::from_millis(1))
        });
        let mut beats = interval(period);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Some(beats)
    }

    /// `state` is set to 1, unless it is empty; the status is told where it has changed.
    fn tell(&self, state: &'static str, status: &str) {
        let Some((socket, address)) = &self.manager else {
            return;
        };
        let mut unsent = self.unsent.borrow_mut();
        if !state.is_empty() {
            unsent.insert(state, "1".to_owned());
        }
        if *self.status.borrow() != status {
            status.clone_into(&mut self.status.borrow_mut());
            unsent.insert("STATUS", status.to_owned());
        }
        if unsent.is_empty() {
            return;
        }
        let lines: String = unsent
            .iter()
            .flat_map(|(key, value)| [*key, "=", value.as_str(), "\n"])
            .collect();
        match socket.send_to_addr(lines.as_bytes(), address) {
            Ok(_) => {
                unsent.clear();
                self.has_failed.set(false);
            }
            Err(error) => {
                if !self.has_failed.replace(true) {
                    tracing::warn!(%error, "the service manager cannot be told");
                }
            }
        }
    }
}

fn socket_address(address: &str) -> Result<SocketAddr, NotifyError> {
    let wrong = |_| NotifyError::Address(address.to_owned());
    match address.strip_prefix('@') {
        Some(name) if !name.is_empty() => SocketAddr::from_abstract_name(name).map_err(wrong),
        None if address.starts_with('/') => SocketAddr::from_pathname(address).map_err(wrong),
        _ => Err(NotifyError::Address(address.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manager(name: &str) -> UnixDatagram {
        let socket = UnixDatagram::bind_addr(&socket_address(name).unwrap()).unwrap();
        socket.set_nonblocking(true).unwrap();
        socket
    }

    fn heard(manager: &UnixDatagram) -> Vec<String> {
        let mut said = Vec::new();
        let mut bytes = [0; 4096];
        while let Ok(count) = manager.recv(&mut bytes) {
            said.push(String::from_utf8(bytes[..count].to_vec()).unwrap());
        }
        said
    }

    #[test]
    fn each_state_is_one_datagram_and_a_status_is_told_when_it_changes() {
        let name = format!("@hotloop-states-{}", std::process::id());
        let manager = manager(&name);
        let notifier = Notifier::new(Some(&name), Some("3000000")).unwrap();
        notifier.ready("a");
        notifier.beat("a");
        notifier.beat("b");
        notifier.stopping("b");
        assert_eq!(
            heard(&manager),
            [
                "READY=1\nSTATUS=a\n",
                "WATCHDOG=1\n",
                "STATUS=b\nWATCHDOG=1\n",
                "STOPPING=1\n"
            ]
        );
    }

    #[test]
    fn without_a_watchdog_only_the_status_is_told() {
        let name = format!("@hotloop-status-{}", std::process::id());
        let manager = manager(&name);
        let notifier = Notifier::new(Some(&name), None).unwrap();
        notifier.beat("a");
        notifier.beat("a");
        assert_eq!(heard(&manager), ["STATUS=a\n"]);
    }

    #[test]
    fn what_a_full_socket_does_not_take_goes_with_the_next() {
        let name = format!("@hotloop-full-{}", std::process::id());
        let manager = manager(&name);
        let notifier = Notifier::new(Some(&name), None).unwrap();
        for number in 0..5_000 {
            notifier.beat(&number.to_string());
        }
        notifier.ready("full");
        let full = heard(&manager);
        assert!(full.len() < 5_000 && !full.iter().any(|said| said.contains("READY")));
        notifier.beat("on");
        assert_eq!(heard(&manager), ["READY=1\nSTATUS=on\n"]);
    }

    #[test]
    fn a_manager_that_is_away_or_none_at_all_stops_nothing() {
        let away = format!("@hotloop-away-{}", std::process::id());
        for address in [None, Some(away.as_str())] {
            let notifier = Notifier::new(address, None).unwrap();
            notifier.ready("a");
            notifier.stopping("b");
        }
    }

    #[test]
    fn variables_that_make_no_sense_are_refused() {
        for address in ["vsock:2:1", "@", "run/notify"] {
            assert!(matches!(
                Notifier::new(Some(address), None),
                Err(NotifyError::Address(_))
            ));
        }
        for usec in ["0", "-1", "soon"] {
            assert!(matches!(
                Notifier::new(None, Some(usec)),
                Err(NotifyError::Watchdog(_))
            ));
        }
    }
}
