//! The session at the venue: opened, prolonged, opened again when it has ended.

use std::convert::Infallible;
use std::time::Duration;

use orders::Event;
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};

use super::api::LoginError;
use super::{Venue, jittered};
use crate::core::VenueState;

const PAUSE_FIRST: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// A venue that refuses us may lock the account when it is asked too often.
const REFUSED_PAUSE: Duration = Duration::from_mins(5);

/// Why the executor does not go on without a person.
#[derive(Debug, thiserror::Error)]
pub enum VenueError {
    /// The venue refuses the first log-in.
    #[error("betfair.session: {0}")]
    Refused(LoginError),
    /// The account is another than was configured.
    #[error("betfair.currency: the account's is {found}, the configuration says {wanted}")]
    Currency {
        /// The account's.
        found: String,
        /// The configuration's.
        wanted: String,
    },
}

/// Whether there is a session, for those who need one.
#[derive(Debug)]
pub(super) struct Session {
    /// How often we have logged in.
    times: watch::Sender<u64>,
    wanted: Notify,
}

impl Default for Session {
    fn default() -> Self {
        Self {
            times: watch::Sender::new(0),
            wanted: Notify::new(),
        }
    }
}

impl Session {
    /// Waits for the first log-in. Gives its number.
    pub(super) async fn logged_in(&self) -> u64 {
        let mut times = self.times.subscribe();
        // The sender is in this value: it cannot be gone.
        times.wait_for(|times| *times > 0).await.map_or(0, |times| *times)
    }

    /// The present session has ended.
    pub(super) fn renew(&self) {
        self.wanted.notify_one();
    }

    /// The session of this log-in has ended: nothing happens if there is a newer one.
    pub(super) fn renew_after(&self, time: u64) {
        if *self.times.borrow() == time {
            self.renew();
        }
    }

    /// Waits for a session after that of this log-in.
    pub(super) async fn renewed(&self, time: u64) {
        let mut times = self.times.subscribe();
        drop(times.wait_for(|times| *times > time).await);
    }
}

impl Venue {
    pub(super) async fn keep_session(&self) -> Result<Infallible, VenueError> {
        loop {
            self.log_in().await?;
            self.session.times.send_modify(|times| *times += 1);
            tracing::info!("logged in");
            self.core.borrow_mut().venue_says(Event::LoggedIn);
            while self.is_kept().await {}
        }
    }

    /// Waits until somebody wants another session, or it is time to prolong this one; false if there is none any more.
    async fn is_kept(&self) -> bool {
        let config = self.api.config();
        if timeout(config.keep_alive, self.session.wanted.notified())
            .await
            .is_ok()
        {
            return false;
        }
        match self.api.keep_alive().await {
            Ok(true) => true,
            Ok(false) => {
                tracing::warn!("the session has ended");
                false
            }
            Err(error) => {
                tracing::warn!(%error, "the session was not prolonged");
                true
            }
        }
    }

    async fn log_in(&self) -> Result<(), VenueError> {
        let is_first = *self.session.times.borrow() == 0;
        let mut pause = PAUSE_FIRST;
        loop {
            let wait = match self.api.log_in().await {
                Ok(()) if is_first && !self.check_account().await? => pause,
                Ok(()) => return Ok(()),
                Err(error @ LoginError::Refused(_)) if is_first => return Err(VenueError::Refused(error)),
                Err(error @ LoginError::Refused(_)) => {
                    tracing::error!(%error, "no session: orders cannot be sent");
                    self.core.borrow_mut().set_venue_state(VenueState::LoggedOut);
                    REFUSED_PAUSE
                }
                Err(error) => {
                    tracing::warn!(%error, "no session yet");
                    pause
                }
            };
            sleep(jittered(wait)).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// False if nobody answers.
    async fn check_account(&self) -> Result<bool, VenueError> {
        let details = match self.api.details().await {
            Ok(details) => details,
            Err(none) => {
                tracing::warn!(?none, "the account's details are not known yet");
                return Ok(false);
            }
        };
        let found = details.currency_code;
        match &self.api.config().currency {
            Some(wanted) if *wanted != found => Err(VenueError::Currency {
                found,
                wanted: wanted.clone(),
            }),
            _ => {
                tracing::info!(currency = found, "the account is known");
                Ok(true)
            }
        }
    }
}
