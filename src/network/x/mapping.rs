//! X's entities as the core's types. Pure.
//!
//! An edit has an id of its own; a post is known by the id of its first version, and answered by that of its last. Both
//! tell when they were made.

use super::wire::{self, Activity, Includes, Kind, Line};
use crate::clock::Time;
use crate::network::bounds::{cut, is_language, is_web};
use crate::network::context::{self, Told};
use crate::network::lenient::time;
use crate::policy::DmRoute;
use crate::post::{
    Account, Answering, Author, AuthorId, Context, Engagement, Media, NetEvent, Network, Parent, Post, PostId, PostRef, Reach, Relation,
    Untrusted, Visibility,
};
use std::fmt::Write as _;

/// The name of the network in posts and policies.
pub const NETWORK: &str = "x";
/// The longest text that is taken in, in characters; X's own limit is 25,000.
const MAX_TEXT: usize = 25_000;
/// More people than this are not listed.
const MAX_MENTIONS: usize = 100;
/// More media than this are not listed.
const MAX_MEDIA: usize = 32;
/// The longest description of a medium, in characters: X's own limit.
const MAX_DESCRIPTION: usize = 1_000;
/// The longest name, in characters: X's own limit is 50.
const MAX_NAME: usize = 200;
/// The first moment of X's ids, in milliseconds since the Unix epoch.
pub const FIRST_ID_MS: i64 = 1_288_834_974_657;

/// Who reads, and when.
#[derive(Clone, Copy, Debug)]
pub struct Mapper<'a> {
    /// Which of our accounts.
    pub account: &'a Account,
    /// Its id on X.
    pub me: &'a str,
    /// The present, for what has no date.
    pub now: Time,
}

/// How a private message was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dm {
    /// Between us and one person.
    Message(Box<NetEvent>),
    /// Among several: an answer would reach all of them, so it is nobody's case.
    Group,
    /// Somebody came or went.
    Nothing,
}

/// The id in the world of a post.
#[must_use]
pub fn post_id(id: &str) -> PostId {
    PostId(format!("{NETWORK}:{id}"))
}

/// The id in the world of a person.
#[must_use]
pub fn author_id(id: &str) -> AuthorId {
    AuthorId(format!("{NETWORK}:{id}"))
}

/// When a post was made: its id says so. `None` for the ids of X's first years, which do not.
#[must_use]
pub fn made(id: &str) -> Option<Time> {
    let id: i64 = id.parse().ok().filter(|id| *id > 30_000_000_000)?;
    Some(Time((id >> 22) + FIRST_ID_MS))
}

impl Mapper<'_> {
    /// What a post is to us: a repost, a post, or a post in a new version.
    #[must_use]
    pub fn event(&self, post: &wire::Post, includes: &Includes, reach: Reach) -> NetEvent {
        if let Some(original) = post.refers(Kind::Retweeted) {
            let original = includes.post(original).map_or(original, first_version);
            return NetEvent::Reposted { id: post_id(&post.id), post: PostRef::World(post_id(original)) };
        }
        let mapped = self.post(post, includes, reach);
        if mapped.edited_at.is_some() { NetEvent::Edited(mapped) } else { NetEvent::New(mapped) }
    }

    /// A line of the filtered stream, or an event, as what happened.
    #[must_use]
    pub fn line(&self, line: &Line) -> Vec<NetEvent> {
        match line {
            Line::Post { post, includes, rules } => {
                let reach = Reach::Buzz(rules.first().cloned().unwrap_or_default());
                vec![self.event(post, includes, reach)]
            }
            Line::Activity(activity) => self.activity(activity),
            Line::KeepAlive | Line::Problems(_) | Line::Odd => Vec::new(),
        }
    }

    /// An event of the Activity API as what happened.
    #[must_use]
    pub fn activity(&self, activity: &Activity) -> Vec<NetEvent> {
        match activity {
            Activity::Post { post, includes } => vec![self.event(post, includes, Reach::Followed)],
            Activity::Deleted { id } => self.deleted(id),
            Activity::Dm { event, includes } => match self.dm(event, includes) {
                Dm::Message(event) => vec![*event],
                Dm::Group | Dm::Nothing => Vec::new(),
            },
            Activity::DmsToRead | Activity::Encrypted | Activity::Other => Vec::new(),
        }
    }

    /// A post is gone. X names one of its versions: it may be known by that or have been answered by it.
    #[must_use]
    pub fn deleted(&self, id: &str) -> Vec<NetEvent> {
        let local = PostRef::Local { account: self.account.clone(), local_id: id.to_owned() };
        [PostRef::World(post_id(id)), local].map(|post| NetEvent::Deleted { post, at: self.now }).into()
    }

    /// A post. `reach` says how it was found; naming, answering or quoting us outweighs it.
    #[must_use]
    pub fn post(&self, post: &wire::Post, includes: &Includes, reach: Reach) -> Post {
        let mut mapped = self.alone(post, includes, reach);
        if mapped.author.id != author_id(self.me) {
            mapped.context = self.about(post, &mapped, includes);
        }
        mapped
    }

    /// A post without what it is about.
    #[must_use]
    pub fn alone(&self, post: &wire::Post, includes: &Includes, reach: Reach) -> Post {
        let author = self.author(post.author_id.as_deref().unwrap_or_default(), includes);
        let first = first_version(post);
        let is_edited = first != post.id;
        let protected = post.author_id.as_deref().and_then(|id| includes.user(id)).is_some_and(|u| u.protected);
        let to_us = speaks_to(post, includes, self.me);
        let (_, entities) = post.whole();
        Post {
            id: post_id(first),
            local_id: post.id.clone(),
            network: Network::from(NETWORK),
            account: self.account.clone(),
            text: Untrusted::new(cut(&with_polls(&text(post), post, includes), MAX_TEXT)),
            warning: None,
            lang: post.lang.as_deref().and_then(language),
            media: post.attachments.media_keys.iter().take(MAX_MEDIA).filter_map(|key| media(includes.media(key)?)).collect(),
            url: Some(address(&author, &post.id)),
            parent: self.parent(post, includes),
            root: post.conversation_id.as_deref().filter(|root| !root.is_empty()).map(post_id),
            mentions: mentioned(entities, includes),
            reach: if to_us { Reach::Mention } else { reach },
            visibility: if protected { Visibility::Followers } else { Visibility::Public },
            created_at: made(first).or_else(|| post.created_at.as_deref().and_then(time)).unwrap_or(self.now),
            edited_at: is_edited.then(|| made(&post.id).unwrap_or(self.now)),
            engagement: engagement(post),
            answering: if may_answer(post, includes, self.me) || author.id == author_id(self.me) {
                Answering::ByApi
            } else {
                Answering::ByHand { url: format!("https://x.com/intent/tweet?in_reply_to={}&text={{text}}", post.id) }
            },
            author,
            context: Vec::new(),
        }
    }

    /// What a post answers and quotes, whole where the answer tells of it and of who wrote it, else by its id.
    fn about(&self, post: &wire::Post, mapped: &Post, includes: &Includes) -> Vec<Context> {
        let of = |(how, kind)| {
            let id = post.refers(kind)?;
            // Without its author it could be anybody's, and protected.
            let known = includes.post(id).filter(|known| known.author_id.as_deref().is_some_and(|who| includes.user(who).is_some()));
            match known {
                Some(known) => Told::of(&self.alone(known, includes, Reach::Followed)).above(mapped, how),
                None => Some(context::wanted(how, post_id(id))),
            }
        };
        [(Relation::Answers, Kind::RepliedTo), (Relation::Quotes, Kind::Quoted)].into_iter().filter_map(of).collect()
    }

    /// A private message; one of ours names whom it went to.
    #[must_use]
    pub fn dm(&self, event: &wire::DmEvent, includes: &Includes) -> Dm {
        let sender = event.sender_id.as_deref().unwrap_or_default();
        if !matches!(event.event_type.as_str(), "MessageCreate" | "") || sender.is_empty() {
            return Dm::Nothing;
        }
        let conversation = event.dm_conversation_id.as_deref().unwrap_or_default();
        let Some((one, other)) = conversation.split_once('-').filter(|(one, other)| *one == self.me || *other == self.me) else {
            return Dm::Group;
        };
        let customer = if one == self.me { other } else { one };
        let author = self.author(sender, includes);
        let text = plain(&event.text, &event.entities);
        Dm::Message(Box::new(NetEvent::New(Post {
            id: PostId(format!("{NETWORK}:dm:{}", event.id)),
            // Nothing asks X for it by this; it must not be taken for a post's.
            local_id: format!("dm:{}", event.id),
            network: Network::from(NETWORK),
            account: self.account.clone(),
            text: Untrusted::new(cut(&text, MAX_TEXT)),
            media: event.attachments.media_keys.iter().take(MAX_MEDIA).filter_map(|key| media(includes.media(key)?)).collect(),
            url: Some(format!("https://x.com/messages/{conversation}")),
            root: Some(PostId(format!("{NETWORK}:dms:{conversation}"))),
            mentions: vec![author_id(if sender == self.me { customer } else { self.me })],
            reach: Reach::Mention,
            visibility: Visibility::Direct,
            created_at: event.created_at.as_deref().and_then(time).or_else(|| made(&event.id)).unwrap_or(self.now),
            author,
            ..Post::default()
        })))
    }

    /// Somebody by id, as far as the answer tells of them.
    #[must_use]
    pub fn author(&self, id: &str, includes: &Includes) -> Author {
        let user = includes.user(id);
        let handle = user.map(|u| u.username.as_str()).filter(|name| is_handle(name));
        Author {
            id: author_id(id),
            local_id: id.to_owned(),
            handle: Untrusted::new(handle.map(|name| format!("@{name}")).unwrap_or_default()),
            name: Untrusted::new(user.map(|u| cut(u.name.trim(), MAX_NAME)).unwrap_or_default()),
            url: Some(handle.map_or_else(|| format!("https://x.com/i/user/{id}"), |name| format!("https://x.com/{name}"))),
            followers: user.and_then(|u| u.public_metrics.followers_count).and_then(|n| u64::try_from(n).ok()),
            since: user.and_then(|u| u.created_at.as_deref()).and_then(time),
            bot: false,
            route: user.and_then(|u| u.receives_your_dm).filter(|_| id != self.me).map(|open| match open {
                true => DmRoute::Direct,
                false => DmRoute::Link { url: format!("https://x.com/messages/compose?recipient_id={}", self.me) },
            }),
        }
    }

    fn parent(&self, post: &wire::Post, includes: &Includes) -> Option<Parent> {
        let id = post.refers(Kind::RepliedTo)?;
        let known = includes.post(id);
        let author = post.in_reply_to_user_id.as_deref().or_else(|| known?.author_id.as_deref());
        Some(Parent { id: Some(post_id(known.map_or(id, first_version))), local_id: id.to_owned(), author: author.map(author_id) })
    }
}

/// The conversation of two, as X names it.
#[must_use]
pub fn conversation(one: &str, other: &str) -> String {
    let (first, second) = if (one.len(), one) < (other.len(), other) { (one, other) } else { (other, one) };
    format!("{first}-{second}")
}

/// The whole text of a post, as people read it.
#[must_use]
pub fn text(post: &wire::Post) -> String {
    let (text, entities) = post.whole();
    plain(text, entities)
}

/// Whether X lets us answer a post by its API: an app that anybody may have answers only who named or quoted its account.
#[must_use]
pub fn may_answer(post: &wire::Post, includes: &Includes, me: &str) -> bool {
    let (_, entities) = post.whole();
    let names_us = entities.mentions.iter().any(|m| is_named(m, includes, me));
    names_us || quotes(post, includes, me)
}

/// Whether a post names, answers or quotes `me`.
fn speaks_to(post: &wire::Post, includes: &Includes, me: &str) -> bool {
    may_answer(post, includes, me) || post.in_reply_to_user_id.as_deref() == Some(me)
}

fn quotes(post: &wire::Post, includes: &Includes, me: &str) -> bool {
    let quoted = post.refers(Kind::Quoted).and_then(|id| includes.post(id));
    quoted.is_some_and(|quoted| quoted.author_id.as_deref() == Some(me))
}

fn is_named(mention: &wire::Mention, includes: &Includes, me: &str) -> bool {
    mention_id(mention, includes) == Some(me)
}

fn mention_id<'a>(mention: &'a wire::Mention, includes: &'a Includes) -> Option<&'a str> {
    let by_name = || includes.users.iter().find(|u| u.username.eq_ignore_ascii_case(&mention.username)).map(|u| u.id.as_str());
    mention.id.as_deref().or_else(by_name)
}

fn mentioned(entities: &wire::Entities, includes: &Includes) -> Vec<AuthorId> {
    let mut ids: Vec<AuthorId> = Vec::new();
    for id in entities.mentions.iter().filter_map(|m| mention_id(m, includes)).map(author_id) {
        if ids.len() < MAX_MENTIONS && !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}

fn first_version(post: &wire::Post) -> &str {
    post.versions().first().copied().unwrap_or(&post.id)
}

/// How a post spreads. Who quotes it passes it on.
#[must_use]
pub fn engagement(post: &wire::Post) -> Engagement {
    let count = |n: Option<i64>| n.and_then(|n| u64::try_from(n).ok()).unwrap_or_default();
    let metrics = &post.public_metrics;
    Engagement {
        replies: count(metrics.reply_count),
        reposts: count(metrics.reposts()).saturating_add(count(metrics.quote_count)),
        likes: count(metrics.like_count),
    }
}

/// Where a person reads a post.
fn address(author: &Author, id: &str) -> String {
    let name = author.handle.expose().trim_start_matches('@');
    format!("https://x.com/{}/status/{id}", if name.is_empty() { "i" } else { name })
}

/// A text as people read it: links as they were written, without those that stand for a picture of the post itself, and
/// `&`, `<` and `>` as themselves. Found by their letters, not by X's counts, which differ from dialect to dialect.
#[must_use]
pub fn plain(text: &str, entities: &wire::Entities) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        let found = entities.urls.iter().filter_map(|link| {
            let short = link.url.as_deref().filter(|short| is_web(short))?;
            Some((find(rest, short)?, short.len(), link))
        });
        // Of two at one place the longer: the other is how it begins.
        let Some((at, length, link)) = found.min_by_key(|(at, length, _)| (*at, usize::MAX - length)) else { break };
        out.push_str(&unescaped(rest.get(..at).unwrap_or_default()));
        out.push_str(&shown(link));
        rest = rest.get(at + length..).unwrap_or_default();
    }
    out.push_str(&unescaped(rest));
    out.trim().to_owned()
}

/// Where an address stands whole: not as the beginning of a longer one.
fn find(text: &str, address: &str) -> Option<usize> {
    let ends = |at: &usize| text.get(at + address.len()..).and_then(|rest| rest.chars().next()).is_none_or(|c| !c.is_ascii_alphanumeric());
    text.match_indices(address).map(|(at, _)| at).find(ends)
}

fn shown(link: &wire::Link) -> String {
    let displayed = link.display_url.as_deref().unwrap_or_default();
    if link.media_key.is_some() || ["pic.x.com/", "pic.twitter.com/"].iter().any(|pic| displayed.starts_with(pic)) {
        return String::new();
    }
    link.expanded_url.iter().chain(&link.url).find(|url| is_web(url)).cloned().unwrap_or_default()
}

/// X writes three signs as HTML does, and no others.
fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

fn with_polls(text: &str, post: &wire::Post, includes: &Includes) -> String {
    let mut text = text.to_owned();
    let polls = post.attachments.poll_ids.iter().filter_map(|id| includes.polls.iter().find(|poll| poll.id == *id));
    for choice in polls.flat_map(|poll| &poll.options) {
        let label = choice.label.split_whitespace().collect::<Vec<_>>().join(" ");
        let _ok = match choice.votes {
            Some(n) if n >= 0 => write!(text, "\n○ {label} · {n}"),
            _ => write!(text, "\n○ {label}"),
        };
    }
    text
}

fn media(media: &wire::Media) -> Option<Media> {
    let kind = match media.kind.as_str() {
        "photo" => "image",
        "video" | "animated_gif" => "video",
        "audio" => "audio",
        _ => "other",
    };
    let film = media.variants.iter().filter(|v| v.content_type == "video/mp4").max_by_key(|v| v.bit_rate).and_then(|v| v.url.as_ref());
    let url = [media.url.as_ref(), film, media.preview_image_url.as_ref()].into_iter().flatten().find(|u| is_web(u))?;
    let words = media.alt_text.as_deref().map(str::trim).filter(|words| !words.is_empty());
    Some(Media { kind: kind.into(), url: url.clone(), description: words.map(|words| Untrusted::new(cut(words, MAX_DESCRIPTION))) })
}

/// A language as BCP 47 has it; `None` for what X could not tell (`und`, `zxx`) and for texts without words (`qme`, `qst`, …).
fn language(code: &str) -> Option<String> {
    let code = match code {
        "und" | "zxx" | "art" => return None,
        "in" => "id",
        "iw" => "he",
        "ji" => "yi",
        _ if code.len() == 3 && code.starts_with('q') => return None,
        code => code,
    };
    is_language(code).then(|| code.to_owned())
}

fn is_handle(name: &str) -> bool {
    (1..=50).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests;
