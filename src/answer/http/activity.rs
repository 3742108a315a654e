//! What a connection is doing, and how long it may continue.
//!
//! A head has less time than the idle time before it: a client polls every few seconds, but sends a head at once.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, Sleep, sleep_until};

/// How long a client may take to send a head.
const HEAD_TIME: Duration = Duration::from_secs(5);
/// How long a client may leave a reply unread.
const REPLY_TIME: Duration = Duration::from_secs(5);
/// How long a connection may be idle, as `Keep-Alive` states it.
pub(super) const IDLE_TIME: Duration = Duration::from_secs(75);
/// Extra time, so that a client that respects the stated time never finds its connection closed.
const IDLE_GRACE: Duration = Duration::from_secs(1);

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// It has no complete head yet.
    ReadingHead,
    /// A request is in progress: until its reply is written, or the connection is closed after it.
    Answering,
    /// It is kept alive between two requests.
    Idle,
}

/// What happens to a connection after a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AfterReply {
    KeepAlive,
    Close,
}

/// The phase of one connection, and the order to close it.
#[derive(Debug)]
pub(super) struct Activity {
    phase: Cell<Phase>,
    since: Cell<Instant>,
    after: Cell<AfterReply>,
    is_closing: Cell<bool>,
    close: Notify,
}

impl Activity {
    /// A new connection: its first head is due.
    pub(super) fn new() -> Rc<Self> {
        Rc::new(Self {
            phase: Cell::new(Phase::ReadingHead),
            since: Cell::new(now()),
            after: Cell::new(AfterReply::Close),
            is_closing: Cell::new(false),
            close: Notify::new(),
        })
    }

    /// What the connection is doing, and since when.
    pub(super) fn phase(&self) -> (Phase, Instant) {
        (self.phase.get(), self.since.get())
    }

    /// The first bytes of a head have arrived.
    pub(super) fn begin_head(&self) {
        // The first head is due from the beginning of the connection.
        if self.phase.get() == Phase::Idle {
            self.enter(Phase::ReadingHead);
        }
    }

    /// A head is complete, and its reply follows.
    pub(super) fn begin_reply(&self, after: AfterReply) {
        self.after.set(after);
        self.enter(Phase::Answering);
    }

    /// Bytes are being written. Without a request in progress they are hyper's own refusal of a head, after which it
    /// closes the connection.
    pub(super) fn writing(&self) {
        if self.phase.get() != Phase::Answering {
            self.begin_reply(AfterReply::Close);
        }
    }

    /// All that was to be written is written.
    pub(super) fn flushed(&self) {
        if self.phase.get() == Phase::Answering && self.after.get() == AfterReply::KeepAlive {
            self.enter(Phase::Idle);
        }
    }

    /// Tells the connection to close.
    pub(super) fn close(&self) {
        self.is_closing.set(true);
        self.close.notify_one();
    }

    /// Whether the connection was told to close.
    pub(super) fn is_closing(&self) -> bool {
        self.is_closing.get()
    }

    /// Waits until the connection is to be closed. Wait for the connection first: its progress moves the deadline.
    pub(super) async fn over(self: Rc<Self>) {
        let expiry = Expiry {
            sleep: Box::pin(sleep_until(self.deadline())),
            activity: Rc::clone(&self),
        };
        tokio::select! {
            () = expiry => {}
            () = self.close.notified() => {}
        }
    }

    fn enter(&self, phase: Phase) {
        self.phase.set(phase);
        self.since.set(now());
    }

    fn deadline(&self) -> Instant {
        let (phase, since) = self.phase();
        since
            + match phase {
                Phase::ReadingHead => HEAD_TIME,
                Phase::Answering => REPLY_TIME,
                Phase::Idle => IDLE_TIME + IDLE_GRACE,
            }
    }
}

/// The present time, for deadlines.
#[expect(clippy::disallowed_methods, reason = "a deadline, not a reading")]
pub(super) fn now() -> Instant {
    Instant::now()
}

/// Ends when the deadline of an activity has passed.
///
/// The deadline moves with every request. To spare the timer, it is set again only if it is too late, or when
/// it fires too early.
struct Expiry {
    activity: Rc<Activity>,
    sleep: Pin<Box<Sleep>>,
}

impl Future for Expiry {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let deadline = self.activity.deadline();
        if deadline < self.sleep.deadline() {
            self.sleep.as_mut().reset(deadline);
        }
        loop {
            ready!(self.sleep.as_mut().poll(cx));
            if deadline <= self.sleep.deadline() {
                return Poll::Ready(());
            }
            self.sleep.as_mut().reset(deadline);
        }
    }
}
