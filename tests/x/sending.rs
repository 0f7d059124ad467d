//! Answering in public and in private, and finding out after doubt, on the emulator.

use super::Signed;
use crate::emulator::x::{Emulator, Fault};
use sereno::case::{Outgoing, SendKind, SendState};
use sereno::clock::{Clock, Time};
use sereno::network::x::mapping::{author_id, post_id};
use sereno::outbox::{Look, Outcome, Receipt};
use sereno::post::Author;
use sereno::say::Why;

pub fn send(kind: SendKind, target: &str, to: &str, text: &str) -> Outgoing {
    let at = Clock::system().now();
    Outgoing {
        id: 1,
        kind,
        account: "tienda".into(),
        target: Some(post_id(target)),
        target_local: target.into(),
        target_version: 0,
        to: Author { id: author_id(to), local_id: to.into(), ..Author::default() },
        text: sereno::post::Untrusted::new(text),
        lang: "es".into(),
        by: "a".into(),
        drafted_by: "a".into(),
        approved_by: None,
        at,
        state: SendState::InFlight { since: at },
        shown_at: None,
        tried: false,
        tried_at: None,
        absent_at: None,
        invites: false,
        files: Vec::new(),
    }
}

fn refused(code: &str) -> Outcome {
    Outcome::Refused { why: Why::ours(code) }
}

impl Signed {
    async fn send(&self, send: &Outgoing) -> Outcome {
        self.now().publish(send, None, &[]).await
    }

    /// A look, when X has had time to show it.
    pub async fn look(&self, send: &Outgoing, known: &[&str]) -> Look {
        let known: Vec<String> = known.iter().map(|id| (*id).to_owned()).collect();
        self.later().look_back(send, None, send.at, &known).await
    }

    fn later(&self) -> sereno::network::x::read::Reader<'_> {
        self.at(Clock::system().now().plus(60_000))
    }
}

pub fn done(outcome: Outcome) -> Receipt {
    if let Outcome::Done(receipt) = outcome { receipt } else { panic!("{outcome:?}") }
}

fn published(receipt: &Receipt) -> SendState {
    let id = receipt.post.clone().unwrap();
    SendState::Published { id, local_id: receipt.native_id.clone(), url: receipt.url.clone(), at: Time(1) }
}

#[tokio::test]
async fn an_answer_stands_below_the_post_and_is_taken_back() {
    let x = Emulator::start().await;
    let us = Signed::on(&x).await;
    let ana = x.customer("ana");
    let post = ana.post("@tienda_sol mi pedido");
    let receipt = done(us.send(&send(SendKind::Reply, &post, &ana.id, "Lo miramos & te decimos <3")).await);
    let books = x.books();
    let [answer] = &books.answers_to(&post)[..] else { panic!() };
    assert_eq!((answer.id.as_str(), answer.text.as_str()), (receipt.native_id.as_str(), "@ana Lo miramos & te decimos <3"));
    assert_eq!(receipt.post, Some(post_id(&answer.id)));
    let back = send(SendKind::Retract { send: 1 }, &post, &ana.id, "");
    assert_eq!(us.later().look_back(&back, Some(&published(&receipt)), back.at, &[]).await, Look::Absent);
    done(us.now().publish(&back, Some(&published(&receipt)), &[]).await);
    assert!(x.books().answers_to(&post).is_empty());
    assert!(matches!(us.later().look_back(&back, Some(&published(&receipt)), back.at, &[]).await, Look::Found(_)));
    assert_eq!(us.send(&send(SendKind::Correct { send: 1 }, &post, &ana.id, "x")).await, refused("why-cannot-change"));
    assert!(x.books().faults.is_empty(), "{:#?}", x.books().faults);
}

#[tokio::test]
async fn who_may_not_be_answered_is_known_without_a_try() {
    let x = Emulator::start().await;
    let us = Signed::on(&x).await;
    let ana = x.customer("ana");
    let buzz = ana.post("la tienda sol cierra");
    assert_eq!(us.send(&send(SendKind::Reply, &buzz, &ana.id, "hola")).await, refused("why-may-not-answer"));
    let post = ana.post("@tienda_sol roto");
    let edited = ana.post("@tienda_sol rota");
    ana.edit(&edited, "@tienda_sol rota del todo");
    ana.delete(&post);
    assert_eq!(us.send(&send(SendKind::Reply, &post, &ana.id, "hola")).await, Outcome::TargetGone);
    assert_eq!(us.send(&send(SendKind::Reply, &edited, &ana.id, "hola")).await, Outcome::TargetEdited);
    assert_eq!(x.books().asked("POST", "/2/tweets"), 0);
}

#[tokio::test]
async fn an_answer_that_was_taken_and_then_lost_is_found_and_not_sent_again() {
    let x = Emulator::start().await;
    let us = Signed::on(&x).await;
    let ana = x.customer("ana");
    let post = ana.post("@tienda_sol mi pedido");
    let answer = send(SendKind::Reply, &post, &ana.id, "Lo miramos");
    for fault in [Fault::Drop { done: true }, Fault::HalfAnswer, Fault::Malformed, Fault::Status { code: 503, done: true }] {
        let answer = Outgoing { text: sereno::post::Untrusted::new(format!("Lo miramos {fault:?}")), ..answer.clone() };
        x.fault("POST /2/tweets", fault, 1);
        let outcome = us.send(&answer).await;
        assert!(matches!(outcome, Outcome::Unknown { .. }), "{fault:?}: {outcome:?}");
        assert!(matches!(us.now().look_back(&answer, None, answer.at, &[]).await, Look::Retry { .. }), "too early to tell");
        let Look::Found(receipt) = us.look(&answer, &[]).await else { panic!("{fault:?}") };
        assert_eq!(us.look(&answer, &[&receipt.native_id]).await, Look::Absent, "another send of the case is not this one");
        // Whoever sends it again all the same is told that it may stand.
        assert!(matches!(us.send(&answer).await, Outcome::Unknown { .. }));
    }
    x.fault("POST /2/tweets", Fault::Drop { done: false }, 1);
    let lost = send(SendKind::Reply, &post, &ana.id, "Ya está");
    assert!(matches!(us.send(&lost).await, Outcome::Unknown { .. }));
    assert_eq!(us.look(&lost, &[]).await, Look::Absent);
    done(us.send(&lost).await);
    assert_eq!(x.books().answers_to(&post).len(), 5, "each stands once");
}

#[tokio::test]
async fn the_same_text_to_another_customer_is_refused_with_what_to_do() {
    let x = Emulator::start().await;
    let us = Signed::on(&x).await;
    let (ana, bea) = (x.customer("ana"), x.customer("bea"));
    let (one, other) = (ana.post("@tienda_sol roto"), bea.post("@tienda_sol también"));
    done(us.send(&send(SendKind::Reply, &one, &ana.id, "Lo miramos")).await);
    assert_eq!(us.send(&send(SendKind::Reply, &other, &bea.id, "Lo miramos")).await, refused("why-same-text"));
}

#[tokio::test]
async fn a_private_message_reaches_whom_it_is_for_and_is_found_after_doubt() {
    let x = Emulator::start().await;
    let us = Signed::on(&x).await;
    let (ana, bea) = (x.customer("ana"), x.customer("bea"));
    let post = ana.post("@tienda_sol mi pedido");
    let first = send(SendKind::Handoff, &post, &ana.id, "¿Nos das el número?");
    assert_eq!(us.look(&first, &[]).await, Look::Absent);
    let receipt = done(us.send(&first).await);
    assert_eq!(x.books().dms_to(&ana.id)[0].text, "¿Nos das el número?");
    assert_eq!(receipt.native_id, format!("dm:{}", x.books().dms_to(&ana.id)[0].id));
    assert_eq!(us.look(&first, &[]).await, Look::Found(receipt.clone()));
    assert_eq!(us.look(&first, &[&receipt.native_id]).await, Look::Absent);
    x.fault("/messages", Fault::Drop { done: true }, 1);
    let more = send(SendKind::Dm, "dm:7", &ana.id, "Gracias");
    assert!(matches!(us.send(&more).await, Outcome::Unknown { .. }));
    assert!(matches!(us.look(&more, &[]).await, Look::Found(_)));
    bea.takes_dms(false);
    assert_eq!(us.send(&send(SendKind::Handoff, &post, &bea.id, "hola")).await, refused("why-no-dms"));
    ana.delete(&post);
    assert_eq!(us.send(&first).await, Outcome::TargetGone, "no handoff from a post that is gone");
    assert_eq!(x.books().dms_to(&ana.id).len(), 2);
}

#[tokio::test]
async fn a_used_up_window_holds_what_it_is_of_and_is_not_asked_before_its_time() {
    let x = Emulator::start().await;
    let us = Signed::on(&x).await;
    let ana = x.customer("ana");
    let post = ana.post("@tienda_sol mi pedido");
    x.fault("/messages", Fault::TooMany { after_s: 60 }, 1);
    for _ in 0..2 {
        let outcome = us.send(&send(SendKind::Handoff, &post, &ana.id, "Por aquí mejor")).await;
        assert!(matches!(outcome, Outcome::Retry { after_ms: Some(_), lane: false, .. }), "{outcome:?}");
        assert_eq!(x.books().asked("POST", "/messages"), 1);
    }
    done(us.send(&send(SendKind::Reply, &post, &ana.id, "uno")).await);
    x.fault("POST /2/tweets", Fault::TooMany { after_s: 60 }, 1);
    for _ in 0..2 {
        let outcome = us.send(&send(SendKind::Reply, &post, &ana.id, "dos")).await;
        assert!(matches!(outcome, Outcome::Retry { after_ms: Some(_), lane: false, .. }), "{outcome:?}");
        assert_eq!(x.books().asked("POST", "/2/tweets"), 2, "the one that went, and the one that was refused");
    }
}

#[tokio::test]
async fn a_lost_token_holds_the_lane() {
    let x = Emulator::start().await;
    let us = Signed::on(&x).await;
    let ana = x.customer("ana");
    let post = ana.post("@tienda_sol mi pedido");
    x.revoke_all();
    let outcome = us.send(&send(SendKind::Reply, &post, &ana.id, "dos")).await;
    assert!(matches!(outcome, Outcome::AuthLost { .. }), "{outcome:?}");
}
