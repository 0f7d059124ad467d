//! Handoffs, closing, merging, hiding.

use super::*;
use crate::post::{Answering, Author, Post, Visibility};

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
    // What is known of the person outweighs what is known of the network.
    b.case.customer.route = Some(DmRoute::Direct);
    assert_eq!(b.ok(ANA, "handoff").code, "done-handoff");
}

const LINK: &str = "https://x.example/compose?to=us";

fn dm(b: &Bench, id: &str) -> Post {
    Post { visibility: Visibility::Direct, created_at: b.now, ..post(id, "Es la R7") }
}

#[test]
fn who_has_to_write_first_is_asked_in_public_with_the_link() {
    let mut b = bench();
    b.policy.reply.approval = Approval::Agents;
    b.case.customer.route = Some(DmRoute::Link { url: LINK.into() });
    assert_eq!(b.ok(ANA, "handoff").code, "done-send-approval", "what is public needs its second pair of eyes");
    b.ok(LEO, "approve");
    let send = b.case.send(1).cloned().expect("the invitation");
    assert_eq!((send.kind, send.target), (SendKind::Reply, Some(PostId::from("p1"))));
    let text = send.text.expose().to_owned();
    assert!(text.starts_with("Queremos resolverlo contigo.") && text.ends_with(&format!(" {LINK}")), "{text}");
    assert!(!text.contains("K7RM") && !text.contains("cleo"), "nothing of the customer's: {text}");
    b.publish();
    assert!(b.case.is_invited() && !b.case.handoff_open);
    assert_eq!(b.case.status, Status::Waiting);
    assert_eq!(b.no(ANA, "dm Hola"), Refusal::NoHandoff, "they have not written yet");
    assert_eq!(b.no(ANA, "handoff"), Refusal::AlreadySo);
    let message = dm(&b, "d1");
    b.input(CaseInput::Post(&message));
    assert!(b.case.handoff_open && !b.case.is_invited());
    b.policy.reply.approval = Approval::Off;
    assert_eq!(b.ok(ANA, "dm Gracias").code, "done-dm");
}

#[test]
fn own_words_of_an_invitation_get_the_link_once_and_only_where_there_is_one() {
    let mut b = bench();
    b.case.customer.route = Some(DmRoute::Link { url: LINK.into() });
    assert_eq!(b.fills(ANA, "handoff Escríbenos, por favor").map(|s| s.code), Ok("done-handoff-in-public".into()));
    assert_eq!(b.case.send(1).map(|s| s.text.expose()), Some(format!("Escríbenos, por favor {LINK}").as_str()));
    let mut b = bench();
    b.case.customer.route = Some(DmRoute::Link { url: LINK.into() });
    b.fills(ANA, &format!("handoff Aquí: {LINK} – gracias")).unwrap();
    assert_eq!(b.case.send(1).map(|s| s.text.expose()), Some(format!("Aquí: {LINK} – gracias").as_str()));
    let mut b = bench();
    b.case.customer.route = Some(DmRoute::InPublic);
    b.ok(ANA, "handoff");
    assert!(b.case.send(1).is_some_and(|s| s.invites && !s.text.expose().contains("https")));
    // Where people alone may answer, the form there holds the invitation and its link.
    let mut b = bench();
    b.case.posts[0].post.answering = Answering::ByHand { url: "https://x.example/?text={text}".into() };
    b.case.customer.route = Some(DmRoute::Link { url: "https://l".into() });
    let form = "https://x.example/?text=Ven%20https%3A%2F%2Fl";
    assert_eq!(b.fills(ANA, "handoff Ven"), Err(Refusal::ByHand(CaseId(42), form.into())));
}

#[test]
fn what_is_typed_for_a_private_message_is_never_published() {
    let shut = [DmRoute::Link { url: LINK.into() }, DmRoute::InPublic, DmRoute::OneShot { until: bench().now.plus(-SECOND_MS) }];
    for route in shut {
        let mut b = bench();
        b.case.customer.route = Some(route.clone());
        let typed = "handoff Hola Ana, tu pedido 5543 va a Calle Mayor 5";
        assert_eq!(b.no(ANA, typed), Refusal::WouldBePublic(CaseId(42)), "{route:?}");
        assert!(b.case.sends.is_empty() && b.case.owner.is_none());
        // A private conversation that is open is private whatever else is closed.
        b.case.handoff_open = true;
        b.say(ANA, "dm Tu pedido 5543").ok();
        assert!(b.case.sends.iter().all(|s| s.kind.is_private()), "{route:?}");
        b.case.handoff_open = false;
        b.case.sends.clear();
        // The prepared invitation holds nothing of theirs, and a form that said so publishes what was written in it.
        assert_eq!(b.ok(ANA, "handoff").code, "done-handoff-in-public");
        b.ok(ANA, "undo");
        assert_eq!(b.fills(ANA, "handoff Escríbenos").map(|s| s.code), Ok("done-handoff-in-public".into()));
    }
    // What everybody could have read may as well go to the customer alone.
    let mut b = bench();
    assert_eq!(b.fills(ANA, "handoff Escríbenos").map(|s| s.code), Ok("done-handoff".into()));
}

#[test]
fn one_message_or_messages_for_a_while() {
    let mut b = bench();
    b.case.customer.route = Some(DmRoute::OneShot { until: b.now.plus(HOUR_MS) });
    assert_eq!(b.ok(ANA, "handoff").code, "done-handoff");
    b.publish();
    assert_eq!(b.no(ANA, "dm ¿Sigues ahí?"), Refusal::RouteShut);
    b.now = b.now.plus(SECOND_MS);
    let message =
        Post { author: Author { route: Some(DmRoute::Window { until: b.now.plus(HOUR_MS) }), ..dm(&b, "d1").author }, ..dm(&b, "d1") };
    b.input(CaseInput::Post(&message));
    b.ok(ANA, "dm Gracias");
    b.publish();
    b.ok(ANA, "dm Ya está");
    b.publish();
    b.now = b.now.plus(HOUR_MS + SECOND_MS);
    assert_eq!(b.no(ANA, "dm Una cosa más"), Refusal::RouteShut);
    // Too late for the first one, they are asked in public.
    let mut b = bench();
    b.case.customer.route = Some(DmRoute::OneShot { until: b.now.plus(-SECOND_MS) });
    assert_eq!(b.ok(ANA, "handoff").code, "done-handoff-in-public");
}

#[test]
fn private_messages_need_no_approval() {
    let mut b = bench();
    b.policy.reply.approval = Approval::All;
    assert_eq!(b.ok(ANA, "handoff").code, "done-handoff");
}

#[test]
fn resolve_closes_and_lets_an_answer_go_that_was_sent_before() {
    let mut b = bench();
    b.ok(ANA, "reply Hola");
    assert_eq!(b.no(BEA, "resolve"), owned_by(ANA));
    b.ok(ANA, "cerrar");
    assert_eq!((b.case.status, b.case.resolution, b.case.answer_due), (Status::Resolved, Some(Resolution::ByAgent), None));
    assert!(matches!(b.state(1), SendState::Waiting { .. }), "nobody has to decide on it any more");
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
fn resolve_gives_back_the_text_that_waits_for_a_second_pair_of_eyes() {
    let mut b = bench();
    b.policy.reply.approval = Approval::All;
    b.ok(ANA, "reply Hola");
    b.ok(ANA, "resolve");
    assert_eq!(*b.state(1), SendState::Stopped(StopReason::CaseClosed));
    assert_eq!(b.case.current_draft().map(|d| d.text.expose()), Some("Hola"));
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
