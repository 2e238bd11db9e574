//! Sockets, sessions and timers around [`Core`].

mod link;
mod listener;
mod notify;
mod session;

use std::cell::RefCell;
use std::future::{Future, pending};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use orders::Event;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;
use tokio::task::spawn_local;
use tokio::time::{Interval, sleep, sleep_until, timeout};
use wire::ControlAction;

use crate::config::{Config, ConfigError, Listen};
use crate::core::Core;
use crate::live::JournalError;
use crate::metrics::page;
use crate::venue::{Venue, VenueError};
use listener::{Accepted, Listener};
pub use notify::{Notifier, NotifyError};

/// Connections that may be open without having said HELLO (T4).
const MAX_WAITING: usize = 16;
/// For the session to say GOODBYE when the executor stops.
const FAREWELL: Duration = Duration::from_secs(1);
/// For the venue to cancel what rests when the executor stops.
const LAST_CANCELS: Duration = Duration::from_secs(3);
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// The executor cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No event loop.
    #[error("cannot start the event loop: {0}")]
    Runtime(io::Error),
    /// No signals.
    #[error("cannot listen for signals: {0}")]
    Signals(io::Error),
    /// A service manager that cannot be told.
    #[error(transparent)]
    Notify(#[from] NotifyError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Files of certificates.
    #[error(transparent)]
    Certificates(#[from] ConfigError),
    /// A port or socket is taken or not allowed.
    #[error("{what}: cannot listen on {address}: {source}")]
    Bind {
        /// The key of the configuration.
        what: &'static str,
        /// The address it names.
        address: String,
        /// What the system says.
        source: io::Error,
    },
}

/// Why a running executor ends by itself.
#[derive(Debug, thiserror::Error)]
pub enum StopError {
    /// The venue does not want us.
    #[error(transparent)]
    Venue(#[from] VenueError),
    /// Nothing can be written down any more.
    #[error("{0}; every known bet was cancelled; start again once there is room")]
    Journal(String),
}

/// An executor that listens.
#[derive(Debug)]
pub struct Server {
    trader: Listener,
    trader_address: String,
    pages: TcpListener,
    pages_address: SocketAddr,
    core: Rc<RefCell<Core>>,
    venue: Option<Venue>,
}

impl Server {
    /// Reads the journal, if there is one, and binds both listeners.
    ///
    /// # Errors
    /// [`StartError`] if one of it cannot be had.
    pub async fn bind(config: Config) -> Result<Self, StartError> {
        let (trader, trader_address) = listen_for_traders(&config.listen).await?;
        let (pages, pages_address) = listen("metrics", config.metrics).await?;
        let betfair = config.live.as_ref().map(|live| live.betfair.clone());
        let core = Core::new(config)?;
        core.announce(pages_address)?;
        let core = Rc::new(RefCell::new(core));
        let venue = match betfair {
            Some(betfair) => Some(Venue::new(Rc::clone(&core), betfair)?),
            None => None,
        };
        Ok(Self {
            trader,
            trader_address,
            pages,
            pages_address,
            core,
            venue,
        })
    }

    /// The line that says where the listeners are.
    #[must_use]
    pub fn ready_line(&self) -> String {
        let line = json!({
            "listening": self.trader_address,
            "metrics": self.pages_address.to_string(),
        });
        format!("{line}\n")
    }

    /// Serves until `stop` is done, then says GOODBYE to the session and returns; `notifier` tells a service manager of
    /// it. Needs a [`tokio::task::LocalSet`].
    ///
    /// # Errors
    /// [`StopError`] if it cannot go on.
    pub async fn run(
        self,
        stop: impl Future<Output = &'static str>,
        notifier: Notifier,
    ) -> Result<(), StopError> {
        let notifier = Rc::new(notifier);
        let mode = if self.venue.is_some() { "live" } else { "dry_run" };
        tracing::info!(
            listening = %self.trader_address, metrics = %self.pages_address,
            clock = self.core.borrow().config().clock.as_str(), mode, "executor started"
        );
        let pages = spawn_local(page::serve(self.pages, Rc::clone(&self.core)));
        let time = spawn_local(keep_time(Rc::clone(&self.core), Rc::clone(&notifier)));
        let traders = spawn_local(accept(self.trader, Rc::clone(&self.core)));
        notifier.ready(&self.core.borrow().status_line());
        let stop = async {
            let why = stop.await;
            notifier.stopping("stopping");
            // From here on nothing new comes in: what would be placed now, nobody would cancel.
            traders.abort();
            self.core.borrow_mut().end_sessions("shutdown");
            why
        };
        let ended = serve(&self.core, self.venue.as_ref(), stop).await;
        traders.abort();
        time.abort();
        let session = self.core.borrow_mut().end_sessions("shutdown");
        if let Some(slot) = session
            && timeout(FAREWELL, slot.closed.notified()).await.is_err()
        {
            tracing::warn!("the trader did not take the goodbye");
        }
        pages.abort();
        let why = *ended.as_ref().unwrap_or(&"error");
        tracing::info!(signal = why, status = %self.core.borrow().status(), "executor stopped");
        ended.map(drop)
    }
}

/// Until it is asked to stop, or cannot go on. What rests at the venue is cancelled first: with nobody here, no deadline
/// would end it.
async fn serve(
    core: &RefCell<Core>,
    venue: Option<&Venue>,
    stop: impl Future<Output = &'static str>,
) -> Result<&'static str, StopError> {
    let Some(venue) = venue else {
        return Ok(stop.await);
    };
    let failed = core.borrow().failed();
    let speaking = venue.clone().run();
    tokio::pin!(speaking, stop);
    let cannot_write = async {
        failed.notified().await;
        let live = core
            .borrow()
            .live()
            .and_then(|live| live.broken().map(ToString::to_string));
        live.unwrap_or_default()
    };
    tokio::pin!(cannot_write);
    let why = tokio::select! {
        why = &mut stop => why,
        refused = &mut speaking => return Err(refused.map_or_else(Into::into, |never| match never {})),
        error = &mut cannot_write => {
            venue.last_words().await;
            return Err(StopError::Journal(error));
        }
    };
    if why == ORPHANED || core.borrow().cancels_on_stop() {
        core.borrow_mut()
            .venue_says(Event::Control(ControlAction::CancelAll));
        let all_ended = async {
            while core.borrow().has_orders() {
                sleep(LOOK_EVERY).await;
            }
        };
        tokio::select! {
            done = timeout(LAST_CANCELS, all_ended) => if done.is_err() {
                tracing::warn!("orders are still open; the next start takes them up");
            },
            _ = &mut speaking => {}
            error = &mut cannot_write => return Err(StopError::Journal(error)),
        }
    }
    Ok(why)
}

/// What comes when the trader that has started this process is gone: nobody else will cancel what rests.
const ORPHANED: &str = "SIGHUP";

/// Waits for SIGTERM, SIGINT or SIGHUP; all are caught from this call on.
///
/// # Errors
/// [`StartError::Signals`] if the system does not let them be caught.
pub fn stop_signal() -> Result<impl Future<Output = &'static str>, StartError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(StartError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(StartError::Signals)?;
    let mut orphaned = signal(SignalKind::hangup()).map_err(StartError::Signals)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
            _ = orphaned.recv() => ORPHANED,
        }
    })
}

async fn listen(what: &'static str, address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source| StartError::Bind {
        what,
        address: address.to_string(),
        source,
    };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

async fn listen_for_traders(address: &Listen) -> Result<(Listener, String), StartError> {
    let failed = |source| StartError::Bind {
        what: "listen",
        address: address.to_string(),
        source,
    };
    let listener = Listener::bind(address).await.map_err(failed)?;
    let bound = listener.address().map_err(failed)?;
    Ok((listener, bound))
}

/// Takes connections for ever.
async fn accept(listener: Listener, core: Rc<RefCell<Core>>) {
    let waiting = Arc::new(Semaphore::new(MAX_WAITING));
    loop {
        let stream = match listener.accept().await {
            Ok(Accepted::Stream(stream)) => stream,
            Ok(Accepted::Foreign(uid)) => {
                core.borrow().metrics.foreign_peers.inc();
                tracing::warn!(uid, "connection closed at once: another user's");
                continue;
            }
            Err(error) => {
                tracing::warn!(%error, "cannot take a connection");
                sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        if let Ok(permit) = Arc::clone(&waiting).try_acquire_owned() {
            spawn_local(session::serve(stream, Rc::clone(&core), permit));
        } else {
            core.borrow().metrics.connections_refused.inc();
            tracing::warn!("connection closed at once: too many without HELLO");
        }
    }
}

/// Calls the core whenever it has asked to be called, and tells the service manager that it can be.
async fn keep_time(core: Rc<RefCell<Core>>, notifier: Rc<Notifier>) {
    let rearm = core.borrow().rearm();
    let mut beats = notifier.beats();
    loop {
        let due = core.borrow_mut().arm();
        let wait = async {
            match due {
                Some(due) => sleep_until(due.into()).await,
                None => pending().await,
            }
        };
        tokio::select! {
            () = wait => core.borrow_mut().on_time(),
            () = rearm.notified() => {}
            () = next(&mut beats) => notifier.beat(&core.borrow().status_line()),
        }
    }
}

async fn next(beats: &mut Option<Interval>) {
    match beats {
        Some(beats) => {
            beats.tick().await;
        }
        None => pending().await,
    }
}
