//! Answers that one person alone sees, on their way back to Slack.

use super::inbound::Hearing;
use super::wire::Message;
use crate::policy::Lang;
use crate::say::Say;
use crate::view::text::{self, Style};
use crate::view::{TextView, View};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Messages of a room of which it is kept that they were answered, the latest ones: more than come in the
/// minutes that history is read back for.
const TOLD_MAX: usize = 256;
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

    /// Tells one person something. Not promised to arrive, so never what others must know.
    pub(super) async fn whisper(&self, asker: &Asker<'_>, view: &View) {
        self.whisper_body(asker, self.body(view, asker.lang)).await;
    }

    pub(super) async fn whisper_body(&self, asker: &Asker<'_>, mut body: Value) {
        let url = asker.response_url.filter(|u| !u.is_empty());
        // It knows nothing of threads.
        if let Some(url) = url.filter(|_| asker.thread.is_none()) {
            match self.shared.session.respond(url, &body).await {
                Ok(()) => return,
                Err(fail) => tracing::debug!(why = fail.why(), "a response_url took nothing"),
            }
        }
        let respond = url.filter(|_| asker.thread.is_some()).map(|url| (url, body.clone()));
        if let Some(object) = body.as_object_mut() {
            object.remove("response_type");
            object.remove("replace_original");
            object.insert("user".into(), asker.user.into());
            // From the app's home there is no room to say it in but their own.
            object.insert("channel".into(), if asker.room.is_empty() { asker.user } else { asker.room }.into());
            if let Some(thread) = asker.thread {
                object.insert("thread_ts".into(), thread.into());
            }
        }
        let direct = asker.room.is_empty() || asker.room.starts_with('D');
        let method = if direct { "chat.postMessage" } else { "chat.postEphemeral" };
        if let Err(fail) = self.shared.post(method, Some(asker.room), &body).await {
            if let Some((url, body)) = respond
                && self.shared.session.respond(url, &body).await.is_ok()
            {
                return;
            }
            tracing::warn!(why = fail.why(), "an answer did not reach the person");
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
