//! Host names looked up, each on a thread that ends with it.
//!
//! Not on the runtime's threads: where the system refuses the runtime one, it panics.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::oneshot;

/// The most look-ups under way in a process: a resolver that hangs must not gather threads.
const MOST: usize = 8;
static PLACES: Places = Places(AtomicUsize::new(0));

/// The addresses of a host name, each with `port`.
///
/// # Errors
/// If the name is not known, no thread is to be had, or too many look-ups hang.
pub(super) async fn lookup(name: String, port: u16) -> io::Result<Vec<SocketAddr>> {
    let place = PLACES.take().ok_or_else(|| {
        io::Error::new(
            ErrorKind::ResourceBusy,
            format!("{MOST} look-ups of host names are under way"),
        )
    })?;
    let (sender, found) = oneshot::channel();
    let thread = std::thread::Builder::new().name("lookup".to_owned());
    thread.spawn(move || {
        // Nobody may wait for it any more.
        let _ = sender.send(addresses(&name, port));
        drop(place);
    })?;
    found.await.map_err(io::Error::other)?
}

#[expect(clippy::disallowed_methods, reason = "names are looked up here")]
fn addresses(name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    Ok((name, port).to_socket_addrs()?.collect())
}

/// How many look-ups are under way.
struct Places(AtomicUsize);

impl Places {
    fn take(&self) -> Option<Place<'_>> {
        let order = Ordering::Relaxed;
        let more = |count: usize| (count < MOST).then(|| count + 1);
        let taken = self.0.fetch_update(order, order, more);
        taken.is_ok().then(|| Place(self))
    }
}

/// One of them, given back when it is dropped.
struct Place<'a>(&'a Places);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The same for an endpoint whose address holds a host name, as outside of ECS.
pub(super) struct Lookup;

impl Resolve for Lookup {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // The port of the URL takes the place of this one.
            let found = lookup(name.as_str().to_owned(), 0).await?;
            Ok(Box::new(found.into_iter()) as Addrs)
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
    fn there_are_few_places_and_each_is_given_back() {
        let places = Places(AtomicUsize::new(0));
        let taken: Vec<_> = std::iter::from_fn(|| places.take()).collect();
        assert_eq!(taken.len(), MOST);
        drop(taken);
        assert!(places.take().is_some());
    }
}
