//! `/v1/peers` and `/v1/peers/{name}`.

use std::net::SocketAddr;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::Uri;
use bgp_core::rib::{self, FamilyCounters, Rib};
use bgp_core::session::{self, MessageCounts};
use bgp_core::types::{AddressFamily, PeerId, PeerKind};

use super::agreement::agreement;
use super::{Peers, no_parameters};
use crate::config;
use crate::control::fault::Fault;
use crate::control::reply::{
    AdvertisedRoute, ApiVersion, BgpPeerStatus, FamilyStatus, ImportCounts, LastError, Messages, PeerKindName,
    PeersReply, UpDown,
};
use crate::control::sessions::{SessionView, Sight, look_at};
use crate::control::time::{rfc3339, seconds_since};
use crate::control::view::{DaemonView, PeerEntry};
use crate::rib_owner::Gone;

/// Every configured peer.
pub async fn peers(State(view): State<DaemonView>, uri: Uri) -> Result<Json<PeersReply>, Fault> {
    no_parameters(&uri)?;
    Ok(Json(PeersReply { api_version: ApiVersion, bgp_peer_status: status_of_all(&view).await? }))
}

/// One peer, with what it is sent.
pub async fn peer(
    State(view): State<DaemonView>,
    name: Result<Path<String>, PathRejection>,
    uri: Uri,
) -> Result<Json<PeersReply>, Fault> {
    no_parameters(&uri)?;
    let name = name.map(|Path(name)| name).unwrap_or_default();
    let peers = Peers::of(&view);
    let entry = peers.named(&name)?;
    let mut status = status_of(&view, std::slice::from_ref(entry)).await?;
    let shown = advertised(&view, entry.id).await?;
    status.iter_mut().for_each(|status| status.advertised_routes = Some(shown.clone()));
    Ok(Json(PeersReply { api_version: ApiVersion, bgp_peer_status: status }))
}

/// Where every configured peer stands, in the order of the configuration.
pub async fn status_of_all(view: &DaemonView) -> Result<Vec<BgpPeerStatus>, Gone> {
    status_of(view, &Peers::of(view).0).await
}

async fn status_of(view: &DaemonView, entries: &[PeerEntry]) -> Result<Vec<BgpPeerStatus>, Gone> {
    let seen = look_at(view, entries).await?;
    let config = view.config.borrow().clone();
    let shown = |Sight { entry, session, families }: &Sight<'_>| {
        let kind = entry.peer.kind(config.router.asn);
        of_session(of_config(&entry.peer, kind), session).with_counters(families)
    };
    Ok(seen.iter().map(shown).collect())
}

async fn advertised(view: &DaemonView, id: PeerId) -> Result<Vec<AdvertisedRoute>, Gone> {
    let question = move |rib: &Rib| rib.advertised(id, None, BgpPeerStatus::ADVERTISED_SHOWN).items;
    let route = |route: &rib::AdvertisedRoute| AdvertisedRoute {
        dest_range: route.prefix.to_string(),
        priority: route.attributes.multi_exit_disc,
        next_hop_ip: route.attributes.next_hop_address().map(|address| address.to_string()),
    };
    Ok(view.rib.ask_now(question).await?.iter().map(route).collect())
}

fn of_config(peer: &config::Peer, kind: PeerKind) -> BgpPeerStatus {
    let notices = [
        peer.import.is_none().then_some("no import rules: nothing is accepted"),
        peer.export.is_none().then_some("no export rules: nothing is advertised"),
    ];
    BgpPeerStatus {
        name: peer.name.clone(),
        description: peer.description.clone(),
        enabled: peer.enabled,
        ip_address: peer.local_address.map(|address| address.to_string()),
        peer_ip_address: peer.address.to_string(),
        peer_asn: peer.asn.0,
        peer_kind: match kind {
            PeerKind::External => PeerKindName::External,
            PeerKind::Internal => PeerKindName::Internal,
        },
        state: session::State::Idle.to_string(),
        enable_ipv4: peer.families.contains(AddressFamily::Ipv4Unicast),
        enable_ipv6: peer.families.contains(AddressFamily::Ipv6Unicast),
        ipv4_nexthop_address: peer.next_hop_self_v4.map(|address| address.to_string()),
        ipv6_nexthop_address: peer.next_hop_self_v6.map(|address| address.to_string()),
        advertised_route_priority: peer.advertised_route_priority,
        max_prefixes: peer.max_prefixes(),
        max_prefixes_out: peer.max_prefixes_out,
        policy_notices: notices.into_iter().flatten().map(str::to_owned).collect(),
        ..BgpPeerStatus::default()
    }
}

fn of_session(mut shown: BgpPeerStatus, session: &SessionView) -> BgpPeerStatus {
    let status = match session {
        SessionView::Known(status) => status,
        SessionView::NotEnabled => {
            shown.status_reason = Some("not enabled".to_owned());
            return shown;
        }
        SessionView::Unknown => {
            shown.status = UpDown::Unknown;
            shown.status_reason = Some("its task did not answer".to_owned());
            return shown;
        }
    };
    shown.state = status.state.to_string();
    shown.state_since = Some(rfc3339(status.since));
    shown.state_seconds = Some(seconds_since(status.since));
    shown.last_error =
        status.last_error.as_ref().map(|(at, text)| LastError { time: rfc3339(*at), text: text.clone() });
    if status.state == session::State::Established {
        shown.status = UpDown::Up;
        shown.uptime_seconds = Some(seconds_since(status.since).to_string());
    } else {
        let waits = || waits_for(status.state).to_owned();
        shown.status_reason = Some(status.last_error.as_ref().map_or_else(waits, |(_, text)| text.clone()));
    }
    if let Some(negotiated) = &status.negotiated {
        shown.peer_router_id = Some(negotiated.peer_identifier.to_string());
        shown.agreed = Some(agreement(negotiated));
        shown.hold_time_secs = Some(negotiated.hold_time.as_secs());
    }
    let local = |local: SocketAddr| local.ip().to_canonical().to_string();
    shown.ip_address = status.local.map(local).or(shown.ip_address);
    shown.messages_received = messages(&status.statistics.received);
    shown.messages_sent = messages(&status.statistics.sent);
    shown.established_count = status.statistics.established;
    shown.failed_attempts = status.statistics.failures;
    shown.faulty_updates = status.statistics.faulty_updates.count();
    shown.queued_updates = status.queued_updates;
    shown.task_failures = status.task_failures;
    shown
}

const fn waits_for(state: session::State) -> &'static str {
    match state {
        session::State::Idle => "waits before it tries again",
        session::State::Connect => "dials the peer",
        session::State::Active => "waits for the peer to connect",
        session::State::OpenSent => "waits for the peer's OPEN",
        session::State::OpenConfirm => "waits for the peer's KEEPALIVE",
        session::State::Established => "is up",
    }
}

impl BgpPeerStatus {
    fn with_counters(mut self, counters: &[FamilyCounters]) -> Self {
        self.families = counters.iter().map(|counters| family(counters, self.max_prefixes_out)).collect();
        self.num_learned_routes = counters.iter().map(|family| family.import.received).sum();
        self.num_accepted_routes = counters.iter().map(|family| family.import.accepted).sum();
        self.num_advertised_routes = counters.iter().map(|family| family.advertised).sum();
        self
    }
}

fn family(counters: &FamilyCounters, most: Option<usize>) -> FamilyStatus {
    let import = counters.import;
    FamilyStatus {
        family: counters.family.to_string(),
        received: ImportCounts {
            total: import.received,
            accepted: import.accepted,
            rejected_by_policy: import.rejected_by_policy,
            looped: import.looped,
            leaked: import.leaked,
            own_range: import.own_range,
            martian: import.martian,
            next_hop_ineligible: import.next_hop_ineligible,
            stale: import.stale,
            over_limit: import.over_limit,
        },
        advertised: counters.advertised,
        pending: counters.pending,
        held_back: counters.held_back,
        headroom: most.map(|most| most.saturating_sub(1).saturating_sub(counters.told)),
        end_of_rib_received: counters.end_of_rib_received,
        end_of_rib_sent: counters.end_of_rib_sent,
    }
}

const fn messages(counts: &MessageCounts) -> Messages {
    Messages {
        open: counts.open,
        update: counts.update,
        notification: counts.notification,
        keepalive: counts.keepalive,
        route_refresh: counts.route_refresh,
    }
}
