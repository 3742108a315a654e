//! Servers by name and by address.

use std::sync::mpsc::channel;
use std::time::Duration;

use ecs_clock_emf::{NtpClient, NtpSettings, ReadErrorKind};

use super::played::ScriptedServer;
use super::{PATIENCE, ask, client};

fn named(server: &str) -> NtpClient {
    let settings = NtpSettings::default()
        .with_server(server.parse().unwrap())
        .with_interval(Duration::from_secs(1))
        .with_timeout(PATIENCE);
    NtpClient::new(settings)
}

/// Nothing listens on the IPv6 address that `localhost` may have too; the next request goes to the next.
#[tokio::test]
async fn a_server_by_name_is_asked_at_the_address_that_answers() {
    let server = ScriptedServer::answering(|_| ());
    let client = named(&format!("localhost:{}", server.address.port()));
    let mut outcome = ask(&client).await;
    for _ in 0..4 {
        if outcome.is_ok() {
            break;
        }
        tokio::time::sleep(client.due_in()).await;
        outcome = client.ask().await.unwrap_or(outcome);
    }
    outcome.unwrap();
}

/// The server is asked even if the runtime's only thread for blocking work is busy, as if it were refused one.
#[test]
fn no_server_takes_a_thread_of_the_runtime() {
    let server = ScriptedServer::answering(|_| ());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(1)
        .build()
        .unwrap();
    let (done, busy) = channel::<()>();
    runtime.spawn_blocking(move || busy.recv());
    runtime.block_on(async {
        ask(&client(server.address)).await.unwrap();
        let name = format!("localhost:{}", server.address.port());
        // Nothing may listen on the first address of the name.
        let outcome = ask(&named(&name)).await;
        assert_ne!(
            outcome.err().map(|error| error.kind),
            Some(ReadErrorKind::Timeout)
        );
    });
    drop(done);
}
