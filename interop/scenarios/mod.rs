//! The scenarios, one folder each: `compose.yaml` says who takes part, `mod.rs` what must be so.

mod bad_inventory;
mod clock_jump;
mod daemon_restart;
mod establish;
mod faults;
mod ipv6;
mod kill_nine;
mod learn;
mod make_before_break;
mod maximum_prefix;
mod originate;
mod outages;
mod plan_and_guard;
mod router_restart;
mod silent_peer;
mod withdraw;

use anyhow::Result;

use crate::project::Project;

/// A scenario.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Its name and that of its folder.
    pub name: &'static str,
    /// What must be so once its containers run.
    pub check: fn(&Project) -> Result<()>,
}

/// All of them; the longest first.
pub const ALL: &[Scenario] = &[
    Scenario { name: "silent_peer", check: silent_peer::check },
    Scenario { name: "faults", check: faults::check },
    Scenario { name: "kill_nine", check: kill_nine::check },
    Scenario { name: "maximum_prefix", check: maximum_prefix::check },
    Scenario { name: "make_before_break", check: make_before_break::check },
    Scenario { name: "outages", check: outages::check },
    Scenario { name: "clock_jump", check: clock_jump::check },
    Scenario { name: "bad_inventory", check: bad_inventory::check },
    Scenario { name: "establish", check: establish::check },
    Scenario { name: "originate", check: originate::check },
    Scenario { name: "withdraw", check: withdraw::check },
    Scenario { name: "plan_and_guard", check: plan_and_guard::check },
    Scenario { name: "learn", check: learn::check },
    Scenario { name: "ipv6", check: ipv6::check },
    Scenario { name: "daemon_restart", check: daemon_restart::check },
    Scenario { name: "router_restart", check: router_restart::check },
];

/// What aliasd makes of the sample cloud: the pods' ranges joined where they touch, the nodes' range as a whole, and
/// nothing of the services' range.
const FROM_SAMPLE: &[&str] = &["10.4.0.0/23", "10.4.4.0/26", "10.128.0.0/24"];
