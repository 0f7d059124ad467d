//! Answers that a network takes from people alone.

use super::*;
use crate::case::Status;
use crate::post::{Answering, Post};

const FORM: &str = "https://x.com/intent/tweet?in_reply_to=7&text={text}";
const OURS: &str = "https://x.com/acme/status/9";

fn by_hand(id: &str) -> Post {
    Post { answering: Answering::ByHand { url: FORM.into() }, ..post(id, "Nadie contesta en la tienda.") }
}

fn found() -> Bench {
    let mut b = bench();
    b.case = case_of(42, &by_hand("p1"), &b.policy);
    b
}

fn ours(id: &str, url: &str) -> Post {
    let author = crate::post::Author { id: "us".into(), ..Default::default() };
    Post { author, url: Some(url.into()), ..post(id, "Ya lo miramos.") }
}

#[test]
fn what_only_a_person_may_answer_is_drafted_here_and_told_of_afterwards() {
    let mut b = found();
    let refused = Refusal::ByHand(CaseId(42), FORM.replace("{text}", ""));
    assert_eq!(b.no(ANA, "reply Ya lo miramos"), refused);
    b.ok(ANA, "draft Ya lo miramos & más");
    assert_eq!(b.no(ANA, "reply"), refused);
    b.ok(ANA, &format!("posted <{OURS}?s=20>"));
    assert_eq!(b.events.last(), Some(&Event::PostedByHand { url: format!("{OURS}?s=20") }));
    assert_eq!((b.case.status, b.owner(), b.case.answer_due), (Status::Waiting, Some(ANA), None));
    assert!(b.case.current_draft().is_none(), "it was sent");
    assert!(b.facts.iter().any(|f| matches!(f, FactKind::FirstAnswer { outside: false, .. })));
    // Its address goes by other names too; the account's own posts bring it as well.
    assert_eq!(b.no(ANA, "posted https://twitter.com/Acme/status/9/"), Refusal::AlreadySo);
    let told = b.case.events;
    b.input(CaseInput::Post(&ours("o1", OURS)));
    assert_eq!(b.case.posts.len(), 2);
    assert_eq!(b.case.events, told, "told once");
    b.input(CaseInput::Post(&ours("o2", "https://x.com/acme/status/10")));
    assert_eq!(b.no(ANA, "posted https://x.com/acme/status/10"), Refusal::AlreadySo, "its stream was faster");
}

#[test]
fn an_address_is_one_of_a_post() {
    let mut b = found();
    for wrong in ["ya", "https://x.com", "https://x.com/", "javascript:alert(1)", "ftp://x.com/1", "https://a:b@x.com/1", "//x.com/1"] {
        assert_eq!(b.no(ANA, &format!("posted {wrong}")), Refusal::NotAnAddress(wrong.into()));
    }
    let long = format!("https://x.com/{}", "a".repeat(2_000));
    assert!(matches!(b.no(ANA, &format!("posted {long}")), Refusal::NotAnAddress(said) if said.len() == 80));
    assert_eq!(b.no(ANA, "posted"), Refusal::Usage("posted".into()));
    b.ok(BEA, "claim");
    assert_eq!(b.no(ANA, &format!("posted {OURS}")), owned_by(BEA));
}

#[test]
fn nothing_is_noted_beside_an_answer_that_is_on_its_way() {
    let mut b = bench();
    b.ok(ANA, "reply Hola");
    assert_eq!(b.no(ANA, &format!("posted {OURS}")), Refusal::SendUnderWay(1));
}

#[test]
fn an_edit_that_names_us_lets_us_answer_and_what_is_closed_nobody_answers() {
    let mut b = found();
    b.now = b.now.plus(SECOND_MS);
    b.input(CaseInput::Edited(&Post { edited_at: Some(b.now), answering: Answering::ByApi, ..by_hand("p1") }));
    b.ok(ANA, "reply Hola");
    let mut b = found();
    b.case = case_of(42, &Post { answering: Answering::Closed, ..post("p1", "¿Hola?") }, &b.policy);
    assert_eq!(b.no(ANA, "reply Hola"), Refusal::AnswersClosed);
}
