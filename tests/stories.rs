//! What the core promises, told as stories.

use crate::world::*;
use sereno::case::*;
use sereno::clock::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};
use sereno::command::Filter;
use sereno::engine::{Body, Input, Reply};
use sereno::outbox::{Effect, EntryState, Look, Outcome, Receipt};
use sereno::policy::{Approval, DmRoute, Lang, Role};
use sereno::post::*;
use sereno::store::Store;

const COMPLAINT: &str = "My order never came. Where is it?";

fn world() -> World {
    World::new(policy())
}

#[test]
fn a_conversation_of_one_customer_is_one_case() {
    let mut w = world();
    let first = post("p1", "carla", COMPLAINT);
    w.posts(&first);
    w.posts(&reply_to(&first, "p2", "carla", "It has been two weeks now."));
    assert_eq!(w.cases(), 1);
    assert_eq!(w.cards(), 1);
    assert_eq!(w.case(1).posts.len(), 2);
    assert!(w.shown(1).contains(&Event::Joined { post: 1 }));
    // The same posts again, by another door: nothing happens twice.
    let before = w.chat.len();
    w.posts(&first);
    w.posts(&reply_to(&first, "p2", "carla", "It has been two weeks now."));
    assert_eq!((w.cases(), w.chat.len()), (1, before));
}

#[test]
fn others_in_the_conversation_are_shown_as_others() {
    let mut w = world();
    let first = post("p1", "carla", COMPLAINT);
    w.posts(&first);
    w.posts(&reply_to(&first, "p2", "dani", "So sorry to read that."));
    assert_eq!(w.cases(), 1);
    let case = w.case(1);
    assert_eq!(case.customer.id, AuthorId::from("carla"));
    assert_eq!(case.posts[1].voice, Voice::Other);
    assert!(w.shown(1).contains(&Event::OtherSpoke { post: 1 }));
    // An answer still goes to the customer's own post.
    w.say("ana", "reply 1 We are looking for it.");
    w.wait(11 * SECOND_MS);
    assert_eq!(w.published[0].send.target, Some(PostId::from("p1")));
    assert_eq!(w.published[0].send.to.id, AuthorId::from("carla"));
}

#[test]
fn a_post_that_came_before_its_conversation_was_known_finds_its_place_later() {
    let mut w = world();
    let first = post("p1", "carla", COMPLAINT);
    let cheer = Post { reach: Reach::Followed, ..reply_to(&first, "p2", "dani", "So sorry to read that.") };
    // The stream had it before reconciliation had what it answers.
    w.posts(&cheer);
    assert_eq!(w.cases(), 0);
    w.posts(&first);
    w.posts(&cheer);
    assert_eq!(w.cases(), 1);
    assert!(w.shown(1).contains(&Event::OtherSpoke { post: 1 }));
    // Followed by one account, and spoken to another: the mention is not taken for old news.
    let other = Post { reach: Reach::Followed, ..post("p3", "eva", COMPLAINT) };
    w.posts(&other);
    w.posts(&Post { reach: Reach::Mention, ..other });
    assert_eq!(w.cases(), 2);
}

#[test]
fn a_bystanders_own_complaint_is_a_linked_case() {
    let mut w = world();
    let first = post("p1", "carla", COMPLAINT);
    w.posts(&first);
    w.posts(&reply_to(&first, "p2", "dani", "Same here, my order is missing too! When do I get my money back?"));
    assert_eq!(w.cases(), 2);
    assert_eq!(w.case(2).customer.id, AuthorId::from("dani"));
    assert_eq!(w.case(2).links, vec![CaseId(1)]);
    assert!(w.case(1).links.contains(&CaseId(2)));
}

#[test]
fn an_edit_is_followed_and_what_showed_the_post_is_brought_up_to_date() {
    let mut w = world();
    let first = post("p1", "carla", COMPLAINT);
    let second = reply_to(&first, "p2", "carla", "Order 12, please.");
    w.posts(&first);
    w.posts(&second);
    w.edits(&second, "Order 13, please.");
    let case = w.case(1);
    assert_eq!(case.posts[1].post.text.expose(), "Order 13, please.");
    assert!(w.shown(1).contains(&Event::Edited { post: 1 }));
    let updated = w.chat.iter().any(|(_, d)| matches!(d.entry.effect, sereno::outbox::Effect::EntryUpdate { event, .. } if event == 1));
    assert!(updated, "the entry that showed the old text was not brought up to date");
    // An older version that comes late changes nothing.
    w.posts(&second);
    assert_eq!(w.case(1).posts[1].post.text.expose(), "Order 13, please.");
}

#[test]
fn a_deletion_takes_the_text_away_and_stops_an_answer_to_it() {
    let mut w = world();
    let first = post("p1", "carla", COMPLAINT);
    w.posts(&first);
    w.say("ana", "reply 1 On our way.");
    w.deletes(&first);
    w.wait(MINUTE_MS);
    let case = w.case(1);
    assert!(case.posts[0].deleted_at.is_some() && case.posts[0].post.text.is_empty());
    assert!(w.published.is_empty());
    assert_eq!(case.sends[0].state, SendState::Stopped(StopReason::TargetGone));
}

#[test]
fn a_deletion_that_comes_first_hides_the_post_for_good() {
    let mut w = world();
    let first = post("p1", "carla", COMPLAINT);
    w.deletes(&first);
    w.posts(&first);
    w.posts(&first);
    assert_eq!((w.cases(), w.cards()), (0, 0));
}

#[test]
fn the_brands_own_posts_never_become_cases() {
    let mut w = world();
    w.posts(&post("own1", "brand", "Good morning! Ask us anything?"));
    assert_eq!(w.cases(), 0);
    let first = post("p1", "carla", COMPLAINT);
    w.posts(&first);
    w.say("ana", "reply 1 We are looking for it.");
    w.wait(11 * SECOND_MS);
    // The echo of our own answer.
    let mut echo = reply_to(&first, "pub-1", "brand", "@carla We are looking for it.");
    echo.local_id = "l-pub-1".into();
    w.posts(&echo);
    assert_eq!(w.cases(), 1);
    assert!(!w.shown(1).iter().any(|e| matches!(e, Event::AnsweredOutside { .. })));
}

#[test]
fn an_echo_that_overtakes_its_receipt_settles_the_send() {
    let mut w = world();
    let first = post("p1", "carla", COMPLAINT);
    w.posts(&first);
    w.say("ana", "reply 1 We are looking for it.");
    w.now = w.now.plus(11 * SECOND_MS);
    let delivery = w.due().into_iter().find(|d| matches!(d.body, sereno::engine::Body::Send { .. })).unwrap();
    let input = w.perform(delivery);
    let mut echo = reply_to(&first, "pub-1", "brand", "@carla We are looking for it.");
    echo.local_id = "l-pub-1".into();
    w.posts(&echo);
    assert!(matches!(w.case(1).sends[0].state, SendState::Published { .. }));
    w.give(vec![input]);
    w.run();
    assert_eq!(w.shown(1).iter().filter(|e| matches!(e, Event::Published { .. })).count(), 1);
    assert!(!w.shown(1).iter().any(|e| matches!(e, Event::AnsweredOutside { .. })));
}

#[test]
fn an_answer_given_elsewhere_stops_the_clock_and_holds_what_waits() {
    let mut w = world();
    let first = post("p1", "carla", COMPLAINT);
    w.posts(&first);
    w.say("ana", "reply 1 We are looking for it.");
    w.posts(&reply_to(&first, "own1", "brand", "Hello Carla, it arrives tomorrow."));
    w.wait(MINUTE_MS);
    let case = w.case(1);
    assert!(w.published.is_empty());
    assert_eq!(case.sends[0].state, SendState::Held(HoldReason::AnsweredOutside));
    assert_eq!((case.status, case.answer_due), (Status::Waiting, None));
    assert!(case.first_answer_at.is_some());
    // Staff may still send it.
    w.say("ana", "reply 1");
    w.wait(MINUTE_MS);
    assert_eq!(w.replies(), ["We are looking for it."]);
}

#[test]
fn reposts_are_counted_once_and_never_ticketed() {
    let mut w = world();
    let first = post("p1", "carla", COMPLAINT);
    w.posts(&first);
    for id in ["r1", "r2", "r1"] {
        w.net(NetEvent::Reposted { id: id.into(), post: PostRef::World("p1".into()) });
    }
    w.run();
    assert_eq!((w.cases(), w.case(1).reposts), (1, 2));
}

#[test]
fn a_wave_of_reposts_raises_the_priority_with_its_reason() {
    let mut w = world();
    w.posts(&post("p1", "carla", "Is your office open today?"));
    let before = w.case(1).priority;
    let engagement = Engagement { reposts: 40, ..Engagement::default() };
    w.net(NetEvent::Engagement { post: PostRef::World("p1".into()), engagement });
    w.run();
    assert!(w.case(1).priority > before);
    assert!(w.shown(1).iter().any(|e| matches!(e, Event::PriorityRaised { .. })));
}

#[test]
fn a_post_that_names_two_of_our_accounts_is_one_case() {
    let mut w = world();
    let first = post("p1", "carla", COMPLAINT);
    w.posts(&first);
    w.posts(&Post { account: "shop".into(), local_id: "other-server-9".into(), ..first.clone() });
    assert_eq!((w.cases(), w.cards()), (1, 1));
    // A deletion told by the other account's server is understood.
    w.net(NetEvent::Deleted { post: PostRef::Local { account: "shop".into(), local_id: "other-server-9".into() }, at: w.now });
    w.run();
    assert!(w.case(1).posts[0].deleted_at.is_some());
}

#[test]
fn thanks_are_a_case_of_low_priority() {
    let mut w = world();
    w.posts(&post("p1", "carla", "Thank you so much, the crew was wonderful!"));
    assert_eq!((w.cases(), w.case(1).priority), (1, Priority::Low));
}

#[test]
fn the_first_claim_wins_and_the_other_is_told_who() {
    let mut w = world();
    w.posts(&post("p1", "carla", COMPLAINT));
    assert!(w.say("ana", "claim 1").ok);
    let second = w.say("bea", "tomar 1");
    assert!(!second.ok);
    assert_eq!(second.say.code, "refused-owned-by");
    assert_eq!(w.case(1).owner, Some("ana".into()));
    // The same command again, as a chat redelivers it: the same answer, nothing done.
    let first = w.say_as("again", "bea", "claim 1");
    let again = w.say_as("again", "bea", "claim 1");
    assert_eq!(first, again);
}

#[test]
fn a_reply_waits_its_window_and_can_be_undone() {
    let mut w = world();
    w.posts(&post("p1", "carla", COMPLAINT));
    assert!(w.say("ana", "reply 1 On our way.").ok);
    assert_eq!(w.case(1).owner, Some("ana".into()), "a reply claims a case that nobody owns");
    w.wait(5 * SECOND_MS);
    assert!(w.published.is_empty());
    assert!(w.say("ana", "undo 1").ok);
    w.wait(MINUTE_MS);
    assert!(w.published.is_empty());
    w.say("ana", "reply 1 On our way, Carla.");
    w.wait(11 * SECOND_MS);
    assert_eq!(w.replies(), ["On our way, Carla."]);
    assert_eq!(w.case(1).status, Status::Waiting);
    assert!(!w.say("ana", "undo 1").ok);
}

#[test]
fn a_reply_on_anothers_case_is_refused() {
    let mut w = world();
    w.posts(&post("p1", "carla", COMPLAINT));
    w.say("ana", "claim 1");
    assert_eq!(w.say("bea", "reply 1 Hello").say.code, "refused-owned-by");
    assert_eq!(w.say("vera", "reply 1 Hello").say.code, "refused-needs-role");
    assert_eq!(w.say("stranger", "reply 1 Hello").say.code, "refused-not-staff");
}

#[test]
fn a_reply_is_paused_when_the_customer_writes_meanwhile() {
    let mut w = world();
    let first = post("p1", "carla", COMPLAINT);
    w.posts(&first);
    w.say("ana", "reply 1 Which order?");
    w.posts(&reply_to(&first, "p2", "carla", "It is order 12 by the way."));
    w.wait(MINUTE_MS);
    assert!(w.published.is_empty());
    assert!(w.shown(1).contains(&Event::Held { send: 1, because: HoldReason::CustomerWrote }));
    w.say("ana", "reply 1");
    w.wait(11 * SECOND_MS);
    assert_eq!(w.replies(), ["Which order?"]);
    assert_eq!(w.published[0].send.target, Some(PostId::from("p2")), "it answers what the customer said last");
}

#[test]
fn approval_is_bound_to_the_exact_text_and_never_ones_own() {
    let mut p = policy();
    p.reply.approval = Approval::Agents;
    let mut w = World::new(p);
    w.posts(&post("p1", "carla", COMPLAINT));
    w.say("ana", "draft 1 We refund you.");
    w.say("ana", "reply 1");
    w.wait(MINUTE_MS);
    assert!(w.published.is_empty());
    assert_eq!(w.say("ana", "approve 1").say.code, "refused-needs-role");
    // A newer draft voids what waited.
    w.say("ana", "draft 1 We refund you twice.");
    assert_eq!(w.say("luis", "approve 1").say.code, "refused-nothing-to-approve");
    w.say("ana", "reply 1");
    assert!(w.say("luis", "approve 1 2").ok);
    w.wait(11 * SECOND_MS);
    assert_eq!(w.replies(), ["We refund you twice."]);
    assert_eq!(w.published[0].send.approved_by, Some("luis".into()));
}

#[test]
fn what_a_lead_drafted_another_must_approve() {
    let mut p = policy();
    p.reply.approval = Approval::All;
    let mut w = World::new(p);
    w.posts(&post("p1", "carla", COMPLAINT));
    w.say("luis", "draft 1 We refund you.");
    w.say("luis", "reply 1");
    assert_eq!(w.say("luis", "approve 1").say.code, "refused-own-draft");
    assert!(w.say("olga", "approve 1").ok);
    w.wait(11 * SECOND_MS);
    assert_eq!(w.replies().len(), 1);
}

#[test]
fn a_right_revoked_between_click_and_send_stops_the_send() {
    let mut w = world();
    w.posts(&post("p1", "carla", COMPLAINT));
    w.say("ana", "reply 1 On our way.");
    w.set_policy(|p| p.people.get_mut(&"ana".into()).unwrap().role = Role::Viewer);
    w.wait(MINUTE_MS);
    assert!(w.published.is_empty());
    assert_eq!(w.case(1).sends[0].state, SendState::Stopped(StopReason::RightLost));
}

#[test]
fn pause_stops_all_sending_until_resume() {
    let mut w = world();
    w.posts(&post("p1", "carla", COMPLAINT));
    w.posts(&post("p2", "dora", COMPLAINT));
    w.say("ana", "reply 1 One.");
    w.say("ana", "handoff 2");
    assert_eq!(w.say("ana", "pause").say.code, "refused-needs-role");
    assert!(w.say("luis", "pausa").ok);
    w.wait(HOUR_MS);
    assert!(w.published.is_empty());
    w.posts(&post("p3", "eva", COMPLAINT));
    assert_eq!(w.cards(), 3, "the chat goes on");
    assert!(w.say("luis", "resume").ok);
    w.wait(SECOND_MS);
    assert_eq!(w.published.len(), 2);
}

#[test]
fn spam_is_hidden_counted_and_can_be_restored() {
    let mut w = world();
    w.posts(&post("p1", "carla", COMPLAINT));
    assert!(w.say("ana", "spam 1").ok);
    assert_eq!(w.case(1).status, Status::Quarantined);
    let Reply::List { cases, .. } = w.query("vera", "list spam") else { panic!() };
    assert_eq!(cases.len(), 1);
    let Reply::Digest(figures) = w.query("vera", "digest") else { panic!() };
    assert_eq!(figures.hidden, 1);
    assert!(w.say("ana", "restore 1").ok);
    assert!(w.case(1).status.is_open());
}

#[test]
fn what_a_quarantined_case_hid_is_shown_once_it_is_restored() {
    let mut p = policy();
    p.triage.spam_words = vec!["casino".into()];
    let mut w = World::new(p);
    let first = post("p1", "carla", "Best casino bonus here");
    w.posts(&first);
    assert_eq!((w.cases(), w.cards(), w.case(1).status), (1, 0, Status::Quarantined));
    w.posts(&reply_to(&first, "p2", "carla", "More casino here"));
    assert_eq!(w.chat.len(), 0);
    w.say("ana", "restore 1");
    assert_eq!(w.cards(), 1);
    assert!(w.shown(1).contains(&Event::Joined { post: 1 }));
}

#[test]
fn a_handoff_goes_private_and_its_answers_join_the_case() {
    let mut w = world();
    w.posts(&post("p1", "carla", COMPLAINT));
    assert_eq!(w.say("ana", "dm 1 hi").say.code, "refused-no-handoff");
    w.say("ana", "handoff 1");
    w.wait(11 * SECOND_MS);
    let opener = &w.published[0].send;
    assert_eq!((opener.kind.clone(), opener.target.clone()), (SendKind::Handoff, None));
    assert!(opener.text.expose().contains(&w.case(1).code), "the customer gets the code");
    assert_eq!(w.case(1).status, Status::Private);
    w.posts(&dm("d1", "carla", "My booking is ABC123"));
    assert_eq!(w.cases(), 1);
    assert!(w.shown(1).contains(&Event::DmReceived { post: 1 }));
    w.say("ana", "dm 1 Found it, thank you.");
    w.wait(11 * SECOND_MS);
    assert_eq!(w.published[1].send.target, Some(PostId::from("d1")));
    // A public reply still answers the public post, never the DM.
    w.say("ana", "reply 1 Sorted out in private.");
    w.wait(11 * SECOND_MS);
    assert_eq!(w.published[2].send.target, Some(PostId::from("p1")));
}

#[test]
fn dms_are_shown_in_the_private_room_alone() {
    let mut p = policy();
    p.privacy.dm_room = Some("secret".into());
    p.privacy.private_rooms = vec!["secret".into()];
    let mut w = World::new(p);
    w.posts(&dm("d1", "carla", "My booking is ABC123"));
    let rooms: std::collections::BTreeSet<String> =
        w.chat.iter().filter(|(_, d)| matches!(d.entry.effect, sereno::outbox::Effect::Card { .. })).map(|(r, _)| r.to_string()).collect();
    assert_eq!(rooms.into_iter().collect::<Vec<_>>(), ["console", "secret"]);
}

#[test]
fn the_customer_who_comes_back_reopens_and_thanks_do_not() {
    let mut w = world();
    let first = post("p1", "carla", COMPLAINT);
    w.posts(&first);
    w.say("ana", "reply 1 It is on its way.");
    w.wait(11 * SECOND_MS);
    w.say("ana", "resolve 1");
    assert_eq!(w.case(1).resolution, Some(Resolution::ByAgent));
    w.posts(&reply_to(&first, "p2", "carla", "Thank you, it arrived!"));
    assert_eq!((w.case(1).status, w.case(1).resolution), (Status::Resolved, Some(Resolution::ByCustomer)));
    w.posts(&reply_to(&first, "p3", "carla", "But it is broken! What now?"));
    assert_eq!(w.case(1).status, Status::Open);
    assert!(w.shown(1).contains(&Event::Reopened { by_customer: true }));
    let Reply::Digest(figures) = w.query("vera", "digest") else { panic!() };
    assert_eq!((figures.resolved, figures.confirmed, figures.reopened), (1, 1, 1));
}

#[test]
fn after_the_reopening_time_a_new_linked_case_opens() {
    let mut w = world();
    let first = post("p1", "carla", COMPLAINT);
    w.posts(&first);
    w.say("ana", "resolve 1");
    w.wait(15 * DAY_MS);
    w.posts(&reply_to(&first, "p2", "carla", "It broke again. Help?"));
    assert_eq!(w.cases(), 2);
    assert_eq!(w.case(2).links, vec![CaseId(1)]);
    w.posts(&reply_to(&first, "p3", "carla", "Anybody there?"));
    assert_eq!(w.case(2).posts.len(), 2, "the conversation goes on in the newer case");
}

#[test]
fn merged_cases_live_on_in_one() {
    let mut w = world();
    let one = post("p1", "carla", COMPLAINT);
    let two = post("p2", "carla", "And your phone is engaged all day.");
    w.posts(&one);
    w.posts(&two);
    assert_eq!(w.cases(), 2);
    assert!(w.say("ana", "merge 2 1").ok);
    assert_eq!(w.case(2).merged_into, Some(CaseId(1)));
    w.posts(&reply_to(&two, "p3", "carla", "Still engaged. Why?"));
    let texts: Vec<String> = w.case(1).posts.iter().map(|p| p.post.id.to_string()).collect();
    assert_eq!(texts, ["p1", "p2", "p3"]);
    assert_eq!(w.say("ana", "claim 2").say.code, "refused-merged-into");
}

#[test]
fn what_a_merged_case_published_is_corrected_and_taken_back_where_it_lives_on() {
    let mut w = world();
    let one = post("p1", "carla", COMPLAINT);
    w.posts(&one);
    w.posts(&post("p2", "carla", "And your phone is engaged all day."));
    let say = |w: &mut World, line: &str| {
        assert!(w.say("luis", line).ok, "{line}");
        w.wait(11 * SECOND_MS);
    };
    say(&mut w, "reply 1 We open at eight.");
    say(&mut w, "correct 1 We open at nine.");
    say(&mut w, "reply 2 It works again.");
    w.say("luis", "merge 1 2");
    // The latest public answer first, wherever it stands in the list.
    say(&mut w, "retract 2");
    let state = |w: &World, id: u32| w.case(2).send(id).map(|s| s.state.clone());
    assert_eq!(state(&w, 1), Some(SendState::Stopped(StopReason::Retracted)));
    assert_eq!(w.say("luis", "correct 2 We open at nine.").say.code, "refused-already-so");
    assert!(matches!(state(&w, 2), Some(SendState::Published { id, .. }) if id == PostId::from("pub-1")));
    say(&mut w, "retract 2");
    assert_eq!(state(&w, 2), Some(SendState::Stopped(StopReason::Retracted)));
    assert_eq!(w.say("luis", "retract 2").say.code, "refused-nothing-published");
    // An answer to it still joins.
    w.posts(&Post {
        parent: Some(Parent { id: Some("pub-1".into()), ..Parent::default() }),
        ..post("p4", "carla", "Why did you delete that?")
    });
    assert_eq!(w.cases(), 2);
}

#[test]
fn after_a_merge_the_answer_goes_to_what_the_customer_wrote_last() {
    let mut w = world();
    w.posts(&post("p1", "carla", COMPLAINT));
    w.wait(MINUTE_MS);
    let two = post("p2", "carla", "And your phone is engaged all day.");
    w.posts(&two);
    w.wait(MINUTE_MS);
    w.posts(&reply_to(&two, "p3", "carla", "Still engaged."));
    w.say("ana", "merge 1 2");
    w.say("ana", "reply 2 We call you.");
    w.wait(11 * SECOND_MS);
    assert_eq!(w.published[0].send.target, Some(PostId::from("p3")));
}

#[test]
fn an_edit_told_by_another_accounts_server_leaves_our_own_servers_ids() {
    let mut w = world();
    let first = post("p1", "carla", COMPLAINT);
    w.posts(&first);
    let author = Author { local_id: "77".into(), ..first.author.clone() };
    let seen = Post { account: "shop".into(), local_id: "other-server-9".into(), author, ..first.clone() };
    w.edits(&seen, "Where is my parcel? It is two weeks late.");
    let stands = w.case(1).posts[0].post.clone();
    assert!(stands.text.expose().contains("two weeks"));
    assert_eq!((stands.account, stands.local_id, stands.author.local_id), ("main".into(), "l-p1".into(), "carla".into()));
    // A further post, too, is read by the other account first.
    let more = Post { account: "shop".into(), local_id: "other-server-10".into(), ..reply_to(&first, "p2", "carla", "Hello?") };
    w.posts(&Post { author: seen.author.clone(), ..more });
    w.say("ana", "handoff 1");
    w.wait(11 * SECOND_MS);
    let sent = &w.published[0].send;
    assert_eq!((sent.account.clone(), sent.to.local_id.as_str()), ("main".into(), "carla"));
    // A newer version that comes as a post is one as well.
    let again = Post { text: Untrusted::new("Solved!"), edited_at: Some(w.now), ..seen };
    w.posts(&again);
    assert_eq!(w.case(1).posts[0].post.text.expose(), "Solved!");
}

#[test]
fn an_answer_given_elsewhere_counts_from_when_it_was_given() {
    let mut w = world();
    let first = post("p1", "carla", COMPLAINT);
    w.posts(&first);
    let answered = w.now.plus(2 * MINUTE_MS);
    w.wait(HOUR_MS);
    w.posts(&Post { created_at: answered, ..reply_to(&first, "p2", "brand", "We are looking into it.") });
    assert_eq!(w.case(1).first_answer_at, Some(answered));
    let Reply::Digest(figures) = w.query("vera", "digest") else { panic!("no digest") };
    assert_eq!((figures.answered, figures.median_ms), (1, Some(2 * MINUTE_MS)));
}

#[test]
fn a_digest_of_any_day_on_demand() {
    let mut p = policy();
    p.time_zone = "Europe/Madrid".into();
    let mut w = World::new(p);
    w.posts(&post("p1", "carla", COMPLAINT));
    w.wait(5 * DAY_MS);
    let new_on = |w: &mut World, line: &str| {
        let Reply::Digest(figures) = w.query("vera", line) else { panic!("{line}: no digest") };
        (figures.new, figures.from)
    };
    assert_eq!(new_on(&mut w, "digest").0, 0);
    let midnight = "2026-03-02T00:00:00+01:00".parse::<jiff::Timestamp>().unwrap();
    assert_eq!(new_on(&mut w, "digest 2026-03-02"), (1, midnight.into()));
    assert_eq!(new_on(&mut w, "resumen 2026-03-03").0, 0);
    assert_eq!(w.say("vera", "resumen 02-03-2026").say.code, "refused-not-one-of");
}

#[test]
fn the_digest_of_a_past_day_tells_what_was_open_as_it_ended() {
    let mut p = policy();
    p.time_zone = "Europe/Madrid".into();
    let mut w = World::new(p);
    let began = w.now;
    w.posts(&post("p1", "carla", COMPLAINT));
    w.posts(&post("p2", "dani", COMPLAINT));
    w.wait(DAY_MS);
    w.say("ana", "resolve 1");
    w.say("ana", "resolve 2");
    // Down over two midnights: nothing opened or closed meanwhile.
    w.restart(2 * DAY_MS);
    w.posts(&post("p3", "eva", COMPLAINT));
    w.wait(SECOND_MS);
    let open_on = |w: &mut World, day: &str| {
        let Reply::Digest(figures) = w.query("vera", &format!("digest {day}")) else { panic!("{day}: no digest") };
        figures.open.map(|o| (o.open, o.oldest))
    };
    assert_eq!(open_on(&mut w, "2026-03-02"), Some((2, Some(began))));
    assert_eq!(open_on(&mut w, "2026-03-03"), Some((0, None)));
    assert_eq!(open_on(&mut w, "2026-03-04"), Some((0, None)));
    assert_eq!(open_on(&mut w, "2026-03-05").map(|o| o.0), Some(1), "today, so far");
    assert_eq!(open_on(&mut w, "2026-03-01"), None, "before our time: not known, and said so");
}

/// Everything that a store and the chat still know, as text.
fn all_that_is_left(w: &World) -> String {
    format!("{:?} {:?}", serde_json::to_string(&w.store.all_cases().unwrap()).unwrap(), w.engine.outbox())
}

#[test]
fn an_erased_case_is_gone_from_the_case_it_was_merged_into_and_its_thread_says_so() {
    let mut w = world();
    let first = post("p1", "carla", "My IBAN is ES91SECRET, where is my refund?");
    w.posts(&first);
    w.say("ana", "reply 1 We look into ES91SECRET.");
    w.wait(11 * SECOND_MS);
    w.posts(&post("p2", "carla", "Hello? My refund never came. Where is it?"));
    w.say("ana", "merge 1 2");
    let thread = w.case(1).places[0].thread.clone().unwrap();
    let heir = w.case(2);
    assert!(heir.posts.len() == 2 && heir.sends.len() == 1);
    assert!(all_that_is_left(&w).contains("ES91SECRET"));
    let answer = w.engine.erase(w.now, CaseId(1)).unwrap();
    assert!(answer.ok, "{answer:?}");
    let erased_at = w.now;
    w.wait(MINUTE_MS);
    assert!(!all_that_is_left(&w).contains("SECRET"), "{}", all_that_is_left(&w));
    assert!(!all_that_is_left(&w).contains("\"p1\""));
    assert_eq!(w.engine.case(CaseId(1)).unwrap(), None);
    let heir = w.case(2);
    assert_eq!((heir.posts.len(), heir.posts[0].post.text.expose()), (2, "Hello? My refund never came. Where is it?"));
    assert_eq!(heir.sends[0].state, SendState::Stopped(StopReason::Erased));
    assert!(w.shown(2).contains(&Event::Erased { case: CaseId(1) }));
    // Its thread says so, and its card was changed.
    let said: Vec<(String, Option<String>)> = w
        .chat
        .iter()
        .filter_map(|(_, d)| match &d.body {
            sereno::engine::Body::Erased { case: CaseId(1), thread, edit, .. } => Some((thread.clone(), edit.clone())),
            _ => None,
        })
        .collect();
    assert!(said.contains(&(thread.clone(), None)) && said.contains(&(thread.clone(), Some(thread))), "{said:?}");
    // Whoever asks is told when.
    for line in ["claim 1", "merge 2 1", "note 1 hello"] {
        let answer = w.say("luis", line);
        assert_eq!(answer.say.code, "refused-erased", "{line}");
        assert!(answer.say.args.iter().any(|(_, a)| a == &sereno::say::Arg::Moment(erased_at)), "{line}");
    }
    assert_eq!(w.say_as("h", "vera", "history 1").say.code, "refused-erased");
    assert_eq!(w.say("ana", "claim 77").say.code, "refused-unknown-case");
    assert_eq!(w.engine.erase(w.now, CaseId(1)).unwrap().say.code, "refused-erased");
    // No replay brings it back, and the customer's next post is a case of its own or the heir's.
    let before = w.cases_left();
    w.posts(&first);
    assert_eq!(w.cases_left(), before);
    assert!(!all_that_is_left(&w).contains("SECRET"));
    w.restart(0);
    assert_eq!(w.say("luis", "claim 1").say.code, "refused-erased");
}

#[test]
fn erasing_a_case_takes_what_was_merged_into_it_along() {
    let mut w = world();
    w.posts(&post("p1", "carla", "My IBAN is ES91SECRET, where is my refund?"));
    w.posts(&post("p2", "carla", "Hello? My refund never came. Where is it?"));
    w.say("ana", "merge 1 2");
    let answer = w.engine.erase(w.now, CaseId(2)).unwrap();
    assert_eq!((answer.ok, answer.say.code.as_str()), (true, "cli-erased-with"));
    assert!(w.store.all_cases().unwrap().is_empty());
    w.wait(MINUTE_MS);
    assert_eq!(w.say("ana", "claim 1").say.code, "refused-erased");
}

#[test]
fn a_case_with_an_answer_or_a_message_on_its_way_is_not_erased() {
    let mut w = world();
    w.arrives(&post("p1", "carla", COMPLAINT));
    let card = w.due().remove(0);
    assert_eq!(w.engine.erase(w.now, CaseId(1)).unwrap().say.code, "cli-erase-busy");
    let input = w.perform(card);
    w.give(vec![input]);
    w.say("ana", "reply 1 We are on it.");
    assert_eq!(w.engine.erase(w.now, CaseId(1)).unwrap().say.code, "cli-erase-on-its-way");
    w.say("ana", "undo 1");
    assert!(w.engine.erase(w.now, CaseId(1)).unwrap().ok);
    w.wait(MINUTE_MS);
    assert!(w.engine.outbox().is_empty());
}

#[test]
fn a_snoozed_case_wakes_and_an_unanswered_one_is_said_to_be_overdue_once() {
    let mut w = world();
    w.posts(&post("p1", "carla", COMPLAINT));
    w.say("ana", "snooze 1 2h");
    assert_eq!(w.case(1).status, Status::Snoozed);
    w.wait(2 * HOUR_MS + SECOND_MS);
    assert!(w.shown(1).contains(&Event::Woke));
    w.wait(2 * DAY_MS);
    assert_eq!(w.shown(1).iter().filter(|e| **e == Event::Overdue).count(), 1);
}

#[test]
fn a_doubtful_send_is_looked_up_before_it_is_sent_again() {
    let mut w = world();
    w.posts(&post("p1", "carla", COMPLAINT));
    // Accepted, and the connection then lost.
    w.say("ana", "reply 1 On our way.");
    w.now = w.now.plus(11 * SECOND_MS);
    let delivery = w.due().pop().unwrap();
    let _accepted = w.perform(delivery.clone());
    let (entry, attempt) = (delivery.entry.id, delivery.entry.attempts);
    w.give(vec![Input::Receipt { entry, attempt, outcome: Outcome::Unknown { why: "connection lost".into() } }]);
    w.wait(MINUTE_MS);
    assert_eq!(w.replies().len(), 1);
    assert!(matches!(w.case(1).sends[0].state, SendState::Published { .. }));
    // Lost before it got there.
    w.posts(&post("p2", "dora", COMPLAINT));
    w.say("ana", "reply 2 On our way, Dora.");
    w.faults.push_back(Outcome::Unknown { why: "time-out".into() });
    w.wait(MINUTE_MS);
    assert_eq!(w.replies(), ["On our way.", "On our way, Dora."]);
}

#[test]
fn the_same_words_again_are_not_taken_for_the_answer_before() {
    let mut w = world();
    w.posts(&post("p1", "carla", COMPLAINT));
    w.say("ana", "reply 1 On our way.");
    w.wait(MINUTE_MS);
    w.say("ana", "reply 1 On our way.");
    w.faults.push_back(Outcome::Unknown { why: "lost before it got there".into() });
    w.wait(HOUR_MS);
    assert_eq!(w.replies(), ["On our way.", "On our way."]);
}

#[test]
fn a_crash_in_mid_reply_sends_it_once() {
    let mut w = world();
    w.posts(&post("p1", "carla", COMPLAINT));
    w.say("ana", "reply 1 On our way.");
    w.now = w.now.plus(11 * SECOND_MS);
    let delivery = w.due().pop().unwrap();
    w.perform(delivery);
    // The network has it; the receipt was never written.
    w.restart(MINUTE_MS);
    w.wait(MINUTE_MS);
    assert_eq!(w.replies().len(), 1);
    assert!(matches!(w.case(1).sends[0].state, SendState::Published { .. }));
}

#[test]
fn a_bot_that_died_over_an_answer_again_and_again_still_tries_it_soon() {
    let mut w = world();
    w.posts(&post("p1", "carla", COMPLAINT));
    w.say("ana", "reply 1 On our way.");
    w.now = w.now.plus(11 * SECOND_MS);
    for _ in 0..10 {
        let delivery = w.due().pop().unwrap();
        assert!(!delivery.look && matches!(delivery.body, Body::Send { .. }));
        // It dies with the request on its way; what is looked for is not there.
        w.restart(SECOND_MS);
        let look = w.due().pop().unwrap();
        let input = w.perform(look);
        w.give(vec![input]);
    }
    // Then the server is busy, once.
    w.faults.push_back(Outcome::Retry { after_ms: None, why: "503".into(), lane: false });
    w.wait(10 * SECOND_MS);
    assert_eq!(w.replies(), ["On our way."]);
}

#[test]
fn what_waits_for_the_pace_of_a_chat_waits_for_no_more_than_that() {
    let mut w = world();
    w.arrives(&post("p1", "carla", COMPLAINT));
    for round in 0..15 {
        let due = w.due();
        let card = due.first().unwrap_or_else(|| panic!("round {round}: nothing is due at its time"));
        let outcome = Outcome::Retry { after_ms: Some(9 * SECOND_MS), why: "ratelimited".into(), lane: false };
        w.give(vec![Input::Receipt { entry: card.entry.id, attempt: card.entry.attempts, outcome }]);
        w.now = w.now.plus(10 * SECOND_MS);
    }
}

/// An answer was tried and not found, and its next try is asked to wait: the world so far, and what it answers.
fn tried_and_not_found(busy_ms: i64) -> (World, Post) {
    let mut w = world();
    let first = post("p1", "carla", COMPLAINT);
    w.posts(&first);
    w.say("ana", "reply 1 On our way.");
    w.faults.push_back(Outcome::Unknown { why: "time-out".into() });
    w.looks.push_back(Look::Absent);
    w.faults.push_back(Outcome::Retry { after_ms: Some(busy_ms), why: "busy".into(), lane: true });
    w.wait(MINUTE_MS);
    (w, first)
}

#[test]
fn what_lands_after_it_was_looked_for_is_the_answer_and_no_other_is_sent() {
    let (mut w, first) = tried_and_not_found(HOUR_MS);
    assert!(matches!(w.case(1).sends[0].state, SendState::Waiting { .. }));
    // The server finishes what it began.
    w.posts(&Post { mentions: vec!["carla".into()], ..reply_to(&first, "echo", "brand", "@carla On our way.") });
    assert!(matches!(&w.case(1).sends[0].state, SendState::Published { id, .. } if id == &PostId::from("echo")));
    assert!(!w.shown(1).iter().any(|e| matches!(e, Event::AnsweredOutside { .. } | Event::Held { .. })), "{:?}", w.shown(1));
    w.wait(2 * HOUR_MS);
    assert_eq!(w.published.len(), 0, "not once more");
}

#[test]
fn an_answer_held_after_it_was_tried_goes_by_the_same_operation() {
    let mut w = world();
    let first = post("p1", "carla", COMPLAINT);
    w.posts(&first);
    w.say("ana", "reply 1 On our way.");
    w.now = w.now.plus(11 * SECOND_MS);
    let tried = w.due().into_iter().find(|d| matches!(d.body, Body::Send { .. })).unwrap();
    let unknown = Outcome::Unknown { why: "time-out".into() };
    w.give(vec![Input::Receipt { entry: tried.entry.id, attempt: tried.entry.attempts, outcome: unknown }]);
    w.looks.push_back(Look::Absent);
    w.faults.push_back(Outcome::Retry { after_ms: Some(HOUR_MS), why: "busy".into(), lane: true });
    w.wait(MINUTE_MS);
    w.posts(&reply_to(&first, "p2", "carla", "Hello?"));
    assert!(matches!(w.case(1).sends[0].state, SendState::Held(_)));
    w.say("ana", "reply 1");
    w.now = w.now.plus(2 * HOUR_MS);
    assert!(!w.due().iter().any(|d| matches!(d.body, Body::Send { .. })), "first it is noted as in doubt again");
    let again = w.due().into_iter().find(|d| matches!(d.body, Body::Send { .. })).unwrap();
    assert_ne!(again.entry.id, tried.entry.id);
    assert_eq!(again.op, tried.op);
    // What was not there two hours ago may be by now.
    assert!(again.look);
    // And would stand where it was tried first, from then on.
    let send = &w.case(1).sends[0];
    assert_eq!(send.target, Some("p1".into()));
    assert!(send.tried_at.is_some_and(|at| w.now.since(at) > 2 * HOUR_MS));
    let absent = w.perform(again);
    w.give(vec![absent]);
    let once_more = w.due().into_iter().find(|d| matches!(d.body, Body::Send { .. })).unwrap();
    assert!(!once_more.look);
    assert_eq!(once_more.op, tried.op);
    w.perform(once_more);
    assert_eq!(w.replies().len(), 1);
}

#[test]
fn what_landed_while_it_was_held_for_hours_is_found_before_it_goes_again() {
    let (mut w, _) = tried_and_not_found(3 * HOUR_MS);
    // It lands, and nothing that the network streams says so.
    let receipt = Receipt { native_id: "9".into(), post: Some("late".into()), url: None };
    w.looks.push_back(Look::Found(receipt));
    w.wait(4 * HOUR_MS);
    assert!(matches!(&w.case(1).sends[0].state, SendState::Published { id, .. } if id == &PostId::from("late")));
    assert!(w.published.is_empty(), "not once more");
}

#[test]
fn a_customer_who_writes_while_an_answer_is_in_doubt_holds_it_once_it_is_known_not_to_stand() {
    let mut w = world();
    let first = post("p1", "carla", COMPLAINT);
    w.posts(&first);
    w.say("ana", "reply 1 On our way.");
    w.faults.push_back(Outcome::Unknown { why: "time-out".into() });
    w.looks.extend([Look::Retry { why: "down".into(), after_ms: Some(HOUR_MS) }, Look::Absent]);
    w.wait(MINUTE_MS);
    assert!(matches!(w.case(1).sends[0].state, SendState::Unknown { .. }));
    w.posts(&reply_to(&first, "p2", "carla", "It is here, thank you!"));
    w.wait(2 * HOUR_MS);
    assert_eq!(w.case(1).sends[0].state, SendState::Held(HoldReason::CustomerWrote));
    assert!(w.published.is_empty() && w.engine.outbox().is_empty());
}

#[test]
fn an_answer_that_its_network_held_up_for_an_edit_is_not_held_again_when_the_edit_is_heard() {
    let mut w = world();
    let first = post("p1", "carla", COMPLAINT);
    w.posts(&first);
    w.say("ana", "reply 1 On our way.");
    w.faults.push_back(Outcome::TargetEdited);
    w.wait(MINUTE_MS);
    assert_eq!(w.case(1).sends[0].state, SendState::Held(HoldReason::TargetEdited));
    w.edits(&first, "Where is my parcel? It is two weeks late.");
    w.wait(MINUTE_MS);
    let shown = w.shown(1);
    assert_eq!(shown.iter().filter(|e| matches!(e, Event::Held { .. })).count(), 1, "{shown:?}");
    assert!(shown.iter().any(|e| matches!(e, Event::Edited { .. })), "{shown:?}");
}

#[test]
fn what_was_tried_and_taken_back_and_stood_after_all_is_ours() {
    let (mut w, first) = tried_and_not_found(HOUR_MS);
    assert!(w.say("ana", "undo 1").ok);
    assert_eq!(w.case(1).sends[0].state, SendState::Stopped(StopReason::Undone));
    w.posts(&Post { mentions: vec!["carla".into()], ..reply_to(&first, "echo", "brand", "@carla On our way.") });
    assert!(matches!(&w.case(1).sends[0].state, SendState::Published { id, .. } if id == &PostId::from("echo")));
    let shown = w.shown(1);
    assert!(shown.contains(&Event::StoodAfterAll { send: 1 }), "{shown:?}");
    assert!(!shown.iter().any(|e| matches!(e, Event::AnsweredOutside { .. })), "{shown:?}");
}

#[test]
fn what_nobody_can_find_out_people_decide() {
    let mut w = world();
    w.posts(&post("p1", "carla", COMPLAINT));
    w.say("ana", "reply 1 On our way.");
    w.faults.push_back(Outcome::Unknown { why: "time-out".into() });
    w.looks.push_back(Look::CannotTell);
    w.wait(HOUR_MS);
    assert!(w.published.is_empty());
    assert!(w.shown(1).contains(&Event::InDoubt { send: 1 }));
    assert_eq!(w.notices(), ["notice-in-doubt"]);
    assert_eq!(w.say("ana", "reply 1 Again").say.code, "refused-in-doubt");
    let entry = w.engine.outbox().pop().unwrap().entry.id;
    w.give(vec![Input::Outbox { entry, retry: true }]);
    w.wait(MINUTE_MS);
    assert_eq!(w.replies().len(), 1);
}

#[test]
fn what_was_given_up_in_doubt_and_stood_after_all_is_ours() {
    let mut w = world();
    let first = post("p1", "carla", COMPLAINT);
    w.posts(&first);
    w.say("ana", "reply 1 On our way.");
    w.faults.push_back(Outcome::Unknown { why: "time-out".into() });
    w.looks.push_back(Look::CannotTell);
    w.wait(HOUR_MS);
    let entry = w.engine.outbox().pop().unwrap().entry.id;
    w.give(vec![Input::Outbox { entry, retry: false }]);
    assert_eq!(w.case(1).sends[0].state, SendState::Stopped(StopReason::Dropped));
    // Another answer waits when the first one comes back on the stream.
    w.say("ana", "reply 1 It left on Monday.");
    let own = |id: &str, text: &str| Post { mentions: vec!["carla".into()], ..reply_to(&first, id, "brand", text) };
    w.posts(&own("echo", "@carla On our way."));
    let case = w.case(1);
    assert!(
        matches!(&case.sends[0].state, SendState::Published { id, local_id, .. } if id == &PostId::from("echo") && local_id == "l-echo")
    );
    assert_eq!(case.sends[1].state, SendState::Held(HoldReason::AnsweredOutside), "whoever wrote it looks again");
    let shown = w.shown(1);
    assert!(shown.contains(&Event::StoodAfterAll { send: 1 }), "{shown:?}");
    assert!(!shown.iter().any(|e| matches!(e, Event::AnsweredOutside { .. } | Event::SpokeOutside { .. })), "{shown:?}");
    assert_eq!(case.posts.len(), 1);
    assert_eq!(w.seen("stands on the network after all").len(), 1);
    // Once more: nothing. In other words: somebody else's.
    w.posts(&own("echo", "@carla On our way."));
    assert_eq!(w.shown(1).len(), shown.len());
    w.posts(&own("other", "@carla Sorry!"));
    assert!(matches!(w.shown(1).last(), Some(Event::AnsweredOutside { .. })));
    // It can be taken back like any other, and its answers belong here.
    w.posts(&reply_to(&own("echo", ""), "p2", "carla", "When exactly?"));
    assert_eq!(w.cases(), 1);
}

#[test]
fn what_was_given_up_and_stood_after_all_is_ours_after_a_merge_and_in_private_too() {
    let mut w = world();
    w.posts(&post("p1", "carla", COMPLAINT));
    w.say("ana", "handoff 1 Which order is it?");
    w.faults.push_back(Outcome::Unknown { why: "time-out".into() });
    w.looks.push_back(Look::CannotTell);
    w.wait(HOUR_MS);
    let entry = w.engine.outbox().pop().unwrap().entry.id;
    w.give(vec![Input::Outbox { entry, retry: false }]);
    w.posts(&Post { root: Some("p2".into()), ..post("p2", "carla", COMPLAINT) });
    assert!(w.say("luis", "merge 1 2").ok);
    let text = w.case(1).sends[0].text.expose().to_owned();
    w.posts(&Post { mentions: vec!["carla".into()], ..dm("echo", "brand", &format!("@carla {text}")) });
    let heir = w.case(2);
    assert!(matches!(heir.sends.last().map(|s| &s.state), Some(SendState::Published { .. })), "{:?}", heir.sends);
    assert!(w.shown(2).iter().any(|e| matches!(e, Event::StoodAfterAll { .. })));
    // An erasure of the first reaches it.
    assert!(heir.sends.iter().any(|s| s.text.expose() == text));
    w.wait(HOUR_MS);
    assert!(w.engine.erase(w.now, CaseId(1)).unwrap().ok);
    let left = w.case(2).sends.iter().map(|s| s.text.expose().to_owned()).collect::<Vec<_>>();
    assert!(!left.iter().any(|t| t.contains("Which order")), "{left:?}");
}

#[test]
fn a_conversation_that_many_join_stays_small_and_loses_nothing_of_its_customer() {
    let mut w = world();
    let first = post("p1", "carla", COMPLAINT);
    w.posts(&first);
    let other = |n: usize| Post {
        mentions: vec!["carla".into()],
        ..reply_to(&first, &format!("o{n}"), &format!("by{n}"), &format!("So sorry to read that, {n}."))
    };
    let mut mine = 0;
    for n in 0..700 {
        w.posts(&other(n));
        if n % 100 == 0 {
            mine += 1;
            w.posts(&reply_to(&first, &format!("m{n}"), "carla", &format!("Still nothing, {n}.")));
        }
        if n == 10 {
            w.edits(&other(3), "So very sorry to read that.");
        }
    }
    let case = w.case(1);
    let of = |voice: Voice| case.posts.iter().filter(|p| p.voice == voice).count();
    assert_eq!(of(Voice::Customer), 1 + mine);
    assert!(of(Voice::Other) <= 501 && case.folded.len() < 10, "{} {:?}", of(Voice::Other), case.folded);
    assert_eq!(of(Voice::Other) + case.folded_posts(), 700);
    assert!(case.post(&"o3".into()).is_some(), "what was changed stays");
    assert_eq!(w.seen("And 700 posts by others").len(), 1, "the card counts them all");
    // Indices mean what they meant: each post stands where its event says.
    for record in w.store.events(CaseId(1), 0, usize::MAX).unwrap() {
        if let Event::OtherSpoke { post } | Event::Joined { post } = record.event
            && let Some(kept) = case.post_at(post)
        {
            assert_eq!(case.post(&kept.post.id).map(|(i, _)| i), Some(post));
            assert_eq!(kept.voice == Voice::Customer, matches!(record.event, Event::Joined { .. }), "{post}");
        }
    }
    // What is folded is neither taken again, nor changed; what is kept is changed in its own message.
    let messages = w.chat.len();
    w.posts(&other(20));
    w.edits(&other(20), "So sad to read that.");
    w.deletes(&other(21));
    assert_eq!((w.chat.len(), w.cases(), &w.case(1).posts), (messages, 1, &case.posts));
    w.deletes(&other(690));
    assert!(w.case(1).post(&"o690".into()).unwrap().1.deleted_at.is_some());
    let Effect::EntryUpdate { event, .. } = w
        .chat
        .iter()
        .rev()
        .find_map(|(_, d)| matches!(d.entry.effect, Effect::EntryUpdate { .. }).then(|| d.entry.effect.clone()))
        .unwrap()
    else {
        unreachable!()
    };
    let record = w.store.events(CaseId(1), event, 1).unwrap().remove(0);
    assert_eq!(record.event.shows_post(), w.case(1).post(&"o690".into()).map(|(i, _)| i));
    // An answer to a folded post belongs here; the history of it all can still be read.
    w.posts(&reply_to(&other(20), "m", "carla", "Thanks, all of you."));
    assert_eq!(w.cases(), 1);
    w.query("ana", "history 1");
    // Merged into another, it is still known.
    w.posts(&Post { root: Some("p2".into()), ..post("p2", "carla", COMPLAINT) });
    assert!(w.say("luis", "merge 1 2").ok);
    let heir = w.case(2);
    w.posts(&other(20));
    assert_eq!((w.cases(), &w.case(2).posts), (2, &heir.posts));
    assert!(heir.folded_posts() > 100);
}

#[test]
fn a_window_that_ran_out_while_the_bot_was_down_starts_again_after_reconciliation() {
    let mut w = world();
    let first = post("p1", "carla", COMPLAINT);
    w.posts(&first);
    w.say("ana", "reply 1 Which order?");
    w.restart_unreconciled(HOUR_MS);
    w.wait(HOUR_MS);
    assert!(w.published.is_empty(), "nothing leaves before the conversation is known");
    w.give(vec![Input::Reconciled("main".into())]);
    w.wait(5 * SECOND_MS);
    assert!(w.published.is_empty(), "the window starts again, whole");
    w.wait(6 * SECOND_MS);
    assert_eq!(w.replies().len(), 1);
}

#[test]
fn a_customer_who_wrote_while_the_bot_was_down_holds_the_reply() {
    let mut w = world();
    let first = post("p1", "carla", COMPLAINT);
    w.posts(&first);
    w.say("ana", "reply 1 Which order?");
    w.restart_unreconciled(HOUR_MS);
    w.posts(&reply_to(&first, "p2", "carla", "Order 12!"));
    w.give(vec![Input::Reconciled("main".into())]);
    w.wait(HOUR_MS);
    assert!(w.published.is_empty());
    assert_eq!(w.case(1).sends[0].state, SendState::Held(HoldReason::CustomerWrote));
}

#[test]
fn a_refused_send_says_why_and_leaves_the_way_free() {
    let mut w = world();
    w.posts(&post("p1", "carla", COMPLAINT));
    w.say("ana", "reply 1 First try.");
    w.faults.push_back(Outcome::Refused { why: "text not acceptable".into() });
    w.wait(11 * SECOND_MS);
    assert_eq!(w.case(1).sends[0].state, SendState::Stopped(StopReason::Refused("text not acceptable".into())));
    w.say("ana", "reply 1 Second try.");
    w.wait(11 * SECOND_MS);
    assert_eq!(w.replies(), ["Second try."]);
}

#[test]
fn a_revoked_token_is_said_once_and_nothing_is_lost() {
    let mut w = world();
    w.posts(&post("p1", "carla", COMPLAINT));
    w.say("ana", "reply 1 On our way.");
    for _ in 0..3 {
        w.faults.push_back(Outcome::AuthLost { why: "token revoked".into() });
    }
    w.wait(HOUR_MS);
    assert_eq!(w.replies().len(), 1);
    assert_eq!(w.notices(), ["notice-auth-lost", "notice-auth-back"]);
}

#[test]
fn what_fails_for_a_day_is_a_dead_letter_that_can_be_tried_again() {
    let mut w = world();
    w.posts(&post("p1", "carla", COMPLAINT));
    w.say("ana", "reply 1 On our way.");
    for _ in 0..2_000 {
        w.faults.push_back(Outcome::Retry { after_ms: None, why: "503".into(), lane: false });
    }
    w.wait(2 * DAY_MS);
    w.faults.clear();
    let dead: Vec<_> = w.engine.outbox().into_iter().filter(|l| matches!(l.entry.state, EntryState::Dead { .. })).collect();
    assert_eq!(dead.len(), 1);
    assert!(w.notices().contains(&"notice-dead-letter".to_owned()));
    w.give(vec![Input::Outbox { entry: dead[0].entry.id, retry: true }]);
    w.wait(MINUTE_MS);
    assert_eq!(w.replies().len(), 1);
    assert!(w.engine.outbox().is_empty());
}

#[test]
fn a_chat_that_is_down_for_days_gets_everything_once_it_is_back() {
    let mut w = world();
    w.arrives(&post("p1", "carla", COMPLAINT));
    let back = w.now.plus(3 * DAY_MS);
    while w.now < back {
        for delivery in w.due() {
            let (entry, attempt) = (delivery.entry.id, delivery.entry.attempts);
            let outcome = Outcome::Retry { after_ms: None, why: "503".into(), lane: false };
            w.give(vec![Input::Receipt { entry, attempt, outcome }]);
        }
        w.now = w.engine.next_due(w.now).unwrap().max(w.now.plus(1));
    }
    w.wait(10 * MINUTE_MS);
    assert_eq!((w.cards(), w.digests()), (1, 3), "a digest for each day, too");
    assert!(w.shown(1).contains(&Event::Overdue));
    assert!(w.engine.outbox().is_empty());
}

#[test]
fn an_answer_that_got_through_does_not_end_the_silence_that_a_network_asked_for() {
    let mut w = world();
    for (n, who) in [(1, "carla"), (2, "carlos"), (3, "carmen")] {
        w.posts(&post(&format!("p{n}"), who, COMPLAINT));
    }
    w.say("ana", "reply 1 One.");
    w.say("ana", "reply 2 Two.");
    w.now = w.now.plus(11 * SECOND_MS);
    w.say_as("x", "ana", "reply 3 Three.");
    let sends: Vec<_> = w.due().into_iter().filter(|d| matches!(d.entry.effect, Effect::Send { .. })).collect();
    assert_eq!(sends.len(), 2, "both on their way at once");
    let [first, second] = [&sends[0], &sends[1]].map(|d| (d.entry.id, d.entry.attempts));
    let silence = Outcome::Retry { after_ms: Some(10 * MINUTE_MS), why: "429".into(), lane: true };
    w.give(vec![Input::Receipt { entry: first.0, attempt: first.1, outcome: silence }]);
    let done = w.perform(sends[1].clone());
    assert!(matches!(&done, Input::Receipt { entry, .. } if *entry == second.0));
    w.give(vec![done]);
    w.wait(9 * MINUTE_MS);
    assert_eq!(w.replies().len(), 1);
    w.wait(2 * MINUTE_MS);
    assert_eq!(w.replies().len(), 3);
}

#[test]
fn a_published_answer_can_be_corrected_and_taken_back_by_a_lead() {
    let mut w = world();
    w.posts(&post("p1", "carla", COMPLAINT));
    assert_eq!(w.say("luis", "retract 1").say.code, "refused-nothing-published");
    w.say("luis", "reply 1 It costs 10.");
    w.wait(11 * SECOND_MS);
    assert_eq!(w.say("ana", "correct 1 It costs 12.").say.code, "refused-needs-role");
    assert!(w.say("luis", "correct 1 It costs 12.").ok);
    w.wait(11 * SECOND_MS);
    assert_eq!(w.published[1].send.kind, SendKind::Correct { send: 1 });
    assert_eq!(w.case(1).status, Status::Waiting);
    assert!(w.say("luis", "retract 1").ok);
    w.wait(11 * SECOND_MS);
    assert_eq!(w.case(1).sends[0].state, SendState::Stopped(StopReason::Retracted));
    assert_eq!(w.case(1).status, Status::Open, "the customer waits for us again");
    assert!(w.case(1).answer_due.is_some());
}

#[test]
fn where_another_answer_stands_taking_one_back_changes_no_status() {
    let mut w = world();
    w.posts(&post("p1", "carla", COMPLAINT));
    for line in ["reply 1 It costs 10.", "reply 1 And a dog travels free.", "retract 1"] {
        assert!(w.say("luis", line).ok, "{line}");
        w.wait(11 * SECOND_MS);
    }
    assert_eq!(w.case(1).sends[1].state, SendState::Stopped(StopReason::Retracted));
    assert_eq!((w.case(1).status, w.case(1).answer_due), (Status::Waiting, None));
}

#[test]
fn too_long_a_text_is_refused_with_its_length() {
    let mut w = world();
    w.posts(&post("p1", "carla", COMPLAINT));
    let answer = w.say("ana", &format!("reply 1 {}", "x".repeat(500)));
    assert_eq!(answer.say.code, "refused-too-long");
    assert!(w.say("ana", &format!("reply 1 {}", "x".repeat(400))).ok);
}

#[test]
fn one_digest_a_local_day_also_after_restarts_and_days_of_downtime() {
    let mut p = policy();
    p.time_zone = "Europe/Madrid".into();
    let mut w = World::new(p);
    w.wait(3 * DAY_MS);
    assert_eq!(w.digests(), 3);
    for _ in 0..5 {
        w.restart(0);
        w.wait(SECOND_MS);
    }
    assert_eq!(w.digests(), 3);
    w.restart(4 * DAY_MS);
    w.wait(SECOND_MS);
    assert_eq!(w.digests(), 4, "one digest covers the days of downtime");
}

#[test]
fn a_clock_that_was_years_ahead_for_a_while_does_not_silence_the_digest() {
    let mut p = policy();
    p.time_zone = "Europe/Madrid".into();
    for restarts in [false, true] {
        let mut w = World::new(p.clone());
        w.wait(2 * DAY_MS);
        let right = w.now;
        w.now = right.plus(400 * DAY_MS);
        w.run();
        let given = w.digests();
        w.now = right;
        if restarts {
            w.restart(0);
        }
        w.run();
        assert_eq!(w.digests(), given, "what was given is not given again");
        w.wait(3 * DAY_MS);
        assert_eq!(w.digests(), given + 3, "one for each day, as before");
        w.restart(0);
        w.wait(SECOND_MS);
        assert_eq!(w.digests(), given + 3);
    }
}

#[test]
fn posts_from_before_our_time_are_not_taken_in() {
    let mut w = world();
    w.posts(&post("p0", "carla", COMPLAINT));
    let old = Post { created_at: START.plus(-2 * DAY_MS), ..post("p1", "dora", COMPLAINT) };
    w.posts(&old);
    assert_eq!(w.cases(), 1);
    // After hours of downtime, what was written meanwhile is taken in.
    w.restart(10 * HOUR_MS);
    let missed = Post { created_at: START.plus(HOUR_MS), ..post("p2", "dora", COMPLAINT) };
    w.posts(&missed);
    assert_eq!(w.cases(), 2);
    assert_eq!(w.case(2).opened_at, START.plus(HOUR_MS), "its clock runs from when it was written");
}

#[test]
fn a_room_that_refuses_the_card_gives_way_to_the_fallback_room() {
    let mut p = policy();
    p.routes[0].room = "gone".into();
    p.fallback_room = "console".into();
    let mut w = World::new(p);
    w.arrives(&post("p1", "carla", COMPLAINT));
    w.say_as("c1", "ana", "note 1 hello");
    let card = w.due().pop().unwrap();
    let refused = Outcome::Refused { why: "no such room".into() };
    w.give(vec![Input::Receipt { entry: card.entry.id, attempt: card.entry.attempts, outcome: refused }]);
    w.run();
    assert!(w.chat.iter().all(|(room, _)| room.as_str() == "console"));
    assert!(w.shown(1).iter().any(|e| matches!(e, Event::Noted { .. })));
}

#[test]
fn plain_lists_show_the_most_urgent_first() {
    let mut w = world();
    w.posts(&post("p1", "carla", "Is your office open today?"));
    w.posts(&post("p2", "dora", "Thank you all!"));
    w.say("luis", "priority 1 urgent");
    let Reply::List { cases, filter, .. } = w.query("vera", "list") else { panic!() };
    assert_eq!(filter, Filter::Open);
    assert_eq!(cases.iter().map(|c| c.id.0).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn a_long_list_says_how_many_there_are_and_turns_its_pages() {
    let mut w = world();
    for n in 0..19 {
        w.posts(&post(&format!("p{n}"), &format!("carla{n}"), COMPLAINT));
    }
    assert_eq!(w.reads("vera", "list", Lang::En)[0], "19 open cases, most urgent first");
    w.posts(&post("p19", "carla19", COMPLAINT));
    let twenty = w.reads("vera", "list", Lang::En);
    assert_eq!((twenty.len(), twenty[0].as_str()), (21, "20 open cases, most urgent first"), "all are shown, and nothing is said of more");
    assert_eq!(w.reads("vera", "list 2", Lang::En)[1], "There is no page 2: there is only one.");
    for n in 20..39 {
        w.posts(&post(&format!("p{n}"), &format!("carla{n}"), COMPLAINT));
    }
    let first = w.reads("vera", "list", Lang::En);
    assert_eq!((first.len(), first[0].as_str()), (22, "39 open cases, most urgent first · 1 to 20 of 39"));
    assert_eq!(first[21], "`list 2` shows the next 19.");
    let second = w.reads("vera", "lista 2", Lang::Es);
    assert_eq!((second.len(), second[0].as_str()), (20, "39 casos abiertos, los más urgentes primero · del 21 al 39, de 39"));
    assert!(second.iter().skip(1).all(|l| !first.contains(l)), "no case stands on two pages");
    assert_eq!(w.reads("vera", "lista libres", Lang::Es)[21], "`lista libres 2` muestra los 19 siguientes.");
    assert_eq!(w.reads("vera", "list 3", Lang::En)[1], "There is no page 3: there are only 2.");
    let none = w.say("vera", "list 0");
    assert_eq!((none.ok, none.say.code.as_str()), (false, "refused-not-one-of"));
}

#[test]
fn what_is_said_to_type_can_be_typed_as_it_stands() {
    let mut w = world();
    w.posts(&post("p1", "carla", COMPLAINT));
    w.posts(&post("p2", "dora", COMPLAINT));
    let shown = |w: &mut World, line: &str| {
        let answer = w.say("ana", line);
        w.shows(&answer)
    };
    assert!(shown(&mut w, "draft 2 On our way.").contains("`reply 2` sends it"));
    assert!(shown(&mut w, "reply 2").contains("`undo 2` stops it"));
    assert!(w.say("ana", "undo 2").ok);
    assert!(shown(&mut w, "spam 1").contains("`restore 1` brings it back"));
}

#[test]
fn the_number_of_a_thread_s_own_case_is_never_its_text() {
    let mut w = world();
    w.posts(&post("p1", "carla", COMPLAINT));
    let thread = w.case(1).places[0].thread.clone();
    w.say("ana", "draft 1 On our way.");
    let said = |w: &mut World, id: &str, line: &str| {
        let mut command = w.command(id, "ana", line);
        (command.case, command.thread) = (None, thread.clone());
        command.args = sereno::command::Args::Text("1".into());
        w.give(vec![Input::Command(command)])
    };
    said(&mut w, "c1", "reply 1");
    w.wait(MINUTE_MS);
    assert_eq!(w.replies(), ["On our way."]);
    // Nor a draft; another number is a text like any other.
    said(&mut w, "c2", "draft 1 x");
    assert_eq!(w.case(1).drafts.len(), 1);
}

#[test]
fn what_stands_in_braces_is_filled_in_before_anybody_reads_or_approves_it() {
    let mut p = policy();
    p.reply.approval = Approval::All;
    let mut w = World::new(p);
    w.posts(&post("p1", "carla", COMPLAINT));
    w.say("ana", "draft 1 Hello {handle}, quote {code}. {agent}, {nothing} {");
    let code = w.case(1).code.clone();
    let text = format!("Hello {}, quote {code}. ANA, {{nothing}} {{", w.case(1).customer.handle.expose());
    assert_eq!(w.case(1).drafts[0].text.expose(), text);
    assert!(w.say("bea", "reply 1").ok);
    // What was read is what goes, also if another one lets it.
    assert!(w.say("luis", "approve 1").ok);
    w.wait(MINUTE_MS);
    assert_eq!(w.replies(), [text.as_str()]);
    assert!(w.say("luis", "correct 1 Quote {code}, please.").ok);
    assert_eq!(w.case(1).sends.last().unwrap().text.expose(), format!("Quote {code}, please."));
    w.posts(&post("p2", "dora", COMPLAINT));
    let long = format!("reply 2 {}{{code}}", "x".repeat(487));
    assert_eq!(w.say("ana", &long).say.code, "refused-too-long", "the code counts, not its name");
}

#[test]
fn a_mistyped_field_reaches_no_customer() {
    let mut w = world();
    w.posts(&post("p1", "carla", COMPLAINT));
    for line in ["reply 1 Quote {cod}, please.", "draft 1 Quote {código}.", "handoff 1 {Handle}: {code}"] {
        assert_eq!(w.say("ana", line).say.code, "refused-no-such-field", "{line}");
    }
    assert!(w.case(1).drafts.is_empty() && w.case(1).sends.is_empty());
    // Braces around anything else are the writer's own.
    assert!(w.say("ana", "reply 1 Open /users/{id}, please.").ok);
    w.wait(MINUTE_MS);
    assert_eq!(w.replies(), ["Open /users/{id}, please."]);
}

#[test]
fn a_list_says_what_became_of_a_post_that_has_no_text() {
    let mut w = world();
    let gone = post("p1", "carla", COMPLAINT);
    w.posts(&gone);
    w.posts(&reply_to(&gone, "p2", "carla", "Two weeks now."));
    w.deletes(&gone);
    let mut picture = post("p3", "dora", "");
    picture.mentions = post("p3", "dora", COMPLAINT).mentions;
    picture.media = vec![Media { kind: "image".into(), url: "https://plaza.example/1.png".into(), description: None }];
    w.posts(&picture);
    let list = w.reads("vera", "list", Lang::En);
    assert!(list.iter().any(|l| l.starts_with("#1") && l.ends_with("(deleted by its author)")), "{list:?}");
    assert!(list.iter().any(|l| l.starts_with("#2") && l.ends_with("(no text; picture, video or sound)")), "{list:?}");
    let history = w.reads("vera", "historial 1", Lang::Es);
    assert!(history.iter().any(|l| l.ends_with("(borrado por su autor)")), "{history:?}");
}

#[test]
fn the_help_shows_what_whoever_asks_may_do() {
    let mut w = world();
    let starts = |lines: &[String], word: &str| lines.iter().any(|l| l.starts_with(&format!("`{word}")));
    let viewer = w.reads("vera", "help all", Lang::En);
    assert!(starts(&viewer, "list") && starts(&viewer, "history 42") && !starts(&viewer, "claim 42") && !starts(&viewer, "reload"));
    assert!(viewer.iter().any(|l| l == "28 more commands take a higher role than yours."), "{viewer:?}");
    let brief = w.reads("vera", "help", Lang::En);
    assert!(starts(&brief, "list") && !starts(&brief, "claim 42") && !brief.iter().any(|l| l.contains("`reload`")), "{brief:?}");
    let agent = w.reads("ana", "help all", Lang::En);
    assert!(starts(&agent, "claim 42") && !starts(&agent, "retract 42") && !starts(&agent, "reload"));
    assert!(starts(&w.reads("luis", "help all", Lang::En), "retract 42"));
    assert!(w.reads("vera", "help claim", Lang::En).last().unwrap().contains("You cannot give this command"));
    assert!(!w.reads("ana", "help claim", Lang::En).last().unwrap().contains("cannot"));
}

#[test]
fn a_number_that_no_case_has_is_said_as_it_was_typed() {
    let mut w = world();
    for (line, said) in [("claim 0", "There is no case 0."), ("claim #0", "There is no case 0."), ("claim 7", "There is no case #7.")] {
        let answer = w.say("ana", line);
        assert!(w.shows(&answer).contains(said), "{line}: {}", w.shows(&answer));
    }
}

#[test]
fn a_room_shows_staff_s_own_acts_first_then_urgent_cases_then_the_rest() {
    let mut w = world();
    w.posts(&post("p1", "carla", COMPLAINT));
    let before = w.chat.len();
    // All of this waits for the room at once.
    w.arrives(&post("p2", "dora", "Is your office open today?"));
    let mut loud = post("p3", "eva", "This is a scandal, I am furious! Where is my money?");
    loud.author.followers = Some(200_000);
    w.arrives(&loud);
    w.say_as("c1", "ana", "note 1 Called the warehouse.");
    assert_eq!((w.case(2).priority == Priority::Urgent, w.case(3).priority), (false, Priority::Urgent));
    w.run();
    let shown: Vec<(u64, bool)> =
        w.chat.iter().skip(before).map(|(_, d)| (d.entry.case.unwrap().0, matches!(d.entry.effect, Effect::Card { .. }))).collect();
    assert_eq!(shown.get(..3), Some(&[(1, false), (3, true), (2, true)][..]), "{shown:?}");
}

#[test]
fn a_reply_while_sending_is_paused_says_so() {
    let mut w = world();
    w.posts(&post("p1", "carla", COMPLAINT));
    w.say("luis", "pause");
    assert_eq!(w.say("ana", "reply 1 On our way.").say.code, "done-send-paused");
    w.wait(HOUR_MS);
    assert!(w.published.is_empty());
    w.say("luis", "resume");
    w.wait(SECOND_MS);
    assert_eq!(w.replies(), ["On our way."]);
}

#[test]
fn a_customer_asked_in_public_comes_to_the_same_case_in_private() {
    let mut w = world();
    let route = Some(DmRoute::Link { url: "https://square.example/compose?to=us".into() });
    let first = post("p1", "carla", COMPLAINT);
    let first = Post { author: Author { route, ..first.author.clone() }, ..first };
    w.posts(&first);
    w.say("ana", "handoff 1");
    w.wait(11 * SECOND_MS);
    let sent = w.published[0].send.clone();
    assert_eq!((sent.kind, sent.target), (SendKind::Reply, Some(PostId::from("p1"))));
    assert!(sent.text.expose().ends_with("https://square.example/compose?to=us"), "{}", sent.text.expose());
    assert!(w.case(1).is_invited());
    // Its network's private message tells nothing of how they can be written to: what was known holds.
    w.posts(&Post { visibility: Visibility::Direct, reach: Reach::Mention, ..post("d1", "carla", "It is order R7.") });
    assert_eq!(w.cases(), 1);
    assert!(w.case(1).handoff_open && !w.case(1).is_invited());
    w.say("ana", "dm 1 Thank you, it is on its way.");
    w.wait(11 * SECOND_MS);
    assert_eq!(w.published[1].send.kind, SendKind::Dm);
}
