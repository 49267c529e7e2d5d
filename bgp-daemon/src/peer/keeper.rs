//! Keeps a peer going over a defect of ours: a loop that panics takes its session and routes with it, and is started again.
//!
//! The pause before that doubles with every failure in a row. Meanwhile the operator is answered, and connections of the
//! peer are closed.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, SystemTime};

use bgp_core::session::{IDLE_HOLD_FIRST, IDLE_HOLD_MAX, STABLE};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tracing::{error, info};

use super::runner::{Runner, Wishes};
use super::settings::{PeerSettings, PeerStatus};
use super::task::Command;
use crate::rib_owner::RibHandle;

/// The way in of a peer's task.
pub(super) struct Doors {
    /// What the daemon wants.
    pub commands: mpsc::UnboundedReceiver<Command>,
    /// Connections that the peer has opened.
    pub arrivals: mpsc::Receiver<TcpStream>,
}

/// Runs the peer until the daemon wants it to end. The seed decides its jitter.
pub(super) async fn keep(settings: PeerSettings, rib: RibHandle, mut seed: u64, mut doors: Doors) {
    let mut wishes = Wishes { settings, failures: 0, last_failure: None };
    let mut in_a_row = 0;
    loop {
        let started = Instant::now();
        let runner = Runner::new(wishes.clone(), rib.clone(), seed);
        let Err(panic) = caught(runner.run(&mut wishes, &mut doors)).await else { return };
        in_a_row = if started.elapsed() >= STABLE { 0 } else { in_a_row };
        let pause = (IDLE_HOLD_FIRST * 2u32.pow(in_a_row)).min(IDLE_HOLD_MAX);
        in_a_row = (in_a_row + 1).min(7);
        let said = said(panic.as_ref());
        error!(said, pause_secs = pause.as_secs(), "the peer's task failed, a defect of aliasd; it is started again");
        let text = format!("aliasd itself failed (a defect): {said}");
        wishes.failures += 1;
        wishes.last_failure = Some((SystemTime::now(), text));
        if !pass(pause, &mut wishes, &mut doors).await {
            return;
        }
        info!("the peer's task starts again");
        seed = seed.wrapping_add(1);
    }
}

/// Waits, and does what can be done without a session; false when the peer is to end.
async fn pass(pause: Duration, wishes: &mut Wishes, doors: &mut Doors) -> bool {
    let since = SystemTime::now();
    let over = Instant::now() + pause;
    loop {
        tokio::select! {
            () = tokio::time::sleep_until(over) => return true,
            Some(closed) = doors.arrivals.recv() => drop(closed),
            command = doors.commands.recv() => match command {
                None | Some(Command::Stop(_)) => return false,
                Some(Command::Change(settings, done)) => {
                    wishes.settings = *settings;
                    // Whoever changed it need not wait.
                    let _unheard = done.send(());
                }
                Some(Command::Refresh(_)) => {}
                Some(Command::Status(reply)) => {
                    let _unheard = reply.send(PeerStatus {
                        task_failures: wishes.failures,
                        last_error: wishes.last_failure.clone(),
                        ..PeerStatus::idle(since)
                    });
                }
                #[cfg(test)]
                Some(Command::Fail) => {}
            },
        }
    }
}

/// What a future comes to, or what it panicked with; then it is dropped.
async fn caught<T>(future: impl Future<Output = T>) -> Result<T, Box<dyn Any + Send>> {
    let mut future = pin!(future);
    // Nobody looks at the future again once it has panicked.
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("it did not say why")
}
