//! A real router on the far side: asked through its own command line, in its own words.

mod bird;
mod frr;
mod gobgp;
mod openbgpd;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use anyhow::{Context, Result, ensure};

use crate::command::Tool;

/// The address families of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    Ipv4,
    Ipv6,
}

/// A route as the router has it from aliasd.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    pub next_hop: String,
    /// AS numbers, separated by spaces.
    pub as_path: String,
    pub med: Option<u64>,
    /// As `high:low`, in the router's order; only where they were asked for (see [`Router::route`]).
    pub communities: Vec<String>,
    /// The router's own mark of when it took the route: it changes with every new announcement of it. Empty where there is
    /// none (FRR).
    pub taken: Mark,
}

/// Tells a session, or the taking of a route, from the next one.
#[derive(Clone, Debug)]
pub enum Mark {
    /// What the router has for it.
    Text(String),
    /// A time of day in milliseconds, from a router that computes it anew at each question, with another result now and then.
    TimeOfDay { millis: u64 },
}

impl Mark {
    /// How much the same time may differ.
    const INEXACT_MILLIS: u64 = 20;
}

impl PartialEq for Mark {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(one), Self::Text(other)) => one == other,
            (Self::TimeOfDay { millis }, Self::TimeOfDay { millis: other }) => {
                millis.abs_diff(*other) <= Self::INEXACT_MILLIS
            }
            (Self::Text(_), Self::TimeOfDay { .. }) | (Self::TimeOfDay { .. }, Self::Text(_)) => false,
        }
    }
}

impl From<String> for Mark {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// Routes from aliasd by prefix.
pub type Routes = BTreeMap<String, Route>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Software {
    Bird,
    Frr,
    Gobgp,
    Openbgpd,
}

impl Software {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Bird, Self::Frr, Self::Gobgp, Self::Openbgpd];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Bird => "BIRD",
            Self::Frr => "FRR",
            Self::Gobgp => "GoBGP",
            Self::Openbgpd => "OpenBGPD",
        }
    }

    /// Its own AS number.
    pub const fn asn(self) -> u32 {
        match self {
            Self::Bird => 65001,
            Self::Frr => 65002,
            Self::Gobgp => 65003,
            Self::Openbgpd => 65004,
        }
    }

    /// Its address in a lab, which is its BGP Identifier too.
    pub const fn loopback(self) -> Ipv4Addr {
        match self {
            Self::Bird => Ipv4Addr::new(127, 0, 0, 2),
            Self::Frr => Ipv4Addr::new(127, 0, 0, 3),
            Self::Gobgp => Ipv4Addr::new(127, 0, 0, 4),
            Self::Openbgpd => Ipv4Addr::new(127, 0, 0, 5),
        }
    }
}

/// A running router.
#[derive(Clone, Debug)]
pub struct Router {
    pub software: Software,
    /// `birdc`, `vtysh`, `gobgp` or `bgpctl`, wherever the router runs.
    command_line: Tool,
    /// aliasd's address as the router knows it.
    neighbor: String,
}

impl Router {
    pub fn new(software: Software, command_line: Tool, neighbor: impl Into<String>) -> Self {
        Self { software, command_line, neighbor: neighbor.into() }
    }

    /// The same router, with a session with aliasd at another address.
    #[must_use]
    pub fn over(&self, neighbor: String) -> Self {
        Self { neighbor, ..self.clone() }
    }

    pub const fn name(&self) -> &'static str {
        self.software.name()
    }

    /// What it announces from the start.
    pub const fn announces(&self, family: Family) -> &'static [&'static str] {
        match (self.software, family) {
            (Software::Bird, Family::Ipv4) => &["172.16.1.0/24", "172.16.2.0/24"],
            (Software::Bird, Family::Ipv6) => &["fd00:1::/48"],
            (Software::Frr, Family::Ipv4) => &["172.17.1.0/24", "172.17.2.0/24"],
            (Software::Frr, Family::Ipv6) => &["fd00:2::/48"],
            (Software::Gobgp, Family::Ipv4) => &["172.18.1.0/24", "172.18.2.0/24"],
            (Software::Gobgp, Family::Ipv6) => &["fd00:3::/48"],
            (Software::Openbgpd, Family::Ipv4) => &["172.19.1.0/24", "172.19.2.0/24"],
            (Software::Openbgpd, Family::Ipv6) => &["fd00:4::/48"],
        }
    }

    /// What it announces between [`Router::announce_later`] and [`Router::withdraw_later`].
    pub const fn later(&self) -> &'static str {
        match self.software {
            Software::Bird => "172.16.9.0/24",
            Software::Frr => "172.17.9.0/24",
            Software::Gobgp => "172.18.9.0/24",
            Software::Openbgpd => "172.19.9.0/24",
        }
    }

    /// Lets it announce what its configuration does not.
    pub fn announce_first(&self) -> Result<()> {
        if self.software == Software::Gobgp {
            for family in [Family::Ipv4, Family::Ipv6] {
                self.announces(family).iter().try_for_each(|prefix| gobgp::announce(self, family, prefix))?;
            }
        }
        Ok(())
    }

    pub fn announce_later(&self) -> Result<()> {
        match self.software {
            Software::Bird => bird::announce_later(self),
            Software::Frr => frr::announce_later(self),
            Software::Gobgp => gobgp::announce_later(self),
            Software::Openbgpd => openbgpd::announce_later(self),
        }
    }

    pub fn withdraw_later(&self) -> Result<()> {
        match self.software {
            Software::Bird => bird::withdraw_later(self),
            Software::Frr => frr::withdraw_later(self),
            Software::Gobgp => gobgp::withdraw_later(self),
            Software::Openbgpd => openbgpd::withdraw_later(self),
        }
    }

    /// Which session with aliasd this is, in the router's own form: another session is another text, and with FRR also
    /// another UPDATE. Fails unless it is Established.
    pub fn session(&self) -> Result<Mark> {
        match self.software {
            Software::Bird => bird::session(self),
            Software::Frr => frr::session(self).map(Mark::Text),
            Software::Gobgp => gobgp::session(self).map(Mark::Text),
            Software::Openbgpd => openbgpd::session(self).map(Mark::Text),
        }
        .with_context(|| self.name())
    }

    /// All it says about why the last session with aliasd ended.
    pub fn last_error(&self) -> Result<String> {
        match self.software {
            Software::Bird => bird::last_error(self),
            Software::Frr => frr::last_error(self),
            Software::Gobgp => gobgp::last_error(self),
            Software::Openbgpd => openbgpd::last_error(self),
        }
    }

    /// The routes it has from aliasd.
    pub fn routes(&self, family: Family) -> Result<Routes> {
        match self.software {
            Software::Bird => bird::routes(self, family),
            Software::Frr => frr::routes(self, family),
            Software::Gobgp => gobgp::routes(self, family),
            Software::Openbgpd => openbgpd::routes(self, family),
        }
        .with_context(|| self.name())
    }

    /// One route with its communities.
    pub fn route(&self, family: Family, prefix: &str) -> Result<Route> {
        let mut route = self
            .routes(family)?
            .remove(prefix)
            .with_context(|| format!("{} has no route to {prefix} from aliasd", self.name()))?;
        if self.software == Software::Frr {
            route.communities = frr::communities(self, family, prefix)?;
        }
        Ok(route)
    }

    /// Fails unless the routes from aliasd are exactly those.
    pub fn has_exactly(&self, family: Family, prefixes: &[&str]) -> Result<()> {
        let routes = self.routes(family)?;
        let seen: Vec<&str> = routes.keys().map(String::as_str).collect();
        let mut expected = prefixes.to_vec();
        expected.sort_unstable();
        ensure!(seen == expected, "{} has {seen:?} from aliasd, not {expected:?}", self.name());
        Ok(())
    }

    fn ask(&self, args: &[&str]) -> Result<String> {
        self.command_line.run(args)
    }
}
