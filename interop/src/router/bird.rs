//! BIRD 2, asked with `birdc`. Its protocol for aliasd is called `cloud`, the static routes of a later moment `later`.

use anyhow::{Context, Result, ensure};

use super::{Family, Mark, Route, Router, Routes};

pub fn announce_later(router: &Router) -> Result<()> {
    router.ask(&["enable", "later"]).map(drop)
}

pub fn withdraw_later(router: &Router) -> Result<()> {
    router.ask(&["disable", "later"]).map(drop)
}

pub fn session(router: &Router) -> Result<Mark> {
    since(&router.ask(&["show", "protocols", "cloud"])?)
}

pub fn last_error(router: &Router) -> Result<String> {
    router.ask(&["show", "protocols", "all", "cloud"])
}

pub fn routes(router: &Router, family: Family) -> Result<Routes> {
    let table = match family {
        Family::Ipv4 => "master4",
        Family::Ipv6 => "master6",
    };
    read_routes(&router.ask(&["show", "route", "all", "table", table, "protocol", "cloud"])?)
}

/// Reads `cloud BGP --- up 19:04:44.335 Established`.
fn since(text: &str) -> Result<Mark> {
    let line = text.lines().find(|line| line.starts_with("cloud ")).context("no protocol of the name cloud")?;
    let words: Vec<&str> = line.split_whitespace().collect();
    ensure!(words.last() == Some(&"Established"), "not Established: {}", line.trim_end());
    words.get(4).map(|time| mark(time)).context("no time of the last change of state")
}

/// Reads `19:04:44.335`; what is older has another form.
fn mark(time: &str) -> Mark {
    let numbers: Option<Vec<u64>> = time.split([':', '.']).map(|number| number.parse().ok()).collect();
    match numbers.as_deref() {
        Some([hours, minutes, seconds, millis]) => {
            Mark::TimeOfDay { millis: ((hours * 60 + minutes) * 60 + seconds) * 1000 + millis }
        }
        _ => Mark::Text(time.to_owned()),
    }
}

/// Reads `show route all`: a line for each prefix, then its attributes on indented lines.
fn read_routes(text: &str) -> Result<Routes> {
    let mut routes = Routes::new();
    let mut current: Option<String> = None;
    for line in text.lines() {
        if line.starts_with(|c: char| c.is_ascii_hexdigit()) && line.contains(" [cloud ") {
            let (prefix, rest) = line.split_once(char::is_whitespace).context("a route without a prefix")?;
            let taken = rest.split_once("[cloud ").and_then(|(_, rest)| rest.split([' ', ']']).next()).unwrap_or("");
            current = Some(prefix.to_owned());
            routes.insert(
                prefix.to_owned(),
                Route {
                    next_hop: String::new(),
                    as_path: String::new(),
                    med: None,
                    communities: Vec::new(),
                    taken: mark(taken),
                },
            );
        } else if let Some(route) = current.as_ref().and_then(|prefix| routes.get_mut(prefix)) {
            attribute(route, line.trim())?;
        }
    }
    Ok(routes)
}

fn attribute(route: &mut Route, line: &str) -> Result<()> {
    match line.split_once(": ") {
        Some(("BGP.as_path", path)) => path.trim().clone_into(&mut route.as_path),
        // An IPv6 next hop may be followed by a link-local one.
        Some(("BGP.next_hop", hop)) => hop.split_whitespace().next().unwrap_or("").clone_into(&mut route.next_hop),
        Some(("BGP.med", med)) => route.med = Some(med.trim().parse().with_context(|| format!("MED {med:?}"))?),
        Some(("BGP.community", list)) => {
            route.communities =
                list.split_whitespace().map(|pair| pair.replace(['(', ')'], "").replace(',', ":")).collect();
        }
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTES: &str = "BIRD 2.0.12 ready.\nTable master4:\n\
        10.4.0.0/23          unicast [cloud 19:04:48.333] * (100) [AS64512i]\n\
        \tvia 10.213.1.2 on eth0\n\tType: BGP univ\n\tBGP.origin: IGP\n\tBGP.as_path: 64512\n\
        \tBGP.next_hop: 10.213.1.2\n\tBGP.med: 100\n\tBGP.local_pref: 100\n\tBGP.community: (64512,200) (64512,201)\n";

    #[test]
    fn reads_a_route_with_its_attributes() {
        let routes = read_routes(ROUTES).unwrap();
        let expected = Route {
            next_hop: "10.213.1.2".into(),
            as_path: "64512".into(),
            med: Some(100),
            communities: vec!["64512:200".into(), "64512:201".into()],
            taken: Mark::TimeOfDay { millis: 68_688_333 },
        };
        assert_eq!(routes.into_iter().collect::<Vec<_>>(), [("10.4.0.0/23".to_owned(), expected)]);
    }

    #[test]
    fn takes_only_established_for_established() {
        let head = "BIRD 2.0.12 ready.\nName       Proto      Table      State  Since         Info\n";
        let up = format!("{head}cloud      BGP        ---        up     19:04:44.335  Established   \n");
        assert_eq!(since(&up).unwrap(), mark("19:04:44.336"), "BIRD counts the same time anew at each question");
        assert_ne!(since(&up).unwrap(), mark("19:04:44.435"));
        let down =
            format!("{head}cloud      BGP        ---        start  19:07:55.565  Connect       Socket: refused\n");
        assert!(since(&down).unwrap_err().to_string().starts_with("not Established: cloud"));
    }
}
