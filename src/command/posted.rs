//! `posted`: notes an answer that somebody wrote on the network itself, where the network takes it from people alone.

use super::{Command, FORM, Row, Run, Takes, Verb, done, needed_text, open};
use crate::case::refusal::Refusal;
use crate::case::work::Work;
use crate::case::{Event, Trigger, Voice};
use crate::digest::FactKind;
use crate::policy::Role;
use crate::say::Say;
use url::Url;

/// The command's row.
pub const ROW: Row = Row {
    verb: Verb::Posted,
    name: "posted",
    en: &["answered"],
    es: &["publicado", "contestado"],
    on_case: true,
    takes: Takes::Text,
    role: Role::Agent,
    doors: FORM,
    run: Run::Case(run),
};

/// The longest address that is taken, in bytes.
const MAX_ADDRESS: usize = 2_000;
/// How much of what is no address a refusal repeats, in characters.
const MOST_REPEATED: usize = 80;

fn run(w: &mut Work<'_>, c: &Command) -> Result<Say, Refusal> {
    let given = needed_text(c)?;
    open(w)?;
    w.not_anothers(&c.by)?;
    if let Some(live) = w.case.live_send() {
        return Err(Refusal::SendUnderWay(live.id));
    }
    let url = address(given).ok_or_else(|| Refusal::NotAnAddress(given.chars().take(MOST_REPEATED).collect()))?;
    let known = w.case.posts.iter().filter(|p| p.voice == Voice::Outside).filter_map(|p| p.post.url.as_ref());
    if known.chain(&w.case.by_hand).any(|u| is_same(u, &url)) {
        return Err(Refusal::AlreadySo);
    }
    w.own(&c.by)?;
    for draft in &mut w.case.drafts {
        draft.closed = true;
    }
    w.case.by_hand.push(url.clone());
    w.event(Some(&c.by), Event::PostedByHand { url });
    w.fact(Some(&c.by), FactKind::Replied);
    w.answered(Some(&c.by), None);
    w.trigger(Trigger::Answer)?;
    Ok(done(w, &ROW))
}

/// The address of a post, as somebody pasted it: chats put signs around it.
fn address(given: &str) -> Option<String> {
    let bare = given.trim_matches(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '`' | '"'));
    let url = Url::parse(bare).ok().filter(|_| bare.len() <= MAX_ADDRESS)?;
    let names_a_post = matches!(url.scheme(), "https" | "http") && url.path().len() > 1;
    (names_a_post && url.username().is_empty() && url.password().is_none()).then(|| url.to_string())
}

/// Whether two addresses are of the same post. Sites go by several hosts, and what stands behind `?` tells who shared it:
/// the path decides.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    let path = |address: &str| Url::parse(address).ok().map(|url| url.path().trim_end_matches('/').to_lowercase());
    path(one).is_some_and(|one| Some(one) == path(other))
}
