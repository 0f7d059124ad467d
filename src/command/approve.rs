//! `approve`: a second pair of eyes lets a send go. Never those that wrote it or asked for it.
//! Where the customer wrote or changed something since, the send was held and must be asked for
//! again: what is approved is the answer to what stands there now.
//!
//! What is approved is the text that was read. A send never changes its text, so its number names
//! it: buttons carry the number. Typed without it, the command is taken where no other text of the
//! case was there to be read, or where this one has stood in the room long enough to have been read.

use super::{Args, Command, PRESSED, Row, Run, Takes, Verb, awaiting, sent};
use crate::case::Event;
use crate::case::refusal::Refusal;
use crate::case::work::Work;
use crate::policy::Role;
use crate::say::Say;

/// The command's row.
pub const ROW: Row = Row {
    verb: Verb::Approve,
    name: "approve",
    en: &["ok"],
    es: &["aprobar"],
    on_case: true,
    takes: Takes::Version,
    role: Role::Lead,
    doors: PRESSED,
    run: Run::Case(run),
};

fn run(w: &mut Work<'_>, c: &Command) -> Result<Say, Refusal> {
    let id = awaiting(w)?;
    let case = w.case.id;
    let meant = match c.args {
        Args::Version(version) => version == id,
        _ => true,
    };
    let read = matches!(c.args, Args::Version(_)) || was_read(w, id);
    let Some(send) = w.case.sends.iter_mut().find(|s| s.id == id) else { return Err(Refusal::NothingToApprove) };
    if send.by == c.by || send.drafted_by == c.by {
        return Err(Refusal::OwnDraft);
    }
    if !meant {
        return Err(Refusal::OtherText(case, id));
    }
    if !read {
        return Err(Refusal::NewText(case, id));
    }
    send.approved_by = Some(c.by.clone());
    let sender = send.by.clone();
    w.event(Some(&c.by), Event::Approved { send: id });
    w.arm(id, Some(&sender));
    let said = sent(w, id);
    // While sending is paused that is what must be said.
    let code = if w.ctx.desk.paused.is_some() { said.code } else { "done-approve".to_owned() };
    Ok(Say { code, ..said })
}

/// Whether this is the one text of the case that there was to read, or has stood in the room for
/// as long as the policy asks.
fn was_read(w: &Work<'_>, id: u32) -> bool {
    let public = |s: &&crate::case::Outgoing| !s.kind.is_private() && s.id != id;
    let shown = w.case.send(id).and_then(|s| s.shown_at);
    !w.case.sends.iter().any(|s| public(&s)) || shown.is_some_and(|at| w.ctx.now.since(at) >= w.ctx.policy.reply.read_ms)
}
