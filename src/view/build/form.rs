//! A form: what somebody sees before they write.

use super::actions::typed;
use super::pen::Pen;
use super::{post, send};
use crate::case::refusal::code;
use crate::case::{CasePost, Outgoing, SendKind, SendState};
use crate::command::Verb;
use crate::engine::{Addressed, Form};
use crate::intake::length::of_answer;
use crate::say::{Arg, Say};
use crate::view::{FormLimit, FormView, Line, Piece};

/// The form. `private`: whether its room may show private text.
pub fn form(pen: &Pen<'_>, form: &Form, private: bool) -> FormView {
    let verb = code(&form.verb);
    let action = pen.get(&format!("action-{verb}"));
    let mut lines: Vec<Line> = form.addressed.iter().map(|to| route(pen, to)).collect();
    lines.extend(form.addressed.as_ref().and_then(|to| price(pen, to)));
    lines.extend(warnings(pen, form));
    lines.extend(subject(pen, form, private));
    let case = form.case.id;
    FormView {
        verb: form.verb,
        case: case.0,
        title: format!("{action} · {case}"),
        submit: action,
        cancel: pen.get("form-cancel"),
        label: pen.get(label(form)),
        public: form.addressed.as_ref().is_some_and(|to| !to.private),
        lines,
        text: if hides_text(form, private) { String::new() } else { form.text.clone() },
        limit: form.addressed.as_ref().map(|to| limit(pen, to)),
        canned: form.canned.clone(),
    }
}

/// What the field is called.
fn label(form: &Form) -> &'static str {
    match (&form.addressed, form.verb) {
        (Some(to), _) if to.private => "form-label-private",
        (Some(_), Verb::Draft) => "form-label-draft",
        (Some(_), _) => "form-label-public",
        (None, Verb::Posted) => "form-label-address",
        (None, Verb::Reject | Verb::Escalate | Verb::Spam) => "form-label-why",
        (None, _) => "form-label-team",
    }
}

/// From where to whom, and who reads it.
fn route(pen: &Pen<'_>, to: &Addressed) -> Line {
    let account = Piece::Strong(pen.account(&to.account));
    let say = Say::new(if to.private { "form-route-private" } else { "form-route-public" });
    pen.fill(&say, &[("account", account), ("target", post::handle(&to.to))])
}

/// What it will cost, where the network charges for it: the text is not written yet.
fn price(pen: &Pen<'_>, to: &Addressed) -> Option<Line> {
    let price = |text| pen.price(&to.account, to.private, text);
    let (plain, linked) = (price("")?, price("https://example.com")?);
    let say = if plain == linked { Say::new("form-price") } else { Say::new("form-price-links").text("linked", linked) };
    Some(vec![pen.own(&say.text("price", plain))])
}

/// What whoever writes must know before.
fn warnings(pen: &Pen<'_>, form: &Form) -> Vec<Line> {
    let case = &form.case;
    let mut lines = Vec::new();
    let mut warn = |say: Say| lines.push(vec![pen.own(&say)]);
    if form.paused {
        warn(Say::new("form-paused").text("resume", typed(pen, "resume")));
    }
    match &case.owner {
        Some(owner) if *owner != form.by => warn(Say::new("form-owned").text("agent", owner.as_str())),
        None if matches!(form.verb, Verb::Reply | Verb::Handoff | Verb::Dm) => warn(Say::new("form-claims")),
        _ => {}
    }
    if form.addressed.as_ref().is_some_and(|to| to.approval) {
        warn(Say::new("form-approval"));
    }
    let answers = matches!(form.verb, Verb::Draft | Verb::Reply);
    if let Some(draft) = case.current_draft().filter(|d| answers && d.by != form.by) {
        warn(Say::new("form-other-draft").text("agent", draft.by.as_str()));
    }
    if let Some(live) = case.live_send().filter(|_| answers) {
        match &live.state {
            SendState::Held(reason) => warn(Say::new("form-held").with("reason", Arg::Code(format!("hold-{}", code(reason))))),
            SendState::AwaitingApproval => warn(Say::new("form-awaiting").text("agent", live.by.as_str())),
            _ => {}
        }
    }
    lines
}

/// What it is about, and the words of whom it answers, exactly.
fn subject(pen: &Pen<'_>, form: &Form, private: bool) -> Vec<Line> {
    let case = &form.case;
    if let Some(waiting) = case.live_send().filter(|s| form.verb == Verb::Reject && s.state == SendState::AwaitingApproval) {
        return sent(pen, form, waiting, private);
    }
    let to_dm = form.addressed.as_ref().is_some_and(|to| to.private);
    let target = form.addressed.as_ref().and_then(|to| to.target.as_ref()).and_then(|id| case.post(id)).map(|(_, p)| p);
    let latest = || case.latest_of_customer(to_dm).or_else(|| case.latest_of_customer(false));
    target.or_else(latest).or_else(|| super::card::opening(case)).map(|p| quoted(pen, p, private)).unwrap_or_default()
}

fn quoted(pen: &Pen<'_>, post: &CasePost, private: bool) -> Vec<Line> {
    let mut lines = vec![post::byline(pen, post, post::hidden(post, private))];
    lines.extend(post::body(pen, post, private));
    lines
}

fn sent(pen: &Pen<'_>, form: &Form, waiting: &Outgoing, private: bool) -> Vec<Line> {
    let mut lines = vec![send::address(pen, waiting)];
    lines.extend(send::text(pen, &form.case, waiting, private));
    lines
}

/// Whether the text that would stand in the field is for private eyes: what was written in private
/// shows in a private room alone, even if somebody has made it a draft.
fn hides_text(form: &Form, private: bool) -> bool {
    let same = |s: &&Outgoing| s.text.expose().trim() == form.text.trim() && s.kind != SendKind::Reply;
    !private && form.case.sends.iter().filter(same).any(|s| send::is_private(&form.case, s))
}

/// How the network counts. The person whom it goes to may have to be named in front of the text.
fn limit(pen: &Pen<'_>, to: &Addressed) -> FormLimit {
    let capabilities = pen.capabilities(&to.account);
    let taken = of_answer("", to.to.handle.expose(), &capabilities);
    FormLimit { max: capabilities.most(to.private), counting: capabilities.counting, taken }
}
