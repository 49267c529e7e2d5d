//! One TCP connection to a peer: what waits to be written, and in which order.
//!
//! Control messages (OPEN, KEEPALIVE, NOTIFICATION, ROUTE-REFRESH) overtake UPDATEs that are still queued, so that a
//! keepalive is on time while a table is sent; a message that has begun is always finished first.

use std::collections::VecDeque;
use std::io::{self, IoSlice, Read};
use std::task::{Context, Poll};
use std::time::Duration;

use bgp_core::session::ConnectionId;
use bgp_core::wire::framer::first_message_len;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Where the type of a message stands, and that of an UPDATE (RFC 4271 section 4.1).
const TYPE_AT: usize = 18;
const UPDATE: u8 = 2;

/// Messages and runs of them given to the kernel in one call.
const VECTORED_MESSAGES: usize = 64;

/// How much to read at a time; the session's framer never holds more than this and one message.
const READ_OCTETS: usize = 32 * 1024;

/// How much to read first, and twice as much whenever that was all there: the first routes of a flood are on their way while
/// the others are read.
const FIRST_READ_OCTETS: usize = 4 * 1024;

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

/// What writing achieved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Octets the kernel took.
    pub octets: usize,
    /// UPDATE messages that are wholly written now.
    pub updates: u64,
}

/// What a connection is ready for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Octets or an end can be read.
    Readable,
    /// The kernel takes octets again.
    Writable,
}

/// A message of which the kernel has taken a part.
#[derive(Debug, Default)]
struct Begun {
    left: Bytes,
    is_update: bool,
}

/// A connected stream and the messages queued on it.
#[derive(Debug)]
pub struct Connection {
    id: ConnectionId,
    stream: TcpStream,
    /// Octets to read next.
    next_read: usize,
    begun: Begun,
    control: VecDeque<Bytes>,
    /// Runs of whole messages.
    updates: VecDeque<Bytes>,
}

/// The octets of the message that a run begins with. A run that is no message would be a defect of ours: it goes out as one.
fn first_message(run: &[u8]) -> usize {
    first_message_len(run).unwrap_or(run.len())
}

/// How many of the messages of a run are UPDATEs; the marks of refreshes (RFC 7313) are none.
fn updates_in(mut run: &[u8]) -> u64 {
    let mut updates = 0;
    while !run.is_empty() {
        updates += u64::from(run.get(TYPE_AT) == Some(&UPDATE));
        run = run.get(first_message(run)..).unwrap_or(&[]);
    }
    updates
}

impl Connection {
    /// Takes over a connected stream.
    #[must_use]
    pub fn new(id: ConnectionId, stream: TcpStream) -> Self {
        Self {
            id,
            stream,
            next_read: FIRST_READ_OCTETS,
            begun: Begun::default(),
            control: VecDeque::new(),
            updates: VecDeque::new(),
        }
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

    /// Queues UPDATEs, and marks of refreshes among them, in order: a run of whole messages, one behind the other.
    pub fn queue_updates(&mut self, run: Bytes) {
        if !run.is_empty() {
            self.updates.push_back(run);
        }
    }

    /// Whether there are UPDATEs that the kernel has not wholly taken.
    #[must_use]
    pub fn has_queued_updates(&self) -> bool {
        !self.updates.is_empty() || self.begun.is_update && !self.begun.left.is_empty()
    }

    /// How many UPDATEs those are; they are counted for it.
    #[must_use]
    pub fn queued_updates(&self) -> u64 {
        let begun = u64::from(self.begun.is_update && !self.begun.left.is_empty());
        begun + self.updates.iter().map(|run| updates_in(run)).sum::<u64>()
    }

    fn wants_to_write(&self) -> bool {
        !(self.begun.left.is_empty() && self.control.is_empty() && self.updates.is_empty())
    }

    /// Whether the stream can be read (if `read`) or written (if something is queued); registers for it otherwise.
    pub fn poll_ready(&self, read: bool, context: &mut Context<'_>) -> Poll<io::Result<Readiness>> {
        if self.wants_to_write()
            && let Poll::Ready(ready) = self.stream.poll_write_ready(context)
        {
            return Poll::Ready(ready.map(|()| Readiness::Writable));
        }
        if read && let Poll::Ready(ready) = self.stream.poll_read_ready(context) {
            return Poll::Ready(ready.map(|()| Readiness::Readable));
        }
        Poll::Pending
    }

    /// Reads once, without waiting, into an emptied `buffer`.
    ///
    /// # Errors
    /// What the kernel says of a broken stream.
    pub fn read(&mut self, buffer: &mut BytesMut) -> io::Result<ReadOutcome> {
        buffer.clear();
        buffer.reserve(READ_OCTETS);
        match self.stream.try_read_buf(&mut (&mut *buffer).limit(self.next_read)) {
            Ok(0) => Ok(ReadOutcome::Closed),
            Ok(octets) => {
                let more = octets >= self.next_read;
                self.next_read = if more { READ_OCTETS.min(2 * self.next_read) } else { FIRST_READ_OCTETS };
                Ok(ReadOutcome::Octets)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(ReadOutcome::WouldBlock),
            Err(error) => Err(error),
        }
    }

    /// Reads once, without waiting, into an emptied `buffer` what has come; whether there was anything. An end or an error
    /// is for [`read`](Self::read) to find.
    pub fn read_what_came(&self, buffer: &mut BytesMut) -> bool {
        buffer.resize(READ_OCTETS, 0);
        // Not by way of the runtime: it reads only after it was told that there is something, which may be yet to come.
        let read = (&*SockRef::from(&self.stream)).read(buffer).unwrap_or(0);
        buffer.truncate(read);
        read > 0
    }

    /// Writes as much as the kernel takes, without waiting.
    ///
    /// # Errors
    /// What the kernel says of a broken stream.
    pub fn write(&mut self) -> io::Result<Written> {
        let mut total = Written::default();
        while self.wants_to_write() {
            let queued = std::iter::once(&self.begun.left).chain(&self.control).chain(&self.updates);
            let waiting = queued.filter(|message| !message.is_empty()).take(VECTORED_MESSAGES);
            let slices: Vec<IoSlice<'_>> = waiting.map(|message| IoSlice::new(message)).collect();
            match self.stream.try_write_vectored(&slices) {
                Ok(octets) => {
                    total.octets += octets;
                    total.updates += self.advance(octets);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(total)
    }

    /// Forgets what was written; how many UPDATEs ended in it.
    fn advance(&mut self, mut written: usize) -> u64 {
        let mut updates = 0;
        while written > 0 {
            if self.begun.left.is_empty() {
                match self.control.pop_front() {
                    Some(left) => self.begun = Begun { left, is_update: false },
                    None => match self.begin_run(&mut written) {
                        Some(ended) => updates += ended,
                        None => break,
                    },
                }
            }
            let part = written.min(self.begun.left.len());
            self.begun.left.advance(part);
            written -= part;
            updates += u64::from(part > 0 && self.begun.is_update && self.begun.left.is_empty());
        }
        updates
    }

    /// Takes whole messages off the first run as far as they were written, and begins the next; how many UPDATEs those were.
    fn begin_run(&mut self, written: &mut usize) -> Option<u64> {
        let run = self.updates.front_mut()?;
        let (mut end, mut next) = (0, first_message(run));
        while next < run.len() && next <= *written {
            end = next;
            next += first_message(run.get(next..).unwrap_or(&[]));
        }
        let whole = if next <= *written { run.split_to(next.min(run.len())) } else { run.split_to(end) };
        *written -= whole.len();
        if *written > 0 && !run.is_empty() {
            let left = run.split_to(first_message(run));
            self.begun = Begun { is_update: left.get(TYPE_AT) == Some(&UPDATE), left };
        }
        if run.is_empty() {
            self.updates.pop_front();
        }
        Some(updates_in(&whole))
    }

    /// Finishes a begun message and the queued control messages, drops queued UPDATEs, and closes. Takes at most a few
    /// seconds, whatever the peer does.
    pub async fn close(mut self) {
        let farewell = async {
            let last = std::iter::once(std::mem::take(&mut self.begun.left)).chain(std::mem::take(&mut self.control));
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
