//! The one transition function of a case.
//!
//! ```text
//! step(case, input, ctx) → Work { case, events, effects, … } or a Refusal
//! ```
//! Everything that is idempotent by state (a post seen again, an old edit, a receipt that came
//! twice) is so here, and changes nothing.

mod posts;
mod sends;

pub use sends::echoed;

use super::event::Event;
use super::refusal::Refusal;
use super::status::{Status, Trigger};
use super::work::{Ctx, Follow, Work};
use super::{Case, CaseId, CaseKey, CasePost, DeskId, HoldReason, Outgoing, PlaceKind, SendKind, SendState, Shown, StopReason, Voice};
use crate::clock::Time;
use crate::command::{Command, Run, table};
use crate::digest::FactKind;
use crate::intake::{Reason, weigh};
use crate::outbox::{Effect, Receipt, Urgency};
use crate::planted::{self, Bug};
use crate::policy::RoomId;
use crate::post::{Engagement, Post, PostId};
use crate::say::{Say, Why};
use std::collections::BTreeMap;

/// How many chat messages that may have to be changed a case remembers.
const MAX_SHOWN: usize = 500;
/// From how many reposts on a post counts as spreading; again at each tenfold.
const SPREADING: u64 = 20;

/// What is needed to begin a case, besides its first post.
#[derive(Clone, Debug)]
pub struct Opening {
    /// Its number.
    pub id: CaseId,
    /// Its code for the customer.
    pub code: String,
    /// Cases its customer had before.
    pub earlier: u32,
    /// The case it hangs on.
    pub linked: Option<CaseId>,
}

/// What can happen to a case that exists.
#[derive(Clone, Debug)]
pub enum CaseInput<'a> {
    /// A post of its conversation, new or seen again.
    Post(&'a Post),
    /// A post of it was changed.
    Edited(&'a Post),
    /// A post of it is gone.
    Deleted(&'a PostId, Time),
    /// A post of it spreads.
    Engagement(&'a PostId, Engagement),
    /// A post of it was passed on.
    Reposted,
    /// The private message that came last could belong to these cases as well.
    OtherHandoffs(&'a [CaseId]),
    /// Staff want something.
    Command(&'a Command),
    /// The gate let a send through.
    SendStarting(u32),
    /// The gate turned a send away.
    SendStopped(u32, StopReason),
    /// The gate or the network wants a person to look first.
    SendHeld(u32, HoldReason),
    /// A send stands on the network.
    SendPublished(u32, &'a Receipt),
    /// A send surely did not happen and waits for its next try.
    SendWaits(u32, Time),
    /// A send may have happened; it is being looked up.
    SendUnknown(u32),
    /// A doubtful send was looked up at that time, and was not there: it waits again.
    SendAbsent(u32, Time),
    /// A person wants a send tried again of which nobody can find out whether it stands.
    SendTriedAgain(u32),
    /// It cannot be found out; people decide.
    SendDoubt(u32),
    /// A send lies among the dead letters.
    SendUndelivered(u32, &'a Why),
    /// The window of a send ran out while nobody watched: it starts again, whole.
    SendRearmed(u32),
    /// The card stands in the chat.
    CardShown(usize, &'a Receipt),
    /// A message that shows event `event` stands in place `place`, and may have to be changed.
    EventShown {
        /// Index of the place.
        place: usize,
        /// The event's number.
        event: u32,
        /// Index of the post that it shows.
        post: Option<usize>,
        /// What the chat gave.
        receipt: &'a Receipt,
    },
    /// The text of a send that waits for approval stands in the chat.
    OfferShown(u32),
    /// A room is no longer private, or is so again: what may show private text there is drawn anew.
    Redraw(&'a RoomId),
    /// A message was taken away with all it ever said, and another stands instead: what was to change, and what the chat gave.
    Instead(&'a Effect, &'a Receipt),
    /// The room of a place does not take the card.
    RoomRefused(usize, &'a RoomId),
    /// A moment it waited for has come.
    Wake,
    /// Another case wants something.
    Follow(&'a Follow),
    /// A case that was joined into this one is being erased.
    Erased(&'a Case),
}

/// Begins a case.
#[must_use]
pub fn open<'a>(post: &Post, opening: Opening, ctx: Ctx<'a>) -> Work<'a> {
    let weighed = weigh(post, opening.earlier, &ctx.policy.triage, ctx.now);
    let opened_at = post.created_at.min(ctx.now);
    let speaks = ctx.policy.route(&post.account, &weighed.lang).speaks;
    let case = Case {
        id: opening.id,
        code: opening.code,
        key: CaseKey { desk: DeskId(0), network: post.network.clone(), root: post.root().clone(), customer: post.author.id.clone() },
        version: 0,
        status: Status::New,
        account: post.account.clone(),
        customer: post.author.clone(),
        earlier_cases: opening.earlier,
        owner: None,
        priority: weighed.priority,
        priority_fixed: false,
        reasons: weighed.reasons,
        tone: weighed.tone,
        lang: weighed.lang,
        speaks,
        tags: Vec::new(),
        posts: Vec::new(),
        folded: Vec::new(),
        folded_before: 0,
        drafts: Vec::new(),
        sends: Vec::new(),
        by_hand: Vec::new(),
        places: Vec::new(),
        shown: Vec::new(),
        opened_at,
        touched_at: ctx.now,
        first_answer_at: None,
        answer_due: Some(opened_at.plus(ctx.policy.deadline.first_response_ms[weighed.priority.index()])),
        overdue_said: false,
        snoozed_until: None,
        resolved_at: None,
        resolution: None,
        hidden_because: None,
        handoff_open: post.is_dm(),
        links: opening.linked.into_iter().collect(),
        merged_into: None,
        undoable: None,
        events: 0,
        reposts: post.engagement.reposts,
        unshown: Vec::new(),
    };
    let mut work = Work::new(case, ctx);
    let index = work.push(Voice::Customer, post);
    work.event(None, Event::Opened { post: index, linked: opening.linked });
    work.fact(None, FactKind::Opened);
    if post.is_dm() {
        work.case.status = Status::Private;
    }
    match weighed.spam {
        // Hidden, not dropped: `list spam` shows it, the digest counts it, `restore` brings it back.
        Some(because) => {
            work.case.status = Status::Quarantined;
            work.hide(because);
        }
        None => work.settle_places(),
    }
    if let (Some(to), from) = (opening.linked, work.case.id) {
        work.follow.push(Follow::Link { to, from, by: None });
    }
    work.finish()
}

/// Changes a case. A refusal changes nothing; only commands are refused.
pub fn step<'a>(case: Case, input: CaseInput<'_>, ctx: Ctx<'a>) -> Result<(Work<'a>, Option<Say>), Refusal> {
    let mut work = Work::new(case, ctx);
    let mut said = None;
    match input {
        CaseInput::Post(post) => work.on_post(post),
        CaseInput::Edited(post) => work.on_edit(post),
        CaseInput::Deleted(post, at) => work.on_delete(post, at),
        CaseInput::Engagement(post, engagement) => work.on_engagement(post, engagement),
        CaseInput::Reposted => work.on_reposts(work.case.reposts + 1),
        CaseInput::OtherHandoffs(others) => {
            work.event(None, Event::OtherHandoffs { others: others.to_vec() });
        }
        CaseInput::Command(command) => said = Some(work.on_command(command)?),
        CaseInput::SendStarting(id) => work.on_starting(id),
        CaseInput::SendStopped(id, why) => work.stop(id, why, None),
        CaseInput::SendHeld(id, why) => work.on_held(id, why),
        CaseInput::SendPublished(id, receipt) => work.on_published(id, receipt),
        CaseInput::SendWaits(id, until) => work.set_send(id, SendState::Waiting { until }),
        CaseInput::SendUnknown(id) => work.set_send(id, SendState::Unknown { since: ctx.now }),
        CaseInput::SendAbsent(id, at) => work.on_absent(id, at),
        CaseInput::SendTriedAgain(id) => work.on_tried_again(id),
        CaseInput::SendDoubt(id) => {
            work.event(None, Event::InDoubt { send: id });
        }
        CaseInput::SendUndelivered(id, detail) => {
            work.event(None, Event::Undelivered { send: id, detail: detail.clone() });
        }
        CaseInput::SendRearmed(id) => work.arm(id, None),
        CaseInput::CardShown(place, receipt) => work.on_card(place, receipt),
        CaseInput::EventShown { place, event, post, receipt } => work.on_shown(place, event, post, receipt),
        CaseInput::OfferShown(id) => {
            if let Some(send) = work.case.sends.iter_mut().find(|s| s.id == id) {
                send.shown_at = send.shown_at.or(Some(ctx.now));
            }
        }
        CaseInput::Redraw(room) => work.on_redraw(room),
        CaseInput::Instead(effect, receipt) => work.case.stands_instead(effect, receipt),
        CaseInput::RoomRefused(place, room) => {
            if let Some(place) = work.case.places.get_mut(place) {
                place.room = room.clone();
            }
        }
        CaseInput::Wake => work.on_wake(),
        CaseInput::Follow(follow) => work.on_follow(follow),
        CaseInput::Erased(from) => work.on_erased(from),
    }
    Ok((work.finish(), said))
}

/// Whether a new post of its customer still belongs to `case`, rather than to a new one.
#[must_use]
pub fn joins(case: &Case, reopen_ms: i64, now: Time) -> bool {
    case.resolved_at.is_none_or(|at| case.status != Status::Resolved || now.since(at) <= reopen_ms)
}

impl Work<'_> {
    fn push(&mut self, voice: Voice, post: &Post) -> usize {
        let index = self.case.index_of(self.case.posts.len());
        let context = self.about(post);
        self.case.posts.push(CasePost {
            voice,
            post: Post { context, ..post.clone() },
            seen_at: self.ctx.now,
            deleted_at: None,
            edits: u32::from(post.edited_at.is_some()),
            changed_at: None,
            also: Vec::new(),
        });
        index
    }

    fn hide(&mut self, because: Reason) {
        self.case.hidden_because = Some(because.clone());
        self.event(None, Event::Hidden { because });
        self.fact(None, FactKind::Hidden);
        self.close();
    }

    /// Sees to it that a case that is worked on has its places.
    fn settle_places(&mut self) {
        if matches!(self.case.status, Status::Quarantined | Status::Merged) {
            return;
        }
        if self.case.places.is_empty() {
            let room = self.ctx.policy.route(&self.case.account, &self.case.lang).room.clone();
            self.add_place(PlaceKind::Home, room);
        }
        let has_dm = self.case.posts.iter().any(|p| p.post.is_dm());
        if let (true, None, Some(room)) = (has_dm, self.case.place(PlaceKind::Private), &self.ctx.policy.privacy.dm_room) {
            let home_is_private = self.case.places.iter().any(|p| &p.room == room || self.ctx.policy.is_private(&p.room));
            if !home_is_private {
                let room = room.clone();
                self.add_place(PlaceKind::Private, room);
            }
        }
    }

    /// Whether the step left everything as `before` was, so that nothing need be committed.
    #[must_use]
    pub fn is_noop(&self, before: &Case) -> bool {
        let nothing =
            self.events.is_empty() && self.effects.is_empty() && self.voided.is_empty() && self.facts.is_empty() && self.follow.is_empty();
        nothing && Case { version: before.version, ..self.case.clone() } == *before
    }

    /// The end of every step: places, the card, the version.
    fn finish(mut self) -> Self {
        self.settle_places();
        if self.card_changed {
            for place in 0..self.case.places.len() {
                let fresh = self.effects.iter().any(|e| e.effect == Effect::Card { place });
                if self.case.places[place].kind != PlaceKind::Former && !fresh {
                    self.show(place, Effect::CardUpdate { place });
                }
            }
        }
        self.case.version += 1;
        self
    }

    fn on_command(&mut self, command: &Command) -> Result<Say, Refusal> {
        match table::row(command.verb).run {
            Run::Case(run) => {
                let said = run(self, command)?;
                self.acted(&command.by);
                Ok(said)
            }
            // The engine sends desk commands and queries elsewhere.
            Run::Desk(_) | Run::Query => Err(Refusal::Usage(table::row(command.verb).name.to_owned())),
        }
    }

    fn on_card(&mut self, place: usize, receipt: &Receipt) {
        if let Some(place) = self.case.places.get_mut(place) {
            place.thread = Some(receipt.native_id.clone());
        }
    }

    fn on_shown(&mut self, place: usize, event: u32, post: Option<usize>, receipt: &Receipt) {
        let entry = post.and_then(|p| self.case.post_at(p));
        if post.is_some() && entry.is_none() {
            return;
        }
        // Without a post it is remembered for its private text alone.
        let private = entry.is_none_or(|e| e.post.is_dm());
        // Whether it changed before its message was drawn or since is not asked of a clock, which may have
        // been set meanwhile: a needless edit now and then does no harm.
        let stale = !planted::is(Bug::StaleDrawing) && entry.is_some_and(|e| e.changed_at.is_some());
        let message = receipt.native_id.clone();
        if self.case.shown.len() >= MAX_SHOWN {
            // What is private must be found again for longest.
            let oldest = self.case.shown.iter().position(|s| !s.private).unwrap_or(0);
            if let Some(post) = self.case.shown.remove(oldest).post {
                self.fold(post);
            }
        }
        self.case.shown.push(Shown { place, event, post, message: message.clone(), private });
        if stale {
            self.show(place, Effect::EntryUpdate { place, event, message });
        }
    }

    fn on_redraw(&mut self, room: &RoomId) {
        for effect in self.case.private_messages(room) {
            let (Effect::CardUpdate { place } | Effect::EntryUpdate { place, .. }) = effect else { continue };
            self.show(place, effect);
            // Others may be reading it; but it can be thousands, and staff and urgent cases go on meanwhile.
            if let Some(last) = self.effects.last_mut() {
                last.urgency = Urgency::Normal;
            }
        }
    }

    fn on_wake(&mut self) {
        let now = self.ctx.now;
        if self.case.status == Status::Snoozed && self.case.snoozed_until.is_some_and(|t| t <= now) {
            self.case.snoozed_until = None;
            self.trigger(Trigger::Wake).ok();
            self.event(None, Event::Woke);
            self.await_answer(self.ctx.policy.deadline.next_response_ms);
        }
        let late = self.case.answer_due.is_some_and(|t| t <= now) && !self.case.overdue_said;
        if late && self.case.status.is_open() && self.case.status != Status::Snoozed {
            self.case.overdue_said = true;
            self.event(None, Event::Overdue);
        }
    }

    /// What was published from a case that goes on here can be taken back and corrected here.
    fn take_published(&mut self, from: &Case) {
        let mut numbers = BTreeMap::new();
        // What was given up in doubt may stand after all.
        for send in from.sends.iter().filter(|s| matches!(s.state, SendState::Published { .. }) || s.was_given_up()) {
            let new = |earlier: u32| numbers.get(&earlier).copied();
            let kind = match send.kind {
                SendKind::Retract { send } => new(send).map(|send| SendKind::Retract { send }),
                SendKind::Correct { send } => new(send).map(|send| SendKind::Correct { send }),
                ref other => Some(other.clone()),
            };
            // What changed something that no longer stands is history.
            let Some(kind) = kind else { continue };
            let id = self.case.sends.last().map_or(1, |s| s.id + 1);
            numbers.insert(send.id, id);
            self.case.sends.push(Outgoing { id, kind, ..send.clone() });
        }
    }

    fn on_follow(&mut self, follow: &Follow) {
        match follow {
            Follow::Link { from, by, .. } => {
                if !self.case.links.contains(from) {
                    self.case.links.push(*from);
                    self.event(by.as_ref(), Event::Linked { case: *from });
                }
            }
            Follow::Absorb { from, by, .. } => {
                for post in &from.posts {
                    if self.case.post(&post.post.id).is_none() {
                        self.case.posts.push(post.clone());
                    }
                }
                self.case.folded_before += from.folded_posts();
                self.take_published(from);
                self.case.by_hand.extend(from.by_hand.iter().cloned());
                self.case.handoff_open |= from.handoff_open;
                self.case.opened_at = self.case.opened_at.min(from.opened_at);
                if !self.case.links.contains(&from.id) {
                    self.case.links.push(from.id);
                }
                self.event(Some(by), Event::MergedFrom { case: from.id });
                if from.answer_due.is_some() {
                    self.await_answer(self.ctx.policy.deadline.next_response_ms);
                }
            }
        }
    }
}
