//! What was said while nobody heard: when it is read, and up to where each room was heard.
//!
//! Per room it is kept up to where everything was heard for sure. From there on its history is read (see `history`) after
//! each gap, and where events come by request, now and then as well. A room that cannot be read is tried again by itself,
//! seldomer and seldomer, and loses nothing: its place stays where it was. No other room waits for it.
//!
//! The rooms that the rules name and those that have cases are read first, each with a place of its own. Whatever else the
//! bot is in, and what people say to it alone, is heard live as well: so it is read too, with one place for all of a kind.

use super::Way;
use super::deliver::{next, slack_ts};
use super::history::{self, Trouble};
use super::inbound::Hearing;
use super::session::Fail;
use crate::clock::{DAY_MS, MINUTE_MS, Time};
use crate::policy::RoomId;
use crate::say::Say;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::Instant;

/// Threads of cases that are read, at most.
const THREADS_MAX: usize = 500;
/// Rooms that are read beside those of cases, at most, of each kind.
const ELSEWHERE_MAX: usize = 200;
/// Pages of the list of them, at most.
const PAGES_MAX: usize = 20;
/// Slack brings an event again for up to about six minutes: for so long, what is heard is not yet all. In milliseconds.
const LATE_MS: i64 = 10 * MINUTE_MS;
/// What was said longer ago is not done any more, in milliseconds: commands are known to have been done for seven days.
const STALE_MS: i64 = 6 * DAY_MS;
/// Between two readings of history that nothing asked for so many times as long passes as the first of them took.
const READ_SELDOM: u32 = 10;
/// The first and the longest pause after a failure.
const AGAIN: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(600));

/// Which rooms are listed and share a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// Channels that the bot is in and that have nothing to do with cases.
    Channels,
    /// What people say to the bot alone.
    Direct,
}

impl Kind {
    /// As `users.conversations` names them. Source: docs.slack.dev/reference/methods/users.conversations.
    fn types(self) -> &'static str {
        match self {
            Kind::Channels => "public_channel,private_channel",
            Kind::Direct => "im",
        }
    }

    fn stream(self) -> &'static str {
        match self {
            Kind::Channels => "slack:history:channels",
            Kind::Direct => "slack:history:direct",
        }
    }
}

fn stream(room: &RoomId) -> String {
    format!("slack:history:{room}")
}

/// When what failed is tried again.
#[derive(Clone, Copy, Debug)]
struct Behind {
    due: Instant,
    pause: Duration,
    said: bool,
}

impl Behind {
    fn now(pause: Duration) -> Behind {
        Behind { due: Instant::now(), pause, said: false }
    }

    fn later(self) -> Behind {
        Behind { due: Instant::now() + self.pause, pause: (self.pause * 2).min(AGAIN.1), said: true }
    }

    fn is_due(&self) -> bool {
        self.due <= Instant::now()
    }
}

/// A room that is heard.
#[derive(Debug, Default)]
struct Room {
    /// `None`: named by the rules, or one of cases: it has a place of its own.
    elsewhere: Option<Kind>,
    /// The threads of its cases.
    threads: BTreeSet<String>,
    /// Not read through since the last gap.
    behind: Option<Behind>,
    /// Whether it keeps a place of its own for as long as it cannot be read, though its kind shares one.
    apart: bool,
}

/// All rooms that are heard, and how far.
struct Rooms {
    pause: Duration,
    all: BTreeMap<RoomId, Room>,
    /// Which lists are to be read.
    lists: BTreeMap<Kind, Behind>,
}

impl Rooms {
    fn next(&self) -> Option<Instant> {
        self.all.values().filter_map(|r| r.behind.as_ref()).chain(self.lists.values()).map(|b| b.due).min()
    }

    /// Those named by the rules in force, and of cases; `gap`: all are behind.
    fn know(&mut self, named: impl IntoIterator<Item = RoomId>) {
        for room in named {
            self.all.entry(room).or_default().elsewhere = None;
        }
    }

    fn gap(&mut self, threads: Vec<(RoomId, String)>) {
        for room in self.all.values_mut() {
            room.threads.clear();
        }
        for (id, thread) in threads {
            let room = self.all.entry(id).or_default();
            room.elsewhere = None;
            room.threads.insert(thread);
        }
        // Of those elsewhere the lists tell anew; what could not be read yet stays.
        self.all.retain(|_, room| room.elsewhere.is_none() || room.behind.is_some());
        for room in self.all.values_mut() {
            // What failed keeps its pace, and is not said again.
            room.behind.get_or_insert_with(|| Behind::now(self.pause));
        }
        for kind in [Kind::Channels, Kind::Direct] {
            self.lists.entry(kind).or_insert_with(|| Behind::now(self.pause));
        }
    }

    fn listed(&mut self, kind: Kind, rooms: Vec<RoomId>) {
        for id in rooms {
            let pause = self.pause;
            let new = || Room { elsewhere: Some(kind), behind: Some(Behind::now(pause)), ..Room::default() };
            self.all.entry(id).or_insert_with(new);
        }
        self.lists.remove(&kind);
    }

    /// Those of a kind have been heard as far as their common place says: whoever was not has one of their own.
    fn is_heard(&self, kind: Kind) -> bool {
        let waits = |room: &Room| room.elsewhere == Some(kind) && room.behind.is_some() && !room.apart;
        !self.lists.contains_key(&kind) && !self.all.values().any(waits)
    }

    /// Those to be read now: of cases first.
    fn due(&self) -> Vec<RoomId> {
        let due = self.all.iter().filter(|(_, room)| room.behind.as_ref().is_some_and(Behind::is_due));
        let mut due: Vec<_> = due.map(|(id, room)| (room.elsewhere, id.clone())).collect();
        due.sort();
        due.into_iter().map(|(_, id)| id).collect()
    }
}

/// Reads what was missed whenever there was a gap, and keeps up to where all was heard, for as long as it is awaited.
pub(super) async fn keep(hearing: &Arc<Hearing>) {
    let pace = hearing.shared.settings.pace;
    // A socket that ends is seen; that a request never came is not.
    let deaf = matches!(hearing.shared.settings.way, Way::Http(_));
    let mut reread = Instant::now() + pace.reread;
    let mut rooms = Rooms { pause: AGAIN.0.min(pace.note), all: BTreeMap::new(), lists: BTreeMap::new() };
    let mut pause = pace.note;
    loop {
        let wake = rooms.next().map_or(pause, |due| due.saturating_duration_since(Instant::now()).clamp(rooms.pause, pause));
        tokio::select! {
            () = hearing.gap.notified() => {}
            () = tokio::time::sleep(wake) => {}
        }
        pause = pace.note;
        let began = hearing.shared.settings.clock.now();
        if deaf && Instant::now() >= reread {
            hearing.behind.store(true, Ordering::Release);
        }
        rooms.know(hearing.shared.watched().await);
        let gap = hearing.behind.load(Ordering::Acquire);
        if (gap || rooms.next().is_some()) && !hearing.connected() {
            continue;
        }
        let mut again = false;
        if gap {
            // What is lost from here on is another gap.
            hearing.behind.store(false, Ordering::Release);
            again = hearing.left_out.swap(false, Ordering::AcqRel);
            match hearing.memory.threads(THREADS_MAX).await {
                Ok(threads) => rooms.gap(threads),
                Err(error) => {
                    tracing::warn!(error = format!("{error:#}"), "it is not known which threads were not heard; it is tried again");
                    hearing.behind.store(true, Ordering::Release);
                    hearing.left_out.fetch_or(again, Ordering::AcqRel);
                    continue;
                }
            }
        }
        let reading = Instant::now();
        let read = read_due(hearing, &mut rooms).await;
        if gap {
            // Most of the time nothing is read: there may be many threads.
            reread = Instant::now() + pace.reread.max(reading.elapsed() * READ_SELDOM);
        }
        hearing.behind.fetch_or(again, Ordering::AcqRel);
        let heard = |id: &RoomId, room: &Room| room.behind.is_none() && (!deaf || read.contains(id));
        if !hearing.behind.load(Ordering::Acquire)
            && let Err(error) = note_all(hearing, &rooms, heard, deaf && read.is_empty(), began.plus(-LATE_MS)).await
        {
            tracing::warn!(error = format!("{error:#}"), "it was not noted up to where Slack was heard");
        }
    }
}

async fn note_all(
    hearing: &Hearing,
    rooms: &Rooms,
    heard: impl Fn(&RoomId, &Room) -> bool,
    nothing: bool,
    until: Time,
) -> anyhow::Result<()> {
    let own = rooms.all.iter().filter(|(id, room)| room.elsewhere.is_none() && heard(id, room)).map(|(id, _)| stream(id));
    let kinds = [Kind::Channels, Kind::Direct].into_iter().filter(|kind| !nothing && rooms.is_heard(*kind));
    let until = slack_ts(until);
    for stream in own.chain(kinds.map(|kind| kind.stream().to_owned())) {
        let kept = hearing.memory.cursor(&stream).await?;
        if kept.is_none_or(|kept| kept < until) {
            hearing.memory.keep(&stream, until.clone()).await?;
        }
    }
    Ok(())
}

/// Reads what is due; says which rooms were read through.
async fn read_due(hearing: &Arc<Hearing>, rooms: &mut Rooms) -> BTreeSet<RoomId> {
    let mut read = BTreeSet::new();
    let mut due = rooms.due();
    due.reverse();
    let mut lists: Vec<Kind> = rooms.lists.iter().filter(|(_, list)| list.is_due()).map(|(kind, _)| *kind).collect();
    lists.reverse();
    loop {
        let Some(id) = due.pop() else {
            // Those elsewhere are asked for when all others are read.
            let Some(kind) = lists.pop() else { return read };
            let Some(list) = rooms.lists.get(&kind).copied() else { continue };
            match list_of(hearing, kind).await {
                Ok(found) => rooms.listed(kind, found),
                Err(fail) => {
                    if !list.said {
                        tracing::error!(
                            why = fail.why(),
                            types = kind.types(),
                            "Slack does not say where else the bot is: what was said there while it did not hear is not found yet; `sereno check` says what to do"
                        );
                    }
                    rooms.lists.insert(kind, list.later());
                    if fail.is_shut_out() {
                        return read;
                    }
                }
            }
            due = rooms.due();
            due.retain(|id| !read.contains(id));
            due.reverse();
            continue;
        };
        let Some((behind, elsewhere)) = rooms.all.get(&id).and_then(|room| Some((room.behind?, room.elsewhere))) else { continue };
        let done = read_one(hearing, &id, rooms).await;
        let Some(room) = rooms.all.get_mut(&id) else { continue };
        let trouble = match done {
            Ok(()) => {
                room.behind = None;
                room.apart = false;
                if behind.said {
                    tracing::info!(room = id.as_str(), "a room's history was read after all");
                }
                read.insert(id);
                continue;
            }
            Err(trouble) => trouble,
        };
        room.behind = Some(Behind { said: behind.said, ..behind.later() });
        // The token is to blame: that is said elsewhere, and holds for all rooms.
        if trouble.is_shut_out() {
            return read;
        }
        if !behind.said {
            if let Some(room) = rooms.all.get_mut(&id).and_then(|room| room.behind.as_mut()) {
                room.said = true;
            }
            say(hearing, &id, elsewhere, &trouble).await;
        }
    }
}

/// Reads a room from its place on; where it has none of its own and cannot be read, it gets one.
async fn read_one(hearing: &Arc<Hearing>, id: &RoomId, rooms: &mut Rooms) -> Result<(), Trouble> {
    let Some(room) = rooms.all.get_mut(id) else { return Ok(()) };
    let now = hearing.shared.settings.clock.now();
    let own = stream(id);
    let kept = hearing.memory.cursor(&own).await.map_err(history::bot)?.filter(|kept| !kept.is_empty());
    room.apart = kept.is_some();
    let shared = match room.elsewhere {
        Some(kind) if kept.is_none() => hearing.memory.cursor(kind.stream()).await.map_err(history::bot)?,
        _ => None,
    };
    let since = match kept.or(shared) {
        Some(since) => since,
        // The first time ever: what was said before the bot came was not said to it.
        None => {
            let began = slack_ts(hearing.began);
            if room.elsewhere.is_none() {
                hearing.memory.keep(&own, began.clone()).await.map_err(history::bot)?;
            }
            began
        }
    };
    let wanted = history::Wanted {
        since: &not_stale(id, since.clone(), now),
        threads: &room.threads,
        elsewhere: room.elsewhere.is_some(),
        direct: room.elsewhere == Some(Kind::Direct),
    };
    let done = history::read(hearing, id, &wanted, now).await;
    if room.elsewhere.is_some() && done.is_ok() == room.apart {
        // An empty place is none: that of its kind holds.
        let place = if room.apart { String::new() } else { since };
        hearing.memory.keep(&own, place).await.map_err(history::bot)?;
        room.apart = !room.apart;
    }
    done
}

/// A room that cannot be read is said once: it is tried again until it can.
async fn say(hearing: &Hearing, id: &RoomId, elsewhere: Option<Kind>, trouble: &Trouble) {
    let why = trouble.why();
    match trouble {
        Trouble::Slack(fail @ Fail::Code(..)) if elsewhere.is_none() => {
            tracing::error!(
                room = id.as_str(),
                why,
                "a room's history cannot be read: what was said there while the bot did not hear is not done yet; `sereno check` says what to do"
            );
            if !fail.is_of_the_room() {
                hearing.shared.announce(&Say::new("notice-room-unheard").text("room", id.as_str()).text("why", &why)).await;
            }
        }
        _ => tracing::warn!(room = id.as_str(), why, "a room's history could not be read through; it is tried again"),
    }
}

/// The rooms of a kind that the bot is in.
async fn list_of(hearing: &Hearing, kind: Kind) -> Result<Vec<RoomId>, Fail> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    for _ in 0..PAGES_MAX {
        let mut params = vec![("types", kind.types()), ("exclude_archived", "true"), ("limit", "200")];
        if !cursor.is_empty() {
            params.push(("cursor", &cursor));
        }
        let page = history::patiently(hearing, "users.conversations", &params).await?;
        let channels = page.get("channels").and_then(Value::as_array).into_iter().flatten();
        let left = |c: &&Value| c.get("is_user_deleted").and_then(Value::as_bool) == Some(true);
        let ids = channels.filter(|c| !left(c)).filter_map(|c| c.get("id").and_then(Value::as_str));
        found.extend(ids.map(RoomId::from));
        match next(&page) {
            Some(next) if found.len() < ELSEWHERE_MAX => cursor = next,
            Some(_) => break,
            None => return Ok(found),
        }
    }
    tracing::warn!(most = ELSEWHERE_MAX, "the bot is in more rooms than it reads after a gap");
    found.truncate(ELSEWHERE_MAX);
    Ok(found)
}

/// From where on history is read: from where it was heard up to, but nothing that may have been done and forgotten.
fn not_stale(room: &RoomId, kept: String, now: Time) -> String {
    let stale = slack_ts(now.plus(-STALE_MS));
    if kept >= stale {
        return kept;
    }
    tracing::warn!(room = room.as_str(), kept, "Slack was not heard for so long that what was said first is not done any more");
    stale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_have_been_done_and_forgotten_is_not_done_again() {
        let now = Time(1_800_000_000_000);
        let ago = |ms: i64| slack_ts(now.plus(-ms));
        let room = RoomId::from("C1");
        assert_eq!(not_stale(&room, ago(DAY_MS), now), ago(DAY_MS));
        assert_eq!(not_stale(&room, ago(8 * DAY_MS), now), ago(STALE_MS));
    }
}
