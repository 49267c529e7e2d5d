//! Tasks of the daemon that run until they are told to stop.

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::error;

/// A task that runs until it is told to stop.
#[derive(Debug)]
pub(super) struct Service {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Service {
    /// A task that ends when the token is cancelled.
    pub const fn new(stop: CancellationToken, task: JoinHandle<()>) -> Self {
        Self { stop, task }
    }

    /// Returns when the task has ended.
    pub async fn stop(self) {
        self.stop.cancel();
        if let Err(error) = self.task.await {
            error!(%error, "a part of the daemon did not end well");
        }
    }
}
