//! Reactions on cards: they triage, they never send.
//!
//! Slack says *that* somebody reacts, now by an event, later by history, which has no word on when.
//! So each card has a small note of who reacts how, and how often that changed: the count is part
//! of the command's id, and is the same whichever way the change is learnt of. An event that comes
//! late or twice is older than the note and changes nothing.

use super::answers::Asker;
use super::inbound::Hearing;
use super::people::Colleague;
use super::turns::{Ack, Turn};
use super::wire::{Reaction, Who};
use super::{below, forms, render};
use crate::chat::Typed;
use crate::clock::HOUR_MS;
use crate::command::{Args, Command, Door, Verb, table};
use crate::policy::{AgentId, RoomId};
use crate::view::{TextView, View};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How long a reaction puts a case off, in milliseconds.
const SNOOZE_MS: i64 = 4 * HOUR_MS;

/// What somebody's reaction to a card came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    /// How often it came or went.
    n: u64,
    /// Whether it is there.
    on: bool,
    /// Slack's time of the last change.
    at: String,
}

/// By `user:reaction`.
pub(super) type Notes = BTreeMap<String, Note>;

/// What a reaction asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Act(Verb, i64),
    /// Shows how a handoff would begin; opens nothing.
    Propose,
}

/// The name without the colour of the skin.
fn bare(name: &str) -> &str {
    name.split("::").next().unwrap_or(name)
}

fn wish(name: &str, on: bool) -> Option<Wish> {
    let act = |verb| Some(Wish::Act(verb, 0));
    match (bare(name), on) {
        ("eyes", true) => act(Verb::Claim),
        ("eyes", false) => act(Verb::Release),
        ("white_check_mark" | "heavy_check_mark", true) => act(Verb::Resolve),
        ("rotating_light", true) => act(Verb::Escalate),
        ("zzz", true) => Some(Wish::Act(Verb::Snooze, SNOOZE_MS)),
        ("wastebasket", true) => act(Verb::Spam),
        ("incoming_envelope", true) => Some(Wish::Propose),
        _ => None,
    }
}

/// Of each room's cards so many shelves are kept, whatever its age.
const SHELVES: u8 = 64;
/// The cards on a shelf: the latest that anybody reacted to. With the shelves some four thousand a room,
/// far more than are open; of older ones nothing need be known.
const CARDS_MAX: usize = 64;

/// By card.
type Shelf = BTreeMap<String, Notes>;

fn stream(room: &str, ts: &str) -> String {
    let shelf = Sha256::digest(ts.as_bytes()).first().map_or(0, |b| b % SHELVES);
    format!("slack:reactions:{room}:{shelf}")
}

async fn shelf(hearing: &Hearing, room: &str, ts: &str) -> anyhow::Result<Shelf> {
    let kept = hearing.memory.cursor(&stream(room, ts)).await?;
    Ok(kept.and_then(|k| serde_json::from_str(&k).ok()).unwrap_or_default())
}

/// What was noted of a card.
pub(super) async fn notes(hearing: &Hearing, room: &str, ts: &str) -> anyhow::Result<Notes> {
    Ok(shelf(hearing, room, ts).await?.remove(ts).unwrap_or_default())
}

/// Puts a note on the shelf; the oldest cards make room.
fn put(shelf: &mut Shelf, ts: &str, key: String, note: Note) {
    shelf.entry(ts.to_owned()).or_default().insert(key, note);
    while shelf.len() > CARDS_MAX {
        shelf.pop_first();
    }
}

/// A card whose reactions history shows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Card<'a> {
    pub room: &'a RoomId,
    pub ts: &'a str,
    /// Slack's own time: what is shown is no older.
    pub as_of: &'a str,
}

/// What events told while history was being read: it is newer than what was read. Slack's clock and ours may differ, so no
/// time of ours says which is.
#[derive(Default)]
pub(super) struct Fresh(Mutex<Option<BTreeSet<String>>>);

impl Fresh {
    fn lock(&self) -> MutexGuard<'_, Option<BTreeSet<String>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn name(reaction: &Reaction) -> String {
        format!("{}:{}:{}:{}", reaction.room, reaction.ts, reaction.who.id, bare(&reaction.name))
    }

    /// From here on history is read.
    pub(super) fn begin(&self) {
        *self.lock() = Some(BTreeSet::new());
    }

    pub(super) fn end(&self) {
        *self.lock() = None;
    }

    fn note(&self, reaction: &Reaction) {
        if let Some(fresh) = self.lock().as_mut() {
            fresh.insert(Fresh::name(reaction));
        }
    }

    pub(super) fn has(&self, reaction: &Reaction) -> bool {
        self.lock().as_ref().is_some_and(|fresh| fresh.contains(&Fresh::name(reaction)))
    }

    /// They are read anew.
    pub(super) fn forget(&self, reactions: &[Reaction]) {
        if let Some(fresh) = self.lock().as_mut() {
            fresh.retain(|name| !reactions.iter().any(|r| Fresh::name(r) == *name));
        }
    }
}

/// A reaction came or went, as an event tells.
pub(super) async fn heard(hearing: &Arc<Hearing>, reaction: Reaction, turn: Turn, ack: Ack) {
    take(hearing, reaction, turn, ack, false).await;
}

/// The same, as history tells.
pub(super) async fn found(hearing: &Arc<Hearing>, reaction: Reaction, turn: Turn, ack: Ack) {
    take(hearing, reaction, turn, ack, true).await;
}

async fn take(hearing: &Arc<Hearing>, reaction: Reaction, mut turn: Turn, ack: Ack, past: bool) {
    let ours = hearing.shared.session.known().is_some_and(|me| {
        // Of our own messages only; where Slack does not say whose it is, the thread decides.
        reaction.who.id != me.user_id && reaction.author.as_deref().is_none_or(|a| a == me.user_id)
    });
    let known = wish(&reaction.name, true).is_some() || wish(&reaction.name, false).is_some();
    if !ours || !known {
        return ack.plain();
    }
    let colleague = match hearing.colleague(&reaction.who, &reaction.room).await {
        Ok(colleague) => colleague,
        Err(None) => return,
        // Anybody may react; only our own people mean us.
        Err(Some(_)) => return ack.plain(),
    };
    // Held until the note is written: what the same person does next depends on it.
    turn.come().await;
    let acted = act(hearing, &reaction, &colleague, past).await;
    drop(turn);
    match acted {
        Ok(untold) => {
            ack.plain();
            // Of what is none of our cards no note is kept: it may come here twice.
            let Reaction { room, ts, who, name, at, .. } = &reaction;
            if let Some(view) = untold.filter(|_| hearing.is_new(&format!("slack:{room}:{ts}:{}:{name}:{at}", who.id))) {
                let lang = hearing.lang_of(&colleague, room);
                let asker = Asker { user: &who.id, room, thread: Some(ts), response_url: None, lang };
                hearing.whisper(&asker, &view).await;
            }
        }
        Err(error) => tracing::warn!(error = format!("{error:#}"), "a reaction was not taken: Slack is asked to bring it again"),
    }
}

/// Does it and notes it; what comes back is the answer that its room does not show.
async fn act(hearing: &Arc<Hearing>, reaction: &Reaction, colleague: &Colleague, past: bool) -> anyhow::Result<Option<View>> {
    let key = format!("{}:{}", reaction.who.id, bare(&reaction.name));
    let before = notes(hearing, &reaction.room, &reaction.ts).await?.remove(&key).unwrap_or_default();
    let old = if past { hearing.fresh.has(reaction) } else { later(&before.at, &reaction.at) };
    if before.on == reaction.added || old {
        return Ok(None);
    }
    let mut untold = None;
    // Of what history shows it is known that it is newer than the note, and not by how much.
    let at = if past && later(&before.at, &reaction.at) { before.at } else { reaction.at.clone() };
    let note = Note { n: before.n + 1, on: reaction.added, at };
    let Reaction { room, ts, who, .. } = reaction;
    match wish(&reaction.name, reaction.added) {
        None => {}
        Some(Wish::Propose) => {
            let (this, who, room, ts, colleague) = (Arc::clone(hearing), who.clone(), room.clone(), ts.clone(), colleague.clone());
            hearing.spawn(async move { propose(&this, &who, &room, &ts, &colleague).await });
        }
        Some(Wish::Act(verb, ms)) => {
            let lang = hearing.lang_of(colleague, room);
            let command = Command {
                id: format!("slack:{room}:{ts}:{}:{}:{}", who.id, bare(&reaction.name), note.n),
                by: AgentId::from(who.id.as_str()),
                door: Door::Reaction,
                room: RoomId::from(room.as_str()),
                thread: Some(ts.clone()),
                lang,
                verb,
                case: None,
                args: if ms > 0 { Args::For(ms) } else { Args::None },
            };
            let stopping = || anyhow::anyhow!("the bot is stopping");
            let mut answered = hearing.ask(Typed::Command(command.clone()), None).await.ok_or_else(stopping)?;
            if let Some(case) = below::meant(hearing, &answered, room, Some(ts)).await {
                let again = Command { id: format!("{}:{case}", command.id), case: Some(case), ..command };
                answered = hearing.ask(Typed::Command(again), None).await.ok_or_else(stopping)?;
            }
            untold = (!answered.shown).then_some(answered.view);
            // A reaction to something that is no card.
            if !answered.answer.ok && answered.answer.case.is_none() {
                return Ok(untold);
            }
        }
    }
    let _turn = hearing.reacting.lock().await;
    let mut shelf = shelf(hearing, room, ts).await?;
    put(&mut shelf, ts, key, note);
    hearing.memory.keep(&stream(room, ts), serde_json::to_string(&shelf)?).await?;
    if !past {
        hearing.fresh.note(reaction);
    }
    Ok(untold)
}

/// Whether `a` is later than `b`, or the same moment, as Slack writes times.
fn later(a: &str, b: &str) -> bool {
    let parts = |t: &str| {
        let (s, us) = t.split_once('.').unwrap_or((t, "0"));
        Some((s.parse::<u64>().ok()?, us.parse::<u64>().ok()?))
    };
    !a.is_empty() && parts(a) >= parts(b)
}

fn users(reaction: &Value) -> impl Iterator<Item = &str> {
    reaction.get("users").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// The reactions of a message that concern us, with their names.
fn ours(message: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let all = message.get("reactions").and_then(Value::as_array).into_iter().flatten();
    all.filter_map(|r| Some((r.get("name").and_then(Value::as_str).filter(|n| wish(n, true).is_some())?, r)))
}

/// Whether of a reaction more people are counted than named. Source: docs.slack.dev/reference/methods/conversations.history.
fn lacks_users(reaction: &Value) -> bool {
    let count = reaction.get("count").and_then(Value::as_u64).unwrap_or_default();
    users(reaction).count() < usize::try_from(count).unwrap_or(usize::MAX)
}

/// Whether a message does not name all who react to it.
pub(super) fn is_cut(message: &Value) -> bool {
    ours(message).any(|(_, reaction)| lacks_users(reaction))
}

/// What history shows on a card, against what was noted: the changes that no event told us of.
pub(super) fn missed(notes: &Notes, message: &Value, card: &Card<'_>) -> Vec<Reaction> {
    let mut there: BTreeMap<String, (&str, &str)> = BTreeMap::new();
    let mut cut: BTreeSet<&str> = BTreeSet::new();
    for (name, reaction) in ours(message) {
        if lacks_users(reaction) {
            cut.insert(bare(name));
        }
        for user in users(reaction) {
            there.insert(format!("{user}:{}", bare(name)), (user, bare(name)));
        }
    }
    let change = |user: &str, name: &str, added| Reaction {
        who: Who { id: user.to_owned(), team: None },
        room: card.room.0.clone(),
        ts: card.ts.to_owned(),
        name: name.to_owned(),
        added,
        author: message.get("user").and_then(Value::as_str).map(str::to_owned),
        at: card.as_of.to_owned(),
    };
    let came = there.iter().filter(|(key, _)| !notes.get(*key).is_some_and(|n| n.on)).map(|(_, (user, name))| change(user, name, true));
    let gone = notes.iter().filter(|(key, note)| note.on && !there.contains_key(*key));
    // Who is not named may be there all the same.
    let gone = gone.filter_map(|(key, _)| key.split_once(':')).filter(|(_, name)| !cut.contains(name));
    let gone = gone.map(|(user, name)| change(user, name, false));
    came.chain(gone).collect()
}

/// Shows one person how a handoff would begin, with the button that opens its form.
async fn propose(hearing: &Arc<Hearing>, who: &Who, room: &str, ts: &str, colleague: &Colleague) {
    let wish = forms::wish(who, room, Some(ts), None, Verb::Handoff, colleague);
    let Some(answered) = hearing.ask(Typed::Form(wish), None).await else { return };
    let lang = hearing.lang_of(colleague, room);
    let asker = Asker { user: &who.id, room, thread: Some(ts), response_url: None, lang };
    let View::Form(form) = &answered.view else {
        return hearing.whisper(&asker, &answered.view).await;
    };
    let view = View::Text(TextView { code: "handoff".into(), lines: form.lines.clone() });
    let mut body = hearing.body(&view, lang);
    if let Some(blocks) = body.get_mut("blocks").and_then(Value::as_array_mut) {
        blocks.push(json!({ "type": "actions", "elements": [{
            "type": "button",
            "action_id": format!("{}{}", render::PREFIX, table::row(Verb::Handoff).name),
            "text": { "type": "plain_text", "text": form.title.chars().take(70).collect::<String>(), "emoji": false },
            "value": form.case.to_string(),
        }] }));
    }
    hearing.whisper_body(&asker, body).await;
}

#[cfg(any(test, fuzzing))]
pub(super) mod fuzzing {
    use super::*;

    /// What a card shows, against what was noted: once it is noted, the same card tells nothing new.
    pub(crate) fn missed(message: &Value) {
        std::hint::black_box(is_cut(message));
        let (room, ts) = (RoomId::from("C1"), "1700000000.000001");
        let card = Card { room: &room, ts, as_of: ts };
        let mut notes = Notes::from([("U1:eyes".to_owned(), Note { n: 1, on: true, at: "1600000000.000001".into() })]);
        for reaction in super::missed(&notes, message, &card) {
            let note = Note { n: 1, on: reaction.added, at: reaction.at };
            notes.insert(format!("{}:{}", reaction.who.id, reaction.name), note);
        }
        assert_eq!(super::missed(&notes, message, &card), Vec::new());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reactions_triage_and_never_send() {
        for name in ["eyes", "white_check_mark", "rotating_light", "zzz", "wastebasket"] {
            let Some(Wish::Act(verb, _)) = wish(name, true) else { panic!("{name}") };
            assert!(table::row(verb).doors.contains(&Door::Reaction), "{name}");
        }
        assert_eq!(wish("eyes::skin-tone-3", false), Some(Wish::Act(Verb::Release, 0)));
        assert_eq!(wish("incoming_envelope", true), Some(Wish::Propose));
        assert_eq!((wish("white_check_mark", false), wish("thumbsup", true)), (None, None));
    }

    #[test]
    fn of_few_cards_it_is_kept_how_people_reacted() {
        let (mut shelf, note) = (Shelf::new(), || Note { n: 1, on: true, at: "5.000001".into() });
        for n in 0..500 {
            put(&mut shelf, &format!("1763000{n:03}.000100"), "U1:eyes".into(), note());
        }
        assert_eq!(shelf.len(), CARDS_MAX);
        assert!(shelf.contains_key("1763000499.000100") && !shelf.contains_key("1763000000.000100"), "the latest ones");
        let shelves: std::collections::BTreeSet<String> = (0..5_000).map(|n| stream("C1", &format!("{n}.0"))).collect();
        assert_eq!(shelves.len(), usize::from(SHELVES), "the rows of a room do not grow with its cards");
    }

    #[test]
    fn history_tells_what_events_did_not() {
        let mut notes = Notes::new();
        notes.insert("U1:eyes".into(), Note { n: 1, on: true, at: "5.000001".into() });
        notes.insert("U2:eyes".into(), Note { n: 2, on: false, at: "5.000001".into() });
        let room = RoomId::from("C1");
        let card = Card { room: &room, ts: "1.1", as_of: "9.000000" };
        let missed = |shown: Value| missed(&notes, &json!({ "user": "U0", "reactions": shown }), &card);
        let told = |found: &[Reaction]| -> Vec<(String, String, bool)> {
            found.iter().map(|r| (r.who.id.clone(), r.name.clone(), r.added)).collect()
        };
        let was = |user: &str, name: &str, added| (user.to_owned(), name.to_owned(), added);
        let found = missed(json!([{"name":"eyes","users":["U2"]},{"name":"zzz","users":["U1"]},{"name":"tada","users":["U3"]}]));
        assert_eq!(told(&found), [was("U1", "zzz", true), was("U2", "eyes", true), was("U1", "eyes", false)]);
        assert_eq!(found[0].author.as_deref(), Some("U0"));
        assert_eq!(told(&missed(Value::Null)), [was("U1", "eyes", false)]);
        // Not all are named: who is not may be there all the same.
        let cut = json!([{"name":"eyes","users":["U2"],"count":2}]);
        assert!(is_cut(&json!({ "reactions": cut })) && !is_cut(&json!({"reactions": [{"name":"tada","users":[],"count":9}]})));
        assert_eq!(told(&missed(cut)), [was("U2", "eyes", true)]);
    }

    #[test]
    fn what_is_older_than_the_note_is_old_news() {
        assert!(later("1763000000.000200", "1763000000.000100") && later("10.000000", "9.999999") && later("5.1", "5.1"));
        assert!(!later("", "1.0") && !later("9.999999", "10.000000"));
    }
}
