//! The doors: a line, a mention, a reaction or its removal, on its way to the bot, and its answer's way back.

use super::adapter;
use super::answers::Reply;
use super::deliver;
use super::hearing::{Hearing, Round, is_forged};
use super::read::{self, Envelope, Text};
use super::session::{Fail, fail};
use super::{reactions, render, rooms};
use crate::case::CaseId;
use crate::chat::{Answered, FormWish, Said, Typed, with_case};
use crate::clock::Time;
use crate::command::{Args, Command, Door, Verb};
use crate::policy::{AgentId, RoomId};
use crate::say::Say;
use matrix_sdk::Room;
use matrix_sdk::deserialized_responses::TimelineEvent;
use matrix_sdk::ruma::EventId;
use serde_json::Value;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// How often a command whose answer was lost is handed in again.
const ASK_AGAIN: u32 = 5;
/// How long it waits before that.
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(200);
/// Nobody is told the same more often.
const TOLD_AGAIN: Duration = Duration::from_secs(600);
/// Of so many things it is known when they were told, at most.
const TOLD_MAX: usize = 500;

impl Hearing {
    pub(super) async fn text(
        self: &Arc<Self>,
        room: &Room,
        id: &RoomId,
        envelope: &Envelope,
        said: Text,
        round: &mut Round,
    ) -> anyhow::Result<bool> {
        let Some(line) = read::command(&said, &self.shared.settings.prefix, &self.me) else { return Ok(false) };
        let thread = match (&said.thread, &said.answers) {
            (Some(thread), _) => Some(thread.clone()),
            (None, Some(answered)) => self.thread_of(room, answered).await,
            (None, None) => None,
        };
        if !self.may_act(room, &envelope.sender).await {
            round.answers.extend(self.turn_away(id, envelope, thread).await);
            return Ok(true);
        }
        let door = if said.body.trim_start().starts_with('/') { Door::Slash } else { Door::Text };
        let typed = |suffix: String, text: String| Typed::Line {
            id: format!("matrix:{}{suffix}", envelope.id),
            by: AgentId::from(envelope.sender.as_str()),
            door,
            room: id.clone(),
            thread: thread.clone(),
            lang: None,
            text,
            files: Vec::new(),
        };
        let mut answered = self.ask(typed(String::new(), line.clone())).await?;
        if let Some(case) = self.meant(room, &answered, thread.as_deref()).await {
            // Under an id of its own: the answer to the first one is remembered.
            answered = self.ask(typed(format!(":{case}"), with_case(&line, case))).await?;
        }
        if thread.is_none() || !answered.shown {
            round.answers.push(self.answer(id, envelope, thread, &answered).await);
        }
        Ok(true)
    }

    /// The thread that an event belongs to: its own, or that which it begins.
    async fn thread_of(&self, room: &Room, event: &str) -> Option<String> {
        let id = EventId::parse(event).ok()?;
        let found = self.found(room, &id).await?;
        let json = adapter::value(&found);
        let relation = json.pointer("/content/m.relates_to/rel_type").and_then(Value::as_str);
        let root = json.pointer("/content/m.relates_to/event_id").and_then(Value::as_str).filter(|_| relation == Some("m.thread"));
        // What somebody else wrote is no card.
        let ours = json.get("sender").and_then(Value::as_str) == Some(&self.session.me);
        root.map(str::to_owned).or_else(|| ours.then(|| event.to_owned()))
    }

    /// The case whose card begins this thread, where `answered` asks which one was meant: the homeserver has the card, and
    /// that it stands is not known here yet. Whoever reads it may act below it all the same.
    async fn meant(&self, room: &Room, answered: &Answered, thread: Option<&str>) -> Option<CaseId> {
        let thread = thread.filter(|_| answered.answer.say.code == "refused-which-case")?;
        let found = self.found(room, &EventId::parse(thread).ok()?).await?;
        // Whoever made the homeserver say that it is ours could not have encrypted it as we do.
        let forged = found.encryption_info().is_some_and(|info| is_forged(&info.verification_state));
        let card = adapter::value(&found);
        let ours = card.get("sender").and_then(Value::as_str) == Some(&self.session.me) && !forged;
        card.pointer("/content")?.get(deliver::CASE)?.as_u64().filter(|_| ours).map(CaseId)
    }

    /// An event that a command is not understood without: asked for again and again for a while where the homeserver
    /// does not answer.
    async fn found(&self, room: &Room, id: &EventId) -> Option<TimelineEvent> {
        let pace = self.shared.settings.pace;
        let mut pause = pace.back_off.0;
        for _ in 0..ASK_AGAIN {
            match room.event(id, None).await.map_err(|e| fail(&e)) {
                Ok(found) => return Some(found),
                Err(Fail::NotIn | Fail::Code(_) | Fail::Auth(_)) => return None,
                Err(Fail::Limited(_) | Fail::Broken(_)) => tokio::time::sleep(pause).await,
            }
            pause = (pause * 2).min(pace.back_off.1);
        }
        None
    }

    /// Whether somebody may act in a room, as the rules are by now.
    pub(super) async fn may_act(&self, room: &Room, sender: &str) -> bool {
        let listed = self.memory.person(&AgentId::from(sender)).is_some();
        let bridged = !listed && rooms::is_bridged(room).await;
        read::may_act(sender, listed, bridged, &self.shared.settings.servers)
    }

    /// Tells somebody once in a while that they are not on the team.
    async fn turn_away(&self, id: &RoomId, envelope: &Envelope, thread: Option<String>) -> Option<oneshot::Receiver<()>> {
        if !self.is_news(format!("refused {}", envelope.sender)) {
            return None;
        }
        Some(self.tell(id, envelope, thread, "refused-not-staff").await)
    }

    /// Tells somebody once in a while that their message cannot be read yet.
    pub(super) async fn tell_sealed(&self, id: &RoomId, envelope: &Envelope) -> Option<oneshot::Receiver<()>> {
        if !self.is_news(format!("sealed {}", envelope.sender)) {
            return None;
        }
        Some(self.tell(id, envelope, None, "matrix-sealed").await)
    }

    /// Tells somebody once in a while that their message could not be read in time.
    pub(super) async fn tell_given_up(&self, room: &Room, id: &RoomId, envelope: &Envelope) -> Option<oneshot::Receiver<()>> {
        if !self.may_act(room, &envelope.sender).await || !self.is_news(format!("given up {}", envelope.sender)) {
            return None;
        }
        Some(self.tell(id, envelope, None, "matrix-given-up").await)
    }

    /// Whether this was not told a short while ago.
    fn is_news(&self, what: String) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() >= TOLD_MAX {
            told.retain(|_, at| at.elapsed() < TOLD_AGAIN);
        }
        if told.len() >= TOLD_MAX || told.get(&what).is_some_and(|at| at.elapsed() < TOLD_AGAIN) {
            return false;
        }
        told.insert(what, Instant::now());
        true
    }

    /// A sentence of ours, to whoever wrote something.
    async fn tell(&self, id: &RoomId, envelope: &Envelope, thread: Option<String>, code: &str) -> oneshot::Receiver<()> {
        let own = self.memory.person(&AgentId::from(envelope.sender.as_str())).and_then(|person| person.lang);
        let words = self.memory.words(&Say::new(code), own.unwrap_or_else(|| self.memory.room_lang(id)));
        self.say(id, envelope, thread, format!("{code}-{}", envelope.id), &render::sentence(&words, false)).await
    }

    /// Tells everybody in a room that another has taken its place, and what to do. The bot does not move by
    /// itself: whether the same people read the other one is for the team to say.
    pub(super) async fn tell_replaced(&self, id: &RoomId, envelope: &Envelope, by: &str) -> oneshot::Receiver<()> {
        let code = "matrix-replaced";
        let words = self.memory.words(&Say::new(code).text("room", by), self.memory.room_lang(id));
        self.say(id, envelope, None, format!("{code}-{}", envelope.id), &render::sentence(&format!("🚨 {words}"), true)).await
    }

    pub(super) async fn reaction(
        self: &Arc<Self>,
        room: &Room,
        id: &RoomId,
        envelope: &Envelope,
        target: String,
        key: String,
        round: &mut Round,
    ) -> anyhow::Result<bool> {
        // Anybody may react; only our own people mean us.
        let Some(wish) = reactions::wish(&key) else { return Ok(false) };
        if !self.may_act(room, &envelope.sender).await {
            return Ok(false);
        }
        match wish {
            reactions::Wish::Propose => round.answers.push(self.propose(room, id, envelope, &target).await?),
            reactions::Wish::Act(verb, ms) => {
                let args = if ms > 0 { Args::For(ms) } else { Args::None };
                self.react((room, id), envelope, &target, (verb, args), round).await?;
                if reactions::unwish(&key).is_some() {
                    let stood = reactions::Stood { event: envelope.id.clone(), target, key, by: envelope.sender.clone() };
                    reactions::remember(&*self.memory, stood).await?;
                }
            }
        }
        Ok(true)
    }

    pub(super) async fn redacted(
        self: &Arc<Self>,
        room: &Room,
        id: &RoomId,
        envelope: &Envelope,
        target: &str,
        round: &mut Round,
    ) -> anyhow::Result<bool> {
        self.shared.looked_at.taken_away(target);
        let Some(stood) = reactions::recall(&*self.memory, target).await? else { return Ok(false) };
        // A moderator who tidies up gives up nobody's case.
        if stood.by == envelope.sender
            && let Some(verb) = reactions::unwish(&stood.key)
            && self.may_act(room, &envelope.sender).await
        {
            self.react((room, id), envelope, &stood.target, (verb, Args::None), round).await?;
        }
        reactions::forget(&*self.memory, target).await?;
        Ok(true)
    }

    async fn react(
        &self,
        at: (&Room, &RoomId),
        envelope: &Envelope,
        target: &str,
        wish: (Verb, Args),
        round: &mut Round,
    ) -> anyhow::Result<()> {
        let ((room, id), (verb, args)) = (at, wish);
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
        let mut answered = self.ask(Typed::Command(command.clone())).await?;
        if let Some(case) = self.meant(room, &answered, Some(target)).await {
            let again = Command { id: format!("{}:{case}", command.id), case: Some(case), ..command };
            answered = self.ask(Typed::Command(again)).await?;
        }
        if !answered.shown {
            round.answers.push(self.answer(id, envelope, Some(target.to_owned()), &answered).await);
        }
        Ok(())
    }

    /// Shows how a handoff would begin. It sends nothing.
    async fn propose(&self, room: &Room, id: &RoomId, envelope: &Envelope, target: &str) -> anyhow::Result<oneshot::Receiver<()>> {
        let wish = FormWish {
            by: AgentId::from(envelope.sender.as_str()),
            room: id.clone(),
            thread: Some(target.to_owned()),
            case: None,
            verb: Verb::Handoff,
            about: Args::None,
            lang: None,
            stays: true,
        };
        let mut answered = self.ask(Typed::Form(wish.clone())).await?;
        if let Some(case) = self.meant(room, &answered, Some(target)).await {
            answered = self.ask(Typed::Form(FormWish { case: Some(case), ..wish })).await?;
        }
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

    async fn answer(&self, id: &RoomId, envelope: &Envelope, thread: Option<String>, answered: &Answered) -> oneshot::Receiver<()> {
        let rendered = self.shared.rendered(&answered.view, self.memory.room_lang(id));
        // Nobody is called by an answer, and nobody but the asker need be told.
        let rendered = render::Rendered { loud: false, calls: Vec::new(), ..rendered };
        self.say(id, envelope, thread, answered.op.clone(), &rendered).await
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
