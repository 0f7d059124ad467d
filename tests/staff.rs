//! What staff are promised, told as stories.

use crate::world::*;
use sereno::case::*;
use sereno::clock::{MINUTE_MS, SECOND_MS};
use sereno::command::{Args, Command, Door, Takes, table};
use sereno::digest::FactKind;
use sereno::engine::{Ack, Input};
use sereno::outbox::Outcome;
use sereno::policy::Lang;
use sereno::post::*;

const COMPLAINT: &str = "My order never came. Where is it?";

fn world() -> World {
    World::new(policy())
}

#[test]
fn an_answer_of_the_brand_to_a_bystander_leaves_the_customers_clock_running() {
    let mut w = world();
    let first = post("p1", "carla", COMPLAINT);
    w.posts(&first);
    let cheer = reply_to(&first, "p2", "dani", "So sorry to read that.");
    w.posts(&cheer);
    w.say("ana", "reply 1 We are looking for it.");
    let due = w.case(1).answer_due;
    // On the network's own site the brand thanks the bystander, and goes on in a second post.
    let thanks = Post { mentions: vec!["carla".into(), "dani".into()], ..reply_to(&cheer, "own1", "brand", "Thank you, Dani.") };
    w.posts(&thanks);
    w.posts(&reply_to(&thanks, "own2", "brand", "We mean it."));
    // Neither is it an answer to Carla where the bystander's post is not known here.
    let unknown = Parent { id: Some("px".into()), local_id: "l-px".into(), author: Some("eva".into()) };
    w.posts(&Post { parent: Some(unknown), root: Some("p1".into()), ..reply_to(&cheer, "own3", "brand", "Hello Eva.") });
    let case = w.case(1);
    assert_eq!((case.answer_due, case.first_answer_at, case.status), (due, None, Status::Open));
    assert!(due.is_some());
    assert!(w.shown(1).contains(&Event::SpokeOutside { post: 2 }), "{:?}", w.shown(1));
    assert!(!w.shown(1).iter().any(|e| matches!(e, Event::AnsweredOutside { .. })));
    // What waits for the customer is not held by it.
    w.wait(MINUTE_MS);
    assert_eq!(w.replies(), ["We are looking for it."]);
    // A post behind our own answer is one to the customer.
    let behind = Parent { id: Some("pub-1".into()), local_id: "l-pub-1".into(), author: Some("brand".into()) };
    w.posts(&reply_to(&first, "p4", "carla", "And now?"));
    assert!(w.case(1).answer_due.is_some());
    w.posts(&Post { parent: Some(behind), ..reply_to(&first, "own4", "brand", "It arrives tomorrow.") });
    assert_eq!(w.case(1).answer_due, None);
}

#[test]
fn a_token_that_is_good_again_does_not_end_silence_that_the_network_asked_for() {
    let mut w = world();
    w.posts(&post("p1", "carla", COMPLAINT));
    w.posts(&post("p2", "dani", COMPLAINT));
    w.say("ana", "reply 1 One.");
    w.faults.push_back(Outcome::Retry { after_ms: Some(10 * MINUTE_MS), why: "429".into(), lane: true });
    w.wait(11 * SECOND_MS);
    w.say("ana", "reply 2 Two.");
    let health = |lost: Option<&str>| Input::Health { account: "main".into(), lost: lost.map(str::to_owned) };
    w.give(vec![health(Some("401"))]);
    w.give(vec![health(None)]);
    w.wait(5 * MINUTE_MS);
    assert!(w.published.is_empty(), "sent into the silence: {:?}", w.replies());
    w.wait(6 * MINUTE_MS);
    assert_eq!(w.published.len(), 2, "and it ends when it ends");
}

#[test]
fn a_lane_with_a_bad_token_goes_on_as_soon_as_the_token_is_good() {
    let mut w = world();
    w.posts(&post("p1", "carla", COMPLAINT));
    w.posts(&post("p2", "dani", COMPLAINT));
    w.say("ana", "reply 1 One.");
    w.wait(11 * SECOND_MS);
    w.published.clear();
    w.say("ana", "reply 2 Two.");
    w.faults.push_back(Outcome::AuthLost { why: "401".into() });
    w.wait(11 * SECOND_MS);
    assert!(w.published.is_empty());
    w.give(vec![Input::Health { account: "main".into(), lost: None }]);
    w.wait(2 * MINUTE_MS);
    assert_eq!(w.replies(), ["Two."]);
}

#[test]
fn each_repost_leaves_one_fact() {
    let mut w = world();
    w.posts(&post("p1", "carla", COMPLAINT));
    let again = |id: &str| Input::Net("main".into(), NetEvent::Reposted { id: id.into(), post: PostRef::World("p1".into()) });
    w.give(vec![again("r1"), again("r2"), again("r1")]);
    w.give(vec![again("r2"), again("r3")]);
    let facts = sereno::store::Store::facts(&w.store, START, w.now.plus(1)).unwrap();
    let reposts: Vec<_> = facts.iter().filter(|f| f.kind == FactKind::Reposted).collect();
    assert_eq!((reposts.len(), w.case(1).reposts), (3, 3));
    assert!(reposts.iter().all(|f| f.case == CaseId(1) && f.network == Network::from("mastodon")));
}

#[test]
fn a_command_is_taken_only_through_the_doors_of_its_row() {
    let mut w = world();
    w.posts(&post("p1", "carla", COMPLAINT));
    w.posts(&post("p2", "carla", COMPLAINT));
    for row in table::TABLE {
        for door in [Door::Slash, Door::Text, Door::Button, Door::Reaction, Door::Modal, Door::Console] {
            let args = match row.takes {
                Takes::Text | Takes::MaybeText => Args::Text("words".into()),
                Takes::Case => Args::Case(CaseId(2)),
                Takes::Person => Args::Person("bea".into()),
                Takes::Tag => Args::Tag("vip".into(), false),
                Takes::Priority => Args::Priority(Priority::High),
                Takes::For => Args::For(MINUTE_MS),
                _ => Args::None,
            };
            let command = Command {
                id: format!("{}-{door:?}", row.name),
                by: "olga".into(),
                door,
                room: "console".into(),
                thread: None,
                lang: Lang::En,
                verb: row.verb,
                case: row.on_case.then_some(CaseId(1)),
                args,
            };
            let refused = match w.give(vec![Input::Command(command)]).remove(0) {
                Ack::Answered(answer) => answer.say.code == "refused-wrong-door",
                _ => false,
            };
            assert_eq!(refused, !row.doors.contains(&door), "{} by {door:?}", row.name);
        }
    }
}

#[test]
fn undo_of_an_answer_withdraws_it_and_leaves_the_text_and_the_owner() {
    let mut w = world();
    w.posts(&post("p1", "carla", COMPLAINT));
    w.say("ana", "reply 1 On our way.");
    assert_eq!(w.say("ana", "undo 1").say.code, "done-undo-reply");
    let case = w.case(1);
    assert_eq!((case.owner.as_ref().map(|o| o.as_str()), case.status), (Some("ana"), Status::Open));
    assert_eq!(case.current_draft().map(|d| d.text.expose()), Some("On our way."));
    // What was done before the answer is not the last act any more.
    assert_eq!(w.say("ana", "undo 1").say.code, "refused-nothing-to-undo");
    assert!(w.case(1).owner.is_some());
    w.posts(&post("p2", "dani", COMPLAINT));
    w.say("ana", "claim 2");
    w.say("ana", "draft 2 A text.");
    assert_eq!(w.say("ana", "undo 2").say.code, "done-undo");
    let case = w.case(2);
    assert!(case.current_draft().is_none() && case.owner.is_some(), "the draft is taken back, not the claim before it");
    w.say("ana", "note 2 Called them.");
    assert_eq!(w.say("ana", "undo 2").say.code, "refused-nothing-to-undo");
    assert!(w.case(2).owner.is_some());
    w.wait(MINUTE_MS);
    assert!(w.published.is_empty());
}

#[test]
fn a_private_message_called_back_is_not_lost() {
    let mut p = policy();
    p.privacy.dm_room = Some("vault".into());
    let mut w = World::new(p);
    w.posts(&post("p1", "carla", COMPLAINT));
    w.say("ana", "handoff 1 Dear Carla, your code is {code}.");
    assert_eq!(w.say("ana", "undo 1").say.code, "done-undo-handoff");
    assert!(w.say("ana", "handoff 1").ok);
    w.wait(11 * SECOND_MS);
    let code = w.case(1).code;
    let private = |w: &World| w.published.iter().map(|p| p.send.text.expose().to_owned()).collect::<Vec<_>>();
    assert_eq!(private(&w), [format!("Dear Carla, your code is {code}.")]);
    w.posts(&dm("d1", "carla", "Order 12."));
    w.say("ana", "dm 1 Order 12 left the dock.");
    assert_eq!(w.say("ana", "undo 1").say.code, "done-undo-dm");
    assert!(w.case(1).current_draft().is_none(), "what was meant for private eyes is no draft of a public answer");
    // It stands where it may be read, to be copied, and nowhere else.
    let rooms = w.seen("Order 12 left the dock.");
    assert!(rooms.iter().filter(|r| r.as_str() == "vault").count() >= 2, "{rooms:?}");
    assert!(rooms.iter().all(|r| r.as_str() == "vault"), "{rooms:?}");
    assert!(w.say("ana", "dm 1").ok);
    w.wait(11 * SECOND_MS);
    assert_eq!(private(&w).last().map(String::as_str), Some("Order 12 left the dock."));
    assert_eq!(w.say("ana", "dm 1").say.code, "refused-usage", "it is sent after all once");
}

#[test]
fn a_private_message_that_may_belong_to_several_handoffs_says_so_where_it_goes() {
    let mut w = world();
    for (n, id) in [(1, "p1"), (2, "p2"), (3, "p3")] {
        w.posts(&post(id, "carla", COMPLAINT));
        w.say("ana", &format!("handoff {n}"));
        w.wait(11 * SECOND_MS);
    }
    assert_eq!(w.cases(), 3);
    w.say("ana", "note 2 Looked into it.");
    w.wait(SECOND_MS);
    w.posts(&dm("d1", "carla", "About the blue one."));
    assert_eq!((w.cases(), w.case(2).posts.len()), (3, 2));
    let others = Event::OtherHandoffs { others: vec![CaseId(3), CaseId(1)] };
    assert_eq!(w.shown(2).iter().filter(|e| **e == others).count(), 1, "{:?}", w.shown(2));
    // Staff choose.
    assert!(w.say("ana", "merge 2 1").ok);
    assert!(w.case(1).posts.iter().any(|p| p.post.is_dm()));
    // With one other left it is said again; where there is none, nothing is.
    w.say("ana", "resolve 3");
    w.posts(&dm("d2", "carla", "And the red one."));
    assert!(!w.shown(1).iter().any(|e| matches!(e, Event::OtherHandoffs { .. })));
}

#[test]
fn our_answer_deleted_on_the_network_is_told_and_the_customer_waits_again() {
    let mut w = world();
    let first = post("p1", "carla", COMPLAINT);
    w.posts(&first);
    w.say("ana", "reply 1 It arrives tomorrow.");
    w.wait(11 * SECOND_MS);
    assert_eq!((w.case(1).status, w.case(1).answer_due), (Status::Waiting, None));
    let followed = w.engine.followed(w.now).unwrap();
    let ours = PostRef::Local { account: "main".into(), local_id: "l-pub-1".into() };
    assert!(followed.iter().any(|(_, posts)| posts.contains(&ours)), "nobody looks whether it still stands");
    w.net(NetEvent::Deleted { post: ours.clone(), at: w.now });
    w.run();
    let case = w.case(1);
    assert_eq!(case.sends[0].state, SendState::Stopped(StopReason::DeletedThere));
    assert_eq!(case.status, Status::Open);
    assert!(case.answer_due.is_some() && case.first_answer_at.is_some());
    assert!(w.shown(1).contains(&Event::AnswerGone { send: 1 }));
    w.net(NetEvent::Deleted { post: ours, at: w.now });
    w.run();
    assert_eq!(w.shown(1).iter().filter(|e| matches!(e, Event::AnswerGone { .. })).count(), 1);
    assert_eq!(w.say("luis", "retract 1").say.code, "refused-nothing-published");
    // Our own retraction is none of this, whichever comes first: its receipt or the network's word.
    w.say("ana", "reply 1 It arrives on Friday.");
    w.wait(11 * SECOND_MS);
    w.say("luis", "retract 1");
    w.now = w.now.plus(11 * SECOND_MS);
    let delivery = w.due().into_iter().find(|d| matches!(d.body, sereno::engine::Body::Send { .. })).unwrap();
    w.net(NetEvent::Deleted { post: PostRef::World("pub-2".into()), at: w.now });
    let done = w.perform(delivery);
    w.give(vec![done]);
    w.run();
    assert_eq!(w.case(1).sends[1].state, SendState::Stopped(StopReason::Retracted));
    assert_eq!(w.shown(1).iter().filter(|e| matches!(e, Event::AnswerGone { .. })).count(), 1);
}

#[test]
fn refusals_say_what_is_wrong_and_what_would_be_right() {
    let mut w = world();
    w.posts(&post("p1", "carla", COMPLAINT));
    let cases = [
        ("claim 2 3", "refused-too-much"),
        ("list nobody", "refused-not-one-of"),
        ("priority 1 foo", "refused-not-one-of"),
        ("digest never", "refused-not-one-of"),
        ("merge 1 x", "refused-not-a-case"),
        ("merge 1", "refused-usage"),
        ("note 1", "refused-usage"),
        ("tag 1 -", "refused-bad-label"),
        ("discard 1", "refused-nothing-to-discard"),
        ("assign 1 bob", "refused-unknown-person"),
        ("assign 1 vera", "refused-unknown-person"),
    ];
    for (line, code) in cases {
        assert_eq!(w.say("luis", line).say.code, code, "{line}");
    }
    let said = format!("{:?}", w.say("luis", "assign 1 bob").say);
    for name in ["ANA", "BEA", "LUIS", "OLGA"] {
        assert!(said.contains(name), "{said}");
    }
    assert!(!said.contains("VERA"), "a viewer cannot take a case: {said}");
}
