//! `resolve`: closes a case. The customer's next word opens it again.

use super::{Command, REACTED, Row, Run, Takes, Verb, done, give_back, is_lead, open};
use crate::case::refusal::Refusal;
use crate::case::work::Work;
use crate::case::{Resolution, SendState, StopReason};
use crate::policy::Role;
use crate::say::Say;

/// The command's row.
pub const ROW: Row = Row {
    verb: Verb::Resolve,
    name: "resolve",
    en: &["close"],
    es: &["resolver", "cerrar"],
    on_case: true,
    takes: Takes::Nothing,
    role: Role::Agent,
    doors: REACTED,
    run: Run::Case(run),
};

fn run(w: &mut Work<'_>, c: &Command) -> Result<Say, Refusal> {
    open(w)?;
    if !is_lead(w, c) {
        w.not_anothers(&c.by)?;
    }
    let pending = w.case.live_send().map(|s| s.id);
    w.remember(&c.by, ROW.name);
    w.resolve(Some(&c.by), Resolution::ByAgent)?;
    // What somebody wrote and nobody sent is not lost with it.
    let stopped = |id: &u32| w.case.send(*id).is_some_and(|s| s.state == SendState::Stopped(StopReason::CaseClosed));
    if let Some(id) = pending.filter(stopped) {
        give_back(w, id);
    }
    Ok(done(w, &ROW))
}
