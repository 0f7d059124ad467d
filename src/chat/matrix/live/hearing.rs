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
use super::answers::{Answers, Reply};
use super::read::{self, Envelope, Heard, Me, Text};
use super::session::{Fail, Session, fail};
use super::{invites, reactions, render, rooms, waiting};
use crate::chat::{Answered, FormWish, Memory, Said, Typed};
use crate::clock::Time;
use crate::command::{Args, Command, Door, Verb};
use crate::policy::{AgentId, Lang, RoomId};
use crate::say::Say;
use matrix_sdk::Room;
use matrix_sdk::config::SyncSettings;
use matrix_sdk::deserialized_responses::TimelineEvent;
use matrix_sdk::room::MessagesOptions;
use matrix_sdk::ruma::api::client::filter::{Filter, FilterDefinition, RoomEventFilter, RoomFilter};
use matrix_sdk::ruma::api::client::sync::sync_events;
use matrix_sdk::ruma::uint;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
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
/// How often a command whose answer was lost is handed in again.
const ASK_AGAIN: u32 = 5;
/// How long it waits before that.
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(200);
/// A stranger is told no more often that they are one.
const TOLD_AGAIN: Duration = Duration::from_secs(600);
/// Strangers remembered at most.
const STRANGERS_MAX: usize = 500;

/// Everything that hears Matrix while the bot runs.
pub(super) struct Hearing {
    pub shared: Arc<Shared>,
    pub session: Arc<Session>,
    pub memory: Arc<dyn Memory>,
    inbox: mpsc::Sender<Said>,
    answers: Answers,
    me: Me,
    /// New keys may have come: what could not be decrypted is tried again.
    pub keys: Notify,
    /// Somebody may have invited the bot.
    pub invited: Notify,
    pub waiting: tokio::sync::Mutex<Vec<waiting::Waiting>>,
    strangers: Mutex<HashMap<String, Instant>>,
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
        strangers: Mutex::default(),
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
        let mut answers = Vec::new();
        let mut worth = batch.first;
        if batch.invited {
            hearing.invited.notify_one();
        }
        for (room, events) in hearing.events(&batch).await {
            let id = RoomId::from(room.room_id().as_str());
            for event in events {
                worth |= hearing.event(&room, &id, &event, false, &mut answers).await?;
            }
        }
        if done.send(Done { to: batch.to, worth, answers }).await.is_err() {
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
                    let empty = page.chunk.is_empty();
                    events.extend(page.chunk);
                    match page.end {
                        Some(end) if !empty && end != from => from = end,
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
        again: bool,
        answers: &mut Vec<oneshot::Receiver<()>>,
    ) -> anyhow::Result<bool> {
        let json = adapter::value(event);
        let Some(envelope) = read::envelope(&json) else { return Ok(false) };
        match read::read(&json, &self.session.me) {
            Heard::Nothing => Ok(false),
            Heard::Room => {
                self.shared.rooms.forget(id);
                if self.shared.settings.rooms.contains(id)
                    && let Err(fail) = rooms::refresh(&self.shared, &self.session, id).await
                {
                    tracing::warn!(room = id.as_str(), why = fail.why(), "a room could not be looked at");
                }
                Ok(false)
            }
            Heard::Sealed if again => Ok(false),
            Heard::Sealed => self.sealed(room, id, &envelope, answers).await,
            Heard::Text(text) => self.text(room, id, &envelope, text, answers).await,
            Heard::Reaction { target, key } => self.reaction(room, id, &envelope, target, key, answers).await,
            Heard::Redacted { target } => self.redacted(room, id, &envelope, &target, answers).await,
        }
    }

    /// What cannot be decrypted: its key may be on its way. What follows waits for it a moment, then goes first.
    async fn sealed(
        self: &Arc<Self>,
        room: &Room,
        id: &RoomId,
        envelope: &Envelope,
        answers: &mut Vec<oneshot::Receiver<()>>,
    ) -> anyhow::Result<bool> {
        let deadline = Instant::now() + self.shared.settings.pace.keys;
        let step = (self.shared.settings.pace.keys / 6).max(Duration::from_millis(50));
        while Instant::now() < deadline {
            tokio::time::sleep(step).await;
            if let Some(opened) = waiting::open(room, &envelope.id).await {
                // No second wait within: it is no longer sealed.
                return Box::pin(self.event(room, id, &opened, true, answers)).await.map(|_| true);
            }
        }
        waiting::put(self, id, envelope).await?;
        Ok(true)
    }

    async fn text(
        self: &Arc<Self>,
        room: &Room,
        id: &RoomId,
        envelope: &Envelope,
        said: Text,
        answers: &mut Vec<oneshot::Receiver<()>>,
    ) -> anyhow::Result<bool> {
        let Some(line) = read::command(&said, &self.shared.settings.prefix, &self.me) else { return Ok(false) };
        let thread = match (&said.thread, &said.answers) {
            (Some(thread), _) => Some(thread.clone()),
            (None, Some(answered)) => self.thread_of(room, answered).await,
            (None, None) => None,
        };
        if !self.may_act(room, &envelope.sender).await {
            answers.extend(self.turn_away(id, envelope, thread).await);
            return Ok(true);
        }
        let typed = Typed::Line {
            id: format!("matrix:{}", envelope.id),
            by: AgentId::from(envelope.sender.as_str()),
            door: if said.body.trim_start().starts_with('/') { Door::Slash } else { Door::Text },
            room: id.clone(),
            thread: thread.clone(),
            lang: None,
            text: line,
        };
        let answered = self.ask(typed).await?;
        if thread.is_none() || !answered.shown {
            answers.extend(self.answer(id, envelope, thread, &answered).await);
        }
        Ok(true)
    }

    /// The thread that an event belongs to: its own, or that which it begins.
    async fn thread_of(&self, room: &Room, event: &str) -> Option<String> {
        let id = matrix_sdk::ruma::EventId::parse(event).ok()?;
        let found = room.event(&id, None).await.ok()?;
        let json = adapter::value(&found);
        let relation = json.pointer("/content/m.relates_to/rel_type").and_then(Value::as_str);
        let root = json.pointer("/content/m.relates_to/event_id").and_then(Value::as_str).filter(|_| relation == Some("m.thread"));
        // What somebody else wrote is no card.
        let ours = json.get("sender").and_then(Value::as_str) == Some(&self.session.me);
        root.map(str::to_owned).or_else(|| ours.then(|| event.to_owned()))
    }

    async fn may_act(&self, room: &Room, sender: &str) -> bool {
        let listed = self.shared.settings.people.contains(&AgentId::from(sender));
        let bridged = !listed && rooms::is_bridged(room).await;
        read::may_act(sender, listed, bridged, &self.shared.settings.servers)
    }

    /// Tells somebody once in a while that they are not on the team.
    async fn turn_away(&self, id: &RoomId, envelope: &Envelope, thread: Option<String>) -> Option<oneshot::Receiver<()>> {
        {
            let mut strangers = self.strangers.lock().unwrap_or_else(PoisonError::into_inner);
            if strangers.len() >= STRANGERS_MAX {
                strangers.retain(|_, at| at.elapsed() < TOLD_AGAIN);
            }
            let known = strangers.get(&envelope.sender).is_some_and(|at| at.elapsed() < TOLD_AGAIN);
            if known || strangers.len() >= STRANGERS_MAX {
                return None;
            }
            strangers.insert(envelope.sender.clone(), Instant::now());
        }
        let words = self.memory.words(&Say::new("refused-not-staff"), self.memory.room_lang(id));
        let rendered = render::sentence(&words, false);
        Some(self.say(id, envelope, thread, format!("refused-{}", envelope.id), &rendered).await)
    }

    async fn reaction(
        self: &Arc<Self>,
        room: &Room,
        id: &RoomId,
        envelope: &Envelope,
        target: String,
        key: String,
        answers: &mut Vec<oneshot::Receiver<()>>,
    ) -> anyhow::Result<bool> {
        // Anybody may react; only our own people mean us.
        let Some(wish) = reactions::wish(&key) else { return Ok(false) };
        if !self.may_act(room, &envelope.sender).await {
            return Ok(false);
        }
        match wish {
            reactions::Wish::Propose => answers.extend(self.propose(id, envelope, &target).await?),
            reactions::Wish::Act(verb, ms) => {
                let args = if ms > 0 { Args::For(ms) } else { Args::None };
                self.react(id, envelope, &target, verb, args, answers).await?;
                if reactions::unwish(&key).is_some() {
                    let stood = reactions::Stood { event: envelope.id.clone(), target, key, by: envelope.sender.clone() };
                    reactions::remember(&*self.memory, stood).await?;
                }
            }
        }
        Ok(true)
    }

    async fn redacted(
        self: &Arc<Self>,
        room: &Room,
        id: &RoomId,
        envelope: &Envelope,
        target: &str,
        answers: &mut Vec<oneshot::Receiver<()>>,
    ) -> anyhow::Result<bool> {
        let Some(stood) = reactions::recall(&*self.memory, target).await? else { return Ok(false) };
        // A moderator who tidies up gives up nobody's case.
        if stood.by == envelope.sender
            && let Some(verb) = reactions::unwish(&stood.key)
            && self.may_act(room, &envelope.sender).await
        {
            self.react(id, envelope, &stood.target, verb, Args::None, answers).await?;
        }
        reactions::forget(&*self.memory, target).await?;
        Ok(true)
    }

    async fn react(
        &self,
        id: &RoomId,
        envelope: &Envelope,
        target: &str,
        verb: Verb,
        args: Args,
        answers: &mut Vec<oneshot::Receiver<()>>,
    ) -> anyhow::Result<()> {
        let command = Command {
            id: format!("matrix:{}", envelope.id),
            by: AgentId::from(envelope.sender.as_str()),
            door: Door::Reaction,
            room: id.clone(),
            thread: Some(target.to_owned()),
            lang: self.memory.room_lang(id),
            verb,
            case: None,
            args,
        };
        let answered = self.ask(Typed::Command(command)).await?;
        if !answered.shown {
            answers.extend(self.answer(id, envelope, Some(target.to_owned()), &answered).await);
        }
        Ok(())
    }

    /// Shows how a handoff would begin. It sends nothing.
    async fn propose(&self, id: &RoomId, envelope: &Envelope, target: &str) -> anyhow::Result<Option<oneshot::Receiver<()>>> {
        let wish = FormWish {
            by: AgentId::from(envelope.sender.as_str()),
            room: id.clone(),
            thread: Some(target.to_owned()),
            case: None,
            verb: Verb::Handoff,
            about: Args::None,
            lang: None,
        };
        let mut answered = self.ask(Typed::Form(wish)).await?;
        // It has no id of its own.
        answered.op = format!("{}-{}", answered.op, envelope.id);
        Ok(self.answer(id, envelope, Some(target.to_owned()), &answered).await)
    }

    /// Hands something in and waits for its answer; asks again where that was lost.
    async fn ask(&self, what: Typed) -> anyhow::Result<Answered> {
        for tried in 0..=ASK_AGAIN {
            if tried > 0 {
                tokio::time::sleep(ASK_AGAIN_AFTER).await;
            }
            let (answer, waiting) = oneshot::channel();
            let said = Said { what: what.clone(), answer };
            self.inbox.send(said).await.map_err(|_| anyhow::anyhow!("the bot is stopping"))?;
            if let Ok(answered) = waiting.await {
                return Ok(answered);
            }
        }
        // Nothing was done: the place is not kept, and it is heard again.
        anyhow::bail!("a command was not taken in")
    }

    async fn answer(&self, id: &RoomId, envelope: &Envelope, thread: Option<String>, answered: &Answered) -> Option<oneshot::Receiver<()>> {
        let lang: Lang = self.memory.room_lang(id);
        let rendered = self.shared.rendered(&answered.view, lang);
        // Nobody is called by an answer, and nobody but the asker need be told.
        let rendered = render::Rendered { loud: false, calls: Vec::new(), ..rendered };
        Some(self.say(id, envelope, thread, answered.op.clone(), &rendered).await)
    }

    async fn say(
        &self,
        id: &RoomId,
        envelope: &Envelope,
        thread: Option<String>,
        op: String,
        rendered: &render::Rendered,
    ) -> oneshot::Receiver<()> {
        let mut content = rendered.content();
        match &thread {
            Some(root) => render::in_thread(&mut content, root, &envelope.id),
            None => content["m.relates_to"] = serde_json::json!({ "m.in_reply_to": { "event_id": envelope.id } }),
        }
        self.answers.send(Reply { room: id.clone(), op, since: Time(envelope.at), content }).await
    }
}
