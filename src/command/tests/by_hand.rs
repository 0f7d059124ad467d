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
fn an_answers_address_is_of_the_cases_site_and_not_the_customers_own_post() {
    let mut b = found();
    b.case = case_of(42, &Post { url: Some("https://x.com/cleo/status/7".into()), ..by_hand("p1") }, &b.policy);
    b.now = b.now.plus(SECOND_MS);
    b.input(CaseInput::Post(&Post {
        url: Some("https://x.com/bystander/status/8".into()),
        author: crate::post::Author { id: "dana".into(), ..Default::default() },
        ..by_hand("p2")
    }));
    for theirs in [
        "https://x.com/cleo/status/7",
        "https://mobile.twitter.com/Cleo/status/7?s=20",
        "https://www.x.com/i/web/status/7/photo/1",
        "http://x.com/i/status/8",
    ] {
        assert_eq!(b.no(ANA, &format!("posted {theirs}")), Refusal::NotOurPost, "{theirs}");
    }
    for (elsewhere, host) in [
        ("https://evil.example/acme/status/1", "evil.example"),
        ("https://x.com.evil.example/acme/status/1", "x.com.evil.example"),
        ("https://notx.com/a/status/1", "notx.com"),
    ] {
        assert_eq!(b.no(ANA, &format!("posted {elsewhere}")), Refusal::OtherSite(host.into(), "x.com".into()));
    }
    b.ok(ANA, "posted https://mobile.twitter.com/acme/status/9");
    assert_eq!(b.no(ANA, &format!("posted {OURS}")), Refusal::AlreadySo);
    // On a network of many servers ours stands where our account is.
    let mut b = bench();
    let main = b.policy.accounts.get_mut(&Account::from("main")).expect("the account");
    main.author = Some("https://brand.example/users/acme".into());
    b.case = case_of(42, &Post { url: Some("https://plaza.example/@cleo/7".into()), ..post("p1", "¿Hola?") }, &b.policy);
    assert!(matches!(b.no(ANA, "posted https://evil.example/@acme/9"), Refusal::OtherSite(..)));
    b.ok(ANA, "posted https://brand.example/@acme/9");
    // What went through sereno is known already.
    b.ok(ANA, "reply Hola");
    let id = b.case.live_send().expect("it is on its way").id;
    let url = Some("https://brand.example/@acme/10".to_owned());
    b.input(CaseInput::SendStarting(id));
    b.input(CaseInput::SendPublished(id, &Receipt { native_id: "n".into(), post: Some(PostId::from("o")), url }));
    assert_eq!(b.no(ANA, "posted https://brand.example/@acme/10"), Refusal::AlreadySo);
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
