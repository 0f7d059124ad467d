//! How a post sounds.

use super::text::Text;
use super::words::{ANGER, APOLOGY, BUT, INSULT, IRONY, PRAISE, PROBLEM, SELF, SOLVED, THANKS};
use serde::{Deserialize, Serialize};

/// How a post sounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Nothing stands out.
    #[default]
    Neutral,
    /// Thanks or praise.
    Thanks,
    /// Asks something.
    Question,
    /// Angry, or let down.
    Angry,
    /// Insults.
    Insult,
}

/// What a text says of how its author feels.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mood {
    /// How it sounds.
    pub(super) tone: Tone,
    /// Something is wrong.
    pub(super) problem: bool,
    /// Says thanks, or praises, and means it.
    pub(super) kind: bool,
    /// Says that what was wrong is solved.
    pub(super) solved: bool,
}

/// Weighs the words of `text`.
pub(super) fn mood(text: &Text) -> Mood {
    let solved = text.said(SOLVED);
    let solved = solved.meant > solved.denied;
    // What was wrong and is solved is no problem any more.
    let problem = text.has(PROBLEM) && !solved;
    let (thanks, praise, anger) = (text.said(THANKS), text.said(PRAISE), text.said(ANGER));
    let kind = thanks.meant + praise.meant > 0 || text.kind_emoji;
    let tone = if text.said_unless(INSULT, SELF).meant > 0 {
        Tone::Insult
    } else if is_angry(text, problem, praise.meant, praise.denied, anger.meant) {
        Tone::Angry
    } else if kind && !problem && !text.asks {
        Tone::Thanks
    } else if text.asks || asks_without_a_mark(text) {
        Tone::Question
    } else {
        Tone::Neutral
    };
    Mood { tone, problem, kind, solved }
}

fn is_angry(text: &Text, problem: bool, praised: usize, praise_denied: usize, anger: usize) -> bool {
    let loud = text.shouts || text.exclamations >= 3;
    let but = text.has(BUT);
    if text.has(APOLOGY) && !but && !loud {
        return false;
    }
    // `Great, cancelled again.`
    let ironic_praise = praised > 0 && problem && !but && !text.asks;
    anger > 0
        || text.angry_emoji
        || text.has(IRONY)
        || ironic_praise
        || (praise_denied > 0 && (problem || loud || praised == 0))
        || (problem && loud)
        || (text.shouts && praised == 0 && text.said(THANKS).meant == 0)
}

/// Questions are often typed without their mark.
fn asks_without_a_mark(text: &Text) -> bool {
    const OPENINGS: &[&str] = &[
        "alguien sabe",
        "me podeis decir",
        "me podriais decir",
        "podeis decirme",
        "podriais decirme",
        "sabeis si",
        "sabeis cuando",
        "quisiera saber",
        "queria saber",
        "me gustaria saber",
        "queria preguntar",
        "a que hora",
        "how do i",
        "how can i",
        "does anyone know",
        "could you tell me",
        "can you tell me",
        "do you know",
        "is there a way",
        "i was wondering",
        "any idea when",
        "any news on",
    ];
    text.has(OPENINGS)
}
