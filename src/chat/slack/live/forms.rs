//! Forms: opened within the three seconds that a trigger lives, kept up to date while somebody types.

use super::answers::Asker;
use super::inbound::Hearing;
use super::people::Colleague;
use super::render;
use super::session::Fail;
use super::turns::Ack;
use super::wire::{Meta, Shortcut, Typing, Who};
use crate::case::CaseId;
use crate::chat::{FormWish, Typed};
use crate::command::{Args, Verb, table};
use crate::policy::{AgentId, Lang, RoomId};
use crate::view::{FormView, View};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A form that takes longer than this to be ready opens empty first.
const SOON: Duration = Duration::from_millis(1_200);
/// Forms open at once, at most; the oldest are built anew when somebody types in them.
const OPEN_MAX: usize = 512;

struct Open {
    form: FormView,
    /// Counts what was typed: only the last is shown.
    typed: u64,
    at: tokio::time::Instant,
}

/// The forms that are open.
#[derive(Default)]
pub(super) struct Forms(Mutex<HashMap<String, Open>>);

impl Forms {
    fn all(&self) -> std::sync::MutexGuard<'_, HashMap<String, Open>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn opened(&self, view: &str, form: FormView) {
        let mut all = self.all();
        if all.len() >= OPEN_MAX
            && let Some(oldest) = all.iter().min_by_key(|(_, o)| o.at).map(|(id, _)| id.clone())
        {
            all.remove(&oldest);
        }
        all.insert(view.to_owned(), Open { form, typed: 0, at: tokio::time::Instant::now() });
    }

    /// It was sent in.
    pub(super) fn closed(&self, view: &str) {
        self.all().remove(view);
    }

    fn form(&self, view: &str) -> Option<FormView> {
        self.all().get(view).map(|o| o.form.clone())
    }

    /// Something more was typed: its number.
    fn typed(&self, view: &str) -> u64 {
        self.all().get_mut(view).map_or(0, |o| {
            o.typed += 1;
            o.typed
        })
    }

    fn is_last(&self, view: &str, typed: u64) -> bool {
        self.all().get(view).is_some_and(|o| o.typed == typed)
    }
}

/// A wish for a form.
pub(super) fn wish(who: &Who, room: &str, thread: Option<&str>, case: Option<CaseId>, verb: Verb, colleague: &Colleague) -> FormWish {
    FormWish {
        by: AgentId::from(who.id.as_str()),
        room: RoomId::from(room),
        thread: thread.map(str::to_owned),
        case,
        verb,
        about: Args::None,
        lang: colleague.lang,
        // A modal is closed, and what one person alone is shown goes with their client.
        stays: false,
    }
}

fn modal(hearing: &Hearing, form: &FormView, meta: &Meta, typed: Option<render::Typed<'_>>, lang: Lang) -> Value {
    let say = |say: &crate::say::Say| hearing.memory.words(say, lang);
    let data = render::metadata(meta.case, form.verb, &meta.room, meta.thread.as_deref(), meta.public);
    render::modal(form, &data, typed, &render::Ctx { lang, say: &say })
}

/// A modal with one sentence and nothing to send in.
fn plain_modal(title: &str, text: &str) -> Value {
    let short: String = title.chars().take(24).collect();
    json!({
        "type": "modal",
        "callback_id": "sereno:wait",
        "title": { "type": "plain_text", "text": short, "emoji": false },
        "blocks": [{ "type": "section", "text": { "type": "plain_text", "text": text.chars().take(2_900).collect::<String>(), "emoji": false } }],
    })
}

fn meta_of(wish: &FormWish, form: &FormView) -> Meta {
    let verb = table::row(form.verb).name.to_owned();
    Meta { case: form.case, verb, room: wish.room.0.clone(), thread: wish.thread.clone(), public: form.public }
}

/// Opens a form, or says why not; once for each trigger, which serves once.
pub(super) async fn open(hearing: &Arc<Hearing>, wish: FormWish, trigger: &str, asker: &Asker<'_>) {
    if !hearing.is_new(&format!("slack:{trigger}:form")) {
        return;
    }
    let asked = Typed::Form(wish.clone());
    let mut asking = pin!(hearing.ask(asked, None));
    let ready = tokio::time::timeout(SOON, &mut asking).await;
    let opened = match ready {
        Ok(None) => return,
        Ok(Some(answered)) => match &answered.view {
            View::Form(form) => {
                let view = modal(hearing, form, &meta_of(&wish, form), None, asker.lang);
                let done = hearing.shared.post("views.open", None, &json!({ "trigger_id": trigger, "view": view })).await;
                done.map(|answer| keep(hearing, &answer, form))
            }
            refusal => return hearing.whisper(asker, refusal).await,
        },
        Err(_) => wait_then_fill(hearing, &wish, trigger, asker, asking.as_mut()).await,
    };
    if let Err(fail) = opened {
        tracing::warn!(why = fail.why(), "a form could not be opened");
        hearing.whisper(asker, &hearing.sentence("notice-form-late", asker.lang)).await;
    }
}

fn keep(hearing: &Hearing, answer: &Value, form: &FormView) {
    if let Some(id) = answer.pointer("/view/id").and_then(Value::as_str) {
        hearing.shared.forms.opened(id, form.clone());
    }
}

/// The trigger would not live until the form is ready: an empty one is opened, and filled when it is.
async fn wait_then_fill(
    hearing: &Arc<Hearing>,
    wish: &FormWish,
    trigger: &str,
    asker: &Asker<'_>,
    asking: impl Future<Output = Option<crate::chat::Answered>>,
) -> Result<(), Fail> {
    let wait = plain_modal("sereno", &hearing.shared.words("notice-form-wait", asker.lang));
    let opened = hearing.shared.post("views.open", None, &json!({ "trigger_id": trigger, "view": wait })).await?;
    let id = opened.pointer("/view/id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let Some(answered) = asking.await else { return Ok(()) };
    let view = match &answered.view {
        View::Form(form) => {
            hearing.shared.forms.opened(&id, form.clone());
            modal(hearing, form, &meta_of(wish, form), None, asker.lang)
        }
        refusal => plain_modal("sereno", &crate::view::text::render(refusal, &crate::view::text::Style::PLAIN)),
    };
    hearing.shared.post("views.update", None, &json!({ "view_id": id, "view": view })).await.map(drop)
}

/// Somebody types: the length follows. Somebody picks an answer kept ready: it stands in the field.
pub(super) async fn typing(hearing: &Arc<Hearing>, typing: Typing, ack: Ack) {
    // It commits nothing.
    ack.plain();
    let Ok(colleague) = hearing.colleague(&typing.who, &typing.meta.room).await else { return };
    let shared = &hearing.shared;
    let form = match shared.forms.form(&typing.view) {
        Some(form) => form,
        // Opened before a restart.
        None => {
            let Some(verb) = table::find(&typing.meta.verb).map(|r| r.verb) else { return };
            let (room, thread) = (&typing.meta.room, typing.meta.thread.as_deref());
            let wish = wish(&typing.who, room, thread, Some(CaseId(typing.meta.case)), verb, &colleague);
            let Some(answered) = hearing.ask(Typed::Form(wish), None).await else { return };
            let View::Form(form) = answered.view else { return };
            shared.forms.opened(&typing.view, form.clone());
            form
        }
    };
    let picked = typing.canned.and_then(|n| form.canned.get(n)).map(|(_, text)| text.clone());
    let replaced = typing.replaced + u32::from(picked.is_some());
    let number = shared.forms.typed(&typing.view);
    if picked.is_none() {
        tokio::time::sleep(shared.settings.pace.typing).await;
        if !shared.forms.is_last(&typing.view, number) {
            return;
        }
    }
    let text = picked.as_deref().unwrap_or(&typing.text);
    let lang = hearing.lang_of(&colleague, &typing.meta.room);
    let view = modal(hearing, &form, &typing.meta, Some(render::Typed { text, replaced }), lang);
    let body = json!({ "view_id": typing.view, "hash": typing.hash, "view": view });
    match shared.post("views.update", None, &body).await {
        Ok(_) => {}
        // Changed or closed meanwhile: what was typed last has its own turn.
        Err(fail) => tracing::debug!(why = fail.why(), "a form was not brought up to date"),
    }
}

/// A shortcut on a message of a thread: its form.
pub(super) async fn shortcut(hearing: &Arc<Hearing>, shortcut: Shortcut, ack: Ack) {
    let asker = |lang| Asker {
        user: &shortcut.who.id,
        room: &shortcut.room,
        thread: Some(&shortcut.thread),
        response_url: shortcut.response_url.as_deref(),
        lang,
    };
    match hearing.colleague(&shortcut.who, &shortcut.room).await {
        Err(None) => {}
        Err(Some((refusal, lang))) => {
            ack.plain();
            if hearing.is_new(&format!("slack:{}", shortcut.trigger)) {
                hearing.whisper(&asker(lang), &refusal).await;
            }
        }
        Ok(colleague) => {
            ack.plain();
            let wish = wish(&shortcut.who, &shortcut.room, Some(&shortcut.thread), None, shortcut.verb, &colleague);
            let lang = hearing.lang_of(&colleague, &shortcut.room);
            open(hearing, wish, &shortcut.trigger, &asker(lang)).await;
        }
    }
}
