//! Networks where each version of a post has an id of its own, where private messages answer nothing, and where people say
//! who may write to them: what the core makes of what they tell.

use crate::world::{World, dm, post, reply_to};
use sereno::case::{Event, SendState, StopReason};
use sereno::clock::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Time};
use sereno::engine::Input;
use sereno::outbox::{Look, Outcome, Receipt};
use sereno::policy::DmRoute;
use sereno::post::{Author, NetEvent, Parent, Post, PostRef, Untrusted};

const COMPLAINT: &str = "My order never came. Where is it?";

fn world() -> World {
    World::new(crate::world::policy())
}

/// The same post in another version.
fn edited(of: &Post, local_id: &str, at: Time) -> Post {
    Post { local_id: local_id.into(), text: Untrusted::new("In other words."), edited_at: Some(at), ..of.clone() }
}

fn gone(local_id: &str, at: Time) -> NetEvent {
    NetEvent::Deleted { post: PostRef::Local { account: "main".into(), local_id: local_id.into() }, at }
}

#[test]
fn a_post_that_was_edited_goes_by_the_name_of_either_version() {
    for name in ["l-p1", "v2"] {
        let mut w = world();
        let first = post("p1", "carla", COMPLAINT);
        w.posts(&first);
        w.net(NetEvent::Edited(edited(&first, "v2", w.now)));
        w.say("ana", "reply 1 On our way.");
        assert_eq!(w.case(1).sends[0].target_local, "v2", "answers go to the newest");
        w.net(gone(name, w.now));
        assert!(w.case(1).posts[0].deleted_at.is_some(), "{name}");
        assert!(w.case(1).posts[0].post.text.is_empty());
    }
}

#[test]
fn an_edit_that_another_account_heard_of_first_is_answered_by_its_own_name_once_that_is_known() {
    let mut w = world();
    let first = post("p1", "carla", COMPLAINT);
    w.posts(&first);
    let newer = edited(&first, "v2", w.now);
    w.give(vec![Input::Net("shop".into(), NetEvent::Edited(Post { account: "shop".into(), ..newer.clone() }))]);
    assert_eq!(w.case(1).posts[0].post.local_id, "l-p1");
    w.net(NetEvent::Edited(newer));
    assert_eq!((w.case(1).posts[0].post.local_id.as_str(), w.case(1).posts[0].edits), ("v2", 1), "told twice, changed once");
    // And the answer to whatever version finds its case.
    let parent = Parent { id: Some("unknown".into()), local_id: "v2".into(), author: Some("carla".into()) };
    w.posts(&Post { parent: Some(parent), ..reply_to(&first, "p2", "carla", "Hello?") });
    assert_eq!((w.cases(), w.case(1).posts.len()), (1, 2));
}

/// A private message of ours as it comes back where such messages answer nothing.
fn echo(text: &str) -> Post {
    Post { mentions: vec!["carla".into()], root: Some("conversation".into()), ..dm("echo", "brand", text) }
}

#[test]
fn a_private_message_of_ours_that_comes_back_before_its_receipt_is_no_answer_from_outside() {
    let mut w = world();
    w.posts(&post("p1", "carla", COMPLAINT));
    w.say("ana", "handoff 1");
    w.wait(11 * SECOND_MS);
    w.posts(&dm("d1", "carla", "My booking is ABC123"));
    w.say("ana", "dm 1 Found it, see acme.example/help");
    w.faults.push_back(Outcome::Unknown { why: "time-out".into() });
    w.looks.push_back(Look::Retry { why: "down".into(), after_ms: Some(HOUR_MS) });
    w.wait(MINUTE_MS);
    assert!(matches!(w.case(1).sends[1].state, SendState::Unknown { .. }));
    // Links are written out there.
    w.posts(&echo("Found it, see https://acme.example/help/"));
    assert!(matches!(&w.case(1).sends[1].state, SendState::Published { id, .. } if id.as_str() == "echo"));
    assert!(!w.shown(1).iter().any(|e| matches!(e, Event::AnsweredOutside { .. })), "{:?}", w.shown(1));
}

#[test]
fn who_takes_one_message_until_they_answer_gets_no_second_by_a_handoff_after_the_end() {
    let mut w = world();
    let until = w.now.plus(7 * DAY_MS);
    let once = |of: Post| Post { author: Author { route: Some(DmRoute::OneShot { until }), ..of.author.clone() }, ..of };
    w.posts(&once(post("p1", "carla", COMPLAINT)));
    w.say("ana", "handoff 1");
    w.wait(11 * SECOND_MS);
    assert_eq!(w.published.len(), 1);
    w.say("ana", "resolve 1");
    w.say("ana", "reopen 1");
    assert_eq!(w.say("ana", "handoff 1").say.code, "refused-route-shut");
    w.posts(&once(dm("d1", "carla", "My booking is ABC123")));
    assert_eq!(w.say("ana", "dm 1 Found it.").say.code, "done-dm");
}

#[test]
fn what_a_person_wants_tried_again_is_looked_for_once_more_if_it_leaves_hours_later() {
    let mut w = world();
    w.posts(&post("p1", "carla", COMPLAINT));
    w.say("ana", "reply 1 On our way.");
    w.faults.push_back(Outcome::Unknown { why: "time-out".into() });
    w.looks.push_back(Look::CannotTell);
    w.wait(HOUR_MS);
    w.say("luis", "pause");
    let entry = w.engine.outbox().pop().unwrap().entry.id;
    w.give(vec![Input::Outbox { entry, retry: true }]);
    // It lands while sending is paused, and nothing that the network streams says so.
    w.looks.push_back(Look::Found(Receipt { native_id: "9".into(), post: Some("late".into()), url: None }));
    w.wait(3 * HOUR_MS);
    w.say("luis", "resume");
    w.wait(MINUTE_MS);
    assert!(w.published.is_empty(), "not once more");
    assert!(matches!(&w.case(1).sends[0].state, SendState::Published { id, .. } if id.as_str() == "late"));
}

#[test]
fn what_was_in_doubt_and_then_refused_and_stood_after_all_is_ours() {
    let mut w = world();
    let first = post("p1", "carla", COMPLAINT);
    w.posts(&first);
    w.say("ana", "reply 1 On our way.");
    w.faults.push_back(Outcome::Unknown { why: "time-out".into() });
    w.looks.push_back(Look::Absent);
    w.faults.push_back(Outcome::Refused { why: "422".into() });
    w.wait(MINUTE_MS);
    assert!(matches!(&w.case(1).sends[0].state, SendState::Stopped(StopReason::Refused(_))));
    // The server finishes what it began with the first try.
    w.posts(&reply_to(&first, "echo", "brand", "@carla On our way."));
    assert!(matches!(&w.case(1).sends[0].state, SendState::Published { id, .. } if id.as_str() == "echo"));
    assert!(w.shown(1).contains(&Event::StoodAfterAll { send: 1 }), "{:?}", w.shown(1));
}
