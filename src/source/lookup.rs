//! Looks up host names, each on its own thread.
//!
//! The runtime's own threads are not used: tokio panics if the system refuses it a thread.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::oneshot;

/// The most lookups at a time: a hung resolver must not pile up threads.
const MOST: usize = 8;
static SLOTS: Slots = Slots(AtomicUsize::new(0));

/// The addresses of a host name, each with `port`.
///
/// # Errors
/// If the name is unknown, the system refuses a thread, or too many lookups hang.
pub(super) async fn lookup(name: String, port: u16) -> io::Result<Vec<SocketAddr>> {
    let slot = SLOTS.take().ok_or_else(|| {
        io::Error::new(
            ErrorKind::ResourceBusy,
            format!("{MOST} lookups of host names are hanging"),
        )
    })?;
    let (sender, found) = oneshot::channel();
    let thread = std::thread::Builder::new().name("lookup".to_owned());
    thread.spawn(move || {
        // The caller may have timed out.
        let _ = sender.send(addresses(&name, port));
        drop(slot);
    })?;
    found.await.map_err(io::Error::other)?
}

#[expect(clippy::disallowed_methods, reason = "names are looked up here")]
fn addresses(name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    Ok((name, port).to_socket_addrs()?.collect())
}

/// The number of lookups in progress.
struct Slots(AtomicUsize);

impl Slots {
    fn take(&self) -> Option<Slot<'_>> {
        let order = Ordering::Relaxed;
        let more = |count: usize| (count < MOST).then(|| count + 1);
        let taken = self.0.fetch_update(order, order, more);
        taken.is_ok().then(|| Slot(self))
    }
}

/// One lookup in progress. It frees its slot when dropped.
struct Slot<'a>(&'a Slots);

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The resolver of the HTTP client. Outside ECS, the endpoint's address may contain a host name.
#[derive(Debug, Clone, Default)]
pub(super) struct Resolver {
    /// Whether a lookup has begun and not ended.
    is_pending: Arc<AtomicBool>,
}

impl Resolver {
    /// Begins a request, which may need no lookup.
    pub(super) fn begin(&self) {
        self.is_pending.store(false, Ordering::Relaxed);
    }

    /// Whether the request waits for a lookup. If it times out then, it never reached the endpoint.
    pub(super) fn is_pending(&self) -> bool {
        self.is_pending.load(Ordering::Relaxed)
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let is_pending = Arc::clone(&self.is_pending);
        Box::pin(async move {
            is_pending.store(true, Ordering::Relaxed);
            // The URL's port replaces this one.
            let found = lookup(name.as_str().to_owned(), 0).await;
            is_pending.store(false, Ordering::Relaxed);
            Ok(Box::new(found?.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_has_addresses_or_an_error() {
        let found = lookup("localhost".to_owned(), 7).await.unwrap();
        assert!(!found.is_empty());
        assert!(
            found
                .iter()
                .all(|address| address.ip().is_loopback() && address.port() == 7)
        );
        assert!(lookup("a name with blanks".to_owned(), 7).await.is_err());
    }

    #[test]
    fn slots_are_few_and_each_is_freed() {
        let slots = Slots(AtomicUsize::new(0));
        let taken: Vec<_> = std::iter::from_fn(|| slots.take()).collect();
        assert_eq!(taken.len(), MOST);
        drop(taken);
        assert!(slots.take().is_some());
    }
}
