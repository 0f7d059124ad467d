//! What is said in Matrix: heard at least once, done exactly once, in its order.
//!
//! ```text
//! sync ─▶ batches ─▶ work: events in order ─▶ Said ─▶ (commit) ─▶ answers ─▶ keep: the cursor
//!    └───▶ gaps: rooms' histories ─▲
//! ```
//! The library's own sync is at most once: it keeps its place before anybody has seen what came, and it
//! does not fill gaps. So the place is kept here, after the commit of all that was said before it; at
//! the start, and wherever a sync has a gap, the rooms' histories are read from there (`gaps`). What comes
//! twice has the same ids and does nothing twice.

use super::adapter::{self, Shared};
use super::answers::Answers;
use super::read::{self, Envelope, Heard, Me};
use super::session::{Fail, Session, fail};
use super::{gaps, invites, rooms, waiting};
use crate::chat::{Memory, Said};
use crate::clock::Time;
use crate::policy::RoomId;
use matrix_sdk::Room;
use matrix_sdk::config::SyncSettings;
use matrix_sdk::deserialized_responses::{TimelineEvent, VerificationLevel, VerificationState};
use matrix_sdk::ruma::api::client::filter::{Filter, FilterDefinition, RoomEventFilter, RoomFilter};
use matrix_sdk::ruma::api::client::sync::sync_events;
use matrix_sdk::ruma::{UserId, uint};
use matrix_sdk::sync::State;
use serde_json::Value;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::Instant;

/// Up to where everything was heard.
const STREAM: &str = "matrix:sync";
/// Syncs that wait for their work.
const BATCHES: usize = 16;
/// Batches whose answers are still on their way; then several are kept as one.
const UNANSWERED: usize = 64;
/// Gaps that were read and wait for their turn.
const GAPS: usize = 4;

/// Everything that hears Matrix while the bot runs.
pub(super) struct Hearing {
    pub shared: Arc<Shared>,
    pub session: Arc<Session>,
    pub memory: Arc<dyn Memory>,
    pub inbox: mpsc::Sender<Said>,
    pub answers: Answers,
    pub me: Me,
    /// New keys may have come: what could not be decrypted is tried again.
    pub keys: Notify,
    /// Somebody may have invited the bot.
    pub invited: Notify,
    pub waiting: waiting::List,
    pub gaps: gaps::Gaps,
    /// Held while one event is done: what could not be decrypted is done between others, not beside them.
    order: tokio::sync::Mutex<()>,
    /// What somebody was told, and when: nobody is told the same over and over.
    pub told: Mutex<HashMap<String, Instant>>,
}

/// Whether the bot came into a room by this: its own events are not in the timeline.
fn came_in(state: &State, me: &str) -> bool {
    let (State::Before(events) | State::After(events)) = state;
    events.iter().any(|event| serde_json::from_str(event.json().get()).is_ok_and(|event: Value| read::is_own_join(&event, me)))
}

/// What one sync brought.
pub(super) struct Batch {
    /// Where it begins; `None`: nobody knows.
    pub from: Option<String>,
    pub to: String,
    /// The first since the start: what came before is read from the rooms' histories.
    pub first: bool,
    /// By room, and whether there is more that it does not hold.
    pub rooms: Vec<(Room, Vec<TimelineEvent>, bool)>,
    invited: bool,
}

/// What the events of one batch share.
pub(super) struct Round {
    /// Answers on their way.
    pub answers: Vec<oneshot::Receiver<()>>,
    /// How long keys are still waited for.
    patience: Duration,
    /// Since when what is done could be read, where that was long after it was said.
    late: Option<Time>,
}

impl Round {
    pub(super) fn new(patience: Duration) -> Round {
        Round { answers: Vec::new(), patience, late: None }
    }

    /// For one event that could be read by then at last.
    pub(super) fn late(at: Time) -> Round {
        Round { late: Some(at), ..Round::new(Duration::ZERO) }
    }
}

/// What must be answered before a place is kept, or gaps are closed.
#[derive(Default)]
struct Done {
    to: Option<String>,
    worth: bool,
    answers: Vec<oneshot::Receiver<()>>,
    closed: Vec<gaps::Closed>,
}

/// Hears until the chat or the bot ends.
pub(super) async fn run(
    shared: Arc<Shared>,
    session: Arc<Session>,
    inbox: mpsc::Sender<Said>,
    memory: Arc<dyn Memory>,
) -> anyhow::Result<()> {
    let name = session.client.account().get_display_name().await.ok().flatten();
    let (answers, answering) = Answers::new(Arc::clone(&shared), Arc::clone(&session));
    let (waiting, done_late) = waiting::List::load(&*memory).await?;
    let (gaps, to_read) = gaps::Gaps::load(&*memory).await?;
    let hearing = Arc::new(Hearing {
        me: Me { id: session.me.clone(), name },
        waiting,
        gaps,
        order: tokio::sync::Mutex::default(),
        shared,
        session,
        memory,
        inbox,
        answers,
        keys: Notify::new(),
        invited: Notify::new(),
        told: Mutex::default(),
    });
    let (batches, to_work) = mpsc::channel(BATCHES);
    let (found, to_fill) = mpsc::channel(GAPS);
    let (done, to_keep) = mpsc::channel(UNANSWERED);
    tokio::select! {
        ended = sync(&hearing, batches) => ended,
        ended = gaps::keep(&hearing, to_read, found) => ended,
        ended = work(&hearing, to_work, to_fill, done) => ended,
        ended = keep(&hearing, to_keep) => ended,
        ended = answering => ended,
        ended = waiting::keep(&hearing) => ended,
        ended = waiting::settle(&hearing, done_late) => ended,
        () = invites::keep(&hearing) => Ok(()),
    }
}

/// What is not for us need not be sent: typing, receipts, presence, what we said ourselves. Each message of ours would
/// end the wait for news, and all of the library's keys would be gone through for it.
fn filter(me: &UserId) -> sync_events::v3::Filter {
    let mut room = RoomFilter::default();
    room.ephemeral = RoomEventFilter::ignore_all();
    // The most that Synapse gives.
    room.timeline.limit = Some(uint!(100));
    room.timeline.not_senders = vec![me.to_owned()];
    let mut filter = FilterDefinition::default();
    filter.presence = Filter::ignore_all();
    filter.room = room;
    filter.into()
}

async fn sync(hearing: &Hearing, batches: mpsc::Sender<Batch>) -> anyhow::Result<()> {
    let pace = hearing.shared.settings.pace;
    let me = UserId::parse(&hearing.session.me)?;
    let mut from = hearing.memory.cursor(STREAM).await?;
    let (mut first, mut pause) = (true, pace.back_off.0);
    let mut silent: Option<Instant> = None;
    let mut said = false;
    loop {
        let wait = if first { Duration::ZERO } else { pace.sync };
        match hearing.session.client.sync_once(SyncSettings::new().timeout(wait).filter(filter(&me))).await {
            Ok(response) => {
                (pause, silent) = (pace.back_off.0, None);
                hearing.shared.synced.store(true, Ordering::Release);
                if std::mem::take(&mut said) {
                    tracing::info!("the homeserver answers again");
                }
                if !response.to_device.is_empty() {
                    hearing.keys.notify_one();
                }
                let invited = !response.rooms.invited.is_empty() || first;
                let to = response.next_batch;
                let rooms = response.rooms.joined.into_iter().filter_map(|(id, update)| {
                    let room = hearing.session.client.get_room(&id)?;
                    // What was said before it came there is told apart in the room's history alone.
                    let limited = update.timeline.limited || came_in(&update.state, me.as_str());
                    Some((room, update.timeline.events, limited))
                });
                let batch = Batch { from: from.replace(to.clone()), to, first, rooms: rooms.collect(), invited };
                first = false;
                if batches.send(batch).await.is_err() {
                    return Ok(());
                }
            }
            Err(error) => {
                let trouble = fail(&error);
                if let Fail::Auth(why) = &trouble {
                    anyhow::bail!("the homeserver no longer takes the bot's session ({why}): `sereno check` says what to do");
                }
                let since = *silent.get_or_insert_with(Instant::now);
                if since.elapsed() > pace.say_after && !std::mem::replace(&mut said, true) {
                    tracing::error!(why = trouble.why(), "the homeserver has not answered for a while; nothing is lost, it is tried again");
                }
                let wish = if let Fail::Limited(ms) = trouble { Duration::from_millis(ms.unsigned_abs()) } else { pause };
                tokio::time::sleep(wish.clamp(pause, pace.back_off.1)).await;
                pause = (pause * 2).min(pace.back_off.1);
            }
        }
    }
}

async fn work(
    hearing: &Arc<Hearing>,
    mut batches: mpsc::Receiver<Batch>,
    mut gaps: mpsc::Receiver<gaps::Found>,
    done: mpsc::Sender<Done>,
) -> anyhow::Result<()> {
    loop {
        let mut round = Round::new(hearing.shared.settings.pace.keys);
        let next = tokio::select! {
            // What was said first.
            biased;
            Some(found) = gaps.recv() => {
                let closed = gaps::fill(hearing, found, &mut round).await?;
                Done { worth: true, closed: closed.into_iter().collect(), ..Done::default() }
            }
            batch = batches.recv() => match batch {
                Some(batch) => heard(hearing, batch, &mut round).await?,
                None => return Ok(()),
            }
        };
        if done.send(Done { answers: round.answers, ..next }).await.is_err() {
            return Ok(());
        }
    }
}

/// Does what one sync brought.
async fn heard(hearing: &Arc<Hearing>, batch: Batch, round: &mut Round) -> anyhow::Result<Done> {
    if batch.invited {
        hearing.invited.notify_one();
    }
    let (to, mut worth) = (batch.to.clone(), batch.first);
    for (room, events) in gaps::sift(hearing, batch).await? {
        let id = RoomId::from(room.room_id().as_str());
        for event in events {
            let _turn = hearing.turn().await;
            worth |= hearing.event(&room, &id, &event, round).await?;
        }
    }
    Ok(Done { to: Some(to), worth, ..Done::default() })
}

/// Keeps the place, once all that was said before it is answered.
async fn keep(hearing: &Hearing, mut done: mpsc::Receiver<Done>) -> anyhow::Result<()> {
    let pace = hearing.shared.settings.pace;
    let mut kept: Option<Instant> = None;
    // What brought nothing is noted now and then: rooms that nobody writes in must not be read from of old.
    let mut pending = false;
    let mut place = None;
    let mut open: VecDeque<Done> = VecDeque::new();
    loop {
        // One room that answers slowly holds up the place, and nothing that is heard.
        tokio::select! {
            next = done.recv() => match next {
                Some(next) => behind(&mut open, next),
                None => return Ok(()),
            },
            () = answered(open.front_mut()) => {
                let Some(next) = open.pop_front() else { continue };
                pending |= next.worth;
                place = next.to.or(place);
                hearing.gaps.close(&next.closed, &*hearing.memory).await?;
                let due = if pending { pace.note } else { pace.note * 30 };
                if (kept.is_none_or(|at| at.elapsed() >= due) || (pending && open.is_empty() && done.is_empty()))
                    && let Some(to) = place.take()
                {
                    hearing.memory.keep(STREAM, to).await?;
                    (kept, pending) = (Some(Instant::now()), false);
                }
            }
        }
    }
}

/// Puts what was done behind all before it; together with the last where it waits for no answer of its own, or where
/// too many wait.
fn behind(open: &mut VecDeque<Done>, next: Done) {
    let many = open.len() >= UNANSWERED;
    match open.back_mut() {
        Some(last) if many || next.answers.is_empty() => {
            last.to = next.to.or(last.to.take());
            last.worth |= next.worth;
            last.answers.extend(next.answers);
            last.closed.extend(next.closed);
        }
        _ => open.push_back(next),
    }
}

/// Waits until all answers were given; for ever, where there is nothing to wait for.
async fn answered(done: Option<&mut Done>) {
    let Some(done) = done else { return std::future::pending().await };
    while let Some(answer) = done.answers.last_mut() {
        // It ends by being dropped as well: nobody waits for what could not be said.
        answer.await.ok();
        done.answers.pop();
    }
}

/// Whether it was encrypted by one person, and said by the homeserver to come from another.
pub(super) fn is_forged(state: &VerificationState) -> bool {
    matches!(state, VerificationState::Unverified(VerificationLevel::MismatchedSender))
}

impl Hearing {
    /// Takes its turn among all that is done.
    pub(super) async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.order.lock().await
    }

    /// One event: does what it asks for, and says whether it asked for anything.
    ///
    /// # Errors
    /// The bot stops, or cannot keep anything: what was heard is heard again.
    pub(super) async fn event(
        self: &Arc<Self>,
        room: &Room,
        id: &RoomId,
        event: &TimelineEvent,
        round: &mut Round,
    ) -> anyhow::Result<bool> {
        let json = adapter::value(event);
        let Some(mut envelope) = read::envelope(&json) else { return Ok(false) };
        match (round.late, event.encryption_info().and_then(|info| info.session_id())) {
            // Nothing was answered before it could be read.
            (Some(at), _) => envelope.at = at.0,
            // What was said before it, under the same key, can be read by now as well.
            (None, Some(session)) if !waiting::clear_way(self, id, session, None).await? => {
                // Nor is anything said while the homeserver does not tell what was said before it.
                if self.concerns(&json) && self.may_act(room, &envelope.sender).await {
                    waiting::put(self, id, &envelope, session).await?;
                    return Ok(true);
                }
            }
            (None, _) => {}
        }
        if event.encryption_info().is_some_and(|info| is_forged(&info.verification_state)) {
            tracing::warn!(room = id.as_str(), event = envelope.id, "a message is not from whom the homeserver says: it is not obeyed");
            return Ok(false);
        }
        match read::read(&json, &self.session.me) {
            Heard::Nothing => Ok(false),
            Heard::Room => {
                self.shared.rooms.forget(id);
                if self.shared.watched().await.contains(id)
                    && let Err(fail) = rooms::refresh(&self.shared, &self.session, id).await
                {
                    tracing::warn!(room = id.as_str(), why = fail.why(), "a room could not be looked at");
                }
                Ok(false)
            }
            Heard::Replaced { by } => {
                if self.shared.watched().await.contains(id) {
                    tracing::error!(
                        room = id.as_str(),
                        by,
                        "a room of the team's was replaced by another: put that one's id into bot.toml and start anew"
                    );
                    round.answers.push(self.tell_replaced(id, &envelope, &by).await);
                }
                Ok(true)
            }
            Heard::Sealed { session } => self.sealed(room, id, &envelope, &session, round).await,
            Heard::Text(text) => self.text(room, id, &envelope, text, round).await,
            Heard::Reaction { target, key } => self.reaction(room, id, &envelope, target, key, round).await,
            Heard::Redacted { target } => self.redacted(room, id, &envelope, &target, round).await,
        }
    }

    /// What cannot be decrypted: its key may be on its way. What follows waits for it a moment, then goes first. All
    /// that one batch holds of it waits no longer than one alone, and nothing is held up again for the same key.
    async fn sealed(
        self: &Arc<Self>,
        room: &Room,
        id: &RoomId,
        envelope: &Envelope,
        session: &str,
        round: &mut Round,
    ) -> anyhow::Result<bool> {
        // What somebody says who may not act is nothing to wait for, and pushes nothing out.
        if !self.may_act(room, &envelope.sender).await {
            return Ok(false);
        }
        if self.waiting.awaits(session).await {
            round.patience = Duration::ZERO;
        }
        let step = (self.shared.settings.pace.keys / 6).max(Duration::from_millis(50));
        while !round.patience.is_zero() {
            let pause = step.min(round.patience);
            round.patience -= pause;
            tokio::time::sleep(pause).await;
            if let Ok(Some(opened)) = waiting::open(room, &envelope.id).await {
                return Box::pin(self.event(room, id, &opened, round)).await.map(|_| true);
            }
        }
        waiting::put(self, id, envelope, session).await?;
        round.answers.extend(self.tell_sealed(id, envelope).await);
        Ok(true)
    }
}
