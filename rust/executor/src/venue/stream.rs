//! The order stream: what becomes of our bets, as it happens.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::bets::Line;
use crate::config::StreamAddress;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest line that is read.
const LINE_BYTES_MAX: u64 = 64 << 20;
/// What we ask the venue for.
const HEARTBEAT_MS: u64 = 1_000;
/// Without a line for so long the connection counts as lost.
const SILENCE: Duration = Duration::from_millis(2 * HEARTBEAT_MS + 500);

/// Why a connection is of no more use.
#[derive(Debug, thiserror::Error)]
pub enum Lost {
    /// The network.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The venue says so.
    #[error("{code}: {message}")]
    Refused {
        /// Its code.
        code: String,
        /// Its words.
        message: String,
    },
    /// Nothing comes.
    #[error("no line for {} ms", SILENCE.as_millis())]
    Silent,
    /// Something comes that is not the protocol.
    #[error("a line that cannot be read: {0}")]
    Unreadable(String),
}

/// Where a subscription was left, to be taken up again.
#[derive(Clone, Debug, Default)]
pub struct Place {
    initial_clk: Option<String>,
    clk: Option<String>,
}

impl Place {
    /// As of this line.
    fn note(&mut self, line: &Line) {
        if line.initial_clk.is_some() {
            self.initial_clk.clone_from(&line.initial_clk);
        }
        if line.clk.is_some() {
            self.clk.clone_from(&line.clk);
        }
    }

    /// The next connection begins with an image.
    pub fn forget(&mut self) {
        *self = Self::default();
    }
}

trait Wire: AsyncRead + AsyncWrite + Unpin {}
impl<S: AsyncRead + AsyncWrite + Unpin> Wire for S {}

/// A connection that is subscribed.
pub struct Subscription {
    wire: BufReader<Box<dyn Wire>>,
    buffer: Vec<u8>,
}

impl Subscription {
    /// Connects, says who we are, and subscribes to the bets of one strategy.
    ///
    /// # Errors
    /// [`Lost`].
    pub async fn open(
        address: &StreamAddress,
        tls: &Arc<ClientConfig>,
        app_key: &str,
        token: &str,
        strategy_ref: &str,
        place: &Place,
    ) -> Result<Self, Lost> {
        let connected = timeout(CONNECT_TIMEOUT, connect(address, tls)).await;
        let wire =
            connected.map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no connection in time"))??;
        let mut subscription = Self {
            wire: BufReader::new(wire),
            buffer: Vec::new(),
        };
        let authentication = json!({"op": "authentication", "id": 1, "appKey": app_key, "session": token});
        let mut request = json!({
            "op": "orderSubscription",
            "id": 2,
            "orderFilter": {"customerStrategyRefs": [strategy_ref], "includeOverallPosition": false},
            "heartbeatMs": HEARTBEAT_MS,
        });
        if let (Some(initial_clk), Some(clk)) = (&place.initial_clk, &place.clk) {
            request["initialClk"] = json!(initial_clk);
            request["clk"] = json!(clk);
        }
        let text = format!("{authentication}\r\n{request}\r\n");
        let written = timeout(CONNECT_TIMEOUT, subscription.wire.write_all(text.as_bytes())).await;
        written.map_err(|_| Lost::Silent)??;
        subscription.wire.flush().await?;
        Ok(subscription)
    }

    /// The next line of the subscription.
    ///
    /// # Errors
    /// [`Lost`] if there will be none.
    pub async fn next(&mut self, place: &mut Place) -> Result<Line, Lost> {
        loop {
            let line = self.line().await?;
            match line.op.as_str() {
                "ocm" => {
                    place.note(&line);
                    return Ok(line);
                }
                "status" if line.status_code.as_deref() == Some("FAILURE") => {
                    return Err(Lost::Refused {
                        code: line.error_code.unwrap_or_else(|| "UNKNOWN".to_owned()),
                        message: wire::cut(&line.error_message.unwrap_or_default()),
                    });
                }
                _ => {}
            }
        }
    }

    async fn line(&mut self) -> Result<Line, Lost> {
        self.buffer.clear();
        let reading = async {
            let mut limited = tokio::io::AsyncReadExt::take(&mut self.wire, LINE_BYTES_MAX);
            limited.read_until(b'\n', &mut self.buffer).await
        };
        let count = timeout(SILENCE, reading).await.map_err(|_| Lost::Silent)??;
        if count == 0 || self.buffer.last() != Some(&b'\n') {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "closed by the venue").into());
        }
        serde_json::from_slice(&self.buffer).map_err(|error| Lost::Unreadable(error.to_string()))
    }
}

async fn connect(address: &StreamAddress, tls: &Arc<ClientConfig>) -> io::Result<Box<dyn Wire>> {
    let stream = TcpStream::connect((address.host.as_str(), address.port)).await?;
    stream.set_nodelay(true)?;
    if !address.tls {
        return Ok(Box::new(stream));
    }
    let name = ServerName::try_from(address.host.clone()).map_err(io::Error::other)?;
    let stream = TlsConnector::from(Arc::clone(tls)).connect(name, stream).await?;
    Ok(Box::new(stream))
}

impl std::fmt::Debug for Subscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Subscription")
    }
}
