//! Routers, the connections between them, a clock that jumps to the next thing that happens, and trouble.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use bgp_core::session::{ConnectionId, Direction, Event, Input, Session, StopReason};
use bgp_core::types::{AddressFamily, Prefix};
use bytes::Bytes;

use super::dice::Dice;
use super::router::Router;
use super::stream::{Connection, End, Outbox};
use super::topology::Topology;

/// How long there is trouble.
const TROUBLE: Duration = Duration::from_mins(5);

/// How long a network without trouble may take to be as it should be: a half-open connection is noticed by the hold timer
/// at last, then both sides may wait the longest time before they start again.
const SETTLING: Duration = Duration::from_mins(10);

#[derive(Debug)]
enum Happening {
    /// The operator starts the session of a router with a neighbour.
    Start(usize, usize),
    /// What a router originates changes.
    Toggle(usize, Prefix),
    /// A router goes on deciding.
    Decide(usize),
    /// A dial arrives at the other side, …
    Called(u64),
    /// … and its answer where it came from.
    Answered(u64),
    /// A dial is refused.
    Refused(u64),
    /// Something has arrived at that side, or can be read again.
    Readable(u64, usize),
    /// That side has closed its end, and the other hears of it.
    Closed(u64, usize),
    /// Something goes wrong.
    Trouble,
}

pub struct World {
    pub now: Instant,
    dice: Dice,
    topology: Topology,
    pub identifiers: Vec<u32>,
    pub routers: Vec<Router>,
    connections: BTreeMap<u64, Connection>,
    agenda: BTreeMap<(Instant, u64), Happening>,
    order: u64,
    /// Until when the link of two routers lets no dial through, and whether it says so.
    broken: BTreeMap<(usize, usize), (Instant, bool)>,
    /// Reads of a connection are this small and this far apart.
    slow: BTreeMap<u64, (usize, Duration)>,
    /// The next octets to that side of a connection are changed on the way.
    noise: BTreeSet<(u64, usize)>,
    /// Why sessions ended.
    pub ends: BTreeSet<String>,
    /// What happened, where somebody wants to know.
    trace: Option<Vec<String>>,
    started: Instant,
}

#[allow(clippy::disallowed_methods, reason = "only the start of a virtual clock")]
fn some_instant() -> Instant {
    Instant::now()
}

/// The destinations of a world; some are originated in several places.
fn prefixes() -> Vec<Prefix> {
    let v4 = (0..8).map(|number| format!("172.16.{number}.0/24"));
    let v6 = (0..4).map(|number| format!("2001:db8:{number}::/48"));
    v4.chain(v6).map(|text| text.parse().unwrap()).collect()
}

impl World {
    pub fn new(topology: &Topology, seed: u64, tracing: bool) -> Self {
        let mut dice = Dice::new(seed);
        let mut identifiers: Vec<u32> = (0..topology.asns.len()).map(|router| 10 + 7 * router as u32).collect();
        dice.shuffle(&mut identifiers);
        let routers =
            (0..topology.asns.len()).map(|number| Router::new(number, topology, &identifiers, &mut dice)).collect();
        let now = some_instant();
        let mut world = Self {
            now,
            dice,
            topology: topology.clone(),
            identifiers,
            routers,
            connections: BTreeMap::new(),
            agenda: BTreeMap::new(),
            order: 0,
            broken: BTreeMap::new(),
            slow: BTreeMap::new(),
            noise: BTreeSet::new(),
            ends: BTreeSet::new(),
            trace: tracing.then(Vec::new),
            started: now,
        };
        for (a, b) in topology.adjacencies.clone() {
            for (router, neighbour) in [(a, b), (b, a)] {
                let delay = world.dice.millis(0..2000);
                world.later(delay, Happening::Start(router, neighbour));
            }
        }
        world
    }

    /// Changes of what is originated and trouble, both at any time, then time to settle.
    pub fn live(&mut self) {
        let trouble = usize::try_from(TROUBLE.as_millis()).unwrap();
        for _ in 0..self.dice.within(4..30) {
            let delay = self.dice.millis(0..trouble + 5000);
            let (router, prefix) = (self.dice.within(0..self.routers.len()), *self.dice.pick(&prefixes()));
            self.later(delay, Happening::Toggle(router, prefix));
        }
        for _ in 0..self.dice.within(0..12) {
            let delay = self.dice.millis(0..trouble);
            self.later(delay, Happening::Trouble);
        }
        self.run(TROUBLE);
        self.heal();
        self.run(SETTLING);
    }

    /// From now on nothing goes wrong. What was said on connections that changed octets is not relied on.
    fn heal(&mut self) {
        self.broken.clear();
        self.noise.clear();
        let tainted = self.connections.iter().filter(|(_, connection)| connection.tainted);
        for number in tainted.map(|(number, _)| *number).collect::<Vec<_>>() {
            self.cut(number, [true, true]);
        }
    }

    pub fn run(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let timer = self.routers.iter().filter_map(Router::poll_timeout).min();
            let next_happening = self.agenda.keys().next().map(|(at, _)| *at);
            let next = timer.into_iter().chain(next_happening).min();
            let Some(next) = next.filter(|at| *at <= end) else { break };
            self.now = next.max(self.now);
            if next_happening.is_some_and(|at| at <= self.now) {
                let (_, happening) = self.agenda.pop_first().expect("the next happening");
                self.note(|| format!("{happening:?}"));
                self.happen(happening);
            } else {
                self.serve_timers();
            }
        }
        self.now = end;
    }

    fn serve_timers(&mut self) {
        for router in 0..self.routers.len() {
            for neighbour in self.topology.neighbours(router) {
                let session = &mut self.routers[router].port(neighbour).session;
                if session.poll_timeout().is_some_and(|at| at <= self.now) {
                    session.handle_timeout(self.now);
                    self.settle(router, neighbour);
                }
            }
        }
    }

    fn later(&mut self, delay: Duration, happening: Happening) {
        self.at(self.now + delay, happening);
    }

    fn at(&mut self, at: Instant, happening: Happening) {
        self.order += 1;
        self.agenda.insert((at, self.order), happening);
    }

    fn note(&mut self, what: impl FnOnce() -> String) {
        let since = self.now.duration_since(self.started);
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{:9.3} {}", since.as_secs_f64(), what()));
        }
    }

    /// The last things that happened.
    pub fn trace(&self) -> String {
        let trace = self.trace.as_deref().unwrap_or_default();
        trace[trace.len().saturating_sub(2000)..].join("\n")
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Start(router, neighbour) => self.input(router, neighbour, Input::Start),
            Happening::Toggle(router, prefix) => {
                self.routers[router].toggle(prefix);
                self.decide_soon(router);
            }
            Happening::Decide(router) => self.decide(router),
            Happening::Called(number) => self.called(number),
            Happening::Answered(number) => self.answered(number),
            Happening::Refused(number) => {
                let [router, neighbour] = self.connections[&number].routers;
                let dialling = &mut self.routers[router].port(neighbour).dialling;
                if dialling.take_if(|dial| *dial == number).is_some() {
                    self.input(router, neighbour, Input::TcpFailed { reason: "refused".to_owned() });
                }
            }
            Happening::Readable(number, side) => self.read(number, side),
            Happening::Closed(number, side) => self.hear_of_the_end(number, side),
            Happening::Trouble => self.trouble(),
        }
    }

    // --- a router ---

    fn input(&mut self, router: usize, neighbour: usize, input: Input<'_>) {
        self.routers[router].port(neighbour).session.handle(input, self.now);
        self.settle(router, neighbour);
    }

    fn session(&mut self, router: usize, neighbour: usize) -> &mut Session {
        &mut self.routers[router].port(neighbour).session
    }

    /// Does what the session wants, until it wants nothing more.
    fn settle(&mut self, router: usize, neighbour: usize) {
        loop {
            while let Some(transmit) = self.session(router, neighbour).poll_transmit() {
                let number = transmit.connection.0;
                if let Some(outbox) = self.routers[router].port(neighbour).outboxes.get_mut(&number) {
                    outbox.queue_control(transmit.octets);
                }
                self.write(router, neighbour, number);
            }
            let Some(event) = self.session(router, neighbour).poll_event() else { return };
            self.heed(router, neighbour, event);
        }
    }

    fn heed(&mut self, router: usize, neighbour: usize, event: Event) {
        self.note(|| format!("  {router} of {neighbour}: {event:?}"));
        match event {
            Event::Dial => self.dial(router, neighbour),
            Event::AbandonDial => self.routers[router].port(neighbour).dialling = None,
            Event::CloseTcp { connection } => self.close(router, neighbour, connection.0),
            Event::Established { connection, negotiated, kept } => {
                let port = self.routers[router].port(neighbour);
                assert!(port.up.is_none(), "{router} is Established twice with {neighbour}");
                assert!(port.outboxes.contains_key(&connection.0), "Established on a connection that is closed");
                self.routers[router].established(router, neighbour, connection.0, negotiated, kept);
                self.decide_soon(router);
            }
            Event::Down { cause, keep, keep_stale } => {
                self.ends.insert(cause.to_string());
                assert!(self.routers[router].port(neighbour).up.is_some(), "Down without Established");
                self.routers[router].down(neighbour, keep, keep_stale);
                self.decide_soon(router);
            }
            Event::Update(update) => {
                assert!(self.routers[router].port(neighbour).up.is_some(), "routes outside Established");
                let (rib, peer) = (&mut self.routers[router].rib, super::router::peer_id(neighbour));
                rib.apply(peer, &update.reachable, &update.withdrawn);
                if let Some(family) = update.end_of_rib {
                    rib.end_of_rib_received(peer, family);
                }
                self.decide_soon(router);
            }
            Event::RouteRefresh(family) => {
                self.routers[router].rib.refresh(super::router::peer_id(neighbour), family);
                self.decide_soon(router);
            }
            Event::RefreshBegan(family) => {
                self.routers[router].rib.refresh_began(super::router::peer_id(neighbour), family);
            }
            Event::RefreshEnded(family) => {
                self.routers[router].rib.refresh_ended(super::router::peer_id(neighbour), family);
                self.decide_soon(router);
            }
            Event::StaleExpired(families) => {
                self.routers[router].rib.stale_expired(super::router::peer_id(neighbour), families);
                self.decide_soon(router);
            }
            Event::LongLivedStale(families) => {
                self.routers[router].rib.long_lived_stale(super::router::peer_id(neighbour), families);
                self.decide_soon(router);
            }
            _ => {}
        }
    }

    fn decide_soon(&mut self, router: usize) {
        if !std::mem::replace(&mut self.routers[router].deciding, true) {
            let delay = self.dice.millis(0..4);
            self.later(delay, Happening::Decide(router));
        }
    }

    fn decide(&mut self, router: usize) {
        let budget = self.dice.within(1..12);
        let left = self.routers[router].rib.decide(budget);
        self.routers[router].deciding = false;
        if left > 0 {
            self.decide_soon(router);
        } else {
            self.routers[router].changing = false;
        }
        self.hand_out(router);
    }

    fn hand_out(&mut self, router: usize) {
        for neighbour in self.topology.neighbours(router) {
            while !self.routers[router].changing
                && let Some((number, messages)) = self.routers[router].messages_for(neighbour)
            {
                self.queue_updates(router, neighbour, number, messages);
            }
        }
        if self.routers[router].rib.undecided() > 0 {
            self.decide_soon(router);
        }
    }

    fn queue_updates(&mut self, router: usize, neighbour: usize, number: u64, messages: Vec<Bytes>) {
        if let Some(outbox) = self.routers[router].port(neighbour).outboxes.get_mut(&number) {
            outbox.queue_updates(messages);
        }
        self.write(router, neighbour, number);
    }

    // --- connections ---

    fn dial(&mut self, router: usize, neighbour: usize) {
        self.order += 1;
        let number = self.order;
        self.routers[router].port(neighbour).dialling = Some(number);
        let there = self.now + self.dice.millis(0..50);
        let back = there + self.dice.millis(0..50);
        let window = self.dice.within(20..6000);
        // Nothing arrives on a connection before the connection itself.
        let ends = [End::new(back), End::new(there)];
        let connection = Connection { routers: [router, neighbour], ends, window, cut: false, tainted: false };
        self.connections.insert(number, connection);
        match self.broken.get(&pair(router, neighbour)) {
            Some((until, _)) if *until < self.now => {}
            Some((_, true)) => return self.at(back, Happening::Refused(number)),
            Some((_, false)) => return,
            None => {}
        }
        self.at(there, Happening::Called(number));
        self.at(back, Happening::Answered(number));
    }

    fn called(&mut self, number: u64) {
        let [neighbour, router] = self.connections[&number].routers;
        self.take_over(router, neighbour, number, Direction::Incoming);
    }

    fn answered(&mut self, number: u64) {
        let [router, neighbour] = self.connections[&number].routers;
        if self.routers[router].port(neighbour).dialling.take_if(|dial| *dial == number).is_some() {
            self.take_over(router, neighbour, number, Direction::Outgoing);
        } else {
            // The dial was given up meanwhile: the system closes what it got.
            self.part(router, number);
        }
    }

    fn take_over(&mut self, router: usize, neighbour: usize, number: u64, direction: Direction) {
        let connection = self.connections.get_mut(&number).expect("a connection");
        if connection.cut {
            return;
        }
        let side = usize::from(direction == Direction::Incoming);
        connection.ends[side].open = true;
        self.routers[router].port(neighbour).outboxes.insert(number, Outbox::default());
        self.input(router, neighbour, Input::TcpConnected { connection: ConnectionId(number), direction });
        let open = self.routers[router].port(neighbour).outboxes.len();
        assert!(open <= 2, "{router} has {open} connections with {neighbour}");
    }

    /// Writes what the window takes, and asks the table for more where all was taken.
    fn write(&mut self, router: usize, neighbour: usize, number: u64) {
        let connection = &self.connections[&number];
        let to = 1 - connection.side_of(router);
        let room = connection.window.saturating_sub(connection.ends[to].unread());
        let Some(outbox) = self.routers[router].port(neighbour).outboxes.get_mut(&number) else { return };
        let (octets, updates) = outbox.write(room);
        let drained = outbox.queued_updates() == 0;
        if octets.is_empty() {
            return;
        }
        self.send(number, to, &octets);
        let written = Input::Written { connection: ConnectionId(number), updates };
        let now = self.now;
        self.session(router, neighbour).handle(written, now);
        if drained {
            self.routers[router].grant(neighbour, number);
            self.decide_soon(router);
        }
    }

    /// In pieces, each with its own delay and none before the last.
    fn send(&mut self, number: u64, to: usize, octets: &[u8]) {
        let mut left = octets;
        while !left.is_empty() {
            let size = self.dice.within(1..60).min(left.len());
            let (piece, rest) = left.split_at(size);
            left = rest;
            let mut piece = piece.to_vec();
            let connection = self.connections.get_mut(&number).expect("a connection");
            if self.noise.remove(&(number, to)) {
                connection.tainted = true;
                let place = self.dice.within(0..piece.len());
                piece[place] ^= 1 << self.dice.within(0..8);
            }
            let arrival = arrival(&mut connection.ends[to], self.now + self.dice.millis(0..50));
            connection.ends[to].incoming.push_back((arrival, piece));
            if !connection.cut {
                self.at(arrival, Happening::Readable(number, to));
            }
        }
    }

    fn read(&mut self, number: u64, side: usize) {
        let connection = self.connections.get_mut(&number).expect("a connection");
        let (router, neighbour) = (connection.routers[side], connection.routers[1 - side]);
        if connection.cut || !connection.ends[side].open {
            return;
        }
        let end = &mut connection.ends[side];
        if end.stalled_until > self.now {
            let at = end.stalled_until;
            return self.at(at, Happening::Readable(number, side));
        }
        let slow = self.slow.get(&number).copied();
        let octets = end.read(self.now, slow.map_or(4096, |(most, _)| most));
        if octets.is_empty() {
            return;
        }
        if let Some((_, pause)) = slow {
            end.stalled_until = self.now + pause;
            let at = end.stalled_until;
            self.at(at, Happening::Readable(number, side));
        }
        self.input(router, neighbour, Input::Received { connection: ConnectionId(number), octets: &octets });
        // The window has opened for the other side.
        self.write(neighbour, router, number);
        self.settle(neighbour, router);
    }

    /// The session closes its end: what was begun is finished, then the other side hears of it.
    fn close(&mut self, router: usize, neighbour: usize, number: u64) {
        let Some(outbox) = self.routers[router].port(neighbour).outboxes.remove(&number) else { return };
        let to = 1 - self.connections[&number].side_of(router);
        self.send(number, to, &outbox.farewell());
        self.part(router, number);
    }

    /// The other side learns of the end after everything that is on its way.
    fn part(&mut self, router: usize, number: u64) {
        let connection = self.connections.get_mut(&number).expect("a connection");
        let side = connection.side_of(router);
        connection.ends[side].open = false;
        if !connection.cut {
            let at = arrival(&mut connection.ends[1 - side], self.now + self.dice.millis(0..50));
            self.at(at, Happening::Closed(number, 1 - side));
        }
    }

    fn hear_of_the_end(&mut self, number: u64, side: usize) {
        let connection = self.connections.get_mut(&number).expect("a connection");
        let end = &mut connection.ends[side];
        if end.open && !connection.cut && end.unread() > 0 {
            // What came before the end is read before the end is.
            let at = end.stalled_until.max(self.now + Duration::from_millis(1));
            self.at(at, Happening::Readable(number, side));
            return self.at(at, Happening::Closed(number, side));
        }
        if std::mem::take(&mut end.open) {
            let (router, neighbour) = (connection.routers[side], connection.routers[1 - side]);
            self.routers[router].port(neighbour).outboxes.remove(&number);
            let reason = "closed by the peer".to_owned();
            self.input(router, neighbour, Input::TcpClosed { connection: ConnectionId(number), reason });
        }
    }

    // --- trouble ---

    fn trouble(&mut self) {
        let (a, b) = *self.dice.pick(&self.topology.adjacencies);
        let (router, neighbour) = if self.dice.one_in(2) { (a, b) } else { (b, a) };
        let open: Vec<u64> = self.open_between(a, b);
        let told = [self.dice.one_in(2), self.dice.one_in(2)];
        let kind = self.dice.within(0..7);
        self.note(|| format!("trouble {kind} between {a} and {b}, {told:?} are told"));
        match kind {
            0 => open.into_iter().for_each(|number| self.cut(number, told)),
            1 => {
                let until = self.now + self.dice.millis(0..120_000);
                let says_so = self.dice.one_in(2);
                self.broken.insert((a, b), (until, says_so));
                open.into_iter().for_each(|number| self.cut(number, told));
            }
            2 => {
                let until = self.now + self.dice.millis(0..100_000);
                let side = self.dice.within(0..2);
                for number in open {
                    self.connections.get_mut(&number).expect("a connection").ends[side].stalled_until = until;
                }
            }
            3 => {
                let side = self.dice.within(0..2);
                self.noise.extend(open.into_iter().map(|number| (number, side)));
            }
            4 => {
                let pace = (self.dice.within(1..40), self.dice.millis(1..300));
                self.slow.extend(open.into_iter().map(|number| (number, pace)));
            }
            5 => {
                self.input(router, neighbour, Input::RequestRefresh(AddressFamily::ALL[self.dice.clone().within(0..2)]))
            }
            _ => {
                let reasons = [
                    StopReason::AdministrativeReset,
                    StopReason::AdministrativeShutdown("maintenance".to_owned()),
                    StopReason::Silent,
                ];
                let reason = self.dice.pick(&reasons).clone();
                self.input(router, neighbour, Input::Stop(reason));
                let delay = self.dice.millis(0..60_000);
                self.later(delay, Happening::Start(router, neighbour));
            }
        }
    }

    /// Nothing gets through a connection any more; these sides learn of it.
    fn cut(&mut self, number: u64, told: [bool; 2]) {
        self.connections.get_mut(&number).expect("a connection").cut = true;
        for side in [0, 1] {
            if told[side] {
                self.at(self.now, Happening::Closed(number, side));
            }
        }
    }

    /// The connections of two routers that at least one of them has.
    pub fn open_between(&self, a: usize, b: usize) -> Vec<u64> {
        let between = self.connections.iter().filter(|(_, connection)| {
            let [dialler, other] = connection.routers;
            pair(dialler, other) == pair(a, b) && connection.ends.iter().any(|end| end.open)
        });
        between.map(|(number, _)| *number).collect()
    }

    pub fn is_whole(&self, number: u64) -> bool {
        self.connections[&number].is_whole()
    }
}

fn pair(a: usize, b: usize) -> (usize, usize) {
    (a.min(b), a.max(b))
}

/// The arrival of what is sent next, not before `earliest` or what was sent before.
fn arrival(end: &mut End, earliest: Instant) -> Instant {
    end.last_arrival = (end.last_arrival + Duration::from_micros(1)).max(earliest);
    end.last_arrival
}
