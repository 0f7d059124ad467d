//! `discard`: throws away the current draft, or else a send that waits for a person.

use super::{Command, PRESSED, Row, Run, Takes, Verb, done, is_lead, not_merged, same_text};
use crate::case::refusal::Refusal;
use crate::case::work::Work;
use crate::case::{Event, SendState, StopReason};
use crate::policy::Role;
use crate::say::Say;

/// The command's row.
pub const ROW: Row = Row {
    verb: Verb::Discard,
    name: "discard",
    en: &["scrap"],
    es: &["descartar"],
    on_case: true,
    takes: Takes::Nothing,
    role: Role::Agent,
    doors: PRESSED,
    run: Run::Case(run),
};

fn run(w: &mut Work<'_>, c: &Command) -> Result<Say, Refusal> {
    same_text(&w.case, &c.args)?;
    not_merged(w)?;
    let free = is_lead(w, c);
    if let Some((id, by)) = w.case.current_draft().map(|d| (d.id, d.by.clone())) {
        if by != c.by && !free {
            w.not_anothers(&c.by)?;
        }
        if let Some(draft) = w.case.drafts.last_mut() {
            draft.closed = true;
        }
        w.event(Some(&c.by), Event::Discarded { draft: id });
        return Ok(done(w, &ROW));
    }
    let live = w.case.live_send().ok_or(Refusal::NothingToDiscard)?;
    let (id, by) = (live.id, live.by.clone());
    match live.state {
        SendState::AwaitingApproval | SendState::Held(_) => {}
        SendState::Unknown { .. } => return Err(Refusal::InDoubt(id)),
        SendState::Waiting { .. } => return Err(Refusal::NothingToDiscard),
        _ => return Err(Refusal::SendUnderWay(id)),
    }
    if by != c.by && !free {
        w.not_anothers(&c.by)?;
    }
    w.stop(id, StopReason::Dropped, Some(&c.by));
    Ok(Say::new("done-discard-send").case(w.case.id))
}
