//! What becomes of what we send: on its way, held, published, deleted on the network.

use crate::case::event::Event;
use crate::case::status::{Status, Trigger};
use crate::case::work::Work;
use crate::case::{Case, CasePost, HoldReason, Outgoing, SendKind, SendState, StopReason, Voice};
use crate::clock::Time;
use crate::digest::FactKind;
use crate::outbox::Receipt;
use crate::planted::{self, Bug};
use crate::policy::Policy;
use crate::post::{Post, PostId, comparable};

/// The send of `case` that the brand's own `post` is the echo of: one that may be on its way, else
/// one that was tried and given up.
#[must_use]
pub fn echoed<'a>(case: &'a Case, post: &Post, policy: &Policy) -> Option<&'a Outgoing> {
    let text = comparable(post.text.expose());
    // What it answers may go by another name than when we answered it.
    let answered = post.parent.as_ref().and_then(|parent| {
        let names = parent.names(&post.account);
        case.posts.iter().find(|p| names.iter().any(|name| p.is_called(name))).map(|p| &p.post.id)
    });
    let answers = |target: &Option<PostId>, local: &str| match &post.parent {
        Some(parent) => {
            let by_id = |id: Option<&PostId>| id.is_some() && id == target.as_ref();
            by_id(answered) || by_id(parent.id.as_ref()) || (!local.is_empty() && parent.local_id == local)
        }
        // A private message stands in a conversation, and on some networks answers nothing there.
        None => target.is_none() || (post.is_dm() && !planted::is(Bug::PrivateEchoForeign)),
    };
    let is_it = |s: &&Outgoing| {
        s.kind.speaks() && s.kind.is_private() == post.is_dm() && answers(&s.target, &s.target_local) && comparable(s.text.expose()) == text
    };
    // Also what was tried, not found, and waits to be tried again: a server may finish late what it began.
    let tried = |s: &&Outgoing| s.tried && s.state.is_live() && !planted::is(Bug::LateEchoForeign);
    let under_way = |s: &&Outgoing| matches!(s.state, SendState::InFlight { .. } | SendState::Unknown { .. }) || tried(s);
    let wrote = |s: &Outgoing| policy.accounts.get(&s.account).and_then(|a| a.author.as_ref()).is_none_or(|a| *a == post.author.id);
    let given_up = |s: &&Outgoing| s.was_given_up() && wrote(s) && !planted::is(Bug::DroppedForGood);
    let all = || case.sends.iter().filter(is_it);
    all().find(under_way).or_else(|| all().find(given_up))
}

impl Work<'_> {
    pub(super) fn set_send(&mut self, id: u32, state: SendState) {
        if let Some(send) = self.case.sends.iter_mut().find(|s| s.id == id && s.state.is_live()) {
            send.state = state;
        }
    }

    /// From here on it may stand on its network, whatever is heard of it.
    pub(super) fn on_starting(&mut self, id: u32) {
        self.set_send(id, SendState::InFlight { since: self.ctx.now });
        if let Some(send) = self.case.sends.iter_mut().find(|s| s.id == id && s.state.is_live()) {
            send.tried = true;
            send.tried_at = send.tried_at.or(Some(self.ctx.now));
        }
    }

    /// Its network, asked at `at`, showed nothing of it.
    pub(super) fn on_absent(&mut self, id: u32, at: Time) {
        let Some(send) = self.case.sends.iter_mut().find(|s| s.id == id && s.state.is_live()) else { return };
        send.absent_at = Some(at);
        // A start makes a doubt of what was on its way, and leaves the case as it was.
        let (SendState::InFlight { since } | SendState::Unknown { since }) = send.state else { return };
        send.state = SendState::Waiting { until: self.ctx.now };
        // Nothing held it while it was in doubt: whoever sent it looks again at what came in.
        let since_then = |voice: Voice| self.case.posts.iter().any(|p| p.voice == voice && p.seen_at >= since && p.deleted_at.is_none());
        if since_then(Voice::Customer) {
            self.hold_pending(HoldReason::CustomerWrote);
        } else if since_then(Voice::Outside) {
            self.hold_pending(HoldReason::AnsweredOutside);
        }
    }

    /// A person wants it tried again, where nobody could find out whether it stands. They say so of this moment: should it
    /// leave hours later, it is looked for once more.
    pub(super) fn on_tried_again(&mut self, id: u32) {
        self.set_send(id, SendState::Waiting { until: self.ctx.now });
        if let Some(send) = self.case.sends.iter_mut().find(|s| s.id == id) {
            send.absent_at = Some(self.ctx.now);
        }
    }

    pub(super) fn hold_pending(&mut self, because: HoldReason) {
        // What waits for approval as well: whoever approves must not have overlooked what came in.
        let waits = |s: &&Outgoing| matches!(s.state, SendState::Waiting { .. } | SendState::AwaitingApproval);
        let waiting = self.case.live_send().filter(waits).map(|s| s.id);
        if let Some(id) = waiting.filter(|_| !planted::is(Bug::CustomerUnheard)) {
            self.hold(id, because);
        }
    }

    /// The brand has answered: clocks stop. `outside`: when, where sereno only heard of it.
    pub(crate) fn answered(&mut self, by: Option<&crate::policy::AgentId>, outside: Option<Time>) {
        self.case.answer_due = None;
        self.case.overdue_said = false;
        if self.case.first_answer_at.is_none() {
            let at = outside.map_or(self.ctx.now, |at| at.min(self.ctx.now));
            self.case.first_answer_at = Some(at);
            let after_ms = at.since(self.case.opened_at).max(0);
            let target = self.ctx.policy.deadline.first_response_ms[self.case.priority.index()];
            self.fact(by, FactKind::FirstAnswer { after_ms, in_target: after_ms <= target, outside: outside.is_some() });
        }
    }

    /// What we published was deleted on the network itself, not by our own retraction: as far as the
    /// customer can see nothing was said.
    pub(super) fn on_answer_gone(&mut self, id: &PostId) {
        let is_it = |s: &&Outgoing| matches!(&s.state, SendState::Published { id: at, .. } if at == id) && s.kind.speaks();
        let Some(send) = self.case.sends.iter().find(is_it).map(|s| s.id) else { return };
        let about_it = |s: &&Outgoing| s.kind == SendKind::Retract { send } || s.kind == SendKind::Correct { send };
        match self.case.live_send().filter(about_it).map(|s| (s.id, s.kind.clone(), s.state.is_pending())) {
            // Our own retraction is on its way: its receipt will tell.
            Some((_, SendKind::Retract { .. }, false)) => return,
            Some((pending, _, true)) => self.stop(pending, StopReason::TargetGone, None),
            _ => {}
        }
        if let Some(gone) = self.case.sends.iter_mut().find(|s| s.id == send) {
            gone.state = SendState::Stopped(StopReason::DeletedThere);
        }
        if self.lives_on_elsewhere() {
            return;
        }
        self.event(None, Event::AnswerGone { send });
        self.unanswered();
    }

    pub(super) fn on_held(&mut self, id: u32, because: HoldReason) {
        self.set_send(id, SendState::Waiting { until: self.ctx.now });
        self.hold(id, because);
    }

    pub(super) fn on_published(&mut self, id: u32, receipt: &Receipt) {
        let now = self.ctx.now;
        let may_stand = |s: &Outgoing| s.state.is_live() || s.was_given_up();
        let Some(send) = self.case.sends.iter_mut().find(|s| s.id == id && may_stand(s)) else { return };
        let given_up = send.was_given_up();
        let post = receipt.post.clone().unwrap_or_else(|| PostId(receipt.native_id.clone()));
        send.state = SendState::Published { id: post, local_id: receipt.native_id.clone(), url: receipt.url.clone(), at: now };
        let (kind, by, invites) = (send.kind.clone(), send.by.clone(), send.invites);
        self.voided.push(id);
        if given_up {
            self.event(None, Event::StoodAfterAll { send: id });
            // Whoever gave it up may have written another meanwhile: the customer would be told twice.
            self.hold_pending(HoldReason::AnsweredOutside);
        } else {
            self.event(Some(&by), Event::Published { send: id });
        }
        match kind {
            SendKind::Reply => {
                self.fact(Some(&by), FactKind::Replied);
                if invites {
                    self.fact(Some(&by), FactKind::HandedOff);
                }
                self.answered(Some(&by), None);
                self.trigger(Trigger::Answer).ok();
            }
            SendKind::Handoff | SendKind::Dm => {
                if kind == SendKind::Handoff {
                    self.fact(Some(&by), FactKind::HandedOff);
                }
                self.case.handoff_open = true;
                self.answered(Some(&by), None);
                self.trigger(Trigger::HandOff).ok();
            }
            SendKind::Retract { send } => {
                if let Some(earlier) = self.case.sends.iter_mut().find(|s| s.id == send) {
                    earlier.state = SendState::Stopped(StopReason::Retracted);
                }
                self.unanswered();
            }
            SendKind::Correct { .. } => {}
        }
    }

    /// An answer was taken back: where none stands behind the customer's last words, they wait for us again.
    pub(super) fn unanswered(&mut self) {
        let last = self.case.posts.iter().rposition(|p| p.voice == Voice::Customer && p.deleted_at.is_none());
        let Some(asked) = last.and_then(|at| self.case.posts.get(at)).map(|p| p.seen_at) else { return };
        let speaks = |s: &&Outgoing| s.kind.speaks();
        let stands = |s: &Outgoing| matches!(s.state, SendState::Published { at, .. } if at >= asked);
        let outside =
            |p: &CasePost| p.voice == Voice::Outside && p.deleted_at.is_none() && p.seen_at >= asked && !self.is_to_another(&p.post);
        if self.case.status != Status::Waiting || self.case.sends.iter().filter(speaks).any(stands) || self.case.posts.iter().any(outside) {
            return;
        }
        self.trigger(Trigger::Retract).ok();
        self.await_answer(self.ctx.policy.deadline.next_response_ms);
    }
}
