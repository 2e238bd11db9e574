//! Follows the order stream, through cuts and refusals.

use std::time::Duration;

use orders::Event;
use orders::facts::Bet;
use tokio::time::sleep;

use super::bets::Line;
use super::stream::{Lost, Place, Subscription};
use super::{Venue, jittered};
use crate::core::VenueState;

const PAUSE_FIRST: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(10);
const UNRELIABLE: i64 = 503;

/// What is being told in several lines.
#[derive(Default)]
struct Segments {
    bets: Vec<Bet>,
    is_image: bool,
}

impl Venue {
    pub(super) async fn follow_orders(self) {
        let mut place = Place::default();
        let mut pause = PAUSE_FIRST;
        loop {
            let time = self.session.logged_in().await;
            let mut lines = 0;
            let lost = self.follow(&mut place, &mut lines).await;
            self.core.borrow_mut().stream_lost();
            tracing::warn!(%lost, "the order stream is lost");
            if lines > 0 {
                pause = PAUSE_FIRST;
            }
            if let Lost::Refused { code, .. } = &lost {
                match code.as_str() {
                    "INVALID_CLOCK" => place.forget(),
                    "NO_SESSION" | "INVALID_SESSION_INFORMATION" => {
                        self.session.renew_after(time);
                        self.session.renewed(time).await;
                    }
                    _ => {}
                }
            }
            sleep(jittered(pause)).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    async fn follow(&self, place: &mut Place, lines: &mut u64) -> Lost {
        let (config, token) = (self.api.config(), self.api.token());
        let opened = Subscription::open(
            &config.stream,
            self.api.tls(),
            config.app_key.expose(),
            &token,
            &config.strategy_ref,
            place,
        );
        let mut subscription = match opened.await {
            Ok(subscription) => subscription,
            Err(lost) => return lost,
        };
        let mut segments = Segments::default();
        loop {
            match subscription.next(place).await {
                Ok(line) => {
                    *lines += 1;
                    self.take(line, &mut segments);
                }
                Err(lost) => {
                    if !matches!(lost, Lost::Refused { .. }) && segments.is_image {
                        // An image that was not told to its end is none.
                        place.forget();
                    }
                    return lost;
                }
            }
        }
    }

    fn take(&self, line: Line, segments: &mut Segments) {
        let state = match line.status {
            Some(UNRELIABLE) => VenueState::Stale,
            _ => VenueState::Connected,
        };
        segments.is_image |= line.ct.as_deref() == Some("SUB_IMAGE");
        let is_whole = !matches!(line.segment_type.as_deref(), Some("SEG_START" | "SEG"));
        segments.bets.extend(line.into_bets());
        let mut core = self.core.borrow_mut();
        core.set_venue_state(state);
        if !is_whole {
            return;
        }
        let Segments { bets, is_image } = std::mem::take(segments);
        if is_image {
            tracing::info!(bets = bets.len(), "the order stream begins");
            core.venue_says(Event::Reconciled(bets));
        } else {
            for bet in bets {
                core.venue_says(Event::Bet(bet));
            }
        }
    }
}
