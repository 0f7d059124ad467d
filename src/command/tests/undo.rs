//! What `undo` takes back.

use super::*;

#[test]
fn undo_stops_a_send_within_its_window() {
    let mut b = bench();
    assert_eq!(b.no(ANA, "undo"), Refusal::NothingToUndo);
    b.ok(ANA, "reply Hola, ¿qué tal?");
    assert_eq!(b.no(BEA, "undo"), owned_by(ANA));
    assert_eq!(b.ok(ANA, "deshacer").code, "done-undo-reply");
    assert_eq!((b.state(1), b.voided.clone()), (&SendState::Stopped(StopReason::Undone), vec![1]));
    assert_eq!(b.case.current_draft().map(|d| d.text.expose()), Some("Hola, ¿qué tal?"), "nobody types it twice");
    b.ok(ANA, "reply");
    b.ok(LEO, "undo");
    b.ok(ANA, "reply");
    b.input(CaseInput::SendStarting(3));
    assert_eq!(b.no(ANA, "undo"), Refusal::TooLate);
    b.input(CaseInput::SendUnknown(3));
    assert_eq!(b.no(ANA, "undo"), Refusal::InDoubt(3));
    b.publish();
    assert_eq!(b.no(ANA, "undo"), Refusal::NothingToUndo);
}

#[test]
fn undo_never_turns_a_private_text_into_a_draft() {
    let mut b = bench();
    b.ok(ANA, "handoff Dime tu DNI por aquí");
    b.ok(ANA, "undo");
    assert!(b.case.drafts.is_empty());
}

#[test]
fn undo_takes_back_each_act() {
    let acts = ["claim", "assign me", "priority low", "escalate", "snooze 2h", "resolve", "spam"];
    for act in acts {
        let mut b = bench();
        let before = b.case.clone();
        b.ok(ANA, act);
        assert_eq!(b.no(BEA, "undo"), Refusal::NothingToUndo, "{act} of somebody else");
        b.now = b.now.plus(10 * MINUTE_MS);
        let said = b.ok(ANA, "undo");
        assert_eq!(b.events, [Event::Undone { verb: act.split(' ').next().unwrap_or_default().into() }]);
        assert_eq!(said.code, "done-undo");
        assert_same(&b.case, &before, act);
        assert_eq!(b.no(ANA, "undo"), Refusal::NothingToUndo, "{act} once");
    }
    for (prelude, act) in [("claim", "release"), ("resolve", "reopen"), ("spam", "restore")] {
        let mut b = bench();
        b.ok(ANA, prelude);
        let before = b.case.clone();
        b.ok(ANA, act);
        b.ok(ANA, "undo");
        assert_same(&b.case, &before, act);
    }
}

fn assert_same(a: &Case, b: &Case, act: &str) {
    let key = |c: &Case| {
        (
            (c.status, c.owner.clone(), c.priority, c.priority_fixed, c.snoozed_until, c.resolution),
            (c.resolved_at, c.answer_due, c.hidden_because.clone(), c.handoff_open),
        )
    };
    assert_eq!(key(a), key(b), "{act}");
}

#[test]
fn undo_balances_the_figures() {
    for (act, back) in [("resolve", FactKind::Reopened), ("spam", FactKind::Restored)] {
        let mut b = bench();
        b.ok(ANA, act);
        b.ok(ANA, "undo");
        assert_eq!(b.facts, [back]);
    }
}

#[test]
fn undo_is_too_late_once_something_else_moved_the_case() {
    // Ten minutes are over.
    let mut b = bench();
    b.ok(ANA, "claim");
    b.now = b.now.plus(10 * MINUTE_MS + 1);
    assert_eq!(b.no(ANA, "undo"), Refusal::NothingToUndo);
    // The customer reopened what was closed.
    let mut b = bench();
    b.ok(ANA, "claim");
    b.ok(ANA, "resolve");
    b.customer_writes("p2", "Sigue sin funcionar");
    assert_eq!(b.no(ANA, "undo"), Refusal::NothingToUndo);
    // A colleague took what was let go.
    let mut b = bench();
    b.ok(ANA, "claim");
    b.ok(ANA, "release");
    b.ok(BEA, "reply Lo llevo yo");
    b.publish();
    assert_eq!(b.no(ANA, "undo"), Refusal::NothingToUndo);
    assert_eq!(b.owner(), Some(BEA));
    // What the customer wrote meanwhile keeps its deadline.
    let mut b = bench();
    b.ok(ANA, "claim");
    b.ok(ANA, "priority high");
    let due = b.case.answer_due;
    b.customer_writes("p2", "¿Y bien?");
    b.ok(ANA, "undo");
    assert_eq!(b.case.answer_due, due);
}
