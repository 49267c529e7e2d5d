//! Hears of changes to the files, where the file system tells.
//!
//! A file is never watched itself: the first atomic rename would leave the watch on what is no longer there. Watched are
//! the directory, for its entries, and the directory above it, for its own replacement: a renamed directory, a swapped
//! symbolic link, a directory that comes back.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;
use tracing::{debug, warn};

/// Wakes whoever waits when something happens to the files of one place.
#[derive(Debug)]
pub(super) struct Alarm {
    changes: Arc<Notify>,
    /// `None` when the operating system gives no watcher, or before the first look.
    watcher: Option<(PathBuf, RecommendedWatcher)>,
    /// Whether it was said that there are only polls.
    said_deaf: bool,
}

impl Alarm {
    /// Deaf until armed.
    pub const fn new(changes: Arc<Notify>) -> Self {
        Self { changes, watcher: None, said_deaf: false }
    }

    /// Watches what is at `path` now. To be called before each look: what was there may have been replaced.
    pub fn arm(&mut self, path: &Path) {
        // Events carry absolute paths. Where there is no working directory to start from, the path as it is must do.
        let path = &std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        if self.watcher.as_ref().is_none_or(|(armed, _)| armed != path) {
            self.watcher = match self.watcher_for(path) {
                Ok(watcher) => Some((path.to_owned(), watcher)),
                Err(error) => return self.say_deaf(path, &error),
            };
        }
        let Some((_, watcher)) = &mut self.watcher else { return };
        let mut heard = false;
        for place in places(path) {
            // Removed first: a place that was replaced by another of the same name would stay watched besides.
            if let Err(error) = watcher.unwatch(&place) {
                debug!(place = %place.display(), %error, "was not watched");
            }
            match watcher.watch(&place, RecursiveMode::NonRecursive) {
                Ok(()) => heard = true,
                Err(error) => debug!(place = %place.display(), %error, "cannot be watched"),
            }
        }
        if heard {
            self.said_deaf = false;
        } else {
            self.say_deaf(path, &notify::Error::path_not_found());
        }
    }

    fn watcher_for(&self, path: &Path) -> notify::Result<RecommendedWatcher> {
        let (changes, path) = (Arc::clone(&self.changes), path.to_owned());
        notify::recommended_watcher(move |event: notify::Result<Event>| {
            // An error means that events were lost: look rather than miss one.
            if event.map_or(true, |event| concerns(&event, &path)) {
                changes.notify_one();
            }
        })
    }

    fn say_deaf(&mut self, path: &Path, error: &notify::Error) {
        if !self.said_deaf {
            let path = path.display();
            warn!(%path, %error, "changes of the inventory are not heard; it is only polled");
        }
        self.said_deaf = true;
    }
}

/// What is watched for the inventory at `path`.
fn places(path: &Path) -> Vec<PathBuf> {
    let own = path.is_dir().then(|| path.to_owned());
    own.into_iter().chain(path.parent().map(Path::to_owned)).collect()
}

/// Whether the event can mean other content. Looking at files makes events as well: those must not lead to another look.
fn concerns(event: &Event, path: &Path) -> bool {
    let only_read = matches!(
        event.kind,
        EventKind::Access(AccessKind::Open(_) | AccessKind::Read | AccessKind::Close(AccessMode::Read))
    );
    if only_read {
        return false;
    }
    if event.paths.is_empty() || !path.is_dir() {
        // A single file may change by the swap of a link beside it, whose name is not the file's.
        return true;
    }
    // Above the directory, only what becomes of the directory itself counts.
    event.paths.iter().any(|changed| changed.starts_with(path))
}
