//! Publishing, and looking back after doubt.
//!
//! X knows no key by which the same request would count once. What keeps an answer from standing twice is that X refuses the
//! same text twice, and that whoever is in doubt looks at our own posts first. What a failure means depends on whether the
//! request had left.

use super::api::{Call, Trouble};
use super::auth::tokens::NoToken;
use super::mapping::{self, NETWORK, post_id};
use super::price::Act;
use super::read::{Reader, id_at};
use super::wire::{self, DmEvents, Kind as PostKind, One, Page, Posts, Uploaded};
use crate::case::{Outgoing, SendKind, SendState};
use crate::clock::{DAY_MS, HOUR_MS, MINUTE_MS, Time};
use crate::media::{Image, Kind, Takes};
use crate::network::NetError;
use crate::outbox::{Look, Outcome, Receipt};
use crate::post::{PostId, comparable};
use crate::say::{Say, Why};
use data_encoding::BASE64;
use reqwest::Method;
use serde_json::{Value, json};

/// How far before the first attempt a look among our public posts goes back: our clock may be wrong by hours, and what is
/// read twice within a day is paid for once. In milliseconds.
const PUBLIC_BACK_MS: i64 = DAY_MS;
/// How far it goes back among private messages, where the same few words come again sooner. In milliseconds.
const PRIVATE_BACK_MS: i64 = 15 * MINUTE_MS;
/// For so long after the first attempt an answer may stand that is not shown yet, in milliseconds.
const UNSHOWN_MS: i64 = HOUR_MS;
/// A send is looked up no sooner than this after it was first tried: X shows a new post to its author's timeline a moment late.
const DOUBT_MS: i64 = 10_000;
/// The longest private message, in characters (docs.x.com, Direct Messages).
pub const MAX_MESSAGE: usize = 10_000;
/// How many pages of our own a look reads at most.
const MAX_PAGES: usize = 10;
/// How long a lane waits when the set-up, not the send, is at fault, in milliseconds.
const SET_UP_MS: i64 = MINUTE_MS;

impl Reader<'_> {
    /// See [`crate::network::NetworkAccount::send`].
    pub async fn publish(&self, send: &Outgoing, earlier: Option<&SendState>, pictures: &[Image]) -> Outcome {
        let done = match &send.kind {
            SendKind::Reply => self.reply(send, pictures).await,
            SendKind::Handoff | SendKind::Dm => self.message(send, pictures).await,
            SendKind::Retract { .. } => self.retract(earlier).await,
            SendKind::Correct { .. } => Err(refused("why-cannot-change")),
        };
        done.map_or_else(|outcome| outcome, Outcome::Done)
    }

    async fn reply(&self, send: &Outgoing, pictures: &[Image]) -> Result<Receipt, Outcome> {
        let page = self.agreed_on(send).await?;
        let target = page.data.read.first().ok_or(Outcome::TargetGone)?;
        if !mapping::may_answer(target, &page.includes, self.me) {
            return Err(refused("why-may-not-answer"));
        }
        let media = self.upload(pictures, false).await?;
        let mut body = json!({"text": send.text.expose(), "reply": {"in_reply_to_tweet_id": target.id}});
        if !media.is_empty() {
            body["media"] = json!({"media_ids": media});
        }
        let made = match self.make("post", &["2", "tweets"], body, || self.till.charge_reply(send.text.expose(), self.now)).await {
            Ok(made) => made,
            Err(trouble) => return Err(self.unless_it_stands(after(&trouble), send).await),
        };
        let id = made.id.filter(|id| is_id(id)).ok_or_else(|| Outcome::Unknown { why: "an answer without an id".into() })?;
        Ok(self.receipt(&id))
    }

    /// The post to be answered, in the version that the answer was written to. Its newest may have been heard of through
    /// another of our accounts: then `send` names an older one, and tells when the newest was made.
    async fn agreed_on(&self, send: &Outgoing) -> Result<Posts, Outcome> {
        let page = self.target(&send.target_local).await?;
        let newer = page.data.read.first().and_then(|post| post.versions().last().copied().filter(|last| *last != post.id));
        match newer {
            None => Ok(page),
            Some(last) if is_version(last, send) => self.target(last).await,
            Some(_) => Err(Outcome::TargetEdited),
        }
    }

    /// The same text twice: it may be an attempt of ours that landed though nobody was told. Then it is looked for. One that
    /// was in doubt before may have landed a moment ago, and not be shown yet.
    async fn unless_it_stands(&self, outcome: Outcome, send: &Outgoing) -> Outcome {
        if outcome != refused("why-same-text") {
            return outcome;
        }
        let tried_at = send.tried_at.unwrap_or(send.at);
        match self.look_for_reply(send, tried_at, &[]).await {
            Ok(Look::Absent) if send.absent_at.is_none() || self.now.since(tried_at) > UNSHOWN_MS => outcome,
            _ => Outcome::Unknown { why: "X has this text from us already".into() },
        }
    }

    /// A private message, to the very account that the case is about.
    async fn message(&self, send: &Outgoing, pictures: &[Image]) -> Result<Receipt, Outcome> {
        if !is_id(&send.to.local_id) {
            return Err(refused("why-person-not-found"));
        }
        // What begins from a public post goes out only where that still stands as it was.
        if is_id(&send.target_local) {
            let page = self.agreed_on(send).await?;
            page.data.read.first().ok_or(Outcome::TargetGone)?;
        }
        let path = ["2", "dm_conversations", "with", &send.to.local_id, "messages"];
        let media = self.upload(pictures, true).await?;
        let mut body = json!({"text": send.text.expose()});
        if !media.is_empty() {
            body["attachments"] = media.iter().map(|id| json!({"media_id": id})).collect();
        }
        let pay = || self.till.charge(Act::Dm, "", self.now);
        let made = self.make("message", &path, body, pay).await.map_err(|trouble| after(&trouble))?;
        let id = made.dm_event_id.filter(|id| is_id(id)).ok_or_else(|| Outcome::Unknown { why: "an answer without an id".into() })?;
        Ok(self.dm_receipt(&id, &send.to.local_id))
    }

    /// Gives X the pictures, and tells their ids, in their order. Nobody sees what no text hangs on, and X forgets it within
    /// a day: it may be done any number of times.
    async fn upload(&self, pictures: &[Image], private: bool) -> Result<Vec<String>, Outcome> {
        let mut ids = Vec::new();
        for picture in pictures {
            let category = if private { "dm_image" } else { "tweet_image" };
            let body = json!({"media": BASE64.encode(&picture.bytes), "media_category": category});
            let call = Call { method: Method::POST, body: Some(body), ..Call::get("media", &["2", "media", "upload"]) };
            let one: One<Uploaded> = self.api.json(&call).await.map_err(|trouble| not_uploaded(&trouble))?;
            let id = one.data.map(|uploaded| uploaded.id).filter(|id| is_id(id));
            ids.push(id.ok_or_else(|| not_uploaded(&Trouble::Malformed("a picture without an id".into())))?);
        }
        Ok(ids)
    }

    async fn retract(&self, earlier: Option<&SendState>) -> Result<Receipt, Outcome> {
        let (id, was) = published(earlier)?;
        if !is_id(&id) {
            // X takes a private message out of the sender's own view alone.
            return Err(refused("why-cannot-change"));
        }
        let call = Call { method: Method::DELETE, ..Call::get("delete", &["2", "tweets", &id]) };
        match self.api.json::<One<Value>>(&call).await {
            // What is gone by now is looked up like any other doubt.
            Ok(one) if one.data.as_ref().is_some_and(|data| data.get("deleted") == Some(&Value::Bool(true))) => Ok(was),
            Ok(_) => Err(Outcome::Unknown { why: "X does not say that it is deleted".into() }),
            Err(Trouble::Status { code: 404, .. }) => Ok(was),
            Err(trouble) => Err(after(&trouble)),
        }
    }

    async fn make(&self, endpoint: &'static str, path: &[&str], body: Value, pay: impl FnOnce()) -> Result<wire::Made, Trouble> {
        let call = Call { method: Method::POST, body: Some(body), ..Call::get(endpoint, path) };
        let made = self.api.json::<One<wire::Made>>(&call).await;
        // What may have been made may have been charged for: rather too much than too little.
        if made.as_ref().map_or_else(|trouble| matches!(after(trouble), Outcome::Unknown { .. }), |_| true) {
            pay();
        }
        let one = made?;
        one.data.ok_or_else(|| Trouble::Malformed("nothing in it".into()))
    }

    async fn target(&self, id: &str) -> Result<Posts, Outcome> {
        let page = self.lookup(id).await.map_err(|trouble| before(&trouble))?;
        let gone = page.errors.iter().any(|problem| problem.gone() == Some(id));
        if page.data.read.is_empty() && !gone {
            return Err(Outcome::Retry { after_ms: None, why: "X shows nothing of the post at the moment".into(), lane: false });
        }
        Ok(page)
    }

    /// See [`crate::network::NetworkAccount::look`].
    pub async fn look_back(&self, send: &Outgoing, earlier: Option<&SendState>, since: Time, known: &[String]) -> Look {
        let early_ms = DOUBT_MS - self.now.since(since);
        if early_ms > 0 {
            return Look::Retry { why: "X may not show it yet".into(), after_ms: Some(early_ms.min(DOUBT_MS)) };
        }
        let looked = match &send.kind {
            SendKind::Reply => self.look_for_reply(send, since, known).await,
            SendKind::Handoff | SendKind::Dm => self.look_for_message(send, since, known).await,
            SendKind::Retract { .. } => self.look_gone(earlier).await,
            SendKind::Correct { .. } => Ok(Look::CannotTell),
        };
        looked.unwrap_or_else(|trouble| match NetError::from(trouble) {
            NetError::Auth(why) | NetError::Permanent(why) => Look::Retry { why, after_ms: None },
            NetError::Retry { after_ms, why } => Look::Retry { why, after_ms },
        })
    }

    async fn look_for_reply(&self, send: &Outgoing, since: Time, known: &[String]) -> Result<Look, Trouble> {
        let call = Call::get("own", &["2", "users", self.me, "tweets"])
            .query("post.fields", "entities,note_post")
            .query("expansions", "edit_history_post_ids,referenced_posts")
            .query("max_results", "100")
            .query("since_id", id_at(since.plus(-PUBLIC_BACK_MS)).to_string());
        let meant = comparable(send.text.expose());
        let mut token: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let asked = token.iter().fold(call.clone(), |call, token| call.query("pagination_token", token));
            let page: Posts = self.api.json(&asked).await?;
            self.pay(Act::PostRead, page.data.read.iter().map(|post| &post.id));
            let is_it = |post: &&wire::Post| {
                let answers = post.refers(PostKind::RepliedTo).is_some_and(|id| id == send.target_local || is_version(id, send));
                answers && !known.contains(&post.id) && comparable(&mapping::text(post)) == meant
            };
            if let Some(post) = page.data.read.iter().find(is_it) {
                return Ok(Look::Found(self.receipt(&post.id)));
            }
            // One that cannot be read may be the one.
            if !page.data.odd.is_empty() {
                return Ok(Look::CannotTell);
            }
            token = page.meta.next_token;
            if token.is_none() {
                return Ok(Look::Absent);
            }
        }
        Ok(Look::CannotTell)
    }

    async fn look_for_message(&self, send: &Outgoing, since: Time, known: &[String]) -> Result<Look, Trouble> {
        let path = ["2", "dm_conversations", "with", &send.to.local_id, "dm_events"];
        let call = Call::get("dm-look", &path)
            .query("dm_event.fields", "created_at,dm_conversation_id,entities,event_type,text")
            .query("event_types", "MessageCreate")
            .query("expansions", "sender_id")
            .query("max_results", "100");
        let (meant, border) = (comparable(send.text.expose()), id_at(since.plus(-PRIVATE_BACK_MS)));
        let mut token: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let asked = token.iter().fold(call.clone(), |call, token| call.query("pagination_token", token));
            let page: DmEvents = match self.api.json(&asked).await {
                // Nothing was ever written between us.
                Err(Trouble::Status { code: 404, .. }) => return Ok(Look::Absent),
                page => page?,
            };
            self.pay(Act::DmRead, page.data.read.iter().map(|event| &event.id));
            if !page.data.odd.is_empty() {
                return Ok(Look::CannotTell);
            }
            for event in &page.data.read {
                if event.id.parse::<u64>().is_ok_and(|id| id < border) {
                    return Ok(Look::Absent);
                }
                let ours = event.sender_id.as_deref() == Some(self.me) && !known.contains(&format!("dm:{}", event.id));
                if ours && comparable(&mapping::plain(&event.text, &event.entities)) == meant {
                    return Ok(Look::Found(self.dm_receipt(&event.id, &send.to.local_id)));
                }
            }
            token = page.meta.next_token;
            if token.is_none() {
                return Ok(Look::Absent);
            }
        }
        Ok(Look::CannotTell)
    }

    async fn look_gone(&self, earlier: Option<&SendState>) -> Result<Look, Trouble> {
        let Ok((id, was)) = published(earlier) else { return Ok(Look::CannotTell) };
        let page: Page<wire::Post> = self.lookup(&id).await?;
        let gone = page.errors.iter().any(|problem| problem.gone() == Some(id.as_str()));
        Ok(match (gone, page.data.read.is_empty()) {
            (true, _) => Look::Found(was),
            (false, false) => Look::Absent,
            (false, true) => Look::Retry { why: "X shows nothing of the post at the moment".into(), after_ms: None },
        })
    }

    fn receipt(&self, id: &str) -> Receipt {
        Receipt { native_id: id.to_owned(), post: Some(post_id(id)), url: Some(format!("https://x.com/i/status/{id}")) }
    }

    fn dm_receipt(&self, id: &str, to: &str) -> Receipt {
        let url = format!("https://x.com/messages/{}", mapping::conversation(self.me, to));
        Receipt { native_id: format!("dm:{id}"), post: Some(PostId(format!("{NETWORK}:dm:{id}"))), url: Some(url) }
    }
}

fn refused(code: &str) -> Outcome {
    Outcome::Refused { why: Why::ours(code) }
}

/// Whether this is the id of the version of its target that a send was written to.
fn is_version(id: &str, send: &Outgoing) -> bool {
    mapping::made(id).is_some_and(|at| at.0 == send.target_version)
}

fn is_id(text: &str) -> bool {
    (1..=19).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

fn published(earlier: Option<&SendState>) -> Result<(String, Receipt), Outcome> {
    match earlier {
        Some(SendState::Published { id, local_id, url, .. }) => {
            Ok((local_id.clone(), Receipt { native_id: local_id.clone(), post: Some(id.clone()), url: url.clone() }))
        }
        _ => Err(refused("why-never-published")),
    }
}

/// What a failed reading before a send means: nothing was sent.
pub(super) fn before(trouble: &Trouble) -> Outcome {
    let why = trouble.words();
    match trouble {
        Trouble::Status { code: 401 | 403, .. } | Trouble::NoToken(NoToken::SignIn(_)) => Outcome::AuthLost { why },
        // Each endpoint has a window of its own: of private messages, fifteen in a quarter of an hour, and no public answer
        // waits for those. Until its window ends an endpoint is not even asked.
        Trouble::Status { after_ms, .. } => Outcome::Retry { after_ms: *after_ms, why: why.into(), lane: false },
        Trouble::Spent(ms) => Outcome::Retry { after_ms: Some(*ms), why: why.into(), lane: false },
        Trouble::NoToken(_) => Outcome::Retry { after_ms: Some(SET_UP_MS), why: why.into(), lane: true },
        Trouble::NotSent(_) => Outcome::Retry { after_ms: None, why: why.into(), lane: true },
        Trouble::Lost(_) | Trouble::Malformed(_) => Outcome::Retry { after_ms: None, why: why.into(), lane: false },
    }
}

/// What a failed upload means: nothing was published.
fn not_uploaded(trouble: &Trouble) -> Outcome {
    let because = |code: &str| Outcome::Refused { why: Say::new(code).text("detail", trouble.words()).into() };
    match trouble {
        // The token is good, since we know who we are; it was given before pictures were asked for.
        Trouble::Status { code: 403, .. } => because("why-picture-no-right"),
        Trouble::Status { code: 400..=428, .. } if !matches!(trouble, Trouble::Status { code: 401 | 408, .. }) => {
            because("why-picture-refused")
        }
        _ => before(trouble),
    }
}

/// What X takes with one text. Source: docs.x.com/x-api/media/quickstart/best-practices. Of pictures that move, which take
/// a category and a wait of their own, none.
#[must_use]
pub fn pictures(most: usize) -> Takes {
    Takes { most, max_bytes: 5 * 1024 * 1024, kinds: vec![Kind::Png, Kind::Jpeg, Kind::Webp] }
}

/// What a failed send means.
fn after(trouble: &Trouble) -> Outcome {
    let why = trouble.words();
    match trouble {
        Trouble::Status { code: 403, words, .. } => forbidden(words, why),
        Trouble::Status { code: 408 | 500.., .. } | Trouble::Lost(_) | Trouble::Malformed(_) => Outcome::Unknown { why },
        Trouble::Status { code: 401 | 429, .. } | Trouble::Spent(_) | Trouble::NotSent(_) | Trouble::NoToken(_) => before(trouble),
        Trouble::Status { .. } => Outcome::Refused { why: why.into() },
    }
}

/// X says 403 of many things, and tells them apart in words alone.
fn forbidden(words: &str, why: String) -> Outcome {
    let words = words.to_lowercase();
    let says = |part: &str| words.contains(part);
    if says("duplicate content") {
        refused("why-same-text")
    } else if says("deleted or not visible") {
        Outcome::TargetGone
    } else if says("not been mentioned") || says("not allowed to reply") {
        refused("why-may-not-answer")
    } else if says("permission to dm") || says("cannot send messages") {
        refused("why-no-dms")
    } else if says("scope") || says("application-only") || says("suspended") || says("oauth") {
        Outcome::AuthLost { why }
    } else {
        Outcome::Refused { why: why.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_failure_means() {
        let status = |code, words: &str| after(&Trouble::Status { code, words: words.into(), after_ms: Some(5) });
        assert_eq!(status(403, "You are not allowed to create a Tweet with duplicate content."), refused("why-same-text"));
        assert_eq!(status(403, "You attempted to reply to a Tweet that is deleted or not visible to you."), Outcome::TargetGone);
        assert!(matches!(status(403, "Your account is suspended"), Outcome::AuthLost { .. }));
        assert!(matches!(status(403, "because"), Outcome::Refused { .. }));
        assert!(matches!(status(400, "too long"), Outcome::Refused { .. }));
        assert!(matches!(status(401, "Unauthorized"), Outcome::AuthLost { .. }));
        assert!(matches!(status(429, "Too Many Requests"), Outcome::Retry { after_ms: Some(5), lane: false, .. }));
        for doubt in [status(500, ""), status(503, ""), after(&Trouble::Lost("x".into())), after(&Trouble::Malformed("x".into()))] {
            assert!(matches!(doubt, Outcome::Unknown { .. }), "{doubt:?}");
        }
        assert!(matches!(after(&Trouble::NotSent("x".into())), Outcome::Retry { lane: true, .. }));
        assert!(matches!(after(&Trouble::NoToken(NoToken::SignIn("x".into()))), Outcome::AuthLost { .. }));
    }
}
