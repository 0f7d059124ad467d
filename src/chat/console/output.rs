//! Writing: one thread that owns the writer, so that nothing else ever waits on a full pipe.

use std::io::{self, Write};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// Texts that may wait to be written.
const QUEUE: usize = 64;
/// How long a text may take to be written before it counts as failed for now.
const STUCK: Duration = Duration::from_secs(30);

struct Job {
    text: String,
    done: oneshot::Sender<io::Result<()>>,
}

/// The way to the writing thread.
pub(super) struct Output {
    jobs: mpsc::Sender<Job>,
    closed: watch::Receiver<bool>,
}

impl Output {
    /// Starts the thread; it ends with the last use of the way to it.
    pub(super) fn start(mut writer: Box<dyn Write + Send>) -> io::Result<Output> {
        let (jobs, mut queue) = mpsc::channel::<Job>(QUEUE);
        let (close, closed) = watch::channel(false);
        std::thread::Builder::new().name("stdout".into()).spawn(move || {
            let mut torn = false;
            while let Some(job) = queue.blocking_recv() {
                // Half a line may stand there: what follows must not become its second half.
                let ended = if torn { writer.write_all(b"\n") } else { Ok(()) };
                let written = ended.and_then(|()| writer.write_all(job.text.as_bytes())).and_then(|()| writer.flush());
                torn = written.is_err();
                if written.as_ref().is_err_and(|e| e.kind() == io::ErrorKind::BrokenPipe) {
                    close.send_replace(true);
                }
                // Who asked may have given up meanwhile.
                job.done.send(written).ok();
            }
        })?;
        Ok(Output { jobs, closed })
    }

    /// Waits until it is known that nobody reads any more.
    pub(super) async fn closed(&self) {
        let mut closed = self.closed.clone();
        // The thread ends only with `self`.
        closed.wait_for(|closed| *closed).await.ok();
    }

    /// Whether it is known that nobody reads any more.
    pub(super) fn is_closed(&self) -> bool {
        *self.closed.borrow()
    }

    /// Writes a text and flushes it. On an error it may or may not have been written.
    pub(super) async fn write(&self, text: String) -> io::Result<()> {
        let gone = || io::Error::new(io::ErrorKind::BrokenPipe, "the writing thread has ended");
        let (done, written) = oneshot::channel();
        let write = async {
            self.jobs.send(Job { text, done }).await.map_err(|_| gone())?;
            written.await.map_err(|_| gone())?
        };
        tokio::time::timeout(STUCK, write).await.unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "nobody reads it")))
    }
}
