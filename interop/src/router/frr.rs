//! FRR, asked with `vtysh`, which answers in JSON.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{Family, Route, Router, Routes};

pub fn announce_later(router: &Router) -> Result<()> {
    network(router, &format!("network {}", router.later()))
}

pub fn withdraw_later(router: &Router) -> Result<()> {
    network(router, &format!("no network {}", router.later()))
}

fn network(router: &Router, line: &str) -> Result<()> {
    let asn = format!("router bgp {}", router.software.asn());
    let lines = ["configure terminal", &asn, "address-family ipv4 unicast", line];
    let args: Vec<&str> = lines.iter().flat_map(|line| ["-c", line]).collect();
    router.ask(&args).map(drop)
}

/// How many sessions there were, and how many UPDATEs it heard: FRR gives the time of the last one in whole seconds that it
/// computes anew at each question, so now one and now another for the same session.
pub fn session(router: &Router) -> Result<String> {
    let answer = json(router, &format!("show bgp neighbors {} json", router.neighbor))?;
    let peer = answer.get(&router.neighbor).with_context(|| format!("no peer {}", router.neighbor))?;
    let state = text(peer, "bgpState");
    ensure!(state == "Established", "not Established: {state}");
    let ended = peer.pointer("/gracefulRestartInfo/endOfRibRecv").context("no End-of-RIB heard yet")?;
    ensure!(ended.as_object().is_some_and(|families| families.values().all(|ended| ended == true)), "{ended}");
    let statistics = peer.get("messageStats").unwrap_or(&Value::Null);
    let (sessions, updates) = (text(peer, "connectionsEstablished"), text(statistics, "updatesRecv"));
    ensure!(!sessions.is_empty() && !updates.is_empty(), "no count of sessions or UPDATEs: {peer}");
    Ok(format!("session {sessions}, {updates} UPDATEs"))
}

pub fn last_error(router: &Router) -> Result<String> {
    router.ask(&["-c", &format!("show bgp neighbors {} json", router.neighbor)])
}

pub fn routes(router: &Router, family: Family) -> Result<Routes> {
    let table = json(router, &format!("show bgp {} unicast json", word(family)))?;
    read_routes(&table)
}

pub fn communities(router: &Router, family: Family, prefix: &str) -> Result<Vec<String>> {
    let answer = json(router, &format!("show bgp {} unicast {prefix} json", word(family)))?;
    let listed = answer.pointer("/paths/0/community/list").and_then(Value::as_array);
    Ok(listed.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect())
}

const fn word(family: Family) -> &'static str {
    match family {
        Family::Ipv4 => "ipv4",
        Family::Ipv6 => "ipv6",
    }
}

fn json(router: &Router, question: &str) -> Result<Value> {
    let answer = router.ask(&["-c", question])?;
    serde_json::from_str(&answer).with_context(|| format!("{question}: no JSON: {answer}"))
}

/// A member as text, whatever its type.
fn text(value: &Value, member: &str) -> String {
    match value.get(member) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

/// Reads `show bgp … json`: valid routes that came from a neighbour.
fn read_routes(table: &Value) -> Result<Routes> {
    let mut routes = Routes::new();
    for (prefix, paths) in table.get("routes").and_then(Value::as_object).context("no routes in the table")? {
        let paths = paths.as_array().map(Vec::as_slice).unwrap_or_default();
        let learned = paths.iter().find(|path| {
            path.get("pathFrom").and_then(Value::as_str) == Some("external")
                && path.get("peerId").and_then(Value::as_str) != Some("(unspec)")
                && path.get("valid") == Some(&Value::Bool(true))
        });
        let Some(path) = learned else { continue };
        // An IPv6 route may carry a link-local next hop beside the global one.
        let hops = path.get("nexthops").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let hop = hops.iter().find(|hop| hop.get("scope").and_then(Value::as_str) != Some("link-local"));
        routes.insert(
            prefix.clone(),
            Route {
                next_hop: hop.map(|hop| text(hop, "ip")).unwrap_or_default(),
                as_path: text(path, "path"),
                med: path.get("metric").and_then(Value::as_u64),
                communities: Vec::new(),
                // FRR has a number for it, and changes it also when it looks at a next hop again; UPDATEs are counted instead.
                taken: String::new().into(),
            },
        );
    }
    Ok(routes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_learned_routes_and_leaves_out_its_own() {
        let table = serde_json::json!({"routes": {
            "172.17.1.0/24": [{"valid": true, "pathFrom": "external", "peerId": "(unspec)", "path": "", "version": 1}],
            "10.4.0.0/23": [{"valid": true, "bestpath": true, "pathFrom": "external", "peerId": "10.213.77.2", "version": 7,
                "metric": 100, "path": "64512", "nexthops": [{"ip": "10.213.77.2", "afi": "ipv4", "used": true}]}],
            "10.9.0.0/24": [{"pathFrom": "external", "peerId": "10.213.77.2", "path": "64512"}],
        }});
        let expected = Route {
            next_hop: "10.213.77.2".into(),
            as_path: "64512".into(),
            med: Some(100),
            communities: Vec::new(),
            taken: String::new().into(),
        };
        let read: Vec<_> = read_routes(&table).unwrap().into_iter().collect();
        assert_eq!(read, [("10.4.0.0/23".to_owned(), expected)]);
    }
}
