//! Metrics in the text format of Prometheus, computed when somebody asks, from what is published anyhow.
//!
//! Nothing is counted for their sake anywhere. A scrape costs two questions to the table and one to each peer's task, and
//! a walk over peers, rules and ranges; never one over routes or allocations. Names and labels are promises:
//! configs/alerts.yml and whoever has rules of their own depend on them.

mod guard;
mod inventory;
mod originations;
mod peers;
mod upkeep;

use std::io;
use std::net::SocketAddr;
use std::time::SystemTime;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bgp_core::types::AddressFamily;
use tokio::net::{TcpListener, TcpSocket};

use super::endpoint::{no_parameters, only_get};
use super::fault::Fault;
use super::sessions::look_at;
use super::view::DaemonView;
use crate::rib_owner::Gone;
use crate::telemetry::exposition::{CONTENT_TYPE, Exposition};

/// Connections that may wait in the kernel for `accept`.
const LISTEN_BACKLOG: u32 = 32;

/// Listens for scrapes and probes.
///
/// # Errors
/// What the kernel says: address in use, not ours, port needs privilege.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(LISTEN_BACKLOG)
}

/// Every path that is served over TCP.
pub fn router(view: DaemonView) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .fallback(no_such_path)
        .layer(middleware::from_fn(only_get))
        .with_state(view)
}

/// The metrics.
pub async fn metrics(State(view): State<DaemonView>, uri: Uri) -> Result<Response, Fault> {
    no_parameters(&uri)?;
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], text(&view).await?).into_response())
}

async fn readyz(State(view): State<DaemonView>) -> (StatusCode, &'static str) {
    match *view.ready.borrow() {
        true => (StatusCode::OK, "ok\n"),
        false => {
            (StatusCode::SERVICE_UNAVAILABLE, "no trusted inventory was originated yet, and none from the journal\n")
        }
    }
}

async fn no_such_path(uri: Uri) -> Fault {
    let known = ["/metrics", "/healthz", "/readyz"].map(str::to_owned).to_vec();
    Fault::not_found(format!("no path {:?}", uri.path()), known)
}

async fn text(view: &DaemonView) -> Result<String, Gone> {
    let entries = view.peers.borrow().clone();
    let seen = look_at(view, &entries).await?;
    let table = view.rib.ask_now(|rib| rib.counters()).await?;
    let config = view.config.borrow().clone();
    let mut out = Exposition::default();
    upkeep::process(&mut out, view, &config);
    peers::sessions(&mut out, &seen);
    peers::routes(&mut out, &seen);
    peers::table(&mut out, &table);
    inventory::inventory(&mut out, &view.inventory.borrow().clone(), &config.inventory, view.started_at);
    originations::originations(&mut out, view.originations.borrow().clone().as_deref(), &config);
    guard::guard(&mut out, &view.guard.borrow().clone(), &config.guard, view.clock.now());
    upkeep::journal(&mut out, &view.journal.borrow().clone());
    upkeep::audit(&mut out, &view.audit.borrow().clone(), config.audit.is_some());
    upkeep::reload(&mut out, view.reload.borrow().clone().as_deref(), &config);
    Ok(out.into_text())
}

/// How long ago that is; nothing when the clock was set back meanwhile.
fn age(then: SystemTime) -> std::time::Duration {
    then.elapsed().unwrap_or_default()
}

const fn family(family: AddressFamily) -> &'static str {
    match family {
        AddressFamily::Ipv4Unicast => "ipv4",
        AddressFamily::Ipv6Unicast => "ipv6",
    }
}
