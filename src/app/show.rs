//! From what the engine gives out to what the chat takes: views are built here, at the last
//! moment, by the policy in force.

use super::Shell;
use crate::case::Case;
use crate::chat::{Answered, Message};
use crate::command::{Answer, Command};
use crate::engine::{Body, Delivery, Reply};
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
        private: build::holds_private(&delivery.body, &policy),
        lang,
        view: build::delivery(&delivery.body, &policy, &shell.words, lang, shell.clock.now()),
    }
}

/// The answer to a command that was carried out or refused. `case`: the one that it was about.
pub(super) fn answered(shell: &Shell, command: &Command, answer: Answer, case: Option<&Case>) -> Answered {
    let view = build::answer(&answer, case, &shell.policy(), &shell.words, command.lang, shell.clock.now());
    Answered { answer, view, op: op(shell, &command.id) }
}

/// The answer to a command that only reads.
pub(super) fn replied(shell: &Shell, command: &Command, reply: &Reply) -> Answered {
    let view = build::reply(reply, &shell.policy(), &shell.words, command.lang, shell.clock.now());
    let code = match &view {
        View::Text(text) => text.code.as_str(),
        View::Card(_) | View::Entry(_) => "answer",
    };
    let answer = Answer { ok: true, say: Say::new(code), case: command.case, send: None, of: None };
    Answered { answer, view, op: op(shell, &command.id) }
}

/// The answer to a line that is no command.
pub(super) fn refused(shell: &Shell, id: &str, lang: Lang, answer: Answer) -> Answered {
    let view = build::answer(&answer, None, &shell.policy(), &shell.words, lang, shell.clock.now());
    Answered { answer, view, op: op(shell, id) }
}

/// The same for the same command, and never that of a delivery, which ends in a number.
fn op(shell: &Shell, id: &str) -> String {
    format!("{}-answer-{id}", shell.instance)
}
