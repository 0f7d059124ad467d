//! What a kill found, told from what the dead bot left on its disk and from the server's books.
//!
//! | an answer is | the bot's disk | the server's books |
//! |---|---|---|
//! | committed | it is to be sent | nobody ever asked for it |
//! | in flight | marked as leaving | the dead bot asked, is not answered, and it does not stand |
//! | accepted | on its way or in doubt, without a receipt | it stands |
//! | receipted | published, under the server's own id | it stands |
//!
//! What is none of these (to be tried again after a refusal, in doubt since an earlier life and not
//! standing, held for a person) is counted as none. An answer counts as receipted once, at the first
//! kill that finds it so; the others at each kill that finds them.
//!
//! *Work in flight* is a mention that the server has and the chat was not yet shown, or an entry of
//! the outbox: a card, a line in a thread, an answer to a command or a customer, on its way. A
//! command that waits for its answer is no such work: it is counted apart.

use super::network::Snapshot;
use super::staff::Promise;
use sereno::case::{CaseId, SendState};
use sereno::outbox::{Effect, Entry, EntryState};
use sereno::store::Store;
use std::collections::BTreeSet;

/// How far an answer had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Decided, and not yet asked of the server.
    Committed,
    /// The server has the request, and has neither done nor answered it.
    InFlight,
    /// It stands on the server; the bot has no receipt.
    Accepted,
    /// It stands, and the bot knows.
    Receipted,
}

/// What the kills found.
#[derive(Debug, Default)]
pub struct Found {
    pub kills: u64,
    /// Kills with work in flight.
    pub busy: u64,
    /// … with a mention on its way into the chat.
    pub coming: u64,
    /// … with an entry in the outbox.
    pub leaving: u64,
    /// … of which one was marked as leaving at that very moment.
    pub marked: u64,
    /// Kills with a command unanswered; no matter what else.
    pub unanswered: u64,
    pub committed: u64,
    pub in_flight: u64,
    pub accepted: u64,
    pub receipted: u64,
    /// Answers found receipted by now, by token.
    settled: BTreeSet<String>,
    /// What must never be.
    pub wrong: Vec<String>,
}

impl Found {
    /// Enters a kill. `coming`: mentions that the chat was not shown; `unanswered`: commands.
    pub fn enter(&mut self, store: &impl Store, server: &Snapshot, promises: &[Promise], coming: usize, unanswered: usize) {
        let outbox = store.outbox().unwrap();
        let mut stages = Vec::new();
        for promise in promises.iter().filter(|p| !self.settled.contains(&p.token)).collect::<Vec<_>>() {
            let stage = self.stage(store, &outbox, server, promise);
            if stage == Some(Stage::Receipted) {
                self.settled.insert(promise.token.clone());
            }
            stages.extend(stage);
        }
        let leaving = outbox.iter().any(|e| !matches!(e.state, EntryState::Dead { .. }));
        self.kills += 1;
        self.coming += u64::from(coming > 0);
        self.leaving += u64::from(leaving);
        self.marked += u64::from(outbox.iter().any(|e| e.state == EntryState::InFlight));
        self.busy += u64::from(coming > 0 || leaving);
        self.unanswered += u64::from(unanswered > 0);
        for (stage, count) in [
            (Stage::Committed, &mut self.committed),
            (Stage::InFlight, &mut self.in_flight),
            (Stage::Accepted, &mut self.accepted),
            (Stage::Receipted, &mut self.receipted),
        ] {
            *count += u64::from(stages.contains(&stage));
        }
    }

    fn stage(&mut self, store: &impl Store, outbox: &[Entry], server: &Snapshot, promise: &Promise) -> Option<Stage> {
        let id = CaseId(promise.case);
        let case = store.case(id).unwrap()?;
        let send = case.sends.iter().find(|s| s.text.expose().contains(&promise.token))?;
        let of_it = |e: &&Entry| e.case == Some(id) && matches!(e.effect, Effect::Send { send: n } if n == send.id);
        let entry = outbox.iter().find(of_it).map(|e| &e.state);
        if let Some(EntryState::Dead { why }) = entry {
            self.wrong.push(format!("an answer became a dead letter: {why}: {promise:?}"));
        }
        let stands = server.stands(&promise.token);
        if let SendState::Published { id, .. } = &send.state {
            if stands != Some(id.0.as_str()) {
                self.wrong.push(format!("{promise:?} has the receipt of {id}, and stands as {stands:?}"));
            }
            return Some(Stage::Receipted);
        }
        match (entry?, stands) {
            (EntryState::InFlight | EntryState::Unknown, Some(_)) => Some(Stage::Accepted),
            (EntryState::Queued | EntryState::InFlight | EntryState::Unknown, None) if server.tries(&promise.token) == 0 => {
                Some(Stage::Committed)
            }
            (EntryState::InFlight, None) if server.open(&promise.token) => Some(Stage::InFlight),
            _ => None,
        }
    }
}
