//! OpenBGPD, asked with `bgpctl -j`.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{Family, Route, Router, Routes};

pub fn announce_later(router: &Router) -> Result<()> {
    router.ask(&["network", "add", router.later()]).map(drop)
}

pub fn withdraw_later(router: &Router) -> Result<()> {
    router.ask(&["network", "delete", router.later()]).map(drop)
}

/// The ports stand for the time: it says only how many seconds ago that was.
pub fn session(router: &Router) -> Result<String> {
    let answer = json(router, &["show", "neighbor", &router.neighbor])?;
    let neighbor = answer.pointer("/neighbors/0").context("no such neighbor")?;
    let state = neighbor.get("state").and_then(Value::as_str).unwrap_or_default();
    ensure!(state == "Established", "not Established: {state}");
    let port = |end| neighbor.pointer(&format!("/session/{end}/port")).map(Value::to_string).context("no port");
    Ok(format!("{} {}", port("local")?, port("remote")?))
}

pub fn last_error(router: &Router) -> Result<String> {
    router.ask(&["show", "neighbor", &router.neighbor])
}

pub fn routes(router: &Router, family: Family) -> Result<Routes> {
    let family = match family {
        Family::Ipv4 => "ipv4",
        Family::Ipv6 => "ipv6",
    };
    read_routes(&json(router, &["show", "rib", "detail", family, "neighbor", &router.neighbor])?)
}

fn json(router: &Router, question: &[&str]) -> Result<Value> {
    let answer = router.ask(question)?;
    serde_json::from_str(&answer).with_context(|| format!("{}: no JSON: {answer}", question.join(" ")))
}

/// Reads `show rib detail`: a list, empty when there is none.
fn read_routes(table: &Value) -> Result<Routes> {
    let mut routes = Routes::new();
    for path in table.get("rib").and_then(Value::as_array).into_iter().flatten() {
        let text = |member| path.get(member).and_then(Value::as_str).unwrap_or_default().to_owned();
        let communities = path.get("communities").and_then(Value::as_array).into_iter().flatten();
        ensure!(path.get("valid") == Some(&Value::Bool(true)), "{}: not valid", text("prefix"));
        routes.insert(
            text("prefix"),
            Route {
                next_hop: text("exit_nexthop"),
                as_path: text("aspath"),
                med: path.get("metric").and_then(Value::as_u64),
                communities: communities.filter_map(Value::as_str).map(str::to_owned).collect(),
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
    fn reads_learned_routes() {
        let table = serde_json::json!({"rib": [{"prefix": "10.4.0.0/23", "aspath": "64512", "exit_nexthop": "169.254.40.1",
            "true_nexthop": "169.254.40.1", "neighbor": {"remote_addr": "127.0.0.1", "bgp_id": "127.0.0.1"}, "valid": true,
            "best": true, "source": "external", "origin": "IGP", "metric": 100, "communities": ["64512:200"]}]});
        let expected = Route {
            next_hop: "169.254.40.1".into(),
            as_path: "64512".into(),
            med: Some(100),
            communities: vec!["64512:200".into()],
            taken: String::new().into(),
        };
        let read: Vec<_> = read_routes(&table).unwrap().into_iter().collect();
        assert_eq!(read, [("10.4.0.0/23".to_owned(), expected)]);
        assert!(read_routes(&serde_json::json!({})).unwrap().is_empty());
    }
}
