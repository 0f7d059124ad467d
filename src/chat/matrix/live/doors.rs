//! The doors: a line, a mention, a reaction or its removal, on its way to the bot, and its answer's way back.

use super::adapter;
use super::answers::Reply;
use super::hearing::{Hearing, Round};
use super::read::{self, Envelope, Text};
use super::{reactions, render, rooms};
use crate::chat::{Answered, FormWish, Said, Typed};
use crate::clock::Time;
use crate::command::{Args, Command, Door, Verb};
use crate::policy::{AgentId, RoomId};
use crate::say::Say;
use matrix_sdk::Room;
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
            round.answers.push(self.answer(id, envelope, thread, &answered).await);
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
        if !self.is_news(format!("refused {}", envelope.sender)) {
            return None;
        }
        Some(self.tell(id, envelope, thread, "refused-not-staff").await)
    }

    /// Tells somebody once in a while that their message cannot be read yet.
    pub(super) async fn tell_sealed(&self, room: &Room, id: &RoomId, envelope: &Envelope) -> Option<oneshot::Receiver<()>> {
        if !self.may_act(room, &envelope.sender).await || !self.is_news(format!("sealed {}", envelope.sender)) {
            return None;
        }
        Some(self.tell(id, envelope, None, "matrix-sealed").await)
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
        let words = self.memory.words(&Say::new(code), self.memory.room_lang(id));
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
            reactions::Wish::Propose => round.answers.extend(self.propose(id, envelope, &target).await?),
            reactions::Wish::Act(verb, ms) => {
                let args = if ms > 0 { Args::For(ms) } else { Args::None };
                self.react(id, envelope, &target, verb, args, round).await?;
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
        let Some(stood) = reactions::recall(&*self.memory, target).await? else { return Ok(false) };
        // A moderator who tidies up gives up nobody's case.
        if stood.by == envelope.sender
            && let Some(verb) = reactions::unwish(&stood.key)
            && self.may_act(room, &envelope.sender).await
        {
            self.react(id, envelope, &stood.target, verb, Args::None, round).await?;
        }
        reactions::forget(&*self.memory, target).await?;
        Ok(true)
    }

    async fn react(&self, id: &RoomId, envelope: &Envelope, target: &str, verb: Verb, args: Args, round: &mut Round) -> anyhow::Result<()> {
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
            round.answers.push(self.answer(id, envelope, Some(target.to_owned()), &answered).await);
        }
        Ok(())
    }

    /// Shows how a handoff would begin. It sends nothing.
    async fn propose(&self, id: &RoomId, envelope: &Envelope, target: &str) -> anyhow::Result<Option<oneshot::Receiver<()>>> {
        // It may show what the customer wrote in private: whether the room is fit for that is asked now.
        if let Err(fail) = rooms::refresh(&self.shared, &self.session, id).await {
            tracing::warn!(room = id.as_str(), why = fail.why(), "a room could not be looked at: nothing is shown there");
            return Ok(None);
        }
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
        Ok(Some(self.answer(id, envelope, Some(target.to_owned()), &answered).await))
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
