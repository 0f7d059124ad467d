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
