//! The loop of a peer's task: drives one [`Session`] with a clock, sockets and the table's door. Knows no table.
//!
//! Everything happens in one loop, so that nothing is locked: what the session wants is done first, then the loop waits for
//! whatever comes next. UPDATEs reach the table in batches, each with a permit: a peer that sends faster than the table
//! takes is not read any further, and nobody else notices.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Instant, SystemTime};

use bgp_core::message::{RouteRefresh, Update, packing};
use bgp_core::nlri::{EncodedRoutes, Unsendable};
use bgp_core::rib::{Announcements, UpdateBatch};
use bgp_core::session::{Cause, ConnectionId, Direction, Event, Input, Negotiated, Session, State, StopReason};
use bgp_core::types::{AddressFamily, FamilySet};
use bytes::{Bytes, BytesMut};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::task::JoinSet;
use tracing::{debug, info, warn};

use super::connection::{Connection, ReadOutcome, Readiness};
use super::faults::{self, Herald};
use super::inbox::Inbox;
use super::keeper::Doors;
use super::settings::{PeerSettings, PeerStatus};
use super::socket;
use super::task::Command;
use crate::rib_owner::{FromPeer, Gone, PeerIntake, RibEvent, RibHandle};

/// Closed connections that may still be taking leave; one more is dropped without, so that a flood of connections costs
/// its sender only. The one that carried routes always takes leave.
const CLOSING_MAX: usize = 16;

/// Reads from a connection that broke while it was written: enough for all that the kernel holds of it by default.
const LAST_READS: usize = 100;

/// What there is between Established and Down.
struct Exchange {
    connection: ConnectionId,
    negotiated: Arc<Negotiated>,
    local: SocketAddr,
    remote: SocketAddr,
    intake: PeerIntake,
    events: mpsc::UnboundedReceiver<RibEvent>,
    inbox: Inbox,
    /// A batch was asked for and has not come.
    granted: bool,
}

type Dial = Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send>>;

/// What the loop woke up for.
enum Woken {
    Command(Option<Command>),
    Arrival(Option<TcpStream>),
    Dialled(io::Result<TcpStream>),
    Ready(ConnectionId, io::Result<Readiness>),
    Table(Option<RibEvent>),
    Permit(Result<OwnedSemaphorePermit, Gone>),
    Timer,
}

/// What stays if the loop fails.
#[derive(Clone)]
pub(super) struct Wishes {
    /// What the daemon wants of the peer.
    pub settings: PeerSettings,
    /// How often the loop has failed.
    pub failures: u32,
    /// When it did so last, and how that is told.
    pub last_failure: Option<(SystemTime, String)>,
}

pub(super) struct Runner {
    settings: PeerSettings,
    failures: u32,
    rib: RibHandle,
    session: Session,
    connections: Vec<Connection>,
    next_connection: u64,
    /// The connection that routes were exchanged on last.
    carrier: Option<ConnectionId>,
    dial: Option<Dial>,
    exchange: Option<Exchange>,
    closing: JoinSet<()>,
    buffer: BytesMut,
    herald: Herald,
    since: SystemTime,
    last_error: Option<(SystemTime, String)>,
    stopping: bool,
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

impl Runner {
    pub(super) fn new(wishes: Wishes, rib: RibHandle, seed: u64) -> Self {
        let Wishes { settings, failures, last_failure } = wishes;
        let session = Session::new(settings.session.clone(), seed);
        Self {
            settings,
            failures,
            rib,
            session,
            connections: Vec::new(),
            next_connection: 0,
            carrier: None,
            dial: None,
            exchange: None,
            closing: JoinSet::new(),
            buffer: BytesMut::new(),
            herald: Herald::default(),
            since: SystemTime::now(),
            last_error: last_failure,
            stopping: false,
        }
    }

    /// Runs until the daemon wants the peer to end. What it wants otherwise is kept in `wishes` too.
    pub(super) async fn run(mut self, wishes: &mut Wishes, doors: &mut Doors) {
        self.session.handle(Input::Start, now());
        while !self.stopping {
            if self.settle().is_err() {
                break;
            }
            if self.hand_over_waiting().is_err() {
                break;
            }
            let woken = self.wait(doors).await;
            let was_read = matches!(woken, Woken::Ready(_, Ok(Readiness::Readable)));
            if let Woken::Command(Some(Command::Change(settings, _))) = &woken {
                wishes.settings = PeerSettings::clone(settings);
            }
            if self.act(woken).is_err() {
                break;
            }
            if was_read {
                // A peer that sends without pause is one of many on this thread.
                tokio::task::yield_now().await;
            }
        }
        // What was said last is still to be delivered, also to connections that the session knows no more.
        if self.settle().is_err() {
            debug!("the table stopped before the peer did");
        }
        for connection in std::mem::take(&mut self.connections) {
            self.closing.spawn(connection.close());
        }
        while self.closing.join_next().await.is_some() {}
    }

    async fn wait(&mut self, doors: &mut Doors) -> Woken {
        let timeout = self.session.poll_timeout();
        let timer = async {
            match timeout {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        let dial = &mut self.dial;
        let dialled = poll_fn(|context| match dial {
            Some(dial) => dial.as_mut().poll(context),
            None => Poll::Pending,
        });
        let connections = &self.connections;
        let full = self.exchange.as_ref().filter(|exchange| exchange.inbox.is_full());
        let unread = full.map(|exchange| exchange.connection);
        let ready = poll_fn(|context| {
            for connection in connections {
                let read = Some(connection.id()) != unread;
                if let Poll::Ready(ready) = connection.poll_ready(read, context) {
                    return Poll::Ready((connection.id(), ready));
                }
            }
            Poll::Pending
        });
        let (table, permit) = match &mut self.exchange {
            None => (None, None),
            Some(exchange) => {
                let waiting = (!exchange.inbox.is_empty()).then(|| exchange.intake.permit());
                (Some(exchange.events.recv()), waiting)
            }
        };
        tokio::select! {
            () = timer => Woken::Timer,
            command = doors.commands.recv() => Woken::Command(command),
            (connection, ready) = ready => Woken::Ready(connection, ready),
            event = or_never(table) => Woken::Table(event),
            permit = or_never(permit) => Woken::Permit(permit),
            dialled = dialled => Woken::Dialled(dialled),
            arrival = doors.arrivals.recv() => Woken::Arrival(arrival),
        }
    }

    fn act(&mut self, woken: Woken) -> Result<(), Gone> {
        match woken {
            Woken::Timer => {
                // What has come already counts, also when we were held up or the table keeps the peer unread: a hold
                // timer is for peers that are silent.
                let waiting: Vec<ConnectionId> = self.connections.iter().map(Connection::id).collect();
                waiting.into_iter().for_each(|id| self.read_what_came(id, 1));
                self.session.handle_timeout(now());
            }
            Woken::Command(Some(command)) => self.obey(command)?,
            // Nobody can reach the task any more: the daemon goes down without a word for it.
            Woken::Command(None) => self.end(StopReason::Silent),
            Woken::Arrival(Some(stream)) => self.take_over(stream, Direction::Incoming),
            Woken::Arrival(None) => {}
            Woken::Dialled(result) => {
                self.dial = None;
                match result {
                    Ok(stream) => self.take_over(stream, Direction::Outgoing),
                    Err(error) => self.session.handle(Input::TcpFailed { reason: error.to_string() }, now()),
                }
            }
            Woken::Ready(id, Ok(Readiness::Readable)) => self.read(id),
            Woken::Ready(id, Ok(Readiness::Writable)) => self.write(id)?,
            Woken::Ready(id, Err(error)) => self.broken(id, &error),
            Woken::Table(Some(RibEvent::Batch(batch))) => self.announce(&batch)?,
            Woken::Table(Some(RibEvent::PrefixLimit(exceeded))) => {
                let reason = StopReason::MaximumPrefixes { family: exceeded.family, limit: exceeded.limit };
                self.session.handle(Input::Stop(reason), now());
            }
            Woken::Table(None) => return Err(Gone),
            Woken::Permit(permit) => {
                let permit = permit?;
                if let Some(exchange) = &mut self.exchange {
                    exchange.intake.news(exchange.inbox.take(), permit)?;
                }
            }
        }
        Ok(())
    }

    fn obey(&mut self, command: Command) -> Result<(), Gone> {
        match command {
            Command::Stop(reason) => self.end(reason),
            Command::Change(settings, done) => {
                self.change(*settings)?;
                // Whoever changed it need not wait.
                let _unheard = done.send(());
            }
            Command::Refresh(family) => self.session.handle(Input::RequestRefresh(family), now()),
            Command::Status(reply) => {
                // Whoever asked may be gone; then nobody misses the answer.
                let _unheard = reply.send(self.status());
            }
            #[cfg(test)]
            Command::Fail => std::panic::panic_any("a defect for a test"),
        }
        Ok(())
    }

    fn change(&mut self, settings: PeerSettings) -> Result<(), Gone> {
        let old = std::mem::replace(&mut self.settings, settings);
        if let Some(exchange) = &self.exchange {
            let facts = self.settings.facts(&exchange.negotiated, exchange.local.ip());
            let (import, export) = (Arc::clone(&self.settings.import), Arc::clone(&self.settings.export));
            self.rib.change_peer(facts, import, export)?;
        }
        let raised = old.max_prefixes.is_some_and(|old| self.settings.max_prefixes.is_none_or(|new| new > old));
        let last = self.session.statistics().last_error.as_ref().map(|(_, cause)| cause);
        if raised && matches!(last, Some(Cause::Stopped(StopReason::MaximumPrefixes { .. }))) {
            // Whoever raised the limit waits for the peer.
            self.session.handle(Input::Start, now());
        }
        Ok(())
    }

    fn end(&mut self, reason: StopReason) {
        self.stopping = true;
        self.session.handle(Input::Stop(reason), now());
    }

    fn take_over(&mut self, stream: TcpStream, direction: Direction) {
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%error, "cannot turn off Nagle's delay");
        }
        self.next_connection += 1;
        let connection = ConnectionId(self.next_connection);
        self.connections.push(Connection::new(connection, stream));
        self.session.handle(Input::TcpConnected { connection, direction }, now());
    }

    fn place(&self, id: ConnectionId) -> Option<usize> {
        self.connections.iter().position(|connection| connection.id() == id)
    }

    fn connection_mut(&mut self, id: ConnectionId) -> Option<&mut Connection> {
        self.connections.iter_mut().find(|connection| connection.id() == id)
    }

    fn read(&mut self, id: ConnectionId) {
        let mut buffer = std::mem::take(&mut self.buffer);
        let outcome = self.connection_mut(id).map(|connection| connection.read(&mut buffer));
        match outcome {
            Some(Ok(ReadOutcome::Octets)) => self.received(id, &buffer),
            Some(Ok(ReadOutcome::Closed)) => {
                let reason = "closed by the peer".to_owned();
                self.session.handle(Input::TcpClosed { connection: id, reason }, now());
                self.forget(id);
            }
            Some(Err(error)) => self.broken(id, &error),
            Some(Ok(ReadOutcome::WouldBlock)) | None => {}
        }
        self.buffer = buffer;
    }

    fn write(&mut self, id: ConnectionId) -> Result<(), Gone> {
        let Some(connection) = self.connection_mut(id) else { return Ok(()) };
        match connection.write() {
            Ok(written) if written.octets > 0 => {
                let drained = !connection.has_queued_updates();
                self.session.handle(Input::Written { connection: id, updates: written.updates }, now());
                if drained {
                    self.grant(id)?;
                }
                Ok(())
            }
            Ok(_) => Ok(()),
            Err(error) => {
                // What the peer said before it went away tells more than that we could not write to it.
                self.read_what_came(id, LAST_READS);
                self.broken(id, &error);
                Ok(())
            }
        }
    }

    /// Reads what has come, though the runtime may not know of it yet, at most so many times.
    fn read_what_came(&mut self, id: ConnectionId, times: usize) {
        let mut buffer = std::mem::take(&mut self.buffer);
        for _ in 0..times {
            if !self.connection_mut(id).is_some_and(|connection| connection.read_what_came(&mut buffer)) {
                break;
            }
            self.received(id, &buffer);
        }
        self.buffer = buffer;
    }

    fn received(&mut self, id: ConnectionId, octets: &[u8]) {
        self.session.handle(Input::Received { connection: id, octets }, now());
        self.herald.look_at(&self.session.statistics().faulty_updates);
    }

    fn broken(&mut self, id: ConnectionId, error: &io::Error) {
        self.session.handle(Input::TcpClosed { connection: id, reason: error.to_string() }, now());
        self.forget(id);
    }

    /// Drops a connection that has ended by itself, unless the session has it closed anyway.
    fn forget(&mut self, id: ConnectionId) {
        self.connections.retain(|connection| connection.id() != id);
    }

    /// Asks the table for what the peer is to be sent next, when all before it has been sent.
    fn grant(&mut self, id: ConnectionId) -> Result<(), Gone> {
        if let Some(exchange) = self.exchange.as_mut().filter(|exchange| exchange.connection == id && !exchange.granted)
        {
            exchange.granted = true;
            self.rib.grant(self.settings.id)?;
        }
        Ok(())
    }

    fn announce(&mut self, batch: &UpdateBatch) -> Result<(), Gone> {
        let Some(exchange) = &mut self.exchange else { return Ok(()) };
        exchange.granted = false;
        let id = exchange.connection;
        let encode = &exchange.negotiated.encode;
        let pack = |shared: &Announcements| packing::pack_announcements(shared.routes(), shared.route_count(), encode);
        let announced = batch.announce.iter().map(|shared| shared.encoded(pack));
        let withdrawn = packing::pack_withdrawals(&batch.withdraw, &batch.end_of_rib, encode);
        let mark =
            |subtype| move |family: &AddressFamily| RouteRefresh { afi_safi: family.afi_safi(), subtype }.encode();
        let mut runs: Vec<Bytes> = batch.refresh_begins.iter().map(mark(RouteRefresh::BEGIN)).collect();
        for EncodedRoutes { messages, unsendable } in announced {
            runs.push(messages.clone());
            for Unsendable { routes, reason } in unsendable {
                let first = routes.first().map(|nlri| nlri.prefix.to_string()).unwrap_or_default();
                warn!(%first, routes = routes.len(), %reason, "cannot announce routes");
            }
        }
        runs.push(withdrawn);
        runs.extend(batch.refresh_ends.iter().map(mark(RouteRefresh::END)));
        let nothing = runs.iter().all(Bytes::is_empty);
        if let Some(connection) = self.connection_mut(id) {
            runs.into_iter().for_each(|run| connection.queue_updates(run));
        }
        if nothing { self.grant(id) } else { self.write(id) }
    }

    /// Does what the session wants, and writes what it says, until it wants nothing more.
    fn settle(&mut self) -> Result<(), Gone> {
        loop {
            while let Some(transmit) = self.session.poll_transmit() {
                if let Some(connection) = self.connection_mut(transmit.connection) {
                    connection.queue_control(transmit.octets);
                }
                self.write(transmit.connection)?;
            }
            match self.session.poll_event() {
                Some(event) => self.heed(event)?,
                None => return Ok(()),
            }
        }
    }

    fn heed(&mut self, event: Event) -> Result<(), Gone> {
        match event {
            Event::Dial => {
                let local = self.settings.local.map(|address| SocketAddr::new(address, 0));
                self.dial = Some(Box::pin(socket::connect(self.settings.remote, local)));
            }
            Event::AbandonDial => self.dial = None,
            Event::CloseTcp { connection } => {
                // Connections that were closed earlier are done by now, or will be.
                while self.closing.try_join_next().is_some() {}
                if let Some(place) = self.place(connection) {
                    let closed = self.connections.swap_remove(place);
                    if self.closing.len() < CLOSING_MAX || self.carrier == Some(connection) {
                        self.closing.spawn(closed.close());
                    }
                }
            }
            Event::StateChanged { from, to } => {
                self.since = SystemTime::now();
                debug!(%from, %to, "state changed");
            }
            Event::Established { connection, negotiated, kept } => self.established(connection, negotiated, kept)?,
            Event::Update(update) => self.take_update(&update),
            Event::RouteRefresh(family) => self.rib.refresh(self.settings.id, family)?,
            Event::RefreshBegan(family) => self.hand_over(FromPeer::RefreshBegan(family))?,
            Event::RefreshEnded(family) => self.hand_over(FromPeer::RefreshEnded(family))?,
            Event::Down { cause, keep, keep_stale } => {
                if let Some(mut exchange) = self.exchange.take() {
                    exchange.intake.last_news(exchange.inbox.take())?;
                }
                self.rib.peer_away(self.settings.id, keep, keep_stale)?;
                warn!(%cause, kept = %keep, "session is down");
                self.note(&cause);
            }
            Event::StaleExpired(families) => {
                warn!(%families, "stale routes of the peer go");
                self.hand_over(FromPeer::StaleExpired(families))?;
            }
            Event::LongLivedStale(families) => {
                warn!(%families, "routes of the peer are long-lived stale");
                self.hand_over(FromPeer::LongLivedStale(families))?;
            }
            Event::AttemptFailed { cause } => {
                let text = cause.to_string();
                // The same trouble again is no news.
                let news = self.last_error.as_ref().is_none_or(|(_, last)| *last != text);
                match news {
                    true => warn!(%cause, "no session"),
                    false => debug!(%cause, "no session"),
                }
                self.note(&cause);
            }
        }
        Ok(())
    }

    fn note(&mut self, cause: &Cause) {
        self.last_error = Some((SystemTime::now(), cause.to_string()));
    }

    fn established(
        &mut self,
        connection: ConnectionId,
        negotiated: Arc<Negotiated>,
        kept: FamilySet,
    ) -> Result<(), Gone> {
        let stream = self.connection_mut(connection).map(|connection| connection.stream());
        let addresses = stream.map(|stream| Ok::<_, io::Error>((stream.local_addr()?, stream.peer_addr()?)));
        let (local, remote) = match addresses {
            Some(Ok(addresses)) => addresses,
            Some(Err(error)) => {
                self.broken(connection, &error);
                return Ok(());
            }
            None => return Ok(()),
        };
        let facts = self.settings.facts(&negotiated, local.ip());
        info!(%local, %remote, hold_time = %negotiated.hold_time, identifier = %negotiated.peer_identifier, "session is up");
        let (import, export) = (Arc::clone(&self.settings.import), Arc::clone(&self.settings.export));
        let (intake, events) = self.rib.peer_up(facts, import, export, kept)?;
        let inbox = Inbox::default();
        self.carrier = Some(connection);
        self.exchange = Some(Exchange { connection, negotiated, local, remote, intake, events, inbox, granted: false });
        self.grant(connection)
    }

    fn take_update(&mut self, update: &Update) {
        if let Some(exchange) = &mut self.exchange {
            exchange.inbox.push_update(update);
        }
    }

    /// Brings it to the table after everything that the peer sent before.
    fn hand_over(&mut self, news: FromPeer) -> Result<(), Gone> {
        match &mut self.exchange {
            Some(exchange) => {
                exchange.inbox.push(news);
                Ok(())
            }
            None => self.rib.of_absent_peer(self.settings.id, news),
        }
    }

    /// Brings what waits to the table at once where there is room for it.
    fn hand_over_waiting(&mut self) -> Result<(), Gone> {
        let Some(exchange) = self.exchange.as_mut().filter(|exchange| !exchange.inbox.is_empty()) else {
            return Ok(());
        };
        let Some(permit) = exchange.intake.permit_now() else { return Ok(()) };
        exchange.intake.news(exchange.inbox.take(), permit)
    }

    fn status(&self) -> PeerStatus {
        let exchange = self.exchange.as_ref().filter(|_| self.session.state() == State::Established);
        let connection = exchange.and_then(|exchange| self.place(exchange.connection));
        PeerStatus {
            state: self.session.state(),
            since: self.since,
            negotiated: exchange.map(|exchange| Arc::clone(&exchange.negotiated)),
            local: exchange.map(|exchange| exchange.local),
            remote: exchange.map(|exchange| exchange.remote),
            statistics: self.session.statistics().clone(),
            last_error: self.last_error.clone(),
            faulty_updates: faults::dated(&self.session.statistics().faulty_updates, now()),
            queued_updates: connection
                .and_then(|place| self.connections.get(place))
                .map_or(0, Connection::queued_updates),
            task_failures: self.failures,
        }
    }
}

/// However the task ends, by a defect too, the table keeps none of the peer's routes, stale or not.
impl Drop for Runner {
    fn drop(&mut self) {
        if self.rib.peer_away(self.settings.id, FamilySet::EMPTY, FamilySet::EMPTY).is_err() {
            debug!("the table stopped before the peer did");
        }
    }
}

/// The future's value, or nothing ever where there is no future.
async fn or_never<T>(future: Option<impl Future<Output = T>>) -> T {
    match future {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}
