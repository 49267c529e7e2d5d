//! GoBGP, asked with `gobgp -j`. Its own routes are not in its configuration: they are added once it runs.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{Family, Route, Router, Routes};

/// How the API numbers the state Established.
const ESTABLISHED: u64 = 6;

pub fn announce(router: &Router, family: Family, prefix: &str) -> Result<()> {
    let next_hop = match family {
        Family::Ipv4 => "169.254.30.2",
        Family::Ipv6 => "fd00:30::2",
    };
    router.ask(&["global", "rib", "-a", word(family), "add", prefix, "nexthop", next_hop]).map(drop)
}

pub fn announce_later(router: &Router) -> Result<()> {
    announce(router, Family::Ipv4, router.later())
}

pub fn withdraw_later(router: &Router) -> Result<()> {
    router.ask(&["global", "rib", "-a", "ipv4", "del", router.later()]).map(drop)
}

pub fn session(router: &Router) -> Result<String> {
    let neighbor = json(router, &["neighbor", &router.neighbor])?;
    let state = neighbor.pointer("/state/session_state").and_then(Value::as_u64);
    ensure!(state == Some(ESTABLISHED), "not Established: state {state:?} of the API");
    neighbor.pointer("/timers/state/uptime/seconds").map(Value::to_string).context("no time of the last change")
}

pub fn last_error(router: &Router) -> Result<String> {
    router.ask(&["neighbor", &router.neighbor])
}

pub fn routes(router: &Router, family: Family) -> Result<Routes> {
    read_routes(&json(router, &["global", "rib", "-a", word(family)])?, &router.neighbor)
}

const fn word(family: Family) -> &'static str {
    match family {
        Family::Ipv4 => "ipv4",
        Family::Ipv6 => "ipv6",
    }
}

fn json(router: &Router, question: &[&str]) -> Result<Value> {
    let answer = router.ask(question)?;
    serde_json::from_str(&answer).with_context(|| format!("{}: no JSON: {answer}", question.join(" ")))
}

/// Reads `global rib -j`: for each prefix its paths, those from `neighbor` named so.
fn read_routes(table: &Value, neighbor: &str) -> Result<Routes> {
    let mut routes = Routes::new();
    for (prefix, paths) in table.as_object().context("the table is no object")? {
        let mut paths = paths.as_array().into_iter().flatten();
        let Some(path) = paths.find(|path| path.get("neighbor-ip").and_then(Value::as_str) == Some(neighbor)) else {
            continue;
        };
        let attributes = path.get("attrs").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let find = |member: &str| attributes.iter().find_map(|attribute| attribute.get(member));
        let numbers = |member| find(member).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_u64);
        let segments = find("as_paths").and_then(Value::as_array).into_iter().flatten();
        let asns: Vec<String> = segments
            .filter_map(|segment| segment.get("asns").and_then(Value::as_array))
            .flatten()
            .map(Value::to_string)
            .collect();
        routes.insert(
            prefix.clone(),
            Route {
                next_hop: find("nexthop").and_then(Value::as_str).unwrap_or_default().to_owned(),
                as_path: asns.join(" "),
                med: find("metric").and_then(Value::as_u64),
                communities: numbers("communities").map(|both| format!("{}:{}", both >> 16, both & 0xFFFF)).collect(),
                taken: path.get("age").map(Value::to_string).unwrap_or_default().into(),
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
        let table = serde_json::json!({
            "fd20:a:1::/64": [{"nlri": {"prefix": "fd20:a:1::/64"}, "age": 1795636509, "best": true, "attrs": [
                {"type": 1, "value": 0}, {"type": 2, "as_paths": [{"segment_type": 2, "num": 1, "asns": [64512]}]},
                {"type": 4, "metric": 100}, {"type": 8, "communities": [4227858532_u64]},
                {"type": 14, "nexthop": "fd00:30::1", "afi": 2, "safi": 1, "value": [{"prefix": "fd20:a:1::/64"}]}],
                "stale": false, "source-id": "127.0.0.1", "neighbor-ip": "127.0.0.1"}],
            "fd00:3::/48": [{"nlri": {"prefix": "fd00:3::/48"}, "age": 1795636512, "attrs": [{"type": 1, "value": 2}]}],
        });
        let expected = Route {
            next_hop: "fd00:30::1".into(),
            as_path: "64512".into(),
            med: Some(100),
            communities: vec!["64512:100".into()],
            taken: "1795636509".to_owned().into(),
        };
        let read: Vec<_> = read_routes(&table, "127.0.0.1").unwrap().into_iter().collect();
        assert_eq!(read, [("fd20:a:1::/64".to_owned(), expected)]);
    }
}
