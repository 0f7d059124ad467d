//! What a case is: the aggregate's state, as the store keeps it.
//!
//! Written by [`super::step`] alone. Records on disk are JSON of these very types inside a sealed
//! envelope; a field added later needs `#[serde(default)]`, a changed one a new format version.

use super::event::Event;
use super::outgoing::{Draft, Outgoing, SendState};
use super::status::Status;
use crate::clock::Time;
use crate::intake::{Reason, Tone};
use crate::policy::{AgentId, DmRoute, Lang, Policy, RoomId};
use crate::post::{Account, Author, AuthorId, Network, Post, PostId, PostRef};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The team that a case belongs to. One bot can serve several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeskId(pub u32);

/// A case's number for staff: `#42`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CaseId(pub u64);

impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// What makes a case one: a conversation and its customer.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CaseKey {
    /// The team.
    pub desk: DeskId,
    /// Where.
    pub network: Network,
    /// The root of the conversation.
    pub root: PostId,
    /// Whose case it is.
    pub customer: AuthorId,
}

/// How soon somebody should act.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// When there is time: thanks, praise.
    Low,
    /// A question.
    #[default]
    Normal,
    /// Anger, or an audience.
    High,
    /// Both.
    Urgent,
}

impl Priority {
    /// All, lowest first.
    pub const ALL: [Priority; 4] = [Priority::Low, Priority::Normal, Priority::High, Priority::Urgent];
    /// Index from 0 (low) to 3 (urgent).
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }
    /// `steps` higher, at most urgent.
    #[must_use]
    pub fn raised(self, steps: usize) -> Priority {
        Self::ALL[(self.index() + steps).min(3)]
    }
}

/// Who a post of the conversation is by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Voice {
    /// The customer.
    Customer,
    /// Somebody else in the conversation.
    Other,
    /// The brand, through sereno.
    Us,
    /// The brand, not through sereno.
    Outside,
}

/// A post as part of a case. Its text goes when its author deletes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CasePost {
    /// Who speaks.
    pub voice: Voice,
    /// The post; text, warning and media empty once deleted.
    pub post: Post,
    /// When sereno first saw it.
    pub seen_at: Time,
    /// When its author took it away.
    pub deleted_at: Option<Time>,
    /// How often its text changed.
    pub edits: u32,
    /// When we last heard that it was changed or deleted.
    pub changed_at: Option<Time>,
    /// Other names of it: ids on the servers of our other accounts that saw it too.
    #[serde(default)]
    pub also: Vec<PostRef>,
}

impl CasePost {
    /// Whether `name` is one of its names.
    #[must_use]
    pub fn is_called(&self, name: &PostRef) -> bool {
        match name {
            PostRef::World(id) => &self.post.id == id,
            PostRef::Local { account, local_id } => {
                (&self.post.local_id == local_id && &self.post.account == account) || self.also.contains(name)
            }
        }
    }
}

/// A run of posts that a case no longer keeps; what they said stands in the chat alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Folded {
    /// Index of the first of them.
    pub from: usize,
    /// How many.
    pub count: usize,
}

/// What kind of place a case has in the chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlaceKind {
    /// The thread staff work in.
    Home,
    /// Where its private messages are shown.
    Private,
    /// Inside a storm's thread.
    Folded,
    /// Where it used to be.
    Former,
}

/// Where a case stands in the team's chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The room.
    pub room: RoomId,
    /// The card's message id, which is the thread's; `None` until the card's receipt came.
    pub thread: Option<String>,
    /// What kind.
    pub kind: PlaceKind,
}

/// A chat message that shows a post or private text of the case, kept so that it can be changed or redacted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// Index into `places`.
    pub place: usize,
    /// The event it shows.
    pub event: u32,
    /// Index of the post that the event shows, if it shows one.
    #[serde(with = "post_or_none")]
    pub post: Option<usize>,
    /// The chat's id of the message.
    pub message: String,
    /// Whether it shows private text where its room may show any.
    pub private: bool,
}

/// On disk always a number, as it once was, so that every sereno of this format reads it: "no post" is one that no
/// post has. Some wrote `null` for that; it is read.
mod post_or_none {
    use serde::{Deserialize, Deserializer, Serializer};

    const NONE: u32 = u32::MAX;

    #[expect(clippy::ref_option, reason = "serde asks for it so")]
    pub(super) fn serialize<S: Serializer>(post: &Option<usize>, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(post.map_or_else(|| NONE.into(), |post| post as u64))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<usize>, D::Error> {
        let post = Option::<usize>::deserialize(from)?;
        Ok(post.filter(|post| u32::try_from(*post) != Ok(NONE)))
    }
}

/// How a case was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// By the agent.
    ByAgent,
    /// The customer said so.
    ByCustomer,
}

/// What `undo` would take back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undoable {
    /// Who did it.
    pub by: AgentId,
    /// When.
    pub at: Time,
    /// The verb.
    pub verb: String,
    /// Status before.
    pub status: Status,
    /// Owner before.
    pub owner: Option<AgentId>,
    /// Priority before.
    pub priority: Priority,
    /// Snooze before.
    pub snoozed_until: Option<Time>,
    /// Resolution before.
    pub resolution: Option<Resolution>,
    /// When it was closed before.
    #[serde(default)]
    pub resolved_at: Option<Time>,
    /// Whether staff had set the priority before.
    #[serde(default)]
    pub priority_fixed: bool,
    /// By when an answer was due before.
    #[serde(default)]
    pub answer_due: Option<Time>,
    /// Why it was in quarantine before.
    #[serde(default)]
    pub hidden_because: Option<Reason>,
    /// Whether a private conversation was open before.
    #[serde(default)]
    pub handoff_open: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// One conversation of one customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// Number for staff.
    pub id: CaseId,
    /// Code for the customer.
    pub code: String,
    /// Which conversation, whose.
    pub key: CaseKey,
    /// Goes up by one with every commit; 0 before the first.
    pub version: u64,
    /// Where it stands.
    pub status: Status,
    /// The account that answers by default.
    pub account: Account,
    /// The customer, as last seen.
    pub customer: Author,
    /// Other cases of this customer before this one.
    pub earlier_cases: u32,
    /// Who took it.
    pub owner: Option<AgentId>,
    /// How soon.
    pub priority: Priority,
    /// Whether staff set the priority, so that weighing no longer changes it.
    pub priority_fixed: bool,
    /// Why that priority.
    pub reasons: Vec<Reason>,
    /// How the customer sounds.
    pub tone: Tone,
    /// Language the customer writes in.
    pub lang: String,
    /// Language of its threads.
    pub speaks: Lang,
    /// Labels.
    pub tags: Vec<String>,
    /// The conversation, oldest first as seen, but for what is folded. What names a post by its index
    /// means its place among all of them: [`Case::post_at`].
    pub posts: Vec<CasePost>,
    /// Which of its posts are folded: bystanders' in a long conversation. By index, with gaps between.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub folded: Vec<Folded>,
    /// Posts that cases merged into this one had folded before.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub folded_before: usize,
    /// Drafts.
    pub drafts: Vec<Draft>,
    /// Sends.
    pub sends: Vec<Outgoing>,
    /// Where answers stand that people wrote on the network itself and told of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by_hand: Vec<String>,
    /// Rooms and threads.
    pub places: Vec<Place>,
    /// Chat messages that show posts.
    pub shown: Vec<Shown>,
    /// When the first post was written (at most when it was seen).
    pub opened_at: Time,
    /// When anything last happened.
    pub touched_at: Time,
    /// First answer of the brand, by whichever way.
    pub first_answer_at: Option<Time>,
    /// By when an answer is due; `None` while the customer is next.
    pub answer_due: Option<Time>,
    /// Whether the miss of that deadline was said.
    pub overdue_said: bool,
    /// Put off until then.
    pub snoozed_until: Option<Time>,
    /// When it was closed.
    pub resolved_at: Option<Time>,
    /// How it was closed.
    pub resolution: Option<Resolution>,
    /// Why it is in quarantine.
    pub hidden_because: Option<Reason>,
    /// A private conversation is open.
    pub handoff_open: bool,
    /// Cases that belong with this one.
    pub links: Vec<CaseId>,
    /// Where it went on.
    pub merged_into: Option<CaseId>,
    /// What `undo` takes back.
    pub undoable: Option<Undoable>,
    /// Number of events so far: the next event's number.
    pub events: u32,
    /// How often the customer's posts were passed on, as far as we know.
    pub reposts: u64,
    /// Events that happened while the case had no place to show them.
    pub unshown: Vec<u32>,
}

impl Case {
    /// The send with this number.
    #[must_use]
    pub fn send(&self, id: u32) -> Option<&Outgoing> {
        self.sends.iter().find(|s| s.id == id)
    }
    /// The send that can still reach the network, if any: there is at most one.
    #[must_use]
    pub fn live_send(&self) -> Option<&Outgoing> {
        self.sends.iter().find(|s| s.state.is_live())
    }
    /// The draft being worked on.
    #[must_use]
    pub fn current_draft(&self) -> Option<&Draft> {
        self.drafts.last().filter(|d| !d.closed)
    }
    /// The place of this kind.
    #[must_use]
    pub fn place(&self, kind: PlaceKind) -> Option<(usize, &Place)> {
        self.places.iter().enumerate().find(|(_, p)| p.kind == kind)
    }
    /// A post of this conversation, with its index.
    #[must_use]
    pub fn post(&self, id: &PostId) -> Option<(usize, &CasePost)> {
        let (place, post) = self.posts.iter().enumerate().find(|(_, p)| &p.post.id == id)?;
        Some((self.index_of(place), post))
    }
    /// Whether a post of this id stands, or stood, in this conversation: somebody's, or a send of ours.
    #[must_use]
    pub fn holds(&self, id: &PostId) -> bool {
        let sent = |s: &Outgoing| matches!(&s.state, SendState::Published { id: published, .. } if published == id);
        self.post(id).is_some() || self.sends.iter().any(sent)
    }
    /// The post of this index, unless it is folded.
    #[must_use]
    pub fn post_at(&self, index: usize) -> Option<&CasePost> {
        self.posts.get(self.place_of(index)?)
    }
    /// The post of this index, to be changed.
    pub fn post_at_mut(&mut self, index: usize) -> Option<&mut CasePost> {
        let place = self.place_of(index)?;
        self.posts.get_mut(place)
    }
    /// The index of the post at this place of `posts`; of the next one, where none stands there yet.
    #[must_use]
    pub fn index_of(&self, place: usize) -> usize {
        self.folded.iter().fold(place, |index, f| if f.from <= index { index + f.count } else { index })
    }
    fn place_of(&self, index: usize) -> Option<usize> {
        let before = self.folded.iter().take_while(|f| f.from <= index);
        before.clone().all(|f| f.from + f.count <= index).then(|| index - before.map(|f| f.count).sum::<usize>())
    }
    /// How many of its posts are folded.
    #[must_use]
    pub fn folded_posts(&self) -> usize {
        self.folded_before + self.folded.iter().map(|f| f.count).sum::<usize>()
    }
    /// Folds the post of this index: it is counted, and no longer kept.
    pub(super) fn fold(&mut self, index: usize) {
        let Some(place) = self.place_of(index).filter(|p| *p < self.posts.len()) else { return };
        self.posts.remove(place);
        let at = self.folded.partition_point(|f| f.from < index);
        self.folded.insert(at, Folded { from: index, count: 1 });
        self.folded.dedup_by(|next, f| {
            let joined = f.from + f.count == next.from;
            f.count += if joined { next.count } else { 0 };
            joined
        });
    }
    /// The customer's latest post that still stands; `private`: DMs only, else public only. By when
    /// it was written: posts can come late, and a merge brings older ones in behind newer ones.
    #[must_use]
    pub fn latest_of_customer(&self, private: bool) -> Option<&CasePost> {
        let theirs = |p: &CasePost| p.voice == Voice::Customer && p.deleted_at.is_none() && p.post.is_dm() == private;
        let latest = self.posts.iter().enumerate().filter(|(_, p)| theirs(p)).max_by_key(|(i, p)| (p.post.created_at, *i));
        latest.map(|(_, p)| p)
    }
    /// How a private conversation with the customer can begin now.
    #[must_use]
    pub fn route(&self, policy: &Policy, now: Time) -> DmRoute {
        let of_network = || policy.accounts.get(&self.account).map(|a| a.capabilities.dm_route.clone()).unwrap_or_default();
        self.customer.route.clone().unwrap_or_else(of_network).at(now)
    }
    /// Whether the customer was asked in public to write to us in private, and has not yet.
    #[must_use]
    pub fn is_invited(&self) -> bool {
        let asked = |s: &Outgoing| s.invites && matches!(s.state, SendState::Published { .. });
        !self.handoff_open && self.status.is_open() && self.sends.iter().any(asked)
    }
    /// When the case next wants to be woken.
    #[must_use]
    pub fn next_wake(&self) -> Option<Time> {
        let snooze = self.snoozed_until.filter(|_| self.status == Status::Snoozed);
        let due = self.answer_due.filter(|_| self.status.is_open() && self.status != Status::Snoozed && !self.overdue_said);
        snooze.into_iter().chain(due).min()
    }
}

/// An event as the store keeps it, with its place in the case's trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRecord {
    /// Whose.
    pub case: CaseId,
    /// Its number within the case, from 0.
    pub n: u32,
    /// When.
    pub at: Time,
    /// By whom; `None`: the network, the customer or the clock.
    pub by: Option<AgentId>,
    /// What.
    pub event: Event,
}
