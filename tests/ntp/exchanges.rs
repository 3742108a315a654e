//! Exchanges with a real server, computed a second time from the same packets.

use std::time::{Duration, Instant, SystemTime};

use ecs_clock_emf::{DriftRate, Exchange, Moment, NtpSettings, ReadErrorKind, Source, SyncStatus};

use super::chronyd::Chronyd;
use super::packet::Said;
use super::proxy::Proxy;
use super::{PATIENCE, ask, client, failure};

/// An exchange, and how long it took by the test's clock: longer than by the client's.
async fn timed(proxy: &Proxy) -> (Exchange, Duration) {
    let client = client(proxy.address());
    let began = Instant::now();
    let exchange = ask(&client).await.unwrap();
    (exchange, began.elapsed())
}

fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}

#[expect(clippy::cast_precision_loss, reason = "an offset of seconds in ns")]
fn offset(exchange: &Exchange) -> f64 {
    exchange.offset.num_nanoseconds().unwrap() as f64 / 1e9
}

/// The exchange agrees with its packets, and its range contains true time, which is the machine's own.
fn check(exchange: &Exchange, proxy: &Proxy, took: Duration) {
    let (requested, taken) = (&exchange.requested, &exchange.taken);
    let said = Said::new(
        &proxy.last_answer(),
        SystemTime::from(requested.wall),
        SystemTime::from(taken.wall),
    );
    assert!(
        (said.offset() - offset(exchange)).abs() < 1e-7,
        "{exchange:?}"
    );
    // Only the client knows how close its clock reads are: its elapsed time is more than that
    // between its moments, and less than what the test measured.
    let moved = taken.wall_moved_since(requested).abs().to_std().unwrap();
    let least = said.distance(seconds(taken.since(requested)));
    let most = said.distance(seconds(took)) + seconds(moved) / 2.0 + seconds(took) / 2.0;
    let distance = seconds(exchange.distance);
    assert!(
        least - 1e-8 <= distance,
        "{distance} under {least}: {exchange:?}"
    );
    assert!(
        distance <= most + 1e-8,
        "{distance} over {most}: {exchange:?}"
    );
    assert!(offset(exchange).abs() <= distance, "{exchange:?}");
    assert_eq!(
        exchange.bound(),
        exchange.offset.abs().to_std().unwrap() + exchange.distance
    );
}

fn source(server: &Chronyd) -> Source {
    let address = server.address.to_string().parse().unwrap();
    let settings = NtpSettings::default().with_server(address);
    Source::ntp(settings.with_timeout(PATIENCE))
}

#[tokio::test]
async fn fifty_exchanges_are_what_their_packets_say() {
    let server = Chronyd::local();
    let proxy = Proxy::start(server.address, Duration::ZERO, Duration::ZERO);
    for _ in 0..50 {
        let (exchange, took) = timed(&proxy).await;
        check(&exchange, &proxy, took);
    }
}

#[tokio::test]
async fn a_delay_on_one_way_makes_the_bound_larger_and_the_truth_stays_in_it() {
    let server = Chronyd::local();
    let delay = Duration::from_millis(50);
    for (there, back) in [(delay, Duration::ZERO), (Duration::ZERO, delay)] {
        let proxy = Proxy::start(server.address, there, back);
        let (exchange, took) = timed(&proxy).await;
        check(&exchange, &proxy, took);
        assert!(exchange.distance >= delay / 2, "{exchange:?}");
    }
}

#[tokio::test]
async fn a_source_reads_bound_and_reference_of_a_real_server() {
    let server = Chronyd::local();
    let source = source(&server);
    assert_eq!(source.due_in(), Duration::ZERO);
    let sample = source.read().await;
    assert_eq!(sample.source.as_str(), "ntp");
    assert_eq!(sample.withheld, []);
    let reading = sample.outcome.unwrap();
    assert_eq!(reading.status, SyncStatus::Synchronized);
    // True time is the machine's own.
    let now = Moment::now();
    let interval = reading.interval_at(&now, DriftRate::DEFAULT).unwrap();
    assert!(interval.earliest <= now.wall && now.wall <= interval.latest);
    // A server of local time reports that it was compared just now.
    let age = reading.reference_age().unwrap();
    assert!(age < PATIENCE, "{age:?}");
    assert_eq!(source.read_if_due().await, None);
}

#[tokio::test]
async fn a_real_server_without_a_source_is_unsynchronized() {
    let server = Chronyd::start("");
    let client = client(server.address);
    assert_eq!(failure(&client).await, ReadErrorKind::NtpUnsynchronized);
}

/// A server that has lost its own server continues as before; only the age of its reference shows it.
#[tokio::test]
async fn a_server_whose_server_died_is_found_out_by_the_age_of_its_reference() {
    let upstream = Chronyd::local();
    let port = upstream.address.port();
    // A poll every quarter of a second.
    let server = Chronyd::start(&format!(
        "server 127.0.0.1 port {port} minpoll -2 maxpoll -2"
    ));
    let age = async || {
        let sample = source(&server).read().await;
        let reading = sample.outcome.ok()?;
        assert_eq!(reading.status, SyncStatus::Synchronized);
        reading.reference_age()
    };
    let old = Duration::from_secs(4);
    wait_for(async || age().await.is_some_and(|age| age < old)).await;
    drop(upstream);
    wait_for(async || age().await.is_some_and(|age| age > old)).await;
}

async fn wait_for(condition: impl AsyncFn() -> bool) {
    let began = Instant::now();
    while !condition().await {
        assert!(began.elapsed() < PATIENCE, "it does not come");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
