//! Every command on small cases: what it does, and each way it is refused.

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

#[test]
fn claim_the_first_wins_and_the_other_is_told_who() {
    let mut b = bench();
    assert_eq!(b.ok(ANA, "claim").code, "done-claim");
    assert_eq!((b.owner(), b.case.status), (Some(ANA), Status::Open));
    assert_eq!(b.events, [Event::Claimed]);
    assert_eq!(b.no(BEA, "claim"), owned_by(ANA));
    assert_eq!(b.no(LEO, "claim"), owned_by(ANA));
    assert_eq!(b.no(ANA, "claim"), Refusal::AlreadyYours);
}

#[test]
fn claim_works_wherever_the_case_is_open_and_nowhere_else() {
    for status in Status::ALL {
        let mut b = bench();
        b.case.status = status;
        match b.say(ANA, "tomar") {
            Ok(_) if status == Status::New => assert_eq!(b.case.status, Status::Open),
            Ok(_) => assert!(status.is_open() && b.case.status == status),
            Err(r) => assert_eq!(r, Refusal::Status(status)),
        }
        assert_eq!(b.owner().is_some(), status.is_open(), "{status:?}");
    }
}

#[test]
fn everything_about_a_merged_case_points_to_where_it_lives_on() {
    for row in table::TABLE.iter().filter(|r| matches!(r.run, Run::Case(_))) {
        let mut b = bench();
        b.other = Some(case_of(43, &post("q", "otra"), &b.policy));
        b.case.status = Status::Merged;
        b.case.merged_into = Some(CaseId(7));
        let args = match row.takes {
            Takes::Nothing | Takes::MaybeText | Takes::Version => "",
            Takes::Person => "bea",
            Takes::Case => "43",
            Takes::Priority => "high",
            Takes::For => "2h",
            _ => "something",
        };
        match (row.verb, b.no(LEO, &format!("{} {args}", row.name))) {
            (Verb::Approve | Verb::Reject, refusal) => assert_eq!(refusal, Refusal::NothingToApprove),
            (verb, refusal) => assert_eq!(refusal, Refusal::MergedInto(CaseId(7)), "{verb:?}"),
        }
    }
}

#[test]
fn release_is_for_the_owner_or_a_lead() {
    let mut b = bench();
    assert_eq!(b.no(ANA, "release"), Refusal::NotOwned);
    b.ok(ANA, "claim");
    assert_eq!(b.no(BEA, "release"), owned_by(ANA));
    b.ok(ANA, "soltar");
    assert_eq!((b.owner(), b.case.status, b.events.clone()), (None, Status::New, vec![Event::Released]));
    b.ok(ANA, "claim");
    b.ok(LEO, "release");
    assert_eq!(b.owner(), None);
    b.ok(ANA, "claim");
    b.ok(ANA, "resolve");
    assert_eq!(b.no(ANA, "release"), Refusal::Status(Status::Resolved));
}

#[test]
fn assign_is_for_leads_and_to_oneself() {
    let mut b = bench();
    assert_eq!(b.no(ANA, "assign bea"), Refusal::NeedsRole(Role::Lead));
    assert_eq!(b.no(LEO, "assign vic"), nobody("U4"));
    assert_eq!(b.no(LEO, "assign nadie"), nobody("nadie"));
    assert_eq!(b.no(LEO, "assign <@U9>"), nobody("U9"));
    b.ok(ANA, "assign me");
    assert_eq!((b.owner(), b.case.status), (Some(ANA), Status::Open));
    assert_eq!(b.no(ANA, "assign yo"), Refusal::AlreadyYours);
    assert_eq!(b.no(LEO, "assign ana"), Refusal::AlreadySo);
    assert_eq!(b.no(BEA, "assign me"), owned_by(ANA));
    let said = b.ok(LEO, "asignar BEA");
    assert_eq!((b.owner(), b.events.clone()), (Some(BEA), vec![Event::Assigned { to: BEA.into() }]));
    assert!(said.args.contains(&("agent".into(), Arg::Text("Bea".into()))));
    b.case.status = Status::Resolved;
    assert_eq!(b.no(LEO, "assign ana"), Refusal::Status(Status::Resolved));
}

#[test]
fn note_stays_inside() {
    let mut b = bench();
    b.ok(BEA, "nota 2 llamadas\n\n  sin respuesta");
    assert_eq!(b.events, [Event::Noted { text: crate::post::Untrusted::new("2 llamadas\n\n  sin respuesta") }]);
    assert!(b.sends.is_empty() && b.case.sends.is_empty() && b.case.drafts.is_empty());
    assert_eq!(b.no(BEA, "note"), Refusal::Usage("note".into()));
    b.case.status = Status::Resolved;
    b.ok(BEA, "note also later");
}

#[test]
fn tag_puts_on_and_takes_off() {
    let mut b = bench();
    b.ok(ANA, "tag Devolución Urgente");
    assert_eq!(b.case.tags, ["devolución-urgente"]);
    assert_eq!(b.no(ANA, "tag #devolución urgente"), Refusal::AlreadySo);
    assert_eq!(b.ok(ANA, "tag -devolución urgente").code, "done-untag");
    assert!(b.case.tags.is_empty());
    assert_eq!(b.events, [Event::Untagged { tag: "devolución-urgente".into() }]);
    assert_eq!(b.no(ANA, "tag -vip"), Refusal::AlreadySo);
    assert_eq!(b.no(ANA, "tag"), Refusal::Usage("tag".into()));
    assert_eq!(b.no(ANA, &format!("tag {}", "x".repeat(41))), Refusal::BadLabel("x".repeat(40), 40));
}

#[test]
fn priority_by_hand_stays() {
    let mut b = bench();
    b.ok(ANA, "prioridad baja");
    assert_eq!((b.case.priority, b.case.priority_fixed), (Priority::Low, true));
    assert_eq!(b.no(ANA, "priority low"), Refusal::AlreadySo);
    assert_eq!(b.no(ANA, "priority hot"), Refusal::NotOneOf("priority".into(), "hot".into()));
    b.ok(ANA, "priority urgent");
    assert_eq!(b.events, [Event::PrioritySet { to: Priority::Urgent }]);
    // Setting what weighing gave is no repeat: from now on it is fixed.
    let mut b = bench();
    let weighed = b.case.priority;
    b.ok(ANA, &format!("priority {}", code(&weighed)));
    assert!(b.case.priority_fixed);
}

#[test]
fn snooze_puts_off_and_the_moment_wakes() {
    let mut b = bench();
    assert_eq!(b.no(ANA, "snooze"), Refusal::Usage("snooze".into()));
    assert_eq!(b.no(ANA, "snooze never"), Refusal::BadTime("never".into()));
    assert_eq!(b.no(ANA, "snooze 9999d"), Refusal::BadTime("9999d".into()));
    let direct = |b: &mut Bench, ms| {
        let c = Command {
            id: "x".into(),
            by: ANA.into(),
            door: Door::Reaction,
            room: "console".into(),
            thread: None,
            lang: Lang::En,
            verb: Verb::Snooze,
            case: Some(CaseId(42)),
            args: Args::For(ms),
        };
        b.run(&c)
    };
    assert!(matches!(direct(&mut b, -5), Err(Refusal::BadTime(_))));
    assert!(matches!(direct(&mut b, i64::MAX), Err(Refusal::BadTime(_))));
    b.ok(ANA, "posponer 2 horas");
    let until = NOW.plus(2 * HOUR_MS);
    assert_eq!((b.case.status, b.case.snoozed_until, b.case.next_wake()), (Status::Snoozed, Some(until), Some(until)));
    b.ok(ANA, "claim");
    assert_eq!(b.no(BEA, "snooze 1h"), owned_by(ANA));
    b.ok(LEO, "snooze 30m");
    assert_eq!(b.case.snoozed_until, Some(NOW.plus(30 * MINUTE_MS)));
    b.now = NOW.plus(30 * MINUTE_MS);
    b.input(CaseInput::Wake);
    assert_eq!(b.case.status, Status::Open);
    b.ok(ANA, "resolve");
    assert_eq!(b.no(ANA, "snooze 1h"), Refusal::Status(Status::Resolved));
}

#[test]
fn escalate_makes_urgent_and_says_so() {
    let mut b = bench();
    b.ok(BEA, "escalate Que lo vea legal");
    assert_eq!((b.case.priority, b.case.priority_fixed), (Priority::Urgent, true));
    assert_eq!(b.events, [Event::Escalated { text: Some(crate::post::Untrusted::new("Que lo vea legal")) }]);
    b.ok(ANA, "escalar");
    assert_eq!(b.events, [Event::Escalated { text: None }]);
    b.case.status = Status::Quarantined;
    assert_eq!(b.no(ANA, "escalate"), Refusal::Status(Status::Quarantined));
}

#[test]
fn draft_says_its_length_and_sends_nothing() {
    let mut b = bench();
    let said = b.ok(BEA, "draft Lo estamos mirando");
    assert_eq!((said.code.as_str(), number(&said, "length"), number(&said, "max")), ("done-draft", 24, 500));
    assert!(b.sends.is_empty() && b.case.sends.is_empty());
    let draft = b.case.current_draft().expect("a draft").clone();
    assert_eq!((draft.id, draft.by.as_str(), draft.text.expose()), (1, BEA, "Lo estamos mirando"));
    let said = b.ok(ANA, &format!("draft {}", "x".repeat(600)));
    assert_eq!((said.code.as_str(), number(&said, "length")), ("done-draft-too-long", 606));
    assert_eq!(b.case.current_draft().map(|d| d.id), Some(2));
    assert_eq!(b.no(ANA, "draft"), Refusal::Usage("draft".into()));
    b.input(CaseInput::Deleted(&"p1".into(), NOW));
    assert_eq!(b.ok(ANA, "draft to nobody").code, "done-draft-unaddressed");
    b.case.status = Status::Resolved;
    assert_eq!(b.no(ANA, "draft x"), Refusal::Status(Status::Resolved));
}

#[test]
fn reply_with_text_claims_and_waits_out_its_window() {
    let mut b = bench();
    let said = b.ok(ANA, "reply 2 días como mucho, lo sentimos");
    assert_eq!((said.code.as_str(), number(&said, "length")), ("done-reply", 36));
    assert_eq!(b.owner(), Some(ANA));
    let until = NOW.plus(b.policy.reply.undo_ms);
    assert_eq!(b.events, [Event::Claimed, Event::Queued { send: 1, until }]);
    assert_eq!(b.sends, [(1, until)]);
    let send = b.case.send(1).expect("a send");
    assert_eq!(send.text.expose(), "2 días como mucho, lo sentimos");
    assert_eq!((send.target.clone(), send.target_local.as_str()), (Some("p1".into()), "local-p1"));
    assert_eq!((send.by.as_str(), send.drafted_by.as_str()), (ANA, ANA));
    assert_eq!(b.no(ANA, "reply again"), Refusal::SendUnderWay(1));
    b.publish();
    assert_eq!(b.case.status, Status::Waiting);
}

#[test]
fn reply_is_refused_where_it_must_be() {
    let mut b = bench();
    assert_eq!(b.no(ANA, "reply"), Refusal::NoDraft);
    assert_eq!(b.no(ANA, &format!("reply {}", "x".repeat(495))), Refusal::TooLong(501, 500));
    b.ok(BEA, "claim");
    assert_eq!(b.no(ANA, "reply mine now"), owned_by(BEA));
    assert_eq!(b.no(LEO, "reply mine now"), owned_by(BEA));
    b.input(CaseInput::Deleted(&"p1".into(), NOW));
    assert_eq!(b.no(BEA, "reply to nobody"), Refusal::NothingToAnswer);
    b.ok(BEA, "resolve");
    assert_eq!(b.no(BEA, "reply too late"), Refusal::Status(Status::Resolved));
    let mut b = bench();
    b.ok(BEA, "spam");
    assert_eq!(b.no(BEA, "reply hello"), Refusal::Status(Status::Quarantined));
}

#[test]
fn reply_without_text_sends_the_draft_in_its_authors_name() {
    let mut b = bench();
    b.ok(BEA, "draft Ya sale la maleta");
    b.ok(ANA, "reply");
    let send = b.case.send(1).expect("a send");
    assert_eq!((send.by.as_str(), send.drafted_by.as_str(), send.text.expose()), (ANA, BEA, "Ya sale la maleta"));
    assert!(b.case.current_draft().is_none());
    b.publish();
    assert_eq!(b.no(ANA, "reply"), Refusal::NoDraft);
}

#[test]
fn reply_lets_a_held_answer_go_on_to_the_newest_post() {
    let mut b = bench();
    b.ok(ANA, "reply Lo miramos");
    b.customer_writes("p2", "¿Hay alguien ahí?");
    assert_eq!(*b.state(1), SendState::Held(HoldReason::CustomerWrote));
    b.ok(ANA, "reply");
    let until = b.now.plus(b.policy.reply.undo_ms);
    assert_eq!((b.state(1), b.sends.clone()), (&SendState::Waiting { until }, vec![(1, until)]));
    assert_eq!(b.case.send(1).and_then(|s| s.target.clone()), Some("p2".into()));
    // Another text takes its place.
    b.customer_writes("p3", "¿Hola?");
    b.ok(ANA, "reply Perdona la espera");
    assert_eq!(*b.state(1), SendState::Stopped(StopReason::Superseded));
    assert!(b.voided.contains(&1));
    assert_eq!(b.case.send(2).map(|s| s.text.expose()), Some("Perdona la espera"));
    // So does a newer draft.
    b.customer_writes("p4", "¿¿Hola??");
    b.ok(BEA, "draft Ya está en camino");
    b.ok(ANA, "reply");
    assert_eq!(*b.state(2), SendState::Stopped(StopReason::Superseded));
    assert_eq!(b.case.send(3).map(|s| s.text.expose()), Some("Ya está en camino"));
}

#[test]
fn a_held_answer_to_an_edited_post_is_aimed_at_its_new_version() {
    let mut b = bench();
    b.ok(ANA, "reply Lo miramos");
    b.now = b.now.plus(SECOND_MS);
    let edited = crate::post::Post { edited_at: Some(b.now), ..post("p1", "Era la mochila, no la maleta") };
    b.input(CaseInput::Edited(&edited));
    assert_eq!(*b.state(1), SendState::Held(HoldReason::TargetEdited));
    b.ok(ANA, "reply");
    assert_eq!(b.case.send(1).map(|s| s.target_version), Some(b.now.0));
}

#[test]
fn approval_never_by_who_wrote_or_asked() {
    let mut b = bench();
    b.policy.reply.approval = Approval::All;
    b.ok(LEO, "draft Le devolvemos el importe");
    assert_eq!(b.no(LEO, "approve"), Refusal::NothingToApprove);
    let said = b.ok(ANA, "reply");
    assert_eq!(said.code, "done-send-approval");
    assert!(b.sends.is_empty(), "nothing is queued before approval");
    assert_eq!(b.events, [Event::Claimed, Event::ApprovalAsked { send: 1 }]);
    assert_eq!(b.no(LEO, "approve"), Refusal::OwnDraft, "leo wrote it");
    let mut asked = bench();
    asked.policy.reply.approval = Approval::All;
    asked.ok(ANA, "draft x");
    asked.ok(LEO, "reply");
    assert_eq!(asked.no(LEO, "approve"), Refusal::OwnDraft, "leo asked for it");
    b.ok("U5", "aprobar");
    let until = b.now.plus(b.policy.reply.undo_ms);
    assert_eq!(b.events, [Event::Approved { send: 1 }, Event::Queued { send: 1, until }]);
    assert_eq!((b.sends.clone(), b.case.send(1).and_then(|s| s.approved_by.clone())), (vec![(1, until)], Some("U5".into())));
    assert_eq!(b.no("U5", "approve"), Refusal::NothingToApprove);
}

#[test]
fn approval_is_bound_to_the_text_and_the_target() {
    let mut b = bench();
    b.policy.reply.approval = Approval::Agents;
    b.ok(ANA, "reply Primera");
    // A new draft voids what waits.
    b.ok(BEA, "draft Segunda");
    assert_eq!(*b.state(1), SendState::Stopped(StopReason::Superseded));
    assert_eq!(b.no(LEO, "approve"), Refusal::NothingToApprove);
    b.ok(ANA, "reply");
    // It is not the text that was there before, so it is named; or it stands in the room for a while.
    assert_eq!(b.no(LEO, "approve"), Refusal::NewText(CaseId(42), 2));
    assert_eq!(b.no(LEO, "approve #42 1"), Refusal::OtherText(CaseId(42), 2));
    b.ok(LEO, "approve #42 2");
    // The customer writes: held; let go on towards another post, it needs approval again.
    b.customer_writes("p2", "Otra cosa");
    b.ok(ANA, "reply");
    assert_eq!((b.state(2), b.case.send(2).and_then(|s| s.approved_by.clone())), (&SendState::AwaitingApproval, None));
    assert!(b.sends.is_empty());
    b.input(CaseInput::OfferShown(2));
    b.now = b.now.plus(b.policy.reply.read_ms - 1);
    assert_eq!(b.no(LEO, "approve"), Refusal::NewText(CaseId(42), 2));
    b.now = b.now.plus(1);
    b.ok(LEO, "approve");
    // Held for another reason, the same text to the same post keeps its approval.
    b.input(CaseInput::SendHeld(2, HoldReason::AnsweredOutside));
    b.ok(ANA, "reply");
    assert!(matches!(b.state(2), SendState::Waiting { .. }));
    // A lead's own answer needs none under `agents`.
    let mut b = bench();
    b.policy.reply.approval = Approval::Agents;
    assert_eq!(b.ok(LEO, "reply Hola").code, "done-reply");
}

#[test]
fn what_waits_for_approval_is_held_when_the_customer_writes() {
    let mut b = bench();
    b.policy.reply.approval = Approval::Agents;
    b.ok(ANA, "reply Primera");
    b.customer_writes("p2", "Ya no hace falta");
    assert_eq!(*b.state(1), SendState::Held(HoldReason::CustomerWrote));
    // A button pressed before that was read lets nothing out.
    assert_eq!(b.no(LEO, "approve"), Refusal::OnHold(HoldReason::CustomerWrote));
    assert_eq!(b.no(LEO, "reject"), Refusal::OnHold(HoldReason::CustomerWrote));
    b.ok(ANA, "reply");
    assert_eq!(b.events, [Event::ApprovalAsked { send: 1 }]);
    assert_eq!(b.case.send(1).and_then(|s| s.target.clone()), Some(PostId::from("p2")), "aimed at what the customer said last");
    b.ok(LEO, "approve");
    assert!(matches!(b.state(1), SendState::Waiting { .. }));
}

#[test]
fn a_held_correction_goes_on_by_a_leads_word_alone() {
    let mut b = bench();
    b.ok(ANA, "reply Abrimos a las ocho");
    b.publish();
    b.ok(ANA, "release");
    b.ok(LEO, "correct Abrimos a las nueve");
    b.customer_writes("p2", "¿Seguro?");
    assert_eq!(*b.state(2), SendState::Held(HoldReason::CustomerWrote));
    assert_eq!(b.no(ANA, "reply"), Refusal::NeedsRole(Role::Lead));
    assert_eq!(b.ok(LEO, "reply").code, "done-correct");
}

#[test]
fn a_draft_written_while_an_answer_is_on_its_way_stays() {
    let mut b = bench();
    b.ok(ANA, "reply Primera");
    b.input(CaseInput::SendStarting(1));
    b.ok(BEA, "draft Segunda");
    let receipt = Receipt { native_id: "n1".into(), post: Some(PostId::from("ours1")), url: None };
    b.input(CaseInput::SendPublished(1, &receipt));
    assert_eq!(b.case.current_draft().map(|d| d.text.expose()), Some("Segunda"));
}

#[test]
fn reject_gives_the_text_back() {
    let mut b = bench();
    b.policy.reply.approval = Approval::All;
    assert_eq!(b.no(LEO, "reject"), Refusal::NothingToApprove);
    b.ok(BEA, "draft Ni hablar");
    b.ok(ANA, "reply");
    b.ok(LEO, "reject demasiado seco");
    assert_eq!(*b.state(1), SendState::Stopped(StopReason::Rejected));
    assert_eq!(b.events, [Event::Rejected { send: 1, text: Some(crate::post::Untrusted::new("demasiado seco")) }]);
    assert_eq!(b.voided, [1]);
    assert_eq!(b.case.current_draft().map(|d| (d.id, d.text.expose())), Some((1, "Ni hablar")));
    // What was typed into `reply` is kept as well.
    b.ok(ANA, "discard");
    b.ok(ANA, "reply Otra cosa");
    b.ok(LEO, "rechazar");
    assert_eq!(b.case.current_draft().map(|d| (d.by.as_str(), d.text.expose())), Some((ANA, "Otra cosa")));
}

#[test]
fn discard_throws_away_the_draft_else_what_waits() {
    let mut b = bench();
    assert_eq!(b.no(ANA, "discard"), Refusal::NothingToDiscard);
    b.ok(ANA, "claim");
    b.ok(BEA, "draft una idea");
    b.ok(BEA, "draft otra idea");
    b.ok(BEA, "discard");
    assert_eq!(b.events, [Event::Discarded { draft: 2 }]);
    assert_eq!(b.no(BEA, "discard"), Refusal::NothingToDiscard, "older drafts do not come back");
    b.ok(ANA, "draft la buena");
    assert_eq!(b.no(BEA, "discard"), owned_by(ANA));
    b.ok(LEO, "descartar");
    b.ok(ANA, "reply Hola");
    assert_eq!(b.no(ANA, "discard"), Refusal::NothingToDiscard);
    b.customer_writes("p2", "Hola?");
    assert_eq!(b.no(BEA, "discard"), owned_by(ANA));
    assert_eq!(b.ok(ANA, "discard").code, "done-discard-send");
    assert!(matches!(b.state(1), SendState::Stopped(_)));
    b.ok(ANA, "reply Hola otra vez");
    b.input(CaseInput::SendUnknown(2));
    assert_eq!(b.no(ANA, "discard"), Refusal::InDoubt(2));
}

#[test]
fn retract_and_correct_act_on_the_last_public_answer() {
    let mut b = bench();
    assert_eq!(b.no(LEO, "retract"), Refusal::NothingPublished);
    assert_eq!(b.no(LEO, "correct x"), Refusal::NothingPublished);
    b.ok(ANA, "reply Abrimos a las ocho");
    b.publish();
    b.ok(ANA, "handoff");
    b.publish();
    assert_eq!(b.no(LEO, "correct"), Refusal::Usage("correct".into()));
    assert_eq!(b.no(LEO, "correct Abrimos a las ocho"), Refusal::AlreadySo);
    assert_eq!(b.ok(LEO, "corregir Abrimos a las nueve").code, "done-correct");
    assert_eq!(b.case.send(3).map(|s| s.kind.clone()), Some(SendKind::Correct { send: 1 }));
    assert_eq!(b.no(LEO, "retract"), Refusal::SendUnderWay(3));
    b.publish();
    assert_eq!(b.no(LEO, "correct Abrimos a las nueve"), Refusal::AlreadySo);
    b.ok(LEO, "correct Abrimos a las ocho");
    b.publish();
    // Also once the case is closed.
    b.ok(ANA, "resolve");
    assert_eq!(b.ok(LEO, "retirar").code, "done-retract");
    assert_eq!(b.case.send(5).map(|s| s.kind.clone()), Some(SendKind::Retract { send: 1 }));
    b.publish();
    assert_eq!(b.no(LEO, "retract"), Refusal::NothingPublished);
}

#[test]
fn retract_and_correct_ask_the_network_first() {
    let mut b = bench();
    b.ok(ANA, "reply Hola");
    b.publish();
    let account = b.policy.accounts.get_mut(&Account::from("main")).expect("the account");
    (account.capabilities.can_delete, account.capabilities.can_edit) = (false, false);
    assert_eq!(b.no(LEO, "retract"), Refusal::NotOnThisNetwork);
    assert_eq!(b.no(LEO, "correct x"), Refusal::NotOnThisNetwork);
    b.ok(ANA, "spam");
    assert_eq!(b.no(LEO, "retract"), Refusal::Status(Status::Quarantined));
    assert_eq!(b.no(LEO, "correct x"), Refusal::Status(Status::Quarantined));
}

#[test]
fn handoff_speaks_the_customers_language() {
    for (lang, begins) in [
        ("es", "Hola, soy Ana López"),
        ("ca", "Hola, soc"),
        ("eu-ES", "Kaixo"),
        ("gl", "Ola"),
        ("pt_PT", "Olá"),
        ("fr", "Bonjour"),
        ("en", "Hello"),
    ] {
        let mut b = bench();
        b.case.lang = lang.into();
        assert_eq!(b.ok(ANA, "handoff").code, "done-handoff");
        let send = b.case.send(1).expect("a send");
        assert!(send.text.expose().starts_with(begins), "{lang}: {}", send.text.expose());
        assert!(send.text.expose().contains("K7RM-42"));
        assert_eq!((send.kind.clone(), send.target.clone()), (SendKind::Handoff, None), "never hangs on a public post");
    }
    // An unknown language: the team's, and the configured text before the built-in one.
    let mut b = bench();
    b.case.lang = "fi".into();
    b.policy.lang = Lang::Es;
    b.policy.reply.handoff_text.insert("es".into(), "{handle}: caso {case} ({code}) con {agent}, {nada} {".into());
    b.ok(ANA, "privado");
    assert_eq!(b.case.send(1).map(|s| s.text.expose()), Some("@cleo: caso #42 (K7RM-42) con Ana López, {nada} {"));
    // What is filled in is not read again.
    let mut b = bench();
    b.case.customer.handle = crate::post::Untrusted::new("@{code}");
    b.ok(ANA, "handoff Hola {handle}");
    assert_eq!(b.case.send(1).map(|s| s.text.expose()), Some("Hola @{code}"));
}

#[test]
fn handoff_and_dm_are_refused_without_a_private_way() {
    let mut b = bench();
    assert_eq!(b.no(ANA, "dm hola"), Refusal::NoHandoff);
    b.ok(BEA, "claim");
    assert_eq!(b.no(ANA, "handoff"), owned_by(BEA));
    assert_eq!(b.no(ANA, "dm hola"), owned_by(BEA));
    b.ok(BEA, "handoff");
    assert_eq!(b.no(BEA, "dm hola"), Refusal::NoHandoff, "open once the first message stands");
    b.publish();
    assert_eq!(b.case.status, Status::Private);
    assert_eq!(b.no(BEA, "handoff"), Refusal::AlreadySo);
    assert_eq!(b.no(BEA, "dm"), Refusal::Usage("dm".into()));
    assert_eq!(b.ok(BEA, "md ¿Me das el localizador?").code, "done-dm");
    b.publish();
    b.ok(BEA, "resolve");
    assert_eq!(b.no(BEA, "handoff"), Refusal::Status(Status::Resolved));
    assert_eq!(b.no(BEA, "dm x"), Refusal::Status(Status::Resolved));
    let mut b = bench();
    b.policy.accounts.get_mut(&Account::from("main")).expect("the account").capabilities.dm_route = DmRoute::None;
    assert_eq!(b.no(ANA, "handoff"), Refusal::NoPrivateRoute);
}

#[test]
fn private_messages_need_no_approval() {
    let mut b = bench();
    b.policy.reply.approval = Approval::All;
    assert_eq!(b.ok(ANA, "handoff").code, "done-handoff");
}

#[test]
fn resolve_closes_and_stops_what_waits() {
    let mut b = bench();
    b.ok(ANA, "reply Hola");
    assert_eq!(b.no(BEA, "resolve"), owned_by(ANA));
    b.ok(ANA, "cerrar");
    assert_eq!((b.case.status, b.case.resolution, b.case.answer_due), (Status::Resolved, Some(Resolution::ByAgent), None));
    assert_eq!(*b.state(1), SendState::Stopped(StopReason::CaseClosed));
    assert_eq!(b.facts, [FactKind::Resolved { how: Resolution::ByAgent }]);
    assert_eq!(b.no(ANA, "resolve"), Refusal::Status(Status::Resolved));
    let mut b = bench();
    b.ok(ANA, "claim");
    b.ok(LEO, "resolve");
    let mut b = bench();
    b.ok(BEA, "resolve");
    assert_eq!(b.owner(), None, "thanks need no owner");
}

#[test]
fn reopen_brings_back_with_a_deadline() {
    let mut b = bench();
    assert_eq!(b.no(ANA, "reopen"), Refusal::Status(Status::New));
    b.ok(ANA, "resolve");
    b.ok(BEA, "reabrir");
    assert_eq!((b.case.status, b.case.resolved_at), (Status::New, None));
    assert_eq!(b.case.answer_due, Some(b.now.plus(b.policy.deadline.next_response_ms)));
    assert_eq!((b.events.clone(), b.facts.clone()), (vec![Event::Reopened { by_customer: false }], vec![FactKind::Reopened]));
    b.ok(ANA, "spam");
    assert_eq!(b.no(ANA, "reopen"), Refusal::Status(Status::Quarantined));
}

#[test]
fn merge_sends_the_case_on_into_the_other() {
    let mut b = bench();
    assert_eq!(b.no(ANA, "merge 43"), Refusal::UnknownCase(CaseId(43)));
    assert_eq!(b.no(ANA, "merge 42"), Refusal::SameCase);
    let stranger = crate::post::Post { author: crate::post::Author { id: "otto".into(), ..Default::default() }, ..post("q", "hola") };
    b.other = Some(case_of(43, &stranger, &b.policy));
    assert_eq!(b.no(ANA, "merge 43"), Refusal::OtherCustomer);
    let mut other = case_of(43, &post("q", "sigo igual"), &b.policy);
    other.status = Status::Resolved;
    b.other = Some(other.clone());
    assert_eq!(b.no(ANA, "merge 43"), Refusal::Status(Status::Resolved));
    other.status = Status::Merged;
    other.merged_into = Some(CaseId(44));
    b.other = Some(other.clone());
    assert_eq!(b.no(ANA, "merge 43"), Refusal::MergedInto(CaseId(44)));
    (other.status, other.merged_into) = (Status::Open, None);
    b.other = Some(other);
    b.ok(BEA, "claim");
    assert_eq!(b.no(ANA, "merge 43"), owned_by(BEA));
    b.ok(BEA, "reply Hola");
    b.input(CaseInput::SendStarting(1));
    assert_eq!(b.no(BEA, "merge 43"), Refusal::SendUnderWay(1));
    b.input(CaseInput::SendUnknown(1));
    assert_eq!(b.no(BEA, "merge 43"), Refusal::InDoubt(1));
    b.publish();
    let before = b.case.clone();
    b.ok(BEA, "unir 43");
    assert_eq!((b.case.status, b.case.merged_into, b.case.answer_due), (Status::Merged, Some(CaseId(43)), None));
    assert_eq!(b.events, [Event::MergedInto { case: CaseId(43) }]);
    assert_eq!(b.follow, [Follow::Absorb { to: CaseId(43), from: Box::new(before), by: BEA.into() }]);
    let mut b = bench();
    b.other = Some(case_of(43, &post("q", "sigo igual"), &b.policy));
    b.ok(ANA, "resolve");
    assert_eq!(b.no(ANA, "merge 43"), Refusal::Status(Status::Resolved));
}

#[test]
fn link_tells_both() {
    let mut b = bench();
    assert_eq!(b.no(ANA, "link 43"), Refusal::UnknownCase(CaseId(43)));
    assert_eq!(b.no(ANA, "link 42"), Refusal::SameCase);
    let stranger = crate::post::Post { author: crate::post::Author { id: "otto".into(), ..Default::default() }, ..post("q", "hola") };
    b.other = Some(case_of(43, &stranger, &b.policy));
    b.ok(ANA, "enlazar #43");
    assert_eq!((b.case.links.clone(), b.events.clone()), (vec![CaseId(43)], vec![Event::Linked { case: CaseId(43) }]));
    assert_eq!(b.follow, [Follow::Link { to: CaseId(43), from: CaseId(42), by: Some(ANA.into()) }]);
    assert_eq!(b.no(ANA, "link 43"), Refusal::AlreadySo);
}

#[test]
fn spam_hides_and_restore_brings_back() {
    let mut b = bench();
    assert_eq!(b.no(ANA, "restore"), Refusal::Status(Status::New));
    b.ok(ANA, "claim");
    assert_eq!(b.no(BEA, "spam"), owned_by(ANA));
    b.ok(ANA, "reply Hola");
    b.ok(ANA, "spam es un bot");
    assert_eq!((b.case.status, b.case.hidden_because.clone(), b.case.answer_due), (Status::Quarantined, Some(Reason::ByHand), None));
    assert_eq!(*b.state(1), SendState::Stopped(StopReason::CaseClosed));
    assert!(
        b.events.contains(&Event::Hidden { because: Reason::ByHand })
            && b.events.contains(&Event::Noted { text: crate::post::Untrusted::new("es un bot") })
    );
    assert_eq!(b.facts, [FactKind::Hidden]);
    assert_eq!(b.no(ANA, "spam"), Refusal::Status(Status::Quarantined));
    b.ok(BEA, "restaurar");
    assert_eq!((b.case.status, b.case.hidden_because.clone(), b.facts.clone()), (Status::Open, None, vec![FactKind::Restored]));
    assert_eq!(b.case.answer_due, Some(b.now.plus(b.policy.deadline.first_response_ms[b.case.priority.index()])));
    let mut b = bench();
    b.ok(ANA, "claim");
    b.ok(LEO, "spam");
}

#[test]
fn undo_stops_a_send_within_its_window() {
    let mut b = bench();
    assert_eq!(b.no(ANA, "undo"), Refusal::NothingToUndo);
    b.ok(ANA, "reply Hola, ¿qué tal?");
    assert_eq!(b.no(BEA, "undo"), owned_by(ANA));
    assert_eq!(b.ok(ANA, "deshacer").code, "done-undo-reply");
    assert_eq!((b.state(1), b.voided.clone()), (&SendState::Stopped(StopReason::Undone), vec![1]));
    assert_eq!(b.case.current_draft().map(|d| d.text.expose()), Some("Hola, ¿qué tal?"), "nobody types it twice");
    b.ok(ANA, "reply");
    b.ok(LEO, "undo");
    b.ok(ANA, "reply");
    b.input(CaseInput::SendStarting(3));
    assert_eq!(b.no(ANA, "undo"), Refusal::TooLate);
    b.input(CaseInput::SendUnknown(3));
    assert_eq!(b.no(ANA, "undo"), Refusal::InDoubt(3));
    b.publish();
    assert_eq!(b.no(ANA, "undo"), Refusal::NothingToUndo);
}

#[test]
fn undo_never_turns_a_private_text_into_a_draft() {
    let mut b = bench();
    b.ok(ANA, "handoff Dime tu DNI por aquí");
    b.ok(ANA, "undo");
    assert!(b.case.drafts.is_empty());
}

#[test]
fn undo_takes_back_each_act() {
    let acts = ["claim", "assign me", "priority low", "escalate", "snooze 2h", "resolve", "spam"];
    for act in acts {
        let mut b = bench();
        let before = b.case.clone();
        b.ok(ANA, act);
        assert_eq!(b.no(BEA, "undo"), Refusal::NothingToUndo, "{act} of somebody else");
        b.now = b.now.plus(10 * MINUTE_MS);
        let said = b.ok(ANA, "undo");
        assert_eq!(b.events, [Event::Undone { verb: act.split(' ').next().unwrap_or_default().into() }]);
        assert_eq!(said.code, "done-undo");
        assert_same(&b.case, &before, act);
        assert_eq!(b.no(ANA, "undo"), Refusal::NothingToUndo, "{act} once");
    }
    for (prelude, act) in [("claim", "release"), ("resolve", "reopen"), ("spam", "restore")] {
        let mut b = bench();
        b.ok(ANA, prelude);
        let before = b.case.clone();
        b.ok(ANA, act);
        b.ok(ANA, "undo");
        assert_same(&b.case, &before, act);
    }
}

fn assert_same(a: &Case, b: &Case, act: &str) {
    let key = |c: &Case| {
        (
            (c.status, c.owner.clone(), c.priority, c.priority_fixed, c.snoozed_until, c.resolution),
            (c.resolved_at, c.answer_due, c.hidden_because.clone(), c.handoff_open),
        )
    };
    assert_eq!(key(a), key(b), "{act}");
}

#[test]
fn undo_balances_the_figures() {
    for (act, back) in [("resolve", FactKind::Reopened), ("spam", FactKind::Restored)] {
        let mut b = bench();
        b.ok(ANA, act);
        b.ok(ANA, "undo");
        assert_eq!(b.facts, [back]);
    }
}

#[test]
fn undo_is_too_late_once_something_else_moved_the_case() {
    // Ten minutes are over.
    let mut b = bench();
    b.ok(ANA, "claim");
    b.now = b.now.plus(10 * MINUTE_MS + 1);
    assert_eq!(b.no(ANA, "undo"), Refusal::NothingToUndo);
    // The customer reopened what was closed.
    let mut b = bench();
    b.ok(ANA, "claim");
    b.ok(ANA, "resolve");
    b.customer_writes("p2", "Sigue sin funcionar");
    assert_eq!(b.no(ANA, "undo"), Refusal::NothingToUndo);
    // A colleague took what was let go.
    let mut b = bench();
    b.ok(ANA, "claim");
    b.ok(ANA, "release");
    b.ok(BEA, "reply Lo llevo yo");
    b.publish();
    assert_eq!(b.no(ANA, "undo"), Refusal::NothingToUndo);
    assert_eq!(b.owner(), Some(BEA));
    // What the customer wrote meanwhile keeps its deadline.
    let mut b = bench();
    b.ok(ANA, "claim");
    b.ok(ANA, "priority high");
    let due = b.case.answer_due;
    b.customer_writes("p2", "¿Y bien?");
    b.ok(ANA, "undo");
    assert_eq!(b.case.answer_due, due);
}

fn desk_command(verb: Verb, by: &str) -> Command {
    Command {
        id: "x".into(),
        by: by.into(),
        door: Door::Text,
        room: "console".into(),
        thread: None,
        lang: Lang::En,
        verb,
        case: None,
        args: Args::None,
    }
}

#[test]
fn pause_resume_and_reload_act_on_the_desk() {
    let mut policy = fixtures::policy();
    let es = Route { room: "soporte".into(), speaks: Lang::Es, ..Route::default() };
    policy.routes.insert(0, Route { lang: Some("es".into()), ..es.clone() });
    policy.routes.insert(1, Route { lang: Some("ca".into()), ..es });
    let mut d = DeskWork { desk: Desk::default(), policy: &policy, now: NOW, effects: vec![], reload: false };
    let run = |d: &mut DeskWork<'_>, verb| match table::row(verb).run {
        Run::Desk(f) => f(d, &desk_command(verb, LEO)),
        _ => panic!("not of the desk"),
    };
    assert_eq!(run(&mut d, Verb::Resume), Err(Refusal::AlreadySo));
    assert_eq!(run(&mut d, Verb::Pause).map(|s| s.code), Ok("done-pause".into()));
    assert_eq!(d.desk.paused.as_ref().map(|p| p.by.as_str()), Some(LEO));
    let told: Vec<&str> = d.effects.iter().map(|(room, ..)| room.as_str()).collect();
    assert_eq!(told, ["console", "soporte"], "each room once");
    assert!(matches!(&d.effects[0].2, Effect::Notice { say } if say.code == "notice-paused" && say.args[0].1 == Arg::Text("Leo".into())));
    assert_eq!(run(&mut d, Verb::Pause), Err(Refusal::AlreadySo));
    d.effects.clear();
    assert_eq!(run(&mut d, Verb::Resume).map(|s| s.code), Ok("done-resume".into()));
    assert!(d.desk.paused.is_none() && d.effects.len() == 2);
    assert!(!d.reload);
    assert_eq!(run(&mut d, Verb::Reload).map(|s| s.code), Ok("done-reload".into()));
    assert!(d.reload);
}

#[test]
fn arguments_of_the_wrong_kind_are_refused() {
    // Buttons and forms make commands without the parser.
    for row in table::TABLE {
        let Run::Case(_) = row.run else { continue };
        if matches!(row.takes, Takes::Nothing | Takes::MaybeText | Takes::Version) {
            continue;
        }
        let mut b = bench();
        let mut c = desk_command(row.verb, LEO);
        c.case = Some(CaseId(42));
        let refusal = b.run(&c).map(|s| s.code).expect_err(row.name);
        assert!(matches!(refusal, Refusal::Usage(_) | Refusal::Empty), "{}: {refusal:?}", row.name);
    }
}
