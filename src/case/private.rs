//! What of a case is private, and which chat messages may show it.

use super::event::Event;
use super::{Case, Outgoing, Place, PlaceKind, SendKind, Shown};
use crate::outbox::{Effect, Receipt};
use crate::policy::RoomId;

/// Threads of a case whose card was taken away, remembered at most.
const MAX_FORMER: usize = 20;

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
            Event::Queued { send, .. }
            | Event::Stopped { send, .. }
            | Event::Undelivered { send, .. }
            | Event::Published { send }
            | Event::StoodAfterAll { send } => self.send(*send).is_some_and(|s| self.is_about_private(s)),
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

    /// Whether anything was ever written in private.
    #[must_use]
    pub fn has_private(&self) -> bool {
        self.posts.iter().any(|p| p.post.is_dm()) || self.sends.iter().any(|s| s.kind.is_private())
    }

    /// The changes that draw anew whatever in `room` may show private text of this case.
    #[must_use]
    pub fn private_messages(&self, room: &RoomId) -> Vec<Effect> {
        let private = self.has_private();
        let mut all = Vec::new();
        let stands = |p: &Place| &p.room == room && p.thread.is_some() && p.kind != PlaceKind::Former;
        for (place, _) in self.places.iter().enumerate().filter(|(_, p)| stands(p)) {
            all.extend(private.then_some(Effect::CardUpdate { place }));
            let update = |s: &Shown| Effect::EntryUpdate { place, event: s.event, message: s.message.clone() };
            all.extend(self.shown.iter().filter(|s| s.place == place && s.private).map(update));
        }
        all
    }

    /// What `effect` was to change was taken away, and another message stands instead. A card's takes its thread
    /// along; what is said in the old one still belongs to the case.
    pub(super) fn stands_instead(&mut self, effect: &Effect, receipt: &Receipt) {
        let new = &receipt.native_id;
        match effect {
            Effect::CardUpdate { place: at } => {
                let Some(place) = self.places.get_mut(*at) else { return };
                let Some(old) = place.thread.replace(new.clone()).filter(|old| old != new) else { return };
                let former = Place { room: place.room.clone(), thread: Some(old), kind: PlaceKind::Former };
                let kept = self.places.iter().filter(|p| p.kind == PlaceKind::Former).count();
                if kept < MAX_FORMER {
                    self.places.push(former);
                } else if let Some(last) = self.places.iter_mut().rfind(|p| p.kind == PlaceKind::Former) {
                    // Others name places by their index: none goes.
                    *last = former;
                }
            }
            Effect::EntryUpdate { place, event, message } => {
                let old = self.now_shown(*place, *event, message);
                let is = |s: &&mut Shown| s.place == *place && s.event == *event && s.message == old;
                self.shown.iter_mut().filter(is).for_each(|s| s.message.clone_from(new));
            }
            _ => {}
        }
    }

    /// The chat's id of the message that shows `event` now: `message`, unless another stands instead.
    #[must_use]
    pub fn now_shown(&self, place: usize, event: u32, message: &str) -> String {
        let here = || self.shown.iter().filter(|s| s.place == place && s.event == event);
        let found = here().find(|s| s.message == message).or_else(|| here().next_back());
        found.map_or(message, |s| &s.message).to_owned()
    }
}
