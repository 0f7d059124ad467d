//! From a post to a first priority, with its reasons.

use super::language::language;
use super::noise::{NEW_DAYS, Standing, noise, plain};
use super::text::Text;
use super::tone::{Tone, mood};
use super::words::{ALARM, BUT, BY_CHANCE, EXPECTS, FIRST_PERSON, ME_TOO, OPINION, SAFETY, TO_THE_COMPANY, TO_THE_CUSTOMER};
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

/// From how many reposts on a post counts as spreading; tenfold, it counts twice.
const SPREADING: u64 = 20;
/// From how many earlier cases on a customer has waited often enough to go first.
const OFTEN: u32 = 3;

/// Weighs `post` as of `now`. `earlier_cases`: how many cases its author had before.
#[must_use]
pub fn weigh(post: &Post, earlier_cases: u32, triage: &TriagePolicy, now: Time) -> Weighed {
    let text = text_of(post);
    let mood = mood(&text);
    let standing = Standing::of(&post.author, earlier_cases, now);
    let mut scale = Scale::new(mood.tone);
    scale.alarms(&text, &triage.alarm_words);
    scale.audience(post.author.followers.unwrap_or(0), triage);
    scale.spread(post.engagement.reposts);
    if earlier_cases > 0 {
        scale.add(usize::from(earlier_cases >= OFTEN && mood.tone != Tone::Thanks), Reason::Returning(earlier_cases));
    }
    if let Some(days) = standing.days.filter(|d| *d < NEW_DAYS) {
        scale.add(0, Reason::NewAccount(days));
    }
    if standing.bot {
        scale.add(0, Reason::Automated);
    }
    let spam = noise(&text, mood, standing, &triage.spam_words);
    Weighed { lang: language(&text, post.lang.as_deref()), tone: mood.tone, priority: scale.priority, reasons: scale.reasons(), spam }
}

/// A priority as it rises, with what raised it and by how much.
struct Scale {
    priority: Priority,
    because: Vec<(usize, Reason)>,
}

impl Scale {
    fn new(tone: Tone) -> Scale {
        let (priority, because) = match tone {
            Tone::Thanks => (Priority::Low, vec![(0, Reason::Thanks)]),
            Tone::Neutral => (Priority::Normal, vec![]),
            Tone::Question => (Priority::Normal, vec![(0, Reason::Question)]),
            Tone::Angry => (Priority::High, vec![(1, Reason::Angry)]),
            Tone::Insult => (Priority::High, vec![(1, Reason::Insult)]),
        };
        Scale { priority, because }
    }

    fn add(&mut self, steps: usize, reason: Reason) {
        self.priority = self.priority.raised(steps);
        self.because.push((steps, reason));
    }

    fn alarms(&mut self, text: &Text, configured: &[String]) {
        let accident = text.said_unless(&["accident", "accidente"], BY_CHANCE).meant > 0;
        let word = SAFETY.iter().copied().filter(|w| accident || !w.starts_with("accident")).find(|w| text.said(&[*w]).meant > 0);
        if let Some(word) = word {
            // Whoever may get hurt goes first, however calmly they write.
            self.add(3, Reason::AlarmWord(word.trim_end_matches('*').to_owned()));
            return;
        }
        let own = configured.iter().find(|w| text.has(&[plain(w).as_str()]) && !plain(w).is_empty()).cloned();
        if let Some(word) = own.or_else(|| text.find(ALARM).map(|w| w.trim_end_matches('*').to_owned())) {
            self.priority = self.priority.max(Priority::Normal);
            self.add(1, Reason::AlarmWord(word));
        }
    }

    fn audience(&mut self, followers: u64, triage: &TriagePolicy) {
        if followers >= triage.huge_audience {
            self.add(2, Reason::Audience(followers));
        } else if followers >= triage.large_audience {
            self.add(1, Reason::Audience(followers));
        }
    }

    fn spread(&mut self, reposts: u64) {
        if reposts >= SPREADING {
            self.add(if reposts >= SPREADING * 10 { 2 } else { 1 }, Reason::Spreading(reposts));
        }
    }

    /// The reasons, what weighs most first.
    fn reasons(mut self) -> Vec<Reason> {
        self.because.sort_by_key(|(steps, _)| std::cmp::Reverse(*steps));
        self.because.into_iter().map(|(_, reason)| reason).collect()
    }
}

/// The post's own words, its warning among them.
fn text_of(post: &Post) -> Text {
    match &post.warning {
        Some(warning) => Text::new(&format!("{}. {}", warning.expose(), post.text.expose())),
        None => Text::new(post.text.expose()),
    }
}

/// Whether a bystander's post in somebody's conversation is a complaint or question of their own:
/// they say that it happened to them, or speak of themselves and ask the company or complain.
/// Sympathy, advice and anger on another's behalf are not.
#[must_use]
pub fn is_own_complaint(post: &Post) -> bool {
    let text = text_of(post);
    let mood = mood(&text);
    if text.has(ME_TOO) && !text.has(OPINION) && mood.tone != Tone::Thanks {
        return true;
    }
    let of_self = text.has(FIRST_PERSON);
    let to_customer = text.has(TO_THE_CUSTOMER);
    let to_company = text.has(TO_THE_COMPANY);
    match mood.tone {
        Tone::Thanks => false,
        Tone::Question => to_company && !to_customer || of_self && !to_customer && mood.problem,
        Tone::Neutral | Tone::Angry | Tone::Insult => of_self && !to_customer && mood.problem && !mood.solved,
    }
}

/// Whether the customer says nothing but that they are content: it reopens nothing. Whoever asks,
/// objects, waits or gives data to work with is not done.
#[must_use]
pub fn is_content(post: &Post) -> bool {
    let text = text_of(post);
    let mood = mood(&text);
    let gives_data = text.words().any(|w| w.len() >= 5 && w.chars().filter(char::is_ascii_digit).count() >= 4);
    let calm = matches!(mood.tone, Tone::Thanks | Tone::Neutral);
    let done = mood.kind || mood.solved;
    done && calm && !mood.problem && !text.asks && !text.has(BUT) && !text.has(EXPECTS) && !gives_data && post.media.is_empty()
}

#[cfg(test)]
mod tests;
