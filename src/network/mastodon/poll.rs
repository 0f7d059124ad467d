//! Reading a stream from where it was left.

use super::api::{Call, MAX_BODY_BYTES, Trouble, newer};
use super::cursor::{Cursor, Mark, by_id};
use super::mapping::Mapper;
use super::{MastodonAccount, Ready, wire};
use crate::clock::Time;
use crate::intake::listen::{Matcher, Seen};
use crate::network::lenient::time;
use crate::network::{NetError, Page};
use crate::policy::ListenRule;
use crate::post::{NetEvent, Reach};
use serde_json::Value;
use std::cmp::Ordering;
use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;
use tracing::{debug, warn};

/// How far the first reading of a stream goes back at most, in pages: a third of the usual allowance.
const MAX_PAGES_BACK: usize = 100;
/// The longest page of a single item, in bytes.
const MAX_ITEM_BYTES: usize = 4 * MAX_BODY_BYTES;
/// How often a public stream that fails is asked for again before one goes on without it.
const MAX_TRIES: u32 = 3;
/// The notifications we read. `quote` is there since Mastodon 4.5.
const KINDS: [&str; 4] = ["mention", "reblog", "update", "quote"];

/// What can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stream {
    /// What names us, answers us, passes us on.
    Notifications,
    /// What our account posts, from wherever.
    Own,
    /// Posts with a hashtag.
    Tag(String),
    /// Posts with a word, where the server can search.
    Search(String),
    /// All public posts of our server, sifted for keywords.
    Local,
}

impl Stream {
    /// The stream's name, under which its cursor is stored.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Stream::Notifications => "notifications".into(),
            Stream::Own => "own".into(),
            Stream::Tag(tag) => format!("tag:{tag}"),
            Stream::Search(word) => format!("search:{word}"),
            Stream::Local => "local".into(),
        }
    }

    /// The stream of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Stream> {
        match name.split_once(':') {
            Some(("tag", tag)) if !tag.is_empty() => Some(Stream::Tag(tag.to_owned())),
            Some(("search", word)) if !word.is_empty() => Some(Stream::Search(word.to_owned())),
            None if name == "notifications" => Some(Stream::Notifications),
            None if name == "own" => Some(Stream::Own),
            None if name == "local" => Some(Stream::Local),
            _ => None,
        }
    }

    /// All that the listening rules ask for.
    #[must_use]
    pub fn all(listen: &[ListenRule]) -> Vec<Stream> {
        let mut streams = vec![Stream::Notifications, Stream::Own];
        for tag in listen.iter().flat_map(|r| &r.hashtags) {
            let tag = Stream::Tag(tag.trim_start_matches('#').to_lowercase());
            if !streams.contains(&tag) {
                streams.push(tag);
            }
        }
        for word in listen.iter().flat_map(|r| &r.keywords) {
            let search = Stream::Search(word.trim().to_owned());
            if !streams.contains(&search) {
                streams.push(search);
            }
        }
        if listen.iter().any(|r| !r.keywords.is_empty() || !r.domains.is_empty()) {
            streams.push(Stream::Local);
        }
        streams
    }
}

enum Item {
    Notification(Box<wire::Notification>),
    Status(Box<wire::Status>),
    /// It cannot be read; why.
    Odd(String),
}

struct Taken {
    mark: Mark,
    item: Item,
}

#[derive(Default)]
struct Read {
    /// Lowest id first.
    items: Vec<Taken>,
    /// From where the server would go on.
    newest: Option<String>,
    /// Whether there is more.
    full: bool,
    /// The newest that is too old to be taken in.
    border: Option<String>,
    /// Whether there was more than is read back.
    gap: bool,
}

/// Listening rules, ready to sift posts.
#[derive(Clone, Debug, Default)]
pub struct Sieve {
    rules: Vec<ListenRule>,
    matcher: Matcher,
}

impl Sieve {
    /// Makes the rules ready.
    #[must_use]
    pub fn new(rules: &[ListenRule]) -> Sieve {
        Sieve { matcher: Matcher::new(rules), rules: rules.to_vec() }
    }

    /// The rule that a post found by keyword meets.
    #[must_use]
    pub fn by_word(&self, seen: &Seen<'_>) -> Option<&str> {
        self.matcher.matches(*seen)
    }

    /// The rule that a post found under a hashtag meets.
    #[must_use]
    pub fn by_tag(&self, tag: &str, seen: &Seen<'_>) -> Option<&str> {
        let asks = |r: &ListenRule| {
            r.hashtags.iter().any(|t| t.trim_start_matches('#').eq_ignore_ascii_case(tag) || t.to_lowercase() == tag.to_lowercase())
        };
        self.rules.iter().enumerate().find(|(n, r)| asks(r) && self.matcher.admits(*n, seen)).map(|(_, r)| r.name.as_str())
    }
}

/// Asks of a status what a listening rule sees of it.
pub fn sifted<T>(mapper: &Mapper<'_>, status: &wire::Status, ask: impl FnOnce(&Seen<'_>) -> T) -> T {
    let post = mapper.post(status, Reach::Mention);
    let text = format!("{}\n{}", post.warning.as_ref().map_or("", |w| w.expose()), post.text.expose());
    ask(&Seen::of(&post, &text))
}

impl MastodonAccount {
    /// See [`crate::network::NetworkAccount::poll`].
    pub(super) async fn poll_stream(&self, name: &str, cursor: Option<&str>) -> Result<Page, NetError> {
        let stream = Stream::named(name).ok_or_else(|| NetError::Permanent(format!("no stream {name}")))?;
        let ready = self.ready().await?;
        let now = self.clock.now();
        let before = match cursor {
            None => Cursor::since(now.plus(-self.settings.import_ms)),
            Some(text) => Cursor::from_text(text)
                .ok_or_else(|| NetError::Permanent(format!("the stored cursor of stream {name} is not one of ours")))?,
        };
        let read = match before.after() {
            Some(after) => self.read_after(&ready, &stream, after).await,
            None => self.read_since(&ready, &stream, before.since).await,
        };
        let read = match read {
            Err(trouble) if !matches!(stream, Stream::Notifications | Stream::Own) && self.do_without(name, &trouble) => Read::default(),
            Err(trouble) => return Err(trouble.into()),
            Ok(read) => {
                self.tries.lock().unwrap_or_else(PoisonError::into_inner).remove(&format!("stream/{name}"));
                read
            }
        };
        self.to_page(&ready, &stream, before, cursor.is_none(), read, now).await
    }

    /// Whether to go on without a public stream for now: it is not offered, not to us, or keeps
    /// failing. Mentions and the sends that wait for them must not suffer for it.
    fn do_without(&self, stream: &str, trouble: &Trouble) -> bool {
        let not_offered = match trouble {
            Trouble::Status { code: 400 | 403 | 404 | 405 | 410 | 422 | 501, .. } => true,
            Trouble::Status { code: 500.., .. } | Trouble::Lost(_) | Trouble::Malformed(_) | Trouble::TooLong { .. } => false,
            _ => return false,
        };
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        let n = tries.entry(format!("stream/{stream}")).or_default();
        *n += 1;
        let enough = not_offered || *n >= MAX_TRIES;
        if enough && *n <= MAX_TRIES {
            // The name of a search is a keyword of the configuration: no customer's word.
            warn!(account = %self.account, stream, why = trouble.words(), "this public stream cannot be read: going on without it for now");
            *n = MAX_TRIES + 1;
        }
        enough
    }

    async fn to_page(&self, ready: &Ready, stream: &Stream, before: Cursor, first: bool, read: Read, now: Time) -> Result<Page, NetError> {
        let mapper = Mapper { account: &self.account, me: &ready.me, now };
        let far = matches!(stream, Stream::Tag(_) | Stream::Search(_));
        let settle_ms = if far { self.settings.settle_public_ms } else { self.settings.settle_ms };
        let mut events = Vec::new();
        let mut marks = Vec::new();
        let mut stopped = false;
        for taken in read.items {
            match self.to_event(&mapper, stream, &taken).await {
                Ok(event) => events.extend(event),
                Err(trouble) if marks.is_empty() => return Err(trouble),
                Err(trouble) => {
                    // What was read so far is given; the rest comes with the next call.
                    debug!(account = %self.account, %trouble, "page cut short");
                    stopped = true;
                    break;
                }
            }
            marks.push(taken.mark);
        }
        self.complete(&mapper, &mut events).await;
        let last = marks.last().map(|m| m.id.clone());
        let newest = if stopped { last } else { read.newest };
        let more = read.full || stopped;
        // From now on there is an id to go on from, however much comes before the next reading.
        let known = Cursor { settled: before.settled.clone().or(read.border), ..before.clone() };
        let after = known.advance(&marks, newest.as_deref(), more, now.plus(-settle_ms));
        let cursor = (first || after != before).then(|| after.to_text());
        Ok(Page { events, cursor, more, gap: read.gap })
    }

    async fn to_event(&self, mapper: &Mapper<'_>, stream: &Stream, taken: &Taken) -> Result<Option<NetEvent>, NetError> {
        match &taken.item {
            Item::Odd(why) => {
                self.pass_over(stream, &taken.mark.id, why);
                Ok(None)
            }
            Item::Notification(n) => Ok(self.notified(mapper, n).await?),
            Item::Status(s) => Ok(self.found(mapper, stream, s).await?),
        }
    }

    /// What cannot be read is left out, counted and said: it must not hold up the rest. (A fault on the
    /// way spoils the answer as a whole, and that is asked for again.)
    fn pass_over(&self, stream: &Stream, id: &str, why: &str) {
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        if tries.len() > 10_000 {
            tries.clear();
        }
        // While it is young a page with it is read again.
        if tries.insert(format!("{}/{id}", stream.name()), 1).is_none() {
            self.passed_over.fetch_add(1, Relaxed);
            let (id, why) = (self.api.spoken(id), self.api.spoken(why));
            warn!(account = %self.account, stream = stream.name(), item = id, why, "an item of the server's cannot be read and is left out");
        }
    }

    /// What a notification means.
    pub(super) async fn notified(&self, mapper: &Mapper<'_>, n: &wire::Notification) -> Result<Option<NetEvent>, Trouble> {
        let Some(status) = &n.status else { return Ok(None) };
        Ok(match n.kind.as_str() {
            "mention" | "quote" => Some(NetEvent::New(self.placed(mapper, status, Reach::Mention).await?)),
            "update" | "quoted_update" => Some(NetEvent::Edited(self.placed(mapper, status, Reach::Followed).await?)),
            "reblog" => n.account.as_ref().map(|by| mapper.repost(by, status)),
            _ => None,
        })
    }

    async fn found(&self, mapper: &Mapper<'_>, stream: &Stream, status: &wire::Status) -> Result<Option<NetEvent>, Trouble> {
        let own = status.account.id == mapper.me.id;
        if status.reblog.is_some() || own != matches!(stream, Stream::Own) {
            return Ok(None);
        }
        let listening = self.listening();
        let buzz = |rule: &str| Reach::Buzz(rule.to_owned());
        let reach = match stream {
            Stream::Own => Some(Reach::Followed),
            Stream::Tag(tag) => sifted(mapper, status, |seen| listening.sieve.by_tag(tag, seen).map(buzz)),
            Stream::Search(_) | Stream::Local => sifted(mapper, status, |seen| listening.sieve.by_word(seen).map(buzz)),
            Stream::Notifications => None,
        };
        let Some(reach) = reach else { return Ok(None) };
        Ok(Some(NetEvent::New(self.placed(mapper, status, reach).await?)))
    }

    /// A status as a post with its conversation.
    pub(super) async fn placed(&self, mapper: &Mapper<'_>, status: &wire::Status, reach: Reach) -> Result<crate::post::Post, Trouble> {
        let mut post = mapper.post(status, reach);
        self.threads.place(&self.api, mapper, &self.contexts, &mut post).await?;
        if status.account.id == mapper.me.id || post.is_dm() {
            self.threads.name(&self.api, mapper, status, &mut post).await?;
        }
        Ok(post)
    }

    async fn read_after(&self, ready: &Ready, stream: &Stream, after: &str) -> Result<Read, Trouble> {
        let (mut items, link, asked) = self.fetch(ready, stream, Some(("min_id", after))).await?;
        let whole = items.len();
        items.retain(|t| by_id(&t.mark.id, after) == Ordering::Greater);
        // A server that does not know `min_id` gives the newest page: nothing older is to be had.
        let full = whole >= asked && items.len() == whole && !matches!(stream, Stream::Search(_));
        let newest = link.filter(|l| by_id(l, after) == Ordering::Greater).or_else(|| items.last().map(|t| t.mark.id.clone()));
        Ok(Read { items, newest, full, ..Read::default() })
    }

    /// Pages back to `since`, and gives the oldest page.
    async fn read_since(&self, ready: &Ready, stream: &Stream, since: Time) -> Result<Read, Trouble> {
        let mut oldest = Read::default();
        let mut before: Option<String> = None;
        for n in 0..MAX_PAGES_BACK {
            let (mut items, _, asked) = self.fetch(ready, stream, before.as_deref().map(|id| ("max_id", id))).await?;
            let whole = items.len();
            let border = items.iter().rfind(|t| t.mark.at < since).map(|t| t.mark.id.clone());
            // A server that does not know `max_id` gives the same page again.
            items.retain(|t| t.mark.at >= since && before.as_deref().is_none_or(|b| by_id(&t.mark.id, b) == Ordering::Less));
            let goes_on = whole >= asked && items.len() == whole && !matches!(stream, Stream::Search(_));
            if !items.is_empty() {
                before = items.first().map(|t| t.mark.id.clone());
                let newest = items.last().map(|t| t.mark.id.clone());
                oldest = Read { items, newest, full: n > 0, ..Read::default() };
            }
            if !goes_on {
                return Ok(Read { border, ..oldest });
            }
        }
        warn!(account = %self.account, "more had happened before the start than can be read back: the oldest is left out");
        Ok(Read { gap: true, ..oldest })
    }

    /// One page, lowest id first; the newer end by the `Link` header; how many were asked for. What
    /// is too long for one answer is asked for in smaller pages; an item too long for a page of its
    /// own is odd.
    async fn fetch(
        &self,
        ready: &Ready,
        stream: &Stream,
        from: Option<(&'static str, &str)>,
    ) -> Result<(Vec<Taken>, Option<String>, usize), Trouble> {
        let mut asked = self.settings.page_size.clamp(1, 40) as usize;
        loop {
            match self.fetch_some(ready, stream, from, asked).await {
                Err(Trouble::TooLong { .. }) if asked > 1 => asked /= 2,
                Err(Trouble::TooLong { most, first: Some(id) }) if asked == 1 => {
                    let item = Item::Odd(format!("longer than {most} bytes"));
                    return Ok((vec![Taken { mark: Mark { id, at: self.clock.now() }, item }], None, asked));
                }
                other => return other,
            }
        }
    }

    async fn fetch_some(
        &self,
        ready: &Ready,
        stream: &Stream,
        from: Option<(&'static str, &str)>,
        asked: usize,
    ) -> Result<(Vec<Taken>, Option<String>, usize), Trouble> {
        let most = if asked > 1 { MAX_BODY_BYTES } else { MAX_ITEM_BYTES };
        let call = match stream {
            Stream::Notifications => Call::get(&["api", "v1", "notifications"]),
            Stream::Own => Call::get(&["api", "v1", "accounts", &ready.me.id, "statuses"]).query("exclude_reblogs", "true"),
            Stream::Tag(tag) => Call::get(&["api", "v1", "timelines", "tag", tag]),
            Stream::Local => Call::get(&["api", "v1", "timelines", "public"]).query("local", "true"),
            Stream::Search(word) => {
                let phrase = if word.contains(char::is_whitespace) { format!("\"{word}\"") } else { word.clone() };
                Call::get(&["api", "v2", "search"]).query("type", "statuses").query("q", phrase)
            }
        };
        let mut call = Call { most, single: asked == 1, ..call }.query("limit", asked.to_string());
        if let Some((name, id)) = from {
            call = call.query(name, id);
        }
        let answer = match stream {
            Stream::Notifications => self.fetch_notifications(call, from, asked).await?,
            _ => self.api.call(call).await?,
        };
        let values: Vec<Value> = match stream {
            Stream::Search(_) => answer.json::<wire::Search>()?.statuses,
            _ => answer.json()?,
        };
        let now = self.clock.now();
        let mut items: Vec<Taken> = values.into_iter().filter_map(|v| taken(stream, v, now)).collect();
        items.sort_by(|a, b| by_id(&a.mark.id, &b.mark.id));
        items.dedup_by(|a, b| a.mark.id == b.mark.id);
        Ok((items, answer.link.and_then(|l| newer(&l, "min_id")), asked))
    }

    /// Notifications of the kinds we read, also of those that the server would hide behind a request
    /// (since 4.3 people new to the server or to us); a server that refuses a kind is asked for all.
    async fn fetch_notifications(
        &self,
        mut call: Call<'_>,
        from: Option<(&'static str, &str)>,
        asked: usize,
    ) -> Result<super::api::Answer, Trouble> {
        let (most, single) = (call.most, call.single);
        if !self.all_kinds.load(Relaxed) {
            for kind in KINDS {
                call = call.query("types[]", kind);
            }
            match self.api.call(call.query("include_filtered", "true")).await {
                Err(Trouble::Status { code: 400 | 422, .. }) => self.all_kinds.store(true, Relaxed),
                other => return other,
            }
        }
        let mut call = Call { most, single, ..Call::get(&["api", "v1", "notifications"]) }.query("limit", asked.to_string());
        if let Some((name, id)) = from {
            call = call.query(name, id);
        }
        self.api.call(call).await
    }
}

/// An entity of a page. One without an id cannot be anything of ours.
fn taken(stream: &Stream, value: Value, now: Time) -> Option<Taken> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let id = text("id")?;
    let at = text("created_at").as_deref().and_then(time).unwrap_or(now);
    let item = match stream {
        Stream::Notifications => serde_path_to_error::deserialize(value).map(|n| Item::Notification(Box::new(n))),
        _ => serde_path_to_error::deserialize(value).map(|s| Item::Status(Box::new(s))),
    };
    // Only where it is odd is said: the value may be a customer's text.
    let item = item.unwrap_or_else(|e| Item::Odd(format!("at {}", e.path())));
    Some(Taken { mark: Mark { id, at }, item })
}

#[cfg(any(test, fuzzing))]
pub(super) mod fuzzing {
    use super::*;

    /// An entity of a page, as what it may be.
    pub(crate) fn taken(value: Value) {
        for stream in [Stream::Notifications, Stream::Local] {
            let now = crate::fuzzing::NOW;
            assert_eq!(super::taken(&stream, value.clone(), now).is_some(), value.get("id").is_some_and(Value::is_string));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_have_names_that_come_back() {
        let rule = ListenRule {
            name: "r".into(),
            keywords: vec!["tren roto".into()],
            hashtags: vec!["#Renfe".into(), "renfe".into()],
            ..ListenRule::default()
        };
        let all = Stream::all(&[rule]);
        let names: Vec<String> = all.iter().map(Stream::name).collect();
        assert_eq!(names, ["notifications", "own", "tag:renfe", "search:tren roto", "local"]);
        for (stream, name) in all.iter().zip(&names) {
            assert_eq!(Stream::named(name).as_ref(), Some(stream));
        }
        assert_eq!(Stream::named("tag:"), None);
        assert_eq!(Stream::named("x"), None);
    }

    #[test]
    fn a_tag_is_of_the_rule_that_asks_for_it() {
        let rules = [
            ListenRule { name: "a".into(), hashtags: vec!["Uno".into()], ..ListenRule::default() },
            ListenRule { name: "b".into(), hashtags: vec!["dos".into()], ..ListenRule::default() },
        ];
        let sieve = Sieve::new(&rules);
        assert_eq!(sieve.by_tag("dos", &"x".into()), Some("b"));
        assert_eq!(sieve.by_tag("uno", &"x".into()), Some("a"));
        assert_eq!(sieve.by_tag("tres", &"x".into()), None);
    }

    #[test]
    fn an_entity_without_a_readable_body_is_odd_not_lost() {
        let v = serde_json::json!({"id": "7", "created_at": "2026-11-21T10:00:00Z", "type": "mention", "status": {"id": 5}});
        let t = taken(&Stream::Notifications, v, Time(1)).unwrap();
        assert!(matches!(t.item, Item::Odd(_)));
        assert_eq!(t.mark.id, "7");
        assert!(taken(&Stream::Notifications, serde_json::json!({"type": "mention"}), Time(1)).is_none());
    }
}
