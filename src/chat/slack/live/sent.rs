//! What people's clients sent, by the clients' own names for it (`client_msg_id`): a client that lost its connection
//! may send the same message once more, which then stands there twice.
//!
//! A command cannot go by that name alone: not everything by which a message is heard carries it. So for each
//! room the latest names are kept, over restarts as well, with the message that had them first.

use super::inbound::Hearing;
use super::wire::Message;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// Names of one room that are kept, the latest: more than come before a client's repeat does.
const NAMES_MAX: usize = 64;
/// Rooms whose names are in memory, at most.
const ROOMS_MAX: usize = 256;

/// The latest names of a room, oldest first.
#[derive(Default)]
struct Names {
    /// Hashed, each with the first message of that name.
    first: Vec<(String, String)>,
    /// Whether there are some that were not kept yet.
    news: bool,
}

impl Names {
    /// Whether the message `ts` is the first of this name, by whichever way we hear of it.
    fn is_first(&mut self, name: String, ts: &str) -> bool {
        if let Some((_, first)) = self.first.iter().find(|(known, _)| *known == name) {
            return first == ts;
        }
        self.first.push((name, ts.to_owned()));
        let over = self.first.len().saturating_sub(NAMES_MAX);
        self.first.drain(..over);
        self.news = true;
        true
    }
}

/// The latest names of all rooms.
#[derive(Default)]
pub(super) struct Sent {
    rooms: tokio::sync::Mutex<HashMap<String, Names>>,
    /// Whoever holds it keeps names; those who wait for it find theirs kept along.
    keeping: tokio::sync::Mutex<()>,
}

fn stream(room: &str) -> String {
    format!("slack:sent:{room}")
}

fn name_of(user: &str, client: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(format!("{user}:{client}"))[..8])
}

impl Hearing {
    /// Whether a message is not one that its client had sent before.
    pub(super) async fn is_first(&self, message: &Message) -> bool {
        let Some(client) = &message.client else { return true };
        let mut rooms = self.sent.rooms.lock().await;
        if !rooms.contains_key(&message.room) {
            // What cannot be read now may be by the next message; this one is taken for new.
            let Ok(kept) = self.memory.cursor(&stream(&message.room)).await else { return true };
            let first = kept.and_then(|k| serde_json::from_str(&k).ok()).unwrap_or_default();
            if rooms.len() >= ROOMS_MAX {
                rooms.retain(|_, names| names.news);
            }
            rooms.insert(message.room.clone(), Names { first, news: false });
        }
        rooms.entry(message.room.clone()).or_default().is_first(name_of(&message.who.id, client), &message.ts)
    }

    /// Keeps the names of a room that are new. Many at once are kept together.
    pub(super) async fn keep_sent(&self, room: &str) {
        let _turn = self.sent.keeping.lock().await;
        let json = match self.sent.rooms.lock().await.get_mut(room) {
            Some(names) if names.news => {
                names.news = false;
                serde_json::to_string(&names.first).unwrap_or_default()
            }
            _ => return,
        };
        if let Err(error) = self.memory.keep(&stream(room), json).await {
            tracing::debug!(error = format!("{error:#}"), "it was not noted what a client calls a message");
            if let Some(names) = self.sent.rooms.lock().await.get_mut(room) {
                names.news = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_sent_twice_is_known_and_what_we_hear_of_twice_is_no_other() {
        let mut names = Names::default();
        assert!(names.is_first(name_of("U1", "c"), "1.0") && names.is_first(name_of("U1", "c"), "1.0"));
        assert!(!names.is_first(name_of("U1", "c"), "2.0"));
        assert!(names.is_first(name_of("U2", "c"), "2.0"), "another person's");
        for n in 0..NAMES_MAX {
            assert!(names.is_first(name_of("U3", &n.to_string()), "3.0"));
        }
        assert_eq!(names.first.len(), NAMES_MAX);
    }
}
