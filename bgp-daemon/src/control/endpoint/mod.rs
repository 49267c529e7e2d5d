//! The paths, one file each.

pub mod admin;
mod aggregation;
mod agreement;
mod explain;
mod faults;
mod guard;
mod inventory;
mod lookup;
mod originations;
mod ours;
mod peers;
mod routes;
mod status;
mod translate;

pub use guard::summary as hold_summary;

use axum::Router;
use axum::extract::Request;
use axum::http::{Method, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bgp_core::types::PeerId;

use super::fault::{Allowed, Fault};
use super::metrics;
use super::parameters::Parameters;
use super::view::{DaemonView, PeerEntry};

/// The most items of a page.
const PAGE_MAX: usize = 1000;

/// Items of a page when nothing else is asked for.
const PAGE_DEFAULT: usize = 500;

/// Every path, and what is said to all others.
pub fn router(view: DaemonView) -> Router {
    Router::new()
        .route("/v1/status", get(status::status))
        .route("/v1/peers", get(peers::peers))
        .route("/v1/peers/{name}", get(peers::peer))
        .route("/v1/peers/{name}/faults", get(faults::faults))
        .route("/v1/routes", get(routes::routes))
        .route("/v1/lookup/{address}", get(lookup::lookup))
        .route("/v1/inventory", get(inventory::inventory))
        .route("/v1/originations", get(originations::originations))
        .route("/v1/aggregation", get(aggregation::aggregation))
        .route("/v1/config", get(originations::config))
        .route("/v1/guard", get(guard::guard))
        .route("/v1/explain", get(explain::explain))
        .route("/v1/metrics", get(metrics::metrics))
        .fallback(no_such_path)
        .layer(middleware::from_fn(only_get))
        .with_state(view)
}

pub async fn only_get(request: Request, next: Next) -> Response {
    match request.method() {
        &Method::GET => next.run(request).await,
        other => Fault::method_not_allowed(other.as_str(), Allowed::Get).into_response(),
    }
}

async fn no_such_path(uri: Uri) -> Fault {
    const KNOWN: [&str; 13] = [
        "/v1/status",
        "/v1/peers",
        "/v1/peers/{name}",
        "/v1/peers/{name}/faults",
        "/v1/routes",
        "/v1/lookup/{address}",
        "/v1/inventory",
        "/v1/originations",
        "/v1/aggregation",
        "/v1/config",
        "/v1/guard",
        "/v1/explain",
        "/v1/metrics",
    ];
    Fault::not_found(format!("no path {:?}", uri.path()), KNOWN.map(str::to_owned).to_vec())
}

/// The peers at one moment.
#[derive(Clone)]
struct Peers(std::sync::Arc<Vec<PeerEntry>>);

impl Peers {
    fn of(view: &DaemonView) -> Self {
        Self(view.peers.borrow().clone())
    }

    fn iter(&self) -> impl Iterator<Item = &PeerEntry> {
        self.0.iter()
    }

    /// The name of a peer; its number when it is not configured any more and its routes still go.
    fn name(&self, id: PeerId) -> String {
        self.iter().find(|entry| entry.id == id).map_or_else(|| id.to_string(), |entry| entry.peer.name.clone())
    }

    fn named(&self, name: &str) -> Result<&PeerEntry, Fault> {
        let unknown = || {
            let known = self.iter().map(|entry| entry.peer.name.clone()).collect();
            Fault::not_found(format!("no peer {name:?}"), known)
        };
        self.iter().find(|entry| entry.peer.name == name).ok_or_else(unknown)
    }
}

/// How many items a page is to have.
fn limit(parameters: &mut Parameters) -> usize {
    let legal = |text: &str| text.parse().ok().filter(|limit| (1..=PAGE_MAX).contains(limit));
    parameters.take("limit", "1 to 1000", legal).unwrap_or(PAGE_DEFAULT)
}

pub fn no_parameters(uri: &Uri) -> Result<(), Fault> {
    Parameters::of(uri)?.finish()
}
