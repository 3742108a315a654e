//! Many clients on kept connections, each of which asks again as soon as it is answered. One thread drives all of them, so
//! that the other processor is the server's.

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{Instant, sleep_until};

const REQUEST: &[u8] = b"GET /clock HTTP/1.1\r\nhost: localhost\r\n\r\n";
/// The time before anything is counted.
const WARM_UP: Duration = Duration::from_secs(1);

/// What all clients were answered.
#[derive(Debug, Default)]
struct Counts {
    good: Cell<u64>,
    /// Other answers, and connections that were refused or ended without an answer.
    failed: Cell<u64>,
}

/// Good answers a second, and failures in all.
pub(crate) fn ask_at_full_speed(
    address: &'static str,
    clients: usize,
    time: Duration,
) -> (f64, u64) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let counts = Rc::new(Counts::default());
    let tasks = LocalSet::new();
    let a_second = runtime.block_on(tasks.run_until(async {
        for _ in 0..clients {
            spawn_local(client(address, Rc::clone(&counts)));
        }
        tokio::time::sleep(WARM_UP).await;
        let (began, before) = (Instant::now(), counts.good.get());
        sleep_until(began + time).await;
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        let good = (counts.good.get() - before) as f64;
        good / began.elapsed().as_secs_f64()
    }));
    (a_second, counts.failed.get())
}

async fn client(address: &str, counts: Rc<Counts>) {
    loop {
        if converse(address, &counts).await.is_err() {
            counts.failed.set(counts.failed.get() + 1);
            // A server that is away must not be asked in a busy loop.
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// Asks on one connection until the server announces its end.
async fn converse(address: &str, counts: &Counts) -> io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    loop {
        stream.write_all(REQUEST).await?;
        let mut answer = Vec::with_capacity(2_048);
        while !answer.ends_with(b"}\n") {
            if stream.read_buf(&mut answer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        if !answer.starts_with(b"HTTP/1.1 200 OK\r\n") {
            return Err(io::ErrorKind::InvalidData.into());
        }
        counts.good.set(counts.good.get() + 1);
        let end = b"connection: close\r\n";
        if answer.windows(end.len()).any(|part| part == end) {
            return Ok(());
        }
    }
}
