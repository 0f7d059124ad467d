//! The app's home: one's own open cases, and those that nobody has, with what can be done about each.
//!
//! Who is no colleague, or no longer one, sees that in place of them.

use super::inbound::Hearing;
use super::people::{Colleague, No};
use super::render;
use super::turns::Ack;
use super::wire::Who;
use crate::case::CaseId;
use crate::chat::Typed;
use crate::command::{Door, Verb};
use crate::policy::{AgentId, Lang, RoomId};
use crate::say::Say;
use crate::view::{Piece, View};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// People remembered at most: of those beyond, the home is mended when they open it next.
const HOMES_MAX: usize = 2_000;

/// Whose home shows cases, as far as this run knows.
#[derive(Default)]
pub(super) struct Homes(Mutex<BTreeSet<String>>);

impl Homes {
    fn note(&self, user: &str, shows: bool) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !shows {
            all.remove(user);
        } else if all.len() < HOMES_MAX {
            all.insert(user.to_owned());
        }
    }

    pub(super) fn shows(&self, user: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(user)
    }
}

/// Somebody opened it.
pub(super) async fn opened(hearing: &Arc<Hearing>, who: &Who, id: &str, ack: Ack) {
    let colleague = match hearing.colleague(who, hearing.shared.settings.channel.as_str()).await {
        Ok(colleague) => colleague,
        Err(None) => return,
        Err(Some((refusal, lang))) => {
            ack.plain();
            // It may still show what they saw as a colleague.
            return publish(hearing, &who.id, lang, &[(refusal, &[])]).await;
        }
    };
    // A question: it commits nothing.
    ack.plain();
    show(hearing, &who.id, &colleague, id).await;
}

/// Somebody's rights may have changed: what their home shows must not outlast them. `id`: of what tells us.
pub(super) async fn recheck(hearing: &Arc<Hearing>, user: &str, id: &str) {
    if !hearing.shared.homes.shows(user) {
        return;
    }
    let who = Who { id: user.to_owned(), team: None };
    match hearing.shared.people.of(&hearing.shared, &who).await {
        Ok(colleague) => show(hearing, user, &colleague, id).await,
        Err(No::Stranger(lang)) => {
            let lang = lang.unwrap_or_else(|| hearing.shared.lang());
            publish(hearing, user, lang, &[(hearing.sentence("refused-not-staff", lang), &[])]).await;
        }
        Err(No::Unknown(fail)) => {
            tracing::warn!(why = fail.why(), user, "Slack does not say whether somebody may still see their app home")
        }
    }
}

/// Brings it up to date. `id`: of what made us.
pub(super) async fn show(hearing: &Arc<Hearing>, user: &str, colleague: &Colleague, id: &str) {
    let room = &hearing.shared.settings.channel;
    let lang = hearing.lang_of(colleague, room.as_str());
    let mut lists: Vec<(View, &[Verb])> = Vec::new();
    for (filter, verbs) in [("mine", render::OF_OWN.as_slice()), ("unclaimed", render::OF_QUEUE.as_slice())] {
        let typed = Typed::Line {
            id: format!("slack:{id}:{filter}"),
            by: AgentId::from(user),
            door: Door::Slash,
            room: room.clone(),
            thread: None,
            lang: Some(lang),
            text: format!("list {filter}"),
            files: Vec::new(),
        };
        let Some(mut answered) = hearing.ask(typed, None).await else { return };
        link(hearing, &mut answered.view, lang).await;
        let refused = !answered.answer.ok;
        lists.push((answered.view, verbs));
        // Who has no role any more is told so once.
        if refused {
            break;
        }
    }
    publish(hearing, user, lang, &lists).await;
}

/// Puts a link to its card behind the number of each case.
async fn link(hearing: &Hearing, view: &mut View, lang: Lang) {
    let (View::Text(text), Some(me)) = (view, hearing.shared.session.known()) else { return };
    let cases: Vec<CaseId> = text.lines.iter().filter_map(render::case_of).map(CaseId).collect();
    let cards = hearing.memory.cards(cases).await.unwrap_or_else(|error| {
        tracing::warn!(error = format!("{error:#}"), "an app home goes without links to the cards");
        BTreeMap::new()
    });
    for line in &mut text.lines {
        let Some((room, card)) = render::case_of(line).and_then(|case| cards.get(&CaseId(case))) else { continue };
        let Some(url) = permalink(&me.url, room, card) else { continue };
        let label = hearing.memory.words(&Say::new("home-card"), lang);
        line.splice(1..1, [Piece::Words(" ".into()), Piece::Link { label, url }]);
    }
}

/// Where a message of a channel opens, in the workspace at `home`. Source: what `chat.getPermalink` answers
/// (docs.slack.dev/reference/methods/chat.getPermalink), which would be a call for each.
fn permalink(home: &str, room: &RoomId, ts: &str) -> Option<String> {
    let (seconds, micros) = ts.split_once('.')?;
    home.starts_with("https://").then(|| format!("{}/archives/{}/p{seconds}{micros}", home.trim_end_matches('/'), room.as_str()))
}

async fn publish(hearing: &Hearing, user: &str, lang: Lang, lists: &[(View, &[Verb])]) {
    let say = |say: &Say| hearing.memory.words(say, lang);
    let view = render::home(lists, &render::Ctx { lang, say: &say });
    match hearing.shared.post("views.publish", None, &json!({ "user_id": user, "view": view })).await {
        Ok(_) => hearing.shared.homes.note(user, lists.iter().any(|(_, verbs)| !verbs.is_empty())),
        Err(fail) => tracing::warn!(why = fail.why(), "an app home was not brought up to date"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_opens_where_slack_says_it_does() {
        let room = RoomId::from("C123ABC456");
        let link = permalink("https://ghostbusters.slack.com/", &room, "1355517523.000008");
        assert_eq!(link.as_deref(), Some("https://ghostbusters.slack.com/archives/C123ABC456/p1355517523000008"));
        assert_eq!(permalink("", &room, "1355517523.000008"), None, "Slack does not say where");
    }
}
