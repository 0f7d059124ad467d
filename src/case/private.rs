//! What of a case is private, and which chat messages may show it.

use super::event::Event;
use super::model::{Case, Outgoing, SendKind, Shown};
use crate::outbox::Effect;
use crate::policy::RoomId;

impl Case {
    /// Whether an event belongs to the private part of the conversation.
    #[must_use]
    pub fn is_private(&self, event: &Event) -> bool {
        let send = match event {
            Event::Queued { send, .. }
            | Event::Held { send, .. }
            | Event::Stopped { send, .. }
            | Event::InDoubt { send }
            | Event::Undelivered { send, .. }
            | Event::Published { send }
            | Event::StoodAfterAll { send }
            | Event::AnswerGone { send } => Some(*send),
            _ => None,
        };
        let post = event.shows_post().and_then(|i| self.post_at(i));
        post.is_some_and(|p| p.post.is_dm()) || send.and_then(|id| self.send(id)).is_some_and(|s| s.kind.is_private())
    }

    /// Whether the entry of an event may ever show private text. A draft may: it is as private as what
    /// becomes of it, and that comes later.
    #[must_use]
    pub fn may_show_private(&self, event: &Event) -> bool {
        match event {
            Event::Drafted { .. } => true,
            Event::ApprovalAsked { send } => self.send(*send).is_some_and(|s| self.is_about_private(s)),
            Event::Queued { send, .. } | Event::Stopped { send, .. } | Event::Undelivered { send, .. } | Event::Published { send } => {
                self.send(*send).is_some_and(|s| self.is_about_private(s))
            }
            _ => self.is_private(event),
        }
    }

    /// Whether only the customer will read it: a correction or removal is as private as what it is about.
    fn is_about_private(&self, send: &Outgoing) -> bool {
        match send.kind {
            SendKind::Handoff | SendKind::Dm => true,
            SendKind::Reply => false,
            // What it is about came before it, so this ends.
            SendKind::Retract { send: earlier } | SendKind::Correct { send: earlier } => {
                earlier < send.id && self.send(earlier).is_some_and(|e| self.is_about_private(e))
            }
        }
    }

    /// The changes that draw anew whatever in `room` may show private text of this case.
    #[must_use]
    pub fn private_messages(&self, room: &RoomId) -> Vec<Effect> {
        let private = self.posts.iter().any(|p| p.post.is_dm()) || self.sends.iter().any(|s| s.kind.is_private());
        let mut all = Vec::new();
        for (place, _) in self.places.iter().enumerate().filter(|(_, p)| &p.room == room && p.thread.is_some()) {
            all.extend(private.then_some(Effect::CardUpdate { place }));
            let update = |s: &Shown| Effect::EntryUpdate { place, event: s.event, message: s.message.clone() };
            all.extend(self.shown.iter().filter(|s| s.place == place && s.private).map(update));
        }
        all
    }
}
