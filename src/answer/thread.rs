//! A thread and a runtime for one interface. If the system refuses one, it is retried.

use std::io;
use std::sync::mpsc::Sender;

use super::trouble::{RETRY, Trouble};

/// Runs an interface on its own thread and runtime. The thread holds `running` until it ends.
pub(super) fn spawn<F, W>(trouble: Trouble, running: Sender<()>, work: W)
where
    W: FnOnce(Trouble) -> F + Clone + Send + 'static,
    F: Future<Output = ()>,
{
    start(trouble, move |trouble| {
        let (trouble, running, work) = (trouble.clone(), running.clone(), work.clone());
        let thread = std::thread::Builder::new().name(trouble.interface().to_owned());
        thread.spawn(move || {
            run(trouble, work);
            drop(running);
        })?;
        Ok(())
    });
}

/// Starts a thread. If the system refuses it, tries again every [`RETRY`].
fn start(
    mut trouble: Trouble,
    mut thread: impl FnMut(&Trouble) -> io::Result<()> + Send + 'static,
) {
    let mut attempt = move || {
        let started = thread(&trouble);
        if let Err(error) = &started {
            trouble.failed(&format!("cannot start a thread: {error}"));
        }
        started.is_ok()
    };
    if attempt() {
        return;
    }
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(RETRY).await;
            if attempt() {
                return;
            }
        }
    });
}

/// Runs an interface on this thread. If the system refuses what the runtime needs, tries again every [`RETRY`].
fn run<F: Future<Output = ()>>(mut trouble: Trouble, work: impl FnOnce(Trouble) -> F) {
    loop {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build();
        match runtime {
            Ok(runtime) => return runtime.block_on(work(trouble)),
            Err(error) => trouble.failed(&error),
        }
        std::thread::sleep(RETRY);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::*;

    /// Regression: a refused thread was reported as to be retried, and never was.
    #[tokio::test(start_paused = true)]
    async fn a_refused_thread_is_tried_again_each_minute() {
        let errors = Arc::<AtomicU64>::default();
        let trouble = Trouble::new("listen", Arc::clone(&errors));
        let (attempts, attempted) = channel();
        let begin = tokio::time::Instant::now();
        start(trouble, move |_| {
            let minutes = begin.elapsed().as_secs() / 60;
            attempts.send(minutes).map_err(io::Error::other)?;
            if minutes < 2 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            Ok(())
        });
        tokio::time::sleep(Duration::from_secs(600)).await;
        assert_eq!(attempted.iter().collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(errors.load(Ordering::Relaxed), 2);
    }
}
