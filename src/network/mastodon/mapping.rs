//! A server's entities as the core's types. Pure: what is not in the entity is not in the post;
//! [`super::thread`] adds the conversation.

use super::html::{Named, to_text};
use super::wire;
use crate::clock::Time;
use crate::network::bounds::{cut, is_language, is_web};
use crate::network::context::Told;
use crate::network::lenient::time;
use crate::post::{
    Account, Answering, Author, AuthorId, Engagement, Media, NetEvent, Network, Parent, Post, PostId, PostRef, Reach, Relation, Untrusted,
    Visibility,
};
use std::fmt::Write as _;

/// The name of the network in posts and policies.
pub const NETWORK: &str = "mastodon";
/// More attachments than this are not listed; Mastodon allows 4, others up to 16.
const MAX_MEDIA: usize = 32;
/// More people than this are not listed; the case needs to know about us and a few.
const MAX_MENTIONS: usize = 100;

/// The longest text that is taken in, in characters; the longest post of Mastodon has 500, of others some thousands.
const MAX_TEXT: usize = 20_000;
/// The longest content warning, in characters.
const MAX_WARNING: usize = 1_000;
/// The longest description of a medium, in characters; Mastodon's own limit is 1,500.
const MAX_DESCRIPTION: usize = 2_000;
/// The longest display name, in characters.
const MAX_NAME: usize = 200;
/// The longest handle, in characters.
const MAX_HANDLE: usize = 300;

/// Who we are on our server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Me {
    /// Our id there.
    pub id: String,
    /// Our id in the world.
    pub author: AuthorId,
    /// `@name@server`.
    pub handle: String,
    /// The server's domain, as in handles.
    pub domain: String,
}

/// What reading an entity needs to know besides.
#[derive(Clone, Copy, Debug)]
pub struct Mapper<'a> {
    /// Which of our accounts reads.
    pub account: &'a Account,
    /// Who that is.
    pub me: &'a Me,
    /// The present, for entities without a date.
    pub now: Time,
}

impl Mapper<'_> {
    /// A status as a post. `reach` says how it was found; naming us or answering us outweighs it.
    #[must_use]
    pub fn post(&self, status: &wire::Status, reach: Reach) -> Post {
        let mut post = self.alone(status, reach);
        let quoted = status.quote.as_ref().filter(|quote| quote.state == "accepted").and_then(|quote| quote.quoted_status.as_deref());
        if let Some(quoted) = quoted.filter(|_| status.account.id != self.me.id) {
            post.context.extend(Told::of(&self.alone(quoted, Reach::Followed)).above(&post, Relation::Quotes));
        }
        post
    }

    /// A status without what it is about.
    fn alone(&self, status: &wire::Status, reach: Reach) -> Post {
        let author = self.author(&status.account);
        let names_us = status.mentions.iter().any(|m| m.id == self.me.id);
        let answers_us = status.in_reply_to_account_id.as_deref() == Some(&self.me.id);
        Post {
            id: self.post_id(status),
            local_id: status.id.clone(),
            network: Network::from(NETWORK),
            account: self.account.clone(),
            text: Untrusted::new(cut(&self.text(status), MAX_TEXT)),
            warning: Some(status.spoiler_text.trim()).filter(|w| !w.is_empty()).map(|w| Untrusted::new(cut(w, MAX_WARNING))),
            lang: status.language.clone().filter(|l| is_language(l)),
            media: status.media_attachments.iter().take(MAX_MEDIA).filter_map(media).collect(),
            url: status.url.clone().filter(|u| is_web(u)),
            parent: status.in_reply_to_id.as_ref().map(|local_id| Parent {
                id: None,
                local_id: local_id.clone(),
                author: self.known_author(status.in_reply_to_account_id.as_deref(), &status.account, &author.id),
            }),
            root: None,
            mentions: status.mentions.iter().take(MAX_MENTIONS).map(|m| self.mentioned(m, &status.account, &author.id)).collect(),
            reach: if names_us || answers_us { Reach::Mention } else { reach },
            visibility: visibility(&status.visibility),
            created_at: status.created_at.as_deref().and_then(time).unwrap_or(self.now),
            edited_at: status.edited_at.as_deref().and_then(time),
            engagement: engagement(status),
            answering: Answering::ByApi,
            context: Vec::new(),
            author,
        }
    }

    /// An account as an author.
    #[must_use]
    pub fn author(&self, account: &wire::Account) -> Author {
        Author {
            id: self.author_id(account),
            local_id: account.id.clone(),
            handle: Untrusted::new(cut(&self.handle(&account.acct), MAX_HANDLE)),
            name: Untrusted::new(cut(account.display_name.trim(), MAX_NAME)),
            url: account.url.clone().filter(|u| is_web(u)),
            followers: account.followers_count.and_then(|n| u64::try_from(n).ok()),
            since: account.created_at.as_deref().and_then(time),
            bot: account.bot,
            route: None,
        }
    }

    /// The actor's uri, which its own server vouches for. Older servers do not tell it: then the
    /// address `acct:name@server`, which is looked up there as well. Never the profile page: an
    /// actor may claim any.
    #[must_use]
    pub fn author_id(&self, account: &wire::Account) -> AuthorId {
        if account.id == self.me.id && !self.me.author.as_str().is_empty() {
            return self.me.author.clone();
        }
        account.uri.as_ref().filter(|u| !u.is_empty()).map_or_else(|| self.acct_id(&account.acct), |u| AuthorId(u.clone()))
    }

    fn acct_id(&self, acct: &str) -> AuthorId {
        let handle = self.handle(acct);
        AuthorId(format!("acct:{}", handle.trim_start_matches('@').to_lowercase()))
    }

    /// `@name@server`, also for people on our own server.
    #[must_use]
    pub fn handle(&self, acct: &str) -> String {
        let acct = acct.trim().trim_start_matches('@');
        if acct.contains('@') { format!("@{acct}") } else { format!("@{acct}@{}", self.me.domain) }
    }

    /// A reblog as the repost of what it passes on.
    #[must_use]
    pub fn repost(&self, by: &wire::Account, of: &wire::Status) -> NetEvent {
        let original = self.post_id(of);
        let id = PostId(format!("repost:{}:{original}", self.author_id(by)));
        NetEvent::Reposted { id, post: PostRef::World(original) }
    }

    /// A status's id in the world.
    #[must_use]
    pub fn post_id(&self, status: &wire::Status) -> PostId {
        let known = status.uri.as_ref().filter(|u| !u.is_empty());
        PostId(known.cloned().unwrap_or_else(|| format!("{NETWORK}:{}:{}", self.me.domain, status.id)))
    }

    fn mentioned(&self, mention: &wire::Mention, author: &wire::Account, author_id: &AuthorId) -> AuthorId {
        self.known_author(Some(&mention.id), author, author_id).unwrap_or_else(|| self.acct_id(&mention.acct))
    }

    /// Whom the entity itself lets us know by a local id: us, or its author.
    fn known_author(&self, local_id: Option<&str>, author: &wire::Account, author_id: &AuthorId) -> Option<AuthorId> {
        let local_id = local_id?;
        if local_id == self.me.id { Some(self.me.author.clone()) } else { (local_id == author.id).then(|| author_id.clone()) }
    }

    fn text(&self, status: &wire::Status) -> String {
        let named: Vec<Named> = status.mentions.iter().map(|m| (m.url.clone(), self.handle(&m.acct))).collect();
        let mut text = to_text(&status.content, &named);
        for choice in status.poll.iter().flat_map(|p| &p.options) {
            // Choices are plain text.
            let title = choice.title.split_whitespace().collect::<Vec<_>>().join(" ");
            if !text.is_empty() {
                text.push('\n');
            }
            let _ok = match choice.votes_count {
                Some(n) if n >= 0 => write!(text, "○ {title} · {n}"),
                _ => write!(text, "○ {title}"),
            };
        }
        text
    }
}

/// How a status spreads.
#[must_use]
pub fn engagement(status: &wire::Status) -> Engagement {
    Engagement { replies: status.replies_count, reposts: status.reblogs_count, likes: status.favourites_count }
}

/// Who can read a status; a server's own kinds (`local`, `list`, `mutuals_only`) count as followers only.
#[must_use]
pub fn visibility(word: &str) -> Visibility {
    match word {
        "public" => Visibility::Public,
        "unlisted" => Visibility::Unlisted,
        "direct" => Visibility::Direct,
        _ => Visibility::Followers,
    }
}

/// The word for a visibility.
#[must_use]
pub fn visibility_word(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Public => "public",
        Visibility::Unlisted => "unlisted",
        Visibility::Followers => "private",
        Visibility::Direct => "direct",
    }
}

fn media(attachment: &wire::Attachment) -> Option<Media> {
    let url = attachment.url.as_ref().or(attachment.remote_url.as_ref()).filter(|u| is_web(u))?;
    let kind = match attachment.kind.as_str() {
        "image" => "image",
        "video" | "gifv" => "video",
        "audio" => "audio",
        _ => "other",
    };
    let description =
        attachment.description.as_deref().map(str::trim).filter(|d| !d.is_empty()).map(|d| Untrusted::new(cut(d, MAX_DESCRIPTION)));
    Some(Media { kind: kind.into(), url: url.clone(), description })
}

#[cfg(test)]
mod tests;
