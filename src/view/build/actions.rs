//! What can be done to a case now, as buttons; each is a command as well.

use super::pen::Pen;
use crate::case::refusal::code;
use crate::case::{Case, Event, Outgoing, SendState, Status, Trigger};
use crate::command::Verb;
use crate::policy::DmRoute;
use crate::post::Answering;
use crate::view::Action;

/// What can be done to the case as it stands, the likeliest first. Whether the reader may do it is
/// asked when they do.
pub fn of_case(pen: &Pen<'_>, case: &Case) -> Vec<Action> {
    let can = |trigger| case.status.after(trigger, case.owner.is_some()).is_some();
    let mut verbs = Vec::new();
    match case.status {
        Status::Merged => {}
        Status::Quarantined => verbs.push(Verb::Restore),
        Status::Resolved => verbs.push(Verb::Reopen),
        _ => {
            verbs.extend(of_send(case.live_send().map(|s| &s.state)));
            if case.owner.is_none() && can(Trigger::Claim) {
                verbs.push(Verb::Claim);
            }
            let free = case.live_send().is_none();
            verbs.push(Verb::Draft);
            match case.latest_of_customer(false).map(|p| &p.post.answering) {
                Some(Answering::ByApi) if free => verbs.push(Verb::Reply),
                Some(Answering::ByHand { .. }) if free => verbs.push(Verb::Posted),
                _ => {}
            }
            verbs.extend(private(pen, case).filter(|_| free));
            if can(Trigger::Resolve) {
                verbs.push(Verb::Resolve);
            }
            if case.status == Status::New && can(Trigger::Spam) {
                verbs.push(Verb::Spam);
            }
        }
    }
    actions(pen, &verbs, case.live_send())
}

/// What can be done about what an event tells of, as long as it still stands so.
pub fn of_event(pen: &Pen<'_>, case: &Case, event: &Event) -> Vec<Action> {
    let verbs = match event {
        Event::Drafted { draft } if case.current_draft().is_some_and(|d| d.id == *draft) => {
            let send = match case.latest_of_customer(false).map(|p| &p.post.answering) {
                Some(Answering::ByHand { .. }) => Some(action(pen, Verb::Posted)),
                Some(Answering::Closed) => None,
                Some(Answering::ByApi) | None => Some(labelled(pen, Verb::Reply, "action-send")),
            };
            let rest = [labelled(pen, Verb::Draft, "action-edit"), action(pen, Verb::Discard)];
            return send.into_iter().chain(rest).map(|action| Action { draft: Some(*draft), ..action }).collect();
        }
        Event::Queued { send, .. } | Event::Held { send, .. } | Event::ApprovalAsked { send } => {
            // Only what this very event led to: a later one has buttons of its own.
            let state = case.send(*send).map(|s| &s.state);
            let fits = matches!(
                (event, state),
                (Event::Queued { .. }, Some(SendState::Waiting { .. }))
                    | (Event::Held { .. }, Some(SendState::Held(_)))
                    | (Event::ApprovalAsked { .. }, Some(SendState::AwaitingApproval))
            );
            if fits && matches!(event, Event::Queued { .. }) {
                return vec![Action { version: Some(*send), ..labelled(pen, Verb::Undo, "action-cancel") }];
            }
            if fits { of_send(state) } else { Vec::new() }
        }
        Event::Published { send } | Event::StoodAfterAll { send }
            if case.send(*send).is_some_and(|s| matches!(s.state, SendState::Published { .. })) =>
        {
            of_published(pen, case, *send)
        }
        Event::Resolved { .. } if case.status == Status::Resolved => vec![Verb::Reopen],
        Event::Hidden { .. } if case.status == Status::Quarantined => vec![Verb::Restore],
        Event::Escalated { .. } if case.status.is_open() && case.owner.is_none() => vec![Verb::Claim],
        _ => Vec::new(),
    };
    actions(pen, &verbs, case.live_send())
}

fn of_send(state: Option<&SendState>) -> Vec<Verb> {
    match state {
        Some(SendState::Waiting { .. }) => vec![Verb::Undo],
        Some(SendState::AwaitingApproval) => vec![Verb::Approve, Verb::Reject],
        Some(SendState::Held(_)) => vec![Verb::Reply, Verb::Discard],
        _ => Vec::new(),
    }
}

fn of_published(pen: &Pen<'_>, case: &Case, send: u32) -> Vec<Verb> {
    let Some(send) = case.send(send).filter(|s| s.kind == crate::case::SendKind::Reply) else { return Vec::new() };
    let Some(account) = pen.policy.accounts.get(&send.account) else { return Vec::new() };
    let can = [(account.capabilities.can_edit, Verb::Correct), (account.capabilities.can_delete, Verb::Retract)];
    can.into_iter().filter(|(can, _)| *can).map(|(_, verb)| verb).collect()
}

/// The private way to the customer, if there is one.
fn private(pen: &Pen<'_>, case: &Case) -> Option<Verb> {
    if case.handoff_open {
        return Some(Verb::Dm);
    }
    let open = match case.route(pen.policy, pen.now) {
        DmRoute::Direct | DmRoute::OneShot { .. } | DmRoute::Window { .. } => true,
        // Asked in public, and once.
        DmRoute::Link { .. } | DmRoute::InPublic => {
            !case.is_invited() && case.latest_of_customer(false).is_some_and(|p| p.post.answering != Answering::Closed)
        }
        DmRoute::None => false,
    };
    open.then_some(Verb::Handoff)
}

fn actions(pen: &Pen<'_>, verbs: &[Verb], live: Option<&Outgoing>) -> Vec<Action> {
    let about_text = |verb: &Verb| matches!(verb, Verb::Approve | Verb::Reject | Verb::Reply | Verb::Discard | Verb::Undo);
    let bound = |verb: &Verb| Action {
        // Whoever presses it means the text beside it, not one that came since.
        version: live.filter(|_| about_text(verb)).map(|s| s.id),
        ..action(pen, *verb)
    };
    verbs.iter().map(bound).collect()
}

fn action(pen: &Pen<'_>, verb: Verb) -> Action {
    labelled(pen, verb, &format!("action-{}", code(&verb)))
}

/// An action that is called something better where it stands.
fn labelled(pen: &Pen<'_>, verb: Verb, label: &str) -> Action {
    Action { verb, label: pen.get(label), typed: typed(pen, &code(&verb)), version: None, draft: None }
}

/// What to type for a verb, in the reader's language: the name that its usage begins with.
pub fn typed(pen: &Pen<'_>, verb: &str) -> String {
    pen.words.typed(verb, pen.lang)
}
