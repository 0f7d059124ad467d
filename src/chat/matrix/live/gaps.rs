//! Gaps: what was said in a room while nobody heard it, read from its history, each room by itself.
//!
//! ```text
//! sync: first, limited ─▶ open (kept) ─▶ read, again and again ─▶ work ─▶ answers ─▶ closed
//! ```
//! Until a room's gap is read, nothing newer of that room is done: what was said first is done first. Other rooms
//! are heard meanwhile. A gap is kept until all of it is answered, so that the place kept for all rooms may pass it.

use super::adapter;
use super::answers::Reply;
use super::hearing::{Batch, Hearing, Round};
use super::read::{self, Heard};
use super::session::{Fail, fail};
use super::{deliver, render};
use crate::chat::Memory;
use crate::policy::RoomId;
use crate::say::{Say, Why};
use matrix_sdk::Room;
use matrix_sdk::deserialized_responses::TimelineEvent;
use matrix_sdk::room::MessagesOptions;
use matrix_sdk::ruma::uint;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, Semaphore, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Where those that are open are kept.
const STREAM: &str = "matrix:gaps";
/// Histories that are read at once.
const AT_ONCE: usize = 4;
/// After so many pages of a hundred events it is said that it takes long.
const MANY_PAGES: usize = 500;
/// What syncs bring of a room meanwhile, at most: it is of use only where the gap itself cannot be read.
const NEWER_MAX: usize = 1_000;

/// What was missed in a room.
struct Gap {
    /// Where it begins.
    from: String,
    /// Up to where syncs tell of it; `None`: it was done, and its answers are on their way.
    to: Option<String>,
    /// What syncs brought of the room meanwhile.
    newer: Vec<TimelineEvent>,
    /// How often it was done.
    times: u32,
}

/// A part of a room's history that is to be read.
struct Wanted {
    room: RoomId,
    from: String,
    to: String,
}

/// What was found there.
pub(super) struct Found {
    room: RoomId,
    from: String,
    to: String,
    events: Vec<TimelineEvent>,
    /// Why there may be more that nobody reads.
    lost: Option<Why>,
}

/// All that is done of a gap: which, for the how manieth time.
pub(super) type Closed = (RoomId, u32);

/// All gaps.
pub(super) struct Gaps {
    open: Mutex<BTreeMap<RoomId, Gap>>,
    wanted: mpsc::UnboundedSender<Wanted>,
    at_once: Semaphore,
}

/// The way of what is to be read.
pub(super) struct ToRead(mpsc::UnboundedReceiver<Wanted>);

impl Gaps {
    /// Those that were open when the bot last ended.
    pub(super) async fn load(memory: &dyn Memory) -> anyhow::Result<(Gaps, ToRead)> {
        let kept = memory.cursor(STREAM).await?;
        let kept: BTreeMap<RoomId, String> = kept.and_then(|k| serde_json::from_str(&k).ok()).unwrap_or_default();
        let open = kept.into_iter().map(|(room, from)| (room, Gap { from, to: None, newer: Vec::new(), times: 0 }));
        let (wanted, to_read) = mpsc::unbounded_channel();
        Ok((Gaps { open: Mutex::new(open.collect()), wanted, at_once: Semaphore::new(AT_ONCE) }, ToRead(to_read)))
    }

    async fn save(open: &BTreeMap<RoomId, Gap>, memory: &dyn Memory) -> anyhow::Result<()> {
        let kept: BTreeMap<&RoomId, &String> = open.iter().map(|(room, gap)| (room, &gap.from)).collect();
        memory.keep(STREAM, serde_json::to_string(&kept)?).await
    }

    /// Keeps in mind no longer what was answered by now.
    pub(super) async fn close(&self, closed: &[Closed], memory: &dyn Memory) -> anyhow::Result<()> {
        let mut open = self.open.lock().await;
        let before = open.len();
        for (room, times) in closed {
            if open.get(room).is_some_and(|gap| gap.to.is_none() && gap.times == *times) {
                open.remove(room);
            }
        }
        if open.len() == before { Ok(()) } else { Gaps::save(&open, memory).await }
    }
}

/// Takes what a sync brought, and gives back what of it may be done at once: what belongs to a gap waits for that.
pub(super) async fn sift(hearing: &Hearing, batch: Batch) -> anyhow::Result<Vec<(Room, Vec<TimelineEvent>)>> {
    let mut open = hearing.gaps.open.lock().await;
    let mut wanted = Vec::new();
    // The first time ever: what was said before the bot came was not said to it.
    let mut missed: Vec<RoomId> = Vec::new();
    if batch.first {
        let joined: Vec<RoomId> = hearing.session.client.joined_rooms().iter().map(|r| RoomId::from(r.room_id().as_str())).collect();
        open.retain(|room, _| joined.contains(room));
        missed = joined;
    }
    missed.extend(batch.rooms.iter().filter(|(_, _, limited)| *limited && !batch.first).map(|(r, ..)| RoomId::from(r.room_id().as_str())));
    for room in missed {
        let Some(from) = &batch.from else { continue };
        let gap = open.entry(room.clone()).or_insert_with(|| Gap { from: from.clone(), to: None, newer: Vec::new(), times: 0 });
        if gap.to.is_none() {
            // At the start it may be older than the place that was kept.
            let from = if batch.first { &gap.from } else { from };
            wanted.push(Wanted { room, from: from.clone(), to: batch.to.clone() });
            gap.to = Some(batch.to.clone());
        }
    }
    let mut at_once = Vec::new();
    for (room, events, _) in batch.rooms {
        match open.get_mut(&RoomId::from(room.room_id().as_str())).filter(|gap| gap.to.is_some()) {
            Some(gap) => {
                gap.to = Some(batch.to.clone());
                gap.newer.extend(events);
                let many = gap.newer.len().saturating_sub(NEWER_MAX);
                gap.newer.drain(..many);
            }
            None if batch.first => {}
            None => at_once.push((room, hearing.said_to_us(events))),
        }
    }
    if !wanted.is_empty() {
        Gaps::save(&open, &*hearing.memory).await?;
        for wanted in wanted {
            // Gone only when all of hearing ends.
            hearing.gaps.wanted.send(wanted).ok();
        }
    }
    Ok(at_once)
}

/// Reads what is wanted, for as long as it is awaited.
pub(super) async fn keep(hearing: &Arc<Hearing>, mut wanted: ToRead, found: mpsc::Sender<Found>) -> anyhow::Result<()> {
    let mut reading = JoinSet::new();
    loop {
        tokio::select! {
            Some(wanted) = wanted.0.recv() => {
                let (hearing, found) = (Arc::clone(hearing), found.clone());
                reading.spawn(async move { found.send(read(&hearing, wanted).await).await.ok() });
            }
            // One that panicked leaves its room deaf: then the whole of hearing begins anew.
            Some(read) = reading.join_next() => drop(read?),
        }
    }
}

/// How it fares with the reading of one gap.
struct Trying {
    pause: Duration,
    /// Since when nothing came.
    since: Option<Instant>,
    said: bool,
}

/// Reads a gap to its end, which moves on while syncs bring more of its room.
async fn read(hearing: &Arc<Hearing>, wanted: Wanted) -> Found {
    let back_off = hearing.shared.settings.pace.back_off;
    let Wanted { room: id, from, mut to } = wanted;
    let (mut events, mut at, mut pages) = (Vec::new(), from.clone(), 0_usize);
    let mut trying = Trying { pause: back_off.0, since: None, said: false };
    let lost = loop {
        match page(hearing, &id, &at, &to).await {
            Ok((found, end)) => {
                trying = Trying { pause: back_off.0, since: None, said: trying.said };
                events.extend(found);
                events = hearing.said_to_us(events);
                pages += 1;
                if pages.is_multiple_of(MANY_PAGES) {
                    tracing::warn!(room = id.as_str(), pages, "a very long gap: it is still being read, other rooms are heard meanwhile");
                }
                match end {
                    // A page may be empty for what it leaves out, with more behind it.
                    Some(end) if end != at => at = end,
                    _ => match hearing.gaps.open.lock().await.get(&id).and_then(|gap| gap.to.clone()) {
                        Some(newer) if newer != to => at = std::mem::replace(&mut to, newer),
                        _ => break None,
                    },
                }
            }
            // It was left meanwhile; who comes back begins anew.
            Err(Fail::NotIn) => break None,
            Err(trouble) => match again(hearing, &id, &from, &trouble, &mut trying).await {
                true => tokio::time::sleep(wait(&trouble, &mut trying.pause, back_off.1)).await,
                false => break Some(trouble.reason()),
            },
        }
    };
    Found { room: id, from, to, events, lost }
}

fn wait(trouble: &Fail, pause: &mut Duration, most: Duration) -> Duration {
    let wish = if let Fail::Limited(ms) = trouble { Duration::from_millis(ms.unsigned_abs()) } else { *pause };
    let now = wish.max(*pause);
    *pause = (*pause * 2).min(most);
    now
}

/// One page of what may concern the bot, and where the next one begins.
async fn page(hearing: &Hearing, id: &RoomId, from: &str, to: &str) -> Result<(Vec<TimelineEvent>, Option<String>), Fail> {
    // Where it is invited again, it begins anew once it is there.
    let room = hearing.session.room(id.as_str()).map_err(|_| Fail::NotIn)?;
    let mut options = MessagesOptions::forward().from(from);
    options.to = Some(to.to_owned());
    options.limit = uint!(100);
    let _turn = hearing.gaps.at_once.acquire().await.ok();
    let page = room.messages(options).await.map_err(|e| fail(&e))?;
    let concerns = |event: &TimelineEvent| {
        let json = adapter::value(event);
        read::is_own_join(&json, &hearing.session.me) || hearing.concerns(&json)
    };
    Ok((page.chunk.into_iter().filter(concerns).collect(), page.end))
}

/// Whether it is tried again; says what goes on, to the log at once, to the room after a while.
async fn again(hearing: &Hearing, id: &RoomId, from: &str, trouble: &Fail, trying: &mut Trying) -> bool {
    let why = trouble.why();
    let since = *trying.since.get_or_insert_with(|| {
        tracing::warn!(
            room = id.as_str(),
            why,
            "what was missed in a room cannot be read yet; it is tried again, other rooms are heard meanwhile"
        );
        Instant::now()
    });
    if since.elapsed() <= hearing.shared.settings.pace.say_after {
        return true;
    }
    // The homeserver itself says no, and keeps to it: what is newer is worth more than nothing at all.
    if matches!(trouble, Fail::Code(_)) {
        return false;
    }
    if !std::mem::replace(&mut trying.said, true) {
        tracing::error!(
            room = id.as_str(),
            why,
            "a room has not been heard for a while: its history cannot be read; nothing is lost, it is tried again"
        );
        // Whether it can be said there is another question: nobody waits for it.
        drop(hearing.alarm(id, "matrix-deaf", from, &trouble.reason()).await);
    }
    true
}

/// Does what was found in a gap; what closes it once that is answered.
pub(super) async fn fill(hearing: &Arc<Hearing>, found: Found, round: &mut Round) -> anyhow::Result<Option<Closed>> {
    let Found { room: id, from, to, mut events, lost } = found;
    if let Some(why) = &lost {
        tracing::error!(
            room = id.as_str(),
            %why,
            "what was missed in a room is not shown by the homeserver: it is lost; what is newer was heard"
        );
        round.answers.push(hearing.alarm(&id, "matrix-gap-lost", &from, why).await);
        if let Some(gap) = hearing.gaps.open.lock().await.get_mut(&id) {
            events.append(&mut gap.newer);
        }
        events = hearing.said_to_us(events);
    }
    if let Ok(room) = hearing.session.room(id.as_str()) {
        for event in &events {
            let _turn = hearing.turn().await;
            hearing.event(&room, &id, event, round).await?;
        }
    }
    let mut open = hearing.gaps.open.lock().await;
    let Some(gap) = open.get_mut(&id) else { return Ok(None) };
    match gap.to.take() {
        // Syncs brought more of it meanwhile.
        Some(newer) if newer != to && lost.is_none() => {
            gap.to = Some(newer.clone());
            hearing.gaps.wanted.send(Wanted { room: id, from: to, to: newer }).ok();
            Ok(None)
        }
        _ => {
            gap.newer.clear();
            gap.times += 1;
            Ok(Some((id, gap.times)))
        }
    }
}

impl Hearing {
    /// What was said before the bot came into the room, or while it was out, was not said to it.
    fn said_to_us(&self, mut events: Vec<TimelineEvent>) -> Vec<TimelineEvent> {
        if let Some(at) = events.iter().rposition(|e| read::is_own_join(&adapter::value(e), &self.session.me)) {
            events.drain(..=at);
        }
        events
    }

    /// Whether an event may ask something of the bot: talk between people does not.
    pub(super) fn concerns(&self, event: &Value) -> bool {
        match read::read(event, &self.session.me) {
            Heard::Nothing => false,
            Heard::Text(text) => read::command(&text, &self.shared.settings.prefix, &self.me).is_some(),
            _ => true,
        }
    }

    /// Says in a room that something is wrong with what was missed there, once for each gap.
    async fn alarm(&self, id: &RoomId, code: &str, from: &str, why: &Why) -> oneshot::Receiver<()> {
        let words = self.memory.words(&Say::new(code).with("why", why.into()), self.memory.room_lang(id));
        let content = render::sentence(&format!("🚨 {words}"), true).content();
        let op = format!("{code}-{}", deliver::transaction(&format!("{id} {from}")));
        self.answers.send(Reply { room: id.clone(), op, since: self.shared.settings.clock.now(), content }).await
    }
}
