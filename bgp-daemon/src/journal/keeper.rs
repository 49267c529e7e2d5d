//! Keeps the journal at what is published last. However fast that changes, one record is written at a time, of the newest.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info};

use super::store::Journal;
use crate::origination::OriginationSet;

/// How long after a failure the same record is tried again.
const RETRY: Duration = Duration::from_secs(5);

/// The disk rests this many times as long as a write took, so that a large inventory that always changes does not keep it
/// busy; a small one is written at once.
const REST: u32 = 4;

/// The longest rest.
const MAX_REST: Duration = Duration::from_secs(60);

/// Where the journal stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JournalStatus {
    /// Its directory; `None` when none is kept.
    pub path: Option<PathBuf>,
    /// The revision of the snapshot that was restored at the start.
    pub restored_revision: Option<u64>,
    /// What was wrong with records at the start, one line each.
    pub damaged: Vec<String>,
    /// The revision of the snapshot that was written last.
    pub written_revision: Option<u64>,
    /// When that was.
    pub written_at: Option<SystemTime>,
    /// Why what is originated now could not be written; `None` when it was, or is about to be.
    pub fault: Option<String>,
}

/// A journal that is kept.
#[derive(Debug)]
pub struct JournalKeeper {
    /// Where it stands.
    pub status: watch::Receiver<Arc<JournalStatus>>,
    /// Ends when told to stop, and what was published last is written or cannot be.
    pub task: JoinHandle<()>,
}

/// Writes to `journal` whatever is `published`, until `stop`. `status` says what was restored. Must be called in a tokio
/// runtime.
#[must_use]
pub fn keep(
    journal: Journal,
    published: watch::Receiver<Option<Arc<OriginationSet>>>,
    status: JournalStatus,
    stop: CancellationToken,
) -> JournalKeeper {
    // What was restored whole stands there already.
    let is_restored = status.restored_revision.is_some() && status.damaged.is_empty();
    let written = published.borrow().clone().filter(|_| is_restored);
    let (publisher, receiver) = watch::channel(Arc::new(status));
    let keeper = Keeper { journal: Some(journal), published, status: publisher, written };
    JournalKeeper { status: receiver, task: tokio::spawn(keeper.run(stop)) }
}

struct Keeper {
    /// `None` after a panic in the file system's half.
    journal: Option<Journal>,
    published: watch::Receiver<Option<Arc<OriginationSet>>>,
    status: watch::Sender<Arc<JournalStatus>>,
    written: Option<Arc<OriginationSet>>,
}

impl Keeper {
    async fn run(mut self, stop: CancellationToken) {
        loop {
            let begin = Instant::now();
            let is_written = self.write().await;
            let rest = if is_written { (begin.elapsed() * REST).min(MAX_REST) } else { RETRY };
            let news = async {
                tokio::time::sleep(rest).await;
                !is_written || self.published.changed().await.is_ok()
            };
            match stop.run_until_cancelled(news).await {
                Some(true) => {}
                // Whoever publishes is gone, or it is time to stop: what came last is written once more.
                Some(false) | None => {
                    self.write().await;
                    return;
                }
            }
        }
    }

    /// Writes what is published, unless it was; whether nothing is left to write.
    async fn write(&mut self) -> bool {
        let newest = self.published.borrow_and_update().clone();
        let Some(set) = newest.filter(|set| !self.written.as_ref().is_some_and(|written| Arc::ptr_eq(written, set)))
        else {
            return true;
        };
        let Some(mut journal) = self.journal.take() else { return true };
        let saving = Arc::clone(&set);
        let saved = tokio::task::spawn_blocking(move || {
            let saved = journal.save(&saving);
            (journal, saved)
        });
        let fault = match saved.await {
            Ok((journal, saved)) => {
                self.journal = Some(journal);
                saved.err().map(|error| error.to_string())
            }
            Err(error) => Some(format!("writing broke off ({error}); this is a defect of aliasd")),
        };
        self.report(&set, fault)
    }

    fn report(&mut self, set: &Arc<OriginationSet>, fault: Option<String>) -> bool {
        let mut status = JournalStatus::clone(&self.status.borrow());
        let revision = set.snapshot.revision;
        match &fault {
            Some(fault) if status.fault.as_ref() != Some(fault) => {
                error!(%fault, "the journal cannot be written; a restart would start from an older state");
            }
            Some(_) => {}
            None if status.fault.is_some() => info!(revision, "the journal is written again"),
            None => debug!(revision, "the journal is written"),
        }
        let is_written = fault.is_none();
        status.fault = fault;
        if is_written {
            self.written = Some(Arc::clone(set));
            status.written_revision = Some(revision);
            status.written_at = Some(SystemTime::now());
        }
        self.status.send_replace(Arc::new(status));
        is_written || self.journal.is_none()
    }
}
