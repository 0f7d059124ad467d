//! Who may act at all: people of our own workspace. Guests, bots, strangers of shared channels and
//! people who left may not; what the others may, their role says.

use super::inbound::Hearing;
use super::session::{Fail, Me};
use super::wire::Who;
use super::{Shared, home, who};
use crate::policy::{AgentId, Lang, Person, Role};
use crate::say::Say;
use crate::view::{Piece, View};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// People remembered at most.
const PEOPLE_MAX: usize = 2_000;
/// No answer is under way for longer than that it is remembered for so long that somebody changed.
const FORGOTTEN_FOR: Duration = Duration::from_secs(120);
/// Names put into one message at most.
const NAMED_MAX: usize = 20;
/// How often the user group is asked for before the first command is heard, where nothing was known of it.
const FIRST_TRIES: u32 = 3;
/// The pause after the user group could not be read.
const AGAIN: Duration = Duration::from_secs(30);
/// While Slack does not answer, what we knew holds for so much longer.
const STALE: u32 = 6;

/// Codes that say that there is no such group, or none that could be used: it was disabled, or the workspace has no groups any more.
/// Source: docs.slack.dev/reference/methods/usergroups.users.list.
const NO_GROUP: &[&str] = &["no_such_subteam", "plan_upgrade_required"];

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
    /// A guest, a bot, somebody of another workspace, somebody who left; with the language they set Slack to, where it says.
    Stranger(Option<Lang>),
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
    /// `Err`: none of ours, with their language.
    who: Result<Colleague, Option<Lang>>,
}

/// What is known of people, for a while.
pub(super) struct People {
    holds: Duration,
    known: Mutex<HashMap<String, Known>>,
    /// When it was last heard that somebody changed: answers to what was asked before are old.
    changed: Mutex<HashMap<String, Instant>>,
}

impl People {
    pub(super) fn new(holds: Duration) -> People {
        People { holds, known: Mutex::default(), changed: Mutex::default() }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something about them changed.
    pub(super) fn forget(&self, id: &str) {
        let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        if changed.len() >= PEOPLE_MAX {
            changed.retain(|_, at| at.elapsed() < FORGOTTEN_FOR);
        }
        changed.insert(id.to_owned(), Instant::now());
        self.known().remove(id);
    }

    /// Their name, if we know it.
    pub(super) fn name(&self, id: &str) -> Option<String> {
        self.known().get(id).and_then(|k| k.who.as_ref().ok()).map(|c| c.name.clone())
    }

    fn held(&self, id: &str, times: u32) -> Option<Result<Colleague, Option<Lang>>> {
        let known = self.known();
        known.get(id).filter(|k| k.at.elapsed() < self.holds * times).map(|k| k.who.clone())
    }

    /// The colleague, or why they may not act.
    pub(super) async fn of(&self, shared: &Shared, who: &Who) -> Result<Colleague, No> {
        let me = shared.session.me().await.map_err(No::Unknown)?;
        // In an organisation they may be a colleague of another of its workspaces: that Slack says of them alone.
        if me.enterprise_id.is_none() && who.team.as_deref().is_some_and(|team| team != me.team_id) {
            return Err(No::Stranger(None));
        }
        if let Some(known) = self.held(&who.id, 1) {
            return known.map_err(No::Stranger);
        }
        let asked = Instant::now();
        match shared.get("users.info", &[("user", &who.id), ("include_locale", "true")]).await {
            Ok(answer) => {
                let user = answer.get("user").unwrap_or(&Value::Null);
                let found = colleague(user, me).ok_or_else(|| locale(user));
                self.remember(&who.id, asked, found.clone());
                found.map_err(No::Stranger)
            }
            Err(fail) if fail.is("user_not_found") || fail.is("user_not_visible") => {
                self.remember(&who.id, asked, Err(None));
                Err(No::Stranger(None))
            }
            // Somebody whom we knew a moment ago is not locked out by Slack's own trouble.
            Err(fail) => match self.held(&who.id, STALE) {
                Some(known) => known.map_err(No::Stranger),
                None => Err(No::Unknown(fail)),
            },
        }
    }

    fn remember(&self, id: &str, asked: Instant, who: Result<Colleague, Option<Lang>>) {
        let changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        if changed.get(id).is_some_and(|at| *at >= asked) {
            return;
        }
        let mut known = self.known();
        if known.len() >= PEOPLE_MAX {
            let holds = self.holds;
            known.retain(|_, k| k.at.elapsed() < holds);
        }
        if known.len() >= PEOPLE_MAX {
            known.clear();
        }
        known.insert(id.to_owned(), Known { at: asked, who });
    }
}

/// Of `users.info`, somebody of our own who works here; `None`: anybody else.
fn colleague(user: &Value, me: &Me) -> Option<Colleague> {
    let text = |path: &str| user.pointer(path).and_then(Value::as_str).filter(|t| !t.is_empty());
    who::outsider(user, &me.team_id, me.enterprise_id.as_deref()).is_none().then(|| {
        let name = ["/profile/display_name", "/profile/real_name", "/real_name", "/name", "/id"].into_iter().find_map(text);
        Colleague { name: name.unwrap_or_default().to_owned(), lang: locale(user) }
    })
}

fn locale(user: &Value) -> Option<Lang> {
    user.get("locale").and_then(Value::as_str).filter(|l| !l.is_empty()).map(Lang::from_tag)
}

fn stream(group: &str) -> String {
    format!("slack:group:{group}")
}

/// The team as it was last known, before anybody's command is judged; where it never was, it is asked for.
pub(super) async fn recall_team(hearing: &Arc<Hearing>) {
    let Some(group) = &hearing.shared.settings.user_group else { return };
    let kept = hearing.memory.cursor(&stream(group)).await.ok().flatten();
    let Some(ids) = kept.and_then(|k| serde_json::from_str::<BTreeSet<String>>(&k).ok()) else {
        for _ in 0..FIRST_TRIES {
            if read_team(hearing, group).await {
                return;
            }
        }
        return;
    };
    // Ids alone are kept: who they are, and in which language they read, Slack says again.
    let person = |id: String| (AgentId::from(id.as_str()), Person { role: Role::Agent, name: id, lang: None });
    if let Err(error) = hearing.memory.team(ids.into_iter().map(person).collect()).await {
        tracing::warn!(error = format!("{error:#}"), "the user group was not taken over");
    }
}

/// Reads the user group; whether that went well. What was known of it holds until it did.
async fn read_team(hearing: &Arc<Hearing>, group: &str) -> bool {
    let people = match team(&hearing.shared, group).await {
        Ok(people) => people,
        Err(fail) if NO_GROUP.iter().any(|code| fail.is(code)) => BTreeMap::new(),
        Err(fail) => {
            tracing::warn!(why = fail.why(), group, "the user group could not be read: who was in it last still may");
            return false;
        }
    };
    let ids: BTreeSet<String> = people.keys().map(|id| id.0.clone()).collect();
    let taken = async {
        hearing.memory.team(people).await?;
        let (stream, kept) = (stream(group), serde_json::to_string(&ids)?);
        let before = hearing.memory.cursor(&stream).await?;
        if before.as_ref() != Some(&kept) {
            if ids.is_empty() {
                tracing::error!(group, "the user group is disabled, or has no members who may act: it makes nobody an agent any more");
                hearing.shared.announce(&Say::new("notice-team-empty").text("group", group)).await;
            }
            // Once it was said: rather twice than never.
            hearing.memory.keep(&stream, kept).await?;
            let before: BTreeSet<String> = before.and_then(|b| serde_json::from_str(&b).ok()).unwrap_or_default();
            let at = hearing.shared.settings.clock.now().0;
            for left in before.difference(&ids) {
                home::recheck(hearing, left, &format!("group:{left}:{at}")).await;
            }
        }
        anyhow::Ok(())
    };
    taken.await.inspect_err(|error| tracing::warn!(error = format!("{error:#}"), "the user group was not taken over")).is_ok()
}

/// Keeps the team as the user group has it, for as long as it is awaited.
pub(super) async fn keep_team(hearing: &Arc<Hearing>) {
    let known = hearing.shared.settings.pace.known;
    let Some(group) = &hearing.shared.settings.user_group else { return std::future::pending().await };
    loop {
        let pause = if read_team(hearing, group).await { known } else { known.min(AGAIN) };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
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
            Err(No::Stranger(_)) => {}
            Err(No::Unknown(fail)) => return Err(fail),
        }
    }
    Ok(people)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_answer_to_what_was_asked_before_somebody_changed_is_not_kept() {
        let people = People::new(Duration::from_secs(600));
        let ana = || Ok(Colleague { name: "Ana".into(), lang: None });
        let asked = Instant::now();
        people.remember("U1", asked, ana());
        assert_eq!(people.name("U1").as_deref(), Some("Ana"));
        people.forget("U1");
        people.remember("U1", asked, ana());
        assert_eq!(people.name("U1"), None);
        people.remember("U1", Instant::now() + Duration::from_millis(1), ana());
        assert_eq!(people.name("U1").as_deref(), Some("Ana"));
    }

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
        assert_eq!(colleague(&json!({"id":"U1","team_id":"T1","is_restricted":true}), &me()), None);
        assert_eq!(colleague(&json!({"id":"U2","team_id":"T2"}), &me()), None);
        let grid = Me { enterprise_id: Some("E1".into()), ..me() };
        assert!(colleague(&json!({"id":"U3","team_id":"T9","enterprise_user":{"enterprise_id":"E1"}}), &grid).is_some());
    }
}
