//! `undo`: calls back a send within its window, else takes back one's own last act.

use super::{Command, PRESSED, Row, Run, Takes, Verb, give_back, is_lead, not_merged, same_text};
use crate::case::refusal::Refusal;
use crate::case::work::{UNDO_ACT_MS, Work};
use crate::case::{Case, Event, SendKind, SendState, Status, StopReason, Undoable};
use crate::digest::FactKind;
use crate::planted::{self, Bug};
use crate::policy::Role;
use crate::say::Say;

/// The command's row.
pub const ROW: Row = Row {
    verb: Verb::Undo,
    name: "undo",
    en: &["cancel"],
    es: &["deshacer", "cancelar"],
    on_case: true,
    takes: Takes::Nothing,
    role: Role::Agent,
    doors: PRESSED,
    run: Run::Case(run),
};

fn run(w: &mut Work<'_>, c: &Command) -> Result<Say, Refusal> {
    same_text(&w.case, &c.args)?;
    not_merged(w)?;
    if let Some(live) = w.case.live_send() {
        let (id, by) = (live.id, live.by.clone());
        match live.state {
            SendState::InFlight { .. } => return Err(Refusal::TooLate),
            SendState::Unknown { .. } => return Err(Refusal::InDoubt(id)),
            _ => {}
        }
        if by != c.by && w.case.owner.as_ref() != Some(&c.by) && !is_lead(w, c) {
            return Err(Refusal::OwnedBy(by));
        }
        let code = match live.kind {
            SendKind::Reply => "done-undo-reply",
            SendKind::Handoff => "done-undo-handoff",
            SendKind::Dm => "done-undo-dm",
            SendKind::Retract { .. } | SendKind::Correct { .. } => "done-undo-send",
        };
        if !planted::is(Bug::UndoIgnored) {
            w.stop(id, StopReason::Undone, Some(&c.by));
            give_back(w, id);
        }
        return Ok(Say::new(code).case(w.case.id));
    }
    let recent = |u: &Undoable| u.by == c.by && w.ctx.now.since(u.at) <= UNDO_ACT_MS;
    let before = w.case.undoable.clone().filter(recent).ok_or(Refusal::NothingToUndo)?;
    if before.verb == "draft" && w.case.current_draft().is_none_or(|d| d.by != c.by) {
        return Err(Refusal::NothingToUndo);
    }
    w.case.undoable = None;
    restore(&mut w.case, &before);
    match before.verb.as_str() {
        "resolve" => w.fact(Some(&c.by), FactKind::Reopened),
        "spam" => w.fact(Some(&c.by), FactKind::Restored),
        "restore" => w.fact(Some(&c.by), FactKind::Hidden),
        _ => {}
    }
    w.event(Some(&c.by), Event::Undone { verb: before.verb.clone() });
    Ok(Say::new("done-undo").case(w.case.id).text("verb", before.verb))
}

/// Puts back what the act changed, and nothing that came in since. Every other change of status
/// or owner has made the act impossible to undo ([`Work::remember`]).
fn restore(case: &mut Case, before: &Undoable) {
    match before.verb.as_str() {
        // What was written stays in the thread; the owner and all else stay as they are.
        "draft" => case.drafts.iter_mut().for_each(|d| d.closed = true),
        "claim" | "release" | "assign" => {
            case.owner = before.owner.clone();
            case.status = before.status;
        }
        "priority" | "escalate" => {
            case.priority = before.priority;
            case.priority_fixed = before.priority_fixed;
        }
        _ => {
            case.status = before.status;
            case.snoozed_until = before.snoozed_until;
            case.resolution = before.resolution;
            case.resolved_at = before.resolved_at;
            case.hidden_because = before.hidden_because.clone();
            case.handoff_open = before.handoff_open;
            // A deadline that runs meanwhile stays; a closed case has none.
            case.answer_due = if case.status.is_open() { case.answer_due.or(before.answer_due) } else { None };
        }
    }
    // Only a snoozed case has a moment to wake at.
    if case.status != Status::Snoozed {
        case.snoozed_until = None;
    }
}
