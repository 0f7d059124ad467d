//! The judge: holds what the team was shown, and what it approved, against the square's own books.
//!
//! The bot's store is no witness here. What counts is what really stood on the square, what really
//! came in there, and what a member of staff could really read in the chat. Pure.

use crate::case::SendKind;
use crate::network::square::books::{Books, Hand, Received, Standing};
use crate::policy::RoomId;
use crate::post::{AuthorId, PostId};
use crate::say::Say;
use crate::view::{Line, Piece, View};
use std::collections::{BTreeMap, BTreeSet};

/// A message that the chat took.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Where.
    pub room: RoomId,
    /// The chat's id of the message.
    pub message: String,
    /// Whether an earlier message was changed.
    pub edit: bool,
    /// What it shows.
    pub view: View,
}

/// Something a member of staff decided to say to a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approved {
    /// In which case.
    pub case: u64,
    /// Whether only the customer reads it.
    pub private: bool,
    /// The very text.
    pub text: String,
    /// How many messages the chat had shown when it was last approved: what staff had before their eyes.
    pub after: usize,
    /// The chat said since that it came to nothing.
    pub stopped: bool,
}

/// Something left in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// The entry's number.
    pub entry: u64,
    /// Of which case.
    pub case: Option<u64>,
}

/// All that a witness beside the chat saw.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// Messages, in their order.
    pub shown: Vec<Shown>,
    /// What the chat answered to `list spam`, and to `history` of what was listed there.
    pub quarantine: Vec<View>,
    /// What was approved.
    pub approved: Vec<Approved>,
    /// What the outbox held at the end.
    pub left: Vec<Left>,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wrong {
    /// A post that nobody was shown, or an approved answer that was never published.
    Lost,
    /// A post carded or entered twice, or an answer published twice.
    Doubled,
    /// An answer whose post, text, person or account is not what was approved.
    Astray,
    /// Something shown that is not as it stands on the square.
    Misshown,
    /// Something that never left the outbox.
    Left,
}

/// A finding against the bot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Of what sort.
    pub wrong: Wrong,
    /// The sentence: `demo-problem-<code>`.
    pub code: &'static str,
    /// The post that it is about.
    pub post: Option<PostId>,
    /// The number of the case or entry, where there is one.
    pub number: Option<u64>,
}

/// The judgement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Customers' posts about the company.
    pub posts: usize,
    /// Conversations of customers.
    pub cases: usize,
    /// Public answers published.
    pub replies: usize,
    /// Private conversations opened.
    pub handoffs: usize,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

impl Verdict {
    /// How many problems of one sort.
    #[must_use]
    pub fn count(&self, wrong: Wrong) -> usize {
        self.problems.iter().filter(|p| p.wrong == wrong).count()
    }

    /// The last line. Programs read it: it is the same in every language.
    #[must_use]
    pub fn last_line(&self) -> String {
        let (lost, doubled) = (self.count(Wrong::Lost), self.count(Wrong::Doubled));
        let Verdict { posts, cases, replies, handoffs, .. } = self;
        let counts = format!("{posts} posts, {cases} cases, {replies} replies, {handoffs} handoffs, {lost} lost, {doubled} doubled");
        if self.problems.is_empty() {
            return format!("story complete: {counts}");
        }
        let other = self.problems.len() - lost - doubled - self.count(Wrong::Left);
        format!("story broken: {counts}, {} left in the outbox, {other} otherwise wrong", self.count(Wrong::Left))
    }

    /// Each problem as a sentence, naming its post.
    #[must_use]
    pub fn sentences(&self, books: &Books) -> Vec<Say> {
        let sentence = |p: &Problem| {
            let standing = p.post.as_ref().and_then(|id| books.post(id));
            let text = standing.map(|s| s.before.first().unwrap_or(&s.post.text).expose().chars().take(60).collect::<String>());
            Say::new(&format!("demo-problem-{}", p.code))
                .text("post", p.post.as_ref().map_or("?", PostId::as_str))
                .text("who", standing.map_or("?", |s| s.post.author.handle.expose()))
                .text("text", text.unwrap_or_default())
                .number("number", p.number.unwrap_or_default())
        };
        self.problems.iter().map(sentence).collect()
    }
}

/// Holds the evidence against the books.
#[must_use]
pub fn judge(books: &Books, evidence: &Evidence) -> Verdict {
    let bench = Bench { books, evidence, cards: cards(evidence) };
    let mut problems = bench.posts();
    problems.extend(bench.sends());
    problems.extend(bench.texts());
    problems.extend(bench.left());
    let published = |kind: fn(&SendKind) -> bool| books.received().iter().filter(|r| r.post.is_some() && kind(&r.kind)).count();
    Verdict {
        posts: books.concerning().count(),
        cases: conversations(books).len(),
        replies: published(|k| *k == SendKind::Reply),
        handoffs: published(|k| *k == SendKind::Handoff),
        problems,
    }
}

/// Whose conversations there were: of everybody who began one, or spoke to the company in another's.
fn conversations(books: &Books) -> BTreeSet<(PostId, AuthorId)> {
    let begins = |s: &&Standing| {
        let p = &s.post;
        let own = *p.root() == p.id || (!p.is_dm() && p.mentions.iter().any(|m| books.is_brand(m)));
        own && !gone_before_read(s)
    };
    books.concerning().filter(begins).map(|s| (s.post.root().clone(), s.post.author.id.clone())).collect()
}

/// Whether it was taken away before any reader got it.
fn gone_before_read(s: &Standing) -> bool {
    s.deleted_at.is_some_and(|gone| s.handed_at.is_none_or(|read| gone <= read))
}

/// Which post opened which case, by the cards.
fn cards(evidence: &Evidence) -> BTreeMap<u64, PostId> {
    let card = |s: &Shown| match &s.view {
        View::Card(card) => Some((card.case, PostId::from(card.post.as_str()))),
        _ => None,
    };
    evidence.shown.iter().filter_map(card).collect()
}

/// All words of somebody else in a view.
fn foreign(view: &View) -> Vec<&str> {
    let lines: Vec<&Line> = match view {
        View::Card(c) => c.body.iter().collect(),
        View::Entry(e) => e.lines.iter().collect(),
        View::Text(t) => t.lines.iter().collect(),
        View::Form(f) => f.lines.iter().collect(),
    };
    lines.into_iter().flatten().filter_map(|p| if let Piece::Foreign(text) = p { Some(text.expose()) } else { None }).collect()
}

/// Text without regard to white space.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The post that a message shows as something somebody wrote, and in which case.
fn shows(view: &View) -> Option<(u64, PostId)> {
    match view {
        View::Card(card) => Some((card.case, PostId::from(card.post.as_str()))),
        View::Entry(entry) => {
            let writing = ["opened", "joined", "other_spoke", "dm_received", "answered_outside"];
            let event = entry.event.replace('-', "_");
            let post = entry.post.as_deref().filter(|_| writing.contains(&event.as_str()))?;
            Some((entry.case, PostId::from(post)))
        }
        View::Text(_) | View::Form(_) => None,
    }
}

struct Bench<'a> {
    books: &'a Books,
    evidence: &'a Evidence,
    cards: BTreeMap<u64, PostId>,
}

impl Bench<'_> {
    fn problem(&self, wrong: Wrong, code: &'static str, post: Option<&PostId>, number: Option<u64>) -> Problem {
        Problem { wrong, code, post: post.cloned(), number }
    }

    fn customer(&self, case: u64) -> Option<&AuthorId> {
        self.cards.get(&case).and_then(|id| self.books.post(id)).map(|s| &s.post.author.id)
    }

    /// Every customer's post once, nobody else's.
    fn posts(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut showings: BTreeMap<PostId, Vec<&Shown>> = BTreeMap::new();
        for shown in self.evidence.shown.iter().filter(|s| !s.edit) {
            if let Some((_, post)) = shows(&shown.view) {
                showings.entry(post).or_default().push(shown);
            }
        }
        for s in self.books.concerning() {
            let id = &s.post.id;
            let times = showings.get(id).map_or(0, |all| once_a_room(all));
            match times {
                0 if !gone_before_read(s) && !self.hidden(s) => problems.push(self.problem(Wrong::Lost, "lost", Some(id), None)),
                0 | 1 => {}
                n => problems.push(self.problem(Wrong::Doubled, "shown-twice", Some(id), u64::try_from(n).ok())),
            }
        }
        for (id, all) in &showings {
            let wrongly = match self.books.post(id) {
                None => Some("shown-unknown"),
                Some(s) if matches!(s.hand, Hand::Program(_)) => Some("own-reply-shown"),
                Some(s) if matches!(s.hand, Hand::Site(_)) && all.iter().any(|m| matches!(m.view, View::Card(_))) => {
                    Some("own-reply-shown")
                }
                Some(s) if !s.concerns => Some("shown-stranger"),
                Some(_) => None,
            };
            problems.extend(wrongly.map(|code| self.problem(Wrong::Misshown, code, Some(id), None)));
        }
        problems.extend(self.split());
        problems.extend(self.mixed());
        problems
    }

    /// One conversation of one customer is one case.
    fn split(&self) -> Vec<Problem> {
        let mut seen = BTreeMap::new();
        let mut problems = Vec::new();
        for (case, post) in &self.cards {
            let Some(s) = self.books.post(post) else { continue };
            let conversation = (s.post.root().clone(), s.post.author.id.clone());
            if seen.insert(conversation, *case).is_some() {
                problems.push(self.problem(Wrong::Doubled, "two-cases", Some(post), Some(*case)));
            }
        }
        problems
    }

    /// Nobody is taken for the customer of a case who is not.
    fn mixed(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for shown in &self.evidence.shown {
            let View::Card(card) = &shown.view else { continue };
            let post = PostId::from(card.post.as_str());
            if self.books.post(&post).is_some_and(|s| s.post.author.id.as_str() != card.customer) {
                problems.push(self.problem(Wrong::Misshown, "wrong-person", Some(&post), Some(card.case)));
            }
        }
        for shown in self.evidence.shown.iter().filter(|s| !s.edit) {
            let View::Entry(entry) = &shown.view else { continue };
            let (Some((case, post)), Some(customer)) = (shows(&shown.view), self.customer(entry.case)) else { continue };
            let by_customer = matches!(entry.event.replace('-', "_").as_str(), "joined" | "dm_received");
            let author = self.books.post(&post).map(|s| &s.post.author.id);
            if by_customer != (author == Some(customer)) {
                problems.push(self.problem(Wrong::Misshown, "wrong-person", Some(&post), Some(case)));
            }
        }
        problems
    }

    /// Whether a member of staff who looks into quarantine finds the post there.
    fn hidden(&self, s: &Standing) -> bool {
        let texts: Vec<String> = s.before.iter().chain([&s.post.text]).map(|t| plain(t.expose())).collect();
        let finds = |piece: &str| {
            let piece = plain(piece.trim_end_matches('…'));
            piece.chars().count() >= 10 && texts.iter().any(|t| t.starts_with(&piece))
        };
        self.evidence.quarantine.iter().flat_map(foreign).any(finds)
    }

    /// Every approved answer once, as approved; nothing else.
    fn sends(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut left_over: Vec<&Received> = self.books.received().iter().filter(|r| r.post.is_some() && speaks(&r.kind)).collect();
        for approved in &self.evidence.approved {
            let same_person = |r: &Received| self.customer(approved.case) == Some(&r.to) && r.kind.is_private() == approved.private;
            let found = left_over.iter().position(|r| same_person(r) && r.text.expose() == approved.text);
            let card = self.cards.get(&approved.case);
            match (found, approved.stopped) {
                (Some(at), false) => {
                    let received = left_over.remove(at);
                    problems.extend(self.aim(approved, received));
                }
                (None, false) => {
                    let near = left_over.iter().position(|r| same_person(r));
                    let (wrong, code) = if near.is_some() { (Wrong::Astray, "wrong-text") } else { (Wrong::Lost, "not-published") };
                    problems.push(self.problem(wrong, code, card, Some(approved.case)));
                    near.map(|at| left_over.remove(at));
                }
                (_, true) => {}
            }
        }
        for received in left_over {
            let target = received.target.as_ref().or(received.post.as_ref());
            let asked = |a: &&Approved| {
                let same = a.text == received.text.expose() && a.private == received.kind.is_private();
                same && self.customer(a.case) == Some(&received.to)
            };
            let problem = match self.evidence.approved.iter().find(asked) {
                Some(a) if a.stopped => self.problem(Wrong::Astray, "published-though-stopped", target, Some(a.case)),
                Some(a) => self.problem(Wrong::Doubled, "published-twice", target, Some(a.case)),
                None => self.problem(Wrong::Astray, "not-approved", target, None),
            };
            problems.push(problem);
        }
        problems
    }

    /// Whether an answer stands under the right post, from the right account.
    fn aim(&self, approved: &Approved, received: &Received) -> Option<Problem> {
        let astray =
            |code| Some(self.problem(Wrong::Astray, code, received.target.as_ref().or(received.post.as_ref()), Some(approved.case)));
        let published = received.post.as_ref().and_then(|id| self.books.post(id))?;
        if published.post.is_dm() != approved.private {
            return astray("wrong-audience");
        }
        if approved.private {
            return None;
        }
        // The customer's posts in this case that staff had before their eyes.
        let read = |shown: &[Shown]| -> Vec<PostId> {
            let of = |s: &Shown| shows(&s.view).filter(|(case, _)| *case == approved.case).map(|(_, post)| post);
            let public = |id: &PostId| self.books.post(id).is_some_and(|s| s.post.author.id == received.to && !s.post.is_dm());
            let seen: BTreeSet<PostId> = shown.iter().filter(|s| !s.edit).filter_map(of).filter(public).collect();
            // In the order in which they were written: a stream may tell of them in another one.
            self.books.posts().map(|s| s.post.id.clone()).filter(|id| seen.contains(id)).collect()
        };
        let before = read(self.evidence.shown.get(..approved.after).unwrap_or_default());
        let all = read(&self.evidence.shown);
        let stood = |id: &&PostId| self.books.post(id).is_some_and(|s| s.deleted_at.is_none_or(|gone| gone > received.at));
        let parent = published.post.parent.as_ref().and_then(|p| p.id.clone());
        let Some(place) = parent.as_ref().and_then(|id| all.iter().position(|p| p == id)) else { return astray("wrong-target") };
        let oldest_right = before.iter().rfind(stood).and_then(|id| all.iter().position(|p| p == id)).unwrap_or_default();
        if place < oldest_right {
            return astray("wrong-target");
        }
        let spoken_to = parent.as_ref().and_then(|id| self.books.post(id)).map(|s| &s.post.mentions);
        let account = self.books.brand(&received.account).map(|a| &a.id);
        let named: Vec<&AuthorId> = spoken_to.into_iter().flatten().filter(|m| self.books.is_brand(m)).collect();
        if !named.is_empty() && !account.is_some_and(|a| named.contains(&a)) {
            return astray("wrong-account");
        }
        None
    }

    /// What the chat shows at the end is what stands on the square: edits followed, deletions redacted.
    fn texts(&self) -> Vec<Problem> {
        let mut now: BTreeMap<(&RoomId, &str), &View> = BTreeMap::new();
        for shown in &self.evidence.shown {
            now.insert((&shown.room, &shown.message), &shown.view);
        }
        let showing = |id: &PostId| -> Vec<String> {
            let about = |v: &&&View| match v {
                View::Card(c) => c.post == id.as_str(),
                View::Entry(e) => e.post.as_deref() == Some(id.as_str()),
                View::Text(_) | View::Form(_) => false,
            };
            now.values().filter(about).map(|v| plain(&foreign(v).join(" "))).collect()
        };
        let mut problems = Vec::new();
        for s in self.books.concerning() {
            let (id, text) = (&s.post.id, plain(s.post.text.expose()));
            let shown = showing(id);
            if s.deleted_at.is_some() {
                if s.before.iter().map(|t| plain(t.expose())).chain([text]).any(|t| shown.iter().any(|v| v.contains(&t))) {
                    problems.push(self.problem(Wrong::Misshown, "still-shown", Some(id), None));
                }
            } else if !shown.is_empty() && !shown.iter().any(|v| v.contains(&text)) {
                problems.push(self.problem(Wrong::Misshown, "old-text", Some(id), None));
            }
        }
        problems
    }

    fn left(&self) -> Vec<Problem> {
        let name = |l: &Left| {
            let card = l.case.and_then(|case| self.cards.get(&case));
            self.problem(Wrong::Left, "left", card, Some(l.entry))
        };
        self.evidence.left.iter().map(name).collect()
    }
}

/// Whether a send says something new to a customer.
fn speaks(kind: &SendKind) -> bool {
    matches!(kind, SendKind::Reply | SendKind::Handoff | SendKind::Dm)
}

/// How often something was shown, where every room of a case may show it once.
fn once_a_room(all: &[&Shown]) -> usize {
    let mut rooms: BTreeMap<&RoomId, usize> = BTreeMap::new();
    for shown in all {
        *rooms.entry(&shown.room).or_default() += 1;
    }
    let most = rooms.values().copied().max().unwrap_or_default();
    let cases: BTreeSet<u64> = all.iter().filter_map(|s| shows(&s.view)).map(|(case, _)| case).collect();
    most.max(cases.len())
}

#[cfg(test)]
mod tests;
