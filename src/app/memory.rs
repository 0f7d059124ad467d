//! What the bot remembers for its chat: up to where histories were read, what could not be read,
//! who is on the team by the chat's own groups, which rooms are not fit for private things.

use super::Shell;
use super::inbox::Door;
use crate::chat::{Memory, Parked};
use crate::command::Filter;
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
        let found = self.read(move |store| threads(store, limit)).await?;
        Ok(found?)
    }

    async fn team(&self, people: BTreeMap<AgentId, Person>) -> anyhow::Result<()> {
        Ok(self.shell.set_team(people).await?)
    }

    async fn unfit(&self, room: &RoomId, why: Option<Say>) -> anyhow::Result<()> {
        Ok(self.shell.set_unfit(room, why).await?)
    }

    fn room_lang(&self, room: &RoomId) -> Lang {
        self.shell.policy().room_lang(room)
    }

    fn words(&self, say: &Say, lang: Lang) -> String {
        self.shell.say(say, lang)
    }
}

fn threads(store: &dyn Store, limit: usize) -> Result<Vec<(RoomId, String)>, crate::store::StoreError> {
    let mut cases = Vec::new();
    for listed in store.list(Filter::Open, None, CASES_READ)? {
        let Some(case) = store.case(listed.case)? else { continue };
        let threads: Vec<(RoomId, String)> = case.places.iter().filter_map(|p| Some((p.room.clone(), p.thread.clone()?))).collect();
        cases.push((case.touched_at, case.id, threads));
    }
    cases.sort_unstable_by_key(|(touched, id, _)| std::cmp::Reverse((*touched, *id)));
    let mut seen = BTreeSet::new();
    let threads = cases.into_iter().flat_map(|(_, _, threads)| threads);
    Ok(threads.filter(|t| seen.insert(t.clone())).take(limit).collect())
}
