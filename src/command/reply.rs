//! `reply`: answers in public. With text it sends that text; without, the current draft, or a send
//! that was held. A case without an owner is claimed by it; another's is refused.

use super::{Args, Command, Door, FORM, Row, Run, Takes, Verb, given_files, given_to_customer, is_lead, open, same_text, sent};
use crate::case::refusal::Refusal;
use crate::case::work::Work;
use crate::case::{Event, Outgoing, SendKind, SendState, StopReason};
use crate::policy::Role;
use crate::say::Say;

/// The command's row.
pub const ROW: Row = Row {
    verb: Verb::Reply,
    name: "reply",
    en: &["answer", "respond"],
    es: &["responder", "contestar"],
    on_case: true,
    takes: Takes::MaybeText,
    role: Role::Agent,
    doors: FORM,
    run: Run::Case(run),
};

fn run(w: &mut Work<'_>, c: &Command) -> Result<Say, Refusal> {
    same_text(&w.case, &c.args)?;
    open(w)?;
    w.not_anothers(&c.by)?;
    // What a form sends is the draft that stood in it, changed: its pictures go with it.
    let files = match w.case.current_draft() {
        Some(draft) if c.door == Door::Modal => draft.files.clone(),
        _ => given_files(c)?,
    };
    let held = w.case.live_send().filter(|s| matches!(s.state, SendState::Held(_))).map(|s| (s.id, s.kind == SendKind::Reply));
    let send = match (given_to_customer(w, c)?, held, w.case.current_draft().cloned()) {
        (Some(text), _, _) => {
            supersede(w, c);
            w.own(&c.by)?;
            w.send_with(SendKind::Reply, &text, files, c, &c.by)?
        }
        // What was held goes on, unless another answer was drafted since; a button is about the text beside it.
        (None, Some((id, answer)), draft) if is_meant(c, answer, draft.is_some()) => {
            w.own(&c.by)?;
            rearm(w, c, id)?;
            return Ok(sent(w, id));
        }
        (None, _, Some(draft)) => {
            supersede(w, c);
            w.own(&c.by)?;
            w.send_with(SendKind::Reply, draft.text.expose(), draft.files.clone(), c, &draft.by)?
        }
        (None, _, None) => return Err(Refusal::NoDraft),
    };
    for draft in &mut w.case.drafts {
        draft.closed = true;
    }
    Ok(sent(w, send))
}

/// Whether it is what was held that is meant, not the draft. `answer`: it is a public answer, as the draft is.
fn is_meant(c: &Command, answer: bool, drafted: bool) -> bool {
    match c.args {
        Args::Version(_) => true,
        Args::Draft(_) => false,
        _ => !answer || !drafted,
    }
}

/// A new answer takes the place of one that waits for a person.
fn supersede(w: &mut Work<'_>, c: &Command) {
    let waits = |s: &&Outgoing| s.kind == SendKind::Reply && matches!(s.state, SendState::Held(_) | SendState::AwaitingApproval);
    if let Some(id) = w.case.live_send().filter(waits).map(|s| s.id) {
        w.stop(id, StopReason::Superseded, Some(&c.by));
    }
}

/// Lets a held send go on, aimed at what now stands there. An approval was for the target as it
/// was: where that changed, it is asked for again.
fn rearm(w: &mut Work<'_>, c: &Command, id: u32) -> Result<(), Refusal> {
    let kind = w.case.send(id).map(|s| s.kind.clone()).ok_or(Refusal::NothingToAnswer)?;
    if matches!(kind, SendKind::Retract { .. } | SendKind::Correct { .. }) && !is_lead(w, c) {
        return Err(Refusal::NeedsRole(Role::Lead));
    }
    w.answerable(&kind)?;
    let (mut account, to, (mut target, mut local, mut version)) = w.addressee(&kind)?;
    // What may stand there already is known by the post that it was tried under, as long as that is there.
    let tried = w.case.send(id).filter(|s| s.tried).map(|s| (s.account.clone(), s.target.clone(), s.target_local.clone()));
    if let Some((from, Some(under), known_as)) = tried
        && let Some((_, post)) = w.case.post(&under).filter(|(_, p)| p.deleted_at.is_none())
    {
        version = post.post.version();
        (account, target, local) = (from, Some(under), known_as);
    }
    let approval = w.needs_approval(&kind, &c.by);
    let Some(send) = w.case.sends.iter_mut().find(|s| s.id == id) else { return Err(Refusal::NothingToAnswer) };
    if (&send.account, &send.target, send.target_version) != (&account, &target, version) {
        send.approved_by = None;
    }
    (send.account, send.to, send.target, send.target_local, send.target_version) = (account, to, target, local, version);
    send.by = c.by.clone();
    if approval && send.approved_by.is_none() {
        send.state = SendState::AwaitingApproval;
        w.event(Some(&c.by), Event::ApprovalAsked { send: id });
    } else {
        w.arm(id, Some(&c.by));
    }
    Ok(())
}
