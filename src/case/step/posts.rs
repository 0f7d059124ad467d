//! What a post of the conversation does to its case: new, seen again, changed, gone, passed on.

use super::{SPREADING, echoed};
use crate::case::event::Event;
use crate::case::status::{Status, Trigger};
use crate::case::work::Work;
use crate::case::{CasePost, HoldReason, Priority, Resolution, SendState, Shown, StopReason, Voice};
use crate::clock::Time;
use crate::command::posted;
use crate::digest::FactKind;
use crate::intake::{Reason, is_content, weigh};
use crate::outbox::{Effect, Receipt};
use crate::planted::{self, Bug};
use crate::post::{Author, AuthorId, Context, Engagement, Post, PostId, PostRef, Untrusted};

impl Work<'_> {
    pub(super) fn on_post(&mut self, post: &Post) {
        let again = self.case.post(&post.id).filter(|_| !planted::is(Bug::DedupeLost));
        if let Some((index, known)) = again {
            let newer = post.version() > known.post.version();
            let theirs = post.account == known.post.account;
            self.also_called(index, post);
            if newer {
                self.on_edit(post);
                return;
            }
            self.on_late_context(index, post);
            if theirs {
                // Another server counts for itself alone.
                self.on_engagement(&post.id, post.engagement);
            }
            return;
        }
        if self.ctx.policy.is_ours(&post.author.id) && !planted::is(Bug::OwnEchoForeign) {
            self.on_own_post(post);
        } else if post.author.id == self.case.key.customer {
            self.on_customer_post(post);
        } else {
            let index = self.push(Voice::Other, post);
            self.event(None, Event::OtherSpoke { post: index });
        }
    }

    /// Notes the name by which a post goes as well: on the server of another of our accounts, or in a version that has a
    /// name of its own. Its own account's name of the newest version is the one that answers go to.
    pub(super) fn also_called(&mut self, index: usize, post: &Post) {
        let name = |post: &Post| PostRef::Local { account: post.account.clone(), local_id: post.local_id.clone() };
        let Some(known) = self.case.post_at_mut(index) else { return };
        if post.local_id.is_empty() || known.is_called(&name(post)) {
            return;
        }
        if post.account == known.post.account && post.version() >= known.post.version() {
            let former = name(&known.post);
            known.post.local_id.clone_from(&post.local_id);
            known.also.push(former);
        } else {
            known.also.push(name(post));
        }
    }

    /// What a post is about, but for what stands in the case itself: that is in its thread, changes there, and may be gone.
    pub(super) fn about(&self, post: &Post) -> Vec<Context> {
        post.context.iter().filter(|about| !self.case.holds(&about.id)).cloned().collect()
    }

    /// What a post is about is sometimes learnt after the post.
    fn on_late_context(&mut self, index: usize, post: &Post) {
        let context = self.about(post);
        let Some(entry) = self.case.post_at_mut(index) else { return };
        if context.is_empty() || !entry.post.context.is_empty() || entry.deleted_at.is_some() {
            return;
        }
        entry.post.context = context;
        self.card_changed = true;
        self.refresh_shown(index);
    }

    /// A post is gone: so is what others say that it said.
    fn take_from_contexts(&mut self, id: &PostId) {
        for place in 0..self.case.posts.len() {
            let context = &mut self.case.posts[place].post.context;
            let before = context.len();
            context.retain(|about| about.id != *id);
            if context.len() < before {
                self.refresh_shown(self.case.index_of(place));
            }
        }
    }

    pub(super) fn on_customer_post(&mut self, post: &Post) {
        let local_id = if post.account == self.case.account { &post.author.local_id } else { &self.case.customer.local_id };
        // Not every answer of a network tells how they can be written to.
        let route = post.author.route.clone().or_else(|| self.case.customer.route.clone());
        self.case.customer = Author { local_id: local_id.clone(), route, ..post.author.clone() };
        let index = self.push(Voice::Customer, post);
        if post.is_dm() {
            self.case.handoff_open = true;
            // Where it will be shown must stand before the event is planned.
            self.settle_places();
        }
        self.event(None, if post.is_dm() { Event::DmReceived { post: index } } else { Event::Joined { post: index } });
        self.hold_pending(HoldReason::CustomerWrote);
        if is_content(post) && self.case.first_answer_at.is_some() {
            self.trigger(Trigger::CustomerContent).ok();
            if self.case.status == Status::Resolved && self.case.resolution == Some(Resolution::ByAgent) {
                self.case.resolution = Some(Resolution::ByCustomer);
                self.fact(None, FactKind::Confirmed);
            }
            return;
        }
        let before = self.case.status;
        if self.trigger(Trigger::CustomerWrote).is_ok() && self.case.status.is_open() {
            if before == Status::Resolved {
                self.case.resolved_at = None;
                self.case.resolution = None;
                self.event(None, Event::Reopened { by_customer: true });
                self.fact(None, FactKind::Reopened);
            }
            self.case.snoozed_until = None;
            let deadline = &self.ctx.policy.deadline;
            let within = if self.case.first_answer_at.is_none() {
                deadline.first_response_ms[self.case.priority.index()]
            } else {
                deadline.next_response_ms
            };
            self.await_answer(within);
        }
        self.reweigh(post);
    }

    /// A post of the brand: the echo of a send of ours, or somebody answered elsewhere.
    pub(super) fn on_own_post(&mut self, post: &Post) {
        let known = |s: &SendState| matches!(s, SendState::Published { id, .. } if id == &post.id);
        if self.case.sends.iter().any(|s| known(&s.state)) && !planted::is(Bug::EchoTakenForOutside) {
            return;
        }
        if let Some(id) = echoed(&self.case, post, self.ctx.policy).map(|s| s.id) {
            let receipt = Receipt { native_id: post.local_id.clone(), post: Some(post.id.clone()), url: post.url.clone() };
            self.on_published(id, &receipt);
            return;
        }
        if post.created_at < self.case.opened_at {
            return;
        }
        let index = self.push(Voice::Outside, post);
        let told = |url: &String| post.url.as_ref().is_some_and(|here| posted::is_same(url, here));
        if self.case.by_hand.iter().any(told) {
            // Whoever wrote it has said so already.
            return;
        }
        if self.is_to_another(post) {
            self.event(None, Event::SpokeOutside { post: index });
            return;
        }
        self.event(None, Event::AnsweredOutside { post: index });
        self.hold_pending(HoldReason::AnsweredOutside);
        self.answered(None, Some(post.created_at));
        self.trigger(if post.is_dm() { Trigger::HandOff } else { Trigger::Answer }).ok();
    }

    /// Keeps no longer what a bystander said, once it stands so far back in the chat that its message
    /// is no longer known: a conversation that thousands join must not be written anew, whole, at each
    /// of their posts. What was answered, changed, or said in private stays.
    pub(super) fn fold(&mut self, index: usize) {
        let Some(entry) = self.case.post_at(index) else { return };
        let plain = entry.voice == Voice::Other && !entry.post.is_dm() && entry.changed_at.is_none();
        let answered = self.case.sends.iter().any(|s| s.target.as_ref() == Some(&entry.post.id));
        let shown = self.case.shown.iter().any(|s| s.post == Some(index));
        if plain && !answered && !shown {
            self.case.fold(index);
        }
    }

    /// Whether a post of the brand answers somebody in the conversation who is not the customer.
    /// Whom it names does not tell: networks name everyone of the conversation in each answer.
    pub(super) fn is_to_another(&self, post: &Post) -> bool {
        let mut post = post;
        // Up the chain of the brand's own posts, which is no longer than the conversation.
        for _ in 0..=self.case.posts.len() {
            let Some(parent) = &post.parent else { return false };
            let names = parent.names(&post.account);
            let is_it = |p: &&CasePost| names.iter().any(|name| p.is_called(name));
            match self.case.posts.iter().find(is_it) {
                Some(found) if found.voice == Voice::Outside => post = &found.post,
                Some(found) => return found.voice == Voice::Other,
                None => {
                    let theirs = |author: &AuthorId| *author != self.case.key.customer && !self.ctx.policy.is_ours(author);
                    return parent.author.as_ref().is_some_and(theirs);
                }
            }
        }
        false
    }

    pub(super) fn on_edit(&mut self, post: &Post) {
        let Some((index, known)) = self.case.post(&post.id) else { return self.on_post(post) };
        let newer = post.version() > known.post.version() && known.deleted_at.is_none();
        self.also_called(index, post);
        if !newer {
            return;
        }
        let now = self.ctx.now;
        let context = self.about(post);
        let Some(entry) = self.case.post_at_mut(index) else { return };
        let was = std::mem::replace(&mut entry.post, post.clone());
        // An edit is sometimes told without it, and cannot change it.
        entry.post.context = if context.is_empty() { was.context } else { context };
        entry.post.reach = was.reach;
        if was.account != post.account {
            // Answers go out from the account that first saw it: only its own server's ids are of use.
            entry.post.account = was.account;
            entry.post.local_id = was.local_id;
            entry.post.author.local_id = was.author.local_id;
            entry.post.parent = was.parent;
            entry.post.answering = was.answering;
        }
        entry.edits += 1;
        entry.changed_at = Some(now);
        let voice = entry.voice;
        self.refresh_shown(index);
        if self.lives_on_elsewhere() {
            return;
        }
        self.event(None, Event::Edited { post: index });
        let aimed = self.case.live_send().filter(|s| s.state.is_pending() && s.target.as_ref() == Some(&post.id)).map(|s| s.id);
        if let Some(id) = aimed {
            self.hold(id, HoldReason::TargetEdited);
        }
        if voice == Voice::Customer {
            self.reweigh(post);
        }
    }

    pub(super) fn on_delete(&mut self, id: &PostId, at: Time) {
        let Some((index, known)) = self.case.post(id) else { return self.on_answer_gone(id) };
        if known.deleted_at.is_some() {
            return;
        }
        let outside = known.voice == Voice::Outside;
        let now = self.ctx.now;
        let Some(entry) = self.case.post_at_mut(index) else { return };
        entry.deleted_at = Some(at.min(now));
        entry.changed_at = Some(now);
        entry.post.text = Untrusted::default();
        entry.post.warning = None;
        entry.post.media = Vec::new();
        entry.post.context = Vec::new();
        self.refresh_shown(index);
        self.take_from_contexts(id);
        if self.lives_on_elsewhere() {
            return;
        }
        self.event(None, Event::Deleted { post: index });
        let aimed = self.case.live_send().filter(|s| s.state.is_pending() && s.target.as_ref() == Some(id)).map(|s| s.id);
        if let Some(send) = aimed {
            self.stop(send, StopReason::TargetGone, None);
        }
        if !self.case.posts.iter().any(|p| p.voice == Voice::Customer && p.deleted_at.is_none()) {
            self.case.answer_due = None;
        }
        if outside {
            self.unanswered();
        }
    }

    /// Whether only what the chat shows of this case is still kept up to date.
    pub(super) fn lives_on_elsewhere(&mut self) -> bool {
        self.card_changed = true;
        self.case.status == Status::Merged
    }

    /// Brings every chat message that shows this post up to date.
    pub(in crate::case) fn refresh_shown(&mut self, post: usize) {
        let stale: Vec<Shown> =
            self.case.shown.iter().filter(|s| s.post == Some(post) && !planted::is(Bug::EditNotShown)).cloned().collect();
        for s in stale {
            self.show(s.place, Effect::EntryUpdate { place: s.place, event: s.event, message: s.message });
        }
    }

    pub(super) fn on_engagement(&mut self, id: &PostId, engagement: Engagement) {
        let Some((index, known)) = self.case.post(id) else { return };
        if known.post.engagement == engagement {
            return;
        }
        let Some(entry) = self.case.post_at_mut(index) else { return };
        entry.post.engagement = engagement;
        let total = self.case.posts.iter().filter(|p| p.voice == Voice::Customer).map(|p| p.post.engagement.reposts).sum();
        self.on_reposts(total);
    }

    pub(super) fn on_reposts(&mut self, total: u64) {
        let before = self.case.reposts;
        if total <= before {
            return;
        }
        self.case.reposts = total;
        self.card_changed = true;
        let crossed = (0..).map(|n| SPREADING.saturating_mul(10_u64.saturating_pow(n))).take(6).any(|mark| before < mark && mark <= total);
        if crossed && self.case.status.is_open() {
            self.raise(self.case.priority.raised(1), Reason::Spreading(total));
        }
    }

    pub(super) fn raise(&mut self, to: Priority, because: Reason) {
        if self.case.priority_fixed || to <= self.case.priority {
            return;
        }
        self.case.priority = to;
        self.case.reasons.push(because.clone());
        self.event(None, Event::PriorityRaised { to, because });
        if let (None, Some(due)) = (self.case.first_answer_at, self.case.answer_due) {
            let sooner = self.case.opened_at.plus(self.ctx.policy.deadline.first_response_ms[to.index()]);
            self.case.answer_due = Some(due.min(sooner));
        }
    }

    /// A further post can raise the priority; it never lowers it.
    pub(super) fn reweigh(&mut self, post: &Post) {
        let weighed = weigh(post, self.case.earlier_cases, &self.ctx.policy.triage, self.ctx.now);
        self.case.tone = self.case.tone.max(weighed.tone);
        if let (true, Some(because)) = (weighed.priority > self.case.priority, weighed.reasons.first()) {
            self.raise(weighed.priority, because.clone());
        }
    }
}
