//! Snapshots and rules into the table.

use std::sync::Arc;

use tokio::sync::watch;
use tracing::info;

use crate::config::Config;
use crate::inventory::Snapshot;
use crate::journal::Record;
use crate::origination::{self, OriginationSet, Plan};
use crate::rib_owner::{Gone, OriginationChange, RibHandle};

/// What is to be originated next, and how the table comes to it.
#[derive(Debug)]
pub(super) struct Prepared {
    set: OriginationSet,
    plan: Plan,
}

/// What is originated now.
#[derive(Debug)]
pub(super) struct Originator {
    rib: RibHandle,
    published: watch::Sender<Option<Arc<OriginationSet>>>,
}

impl Originator {
    pub fn new(rib: RibHandle) -> Self {
        Self { rib, published: watch::Sender::new(None) }
    }

    /// What is originated, for those who ask.
    pub fn published(&self) -> watch::Receiver<Option<Arc<OriginationSet>>> {
        self.published.subscribe()
    }

    /// The snapshot that what is originated was made from.
    pub fn snapshot(&self) -> Option<Arc<Snapshot>> {
        self.published.borrow().as_ref().map(|set| Arc::clone(&set.snapshot))
    }

    /// Originates what was originated before a restart, as it was: what differs by the configuration of now is a change
    /// like any other, once the source was read.
    ///
    /// # Errors
    /// [`Gone`] when the daemon is going down.
    pub async fn restore(&self, record: Record, config: Arc<Config>) -> Result<(), Gone> {
        let Record { snapshot, originations } = record;
        let compute = move || OriginationSet { originations, ..origination::originate(snapshot, &config) };
        let Ok(set) = tokio::task::spawn_blocking(compute).await else { return Err(Gone) };
        let plan = Plan::from_nothing(&set.originations);
        self.commit(Prepared { set, plan })
    }

    /// What this snapshot and these rules come to. Nothing is told to the table yet.
    ///
    /// # Errors
    /// [`Gone`] when the daemon is going down.
    pub async fn prepare(&self, snapshot: Arc<Snapshot>, config: Arc<Config>) -> Result<Prepared, Gone> {
        let old = self.published.borrow().clone();
        let compute = move || {
            let set = origination::originate(snapshot, &config);
            let plan = match &old {
                Some(old) => Plan::between(&old.originations, &set.originations),
                None => Plan::from_nothing(&set.originations),
            };
            (set, plan)
        };
        // A large inventory takes long enough to be in the way of others on a worker of the runtime.
        let Ok((set, plan)) = tokio::task::spawn_blocking(compute).await else { return Err(Gone) };
        Ok(Prepared { set, plan })
    }

    /// Originates what was prepared last: the table is told of the difference only.
    ///
    /// # Errors
    /// [`Gone`] when the table has stopped.
    pub fn commit(&self, Prepared { set, plan }: Prepared) -> Result<(), Gone> {
        info!(
            revision = set.snapshot.revision,
            originated = set.originations.len(),
            announced = plan.announce.len(),
            withdrawn = plan.withdraw.len(),
            "originations follow the inventory"
        );
        self.rib.change_originations(OriginationChange {
            originate: plan.routes().collect(),
            withdraw: plan.withdraw,
            own_ranges: origination::own_ranges(&set.snapshot),
        })?;
        self.published.send_replace(Some(Arc::new(set)));
        Ok(())
    }
}
