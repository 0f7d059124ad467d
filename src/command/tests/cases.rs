//! Who has a case, and what is noted of it.

use super::*;

#[test]
fn claim_the_first_wins_and_the_other_is_told_who() {
    let mut b = bench();
    assert_eq!(b.ok(ANA, "claim").code, "done-claim");
    assert_eq!((b.owner(), b.case.status), (Some(ANA), Status::Open));
    assert_eq!(b.events, [Event::Claimed]);
    assert_eq!(b.no(BEA, "claim"), owned_by(ANA));
    assert_eq!(b.no(LEO, "claim"), owned_by(ANA));
    assert_eq!(b.no(ANA, "claim"), Refusal::AlreadyYours);
}

#[test]
fn claim_works_wherever_the_case_is_open_and_nowhere_else() {
    for status in Status::ALL {
        let mut b = bench();
        b.case.status = status;
        match b.say(ANA, "tomar") {
            Ok(_) if status == Status::New => assert_eq!(b.case.status, Status::Open),
            Ok(_) => assert!(status.is_open() && b.case.status == status),
            Err(r) => assert_eq!(r, Refusal::Status(status)),
        }
        assert_eq!(b.owner().is_some(), status.is_open(), "{status:?}");
    }
}

#[test]
fn everything_about_a_merged_case_points_to_where_it_lives_on() {
    for row in table::TABLE.iter().filter(|r| matches!(r.run, Run::Case(_))) {
        let mut b = bench();
        b.other = Some(case_of(43, &post("q", "otra"), &b.policy));
        b.case.status = Status::Merged;
        b.case.merged_into = Some(CaseId(7));
        let args = match row.takes {
            Takes::Nothing | Takes::MaybeText | Takes::Version => "",
            Takes::Person => "bea",
            Takes::Case => "43",
            Takes::Priority => "high",
            Takes::For => "2h",
            _ => "something",
        };
        match (row.verb, b.no(LEO, &format!("{} {args}", row.name))) {
            (Verb::Approve | Verb::Reject, refusal) => assert_eq!(refusal, Refusal::NothingToApprove),
            (verb, refusal) => assert_eq!(refusal, Refusal::MergedInto(CaseId(7)), "{verb:?}"),
        }
    }
}

#[test]
fn release_is_for_the_owner_or_a_lead() {
    let mut b = bench();
    assert_eq!(b.no(ANA, "release"), Refusal::NotOwned);
    b.ok(ANA, "claim");
    assert_eq!(b.no(BEA, "release"), owned_by(ANA));
    b.ok(ANA, "soltar");
    assert_eq!((b.owner(), b.case.status, b.events.clone()), (None, Status::New, vec![Event::Released]));
    b.ok(ANA, "claim");
    b.ok(LEO, "release");
    assert_eq!(b.owner(), None);
    b.ok(ANA, "claim");
    b.ok(ANA, "resolve");
    assert_eq!(b.no(ANA, "release"), Refusal::Status(Status::Resolved));
}

#[test]
fn assign_is_for_leads_and_to_oneself() {
    let mut b = bench();
    assert_eq!(b.no(ANA, "assign bea"), Refusal::NeedsRole(Role::Lead));
    assert_eq!(b.no(LEO, "assign vic"), nobody("U4"));
    assert_eq!(b.no(LEO, "assign nadie"), nobody("nadie"));
    assert_eq!(b.no(LEO, "assign <@U9>"), nobody("U9"));
    b.ok(ANA, "assign me");
    assert_eq!((b.owner(), b.case.status), (Some(ANA), Status::Open));
    assert_eq!(b.no(ANA, "assign yo"), Refusal::AlreadyYours);
    assert_eq!(b.no(LEO, "assign ana"), Refusal::AlreadySo);
    assert_eq!(b.no(BEA, "assign me"), owned_by(ANA));
    let said = b.ok(LEO, "asignar BEA");
    assert_eq!((b.owner(), b.events.clone()), (Some(BEA), vec![Event::Assigned { to: BEA.into() }]));
    assert!(said.args.contains(&("agent".into(), Arg::Text("Bea".into()))));
    b.case.status = Status::Resolved;
    assert_eq!(b.no(LEO, "assign ana"), Refusal::Status(Status::Resolved));
}

#[test]
fn note_stays_inside() {
    let mut b = bench();
    b.ok(BEA, "nota 2 llamadas\n\n  sin respuesta");
    assert_eq!(b.events, [Event::Noted { text: crate::post::Untrusted::new("2 llamadas\n\n  sin respuesta") }]);
    assert!(b.sends.is_empty() && b.case.sends.is_empty() && b.case.drafts.is_empty());
    assert_eq!(b.no(BEA, "note"), Refusal::Usage("note".into()));
    b.case.status = Status::Resolved;
    b.ok(BEA, "note also later");
}

#[test]
fn tag_puts_on_and_takes_off() {
    let mut b = bench();
    b.ok(ANA, "tag Devolución Urgente");
    assert_eq!(b.case.tags, ["devolución-urgente"]);
    assert_eq!(b.no(ANA, "tag #devolución urgente"), Refusal::AlreadySo);
    assert_eq!(b.ok(ANA, "tag -devolución urgente").code, "done-untag");
    assert!(b.case.tags.is_empty());
    assert_eq!(b.events, [Event::Untagged { tag: "devolución-urgente".into() }]);
    assert_eq!(b.no(ANA, "tag -vip"), Refusal::AlreadySo);
    assert_eq!(b.no(ANA, "tag"), Refusal::Usage("tag".into()));
    assert_eq!(b.no(ANA, &format!("tag {}", "x".repeat(41))), Refusal::BadLabel("x".repeat(40), 40));
}

#[test]
fn priority_by_hand_stays() {
    let mut b = bench();
    b.ok(ANA, "prioridad baja");
    assert_eq!((b.case.priority, b.case.priority_fixed), (Priority::Low, true));
    assert_eq!(b.no(ANA, "priority low"), Refusal::AlreadySo);
    assert_eq!(b.no(ANA, "priority hot"), Refusal::NotOneOf("priority".into(), "hot".into()));
    b.ok(ANA, "priority urgent");
    assert_eq!(b.events, [Event::PrioritySet { to: Priority::Urgent }]);
    // Setting what weighing gave is no repeat: from now on it is fixed.
    let mut b = bench();
    let weighed = b.case.priority;
    b.ok(ANA, &format!("priority {}", code(&weighed)));
    assert!(b.case.priority_fixed);
}

#[test]
fn snooze_puts_off_and_the_moment_wakes() {
    let mut b = bench();
    assert_eq!(b.no(ANA, "snooze"), Refusal::Usage("snooze".into()));
    assert_eq!(b.no(ANA, "snooze never"), Refusal::BadTime("never".into()));
    assert_eq!(b.no(ANA, "snooze 9999d"), Refusal::BadTime("9999d".into()));
    let direct = |b: &mut Bench, ms| {
        let c = Command {
            id: "x".into(),
            by: ANA.into(),
            door: Door::Reaction,
            room: "console".into(),
            thread: None,
            lang: Lang::En,
            verb: Verb::Snooze,
            case: Some(CaseId(42)),
            args: Args::For(ms),
        };
        b.run(&c)
    };
    assert!(matches!(direct(&mut b, -5), Err(Refusal::BadTime(_))));
    assert!(matches!(direct(&mut b, i64::MAX), Err(Refusal::BadTime(_))));
    b.ok(ANA, "posponer 2 horas");
    let until = NOW.plus(2 * HOUR_MS);
    assert_eq!((b.case.status, b.case.snoozed_until, b.case.next_wake()), (Status::Snoozed, Some(until), Some(until)));
    b.ok(ANA, "claim");
    assert_eq!(b.no(BEA, "snooze 1h"), owned_by(ANA));
    b.ok(LEO, "snooze 30m");
    assert_eq!(b.case.snoozed_until, Some(NOW.plus(30 * MINUTE_MS)));
    b.now = NOW.plus(30 * MINUTE_MS);
    b.input(CaseInput::Wake);
    assert_eq!(b.case.status, Status::Open);
    b.ok(ANA, "resolve");
    assert_eq!(b.no(ANA, "snooze 1h"), Refusal::Status(Status::Resolved));
}

#[test]
fn escalate_makes_urgent_and_says_so() {
    let mut b = bench();
    b.ok(BEA, "escalate Que lo vea legal");
    assert_eq!((b.case.priority, b.case.priority_fixed), (Priority::Urgent, true));
    assert_eq!(b.events, [Event::Escalated { text: Some(crate::post::Untrusted::new("Que lo vea legal")) }]);
    b.ok(ANA, "escalar");
    assert_eq!(b.events, [Event::Escalated { text: None }]);
    b.case.status = Status::Quarantined;
    assert_eq!(b.no(ANA, "escalate"), Refusal::Status(Status::Quarantined));
}
