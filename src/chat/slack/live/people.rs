//! Who may act at all: people of our own workspace. Guests, bots, strangers of shared channels and
//! people who left may not; what the others may, their role says.

use super::Shared;
use super::inbound::Hearing;
use super::session::{Fail, Me};
use super::wire::Who;
use crate::policy::{AgentId, Lang, Person, Role};
use crate::view::{Piece, View};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// People remembered at most.
const PEOPLE_MAX: usize = 2_000;
/// Names put into one message at most.
const NAMED_MAX: usize = 20;
/// While Slack does not answer, what we knew holds for so much longer.
const STALE: u32 = 6;

/// What we need to know of a colleague.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Colleague {
    /// The name that colleagues see.
    pub name: String,
    /// The language they set Slack to.
    pub lang: Option<Lang>,
}

/// Why somebody may not act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum No {
    /// A guest, a bot, somebody of another workspace, somebody who left.
    Stranger,
    /// We could not find out.
    Unknown(Fail),
}

/// Puts names in place of the ids of colleagues in our own words: `[people]` need not name everybody,
/// and the bot knows the others by their ids alone. What customers wrote stays as it is.
pub(super) async fn name(shared: &Shared, view: &mut View) {
    for id in named(view) {
        if shared.people.name(&id).is_none() {
            let who = Who { id, team: None };
            // Whoever is none of ours keeps the id.
            shared.people.of(shared, &who).await.ok();
        }
    }
    name_known(shared, view);
}

/// The same with the names that we know already.
pub(super) fn name_known(shared: &Shared, view: &mut View) {
    for id in named(view) {
        let Some(name) = shared.people.name(&id) else { continue };
        for words in our_words(view).into_iter().filter(|w| w.contains(&id)) {
            *words = words.replace(&id, &name);
        }
    }
}

fn named(view: &mut View) -> BTreeSet<String> {
    let words = our_words(view);
    words.iter().flat_map(|w| ids(w)).take(NAMED_MAX).map(str::to_owned).collect()
}

fn ours(piece: &mut Piece) -> Option<&mut String> {
    match piece {
        Piece::Words(words) | Piece::Strong(words) | Piece::Until { words, .. } => Some(words),
        Piece::Foreign(_) | Piece::Link { .. } => None,
    }
}

/// The ids in a text: a `U` or `W`, then capitals and digits, one of them at least.
fn ids(text: &str) -> impl Iterator<Item = &str> {
    let is = |t: &&str| {
        let tail = t.get(1..).unwrap_or_default();
        t.len() >= 8
            && t.starts_with(['U', 'W'])
            && tail.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
            && tail.bytes().any(|b| b.is_ascii_digit())
    };
    text.split(|c: char| !c.is_alphanumeric()).filter(is)
}

fn our_words(view: &mut View) -> Vec<&mut String> {
    let lines: Vec<&mut Vec<Piece>> = match view {
        View::Card(card) => std::iter::once(&mut card.title).chain(&mut card.facts).collect(),
        View::Entry(entry) => entry.lines.iter_mut().collect(),
        View::Text(text) => text.lines.iter_mut().collect(),
        View::Form(form) => form.lines.iter_mut().collect(),
    };
    lines.into_iter().flatten().filter_map(ours).collect()
}

struct Known {
    at: Instant,
    who: Option<Colleague>,
}

/// What is known of people, for a while.
pub(super) struct People {
    holds: Duration,
    known: Mutex<HashMap<String, Known>>,
}

impl People {
    pub(super) fn new(holds: Duration) -> People {
        People { holds, known: Mutex::default() }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something about them changed.
    pub(super) fn forget(&self, id: &str) {
        self.known().remove(id);
    }

    /// Their name, if we know it.
    pub(super) fn name(&self, id: &str) -> Option<String> {
        self.known().get(id).and_then(|k| k.who.as_ref()).map(|c| c.name.clone())
    }

    fn held(&self, id: &str, times: u32) -> Option<Option<Colleague>> {
        let known = self.known();
        known.get(id).filter(|k| k.at.elapsed() < self.holds * times).map(|k| k.who.clone())
    }

    /// The colleague, or why they may not act.
    pub(super) async fn of(&self, shared: &Shared, who: &Who) -> Result<Colleague, No> {
        let me = shared.session.me().await.map_err(No::Unknown)?;
        if who.team.as_deref().is_some_and(|team| !is_ours(me, team)) {
            return Err(No::Stranger);
        }
        if let Some(known) = self.held(&who.id, 1) {
            return known.ok_or(No::Stranger);
        }
        match shared.get("users.info", &[("user", &who.id), ("include_locale", "true")]).await {
            Ok(answer) => {
                let found = answer.get("user").and_then(|user| colleague(user, me));
                self.remember(&who.id, found.clone());
                found.ok_or(No::Stranger)
            }
            Err(fail) if fail.is("user_not_found") || fail.is("user_not_visible") => {
                self.remember(&who.id, None);
                Err(No::Stranger)
            }
            // Somebody whom we knew a moment ago is not locked out by Slack's own trouble.
            Err(fail) => match self.held(&who.id, STALE) {
                Some(known) => known.ok_or(No::Stranger),
                None => Err(No::Unknown(fail)),
            },
        }
    }

    fn remember(&self, id: &str, who: Option<Colleague>) {
        let mut known = self.known();
        if known.len() >= PEOPLE_MAX {
            let holds = self.holds;
            known.retain(|_, k| k.at.elapsed() < holds);
        }
        if known.len() >= PEOPLE_MAX {
            known.clear();
        }
        known.insert(id.to_owned(), Known { at: Instant::now(), who });
    }
}

fn is_ours(me: &Me, team: &str) -> bool {
    team == me.team_id || me.enterprise_id.as_deref() == Some(team)
}

/// Of `users.info`, somebody of our own who works here; `None`: anybody else.
fn colleague(user: &Value, me: &Me) -> Option<Colleague> {
    let text = |path: &str| user.pointer(path).and_then(Value::as_str).filter(|t| !t.is_empty());
    let is = |name: &str| user.get(name).and_then(Value::as_bool) == Some(true);
    let never = [
        "deleted",
        "is_bot",
        "is_restricted",
        "is_ultra_restricted",
        "is_stranger",
        "is_workflow_bot",
        "is_connector_bot",
        "is_invited_user",
    ];
    if never.into_iter().any(is) || text("/id") == Some("USLACKBOT") {
        return None;
    }
    // In an organisation a colleague's home may be another of its workspaces.
    let grid = text("/enterprise_user/enterprise_id").is_some_and(|e| me.enterprise_id.as_deref() == Some(e));
    let member = text("/team_id").is_some_and(|team| is_ours(me, team)) || grid;
    member.then(|| {
        let name = ["/profile/display_name", "/profile/real_name", "/real_name", "/name", "/id"].into_iter().find_map(text);
        Colleague { name: name.unwrap_or_default().to_owned(), lang: text("/locale").map(Lang::from_tag) }
    })
}

/// Keeps the team as the user group has it, for as long as it is awaited.
pub(super) async fn keep_team(hearing: &Arc<Hearing>) {
    let shared = &hearing.shared;
    let Some(group) = shared.settings.user_group.clone() else { return std::future::pending().await };
    loop {
        match team(shared, &group).await {
            Ok(people) => {
                if let Err(error) = hearing.memory.team(people).await {
                    tracing::warn!(error = format!("{error:#}"), "the user group was not taken over");
                }
            }
            // What was known of the group holds.
            Err(fail) => tracing::warn!(why = fail.why(), group, "the user group could not be read"),
        }
        tokio::select! {
            () = tokio::time::sleep(shared.settings.pace.known) => {}
            () = hearing.group_changed.notified() => {}
        }
    }
}

async fn team(shared: &Shared, group: &str) -> Result<BTreeMap<AgentId, Person>, Fail> {
    let answer = shared.get("usergroups.users.list", &[("usergroup", group)]).await?;
    let ids: Vec<&str> = answer.get("users").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let mut people = BTreeMap::new();
    for id in ids {
        let who = Who { id: id.to_owned(), team: None };
        match shared.people.of(shared, &who).await {
            Ok(found) => {
                people.insert(AgentId::from(id), Person { role: Role::Agent, name: found.name, lang: found.lang });
            }
            Err(No::Stranger) => {}
            Err(No::Unknown(fail)) => return Err(fail),
        }
    }
    Ok(people)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn me() -> Me {
        Me { team_id: "T1".into(), ..Me::default() }
    }

    #[test]
    fn ids_of_colleagues_are_found_in_our_words() {
        let found: Vec<&str> = ids("U012AB3CD took the case; W0ABCDEF1, not UNICODES, U12 or xU012AB3CD").collect();
        assert_eq!(found, ["U012AB3CD", "W0ABCDEF1"]);
    }

    #[test]
    fn only_people_of_our_own_are_let_in() {
        let ana = json!({"id":"U1","team_id":"T1","name":"ana","profile":{"display_name":"Ana"},"locale":"es-ES"});
        assert_eq!(colleague(&ana, &me()), Some(Colleague { name: "Ana".into(), lang: Some(Lang::Es) }));
        for flag in ["deleted", "is_bot", "is_restricted", "is_ultra_restricted", "is_stranger"] {
            let mut other = ana.clone();
            other[flag] = json!(true);
            assert_eq!(colleague(&other, &me()), None, "{flag}");
        }
        assert_eq!(colleague(&json!({"id":"U2","team_id":"T2"}), &me()), None);
        assert_eq!(colleague(&json!({"id":"U2"}), &me()), None, "no team: no proof");
        let grid = Me { enterprise_id: Some("E1".into()), ..me() };
        assert!(colleague(&json!({"id":"U3","team_id":"T9","enterprise_user":{"enterprise_id":"E1"}}), &grid).is_some());
    }
}
