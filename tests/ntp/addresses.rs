//! Servers by name and by address.

use std::sync::mpsc::channel;
use std::time::Duration;

use ecs_clock_emf::{NtpClient, NtpSettings, ReadErrorKind};

use super::played::Played;
use super::{PATIENCE, ask, client, client_with};

fn named(server: &str) -> NtpClient {
    NtpClient::new(NtpSettings {
        server: server.parse().unwrap(),
        interval: Duration::from_secs(1),
        timeout: PATIENCE,
        ..NtpSettings::default()
    })
}

/// Nothing listens on the IPv6 address that `localhost` may have too; the next request goes to the next.
#[tokio::test]
async fn a_server_by_name_is_asked_at_the_address_that_answers() {
    let server = Played::answering(|_| ());
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

/// A runtime whose only thread for blocking work is busy: an address is asked all the same.
#[test]
fn an_address_takes_no_thread() {
    let server = Played::answering(|_| ());
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
        let by_name = client_with(server.address, |settings| {
            settings.server = name.parse().unwrap();
            settings.timeout = Duration::from_millis(100);
        });
        // The name is what would take one.
        let error = ask(&by_name).await.unwrap_err();
        assert_eq!(error.kind, ReadErrorKind::Timeout);
    });
    drop(done);
}
