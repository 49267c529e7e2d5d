//! Where peers stand: their tasks and the table asked once, in bounded time.

use std::time::Duration;

use bgp_core::rib::FamilyCounters;
use bgp_core::types::PeerId;

use super::view::{DaemonView, PeerEntry};
use crate::peer::PeerStatus;
use crate::rib_owner::Gone;

/// How long all peers' tasks together may take to say where they stand; a task that is late is shown as UNKNOWN.
const STATUS_PATIENCE: Duration = Duration::from_secs(2);

/// One peer at one moment.
pub struct Sight<'a> {
    /// As configured.
    pub entry: &'a PeerEntry,
    /// What its task says.
    pub session: SessionView,
    /// What the table says.
    pub families: Vec<FamilyCounters>,
}

/// What a peer's task says.
pub enum SessionView {
    /// There is none.
    NotEnabled,
    /// It did not answer.
    Unknown,
    /// Where the session stands.
    Known(Box<PeerStatus>),
}

/// Where these peers stand, in their order.
///
/// # Errors
/// [`Gone`] when the daemon is going down.
pub async fn look_at<'a>(view: &DaemonView, entries: &'a [PeerEntry]) -> Result<Vec<Sight<'a>>, Gone> {
    let ids: Vec<PeerId> = entries.iter().map(|entry| entry.id).collect();
    let counters = view.rib.ask_now(move |rib| ids.iter().map(|id| rib.peer_counters(*id)).collect::<Vec<_>>()).await?;
    let deadline = tokio::time::Instant::now() + STATUS_PATIENCE;
    let mut seen = Vec::with_capacity(entries.len());
    for (entry, families) in entries.iter().zip(counters) {
        let session = match &entry.status {
            None => SessionView::NotEnabled,
            Some(door) => match tokio::time::timeout_at(deadline, door.status()).await {
                Ok(Some(status)) => SessionView::Known(Box::new(status)),
                Ok(None) | Err(_) => SessionView::Unknown,
            },
        };
        seen.push(Sight { entry, session, families });
    }
    Ok(seen)
}
