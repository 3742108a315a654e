//! The open connections: how many there may be, and which one is closed to make room for another.
//!
//! No client is turned away. When few slots are left, replies announce the end of their connections. When none
//! is left, the connection that is least likely to carry a request is closed, and the next client gets its slot.

use std::cell::{Cell, RefCell};
use std::io;
use std::mem::MaybeUninit;
use std::rc::Rc;
use std::time::Duration;

use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use super::activity::{Activity, AfterReply, Phase, now};

/// The most connections at a time: a thousand clients keep theirs. Each costs about 5 kB.
const MOST: usize = 1_536;
/// The descriptors of everything else: 22 at rest with every option, and those of a reading.
const RESERVED: usize = 32;
/// A connection that has been quiet for this long is closed at once when its slot is needed.
const QUIET: Duration = Duration::from_secs(2);
/// In a crowd, a client takes some milliseconds between connecting and sending, and slots become free by themselves.
/// A connection is closed after a shorter quiet time only if no slot has become free for this long.
const PATIENCE: Duration = Duration::from_millis(60);
/// The patience halves with each connection that is closed, down to this, until a slot becomes free by itself.
const LEAST_PATIENCE: Duration = Duration::from_millis(2);

/// The open connections.
#[derive(Debug)]
pub(super) struct Connections {
    limit: usize,
    open: RefCell<Vec<OpenConnection>>,
    freed: Notify,
    /// When a connection last ended that was not closed to make room.
    freed_at: Cell<Option<Instant>>,
    patience: Cell<Duration>,
}

/// One open connection.
#[derive(Debug, Clone)]
struct OpenConnection {
    activity: Rc<Activity>,
    stream: Rc<TcpStream>,
}

impl Connections {
    /// Starts without connections; at most `limit` may be open.
    pub(super) fn new(limit: usize) -> Rc<Self> {
        Rc::new(Self {
            limit: limit.max(1),
            open: RefCell::default(),
            freed: Notify::new(),
            freed_at: Cell::new(None),
            patience: Cell::new(PATIENCE),
        })
    }

    /// Takes a slot, which is free again when the returned value is dropped.
    pub(super) fn open(self: &Rc<Self>, stream: &Rc<TcpStream>) -> Slot {
        let activity = Activity::new();
        self.open.borrow_mut().push(OpenConnection {
            activity: Rc::clone(&activity),
            stream: Rc::clone(stream),
        });
        Slot {
            activity,
            connections: Rc::clone(self),
        }
    }

    /// Keeps connections alive until three quarters of the slots are taken.
    pub(super) fn policy(&self) -> AfterReply {
        if self.open.borrow().len() * 4 < self.limit * 3 {
            AfterReply::KeepAlive
        } else {
            AfterReply::Close
        }
    }

    /// Waits until a slot is free. Closes connections that carry no request, and returns their number.
    pub(super) async fn make_room(&self) -> u64 {
        let mut closed = 0;
        let began = now();
        while self.open.borrow().len() >= self.limit {
            let stuck = began.max(self.freed_at.get().unwrap_or(began));
            let patience = self.patience.get();
            if self.close_one(QUIET) {
                closed += 1;
            } else if stuck.elapsed() >= patience && self.close_one(PATIENCE) {
                closed += 1;
                self.patience.set((patience / 2).max(LEAST_PATIENCE));
            }
            // A free slot ends the wait. Without one, a connection may have become quiet.
            let _ = timeout(LEAST_PATIENCE, self.freed.notified()).await;
        }
        closed
    }

    /// Closes the oldest connection without a complete head, or else the one that has been idle for longest, if it
    /// has been quiet for at least `shortest`.
    fn close_one(&self, shortest: Duration) -> bool {
        let open = self.open.borrow();
        if open.iter().any(|open| open.activity.is_closing()) {
            return false;
        }
        let mut candidates: Vec<_> = open
            .iter()
            .filter_map(|open| Some((open.rank()?, open)))
            .collect();
        candidates.sort_unstable_by_key(|(rank, _)| *rank);
        let quiet = candidates.into_iter().find(|(_, open)| !open.has_unread());
        match quiet {
            Some(((_, since), open)) if since.elapsed() >= shortest => {
                open.activity.close();
                true
            }
            _ => false,
        }
    }
}

impl OpenConnection {
    /// The order in which connections are closed, and since when each is quiet; `None` if it must not be closed.
    fn rank(&self) -> Option<(bool, Instant)> {
        let (phase, since) = self.activity.phase();
        match phase {
            Phase::ReadingHead => Some((false, since)),
            Phase::Idle => Some((true, since)),
            Phase::Answering => None,
        }
    }

    /// Whether bytes have arrived that the connection has not read: a request may be among them.
    fn has_unread(&self) -> bool {
        let mut byte = [MaybeUninit::uninit()];
        match SockRef::from(&*self.stream).peek(&mut byte) {
            Ok(count) => count > 0,
            Err(error) => error.kind() == io::ErrorKind::Interrupted,
        }
    }
}

/// A slot that a connection holds.
#[derive(Debug)]
pub(super) struct Slot {
    activity: Rc<Activity>,
    connections: Rc<Connections>,
}

impl Slot {
    pub(super) fn activity(&self) -> Rc<Activity> {
        Rc::clone(&self.activity)
    }

    /// See [`Connections::policy`].
    pub(super) fn policy(&self) -> AfterReply {
        self.connections.policy()
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut open = self.connections.open.borrow_mut();
        let own = open
            .iter()
            .position(|open| Rc::ptr_eq(&open.activity, &self.activity));
        if let Some(own) = own {
            open.swap_remove(own);
        }
        if !self.activity.is_closing() {
            self.connections.freed_at.set(Some(now()));
            self.connections.patience.set(PATIENCE);
        }
        self.connections.freed.notify_one();
    }
}

/// How many connections there may be: half of the descriptors that the process may open, or fewer, because
/// readings need some as well.
pub(super) fn limit() -> usize {
    descriptors().map_or(MOST, |descriptors| {
        MOST.min(descriptors / 2)
            .min(descriptors.saturating_sub(RESERVED))
    })
}

/// How many descriptors the process may open; `None` if there is no such limit.
#[cfg(unix)]
fn descriptors() -> Option<usize> {
    use rustix::process::{Resource, getrlimit};
    getrlimit(Resource::Nofile).current?.try_into().ok()
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere there is a limit")]
fn descriptors() -> Option<usize> {
    None
}
