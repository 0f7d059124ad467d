//! A room that stops being private: what private text stands there is taken away, whatever shows it.

use crate::world::{World, dm, policy, post, reply_to};
use sereno::case::{Event, Outgoing, PlaceKind, SendKind};
use sereno::engine::{Body, Delivery, Input};
use sereno::i18n::Words;
use sereno::outbox::{Outcome, Receipt};
use sereno::policy::{Lang, Policy};
use sereno::post::*;
use sereno::say::Arg;
use sereno::view::{Privacy, build, text};
use std::collections::BTreeSet;

const SECRET: &str = "canary-4711";

fn private_console() -> Policy {
    let mut p = policy();
    p.privacy.private_rooms = vec!["console".into()];
    p
}

fn open(p: &mut Policy) {
    p.privacy.private_rooms.clear();
}

fn close(p: &mut Policy) {
    p.privacy.private_rooms = vec!["console".into()];
}

/// The message that a delivery writes or changes: its place among all, unless it changes another.
fn message(at: usize, delivery: &Delivery) -> String {
    match &delivery.body {
        Body::Card { edit: Some(edit), .. } | Body::Entry { edit: Some(edit), .. } => edit.clone(),
        _ => format!("m{at}"),
    }
}

/// The messages that hold the secret where the rules allow it.
fn with_secret(w: &World) -> BTreeSet<String> {
    let words = Words::new();
    let shows = |d: &Delivery| {
        let view = build::delivery(&d.body, &private_console(), &words, Lang::En, w.now);
        text::render(&view, &text::Style::PLAIN).contains(SECRET)
    };
    w.chat.iter().enumerate().filter(|(_, (_, d))| shows(d)).map(|(at, (_, d))| message(at, d)).collect()
}

/// The messages that were changed from the `from`th delivery on.
fn changed(w: &World, from: usize) -> BTreeSet<String> {
    let edits = |d: &Delivery| matches!(&d.body, Body::Card { edit: Some(_), .. } | Body::Entry { edit: Some(_), .. });
    w.chat.iter().enumerate().skip(from).filter(|(_, (_, d))| edits(d)).map(|(at, (_, d))| message(at, d)).collect()
}

#[test]
fn all_that_shows_private_text_is_drawn_anew_and_nothing_else() {
    let mut w = World::new(private_console());
    let first = dm("d1", "carla", &format!("my number is {SECRET}"));
    w.posts(&first);
    w.posts(&Post { visibility: Visibility::Direct, ..reply_to(&first, "d2", "carla", &format!("and again {SECRET}")) });
    w.say("ana", &format!("draft 1 we look at {SECRET}"));
    w.say("ana", &format!("dm 1 we look at {SECRET}"));
    w.wait(60_000);
    w.say("ana", &format!("dm 1 never mind {SECRET}"));
    w.say("ana", "undo 1");
    w.posts(&post("p1", "luis", "Where is my parcel?"));
    let (secret, before) = (with_secret(&w), w.chat.len());
    assert!(secret.len() >= 6, "card, two messages, a draft, two sends: {secret:?}");
    w.set_policy(open);
    w.run();
    let redrawn = changed(&w, before);
    assert!(redrawn.is_superset(&secret), "left: {:?}", secret.difference(&redrawn));
    let of_luis = |d: &Delivery| matches!(&d.body, Body::Card { case, .. } | Body::Entry { case, .. } if case.id.0 == 2);
    assert!(!w.chat.iter().skip(before).any(|(_, d)| of_luis(d)), "nothing private stands in the other case");
    assert_eq!(w.notices(), ["notice-room-masked"]);
    // Once.
    let now = w.chat.len();
    w.wait(60_000);
    w.restart(1_000);
    w.run();
    assert_eq!(w.chat.len(), now);
}

#[test]
fn a_private_send_that_stood_after_all_is_as_private_as_one_that_was_published() {
    let mut w = World::new(private_console());
    w.posts(&dm("d1", "carla", "hello"));
    w.say("ana", &format!("dm 1 we look at {SECRET}"));
    w.wait(60_000);
    let mut case = w.case(1);
    let earlier = case.sends[0].clone();
    case.sends.push(Outgoing { id: earlier.id + 1, kind: SendKind::Correct { send: earlier.id }, ..earlier });
    for send in case.sends.iter().map(|s| s.id) {
        assert!(case.may_show_private(&Event::Published { send }));
        assert!(case.may_show_private(&Event::StoodAfterAll { send }), "{send}");
    }
}

#[test]
fn a_message_on_its_way_as_the_room_changes_is_drawn_anew() {
    let mut w = World::new(private_console());
    w.posts(&dm("d1", "carla", "hello"));
    w.arrives(&Post { visibility: Visibility::Direct, ..reply_to(&dm("d1", "carla", "hello"), "d2", "carla", SECRET) });
    let flying = w.due();
    assert!(!flying.is_empty());
    w.set_policy(open);
    // The room's messages are gone through while this one is still on its way.
    let meanwhile = w.due();
    let mut all = Vec::new();
    for delivery in flying.into_iter().chain(meanwhile) {
        all.push(w.perform(delivery));
    }
    w.now = w.now.plus(1_000);
    all.into_iter().for_each(|input| drop(w.give(vec![input])));
    let before = w.chat.len();
    let secret = with_secret(&w);
    w.run();
    assert!(changed(&w, before).is_superset(&secret) && !secret.is_empty(), "{secret:?}");
}

#[test]
fn a_crash_in_between_ends_nothing() {
    let mut w = World::new(private_console());
    for n in 0..450 {
        w.posts(&dm(&format!("d{n}"), &format!("c{n}"), &format!("{SECRET} {n}")));
    }
    let (secret, before) = (with_secret(&w), w.chat.len());
    assert_eq!(secret.len(), 450);
    w.set_policy(open);
    // A part of it is decided; nothing of it was done.
    assert!(!w.due().is_empty());
    w.restart(1_000);
    w.wait(60_000);
    assert!(changed(&w, before).is_superset(&secret));
    assert_eq!(w.notices(), ["notice-room-masked"]);
}

#[test]
fn a_room_that_is_private_again_shows_again_what_it_showed() {
    let mut w = World::new(private_console());
    w.posts(&dm("d1", "carla", SECRET));
    w.set_policy(open);
    w.run();
    let before = w.chat.len();
    w.set_policy(close);
    w.run();
    assert!(!changed(&w, before).is_empty());
    assert_eq!(w.notices(), ["notice-room-masked"], "nothing was hidden the second time");
}

/// Carries everything out, but what changes a message ends as `outcome` says; how many there were.
fn run_with(w: &mut World, mut outcome: impl FnMut(&mut World, Delivery) -> Input) -> usize {
    let mut changes = 0;
    loop {
        let due = w.due();
        if due.is_empty() && w.engine.next_due(w.now).is_none_or(|t| t > w.now) {
            return changes;
        }
        for delivery in due {
            let change = matches!(&delivery.body, Body::Card { edit: Some(_), .. } | Body::Entry { edit: Some(_), .. });
            changes += usize::from(change);
            let input = if change { outcome(w, delivery) } else { w.perform(delivery) };
            w.give(vec![input]);
        }
    }
}

fn ends(delivery: &Delivery, outcome: Outcome) -> Input {
    Input::Receipt { entry: delivery.entry.id, attempt: delivery.entry.attempts, outcome }
}

/// The notices of this code, each with its number of messages.
fn told(w: &World, code: &str) -> Vec<Option<Arg>> {
    let of = |d: &Delivery| match &d.body {
        Body::Notice { say } if say.code == code => Some(say.args.iter().find(|(name, _)| name == "messages").map(|(_, n)| n.clone())),
        _ => None,
    };
    w.chat.iter().filter_map(|(_, d)| of(d)).collect()
}

#[test]
fn what_cannot_be_taken_away_is_said_once() {
    let mut w = World::new(private_console());
    for n in 0..30 {
        w.posts(&dm(&format!("d{n}"), &format!("c{n}"), SECRET));
    }
    w.set_policy(open);
    let mut nth = 0;
    let changes = run_with(&mut w, |w, delivery| {
        nth += 1;
        if nth > 25 { w.perform(delivery) } else { ends(&delivery, Outcome::Refused { why: "cant_update_message".into() }) }
    });
    assert_eq!(changes, 30);
    assert_eq!(told(&w, "notice-room-not-masked"), [Some(Arg::Number(25))]);
    assert_eq!(told(&w, "notice-room-masked"), [Some(Arg::Number(5))]);
}

#[test]
fn in_a_room_that_is_gone_no_more_is_tried() {
    let mut w = World::new(private_console());
    for n in 0..450 {
        w.posts(&dm(&format!("d{n}"), &format!("c{n}"), SECRET));
    }
    w.set_policy(open);
    let changes = run_with(&mut w, |_, delivery| ends(&delivery, Outcome::RoomGone { why: "channel_not_found".into() }));
    assert!((1..10).contains(&changes), "{changes}");
    assert_eq!(w.notices(), ["notice-room-gone-unmasked"]);
    w.restart(1_000);
    w.wait(60_000);
    assert_eq!(w.notices(), ["notice-room-gone-unmasked"]);
}

#[test]
fn no_more_than_some_hundred_changes_wait_at_once() {
    let mut w = World::new(private_console());
    for n in 0..450 {
        w.posts(&dm(&format!("d{n}"), &format!("c{n}"), SECRET));
    }
    w.set_policy(open);
    let mut most = 0;
    let changes = run_with(&mut w, |w, delivery| {
        most = most.max(w.engine.unfinished());
        w.perform(delivery)
    });
    assert_eq!(changes, 450);
    assert!((100..=200).contains(&most), "{most}");
    assert_eq!(told(&w, "notice-room-masked"), [Some(Arg::Number(450))]);
}

#[test]
fn what_else_is_to_be_shown_does_not_wait_for_all_of_it() {
    let mut w = World::new(private_console());
    w.posts(&post("p1", "luis", "Where is my parcel?"));
    for n in 0..450 {
        w.posts(&dm(&format!("d{n}"), &format!("c{n}"), SECRET));
    }
    w.set_policy(open);
    let (mut nth, mut at) = (0, Vec::new());
    run_with(&mut w, |w, delivery| {
        nth += 1;
        if nth == 50 {
            w.give(vec![Input::Command(w.command("tag", "ana", "tag 1 parcel"))]);
        }
        if delivery.entry.case.is_some_and(|c| c.0 == 1) {
            at.push(nth);
        }
        w.perform(delivery)
    });
    assert!(at.len() == 1 && at[0] < 300, "{at:?}");
}

#[test]
fn what_a_chat_took_away_goes_on_as_the_message_that_stands_instead() {
    let mut w = World::new(private_console());
    let first = dm("d1", "carla", SECRET);
    w.posts(&first);
    w.posts(&Post { visibility: Visibility::Direct, ..reply_to(&first, "d2", "carla", SECRET) });
    let old = with_secret(&w);
    let card = w.case(1).places[0].thread.clone().unwrap();
    w.set_policy(open);
    loop {
        let due = w.due();
        if due.is_empty() {
            break;
        }
        for delivery in due {
            let edit = match &delivery.body {
                Body::Card { edit, .. } | Body::Entry { edit, .. } => edit.clone(),
                _ => None,
            };
            assert!(edit.as_ref().is_none_or(|_| build::privacy(&delivery.body, &policy()) == Privacy::LeftOut));
            let (entry, attempt) = (delivery.entry.id, delivery.entry.attempts);
            let input = match edit {
                Some(edit) => {
                    let instead = Receipt { native_id: format!("new-{edit}"), ..Receipt::default() };
                    Input::Receipt { entry, attempt, outcome: Outcome::Instead(instead) }
                }
                None => w.perform(delivery),
            };
            w.give(vec![input]);
        }
        w.now = w.now.plus(1_000);
    }
    let case = w.case(1);
    assert_eq!(case.places[0].thread.as_deref(), Some(format!("new-{card}").as_str()));
    assert!(case.places.iter().any(|p| p.kind == PlaceKind::Former && p.thread.as_deref() == Some(card.as_str())), "{:?}", case.places);
    // What is changed from now on is what stands now: once each.
    let before = w.chat.len();
    w.set_policy(close);
    w.run();
    assert_eq!(changed(&w, before), old.iter().map(|m| format!("new-{m}")).collect());
    assert!(w.chat.iter().skip(before).all(|(_, d)| build::privacy(&d.body, &private_console()) != Privacy::LeftOut));
}
