//! `posted`: notes an answer that somebody wrote on the network itself, where the network takes it from people alone.

use super::{Command, FORM, Row, Run, Takes, Verb, done, needed_text, open};
use crate::case::refusal::Refusal;
use crate::case::work::Work;
use crate::case::{Event, Outgoing, SendState, Trigger, Voice};
use crate::digest::FactKind;
use crate::planted::{self, Bug};
use crate::policy::Role;
use crate::post::Answering;
use crate::say::Say;
use std::collections::BTreeSet;
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
    elsewhere(w, &url)?;
    let mut known = w.case.posts.iter().filter(|p| p.post.url.as_ref().is_some_and(|u| is_same(u, &url)));
    // What comes to hand first is the post that was answered.
    if known.any(|p| matches!(p.voice, Voice::Customer | Voice::Other)) {
        return Err(Refusal::NotOurPost);
    }
    let sent = w.case.sends.iter().filter_map(published).chain(&w.case.by_hand);
    let ours = w.case.posts.iter().filter(|p| matches!(p.voice, Voice::Us | Voice::Outside)).filter_map(|p| p.post.url.as_ref());
    if sent.chain(ours).any(|u| is_same(u, &url)) {
        return Err(Refusal::AlreadySo);
    }
    w.own(&c.by)?;
    for draft in &mut w.case.drafts {
        draft.closed = true;
    }
    if !planted::is(Bug::ByHandForgotten) {
        w.case.by_hand.push(url.clone());
    }
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

/// Refuses the address of a site on which nothing of the case stands, nor its account. Where none is known, none is refused.
fn elsewhere(w: &Work<'_>, url: &str) -> Result<(), Refusal> {
    let posts = w.case.posts.iter().flat_map(|p| {
        let form = if let Answering::ByHand { url } = &p.post.answering { Some(url) } else { None };
        [p.post.url.as_ref(), form].into_iter().flatten()
    });
    // On a network of many servers our answers stand on our own.
    let account = w.ctx.policy.accounts.get(&w.case.account).and_then(|a| a.author.as_ref()).map(|author| &author.0);
    let known: BTreeSet<String> = posts.chain(w.case.sends.iter().filter_map(published)).chain(account).filter_map(|u| site(u)).collect();
    match (known.first(), site(url)) {
        (Some(one), Some(given)) if !known.contains(&given) => Err(Refusal::OtherSite(given, one.clone())),
        _ => Ok(()),
    }
}

/// Where an answer of ours stands.
fn published(send: &Outgoing) -> Option<&String> {
    if let SendState::Published { url, .. } = &send.state { url.as_ref() } else { None }
}

/// The site of an address: sites go by several hosts, and X by an older name.
fn site(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    let host = url.host_str()?.trim_end_matches('.').to_lowercase();
    let bare = ["www.", "mobile.", "m."].iter().find_map(|front| host.strip_prefix(front)).unwrap_or(&host);
    Some(if bare == "twitter.com" { "x.com" } else { bare }.to_owned())
}

/// Whether two addresses of one network are of the same post. Sites go by several hosts, what stands behind `?` tells who shared
/// it, and X takes any name before the number: that or the path decides.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    names(one).is_some_and(|one| Some(one) == names(other))
}

fn names(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    let mut parts = url.path_segments()?.skip_while(|part| !matches!(*part, "status" | "statuses")).skip(1);
    let number = parts.next().filter(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    Some(number.map_or_else(|| url.path().trim_end_matches('/').to_lowercase(), str::to_owned))
}
