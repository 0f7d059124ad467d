//! The app's home: one's own open cases, and those that nobody has.

use super::inbound::Hearing;
use super::people::Colleague;
use super::render;
use super::turns::Ack;
use super::wire::Who;
use crate::chat::Typed;
use crate::command::Door;
use crate::policy::AgentId;
use crate::view::View;
use serde_json::json;
use std::sync::Arc;

/// Somebody opened it.
pub(super) async fn opened(hearing: &Arc<Hearing>, who: &Who, id: &str, ack: Ack) {
    let colleague = match hearing.colleague(who).await {
        Ok(colleague) => colleague,
        Err(None) => return,
        // Others see an empty home.
        Err(Some(_)) => return ack.plain(),
    };
    // A question: it commits nothing.
    ack.plain();
    show(hearing, &who.id, &colleague, id).await;
}

/// Brings it up to date. `id`: of what made us.
pub(super) async fn show(hearing: &Arc<Hearing>, user: &str, colleague: &Colleague, id: &str) {
    let room = &hearing.shared.settings.channel;
    let lang = hearing.lang_of(colleague, room.as_str());
    let mut views: Vec<View> = Vec::new();
    for filter in ["mine", "unclaimed"] {
        let typed = Typed::Line {
            id: format!("slack:{id}:{filter}"),
            by: AgentId::from(user),
            door: Door::Slash,
            room: room.clone(),
            thread: None,
            lang: Some(lang),
            text: format!("list {filter}"),
        };
        let Some(answered) = hearing.ask(typed, None).await else { return };
        views.push(answered.view);
    }
    let say = |say: &crate::say::Say| hearing.memory.words(say, lang);
    let view = render::home(&views, &render::Ctx { lang, say: &say });
    if let Err(fail) = hearing.shared.post("views.publish", None, &json!({ "user_id": user, "view": view })).await {
        tracing::warn!(why = fail.why(), "an app home was not brought up to date");
    }
}
