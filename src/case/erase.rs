//! What a case loses when another one, whose conversation it took over, is erased.

use super::event::Event;
use super::work::Work;
use super::{Case, CasePost, Outgoing, SendState, StopReason};
use crate::post::{Author, Post, PostId, Untrusted};
use std::collections::BTreeSet;

impl Work<'_> {
    /// Takes away what came from `from`. Posts and sends keep their places, since events name them
    /// by these; nothing of what they said, by whom or where is left.
    pub(super) fn on_erased(&mut self, from: &Case) {
        let posts: BTreeSet<&PostId> = from.posts.iter().map(|p| &p.post.id).collect();
        let sends: BTreeSet<&PostId> = from.sends.iter().filter_map(|s| published(&s.state)).collect();
        let theirs: Vec<usize> = (0..self.case.posts.len()).filter(|i| posts.contains(&self.case.posts[*i].post.id)).collect();
        for index in &theirs {
            let now = self.ctx.now;
            blank(&mut self.case.posts[*index]);
            self.case.posts[*index].deleted_at = Some(now);
            self.case.posts[*index].changed_at = Some(now);
            self.refresh_shown(self.case.index_of(*index));
        }
        let mut touched = BTreeSet::new();
        for send in &mut self.case.sends {
            let changes = match send.kind {
                super::SendKind::Retract { send } | super::SendKind::Correct { send } => touched.contains(&send),
                _ => false,
            };
            let same = |s: &Outgoing| (s.at, &s.by, &s.target, &s.text) == (send.at, &send.by, &send.target, &send.text);
            let given_up = from.sends.iter().any(|s| s.was_given_up() && same(s));
            if changes || given_up || published(&send.state).is_some_and(|id| sends.contains(id)) {
                touched.insert(send.id);
                send.text = Untrusted::default();
                send.files.clear();
                send.to = Author { id: send.to.id.clone(), ..Author::default() };
                (send.target, send.target_local) = (None, String::new());
                send.state = SendState::Stopped(StopReason::Erased);
            } else if send.target.as_ref().is_some_and(|t| posts.contains(t)) {
                (send.target, send.target_local) = (None, String::new());
            }
        }
        for place in 0..self.case.posts.len() {
            let context = &mut self.case.posts[place].post.context;
            let before = context.len();
            context.retain(|about| !posts.contains(&about.id) && !sends.contains(&about.id));
            if context.len() < before {
                self.refresh_shown(self.case.index_of(place));
            }
        }
        self.case.by_hand.retain(|url| !from.by_hand.contains(url));
        if !theirs.is_empty() || !touched.is_empty() {
            self.event(None, Event::Erased { case: from.id });
        }
    }
}

fn published(state: &SendState) -> Option<&PostId> {
    match state {
        SendState::Published { id, .. } => Some(id),
        _ => None,
    }
}

/// A post of which nothing is left but that there was one, whose, when, and whether in private.
fn blank(entry: &mut CasePost) {
    let post = &entry.post;
    entry.post = Post {
        network: post.network.clone(),
        account: post.account.clone(),
        visibility: post.visibility,
        created_at: post.created_at,
        ..Post::default()
    };
    entry.also = Vec::new();
}
