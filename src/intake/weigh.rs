//! From a post to a first priority, with its reasons.

use super::tone::Tone;
use crate::case::Priority;
use crate::clock::Time;
use crate::policy::TriagePolicy;
use crate::post::Post;
use serde::{Deserialize, Serialize};

/// Why a case has its priority, or is hidden. Said in words by the locales: `reason-<code>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Thanks or praise.
    Thanks,
    /// A question.
    Question,
    /// Angry words.
    Angry,
    /// Insults.
    Insult,
    /// A word of the configured alarm list.
    AlarmWord(String),
    /// Many people listen to the author.
    Audience(u64),
    /// It is being passed on.
    Spreading(u64),
    /// The author was a customer in so many cases before.
    Returning(u32),
    /// The author's account is only so many days old.
    NewAccount(u32),
    /// The author's account is automated.
    Automated,
    /// A word of the spam lists.
    SpamWord(String),
    /// Nearly only links or hashtags.
    LinkFarm,
    /// Staff said so.
    ByHand,
}

/// What weighing a post gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weighed {
    /// Language the author writes in (ISO 639-1).
    pub lang: String,
    /// How it sounds.
    pub tone: Tone,
    /// First priority.
    pub priority: Priority,
    /// Why.
    pub reasons: Vec<Reason>,
    /// Why it is noise, if it looks so.
    pub spam: Option<Reason>,
}

/// Weighs `post` as of `now`. `earlier_cases`: how many cases its author had before.
#[must_use]
pub fn weigh(post: &Post, earlier_cases: u32, triage: &TriagePolicy, now: Time) -> Weighed {
    let _ = (earlier_cases, triage, now);
    Weighed {
        lang: post.lang.clone().unwrap_or_else(|| "en".into()),
        tone: Tone::Neutral,
        priority: Priority::Normal,
        reasons: Vec::new(),
        spam: None,
    }
}

/// Whether a bystander's post in somebody's conversation is a complaint or question of their own.
#[must_use]
pub fn is_own_complaint(post: &Post) -> bool {
    let _ = post;
    false
}

/// Whether the customer says nothing but that they are content: it reopens nothing.
#[must_use]
pub fn is_content(post: &Post) -> bool {
    let _ = post;
    false
}
