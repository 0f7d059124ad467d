//! From what the engine gives out to what the chat takes: views are built here, at the last
//! moment, by the policy in force.

use super::Shell;
use crate::case::{Case, PlaceKind};
use crate::chat::{Answered, Message};
use crate::command::{Answer, Command, Door, Run, Verb, table};
use crate::engine::{Body, Delivery, Form, Reply};
use crate::policy::{Lang, RoomId};
use crate::say::Say;
use crate::view::{View, build};

/// The message that a delivery to the chat posts or changes.
pub(super) fn message(shell: &Shell, delivery: &Delivery, room: &RoomId) -> Message {
    let policy = shell.policy();
    let (thread, edit, lang) = match &delivery.body {
        Body::Card { case, edit, .. } => (None, edit.clone(), case.speaks),
        Body::Entry { case, thread, edit, .. } => (thread.clone(), edit.clone(), case.speaks),
        Body::Erased { thread, edit, .. } => {
            // A card stands in the room itself.
            let in_thread = edit.as_ref() != Some(thread);
            (in_thread.then(|| thread.clone()), edit.clone(), policy.room_lang(room))
        }
        Body::Notice { .. } | Body::Digest { .. } | Body::Send { .. } => (None, None, policy.room_lang(room)),
    };
    Message {
        op: delivery.op.clone(),
        room: room.clone(),
        thread,
        edit,
        since: delivery.entry.since(),
        urgency: delivery.entry.urgency,
        private: build::holds_private(&delivery.body, &policy),
        privacy: build::privacy(&delivery.body, &policy),
        lang,
        view: build::delivery(&delivery.body, &policy, &shell.words, lang, shell.clock.now()),
        picture: build::picture(&delivery.body, &policy, &shell.words, lang, shell.clock.now()),
        pictures: build::pictures(&delivery.body, &policy),
    }
}

/// The answer to a command that was carried out or refused. `case`: the one that it was about.
pub(super) fn answered(shell: &Shell, command: &Command, answer: Answer, case: Option<&Case>) -> Answered {
    let view = build::answer(&answer, case, &shell.policy(), &shell.words, command.lang, shell.clock.now());
    let shown = is_shown(command, &answer, case);
    // Another thing than what was answered under this id: a repeat of that is not a repeat of this.
    let other = if answer.say.code == "refused-id-used" { "-refused" } else { "" };
    Answered { answer, view, op: op(shell, &command.id) + other, shown }
}

/// Whether nobody needs to be told of the answer. Every act on a case leaves an entry in its thread;
/// people react to messages that are none of ours, and take reactions away without a thought of cases.
fn is_shown(command: &Command, answer: &Answer, case: Option<&Case>) -> bool {
    if command.door == Door::Reaction && !answer.ok {
        let taken_away = command.verb == Verb::Release;
        return taken_away || answer.case.is_none() || answer.say.code == "refused-already-yours";
    }
    // Of these the entry shows less.
    let more = ["done-draft-too-long", "done-draft-unaddressed", "done-send-paused"];
    let here = |case: &Case| case.places.iter().any(|p| p.room == command.room && p.thread.is_some() && p.kind != PlaceKind::Former);
    answer.ok && matches!(table::row(command.verb).run, Run::Case(_)) && !more.contains(&answer.say.code.as_str()) && case.is_some_and(here)
}

/// The answer to a command that only reads.
pub(super) fn replied(shell: &Shell, command: &Command, reply: &Reply) -> Answered {
    let view = build::reply(reply, &shell.policy(), &shell.words, command.lang, shell.clock.now());
    let code = match &view {
        View::Text(text) => text.code.as_str(),
        View::Card(_) | View::Entry(_) | View::Form(_) => "answer",
    };
    let answer = Answer { ok: true, say: Say::new(code), case: command.case, send: None, of: None };
    Answered { answer, view, op: op(shell, &command.id), shown: false }
}

/// The form that was asked for. `stays`: whether it is shown for good.
pub(super) fn form(shell: &Shell, command: &Command, form: &Form, stays: bool) -> Answered {
    let private = !stays && build::is_private_room(&command.room, &shell.policy());
    let view = build::form(form, private, &shell.policy(), &shell.words, command.lang, shell.clock.now());
    let answer = Answer { ok: true, say: Say::new("form"), case: Some(form.case.id), send: None, of: None };
    Answered { answer, view, op: op(shell, &command.id), shown: false }
}

/// The answer to a line that is no command.
pub(super) fn refused(shell: &Shell, id: &str, lang: Lang, answer: Answer) -> Answered {
    let view = build::answer(&answer, None, &shell.policy(), &shell.words, lang, shell.clock.now());
    Answered { answer, view, op: op(shell, id), shown: false }
}

/// The same for the same command, and never that of a delivery, which ends in a number.
fn op(shell: &Shell, id: &str) -> String {
    format!("{}-answer-{id}", shell.instance)
}
