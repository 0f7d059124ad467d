//! What was said while nobody heard: found by reading history, with the very ids that the events
//! would have had, so that nothing is done twice.
//!
//! Per room it is kept up to where everything was heard for sure. From there on the room's history
//! is read for commands, the threads of open cases for commands and reactions.

use super::deliver::{self, messages, next, slack_ts};
use super::inbound::Hearing;
use super::session::Fail;
use super::turns::Ack;
use super::{reactions, wire};
use crate::clock::{DAY_MS, MINUTE_MS, Time};
use crate::policy::RoomId;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Threads of open cases that are read, at most.
const THREADS_MAX: usize = 500;
/// Pages of one room or thread, at most.
const PAGES_MAX: usize = 50;
/// Slack brings an event again for up to about six minutes: for so long, what is heard is not yet all. In milliseconds.
const LATE_MS: i64 = 10 * MINUTE_MS;
/// Threads that are younger are found in the room's history; older ones are read one by one. In milliseconds.
const RECENT_MS: i64 = 3 * DAY_MS;
/// How often a call that Slack limits is tried again.
const TRIES: usize = 20;
/// The pause after a failure.
const AGAIN: Duration = Duration::from_secs(30);

fn stream(room: &RoomId) -> String {
    format!("slack:history:{room}")
}

/// Reads what was missed whenever there was a gap, and keeps up to where all was heard, for as long as it is awaited.
pub(super) async fn keep(hearing: &Arc<Hearing>) {
    let note = hearing.shared.settings.pace.note;
    let mut pause = note;
    loop {
        tokio::select! {
            () = hearing.gap.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
        let began = hearing.shared.settings.clock.now();
        pause = note;
        if hearing.behind.load(Ordering::Acquire) {
            if !hearing.connected() {
                continue;
            }
            // What is lost from here on is another gap.
            hearing.behind.store(false, Ordering::Release);
            if let Err(error) = catch_up(hearing).await {
                tracing::warn!(error = format!("{error:#}"), "Slack's history could not be read through; it is tried again");
                hearing.behind.store(true, Ordering::Release);
                pause = AGAIN.min(note);
                continue;
            }
        }
        if !hearing.behind.load(Ordering::Acquire)
            && let Err(error) = note_all(hearing, began.plus(-LATE_MS)).await
        {
            tracing::warn!(error = format!("{error:#}"), "it was not noted up to where Slack was heard");
        }
    }
}

async fn note_all(hearing: &Hearing, until: Time) -> anyhow::Result<()> {
    for room in &hearing.shared.settings.rooms {
        let kept = hearing.memory.cursor(&stream(room)).await?;
        let until = slack_ts(until);
        if kept.is_none_or(|kept| kept < until) {
            hearing.memory.keep(&stream(room), until).await?;
        }
    }
    Ok(())
}

async fn catch_up(hearing: &Arc<Hearing>) -> anyhow::Result<()> {
    let mut rooms: BTreeMap<RoomId, BTreeSet<String>> = BTreeMap::new();
    for room in &hearing.shared.settings.rooms {
        rooms.entry(room.clone()).or_default();
    }
    for (room, thread) in hearing.memory.threads(THREADS_MAX).await? {
        rooms.entry(room).or_default().insert(thread);
    }
    let mut failed = None;
    for (room, threads) in &rooms {
        match read_room(hearing, room, threads).await {
            Ok(()) => {}
            Err(Trouble::Slack(fail)) if matches!(fail, Fail::Code(..)) && !fail.is_auth() => {
                tracing::warn!(room = room.as_str(), why = fail.why(), "a room's history cannot be read");
            }
            Err(trouble) => failed = Some(anyhow::anyhow!("{room}: {}", trouble.why())),
        }
    }
    failed.map_or(Ok(()), Err)
}

enum Trouble {
    Slack(Fail),
    Bot(String),
}

impl Trouble {
    fn why(&self) -> String {
        match self {
            Trouble::Slack(fail) => fail.why(),
            Trouble::Bot(why) => why.clone(),
        }
    }
}

fn bot(error: anyhow::Error) -> Trouble {
    Trouble::Bot(format!("{error:#}"))
}

async fn read_room(hearing: &Arc<Hearing>, room: &RoomId, threads: &BTreeSet<String>) -> Result<(), Trouble> {
    let now = hearing.shared.settings.clock.now();
    let since = match hearing.memory.cursor(&stream(room)).await.map_err(bot)? {
        Some(since) => since,
        // The first time ever: what was said before the bot came was not said to it.
        None => {
            let began = slack_ts(hearing.began);
            hearing.memory.keep(&stream(room), began.clone()).await.map_err(bot)?;
            began
        }
    };
    let recent = slack_ts(now.plus(-RECENT_MS));
    let oldest = threads.iter().find(|t| **t >= recent).filter(|t| **t < since).unwrap_or(&since).clone();
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for message in all(hearing, room, None, &oldest).await? {
        let Some(ts) = message.get("ts").and_then(Value::as_str).map(str::to_owned) else { continue };
        if threads.contains(&ts) {
            seen.insert(ts.clone());
            reacted(hearing, room, &message, &ts).await?;
            // Without a word on the last reply there may be one.
            let replied = message.get("latest_reply").and_then(Value::as_str).is_some_and(|last| last > since.as_str());
            let untold = message.get("latest_reply").is_none() && message.get("reply_count").is_some();
            if replied || untold {
                found.extend(all(hearing, room, Some(&ts), &since).await?);
            }
        } else if ts > since {
            found.push(message);
        }
    }
    for thread in threads.difference(&seen) {
        // Of a thread Slack always gives the first message as well.
        for message in all(hearing, room, Some(thread), &since).await? {
            if message.get("ts").and_then(Value::as_str) == Some(thread) {
                reacted(hearing, room, &message, thread).await?;
            }
            found.push(message);
        }
    }
    found.retain(|m| m.get("ts").and_then(Value::as_str).is_some_and(|ts| ts > since.as_str()));
    found.sort_by(|a, b| ts_of(a).cmp(ts_of(b)));
    found.dedup_by(|a, b| ts_of(a) == ts_of(b));
    for message in found {
        let Some(message) = wire::past_message(room.as_str(), &message) else { continue };
        let turn = hearing.turn(&message.who.id);
        let (ack, acked) = Ack::new();
        hearing.message(message, turn, ack).await;
        acked.await.map_err(|_| Trouble::Bot("a message was not taken".into()))?;
    }
    Ok(())
}

fn ts_of(message: &Value) -> &str {
    message.get("ts").and_then(Value::as_str).unwrap_or_default()
}

/// Reactions that no event told us of.
async fn reacted(hearing: &Arc<Hearing>, room: &RoomId, card: &Value, ts: &str) -> Result<(), Trouble> {
    let notes = reactions::notes(hearing, room.as_str(), ts).await.map_err(bot)?;
    let shown = card.get("reactions").unwrap_or(&Value::Null);
    let now = slack_ts(hearing.shared.settings.clock.now());
    let author = card.get("user").and_then(Value::as_str);
    for reaction in reactions::missed(&notes, shown, room.as_str(), ts, author, &now) {
        let turn = hearing.turn(&reaction.who.id);
        let (ack, acked) = Ack::new();
        reactions::heard(hearing, reaction, turn, ack).await;
        acked.await.map_err(|_| Trouble::Bot("a reaction was not taken".into()))?;
    }
    Ok(())
}

/// All messages from `oldest` on.
async fn all(hearing: &Hearing, room: &RoomId, thread: Option<&str>, oldest: &str) -> Result<Vec<Value>, Trouble> {
    let mut out = Vec::new();
    let mut cursor = String::new();
    for _ in 0..PAGES_MAX {
        let page = patiently(hearing, room, thread, oldest, &cursor).await;
        let page = match page {
            Ok(page) => page,
            Err(fail) if thread.is_some() && (fail.is("thread_not_found") || fail.is("message_not_found")) => return Ok(out),
            Err(fail) => return Err(Trouble::Slack(fail)),
        };
        out.extend(messages(&page).cloned());
        match next(&page) {
            Some(next) => cursor = next,
            None => return Ok(out),
        }
    }
    tracing::warn!(room = room.as_str(), "a very long history: what is older was not read");
    Ok(out)
}

async fn patiently(hearing: &Hearing, room: &RoomId, thread: Option<&str>, oldest: &str, cursor: &str) -> Result<Value, Fail> {
    let mut tries = 0;
    loop {
        match deliver::page(&hearing.shared, room, thread, Some(oldest), cursor).await {
            Err(Fail::Limited(ms)) if tries < TRIES => {
                tries += 1;
                tokio::time::sleep(Duration::from_millis(ms.unsigned_abs())).await;
            }
            done => return done,
        }
    }
}
