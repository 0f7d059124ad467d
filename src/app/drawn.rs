//! What messages show already. Whatever happens to a case may have changed its card, and mostly has not: a change that would
//! change nothing is not sent. Chats count changes against the same limits as messages; Matrix keeps each for ever.

use crate::chat::Message;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Messages that are remembered at most. Of what is forgotten the next change is sent, needed or not.
const MOST: usize = 10_000;

/// What a message shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shows {
    /// This, as the chat confirmed.
    This(u64),
    /// Not known: this attempt to change it is under way, or ended in doubt.
    Attempt(u64),
}

/// What is remembered of messages, until the process ends.
#[derive(Default)]
pub(super) struct Drawn {
    hasher: RandomState,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    messages: HashMap<u64, Shows>,
    attempts: u64,
}

/// An attempt to post or change a message.
pub(super) struct Attempt {
    number: u64,
    shows: u64,
    /// Whether no other may come after it that began before.
    alone: bool,
}

impl Drawn {
    /// Begins an attempt; `None` where the message shows all this already.
    pub(super) fn begin(&self, message: &Message) -> Option<Attempt> {
        let shows = self.hashed(message);
        let mut inner = self.inner();
        inner.attempts += 1;
        let (number, mut alone) = (inner.attempts, true);
        if let Some(edit) = &message.edit {
            let key = self.key(message, edit);
            let known = inner.messages.get(&key);
            if known == Some(&Shows::This(shows)) {
                return None;
            }
            alone = !matches!(known, Some(Shows::Attempt(_)));
            // It may be carried out without our hearing of it.
            inner.put(key, Shows::Attempt(number));
        }
        Some(Attempt { number, shows, alone })
    }

    /// The chat confirmed it, under this id.
    pub(super) fn done(&self, message: &Message, attempt: &Attempt, id: &str) {
        let mut inner = self.inner();
        let key = self.key(message, id);
        let known = inner.messages.get(&key);
        let ours = match &message.edit {
            Some(edit) => edit == id && known == Some(&Shows::Attempt(attempt.number)),
            None => known.is_none(),
        };
        if ours && attempt.alone {
            inner.put(key, Shows::This(attempt.shows));
        } else if ours {
            inner.messages.remove(&key);
        }
    }

    fn key(&self, message: &Message, id: &str) -> u64 {
        self.hasher.hash_one((message.room.as_str(), id))
    }

    fn hashed(&self, message: &Message) -> u64 {
        // What of a view cannot be written is not compared: it counts as another each time.
        let view = serde_json::to_vec(&message.view).unwrap_or_else(|_| self.inner().attempts.to_string().into_bytes());
        let how = format!("{:?} {:?} {:?} {}", message.lang, message.privacy, message.pictures, message.private);
        self.hasher.hash_one((view, how))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn put(&mut self, key: u64, shows: Shows) {
        if self.messages.len() >= MOST && !self.messages.contains_key(&key) {
            self.messages.clear();
        }
        self.messages.insert(key, shows);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Time;
    use crate::outbox::Urgency;
    use crate::policy::{Lang, RoomId};
    use crate::view::{Pictures, Piece, Privacy, TextView, View};

    fn message(words: &str, edit: Option<&str>) -> Message {
        Message {
            op: "s-1".into(),
            room: RoomId::from("C1"),
            thread: None,
            edit: edit.map(str::to_owned),
            private: false,
            privacy: Privacy::Never,
            urgency: Urgency::Normal,
            since: Time(0),
            lang: Lang::En,
            view: View::Text(TextView { code: "notice".into(), lines: vec![vec![Piece::Words(words.into())]] }),
            picture: None,
            pictures: Pictures::None,
        }
    }

    /// Whether it is sent; confirmed if it is.
    fn sends(drawn: &Drawn, message: &Message) -> bool {
        let attempt = drawn.begin(message);
        if let Some(attempt) = &attempt {
            drawn.done(message, attempt, message.edit.as_deref().unwrap_or("1.0"));
        }
        attempt.is_some()
    }

    #[test]
    fn a_change_that_changes_nothing_is_not_sent() {
        let drawn = Drawn::default();
        assert!(sends(&drawn, &message("new", None)));
        assert!(!sends(&drawn, &message("new", Some("1.0"))));
        assert!(sends(&drawn, &message("claimed", Some("1.0"))) && !sends(&drawn, &message("claimed", Some("1.0"))));
        assert!(sends(&drawn, &message("claimed", Some("2.0"))), "another message");
        assert!(sends(&drawn, &Message { room: RoomId::from("C2"), ..message("claimed", Some("1.0")) }), "another room");
        let left_out = Message { privacy: Privacy::LeftOut, ..message("claimed", Some("1.0")) };
        assert!(sends(&drawn, &left_out), "what it said before may not be read here any more");
        assert!(sends(&drawn, &Message { pictures: Pictures::Gone, ..message("claimed", Some("1.0")) }));
    }

    #[test]
    fn what_ended_in_doubt_is_sent_anew() {
        let drawn = Drawn::default();
        assert!(sends(&drawn, &message("new", None)));
        // Nobody told how it ended: it may stand.
        assert!(drawn.begin(&message("claimed", Some("1.0"))).is_some());
        assert!(sends(&drawn, &message("new", Some("1.0"))), "back to what was known to stand");
        assert!(sends(&drawn, &message("new", Some("1.0"))), "the other may have come late");
        assert!(!sends(&drawn, &message("new", Some("1.0"))));
        // Two at once: which came last is not known.
        let (one, two) = (message("claimed", Some("1.0")), message("resolved", Some("1.0")));
        let (a, b) = (drawn.begin(&one).unwrap(), drawn.begin(&two).unwrap());
        drawn.done(&two, &b, "1.0");
        drawn.done(&one, &a, "1.0");
        assert!(drawn.begin(&one).is_some() && drawn.begin(&two).is_some());
    }

    #[test]
    fn what_is_remembered_has_a_bound() {
        let drawn = Drawn::default();
        for n in 0..=MOST {
            assert!(sends(&drawn, &message("new", Some(&n.to_string()))));
        }
        assert_eq!(drawn.inner().messages.len(), 1);
        assert!(sends(&drawn, &message("new", Some("0"))), "forgotten");
    }
}
