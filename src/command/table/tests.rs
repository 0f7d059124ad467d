use super::*;
use crate::command::Run;
use crate::policy::Role;
use std::collections::BTreeSet;

#[test]
fn every_verb_has_its_row_and_every_name_is_one_verbs() {
    // `Verb::Help` is the last one.
    let verbs: BTreeSet<Verb> = TABLE.iter().map(|r| r.verb).collect();
    assert_eq!((verbs.len(), TABLE.len()), (Verb::Help as usize + 1, Verb::Help as usize + 1));
    let mut seen = BTreeSet::new();
    for row in TABLE {
        assert_eq!(super::row(row.verb).name, row.name);
        assert_eq!(code(&row.verb), row.name);
        for name in names(row) {
            assert_eq!(name, fold(name), "found by its folded form");
            assert!(seen.insert(name), "{name} names two commands");
            assert_eq!(find(name).map(|r| r.verb), Some(row.verb));
        }
    }
}

#[test]
fn names_are_found_whatever_their_case_and_accents() {
    assert_eq!(find("RÉSOLVER").map(|r| r.verb), Some(Verb::Resolve));
    assert_eq!(find("ｃｌａｉｍ").map(|r| r.verb), Some(Verb::Claim));
    assert!(find("").is_none() && find("clai").is_none());
}

#[test]
fn a_slip_of_the_finger_is_pointed_out_and_nonsense_is_not() {
    for (typed, near) in
        [("cliam", "claim"), ("responer", "responder"), ("resolv", "resolve"), ("RESPODER", "responder"), ("asigna", "asignar")]
    {
        assert_eq!(nearest(typed), Some(near), "{typed}");
    }
    for typed in ["xyzzy", "buenosdias", ""] {
        assert_eq!(nearest(typed), None, "{typed}");
    }
}

#[test]
fn nothing_that_sends_can_be_a_reaction() {
    let reacted: BTreeSet<&str> = TABLE.iter().filter(|r| r.doors.contains(&Door::Reaction)).map(|r| r.name).collect();
    assert_eq!(reacted, BTreeSet::from(["claim", "escalate", "release", "resolve", "snooze", "spam"]));
}

#[test]
fn rights() {
    let of = |role: Role| TABLE.iter().filter(|r| r.role == role).map(|r| r.name).collect::<Vec<_>>();
    assert_eq!(of(Role::Viewer), ["history", "list", "digest", "help"]);
    assert_eq!(of(Role::Lead), ["approve", "reject", "retract", "correct", "pause", "resume"]);
    assert_eq!(of(Role::Operator), ["reload"]);
    for row in TABLE {
        assert_eq!(matches!(row.run, Run::Query), row.role == Role::Viewer, "{}: who only reads changes nothing", row.name);
        assert_eq!(row.on_case, matches!(row.run, Run::Case(_)) || row.verb == Verb::History);
    }
}

#[test]
fn every_command_is_explained_in_both_languages() {
    let locales = [include_str!("../../../locales/en/commands.ftl"), include_str!("../../../locales/es/commands.ftl")];
    for row in TABLE {
        for (locale, spanish) in locales.iter().zip([false, true]) {
            let line = |prefix: &str| {
                let head = format!("{prefix}-{} = ", row.name);
                locale.lines().find_map(|l| l.strip_prefix(&head)).unwrap_or_else(|| panic!("{head}"))
            };
            assert!(line("help").len() > 10);
            // Examples can be typed as they stand.
            let usage = line("usage").split('`').nth(1).unwrap_or_default();
            let verb = usage.split(' ').next().unwrap_or_default();
            assert_eq!(find(verb).map(|r| r.verb), Some(row.verb), "{usage}");
            assert!(!spanish || row.es.contains(&verb) || verb == row.name, "{usage}: a Spanish name");
        }
    }
}

#[test]
fn documents_derive_from_the_table() {
    let commands = commands_markdown();
    assert!(
        commands.contains(
            "| `reply` | `answer` `respond` | `responder` `contestar` | case, (text) | agent | slash, text, button, modal, console |"
        ),
        "{commands}"
    );
    let statuses = statuses_markdown();
    assert!(statuses.contains("| **resolved** |") && statuses.contains("new/open"), "{statuses}");
    for table in [commands, statuses] {
        let widths: BTreeSet<usize> = table.lines().map(|l| l.matches('|').count()).collect();
        assert_eq!(widths.len(), 1, "{table}");
    }
}
