//! What looks like noise. Careful: hidden is not lost, but a real complaint must never be hidden.

use super::Reason;
use super::text::Text;
use super::tone::{Mood, Tone};
use super::words::SPAM;
use crate::post::Author;

/// What is known of the author besides the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    /// Marked as automated.
    pub(super) bot: bool,
    /// Age of the account in days, where known.
    pub(super) days: Option<u32>,
    /// Whether it was a customer before.
    pub(super) known: bool,
}

/// An account younger than this, in days, is new.
pub(super) const NEW_DAYS: u32 = 7;

impl Standing {
    /// Of `author` at `now`.
    pub(super) fn of(author: &Author, earlier_cases: u32, now: crate::clock::Time) -> Standing {
        let days = author.since.map(|t| u32::try_from((now.since(t) / crate::clock::DAY_MS).max(0)).unwrap_or(u32::MAX));
        Standing { bot: author.bot, days, known: earlier_cases > 0 }
    }
    /// Whether nothing speaks for the account yet.
    fn is_doubtful(self) -> bool {
        !self.known && (self.bot || self.days.is_some_and(|d| d < NEW_DAYS))
    }
}

/// Why a post is noise, if it looks so. `configured`: words that the team says are noise, always.
pub(super) fn noise(text: &Text, mood: Mood, standing: Standing, configured: &[String]) -> Option<Reason> {
    let folded: Vec<String> = configured.iter().map(|w| plain(w)).filter(|w| !w.is_empty()).collect();
    if let Some(at) = folded.iter().position(|w| text.has(&[w.as_str()])) {
        return configured.iter().filter(|w| !plain(w).is_empty()).nth(at).map(|w| Reason::SpamWord(w.clone()));
    }
    let hits: Vec<&str> = SPAM.iter().copied().filter(|w| text.has(&[*w])).collect();
    let bait = text.links + text.hashtags;
    // Whoever complains or asks is heard, whatever their account looks like. That something is
    // wrong is also what fraud says (`recover your lost funds`); it says several such things.
    let heard = match mood.tone {
        Tone::Angry | Tone::Insult => true,
        Tone::Question => bait < 6,
        Tone::Neutral | Tone::Thanks => mood.problem && (hits.len() < 2 || !standing.is_doubtful()),
    };
    if heard {
        return None;
    }
    // One such word in a calm post of a known account proves nothing.
    if hits.len() >= if standing.is_doubtful() { 1 } else { 2 } {
        return hits.first().map(|w| Reason::SpamWord((*w).to_owned()));
    }
    let prose = text.prose.split_whitespace().count();
    let only_bait = bait >= 6 && prose <= 4 && text.links > 0;
    let machine_bait = standing.is_doubtful() && text.links > 0 && bait >= 4 && prose <= 3 * bait;
    (only_bait || machine_bait).then_some(Reason::LinkFarm)
}

/// A configured word as [`Text`] spells it.
pub(super) fn plain(word: &str) -> String {
    Text::new(word).words().collect::<Vec<_>>().join(" ")
}
