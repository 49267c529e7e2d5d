//! Why a route changes, in words.

use bgp_core::types::Prefix;

use super::{ChangeKind, RouteChange, RouteFacts};
use crate::origination::coverage::overlapping;
use crate::origination::explain::span;
use crate::origination::guard::HeldRoute;
use crate::origination::{OriginationSet, Originations, Treatment};

/// Names that are listed.
const SHOWN: usize = 4;

/// Why `change` is what it is.
pub(super) fn of(
    prefix: &Prefix,
    change: &RouteChange,
    old: &Originations,
    new: &OriginationSet,
    held: Option<&HeldRoute>,
) -> Vec<String> {
    let mut reasons = Vec::new();
    if let Some(held) = held {
        let peers: Vec<&str> = held.peers.iter().map(|peer| &**peer).collect();
        let whose = if peers.is_empty() { "nobody is told of it".to_owned() } else { peers.join(", ") };
        let protected = if held.protected { ", and it is protected" } else { "" };
        reasons.push(format!("held by the guard; would be lost by {whose}{protected}"));
    }
    match change.change {
        ChangeKind::Announce => {
            let from = others(prefix, overlapping(old, prefix).map(|(prefix, _)| prefix));
            reasons.extend(from.map(|from| format!("takes the place of {from}")));
            reasons.extend(change.after.as_ref().map(|after| match after.rule {
                Some(rule) => format!("made by advertise[{rule}]"),
                None => "a custom range of advertised_ip_ranges".to_owned(),
            }));
        }
        ChangeKind::Withdraw | ChangeKind::Held => reasons.extend(gone(prefix, change, new)),
        ChangeKind::Change => reasons.extend(differences(change)),
    }
    reasons
}

fn others<'a>(prefix: &Prefix, all: impl Iterator<Item = &'a Prefix>) -> Option<String> {
    let mut all = all.filter(|other| *other != prefix);
    let named: Vec<String> = all.by_ref().take(SHOWN).map(ToString::to_string).collect();
    let more = all.count();
    match (named.is_empty(), more) {
        (true, _) => None,
        (false, 0) => Some(named.join(", ")),
        (false, more) => Some(format!("{} and {more} more", named.join(", "))),
    }
}

/// What has become of the addresses.
fn gone(prefix: &Prefix, change: &RouteChange, new: &OriginationSet) -> Vec<String> {
    let mut reasons = Vec::new();
    let into = others(prefix, overlapping(&new.originations, prefix).map(|(prefix, _)| prefix));
    reasons.extend(into.map(|into| format!("gives way to {into}")));
    let indices = span::ranges(&new.snapshot.ranges, prefix);
    if indices.is_empty() {
        reasons.push("no range of the inventory holds it any more".to_owned());
    }
    for index in indices.take(SHOWN) {
        let (Some(range), Some(outcome)) = (new.snapshot.ranges.get(index), new.ranges.get(index)) else { continue };
        let name = format!("{} {} of {}", range.name, range.prefix, range.subnetwork.path);
        let reason = match outcome.treatment {
            Treatment::NoRule => format!("no [[advertise]] selects {name} (role {})", outcome.role),
            Treatment::OtherRegion => format!("{name} lies in another region, {}", range.subnetwork.region),
            Treatment::Prohibited => format!("{name} shares addresses with what is never announced"),
            Treatment::Advertised { .. } if change.owners.total > 0 => {
                format!("no longer allocated in whole in {name}")
            }
            Treatment::Advertised { .. } => format!("not allocated in whole in {name}"),
        };
        reasons.push(reason);
    }
    reasons
}

/// What of the route differs.
fn differences(change: &RouteChange) -> Vec<String> {
    let mut reasons = Vec::new();
    if let (Some(before), Some(after)) = (&change.before, &change.after) {
        let med = |facts: &RouteFacts| facts.med.map_or_else(|| "the peer's own".to_owned(), |med| med.to_string());
        let list = |list: &[String]| if list.is_empty() { "none".to_owned() } else { list.join(" ") };
        let pairs = [
            ("role", before.role.clone(), after.role.clone()),
            ("MED", med(before), med(after)),
            ("cost", before.cost.to_string(), after.cost.to_string()),
            ("communities", list(&before.communities), list(&after.communities)),
            ("large communities", list(&before.large_communities), list(&after.large_communities)),
        ];
        let differing = pairs.iter().filter(|(_, before, after)| before != after);
        reasons.extend(differing.map(|(what, before, after)| format!("{what} {before} -> {after}")));
    }
    if reasons.is_empty() {
        reasons.push("peers are told by another export, MED or next hop".to_owned());
    }
    reasons
}
