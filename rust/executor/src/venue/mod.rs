//! The venue: its API, its order stream, the session, and the tasks that bring them to [`Core`].
//!
//! Entry point: [`Venue::run`]. What is decided is decided in [`Core`]; here it is carried out, each request by itself:
//! a slow one holds up no other.

pub mod api;
pub mod bets;
pub mod http;
mod orders_stream;
pub mod rpc;
mod session;
pub mod stream;
pub mod tls;

use std::cell::RefCell;
use std::convert::Infallible;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::rc::Rc;
use std::time::Duration;

use orders::facts::Answer;
use orders::{Event, Instruction, Kind, Request};
use tokio::task::{JoinSet, spawn_local};
use tokio::time::{sleep, timeout};

use crate::config::{Betfair, ConfigError};
use crate::core::{Core, Outgoing};
use api::Api;
use session::Session;
pub use session::VenueError;

/// Between two looks whether a connection is open.
const WARM_EVERY: Duration = Duration::from_secs(5);
/// A heartbeat is sent so many times in the silence after which the venue acts.
const BEATS: u32 = 3;
/// For the last cancels of an executor that cannot go on.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// Bets that one request may cancel.
const CANCEL_MAX: usize = 60;

/// Everything that speaks with the venue.
#[derive(Clone)]
pub struct Venue {
    core: Rc<RefCell<Core>>,
    api: Rc<Api>,
    session: Rc<Session>,
}

impl Venue {
    /// Nothing has been said yet.
    ///
    /// # Errors
    /// [`ConfigError`] about files of certificates.
    pub fn new(core: Rc<RefCell<Core>>, betfair: Betfair) -> Result<Self, ConfigError> {
        let api = Rc::new(Api::new(betfair)?);
        Ok(Self {
            core,
            session: Rc::new(Session::default()),
            api,
        })
    }

    /// Speaks with the venue for ever.
    ///
    /// # Errors
    /// [`VenueError`] if the venue does not want us.
    pub async fn run(self) -> Result<Infallible, VenueError> {
        let mut tasks = JoinSet::new();
        tasks.spawn_local(self.clone().send_requests());
        tasks.spawn_local(self.clone().release_synced());
        tasks.spawn_local(self.clone().follow_orders());
        tasks.spawn_local(self.clone().watch_funds());
        tasks.spawn_local(self.clone().beat());
        tasks.spawn_local(self.clone().stay_warm());
        // The others end with it.
        self.keep_session().await
    }

    /// Ends every bet that is known, by itself: for when the journal can no longer tell of it. What rests then is found
    /// by the next process.
    pub async fn last_words(&self) {
        let mut requests = Vec::new();
        {
            let core = self.core.borrow();
            let Some(live) = core.live() else { return };
            let mut open: Vec<(&str, &str)> = Vec::new();
            for order in live.machine().book().orders.values() {
                if let Some(bet_id) = &order.bet_id {
                    open.push((&order.intent.market_id, bet_id));
                }
            }
            open.sort_unstable();
            for of_market in open.chunk_by(|a, b| a.0 == b.0) {
                requests.extend(of_market.chunks(CANCEL_MAX).map(cancel_of));
            }
        }
        let mut cancels = JoinSet::new();
        for request in requests {
            let api = Rc::clone(&self.api);
            cancels.spawn_local(async move {
                let answer = api.change(&request, Duration::ZERO).await;
                tracing::warn!(
                    market_id = request.market_id,
                    bets = request.instructions.len(),
                    ?answer,
                    "cancelled"
                );
            });
        }
        let all = async { while cancels.join_next().await.is_some() {} };
        if timeout(LAST_WORDS, all).await.is_err() {
            tracing::error!("the venue does not answer: bets may rest there");
        }
    }

    async fn send_requests(self) {
        let wake = self.core.borrow().outbox();
        loop {
            loop {
                let next = self.core.borrow_mut().take_request();
                let Some(outgoing) = next else { break };
                spawn_local(self.clone().send(outgoing));
            }
            if self.core.borrow_mut().take_login() {
                self.session.renew();
            }
            wake.notified().await;
        }
    }

    async fn send(self, outgoing: Outgoing) {
        let Outgoing { request, more } = outgoing;
        let number = request.number;
        let event = if request.kind == Kind::LookUp {
            let bets = self.api.look_up(&request).await;
            if let Err(none) = &bets {
                tracing::warn!(request = number, ?none, "a look-up failed");
            }
            Event::Looked {
                request: number,
                bets: bets.ok(),
            }
        } else {
            let answer = self.api.change(&request, more).await;
            if !matches!(answer, Answer::Told(_)) {
                tracing::warn!(request = number, kind = ?request.kind, ?answer, "a request was not carried out");
            }
            Event::Answered {
                request: number,
                answer,
            }
        };
        self.core.borrow_mut().venue_says(event);
    }

    async fn release_synced(self) {
        let Some(synced) = self.core.borrow().live().map(crate::live::Live::synced) else {
            return;
        };
        loop {
            synced.notified().await;
            self.core.borrow_mut().synced();
        }
    }

    async fn watch_funds(self) {
        let every = self.api.config().funds_every;
        loop {
            self.session.logged_in().await;
            sleep(every).await;
            match self.api.exposure_centi().await {
                Ok(exposure_centi) => self.core.borrow_mut().venue_says(Event::Funds { exposure_centi }),
                Err(none) => tracing::warn!(?none, "the account's funds are not known"),
            }
        }
    }

    async fn beat(self) {
        let Some(seconds) = self.api.config().heartbeat_s else {
            return;
        };
        let every = Duration::from_secs(seconds) / BEATS;
        loop {
            self.session.logged_in().await;
            match self.api.heartbeat(seconds).await {
                Ok(report) if report.action_performed == "NONE" => {}
                Ok(report) => tracing::warn!(?report, "the venue's dead man's switch has acted"),
                Err(none) => tracing::warn!(?none, "the venue has not heard the heartbeat"),
            }
            sleep(every).await;
        }
    }

    async fn stay_warm(self) {
        loop {
            self.session.logged_in().await;
            self.api.warm().await;
            sleep(WARM_EVERY).await;
        }
    }
}

/// Between half of a pause and all of it, so that those who were cut off together do not come back together.
fn jittered(pause: Duration) -> Duration {
    let chance = RandomState::new().build_hasher().finish() % 1_000;
    pause.mul_f64(0.5 + f64::from(u32::try_from(chance).unwrap_or(0)) / 2_000.0)
}

fn cancel_of(bets: &[(&str, &str)]) -> Request {
    let instruction = |(_, bet_id): &(&str, &str)| Instruction::Cancel {
        bet_id: (*bet_id).to_owned(),
        reduce_centi: None,
    };
    Request {
        number: 0,
        kind: Kind::Cancel,
        reference: String::new(),
        market_id: bets
            .first()
            .map_or_else(String::new, |(market, _)| (*market).to_owned()),
        instructions: bets.iter().map(instruction).collect(),
    }
}

impl std::fmt::Debug for Venue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Venue({:?})", self.api)
    }
}
