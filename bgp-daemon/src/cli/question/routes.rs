//! `aliasctl routes`: pages are written as they come, so that a table of any size needs the memory of one page.

use bgp_core::types::AddressFamily;

use super::or_dash;
use crate::cli::Ending;
use crate::cli::arguments::{Format, RoutesArguments};
use crate::cli::client::{Client, Pages};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::table::{Column, Parts, numbers, words};
use crate::control::reply::{ApiVersion, PeersReply, Route, RouteSourceEntry, RoutesReply, View};

/// Routes of a page; the most the daemon gives.
const PAGE: &str = "1000";

/// Rows that are held back until they are written, so that the columns of a few peers' routes line up.
const HELD: usize = 1000;

pub async fn ask(client: &Client, console: &mut Console<'_>, asked: &RoutesArguments) -> Result<Ending, Failure> {
    let view = asked.view();
    let peers = match (&asked.peer, view.is_of_a_peer()) {
        (Some(name), _) => vec![Some(name.clone())],
        (None, false) => vec![None],
        (None, true) => names(client).await?.into_iter().map(Some).collect(),
    };
    let mut seen = 0;
    if console.format == Format::Table {
        let mut table = Parts::new(&columns(view));
        let mut held = Vec::new();
        for peer in &peers {
            let mut pages = Pages::default();
            loop {
                let page = page(client, asked, peer.as_deref(), &pages).await?;
                seen += page.result.len();
                held.extend(page.result.iter().map(|route| row(view, route)));
                if held.len() >= HELD {
                    table.write(console, std::mem::take(&mut held))?;
                }
                if !pages.follow(page.next_page_token)? {
                    break;
                }
            }
        }
        table.write(console, held)?;
    } else {
        let head = [("apiVersion", ApiVersion::TEXT), ("view", view.name())];
        let mut list = console.list(&head, "result");
        for peer in &peers {
            let mut pages = Pages::default();
            loop {
                let page = page(client, asked, peer.as_deref(), &pages).await?;
                seen += page.result.len();
                page.result.iter().try_for_each(|route| list.item(route))?;
                if !pages.follow(page.next_page_token)? {
                    break;
                }
            }
        }
        list.end()?;
    }
    match &asked.prefix {
        Some(prefix) if seen == 0 => {
            console.out.flush()?;
            Err(Failure::NotFound(format!("no {view} route is {prefix} or lies inside it")))
        }
        _ => Ok(Ending::Fine),
    }
}

async fn names(client: &Client) -> Result<Vec<String>, Failure> {
    let reply: PeersReply = client.ask("/v1/peers", &[]).await?;
    Ok(reply.bgp_peer_status.into_iter().map(|peer| peer.name).collect())
}

/// One page of routes.
pub async fn page(
    client: &Client,
    asked: &RoutesArguments,
    peer: Option<&str>,
    pages: &Pages,
) -> Result<RoutesReply, Failure> {
    let family = match (asked.ipv4, asked.ipv6) {
        (true, _) => Some(AddressFamily::Ipv4Unicast.to_string()),
        (_, true) => Some(AddressFamily::Ipv6Unicast.to_string()),
        _ => None,
    };
    let prefix = asked.prefix.map(|prefix| prefix.to_string());
    let parameters = [
        ("view", Some(asked.view().name())),
        ("peer", peer),
        ("family", family.as_deref()),
        ("prefix", prefix.as_deref()),
        ("after", pages.after()),
        ("limit", Some(PAGE)),
    ];
    client.ask("/v1/routes", &parameters).await
}

/// The columns of a view; [`row`] fills them.
pub fn columns(view: View) -> Vec<Column> {
    let mut columns = vec![
        words(""),
        words("PREFIX"),
        words("NEXT HOP"),
        numbers("MED"),
        words("AS PATH").folds(),
        words("COMMUNITIES").folds(),
    ];
    columns.extend(match view {
        View::Best => vec![words("FROM")],
        View::Learned => vec![words("FROM"), words("IMPORT").folds()],
        View::Advertised => vec![words("TO"), words("SENT")],
        View::Originated => vec![words("ROLE"), numbers("CONTRIBUTORS").optional()],
    });
    columns
}

/// A route as a row: the best are marked `>`, the stale `s`, and the path ends with its origin, `i`, `e` or `?`.
pub fn row(view: View, route: &Route) -> Vec<String> {
    let mut row = vec![marks(route)];
    row.extend(path_cells(route));
    let source = || or_dash(route.source.as_ref());
    row.extend(match view {
        View::Best => vec![source()],
        View::Learned => {
            let import = route.import_verdict.as_ref().map(|verdict| verdict.text.as_str());
            vec![source(), or_dash(import)]
        }
        View::Advertised => {
            let sent = if route.sent == Some(true) { "yes" } else { "pending" };
            vec![or_dash(route.peer.as_ref()), sent.to_owned()]
        }
        View::Originated => {
            let of_role = |source: &RouteSourceEntry| {
                let cost = if source.cost == 0 { String::new() } else { format!(", cost {}", source.cost) };
                Some(format!("{}{cost}", source.role.as_ref()?))
            };
            let role = or_dash(route.source.as_ref().and_then(of_role));
            vec![role, or_dash(route.contributors)]
        }
    });
    row
}

/// `>` for the best route, `s` for a stale one.
pub fn marks(route: &Route) -> String {
    let marks = [(">", route.best), ("s", route.stale)];
    marks.into_iter().filter(|(_, set)| *set == Some(true)).map(|(mark, _)| mark).collect()
}

/// Prefix with its path identifier where it has one (RFC 7911), next hop, MED, path and communities.
pub fn path_cells(route: &Route) -> [String; 5] {
    let path = format!("{} {}", route.as_path_text(), route.origin.letter());
    let communities: Vec<&str> = route
        .communities
        .iter()
        .chain(&route.large_communities)
        .chain(&route.extended_communities)
        .chain(&route.ipv6_extended_communities)
        .map(String::as_str)
        .collect();
    let prefix = match route.destination.path_id {
        0 => route.destination.prefix.clone(),
        path_id => format!("{} (path {path_id})", route.destination.prefix),
    };
    [
        prefix,
        or_dash(route.next_hop.as_ref()),
        or_dash(route.med),
        path.trim_start().to_owned(),
        if communities.is_empty() { "-".to_owned() } else { communities.join(" ") },
    ]
}
