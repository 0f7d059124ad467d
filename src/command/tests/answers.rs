//! Public answers: drafts, replies, approval, what was held.

use super::*;

#[test]
fn draft_says_its_length_and_sends_nothing() {
    let mut b = bench();
    let said = b.ok(BEA, "draft Lo estamos mirando");
    assert_eq!((said.code.as_str(), number(&said, "length"), number(&said, "max")), ("done-draft", 24, 500));
    assert!(b.sends.is_empty() && b.case.sends.is_empty());
    let draft = b.case.current_draft().expect("a draft").clone();
    assert_eq!((draft.id, draft.by.as_str(), draft.text.expose()), (1, BEA, "Lo estamos mirando"));
    let said = b.ok(ANA, &format!("draft {}", "x".repeat(600)));
    assert_eq!((said.code.as_str(), number(&said, "length")), ("done-draft-too-long", 606));
    assert_eq!(b.case.current_draft().map(|d| d.id), Some(2));
    assert_eq!(b.no(ANA, "draft"), Refusal::Usage("draft".into()));
    b.input(CaseInput::Deleted(&"p1".into(), NOW));
    assert_eq!(b.ok(ANA, "draft to nobody").code, "done-draft-unaddressed");
    b.case.status = Status::Resolved;
    assert_eq!(b.no(ANA, "draft x"), Refusal::Status(Status::Resolved));
}

#[test]
fn reply_with_text_claims_and_waits_out_its_window() {
    let mut b = bench();
    let said = b.ok(ANA, "reply 2 días como mucho, lo sentimos");
    assert_eq!((said.code.as_str(), number(&said, "length")), ("done-reply", 36));
    assert_eq!(b.owner(), Some(ANA));
    let until = NOW.plus(b.policy.reply.undo_ms);
    assert_eq!(b.events, [Event::Claimed, Event::Queued { send: 1, until }]);
    assert_eq!(b.sends, [(1, until)]);
    let send = b.case.send(1).expect("a send");
    assert_eq!(send.text.expose(), "2 días como mucho, lo sentimos");
    assert_eq!((send.target.clone(), send.target_local.as_str()), (Some("p1".into()), "local-p1"));
    assert_eq!((send.by.as_str(), send.drafted_by.as_str()), (ANA, ANA));
    assert_eq!(b.no(ANA, "reply again"), Refusal::SendUnderWay(1));
    b.publish();
    assert_eq!(b.case.status, Status::Waiting);
}

#[test]
fn reply_is_refused_where_it_must_be() {
    let mut b = bench();
    assert_eq!(b.no(ANA, "reply"), Refusal::NoDraft);
    assert_eq!(b.no(ANA, &format!("reply {}", "x".repeat(495))), Refusal::TooLong(501, 500));
    b.ok(BEA, "claim");
    assert_eq!(b.no(ANA, "reply mine now"), owned_by(BEA));
    assert_eq!(b.no(LEO, "reply mine now"), owned_by(BEA));
    b.input(CaseInput::Deleted(&"p1".into(), NOW));
    assert_eq!(b.no(BEA, "reply to nobody"), Refusal::NothingToAnswer);
    b.ok(BEA, "resolve");
    assert_eq!(b.no(BEA, "reply too late"), Refusal::Status(Status::Resolved));
    let mut b = bench();
    b.ok(BEA, "spam");
    assert_eq!(b.no(BEA, "reply hello"), Refusal::Status(Status::Quarantined));
}

#[test]
fn reply_without_text_sends_the_draft_in_its_authors_name() {
    let mut b = bench();
    b.ok(BEA, "draft Ya sale la maleta");
    b.ok(ANA, "reply");
    let send = b.case.send(1).expect("a send");
    assert_eq!((send.by.as_str(), send.drafted_by.as_str(), send.text.expose()), (ANA, BEA, "Ya sale la maleta"));
    assert!(b.case.current_draft().is_none());
    b.publish();
    assert_eq!(b.no(ANA, "reply"), Refusal::NoDraft);
}

#[test]
fn reply_lets_a_held_answer_go_on_to_the_newest_post() {
    let mut b = bench();
    b.ok(ANA, "reply Lo miramos");
    b.customer_writes("p2", "¿Hay alguien ahí?");
    assert_eq!(*b.state(1), SendState::Held(HoldReason::CustomerWrote));
    b.ok(ANA, "reply");
    let until = b.now.plus(b.policy.reply.undo_ms);
    assert_eq!((b.state(1), b.sends.clone()), (&SendState::Waiting { until }, vec![(1, until)]));
    assert_eq!(b.case.send(1).and_then(|s| s.target.clone()), Some("p2".into()));
    // Another text takes its place.
    b.customer_writes("p3", "¿Hola?");
    b.ok(ANA, "reply Perdona la espera");
    assert_eq!(*b.state(1), SendState::Stopped(StopReason::Superseded));
    assert!(b.voided.contains(&1));
    assert_eq!(b.case.send(2).map(|s| s.text.expose()), Some("Perdona la espera"));
    // So does a newer draft.
    b.customer_writes("p4", "¿¿Hola??");
    b.ok(BEA, "draft Ya está en camino");
    b.ok(ANA, "reply");
    assert_eq!(*b.state(2), SendState::Stopped(StopReason::Superseded));
    assert_eq!(b.case.send(3).map(|s| s.text.expose()), Some("Ya está en camino"));
}

#[test]
fn a_held_answer_to_an_edited_post_is_aimed_at_its_new_version() {
    let mut b = bench();
    b.ok(ANA, "reply Lo miramos");
    b.now = b.now.plus(SECOND_MS);
    let edited = crate::post::Post { edited_at: Some(b.now), ..post("p1", "Era la mochila, no la maleta") };
    b.input(CaseInput::Edited(&edited));
    assert_eq!(*b.state(1), SendState::Held(HoldReason::TargetEdited));
    b.ok(ANA, "reply");
    assert_eq!(b.case.send(1).map(|s| s.target_version), Some(b.now.0));
}

#[test]
fn approval_never_by_who_wrote_or_asked() {
    let mut b = bench();
    b.policy.reply.approval = Approval::All;
    b.ok(LEO, "draft Le devolvemos el importe");
    assert_eq!(b.no(LEO, "approve"), Refusal::NothingToApprove);
    let said = b.ok(ANA, "reply");
    assert_eq!(said.code, "done-send-approval");
    assert!(b.sends.is_empty(), "nothing is queued before approval");
    assert_eq!(b.events, [Event::Claimed, Event::ApprovalAsked { send: 1 }]);
    assert_eq!(b.no(LEO, "approve"), Refusal::OwnDraft, "leo wrote it");
    let mut asked = bench();
    asked.policy.reply.approval = Approval::All;
    asked.ok(ANA, "draft x");
    asked.ok(LEO, "reply");
    assert_eq!(asked.no(LEO, "approve"), Refusal::OwnDraft, "leo asked for it");
    b.ok("U5", "aprobar");
    let until = b.now.plus(b.policy.reply.undo_ms);
    assert_eq!(b.events, [Event::Approved { send: 1 }, Event::Queued { send: 1, until }]);
    assert_eq!((b.sends.clone(), b.case.send(1).and_then(|s| s.approved_by.clone())), (vec![(1, until)], Some("U5".into())));
    assert_eq!(b.no("U5", "approve"), Refusal::NothingToApprove);
}

#[test]
fn approval_is_bound_to_the_text_and_the_target() {
    let mut b = bench();
    b.policy.reply.approval = Approval::Agents;
    b.ok(ANA, "reply Primera");
    // A new draft voids what waits.
    b.ok(BEA, "draft Segunda");
    assert_eq!(*b.state(1), SendState::Stopped(StopReason::Superseded));
    assert_eq!(b.no(LEO, "approve"), Refusal::NothingToApprove);
    b.ok(ANA, "reply");
    // It is not the text that was there before, so it is named; or it stands in the room for a while.
    assert_eq!(b.no(LEO, "approve"), Refusal::NewText(CaseId(42), 2));
    assert_eq!(b.no(LEO, "approve #42 1"), Refusal::OtherText(CaseId(42), 2));
    b.ok(LEO, "approve #42 2");
    // The customer writes: held; let go on towards another post, it needs approval again.
    b.customer_writes("p2", "Otra cosa");
    b.ok(ANA, "reply");
    assert_eq!((b.state(2), b.case.send(2).and_then(|s| s.approved_by.clone())), (&SendState::AwaitingApproval, None));
    assert!(b.sends.is_empty());
    b.input(CaseInput::OfferShown(2));
    b.now = b.now.plus(b.policy.reply.read_ms - 1);
    assert_eq!(b.no(LEO, "approve"), Refusal::NewText(CaseId(42), 2));
    b.now = b.now.plus(1);
    b.ok(LEO, "approve");
    // Held for another reason, the same text to the same post keeps its approval.
    b.input(CaseInput::SendHeld(2, HoldReason::AnsweredOutside));
    b.ok(ANA, "reply");
    assert!(matches!(b.state(2), SendState::Waiting { .. }));
    // A lead's own answer needs none under `agents`.
    let mut b = bench();
    b.policy.reply.approval = Approval::Agents;
    assert_eq!(b.ok(LEO, "reply Hola").code, "done-reply");
}

#[test]
fn what_waits_for_approval_is_held_when_the_customer_writes() {
    let mut b = bench();
    b.policy.reply.approval = Approval::Agents;
    b.ok(ANA, "reply Primera");
    b.customer_writes("p2", "Ya no hace falta");
    assert_eq!(*b.state(1), SendState::Held(HoldReason::CustomerWrote));
    // A button pressed before that was read lets nothing out.
    assert_eq!(b.no(LEO, "approve"), Refusal::OnHold(HoldReason::CustomerWrote));
    assert_eq!(b.no(LEO, "reject"), Refusal::OnHold(HoldReason::CustomerWrote));
    b.ok(ANA, "reply");
    assert_eq!(b.events, [Event::ApprovalAsked { send: 1 }]);
    assert_eq!(b.case.send(1).and_then(|s| s.target.clone()), Some(PostId::from("p2")), "aimed at what the customer said last");
    b.ok(LEO, "approve");
    assert!(matches!(b.state(1), SendState::Waiting { .. }));
}

#[test]
fn a_held_correction_goes_on_by_a_leads_word_alone() {
    let mut b = bench();
    b.ok(ANA, "reply Abrimos a las ocho");
    b.publish();
    b.ok(ANA, "release");
    b.ok(LEO, "correct Abrimos a las nueve");
    b.customer_writes("p2", "¿Seguro?");
    assert_eq!(*b.state(2), SendState::Held(HoldReason::CustomerWrote));
    assert_eq!(b.no(ANA, "reply"), Refusal::NeedsRole(Role::Lead));
    assert_eq!(b.ok(LEO, "reply").code, "done-correct");
}

#[test]
fn a_draft_written_while_an_answer_is_on_its_way_stays() {
    let mut b = bench();
    b.ok(ANA, "reply Primera");
    b.input(CaseInput::SendStarting(1));
    b.ok(BEA, "draft Segunda");
    let receipt = Receipt { native_id: "n1".into(), post: Some(PostId::from("ours1")), url: None };
    b.input(CaseInput::SendPublished(1, &receipt));
    assert_eq!(b.case.current_draft().map(|d| d.text.expose()), Some("Segunda"));
}

#[test]
fn reject_gives_the_text_back() {
    let mut b = bench();
    b.policy.reply.approval = Approval::All;
    assert_eq!(b.no(LEO, "reject"), Refusal::NothingToApprove);
    b.ok(BEA, "draft Ni hablar");
    b.ok(ANA, "reply");
    b.ok(LEO, "reject demasiado seco");
    assert_eq!(*b.state(1), SendState::Stopped(StopReason::Rejected));
    assert_eq!(b.events, [Event::Rejected { send: 1, text: Some(crate::post::Untrusted::new("demasiado seco")) }]);
    assert_eq!(b.voided, [1]);
    assert_eq!(b.case.current_draft().map(|d| (d.id, d.text.expose())), Some((1, "Ni hablar")));
    // What was typed into `reply` is kept as well.
    b.ok(ANA, "discard");
    b.ok(ANA, "reply Otra cosa");
    b.ok(LEO, "rechazar");
    assert_eq!(b.case.current_draft().map(|d| (d.by.as_str(), d.text.expose())), Some((ANA, "Otra cosa")));
}

#[test]
fn discard_throws_away_the_draft_else_what_waits() {
    let mut b = bench();
    assert_eq!(b.no(ANA, "discard"), Refusal::NothingToDiscard);
    b.ok(ANA, "claim");
    b.ok(BEA, "draft una idea");
    b.ok(BEA, "draft otra idea");
    b.ok(BEA, "discard");
    assert_eq!(b.events, [Event::Discarded { draft: 2 }]);
    assert_eq!(b.no(BEA, "discard"), Refusal::NothingToDiscard, "older drafts do not come back");
    b.ok(ANA, "draft la buena");
    assert_eq!(b.no(BEA, "discard"), owned_by(ANA));
    b.ok(LEO, "descartar");
    b.ok(ANA, "reply Hola");
    assert_eq!(b.no(ANA, "discard"), Refusal::NothingToDiscard);
    b.customer_writes("p2", "Hola?");
    assert_eq!(b.no(BEA, "discard"), owned_by(ANA));
    assert_eq!(b.ok(ANA, "discard").code, "done-discard-send");
    assert!(matches!(b.state(1), SendState::Stopped(_)));
    b.ok(ANA, "reply Hola otra vez");
    b.input(CaseInput::SendUnknown(2));
    assert_eq!(b.no(ANA, "discard"), Refusal::InDoubt(2));
}

#[test]
fn retract_and_correct_act_on_the_last_public_answer() {
    let mut b = bench();
    assert_eq!(b.no(LEO, "retract"), Refusal::NothingPublished);
    assert_eq!(b.no(LEO, "correct x"), Refusal::NothingPublished);
    b.ok(ANA, "reply Abrimos a las ocho");
    b.publish();
    b.ok(ANA, "handoff");
    b.publish();
    assert_eq!(b.no(LEO, "correct"), Refusal::Usage("correct".into()));
    assert_eq!(b.no(LEO, "correct Abrimos a las ocho"), Refusal::AlreadySo);
    assert_eq!(b.ok(LEO, "corregir Abrimos a las nueve").code, "done-correct");
    assert_eq!(b.case.send(3).map(|s| s.kind.clone()), Some(SendKind::Correct { send: 1 }));
    assert_eq!(b.no(LEO, "retract"), Refusal::SendUnderWay(3));
    b.publish();
    assert_eq!(b.no(LEO, "correct Abrimos a las nueve"), Refusal::AlreadySo);
    b.ok(LEO, "correct Abrimos a las ocho");
    b.publish();
    // Also once the case is closed.
    b.ok(ANA, "resolve");
    assert_eq!(b.ok(LEO, "retirar").code, "done-retract");
    assert_eq!(b.case.send(5).map(|s| s.kind.clone()), Some(SendKind::Retract { send: 1 }));
    b.publish();
    assert_eq!(b.no(LEO, "retract"), Refusal::NothingPublished);
}

#[test]
fn retract_and_correct_ask_the_network_first() {
    let mut b = bench();
    b.ok(ANA, "reply Hola");
    b.publish();
    let account = b.policy.accounts.get_mut(&Account::from("main")).expect("the account");
    (account.capabilities.can_delete, account.capabilities.can_edit) = (false, false);
    assert_eq!(b.no(LEO, "retract"), Refusal::NotOnThisNetwork);
    assert_eq!(b.no(LEO, "correct x"), Refusal::NotOnThisNetwork);
    b.ok(ANA, "spam");
    assert_eq!(b.no(LEO, "retract"), Refusal::Status(Status::Quarantined));
    assert_eq!(b.no(LEO, "correct x"), Refusal::Status(Status::Quarantined));
}
