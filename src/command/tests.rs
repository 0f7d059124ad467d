//! Every command on small cases: what it does, and each way it is refused.

mod answers;
mod by_hand;
mod cases;
mod desk;
mod endings;
mod pictures;
mod undo;

use super::parse::{Meta, parse};
use super::*;
use crate::case::fixtures::{self, NOW, case_of, post};
use crate::case::refusal::code;
use crate::case::step::{self, CaseInput};
use crate::case::work::{Ctx, Follow};
use crate::case::{Event, HoldReason, Resolution, StopReason};
use crate::clock::{HOUR_MS, MINUTE_MS, SECOND_MS, Time};
use crate::desk::Desk;
use crate::digest::FactKind;
use crate::intake::Reason;
use crate::outbox::{Effect, Receipt};
use crate::policy::{Approval, DmRoute, Policy, Route};
use crate::post::PostId;

const ANA: &str = "U1";
const BEA: &str = "U2";
const LEO: &str = "U3";

/// A case on the bench, and what the last command did to it.
struct Bench {
    policy: Policy,
    case: Case,
    other: Option<Case>,
    now: Time,
    events: Vec<Event>,
    facts: Vec<FactKind>,
    voided: Vec<u32>,
    follow: Vec<Follow>,
    sends: Vec<(u32, Time)>,
}

fn bench() -> Bench {
    let policy = fixtures::policy();
    let case = fixtures::case(&policy);
    Bench { policy, case, other: None, now: NOW, events: vec![], facts: vec![], voided: vec![], follow: vec![], sends: vec![] }
}

impl Bench {
    /// Says `line` in the case's thread; a refusal changes nothing.
    fn say(&mut self, by: &str, line: &str) -> Result<Say, Refusal> {
        let (room, thread) = (RoomId::from("console"), Some("t".to_owned()));
        let people = &self.policy.people;
        let meta = Meta { id: "x".into(), by: by.into(), door: Door::Text, room, thread, lang: Lang::En, people };
        let command = parse(line, meta)?;
        self.run(&command)
    }

    /// Sends `line` in as a form that said that everybody will read its text.
    fn fills(&mut self, by: &str, line: &str) -> Result<Say, Refusal> {
        let (room, thread) = (RoomId::from("console"), Some("t".to_owned()));
        let people = &self.policy.people;
        let command = parse(line, Meta { id: "x".into(), by: by.into(), door: Door::Modal, room, thread, lang: Lang::En, people })?;
        let Args::Text(text) = command.args else { panic!("{line} brings no text") };
        self.run(&Command { args: Args::InPublic(text), ..command })
    }

    fn run(&mut self, command: &Command) -> Result<Say, Refusal> {
        let desk = Desk::default();
        let ctx = Ctx { now: self.now, policy: &self.policy, desk: &desk, other: self.other.as_ref() };
        let (work, said) = step::step(self.case.clone(), CaseInput::Command(command), ctx)?;
        self.events = work.events.iter().map(|e| e.event.clone()).collect();
        self.facts = work.facts.iter().map(|f| f.kind.clone()).collect();
        self.sends =
            work.effects.iter().filter_map(|p| if let Effect::Send { send } = p.effect { Some((send, p.due)) } else { None }).collect();
        (self.voided, self.follow) = (work.voided, work.follow);
        assert!(work.events.iter().all(|e| e.by.is_some() || matches!(e.event, Event::Stopped { .. })), "who did it stands in the trail");
        self.case = work.case;
        Ok(said.expect("a command has an answer"))
    }

    fn input(&mut self, input: CaseInput<'_>) {
        let desk = Desk::default();
        let ctx = Ctx { now: self.now, policy: &self.policy, desk: &desk, other: None };
        self.case = step::step(self.case.clone(), input, ctx).expect("only commands are refused").0.case;
    }

    fn ok(&mut self, by: &str, line: &str) -> Say {
        self.say(by, line).unwrap_or_else(|r| panic!("{line}: {r:?}"))
    }

    fn no(&mut self, by: &str, line: &str) -> Refusal {
        let before = self.case.clone();
        let refusal = self.say(by, line).map(|s| s.code).expect_err(line);
        assert_eq!(before, self.case);
        refusal
    }

    /// Marks the live send as standing on the network.
    fn publish(&mut self) -> u32 {
        let id = self.case.live_send().expect("something is on its way").id;
        let receipt = Receipt { native_id: format!("n{id}"), post: Some(PostId(format!("ours{id}"))), url: None };
        self.input(CaseInput::SendStarting(id));
        self.input(CaseInput::SendPublished(id, &receipt));
        id
    }

    fn customer_writes(&mut self, id: &str, text: &str) {
        self.now = self.now.plus(SECOND_MS);
        self.input(CaseInput::Post(&post(id, text)));
    }

    fn owner(&self) -> Option<&str> {
        self.case.owner.as_ref().map(AgentId::as_str)
    }

    fn state(&self, id: u32) -> &SendState {
        &self.case.send(id).expect("a send").state
    }
}

fn nobody(name: &str) -> Refusal {
    Refusal::UnknownPerson(name.into(), ["Ana López", "Bea", "Leo", "Ops"].map(str::to_owned).into())
}

fn owned_by(who: &str) -> Refusal {
    Refusal::OwnedBy(who.into())
}

fn number(say: &Say, name: &str) -> i64 {
    say.args.iter().find_map(|(n, a)| if let (true, Arg::Number(v)) = (n == name, a) { Some(*v) } else { None }).expect(name)
}
