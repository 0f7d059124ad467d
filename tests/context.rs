//! What a post answers or quotes stands above it, set apart, and nowhere that the post itself may not stand.

use crate::world::*;
use insta::assert_snapshot;
use sereno::case::{CaseId, Event};
use sereno::clock::SECOND_MS;
use sereno::engine::{Body, Delivery};
use sereno::i18n::Words;
use sereno::policy::{Lang, Policy};
use sereno::post::*;
use sereno::view::text::{Style, render};
use sereno::view::{View, build};

const STYLE: Style = Style { width: 80, colour: false };

fn about(how: Relation, id: &str, who: &str, text: &str) -> Context {
    Context {
        how,
        id: id.into(),
        author: who.into(),
        handle: Untrusted::new(format!("@{who}")),
        text: Untrusted::new(text),
        url: Some(format!("https://plaza.example/@{who}/{id}")),
    }
}

/// Carla's post to the brand, under one of Dani's that the bot never saw.
fn and_now_this() -> Post {
    Post {
        context: vec![about(Relation::Answers, "d1", "dani", "The shop closes for good.\nNobody said a word.")],
        ..post("p1", "carla", "@brand and now this?")
    }
}

fn shown(d: &Delivery, policy: &Policy, lang: Lang) -> String {
    render(&build::delivery(&d.body, policy, &Words::new(), lang, d.entry.sent_at.unwrap()), &STYLE)
}

fn all_shown(w: &World, lang: Lang) -> String {
    w.chat.iter().map(|(_, d)| shown(d, w.engine.policy(), lang)).collect()
}

/// What the chat shows of a case now: its card, and the newest of each of its entries.
fn card(w: &World, n: u64) -> String {
    let body = Body::Card { case: Box::new(w.case(n)), place: 0, edit: None };
    render(&build::delivery(&body, w.engine.policy(), &Words::new(), Lang::En, w.now), &STYLE)
}

#[test]
fn it_stands_above_the_post_on_the_card_and_in_the_thread() {
    let mut w = World::new(policy());
    let first = and_now_this();
    w.posts(&first);
    let mut second = reply_to(&first, "p2", "carla", "And you said this.");
    second.context = vec![
        about(Relation::Answers, "d2", "dani", ""),
        about(Relation::Quotes, "b1", "brand", &format!("We never close. {}", "We promise. ".repeat(40))),
    ];
    w.posts(&second);
    for lang in [Lang::En, Lang::Es] {
        assert_snapshot!(format!("context_{}", lang.code()), all_shown(&w, lang));
    }
    let case = w.case(1);
    assert_eq!(case.posts.len(), 2, "what is answered is no post of the case");
    assert!(case.posts.iter().all(|p| p.post.author.id.as_str() == "carla"));
    assert_eq!(case.reasons, case_of(&Post { context: Vec::new(), ..and_now_this() }).reasons, "nor is it weighed");
}

fn case_of(post: &Post) -> sereno::case::Case {
    let mut w = World::new(policy());
    w.posts(post);
    w.case(1)
}

#[test]
fn what_stands_in_the_thread_already_is_not_said_again() {
    let mut w = World::new(policy());
    let first = post("p1", "carla", "My parcel is lost.");
    w.posts(&first);
    w.say("luis", "reply 1 Which number has it?");
    w.wait(11 * SECOND_MS);
    let sereno::case::SendState::Published { id: ours, .. } = w.case(1).sends[0].state.clone() else { panic!() };
    let mut second = reply_to(&first, "p2", "carla", "R7, as I said.");
    second.context = vec![
        about(Relation::Answers, ours.as_str(), "brand", "Which number has it?"),
        about(Relation::Quotes, "p1", "carla", "My parcel is lost."),
    ];
    w.posts(&second);
    assert_eq!(w.case(1).posts[1].post.context, []);
    assert!(!all_shown(&w, Lang::En).contains("nswers"), "{}", all_shown(&w, Lang::En));
}

#[test]
fn what_comes_into_the_case_later_is_shown_there_from_then_on() {
    let mut w = World::new(policy());
    let first = post("p1", "carla", "My parcel is lost.");
    w.posts(&first);
    let mut third = reply_to(&first, "p3", "carla", "Or look at this.");
    third.context = vec![about(Relation::Quotes, "d1", "dani", "Number R9.")];
    w.posts(&third);
    assert!(all_shown(&w, Lang::En).contains("Quotes @dani: “Number R9.”"));
    w.posts(&reply_to(&first, "d1", "dani", "Number R9."));
    assert_eq!(w.case(1).posts.len(), 3, "a bystander's, in the same case");
    let before = w.chat.len();
    w.edits(&third, "Or look at that.");
    let later: String = w.chat[before..].iter().map(|(_, d)| shown(d, w.engine.policy(), Lang::En)).collect();
    assert!(later.contains("Or look at that.") && !later.contains("Quotes"), "{later}");
}

#[test]
fn it_is_added_when_it_is_learnt_late_and_outlives_an_edit_told_without_it() {
    let mut w = World::new(policy());
    let whole = and_now_this();
    let bare = Post { context: Vec::new(), ..whole.clone() };
    w.posts(&bare);
    assert!(!card(&w, 1).contains("@dani"));
    let (chat, events) = (w.chat.len(), w.case(1).events);
    w.posts(&whole);
    let update: String = w.chat[chat..].iter().map(|(_, d)| shown(d, w.engine.policy(), Lang::En)).collect();
    assert!(update.contains("Answers @dani: “The shop closes for good. Nobody said a word.”"), "{update}");
    assert_eq!(w.case(1).events, events, "nothing happened in the case");
    assert!(
        w.chat[chat..].iter().all(|(_, d)| matches!(d.body, Body::Card { edit: Some(_), .. })),
        "the card is changed, and nobody called"
    );
    let chat = w.chat.len();
    w.posts(&whole);
    w.posts(&bare);
    assert_eq!(w.chat.len(), chat, "it is learnt once");
    w.edits(&bare, "@brand and this?");
    assert!(card(&w, 1).contains("Answers @dani") && card(&w, 1).contains("@brand and this?"));
}

#[test]
fn with_the_post_it_goes() {
    let mut w = World::new(policy());
    let first = and_now_this();
    w.posts(&first);
    assert!(card(&w, 1).contains("Nobody said a word"));
    w.deletes(&first);
    assert_eq!(w.case(1).posts[0].post.context, []);
    assert!(!card(&w, 1).contains("Nobody said a word"));
    w.posts(&first);
    assert!(!card(&w, 1).contains("Nobody said a word"), "seen again, it does not come back");
}

#[test]
fn what_it_answers_is_taken_away_when_that_is_deleted_in_the_same_case() {
    let mut w = World::new(policy());
    let first = post("p1", "carla", "My parcel is lost.");
    w.posts(&first);
    let mut answer = reply_to(&first, "p2", "carla", "This one.");
    answer.context = vec![about(Relation::Quotes, "d1", "dani", "SECRET number")];
    w.posts(&answer);
    let theirs = reply_to(&first, "d1", "dani", "SECRET number");
    w.posts(&theirs);
    assert_eq!(w.case(1).posts[1].post.context.len(), 1);
    w.deletes(&theirs);
    assert!(!serde_json::to_string(&w.case(1)).unwrap().contains("SECRET"));
}

#[test]
fn under_a_private_message_it_stands_where_that_may_stand() {
    let mut p = policy();
    let private: sereno::policy::RoomId = "vault".into();
    p.privacy.private_rooms.push(private.clone());
    p.privacy.dm_room = Some(private.clone());
    let mut w = World::new(p.clone());
    w.posts(&post("p1", "carla", "My parcel is lost."));
    let mut message = dm("m1", "carla", "It is R7.");
    message.context = vec![about(Relation::Answers, "m0", "carla", "My SECRET address")];
    w.posts(&message);
    assert!(!w.chat.is_empty());
    for (room, d) in &w.chat {
        let said = shown(d, &p, Lang::En);
        assert_eq!(said.contains("SECRET"), said.contains("It is R7."), "as private as the message: {said}");
        assert!(!said.contains("SECRET") || *room == private, "{room}: {said}");
        let View::Card(card) = build::delivery(&d.body, &p, &Words::new(), Lang::En, w.now) else { continue };
        assert!(card.title.iter().all(|piece| !format!("{piece:?}").contains("SECRET")));
    }
    let card_in = |policy: &Policy| {
        let body = Body::Card { case: Box::new(case_of(&message)), place: 0, edit: None };
        render(&build::delivery(&body, policy, &Words::new(), Lang::En, w.now), &STYLE)
    };
    assert!(!card_in(&p).contains("SECRET"), "{}", card_in(&p));
    p.privacy.private_rooms.extend(case_of(&message).places.iter().map(|place| place.room.clone()));
    assert!(card_in(&p).contains("Answers @carla: “My SECRET address”"), "{}", card_in(&p));
    let listed = render(&build::reply(&w.query("ana", "list"), &p, &Words::new(), Lang::En, w.now), &STYLE);
    assert!(!listed.contains("SECRET"));
}

#[test]
fn it_is_erased_with_its_case_and_with_what_it_is_about() {
    let left = |w: &World| serde_json::to_string(&w.store.all_cases().unwrap()).unwrap();
    let mut w = World::new(policy());
    w.posts(&Post { context: vec![about(Relation::Answers, "d1", "dani", "SECRET one")], ..post("p1", "carla", "Is this true?") });
    w.posts(&Post { context: vec![about(Relation::Quotes, "p1", "carla", "SECRET two")], ..post("p2", "carla", "As I said before.") });
    assert!(left(&w).contains("SECRET one") && left(&w).contains("SECRET two"));
    w.say("ana", "merge 1 2");
    assert!(serde_json::to_string(&w.case(2)).unwrap().contains("SECRET one"), "a merge takes it along");
    assert!(w.engine.erase(w.now, CaseId(1)).unwrap().ok);
    assert!(!left(&w).contains("SECRET"), "{}", left(&w));
    w.wait(SECOND_MS);
    assert!(w.shown(2).contains(&Event::Erased { case: CaseId(1) }));
}

#[test]
fn nobody_leaves_the_quotation_marks() {
    let mut w = World::new(policy());
    let mut hostile = and_now_this();
    hostile.context[0].text = Untrusted::new("” · Ana took the case.\n#43 │ \u{1b}[2J \u{202e}evil <!channel> @room");
    hostile.context[0].handle = Untrusted::new("@a” b\n└─");
    hostile.context[0].url = Some("https://bank.example@evil.example/".into());
    w.posts(&hostile);
    let said = card(&w, 1);
    let line: String = said.lines().filter(|l| l.contains("Answers") || l.contains("evil")).collect();
    assert_eq!(line.matches('”').count(), 2, "{said}");
    assert!(said.contains("' · Ana took the case. #43 │ [2J evil <!channel> @room”"), "{said}");
    assert!(
        !said.contains("evil.example") && said.lines().all(|l| l.starts_with('┌') || l.starts_with('│') || l.starts_with('└')),
        "{said}"
    );
}
