//! Reading from where one left off: what speaks to us, private messages, our own posts, what is searched for; and looking
//! posts up again.
//!
//! X gives the newest first, and ids tell when they were made. So a reading goes back page by page to the cursor, which is an
//! id, and all of it is told at once, the oldest first. What was made in the last moments is read again: something with a
//! lower id may still appear.

use super::api::{Api, Call, Trouble};
use super::mapping::{self, Dm, Mapper};
use super::price::{Act, Purpose};
use super::till::Till;
use super::wire::{self, DmEvents, Posts};
use crate::clock::{DAY_MS, MINUTE_MS, Time};
use crate::network::{NetError, Page};
use crate::post::{Account, NetEvent, PostRef, Reach};
use std::collections::BTreeSet;
use std::time::Duration;

/// What is asked of posts, in the dialect of these endpoints.
const POST_FIELDS: &str = "attachments,conversation_id,created_at,entities,lang,note_post,public_metrics";
/// What is asked of people.
const USER_FIELDS: &str = "created_at,protected,public_metrics,receives_your_dm";
/// What is asked of media.
const MEDIA_FIELDS: &str = "alt_text,media_key,preview_image_url,type,url,variants";
/// What is to be told besides.
const EXPANSIONS: &str = "attachments.media_keys,attachments.poll_ids,author_id,edit_history_post_ids,entities.mentions.username,\
                          in_reply_to_user_id,referenced_posts";
/// Posts a page, the most that X gives.
const POSTS: usize = 100;
/// Private messages a page: each is paid for, and mostly there are few.
const DMS: usize = 20;
/// The most pages of one reading.
const MAX_PAGES: usize = 50;
/// X shows so many mentions and none that are older.
const SHOWN: usize = 800;
/// What was made since is read again, in milliseconds.
const SETTLE_MS: i64 = MINUTE_MS;
/// How far back a recent search reaches, in milliseconds: a little less than the seven days that X allows.
const SEARCHED_MS: i64 = 7 * DAY_MS - 10 * MINUTE_MS;
/// Posts looked up at once, the most that X allows.
const AT_ONCE: usize = 100;

/// What can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Posts that name or answer us.
    Mentions,
    /// Private messages.
    Dms,
    /// What our account posts, from wherever.
    Own,
    /// What a query finds: the listening rule's name, and the query.
    Search {
        /// The rule.
        rule: String,
        /// In X's language.
        query: String,
    },
}

impl Stream {
    /// The name under which its cursor is stored. A search goes by its query: another one begins anew.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Stream::Mentions => "mentions".into(),
            Stream::Dms => "dms".into(),
            Stream::Own => "own".into(),
            Stream::Search { query, .. } => format!("search:{query}"),
        }
    }
}

impl Stream {
    /// The endpoint that it is read from, whose window it uses up.
    #[must_use]
    pub fn endpoint(&self) -> &'static str {
        match self {
            Stream::Mentions => "mentions",
            Stream::Dms => "dms",
            Stream::Own => "own",
            Stream::Search { .. } => "search",
        }
    }

    /// What reading it is for: our own posts are read to see what became of answers.
    #[must_use]
    pub fn purpose(&self) -> Purpose {
        match self {
            Stream::Mentions | Stream::Dms | Stream::Own => Purpose::Mentions,
            Stream::Search { .. } => Purpose::Search,
        }
    }
}

/// Who reads.
pub struct Reader<'a> {
    /// X.
    pub api: &'a Api,
    /// Which of our accounts.
    pub account: &'a Account,
    /// Its id on X.
    pub me: &'a str,
    /// The present.
    pub now: Time,
    /// How far back the first reading of a stream goes, in milliseconds.
    pub import_ms: i64,
    /// Where what is read and sent is paid for.
    pub till: &'a Till,
}

/// What a reading gave besides its page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Noted {
    /// Items that could not be read, by id where they had one.
    pub odd: Vec<String>,
    /// The posts that were read and are paid for.
    pub posts: Vec<String>,
    /// The private messages that were read and are paid for.
    pub dms: Vec<String>,
    /// There was more than X shows, or than one reading takes: something is missing.
    pub gap: bool,
}

/// The lowest id that X could give at a moment.
#[must_use]
pub fn id_at(moment: Time) -> u64 {
    u64::try_from(moment.0.saturating_sub(mapping::FIRST_ID_MS)).unwrap_or_default() << 22
}

impl Reader<'_> {
    /// What there is on `stream` since `cursor`, oldest first.
    ///
    /// # Errors
    /// X gives nothing, or the cursor is none of ours.
    pub async fn poll(&self, stream: &Stream, cursor: Option<&str>) -> Result<(Page, Noted), NetError> {
        let after: u64 = match cursor {
            Some(text) => {
                text.parse().map_err(|_| NetError::Permanent(format!("the stored cursor of {} is none of ours", stream.name())))?
            }
            None => id_at(self.now.plus(-self.import_ms)),
        };
        let (mut events, noted, newest) = match stream {
            Stream::Dms => self.dms(after).await?,
            _ => self.posts(stream, after).await?,
        };
        events.reverse();
        let settled = newest.min(id_at(self.now.plus(-SETTLE_MS))).max(after);
        let cursor = (cursor.is_none() || settled > after).then(|| settled.to_string());
        Ok((Page { events, cursor, more: false, gap: noted.gap }, noted))
    }

    async fn posts(&self, stream: &Stream, after: u64) -> Result<(Vec<NetEvent>, Noted, u64), Trouble> {
        let (path, reach) = match stream {
            Stream::Search { rule, .. } => (vec!["2", "tweets", "search", "recent"], Reach::Buzz(rule.clone())),
            Stream::Own => (vec!["2", "users", self.me, "tweets"], Reach::Followed),
            Stream::Mentions | Stream::Dms => (vec!["2", "users", self.me, "mentions"], Reach::Followed),
        };
        let mut call = with_fields(Call::get(stream.endpoint(), &path)).query("max_results", POSTS.to_string());
        let after = if let Stream::Search { query, .. } = stream {
            call = call.query("query", query);
            after.max(id_at(self.now.plus(-SEARCHED_MS)))
        } else {
            after
        };
        call = call.query("since_id", after.to_string());
        let mapper = self.mapper();
        let (mut events, mut noted, mut newest, mut seen) = (Vec::new(), Noted::default(), after, BTreeSet::new());
        let mut token: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let page: Posts = self.api.json(&paged(&call, token.as_deref())).await?;
            let act = if *stream == Stream::Mentions { Act::MentionRead } else { Act::PostRead };
            for post in &page.data.read {
                self.till.charge(act, &post.id, self.now);
                newest = newest.max(post.id.parse().unwrap_or_default());
                // A page may overlap the one before.
                if seen.insert(post.id.clone()) {
                    events.push(mapper.event(post, &page.includes, reach.clone()));
                    noted.posts.push(post.id.clone());
                }
            }
            noted.odd.extend(page.data.odd);
            token = page.meta.next_token;
            if token.is_none() {
                noted.gap = *stream == Stream::Mentions && seen.len() >= SHOWN;
                return Ok((events, noted, newest));
            }
        }
        noted.gap = true;
        Ok((events, noted, newest))
    }

    async fn dms(&self, after: u64) -> Result<(Vec<NetEvent>, Noted, u64), Trouble> {
        let call = Call::get(Stream::Dms.endpoint(), &["2", "dm_events"])
            .query("max_results", DMS.to_string())
            .query("event_types", "MessageCreate")
            .query("dm_event.fields", "attachments,created_at,dm_conversation_id,entities,event_type,text")
            .query("expansions", "attachments.media_keys,participant_ids,sender_id")
            .query("user.fields", USER_FIELDS)
            .query("media.fields", MEDIA_FIELDS);
        let mapper = self.mapper();
        let (mut events, mut noted, mut newest, mut seen) = (Vec::new(), Noted::default(), after, BTreeSet::new());
        let mut token: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let page: DmEvents = self.api.json(&paged(&call, token.as_deref())).await?;
            noted.odd.extend(page.data.odd);
            for event in &page.data.read {
                let id: u64 = event.id.parse().unwrap_or_default();
                self.till.charge(Act::DmRead, &event.id, self.now);
                noted.dms.push(event.id.clone());
                if id <= after {
                    return Ok((events, noted, newest));
                }
                newest = newest.max(id);
                if let Dm::Message(message) = mapper.dm(event, &page.includes)
                    && seen.insert(event.id.clone())
                {
                    events.push(*message);
                }
            }
            token = page.meta.next_token;
            if token.is_none() {
                return Ok((events, noted, newest));
            }
        }
        noted.gap = true;
        Ok((events, noted, newest))
    }

    /// Looks posts up again: what was edited, what is gone, how it spreads.
    ///
    /// # Errors
    /// X gives nothing.
    pub async fn refresh(&self, posts: &[PostRef]) -> Result<(Vec<NetEvent>, Noted), NetError> {
        let ids: Vec<&str> = posts.iter().filter_map(|post| self.id_of(post)).collect();
        let (mut events, mut noted) = (Vec::new(), Noted::default());
        for chunk in ids.chunks(AT_ONCE) {
            let page: Posts = self.api.json(&with_fields(Call::get("lookup", &["2", "tweets"])).query("ids", chunk.join(","))).await?;
            for post in &page.data.read {
                self.till.charge(Act::PostRead, &post.id, self.now);
                noted.posts.push(post.id.clone());
                events.extend(self.renewed(post, &page.includes).await?);
            }
            for id in page.errors.iter().filter_map(wire::Problem::gone).filter(|id| chunk.contains(id)) {
                events.extend(self.mapper().deleted(id));
            }
            noted.odd.extend(page.data.odd);
        }
        Ok((events, noted))
    }

    /// One post, or why it is not to be seen.
    pub(super) async fn lookup(&self, id: &str) -> Result<Posts, Trouble> {
        let page: Posts = self.api.json(&with_fields(Call::get("lookup", &["2", "tweets"])).query("ids", id)).await?;
        self.pay(Act::PostRead, page.data.read.iter().map(|post| &post.id));
        Ok(page)
    }

    /// Pays for what was read.
    pub(super) fn pay<'i>(&self, act: Act, ids: impl Iterator<Item = &'i String>) {
        ids.for_each(|id| self.till.charge(act, id, self.now));
    }

    /// Some posts, with an answer within so much time.
    pub(super) async fn lookup_within(&self, ids: &str, within: Duration) -> Result<Posts, Trouble> {
        let page: Posts = self.api.json(&with_fields(Call::get("lookup", &["2", "tweets"])).query("ids", ids).within(within)).await?;
        self.pay(Act::PostRead, page.data.read.iter().map(|post| &post.id));
        Ok(page)
    }

    /// A version that was looked up, in the words of the last one: an older version shows its own for ever.
    async fn renewed(&self, post: &wire::Post, includes: &wire::Includes) -> Result<Vec<NetEvent>, Trouble> {
        let versions = post.versions();
        let known = PostRef::World(mapping::post_id(versions.first().copied().unwrap_or(&post.id)));
        let last = versions.last().copied().filter(|last| *last != post.id);
        let page: Option<Posts> = match last {
            Some(last) => Some(self.lookup(last).await?),
            None => None,
        };
        let newer = page.as_ref().and_then(|page| page.data.read.first().map(|post| (post, &page.includes)));
        let (post, includes) = newer.unwrap_or((post, includes));
        let mut events = Vec::new();
        let event = self.mapper().event(post, includes, Reach::Followed);
        if matches!(event, NetEvent::Edited(_)) {
            events.push(event);
        }
        events.push(NetEvent::Engagement { post: known, engagement: mapping::engagement(post) });
        Ok(events)
    }

    /// The id to look a post up by: ours alone, and no private message.
    fn id_of<'p>(&self, post: &'p PostRef) -> Option<&'p str> {
        let id = match post {
            PostRef::Local { account, local_id } => (account == self.account).then_some(local_id.as_str())?,
            PostRef::World(id) => id.as_str().strip_prefix("x:")?,
        };
        (1..=19).contains(&id.len()).then_some(id).filter(|id| id.bytes().all(|b| b.is_ascii_digit()))
    }

    fn mapper(&self) -> Mapper<'_> {
        Mapper { account: self.account, me: self.me, now: self.now }
    }
}

fn with_fields(call: Call<'_>) -> Call<'_> {
    call.query("post.fields", POST_FIELDS)
        .query("user.fields", USER_FIELDS)
        .query("media.fields", MEDIA_FIELDS)
        .query("poll.fields", "id,options")
        .query("expansions", EXPANSIONS)
}

fn paged<'a>(call: &Call<'a>, token: Option<&str>) -> Call<'a> {
    match token {
        Some(token) => call.clone().query("pagination_token", token),
        None => call.clone(),
    }
}
