//! One trader's connection: HELLO, then messages until the end (clauses S1 to S14).

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Interval, MissedTickBehavior, interval_at, sleep, timeout};
use wire::{Code, Goodbye, Hello, HelloReject, Message, WireError};

use super::link::{Link, Lost};
use super::listener::Stream;
use crate::core::{Core, Refused, Slot};

/// A trader that reconnects may be quicker than the news that its former connection is gone.
const FORMER_SESSION_GRACE: Duration = Duration::from_millis(50);

/// From the core to the outbox, to the request's own task, to its connection's.
const REQUEST_TURNS: usize = 3;

/// How a session ends.
enum End {
    /// The connection is of no use any more.
    Lost(Lost),
    /// The executor has said something that ends it.
    Refused(Refused),
    /// The trader has said GOODBYE.
    Left(String),
    /// The executor ends it.
    Ended(&'static str),
}

impl From<Lost> for End {
    fn from(lost: Lost) -> Self {
        Self::Lost(lost)
    }
}

/// Serves one connection from its first byte to its last. `waiting` is its place among those without HELLO.
pub async fn serve(stream: Stream, core: Rc<RefCell<Core>>, waiting: OwnedSemaphorePermit) {
    let (frame_timeout, write_timeout, hello_timeout) = {
        let core = core.borrow();
        core.metrics.connections.inc();
        let config = core.config();
        (config.frame_timeout, config.write_timeout, config.hello_timeout)
    };
    let mut link = Link::new(stream, frame_timeout, write_timeout);
    let greeted = match timeout(hello_timeout, greet(&mut link, &core)).await {
        Ok(greeted) => greeted,
        Err(_) => Err(End::Refused(late(&link, hello_timeout))),
    };
    match greeted {
        Ok(slot) => {
            drop(waiting);
            link.spin(core.borrow().spin());
            let written = core.borrow().acknowledged();
            let session = Session {
                link: &mut link,
                core: &core,
                slot: &slot,
                written,
            };
            let end = session.converse().await;
            say_farewell(&mut link, &core, end, Some(&slot));
            // First free for the next one: the last words may take a moment.
            core.borrow_mut().leave(&slot);
            link.close().await;
            slot.closed.notify_one();
        }
        Err(end) => {
            say_farewell(&mut link, &core, end, None);
            link.close().await;
        }
    }
}

/// Waits for HELLO and answers it.
async fn greet(link: &mut Link, core: &RefCell<Core>) -> Result<Rc<Slot>, End> {
    let hello = loop {
        match link.next() {
            Ok(Some(Message::Hello(hello))) => break hello,
            Ok(Some(other)) => return Err(not_hello(other.message_type())),
            Ok(None) => link.read().await?,
            Err(error) => return Err(bad_hello(link, &error)),
        }
    };
    let mut opened = core.borrow_mut().hello(&hello);
    if opened
        .as_ref()
        .is_err_and(|refused| refused.code == Code::SessionTaken)
    {
        sleep(FORMER_SESSION_GRACE).await;
        opened = core.borrow_mut().hello(&hello);
    }
    match opened {
        Ok((slot, ack)) => {
            tracing::info!(
                session = ack.session_id,
                client = slot.client,
                strategy_commit = slot.strategy_commit,
                bundle_version = hello.bundle_version,
                last_report_seq = hello.last_report_seq,
                "session opened"
            );
            link.push(&ack.into());
            Ok(slot)
        }
        Err(refused) => {
            link.push(&reject(&refused));
            Err(End::Refused(refused))
        }
    }
}

fn not_hello(what: &str) -> End {
    End::Refused(Refused::new(Code::NotHello, format!("{what} came before HELLO")))
}

/// A first frame that is no message: a HELLO that does not decode is rejected as one.
fn bad_hello(link: &mut Link, error: &WireError) -> End {
    let refused = match error {
        error if error.code().closes() => Refused::from(error),
        WireError::BadMessage {
            message_type: Hello::TYPE,
            ..
        } => Refused::new(Code::BadHello, error.to_string()),
        error => return not_hello(&format!("a message that is no HELLO ({error})")),
    };
    if refused.code == Code::BadHello {
        link.push(&reject(&refused));
    }
    End::Refused(refused)
}

fn reject(refused: &Refused) -> Message {
    HelloReject {
        code: refused.code.as_str().to_owned(),
        message: refused.message.clone(),
        supported: match refused.code {
            Code::UnsupportedBundle => wire::BUNDLE_VERSIONS.to_vec(),
            _ => vec![wire::WIRE_VERSION],
        },
    }
    .into()
}

fn late(link: &Link, hello_timeout: Duration) -> Refused {
    match link.unfinished() {
        Some(error) => Refused::new(error.code(), error.to_string()),
        None => Refused::new(
            Code::NotHello,
            format!("no HELLO within {} ms", hello_timeout.as_millis()),
        ),
    }
}

/// Puts the last words to the bytes to be written, counts and logs the end.
fn say_farewell(link: &mut Link, core: &RefCell<Core>, end: End, slot: Option<&Rc<Slot>>) {
    let core = core.borrow();
    let session = slot.map(|slot| slot.number);
    match end {
        End::Lost(Lost::Truncated(error)) => {
            let refused = Refused::new(error.code(), error.to_string());
            core.metrics.refused(refused.code);
            tracing::warn!(
                session,
                code = refused.code.as_str(),
                error = refused.message,
                "connection ends"
            );
            link.push(&refused.to_error());
        }
        End::Lost(Lost::Slow) => {
            core.metrics.slow_peers.inc();
            tracing::warn!(session, "connection ends: the peer takes no bytes");
        }
        End::Lost(lost) => tracing::info!(session, why = %lost, "connection ends"),
        End::Refused(refused) => {
            core.metrics.refused(refused.code);
            tracing::warn!(
                session,
                code = refused.code.as_str(),
                error = refused.message,
                "connection refused"
            );
            // HELLO_REJECT has been put already.
            if !matches!(
                refused.code,
                Code::BadHello
                    | Code::BadToken
                    | Code::UnsupportedWire
                    | Code::UnsupportedBundle
                    | Code::SessionTaken
            ) {
                link.push(&refused.to_error());
            }
        }
        End::Left(reason) => {
            let reason = wire::cut(&reason);
            tracing::info!(session, reason, "the trader says goodbye");
        }
        End::Ended(reason) => {
            tracing::info!(session, reason, "session ended");
            link.push(
                &Goodbye {
                    reason: reason.to_owned(),
                }
                .into(),
            );
        }
    }
}

/// When HEARTBEATs are due; one that was missed is not made good.
fn beats(period: Duration) -> Interval {
    let mut beats = interval_at(tokio::time::Instant::now() + period, period);
    beats.set_missed_tick_behavior(MissedTickBehavior::Skip);
    beats
}

/// A session that stands.
struct Session<'a> {
    link: &'a mut Link,
    core: &'a RefCell<Core>,
    slot: &'a Slot,
    /// `seq` of the last report written to this connection.
    written: i64,
}

impl Session<'_> {
    /// Until the end: answers what has been read, writes in one go, waits.
    async fn converse(mut self) -> End {
        let mut beat = beats(self.core.borrow().config().heartbeat);
        // S8: the kept reports, then a HEARTBEAT that says they were all.
        if let Err(lost) = self.resend().await {
            return lost.into();
        }
        loop {
            if let Err(end) = self.answer().await {
                return end;
            }
            if self.slot.takes_beat() {
                self.beat();
                if let Err(lost) = self.link.flush().await {
                    return lost.into();
                }
            }
            let period = self.core.borrow().config().heartbeat;
            if beat.period() != period {
                beat = beats(period);
            }
            let waited = tokio::select! {
                biased;
                // First, so that a trader that never stops talking hears it, too.
                _ = beat.tick() => {
                    self.beat();
                    Ok(())
                }
                read = self.link.read() => read,
                () = self.slot.wake.notified() => Ok(()),
            };
            if let Err(lost) = waited {
                return lost.into();
            }
        }
    }

    async fn resend(&mut self) -> Result<(), Lost> {
        let from = self.written;
        self.push_reports().await?;
        self.core
            .borrow()
            .metrics
            .resent
            .inc_by((self.written - from).unsigned_abs());
        self.beat();
        self.link.flush().await
    }

    /// Handles every message that has been read and writes what they and time have caused.
    async fn answer(&mut self) -> Result<(), End> {
        let read = Instant::now();
        loop {
            if let Some(reason) = self.slot.ended() {
                return Err(End::Ended(reason));
            }
            let handled = match self.link.next() {
                Ok(None) => break,
                Ok(Some(Message::Goodbye(goodbye))) => return Err(End::Left(goodbye.reason)),
                Ok(Some(message)) => self.core.borrow_mut().handle(&message, read),
                Err(error) => Err(Refused::from(&error)),
            };
            self.push_reports().await?;
            match handled {
                Ok(Some(answer)) => self.link.push(&answer),
                Ok(None) => {}
                Err(refused) if refused.code.closes() => return Err(End::Refused(refused)),
                Err(refused) => self.refuse(&refused),
            }
        }
        self.push_reports().await?;
        self.let_requests_leave().await;
        Ok(self.link.flush().await?)
    }

    /// What is to go to the venue goes before the reports that say so: it is the longer way. A request is with the
    /// system after as many turns of the other tasks as it passes through.
    async fn let_requests_leave(&self) {
        if self.core.borrow().has_requests() {
            for _ in 0..REQUEST_TURNS {
                tokio::task::yield_now().await;
            }
        }
    }

    /// Puts every report not yet written to the bytes to be written, and writes when there are many.
    async fn push_reports(&mut self) -> Result<(), Lost> {
        loop {
            {
                let core = self.core.borrow();
                while let Some((seq, frame)) = core.report_after(self.written) {
                    if self.link.is_full() {
                        break;
                    }
                    self.link.push_frame(frame);
                    self.written = seq;
                }
            }
            if !self.link.is_full() {
                return Ok(());
            }
            self.link.flush().await?;
        }
    }

    fn refuse(&mut self, refused: &Refused) {
        self.core.borrow().metrics.refused(refused.code);
        tracing::warn!(
            code = refused.code.as_str(),
            error = refused.message,
            "message refused"
        );
        self.link.push(&refused.to_error());
    }

    fn beat(&mut self) {
        let core = self.core.borrow();
        core.metrics.heartbeats_sent.inc();
        self.link.push(&core.heartbeat().into());
    }
}
