//! What can go wrong, when, and how often it did.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use std::collections::BTreeMap;

/// Which requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// Any call of the API, and the uploads.
    Any,
    /// One method: `chat.postMessage`. `upload` is the POST of a file's bytes.
    Method(&'static str),
    /// Whatever changes something in the workspace: posts, updates, reactions, files, pins.
    Write,
}

impl On {
    fn meets(self, method: &str) -> bool {
        match self {
            On::Any => true,
            On::Method(name) => name == method,
            On::Write => {
                ["chat.postMessage", "chat.update", "chat.delete", "upload", "files.completeUploadExternal", "reactions.add", "pins.add"]
                    .contains(&method)
            }
        }
    }
}

/// What goes wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 429 with `Retry-After`.
    TooMany { after_s: i64 },
    /// An answer of this status, the thing done before or not.
    Status { code: u16, done: bool },
    /// `{"ok": false, "error": …}`, nothing done.
    Refused(&'static str),
    /// No answer ever, the thing done or not.
    Hang { done: bool },
    /// The connection is closed without an answer, the thing done or not.
    Drop { done: bool },
    /// Done, and answered with something unreadable.
    Malformed,
    /// Done, and the answer breaks off in the middle.
    HalfAnswer,
}

impl Fault {
    /// Whether the request takes effect all the same.
    pub fn done(self) -> bool {
        match self {
            Fault::TooMany { .. } | Fault::Refused(_) => false,
            Fault::Status { done, .. } | Fault::Hang { done } | Fault::Drop { done } => done,
            Fault::Malformed | Fault::HalfAnswer => true,
        }
    }

    /// Its name in the count.
    pub fn name(self) -> &'static str {
        match self {
            Fault::TooMany { .. } => "too-many",
            Fault::Status { done: false, .. } => "error",
            Fault::Status { done: true, .. } => "done-then-error",
            Fault::Refused(_) => "refused",
            Fault::Hang { done: false } => "hang",
            Fault::Hang { done: true } => "done-then-hang",
            Fault::Drop { done: false } => "drop",
            Fault::Drop { done: true } => "done-then-drop",
            Fault::Malformed => "malformed",
            Fault::HalfAnswer => "half-answer",
        }
    }
}

/// How many of a thousand requests, or deliveries, meet each fault.
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
    /// An envelope that comes twice.
    pub twice: u32,
    /// An envelope that comes half a second late.
    pub late: u32,
    /// An envelope that comes after the next.
    pub behind: u32,
    /// An envelope upon which its connection breaks.
    pub cut: u32,
    /// An envelope that is lost with its connection: never delivered, until it is repeated.
    pub lost: u32,
}

/// What goes wrong with a delivery to the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    Twice,
    Late {
        ms: i64,
    },
    /// It comes after the next.
    Behind,
    /// Delivered, and the connection breaks before the ack can be heard.
    Cut,
    /// The connection breaks, the envelope never reaches the app.
    Lost,
}

impl Trouble {
    pub fn name(self) -> &'static str {
        match self {
            Trouble::Twice => "twice",
            Trouble::Late { .. } => "late",
            Trouble::Behind => "behind",
            Trouble::Cut => "cut",
            Trouble::Lost => "lost",
        }
    }
}

#[derive(Default)]
pub struct Faults {
    ordered: Vec<(On, Fault, u32)>,
    troubles: Vec<(Trouble, u32)>,
    /// What comes by chance: for requests and for deliveries, which must not stir each other's dice.
    chance: Option<(Chances, ChaCha8Rng, ChaCha8Rng)>,
    /// How many were done, by name.
    pub done: BTreeMap<&'static str, u64>,
}

impl Faults {
    pub fn order(&mut self, on: On, fault: Fault, times: u32) {
        self.ordered.push((on, fault, times));
    }

    pub fn trouble(&mut self, trouble: Trouble, times: u32) {
        self.troubles.push((trouble, times));
    }

    pub fn by_chance(&mut self, seed: u64, chances: Chances) {
        self.chance = Some((chances, ChaCha8Rng::seed_from_u64(seed), ChaCha8Rng::seed_from_u64(seed ^ 0x57EA)));
    }

    pub fn clear(&mut self) {
        self.ordered.clear();
        self.troubles.clear();
        self.chance = None;
    }

    /// The fault that this request meets.
    pub fn next(&mut self, method: &str) -> Option<Fault> {
        // Whom the bot cannot tell it tells that nothing was done, and that they should try again: programs that play staff do
        // not read that. So this fails by order alone.
        let by_chance = method != "users.info";
        let fault = self.ordered_fault(method).or_else(|| if by_chance { self.chance_fault() } else { None })?;
        *self.done.entry(fault.name()).or_default() += 1;
        Some(fault)
    }

    /// What happens to this delivery.
    pub fn next_trouble(&mut self) -> Option<Trouble> {
        let ordered = self.troubles.first_mut().map(|(trouble, times)| {
            *times -= 1;
            *trouble
        });
        self.troubles.retain(|(_, times)| *times > 0);
        let trouble = ordered.or_else(|| self.chance_trouble())?;
        *self.done.entry(trouble.name()).or_default() += 1;
        Some(trouble)
    }

    fn ordered_fault(&mut self, method: &str) -> Option<Fault> {
        let at = self.ordered.iter().position(|(on, _, _)| on.meets(method))?;
        let (_, fault, times) = &mut self.ordered[at];
        let fault = *fault;
        *times -= 1;
        if *times == 0 {
            self.ordered.remove(at);
        }
        Some(fault)
    }

    fn chance_fault(&mut self) -> Option<Fault> {
        let (c, rng, _) = self.chance.as_mut()?;
        let draw = rng.next_u32() % 1_000;
        let table = [
            (c.too_many, Fault::TooMany { after_s: 1 }),
            (c.error_before, Fault::Status { code: 500, done: false }),
            (c.error_after, Fault::Status { code: 502, done: true }),
            (c.drop_before, Fault::Drop { done: false }),
            (c.drop_after, Fault::Drop { done: true }),
            (c.hang, Fault::Hang { done: draw.is_multiple_of(2) }),
            (c.malformed, Fault::Malformed),
            (c.half_answer, Fault::HalfAnswer),
        ];
        drawn(draw, &table)
    }

    fn chance_trouble(&mut self) -> Option<Trouble> {
        let (c, _, rng) = self.chance.as_mut()?;
        let draw = rng.next_u32() % 1_000;
        let table = [
            (c.twice, Trouble::Twice),
            (c.late, Trouble::Late { ms: 500 }),
            (c.behind, Trouble::Behind),
            (c.cut, Trouble::Cut),
            (c.lost, Trouble::Lost),
        ];
        drawn(draw, &table)
    }
}

fn drawn<T: Copy>(mut draw: u32, table: &[(u32, T)]) -> Option<T> {
    for (share, what) in table {
        if draw < *share {
            return Some(*what);
        }
        draw -= share;
    }
    None
}
