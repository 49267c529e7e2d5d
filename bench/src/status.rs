//! Asks a daemon how it is all the while that it works: an operator does so just when there is much to do.

use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};

use crate::daemon::{Running, Software};

/// How often it is asked.
const EVERY: Duration = Duration::from_millis(20);
/// An answer that takes longer counts as one that took so long.
const PATIENCE: Duration = Duration::from_secs(20);

/// Dropping the first stops the second.
type Asking = (Sender<()>, JoinHandle<Result<Vec<f64>>>);

/// Asks until it is stopped. Only aliasd can be asked by a socket that answers without a program of its own being started.
#[derive(Debug)]
pub struct StatusPoller {
    asking: Option<Asking>,
}

impl StatusPoller {
    /// Starts asking.
    pub fn start(daemon: &Running) -> Self {
        let asking = (daemon.software() == Software::Aliasd).then(|| {
            let socket = daemon.folder().join("aliasd.sock");
            let (stop, stopped) = mpsc::channel::<()>();
            let asking = std::thread::spawn(move || {
                let mut answers = Vec::new();
                while stopped.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                    answers.push(ask(&socket)?.as_secs_f64() * 1000.0);
                }
                Ok(answers)
            });
            (stop, asking)
        });
        Self { asking }
    }

    /// How many milliseconds each answer took; nothing where nobody was asked.
    pub fn stop(self) -> Result<Vec<f64>> {
        let Some((stop, asking)) = self.asking else { return Ok(Vec::new()) };
        drop(stop);
        asking.join().map_err(|_| anyhow!("the poller panicked"))?
    }
}

/// How long one answer takes, from the connection on.
fn ask(socket: &Path) -> Result<Duration> {
    let since = Instant::now();
    let answer = match answer(socket) {
        Ok(answer) => answer,
        Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(since.elapsed()),
        Err(error) => return Err(error).with_context(|| socket.display().to_string()),
    };
    ensure!(answer.starts_with(b"HTTP/1.1 200"), "status: {}", String::from_utf8_lossy(&answer));
    Ok(since.elapsed())
}

/// A whole answer to `status`, with its head.
pub fn answer(socket: &Path) -> io::Result<Vec<u8>> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET /v1/status HTTP/1.1\r\nHost: aliasd\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}
