//! A world in which stories play: the real engine on the model store, a network and a chat that
//! keep books, a clock that goes when told. Nothing sleeps.

use sereno::case::refusal::Refusal;
use sereno::case::{Case, CaseId, Event, Outgoing, SendKind};
use sereno::clock::Time;
use sereno::command::parse::{Meta, parse};
use sereno::command::{Answer, Command, Door};
use sereno::engine::{Ack, Batch, Body, Delivery, Engine, Input, Reply};
use sereno::i18n::Words;
use sereno::outbox::{Effect, Look, Outcome, Receipt};
use sereno::policy::{AccountPolicy, Lang, Person, Policy, Role, RoomId};
use sereno::post::*;
use sereno::store::model::ModelStore;
use sereno::view::build;
use std::collections::VecDeque;
use std::sync::Arc;

/// Where every story begins: 2026-03-02 10:00 UTC, a Monday.
pub const START: Time = Time(1_772_445_600_000);

/// Something that the network was asked to publish and published.
#[derive(Clone, Debug)]
pub struct Published {
    pub id: PostId,
    pub send: Outgoing,
}

pub struct World {
    pub engine: Engine,
    pub store: ModelStore,
    pub now: Time,
    /// Everything the chat took: room, what.
    pub chat: Vec<(RoomId, Delivery)>,
    pub published: Vec<Published>,
    /// What the network answers next, instead of publishing.
    pub faults: VecDeque<Outcome>,
    pub looks: VecDeque<Look>,
    policy: Policy,
    words: Words,
    commands: u32,
}

/// The brand's account `main` on `mastodon`, Ana an agent, Luis a lead, Olga an operator, Vera a viewer.
pub fn policy() -> Policy {
    let mut p = Policy::default();
    let account = AccountPolicy {
        network: "mastodon".into(),
        author: Some(AuthorId::from("brand")),
        handle: "@brand".into(),
        ..AccountPolicy::default()
    };
    p.accounts.insert("main".into(), account.clone());
    p.accounts.insert("shop".into(), AccountPolicy { author: Some("brand-shop".into()), handle: "@shop".into(), ..account });
    for (id, role) in [("ana", Role::Agent), ("bea", Role::Agent), ("luis", Role::Lead), ("olga", Role::Operator), ("vera", Role::Viewer)] {
        p.people.insert(id.into(), Person { role, name: id.to_uppercase(), lang: None });
    }
    p.default_role = None;
    p
}

/// A public post of `who` that names the brand.
pub fn post(id: &str, who: &str, text: &str) -> Post {
    Post {
        id: id.into(),
        local_id: format!("l-{id}"),
        network: "mastodon".into(),
        account: "main".into(),
        author: Author { id: who.into(), local_id: who.into(), handle: Untrusted::new(format!("@{who}")), ..Author::default() },
        text: Untrusted::new(text),
        mentions: vec!["brand".into()],
        ..Post::default()
    }
}

pub fn reply_to(parent: &Post, id: &str, who: &str, text: &str) -> Post {
    let parent_ref = Parent { id: Some(parent.id.clone()), local_id: parent.local_id.clone(), author: Some(parent.author.id.clone()) };
    Post { parent: Some(parent_ref), root: Some(parent.root().clone()), ..post(id, who, text) }
}

pub fn dm(id: &str, who: &str, text: &str) -> Post {
    Post { visibility: Visibility::Direct, ..post(id, who, text) }
}

impl World {
    pub fn new(policy: Policy) -> World {
        let store = ModelStore::new("w");
        let engine = Engine::open(Arc::new(store.clone()), policy.clone(), START, [7; 32]).unwrap();
        let mut world = World {
            engine,
            store,
            now: START,
            chat: Vec::new(),
            published: Vec::new(),
            faults: VecDeque::new(),
            looks: VecDeque::new(),
            policy,
            words: Words::new(),
            commands: 0,
        };
        world.set_up();
        world
    }

    fn set_up(&mut self) {
        self.engine.set_chat_rate(60_000);
        let accounts: Vec<Account> = self.policy.accounts.keys().cloned().collect();
        self.give(accounts.into_iter().map(Input::Reconciled).collect());
    }

    /// The process dies and starts again, after `down_ms`.
    pub fn restart(&mut self, down_ms: i64) {
        self.restart_unreconciled(down_ms);
        self.set_up();
    }

    pub fn restart_unreconciled(&mut self, down_ms: i64) {
        self.now = self.now.plus(down_ms);
        self.store = self.store.reopen();
        self.engine = Engine::open(Arc::new(self.store.clone()), self.policy.clone(), self.now, [8; 32]).unwrap();
        self.engine.set_chat_rate(60_000);
    }

    pub fn set_policy(&mut self, change: impl FnOnce(&mut Policy)) {
        change(&mut self.policy);
        self.engine.set_policy(self.policy.clone());
    }

    pub fn give(&mut self, inputs: Vec<Input>) -> Vec<Ack> {
        self.engine.take(self.now, &[Batch { inputs, cursor: None }]).unwrap().remove(0)
    }

    pub fn net(&mut self, event: NetEvent) {
        self.give(vec![Input::Net("main".into(), event)]);
    }

    /// A customer posts now; everything due is carried out.
    pub fn posts(&mut self, post: &Post) {
        self.arrives(post);
        self.run();
    }

    /// A post arrives, and nothing is carried out yet.
    pub fn arrives(&mut self, post: &Post) {
        let created_at = if post.created_at == Time::default() { self.now } else { post.created_at };
        let account = post.account.clone();
        self.give(vec![Input::Net(account, NetEvent::New(Post { created_at, ..post.clone() }))]);
    }

    pub fn edits(&mut self, post: &Post, text: &str) {
        let edited = Post { text: Untrusted::new(text), edited_at: Some(self.now), created_at: START, ..post.clone() };
        self.net(NetEvent::Edited(edited));
        self.run();
    }

    pub fn deletes(&mut self, post: &Post) {
        self.net(NetEvent::Deleted { post: PostRef::Local { account: "main".into(), local_id: post.local_id.clone() }, at: self.now });
        self.run();
    }

    /// Staff say something; the answer.
    pub fn say(&mut self, by: &str, line: &str) -> Answer {
        self.commands += 1;
        let id = format!("cmd-{}", self.commands);
        let answer = self.say_as(&id, by, line);
        self.run();
        answer
    }

    pub fn say_as(&mut self, id: &str, by: &str, line: &str) -> Answer {
        match self.ask(id, by, line) {
            Ack::Answered(answer) => {
                self.read(&answer);
                answer
            }
            other => panic!("{line}: {other:?}"),
        }
    }

    /// Reads an answer in both languages: a word that is missing, or lacks an argument, panics.
    fn read(&self, answer: &Answer) {
        let case = answer.case.and_then(|id| self.engine.case(id).unwrap());
        for lang in [Lang::En, Lang::Es] {
            let _view = build::answer(answer, case.as_ref(), &self.policy, &self.words, lang, self.now);
        }
    }

    pub fn query(&mut self, by: &str, line: &str) -> Reply {
        match self.ask("query", by, line) {
            Ack::Replied(reply) => *reply,
            other => panic!("{line}: {other:?}"),
        }
    }

    /// The lines of what a query is answered with, as staff read them.
    pub fn reads(&mut self, by: &str, line: &str, lang: Lang) -> Vec<String> {
        let reply = self.query(by, line);
        sereno::view::text::lines(&build::reply(&reply, &self.policy, &self.words, lang, self.now), &sereno::view::text::Style::PLAIN)
    }

    fn ask(&mut self, id: &str, by: &str, line: &str) -> Ack {
        match self.parsed(id, by, line) {
            Ok(command) => self.give(vec![Input::Command(command)]).remove(0),
            Err(refusal) => Ack::Answered(Answer { ok: false, say: refusal.say(), ..Answer::default() }),
        }
    }

    /// What is typed, as a command.
    pub fn command(&self, id: &str, by: &str, line: &str) -> Command {
        self.parsed(id, by, line).unwrap_or_else(|refusal| panic!("{line}: {refusal:?}"))
    }

    fn parsed(&self, id: &str, by: &str, line: &str) -> Result<Command, Refusal> {
        let (id, by, room) = (id.into(), by.into(), "console".into());
        let meta = Meta { id, by, door: Door::Console, room, thread: None, lang: Lang::En, people: &self.policy.people };
        parse(line, meta)
    }

    /// What whoever asked is shown.
    pub fn shows(&self, answer: &Answer) -> String {
        let case = answer.case.and_then(|id| self.engine.case(id).unwrap());
        let view = build::answer(answer, case.as_ref(), &self.policy, &self.words, Lang::En, self.now);
        sereno::view::text::render(&view, &sereno::view::text::Style::PLAIN)
    }

    /// Lets time pass, carrying out what falls due on the way.
    pub fn wait(&mut self, ms: i64) {
        let end = self.now.plus(ms);
        self.run();
        while let Some(next) = self.engine.next_due(self.now).filter(|t| *t <= end) {
            self.now = self.now.max(next);
            self.run();
        }
        self.now = end;
        self.run();
    }

    /// Carries out everything that is due now.
    pub fn run(&mut self) {
        for _ in 0..10_000 {
            let due = self.engine.due(self.now).unwrap();
            if due.is_empty() {
                return;
            }
            for delivery in due {
                let input = self.perform(delivery);
                self.give(vec![input]);
            }
        }
        panic!("the engine never comes to rest");
    }

    /// What is due now, unperformed.
    pub fn due(&mut self) -> Vec<Delivery> {
        self.engine.due(self.now).unwrap()
    }

    pub fn perform(&mut self, delivery: Delivery) -> Input {
        let (entry, attempt) = (delivery.entry.id, delivery.entry.attempts);
        if delivery.look {
            let look = self.looks.pop_front().unwrap_or_else(|| self.look(&delivery));
            return Input::Looked { entry, attempt, look };
        }
        let outcome = match &delivery.body {
            Body::Send { send, .. } => match self.faults.pop_front() {
                Some(fault) => fault,
                None => Outcome::Done(self.publish(send)),
            },
            _ => {
                for lang in [Lang::En, Lang::Es] {
                    let _view = build::delivery(&delivery.body, &self.policy, &self.words, lang, self.now);
                }
                let native_id = format!("m{}", self.chat.len());
                let sereno::outbox::Lane::Chat(room) = delivery.entry.lane.clone() else { panic!("a view for a network") };
                self.chat.push((room, delivery));
                Outcome::Done(Receipt { native_id, ..Receipt::default() })
            }
        };
        Input::Receipt { entry, attempt, outcome }
    }

    pub fn publish(&mut self, send: &Outgoing) -> Receipt {
        let id = PostId(format!("pub-{}", self.published.len() + 1));
        self.published.push(Published { id: id.clone(), send: send.clone() });
        Receipt { native_id: format!("l-{id}"), post: Some(id), url: None }
    }

    fn look(&self, delivery: &Delivery) -> Look {
        let Body::Send { send, known, .. } = &delivery.body else { return Look::Absent };
        // By its words, as a network without operation ids does.
        let is_it = |p: &&Published| p.send.text == send.text && p.send.target == send.target && !known.contains(&format!("l-{}", p.id));
        match self.published.iter().find(is_it) {
            Some(p) => Look::Found(Receipt { native_id: format!("l-{}", p.id), post: Some(p.id.clone()), url: None }),
            None => Look::Absent,
        }
    }

    pub fn case(&self, n: u64) -> Case {
        self.engine.case(CaseId(n)).unwrap().unwrap_or_else(|| panic!("there is no case #{n}"))
    }

    pub fn cases(&self) -> usize {
        (1..).take_while(|n| self.engine.case(CaseId(*n)).unwrap().is_some()).count()
    }

    /// How many cases stand, whatever their numbers.
    pub fn cases_left(&self) -> usize {
        self.store.all_cases().unwrap().len()
    }

    /// The events that the chat was shown for a case, in order.
    pub fn shown(&self, n: u64) -> Vec<Event> {
        let of = |d: &Delivery| match &d.body {
            Body::Entry { case, event, edit: None, .. } if case.id == CaseId(n) => Some(event.event.clone()),
            _ => None,
        };
        self.chat.iter().filter_map(|(_, d)| of(d)).collect()
    }

    /// The rooms in which `text` was shown, a room for each message.
    pub fn seen(&self, text: &str) -> Vec<RoomId> {
        let shows = |d: &Delivery| {
            let view = build::delivery(&d.body, &self.policy, &self.words, Lang::En, self.now);
            sereno::view::text::render(&view, &sereno::view::text::Style::PLAIN).contains(text)
        };
        self.chat.iter().filter(|(_, d)| shows(d)).map(|(room, _)| room.clone()).collect()
    }

    /// The public answers that stand.
    pub fn replies(&self) -> Vec<String> {
        self.published.iter().filter(|p| p.send.kind == SendKind::Reply).map(|p| p.send.text.expose().to_owned()).collect()
    }

    pub fn cards(&self) -> usize {
        self.chat.iter().filter(|(_, d)| matches!(d.entry.effect, Effect::Card { .. })).count()
    }

    pub fn notices(&self) -> Vec<String> {
        self.chat.iter().filter_map(|(_, d)| if let Body::Notice { say } = &d.body { Some(say.code.clone()) } else { None }).collect()
    }

    pub fn digests(&self) -> usize {
        self.chat.iter().filter(|(_, d)| matches!(d.body, Body::Digest { .. })).count()
    }
}
