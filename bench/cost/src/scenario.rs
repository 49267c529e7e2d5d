//! What is played.

use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use bgp_core::attribute::{DecodeContext, PathAttributes};
use bgp_core::message::Update;
use bgp_core::types::Prefix;
use bgp_core::wire::framer::{HEADER_LEN, first_message_len};
use feed::{Announcer, Feed, next_hop};

use crate::router::Router;

/// Feeders of the same routes, and receivers of one group.
const MANY: u32 = 10;

/// Routes taken from one feeder before the next one's turn.
const TURN: usize = 256;

/// A way of routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// From octets to attributes and prefixes, no table.
    Decode,
    /// One feeder, one receiver.
    Transit,
    /// Ten feeders of the same prefixes, one receiver.
    Alternatives,
    /// One feeder, ten receivers.
    FanOut,
    /// Our own routes, then a session comes up.
    Originate,
    /// One feeder takes back all that one receiver has.
    Withdraw,
}

/// What is ready before anything is counted.
pub struct Stage {
    router: Router,
    feeds: Vec<Arc<[u8]>>,
    own: Vec<Prefix>,
}

/// What there is afterwards.
#[expect(dead_code, reason = "held while memory is measured")]
pub struct Held(Router, Vec<Arc<[u8]>>);

impl Scenario {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Decode, Self::Transit, Self::Alternatives, Self::FanOut, Self::Originate, Self::Withdraw];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Decode => "decode",
            Self::Transit => "transit",
            Self::Alternatives => "alternatives",
            Self::FanOut => "fan-out",
            Self::Originate => "originate",
            Self::Withdraw => "withdraw",
        }
    }

    /// The scenario of this name.
    pub fn called(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|scenario| scenario.name() == name);
        found.with_context(|| format!("no scenario {name:?}"))
    }

    /// Routes that come in, or are originated, where there are so many prefixes.
    pub const fn routes(self, prefixes: usize) -> usize {
        prefixes * self.feeders() as usize
    }

    /// Whether the routes are still there at its end.
    pub const fn holds_routes(self) -> bool {
        !matches!(self, Self::Decode | Self::Withdraw)
    }

    const fn feeders(self) -> u32 {
        if matches!(self, Self::Alternatives) { MANY } else { 1 }
    }

    /// Makes ready what is not counted.
    pub fn prepare(self, prefixes: usize) -> Result<Stage> {
        let receivers = match self {
            Self::Decode | Self::Originate => 0,
            Self::FanOut => MANY,
            Self::Transit | Self::Alternatives | Self::Withdraw => 1,
        };
        let mut router = Router::new(self.feeders(), receivers)?;
        let routes = Feed::generate(prefixes, 1);
        let mut feeds = Vec::new();
        for number in 0..self.feeders() {
            let announcer = Announcer { asn: 64512 + number, next_hop: next_hop(u8::try_from(number + 1)?) };
            feeds.push(routes.announcement(&announcer));
        }
        let mut own = Vec::new();
        if self == Self::Originate {
            for prefix in routes.sets().iter().flat_map(|(_, prefixes)| prefixes) {
                own.push(Prefix::new(prefix.network().into(), prefix.len())?);
            }
        }
        if self == Self::Withdraw {
            feed(&mut router, &feeds)?;
            feeds = vec![routes.withdrawal()];
        }
        Ok(Stage { router, feeds, own })
    }

    /// Plays it.
    pub fn play(self, stage: Stage) -> Result<Held> {
        let Stage { mut router, feeds, own } = stage;
        let mut done = Ok(());
        counted(&mut || {
            done = match self {
                Self::Decode => decode(&feeds),
                Self::Originate => originate(&mut router, &own),
                _ => feed(&mut router, &feeds),
            };
        });
        done?;
        ensure!(self == Self::Decode || router.sent > 0, "nothing was sent");
        Ok(Held(router, feeds))
    }
}

/// Only what happens in here is counted.
#[inline(never)]
fn counted(play: &mut dyn FnMut()) {
    play();
}

fn decode(feeds: &[Arc<[u8]>]) -> Result<()> {
    let context = DecodeContext::default();
    for feed in feeds {
        let mut octets = &feed[..];
        while let Some(length) = first_message_len(octets) {
            let (message, rest) = octets.split_at_checked(length).context("a message that is cut short")?;
            let update = Update::decode(message.get(HEADER_LEN..).context("a header")?, &context)?;
            if !update.faults.is_empty() {
                bail!("a faulty UPDATE: {:?}", update.faults);
            }
            octets = rest;
        }
    }
    Ok(())
}

/// The feeders take turns, so that better and worse paths come in any order.
fn feed(router: &mut Router, feeds: &[Arc<[u8]>]) -> Result<()> {
    let mut left: Vec<&[u8]> = feeds.iter().map(|feed| &feed[..]).collect();
    while left.iter().any(|octets| !octets.is_empty()) {
        for (octets, feeder) in left.iter_mut().zip(0..) {
            *octets = router.take(feeder, octets, TURN)?;
        }
        router.work();
    }
    router.settle();
    Ok(())
}

fn originate(router: &mut Router, own: &[Prefix]) -> Result<()> {
    let (attributes, tag) = (Arc::new(PathAttributes::default()), Arc::from("pods"));
    for prefix in own {
        router.originate(*prefix, &attributes, &tag);
    }
    router.settle();
    router.add_peer(1)?;
    router.settle();
    Ok(())
}
