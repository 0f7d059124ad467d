//! What comes from Slack, on its way to the bot and its answer's way back.
//!
//! [`Hearing::take`] is called for each payload in the order in which it came, and returns at once.
//! The work goes on beside it; what one person does keeps its order up to the bot's own queue. The
//! ack follows the commit, within three seconds; a question commits nothing and is acked before it
//! is answered, where the answer takes longer.

use super::answers::{Asker, spoken};
use super::people::{Colleague, No};
use super::sent::Sent;
use super::turns::{Ack, Crew, Place, Seen, Taken, Turn};
use super::typed::{asks_for_text, lacks_text, wants_form};
use super::wire::{self, Heard, Kind, Message, Press, Slash, Submit, Who};
use super::{Shared, below, forms, home, people, reactions};
use crate::case::CaseId;
use crate::chat::{Answered, FormWish, Memory, Parked, Said, Typed, with_case};
use crate::clock::Time;
use crate::command::{Command, Door, Run, Takes, table};
use crate::policy::{AgentId, Lang, RoomId};
use crate::view::View;
use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinSet;

/// How often a command whose answer was lost is handed in again.
const ASK_AGAIN: u32 = 5;
/// How long it waits before that.
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(200);
/// Payloads worked on at once; more are left for Slack to bring again.
const BUSY_MAX: usize = 1_024;

/// People whose last turn is remembered, at most.
const TURNS_MAX: usize = 1_024;

/// Everything that hears Slack while the bot runs.
pub(super) struct Hearing {
    pub shared: Arc<Shared>,
    pub memory: Arc<dyn Memory>,
    inbox: mpsc::Sender<Said>,
    crew: Arc<Mutex<JoinSet<()>>>,
    turns: Mutex<HashMap<String, Place>>,
    seen: Mutex<Seen>,
    pub sent: Sent,
    pub reacting: tokio::sync::Mutex<()>,
    pub fresh: reactions::Fresh,
    pub telling: tokio::sync::Mutex<()>,
    pub group_changed: Notify,
    /// When the bot began to hear.
    pub began: Time,
    /// A gap in what was heard is over: history must be read.
    pub gap: Notify,
    /// Whether something was said that we may not have heard.
    pub behind: AtomicBool,
    /// Whether Slack is leaving events out: once history is read it must be read once more.
    pub left_out: AtomicBool,
    /// Whether Slack can reach us.
    pub reached: AtomicBool,
}

impl Hearing {
    pub(super) fn new(shared: Arc<Shared>, inbox: mpsc::Sender<Said>, memory: Arc<dyn Memory>) -> (Arc<Hearing>, Crew) {
        let crew = Arc::new(Mutex::new(JoinSet::new()));
        let hearing = Hearing {
            began: shared.settings.clock.now(),
            shared,
            memory,
            inbox,
            crew: Arc::clone(&crew),
            turns: Mutex::default(),
            seen: Mutex::default(),
            sent: Sent::default(),
            reacting: tokio::sync::Mutex::new(()),
            fresh: reactions::Fresh::default(),
            telling: tokio::sync::Mutex::new(()),
            group_changed: Notify::new(),
            gap: Notify::new(),
            behind: AtomicBool::new(true),
            left_out: AtomicBool::new(false),
            reached: AtomicBool::new(false),
        };
        (Arc::new(hearing), Crew(crew))
    }

    /// Whether Slack can reach us.
    pub(super) fn connected(&self) -> bool {
        self.reached.load(Ordering::Acquire)
    }

    /// Works on something beside everything else. `false`: too much is under way.
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> bool {
        let mut crew = self.crew.lock().unwrap_or_else(PoisonError::into_inner);
        while crew.try_join_next().is_some() {}
        let room = crew.len() < BUSY_MAX;
        if room {
            crew.spawn(work);
        }
        room
    }

    /// The next place in the order of what `user` does.
    pub(super) fn turn(&self, user: &str) -> Turn {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if turns.len() > TURNS_MAX {
            turns.retain(|_, last| last.waits());
        }
        let (turn, end) = Turn::behind(turns.remove(user));
        turns.insert(user.to_owned(), end);
        turn
    }

    /// Whether `id` was not answered before by this process.
    pub(super) fn is_new(&self, id: &str) -> bool {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).note(id)
    }

    /// Takes a payload in. What comes back says when and how to ack; if it ends without a word, not at all.
    pub(super) fn take(self: &Arc<Self>, kind: Kind, payload: &Value, raw: &str) -> oneshot::Receiver<Taken> {
        let (ack, acked) = Ack::new();
        if payload.get("type").and_then(Value::as_str) == Some("app_rate_limited") {
            self.miss_events();
            ack.plain();
            return acked;
        }
        self.mind_sharing(payload);
        let this = Arc::clone(self);
        let taken = match wire::read(kind, payload) {
            Ok(Heard::Nothing) => {
                ack.plain();
                true
            }
            Ok(heard) => {
                let turn = who(&heard).map(|w| self.turn(&w.id));
                self.spawn(async move { this.hear(heard, turn, ack).await })
            }
            Err(unread) => {
                let parked = Parked { id: parked_id(payload, raw), why: unread.0, raw: raw.to_owned() };
                self.spawn(async move { this.park(parked, ack).await })
            }
        };
        if !taken {
            tracing::warn!("more comes from Slack than can be taken in: left for later");
        }
        acked
    }

    /// Slack says that it leaves events out for a minute: history is read in the midst of it and once it is over.
    fn miss_events(&self) {
        tracing::error!("Slack leaves events out, more than 30,000 an hour: what staff did is found in its history");
        self.left_out.store(true, Ordering::Release);
        self.behind.store(true, Ordering::Release);
    }

    /// What is no JSON at all is kept as well.
    pub(super) fn take_unread(self: &Arc<Self>, raw: &str, why: &str) -> oneshot::Receiver<Taken> {
        let (ack, acked) = Ack::new();
        let parked = Parked { id: parked_id(&Value::Null, raw), why: why.to_owned(), raw: raw.to_owned() };
        let this = Arc::clone(self);
        self.spawn(async move { this.park(parked, ack).await });
        acked
    }

    /// Every event says whether its room is shared with another company: no event of its own is waited for.
    fn mind_sharing(self: &Arc<Self>, payload: &Value) {
        if payload.get("is_ext_shared_channel").and_then(Value::as_bool) != Some(true) {
            return;
        }
        let Some(room) = payload.pointer("/event/channel").and_then(Value::as_str).map(RoomId::from) else { return };
        // Each event says it again.
        if self.shared.rooms.is_known_unfit(&room) || !self.shared.rooms.doubt(&room) {
            return;
        }
        let this = Arc::clone(self);
        self.spawn(async move {
            if this.shared.watched().await.contains(&room) {
                this.look_at_room(&room).await;
            }
            this.shared.rooms.doubted(&room);
        });
    }

    async fn look_at_room(&self, room: &RoomId) {
        self.shared.rooms.forget(room);
        if let Err(why) = super::rooms::refresh(&self.shared, room, true).await {
            tracing::warn!(room = room.as_str(), why, "a room could not be looked at");
        }
    }

    async fn park(&self, parked: Parked, ack: Ack) {
        tracing::warn!(id = parked.id, why = parked.why, "something from Slack could not be read: it is kept for people to look at");
        match self.memory.park(parked).await {
            Ok(()) => ack.plain(),
            Err(error) => tracing::error!(error = format!("{error:#}"), "it could not be kept either: Slack is asked to bring it again"),
        }
    }

    async fn hear(self: Arc<Self>, heard: Heard, turn: Option<Turn>, ack: Ack) {
        match heard {
            Heard::Room(room) => {
                ack.plain();
                return self.look_at_room(&RoomId(room)).await;
            }
            Heard::Group(group) => {
                if self.shared.settings.user_group.as_deref() == Some(group.as_str()) {
                    self.group_changed.notify_one();
                }
                return ack.plain();
            }
            Heard::Person(id) => {
                self.shared.people.forget(&id);
                ack.plain();
                let at = self.shared.settings.clock.now().0;
                return home::recheck(&self, &id, &format!("change:{id}:{at}")).await;
            }
            Heard::Revoked(what) => {
                tracing::error!(
                    what,
                    "Slack says that the app's rights have ended: install it again, and put the new tokens where bot.toml points"
                );
                return ack.plain();
            }
            Heard::Typing(typing) => return forms::typing(&self, typing, ack).await,
            Heard::Shortcut(shortcut) => return forms::shortcut(&self, shortcut, ack).await,
            Heard::Home { who, id } => return home::opened(&self, &who, &id, ack).await,
            _ => {}
        }
        let Some(turn) = turn else { return ack.plain() };
        match heard {
            Heard::Slash(slash) => self.slash(slash, turn, ack).await,
            Heard::Message(message) => self.message(message, turn, ack).await,
            Heard::Reaction(reaction) => reactions::heard(&self, reaction, turn, ack).await,
            Heard::Press(press) => self.press(press, turn, ack).await,
            Heard::Submit(submit) => self.submit(submit, turn, ack).await,
            _ => ack.plain(),
        }
    }

    /// The colleague; `Err(Some)`: they are none of ours and may be told so, in their language or the room's;
    /// `Err(None)`: Slack does not say who they are, so that nothing was taken.
    pub(super) async fn colleague(&self, who: &Who, room: &str) -> Result<Colleague, Option<(View, Lang)>> {
        match self.shared.people.of(&self.shared, who).await {
            Ok(colleague) => Ok(colleague),
            Err(No::Stranger(lang)) => {
                let lang = lang.unwrap_or_else(|| self.memory.room_lang(&RoomId::from(room)));
                Err(Some((self.sentence("refused-not-staff", lang), lang)))
            }
            Err(No::Unknown(fail)) => {
                tracing::warn!(why = fail.why(), user = who.id, "Slack does not say who this is: nothing was done");
                Err(None)
            }
        }
    }

    /// Hands something in, in its turn, and waits for its answer; asks again where that was lost.
    pub(super) async fn ask(&self, what: Typed, turn: Option<Turn>) -> Option<Answered> {
        let mut waiting = {
            let mut turn = turn;
            if let Some(turn) = &mut turn {
                turn.come().await;
            }
            self.hand(&what).await?
        };
        for _ in 0..ASK_AGAIN {
            if let Ok(mut answered) = waiting.await {
                // The ack is waited for: only names that we know.
                people::name_known(&self.shared, &mut answered.view);
                return Some(answered);
            }
            tokio::time::sleep(ASK_AGAIN_AFTER).await;
            waiting = self.hand(&what).await?;
        }
        None
    }

    async fn hand(&self, what: &Typed) -> Option<oneshot::Receiver<Answered>> {
        let (answer, waiting) = oneshot::channel();
        self.inbox.send(Said { what: what.clone(), answer }).await.ok().map(|()| waiting)
    }

    async fn slash(self: &Arc<Self>, slash: Slash, turn: Turn, ack: Ack) {
        let id = format!("slack:{}", slash.trigger);
        let asker = |lang| Asker { user: &slash.who.id, room: &slash.room, thread: None, response_url: Some(&slash.response_url), lang };
        let colleague = match self.colleague(&slash.who, &slash.room).await {
            Ok(colleague) => colleague,
            Err(None) => return,
            Err(Some((refusal, lang))) => {
                drop(turn);
                return self.answer(&id, &asker(lang), &refusal, ack).await;
            }
        };
        let line = self.slash_line(&slash);
        let asker = asker(self.lang_of(&colleague, &slash.room));
        let row = table::find(line.split_whitespace().next().unwrap_or_default());
        if let Some((row, case)) = row.and_then(|row| wants_form(row, &line)) {
            drop(turn);
            ack.plain();
            let wish = forms::wish(&slash.who, &slash.room, None, Some(CaseId(case)), row.verb, &colleague);
            return forms::open(self, wish, &slash.trigger, &asker).await;
        }
        let typed = Typed::Line {
            id: id.clone(),
            by: AgentId::from(slash.who.id.as_str()),
            door: Door::Slash,
            room: RoomId::from(slash.room.as_str()),
            thread: None,
            lang: colleague.lang,
            text: line.clone(),
            files: Vec::new(),
        };
        let mut asking = pin!(self.ask(typed, Some(turn)));
        match tokio::time::timeout(self.shared.settings.pace.ack_by, &mut asking).await {
            // `/reply 42` where nothing was drafted: the form asks for the text.
            Ok(Some(answered))
                if lacks_text(&answered.answer)
                    && let Some((row, case)) = row.and_then(|row| asks_for_text(row, &line)) =>
            {
                ack.plain();
                let wish = forms::wish(&slash.who, &slash.room, None, Some(CaseId(case)), row.verb, &colleague);
                forms::open(self, wish, &slash.trigger, &asker).await;
            }
            Ok(Some(answered)) => self.answer(&id, &asker, &answered.view, ack).await,
            Ok(None) => {}
            Err(_) => {
                // A question commits nothing: it can be taken before it is answered.
                let waiting = if row.is_some_and(|r| matches!(r.run, Run::Query)) {
                    ack.plain();
                    None
                } else {
                    Some(ack)
                };
                let Some(answered) = asking.await else { return };
                if let Some(ack) = waiting {
                    ack.plain();
                }
                if self.is_new(&id) {
                    self.whisper(&asker, &answered.view).await;
                }
            }
        }
    }

    /// The language of what one person sees.
    pub(super) fn lang_of(&self, colleague: &Colleague, room: &str) -> Lang {
        colleague.lang.unwrap_or_else(|| self.memory.room_lang(&RoomId::from(room)))
    }

    pub(super) async fn message(self: &Arc<Self>, message: Message, turn: Turn, ack: Ack) {
        let Some(line) = self.command_in(&message) else { return ack.plain() };
        let id = format!("slack:{}:{}", message.room, message.ts);
        let asker =
            |lang| Asker { user: &message.who.id, room: &message.room, thread: message.thread.as_deref(), response_url: None, lang };
        let colleague = match self.colleague(&message.who, &message.room).await {
            Ok(colleague) => colleague,
            Err(None) => return,
            Err(Some((refusal, lang))) => {
                drop(turn);
                ack.plain();
                if self.is_new(&id) {
                    self.tell_once(&message, &asker(lang), &refusal).await;
                }
                return;
            }
        };
        // Of colleagues alone: what others send is not kept.
        if !self.is_first(&message).await {
            return ack.plain();
        }
        let lang = self.lang_of(&colleague, &message.room);
        let elsewhere = message.thread.is_none();
        let typed = |id: String, text: String| Typed::Line {
            id,
            by: AgentId::from(message.who.id.as_str()),
            door: Door::Text,
            room: RoomId::from(message.room.as_str()),
            thread: message.thread.clone(),
            lang: colleague.lang,
            text,
            files: message.files.clone(),
        };
        let asked = self.ask(typed(id.clone(), line.clone()), Some(turn));
        let (answered, ()) = tokio::join!(asked, self.keep_sent(&message.room));
        let Some(mut answered) = answered else { return };
        if let Some(case) = below::meant(self, &answered, &message.room, message.thread.as_deref()).await {
            // Under an id of its own: the answer to the first one is remembered.
            let again = typed(format!("{id}:{case}"), with_case(&line, case));
            let Some(found) = self.ask(again, None).await else { return };
            answered = found;
        }
        ack.plain();
        // The same message comes twice, as a message and as a mention: it is answered once.
        if self.is_new(&id) && (elsewhere || !answered.shown) {
            self.tell_once(&message, &asker(lang), &answered.view).await;
        }
    }

    async fn press(self: &Arc<Self>, press: Press, turn: Turn, ack: Ack) {
        let id = format!("slack:{}", press.trigger);
        let room = press.room.clone().unwrap_or_default();
        let thread = press.thread.clone().or_else(|| press.ts.clone());
        let asker = |lang| Asker {
            user: &press.who.id,
            room: &room,
            thread: thread.as_deref(),
            response_url: press.response_url.as_deref().filter(|_| !room.is_empty()),
            lang,
        };
        let colleague = match self.colleague(&press.who, &room).await {
            Ok(colleague) => colleague,
            Err(None) => return,
            Err(Some((refusal, lang))) => {
                drop(turn);
                ack.plain();
                if self.is_new(&id) {
                    self.whisper(&asker(lang), &refusal).await;
                }
                return;
            }
        };
        let row = table::row(press.verb);
        if !row.doors.contains(&Door::Button) {
            return ack.plain();
        }
        let lang = self.lang_of(&colleague, &room);
        if row.doors.contains(&Door::Modal) && !(press.on_entry() && matches!(row.takes, Takes::MaybeText)) {
            drop(turn);
            ack.plain();
            let wish = forms::wish(&press.who, &room, thread.as_deref(), Some(CaseId(press.case)), press.verb, &colleague);
            let wish = FormWish { about: press.about.clone(), ..wish };
            return forms::open(self, wish, &press.trigger, &asker(lang)).await;
        }
        let command = Command {
            id: id.clone(),
            by: AgentId::from(press.who.id.as_str()),
            door: Door::Button,
            room: RoomId::from(if room.is_empty() { self.shared.settings.channel.as_str() } else { &room }),
            thread: thread.clone(),
            lang,
            verb: press.verb,
            case: Some(CaseId(press.case)),
            args: press.about.clone(),
        };
        let Some(answered) = self.ask(Typed::Command(command), Some(turn)).await else { return };
        ack.plain();
        if room.is_empty() {
            home::show(self, &press.who.id, &colleague, &press.trigger).await;
        }
        if !answered.shown && self.is_new(&id) {
            self.whisper(&asker(lang), &answered.view).await;
        }
    }

    async fn submit(self: &Arc<Self>, submit: Submit, turn: Turn, ack: Ack) {
        let wrong = |text: String| json!({ "response_action": "errors", "errors": { submit.block.as_str(): text } });
        let colleague = match self.colleague(&submit.who, &submit.meta.room).await {
            Ok(colleague) => colleague,
            Err(None) => return,
            Err(Some((refusal, _))) => return ack.with(wrong(spoken(&refusal))),
        };
        let room = if submit.meta.room.is_empty() { self.shared.settings.channel.as_str() } else { &submit.meta.room };
        let typed = Typed::Filled {
            id: format!("slack:{}:{}", submit.view, submit.hash),
            by: AgentId::from(submit.who.id.as_str()),
            room: RoomId::from(room),
            thread: submit.meta.thread.clone(),
            lang: colleague.lang,
            verb: submit.meta.verb.clone(),
            case: CaseId(submit.meta.case),
            text: submit.text.clone(),
            public: submit.meta.public,
        };
        let Some(answered) = self.ask(typed, Some(turn)).await else { return };
        if answered.answer.ok {
            self.shared.forms.closed(&submit.view);
            ack.plain();
            // Opened from the home: it shows what came of it.
            if submit.meta.room.is_empty() {
                home::show(self, &submit.who.id, &colleague, &format!("{}:{}", submit.view, submit.hash)).await;
            }
        } else if answered.answer.say.code == "refused-id-used" {
            // Slack did not hear that it was taken; its writer changed it since.
            ack.with(wrong(spoken(&self.sentence("notice-form-taken", self.lang_of(&colleague, room)))));
        } else {
            ack.with(wrong(spoken(&answered.view)));
        }
    }
}

/// Whose order of doing things it is part of.
fn who(heard: &Heard) -> Option<&Who> {
    match heard {
        Heard::Slash(s) => Some(&s.who),
        Heard::Message(m) => Some(&m.who),
        Heard::Reaction(r) => Some(&r.who),
        Heard::Press(p) => Some(&p.who),
        Heard::Submit(s) => Some(&s.who),
        // Those only ask: they wait for nobody, and nobody for them.
        Heard::Typing(_) | Heard::Shortcut(_) | Heard::Home { .. } => None,
        Heard::Room(_) | Heard::Group(_) | Heard::Person(_) | Heard::Revoked(_) | Heard::Nothing => None,
    }
}

/// Slack's own id of it where it has one, else that of its bytes: again the same when it comes again.
fn parked_id(payload: &Value, raw: &str) -> String {
    let own = ["/event_id", "/trigger_id"].into_iter().find_map(|path| payload.pointer(path).and_then(Value::as_str));
    let digest = || HEXLOWER.encode(&Sha256::digest(raw.as_bytes())[..16]);
    format!("slack:{}", own.filter(|o| !o.is_empty() && o.len() <= 200).map_or_else(digest, str::to_owned))
}
