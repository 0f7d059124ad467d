//! What the store's lists know of a case without opening it, and the index rows that follow.
//!
//! The rows derive from [`Facets`] alone, which stand in the case's head: to change a case is to
//! take away the rows of the old facets and add those of the new, so an index cannot go stale.

use super::StoreError;
use super::codec::{Hashed, Hasher, Wrong, eight, from_json, key::join, time_bytes, to_json};
use crate::case::{Case, CaseId, CaseKey, PlaceKind, Status};
use crate::clock::Time;
use crate::policy::{AgentId, RoomId};
use crate::post::{Account, AuthorId, Network, PostId, PostRef};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Index: cases by key.
pub const BY_KEY: u8 = b'k';
/// Index: cases by conversation.
pub const BY_ROOT: u8 = b'g';
/// Index: cases by thread.
pub const BY_THREAD: u8 = b't';
/// Index: cases by customer.
pub const BY_AUTHOR: u8 = b'a';
/// Index: open or hidden cases by rank.
pub const BY_RANK: u8 = b'l';
/// Index: open cases by owner, then rank.
pub const BY_OWNER: u8 = b'n';
/// Index: open cases by when they were opened.
pub const BY_OPENING: u8 = b'b';
/// Index: cases by when they want to be woken.
pub const BY_WAKE: u8 = b'w';
/// All of them.
pub const ALL: [u8; 8] = [BY_KEY, BY_ROOT, BY_THREAD, BY_AUTHOR, BY_RANK, BY_OWNER, BY_OPENING, BY_WAKE];

/// The owner of cases that nobody owns.
pub const NOBODY: Hashed = Hashed([0; 16]);

/// Ids from outside, hashed: the same way by who writes and who looks up.
impl Hasher {
    /// A case's key.
    #[must_use]
    pub fn case_key(&self, k: &CaseKey) -> Hashed {
        self.hash("key", &[&k.desk.0.to_string(), k.network.as_str(), k.root.as_str(), k.customer.as_str()])
    }
    /// A conversation.
    #[must_use]
    pub fn conversation(&self, network: &Network, root: &PostId) -> Hashed {
        self.hash("root", &[network.as_str(), root.as_str()])
    }
    /// A thread.
    #[must_use]
    pub fn thread(&self, room: &RoomId, thread: &str) -> Hashed {
        self.hash("thread", &[room.as_str(), thread])
    }
    /// A customer.
    #[must_use]
    pub fn author(&self, id: &AuthorId) -> Hashed {
        self.hash("author", &[id.as_str()])
    }
    /// A member of staff.
    #[must_use]
    pub fn agent(&self, id: &AgentId) -> Hashed {
        self.hash("agent", &[id.as_str()])
    }
    /// A post.
    #[must_use]
    pub fn post(&self, post: &PostRef) -> Hashed {
        match post {
            PostRef::World(id) => self.hash("world", &[id.as_str()]),
            PostRef::Local { account, local_id } => self.hash("local", &[account.as_str(), local_id]),
        }
    }
    /// A command.
    #[must_use]
    pub fn command(&self, id: &str) -> Hashed {
        self.hash("command", &[id])
    }
    /// What could not be read.
    #[must_use]
    pub fn parked(&self, id: &str) -> Hashed {
        self.hash("parked", &[id])
    }
    /// A stream.
    #[must_use]
    pub fn stream(&self, account: &Account, stream: &str) -> Hashed {
        self.hash("stream", &[account.as_str(), stream])
    }
}

/// Where a case stands in the lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// Open, else hidden.
    pub open: bool,
    /// 0: most urgent.
    pub rank: u8,
    /// By when an answer is due.
    pub due: Time,
    /// When it was opened.
    pub opened: Time,
    /// Who took it.
    pub owner: Hashed,
}

/// What the indices know of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facets {
    /// Its key.
    pub key: Hashed,
    /// Its conversation.
    pub root: Hashed,
    /// Its customer.
    pub author: Hashed,
    /// Its threads, each with the kind of place, best first.
    pub threads: Vec<(Hashed, u8)>,
    /// When it wants to be woken.
    pub wake: Option<Time>,
    /// Its place in a list, if it stands in one.
    pub list: Option<Listing>,
}

impl Facets {
    /// The facets of a case.
    #[must_use]
    pub fn of(case: &Case, h: &Hasher) -> Facets {
        let threads = case.places.iter().filter_map(|p| Some((h.thread(&p.room, p.thread.as_deref()?), kind_rank(p.kind))));
        let listed = case.status.is_open() || case.status == Status::Quarantined;
        Facets {
            key: h.case_key(&case.key),
            root: h.conversation(&case.key.network, &case.key.root),
            author: h.author(&case.key.customer),
            threads: threads.collect(),
            wake: case.next_wake(),
            list: listed.then(|| Listing {
                open: case.status.is_open(),
                rank: 3 - u8::try_from(case.priority.index()).unwrap_or(3),
                due: case.answer_due.unwrap_or(Time::NEVER),
                opened: case.opened_at,
                owner: case.owner.as_ref().map_or(NOBODY, |o| h.agent(o)),
            }),
        }
    }

    /// Whether it counts as open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.list.is_some_and(|l| l.open)
    }

    /// The index rows: key and payload.
    #[must_use]
    pub fn rows(&self, case: CaseId) -> BTreeMap<Vec<u8>, Vec<u8>> {
        let id = case.0.to_be_bytes();
        let newest_first = (u64::MAX - case.0).to_be_bytes();
        let mut rows = vec![
            (join(BY_KEY, &[&self.key.0, &id]), Vec::new()),
            (join(BY_ROOT, &[&self.root.0, &id]), Vec::new()),
            (join(BY_AUTHOR, &[&self.author.0, &newest_first]), Vec::new()),
        ];
        for (thread, kind) in &self.threads {
            rows.push((join(BY_THREAD, &[&thread.0, &[*kind], &newest_first]), Vec::new()));
        }
        if let Some(wake) = self.wake {
            rows.push((join(BY_WAKE, &[&time_bytes(wake), &id]), Vec::new()));
        }
        if let Some(l) = &self.list {
            let opened = time_bytes(l.opened);
            let place: [&[u8]; 3] = [&[l.rank], &time_bytes(l.due), &id];
            rows.push((join(BY_RANK, &[&[u8::from(!l.open)], place[0], place[1], place[2]]), opened.to_vec()));
            if l.open {
                rows.push((join(BY_OWNER, &[&l.owner.0, place[0], place[1], place[2]]), opened.to_vec()));
                rows.push((join(BY_OPENING, &[&opened, &id]), Vec::new()));
            }
        }
        rows.into_iter().collect()
    }
}

/// The order in which places of one thread count; frozen with format 1.
fn kind_rank(kind: PlaceKind) -> u8 {
    match kind {
        PlaceKind::Home => 0,
        PlaceKind::Private => 1,
        PlaceKind::Folded => 2,
        PlaceKind::Former => 3,
    }
}

/// What stands about a case in the clear, beside its sealed record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The case's version.
    pub version: u64,
    /// Which key of its bucket wraps the data key.
    pub wrapped_by: u32,
    /// The wrapped data key, in hexadecimal.
    pub wrapped: String,
    /// How many events are stored.
    pub events: u32,
    /// What the indices know.
    pub facets: Facets,
}

impl Head {
    /// As it stands on disk: version and whether it is open first, so that opening a store needs
    /// to read no JSON.
    pub fn to_payload(&self) -> Result<Vec<u8>, StoreError> {
        let open = [u8::from(self.facets.is_open())];
        Ok([self.version.to_be_bytes().as_slice(), &open, &to_json(self)?].concat())
    }
    /// Back from [`Head::to_payload`].
    pub fn from_payload(at: &[u8], payload: &[u8]) -> Result<Head, Wrong> {
        from_json(at, payload.get(9..).unwrap_or_default())
    }
    /// Version and whether it is open, alone.
    #[must_use]
    pub fn front(payload: &[u8]) -> Option<(u64, bool)> {
        Some((u64::from_be_bytes(eight(payload, 0)?), *payload.get(8)? == 1))
    }
}
