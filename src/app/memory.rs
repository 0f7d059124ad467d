//! What the bot remembers for its chat: up to where histories were read, what could not be read,
//! who is on the team by the chat's own groups, which rooms are not fit for private things.

use super::Shell;
use super::inbox::Door;
use crate::case::{CaseId, PlaceKind};
use crate::chat::{Memory, Parked};
use crate::clock::{DAY_MS, Time};
use crate::command::Filter;
use crate::digest::FactKind;
use crate::engine::{Batch, Input};
use crate::policy::{AgentId, Lang, Person, RoomId};
use crate::post::Account;
use crate::say::Say;
use crate::store::Store;
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Open cases that are looked through for their threads, the most urgent first: reading one takes some
/// tens of microseconds, and a chat asks when it signs in.
const CASES_READ: usize = 5_000;

/// The same of cases that were closed or hidden within so many milliseconds, the latest so many: somebody may have wanted
/// one of them back.
const CLOSED_MS: i64 = 3 * DAY_MS;
const CLOSED_READ: usize = 1_000;

/// The memory of a running bot.
pub(super) struct Remembering {
    pub shell: Arc<Shell>,
    pub store: Arc<dyn Store>,
}

impl Remembering {
    fn account() -> Account {
        Account::from(crate::engine::CHAT)
    }

    /// Reads the store beside the runtime's own threads.
    async fn read<T: Send + 'static>(&self, read: impl FnOnce(&dyn Store) -> T + Send + 'static) -> anyhow::Result<T> {
        let store = Arc::clone(&self.store);
        Ok(tokio::task::spawn_blocking(move || read(&*store)).await?)
    }
}

#[async_trait]
impl Memory for Remembering {
    async fn cursor(&self, stream: &str) -> anyhow::Result<Option<String>> {
        let stream = stream.to_owned();
        Ok(self.read(move |store| store.cursor(&Remembering::account(), &stream)).await??)
    }

    async fn keep(&self, stream: &str, cursor: String) -> anyhow::Result<()> {
        let batch = Batch { inputs: Vec::new(), cursor: Some((Remembering::account(), stream.to_owned(), cursor)) };
        self.shell.inbox.submit(Door::Staff, batch).await?;
        Ok(())
    }

    async fn park(&self, parked: Parked) -> anyhow::Result<()> {
        let Parked { id, why, raw } = parked;
        // Neither its id nor anything of it: what nobody could read may hold anything.
        tracing::warn!(why, bytes = raw.len(), "something from the chat could not be read; it is kept: sereno parked list");
        self.shell.inbox.one(Door::Staff, Input::Park { id, why, raw }).await?;
        Ok(())
    }

    async fn threads(&self, limit: usize) -> anyhow::Result<Vec<(RoomId, String)>> {
        let now = self.shell.clock.now();
        let found = self.read(move |store| threads(store, now, limit)).await?;
        Ok(found?)
    }

    async fn cards(&self, cases: Vec<CaseId>) -> anyhow::Result<BTreeMap<CaseId, (RoomId, String)>> {
        Ok(self.read(move |store| cards(store, cases)).await??)
    }

    async fn team(&self, people: BTreeMap<AgentId, Person>) -> anyhow::Result<()> {
        Ok(self.shell.set_team(people).await?)
    }

    async fn unfit(&self, room: &RoomId, why: Option<Say>) -> anyhow::Result<()> {
        Ok(self.shell.set_unfit(room, why).await?)
    }

    fn person(&self, who: &AgentId) -> Option<Person> {
        self.shell.policy().people.get(who).cloned()
    }

    async fn rooms(&self) -> BTreeSet<RoomId> {
        self.shell.rooms().await
    }

    fn room_lang(&self, room: &RoomId) -> Lang {
        self.shell.policy().room_lang(room)
    }

    fn words(&self, say: &Say, lang: Lang) -> String {
        self.shell.say(say, lang)
    }
}

fn cards(store: &dyn Store, cases: Vec<CaseId>) -> Result<BTreeMap<CaseId, (RoomId, String)>, crate::store::StoreError> {
    let mut found = BTreeMap::new();
    for id in cases {
        let Some(case) = store.case(id)? else { continue };
        let stands = |kind| case.place(kind).and_then(|(_, place)| Some((place.room.clone(), place.thread.clone()?)));
        // A folded case has none of its own; a private place is not for all who see its number.
        if let Some(card) = stands(PlaceKind::Home) {
            found.insert(id, card);
        }
    }
    Ok(found)
}

fn threads(store: &dyn Store, now: Time, limit: usize) -> Result<Vec<(RoomId, String)>, crate::store::StoreError> {
    let open = store.list(Filter::Open, None, CASES_READ)?.into_iter().map(|listed| listed.case);
    // What was closed or hidden of late: the latest first.
    let ended = |kind: &FactKind| matches!(kind, FactKind::Resolved { .. } | FactKind::Hidden);
    let closed = store.facts(now.plus(-CLOSED_MS), now.plus(1))?.into_iter().rev().filter(|f| ended(&f.kind)).map(|f| f.case);
    let mut known = BTreeSet::new();
    let mut cases = Vec::new();
    for id in open.chain(closed.take(CLOSED_READ)).filter(|id| known.insert(*id)) {
        let Some(case) = store.case(id)? else { continue };
        let threads: Vec<(RoomId, String)> = case.places.iter().filter_map(|p| Some((p.room.clone(), p.thread.clone()?))).collect();
        cases.push((case.touched_at, case.id, threads));
    }
    cases.sort_unstable_by_key(|(touched, id, _)| std::cmp::Reverse((*touched, *id)));
    let mut seen = BTreeSet::new();
    let threads = cases.into_iter().flat_map(|(_, _, threads)| threads);
    Ok(threads.filter(|t| seen.insert(t.clone())).take(limit).collect())
}
