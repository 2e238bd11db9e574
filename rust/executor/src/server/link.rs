//! One connection: frames in, frames out, with a limit on the time each may take.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};
use wire::{Decoder, FrameError, Message, WireError};

use super::listener::Stream;

const READ_BYTES: usize = 64 << 10;
/// Bytes put together before they are written.
const BATCH_BYTES: usize = 256 << 10;
/// After so long of finding bytes without sleeping timers and other connections have their turn.
const TURN: Duration = Duration::from_millis(1);
/// For a peer to take the last words before the connection is cut.
const LINGER: Duration = Duration::from_millis(250);

/// Why nothing more can be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Lost {
    /// The peer has closed, between two frames.
    #[error("the peer has closed the connection")]
    Closed,
    /// F5: the peer has closed inside a frame, or takes too long over one.
    #[error(transparent)]
    Truncated(FrameError),
    /// T3: the peer takes no bytes.
    #[error("the peer takes no bytes")]
    Slow,
    /// The system says so.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// A connection with its decoder and the bytes to be written.
#[derive(Debug)]
pub struct Link {
    stream: Stream,
    decoder: Decoder,
    scratch: Box<[u8]>,
    out: Vec<u8>,
    frame_timeout: Duration,
    write_timeout: Duration,
    /// When the unfinished frame has to be there.
    frame_due: Option<Instant>,
    /// How long after bytes have come to look for more without sleeping.
    spin: Duration,
    /// Until when to do so.
    spin_until: Option<std::time::Instant>,
    /// When the others last had a turn.
    yielded: std::time::Instant,
    /// True once a write has failed.
    broken: bool,
}

impl Link {
    /// A fresh connection.
    #[must_use]
    pub fn new(stream: Stream, frame_timeout: Duration, write_timeout: Duration) -> Self {
        Self {
            stream,
            decoder: Decoder::new(),
            scratch: vec![0; READ_BYTES].into_boxed_slice(),
            out: Vec::new(),
            frame_timeout,
            write_timeout,
            frame_due: None,
            spin: Duration::ZERO,
            spin_until: None,
            yielded: std::time::Instant::now(),
            broken: false,
        }
    }

    /// From now on looks for more bytes that long after some have come before it sleeps. To be woken on another core costs
    /// several times what it takes to answer; nothing else is served meanwhile.
    pub fn spin(&mut self, spin: Duration) {
        self.spin = spin;
    }

    /// The next message among the bytes read, or `None`: then [`Link::read`].
    ///
    /// # Errors
    /// [`WireError`]; one whose code closes is the last thing this connection can give.
    pub fn next(&mut self) -> Result<Option<Message>, WireError> {
        let Some(body) = self.decoder.next_body()? else {
            return Ok(None);
        };
        self.frame_due = None;
        Message::decode(body).map(Some)
    }

    /// Waits for bytes. May be dropped at any time without losing one. Every message read before must have been taken.
    ///
    /// # Errors
    /// [`Lost`] if none can come any more.
    pub async fn read(&mut self) -> Result<(), Lost> {
        let unfinished = self.decoder.partial();
        if unfinished.is_some() && self.frame_due.is_none() {
            self.frame_due = Some(Instant::now() + self.frame_timeout);
        }
        let count = if let Some(count) = self.look()? {
            count
        } else {
            let reading = self.stream.read(&mut self.scratch);
            match (unfinished, self.frame_due) {
                (Some(partial), Some(due)) => timeout_at(due, reading)
                    .await
                    .map_err(|_| Lost::Truncated(FrameError::Truncated(partial)))??,
                _ => reading.await?,
            }
        };
        if count == 0 {
            return Err(self
                .decoder
                .finish()
                .map_or_else(Lost::Truncated, |()| Lost::Closed));
        }
        self.decoder.extend(&self.scratch[..count]);
        if !self.spin.is_zero() {
            let now = std::time::Instant::now();
            self.spin_until = Some(now + self.spin);
            if now.duration_since(self.yielded) >= TURN {
                self.yielded = now;
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }

    /// Looks for bytes as long as it may; how many came, `None` if it is time to sleep.
    fn look(&mut self) -> io::Result<Option<usize>> {
        let Some(until) = self.spin_until.take() else {
            return Ok(None);
        };
        loop {
            match self.stream.read_now(&mut self.scratch) {
                Ok(count) => return Ok(Some(count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            if std::time::Instant::now() >= until {
                return Ok(None);
            }
            std::hint::spin_loop();
        }
    }

    /// True if a frame has begun that is not there in whole.
    #[must_use]
    pub fn unfinished(&self) -> Option<FrameError> {
        self.decoder.finish().err()
    }

    /// Puts a message to the bytes to be written.
    pub fn push(&mut self, message: &Message) {
        if let Err(error) = message.encode_frame(&mut self.out) {
            // The executor's own messages are short; one that is not is a fault of this program.
            tracing::error!(%error, "a message cannot be written");
            debug_assert!(false, "{error}");
        }
    }

    /// Puts an encoded frame to the bytes to be written.
    pub fn push_frame(&mut self, frame: &[u8]) {
        self.out.extend_from_slice(frame);
    }

    /// True if there is enough for one write.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.out.len() >= BATCH_BYTES
    }

    /// Writes all bytes to be written, in one go where the system takes them.
    ///
    /// # Errors
    /// [`Lost`] if the peer does not take them. A part of a frame may have gone out, so nothing is written after that.
    pub async fn flush(&mut self) -> Result<(), Lost> {
        let written = self.write_out().await;
        self.broken |= written.is_err();
        self.out.clear();
        self.out.shrink_to(BATCH_BYTES);
        written
    }

    async fn write_out(&mut self) -> Result<(), Lost> {
        let mut from = 0;
        while from < self.out.len() {
            let writing = self.stream.write(&self.out[from..]);
            // The time limit is for a peer that takes nothing, so each step has its own.
            match timeout(self.write_timeout, writing)
                .await
                .map_err(|_| Lost::Slow)??
            {
                0 => return Err(Lost::Closed),
                count => from += count,
            }
        }
        Ok(())
    }

    /// Writes what is left and closes. Bytes the peer still sends are read and dropped for a moment: closing over unread
    /// bytes would make the system throw away the last words.
    pub async fn close(mut self) {
        if self.broken {
            return;
        }
        let farewell = async {
            self.flush().await?;
            self.stream.shutdown().await?;
            while self.stream.read(&mut self.scratch).await? > 0 {}
            Ok::<(), Lost>(())
        };
        if let Ok(Err(error)) = timeout(LINGER, farewell).await {
            tracing::debug!(%error, "closing");
        }
    }
}
