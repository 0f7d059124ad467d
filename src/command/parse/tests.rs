use super::*;
use crate::command::Verb;
use crate::policy::Role;
use proptest::prelude::*;

fn people() -> BTreeMap<AgentId, Person> {
    let team = [("U1", "Ana López"), ("U2", "Bea Ruiz"), ("U3", "Ana Gil"), ("@jon:example.org", "Jon")];
    team.into_iter().map(|(id, name)| (AgentId::from(id), Person { role: Role::Agent, name: name.into(), lang: None })).collect()
}

fn meta(people: &BTreeMap<AgentId, Person>, in_thread: bool) -> Meta<'_> {
    let thread = in_thread.then(|| "t".to_owned());
    Meta { id: "x".into(), by: "U2".into(), door: Door::Text, room: "r".into(), thread, lang: Lang::Es, people }
}

fn said(line: &str, in_thread: bool) -> Result<(Verb, Option<u64>, Args), Refusal> {
    let people = people();
    parse(line, meta(&people, in_thread)).map(|c| (c.verb, c.case.map(|c| c.0), c.args))
}

fn text(t: &str) -> Args {
    Args::Text(t.into())
}

#[test]
fn lines_in_the_room() {
    let cases: Vec<(&str, Verb, Option<u64>, Args)> = vec![
        ("claim 42", Verb::Claim, Some(42), Args::None),
        ("!claim #42", Verb::Claim, Some(42), Args::None),
        ("/claim 42", Verb::Claim, Some(42), Args::None),
        ("/case claim 42", Verb::Claim, Some(42), Args::None),
        ("/caso tomar 42", Verb::Claim, Some(42), Args::None),
        ("@sereno claim 42", Verb::Claim, Some(42), Args::None),
        ("Sereno, coger 42", Verb::Claim, Some(42), Args::None),
        ("sereno: !claim 42", Verb::Claim, Some(42), Args::None),
        ("  ! claim 42  ", Verb::Claim, Some(42), Args::None),
        ("claim#42", Verb::Claim, Some(42), Args::None),
        ("CLAIM 42", Verb::Claim, Some(42), Args::None),
        ("reply 42 hola", Verb::Reply, Some(42), text("hola")),
        ("reply 42: hola", Verb::Reply, Some(42), text("hola")),
        ("reply 42", Verb::Reply, Some(42), Args::None),
        ("reply 42\nHola:\n\n  - uno\n  - dos  dos\n", Verb::Reply, Some(42), text("Hola:\n\n  - uno\n  - dos  dos")),
        ("reply#42 hola #7", Verb::Reply, Some(42), text("hola #7")),
        ("responder 42 42 euros", Verb::Reply, Some(42), text("42 euros")),
        ("escalate 42", Verb::Escalate, Some(42), Args::None),
        ("snooze 42 2h", Verb::Snooze, Some(42), Args::For(2 * HOUR_MS)),
        ("snooze 42 2 h", Verb::Snooze, Some(42), Args::For(2 * HOUR_MS)),
        ("priority 42 ALTA", Verb::Priority, Some(42), Args::Priority(Priority::High)),
        ("assign 42 bea", Verb::Assign, Some(42), Args::Person("U2".into())),
        ("tag 42 -#VIP", Verb::Tag, Some(42), Args::Tag("vip".into(), true)),
        ("merge 42 43", Verb::Merge, Some(42), Args::Case(CaseId(43))),
        ("unir #42 con #43", Verb::Merge, Some(42), Args::Case(CaseId(43))),
        ("merge 42, 43", Verb::Merge, Some(42), Args::Case(CaseId(43))),
        ("list", Verb::List, None, Args::Filter(Filter::Open, 1)),
        ("lista míos", Verb::List, None, Args::Filter(Filter::Mine, 1)),
        ("list spam", Verb::List, None, Args::Filter(Filter::Spam, 1)),
        ("list sin dueño", Verb::List, None, Args::Filter(Filter::Unclaimed, 1)),
        ("list 2", Verb::List, None, Args::Filter(Filter::Open, 2)),
        ("list page 3", Verb::List, None, Args::Filter(Filter::Open, 3)),
        ("lista míos 2", Verb::List, None, Args::Filter(Filter::Mine, 2)),
        ("lista sin dueño  página 12", Verb::List, None, Args::Filter(Filter::Unclaimed, 12)),
        ("digest", Verb::Digest, None, Args::Period(Period::Today)),
        ("resumen ayer", Verb::Digest, None, Args::Period(Period::Yesterday)),
        ("digest week", Verb::Digest, None, Args::Period(Period::Week)),
        ("digest 2026-11-20", Verb::Digest, None, Args::Period(Period::Day(jiff::civil::date(2026, 11, 20)))),
        ("resumen 2024-02-29", Verb::Digest, None, Args::Period(Period::Day(jiff::civil::date(2024, 2, 29)))),
        ("help", Verb::Help, None, Args::None),
        ("?", Verb::Help, None, Args::None),
        ("help all", Verb::Help, None, Args::Topic("all".into())),
        ("ayuda Todo", Verb::Help, None, Args::Topic("all".into())),
        ("!help !responder", Verb::Help, None, Args::Topic("reply".into())),
        ("pausa", Verb::Pause, None, Args::None),
        ("history 7", Verb::History, Some(7), Args::None),
    ];
    for (line, verb, case, args) in cases {
        assert_eq!(said(line, false), Ok((verb, case, args)), "{line:?}");
    }
}

#[test]
fn lines_in_a_thread() {
    let cases: Vec<(&str, Verb, Option<u64>, Args)> = vec![
        ("tag #Late_Refund-2", Verb::Tag, None, Args::Tag("late_refund-2".into(), false)),
        ("etiqueta Devolución pendiente", Verb::Tag, None, Args::Tag("devolución-pendiente".into(), false)),
        ("tag -हिन्दी", Verb::Tag, None, Args::Tag("हिन्दी".into(), true)),
        ("!claim", Verb::Claim, None, Args::None),
        ("claim 43", Verb::Claim, Some(43), Args::None),
        ("reply 2 days ago we wrote", Verb::Reply, None, text("2 days ago we wrote")),
        ("reply #2 days ago", Verb::Reply, Some(2), text("days ago")),
        ("reply 42", Verb::Reply, None, text("42")),
        ("note 2024", Verb::Note, None, text("2024")),
        ("tag 2024", Verb::Tag, None, Args::Tag("2024".into(), false)),
        ("snooze 2 h", Verb::Snooze, None, Args::For(2 * HOUR_MS)),
        ("snooze #2 2h", Verb::Snooze, Some(2), Args::For(2 * HOUR_MS)),
        ("assign 43 bea", Verb::Assign, Some(43), Args::Person("U2".into())),
        ("merge 43", Verb::Merge, None, Args::Case(CaseId(43))),
        ("merge 42 43", Verb::Merge, Some(42), Args::Case(CaseId(43))),
        ("undo", Verb::Undo, None, Args::None),
    ];
    for (line, verb, case, args) in cases {
        assert_eq!(said(line, true), Ok((verb, case, args)), "{line:?}");
    }
}

#[test]
fn lines_that_are_refused() {
    let usage = |name: &str| Refusal::Usage(name.into());
    let too_much = |name: &str, extra: &str| Refusal::TooMuch(name.into(), extra.into());
    let other = |name: &str, given: &str| Refusal::NotOneOf(name.into(), given.into());
    let names = || people().values().filter(|p| p.role >= Role::Agent).map(|p| p.name.clone()).collect();
    let unknown = |verb: &str, near: Option<&str>| Refusal::UnknownVerb(verb.into(), near.map(str::to_owned));
    let cases = vec![
        ("", usage("help")),
        ("   \n ", usage("help")),
        ("!", usage("help")),
        ("/case", usage("help")),
        ("@sereno", usage("help")),
        ("cliam 42", unknown("cliam", Some("claim"))),
        ("hola, ¿qué tal?", unknown("hola", None)),
        ("help xyzzy", unknown("xyzzy", None)),
        ("claim", Refusal::WhichCase),
        ("claim everything", Refusal::WhichCase),
        ("reply hola", Refusal::WhichCase),
        ("claim 99999999999999999999", Refusal::NotACase("claim".into(), "99999999999999999999".into())),
        ("claim -1", Refusal::NotACase("claim".into(), "-1".into())),
        ("claim 42 43", too_much("claim", "43")),
        ("approve 42 but change the date", too_much("approve", "but change the date")),
        ("note 42", usage("note")),
        ("draft 42   ", usage("draft")),
        ("assign 42", usage("assign")),
        ("assign 42 ana", Refusal::UnknownPerson("ana".into(), names())),
        ("priority 42 asap", other("priority", "asap")),
        ("snooze 42", usage("snooze")),
        ("snooze 42 soon", Refusal::BadTime("soon".into())),
        ("merge 42", usage("merge")),
        ("merge 42 x", Refusal::NotACase("merge".into(), "x".into())),
        ("merge 42 43 44", too_much("merge", "44")),
        ("link", usage("link")),
        ("list everything", other("list", "everything")),
        ("digest 1999", other("digest", "1999")),
        ("pause now", too_much("pause", "now")),
        ("link x 42", Refusal::NotACase("link".into(), "x".into())),
        ("tag 42 -", Refusal::BadLabel("-".into(), 40)),
        ("tag 42 <b>", Refusal::BadLabel("<b>".into(), 40)),
        ("tag 42 refund, late", Refusal::BadLabel("refund, late".into(), 40)),
        ("tag 42 \u{301}x", Refusal::BadLabel("\u{301}x".into(), 40)),
    ];
    for (line, refusal) in cases {
        assert_eq!(said(line, false), Err(refusal), "{line:?}");
    }
}

#[test]
fn colleagues() {
    let cases = [
        ("me", Some("U2")),
        ("A MÍ", Some("U2")),
        ("U1", Some("U1")),
        ("<@U1>", Some("U1")),
        ("<@U9|zoe>", Some("U9")),
        ("@jon:example.org", Some("@jon:example.org")),
        ("@eva:example.org", Some("@eva:example.org")),
        ("ANA LOPEZ", Some("U1")),
        ("@bea", Some("U2")),
        ("jon", Some("@jon:example.org")),
        ("ana", None),
        ("lópez", None),
        ("<@>", None),
        ("@", None),
    ];
    let people = people();
    for (typed, id) in cases {
        assert_eq!(person(typed, &meta(&people, true)).ok().as_ref().map(AgentId::as_str), id, "{typed}");
    }
}

#[test]
fn lengths_of_time() {
    let m = MINUTE_MS;
    let cases = [
        ("30m", 30 * m),
        ("1h30m", 90 * m),
        ("1h 30 min", 90 * m),
        ("1 h, 30 m", 90 * m),
        ("2 horas", 120 * m),
        ("1 día y 2 horas", 26 * 60 * m),
        ("una semana", 7 * 24 * 60 * m),
        ("an hour", 60 * m),
        ("half an hour", 30 * m),
        ("media hora", 30 * m),
        ("una hora y media", 90 * m),
        ("1,5h", 90 * m),
        ("1.25 hours", 75 * m),
        ("DOS", 0),
        ("365d", 365 * 24 * 60 * m),
        ("for 2 days", 48 * 60 * m),
    ];
    for (typed, ms) in cases {
        assert_eq!(duration(typed), Some(ms).filter(|ms| *ms > 0), "{typed}");
    }
    for typed in ["", "2", "h", "2x", "-2h", "0h", "10s", "366d", "2h 3", "999999999h", "1e3h", "half", "2h2", "1..5h", ",h", "٣h"] {
        assert_eq!(duration(typed), None, "{typed}");
    }
}

proptest! {
    #[test]
    fn any_text_at_all_gives_a_command_or_a_refusal(line in "\\PC*", in_thread: bool) {
        said(&line, in_thread).ok();
    }

    #[test]
    fn any_bytes_behind_a_verb(pick in 0..table::TABLE.len(), rest in any::<String>(), in_thread: bool) {
        let row = &table::TABLE[pick];
        if let Ok((verb, _, args)) = said(&format!("{} {rest}", row.name), in_thread) {
            prop_assert_eq!(verb, row.verb);
match row.takes {
                Takes::Nothing => prop_assert_eq!(args, Args::None),
                Takes::Text => prop_assert!(matches!(args, Args::Text(t) if !t.trim().is_empty() && rest.contains(&t))),
                _ => {}
            }
        }
    }

    #[test]
    fn what_is_to_be_sent_stands_word_for_word(case in 1_u64..1_000_000, body in "[^\\s][\\PC\n\t ]*") {
        let sent = body.trim();
        prop_assume!(!sent.is_empty());
        prop_assert_eq!(said(&format!("reply {case} {body}"), false), Ok((Verb::Reply, Some(case), text(sent))));
        prop_assert_eq!(said(&format!("reply #{case} {body}"), true), Ok((Verb::Reply, Some(case), text(sent))));
    }

    #[test]
    fn in_a_thread_nothing_of_a_text_is_taken_for_a_number(body in "[0-9]{1,4} [a-zñ ]{0,20}") {
        prop_assert_eq!(said(&format!("reply {body}"), true), Ok((Verb::Reply, None, text(body.trim()))));
    }
}

#[test]
fn the_text_of_named_parts_is_never_searched_for_a_case() {
    let people = people();
    let of = |verb: &str, case: Option<u64>, words: &str, in_thread: bool| {
        fields(verb, case.map(CaseId), words, meta(&people, in_thread)).map(|c| (c.case.map(|c| c.0), c.args))
    };
    assert_eq!(of("reply", None, "7 days is our limit", false), Err(Refusal::WhichCase));
    assert_eq!(of("reply", None, "7 days is our limit", true), Ok((None, text("7 days is our limit"))));
    assert_eq!(of("reply", None, "#7 is your number", true), Ok((None, text("#7 is your number"))));
    assert_eq!(of("responder", Some(5), "#7 is your number", true), Ok((Some(5), text("#7 is your number"))));
    assert_eq!(of("reply", Some(5), "", false), Ok((Some(5), Args::None)));
    assert_eq!(of("reply", Some(5), "5", true), Ok((Some(5), text("5"))));
    // It might be that of the thread's own case: then the draft would go instead.
    assert_eq!(of("reply", None, "5", true), Err(Refusal::WhichCase));
    assert_eq!(of("claim", None, "5", false), Err(Refusal::WhichCase));
    assert_eq!(of("snooze", Some(5), "2 h", false), Ok((Some(5), Args::For(2 * HOUR_MS))));
    assert_eq!(of("snooze", Some(5), "7 2 h", false), Err(Refusal::BadTime("7 2 h".into())));
    assert_eq!(of("assign", None, "bea", true), Ok((None, Args::Person("U2".into()))));
    assert_eq!(of("merge", Some(5), "into #6", false), Ok((Some(5), Args::Case(CaseId(6)))));
    assert_eq!(of("link", None, "6", true), Ok((None, Args::Case(CaseId(6)))));
    assert_eq!(of("merge", None, "5 6", false), Err(Refusal::WhichCase));
    assert_eq!(of("merge", None, "5 6", true), Err(Refusal::TooMuch("merge".into(), "6".into())));
    assert_eq!(of("merge", Some(5), "", true), Err(Refusal::Usage("merge".into())));
    assert_eq!(of("list", None, "mine 2", false), Ok((None, Args::Filter(Filter::Mine, 2))));
    assert_eq!(of("list", Some(5), "", false), Err(Refusal::TooMuch("list".into(), "#5".into())));
    assert!(matches!(of("reply 6", Some(5), "x", false), Err(Refusal::UnknownVerb(..))));
}
