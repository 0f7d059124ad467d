//! Answers that one person alone sees, on their way back to Slack.

use super::deliver;
use super::inbound::Hearing;
use super::session::Fail;
use super::turns::Ack;
use super::wire::Message;
use crate::clock::Time;
use crate::outbox::Look;
use crate::policy::{Lang, RoomId};
use crate::say::Say;
use crate::view::text::{self, Style};
use crate::view::{TextView, View};
use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

/// Messages of a room of which it is kept that they were answered, the latest ones: more than come in the
/// minutes that history is read back for.
const TOLD_MAX: usize = 256;
/// How often an answer is tried again that Slack did not take, and the first pause before that; it doubles.
const TRIES: usize = 4;
const AGAIN: Duration = Duration::from_millis(500);
/// The longest silence of Slack's wish that an answer waits for.
const LONGEST: Duration = Duration::from_secs(30);
/// The longest error that a form shows, in characters.
const FORM_ERROR_MAX: usize = 1_000;

/// Whom an answer goes to, and how.
pub(super) struct Asker<'a> {
    pub user: &'a str,
    pub room: &'a str,
    pub thread: Option<&'a str>,
    pub response_url: Option<&'a str>,
    pub lang: Lang,
}

/// An answer that may have been said already.
struct Saying {
    /// By what it is known again; without randomness by nothing.
    op: Option<String>,
    /// From when on it is looked for, as Slack writes it.
    since: String,
    /// Whether it may be said once more although nobody knows whether it was said.
    again: bool,
}

impl Saying {
    fn new(now: Time) -> Saying {
        let mut number = [0_u8; 12];
        let op = getrandom::fill(&mut number).ok().map(|()| format!("answer-{}", HEXLOWER.encode(&number)));
        Saying { op, since: deliver::slack_ts(now.plus(-deliver::AHEAD_MS)), again: true }
    }

    fn once_more(&mut self) -> bool {
        std::mem::take(&mut self.again)
    }
}

impl Hearing {
    /// A sentence of ours as a view.
    pub(super) fn sentence(&self, code: &str, lang: Lang) -> View {
        let words = self.memory.words(&Say::new(code), lang);
        View::Text(TextView { code: code.to_owned(), lines: vec![vec![crate::view::Piece::Words(words)]] })
    }

    /// A view as the body of a message that only one person sees.
    pub(super) fn body(&self, view: &View, lang: Lang) -> Value {
        let rendered = self.shared.rendered(view, lang);
        json!({ "response_type": "ephemeral", "replace_original": false, "text": rendered.text, "blocks": rendered.blocks })
    }

    /// Answers a slash command with its ack; by itself, where Slack may not have heard that.
    pub(super) async fn answer(&self, id: &str, asker: &Asker<'_>, view: &View, ack: Ack) {
        let heard = ack.answer(self.body(view, asker.lang)).await;
        if !heard && self.is_new(id) {
            self.whisper(asker, view).await;
        }
    }

    /// Tells one person something. Not promised to arrive, so never what others must know.
    pub(super) async fn whisper(&self, asker: &Asker<'_>, view: &View) {
        self.whisper_body(asker, self.body(view, asker.lang)).await;
    }

    pub(super) async fn whisper_body(&self, asker: &Asker<'_>, body: Value) {
        if let Err(fail) = self.say(asker, body).await {
            tracing::warn!(why = fail.why(), "an answer did not reach the person");
        }
    }

    async fn say(&self, asker: &Asker<'_>, mut body: Value) -> Result<(), Fail> {
        let mut saying = Saying::new(self.shared.settings.clock.now());
        let url = asker.response_url.filter(|u| !u.is_empty());
        // It knows nothing of threads.
        if let Some(url) = url.filter(|_| asker.thread.is_none()) {
            match self.shared.session.respond(url, &body).await {
                Ok(()) => return Ok(()),
                Err(fail @ Fail::Doubt(_)) if !saying.once_more() => return Err(fail),
                Err(fail) => tracing::debug!(why = fail.why(), "a response_url took nothing"),
            }
        }
        let respond = url.filter(|_| asker.thread.is_some()).map(|url| (url, body.clone()));
        if let Some(object) = body.as_object_mut() {
            object.remove("response_type");
            object.remove("replace_original");
        }
        // From the app's home there is no room to say it in but their own.
        let room = if asker.room.is_empty() { asker.user } else { asker.room };
        deliver::add(&mut body, deliver::quiet());
        deliver::add(&mut body, [("channel", room.into())]);
        deliver::add(&mut body, asker.thread.map(|thread| ("thread_ts", thread.into())));
        if asker.room.is_empty() || room.starts_with('D') {
            return self.say_directly(room, body, &mut saying).await;
        }
        deliver::add(&mut body, [("user", asker.user.into())]);
        let fail = match self.patiently("chat.postEphemeral", room, &body, &mut saying).await {
            Err(fail) if !matches!(fail, Fail::Doubt(_)) => fail,
            done => return done,
        };
        if let Some((url, body)) = respond {
            match self.shared.session.respond(url, &body).await {
                Ok(()) => return Ok(()),
                Err(other @ Fail::Doubt(_)) if !saying.once_more() => return Err(other),
                Err(_) => {}
            }
        }
        // What cannot be shown to them in the room is said to them alone.
        if fail.is_auth() || !matches!(fail, Fail::Code(..)) {
            return Err(fail);
        }
        if let Some(object) = body.as_object_mut() {
            object.remove("thread_ts");
            object.remove("user");
        }
        deliver::add(&mut body, [("channel", asker.user.into())]);
        self.say_directly(asker.user, body, &mut saying).await
    }

    /// As a message to one person, which stays: so it can be looked up.
    async fn say_directly(&self, room: &str, mut body: Value, saying: &mut Saying) -> Result<(), Fail> {
        deliver::add(&mut body, deliver::unfurled());
        deliver::add(&mut body, saying.op.as_deref().map(deliver::mark));
        self.patiently("chat.postMessage", room, &body, saying).await
    }

    /// Tries again for some seconds where Slack has trouble of its own. What may have been said is looked up before it is
    /// said again; what cannot be looked up is said once more, for twice does less harm than never.
    async fn patiently(&self, method: &str, room: &str, body: &Value, saying: &mut Saying) -> Result<(), Fail> {
        let (mut left, mut pause) = (TRIES, AGAIN);
        loop {
            let fail = match self.shared.post(method, Some(room), body).await {
                Ok(_) => return Ok(()),
                Err(fail) if left == 0 => return Err(fail),
                Err(fail) => fail,
            };
            left -= 1;
            match fail {
                Fail::Code(..) => return Err(fail),
                Fail::Limited(ms) => tokio::time::sleep(Duration::from_millis(ms.unsigned_abs()).min(LONGEST)).await,
                Fail::NotSent(_) => tokio::time::sleep(pause).await,
                Fail::Doubt(_) => {
                    tokio::time::sleep(pause).await;
                    match self.stands(room, body, saying).await {
                        Look::Found(_) => return Ok(()),
                        Look::Absent => {}
                        Look::CannotTell | Look::Retry { .. } if saying.once_more() => {}
                        Look::CannotTell | Look::Retry { .. } => return Err(fail),
                    }
                }
            }
            pause *= 2;
        }
    }

    /// Whether it stands in the person's own room. Of what was sent to their name alone we do not know where that is.
    async fn stands(&self, room: &str, body: &Value, saying: &Saying) -> Look {
        match saying.op.as_deref().filter(|_| room.starts_with('D')) {
            Some(op) => {
                let thread = body.get("thread_ts").and_then(Value::as_str);
                deliver::stands(&self.shared, &RoomId::from(room), thread, &saying.since, op).await
            }
            None => Look::CannotTell,
        }
    }

    /// Answers a message to its writer alone; once, although history brings it again after a restart.
    pub(super) async fn tell_once(&self, message: &Message, asker: &Asker<'_>, view: &View) {
        let stream = format!("slack:told:{}", message.room);
        // What cannot be read is told once too often rather than never.
        if self.told(&stream).await.contains(&message.ts) {
            return;
        }
        self.whisper(asker, view).await;
        let _turn = self.telling.lock().await;
        let mut told = self.told(&stream).await;
        told.insert(message.ts.clone());
        while told.len() > TOLD_MAX {
            told.pop_first();
        }
        let kept = self.memory.keep(&stream, serde_json::to_string(&told).unwrap_or_default()).await;
        if let Err(error) = kept {
            tracing::debug!(error = format!("{error:#}"), "it was not noted that somebody was answered");
        }
    }

    async fn told(&self, stream: &str) -> BTreeSet<String> {
        let kept = self.memory.cursor(stream).await.ok().flatten();
        kept.and_then(|k| serde_json::from_str(&k).ok()).unwrap_or_default()
    }
}

/// A view's words in a form, where there is no other markup.
pub(super) fn spoken(view: &View) -> String {
    let text = text::render(view, &Style::PLAIN);
    text.trim().chars().take(FORM_ERROR_MAX).collect()
}
