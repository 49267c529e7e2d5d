//! Two sessions on a virtual clock over links that delay, cut into pieces and break. A failing seed is printed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::*;

/// Numbers of a seed (xorshift64*).
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % end
    }

    fn millis(&mut self, end: u64) -> Duration {
        Duration::from_millis(self.below(end))
    }
}

#[derive(Debug)]
enum Happening {
    Start,
    Connected(u64, Direction),
    Octets(u64, Vec<u8>),
    Closed(u64),
    Refused(u64),
}

/// One TCP connection; sides are 0 and 1.
struct Link {
    /// When the last octet sent to each side arrives; what is sent later arrives no earlier.
    last_arrival: [Instant; 2],
    /// Which sides still have it.
    open: [bool; 2],
    /// The side that dialled.
    dialler: usize,
    established_seen: bool,
}

/// What a side holds of the other's routes, as a table would that follows the events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    Nothing,
    Fresh,
    /// Since then.
    Stale(Instant),
}

struct World {
    now: Instant,
    seed: u64,
    dice: Dice,
    sessions: [Session; 2],
    links: BTreeMap<u64, Link>,
    dialling: [Option<u64>; 2],
    queue: BTreeMap<(Instant, u64), (usize, Happening)>,
    order: u64,
    /// On which link each side is Established.
    up: [Option<u64>; 2],
    updates: [u64; 2],
    /// What each side holds of the other's routes.
    holds: [Holds; 2],
    /// How often a side lost them.
    lost: [u32; 2],
    /// Nobody accepts connections.
    unreachable: bool,
}

impl World {
    fn new(seed: u64, identifiers: [u32; 2]) -> Self {
        Self::with(seed, identifiers, RestartConfig::HELPER)
    }

    fn with(seed: u64, identifiers: [u32; 2], graceful_restart: RestartConfig) -> Self {
        let now = some_instant();
        let configs = [config(64512, identifiers[0], 65001), config(65001, identifiers[1], 64512)];
        let [a, b] =
            configs.map(|config| SessionConfig { connect_retry: Duration::from_secs(5), graceful_restart, ..config });
        let mut world = Self {
            now,
            seed,
            dice: Dice::new(seed),
            sessions: [Session::new(a, seed * 2), Session::new(b, seed * 2 + 1)],
            links: BTreeMap::new(),
            dialling: [None, None],
            queue: BTreeMap::new(),
            order: 0,
            up: [None, None],
            updates: [0, 0],
            holds: [Holds::Nothing; 2],
            lost: [0, 0],
            unreachable: false,
        };
        for side in 0..2 {
            let delay = world.dice.millis(20);
            world.later(delay, side, Happening::Start);
        }
        world
    }

    fn later(&mut self, delay: Duration, side: usize, happening: Happening) {
        self.at(self.now + delay, side, happening);
    }

    fn at(&mut self, at: Instant, side: usize, happening: Happening) {
        self.order += 1;
        self.queue.insert((at, self.order), (side, happening));
    }

    fn run_until(&mut self, end: Instant) {
        loop {
            let timer = self.sessions.iter().filter_map(Session::poll_timeout).min();
            let queued = self.queue.keys().next().map(|(at, _)| *at);
            let Some(next) = timer.into_iter().chain(queued).min().filter(|at| *at <= end) else { break };
            self.now = next.max(self.now);
            if queued.is_some_and(|at| at <= self.now) {
                let (_, (side, happening)) = self.queue.pop_first().unwrap();
                self.happen(side, happening);
            } else {
                for side in 0..2 {
                    self.sessions[side].handle_timeout(self.now);
                    self.drain(side);
                }
            }
        }
        self.now = end;
    }

    fn run(&mut self, time: Duration) {
        self.run_until(self.now + time);
    }

    fn happen(&mut self, side: usize, happening: Happening) {
        let now = self.now;
        let session = &mut self.sessions[side];
        match happening {
            Happening::Start => session.handle(Input::Start, now),
            Happening::Connected(link, direction) => {
                if direction == Direction::Outgoing {
                    if self.dialling[side] != Some(link) {
                        return;
                    }
                    self.dialling[side] = None;
                }
                self.links.get_mut(&link).unwrap().open[side] = true;
                session.handle(Input::TcpConnected { connection: ConnectionId(link), direction }, now);
            }
            Happening::Refused(link) => {
                if self.dialling[side] == Some(link) {
                    self.dialling[side] = None;
                    session.handle(Input::TcpFailed { reason: "refused".to_owned() }, now);
                }
            }
            Happening::Octets(link, octets) => {
                if self.links[&link].open[side] {
                    session.handle(Input::Received { connection: ConnectionId(link), octets: &octets }, now);
                }
            }
            Happening::Closed(link) => {
                if std::mem::take(&mut self.links.get_mut(&link).unwrap().open[side]) {
                    let reason = "closed by peer".to_owned();
                    session.handle(Input::TcpClosed { connection: ConnectionId(link), reason }, now);
                }
            }
        }
        self.drain(side);
    }

    fn drain(&mut self, side: usize) {
        while let Some(transmit) = self.sessions[side].poll_transmit() {
            self.send(side, transmit.connection.0, &transmit.octets);
        }
        while let Some(event) = self.sessions[side].poll_event() {
            match event {
                Event::Dial => self.dial(side),
                Event::AbandonDial => self.abandon(side),
                Event::CloseTcp { connection } => self.close(side, connection.0),
                Event::Established { connection, kept, .. } => {
                    assert_eq!(self.up[side], None, "seed {}: Established twice", self.seed);
                    self.keep(side, kept);
                    self.up[side] = Some(connection.0);
                    self.links.get_mut(&connection.0).unwrap().established_seen = true;
                    let marker = message::packing::end_of_rib_marker(AddressFamily::Ipv4Unicast);
                    self.send(side, connection.0, &marker);
                }
                Event::Down { keep, keep_stale, .. } => {
                    assert!(self.up[side].take().is_some(), "seed {}: Down without Established", self.seed);
                    match self.holds[side] {
                        Holds::Stale(_) => self.keep(side, keep_stale),
                        Holds::Fresh => self.keep(side, keep),
                        Holds::Nothing => {}
                    }
                }
                Event::Update(_) => {
                    assert!(self.up[side].is_some(), "seed {}: routes outside Established", self.seed);
                    self.updates[side] += 1;
                    self.holds[side] = Holds::Fresh;
                }
                Event::StaleExpired(_) => {
                    assert!(matches!(self.holds[side], Holds::Stale(_)), "seed {}: nothing was stale", self.seed);
                    self.keep(side, FamilySet::EMPTY);
                }
                Event::StateChanged { .. }
                | Event::RouteRefresh(_)
                | Event::RefreshBegan(_)
                | Event::RefreshEnded(_)
                | Event::LongLivedStale(_)
                | Event::AttemptFailed { .. } => {}
            }
        }
    }

    /// Routes stay, stale, where the family is among these; else they are lost.
    fn keep(&mut self, side: usize, families: FamilySet) {
        let kept = families.contains(AddressFamily::Ipv4Unicast);
        self.holds[side] = match self.holds[side] {
            Holds::Nothing => Holds::Nothing,
            Holds::Stale(since) if kept => Holds::Stale(since),
            Holds::Fresh if kept => Holds::Stale(self.now),
            Holds::Fresh | Holds::Stale(_) => {
                self.lost[side] += 1;
                Holds::Nothing
            }
        };
    }

    fn dial(&mut self, side: usize) {
        self.abandon(side);
        self.order += 1;
        let number = self.order;
        self.dialling[side] = Some(number);
        let there = self.now + self.dice.millis(50);
        let back = there + self.dice.millis(50);
        if self.unreachable {
            return self.at(back, side, Happening::Refused(number));
        }
        // Nothing arrives on a connection before the connection itself.
        let last_arrival = if side == 0 { [back, there] } else { [there, back] };
        let link = Link { last_arrival, open: [false, false], dialler: side, established_seen: false };
        self.links.insert(number, link);
        self.at(there, 1 - side, Happening::Connected(number, Direction::Incoming));
        self.at(back, side, Happening::Connected(number, Direction::Outgoing));
    }

    fn abandon(&mut self, side: usize) {
        if let Some(link) = self.dialling[side].take() {
            self.part(side, link);
        }
    }

    fn close(&mut self, side: usize, link: u64) {
        self.links.get_mut(&link).unwrap().open[side] = false;
        self.part(side, link);
    }

    /// The other side learns of the end after everything that is on its way.
    fn part(&mut self, side: usize, link: u64) {
        if let Some(at) = self.arrival(1 - side, link) {
            self.at(at, 1 - side, Happening::Closed(link));
        }
    }

    fn arrival(&mut self, to: usize, link: u64) -> Option<Instant> {
        let delay = self.dice.millis(50);
        let last = &mut self.links.get_mut(&link)?.last_arrival[to];
        *last = (*last + Duration::from_micros(1)).max(self.now + delay);
        Some(*last)
    }

    fn send(&mut self, from: usize, link: u64, octets: &[u8]) {
        let mut left = octets;
        while !left.is_empty() {
            let size = usize::try_from(1 + self.dice.below(40)).unwrap().min(left.len());
            let (piece, rest) = left.split_at(size);
            left = rest;
            if let Some(at) = self.arrival(1 - from, link) {
                self.at(at, 1 - from, Happening::Octets(link, piece.to_vec()));
            }
        }
        let written = Input::Written { connection: ConnectionId(link), updates: 0 };
        self.sessions[from].handle(written, self.now);
    }

    /// Breaks every connection: both sides learn of it, or one only, or none.
    fn cut(&mut self) {
        let links: Vec<u64> = self.links.keys().copied().collect();
        let told = self.dice.below(4);
        for link in links {
            for side in 0..2 {
                self.queue.retain(|_, (to, happening)| {
                    let lost =
                        matches!(happening, Happening::Octets(of, _) | Happening::Connected(of, _) if *of == link);
                    !(*to == side && lost)
                });
                if (told >> side) & 1 == 1 {
                    self.at(self.now, side, Happening::Closed(link));
                }
                if self.dialling[side] == Some(link) {
                    self.at(self.now, side, Happening::Refused(link));
                }
            }
            // What is written to it from now on arrives nowhere.
            self.links.get_mut(&link).unwrap().last_arrival = [self.now + Duration::from_secs(1_000_000); 2];
        }
    }

    fn is_converged(&self) -> bool {
        self.up[0].is_some() && self.up[0] == self.up[1]
    }
}

#[test]
fn check_26_a_simultaneous_open_leaves_one_session_within_ten_seconds() {
    for seed in 0..2000 {
        let identifiers = if seed % 2 == 0 { [10, 20] } else { [20, 10] };
        let mut world = World::new(seed, identifiers);
        world.run(Duration::from_secs(10));
        assert!(world.is_converged(), "seed {seed}: {:?}", world.up);
        assert_eq!(world.updates, [1, 1], "seed {seed}");
        let open = world.links.values().filter(|link| link.open == [true, true]).count();
        assert_eq!(open, 1, "seed {seed}");
    }
}

#[test]
fn a_collision_is_settled_for_the_higher_identifier() {
    let mut collisions = 0;
    for seed in 0..500 {
        let mut world = World::new(seed, [10, 20]);
        world.run(Duration::from_secs(10));
        let both_dialled = world.links.len() == 2;
        let Some(kept) = world.up[0].filter(|_| both_dialled) else { continue };
        let lower_kept = world.links[&kept].dialler == 0;
        let other_was_confirmed = world.links.iter().any(|(link, other)| *link != kept && other.established_seen);
        assert!(!other_was_confirmed, "seed {seed}");
        collisions += u32::from(!lower_kept);
    }
    assert!(collisions > 100, "{collisions}");
}

#[test]
fn a_session_comes_back_after_any_cut() {
    for seed in 0..500 {
        let mut world = World::new(seed, [10, 20]);
        for _ in 0..3 {
            let time = world.dice.millis(20_000);
            world.run(time);
            world.cut();
        }
        // A half-open connection is noticed by the hold timer at the latest, whose initial value is the longest.
        world.run(SessionConfig::INITIAL_HOLD + IDLE_HOLD_MAX + Duration::from_secs(10));
        assert!(
            world.is_converged(),
            "seed {seed}: {:?} {:?}",
            world.up,
            world.sessions.each_ref().map(Session::state)
        );
    }
}

#[test]
fn a_peer_that_is_away_is_found_when_it_returns() {
    for seed in 0..200 {
        let mut world = World::new(seed, [10, 20]);
        world.unreachable = true;
        world.run(Duration::from_secs(300));
        assert_eq!(world.up, [None, None]);
        world.unreachable = false;
        world.run(Duration::from_secs(6));
        assert!(world.is_converged(), "seed {seed}");
    }
}

#[test]
fn an_idle_session_stays_up_for_days() {
    let mut world = World::new(1, [10, 20]);
    world.run(Duration::from_hours(48));
    assert!(world.is_converged());
    assert_eq!(world.sessions.each_ref().map(|session| session.statistics().established), [1, 1]);
}

fn full(notification: bool) -> RestartConfig {
    RestartConfig { mode: RestartMode::Full, notification, ..RestartConfig::HELPER }
}

#[test]
fn check_77_to_82_no_route_is_lost_over_cuts_that_end_within_the_restart_time() {
    let mut superseded = 0;
    for seed in 0..500 {
        let mut world = World::with(seed, if seed % 2 == 0 { [10, 20] } else { [20, 10] }, full(true));
        world.run(Duration::from_secs(10));
        assert_eq!(world.holds, [Holds::Fresh; 2], "seed {seed}");
        for _ in 0..3 {
            world.cut();
            // A half-open connection is noticed by the hold timer at the latest.
            let time = Duration::from_secs(90 + 30) + world.dice.millis(20_000);
            world.run(time);
            assert!(world.is_converged(), "seed {seed}: {:?}", world.up);
        }
        assert_eq!((world.holds, world.lost), ([Holds::Fresh; 2], [0, 0]), "seed {seed}");
        let causes = world.sessions.each_ref().map(|session| session.statistics().last_error.clone());
        superseded += causes.iter().flatten().filter(|(_, cause)| *cause == Cause::Superseded).count();
    }
    assert!(superseded > 100, "only {superseded} sessions gave way to a new connection");
}

#[test]
fn check_81_routes_of_a_peer_that_stays_away_are_lost_after_its_restart_time() {
    for seed in 0..100 {
        let mut world = World::with(seed, [10, 20], full(true));
        world.run(Duration::from_secs(10));
        world.unreachable = true;
        world.cut();
        world.run(Duration::from_secs(90 + 120 + 1));
        assert_eq!((world.holds, world.lost), ([Holds::Nothing; 2], [1, 1]), "seed {seed}");
        world.unreachable = false;
        world.run(Duration::from_secs(125 + 10));
        assert_eq!((world.holds, world.lost), ([Holds::Fresh; 2], [1, 1]), "seed {seed}");
    }
}

#[test]
fn nothing_stays_stale_beyond_its_time_whatever_is_cut() {
    for seed in 0..500 {
        let mut world = World::with(seed, [10, 20], full(seed % 2 == 0));
        for _ in 0..20 {
            let time = world.dice.millis(60_000);
            world.run(time);
            for held in world.holds {
                let Holds::Stale(since) = held else { continue };
                let longest = RestartConfig::STALE_TIME + Duration::from_secs(120);
                assert!(world.now - since <= longest, "seed {seed}");
            }
            world.unreachable = world.dice.below(3) == 0;
            world.cut();
        }
        world.unreachable = false;
        world.run(SessionConfig::INITIAL_HOLD + IDLE_HOLD_MAX + Duration::from_secs(10));
        assert_eq!(world.holds, [Holds::Fresh; 2], "seed {seed}: {:?}", world.up);
    }
}
