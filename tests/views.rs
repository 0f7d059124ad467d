//! What people see, as snapshots; and what they must not see.

use crate::world::*;
use insta::assert_snapshot;
use proptest::prelude::*;
use sereno::case::*;
use sereno::clock::{DAY_MS, MINUTE_MS, SECOND_MS, Time};
use sereno::command::{Args, Command, Door, Verb};
use sereno::cost::{Costs, Fees, Money};
use sereno::engine::{Body, OutboxLine, Reply};
use sereno::i18n::Words;
use sereno::intake::Reason;
use sereno::outbox::{Effect, Entry, EntryId, EntryState, Lane};
use sereno::policy::{Approval, Counting, DmRoute, Lang, Policy};
use sereno::post::*;
use sereno::view::text::{MARK, Style, render};
use sereno::view::{Action, CardView, EntryView, Pictures, Piece, TextView, View, build};

const STYLE: Style = Style { width: 80, colour: false };

fn staff() -> Policy {
    let mut p = policy();
    p.time_zone = "Europe/Madrid".into();
    p.people.get_mut(&"ana".into()).unwrap().name = "Ana".into();
    p.people.get_mut(&"luis".into()).unwrap().name = "Luis".into();
    p
}

/// A customer with a name, an audience and a young account, who is angry, with a picture.
fn furious() -> Post {
    let mut p = post("p1", "carla", "THREE hours waiting!! This is outrageous, nobody answers.\n\nhttps://photos.example/queue");
    p.author.name = Untrusted::new("Carla Ruiz");
    p.author.handle = Untrusted::new("@carla@plaza.example");
    p.author.url = Some("https://plaza.example/@carla".into());
    p.author.followers = Some(64_000);
    p.author.since = Some(START.plus(-5 * DAY_MS));
    p.lang = Some("en".into());
    p.url = Some("https://plaza.example/@carla/1".into());
    p.warning = Some(Untrusted::new("rant"));
    p.media = vec![Media {
        kind: "image".into(),
        url: "https://cdn.plaza.example/q.jpg".into(),
        description: Some(Untrusted::new("a long queue")),
    }];
    p.engagement = Engagement { replies: 3, reposts: 12, likes: 40 };
    p
}

fn show(body: &Body, policy: &Policy, lang: Lang, now: Time) -> String {
    render(&build::delivery(body, policy, &Words::new(), lang, now), &STYLE)
}

/// Everything that the chat was shown, in one language.
fn all_shown(w: &World, policy: &Policy, lang: Lang) -> String {
    w.chat.iter().map(|(_, d)| show(&d.body, policy, lang, d.entry.sent_at.unwrap())).collect()
}

fn asked(w: &mut World, line: &str, policy: &Policy, lang: Lang) -> String {
    let reply = w.query("ana", line);
    render(&build::reply(&reply, policy, &Words::new(), lang, w.now), &STYLE)
}

fn answered(w: &mut World, by: &str, line: &str, lang: Lang) -> String {
    let answer = w.say_as(&format!("x-{line}"), by, line);
    let case = answer.case.and_then(|id| w.engine.case(id).unwrap());
    render(&build::answer(&answer, case.as_ref(), w.engine.policy(), &Words::new(), lang, w.now), &STYLE)
}

#[test]
fn a_complaint_and_its_answer() {
    let mut w = World::new(staff());
    let first = furious();
    w.posts(&first);
    w.say("ana", "claim 1");
    w.say("ana", "draft 1 We are sorry, Carla. We are looking into it right now.");
    w.say("ana", "reply 1");
    w.wait(11 * SECOND_MS);
    w.posts(&reply_to(&first, "p2", "dani", "Same for me last week."));
    w.edits(&first, "TWO hours waiting. Nobody answers.");
    w.posts(&reply_to(&first, "p3", "carla", "Thanks, but still nothing."));
    w.deletes(&first);
    w.say("ana", "note 1 Called the shop: they are short of people.\nBack at five.");
    w.say("luis", "resolve 1");
    for lang in [Lang::En, Lang::Es] {
        assert_snapshot!(format!("complaint_{}", lang.code()), all_shown(&w, &staff(), lang));
    }
}

#[test]
fn what_waits_for_people() {
    let mut p = staff();
    p.reply.approval = Approval::Agents;
    let mut w = World::new(p.clone());
    let first = furious();
    w.posts(&first);
    w.say("ana", "reply 1 Write to us with your booking number.");
    w.say("luis", "reject 1 Too stiff");
    w.say("ana", "reply 1 We are on it.");
    w.say("luis", "approve 1 2");
    w.posts(&reply_to(&first, "p2", "carla", "And now the app is down too!"));
    w.faults.push_back(sereno::outbox::Outcome::Refused { why: "422: the post is too old".into() });
    w.say("luis", "reply 1");
    w.wait(11 * SECOND_MS);
    w.say("ana", "snooze 1 2h");
    w.say("luis", "assign 1 ana");
    w.say("ana", "escalate 1 Legal must see this");
    w.say("ana", "tag 1 outage");
    w.say("ana", "spam 1");
    for lang in [Lang::En, Lang::Es] {
        assert_snapshot!(format!("waiting_{}", lang.code()), all_shown(&w, &p, lang));
    }
}

#[test]
fn an_answer_that_a_person_writes_by_hand() {
    let mut w = World::new(staff());
    let url = "https://plaza.example/intent?to=1&text={text}".to_owned();
    w.posts(&Post { answering: Answering::ByHand { url }, ..furious() });
    w.say("ana", "draft 1 We are on it & sorry.");
    w.say("ana", "posted 1 https://plaza.example/@acme/9");
    for lang in [Lang::En, Lang::Es] {
        assert_snapshot!(format!("by_hand_{}", lang.code()), all_shown(&w, &staff(), lang));
    }
}

#[test]
fn an_answer_taken_back_is_linked_nowhere() {
    let mut w = World::new(staff());
    w.posts(&furious());
    for line in ["reply 1 We are on it.", "retract 1"] {
        assert!(w.say("luis", line).ok, "{line}");
        w.wait(11 * SECOND_MS);
    }
    let mut case = w.case(1);
    let SendState::Published { url, .. } = &mut case.sends[1].state else { panic!("{:?}", case.sends) };
    *url = Some("https://plaza.example/@brand/9".into());
    let record = |event: Event| EventRecord { case: CaseId(1), n: 9, at: w.now, by: Some("luis".into()), event };
    let entry = |send: u32| Body::Entry {
        case: Box::new(case.clone()),
        place: 0,
        thread: None,
        event: record(Event::Published { send }),
        edit: None,
    };
    let card = Body::Card { case: Box::new(case.clone()), place: 0, edit: None };
    for (lang, taken, later) in [
        (Lang::En, "Our answer is taken back.", "Our answer was taken back at "),
        (Lang::Es, "Se ha retirado nuestra respuesta.", "Se retiró nuestra respuesta a "),
    ] {
        let said = show(&entry(2), &staff(), lang, w.now);
        assert!(said.contains(taken) && !said.contains("https:"), "{said}");
        let said = show(&card, &staff(), lang, w.now);
        assert!(said.contains(later) && !said.contains("@brand/9"), "{said}");
    }
    // One that stands is, once.
    let SendState::Published { url, id, local_id, at } = case.sends[1].state.clone() else { unreachable!() };
    case.sends[0].state = SendState::Published { url, id, local_id, at };
    let said = show(
        &Body::Entry { case: Box::new(case), place: 0, thread: None, event: record(Event::Published { send: 1 }), edit: None },
        &staff(),
        Lang::En,
        w.now,
    );
    assert!(said.starts_with("#1 │ The public answer is published · link: https://plaza.example/@brand/9"), "{said}");
}

#[test]
fn answers_lists_and_reports() {
    let p = staff();
    let mut w = World::new(p.clone());
    w.posts(&furious());
    w.posts(&post("p5", "eva", "Do you open on Sunday?"));
    let mut said = String::new();
    for lang in [Lang::En, Lang::Es] {
        for line in ["claim 9", "clam 1", "reply 1", "priority 1 shiny", "bananas"] {
            said.push_str(&answered(&mut w, "ana", line, lang));
        }
        said.push_str(&answered(&mut w, "vera", "claim 1", lang));
    }
    said.push_str(&answered(&mut w, "ana", "reply 1 We are looking into it.", Lang::En));
    w.wait(11 * SECOND_MS);
    w.say("ana", "resolve 1");
    w.say("ana", "spam 2");
    w.wait(3 * MINUTE_MS);
    for lang in [Lang::En, Lang::Es] {
        for line in ["list", "list spam", "history 1", "digest", "help reply"] {
            said.push_str(&format!("\n$ {line}\n{}", asked(&mut w, line, &p, lang)));
        }
    }
    assert_snapshot!("answers_lists_reports", said);
    // The help's own words change with the commands: here counts only that none is left out.
    let help = build::reply(&w.query("olga", "help all"), &p, &Words::new(), Lang::En, w.now);
    let View::Text(help) = help else { panic!("{help:?}") };
    assert_eq!(help.lines.len(), sereno::command::table::TABLE.len() + 2);
}

/// As Matrix shows it: short, and all that can be typed begins as it is typed there.
#[test]
fn the_help_fits_a_phone() {
    let p = staff();
    let mut w = World::new(p.clone());
    let mut said = String::new();
    for (who, lang) in [("olga", Lang::En), ("ana", Lang::Es), ("vera", Lang::En)] {
        let view = build::reply(&w.query(who, "help"), &p, &Words::new(), lang, w.now);
        let ctx = sereno::chat::matrix::render::Ctx { lang, prefix: "!", say: &|say| say.code.clone() };
        let shown = sereno::chat::matrix::render::message(&view, &ctx).body;
        assert!(shown.lines().count() <= 13, "{shown}");
        assert!(shown.split('`').skip(1).step_by(2).all(|typed| typed.starts_with('!')), "{shown}");
        said.push_str(&format!("$ {who}\n{shown}\n\n"));
    }
    assert_snapshot!("help_on_a_phone", said);
}

fn costs(budget: Option<Money>, acts: &[&str]) -> Costs {
    let acts = acts.iter().zip(1_000..).map(|(act, n)| ((*act).to_owned(), n)).collect();
    Costs { month: (2026, 11), spent: Money(12_345_000), budget, told: 0, acts }
}

#[test]
fn a_text_says_what_it_costs() {
    let mut p = staff();
    p.reply.undo_ms = 10_000;
    let fees = Fees { reply: Money(10_000), reply_with_link: Money(200_000), private: Money(15_000) };
    for account in p.accounts.values_mut() {
        account.capabilities.counting = Counting::Weighted;
        account.fees = Some(fees);
    }
    let mut w = World::new(p.clone());
    w.posts(&furious());
    w.say("ana", "claim 1");
    w.say("ana", "draft 1 We are looking into it.");
    w.say("ana", "draft 1 See acme.example/help or acme.com/help");
    w.say("ana", "reply 1");
    w.wait(11 * SECOND_MS);
    // However the lines break.
    let shown = |p: &Policy, lang| all_shown(&w, p, lang).replace("#1 │", "").split_whitespace().collect::<Vec<_>>().join(" ");
    let english = shown(&p, Lang::En);
    assert!(
        english.contains("of 500 characters, 0.01 US dollars:") && english.contains("of 500 characters, 0.20 US dollars:"),
        "{english}"
    );
    assert!(english.contains("of 500 characters · 0.20 US dollars"), "beside the countdown: {english}");
    let spanish = shown(&p, Lang::Es);
    assert!(spanish.contains("de 500 caracteres, 0.01 dólares:") && spanish.contains("de 500 caracteres · 0.20 dólares"), "{spanish}");
    let form = |p: &Policy, verb, lang| {
        let (door, room) = (Door::Modal, p.fallback_room.clone());
        let command =
            Command { id: "f".into(), by: "ana".into(), door, room, thread: None, lang, verb, case: Some(CaseId(1)), args: Args::None };
        let asked = w.engine.form(w.now, &command).unwrap().unwrap();
        render(&build::form(&asked, true, p, &Words::new(), lang, w.now), &STYLE)
    };
    let said = form(&p, Verb::Reply, Lang::En);
    assert!(said.contains("Costs 0.01 US dollars, with a link 0.20"), "{said}");
    let said = form(&p, Verb::Reply, Lang::Es);
    assert!(said.contains("Cuesta 0.01 dólares, con un enlace 0.20"), "{said}");
    let said = form(&p, Verb::Handoff, Lang::En);
    assert!(said.contains("Costs 0.015 US dollars") && !said.contains("with a link"), "a private message: {said}");
    p.accounts.values_mut().for_each(|account| account.fees = None);
    assert!(!shown(&p, Lang::En).contains("dollars"), "where nothing is charged nothing is said");
    assert!(!form(&p, Verb::Reply, Lang::En).contains("dollars"));
}

#[test]
fn a_report_with_every_figure() {
    let mut figures = sereno::digest::figures::Figures {
        from: START.plus(-10 * 60 * MINUTE_MS),
        to: START.plus(6 * DAY_MS),
        new: 12_345,
        answered: 1,
        replies: 2,
        open: Some(sereno::store::OpenCount { open: 7, oldest: Some(START.plus(-2 * DAY_MS)) }),
        median_ms: Some(12 * MINUTE_MS),
        p90_ms: Some(353 * MINUTE_MS),
        in_target_percent: Some(83),
        by_network: [("mastodon".to_owned(), 40), ("square".to_owned(), 2)].into(),
        handoffs: 3,
        resolved: 9,
        confirmed: 1,
        reopened: 4,
        hidden: 5,
        by_agent: [("ana".to_owned(), 2)].into(),
        costs: [
            ("main".into(), costs(Some(Money(50_000_000)), &["post_read", "user_read", "mention_read", "dm_read"])),
            ("shop".into(), costs(None, &["post", "post_with_link", "reply", "dm"])),
        ]
        .into(),
    };
    let mut said = String::new();
    for lang in [Lang::En, Lang::Es] {
        said.push_str(&show(&Body::Digest { figures: Box::new(figures.clone()) }, &staff(), lang, START));
    }
    figures = sereno::digest::figures::Figures { from: START, to: START.plus(MINUTE_MS), ..Default::default() };
    said.push_str(&show(&Body::Digest { figures: Box::new(figures) }, &staff(), Lang::En, START));
    assert_snapshot!("report", said);
}

#[test]
fn the_outbox_says_what_to_do() {
    let entry = |id, lane, effect, state, attempts| OutboxLine {
        op: format!("w-{id}"),
        entry: Entry {
            case: Some(CaseId(3)),
            due: START.plus(SECOND_MS),
            attempts,
            state,
            ..Entry::queued(EntryId(id), lane, effect, START)
        },
    };
    let lines = vec![
        entry(11, Lane::Chat("console".into()), Effect::Card { place: 0 }, EntryState::Queued, 0),
        entry(12_000, Lane::Network("main".into()), Effect::Send { send: 1 }, EntryState::Dead { why: "500: \u{1b}[2Jnope".into() }, 7),
        entry(13, Lane::Network("main".into()), Effect::Send { send: 2 }, EntryState::Unknown, 1),
    ];
    let reply = Reply::Outbox(lines);
    let said: String =
        [Lang::En, Lang::Es].iter().map(|l| render(&build::reply(&reply, &staff(), &Words::new(), *l, START), &STYLE)).collect();
    assert_snapshot!("outbox", said);
}

/// One of each event, about the parts of a case that has one of each.
fn every_event() -> Vec<Event> {
    let text = || Untrusted::new("because\nI say so");
    vec![
        Event::Opened { post: 0, linked: None },
        Event::Opened { post: 0, linked: Some(CaseId(2)) },
        Event::Joined { post: 0 },
        Event::OtherSpoke { post: 0 },
        Event::DmReceived { post: 1 },
        Event::Edited { post: 0 },
        Event::Deleted { post: 0 },
        Event::AnsweredOutside { post: 0 },
        Event::SpokeOutside { post: 0 },
        Event::StoodAfterAll { send: 1 },
        Event::AnswerGone { send: 1 },
        Event::OtherHandoffs { others: vec![CaseId(2), CaseId(3)] },
        Event::Claimed,
        Event::Released,
        Event::Assigned { to: "luis".into() },
        Event::Noted { text: text() },
        Event::Tagged { tag: "refund".into() },
        Event::Untagged { tag: "refund".into() },
        Event::PrioritySet { to: Priority::High },
        Event::PriorityRaised { to: Priority::Urgent, because: Reason::Spreading(12_000) },
        Event::Snoozed { until: START.plus(DAY_MS) },
        Event::Woke,
        Event::Overdue,
        Event::Escalated { text: None },
        Event::Escalated { text: Some(text()) },
        Event::Drafted { draft: 1 },
        Event::Discarded { draft: 1 },
        Event::ApprovalAsked { send: 1 },
        Event::Approved { send: 1 },
        Event::Rejected { send: 1, text: None },
        Event::Rejected { send: 1, text: Some(text()) },
        Event::Queued { send: 1, until: START },
        Event::Held { send: 1, because: HoldReason::CustomerWrote },
        Event::Stopped { send: 1, because: StopReason::TargetGone },
        Event::Stopped { send: 1, because: StopReason::Refused("422".into()) },
        Event::InDoubt { send: 1 },
        Event::Undelivered { send: 1, detail: "500".into() },
        Event::Published { send: 1 },
        Event::Resolved { how: Resolution::ByAgent },
        Event::Resolved { how: Resolution::ByCustomer },
        Event::Reopened { by_customer: true },
        Event::Reopened { by_customer: false },
        Event::MergedFrom { case: CaseId(2) },
        Event::MergedInto { case: CaseId(2) },
        Event::Linked { case: CaseId(2) },
        Event::Erased { case: CaseId(2) },
        Event::Hidden { because: Reason::LinkFarm },
        Event::Restored,
        Event::Undone { verb: "claim".into() },
    ]
}

const CANARY: &str = "KANARI-7788";
const SENT_CANARY: &str = "KANARI-9911";

/// A case with a private conversation in it, both ways, all of it marked by canaries.
fn private_story(policy: Policy) -> World {
    let mut w = World::new(policy);
    w.posts(&furious());
    w.say("ana", &format!("handoff 1 Hello, tell us more {SENT_CANARY}"));
    w.wait(11 * SECOND_MS);
    let mut secret = dm("d1", "carla", &format!("My number is {CANARY}"));
    secret.warning = Some(Untrusted::new(format!("warning {CANARY}")));
    secret.url = Some(format!("https://plaza.example/{CANARY}"));
    secret.media =
        vec![Media { kind: "image".into(), url: format!("https://cdn.example/{CANARY}.jpg"), description: Some(Untrusted::new(CANARY)) }];
    w.posts(&secret);
    w.say("ana", &format!("dm 1 Thank you {SENT_CANARY}"));
    w.wait(11 * SECOND_MS);
    // The same words as a draft are as private as what was sent.
    w.say("ana", &format!("draft 1 Thank you {SENT_CANARY}"));
    w.edits(&secret, &format!("My number is not {CANARY}"));
    w
}

/// Everything about a story that could be shown in `room`, in text, JSON and Debug.
fn everything(w: &mut World, policy: &Policy, room: &str) -> String {
    let words = Words::new();
    let mut out = String::new();
    let views: Vec<View> = [Lang::En, Lang::Es]
        .into_iter()
        .flat_map(|lang| {
            let of = |body: &Body| build::delivery(body, policy, &words, lang, w.now);
            let mut views: Vec<View> = w.chat.iter().filter(|(r, _)| r.as_str() == room).map(|(_, d)| of(&d.body)).collect();
            // And what the chat was never asked to show there: every event, in every place.
            let case = w.case(1);
            for place in (0..case.places.len()).filter(|p| case.places[*p].room.as_str() == room) {
                views.push(of(&Body::Card { case: Box::new(case.clone()), place, edit: None }));
                // A case whose first post is a direct message.
                let mut began = case.clone();
                began.posts.retain(|p| p.post.is_dm());
                views.push(of(&Body::Card { case: Box::new(began), place, edit: None }));
                for send in 1..=case.sends.len() {
                    for post in 0..case.posts.len() {
                        for (n, event) in every_event().into_iter().enumerate() {
                            let event = aimed(event, post, u32::try_from(send).unwrap());
                            let event =
                                EventRecord { case: case.id, n: u32::try_from(n).unwrap(), at: w.now, by: Some("ana".into()), event };
                            views.push(of(&Body::Entry { case: Box::new(case.clone()), place, thread: None, event, edit: None }));
                        }
                    }
                }
            }
            views
        })
        .collect();
    for view in views {
        out.push_str(&render(&view, &Style::PLAIN));
        out.push_str(&serde_json::to_string(&view).unwrap());
    }
    out
}

/// The same event about another post and another send.
fn aimed(event: Event, at: usize, id: u32) -> Event {
    match event {
        Event::Opened { linked, .. } => Event::Opened { post: at, linked },
        Event::Joined { .. } => Event::Joined { post: at },
        Event::OtherSpoke { .. } => Event::OtherSpoke { post: at },
        Event::DmReceived { .. } => Event::DmReceived { post: at },
        Event::Edited { .. } => Event::Edited { post: at },
        Event::AnsweredOutside { .. } => Event::AnsweredOutside { post: at },
        Event::SpokeOutside { .. } => Event::SpokeOutside { post: at },
        Event::ApprovalAsked { .. } => Event::ApprovalAsked { send: id },
        Event::Queued { until, .. } => Event::Queued { send: id, until },
        Event::Published { .. } => Event::Published { send: id },
        Event::Drafted { .. } => Event::Drafted { draft: id },
        other => other,
    }
}

/// What is asked for and answered: it may be shown in any room.
fn queries(w: &mut World, policy: &Policy) -> String {
    let mut out = String::new();
    for lang in [Lang::En, Lang::Es] {
        for line in ["list", "list mine", "history 1", "digest", "help"] {
            out.push_str(&asked(w, line, policy, lang));
        }
        let answer = w.say("ana", &format!("dm 1 Once more {SENT_CANARY}"));
        let case = w.case(1);
        out.push_str(&render(&build::answer(&answer, Some(&case), policy, &Words::new(), lang, w.now), &Style::PLAIN));
        w.wait(11 * SECOND_MS);
    }
    // A case that began with a direct message, in a list.
    w.posts(&dm("d9", "eva", &format!("My number is {CANARY}")));
    assert!(w.case(2).posts[0].post.is_dm());
    out.push_str(&asked(w, "list", policy, Lang::En));
    out.push_str(&w.engine.outbox().iter().map(|l| format!("{l:?}")).collect::<String>());
    out
}

#[test]
fn private_words_stand_only_in_private_rooms() {
    let mut p = staff();
    p.privacy.private_rooms = vec!["vault".into()];
    p.privacy.dm_room = Some("vault".into());
    let mut w = private_story(p.clone());
    let (public, vault) = (everything(&mut w, &p, "console"), everything(&mut w, &p, "vault"));
    assert!(public.contains("private room") && public.contains("sala privada"), "a sentence stands for what is not shown");
    assert!(!public.contains(CANARY) && !public.contains(SENT_CANARY), "{public}");
    assert!(vault.contains(CANARY) && vault.contains(SENT_CANARY));
    let asked = queries(&mut w, &p);
    assert!(!asked.contains(CANARY) && !asked.contains(SENT_CANARY), "{asked}");
    // The room is named private no longer: at once it shows nothing more, whatever stands in the case.
    p.privacy = sereno::policy::PrivacyPolicy::default();
    let vault = everything(&mut w, &p, "vault");
    assert!(!vault.is_empty() && !vault.contains(CANARY) && !vault.contains(SENT_CANARY), "{vault}");
}

#[test]
fn a_private_home_shows_everything_but_lists_do_not() {
    let mut p = staff();
    p.privacy.private_rooms = vec!["console".into()];
    let mut w = private_story(p.clone());
    let home = everything(&mut w, &p, "console");
    assert!(home.contains(CANARY) && home.contains(SENT_CANARY));
    let asked = queries(&mut w, &p);
    assert!(!asked.contains(CANARY) && !asked.contains(SENT_CANARY), "{asked}");
}

#[test]
fn a_correction_of_something_private_is_private() {
    let mut p = staff();
    p.privacy.private_rooms = vec!["vault".into()];
    let w = private_story(p.clone());
    let mut case = w.case(1);
    let earlier = case.sends.iter().find(|s| s.kind == SendKind::Dm).unwrap().clone();
    let id = earlier.id + 1;
    let text = Untrusted::new(format!("corrected {SENT_CANARY}"));
    case.sends.push(Outgoing { id, kind: SendKind::Correct { send: earlier.id }, text, state: SendState::AwaitingApproval, ..earlier });
    let event = EventRecord { case: case.id, n: 90, at: w.now, by: Some("ana".into()), event: Event::ApprovalAsked { send: id } };
    let body = Body::Entry { case: Box::new(case), place: 0, thread: None, event, edit: None };
    assert!(!show(&body, &p, Lang::En, w.now).contains(SENT_CANARY));
    p.privacy.private_rooms.push("console".into());
    assert!(show(&body, &p, Lang::En, w.now).contains(SENT_CANARY) && build::holds_private(&body, &p));
}

#[test]
fn what_holds_private_text_says_so() {
    let mut p = staff();
    p.privacy.private_rooms = vec!["console".into()];
    let w = private_story(p.clone());
    for (_, delivery) in &w.chat {
        let shown = show(&delivery.body, &p, Lang::En, w.now);
        let holds = shown.contains(CANARY) || shown.contains(SENT_CANARY);
        assert_eq!(holds, build::holds_private(&delivery.body, &p), "{shown}");
        assert!(!build::holds_private(&delivery.body, &staff()), "nothing private is shown where nothing is private");
    }
}

#[test]
fn every_event_reads_well_in_both_languages() {
    let mut p = staff();
    p.privacy.private_rooms = vec!["console".into()];
    let w = private_story(p.clone());
    let case = w.case(1);
    let mut said = String::new();
    for lang in [Lang::En, Lang::Es] {
        for (n, event) in every_event().into_iter().enumerate() {
            let event = EventRecord { case: case.id, n: u32::try_from(n).unwrap(), at: w.now, by: Some("ana".into()), event };
            said.push_str(&show(&Body::Entry { case: Box::new(case.clone()), place: 0, thread: None, event, edit: None }, &p, lang, w.now));
        }
    }
    assert!(!said.contains(['{', '}', '$']), "{said}");
    assert_snapshot!("every_event", said);
}

fn piece() -> impl Strategy<Value = Piece> {
    let text = "\\PC{0,12}|[\\x00-\\x1f\\x7f-\\u{9f}\\u{200b}-\\u{206f} a-z│▏#\\u{1f600}\\u{4e00}]{0,40}";
    prop_oneof![
        text.prop_map(Piece::Words),
        text.prop_map(Piece::Strong),
        text.prop_map(|t| Piece::Foreign(Untrusted::new(t))),
        (text, text).prop_map(|(label, path)| Piece::Link { label, url: format!("https://example.org/{path}") }),
    ]
}

fn views() -> impl Strategy<Value = View> {
    let line = || proptest::collection::vec(piece(), 0..4);
    let lines = || proptest::collection::vec(line(), 0..4);
    let actions = || {
        Just(vec![Action { verb: sereno::command::Verb::Claim, label: "Claim".into(), typed: "claim".into(), version: None, draft: None }])
    };
    prop_oneof![
        lines().prop_map(|lines| View::Text(TextView { code: "x".into(), lines })),
        (lines(), actions()).prop_map(|(lines, actions)| {
            View::Entry(EntryView { case: 42, event: "joined".into(), n: 1, post: None, author: None, lines, actions, calls: Vec::new() })
        }),
        (line(), line(), lines(), lines(), actions()).prop_map(|(title, who, body, facts, actions)| {
            let words = String::new;
            View::Card(CardView {
                case: 42,
                code: words(),
                status: words(),
                priority: words(),
                owner: None,
                network: words(),
                account: words(),
                post: words(),
                customer: words(),
                title,
                who,
                body,
                facts,
                actions,
            })
        }),
    ]
}

proptest! {
    #[test]
    fn nothing_but_text_reaches_a_terminal(view in views(), width in 30_usize..100) {
        let plain = render(&view, &Style { width, colour: false });
        prop_assert!(plain.chars().all(|c| c == '\n' || !c.is_control()), "{:?}", plain);
        for line in plain.lines() {
            // A box or a label before a text that is already as narrow as can be makes it wider.
            prop_assert!(unicode_width::UnicodeWidthStr::width(line) <= width.max(Style::NARROWEST + 6), "{:?}", line);
        }
        let coloured = render(&view, &Style { width, colour: true });
        let mut bare = String::new();
        for (i, part) in coloured.split('\u{1b}').enumerate() {
            bare += if i == 0 { part } else { part.split_once('m').unwrap().1 };
        }
        prop_assert_eq!(bare, plain);
    }

    #[test]
    fn nobody_can_write_a_line_that_looks_like_ours(text in "[a-z #│▏✓\\n\\x1b]{0,200}") {
        let clean: Vec<_> = sereno::view::hygiene::lines(&text).into_iter().map(|l| vec![Piece::Foreign(Untrusted::new(l))]).collect();
        let view = View::Text(TextView { code: "x".into(), lines: clean });
        for line in render(&view, &Style { width: 30, colour: false }).lines() {
            prop_assert!(line.starts_with(MARK.trim_end()), "{:?}", line);
        }
    }
}

#[test]
fn what_the_network_says_of_a_private_message_repeats_none_of_it() {
    let mut p = staff();
    p.privacy.private_rooms = vec!["vault".into()];
    let mut w = World::new(p.clone());
    w.posts(&furious());
    w.say("ana", &format!("handoff 1 Hello, tell us more, {SENT_CANARY}!"));
    w.faults.push_back(sereno::outbox::Outcome::Refused { why: format!("422: take off @{SENT_CANARY}, it is not allowed").into() });
    w.wait(11 * SECOND_MS);
    let mut said = all_shown(&w, &p, Lang::En);
    said.push_str(&asked(&mut w, "history 1", &p, Lang::En));
    assert!(said.contains("422: take off … it is not allowed") && !said.contains(SENT_CANARY), "{said}");
    p.privacy.private_rooms.push("console".into());
    assert!(all_shown(&w, &p, Lang::En).contains(&format!("@{SENT_CANARY}, it")));
}

#[test]
fn a_long_list_says_that_it_is_cut() {
    let mut w = World::new(staff());
    for n in 0..25 {
        w.posts(&post(&format!("p{n}"), &format!("c{n}"), "Where is my order?"));
    }
    let listed = asked(&mut w, "list", &staff(), Lang::En);
    assert!(listed.starts_with("25 open cases, most urgent first · 1 to 20 of 25\n"), "{listed}");
    assert!(listed.ends_with("`list 2` shows the next 5.\n"), "{listed}");
}

/// What somebody writes who wants to look like sereno or like staff, or to break a terminal.
fn hostile() -> impl Strategy<Value = String> {
    proptest::collection::vec(
        prop_oneof![
            Just("\n#43 │ Ana took the case.\n".to_owned()),
            Just("\u{1b}[2J\u{1b}]0;x\u{7}".to_owned()),
            Just("\u{202e}evil\u{2066}".to_owned()),
            Just("” @brand · us".to_owned()),
            Just("\u{2028}└─\u{85}┌─ #1 · resolved".to_owned()),
            Just("\u{f8f0}0\u{f8f0}".to_owned()),
            Just("https://bank.example@evil.example/".to_owned()),
            Just("{ $agent } <!channel> @room".to_owned()),
            "\\PC{0,30}",
        ],
        0..5,
    )
    .prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn nobody_can_look_like_us(name in hostile(), handle in hostile(), text in hostile(), other in hostile()) {
        let mut p = furious();
        p.author.name = Untrusted::new(name);
        p.author.handle = Untrusted::new(handle);
        p.author.url = Some(other.clone());
        p.url = Some(other.clone());
        p.text = Untrusted::new(text);
        p.warning = Some(Untrusted::new(other.clone()));
        p.lang = Some(other.clone());
        p.media = vec![Media { kind: other.clone(), url: other.clone(), description: Some(Untrusted::new(other.clone())) }];
        let mut w = World::new(staff());
        w.posts(&p);
        w.say("ana", &format!("note 1 {other}"));
        w.say("ana", &format!("tag 1 {other}"));
        w.say("ana", "reply 1 We are looking into it.");
        w.faults.push_back(sereno::outbox::Outcome::Refused { why: other.clone().into() });
        w.wait(11 * SECOND_MS);
        let shown = all_shown(&w, &staff(), Lang::En);
        prop_assert!(shown.chars().all(|c| c == '\n' || !c.is_control()));
        let allowed = ["┌─ #1 · ", "│ ", "└─", "#1 │ "];
        for line in shown.lines() {
            prop_assert!(allowed.iter().any(|a| line.starts_with(a)), "{:?}", line);
        }
        // A box is opened and closed once for each card, whatever stands in it.
        let of = |mark: &str| shown.lines().filter(|l| l.starts_with(mark)).count();
        let cards = w.chat.iter().filter(|(_, d)| matches!(d.body, Body::Card { .. })).count();
        prop_assert_eq!((of("┌─"), of("└─")), (cards, cards));
        let asked = [asked(&mut w, "list spam", &staff(), Lang::En), asked(&mut w, "history 1", &staff(), Lang::En)].concat();
        for line in asked.lines() {
            prop_assert!(!line.starts_with("#43") && !line.starts_with("└─"), "{:?}", line);
        }
    }
}

#[test]
fn pictures_go_with_what_shows_a_public_post_first_and_with_nothing_else() {
    let mut w = World::new(staff());
    let first = Post { warning: None, ..furious() };
    w.posts(&first);
    let mut later = reply_to(&first, "p2", "carla", "And look at this.");
    let image = |n: usize| Media { kind: "image".into(), url: format!("https://cdn.plaza.example/{n}.jpg"), description: None };
    later.media = (0..6).map(image).collect();
    later.media.insert(1, Media { kind: "video".into(), ..image(9) });
    w.posts(&later);
    w.say("ana", "claim 1");
    let of = |w: &World, policy: &Policy| -> Vec<Pictures> { w.chat.iter().map(|(_, d)| build::pictures(&d.body, policy)).collect() };
    let found = of(&w, &staff());
    let shown = |urls: &[&str]| Pictures::Shown(urls.iter().map(|u| format!("https://cdn.plaza.example/{u}.jpg")).collect());
    assert_eq!(found.first(), Some(&shown(&["q"])));
    assert!(found.contains(&shown(&["0", "1", "2", "3"])), "four of them, and no film: {found:?}");
    let mut links = staff();
    links.privacy.links_only = true;
    assert!(of(&w, &links).iter().all(|p| *p == Pictures::None));
    let before = w.chat.len();
    w.edits(&later, "Never mind.");
    let after = of(&w, &staff())[before..].to_vec();
    assert!(after.contains(&Pictures::Gone), "whoever changes a post may take back what was seen: {after:?}");
    let before = w.chat.len();
    w.deletes(&first);
    assert!(of(&w, &links)[before..].contains(&Pictures::Gone), "what was shown is taken away all the same");
}

#[test]
fn pictures_that_somebody_sent_us_alone_are_not_copied() {
    let none = |p: Post| {
        let mut w = World::new(staff());
        w.posts(&p);
        !w.chat.is_empty() && w.chat.iter().all(|(_, d)| build::pictures(&d.body, &staff()) == Pictures::None)
    };
    let open = Post { warning: None, ..furious() };
    assert!(none(Post { visibility: Visibility::Direct, ..open.clone() }));
    assert!(none(Post { visibility: Visibility::Followers, ..open.clone() }));
    assert!(none(furious()), "its author warns of it");
    assert!(!none(open));
}

#[test]
fn the_card_says_how_a_customer_can_be_written_to() {
    let said = |route: DmRoute, lang: Lang| {
        let mut w = World::new(staff());
        let mut p = furious();
        p.author.route = Some(route);
        w.posts(&p);
        let case = w.case(1);
        show(&Body::Card { case: Box::new(case), place: 0, edit: None }, &staff(), lang, w.now)
    };
    let until = START.plus(MINUTE_MS * 90);
    let link = DmRoute::Link { url: "https://plaza.example/write".into() };
    for (route, en, es) in [
        (link, "a handoff answers in public, with a link", "al derivar se contesta en público"),
        (DmRoute::InPublic, "a handoff asks them to in public", "al derivar se le pide en público"),
        (DmRoute::None, "no private messages", "no hay mensajes privados"),
        (DmRoute::Window { until }, "they can be written to in private", "se le puede escribir en privado"),
        (DmRoute::OneShot { until }, "once", "una vez"),
        (DmRoute::OneShot { until: START.plus(-1) }, "a handoff asks them to in public", "al derivar se le pide en público"),
    ] {
        let joined = |lang| said(route.clone(), lang).replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ");
        let (english, spanish) = (joined(Lang::En), joined(Lang::Es));
        assert!(english.contains(en), "{en}: {english}");
        assert!(spanish.contains(es), "{es}: {spanish}");
        assert_eq!(english.contains("handoff 1"), route != DmRoute::None, "{english}");
    }
    assert!(!said(DmRoute::Direct, Lang::En).contains("in private"), "what is usual need not be said");
}
