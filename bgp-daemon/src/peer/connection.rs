//! One TCP connection to a peer: what waits to be written, and in which order.
//!
//! Control messages (OPEN, KEEPALIVE, NOTIFICATION, ROUTE-REFRESH) overtake UPDATEs that are still queued, so that a
//! keepalive is on time while a table is sent; a message that has begun is always finished first.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::time::Duration;

use bgp_core::session::ConnectionId;
use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest, Ready};
use tokio::net::TcpStream;

/// Messages given to the kernel in one call.
const VECTORED_MESSAGES: usize = 64;

/// How much to read at a time; the session's framer never holds more than this and one message.
const READ_OCTETS: usize = 64 * 1024;

/// How long a closed connection may take to deliver its last message.
const FAREWELL: Duration = Duration::from_secs(2);

/// How many octets of a closed connection are read and dropped, so that the close is a FIN and no RST that would
/// destroy the NOTIFICATION on its way.
const FAREWELL_OCTETS: usize = 1024 * 1024;

/// What reading gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadOutcome {
    /// There is something in the buffer.
    Octets,
    /// Nothing has arrived.
    WouldBlock,
    /// The peer has closed its side.
    Closed,
}

/// A connected stream and the messages queued on it.
#[derive(Debug)]
pub struct Connection {
    id: ConnectionId,
    stream: TcpStream,
    begun: Bytes,
    control: VecDeque<Bytes>,
    updates: VecDeque<Bytes>,
}

impl Connection {
    /// Takes over a connected stream.
    #[must_use]
    pub const fn new(id: ConnectionId, stream: TcpStream) -> Self {
        Self { id, stream, begun: Bytes::new(), control: VecDeque::new(), updates: VecDeque::new() }
    }

    /// The number that the session knows it by.
    #[must_use]
    pub const fn id(&self) -> ConnectionId {
        self.id
    }

    /// The stream, for its addresses.
    #[must_use]
    pub const fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Queues a message that overtakes UPDATEs.
    pub fn queue_control(&mut self, message: Bytes) {
        self.control.push_back(message);
    }

    /// Queues UPDATE messages, in order.
    pub fn queue_updates(&mut self, messages: impl IntoIterator<Item = Bytes>) {
        self.updates.extend(messages);
    }

    /// Whether no UPDATE waits to be written.
    #[must_use]
    pub fn updates_drained(&self) -> bool {
        self.updates.is_empty()
    }

    fn wants_to_write(&self) -> bool {
        !(self.begun.is_empty() && self.control.is_empty() && self.updates.is_empty())
    }

    /// Waits until the stream can be read (if `read`) or written (if something is queued).
    ///
    /// # Errors
    /// What the kernel says of a broken stream.
    pub async fn ready(&self, read: bool) -> io::Result<Ready> {
        match (read, self.wants_to_write()) {
            (true, true) => self.stream.ready(Interest::READABLE | Interest::WRITABLE).await,
            (true, false) => self.stream.ready(Interest::READABLE).await,
            (false, true) => self.stream.ready(Interest::WRITABLE).await,
            (false, false) => std::future::pending().await,
        }
    }

    /// Reads once, without waiting, into an emptied `buffer`.
    ///
    /// # Errors
    /// What the kernel says of a broken stream.
    pub fn read(&self, buffer: &mut BytesMut) -> io::Result<ReadOutcome> {
        buffer.clear();
        buffer.reserve(READ_OCTETS);
        match self.stream.try_read_buf(buffer) {
            Ok(0) => Ok(ReadOutcome::Closed),
            Ok(_) => Ok(ReadOutcome::Octets),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(ReadOutcome::WouldBlock),
            Err(error) => Err(error),
        }
    }

    /// Writes as much as the kernel takes, without waiting. True when octets of an UPDATE were among it.
    ///
    /// # Errors
    /// What the kernel says of a broken stream.
    pub fn write(&mut self) -> io::Result<bool> {
        let mut updates_written = false;
        while self.wants_to_write() {
            let queued = std::iter::once(&self.begun).chain(&self.control).chain(&self.updates);
            let slices: Vec<IoSlice<'_>> =
                queued.filter(|message| !message.is_empty()).take(VECTORED_MESSAGES).map(|m| IoSlice::new(m)).collect();
            match self.stream.try_write_vectored(&slices) {
                Ok(written) => updates_written |= self.advance(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(updates_written)
    }

    fn advance(&mut self, mut written: usize) -> bool {
        let updates_before = self.updates.len();
        while written > 0 {
            if self.begun.is_empty() {
                let Some(next) = self.control.pop_front().or_else(|| self.updates.pop_front()) else { break };
                self.begun = next;
            }
            let part = written.min(self.begun.len());
            self.begun.advance(part);
            written -= part;
        }
        self.updates.len() < updates_before
    }

    /// Finishes a begun message and the queued control messages, drops queued UPDATEs, and closes. Takes at most a few
    /// seconds, whatever the peer does.
    pub async fn close(mut self) {
        let farewell = async {
            let last = std::iter::once(std::mem::take(&mut self.begun)).chain(std::mem::take(&mut self.control));
            for mut message in last {
                self.stream.write_all_buf(&mut message).await?;
            }
            self.stream.shutdown().await?;
            let mut rest = vec![0; 16 * 1024];
            let mut dropped = 0;
            while dropped < FAREWELL_OCTETS {
                match self.stream.read(&mut rest).await? {
                    0 => break,
                    count => dropped += count,
                }
            }
            io::Result::Ok(())
        };
        match tokio::time::timeout(FAREWELL, farewell).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "connection broke while it was closed"),
            Err(_) => tracing::debug!("peer did not take the end of the connection in time"),
        }
    }
}
