//! Answers to what staff said, on their way: in order, each once, without holding up what is heard. One that is not taken
//! for a while goes behind the others of its room: it holds up nobody for long.

use super::adapter::Shared;
use super::deliver::{self, Undone};
use super::session::{Fail, Session};
use crate::clock::{MINUTE_MS, Time};
use crate::policy::RoomId;
use serde_json::Value;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Answers on their way in.
const WAITING: usize = 256;
/// Answers that wait for the others of their rooms; then hearing waits for them.
const MOST: usize = 2_000;
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

/// An answer on its way.
struct Asked {
    reply: Reply,
    /// Told when it was given, or given up.
    done: oneshot::Sender<()>,
    /// When it was tried first.
    began: Option<Time>,
}

/// The way for answers.
pub(super) struct Answers(mpsc::Sender<Asked>);

impl Answers {
    /// The way, and the work that is awaited beside.
    pub(super) fn new(shared: Arc<Shared>, session: Arc<Session>) -> (Answers, impl Future<Output = anyhow::Result<()>>) {
        let (tx, rx) = mpsc::channel(WAITING);
        (Answers(tx), work(shared, session, rx))
    }

    /// Puts an answer on its way; what comes back ends when it was given, or given up.
    pub(super) async fn send(&self, reply: Reply) -> oneshot::Receiver<()> {
        let (done, waiting) = oneshot::channel();
        // Gone only when all of hearing ends.
        self.0.send(Asked { reply, done, began: None }).await.ok();
        waiting
    }
}

/// Gives answers: those of a room one after the other, those of others beside them.
async fn work(shared: Arc<Shared>, session: Arc<Session>, mut rx: mpsc::Receiver<Asked>) -> anyhow::Result<()> {
    // What waits in each room that is being answered in.
    let mut rooms: HashMap<RoomId, VecDeque<Asked>> = HashMap::new();
    let mut giving = JoinSet::new();
    let mut waiting = 0;
    loop {
        let next = tokio::select! {
            asked = rx.recv(), if waiting < MOST => {
                let Some(asked) = asked else { return Ok(()) };
                match rooms.get_mut(&asked.reply.room) {
                    Some(before) => {
                        before.push_back(asked);
                        waiting += 1;
                        None
                    }
                    None => {
                        rooms.insert(asked.reply.room.clone(), VecDeque::new());
                        Some(asked)
                    }
                }
            }
            Some(given) = giving.join_next() => {
                // It says its room unless it panicked, and then the whole of hearing begins anew.
                let (room, undone): (RoomId, Option<Asked>) = given?;
                let behind = rooms.entry(room.clone()).or_default();
                if let Some(undone) = undone {
                    behind.push_back(undone);
                    waiting += 1;
                }
                let next = behind.pop_front();
                match &next {
                    Some(_) => waiting -= 1,
                    None => drop(rooms.remove(&room)),
                }
                next
            }
        };
        if let Some(asked) = next {
            let (shared, session, room) = (Arc::clone(&shared), Arc::clone(&session), asked.reply.room.clone());
            giving.spawn(async move { (room, give(&shared, &session, asked).await) });
        }
    }
}

/// Gives an answer. Comes back with what others need not wait for any longer.
async fn give(shared: &Shared, session: &Session, asked: Asked) -> Option<Asked> {
    let now = shared.settings.clock.now();
    let first = asked.began.is_none();
    let began = asked.began.unwrap_or(now);
    let Reply { room, op, since, content } = &asked.reply;
    let until = Instant::now() + shared.settings.pace.answer;
    loop {
        // By the sender's clock, which may be ahead of ours.
        let since = Time(since.0.min(began.0));
        let pause = match deliver::send(shared, session, room, op, since, true, content.clone()).await {
            Ok(_) => break,
            Err(Undone::Fail(Fail::Limited(ms))) => Duration::from_millis(ms.unsigned_abs()),
            Err(Undone::Fail(Fail::Broken(_)) | Undone::Later(..)) => AGAIN,
            Err(Undone::Fail(fail)) => {
                tracing::warn!(why = fail.why(), room = room.as_str(), "an answer did not reach the room");
                break;
            }
            Err(Undone::InDoubt) => {
                tracing::warn!(room = room.as_str(), "whether an answer stands cannot be found out: it is not given again");
                break;
            }
        };
        if shared.settings.clock.now().since(began) > STALE_MS {
            tracing::warn!(room = room.as_str(), "an answer did not reach the room in time");
            break;
        }
        tokio::time::sleep(pause).await;
        // It had its time; of those that had theirs before, each is tried once.
        if !first || Instant::now() > until {
            return Some(Asked { began: Some(began), ..asked });
        }
    }
    // Whoever waited may have gone.
    asked.done.send(()).ok();
    None
}
