//! Stands between aliasd and a router, so that both dial at the same moment. Each dials the relay; what it dials is held until
//! the other has dialled as well, then both are connected through: two connections, every time.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::{Builder, Runtime};

use crate::patience::eventually;

const PATIENCE: Duration = Duration::from_secs(10);

/// Who dialled a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialler {
    Aliasd,
    Router,
}

/// Where everybody is: the relay listens on both addresses, at the port that is dialled.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    pub aliasd: Ipv4Addr,
    pub router: Ipv4Addr,
    /// Where both listen.
    pub port: u16,
    /// Where both dial, and the relay listens.
    pub dial_port: u16,
}

/// How much later the first octets of each dialler's connection pass.
#[derive(Clone, Copy, Debug)]
pub struct Delays {
    pub of_aliasd: Duration,
    pub of_router: Duration,
}

/// One connection through the relay.
#[derive(Clone, Debug)]
pub struct Carried {
    pub dialler: Dialler,
    /// Whether aliasd, and whether the router, said something on it.
    pub aliasd_spoke: bool,
    /// See `aliasd_spoke`.
    pub router_spoke: bool,
    /// Whether neither has closed it.
    pub open: bool,
}

/// What came of it so far.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// When both had dialled and sent their OPEN.
    pub released: Option<Instant>,
    pub carried: Vec<Carried>,
}

impl Seen {
    /// Whether two connections lived at once as far as aliasd is concerned: it said its OPEN on one of each dialler.
    pub fn collided(&self) -> bool {
        let spoke_on = |dialler| self.carried.iter().any(|one| one.dialler == dialler && one.aliasd_spoke);
        spoke_on(Dialler::Aliasd) && spoke_on(Dialler::Router)
    }

    /// Whether the router took both for its own as well.
    pub fn collided_at_router(&self) -> bool {
        let spoke_on = |dialler| self.carried.iter().any(|one| one.dialler == dialler && one.router_spoke);
        spoke_on(Dialler::Aliasd) && spoke_on(Dialler::Router)
    }

    /// Who dialled the only connection that is open; `None` while there is not exactly one.
    pub fn survivor(&self) -> Option<Dialler> {
        let mut open = self.carried.iter().filter(|one| one.open);
        let only = open.next()?;
        open.next().is_none().then_some(only.dialler)
    }
}

/// A running relay; everything through it breaks when it goes out of scope.
#[derive(Debug)]
pub struct Relay {
    seen: Arc<Mutex<Seen>>,
    runtime: Option<Runtime>,
}

impl Relay {
    /// Listens, and holds the first connection of each side until both have sent something.
    pub fn start(route: Route, delays: Delays) -> Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let seen = Arc::new(Mutex::new(Seen::default()));
        let listen = |address: Ipv4Addr| {
            let to = SocketAddr::from((address, route.dial_port));
            // Another run may be looking whether the port is free.
            eventually("the relay listens", PATIENCE, || runtime.block_on(TcpListener::bind(to)).context(to))
        };
        // Who dials the router's address is aliasd.
        let listeners = (listen(route.router)?, listen(route.aliasd)?);
        runtime.spawn(carry_all(route, delays, listeners, Arc::clone(&seen)));
        Ok(Self { seen, runtime: Some(runtime) })
    }

    /// What came of it so far.
    pub fn seen(&self) -> Seen {
        lock(&self.seen).clone()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn carry_all(route: Route, delays: Delays, listeners: (TcpListener, TcpListener), seen: Arc<Mutex<Seen>>) {
    let (of_aliasd, of_router) = listeners;
    let (Ok((from_aliasd, _)), Ok((from_router, _))) = tokio::join!(of_aliasd.accept(), of_router.accept()) else {
        return;
    };
    // Both have sent their OPEN, and so both take their own connection for one that is up.
    let (mut of_the_one, mut of_the_other) = ([0], [0]);
    let (Ok(1), Ok(1)) = tokio::join!(from_aliasd.peek(&mut of_the_one), from_router.peek(&mut of_the_other)) else {
        return;
    };
    lock(&seen).released = Some(Instant::now());
    let carry = |stream, dialler, delay| tokio::spawn(carry(route, stream, dialler, delay, Arc::clone(&seen)));
    carry(from_aliasd, Dialler::Aliasd, delays.of_aliasd);
    carry(from_router, Dialler::Router, delays.of_router);
    loop {
        let (accepted, dialler) = tokio::select! {
            accepted = of_aliasd.accept() => (accepted, Dialler::Aliasd),
            accepted = of_router.accept() => (accepted, Dialler::Router),
        };
        if let Ok((stream, _)) = accepted {
            carry(stream, dialler, Duration::ZERO);
        }
    }
}

/// Connects a connection through, and carries its octets until one end closes it.
async fn carry(route: Route, stream: TcpStream, dialler: Dialler, delay: Duration, seen: Arc<Mutex<Seen>>) {
    let (from, to) = match dialler {
        Dialler::Aliasd => (route.aliasd, route.router),
        Dialler::Router => (route.router, route.aliasd),
    };
    let Ok(onward) = connect(from, SocketAddr::from((to, route.port))).await else { return };
    let index = {
        let mut seen = lock(&seen);
        seen.carried.push(Carried { dialler, aliasd_spoke: false, router_spoke: false, open: true });
        seen.carried.len() - 1
    };
    tokio::time::sleep(delay).await;
    let (dialler_reads, dialler_writes) = stream.into_split();
    let (onward_reads, onward_writes) = onward.into_split();
    let aliasd_dialled = dialler == Dialler::Aliasd;
    let note = |by_aliasd: bool, spoke: bool| {
        if let Some(one) = lock(&seen).carried.get_mut(index) {
            match (spoke, by_aliasd) {
                (false, _) => one.open = false,
                (true, true) => one.aliasd_spoke = true,
                (true, false) => one.router_spoke = true,
            }
        }
    };
    tokio::join!(
        pump(dialler_reads, onward_writes, |spoke| note(aliasd_dialled, spoke)),
        pump(onward_reads, dialler_writes, |spoke| note(!aliasd_dialled, spoke)),
    );
}

async fn connect(from: Ipv4Addr, to: SocketAddr) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((from, 0)))?;
    let stream = socket.connect(to).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Carries octets one way, and says when there are some and when there will be no more.
async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, note: impl Fn(bool)) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match from.read(&mut buffer).await {
            Ok(count) if count > 0 => {
                note(true);
                let octets = buffer.get(..count).unwrap_or_default();
                if to.write_all(octets).await.is_err() {
                    break;
                }
            }
            Ok(_) | Err(_) => break,
        }
    }
    note(false);
    // The other end learns of it, unless it is gone already.
    let _closed = to.shutdown().await;
}
