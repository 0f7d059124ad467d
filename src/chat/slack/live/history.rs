//! What a room's history tells that nobody heard, with the very ids that the events would have had, so that nothing is done
//! twice.

use super::deliver::{self, messages, next, slack_ts};
use super::inbound::Hearing;
use super::reactions::{self, Card};
use super::session::Fail;
use super::turns::Ack;
use super::wire;
use crate::clock::{DAY_MS, Time};
use crate::policy::RoomId;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// Pages of one room or thread, at most.
const PAGES_MAX: usize = 50;
/// Threads that are younger are found in the room's history; older ones are read one by one where they are of cases, and
/// not at all elsewhere. In milliseconds.
const RECENT_MS: i64 = 3 * DAY_MS;
/// The same of rooms without cases.
const RECENT_ELSEWHERE_MS: i64 = DAY_MS;
/// How often a call that Slack limits is tried again.
const TRIES: usize = 20;

/// Why a room was not read through.
pub(super) enum Trouble {
    Slack(Fail),
    Bot(String),
}

impl Trouble {
    pub(super) fn why(&self) -> String {
        match self {
            Trouble::Slack(fail) => fail.why(),
            Trouble::Bot(why) => why.clone(),
        }
    }

    /// Whether no room can be read.
    pub(super) fn is_shut_out(&self) -> bool {
        matches!(self, Trouble::Slack(fail) if fail.is_shut_out())
    }
}

pub(super) fn bot(error: anyhow::Error) -> Trouble {
    Trouble::Bot(format!("{error:#}"))
}

/// What of a room is wanted.
pub(super) struct Wanted<'a> {
    /// Up to where it was heard.
    pub since: &'a str,
    /// The threads of its cases.
    pub threads: &'a BTreeSet<String>,
    /// Whether it has nothing to do with cases.
    pub elsewhere: bool,
    /// Whether what is said there is said to the bot alone.
    pub direct: bool,
}

/// Reads a room for what was not heard, and does it.
pub(super) async fn read(hearing: &Arc<Hearing>, room: &RoomId, wanted: &Wanted<'_>, now: Time) -> Result<(), Trouble> {
    let Wanted { since, threads, .. } = *wanted;
    // A thread is as old as its first message, and may be answered for long: so it is read from further back.
    let recent = slack_ts(now.plus(if wanted.elsewhere { -RECENT_ELSEWHERE_MS } else { -RECENT_MS }));
    let oldest = if recent.as_str() < since { recent.as_str() } else { since };
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    // What we are told of from here on is newer than what is read, however long it takes to read on.
    hearing.fresh.begin();
    let all = all(hearing, room, None, oldest).await?;
    let as_of = newest(&all);
    let began = if wanted.elsewhere { joined(hearing, &all) } else { None };
    for message in all {
        let Some(ts) = message.get("ts").and_then(Value::as_str).map(str::to_owned) else { continue };
        let ours = threads.contains(&ts);
        if ours {
            seen.insert(ts.clone());
            reacted(hearing, &Card { room, ts: &ts, as_of: &as_of }, message.clone()).await?;
        }
        // Without a word on the last reply there may be one.
        let replied = message.get("latest_reply").and_then(Value::as_str).is_some_and(|last| last > since);
        let untold = message.get("latest_reply").is_none() && message.get("reply_count").is_some();
        if replied || untold {
            found.extend(self::all(hearing, room, Some(&ts), since).await?);
        }
        if !ours {
            found.push(message);
        }
    }
    for thread in threads.difference(&seen) {
        hearing.fresh.begin();
        let all = self::all(hearing, room, Some(thread), since).await?;
        // Of a thread Slack always gives the first message as well, on each page.
        if let Some(card) = all.iter().rev().find(|m| ts_of(m) == thread) {
            reacted(hearing, &Card { room, ts: thread, as_of: &newest(&all) }, card.clone()).await?;
        }
        found.extend(all);
    }
    hearing.fresh.end();
    found.retain(|m| ts_of(m) > since && began.as_deref().is_none_or(|began| ts_of(m) > began));
    found.sort_by(|a, b| ts_of(a).cmp(ts_of(b)));
    found.dedup_by(|a, b| ts_of(a) == ts_of(b));
    take(hearing, room, wanted.direct, &found).await
}

/// Takes what was said, each person's in its order; of what is not taken nobody else's waits.
async fn take(hearing: &Arc<Hearing>, room: &RoomId, direct: bool, found: &[Value]) -> Result<(), Trouble> {
    let mut untaken = 0;
    for message in found {
        let Some(message) = wire::past_message(room.as_str(), direct, message) else { continue };
        let turn = hearing.turn(&message.who.id);
        let (ack, acked) = Ack::new();
        let this = Arc::clone(hearing);
        // Only its ack is waited for, not for how long its answer takes.
        hearing.spawn(async move { this.message(message, turn, ack).await });
        untaken += usize::from(acked.await.is_err());
    }
    if untaken > 0 { Err(Trouble::Bot(format!("{untaken} messages were not taken"))) } else { Ok(()) }
}

fn ts_of(message: &Value) -> &str {
    message.get("ts").and_then(Value::as_str).unwrap_or_default()
}

/// Slack's own time of the newest message: what was read is no older.
fn newest(all: &[Value]) -> String {
    all.iter().map(ts_of).max().unwrap_or_default().to_owned()
}

/// When the bot came into the room, where history tells: what was said before was not said to it.
fn joined(hearing: &Hearing, all: &[Value]) -> Option<String> {
    let me = hearing.shared.session.known()?;
    let is = |m: &&Value, name: &str, words: &[&str]| m.get(name).and_then(Value::as_str).is_some_and(|w| words.contains(&w));
    let joins = all.iter().filter(|m| is(m, "subtype", &["channel_join", "group_join"]) && is(m, "user", &[&me.user_id]));
    joins.map(ts_of).max().map(str::to_owned)
}

/// Reactions that no event told us of, as history shows a card.
async fn reacted(hearing: &Arc<Hearing>, card: &Card<'_>, mut shown: Value) -> Result<(), Trouble> {
    for _ in 0..TRIES {
        if reactions::is_cut(&shown)
            && let Some(whole) = full(hearing, card).await?
        {
            shown = whole;
        }
        let notes = reactions::notes(hearing, card.room.as_str(), card.ts).await.map_err(bot)?;
        let missed = reactions::missed(&notes, &shown, card);
        for reaction in &missed {
            let turn = hearing.turn(&reaction.who.id);
            let (ack, acked) = Ack::new();
            let (this, reaction) = (Arc::clone(hearing), reaction.clone());
            hearing.spawn(async move { reactions::found(&this, reaction, turn, ack).await });
            acked.await.map_err(|_| Trouble::Bot("a reaction was not taken".into()))?;
        }
        if !missed.iter().any(|reaction| hearing.fresh.has(reaction)) {
            return Ok(());
        }
        // It changed while it was read: which of the two is newer only another look can tell.
        hearing.fresh.forget(&missed);
        let Some(now) = full(hearing, card).await? else { return Ok(()) };
        shown = now;
    }
    Ok(())
}

/// The card with everybody's reactions, which history shortens. `None`: Slack does not give it.
async fn full(hearing: &Hearing, card: &Card<'_>) -> Result<Option<Value>, Trouble> {
    let params = [("channel", card.room.as_str()), ("timestamp", card.ts), ("full", "true")];
    match patiently(hearing, "reactions.get", &params).await {
        Ok(mut answer) => Ok(answer.get_mut("message").map(Value::take)),
        Err(fail @ Fail::Code(..)) if !fail.is_shut_out() => {
            tracing::warn!(room = card.room.as_str(), why = fail.why(), "Slack does not tell all who react to a card");
            Ok(None)
        }
        Err(fail) => Err(Trouble::Slack(fail)),
    }
}

/// All messages from `oldest` on.
async fn all(hearing: &Hearing, room: &RoomId, thread: Option<&str>, oldest: &str) -> Result<Vec<Value>, Trouble> {
    let mut out = Vec::new();
    let mut cursor = String::new();
    for _ in 0..PAGES_MAX {
        let (method, params) = deliver::asking(room, thread, Some(oldest), &cursor);
        let page = match patiently(hearing, method, &params).await {
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

/// Asks until Slack does not limit it any more.
pub(super) async fn patiently(hearing: &Hearing, method: &str, params: &[(&str, &str)]) -> Result<Value, Fail> {
    let mut tries = 0;
    loop {
        match hearing.shared.get(method, params).await {
            Err(Fail::Limited(ms)) if tries < TRIES => {
                tries += 1;
                tokio::time::sleep(Duration::from_millis(ms.unsigned_abs())).await;
            }
            done => return done,
        }
    }
}
