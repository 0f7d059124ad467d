//! What can go wrong, when, and how often it did.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use std::collections::BTreeMap;

/// Which requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// Any call of the API.
    Any,
    /// Posting a status.
    Post,
    /// Editing one.
    Put,
    /// Deleting one.
    Delete,
    /// Any reading.
    Get,
    /// Reading of an address that holds this.
    Path(&'static str),
}

impl On {
    fn meets(self, method: &str, path: &str) -> bool {
        match self {
            On::Any => true,
            On::Post => method == "POST",
            On::Put => method == "PUT",
            On::Delete => method == "DELETE",
            On::Get => method == "GET",
            On::Path(part) => method == "GET" && path.contains(part),
        }
    }
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 429, with `Retry-After` and a reset so many seconds ahead.
    TooMany { after_s: i64 },
    /// 429 with the rate-limit headers alone, as Mastodon's own API does.
    TooManyByHeader { after_s: i64 },
    /// An answer of this status, the thing done before or not.
    Status { code: u16, done: bool, after_s: Option<i64> },
    /// 403, as Mastodon words it when the token lacks the scope.
    NoScope,
    /// No answer ever, the thing done or not.
    Hang { done: bool },
    /// The connection is closed without an answer, the thing done or not.
    Drop { done: bool },
    /// Taken in, and done only after so many milliseconds, whether the asker is still there or not.
    Slow { ms: u64 },
    /// Done, and answered with something unreadable.
    Malformed,
    /// Done, and the answer breaks off in the middle.
    HalfAnswer,
}

impl Fault {
    /// Whether the request takes effect all the same.
    pub fn done(self) -> bool {
        match self {
            Fault::TooMany { .. } | Fault::TooManyByHeader { .. } | Fault::NoScope => false,
            Fault::Status { done, .. } | Fault::Hang { done } | Fault::Drop { done } => done,
            Fault::Slow { .. } | Fault::Malformed | Fault::HalfAnswer => true,
        }
    }

    /// Its name in the count.
    pub fn name(self) -> &'static str {
        match self {
            Fault::TooMany { .. } | Fault::TooManyByHeader { .. } => "too-many",
            Fault::Status { done: false, .. } => "refused",
            Fault::Status { done: true, .. } => "done-then-error",
            Fault::NoScope => "no-scope",
            Fault::Hang { done: false } => "hang",
            Fault::Hang { done: true } => "done-then-hang",
            Fault::Drop { done: false } => "drop",
            Fault::Drop { done: true } => "done-then-drop",
            Fault::Slow { .. } => "slow",
            Fault::Malformed => "malformed",
            Fault::HalfAnswer => "half-answer",
        }
    }
}

/// How many of a thousand requests, or streamed events, meet each fault.
#[derive(Clone, Copy, Debug, Default)]
pub struct Chances {
    pub too_many: u32,
    pub error_before: u32,
    pub error_after: u32,
    pub drop_before: u32,
    pub drop_after: u32,
    pub hang: u32,
    pub malformed: u32,
    pub half_answer: u32,
    /// A streamed event that never comes.
    pub stream_lost: u32,
    /// One that comes twice.
    pub stream_doubled: u32,
    /// One that comes after the next.
    pub stream_late: u32,
    /// One behind an unreadable frame.
    pub stream_garbled: u32,
    /// One upon which the connection breaks.
    pub stream_broken: u32,
}

#[derive(Default)]
pub struct Faults {
    ordered: Vec<(On, Fault, u32)>,
    chance: Option<(Chances, ChaCha8Rng)>,
    /// How many were done, by name.
    pub done: BTreeMap<&'static str, u64>,
}

impl Faults {
    pub fn order(&mut self, on: On, fault: Fault, times: u32) {
        self.ordered.push((on, fault, times));
    }

    pub fn by_chance(&mut self, seed: u64, chances: Chances) {
        self.chance = Some((chances, ChaCha8Rng::seed_from_u64(seed)));
    }

    pub fn clear(&mut self) {
        self.ordered.clear();
        self.chance = None;
    }

    /// The fault that this request meets.
    pub fn next(&mut self, method: &str, path: &str) -> Option<Fault> {
        let fault = self.ordered_fault(method, path).or_else(|| self.chance_fault())?;
        *self.done.entry(fault.name()).or_default() += 1;
        Some(fault)
    }

    fn ordered_fault(&mut self, method: &str, path: &str) -> Option<Fault> {
        let at = self.ordered.iter().position(|(on, _, _)| on.meets(method, path))?;
        let (_, fault, times) = &mut self.ordered[at];
        let fault = *fault;
        *times -= 1;
        if *times == 0 {
            self.ordered.remove(at);
        }
        Some(fault)
    }

    fn chance_fault(&mut self) -> Option<Fault> {
        let (c, rng) = self.chance.as_mut()?;
        let mut draw = rng.next_u32() % 1_000;
        let table = [
            (c.too_many, Fault::TooMany { after_s: 1 }),
            (c.error_before, Fault::Status { code: 500, done: false, after_s: None }),
            (c.error_after, Fault::Status { code: 502, done: true, after_s: None }),
            (c.drop_before, Fault::Drop { done: false }),
            (c.drop_after, Fault::Drop { done: true }),
            (c.hang, Fault::Hang { done: draw.is_multiple_of(2) }),
            (c.malformed, Fault::Malformed),
            (c.half_answer, Fault::HalfAnswer),
        ];
        for (share, fault) in table {
            if draw < share {
                return Some(fault);
            }
            draw -= share;
        }
        None
    }
}
