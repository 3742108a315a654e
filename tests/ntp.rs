//! The NTP client against a real chronyd and against servers that misbehave, all of them on loopback.

mod addresses;
mod chronyd;
mod exchanges;
mod misbehaviour;
mod packet;
mod played;
mod program;
mod proxy;
mod schedule;
mod verdict;

use std::net::SocketAddr;
use std::time::Duration;

use ecs_clock_emf::{Exchange, NtpClient, NtpServer, NtpSettings, ReadError, ReadErrorKind};

/// A deadline that no busy machine exceeds; only a failure waits this long.
const PATIENCE: Duration = Duration::from_secs(60);

/// A client of the server at this address.
fn client(server: SocketAddr) -> NtpClient {
    client_with(server, |_| ())
}

/// A client with a timeout for busy machines, with the test's changes.
fn client_with(server: SocketAddr, change: impl FnOnce(&mut NtpSettings)) -> NtpClient {
    let server: NtpServer = server.to_string().parse().unwrap();
    let mut settings = NtpSettings::default()
        .with_server(server)
        .with_timeout(PATIENCE);
    change(&mut settings);
    NtpClient::new(settings)
}

/// The first exchange of a client.
async fn ask(client: &NtpClient) -> Result<Exchange, ReadError> {
    client.ask().await.expect("the first request is always due")
}

/// The error of the first exchange with a server.
async fn failure(client: &NtpClient) -> ReadErrorKind {
    ask(client).await.unwrap_err().kind
}
