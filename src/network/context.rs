//! What posts answer and quote: kept for a little while, and asked for within bounds. It is best effort: a post never waits
//! for long for what it is about, and comes without where that is not to be had.

use super::bounds::cut;
use crate::clock::{MINUTE_MS, SECOND_MS, Time};
use crate::post::{Context, NetEvent, Post, PostId, Relation, Untrusted, Visibility};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The longest text of a context, in characters: enough to know what it is about.
pub const MAX_TEXT: usize = 280;
/// So many posts are kept at most.
const MAX_KNOWN: usize = 512;
/// They are kept for so long, in milliseconds: what is changed or deleted meanwhile is not heard of here.
const KEPT_MS: i64 = 10 * MINUTE_MS;
/// Looking up takes posts at most so much time, in milliseconds …
const MAX_WAIT_MS: i64 = SECOND_MS;
/// … in each such span.
const WAITS_MS: i64 = 10 * SECOND_MS;

/// A post, as far as it may stand above another one.
#[derive(Clone, Debug)]
pub struct Told {
    context: Context,
    visibility: Visibility,
}

impl Told {
    /// The beginning of a post, behind the warning that its author put before it.
    #[must_use]
    pub fn of(post: &Post) -> Told {
        let warning = post.warning.as_ref().map(|w| format!("{}: ", w.expose())).unwrap_or_default();
        let context = Context {
            how: Relation::Answers,
            id: post.id.clone(),
            author: post.author.id.clone(),
            handle: post.author.handle.clone(),
            text: Untrusted::new(cut(&format!("{warning}{}", post.text.expose()), MAX_TEXT)),
            url: post.url.clone(),
        };
        Told { context, visibility: post.visibility }
    }

    /// As what `post` answers or quotes; `None` where fewer people may read it than `post` itself: what somebody wrote to few
    /// does not come further by being answered in public.
    #[must_use]
    pub fn above(&self, post: &Post, how: Relation) -> Option<Context> {
        let fits = match self.visibility {
            Visibility::Public | Visibility::Unlisted => true,
            Visibility::Followers => matches!(post.visibility, Visibility::Followers | Visibility::Direct),
            Visibility::Direct => post.is_dm(),
        };
        fits.then(|| Context { how, ..self.context.clone() })
    }
}

/// A post of which only the id is known so far.
#[must_use]
pub fn wanted(how: Relation, id: PostId) -> Context {
    Context { how, id, ..Context::default() }
}

/// Whether of a context only the id is known.
#[must_use]
pub fn is_wanted(context: &Context) -> bool {
    context.author.as_str().is_empty()
}

/// The posts among events.
pub fn posts(events: &mut [NetEvent]) -> impl Iterator<Item = &mut Post> {
    events.iter_mut().filter_map(|event| match event {
        NetEvent::New(post) | NetEvent::Edited(post) => Some(post),
        NetEvent::Deleted { .. } | NetEvent::Reposted { .. } | NetEvent::Engagement { .. } => None,
    })
}

#[derive(Debug, Default)]
struct Memory {
    /// `None`: it cannot be read.
    known: BTreeMap<String, (Time, Option<Told>)>,
    order: VecDeque<String>,
    calls: (Time, u32),
    waited: (Time, i64),
}

/// Posts of the last minutes, by the id that the network's API knows them by; and how much may still be asked for.
#[derive(Debug)]
pub struct Contexts {
    calls_a_minute: u32,
    memory: Mutex<Memory>,
}

impl Contexts {
    /// Knows nothing yet, and lets so many calls be made in a minute.
    #[must_use]
    pub fn new(calls_a_minute: u32) -> Contexts {
        Contexts { calls_a_minute, memory: Mutex::default() }
    }

    /// Keeps a post; `None`: it cannot be read, and is not to be asked for again.
    pub fn remember(&self, id: &str, post: Option<&Post>, now: Time) {
        let mut memory = self.memory();
        if memory.known.insert(id.to_owned(), (now, post.map(Told::of))).is_some() {
            return;
        }
        memory.order.push_back(id.to_owned());
        if memory.order.len() > MAX_KNOWN
            && let Some(oldest) = memory.order.pop_front()
        {
            memory.known.remove(&oldest);
        }
    }

    /// A post is gone.
    pub fn forget(&self, id: &str) {
        if let Some((_, told)) = self.memory().known.get_mut(id) {
            *told = None;
        }
    }

    /// What is known of a post; `None`: it is to be asked for.
    #[must_use]
    pub fn known(&self, id: &str, now: Time) -> Option<Option<Told>> {
        let memory = self.memory();
        let (since, told) = memory.known.get(id)?;
        (0..KEPT_MS).contains(&now.since(*since)).then(|| told.clone())
    }

    /// How long one call may take now; `None`: none is to be made. Counts it.
    #[must_use]
    pub fn patience(&self, now: Time) -> Option<Duration> {
        let mut memory = self.memory();
        if !(0..MINUTE_MS).contains(&now.since(memory.calls.0)) {
            memory.calls = (now, 0);
        }
        if !(0..WAITS_MS).contains(&now.since(memory.waited.0)) {
            memory.waited = (now, 0);
        }
        let left = u64::try_from(MAX_WAIT_MS - memory.waited.1).ok().filter(|left| *left > 0 && memory.calls.1 < self.calls_a_minute)?;
        memory.calls.1 += 1;
        Some(Duration::from_millis(left))
    }

    /// A call took so many milliseconds.
    pub fn waited(&self, ms: i64) {
        let mut memory = self.memory();
        memory.waited.1 = memory.waited.1.saturating_add(ms.max(0));
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::post::Author;

    const NOW: Time = Time(1_000_000);

    fn post(visibility: Visibility, text: &str) -> Post {
        Post {
            id: "p".into(),
            author: Author { id: "a".into(), ..Author::default() },
            text: Untrusted::new(text),
            visibility,
            ..Post::default()
        }
    }

    #[test]
    fn what_few_may_read_does_not_stand_above_what_many_may() {
        use Visibility::{Direct, Followers, Public, Unlisted};
        let all = [Public, Unlisted, Followers, Direct];
        let shown = |about, on| Told::of(&post(about, "x")).above(&post(on, "y"), Relation::Answers).is_some();
        assert_eq!(all.map(|on| shown(Public, on)), [true; 4]);
        assert_eq!(all.map(|on| shown(Unlisted, on)), [true; 4]);
        assert_eq!(all.map(|on| shown(Followers, on)), [false, false, true, true]);
        assert_eq!(all.map(|on| shown(Direct, on)), [false, false, false, true]);
    }

    #[test]
    fn its_text_is_cut_and_begins_with_its_warning() {
        let long = Post { warning: Some(Untrusted::new("spoilers")), ..post(Visibility::Public, &"ñ".repeat(5_000)) };
        let context = Told::of(&long).above(&long, Relation::Quotes).unwrap();
        let text = context.text.expose();
        assert!(text.starts_with("spoilers: ñ") && text.ends_with('…'), "{text}");
        assert_eq!((text.chars().count(), context.how), (MAX_TEXT, Relation::Quotes));
    }

    #[test]
    fn as_many_are_kept_as_may_be_and_for_as_long() {
        let contexts = Contexts::new(1);
        let read = |id: &str, now| contexts.known(id, now).map(|told| told.is_some());
        for n in 0..=MAX_KNOWN {
            contexts.remember(&n.to_string(), Some(&post(Visibility::Public, "x")), NOW);
        }
        assert_eq!((read("0", NOW), read("1", NOW)), (None, Some(true)), "the oldest goes");
        contexts.remember("gone", None, NOW);
        contexts.forget("5");
        contexts.forget("never seen");
        assert_eq!([read("gone", NOW), read("5", NOW), read("never seen", NOW)], [Some(false), Some(false), None]);
        assert_eq!((read("9", NOW.plus(KEPT_MS - 1)), read("9", NOW.plus(KEPT_MS))), (Some(true), None));
    }

    #[test]
    fn looking_up_takes_a_second_in_ten_and_few_calls_a_minute() {
        let contexts = Contexts::new(3);
        assert_eq!(contexts.patience(NOW), Some(Duration::from_secs(1)));
        contexts.waited(400);
        assert_eq!(contexts.patience(NOW), Some(Duration::from_millis(600)));
        contexts.waited(700);
        assert_eq!(contexts.patience(NOW.plus(WAITS_MS - 1)), None, "the second is over");
        assert_eq!(contexts.patience(NOW.plus(WAITS_MS)), Some(Duration::from_secs(1)));
        assert_eq!(contexts.patience(NOW.plus(2 * WAITS_MS)), None, "three calls were made");
        assert!(contexts.patience(NOW.plus(MINUTE_MS)).is_some());
    }
}
