//! What is said in Matrix: heard at least once, done exactly once, in its order.
//!
//! ```text
//! sync ─▶ batches ─▶ work: events in order ─▶ Said ─▶ (commit) ─▶ answers ─▶ keep: the cursor
//! ```
//! The library's own sync is at most once: it keeps its place before anybody has seen what came, and it
//! does not fill gaps. So the place is kept here, after the commit of all that was said before it; at
//! the start, and wherever a sync has a gap, the rooms' histories are read from there. What comes twice
//! has the same ids and does nothing twice.

use super::adapter::{self, Shared};
use super::answers::Answers;
use super::read::{self, Envelope, Heard, Me};
use super::session::{Fail, Session, fail};
use super::{invites, rooms, waiting};
use crate::chat::{Memory, Said};
use crate::policy::RoomId;
use matrix_sdk::Room;
use matrix_sdk::config::SyncSettings;
use matrix_sdk::deserialized_responses::{TimelineEvent, VerificationLevel, VerificationState};
use matrix_sdk::room::MessagesOptions;
use matrix_sdk::ruma::api::client::filter::{Filter, FilterDefinition, RoomEventFilter, RoomFilter};
use matrix_sdk::ruma::api::client::sync::sync_events;
use matrix_sdk::ruma::uint;
use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::Instant;

/// Up to where everything was heard.
const STREAM: &str = "matrix:sync";
/// Syncs that wait for their work.
const BATCHES: usize = 16;
/// Batches whose answers are still on their way.
const UNANSWERED: usize = 64;
/// Pages of a hundred events of one room's gap, at most.
const PAGES_MAX: usize = 500;

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
    pub waiting: tokio::sync::Mutex<Vec<waiting::Waiting>>,
    /// What somebody was told, and when: nobody is told the same over and over.
    pub told: Mutex<HashMap<String, Instant>>,
}

/// What one sync brought.
struct Batch {
    /// Where it begins; `None`: nobody knows.
    from: Option<String>,
    to: String,
    /// The first since the start: what came before is read from the rooms' histories.
    first: bool,
    rooms: Vec<(Room, Vec<TimelineEvent>, bool)>,
    invited: bool,
}

/// What the events of one batch share.
pub(super) struct Round {
    /// Answers on their way.
    pub answers: Vec<oneshot::Receiver<()>>,
    /// How long keys are still waited for.
    patience: Duration,
}

impl Round {
    pub(super) fn new(patience: Duration) -> Round {
        Round { answers: Vec::new(), patience }
    }
}

/// What must be answered before a place is kept.
struct Done {
    to: String,
    worth: bool,
    answers: Vec<oneshot::Receiver<()>>,
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
    let hearing = Arc::new(Hearing {
        me: Me { id: session.me.clone(), name },
        waiting: tokio::sync::Mutex::new(waiting::load(&*memory).await?),
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
    let (done, to_keep) = mpsc::channel(UNANSWERED);
    tokio::select! {
        ended = sync(&hearing, batches) => ended,
        ended = work(&hearing, to_work, done) => ended,
        ended = keep(&hearing, to_keep) => ended,
        () = answering => Ok(()),
        () = waiting::keep(&hearing) => Ok(()),
        () = invites::keep(&hearing) => Ok(()),
    }
}

/// What is not for us need not be sent: typing, receipts, presence.
fn filter() -> sync_events::v3::Filter {
    let mut room = RoomFilter::default();
    room.ephemeral = RoomEventFilter::ignore_all();
    // The most that Synapse gives.
    room.timeline.limit = Some(uint!(100));
    let mut filter = FilterDefinition::default();
    filter.presence = Filter::ignore_all();
    filter.room = room;
    filter.into()
}

async fn sync(hearing: &Hearing, batches: mpsc::Sender<Batch>) -> anyhow::Result<()> {
    let pace = hearing.shared.settings.pace;
    let mut from = hearing.memory.cursor(STREAM).await?;
    let (mut first, mut pause) = (true, pace.back_off.0);
    let mut silent: Option<Instant> = None;
    let mut said = false;
    loop {
        let wait = if first { Duration::ZERO } else { pace.sync };
        match hearing.session.client.sync_once(SyncSettings::new().timeout(wait).filter(filter())).await {
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
                    Some((room, update.timeline.events, update.timeline.limited))
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

async fn work(hearing: &Arc<Hearing>, mut batches: mpsc::Receiver<Batch>, done: mpsc::Sender<Done>) -> anyhow::Result<()> {
    while let Some(batch) = batches.recv().await {
        let mut round = Round::new(hearing.shared.settings.pace.keys);
        let mut worth = batch.first;
        if batch.invited {
            hearing.invited.notify_one();
        }
        for (room, events) in hearing.events(&batch).await {
            let id = RoomId::from(room.room_id().as_str());
            for event in events {
                worth |= hearing.event(&room, &id, &event, &mut round).await?;
            }
        }
        if done.send(Done { to: batch.to, worth, answers: round.answers }).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// Keeps the place, once all that was said before it is answered.
async fn keep(hearing: &Hearing, mut done: mpsc::Receiver<Done>) -> anyhow::Result<()> {
    let pace = hearing.shared.settings.pace;
    let mut kept: Option<Instant> = None;
    // What brought nothing is noted now and then: rooms that nobody writes in must not be read from of old.
    let mut pending = false;
    while let Some(next) = done.recv().await {
        for answer in next.answers {
            // It ends by being dropped as well: nobody waits for what could not be said.
            answer.await.ok();
        }
        pending |= next.worth;
        let due = if pending { pace.note } else { pace.note * 30 };
        if kept.is_none_or(|at| at.elapsed() >= due) || (pending && done.is_empty()) {
            hearing.memory.keep(STREAM, next.to).await?;
            (kept, pending) = (Some(Instant::now()), false);
        }
    }
    Ok(())
}

impl Hearing {
    /// The events of a batch, by room, each room's in their order.
    async fn events(&self, batch: &Batch) -> Vec<(Room, Vec<TimelineEvent>)> {
        let mut found = Vec::new();
        if batch.first {
            // The first time ever: what was said before the bot came was not said to it.
            let Some(from) = &batch.from else { return found };
            for room in self.session.client.joined_rooms() {
                let events = self.gap(&room, from, &batch.to).await;
                found.push((room, events));
            }
        } else {
            for (room, events, limited) in &batch.rooms {
                let events = match &batch.from {
                    Some(from) if *limited => self.gap(room, from, &batch.to).await,
                    _ => events.clone(),
                };
                found.push((room.clone(), events));
            }
        }
        // What was said before the bot came into the room, or while it was out, was not said to it.
        for (_, events) in &mut found {
            if let Some(at) = events.iter().rposition(|e| read::is_own_join(&adapter::value(e), &self.session.me)) {
                events.drain(..=at);
            }
        }
        found
    }

    /// Everything in a room from one place to another, however long the homeserver takes to say it.
    async fn gap(&self, room: &Room, from: &str, to: &str) -> Vec<TimelineEvent> {
        let pace = self.shared.settings.pace;
        let (mut events, mut from, mut pause) = (Vec::new(), from.to_owned(), pace.back_off.0);
        let mut pages = 0;
        while pages < PAGES_MAX {
            let mut options = MessagesOptions::forward().from(from.as_str());
            options.to = Some(to.to_owned());
            options.limit = uint!(100);
            match room.messages(options).await {
                Ok(page) => {
                    pages += 1;
                    events.extend(page.chunk);
                    match page.end {
                        // A page may be empty for what it leaves out, with more behind it.
                        Some(end) if end != from => from = end,
                        _ => return events,
                    }
                }
                Err(error) => match fail(&error) {
                    // The room was left meanwhile, or the place is none of this homeserver's.
                    trouble @ (Fail::Code(_) | Fail::NotIn) => {
                        tracing::warn!(room = %room.room_id(), why = trouble.why(), "what was missed in a room cannot be read");
                        return events;
                    }
                    trouble => {
                        let wish = if let Fail::Limited(ms) = trouble { Duration::from_millis(ms.unsigned_abs()) } else { pause };
                        tokio::time::sleep(wish.max(pause)).await;
                        pause = (pause * 2).min(pace.back_off.1);
                    }
                },
            }
        }
        tracing::warn!(room = %room.room_id(), "a very long gap: what is newer was not read");
        events
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
        let Some(envelope) = read::envelope(&json) else { return Ok(false) };
        // Encrypted by one person, and said by the homeserver to come from another.
        let state = event.encryption_info().map(|info| &info.verification_state);
        if matches!(state, Some(VerificationState::Unverified(VerificationLevel::MismatchedSender))) {
            tracing::warn!(room = id.as_str(), event = envelope.id, "a message is not from whom the homeserver says: it is not obeyed");
            return Ok(false);
        }
        match read::read(&json, &self.session.me) {
            Heard::Nothing => Ok(false),
            Heard::Room => {
                self.shared.rooms.forget(id);
                if self.shared.settings.watched().contains(id)
                    && let Err(fail) = rooms::refresh(&self.shared, &self.session, id).await
                {
                    tracing::warn!(room = id.as_str(), why = fail.why(), "a room could not be looked at");
                }
                Ok(false)
            }
            Heard::Replaced { by } => {
                if self.shared.settings.watched().contains(id) {
                    tracing::error!(
                        room = id.as_str(),
                        by,
                        "a room of the team's was replaced by another: put that one's id into bot.toml and start anew"
                    );
                    round.answers.push(self.tell_replaced(id, &envelope, &by).await);
                }
                Ok(true)
            }
            Heard::Sealed => self.sealed(room, id, &envelope, round).await,
            Heard::Text(text) => self.text(room, id, &envelope, text, round).await,
            Heard::Reaction { target, key } => self.reaction(room, id, &envelope, target, key, round).await,
            Heard::Redacted { target } => self.redacted(room, id, &envelope, &target, round).await,
        }
    }

    /// What cannot be decrypted: its key may be on its way. What follows waits for it a moment, then goes first. All
    /// that one batch holds of it waits no longer than one alone.
    async fn sealed(self: &Arc<Self>, room: &Room, id: &RoomId, envelope: &Envelope, round: &mut Round) -> anyhow::Result<bool> {
        let step = (self.shared.settings.pace.keys / 6).max(Duration::from_millis(50));
        while !round.patience.is_zero() {
            let pause = step.min(round.patience);
            round.patience -= pause;
            tokio::time::sleep(pause).await;
            if let Some(opened) = waiting::open(room, &envelope.id).await {
                return Box::pin(self.event(room, id, &opened, round)).await.map(|_| true);
            }
        }
        waiting::put(self, id, envelope).await?;
        round.answers.extend(self.tell_sealed(room, id, envelope).await);
        Ok(true)
    }
}
