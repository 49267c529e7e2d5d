//! A report as one line for a person.

use std::fmt;

use super::shape::{Body, Report, Route, Update};
use super::update::next_hop;

/// The line above all others.
pub(super) const HEADING: &str =
    "INDEX    TIME                         PEER             TYPE           LENGTH  SUMMARY";

/// The most prefixes of a list that a line names.
const NAMED_PREFIXES: usize = 3;

/// A report on one line, without its end.
pub(super) struct Line<'a>(pub &'a Report);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(report) = self;
        let time = report.mrt.as_ref().map_or_else(|| "-".to_owned(), |mrt| mrt.timestamp.to_string());
        let ends = report.mrt.as_ref().and_then(|mrt| mrt.peers);
        let peer = ends.map_or_else(|| "-".to_owned(), |ends| ends.peer_address.to_string());
        let length = report.length.map_or_else(|| "-".to_owned(), |length| length.to_string());
        write!(f, "{:<8} {time:<28} {peer:<16} {:<14} {length:>6}  ", report.index, report.kind)?;
        summary(report, f)?;
        match &report.notification {
            Some(answer) => {
                let of = &answer.notification;
                let subcode = of.subcode_name.map_or_else(String::new, |name| format!(", {name}"));
                write!(f, " => NOTIFICATION {}/{} {}{subcode}: {}", of.code, of.subcode, of.name, answer.reason)
            }
            None => Ok(()),
        }
    }
}

fn summary(report: &Report, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match &report.body {
        Body::Open(open) => {
            let codes: Vec<String> = open.capabilities.iter().map(|one| one.code.to_string()).collect();
            let (asn, identifier, hold_time) = (open.asn, open.identifier, open.hold_time);
            write!(f, "AS {asn}, identifier {identifier}, hold time {hold_time} s, capabilities {}", codes.join(" "))
        }
        Body::Update(update) => update_summary(update, f),
        Body::Notification(of) => {
            let subcode = of.subcode_name.map_or_else(String::new, |name| format!(": {name}"));
            write!(f, "{}/{} {}{subcode}", of.code, of.subcode, of.name)?;
            match &of.shutdown_communication {
                Some(text) => write!(f, " ({text:?})"),
                None => Ok(()),
            }
        }
        Body::RouteRefresh(refresh) => {
            let (afi, safi) = (refresh.family.afi, refresh.family.safi);
            let family = refresh.family.family.clone().unwrap_or_else(|| format!("afi {afi} safi {safi}"));
            write!(f, "{family}, subtype {}", refresh.subtype)
        }
        Body::StateChange(change) => write!(f, "{} -> {}", change.old_state, change.new_state),
        Body::Reason(reason) => f.write_str(&reason.reason),
        Body::Nothing {} => Ok(()),
    }
}

fn update_summary(update: &Update, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mp_reach = update.attributes.mp_reach_nlri.iter().filter_map(|reach| reach.nlri.as_deref()).flatten();
    let mp_unreach = update.attributes.mp_unreach_nlri.iter().filter_map(|unreach| unreach.withdrawn.as_deref());
    let announced = named(update.nlri.iter().chain(mp_reach)).map(|list| format!("announces {list}"));
    let withdrawn = named(update.withdrawn.iter().chain(mp_unreach.flatten())).map(|list| format!("withdraws {list}"));
    let path = update.attributes.as_path.as_ref().map(|path| format!("path {}", path.text));
    let hop = next_hop(&update.attributes).map(|hop| format!("next hop {hop}"));
    let end = update.end_of_rib.as_ref().map(|family| format!("End-of-RIB {family}"));
    let parts: Vec<String> = [announced, withdrawn, path, hop, end].into_iter().flatten().collect();
    f.write_str(&parts.join(", "))?;
    update.faults.iter().try_for_each(|fault| {
        let code = fault.code.map_or_else(String::new, |code| format!("attribute {code}: "));
        write!(f, " ! {}: {code}{}", fault.disposition, fault.reason)
    })
}

fn named<'a>(routes: impl Iterator<Item = &'a Route>) -> Option<String> {
    let mut count = 0_usize;
    let mut names = Vec::new();
    for route in routes {
        count += 1;
        if names.len() < NAMED_PREFIXES {
            let path_id = route.path_id.map_or_else(String::new, |id| format!(" path {id}"));
            names.push(format!("{}{path_id}", route.prefix));
        }
    }
    let more = if count > names.len() { format!(" and {} more", count - names.len()) } else { String::new() };
    (count > 0).then(|| format!("{}{more}", names.join(" ")))
}
