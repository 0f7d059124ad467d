//! What is under way: acks that wait, people's turns, what was answered already.

use serde_json::Value;
use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// Ids of what was answered already, at most.
const SEEN_MAX: usize = 4_096;

/// Tells Slack that a payload was taken. Dropped untold: Slack brings it again.
pub(super) struct Ack(Option<oneshot::Sender<Option<Value>>>);

impl Ack {
    /// With the end at which it is heard.
    pub(super) fn new() -> (Ack, oneshot::Receiver<Option<Value>>) {
        let (tx, rx) = oneshot::channel();
        (Ack(Some(tx)), rx)
    }

    /// Taken.
    pub(super) fn plain(self) {
        self.send(None);
    }

    /// Taken, with an answer.
    pub(super) fn with(self, answer: Value) {
        self.send(Some(answer));
    }

    fn send(self, answer: Option<Value>) {
        if let Some(tx) = self.0 {
            // The connection may have gone meanwhile; then it comes again and is known.
            tx.send(answer).ok();
        }
    }
}

/// A place in the order of what one person does.
pub(super) struct Turn {
    pub(super) before: Option<oneshot::Receiver<()>>,
    pub(super) _done: oneshot::Sender<()>,
}

impl Turn {
    /// Waits until what came before has been handed in.
    pub(super) async fn come(&mut self) {
        if let Some(before) = self.before.take() {
            // It ends by being dropped.
            before.await.ok();
        }
    }
}

/// Ids known for a while.
#[derive(Default)]
pub(super) struct Seen {
    ids: HashSet<String>,
    order: VecDeque<String>,
}

impl Seen {
    /// Whether it is new.
    pub(super) fn note(&mut self, id: &str) -> bool {
        if !self.ids.insert(id.to_owned()) {
            return false;
        }
        self.order.push_back(id.to_owned());
        if self.order.len() > SEEN_MAX
            && let Some(old) = self.order.pop_front()
        {
            self.ids.remove(&old);
        }
        true
    }
}

/// Ends the work that is under way when the hearing ends.
pub(super) struct Crew(pub(super) Arc<Mutex<JoinSet<()>>>);

impl Drop for Crew {
    fn drop(&mut self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_answered_once_and_few_are_remembered() {
        let mut seen = Seen::default();
        assert!(seen.note("a") && !seen.note("a"));
        for n in 0..SEEN_MAX {
            assert!(seen.note(&n.to_string()));
        }
        assert_eq!(seen.ids.len(), SEEN_MAX);
        assert!(seen.note("a"), "forgotten by now");
    }
}
