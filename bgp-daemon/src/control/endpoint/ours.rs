//! The first half of an explanation: what the inventory and the rules make of a target.

use bgp_core::types::Prefix;

use super::inventory::summary;
use crate::config::{Config, Peer};
use crate::control::reply::{ChainStep, InventoryState, Step};
use crate::control::time::rfc3339;
use crate::inventory::InventoryStatus;
use crate::origination::explain::{self as chain, OriginationLink, OwnerKind, OwnerLink, RangeChain};
use crate::origination::{self, Origination, OriginationSet, Owners};

/// Of prefixes that the table is asked about, as many.
pub const SHOWN: usize = 8;

/// What the inventory and the rules make of a target.
pub struct Ours {
    /// The links, as far as they hold and including the first that does not.
    pub steps: Vec<ChainStep>,
    /// Whether the target shares addresses with a range of the inventory.
    pub in_inventory: bool,
    /// The originated prefixes that cover it or lie in it; the first [`SHOWN`].
    pub originated: Vec<Prefix>,
}

/// From the snapshot to the originated prefixes.
pub fn explain(target: &Prefix, status: &InventoryStatus, set: Option<&OriginationSet>, config: &Config) -> Ours {
    let chain = origination::explain(*target, set, config);
    let originated =
        set.map_or_else(Vec::new, |set| set.overlapping(target).map(|(prefix, _)| *prefix).take(SHOWN).collect());
    let mut steps = vec![snapshot(status, set)];
    match &chain.broken {
        // Without a snapshot the first link says so, with the faults that keep one from being used.
        Some(broken) if broken.step == chain::Step::Snapshot => {}
        Some(broken) => steps.push(ChainStep::broken(Step::Range, &*broken.reason)),
        None => steps.extend(chain.ranges.iter().flat_map(through)),
    }
    if chain.more_ranges > 0 {
        steps.push(ChainStep::holds(Step::Range, format!("and {} ranges more", chain.more_ranges)));
    }
    steps.extend(set.into_iter().flat_map(|set| custom(target, set, config)));
    Ours { steps, in_inventory: !chain.ranges.is_empty(), originated }
}

/// The custom ranges that hold the target or lie in it, whether a subnet has the same prefix or not.
fn custom(target: &Prefix, set: &OriginationSet, config: &Config) -> Vec<ChainStep> {
    let step = |prefix: &Prefix| {
        let has = |peer: &&Peer| peer.enabled && peer.advertised.ip_ranges.iter().any(|custom| custom.range == *prefix);
        let names: Vec<&str> = config.peers.iter().filter(has).map(|peer| peer.name.as_str()).collect();
        let of = if names.is_empty() { String::new() } else { format!(" of {}", names.join(", ")) };
        let mut all = config.peers.iter().flat_map(|peer| peer.advertised.ip_ranges.iter());
        let description = all.find(|custom| custom.range == *prefix).and_then(|custom| custom.description.clone());
        ChainStep::holds(Step::Origination, format!("{prefix} is a custom range (advertised_ip_ranges){of}"))
            .with(description)
    };
    let configured = config.custom_ranges();
    let is_custom = |(prefix, one): &(&Prefix, &Origination)| one.is_custom() || configured.contains(prefix);
    set.overlapping(target).filter(is_custom).map(|(prefix, _)| step(prefix)).take(SHOWN).collect()
}

fn snapshot(status: &InventoryStatus, set: Option<&OriginationSet>) -> ChainStep {
    let faults = || status.faults.shown.iter().take(SHOWN).map(ToString::to_string);
    let Some(set) = set else {
        return ChainStep::broken(Step::Inventory, format!("no snapshot of {} yet", status.path.display()))
            .with(faults());
    };
    let text = format!("revision {} of {}", set.snapshot.revision, rfc3339(set.snapshot.taken_at));
    let step = ChainStep::holds(Step::Inventory, text);
    match summary(status).state {
        InventoryState::Untrusted => step.with(faults().map(|fault| format!("a newer state is not trusted: {fault}"))),
        InventoryState::Current | InventoryState::Restored | InventoryState::None => step,
    }
}

/// The links through one range, to the first that breaks.
fn through(range: &RangeChain) -> Vec<ChainStep> {
    let text = format!("{} {} ({}) of {}", range.range_name, range.ip_cidr_range, range.role, range.subnetwork);
    let broken = |step: chain::Step| range.broken.as_ref().filter(|broken| broken.step == step);
    let mut steps = vec![ChainStep::holds(Step::Range, text)];
    if let Some(broken) = broken(chain::Step::Allocation) {
        steps.push(ChainStep::broken(Step::Owner, &*broken.reason));
        return steps;
    }
    steps.push(owner(range));
    if let Some(broken) = &range.broken {
        steps.push(ChainStep::broken(Step::Rule, &*broken.reason));
        return steps;
    }
    steps.push(match &range.rule {
        Some(rule) => {
            let bound = rule.max_prefixes.map_or_else(String::new, |most| format!(", at most {most} prefixes"));
            let text = format!("advertise[{}] {}, {}{bound}", rule.index, rule.selector, rule.aggregation);
            ChainStep::holds(Step::Rule, text)
        }
        None => ChainStep::holds(Step::Rule, "no longer configured"),
    });
    let more = range.more_originations.then(|| "and more".to_owned());
    let originations =
        range.originations.iter().flat_map(|link| std::iter::once(originated(link)).chain(contributors(link)));
    let origination = listed(Step::Origination, originations.chain(more));
    steps.push(origination.with(range.notes.iter().cloned()));
    steps
}

fn owner(range: &RangeChain) -> ChainStep {
    let more = (range.more_owners > 0).then(|| format!("and {} more", range.more_owners));
    match range.owners.is_empty() {
        true => ChainStep::holds(Step::Owner, "nobody"),
        false => listed(Step::Owner, range.owners.iter().map(given).chain(more)),
    }
}

/// A link that is one thing, or a list of them.
fn listed(step: Step, lines: impl Iterator<Item = String>) -> ChainStep {
    let mut lines = lines;
    let first = lines.next().unwrap_or_default();
    ChainStep::holds(step, first).with(lines)
}

fn given(owner: &OwnerLink) -> String {
    let interface = owner.interface.as_deref().map_or_else(String::new, |interface| format!(" {interface}"));
    let kind = match owner.kind {
        OwnerKind::Interface => "address of instance",
        OwnerKind::AliasIpRange => "alias IP range of instance",
        OwnerKind::Address => "address resource",
        OwnerKind::ForwardingRule => "forwarding rule",
    };
    format!("{} {kind} {}{interface}", owner.ip_cidr_range, owner.resource)
}

/// What is allocated in an origination, where that is more than one thing.
fn contributors(link: &OriginationLink) -> Option<String> {
    let Owners { shown, total } = &link.contributors;
    let named: Vec<&str> = shown.iter().filter_map(|one| one.split_whitespace().next()).collect();
    let more = total.saturating_sub(named.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (*total > 1).then(|| format!("{} holds {total} allocations: {}{more}", link.prefix, named.join(", ")))
}

fn originated(link: &OriginationLink) -> String {
    let communities = link.communities.iter().chain(&link.large_communities).map(String::as_str);
    let communities: Vec<&str> = communities.collect();
    let communities = if communities.is_empty() { "none".to_owned() } else { communities.join(" ") };
    let med = match (link.med, link.cost) {
        (Some(med), _) => med.to_string(),
        (None, 0) => "the peer's own".to_owned(),
        (None, cost) => format!("the peer's own and {cost} for the region"),
    };
    let made_of = match link.made_of.as_slice() {
        [] | [_] => String::new(),
        several => format!(", made of {}", several.join(" ")),
    };
    format!("{}, communities {communities}, MED {med}{made_of}", link.prefix)
}
