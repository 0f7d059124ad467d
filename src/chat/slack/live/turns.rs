//! What is under way: acks that wait, people's turns, what was answered already.

use serde_json::Value;
use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot::{self, error::TryRecvError};
use tokio::task::JoinSet;

/// Ids of what was answered already, at most.
const SEEN_MAX: usize = 4_096;

/// So long it is waited for the proof that an answer was heard.
const PROVED_WITHIN: Duration = Duration::from_secs(60);

/// Tells Slack that a payload was taken. Dropped untold: Slack brings it again.
pub(super) struct Ack(oneshot::Sender<Taken>);

/// What an ack says.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// What the person sees of it.
    pub(super) answer: Option<Value>,
    /// Told once Slack has the answer; dropped, where it may not have it.
    pub(super) heard: Option<oneshot::Sender<()>>,
}

impl Ack {
    /// With the end at which it is heard.
    pub(super) fn new() -> (Ack, oneshot::Receiver<Taken>) {
        let (tx, rx) = oneshot::channel();
        (Ack(tx), rx)
    }

    /// Taken.
    pub(super) fn plain(self) {
        self.send(Taken::default());
    }

    /// Taken, with an answer that is of no use by any other way.
    pub(super) fn with(self, answer: Value) {
        self.send(Taken { answer: Some(answer), heard: None });
    }

    /// Taken, with an answer. Whether Slack has it; not known before the connection proves that it still stands.
    pub(super) async fn answer(self, answer: Value) -> bool {
        let (tx, rx) = oneshot::channel();
        self.send(Taken { answer: Some(answer), heard: Some(tx) });
        match tokio::time::timeout(PROVED_WITHIN, rx).await {
            Ok(heard) => heard.is_ok(),
            // A connection that stood for so long has brought it, whatever it makes of pings.
            Err(_) => true,
        }
    }

    fn send(self, taken: Taken) {
        // The connection may have gone meanwhile; then it comes again and is known.
        self.0.send(taken).ok();
    }
}

/// A place in the order of what one person does. Whoever gives it up before it has come leaves all others where they were.
pub(super) struct Turn {
    before: Option<Place>,
    done: Option<oneshot::Sender<Place>>,
}

/// The end of a turn: of the turn before it, where it was given up.
pub(super) struct Place(oneshot::Receiver<Place>);

impl Place {
    /// Whether something is still before it.
    pub(super) fn waits(&mut self) -> bool {
        loop {
            match self.0.try_recv() {
                Ok(earlier) => *self = earlier,
                Err(why) => return why == TryRecvError::Empty,
            }
        }
    }
}

impl Turn {
    /// The turn behind `last`'s, and its end.
    pub(super) fn behind(last: Option<Place>) -> (Turn, Place) {
        let (done, end) = oneshot::channel();
        (Turn { before: last, done: Some(done) }, Place(end))
    }

    /// Waits until what came before has been handed in.
    pub(super) async fn come(&mut self) {
        while let Some(before) = &mut self.before {
            // It ends by being dropped, or was given up.
            self.before = (&mut before.0).await.ok();
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(mut before) = self.before.take()
            && before.waits()
            && let Some(done) = self.done.take()
        {
            // Nobody may be behind it.
            done.send(before).ok();
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

    #[tokio::test]
    async fn an_answer_is_heard_unless_its_connection_ends_before_that_is_proved() {
        for proved in [true, false] {
            let (ack, acked) = Ack::new();
            let connection = async {
                let heard = acked.await.unwrap().heard.unwrap();
                if proved {
                    heard.send(()).unwrap();
                }
            };
            assert_eq!(tokio::join!(ack.answer(Value::Null), connection).0, proved);
        }
        // It had gone before the answer was known.
        let (ack, acked) = Ack::new();
        drop(acked);
        assert!(!ack.answer(Value::Null).await);
    }

    /// Whether it is this turn's turn.
    async fn is_its(turn: &mut Turn) -> bool {
        tokio::select! {
            biased;
            () = turn.come() => true,
            () = std::future::ready(()) => false,
        }
    }

    #[tokio::test]
    async fn whoever_gives_up_a_turn_lets_nobody_overtake_what_came_before() {
        let mut last = None;
        let mut next = || {
            let (turn, end) = Turn::behind(last.take());
            last = Some(end);
            turn
        };
        let (first, second, third, fourth, mut fifth) = (next(), next(), next(), next(), next());
        // In whatever order they give up.
        drop(third);
        drop(second);
        assert!(!is_its(&mut fifth).await);
        drop(fourth);
        assert!(!is_its(&mut fifth).await, "the first is still under way");
        drop(first);
        assert!(is_its(&mut fifth).await);
        assert!(last.as_mut().is_some_and(Place::waits));
        drop(fifth);
        assert!(!last.as_mut().is_some_and(Place::waits));
    }

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
