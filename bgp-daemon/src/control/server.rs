//! Serves requests within limits, so that no client can hold up another or the daemon.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::socket::ControlSocket;
use super::{AdminView, DaemonView, endpoint, metrics};

/// How long to leave `accept` alone after it failed (out of file descriptors, most often), so as not to spin.
const ACCEPT_RETRY: Duration = Duration::from_millis(250);

/// How long replies that are on their way may take when the daemon stops.
const DRAIN: Duration = Duration::from_millis(250);

/// What a client gets that comes when too many are there. Sent without waiting, and without reading its request.
const BUSY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: 130\r\n\
connection: close\r\n\r\n{\"apiVersion\":\"v1\",\"error\":{\"code\":503,\"status\":\"UNAVAILABLE\",\"message\":\
\"too many connections; try again\",\"errors\":[],\"known\":[]}}";

/// Where clients connect.
trait Door {
    /// How it is called in the log.
    const NAME: &str;

    type Client: Client;

    /// The next client. Safe to cancel.
    fn accept(&self) -> impl Future<Output = io::Result<Self::Client>>;
}

/// Somebody who has connected.
trait Client: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// Writes what can be written without waiting; how many octets that was.
    fn try_write(&self, octets: &[u8]) -> io::Result<usize>;
}

impl Door for ControlSocket {
    const NAME: &str = "control socket";

    type Client = UnixStream;

    async fn accept(&self) -> io::Result<UnixStream> {
        Ok(self.listener.accept().await?.0)
    }
}

impl Client for UnixStream {
    fn try_write(&self, octets: &[u8]) -> io::Result<usize> {
        Self::try_write(self, octets)
    }
}

impl Door for TcpListener {
    const NAME: &str = "port of the metrics";

    type Client = TcpStream;

    async fn accept(&self) -> io::Result<TcpStream> {
        Ok(Self::accept(self).await?.0)
    }
}

impl Client for TcpStream {
    fn try_write(&self, octets: &[u8]) -> io::Result<usize> {
        Self::try_write(self, octets)
    }
}

/// What a client may take.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// Connections at a time.
    connections: usize,
    /// Octets of a request's line and headers; nothing else of it is read.
    head_octets: usize,
    /// Headers of a request.
    headers: usize,
    /// How long a request may take to arrive.
    head_patience: Duration,
    /// How long a connection may last in all: one request, one reply.
    patience: Duration,
}

const LIMITS: Limits = Limits {
    connections: 64,
    head_octets: 16 * 1024,
    headers: 64,
    head_patience: Duration::from_secs(5),
    patience: Duration::from_secs(30),
};

/// Fewer may come here: a scraper or two and a probe, and each scrape asks every peer's task.
const METRICS_LIMITS: Limits = Limits { connections: 16, ..LIMITS };

/// Answers requests until `stop` is cancelled; then the socket's file is gone.
pub async fn serve(socket: ControlSocket, view: DaemonView, stop: CancellationToken) {
    let router = endpoint::router(view);
    serve_within(LIMITS, socket, move |_| router.clone(), stop).await;
}

/// Takes releases until `stop` is cancelled; then the socket's file is gone.
pub async fn serve_admin(socket: ControlSocket, view: AdminView, stop: CancellationToken) {
    serve_within(LIMITS, socket, move |stream| endpoint::admin::router(view.clone(), stream), stop).await;
}

/// Answers scrapes and probes until `stop` is cancelled.
pub async fn serve_metrics(listener: TcpListener, view: DaemonView, stop: CancellationToken) {
    let router = metrics::router(view);
    serve_within(METRICS_LIMITS, listener, move |_| router.clone(), stop).await;
}

/// `router` gives each connection its paths.
async fn serve_within<D: Door>(
    limits: Limits,
    door: D,
    router: impl Fn(&D::Client) -> Router,
    stop: CancellationToken,
) {
    let permits = Arc::new(Semaphore::new(limits.connections));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            _ended = connections.join_next(), if !connections.is_empty() => continue,
            accepted = door.accept() => accepted,
        };
        let stream = match accepted {
            Ok(stream) => stream,
            Err(error) => {
                warn!(%error, "cannot accept a connection on the {}", D::NAME);
                tokio::select! {
                    () = stop.cancelled() => break,
                    () = tokio::time::sleep(ACCEPT_RETRY) => continue,
                }
            }
        };
        match Arc::clone(&permits).try_acquire_owned() {
            Err(_) => refuse(&stream, D::NAME),
            Ok(permit) => {
                let router = router(&stream);
                connections.spawn(async move {
                    answer(limits, stream, router, D::NAME).await;
                    drop(permit);
                });
            }
        }
    }
    drop(door);
    let drained = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(DRAIN, drained).await.is_err() {
        debug!("clients of the {} were cut off", D::NAME);
    }
}

async fn answer(limits: Limits, stream: impl Client, router: Router, door: &str) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .keep_alive(false)
        .header_read_timeout(limits.head_patience)
        .max_buf_size(limits.head_octets)
        .max_headers(limits.headers)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    match tokio::time::timeout(limits.patience, connection).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => debug!(%error, "a client of the {door} went away"),
        Err(_) => debug!("a client of the {door} was too slow"),
    }
}

fn refuse(stream: &impl Client, door: &str) {
    let sent: io::Result<usize> = stream.try_write(BUSY);
    debug!(?sent, "refused a client of the {door}: there are too many");
}
#[cfg(test)]
mod tests;
