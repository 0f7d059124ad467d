//! Answers to what staff said, on their way: in order, each once, without holding up what is heard.

use super::adapter::Shared;
use super::deliver::{self, Undone};
use super::session::{Fail, Session};
use crate::clock::{MINUTE_MS, Time};
use crate::outbox::Look;
use crate::policy::RoomId;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Answers that wait; then hearing waits for them.
const WAITING: usize = 256;
/// An answer that could not be given for so long is of no use to anybody, in milliseconds.
const STALE_MS: i64 = 30 * MINUTE_MS;
/// The pause after a failure.
const AGAIN: Duration = Duration::from_secs(2);

/// An answer.
pub(super) struct Reply {
    /// Where.
    pub room: RoomId,
    /// Its operation: the same for the same answer.
    pub op: String,
    /// When it was asked for.
    pub since: Time,
    /// What.
    pub content: Value,
}

/// The way for answers.
pub(super) struct Answers(mpsc::Sender<(Reply, oneshot::Sender<()>)>);

impl Answers {
    /// The way, and the work that is awaited beside.
    pub(super) fn new(shared: Arc<Shared>, session: Arc<Session>) -> (Answers, impl Future<Output = ()>) {
        let (tx, mut rx) = mpsc::channel::<(Reply, oneshot::Sender<()>)>(WAITING);
        let work = async move {
            while let Some((reply, done)) = rx.recv().await {
                give(&shared, &session, reply).await;
                // Whoever waited may have gone.
                done.send(()).ok();
            }
        };
        (Answers(tx), work)
    }

    /// Puts an answer on its way; what comes back ends when it was given, or given up.
    pub(super) async fn send(&self, reply: Reply) -> oneshot::Receiver<()> {
        let (done, waiting) = oneshot::channel();
        // Gone only when all of hearing ends.
        self.0.send((reply, done)).await.ok();
        waiting
    }
}

async fn give(shared: &Shared, session: &Session, reply: Reply) {
    let began = shared.settings.clock.now();
    let Reply { room, op, since, content } = reply;
    loop {
        // By the sender's clock, which may be ahead of ours.
        let since = Time(since.0.min(began.0));
        let pause = match deliver::send(shared, session, &room, &op, since, true, content.clone()).await {
            Ok(_) => return,
            Err(Undone::Fail(Fail::Limited(ms))) => Duration::from_millis(ms.unsigned_abs()),
            Err(Undone::Fail(Fail::Broken(_)) | Undone::Look(Look::Retry { .. })) => AGAIN,
            Err(Undone::Fail(fail)) => {
                tracing::warn!(why = fail.why(), room = room.as_str(), "an answer did not reach the room");
                return;
            }
            Err(Undone::Look(_)) => return,
        };
        if shared.settings.clock.now().since(began) > STALE_MS {
            tracing::warn!(room = room.as_str(), "an answer did not reach the room in time");
            return;
        }
        tokio::time::sleep(pause).await;
    }
}
