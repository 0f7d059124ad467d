//! Reactions on cards: they triage, they never send.
//!
//! That one is taken away tells only the reaction's own id. So of those whose end means something it is
//! kept what they stood at and whose they were, in a bounded number of small notes.

use crate::chat::Memory;
use crate::clock::HOUR_MS;
use crate::command::Verb;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How long a reaction puts a case off, in milliseconds.
pub(super) const SNOOZE_MS: i64 = 4 * HOUR_MS;
/// Notes; each is written as a whole.
const NOTES: u8 = 64;
/// Reactions remembered in one note.
const MOST: usize = 64;

/// What a reaction asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// This, for so long where it takes a time.
    Act(Verb, i64),
    /// Shows how a handoff would begin; opens nothing.
    Propose,
}

/// What a reaction asks for when it comes.
pub(super) fn wish(key: &str) -> Option<Wish> {
    let act = |verb| Some(Wish::Act(verb, 0));
    match key {
        "👀" => act(Verb::Claim),
        "✅" | "✔" | "☑" => act(Verb::Resolve),
        "🚨" => act(Verb::Escalate),
        "💤" => Some(Wish::Act(Verb::Snooze, SNOOZE_MS)),
        "🗑" => act(Verb::Spam),
        "📨" => Some(Wish::Propose),
        _ => None,
    }
}

/// What it asks for when it is taken away.
pub(super) fn unwish(key: &str) -> Option<Verb> {
    (key == "👀").then_some(Verb::Release)
}

/// A reaction whose end means something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stood {
    /// Its own id.
    pub event: String,
    /// What it stood at.
    pub target: String,
    /// With what.
    pub key: String,
    /// Whose.
    pub by: String,
}

fn stream(event: &str) -> String {
    let note = Sha256::digest(event.as_bytes()).first().copied().unwrap_or_default() % NOTES;
    format!("matrix:reactions:{note}")
}

async fn note(memory: &dyn Memory, event: &str) -> anyhow::Result<Vec<Stood>> {
    let kept = memory.cursor(&stream(event)).await?;
    Ok(kept.and_then(|k| serde_json::from_str(&k).ok()).unwrap_or_default())
}

/// Keeps a reaction in mind.
pub(super) async fn remember(memory: &dyn Memory, stood: Stood) -> anyhow::Result<()> {
    let mut known = note(memory, &stood.event).await?;
    if known.contains(&stood) {
        return Ok(());
    }
    let stream = stream(&stood.event);
    known.push(stood);
    if known.len() > MOST {
        known.remove(0);
    }
    memory.keep(&stream, serde_json::to_string(&known)?).await
}

/// The reaction of this id, if it is kept in mind.
pub(super) async fn recall(memory: &dyn Memory, event: &str) -> anyhow::Result<Option<Stood>> {
    Ok(note(memory, event).await?.into_iter().find(|s| s.event == event))
}

/// Keeps it in mind no longer.
pub(super) async fn forget(memory: &dyn Memory, event: &str) -> anyhow::Result<()> {
    let mut known = note(memory, event).await?;
    known.retain(|s| s.event != event);
    memory.keep(&stream(event), serde_json::to_string(&known)?).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Door, table};

    #[test]
    fn reactions_triage_and_never_send() {
        for key in ["👀", "✅", "🚨", "💤", "🗑"] {
            let Some(Wish::Act(verb, _)) = wish(key) else { panic!("{key}") };
            assert!(table::row(verb).doors.contains(&Door::Reaction), "{key}");
        }
        assert_eq!(wish("📨"), Some(Wish::Propose));
        assert_eq!((wish("👍"), unwish("✅")), (None, None));
        assert_eq!(unwish("👀"), Some(Verb::Release));
    }
}
