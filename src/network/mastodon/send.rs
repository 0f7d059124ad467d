//! Publishing, and looking back after doubt.
//!
//! What a failure means depends on whether the request had left: before, it surely did not happen;
//! after, it may have, and the outbox looks before it sends again. The same operation id goes with
//! every attempt, and Mastodon takes one once within an hour.

use super::api::{Call, Share, Trouble};
use super::html::to_text;
use super::mapping::{Mapper, visibility, visibility_word};
use super::{MastodonAccount, Ready, wire};
use crate::case::{Outgoing, SendKind, SendState};
use crate::clock::{MINUTE_MS, Time};
use crate::network::NetError;
use crate::network::lenient::time;
use crate::outbox::{Look, Outcome, Receipt};
use crate::post::{Visibility, comparable};
use crate::say::{Say, Why};
use reqwest::Method;
use serde_json::json;
use tracing::error;

/// How far before the first attempt a look goes back: clocks differ, in milliseconds.
const CLOCKS_MS: i64 = 2 * MINUTE_MS;
/// How many pages of own posts a look reads at most.
const MAX_PAGES: usize = 25;
/// How long a lane waits when the server's set-up, not the send, is at fault, in milliseconds.
const SET_UP_MS: i64 = MINUTE_MS;

impl MastodonAccount {
    /// See [`crate::network::NetworkAccount::send`].
    pub(super) async fn publish(&self, op: &str, send: &Outgoing, earlier: Option<&SendState>) -> Outcome {
        let ready = match self.ready().await {
            Ok(ready) => ready,
            Err(NetError::Auth(why)) => return Outcome::AuthLost { why },
            Err(NetError::Retry { after_ms, why }) => return Outcome::Retry { after_ms, why: why.into(), lane: true },
            Err(NetError::Permanent(why)) => return Outcome::Retry { after_ms: Some(SET_UP_MS), why: why.into(), lane: true },
        };
        let done = match &send.kind {
            SendKind::Reply => self.reply(&ready, op, send).await,
            SendKind::Handoff | SendKind::Dm => self.message(&ready, op, send).await,
            SendKind::Retract { .. } => self.retract(earlier).await,
            SendKind::Correct { .. } => self.correct(&ready, send, earlier).await,
        };
        done.map_or_else(|outcome| outcome, Outcome::Done)
    }

    async fn reply(&self, ready: &Ready, op: &str, send: &Outgoing) -> Result<Receipt, Outcome> {
        let target = self.target(&send.target_local).await?;
        unchanged(&target, send)?;
        let handle = clean_handle(send.to.handle.expose())?;
        let text = addressed(&handle, send.text.expose(), &ready.me.domain);
        // Never to more people than the post that it answers; a server's own kinds count as followers only.
        let visible = visibility_word(visibility(&target.visibility));
        let status = self.post(op, &text, visible, &send.lang, Some(&send.target_local)).await?;
        Ok(receipt(ready, self, &status))
    }

    /// A private message. It goes to the very account that the case is about, under its present
    /// name, and to nobody else.
    async fn message(&self, ready: &Ready, op: &str, send: &Outgoing) -> Result<Receipt, Outcome> {
        let mapper = Mapper { account: &self.account, me: &ready.me, now: self.clock.now() };
        let mut handle = clean_handle(send.to.handle.expose())?;
        if !send.to.local_id.is_empty() {
            let call = Call::get(&["api", "v1", "accounts", &send.to.local_id]).share(Share::Read);
            let person: wire::Account = match self.api.json(call).await {
                Ok(person) => person,
                // Who is not found is no post that is gone: people must know whom they cannot reach.
                Err(trouble) if trouble.is_gone() => {
                    return Err(refused(Why::ours("why-person-gone")));
                }
                Err(trouble) => return Err(self.before(&trouble).await),
            };
            let known_by_uri = person.uri.as_ref().is_some_and(|u| !u.is_empty()) && send.to.id.as_str().starts_with("http");
            if known_by_uri && mapper.author_id(&person) != send.to.id {
                return Err(refused(Why::ours("why-person-changed")));
            }
            handle = clean_handle(&mapper.handle(&person.acct))?;
        }
        if let Some(other) = other_mention(send.text.expose(), &handle, &ready.me) {
            return Err(refused(names_other(&other)));
        }
        let mut answers = None;
        if !send.target_local.is_empty() {
            let target = self.target(&send.target_local).await?;
            unchanged(&target, send)?;
            // Below a public post a direct one would still stand in its thread, for those it names.
            answers = (visibility(&target.visibility) == Visibility::Direct).then_some(send.target_local.as_str());
        }
        let text = addressed(&handle, send.text.expose(), &ready.me.domain);
        let status = self.post(op, &text, "direct", &send.lang, answers).await?;
        self.arrived(&status, send).await?;
        Ok(receipt(ready, self, &status))
    }

    /// A private message that the server made anything else of is taken back.
    async fn arrived(&self, status: &wire::Status, send: &Outgoing) -> Result<(), Outcome> {
        let private = visibility(&status.visibility) == Visibility::Direct;
        let named = send.to.local_id.is_empty() || status.mentions.iter().any(|m| m.id == send.to.local_id);
        if private && named {
            return Ok(());
        }
        let taken_back = self.delete(&status.id).await;
        if let Err(trouble) = taken_back.as_ref().map(|_| ()).or_else(|t| if t.is_gone() { Ok(()) } else { Err(t) }) {
            error!(account = %self.account, status = status.id, why = trouble.words(), "a private message is misaddressed and could not be taken back: delete it by hand");
        }
        Err(refused(Why::ours(if private { "why-person-not-found" } else { "why-not-kept-private" })))
    }

    async fn retract(&self, earlier: Option<&SendState>) -> Result<Receipt, Outcome> {
        let (local_id, was) = published(earlier)?;
        match self.delete(local_id).await {
            Ok(()) => Ok(was),
            Err(trouble) if trouble.is_gone() => Ok(was),
            Err(trouble) => Err(self.after(&trouble).await),
        }
    }

    async fn correct(&self, ready: &Ready, send: &Outgoing, earlier: Option<&SendState>) -> Result<Receipt, Outcome> {
        let (local_id, _) = published(earlier)?;
        let handle = clean_handle(send.to.handle.expose())?;
        let standing = self.target(local_id).await?;
        // A correction of a private message must not begin to address somebody else.
        if visibility(&standing.visibility) == Visibility::Direct
            && let Some(other) = other_mention(send.text.expose(), &handle, &ready.me)
        {
            return Err(refused(names_other(&other)));
        }
        let text = addressed(&handle, send.text.expose(), &ready.me.domain);
        let mut body = json!({ "status": text });
        set_language(&mut body, &send.lang);
        let call = Call { method: Method::PUT, body: Some(body), share: Share::Post, ..Call::get(&["api", "v1", "statuses", local_id]) };
        match self.api.json::<wire::Status>(call).await {
            Ok(status) => Ok(receipt(ready, self, &status)),
            Err(trouble) => Err(self.after(&trouble).await),
        }
    }

    async fn post(&self, op: &str, text: &str, visible: &str, lang: &str, answers: Option<&str>) -> Result<wire::Status, Outcome> {
        let mut body = json!({ "status": text, "visibility": visible });
        set_language(&mut body, lang);
        if let Some(id) = answers {
            body["in_reply_to_id"] = json!(id);
        }
        let call =
            Call { method: Method::POST, body: Some(body), key: Some(op), share: Share::Post, ..Call::get(&["api", "v1", "statuses"]) };
        let trouble = match self.api.json(call).await {
            Ok(status) => return Ok(status),
            Err(trouble) => trouble,
        };
        match self.after(&trouble).await {
            Outcome::TargetGone if answers.is_none() => Err(refused(trouble.words().into())),
            outcome => Err(outcome),
        }
    }

    async fn delete(&self, local_id: &str) -> Result<(), Trouble> {
        let call = Call { method: Method::DELETE, share: Share::Delete, ..Call::get(&["api", "v1", "statuses", local_id]) };
        self.api.call(call).await.map(|_| ())
    }

    async fn target(&self, local_id: &str) -> Result<wire::Status, Outcome> {
        match self.status(local_id).await {
            Ok(status) => Ok(status),
            Err(trouble) => Err(self.before(&trouble).await),
        }
    }

    async fn before(&self, trouble: &Trouble) -> Outcome {
        self.or_this_alone(before(trouble), trouble).await
    }

    async fn after(&self, trouble: &Trouble) -> Outcome {
        self.or_this_alone(after(trouble), trouble).await
    }

    /// A 403 says that the token may not, or that this one thing may not be done (as GoToSocial says
    /// of a post whose author takes no answers). Only the first may stop the lane.
    async fn or_this_alone(&self, outcome: Outcome, trouble: &Trouble) -> Outcome {
        let Trouble::Status { code: 403, words, .. } = trouble else { return outcome };
        if words.to_lowercase().contains("scope") {
            return outcome;
        }
        let call = Call::get(&["api", "v1", "accounts", "verify_credentials"]).share(Share::Read);
        match self.api.call(call).await {
            Ok(_) => Outcome::Refused { why: trouble.words().into() },
            Err(_) => outcome,
        }
    }

    async fn status(&self, local_id: &str) -> Result<wire::Status, Trouble> {
        self.api.json(Call::get(&["api", "v1", "statuses", local_id]).share(Share::Read)).await
    }

    /// See [`crate::network::NetworkAccount::look`].
    pub(super) async fn look_back(&self, send: &Outgoing, earlier: Option<&SendState>, since: Time, known: &[String]) -> Look {
        let keyed = matches!(self.ready().await, Ok(ready) if ready.capabilities.idempotent);
        let doubt_ms = if keyed { self.settings.doubt_ms } else { self.settings.doubt_unkeyed_ms.max(self.settings.doubt_ms) };
        let early_ms = doubt_ms - self.clock.now().since(since);
        if early_ms > 0 {
            return Look::Retry { why: "the server may still be at it".into(), after_ms: Some(early_ms.min(doubt_ms)) };
        }
        let looked = match &send.kind {
            SendKind::Reply | SendKind::Handoff | SendKind::Dm => self.look_for(send, since, known).await,
            SendKind::Retract { .. } => self.look_gone(earlier).await,
            SendKind::Correct { .. } => self.look_corrected(send, earlier).await,
        };
        looked.unwrap_or_else(|e| match e {
            NetError::Auth(why) | NetError::Permanent(why) => Look::Retry { why, after_ms: None },
            NetError::Retry { after_ms, why } => Look::Retry { why, after_ms },
        })
    }

    async fn look_gone(&self, earlier: Option<&SendState>) -> Result<Look, NetError> {
        let Ok((local_id, was)) = published(earlier) else { return Ok(Look::CannotTell) };
        match self.status(local_id).await {
            Ok(_) => Ok(Look::Absent),
            Err(trouble) if trouble.is_gone() => Ok(Look::Found(was)),
            Err(trouble) => Err(trouble.into()),
        }
    }

    async fn look_corrected(&self, send: &Outgoing, earlier: Option<&SendState>) -> Result<Look, NetError> {
        let Ok((local_id, was)) = published(earlier) else { return Ok(Look::CannotTell) };
        match self.status(local_id).await {
            Ok(status) => Ok(if self.says(&status, send).await? { Look::Found(was) } else { Look::Absent }),
            // Sending again will find out what there is to find out.
            Err(trouble) if trouble.is_gone() => Ok(Look::Absent),
            Err(trouble) => Err(trouble.into()),
        }
    }

    async fn look_for(&self, send: &Outgoing, since: Time, known: &[String]) -> Result<Look, NetError> {
        let ready = self.ready().await?;
        let border = since.plus(-CLOCKS_MS);
        let mut before: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let mut call =
                Call::get(&["api", "v1", "accounts", &ready.me.id, "statuses"]).query("exclude_reblogs", "true").query("limit", "40");
            if let Some(id) = &before {
                call = call.query("max_id", id.as_str());
            }
            let page: Vec<wire::Status> = self.api.json(call.share(Share::Read)).await?;
            let last = page.last().map(|s| s.id.clone());
            for status in &page {
                if made(status).is_some_and(|at| at < border) {
                    return self.look_in_messages(&ready, send, border, known).await;
                }
                if !known.contains(&status.id) && self.is_it(&ready, status, send).await? {
                    return Ok(Look::Found(receipt(&ready, self, status)));
                }
            }
            if last.is_none() || last == before {
                return self.look_in_messages(&ready, send, border, known).await;
            }
            before = last;
        }
        Ok(Look::CannotTell)
    }

    /// Some servers leave private messages out of an account's statuses. A conversation tells its last message
    /// alone: where the customer has written since, ours stands among those that theirs answers.
    async fn look_in_messages(&self, ready: &Ready, send: &Outgoing, border: Time, known: &[String]) -> Result<Look, NetError> {
        if !send.kind.is_private() {
            return Ok(Look::Absent);
        }
        let call = Call::get(&["api", "v1", "conversations"]).query("limit", "40").share(Share::Read);
        let talks: Vec<wire::Conversation> = match self.api.json(call).await {
            Ok(talks) => talks,
            // A server that takes a key once lists them with the rest, and would not double it either.
            Err(Trouble::Status { code: 400..=428 | 430..=499, .. }) if ready.capabilities.idempotent => return Ok(Look::Absent),
            Err(Trouble::Status { code: 400..=428 | 430..=499, .. }) => return Ok(Look::CannotTell),
            Err(trouble) => return Err(trouble.into()),
        };
        for last in talks.into_iter().filter_map(|t| t.last_status).filter(|s| made(s).is_none_or(|at| at >= border)) {
            let all = if last.account.id == ready.me.id { vec![last] } else { self.before_it(&last).await? };
            for status in all {
                let ours = status.account.id == ready.me.id && made(&status).is_none_or(|at| at >= border);
                if ours && !known.contains(&status.id) && self.is_it(ready, &status, send).await? {
                    return Ok(Look::Found(receipt(ready, self, &status)));
                }
            }
        }
        Ok(Look::Absent)
    }

    /// What a status answers, up to the top.
    async fn before_it(&self, status: &wire::Status) -> Result<Vec<wire::Status>, NetError> {
        let call = Call::get(&["api", "v1", "statuses", &status.id, "context"]).share(Share::Read);
        match self.api.json::<wire::Context>(call).await {
            Ok(context) => Ok(context.ancestors),
            Err(trouble) if trouble.is_gone() => Ok(Vec::new()),
            Err(trouble) => Err(trouble.into()),
        }
    }

    async fn is_it(&self, ready: &Ready, status: &wire::Status, send: &Outgoing) -> Result<bool, NetError> {
        let direct = visibility(&status.visibility) == Visibility::Direct;
        let fits = if send.kind.is_private() {
            let mapper = Mapper { account: &self.account, me: &ready.me, now: Time(0) };
            let handle = send.to.handle.expose();
            direct && status.mentions.iter().any(|m| m.id == send.to.local_id || mapper.handle(&m.acct).eq_ignore_ascii_case(handle))
        } else if status.in_reply_to_id.is_none() && !direct {
            // Mastodon forgets what a post answers once that is deleted.
            let named = status.mentions.iter().any(|m| m.id == send.to.local_id);
            return Ok(named && self.says(status, send).await? && self.is_gone(&send.target_local).await?);
        } else {
            status.in_reply_to_id.as_deref() == Some(send.target_local.as_str())
        };
        Ok(fits && self.says(status, send).await?)
    }

    async fn is_gone(&self, local_id: &str) -> Result<bool, NetError> {
        match self.status(local_id).await {
            Ok(_) => Ok(false),
            Err(trouble) if trouble.is_gone() => Ok(true),
            Err(trouble) => Err(trouble.into()),
        }
    }

    /// Whether a status of ours has the text of a send: as shown, or else as its source says.
    async fn says(&self, status: &wire::Status, send: &Outgoing) -> Result<bool, NetError> {
        let meant = comparable(send.text.expose());
        if comparable(&to_text(&status.content, &[])) == meant {
            return Ok(true);
        }
        match self.api.json::<wire::Source>(Call::get(&["api", "v1", "statuses", &status.id, "source"]).share(Share::Read)).await {
            Ok(source) => Ok(comparable(&source.text) == meant),
            Err(Trouble::Status { code: 400..=428 | 430..=499, .. }) => Ok(false),
            Err(trouble) => Err(trouble.into()),
        }
    }
}

fn made(status: &wire::Status) -> Option<Time> {
    status.created_at.as_deref().and_then(time)
}

fn set_language(body: &mut serde_json::Value, lang: &str) {
    if !lang.is_empty() {
        body["language"] = json!(lang);
    }
}

fn receipt(ready: &Ready, account: &MastodonAccount, status: &wire::Status) -> Receipt {
    let mapper = Mapper { account: &account.account, me: &ready.me, now: Time(0) };
    Receipt { native_id: status.id.clone(), post: Some(mapper.post_id(status)), url: status.url.clone() }
}

fn refused(why: Why) -> Outcome {
    Outcome::Refused { why }
}

/// A private message goes to everyone it names.
fn names_other(other: &str) -> Why {
    Why::Ours(Say::new("why-names-other").text("other", other))
}

fn published(earlier: Option<&SendState>) -> Result<(&str, Receipt), Outcome> {
    match earlier {
        Some(SendState::Published { id, local_id, url, .. }) => {
            Ok((local_id, Receipt { native_id: local_id.clone(), post: Some(id.clone()), url: url.clone() }))
        }
        _ => Err(refused(Why::ours("why-never-published"))),
    }
}

/// The target must still say what the text was agreed on for.
fn unchanged(target: &wire::Status, send: &Outgoing) -> Result<(), Outcome> {
    let version = target.edited_at.as_deref().and_then(time).map_or(0, |t| t.0);
    if version > send.target_version { Err(Outcome::TargetEdited) } else { Ok(()) }
}

/// What a failed reading before a send means: nothing was sent.
fn before(trouble: &Trouble) -> Outcome {
    let why = trouble.words();
    match trouble {
        Trouble::Status { code: 404 | 410, .. } => Outcome::TargetGone,
        Trouble::Status { code: 401 | 403, .. } => Outcome::AuthLost { why },
        Trouble::Status { code: 429, after_ms, .. } => Outcome::Retry { after_ms: *after_ms, why: why.into(), lane: true },
        Trouble::Status { code: 300..=399, .. } => Outcome::Retry { after_ms: Some(SET_UP_MS), why: why.into(), lane: true },
        Trouble::Status { after_ms, .. } => Outcome::Retry { after_ms: *after_ms, why: why.into(), lane: false },
        Trouble::Spent(ms) => Outcome::Retry { after_ms: Some(*ms), why: why.into(), lane: true },
        Trouble::NotSent(_) => Outcome::Retry { after_ms: None, why: why.into(), lane: true },
        Trouble::Lost(_) | Trouble::Malformed(_) | Trouble::TooLong { .. } => {
            Outcome::Retry { after_ms: None, why: why.into(), lane: false }
        }
    }
}

/// What a failed send means.
fn after(trouble: &Trouble) -> Outcome {
    let why = trouble.words();
    match trouble {
        Trouble::Status { code: 404 | 410, .. } => Outcome::TargetGone,
        Trouble::Status { code: 401 | 403, .. } => Outcome::AuthLost { why },
        Trouble::Status { code: 429, after_ms, .. } => Outcome::Retry { after_ms: *after_ms, why: why.into(), lane: true },
        Trouble::Status { code: 300..=399, .. } => Outcome::Retry { after_ms: Some(SET_UP_MS), why: why.into(), lane: true },
        // Sent back at the door, with a time to come again.
        Trouble::Status { code: 503, after_ms: Some(ms), .. } => Outcome::Retry { after_ms: Some(*ms), why: why.into(), lane: true },
        // Another 5xx may come from a proxy that lost patience with a server that went on.
        Trouble::Status { code: 408 | 500.., .. } | Trouble::Lost(_) | Trouble::Malformed(_) | Trouble::TooLong { .. } => {
            Outcome::Unknown { why }
        }
        Trouble::Status { .. } => Outcome::Refused { why: why.into() },
        Trouble::Spent(ms) => Outcome::Retry { after_ms: Some(*ms), why: why.into(), lane: true },
        Trouble::NotSent(_) => Outcome::Retry { after_ms: None, why: why.into(), lane: true },
    }
}

/// A handle that can stand in a text without becoming anything else there.
fn clean_handle(handle: &str) -> Result<String, Outcome> {
    let name = handle.trim().trim_start_matches('@');
    let ok = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':'));
    let good = match name.split_once('@') {
        Some((user, server)) => ok(user) && ok(server),
        None => ok(name),
    };
    if good { Ok(format!("@{name}")) } else { Err(refused(Why::ours("why-handle-unfit"))) }
}

/// `text` with the person named in front, once: people of our own server by their short name, which
/// every server understands.
fn addressed(handle: &str, text: &str, domain: &str) -> String {
    let text = text.trim();
    let named = mentions(text).first().is_some_and(|(at, m)| *at == 0 && in_full(m, domain).eq_ignore_ascii_case(&in_full(handle, domain)));
    if named {
        return text.to_owned();
    }
    let name = handle.trim_start_matches('@');
    let short = name.split_once('@').filter(|(_, server)| server.eq_ignore_ascii_case(domain)).map_or(name, |(user, _)| user);
    format!("@{short} {text}")
}

fn in_full(handle: &str, domain: &str) -> String {
    let name = handle.trim_start_matches('@');
    if name.contains('@') { format!("@{name}") } else { format!("@{name}@{domain}") }
}

/// Somebody else whom the text names, so that a private message would reach them.
fn other_mention(text: &str, handle: &str, me: &super::mapping::Me) -> Option<String> {
    let same = |m: &str, h: &str| in_full(m, &me.domain).eq_ignore_ascii_case(&in_full(h, &me.domain));
    mentions(text).into_iter().map(|(_, m)| m).find(|m| !same(m, handle) && !same(m, &me.handle))
}

/// What a server takes for a mention, with where it begins: as in Mastodon's `Account::MENTION_RE`,
/// an `@` after anything but a word character, `/` or `=`, a name, perhaps a server.
fn mentions(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut previous = ' ';
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let begins = c == '@' && !(previous.is_alphanumeric() || matches!(previous, '_' | '/' | '='));
        previous = c;
        if !begins {
            continue;
        }
        let mut name = String::new();
        while let Some((_, c)) = chars.next_if(|(_, c)| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '@')) {
            name.push(c);
            previous = c;
        }
        // A full stop or colon after a name ends the sentence, not the name.
        let name = name.trim_end_matches(['.', '-', ':', '@']);
        if name.chars().next().is_some_and(|c| c.is_alphanumeric() || c == '_') {
            found.push((at, format!("@{name}")));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_person_is_named_once() {
        assert_eq!(addressed("@ana@s.example", "hola", "m.example"), "@ana@s.example hola");
        assert_eq!(addressed("@ana@s.example", "@ANA@s.example, hola", "m.example"), "@ANA@s.example, hola");
        assert_eq!(addressed("@ana@m.example", "hola", "m.example"), "@ana hola");
        assert_eq!(addressed("@ana@m.example", "@ana hola", "m.example"), "@ana hola");
        assert_eq!(addressed("@ana@m.example", "@ana@m.example hola", "m.example"), "@ana@m.example hola");
        assert_eq!(addressed("@ana@s.example", "@ana hola", "m.example"), "@ana@s.example @ana hola", "@ana is another, here");
        assert_eq!(addressed("@ana@s.example", "@anabel hola", "m.example"), "@ana@s.example @anabel hola");
    }

    #[test]
    fn mentions_as_the_server_sees_them() {
        let names = |t: &str| mentions(t).into_iter().map(|(_, m)| m).collect::<Vec<_>>();
        assert_eq!(names("@ana, (@bob@x.example). mail me@x.example https://x.example/@eve ¡@luz!"), ["@ana", "@bob@x.example", "@luz"]);
        assert_eq!(names("@ @@ a@b @."), Vec::<String>::new());
        assert_eq!(names("hola @ana: sí"), ["@ana"]);
    }

    #[test]
    fn a_private_message_names_nobody_else() {
        let me = super::super::mapping::Me { handle: "@shop@m.example".into(), domain: "m.example".into(), ..Default::default() };
        assert_eq!(other_mention("hola @ana@s.example, soy @shop", "@ana@s.example", &me), None);
        assert_eq!(other_mention("pregunta a @bob", "@ana@s.example", &me).as_deref(), Some("@bob"));
        assert_eq!(other_mention("escribe a x@y.example", "@ana@s.example", &me), None);
    }

    #[test]
    fn handles_that_would_become_something_else() {
        assert_eq!(clean_handle("@ana@s.example").unwrap(), "@ana@s.example");
        assert_eq!(clean_handle("ana").unwrap(), "@ana");
        for bad in ["", "@", "@ana bob", "@ana\n@bob", "@a@b@c", "@ana@"] {
            assert!(clean_handle(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn failures_say_what_to_do() {
        let status = |code, after_ms| Trouble::Status { code, words: "w".into(), after_ms };
        assert!(matches!(after(&status(422, None)), Outcome::Refused { .. }));
        assert!(matches!(after(&status(500, None)), Outcome::Unknown { .. }));
        assert!(matches!(after(&status(502, Some(1))), Outcome::Unknown { .. }));
        assert!(matches!(after(&status(503, None)), Outcome::Unknown { .. }));
        assert!(matches!(after(&status(503, Some(5))), Outcome::Retry { after_ms: Some(5), lane: true, .. }));
        assert!(matches!(after(&status(429, Some(5))), Outcome::Retry { after_ms: Some(5), lane: true, .. }));
        assert!(matches!(after(&status(401, None)), Outcome::AuthLost { .. }));
        assert!(matches!(after(&status(403, None)), Outcome::AuthLost { .. }));
        assert!(matches!(after(&status(404, None)), Outcome::TargetGone));
        assert!(matches!(after(&Trouble::Lost("x".into())), Outcome::Unknown { .. }));
        assert!(matches!(after(&Trouble::NotSent("x".into())), Outcome::Retry { lane: true, .. }));
        assert!(matches!(before(&Trouble::Lost("x".into())), Outcome::Retry { .. }));
        assert!(matches!(before(&status(500, None)), Outcome::Retry { .. }));
    }
}
