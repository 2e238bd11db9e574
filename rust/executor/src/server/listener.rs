//! Where the trader connects: a port of loopback, or a socket in the file system (clauses T1 and T5).

use std::io::{self, Read};
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use crate::config::Listen;

/// A listener that is bound. A socket of the file system goes with it.
#[derive(Debug)]
pub enum Listener {
    /// On a port.
    Tcp(TcpListener),
    /// On a socket, with its path and the one user that may connect.
    Uds(UnixListener, PathBuf, u32),
}

/// What came of waiting for a connection.
#[derive(Debug)]
pub enum Accepted {
    /// A connection.
    Stream(Stream),
    /// Another user's, closed already.
    Foreign(u32),
}

impl Listener {
    /// Binds.
    ///
    /// # Errors
    /// What the system says, or that somebody listens there already.
    pub async fn bind(listen: &Listen) -> io::Result<Self> {
        match listen {
            Listen::Tcp(address) => Ok(Self::Tcp(TcpListener::bind(address).await?)),
            Listen::Uds(path) => bind_socket(path).await,
        }
    }

    /// Where it is, as the ready line says it.
    ///
    /// # Errors
    /// What the system says.
    pub fn address(&self) -> io::Result<String> {
        match self {
            Self::Tcp(listener) => listener
                .local_addr()
                .map(|address: SocketAddr| address.to_string()),
            Self::Uds(_, path, _) => Ok(Listen::Uds(path.clone()).to_string()),
        }
    }

    /// Waits for the next connection.
    ///
    /// # Errors
    /// What the system says; the next one may come all the same.
    pub async fn accept(&self) -> io::Result<Accepted> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                if let Err(error) = stream.set_nodelay(true) {
                    // Whoever reads from it will notice; the listener is as good as before.
                    tracing::debug!(%error, "the connection is gone before it began");
                }
                Ok(Accepted::Stream(Stream::Tcp(stream)))
            }
            Self::Uds(listener, _, owner) => {
                let (stream, _) = listener.accept().await?;
                // The system notes it when the peer connects, so it is there though the peer may be gone.
                let uid = stream.peer_cred()?.uid();
                // The mode of the socket says so, too; whoever may do everything would come past that.
                if uid == *owner {
                    Ok(Accepted::Stream(Stream::Uds(stream)))
                } else {
                    Ok(Accepted::Foreign(uid))
                }
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Self::Uds(_, path, _) = self
            && let Err(error) = std::fs::remove_file(&*path)
        {
            tracing::debug!(%error, path = %path.display(), "the socket is gone already");
        }
    }
}

/// Makes the socket beside its path with mode 0600 and moves it there, so that nobody else can ever connect.
async fn bind_socket(path: &Path) -> io::Result<Listener> {
    match std::fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                "there is a file that is no socket",
            ));
        }
        Ok(_) if UnixStream::connect(path).await.is_ok() => {
            return Err(io::Error::new(
                io::ErrorKind::AddrInUse,
                "another process listens there",
            ));
        }
        // What a killed executor left behind is replaced.
        Ok(_) | Err(_) => {}
    }
    let mut made = path.as_os_str().to_owned();
    made.push(".new");
    let made = PathBuf::from(made);
    if made.exists() {
        std::fs::remove_file(&made)?;
    }
    let listener = UnixListener::bind(&made)?;
    std::fs::set_permissions(&made, std::fs::Permissions::from_mode(0o600))?;
    let owner = std::fs::metadata(&made)?.uid();
    std::fs::rename(&made, path)?;
    Ok(Listener::Uds(listener, path.to_owned(), owner))
}

/// A connection of either kind.
#[derive(Debug)]
pub enum Stream {
    /// Over a port.
    Tcp(TcpStream),
    /// Over a socket of the file system.
    Uds(UnixStream),
}

impl Stream {
    /// Bytes that are there, without waiting: the system is asked, not the runtime.
    ///
    /// # Errors
    /// `WouldBlock` where there are none; what else the system says.
    pub fn read_now(&self, bytes: &mut [u8]) -> io::Result<usize> {
        let socket = match self {
            Self::Tcp(stream) => SockRef::from(stream),
            Self::Uds(stream) => SockRef::from(stream),
        };
        (&*socket).read(bytes)
    }
}

macro_rules! either {
    ($stream:expr, $inner:ident => $call:expr) => {
        match $stream.get_mut() {
            Stream::Tcp($inner) => $call,
            Stream::Uds($inner) => $call,
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        either!(self, inner => Pin::new(inner).poll_read(cx, buf))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        either!(self, inner => Pin::new(inner).poll_write(cx, buf))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, inner => Pin::new(inner).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, inner => Pin::new(inner).poll_shutdown(cx))
    }
}
