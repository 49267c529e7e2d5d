//! `/v1/routes`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use bgp_core::policy::RouteSource;
use bgp_core::rib::{BestRoute, Page, Rib};
use bgp_core::types::{AddressFamily, PeerId, Prefix};

use super::{Peers, limit, translate};
use crate::control::fault::Fault;
use crate::control::parameters::Parameters;
use crate::control::reply::{ApiVersion, Route, RoutesReply, View};
use crate::control::span::Span;
use crate::control::view::DaemonView;
use crate::origination::Owners;
use crate::rib_owner::Gone;

/// How often the table is asked for one page. What is sought may be rare: then the page is short, and the client goes on.
const ASKS_MAX: usize = 16;

/// What is wanted.
struct Wanted {
    view: View,
    /// The peer whose routes they are; for the Loc-RIB the one that sent them, or anyone.
    peer: Option<(PeerId, String)>,
    span: Span,
    after: Option<Prefix>,
    limit: usize,
}

/// A page of routes.
pub async fn routes(State(view): State<DaemonView>, uri: Uri) -> Result<Json<RoutesReply>, Fault> {
    let peers = Peers::of(&view);
    let wanted = read(&uri, &peers)?;
    let page = match (wanted.view, &wanted.peer) {
        (View::Best, from) => {
            let from = from.as_ref().map(|(id, _)| RouteSource::Peer(*id));
            let ask = move |rib: &Rib, after, limit| of_source(rib.best(after, limit), from.as_ref());
            let page = collect(&view, &wanted, |route| route.prefix, ask).await?;
            translated(page, |route| translate::best(route, &peers))
        }
        (View::Learned, Some((id, name))) => {
            let id = *id;
            let ask = move |rib: &Rib, after, limit| rib.learned(id, after, limit);
            translated(collect(&view, &wanted, |route| route.prefix, ask).await?, |route| {
                translate::learned(route, name)
            })
        }
        (View::Advertised, Some((id, name))) => {
            let id = *id;
            let ask = move |rib: &Rib, after, limit| rib.advertised(id, after, limit);
            let page = collect(&view, &wanted, |route| route.prefix, ask).await?;
            translated(page, |route| translate::advertised(route, name))
        }
        (View::Originated | View::Learned | View::Advertised, _) => {
            let page = collect(&view, &wanted, |route| route.prefix, Rib::originated).await?;
            let snapshot = view.originations.borrow().as_ref().map(|set| Arc::clone(&set.snapshot));
            let contributors = |prefix: &Prefix| snapshot.as_ref().map(|snapshot| Owners::of(prefix, snapshot).total);
            translated(page, |route| translate::originated(route, contributors(&route.prefix)))
        }
    };
    let next_page_token = page.next.map(|next| next.to_string());
    Ok(Json(RoutesReply { api_version: ApiVersion, view: wanted.view, result: page.items, next_page_token }))
}

fn read(uri: &Uri, peers: &Peers) -> Result<Wanted, Fault> {
    let mut parameters = Parameters::of(uri)?;
    let views = "best, learned, advertised or originated";
    let by_name = |text: &str| View::ALL.into_iter().find(|view| view.name() == text);
    let view = parameters.take("view", views, by_name).unwrap_or(View::Best);
    let peer = parameters.take("peer", "the name of a peer", |text| Some(text.to_owned()));
    let family: Option<AddressFamily> =
        parameters.take("family", "ipv4-unicast or ipv6-unicast", |text| text.parse().ok());
    let within = parameters.prefix("prefix");
    let after = parameters.prefix("after");
    let limit = limit(&mut parameters);
    if view.is_of_a_peer() && peer.is_none() {
        parameters.fault("peer", None, &format!("the name of a peer with view={view}"));
    }
    if view == View::Originated && peer.is_some() {
        parameters.fault("peer", peer.clone(), "no peer with view=originated");
    }
    parameters.finish()?;
    let peer = peer.map(|name| peers.named(&name).map(|entry| (entry.id, name.clone()))).transpose()?;
    let span = Span { family, within };
    Ok(Wanted { view, peer, span, after: after.max(span.before()), limit })
}

fn of_source(mut page: Page<BestRoute>, source: Option<&RouteSource>) -> Page<BestRoute> {
    if let Some(source) = source {
        page.items.retain(|route| route.source == *source);
    }
    page
}

fn translated<T>(page: Page<T>, translate: impl Fn(&T) -> Route) -> Page<Route> {
    Page { items: page.items.iter().map(translate).collect(), next: page.next }
}

/// Asks the table for parts of a page until it is full or the span ends; between two parts the table does other work.
async fn collect<T: Send + 'static>(
    view: &DaemonView,
    wanted: &Wanted,
    prefix_of: impl Fn(&T) -> Prefix,
    ask: impl Fn(&Rib, Option<Prefix>, usize) -> Page<T> + Clone + Send + 'static,
) -> Result<Page<T>, Gone> {
    let mut items = Vec::new();
    let mut after = wanted.after;
    for _ in 0..ASKS_MAX {
        let (ask, room) = (ask.clone(), wanted.limit - items.len());
        let part = view.rib.ask_now(move |rib| ask(rib, after, room)).await?;
        items.extend(part.items.into_iter().take_while(|item| wanted.span.holds(&prefix_of(item))));
        // The span stands together and the part began at or after its begin: past its end nothing follows.
        after = part.next.filter(|next| wanted.span.holds(next));
        if after.is_none() || items.len() >= wanted.limit {
            break;
        }
    }
    Ok(Page { items, next: after })
}
