//! What staff ask for: answered once, by who may, about the case that is meant.

use super::context::Tx;
use super::erase::absent;
use crate::case::refusal::Refusal;
use crate::case::step::CaseInput;
use crate::case::{Case, CaseId};
use crate::command::{Answer, Args, Command, Door, Verb, table};
use crate::planted::{self, Bug};
use crate::policy::Policy;
use crate::store::StoreError;

/// Carries out a command, or says why not. The same id again gets the same answer, and does nothing.
pub(super) fn command_answer(tx: &mut Tx<'_>, command: &Command) -> Result<Answer, StoreError> {
    if let Some(answer) = tx.seen(&command.id)?.filter(|_| !planted::is(Bug::AnswerForgotten)) {
        return Ok(if answers(&answer, command) { answer } else { id_used(command) });
    }
    let (case, done) = carry_out(tx, command)?;
    // What a sending verb set going is shown with its account, target and length.
    let sends = matches!(command.verb, Verb::Reply | Verb::Handoff | Verb::Dm | Verb::Approve | Verb::Correct | Verb::Retract);
    let send = match case.filter(|_| sends && done.is_ok()) {
        Some(id) => tx.case(id)?.and_then(|c| c.live_send().map(|s| s.id)),
        None => None,
    };
    let of = Some(command.fingerprint());
    let answer = match done {
        Ok(say) => Answer { ok: true, say, case, send, of },
        Err(refusal) => Answer { ok: false, say: refusal.say(), case, send: refusal.shows(), of },
    };
    // A form that was refused stays open before whoever filled it in: sent in again, mended or later, it is judged anew.
    if answer.ok || command.door != Door::Modal {
        tx.answered(&command.id, answer.clone());
    }
    Ok(answer)
}

/// Whether a remembered answer is that of this very command.
pub(super) fn answers(answer: &Answer, command: &Command) -> bool {
    answer.of.as_ref().is_none_or(|of| *of == command.fingerprint())
}

/// The refusal of a command that comes under the id of another one. Not remembered: the id is taken.
pub(super) fn id_used(command: &Command) -> Answer {
    Answer { ok: false, say: Refusal::IdUsed(command.id.clone()).say(), case: command.case, send: None, of: None }
}

type Done = Result<crate::say::Say, Refusal>;

fn carry_out(tx: &mut Tx<'_>, command: &Command) -> Result<(Option<CaseId>, Done), StoreError> {
    let may = may(tx.policy, command);
    if !table::row(command.verb).on_case {
        return Ok((None, may.and_then(|()| tx.desk(|d| d.command(command)))));
    }
    // Found before it is refused: the answer names the case, and a chat can tell a reaction to a case
    // from one to any other message.
    let gone = |id| absent(&tx.desk, tx.counters, id);
    let found = find_case(command, |id| tx.case(id), |room, thread| tx.case_by_thread(room, thread), gone)?;
    let named = found.as_ref().map_or(command.case, |case| Some(case.id));
    let case = match may.and(found) {
        Ok(case) => case,
        Err(refusal) => return Ok((named, Err(refusal))),
    };
    let id = case.id;
    let own = command.with_own_number(id);
    let command = own.as_ref().unwrap_or(command);
    let other = match command.args {
        Args::Case(other) => match tx.case(other)? {
            Some(other) => Some(other),
            None => return Ok((Some(id), Err(absent(&tx.desk, tx.counters, other)))),
        },
        _ => None,
    };
    let done = tx.step(case, CaseInput::Command(command), other.as_ref())?;
    Ok((Some(id), done.map(Option::unwrap_or_default)))
}

/// Whether who asks may, and in this way: a reaction, say, never sends anything.
pub(super) fn may(policy: &Policy, command: &Command) -> Result<(), Refusal> {
    let row = table::row(command.verb);
    match policy.role(&command.by) {
        None => Err(Refusal::NotStaff),
        Some(role) if role < row.role => Err(Refusal::NeedsRole(row.role)),
        Some(_) if !row.doors.contains(&command.door) => Err(Refusal::WrongDoor(command.door)),
        Some(_) => Ok(()),
    }
}

/// The case that a command is about: by its number, else by the thread it was said in.
pub(super) fn find_case(
    command: &Command,
    by_id: impl Fn(CaseId) -> Result<Option<Case>, StoreError>,
    by_thread: impl Fn(&crate::policy::RoomId, &str) -> Result<Option<CaseId>, StoreError>,
    gone: impl Fn(CaseId) -> Refusal,
) -> Result<Result<Case, Refusal>, StoreError> {
    let id = match (command.case, &command.thread) {
        (Some(id), _) => Some(id),
        (None, Some(thread)) => by_thread(&command.room, thread)?,
        (None, None) => None,
    };
    let Some(id) = id else { return Ok(Err(Refusal::WhichCase)) };
    Ok(by_id(id)?.ok_or_else(|| gone(id)))
}
