//! The town comes alive: who plays the story on the square and lets customers react.
//!
//! [`Play`] is told the time and says when it wants to be told again; [`Town::run`] is its clockwork.

use super::script::{Cue, How, Reaction, START, Story};
use crate::case::SendKind;
use crate::clock::{Clock, DAY_MS, SECOND_MS, Time};
use crate::network::square::Square;
use crate::network::square::books::{Books, Hand, NETWORK, Received, Writing};
use crate::post::{Account, Author, AuthorId, Media, PostId, Untrusted};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// Something that will happen on the square.
#[derive(Clone, Debug)]
enum Act {
    Say { customer: usize, says: usize },
    Arrive { key: String },
    Edit { post: String, text: String },
    Delete { post: String },
    Repost { post: String, times: u64 },
    Site { site: usize },
    React { customer: usize, reaction: usize, to: Option<usize> },
}

/// The story being played.
pub struct Play {
    story: Story,
    began: Time,
    /// By moment and order of planning.
    ahead: BTreeMap<(Time, u64), Act>,
    planned: u64,
    /// Where each customer stands in their own story.
    states: Vec<String>,
    /// Reactions that have been set off.
    reacted: BTreeSet<(usize, usize)>,
    /// Posts by their names in the story.
    keys: BTreeMap<String, PostId>,
    /// Sends to which customers have listened.
    heard: usize,
}

/// The id on the square of somebody of the story.
#[must_use]
pub fn author_id(id: &str) -> AuthorId {
    AuthorId(format!("{NETWORK}:@{id}"))
}

impl Play {
    /// Fills the square with people, and plans the story from `now` on.
    pub fn new(story: Story, books: &mut Books, now: Time) -> Play {
        for account in &story.account {
            let who = person(&account.name, &account.handle, &account.display, account.followers, now.plus(-3_000 * DAY_MS));
            books.open_account(Account(account.name.clone()), who);
        }
        for c in &story.customer {
            let who = person(&c.id, &c.handle, &c.name, c.followers, now.plus(-c.age_days * DAY_MS));
            books.settle(Author { bot: c.bot, ..who });
        }
        let states = vec![START.to_owned(); story.customer.len()];
        let mut play = Play {
            began: now,
            ahead: BTreeMap::new(),
            planned: 0,
            states,
            reacted: BTreeSet::new(),
            keys: BTreeMap::new(),
            heard: 0,
            story: story.clone(),
        };
        for (i, c) in story.customer.iter().enumerate() {
            for (j, s) in c.says.iter().enumerate() {
                play.plan(s.at, Act::Say { customer: i, says: j });
                if s.late > 0 {
                    play.plan(s.at + s.late, Act::Arrive { key: s.key.clone() });
                }
            }
            for e in &c.edits {
                play.plan(e.at, Act::Edit { post: e.post.clone(), text: e.text.clone() });
            }
            for d in &c.deletes {
                play.plan(d.at, Act::Delete { post: d.post.clone() });
            }
        }
        for w in &story.wave {
            play.plan(w.at, Act::Repost { post: w.post.clone(), times: w.times });
        }
        for (i, s) in story.site.iter().enumerate() {
            play.plan(s.at, Act::Site { site: i });
        }
        play
    }

    /// When something next happens of itself.
    #[must_use]
    pub fn next(&self) -> Option<Time> {
        self.ahead.keys().next().map(|(at, _)| *at)
    }

    /// Whether nothing more will happen unless the company says something.
    #[must_use]
    pub fn at_rest(&self, books: &Books) -> bool {
        self.ahead.is_empty() && self.heard == books.received().len()
    }

    /// The post of that name.
    #[must_use]
    pub fn post(&self, key: &str) -> Option<&PostId> {
        self.keys.get(key)
    }

    /// Listens to what the company said meanwhile, and does what is due.
    pub fn tick(&mut self, books: &mut Books, now: Time) {
        while let Some(sent) = books.received().get(self.heard).cloned() {
            self.heard += 1;
            self.hear(&sent, books);
        }
        while let Some(entry) = self.ahead.first_entry().filter(|e| e.key().0 <= now) {
            let ((at, _), act) = entry.remove_entry();
            self.act(act, books, at);
        }
    }

    /// Everything that is ahead happens so much later.
    pub fn postpone(&mut self, ms: i64) {
        self.ahead = std::mem::take(&mut self.ahead).into_iter().map(|((at, n), act)| ((at.plus(ms), n), act)).collect();
    }

    fn plan(&mut self, at_s: i64, act: Act) {
        self.plan_at(self.began.plus(at_s * SECOND_MS), act);
    }

    fn plan_at(&mut self, at: Time, act: Act) {
        self.planned += 1;
        self.ahead.insert((at, self.planned), act);
    }

    fn act(&mut self, act: Act, books: &mut Books, at: Time) {
        match act {
            Act::Say { customer, says } => self.say(customer, says, books, at),
            Act::Arrive { key } => self.keys.get(&key).iter().for_each(|id| books.arrive(id)),
            Act::Edit { post, text } => {
                self.keys.get(&post).map(|id| books.edit(id, &text, at));
            }
            Act::Delete { post } => {
                self.keys.get(&post).map(|id| books.delete(id, at));
            }
            Act::Repost { post, times } => self.keys.get(&post).iter().for_each(|id| books.repost(id, times)),
            Act::Site { site } => {
                let s = &self.story.site[site];
                let account = Account(s.account.clone());
                let author = books.brand(&account).map(|a| a.id.clone()).unwrap_or_default();
                let parent = self.keys.get(&s.answers).cloned();
                let w = Writing { author, text: s.text.clone(), parent, concerns: true, ..Writing::default() };
                books.write(w, Hand::Site(account), at);
            }
            Act::React { customer, reaction, to } => self.react(customer, reaction, to, books, at),
        }
    }

    fn say(&mut self, customer: usize, says: usize, books: &mut Books, at: Time) {
        let c = &self.story.customer[customer];
        let s = &c.says[says];
        let media = s.media.iter().map(|described| Media {
            kind: "image".into(),
            url: format!("https://square.example/media/{}.jpg", s.key),
            description: Some(Untrusted::new(described.as_str())),
        });
        let w = Writing {
            author: author_id(&c.id),
            text: s.text.clone(),
            parent: s.answers.as_ref().and_then(|k| self.keys.get(k)).cloned(),
            direct: s.dm.iter().map(|a| author_id(a)).collect(),
            media: media.collect(),
            concerns: s.about,
            late: s.late > 0,
            ..Writing::default()
        };
        let id = books.write(w, Hand::Person, at);
        self.keys.insert(s.key.clone(), id);
    }

    /// A customer hears what the company sent, and may be moved to say something.
    fn hear(&mut self, sent: &Received, books: &Books) {
        let cue = match sent.kind {
            _ if sent.post.is_none() => return,
            SendKind::Reply => Cue::Reply,
            SendKind::Handoff | SendKind::Dm => Cue::Dm,
            SendKind::Retract { .. } | SendKind::Correct { .. } => return,
        };
        let Some(customer) = self.story.customer.iter().position(|c| author_id(&c.id) == sent.to) else { return };
        let asks = sent.text.expose().contains('?');
        let nth = books.received().iter().position(|r| r == sent);
        self.set_off(customer, cue, asks, nth, sent.at);
    }

    /// Finds the reaction to a cue and plans it; the state changes at once.
    fn set_off(&mut self, customer: usize, cue: Cue, asks: bool, to: Option<usize>, now: Time) {
        let state = &self.states[customer];
        let fits = |r: &Reaction| r.on == cue && r.within.contains(state) && r.asks.is_none_or(|a| a == asks);
        let found =
            self.story.customer[customer].reacts.iter().enumerate().find(|(i, r)| fits(r) && !self.reacted.contains(&(customer, *i)));
        let Some((reaction, r)) = found else { return };
        let (after, next) = (r.after, r.next.clone());
        self.reacted.insert((customer, reaction));
        self.states[customer] = next;
        self.plan_at(now.plus(after * SECOND_MS), Act::React { customer, reaction, to });
    }

    fn react(&mut self, customer: usize, reaction: usize, to: Option<usize>, books: &mut Books, at: Time) {
        let c = &self.story.customer[customer];
        let r = &c.reacts[reaction];
        let sent = to.and_then(|n| books.received().get(n));
        let account = sent.map(|s| s.account.clone());
        let brand = account.as_ref().and_then(|a| books.brand(a)).map(|a| a.id.clone());
        let direct = if r.how == How::Dm { brand.into_iter().collect() } else { Vec::new() };
        let named = r.answers.as_ref().and_then(|k| self.keys.get(k)).cloned();
        let parent = named.or_else(|| sent.and_then(|s| s.post.clone()));
        let w = Writing { author: author_id(&c.id), text: r.text.clone(), parent, direct, concerns: true, ..Writing::default() };
        books.write(w, Hand::Person, at);
        self.set_off(customer, Cue::Quiet, false, None, at);
    }
}

fn person(id: &str, handle: &str, name: &str, followers: u64, since: Time) -> Author {
    Author {
        id: author_id(id),
        local_id: id.to_owned(),
        handle: Untrusted::new(handle),
        name: Untrusted::new(name),
        url: Some(format!("https://square.example/{handle}")),
        followers: Some(followers),
        since: Some(since),
        bot: false,
        route: None,
    }
}

/// A square and the story that is played on it.
#[derive(Clone)]
pub struct Town {
    /// The network.
    pub square: Arc<Square>,
    play: Arc<Mutex<Play>>,
    /// Since when the town holds its breath.
    held: watch::Sender<Option<Time>>,
}

impl Town {
    /// An empty town, its story about to begin.
    #[must_use]
    pub fn new(story: &Story, clock: Clock) -> Town {
        let square = Square::new(clock, story.hiccups());
        let play = square.with(|books| Play::new(story.clone(), books, clock.now()));
        Town { square, play: Arc::new(Mutex::new(play)), held: watch::Sender::new(None) }
    }

    /// Whether nothing more will happen unless the company says something.
    #[must_use]
    pub fn at_rest(&self) -> bool {
        self.square.with(|books| self.play.lock().unwrap_or_else(PoisonError::into_inner).at_rest(books))
    }

    /// The post of that name, once it is written.
    #[must_use]
    pub fn post(&self, key: &str) -> Option<PostId> {
        self.play.lock().unwrap_or_else(PoisonError::into_inner).post(key).cloned()
    }

    /// Nothing happens until [`Town::go_on`]: a slow machine is no slow member of staff.
    pub fn hold(&self) {
        self.held.send_replace(Some(self.square.clock().now()));
    }

    /// Goes on; the time that was held is no time of the story.
    pub fn go_on(&self) {
        if let Some(since) = self.held.send_replace(None) {
            let ms = self.square.clock().now().since(since);
            self.play.lock().unwrap_or_else(PoisonError::into_inner).postpone(ms);
        }
    }

    /// Plays the story for as long as it is polled.
    pub async fn run(&self) {
        let clock = self.square.clock();
        let mut written = self.square.watch();
        let mut held = self.held.subscribe();
        loop {
            if held.wait_for(Option::is_none).await.is_err() {
                return;
            }
            written.mark_unchanged();
            let next = self.square.with(|books| {
                let mut play = self.play.lock().unwrap_or_else(PoisonError::into_inner);
                play.tick(books, clock.now());
                play.next()
            });
            let due = async {
                match next {
                    Some(at) => tokio::time::sleep(clock.until(at)).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = due => {}
                changed = held.changed() => if changed.is_err() { return },
                changed = written.changed() => if changed.is_err() { return },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn town(text: &str) -> (Play, Books) {
        let ground = "agent='S'\nspam_words=[]\n[[account]]\nname='a'\nhandle='@a'\ndisplay='A'\nfollowers=1\n[listen]\nname='l'\nkeywords=[]\nhashtags=[]\nexclude=[]\n";
        let mut books = Books::default();
        let play = Play::new(Story::read(&format!("{ground}{text}")).unwrap(), &mut books, Time(0));
        (play, books)
    }

    fn send(books: &mut Books, kind: SendKind, text: &str, at: i64) -> PostId {
        let post =
            books.write(Writing { author: author_id("a"), text: text.into(), ..Writing::default() }, Hand::Program("a".into()), Time(at));
        books.receive(Received {
            op: "1".into(),
            account: "a".into(),
            kind,
            target: None,
            to: author_id("p"),
            text: Untrusted::new(text),
            pictures: Vec::new(),
            at: Time(at),
            post: Some(post.clone()),
        });
        post
    }

    const PERSON: &str =
        "[[customer]]\nid='p'\nhandle='@p'\nname='P'\nfollowers=1\nage_days=1\n[[customer.says]]\nat=1\nkey='one'\ntext='@a help'\n";

    #[test]
    fn a_customer_reacts_to_what_is_answered_and_comes_back() {
        let reacts = "[[customer.reacts]]\non='reply'\nasks=true\nafter=5\ntext='no'\nnext='x'\n\
            [[customer.reacts]]\non='reply'\nafter=5\ntext='thanks'\nnext='content'\n\
            [[customer.reacts]]\nin=['content']\non='quiet'\nafter=60\nanswers='one'\ntext='still broken'\nnext='end'\n";
        let (mut play, mut books) = town(&format!("{PERSON}{reacts}"));
        play.tick(&mut books, Time(1_000));
        assert_eq!(books.concerning().count(), 1);
        let answer = send(&mut books, SendKind::Reply, "Done.", 2_000);
        assert!(!play.at_rest(&books));
        play.tick(&mut books, Time(2_000));
        assert_eq!(play.next(), Some(Time(7_000)));
        play.tick(&mut books, Time(7_000));
        let thanks = books.posts().last().unwrap();
        assert_eq!((thanks.post.text.expose(), thanks.post.parent.as_ref().unwrap().id.as_ref()), ("thanks", Some(&answer)));
        play.tick(&mut books, Time(67_000));
        let back = books.posts().last().unwrap();
        assert_eq!((back.post.text.expose(), back.post.root()), ("still broken", play.post("one").unwrap()));
        // No reaction happens twice.
        send(&mut books, SendKind::Reply, "Done.", 70_000);
        play.tick(&mut books, Time(70_000));
        assert!(play.at_rest(&books));
    }

    #[test]
    fn a_question_and_a_private_message_set_off_other_reactions() {
        let reacts = "[[customer.reacts]]\non='reply'\nasks=true\nafter=5\ntext='not here'\nnext='asked'\n\
            [[customer.reacts]]\nin=['asked']\non='dm'\nhow='dm'\nafter=5\ntext='AL-1'\nnext='told'\n";
        let (mut play, mut books) = town(&format!("{PERSON}{reacts}"));
        play.tick(&mut books, Time(1_000));
        send(&mut books, SendKind::Reply, "Your number?", 2_000);
        play.tick(&mut books, Time(9_000));
        assert_eq!(books.posts().last().unwrap().post.text.expose(), "not here");
        send(&mut books, SendKind::Handoff, "Write here", 10_000);
        play.tick(&mut books, Time(10_000));
        play.tick(&mut books, Time(16_000));
        let told = books.posts().last().unwrap();
        assert!(told.post.is_dm() && told.post.mentions == [author_id("a")]);
    }

    #[test]
    fn what_is_postponed_keeps_its_distances() {
        let (mut play, mut books) = town(&format!("{PERSON}[[customer.edits]]\nat=3\npost='one'\ntext='@a?'\n"));
        play.postpone(10_000);
        play.tick(&mut books, Time(10_999));
        assert_eq!((books.posts().count(), play.next()), (0, Some(Time(11_000))));
        play.tick(&mut books, Time(13_000));
        assert_eq!(books.posts().next().unwrap().post.edited_at, Some(Time(13_000)));
    }

    #[test]
    fn a_late_post_reaches_the_log_after_its_deletion() {
        let late = "[[customer]]\nid='q'\nhandle='@q'\nname='Q'\nfollowers=1\nage_days=1\n\
            [[customer.says]]\nat=1\nkey='late'\nlate=9\ntext='@a oops'\n[[customer.deletes]]\nat=4\npost='late'\n";
        let (mut play, mut books) = town(late);
        play.tick(&mut books, Time(20_000));
        use crate::network::square::books::Happened;
        assert!(matches!(books.log(), [Happened::TookAway(..), Happened::Wrote(..)]), "{:?}", books.log());
    }

    #[test]
    fn nothing_is_set_off_by_a_send_that_was_refused() {
        let (mut play, mut books) = town(&format!("{PERSON}[[customer.reacts]]\non='reply'\nafter=5\ntext='hm'\nnext='x'\n"));
        play.tick(&mut books, Time(1_000));
        let refused = Received {
            op: "1".into(),
            account: "a".into(),
            kind: SendKind::Reply,
            target: None,
            to: author_id("p"),
            text: Untrusted::new("x"),
            pictures: Vec::new(),
            at: Time(2_000),
            post: None,
        };
        books.receive(refused);
        play.tick(&mut books, Time(3_000));
        assert!(play.at_rest(&books));
    }
}
