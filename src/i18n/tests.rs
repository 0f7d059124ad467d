use super::*;
use crate::case::refusal::{Refusal, code};
use crate::case::{CaseId, HoldReason, Priority, SendKind, Status, StopReason};
use crate::command::table::{TABLE, names};
use crate::command::{Door, Filter, Takes, Verb};
use crate::intake::Reason;
use crate::policy::Role;
use std::collections::{BTreeMap, BTreeSet};

/// Prefixes of codes: a string literal in the code that begins with one and looks like a code is one.
const PREFIXES: [&str; 38] = [
    "spread-",
    "refused-",
    "hold-",
    "stop-",
    "why-",
    "notice-",
    "help-",
    "usage-",
    "done-",
    "event-",
    "status-",
    "priority-",
    "reason-",
    "role-",
    "card-",
    "post-",
    "who-",
    "send-",
    "home-",
    "media-",
    "lang-",
    "action-",
    "list-",
    "history-",
    "outbox-",
    "digest-",
    "console-",
    "month-",
    "moment-",
    "unit-",
    "cli-",
    "check-",
    "demo-",
    "slack-",
    "matrix-",
    "alarm-",
    "entry-",
    "form-",
];

/// Codes of a file with the arguments that each takes.
fn messages(source: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut current = String::new();
    for line in source.lines().filter(|l| !l.starts_with('#')) {
        let begins = line.chars().next().is_some_and(|c| c.is_ascii_alphabetic());
        if let Some((id, _)) = line.split_once(" =").filter(|_| begins) {
            current = id.trim().to_owned();
            assert!(all.insert(current.clone(), BTreeSet::new()).is_none(), "{current} stands twice in one file");
        }
        for behind in line.split('$').skip(1) {
            let name: String = behind.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-' || *c == '_').collect();
            all.get_mut(&current).expect("an argument stands in a message").insert(name);
        }
    }
    all
}

/// All codes of a language with their arguments; none stands in two files.
fn all(lang: Lang) -> BTreeMap<String, BTreeSet<String>> {
    let mut all = BTreeMap::new();
    for (_, file, source) in SOURCES.iter().filter(|(l, _, _)| *l == lang) {
        for (id, args) in messages(source) {
            assert!(all.insert(id.clone(), args).is_none(), "{id} of {file} stands in another file of {} too", lang.code());
        }
    }
    all
}

#[test]
fn every_line_is_fluent() {
    for (lang, file, source) in SOURCES {
        if let Err((_, errors)) = FluentResource::try_new(source.to_owned()) {
            panic!("locales/{}/{file}.ftl: {errors:?}", lang.code());
        }
    }
}

#[test]
fn both_languages_hold_the_same_codes_with_the_same_arguments() {
    for file in ["core", "commands", "views", "cli", "demo"] {
        let of = |lang: Lang| {
            SOURCES.iter().find(|(l, f, _)| *l == lang && *f == file).map(|(_, _, s)| messages(s)).expect("both are compiled in")
        };
        let (en, es) = (of(Lang::En), of(Lang::Es));
        for (id, args) in &en {
            assert_eq!(Some(args), es.get(id), "{file}.ftl: {id}");
        }
        let only_es: Vec<_> = es.keys().filter(|id| !en.contains_key(*id)).collect();
        assert!(only_es.is_empty(), "{file}.ftl, only in Spanish: {only_es:?}");
    }
    all(Lang::En);
    all(Lang::Es);
}

/// String literals of the code that are codes, and the beginnings of those that are put together.
fn literals() -> (BTreeSet<String>, BTreeSet<String>) {
    // Refusals are spelt without their prefix there, and tried one by one; this file only tries codes out.
    let skipped = ["case/refusal.rs", "i18n/tests.rs"];
    let (mut whole, mut begun) = (BTreeSet::new(), BTreeSet::new());
    let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
    while let Some(folder) = folders.pop() {
        for item in std::fs::read_dir(&folder).expect("src can be read") {
            let path = item.expect("src can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") && !skipped.iter().any(|s| path.ends_with(s)) {
                let text = std::fs::read_to_string(&path).expect("src can be read");
                for literal in text.split('"').filter(|l| PREFIXES.iter().any(|p| l.starts_with(p))) {
                    let is_code =
                        |s: &str| s.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') && !s.ends_with('-');
                    match literal.split_once('{') {
                        Some((beginning, _)) if beginning.ends_with('-') && is_code(beginning.trim_end_matches('-')) => {
                            begun.insert(beginning.to_owned());
                        }
                        None if is_code(literal) => {
                            whole.insert(literal.to_owned());
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    (whole, begun)
}

/// One of each refusal; a new one is missed by the compiler in `is_listed`.
fn refusals() -> Vec<Refusal> {
    let id = CaseId(1);
    vec![
        Refusal::UnknownVerb("x".into(), None),
        Refusal::UnknownVerb("x".into(), Some("y".into())),
        Refusal::UnknownCase(id),
        Refusal::Erased(id, Some(Time(0))),
        Refusal::Erased(id, None),
        Refusal::WhichCase,
        Refusal::NeedsRole(Role::Lead),
        Refusal::NotStaff,
        Refusal::IdUsed("x".into()),
        Refusal::NewText(id, 2),
        Refusal::OtherText(id, 2),
        Refusal::OtherDraft(id),
        Refusal::NoSuchField("cod".into(), "code".into()),
        Refusal::TextGone(None),
        Refusal::TextGone(Some(2)),
        Refusal::WrongDoor(crate::command::Door::Reaction),
        Refusal::TooMuch("claim".into(), "x".into()),
        Refusal::NotOneOf("priority".into(), "x".into()),
        Refusal::NotACase("merge".into(), "x".into()),
        Refusal::DayAhead("2026-11-23".into()),
        Refusal::BadLabel("x".into(), 40),
        Refusal::UnknownRoom("x".into(), vec!["y".into()]),
        Refusal::UnknownPerson("x".into(), vec![]),
        Refusal::UnknownPerson("x".into(), vec!["y".into()]),
        Refusal::NothingToDiscard,
        Refusal::OwnedBy("x".into()),
        Refusal::AlreadyYours,
        Refusal::NotOwned,
        Refusal::Status(Status::New),
        Refusal::Status(Status::Resolved),
        Refusal::Status(Status::Quarantined),
        Refusal::NoDraft,
        Refusal::NothingToAnswer,
        Refusal::TooLong(2, 1),
        Refusal::Empty,
        Refusal::PictureAlone,
        Refusal::PictureHere,
        Refusal::NoPictures,
        Refusal::TooManyPictures(5, 4),
        Refusal::WrongKind(2, vec![crate::media::Kind::Png]),
        Refusal::PictureTooLarge(1, 5 * 1024 * 1024),
        Refusal::SendUnderWay(1),
        Refusal::InDoubt(1),
        Refusal::NothingToApprove,
        Refusal::OnHold(HoldReason::CustomerWrote),
        Refusal::OwnDraft,
        Refusal::NothingToUndo,
        Refusal::TooLate,
        Refusal::ByHand(id, "https://example.org/a".into()),
        Refusal::AnswersClosed,
        Refusal::NotAnAddress("x".into()),
        Refusal::NotOurPost,
        Refusal::OtherSite("a.example".into(), "x.com".into()),
        Refusal::WouldBePublic(id),
        Refusal::NoPrivateRoute,
        Refusal::RouteShut,
        Refusal::NoHandoff,
        Refusal::NothingPublished,
        Refusal::NotOnThisNetwork,
        Refusal::SameCase,
        Refusal::MergedInto(id),
        Refusal::OtherCustomer,
        Refusal::AlreadySo,
        Refusal::BadTime("x".into()),
    ]
}

#[test]
fn every_refusal_is_listed_here() {
    let source = include_str!("../case/refusal.rs");
    let body = source.split_once("pub enum Refusal {").and_then(|(_, b)| b.split_once("\n}")).expect("the enum stands there").0;
    let variant =
        |l: &str| l.trim().split(['(', ',', ' ']).next().filter(|v| v.starts_with(|c: char| c.is_ascii_uppercase())).map(str::to_owned);
    let named: BTreeSet<String> = body.lines().filter(|l| !l.trim_start().starts_with("///")).filter_map(variant).collect();
    let name = |r: &Refusal| format!("{r:?}").split(['(', ' ']).next().unwrap_or_default().to_owned();
    // `Usage` takes the code of a usage and is tried with every row of the table.
    let listed: BTreeSet<String> = refusals().iter().map(name).chain(["Usage".to_owned()]).collect();
    assert_eq!(named, listed);
}

/// Every variant's name of an enum in a source file, as its code.
fn variants(source: &str, name: &str) -> BTreeSet<String> {
    let body = source.split_once(&format!("pub enum {name} {{")).and_then(|(_, b)| b.split_once("\n}")).expect("the enum stands there").0;
    let mut out = BTreeSet::new();
    for line in body.lines().filter_map(|l| l.strip_prefix("    ")).filter(|l| l.starts_with(|c: char| c.is_ascii_uppercase())) {
        let mut code = String::new();
        for c in line.chars().take_while(char::is_ascii_alphanumeric) {
            if c.is_ascii_uppercase() && !code.is_empty() {
                code.push('-');
            }
            code.push(c.to_ascii_lowercase());
        }
        out.insert(code);
    }
    assert!(!out.is_empty(), "{name}");
    out
}

/// Codes that the code puts together from enums and tables.
fn derived() -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    let mut add = |prefix: &str, of: BTreeSet<String>| codes.extend(of.into_iter().map(|c| format!("{prefix}-{c}")));
    let (event, command) = (include_str!("../case/event.rs"), include_str!("../command.rs"));
    let outgoing = include_str!("../case/outgoing.rs");
    add("status", variants(include_str!("../case/status.rs"), "Status"));
    add("priority", variants(include_str!("../case/model.rs"), "Priority"));
    add("hold", variants(outgoing, "HoldReason"));
    add("stop", variants(outgoing, "StopReason"));
    add("send", variants(outgoing, "SendKind"));
    add("send", variants(outgoing, "SendState"));
    add("role", variants(include_str!("../policy.rs"), "Role"));
    add("reason", variants(include_str!("../intake/weigh.rs"), "Reason"));
    add("list", variants(command, "Filter"));
    add("door", variants(command, "Door"));
    add("values", ["priority", "list", "digest"].map(str::to_owned).into());
    let events: BTreeSet<String> = variants(event, "Event").into_iter().filter(|e| e != "resolved").collect();
    add("event", events);
    let of_events = [
        "opened-linked",
        "escalated-why",
        "rejected-why",
        "resolved-by-agent",
        "resolved-by-customer",
        "reopened-by-customer",
        "undelivered-said",
        "queued-again",
    ];
    add("event", of_events.map(str::to_owned).into());
    // What has arrived is named after its kind.
    let arrived = || ["published-private", "published-retract", "published-correct"].map(str::to_owned).into();
    add("event", arrived());
    add("send", arrived());
    codes.insert("send-taken-back".to_owned());
    codes.insert("stop-unfit".to_owned());
    let mut add = |prefix: &str, of: BTreeSet<String>| codes.extend(of.into_iter().map(|c| format!("{prefix}-{c}")));
    add("outbox", variants(include_str!("../outbox.rs"), "Effect"));
    add("month", (1..=12).map(|m| m.to_string()).collect());
    let langs = ["ar", "ca", "de", "en", "es", "eu", "fr", "gl", "it", "ja", "nl", "pl", "pt", "ro", "ru", "sv", "tr", "uk", "und", "zh"];
    add("lang", langs.map(str::to_owned).into());
    let rows: BTreeSet<String> = TABLE.iter().map(|r| r.name.to_owned()).collect();
    add("help", rows.clone());
    add("usage", rows);
    codes.extend(refusals().iter().map(|r| r.say().code));
    codes.insert("refused-usage".to_owned());
    // A form's button says what its command does.
    let forms = TABLE.iter().filter(|r| matches!(r.takes, Takes::Text | Takes::MaybeText) && r.doors.contains(&Door::Modal));
    codes.extend(forms.map(|r| format!("action-{}", r.name)));
    // Buttons are named in one file.
    let verbs = include_str!("../view/build/actions.rs").split("Verb::").skip(1);
    codes.extend(
        verbs
            .map(|v| v.chars().take_while(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase())
            .map(|v| format!("action-{v}")),
    );
    codes
}

#[test]
fn every_code_that_is_used_has_words_and_all_words_are_used() {
    let known: BTreeSet<String> = all(Lang::En).into_keys().collect();
    let (whole, begun) = literals();
    let derived = derived();
    let missing: Vec<_> = whole.union(&derived).filter(|c| !known.contains(*c)).collect();
    assert!(missing.is_empty(), "used, but without words: {missing:#?}");
    // Where codes are put together elsewhere (`format!(\"done-{}\")`), their beginning counts. Of those put together
    // here everything is derived, so that no word of theirs is left over.
    let here = [
        "event-",
        "status-",
        "priority-",
        "reason-",
        "role-",
        "send-",
        "list-",
        "outbox-",
        "month-",
        "lang-",
        "action-",
        "hold-",
        "stop-",
        "why-",
        "help-",
        "usage-",
        "refused-",
    ];
    // `cli-config-unknown-key` has a variant for when something like it is known.
    let is_variant = |code: &str| code.strip_suffix("-near").is_some_and(|c| whole.contains(c));
    let elsewhere = |code: &str| begun.iter().any(|b| !here.contains(&b.as_str()) && code.starts_with(b.as_str()));
    let left: Vec<_> = known.iter().filter(|c| !whole.contains(*c) && !derived.contains(*c) && !elsewhere(c) && !is_variant(c)).collect();
    assert!(left.is_empty(), "words that nothing uses: {left:#?}");
}

#[test]
fn the_enums_that_words_are_derived_from_serialise_to_these_codes() {
    // `code` is what the views use; the names read from the source must be what it gives.
    assert_eq!(code(&Status::Quarantined), "quarantined");
    assert_eq!(code(&HoldReason::AnsweredOutside), "answered-outside");
    assert_eq!(code(&StopReason::Refused("x".into())), "refused");
    assert_eq!(code(&SendKind::Retract { send: 1 }), "retract");
    assert_eq!(code(&Reason::AlarmWord("x".into())), "alarm-word");
    assert_eq!(code(&Priority::Urgent), "urgent");
    assert_eq!(code(&Filter::Unclaimed), "unclaimed");
    assert_eq!(code(&Verb::Handoff), "handoff");
    for row in TABLE {
        assert_eq!(names(row).next(), Some(row.name));
    }
}

#[test]
fn every_refusal_becomes_a_sentence_in_both_languages() {
    let words = Words::new();
    for refusal in refusals() {
        for lang in [Lang::En, Lang::Es] {
            let said = words.tell(&refusal.say(), lang);
            // Some end in how the command goes.
            let whole = said.ends_with(['.', '?'])
                || refusal.shows().is_some()
                || matches!(refusal, Refusal::OtherDraft(_))
                || refusal.say().args.iter().any(|(name, _)| name == "usage");
            // Braces that stand in the sentence for what they are.
            let said = said.replace("`{cod}`", "").replace("`{code}`", "");
            assert!(whole && !said.contains(['{', '$']), "{said}");
        }
    }
}

fn at(text: &str) -> Time {
    text.parse::<jiff::Timestamp>().expect("a moment").into()
}

#[test]
fn moments_read_in_the_policys_time_zone() {
    let words = Words::new();
    let policy = Policy { time_zone: "Europe/Madrid".into(), ..Policy::default() };
    let ctx = ShowCtx { policy: &policy, now: at("2026-11-21T23:30:00Z") };
    // It is the 22nd in Madrid already.
    assert_eq!(words.moment(at("2026-11-21T23:05:00Z"), Lang::En, &ctx), "00:05");
    assert_eq!(words.moment(at("2026-11-21T22:05:00Z"), Lang::En, &ctx), "21 Nov 23:05");
    assert_eq!(words.moment(at("2025-09-01T10:00:00Z"), Lang::Es, &ctx), "1 sept 2025 12:00");
    assert_eq!(words.day(at("2026-11-21T23:05:00Z"), Lang::Es, &ctx), "22 nov 2026");
}

#[test]
fn spans_read_by_their_two_largest_units() {
    let words = Words::new();
    let span = |ms| words.span(ms, Lang::En);
    assert_eq!(span(0), "0 s");
    assert_eq!(span(-5), "0 s");
    assert_eq!(span(400), "1 s");
    assert_eq!(span(10_000), "10 s");
    assert_eq!(span(65 * MINUTE_MS), "1 h 5 min");
    assert_eq!(span(2 * DAY_MS + 3 * HOUR_MS + MINUTE_MS), "2 d 3 h");
    assert_eq!(span(3 * HOUR_MS + 5 * SECOND_MS), "3 h");
}

#[test]
fn moments_read_well_in_sentences() {
    let words = Words::new();
    let policy = Policy { time_zone: "Europe/Madrid".into(), ..Policy::default() };
    // 12:00 on 21 November 2026 in Madrid.
    let now = Time(1_795_258_800_000);
    let ctx = ShowCtx { policy: &policy, now };
    let said = |code: &str, name: &str, moment: Time, lang| words.say(&Say::new(code).with(name, Arg::Moment(moment)), lang, &ctx);
    let (today, one, later) = (now.plus(2 * HOUR_MS), now.plus(-11 * HOUR_MS), now.plus(DAY_MS));
    assert_eq!(said("card-due", "due", today, Lang::En), "answer due by 14:00");
    assert_eq!(said("card-due", "due", today, Lang::Es), "plazo hasta las 14:00");
    assert_eq!(said("card-due", "due", later, Lang::Es), "plazo hasta el 22 nov a las 12:00");
    assert_eq!(said("card-overdue", "due", one, Lang::Es), "fuera de plazo desde la 01:00");
    assert_eq!(said("card-resolved-by-customer", "at", today, Lang::En), "confirmed by the customer at 14:00");
    assert_eq!(said("card-resolved-by-customer", "at", now.plus(-DAY_MS), Lang::En), "confirmed by the customer on 20 Nov 12:00");
    assert_eq!(said("card-resolved-by-customer", "at", one, Lang::Es), "confirmado por el cliente a la 01:00");
    assert_eq!(said("card-resolved-by-customer", "at", now.plus(-DAY_MS), Lang::Es), "confirmado por el cliente el 20 nov a las 12:00");
    assert_eq!(words.at(today.plus(SECOND_MS), true, Lang::Es, &ctx), "a las 14:00:01");
}

#[test]
fn numbers_are_grouped_but_not_those_to_be_typed() {
    let words = Words::new();
    let followers = Say::new("who-followers").number("count", 1_234_567);
    assert_eq!(words.tell(&followers, Lang::En), "1,234,567 followers");
    assert_eq!(words.tell(&followers, Lang::Es), "1.234.567 seguidores");
    assert_eq!(words.tell(&Say::new("who-followers").number("count", 7_300), Lang::Es), "7.300 seguidores");
    let draft = Say::new("event-discarded").text("agent", "ana").number("draft", 123_456);
    assert_eq!(words.tell(&draft, Lang::En), "ana discarded draft 123456.");
}

#[test]
fn staff_are_shown_by_name_and_texts_clean() {
    let words = Words::new();
    let mut policy = Policy::default();
    policy.people.insert("U1".into(), crate::policy::Person { role: Role::Agent, name: "Ana".into(), lang: None });
    let ctx = ShowCtx { policy: &policy, now: Time(0) };
    let say = Refusal::OwnedBy("U1".into()).say();
    assert!(words.say(&say, Lang::En, &ctx).starts_with("Ana has this case"));
    let say = Refusal::UnknownVerb("a\u{1b}[2J\nb\u{f8f0}0\u{f8f0}".into(), None).say();
    assert_eq!(words.say(&say, Lang::En, &ctx), "There is no command “a[2J b0”. Type `help` for the list.");
}

#[test]
fn parts_keep_slots_apart_from_words() {
    let words = Words::new();
    let ctx = ShowCtx { policy: &Policy::default(), now: Time(0) };
    let parts = words.parts(&Say::new("outbox-dead"), &["why"], Lang::En, &ctx);
    assert_eq!(parts, [Part::Words("given up: ".into()), Part::Slot(0)]);
}

#[test]
fn words_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Words>();
}
