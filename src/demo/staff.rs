//! A sensible member of staff: reads what the chat shows, and says what to type next.
//!
//! They know nothing of the story: only cards, entries and answers, as anybody in the room reads
//! them. Pure; [`super::auto`] carries their lines into the chat. How they read a text and which
//! words they choose is [`super::manner`]'s.

use super::judge::{Approved, Shown};
use super::manner::{Manner, Reading};
use crate::view::{CardView, EntryView, Line, Piece, View};
use std::collections::BTreeMap;

/// After so many refusals in a case they leave it alone.
const PATIENCE: u32 = 4;

/// What a customer said.
#[derive(Clone, Debug)]
struct Said {
    post: String,
    text: String,
    private: bool,
}

/// A case as the room shows it.
#[derive(Clone, Debug, Default)]
struct Known {
    code: String,
    status: String,
    priority: String,
    mine: bool,
    said: Vec<Said>,
    /// So many of `said` need nothing any more.
    handled: usize,
    /// A draft waits to be sent, answering so many of `said`.
    drafted: Option<(String, usize)>,
    /// A send is under way: the index of what was approved.
    live: Option<usize>,
    held: bool,
    /// Stops that we brought about ourselves and that the chat has yet to tell.
    own_stops: u32,
    answers: u32,
    /// We said that we would write in private.
    promised: bool,
    private: bool,
    outside: bool,
    /// Nothing more is needed once what is under way has gone.
    finished: bool,
    /// The status that we brought about, until the card shows it.
    expected: Option<&'static str>,
    tagged: bool,
    refusals: u32,
}

impl Known {
    fn expect(&mut self, status: &'static str) {
        status.clone_into(&mut self.status);
        self.expected = Some(status);
    }
}

/// What was typed, to understand its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Typed {
    Claim(u64),
    Draft(u64, String),
    /// Text, whether private, how many of the customer's words it answers.
    Send(u64, String, bool, usize),
    /// Lets what is held go on.
    Resend(u64),
    Discard(u64),
    Tag(u64),
    Resolve(u64),
    Spam(u64),
    Restore(u64),
    ListSpam,
    History(u64),
    Other,
}

/// How far the closing of the shift is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shift {
    Work,
    /// Look into quarantine, then go on.
    Look,
    /// Last looks and the digest.
    Close(u8),
    Over,
}

/// The member of staff.
pub struct Staff {
    manner: Manner,
    cases: BTreeMap<u64, Known>,
    approved: Vec<Approved>,
    quarantine: Vec<View>,
    /// Hidden cases by number and excerpt, and whether they were looked into.
    hidden: BTreeMap<u64, (String, bool)>,
    typed: Option<Typed>,
    /// Entries about a send whose own answer is still to come.
    deferred: Vec<EntryView>,
    shift: Shift,
    /// Messages read so far, and how many of them when the last line was typed.
    read: usize,
    read_then: usize,
    name: String,
}

impl Staff {
    /// Comes to work, known to the chat as `name`.
    #[must_use]
    pub fn new(manner: Manner, name: &str) -> Staff {
        Staff {
            manner,
            cases: BTreeMap::new(),
            approved: Vec::new(),
            quarantine: Vec::new(),
            hidden: BTreeMap::new(),
            typed: None,
            deferred: Vec::new(),
            shift: Shift::Work,
            read: 0,
            read_then: 0,
            name: name.to_owned(),
        }
    }

    /// What they approved so far.
    #[must_use]
    pub fn approved(&self) -> &[Approved] {
        &self.approved
    }
    /// What they read in quarantine.
    #[must_use]
    pub fn quarantine(&self) -> &[View] {
        &self.quarantine
    }
    /// Whether something of theirs is still on its way.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.cases.values().any(|k| k.live.is_some())
    }
    /// Whether the shift is over.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.shift == Shift::Over && self.typed.is_none()
    }
    /// It is quiet: time to look into quarantine.
    pub fn look_into_quarantine(&mut self) {
        if self.shift == Shift::Work {
            self.shift = Shift::Look;
        }
    }
    /// Everybody went home: last looks, and the digest.
    pub fn close_shift(&mut self) {
        if !matches!(self.shift, Shift::Close(_) | Shift::Over) {
            self.shift = Shift::Close(0);
        }
    }

    /// Reads what the chat shows.
    pub fn read(&mut self, shown: &Shown) {
        self.read += 1;
        match &shown.view {
            View::Card(card) => self.read_card(card),
            View::Entry(entry) if !shown.edit && self.is_ahead(entry) => self.deferred.push(entry.clone()),
            View::Entry(entry) if !shown.edit => self.read_entry(entry),
            View::Entry(_) | View::Text(_) | View::Form(_) => {}
        }
    }

    /// Whether an entry tells what became of a send before we heard that it was taken at all.
    fn is_ahead(&self, entry: &EntryView) -> bool {
        let of_send = matches!(entry.event.as_str(), "held" | "stopped" | "published");
        let typed = matches!(&self.typed, Some(Typed::Send(case, ..) | Typed::Resend(case) | Typed::Discard(case)) if *case == entry.case);
        of_send && typed
    }

    fn read_card(&mut self, card: &CardView) {
        let known = self.cases.entry(card.case).or_default();
        if known.said.is_empty() && known.code.is_empty() {
            known.said.push(Said { post: card.post.clone(), text: spoken(&card.body), private: false });
        }
        known.code.clone_from(&card.code);
        // A card's change that was on its way before our own act tells the old state once more.
        if known.expected.is_none_or(|status| status == card.status) {
            known.status.clone_from(&card.status);
            known.expected = None;
        }
        known.priority.clone_from(&card.priority);
        known.mine = card.owner.as_deref() == Some(self.name.as_str());
        if known.status == "private" {
            known.private = true;
            // A case that began with a private message goes on in private.
            if known.answers == 0 {
                known.said.iter_mut().for_each(|s| s.private = true);
            }
        }
    }

    fn read_entry(&mut self, entry: &EntryView) {
        let known = self.cases.entry(entry.case).or_default();
        let text = spoken(&entry.lines);
        let post = entry.post.clone().unwrap_or_default();
        match entry.event.replace('-', "_").as_str() {
            "joined" => known.said.push(Said { post, text, private: false }),
            "dm_received" => {
                known.private = true;
                known.said.push(Said { post, text, private: true });
            }
            "edited" => {
                if let Some(at) = known.said.iter().position(|s| s.post == post) {
                    known.said[at].text = text;
                    known.handled = known.handled.min(at);
                    known.drafted = None;
                }
            }
            "deleted" => {
                if let Some(at) = known.said.iter().position(|s| s.post == post) {
                    known.said.remove(at);
                    known.handled -= usize::from(at < known.handled);
                    known.finished |= known.said.is_empty();
                    known.promised &= !known.said.is_empty();
                    known.drafted = None;
                }
            }
            "answered_outside" => {
                known.outside = true;
                known.finished = true;
                known.handled = known.said.len();
                known.drafted = None;
            }
            "held" => known.held = known.live.is_some(),
            "published" => {
                known.live = None;
                known.held = false;
                known.answers += 1;
            }
            "stopped" if known.own_stops > 0 => known.own_stops -= 1,
            "stopped" => {
                if let Some(approved) = known.live.take().and_then(|at| self.approved.get_mut(at)) {
                    approved.stopped = true;
                }
                known.held = false;
            }
            "reopened" => {
                known.finished = false;
                known.expected = None;
            }
            _ => {}
        }
    }

    /// What to type now; `None`: nothing, for the moment.
    pub fn next(&mut self) -> Option<String> {
        if self.typed.is_some() {
            return None;
        }
        let (typed, line) = match self.shift {
            Shift::Work | Shift::Close(_) if self.mistaken().is_some() => {
                let case = self.mistaken()?;
                (Typed::Restore(case), format!("restore {case}"))
            }
            Shift::Work => self.work()?,
            Shift::Look => (Typed::ListSpam, "list spam".to_owned()),
            Shift::Close(step) => self.closing(step)?,
            Shift::Over => return None,
        };
        self.typed = Some(typed);
        self.read_then = self.read;
        Some(line)
    }

    /// A hidden case that should not be.
    fn mistaken(&self) -> Option<u64> {
        self.hidden.iter().find(|(_, (text, _))| self.manner.is_genuine(text)).map(|(case, _)| *case)
    }

    fn work(&mut self) -> Option<(Typed, String)> {
        let rank = |k: &Known| ["urgent", "high", "normal", "low"].iter().position(|p| *p == k.priority).unwrap_or(2);
        let mut order: Vec<(usize, u64)> = self.cases.iter().map(|(n, k)| (rank(k), *n)).collect();
        order.sort_unstable();
        order.into_iter().find_map(|(_, case)| self.act(case))
    }

    /// The next step in one case.
    fn act(&mut self, case: u64) -> Option<(Typed, String)> {
        let known = self.cases.get_mut(&case)?;
        if known.refusals >= PATIENCE || matches!(known.status.as_str(), "quarantined" | "merged" | "") {
            return None;
        }
        if known.live.is_some() {
            return if known.held { self.settle_held(case) } else { None };
        }
        // What needs no answer is read and done with.
        while let Some(said) = known.said.get(known.handled) {
            match self.manner.reads(&said.text) {
                Reading::Patient if known.answers > 0 || known.promised => known.handled += 1,
                Reading::Content if known.answers > 0 => {
                    known.handled += 1;
                    known.finished = !known.promised || known.private;
                }
                _ => break,
            }
        }
        if known.handled < known.said.len() {
            return self.answer(case);
        }
        if known.promised && !known.private {
            let text = self.manner.handoff(&texts(known), &known.code);
            return Some(send(case, "handoff", text, true, known.said.len()));
        }
        (known.finished && known.status != "resolved").then(|| (Typed::Resolve(case), format!("resolve {case}")))
    }

    /// Something of ours was stopped because something happened meanwhile.
    fn settle_held(&mut self, case: u64) -> Option<(Typed, String)> {
        let known = self.cases.get(&case)?;
        let private = known.live.and_then(|at| self.approved.get(at)).is_some_and(|a| a.private);
        if known.outside {
            return Some((Typed::Discard(case), format!("discard {case}")));
        }
        if private {
            return Some((Typed::Resend(case), format!("reply {case}")));
        }
        if known.said.is_empty() {
            return None;
        }
        match known.said.last().map(|s| self.manner.reads(&s.text)) {
            // Content with an earlier answer: this one is no longer needed.
            Some(Reading::Content) if known.answers > 0 => return Some((Typed::Discard(case), format!("discard {case}"))),
            Some(Reading::Patient) => return Some((Typed::Resend(case), format!("reply {case}"))),
            _ => {}
        }
        // With the new words before their eyes: another answer takes the place of the held one.
        let (text, promises) = self.manner.answer(&texts(known), known.answers > 0);
        let known = self.cases.get_mut(&case)?;
        known.promised |= promises;
        Some(send(case, "reply", text, false, known.said.len()))
    }

    /// The customer waits for a word.
    fn answer(&mut self, case: u64) -> Option<(Typed, String)> {
        let known = self.cases.get_mut(&case)?;
        if !known.mine {
            return Some((Typed::Claim(case), format!("claim {case}")));
        }
        let said = known.said.get(known.handled)?.clone();
        let reading = self.manner.reads(&said.text);
        if reading == Reading::Junk {
            return Some((Typed::Spam(case), format!("spam {case}")));
        }
        if reading == Reading::Press && !known.tagged {
            return Some((Typed::Tag(case), format!("tag {case} {}", self.manner.press_tag())));
        }
        let upto = known.said.len();
        if known.said.iter().skip(known.handled).any(|s| s.private) {
            let text = self.manner.private_answer(&texts(known));
            return Some(send(case, "dm", text, true, upto));
        }
        if reading == Reading::WantsPrivacy {
            known.promised = true;
            known.handled = upto;
            self.manner.learnt();
            return self.act(case);
        }
        if let Some((text, upto)) = known.drafted.take() {
            return Some((Typed::Send(case, text, false, upto), format!("reply {case}")));
        }
        let (text, promises) = self.manner.answer(&texts(known), known.answers > 0);
        known.promised |= promises;
        known.finished |= reading == Reading::Content;
        if known.answers == 0 {
            return Some((Typed::Draft(case, text.clone()), format!("draft {case} {text}")));
        }
        Some(send(case, "reply", text, false, upto))
    }

    fn closing(&mut self, step: u8) -> Option<(Typed, String)> {
        if let Some(case) = self.hidden.iter().find(|(_, (_, seen))| !seen).map(|(case, _)| *case).filter(|_| step > 0) {
            return Some((Typed::History(case), format!("history {case}")));
        }
        self.shift = if step < 2 { Shift::Close(step + 1) } else { Shift::Over };
        Some(match step {
            0 => (Typed::ListSpam, "list spam".to_owned()),
            1 => (Typed::Other, "list".to_owned()),
            _ => (Typed::Other, "digest".to_owned()),
        })
    }

    /// Hears the answer to what was typed.
    pub fn answered(&mut self, ok: bool, view: &View) {
        let Some(typed) = self.typed.take() else { return };
        if ok {
            self.done(typed, view);
        } else {
            self.refused(&typed, view);
        }
        for entry in std::mem::take(&mut self.deferred) {
            self.read_entry(&entry);
        }
    }

    fn done(&mut self, typed: Typed, view: &View) {
        match typed {
            Typed::Claim(case) => self.with(case, |k| k.mine = true),
            Typed::Draft(case, text) => self.with(case, |k| k.drafted = Some((text, k.said.len()))),
            Typed::Send(case, text, private, upto) => self.sent(case, text, private, upto),
            Typed::Resend(case) => {
                let after = self.read_then;
                if let Some(at) = self.cases.get_mut(&case).and_then(|k| std::mem::take(&mut k.held).then_some(k.live).flatten()) {
                    self.approved[at].after = after;
                }
            }
            Typed::Discard(case) => self.withdraw(case),
            Typed::Tag(case) => self.with(case, |k| k.tagged = true),
            Typed::Resolve(case) => self.with(case, |k| k.expect("resolved")),
            Typed::Spam(case) => self.with(case, |k| k.expect("quarantined")),
            Typed::Restore(case) => {
                self.with(case, |k| k.expected = None);
                self.hidden.remove(&case);
                // There is work again.
                self.shift = Shift::Work;
            }
            Typed::ListSpam => self.looked(view),
            Typed::History(case) => {
                self.quarantine.push(view.clone());
                self.hidden.entry(case).and_modify(|(_, seen)| *seen = true);
            }
            Typed::Other => {}
        }
    }

    fn sent(&mut self, case: u64, text: String, private: bool, upto: usize) {
        let at = self.approved.len();
        self.approved.push(Approved { case, private, text: text.trim().to_owned(), after: self.read_then, stopped: false });
        let Some(known) = self.cases.get_mut(&case) else { return };
        // What was held before makes room for this one.
        if let Some(earlier) = known.live.replace(at) {
            known.own_stops += 1;
            self.approved[earlier].stopped = true;
        }
        known.held = false;
        known.handled = upto.min(known.said.len());
        known.private |= private;
    }

    fn withdraw(&mut self, case: u64) {
        let Some(known) = self.cases.get_mut(&case) else { return };
        if let Some(at) = known.live.take() {
            known.own_stops += 1;
            self.approved[at].stopped = true;
        }
        known.held = false;
    }

    /// Notes what quarantine holds; the reason why something was hidden may be mistaken.
    fn looked(&mut self, view: &View) {
        self.quarantine.push(view.clone());
        if let View::Text(text) = view {
            for line in &text.lines {
                if let Some(case) = listed(line) {
                    let seen = self.hidden.get(&case).is_some_and(|(_, seen)| *seen);
                    self.hidden.insert(case, (foreign(line), seen));
                }
            }
        }
        if self.shift == Shift::Look {
            self.shift = Shift::Work;
        }
    }

    fn refused(&mut self, typed: &Typed, view: &View) {
        let code = if let View::Text(t) = view { t.code.as_str() } else { "" };
        let case = match typed {
            Typed::Claim(c) | Typed::Draft(c, _) | Typed::Send(c, ..) | Typed::Resend(c) | Typed::Discard(c) => *c,
            Typed::Tag(c) | Typed::Resolve(c) | Typed::Spam(c) | Typed::Restore(c) | Typed::History(c) => *c,
            Typed::ListSpam | Typed::Other => return,
        };
        self.hidden.remove(&case);
        self.with(case, |known| {
            known.refusals += 1;
            match code {
                // Nothing stands there to be answered any more.
                "refused-nothing-to-answer" => known.finished = true,
                "refused-no-handoff" => (known.private, known.promised) = (false, true),
                "refused-already-so" => known.private = true,
                _ => {}
            }
        });
    }

    fn with(&mut self, case: u64, f: impl FnOnce(&mut Known)) {
        if let Some(known) = self.cases.get_mut(&case) {
            f(known);
        }
    }
}

fn send(case: u64, verb: &str, text: String, private: bool, upto: usize) -> (Typed, String) {
    let line = format!("{verb} {case} {text}");
    (Typed::Send(case, text, private, upto), line)
}

/// What the customer said that is not settled yet; all of it before a first answer, or where all is settled.
fn texts(known: &Known) -> Vec<String> {
    let from = if known.answers == 0 { 0 } else { known.handled };
    let open: Vec<String> = known.said.iter().skip(from).map(|s| s.text.clone()).collect();
    if open.is_empty() { known.said.iter().map(|s| s.text.clone()).collect() } else { open }
}

/// The lines that are wholly somebody's words: what was said, without our words around it.
fn spoken(lines: &[Line]) -> String {
    let whole = |l: &&Line| !l.is_empty() && l.iter().all(|p| matches!(p, Piece::Foreign(_)));
    lines.iter().filter(whole).map(foreign).collect::<Vec<_>>().join(" ")
}

fn foreign(line: &Line) -> String {
    line.iter().filter_map(|p| if let Piece::Foreign(t) = p { Some(t.expose()) } else { None }).collect::<Vec<_>>().join(" ")
}

/// The case that a line of a list is about.
fn listed(line: &Line) -> Option<u64> {
    match line.first() {
        Some(Piece::Strong(number)) => number.strip_prefix('#')?.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
