use super::*;
use crate::clock::Time;
use crate::network::square::books::Writing;
use crate::post::{Author, Untrusted};
use crate::view::{CardView, EntryView, TextView};

/// A little world in which all is well: Ana asks and is answered, Bob writes in private.
struct World {
    books: Books,
    evidence: Evidence,
    asked: PostId,
    next: u64,
}

fn author(id: &str) -> Author {
    Author { id: format!("square:@{id}").as_str().into(), handle: Untrusted::new(format!("@{id}")), ..Author::default() }
}

impl World {
    fn new() -> World {
        let mut books = Books::default();
        books.open_account("main".into(), author("brand"));
        books.open_account("help".into(), author("help"));
        ["ana", "bob"].into_iter().for_each(|p| books.settle(author(p)));
        let mut w = World { books, evidence: Evidence::default(), asked: PostId::default(), next: 0 };
        w.asked = w.write("ana", "@brand where is my boat?", None);
        w.card(1, &w.asked.clone());
        w.approve(1, "Here it comes.");
        w.receive(SendKind::Reply, "ana", "Here it comes.", Some(&w.asked.clone()));
        w
    }
    fn write(&mut self, who: &str, text: &str, parent: Option<&PostId>) -> PostId {
        let w = Writing { author: author(who).id, text: text.into(), parent: parent.cloned(), concerns: true, ..Writing::default() };
        let id = self.books.write(w, Hand::Person, Time(10));
        self.books.handed(&id, Time(11));
        id
    }
    fn text_of(&self, id: &PostId) -> Line {
        vec![Piece::Foreign(self.books.post(id).unwrap().post.text.clone())]
    }
    fn show(&mut self, message: &str, edit: bool, view: View) {
        self.next += 1;
        let message = if message.is_empty() { format!("m{}", self.next) } else { message.into() };
        self.evidence.shown.push(Shown { room: "room".into(), message, edit, view });
    }
    fn card(&mut self, case: u64, post: &PostId) {
        let view = self.card_view(case, post);
        self.show("", false, view);
    }
    fn card_view(&self, case: u64, post: &PostId) -> View {
        View::Card(CardView {
            case,
            code: "ABCD-1234".into(),
            status: "new".into(),
            priority: "normal".into(),
            owner: None,
            network: "square".into(),
            account: "main".into(),
            post: post.0.clone(),
            customer: self.books.post(post).unwrap().post.author.id.0.clone(),
            title: Vec::new(),
            who: Vec::new(),
            body: vec![self.text_of(post)],
            facts: Vec::new(),
            actions: Vec::new(),
        })
    }
    fn entry(&mut self, case: u64, event: &str, post: &PostId) {
        let lines = vec![self.text_of(post)];
        let view = EntryView {
            case,
            event: event.into(),
            n: 9,
            post: Some(post.0.clone()),
            author: None,
            lines,
            actions: Vec::new(),
            calls: Vec::new(),
        };
        self.show("", false, View::Entry(view));
    }
    fn approve(&mut self, case: u64, text: &str) {
        let after = self.evidence.shown.len();
        self.evidence.approved.push(Approved { case, private: false, text: text.into(), after, stopped: false });
    }
    fn receive(&mut self, kind: SendKind, to: &str, text: &str, target: Option<&PostId>) -> PostId {
        self.receive_from("main", kind, to, text, target)
    }
    fn receive_from(&mut self, account: &str, kind: SendKind, to: &str, text: &str, target: Option<&PostId>) -> PostId {
        let direct = if kind.is_private() { vec![author(to).id] } else { Vec::new() };
        let from = self.books.brand(&account.into()).unwrap().id.clone();
        let w = Writing { author: from, text: format!("@{to} {text}"), parent: target.cloned(), direct, ..Writing::default() };
        let post = self.books.write(w, Hand::Program(account.into()), Time(20));
        self.books.receive(Received {
            op: "op".into(),
            account: account.into(),
            kind,
            target: target.cloned(),
            to: author(to).id,
            text: Untrusted::new(text),
            pictures: Vec::new(),
            at: Time(20),
            post: Some(post.clone()),
        });
        post
    }
    fn verdict(&self) -> Verdict {
        judge(&self.books, &self.evidence)
    }
    fn codes(&self) -> Vec<(&'static str, Option<PostId>)> {
        self.verdict().problems.into_iter().map(|p| (p.code, p.post)).collect()
    }
}

#[test]
fn when_all_is_well_it_says_so_with_the_square_s_counts() {
    let w = World::new();
    assert_eq!(w.codes(), []);
    assert_eq!(w.verdict().last_line(), "story complete: 1 posts, 1 cases, 1 replies, 0 handoffs, 0 lost, 0 doubled");
}

#[test]
fn a_post_that_nobody_was_shown_is_lost() {
    let mut w = World::new();
    let unseen = w.write("bob", "@brand hello, is anybody there?", None);
    assert_eq!(w.codes(), [("lost", Some(unseen))]);
    assert!(w.verdict().last_line().starts_with("story broken: 2 posts, 2 cases, 1 replies, 0 handoffs, 1 lost, 0 doubled"));
}

#[test]
fn what_stands_readable_in_quarantine_is_not_lost() {
    let mut w = World::new();
    let post = w.write("bob", "@brand hello, is anybody there?", None);
    let listed = |text: &str| View::Text(TextView { code: "list".into(), lines: vec![vec![Piece::Foreign(Untrusted::new(text))]] });
    w.evidence.quarantine = vec![listed("something else"), listed("@bob")];
    assert_eq!(w.codes(), [("lost", Some(post))]);
    w.evidence.quarantine.push(listed("@brand hello, is any…"));
    assert_eq!(w.codes(), []);
}

#[test]
fn a_post_taken_away_is_excused_only_if_nobody_could_read_it() {
    let mut w = World::new();
    let id = w.write("bob", "@brand oops", None);
    w.books.delete(&id, Time(12));
    assert_eq!(w.codes(), [("lost", Some(id.clone()))], "it was read at 11 and taken away at 12");
    let mut w = World::new();
    let late = Writing { author: author("bob").id, text: "@brand oops".into(), concerns: true, late: true, ..Writing::default() };
    let id = w.books.write(late, Hand::Person, Time(10));
    w.books.delete(&id, Time(11));
    w.books.handed(&id, Time(30));
    assert_eq!(w.codes(), []);
    assert_eq!((w.verdict().posts, w.verdict().cases), (2, 1));
}

#[test]
fn a_post_shown_twice_is_doubled_and_an_edit_of_a_message_is_not() {
    let mut w = World::new();
    let asked = w.asked.clone();
    let same = w.card_view(1, &asked);
    w.show("m1", true, same);
    assert_eq!(w.codes(), []);
    w.card(1, &asked);
    assert_eq!(w.codes(), [("shown-twice", Some(asked.clone()))]);
    let mut w = World::new();
    w.card(2, &asked);
    assert_eq!(w.codes(), [("shown-twice", Some(asked.clone())), ("two-cases", Some(asked))]);
}

#[test]
fn a_conversation_split_into_two_cases_is_doubled() {
    let mut w = World::new();
    let more = w.write("ana", "@brand hello?", Some(&w.asked.clone()));
    w.card(2, &more);
    assert_eq!(w.codes(), [("two-cases", Some(more))]);
}

#[test]
fn an_answer_published_twice_is_doubled() {
    let mut w = World::new();
    let asked = w.asked.clone();
    w.receive(SendKind::Reply, "ana", "Here it comes.", Some(&asked));
    assert_eq!(w.codes(), [("published-twice", Some(asked))]);
    assert!(w.verdict().last_line().contains("0 lost, 1 doubled"));
    // Approved twice, it may stand twice.
    w.approve(1, "Here it comes.");
    assert_eq!(w.codes(), []);
}

#[test]
fn an_approved_answer_that_never_stood_is_lost_unless_staff_were_told() {
    let mut w = World::new();
    w.approve(1, "And here is more.");
    assert_eq!(w.codes(), [("not-published", Some(w.asked.clone()))]);
    w.evidence.approved[1].stopped = true;
    assert_eq!(w.codes(), []);
    w.receive(SendKind::Reply, "ana", "And here is more.", Some(&w.asked.clone()));
    assert_eq!(w.codes(), [("published-though-stopped", Some(w.asked.clone()))]);
}

#[test]
fn another_text_than_the_approved_one_is_astray() {
    let mut w = World::new();
    w.approve(1, "Gate 4.");
    w.receive(SendKind::Reply, "ana", "Gate 5.", Some(&w.asked.clone()));
    assert_eq!(w.codes(), [("wrong-text", Some(w.asked.clone()))]);
    assert_eq!(w.verdict().count(Wrong::Lost), 0);
}

#[test]
fn an_answer_to_another_post_person_or_from_another_account_is_astray() {
    let mut w = World::new();
    let second = w.write("ana", "@brand it left!", Some(&w.asked.clone()));
    w.entry(1, "joined", &second);
    w.approve(1, "Sorry!");
    w.receive(SendKind::Reply, "ana", "Sorry!", Some(&w.asked.clone()));
    assert_eq!(w.codes(), [("wrong-target", Some(w.asked.clone()))], "the customer's later post was on the screen");

    // What came late to the chat is no newer for that: the newest as written is the one to answer.
    let mut w = World::new();
    let second = w.write("ana", "@brand hello?", Some(&w.asked.clone()));
    let third = w.write("ana", "@brand it left!", Some(&second));
    w.entry(1, "joined", &third);
    w.entry(1, "joined", &second);
    w.approve(1, "Sorry!");
    w.receive(SendKind::Reply, "ana", "Sorry!", Some(&third));
    assert_eq!(w.codes(), []);
    w.approve(1, "Sorry again!");
    w.receive(SendKind::Reply, "ana", "Sorry again!", Some(&second));
    assert_eq!(w.codes(), [("wrong-target", Some(second))]);

    let mut w = World::new();
    let bobs = w.write("bob", "@brand me too, where is mine?", None);
    w.card(2, &bobs);
    w.approve(1, "Soon.");
    w.receive(SendKind::Reply, "bob", "Soon.", Some(&bobs));
    assert_eq!(w.codes(), [("not-published", Some(w.asked.clone())), ("not-approved", Some(bobs))]);

    let mut w = World::new();
    w.approve(1, "Soon.");
    w.receive_from("help", SendKind::Reply, "ana", "Soon.", Some(&w.asked.clone()));
    assert_eq!(w.codes(), [("wrong-account", Some(w.asked.clone()))]);
}

#[test]
fn a_private_text_in_public_is_neither_what_was_approved_nor_missed() {
    let mut w = World::new();
    w.approve(1, "Your number?");
    w.evidence.approved[1].private = true;
    let asked = w.asked.clone();
    w.receive(SendKind::Reply, "ana", "Your number?", Some(&asked));
    assert_eq!(w.codes(), [("not-published", Some(asked.clone())), ("not-approved", Some(asked))]);
}

#[test]
fn an_answer_that_nobody_approved_is_found() {
    let mut w = World::new();
    let post = w.receive(SendKind::Dm, "ana", "Psst.", None);
    assert_eq!(w.codes(), [("not-approved", Some(post))]);
}

#[test]
fn the_company_s_own_answers_and_strangers_talk_are_no_cases() {
    let mut w = World::new();
    let own = w.books.received()[0].post.clone().unwrap();
    w.entry(1, "answered_outside", &own);
    assert_eq!(w.codes(), [("own-reply-shown", Some(own))]);
    let mut w = World::new();
    let talk = Writing { author: author("bob").id, text: "bread?".into(), ..Writing::default() };
    let talk = w.books.write(talk, Hand::Person, Time(1));
    assert_eq!(w.codes(), []);
    w.card(2, &talk);
    assert_eq!(w.codes(), [("shown-stranger", Some(talk))]);
}

#[test]
fn somebody_else_is_not_the_customer() {
    let mut w = World::new();
    let cheer = w.write("bob", "courage, Ana", Some(&w.asked.clone()));
    w.entry(1, "other_spoke", &cheer);
    assert_eq!(w.codes(), []);
    assert_eq!(w.verdict().cases, 1);
    let mut w = World::new();
    let cheer = w.write("bob", "courage, Ana", Some(&w.asked.clone()));
    w.entry(1, "joined", &cheer);
    assert_eq!(w.codes(), [("wrong-person", Some(cheer))]);
    let mut w = World::new();
    let asked = w.asked.clone();
    let View::Card(card) = w.card_view(1, &asked) else { panic!("no card") };
    w.show("m1", true, View::Card(CardView { customer: author("bob").id.0, ..card }));
    assert_eq!(w.codes(), [("wrong-person", Some(asked))]);
}

#[test]
fn edits_are_followed_and_deletions_redacted() {
    let mut w = World::new();
    let asked = w.asked.clone();
    w.books.edit(&asked, "@brand where is my train?", Time(30));
    assert_eq!(w.codes(), [("old-text", Some(asked.clone()))]);
    let new = w.card_view(1, &asked);
    w.show("m1", true, new);
    assert_eq!(w.codes(), []);
    w.books.delete(&asked, Time(40));
    assert_eq!(w.codes(), [("still-shown", Some(asked.clone()))]);
    let View::Card(card) = w.card_view(1, &asked) else { panic!("no card") };
    w.show("m1", true, View::Card(CardView { body: Vec::new(), ..card }));
    assert_eq!(w.codes(), []);
}

#[test]
fn what_is_left_in_the_outbox_is_named_by_its_post() {
    let mut w = World::new();
    w.evidence.left.push(Left { entry: 7, case: Some(1) });
    assert_eq!(w.codes(), [("left", Some(w.asked.clone()))]);
    assert!(w.verdict().last_line().ends_with("0 lost, 0 doubled, 1 left in the outbox, 0 otherwise wrong"));
    let said = w.verdict().sentences(&w.books);
    assert!(said.iter().all(|s| s.args.iter().any(|(name, arg)| name == "post" && *arg == crate::say::Arg::Text(w.asked.0.clone()))));
}
