//! What a form shows before it is filled in. The command is tried on a copy of the case that is
//! thrown away: what it would refuse then is refused now, before anybody types a word.

use super::run::Engine;
use super::staff::{find_case, may};
use crate::case::refusal::Refusal;
use crate::case::step::{self, CaseInput};
use crate::case::work::{Ctx, Work};
use crate::case::{Case, Outgoing, SendKind, SendState};
use crate::clock::Time;
use crate::command::{Args, Command, Door, Takes, Verb, fill, published_text, same_text, table};
use crate::policy::AgentId;
use crate::post::{Account, Author, PostId};
use crate::store::StoreError;

/// Stands for the text that is still to be written: short, and harmless if it were sent.
const SOME_TEXT: &str = "…";

/// Where the text of a form would go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressed {
    /// From which account.
    pub account: Account,
    /// To whom.
    pub to: Author,
    /// The post that it answers.
    pub target: Option<PostId>,
    /// Whether only the customer would read it.
    pub private: bool,
    /// Whether it would wait for a second pair of eyes.
    pub approval: bool,
}

/// A form, not yet in words.
#[derive(Clone, Debug, PartialEq)]
pub struct Form {
    /// The command that its text goes with.
    pub verb: Verb,
    /// Who asked for it.
    pub by: AgentId,
    /// The case as it stands.
    pub case: Box<Case>,
    /// Where the text would go; `None`: it stays in the team.
    pub addressed: Option<Addressed>,
    /// What stands in the field at first.
    pub text: String,
    /// Answers kept ready, in the customer's language: label and text.
    pub canned: Vec<(String, String)>,
    /// Whether all sending is stopped.
    pub paused: bool,
}

impl Engine {
    /// The form for a command that takes a text, or why the command would be refused. Commits nothing.
    ///
    /// # Errors
    /// Whatever the store says.
    pub fn form(&self, now: Time, command: &Command) -> Result<Result<Form, Refusal>, StoreError> {
        let row = table::row(command.verb);
        if !row.on_case || !matches!(row.takes, Takes::Text | Takes::MaybeText) || !row.doors.contains(&Door::Modal) {
            return Ok(Err(Refusal::Usage(row.name.to_owned())));
        }
        if let Err(refusal) = may(&self.policy, command) {
            return Ok(Err(refusal));
        }
        let gone = |id| super::erase::absent(&self.desk, self.counters, id);
        let found = find_case(command, |id| self.store.case(id), |room, thread| self.store.case_by_thread(room, thread), gone)?;
        Ok(found.and_then(|case| self.fill_in(now, command, case)))
    }

    fn fill_in(&self, now: Time, command: &Command, case: Case) -> Result<Form, Refusal> {
        same_text(&case, &command.args)?;
        let ctx = Ctx { now, policy: &self.policy, desk: &self.desk, other: None };
        let tried = |args: Args| step::step(case.clone(), CaseInput::Command(&Command { args, ..command.clone() }), ctx).map(|(w, _)| w);
        // The form says whether everybody will read the text.
        let work = match (command.verb, tried(Args::InPublic(SOME_TEXT.to_owned()))?) {
            // Without a text it takes the one that `[reply.handoff]` has; what is too long can be cut in the form.
            (Verb::Handoff, work) => tried(Args::None).unwrap_or(work),
            (_, work) => work,
        };
        let made = work.case.sends.iter().find(|s| case.send(s.id).is_none());
        let addressed = made.map(|s| addressed(&work, s)).or_else(|| draft_addressed(command, &work));
        let text = first_text(command.verb, &case, made);
        let canned = if addressed.is_some() { fill::canned(&case, &self.policy, &command.by) } else { Vec::new() };
        let paused = addressed.is_some() && self.desk.paused.is_some();
        Ok(Form { verb: command.verb, by: command.by.clone(), case: Box::new(case), addressed, text, canned, paused })
    }
}

fn addressed(work: &Work<'_>, send: &Outgoing) -> Addressed {
    let private = match send.kind {
        SendKind::Correct { send } | SendKind::Retract { send } => work.case.send(send).is_some_and(|s| s.kind.is_private()),
        SendKind::Handoff | SendKind::Dm | SendKind::Reply => send.kind.is_private(),
    };
    Addressed {
        account: send.account.clone(),
        to: send.to.clone(),
        target: send.target.clone(),
        private,
        approval: send.state == SendState::AwaitingApproval,
    }
}

/// A draft goes where the answer would.
fn draft_addressed(command: &Command, work: &Work<'_>) -> Option<Addressed> {
    if command.verb != Verb::Draft {
        return None;
    }
    let (account, to, (target, ..)) = work.addressee(&SendKind::Reply).ok()?;
    Some(Addressed { account, to, target, private: false, approval: false })
}

/// What stands in the field at first: the text that the command would send or change as it stands,
/// so that nobody types anything twice.
fn first_text(verb: Verb, case: &Case, made: Option<&Outgoing>) -> String {
    let text = match (verb, made.map(|s| &s.kind)) {
        (Verb::Draft | Verb::Reply, _) => {
            let waits = |s: &&Outgoing| s.kind == SendKind::Reply && s.state.is_pending();
            let waiting = || case.live_send().filter(waits).map(|s| s.text.expose());
            case.current_draft().map(|d| d.text.expose()).or_else(waiting)
        }
        (Verb::Handoff, _) => made.map(|s| s.text.expose()).filter(|text| *text != SOME_TEXT),
        (Verb::Correct, Some(SendKind::Correct { send })) => published_text(case, *send),
        _ => None,
    };
    text.unwrap_or_default().to_owned()
}
