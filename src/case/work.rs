//! A case being changed: what commands and inputs do to it, gathered for one commit.

use super::event::Event;
use super::refusal::Refusal;
use super::status::{Status, Trigger};
use super::{
    Attached, Case, CaseId, Draft, EventRecord, HoldReason, Outgoing, PlaceKind, Priority, Resolution, SendKind, SendState, StopReason,
    Undoable, Voice,
};
use crate::clock::Time;
use crate::command::Command;
use crate::desk::Desk;
use crate::digest::{Fact, FactKind};
use crate::intake::{is_content, length::of_answer};
use crate::outbox::{Effect, Lane, Urgency};
use crate::planted::{self, Bug};
use crate::policy::{AgentId, Approval, Policy, Role};
use crate::post::{Account, Answering, Author, Untrusted, written_at};

/// What must be known to decide.
#[derive(Clone, Copy)]
pub struct Ctx<'a> {
    /// The moment.
    pub now: Time,
    /// The rules.
    pub policy: &'a Policy,
    /// The desk, read only.
    pub desk: &'a Desk,
    /// For `merge` and `link`: the other case as it stands, if there is one.
    pub other: Option<&'a Case>,
}

/// An effect decided on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Where to.
    pub lane: Lane,
    /// How soon among others.
    pub urgency: Urgency,
    /// What.
    pub effect: Effect,
    /// Not before.
    pub due: Time,
}

/// What a case wants of another one; comes to it as an input in the same commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Follow {
    /// `to` was joined by `from`: it takes over the posts.
    Absorb {
        /// The one that lives on.
        to: CaseId,
        /// What it takes over.
        from: Box<Case>,
        /// By whom.
        by: AgentId,
    },
    /// `to` is linked with `from`.
    Link {
        /// The one to be told.
        to: CaseId,
        /// The other.
        from: CaseId,
        /// By whom; `None`: found out by sereno.
        by: Option<AgentId>,
    },
}

/// How long `undo` reaches back for acts other than sends, in milliseconds.
pub const UNDO_ACT_MS: i64 = 10 * crate::clock::MINUTE_MS;

/// A case being changed.
pub struct Work<'a> {
    /// The case.
    pub case: Case,
    /// What must be known.
    pub ctx: Ctx<'a>,
    /// What happened.
    pub events: Vec<EventRecord>,
    /// What is to be done outside.
    pub effects: Vec<Planned>,
    /// Sends whose waiting outbox entries are void.
    pub voided: Vec<u32>,
    /// What the digest counts.
    pub facts: Vec<Fact>,
    /// What other cases are to be told.
    pub follow: Vec<Follow>,
    /// Whether the card shows something else now.
    pub card_changed: bool,
    /// Whether this very change is what `undo` would take back.
    remembered: bool,
}

impl<'a> Work<'a> {
    /// Begins to change `case`.
    #[must_use]
    pub fn new(case: Case, ctx: Ctx<'a>) -> Work<'a> {
        Work {
            case,
            ctx,
            events: Vec::new(),
            effects: Vec::new(),
            voided: Vec::new(),
            facts: Vec::new(),
            follow: Vec::new(),
            card_changed: false,
            remembered: false,
        }
    }

    /// Notes that something happened, and shows it in the case's threads.
    pub fn event(&mut self, by: Option<&AgentId>, event: Event) -> u32 {
        let n = self.case.events;
        self.case.events += 1;
        self.case.touched_at = self.ctx.now;
        self.card_changed = true;
        // The card itself shows the first post.
        let shown = !matches!(event, Event::Opened { .. });
        self.events.push(EventRecord { case: self.case.id, n, at: self.ctx.now, by: by.cloned(), event });
        if shown && self.case.places.is_empty() {
            self.case.unshown.push(n);
        } else if shown {
            self.show_event(n, by.is_some());
        }
        n
    }

    /// Plans the thread entries of event `n`. Those of staff's acts go first.
    fn show_event(&mut self, n: u32, staff: bool) {
        let private = self.events.iter().find(|e| e.n == n).is_some_and(|e| self.case.is_private(&e.event));
        for place in 0..self.case.places.len() {
            let shows = match self.case.places[place].kind {
                PlaceKind::Home | PlaceKind::Folded => true,
                PlaceKind::Private => private,
                PlaceKind::Former => false,
            };
            if shows {
                self.show(place, Effect::ThreadEntry { place, event: n });
                if let (true, Some(last)) = (staff, self.effects.last_mut()) {
                    last.urgency = Urgency::Staff;
                }
            }
        }
    }

    /// Gives the case a place of this kind in `room`, with its card; what happened before there
    /// was any place is shown there too.
    pub fn add_place(&mut self, kind: PlaceKind, room: crate::policy::RoomId) {
        let place = self.case.places.len();
        self.case.places.push(super::model::Place { room, thread: None, kind });
        self.show(place, Effect::Card { place });
        for event in std::mem::take(&mut self.case.unshown) {
            self.show(place, Effect::ThreadEntry { place, event });
        }
    }

    /// Plans a chat effect for a place of the case.
    pub fn show(&mut self, place: usize, effect: Effect) {
        let urgency = match (&effect, self.case.priority) {
            (Effect::CardUpdate { .. } | Effect::EntryUpdate { .. }, _) => Urgency::Update,
            (_, Priority::Urgent) => Urgency::Urgent,
            _ => Urgency::Normal,
        };
        let lane = Lane::Chat(self.case.places[place].room.clone());
        self.effects.push(Planned { lane, urgency, effect, due: self.ctx.now });
    }

    /// Counts something for the digest.
    pub fn fact(&mut self, by: Option<&AgentId>, kind: FactKind) {
        let n = u32::try_from(self.facts.len()).unwrap_or(u32::MAX) + self.case.events * 8;
        self.facts.push(Fact { at: self.ctx.now, case: self.case.id, n, network: self.case.key.network.clone(), by: by.cloned(), kind });
    }

    /// Moves the case to another status, or refuses.
    pub fn trigger(&mut self, trigger: Trigger) -> Result<(), Refusal> {
        if let (Status::Merged, Some(into)) = (self.case.status, self.case.merged_into) {
            return Err(Refusal::MergedInto(into));
        }
        let owned = self.case.owner.is_some();
        let next = self.case.status.after(trigger, owned).ok_or(Refusal::Status(self.case.status))?;
        if next != self.case.status {
            self.forget();
            self.card_changed = true;
            self.case.status = next;
        }
        Ok(())
    }

    /// Remembers what `undo` would restore; call before changing anything.
    pub fn remember(&mut self, by: &AgentId, verb: &str) {
        let c = &self.case;
        self.case.undoable = Some(Undoable {
            by: by.clone(),
            at: self.ctx.now,
            verb: verb.to_owned(),
            status: c.status,
            owner: c.owner.clone(),
            priority: c.priority,
            snoozed_until: c.snoozed_until,
            resolution: c.resolution,
            resolved_at: c.resolved_at,
            priority_fixed: c.priority_fixed,
            answer_due: c.answer_due,
            hidden_because: c.hidden_because.clone(),
            handoff_open: c.handoff_open,
        });
        self.remembered = true;
    }

    /// What somebody did before is no longer their last act, once they do something else.
    pub fn acted(&mut self, by: &AgentId) {
        if !self.remembered && self.case.undoable.as_ref().is_some_and(|u| u.by == *by) {
            self.case.undoable = None;
        }
    }

    /// What changes status or owner without being an undoable act of its own ends what could be undone.
    fn forget(&mut self) {
        if !self.remembered {
            self.case.undoable = None;
        }
    }

    /// Refuses unless nobody else owns the case.
    pub fn not_anothers(&self, by: &AgentId) -> Result<(), Refusal> {
        match &self.case.owner {
            Some(owner) if owner != by && !planted::is(Bug::TwoOwners) => Err(Refusal::OwnedBy(owner.clone())),
            _ => Ok(()),
        }
    }

    /// Makes `by` the owner of a case without one; refuses on another's.
    pub fn own(&mut self, by: &AgentId) -> Result<(), Refusal> {
        self.not_anothers(by)?;
        if self.case.owner.is_none() {
            self.forget();
            self.case.owner = Some(by.clone());
            if let Err(refusal) = self.trigger(Trigger::Claim) {
                self.case.owner = None;
                return Err(refusal);
            }
            self.event(Some(by), Event::Claimed);
        }
        Ok(())
    }

    /// Notes a draft; it becomes the current one, and voids what waits for approval.
    pub fn draft(&mut self, by: &AgentId, text: &str, files: Vec<Attached>) -> u32 {
        let waits = |s: &&Outgoing| s.state == SendState::AwaitingApproval && s.kind == SendKind::Reply;
        if let Some(waiting) = self.case.sends.iter().find(waits).map(|s| s.id) {
            self.stop(waiting, StopReason::Superseded, Some(by));
        }
        if planted::is(Bug::TextChangedAfterApproval) {
            let approved = self.case.sends.iter_mut().find(|s| s.approved_by.is_some() && s.state.is_pending());
            approved.into_iter().for_each(|s| s.text = Untrusted::new(text));
        }
        for d in &mut self.case.drafts {
            d.closed = true;
        }
        let id = self.case.drafts.last().map_or(1, |d| d.id + 1);
        self.case.drafts.push(Draft { id, by: by.clone(), at: self.ctx.now, text: Untrusted::new(text), closed: false, files });
        self.event(Some(by), Event::Drafted { draft: id });
        id
    }

    /// Refuses pictures that the network of `account` does not take so.
    pub fn fits(&self, account: &Account, private: bool, files: &[Attached]) -> Result<(), Refusal> {
        let takes = self.ctx.policy.accounts.get(account).map(|a| a.capabilities.takes(private).clone()).unwrap_or_default();
        if files.is_empty() {
            return Ok(());
        }
        if takes.most == 0 {
            return Err(Refusal::NoPictures);
        }
        if files.len() > takes.most {
            return Err(Refusal::TooManyPictures(files.len(), takes.most));
        }
        for (n, file) in (1..).zip(files) {
            if !file.kind().is_some_and(|kind| takes.kinds.contains(&kind)) {
                return Err(Refusal::WrongKind(n, takes.kinds));
            }
            if file.bytes > takes.max_bytes {
                return Err(Refusal::PictureTooLarge(n, takes.max_bytes));
            }
        }
        Ok(())
    }

    /// Decides to send `text` without pictures; see [`Work::send_with`].
    pub fn send(&mut self, kind: SendKind, text: &str, command: &Command, drafted_by: &AgentId) -> Result<u32, Refusal> {
        self.send_with(kind, text, Vec::new(), command, drafted_by)
    }

    /// Decides to send `text` with pictures; waits for approval or for its window. `drafted_by`: whose words.
    /// `to_post`: for retractions and corrections, the post acted on stands in the earlier send.
    pub fn send_with(
        &mut self,
        kind: SendKind,
        text: &str,
        files: Vec<Attached>,
        command: &Command,
        drafted_by: &AgentId,
    ) -> Result<u32, Refusal> {
        if let Some(live) = self.case.live_send() {
            return Err(match live.state {
                SendState::Unknown { .. } => Refusal::InDoubt(live.id),
                _ => Refusal::SendUnderWay(live.id),
            });
        }
        self.answerable(&kind)?;
        let (account, to, (post, local, version)) = self.addressee(&kind)?;
        if !matches!(kind, SendKind::Retract { .. }) {
            if text.trim().is_empty() {
                return Err(Refusal::Empty);
            }
            let (counted, most) = self.counted(&account, &to, text, kind.is_private());
            if counted > most {
                return Err(Refusal::TooLong(counted, most));
            }
        }
        self.fits(&account, kind.is_private(), &files)?;
        let approval = self.needs_approval(&kind, &command.by);
        let id = self.case.sends.last().map_or(1, |s| s.id + 1);
        let until = self.ctx.now.plus(self.ctx.policy.reply.undo_ms);
        let state = if approval { SendState::AwaitingApproval } else { SendState::Waiting { until } };
        let lang = self.case.lang.clone();
        self.case.sends.push(Outgoing {
            id,
            kind,
            account,
            target: post,
            target_local: local,
            target_version: version,
            to,
            text: Untrusted::new(text.trim()),
            lang,
            by: command.by.clone(),
            drafted_by: drafted_by.clone(),
            approved_by: None,
            at: self.ctx.now,
            state,
            shown_at: None,
            tried: false,
            tried_at: None,
            absent_at: None,
            invites: false,
            files,
        });
        if approval {
            self.event(Some(&command.by), Event::ApprovalAsked { send: id });
        } else {
            self.arm(id, Some(&command.by));
        }
        Ok(id)
    }

    /// The length of `text` to `to` as the network of `account` counts it, and the most it takes.
    #[must_use]
    pub fn counted(&self, account: &Account, to: &Author, text: &str, private: bool) -> (usize, usize) {
        let caps = self.ctx.policy.accounts.get(account).map(|a| a.capabilities.clone()).unwrap_or_default();
        (of_answer(text, to.handle.expose(), &caps), caps.most(private))
    }

    /// Whether such a send of `by` waits for a second pair of eyes.
    #[must_use]
    pub fn needs_approval(&self, kind: &SendKind, by: &AgentId) -> bool {
        !planted::is(Bug::ApprovalSkipped)
            && matches!(kind, SendKind::Reply | SendKind::Correct { .. })
            && match self.ctx.policy.reply.approval {
                Approval::Off => false,
                Approval::Agents => self.ctx.policy.role(by) < Some(Role::Lead),
                Approval::All => true,
            }
    }

    /// Starts a send's undo window, whole.
    pub fn arm(&mut self, id: u32, by: Option<&AgentId>) {
        let until = self.ctx.now.plus(self.ctx.policy.reply.undo_ms);
        let Some(send) = self.case.sends.iter_mut().find(|s| s.id == id) else { return };
        send.state = SendState::Waiting { until };
        let lane = Lane::Network(send.account.clone());
        self.voided.push(id);
        self.effects.push(Planned { lane, urgency: Urgency::Staff, effect: Effect::Send { send: id }, due: until });
        self.event(by, Event::Queued { send: id, until });
    }

    /// A pending send waits for a person.
    pub fn hold(&mut self, id: u32, because: HoldReason) {
        let Some(send) = self.case.sends.iter_mut().find(|s| s.id == id && s.state.is_pending()) else { return };
        // The network may have said so before its stream did: told once is enough.
        if send.state == SendState::Held(because) {
            return;
        }
        send.state = SendState::Held(because);
        self.voided.push(id);
        self.event(None, Event::Held { send: id, because });
    }

    /// A send comes to nothing.
    pub fn stop(&mut self, id: u32, because: StopReason, by: Option<&AgentId>) {
        let Some(send) = self.case.sends.iter_mut().find(|s| s.id == id && s.state.is_live()) else { return };
        send.state = SendState::Stopped(because.clone());
        self.voided.push(id);
        self.event(by, Event::Stopped { send: id, because });
    }

    /// Closes the case.
    pub fn resolve(&mut self, by: Option<&AgentId>, how: Resolution) -> Result<(), Refusal> {
        self.trigger(Trigger::Resolve)?;
        // An answer that nobody has to decide on any more was given before the case was closed, and goes out all the same.
        if self.case.live_send().is_some_and(|s| !matches!(s.state, SendState::Waiting { .. })) {
            self.stop_pending();
        }
        self.settle();
        let how = if how == Resolution::ByAgent && self.customer_is_content() { Resolution::ByCustomer } else { how };
        self.case.resolved_at = Some(self.ctx.now);
        self.case.resolution = Some(how);
        self.event(by, Event::Resolved { how });
        self.fact(by, FactKind::Resolved { how });
        Ok(())
    }

    /// Whether the last the customer said, after an answer, was that all is well.
    fn customer_is_content(&self) -> bool {
        let last = self.case.posts.iter().rev().find(|p| p.voice == Voice::Customer && p.deleted_at.is_none());
        last.is_some_and(|p| self.case.first_answer_at.is_some_and(|t| p.seen_at > t) && is_content(&p.post))
    }

    /// Takes the case out of the way: what has not left yet is stopped, deadlines end.
    pub fn close(&mut self) {
        self.stop_pending();
        self.settle();
    }

    fn stop_pending(&mut self) {
        if let Some(pending) = self.case.live_send().filter(|s| s.state.is_pending()).map(|s| s.id) {
            self.stop(pending, StopReason::CaseClosed, None);
        }
    }

    fn settle(&mut self) {
        self.case.answer_due = None;
        self.case.snoozed_until = None;
        self.case.handoff_open = false;
    }

    /// Opens the case again.
    pub fn reopen(&mut self, by: Option<&AgentId>) -> Result<(), Refusal> {
        self.trigger(Trigger::Reopen)?;
        self.case.resolved_at = None;
        self.case.resolution = None;
        self.event(by, Event::Reopened { by_customer: by.is_none() });
        self.fact(by, FactKind::Reopened);
        self.await_answer(self.ctx.policy.deadline.next_response_ms);
        Ok(())
    }

    /// An answer is due so many milliseconds from now, unless one is due already.
    pub fn await_answer(&mut self, within_ms: i64) {
        if self.case.answer_due.is_none() {
            self.case.answer_due = Some(self.ctx.now.plus(within_ms));
            self.case.overdue_said = false;
        }
    }

    /// Refuses a public answer that the network takes from nobody, or from a person alone.
    pub fn answerable(&self, kind: &SendKind) -> Result<(), Refusal> {
        let target = self.case.latest_of_customer(false).filter(|_| *kind == SendKind::Reply);
        match target.map(|p| &p.post.answering) {
            Some(Answering::ByHand { .. }) if planted::is(Bug::ByHandIgnored) => Ok(()),
            Some(Answering::ByHand { url }) => Err(Refusal::ByHand(self.case.id, written_at(url, ""))),
            Some(Answering::Closed) => Err(Refusal::AnswersClosed),
            Some(Answering::ByApi) | None => Ok(()),
        }
    }

    /// The account, person and post that a send of this kind goes to. Public answers go from the
    /// account that the answered post spoke to.
    #[expect(clippy::type_complexity, reason = "used once, taken apart at once")]
    pub fn addressee(&self, kind: &SendKind) -> Result<(Account, Author, (Option<crate::post::PostId>, String, i64)), Refusal> {
        let case = &self.case;
        let of_post = |p: &super::model::CasePost| {
            (p.post.account.clone(), p.post.author.clone(), (Some(p.post.id.clone()), p.post.local_id.clone(), p.post.version()))
        };
        match kind {
            SendKind::Reply if planted::is(Bug::WrongCustomer) => case.posts.last().map(of_post).ok_or(Refusal::NothingToAnswer),
            SendKind::Reply => case.latest_of_customer(false).map(of_post).ok_or(Refusal::NothingToAnswer),
            // A private message hangs on the customer's last one, else on nothing: never on a public post.
            SendKind::Handoff | SendKind::Dm => Ok(case
                .latest_of_customer(true)
                .map(of_post)
                .unwrap_or_else(|| (case.account.clone(), case.customer.clone(), (None, String::new(), 0)))),
            SendKind::Retract { send } | SendKind::Correct { send } => {
                let earlier = case.send(*send).ok_or(Refusal::NothingPublished)?;
                Ok((
                    earlier.account.clone(),
                    earlier.to.clone(),
                    (earlier.target.clone(), earlier.target_local.clone(), earlier.target_version),
                ))
            }
        }
    }
}
