//! What staff are promised, told as stories.

use crate::world::*;
use sereno::case::*;
use sereno::clock::{MINUTE_MS, SECOND_MS};
use sereno::command::{Args, Command, Door, Takes, table};
use sereno::digest::FactKind;
use sereno::engine::{Ack, Input};
use sereno::outbox::Outcome;
use sereno::policy::{Approval, Lang};
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

/// A world in which `reply` of an agent waits for approval.
fn asking() -> World {
    let mut p = policy();
    p.reply.approval = Approval::Agents;
    let mut w = World::new(p);
    w.posts(&post("p1", "carla", COMPLAINT));
    w
}

#[test]
fn what_is_approved_is_the_text_that_was_read() {
    let mut w = asking();
    w.say("ana", "reply 1 It arrives tomorrow.");
    // The drafter swaps the text just before the lead's word comes.
    w.say("ana", "reply 1 You will never see it again.");
    let refused = w.say("luis", "approve 1");
    assert_eq!((refused.ok, refused.say.code.as_str(), refused.send), (false, "refused-new-text", Some(2)));
    assert!(w.shows(&refused).contains("You will never see it again."), "{}", w.shows(&refused));
    // The number of the text that was read before does not do either.
    assert_eq!(w.say("luis", "approve 1 1").say.code, "refused-other-text");
    w.wait(MINUTE_MS);
    assert!(w.published.is_empty());
    let told = w.say("luis", "approve 1 2");
    assert_eq!((told.ok, told.say.code.as_str()), (true, "done-approve"));
    assert!(w.shows(&told).contains("You will never see it again."), "{}", w.shows(&told));
    w.wait(11 * SECOND_MS);
    assert_eq!(w.replies(), ["You will never see it again."]);
}

#[test]
fn approval_needs_no_number_for_the_only_text_nor_for_one_that_stood_there_a_while() {
    let mut w = asking();
    w.say("ana", "reply 1 It arrives tomorrow.");
    assert!(w.say("luis", "approve 1").ok, "there was no other text to be read");
    w.wait(11 * SECOND_MS);
    w.say("ana", "reply 1 One more thing.");
    assert_eq!(w.say("luis", "approve 1").say.code, "refused-new-text", "it could be meant for the first");
    w.wait(21 * SECOND_MS);
    assert!(w.say("luis", "approve 1").ok);
    w.wait(11 * SECOND_MS);
    assert_eq!(w.replies().len(), 2);
    // It counts from when the text stands in the room, not from when it was asked for.
    w.give(vec![Input::Command(w.command("slow", "ana", "reply 1 And a third."))]);
    w.now = w.now.plus(MINUTE_MS);
    assert_eq!(w.say_as("early", "luis", "approve 1").say.code, "refused-new-text");
}

#[test]
fn the_button_beside_a_text_approves_that_text_alone() {
    let mut w = asking();
    w.say("ana", "reply 1 It arrives tomorrow.");
    let press =
        |w: &World, id: &str, version| Command { door: Door::Button, args: Args::Version(version), ..w.command(id, "luis", "approve 1") };
    let first = press(&w, "first", 1);
    assert_eq!(w.seen("approve 1 1").len(), 0, "the first text needs no number");
    w.say("ana", "reply 1 It arrives on Friday.");
    assert!(!w.seen("approve 1 2").is_empty(), "the next is named by its number");
    let Ack::Answered(answer) = w.give(vec![Input::Command(first)]).remove(0) else { panic!("no answer") };
    assert_eq!(answer.say.code, "refused-other-text");
    let second = press(&w, "second", 2);
    let Ack::Answered(answer) = w.give(vec![Input::Command(second)]).remove(0) else { panic!("no answer") };
    assert!(answer.ok);
}

#[test]
fn the_buttons_of_a_draft_are_about_that_draft_alone() {
    let mut w = world();
    w.posts(&post("p1", "carla", COMPLAINT));
    let press = |w: &mut World, id: &str, line: &str, args: Args| {
        let command = Command { door: Door::Button, args, ..w.command(id, "ana", line) };
        let Ack::Answered(answer) = w.give(vec![Input::Command(command)]).remove(0) else { panic!("no answer") };
        answer
    };
    w.say("ana", "draft 1 It arrives tomorrow.");
    w.say("bea", "draft 1 It arrives on Friday.");
    for line in ["reply 1", "discard 1"] {
        let answer = press(&mut w, line, line, Args::Draft(1));
        assert_eq!((answer.ok, answer.say.code.as_str()), (false, "refused-other-draft"), "{line}");
        let shown = w.shows(&answer);
        assert!(shown.contains("It arrives on Friday."), "{shown}");
    }
    assert_eq!(w.case(1).current_draft().map(|d| d.id), Some(2), "nothing was thrown away");
    let form = |w: &World, draft| {
        let command = Command { door: Door::Modal, args: Args::Draft(draft), ..w.command("", "ana", "draft 1 x") };
        w.engine.form(w.now, &command).unwrap()
    };
    assert_eq!(form(&w, 1).err().map(|r| r.say().code).as_deref(), Some("refused-other-draft"));
    assert_eq!(form(&w, 2).unwrap().text, "It arrives on Friday.");
    assert!(press(&mut w, "send", "reply 1", Args::Draft(2)).ok);
    // Pressed again by another id while it waits: what is on its way is shown.
    let answer = press(&mut w, "again", "reply 1", Args::Draft(2));
    assert_eq!(answer.say.code, "refused-text-gone-now");
    assert!(w.shows(&answer).contains("It arrives on Friday."));
    w.wait(11 * SECOND_MS);
    assert_eq!(press(&mut w, "late", "discard 1", Args::Draft(2)).say.code, "refused-text-gone");
    // Nor does an old *Cancel* call back anything else.
    assert_eq!(press(&mut w, "cancel", "undo 1", Args::Version(1)).say.code, "refused-text-gone");
    assert_eq!(w.replies(), ["It arrives on Friday."]);
}

#[test]
fn the_id_of_one_command_does_not_answer_another() {
    let mut w = world();
    w.posts(&post("p1", "carla", COMPLAINT));
    w.posts(&post("p2", "dani", COMPLAINT));
    assert!(w.say_as("x", "ana", "claim 1").ok);
    for (by, line) in
        [("ana", "claim 2"), ("bea", "claim 1"), ("ana", "release 1"), ("ana", "note 1 Mine."), ("ana", "list"), ("ana", "help")]
    {
        let answer = w.say_as("x", by, line);
        assert_eq!((answer.ok, answer.say.code.as_str()), (false, "refused-id-used"), "{by}: {line}");
    }
    assert_eq!((w.case(1).owner, w.case(2).owner), (Some("ana".into()), None));
    // The same command is answered as before, also after a restart.
    w.restart(SECOND_MS);
    let again = w.say_as("x", "ana", "claim 1");
    assert_eq!((again.ok, again.say.code.as_str()), (true, "done-claim"));
    assert_eq!(w.say_as("x", "ana", "claim 2").say.code, "refused-id-used");
    // Within one batch as well.
    let commands = ["claim 2", "release 2", "list"].map(|line| Input::Command(w.command("y", "ana", line)));
    let codes = w.give(commands.into()).into_iter().map(|ack| match ack {
        Ack::Answered(answer) => answer.say.code,
        other => panic!("{other:?}"),
    });
    assert_eq!(codes.collect::<Vec<_>>(), ["done-claim", "refused-id-used", "refused-id-used"]);
    // A refusal is remembered too, for what it refused.
    assert_eq!(w.say_as("z", "bea", "claim 1").say.code, "refused-owned-by");
    w.say("ana", "release 1");
    assert_eq!(w.say_as("z", "bea", "claim 1").say.code, "refused-owned-by");
    assert_eq!(w.say_as("z", "bea", "claim 2").say.code, "refused-id-used");
}
