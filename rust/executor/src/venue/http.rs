//! HTTP to one host of the venue, over connections that stay.
//!
//! What matters to orders is told apart: a request of which not a byte left may be sent again, any other may have arrived.

use std::cell::RefCell;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::spawn_local;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use crate::config::HttpAddress;

/// The longest reply that is read.
const REPLY_BYTES_MAX: usize = 16 << 20;
/// Connections kept while nobody needs them.
const IDLE_MAX: usize = 32;
/// A venue closes connections that nobody uses; one that is younger than this is not being closed just now.
const IDLE_FOR: Duration = Duration::from_secs(20);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Why there is no reply.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Not a byte of the request left.
    #[error("not sent: {0}")]
    NotSent(String),
    /// The request may have arrived.
    #[error("no reply: {0}")]
    Lost(String),
}

struct Idle {
    sender: SendRequest<Full<Bytes>>,
    since: Instant,
}

/// Connections to one host.
pub struct Pool {
    address: HttpAddress,
    tls: Option<TlsConnector>,
    idle: RefCell<Vec<Idle>>,
}

/// A request that can be sent.
#[derive(Clone, Debug)]
pub struct Post<'a> {
    /// Its path.
    pub path: &'a str,
    /// Its content type.
    pub content_type: &'static str,
    /// More headers; their values never show themselves.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Its body.
    pub body: Vec<u8>,
    /// Until when the reply has to be here.
    pub due: Instant,
}

impl Pool {
    /// Connections to this address, none of them open yet.
    #[must_use]
    pub fn new(address: HttpAddress, tls: &Arc<ClientConfig>) -> Self {
        let tls = address.tls.then(|| TlsConnector::from(Arc::clone(tls)));
        Self {
            address,
            tls,
            idle: RefCell::default(),
        }
    }

    /// Sends a request and gives the whole reply.
    ///
    /// # Errors
    /// [`Failure`], which says whether the request may have arrived.
    pub async fn post(&self, mut post: Post<'_>) -> Result<(StatusCode, Bytes), Failure> {
        let mut sender = match self.take_idle() {
            Some(sender) => sender,
            None => self.connect(post.due).await?,
        };
        let (body, due) = (Bytes::from(std::mem::take(&mut post.body)), post.due);
        let request = self.request(&post, body.clone())?;
        let reply = match self.send(&mut sender, request, due).await {
            // The connection closed before it took the request: on another one it is as new.
            Err(Failure::NotSent(_)) => {
                sender = self.connect(due).await?;
                let request = self.request(&post, body)?;
                self.send(&mut sender, request, due).await?
            }
            reply => reply?,
        };
        let status = reply.status();
        let body = timeout_at(
            post.due,
            Limited::new(reply.into_body(), REPLY_BYTES_MAX).collect(),
        )
        .await
        .map_err(|_| Failure::Lost("the reply took too long".to_owned()))?
        .map_err(|error| Failure::Lost(format!("half a reply: {error}")))?;
        self.keep(sender);
        Ok((status, body.to_bytes()))
    }

    /// Sees to it that a request finds a connection that is open.
    pub async fn warm(&self) {
        self.drop_old();
        if self.idle.borrow().is_empty()
            && let Ok(sender) = self.connect(Instant::now() + CONNECT_TIMEOUT).await
        {
            self.keep(sender);
        }
    }

    async fn send(
        &self,
        sender: &mut SendRequest<Full<Bytes>>,
        request: Request<Full<Bytes>>,
        due: Instant,
    ) -> Result<Response<Incoming>, Failure> {
        match timeout_at(due, sender.send_request(request)).await {
            Err(_) => Err(Failure::Lost("no reply in time".to_owned())),
            Ok(Err(error)) if error.is_canceled() => Err(Failure::NotSent(error.to_string())),
            Ok(Err(error)) => Err(Failure::Lost(why(&error))),
            Ok(Ok(reply)) => Ok(reply),
        }
    }

    fn request(&self, post: &Post<'_>, body: Bytes) -> Result<Request<Full<Bytes>>, Failure> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        let unsendable = |error: &dyn std::fmt::Display| Failure::NotSent(error.to_string());
        *request.uri_mut() = post.path.parse().map_err(|error| unsendable(&error))?;
        let host = HeaderValue::from_str(&self.address.authority()).map_err(|error| unsendable(&error))?;
        let headers = request.headers_mut();
        headers.insert(HOST, host);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(post.content_type));
        headers.extend(
            post.headers
                .iter()
                .cloned()
                .map(|(name, value)| (Some(name), value)),
        );
        Ok(request)
    }

    fn take_idle(&self) -> Option<SendRequest<Full<Bytes>>> {
        self.drop_old();
        let mut idle = self.idle.borrow_mut();
        // The newest one is the least likely to be closed just now.
        let place = idle.iter().rposition(|idle| idle.sender.is_ready())?;
        Some(idle.remove(place).sender)
    }

    fn drop_old(&self) {
        self.idle
            .borrow_mut()
            .retain(|idle| idle.since.elapsed() < IDLE_FOR && !idle.sender.is_closed());
    }

    fn keep(&self, sender: SendRequest<Full<Bytes>>) {
        let mut idle = self.idle.borrow_mut();
        if idle.len() < IDLE_MAX && !sender.is_closed() {
            idle.push(Idle {
                sender,
                since: Instant::now(),
            });
        }
    }

    async fn connect(&self, due: Instant) -> Result<SendRequest<Full<Bytes>>, Failure> {
        let due = due.min(Instant::now() + CONNECT_TIMEOUT);
        let failed = |error: io::Error| Failure::NotSent(format!("{}: {error}", self.address.authority()));
        timeout_at(due, self.try_connect())
            .await
            .unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "no connection in time")))
            .map_err(failed)
    }

    async fn try_connect(&self) -> io::Result<SendRequest<Full<Bytes>>> {
        let stream = TcpStream::connect((self.address.host.as_str(), self.address.port)).await?;
        stream.set_nodelay(true)?;
        match &self.tls {
            None => shake_hands(stream).await,
            Some(tls) => {
                let name = ServerName::try_from(self.address.host.clone()).map_err(io::Error::other)?;
                shake_hands(tls.connect(name, stream).await?).await
            }
        }
    }
}

async fn shake_hands<S>(stream: S) -> io::Result<SendRequest<Full<Bytes>>>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    spawn_local(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to the venue ends");
        }
    });
    Ok(sender)
}

/// With what is behind it: the library's own words are few.
fn why(error: &hyper::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pool({})", self.address.authority())
    }
}
