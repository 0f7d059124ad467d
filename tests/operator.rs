//! What whoever runs the bot is told: `check` finds whatever keeps `run` from starting, and each
//! sentence names the right thing and says what to do.

use crate::run::{Bot, configure, said, sereno};
use crate::store_place::Place;
use crate::store_sample::case;
use sereno::case::CaseId;
use sereno::clock::Time;
use sereno::outbox::{Effect, Entry, EntryId, EntryState, Lane};
use sereno::store::sled::SledStore;
use sereno::store::{Commit, Counters, Store, export};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A configured folder with a store in it.
fn with_store() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    configure(dir.path(), "");
    drop(SledStore::open(&dir.path().join("sereno-data"), &dir.path().join("sereno-data.keys")).unwrap());
    dir
}

/// What `check` says of the store, after making sure that `run` refuses too.
fn refused(dir: &Path) -> String {
    let run = sereno(dir, &["run"]).stdin(Stdio::null()).output().unwrap();
    assert!(!run.status.success(), "`run` starts");
    let (ok, told) = said(dir, &["check", "--offline"]);
    assert!(!ok, "`check` finds nothing where `run` says {}: {told}", String::from_utf8_lossy(&run.stderr));
    told.lines().find(|l| l.starts_with("WRONG store")).unwrap_or_else(|| panic!("of the store: {told}")).to_owned()
}

#[test]
fn check_finds_the_keyring_of_another_store() {
    let (dir, other) = (with_store(), with_store());
    fs::copy(other.path().join("sereno-data.keys"), dir.path().join("sereno-data.keys")).unwrap();
    let told = refused(dir.path());
    assert!(told.contains("sereno-data.keys") && told.contains("another store") && told.contains("[store] keyring"), "{told}");
    let (_, whole) = said(dir.path(), &["check", "--store", "--offline"]);
    assert!(whole.contains("sereno-data.keys") && whole.contains("[store] keyring"), "{whole}");
}

#[test]
fn what_the_store_says_of_itself_is_said_in_the_askers_language() {
    let dir = with_store();
    let spanish = |words: &[&str]| {
        for args in [["run", "--lang", "es"].as_slice(), &["check", "--offline", "--lang", "es"]] {
            let out = Command::new(env!("CARGO_BIN_EXE_sereno")).current_dir(dir.path()).args(args).stdin(Stdio::null()).output().unwrap();
            let told = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
            assert!(!out.status.success() && words.iter().all(|w| told.contains(w)), "{told}");
            assert!(["expected", "why-", " the ", "though"].iter().all(|word| !told.contains(word)), "{told}");
        }
    };
    let keys = dir.path().join("sereno-data.keys");
    let aside = dir.path().join("aside");
    fs::rename(&keys, &aside).unwrap();
    spanish(&["sereno-data.keys"]);
    fs::rename(&aside, &keys).unwrap();
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o644)).unwrap();
    spanish(&["chmod 600", "dueño"]);
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o600)).unwrap();
    fs::rename(dir.path().join("sereno-data"), &aside).unwrap();
    spanish(&["sereno-data.keys"]);
}

/// The bytes of every file there.
fn bytes_of(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    Place::files_of(dir).into_iter().map(|f| (f.clone(), fs::read(&f).unwrap())).collect()
}

#[test]
fn a_damaged_keyring_is_told_with_what_to_do_in_both_languages() {
    let dir = with_store();
    let keys = dir.path().join("sereno-data.keys");
    let good = fs::read(&keys).unwrap();
    let mut bad = good.clone();
    bad[200] ^= 1;
    for bad in [bad, good[..300].to_vec(), vec![0xff; 900]] {
        fs::write(&keys, bad).unwrap();
        let told = refused(dir.path());
        let run = sereno(dir.path(), &["run"]).stdin(Stdio::null()).output().unwrap();
        for told in [told, String::from_utf8_lossy(&run.stderr).into_owned()] {
            for word in ["sereno-data.keys", "from its backup", "`sereno check --store`", "`sereno import FILE`"] {
                assert!(told.contains(word), "{word}: {told}");
            }
        }
        let mut spanish = Command::new(env!("CARGO_BIN_EXE_sereno"));
        let spanish = spanish.current_dir(dir.path()).args(["check", "--offline", "--lang", "es"]).output().unwrap();
        let spanish = String::from_utf8_lossy(&spanish.stdout).into_owned();
        for word in ["sereno-data.keys", "copia de seguridad", "`sereno check --store`", "`sereno import FILE`"] {
            assert!(spanish.contains(word), "{word}: {spanish}");
        }
    }
    fs::write(&keys, good).unwrap();
    assert!(said(dir.path(), &["check", "--store", "--offline"]).0);
}

#[test]
fn a_damaged_store_is_one_finding_in_plain_words_and_is_not_changed() {
    let dir = with_store();
    let export = dir.path().join("out");
    let good = bytes_of(dir.path());
    let (ok, told) = said(dir.path(), &["check", "--store", "--offline"]);
    assert!(ok && told.matches("sereno-data.keys").count() == 1, "{told}");
    let (ok, told) = said(dir.path(), &["export", export.to_str().unwrap()]);
    assert!(ok, "{told}");
    fs::remove_file(&export).unwrap();
    assert!(bytes_of(dir.path()) == good, "a good store was changed by being looked at");
    let db = dir.path().join("sereno-data/db");
    let whole = fs::read(&db).unwrap();
    let last = whole.iter().rposition(|b| *b != 0).unwrap() as u64;
    let mut refusals = 0;
    // Cut at one place after another.
    for cut in (0..=last).rev().step_by(usize::try_from(last / 24).unwrap().max(1)) {
        fs::write(&db, &whole).unwrap();
        fs::File::options().write(true).open(&db).unwrap().set_len(cut).unwrap();
        let before = bytes_of(dir.path());
        let (ok, told) = said(dir.path(), &["check", "--store", "--offline"]);
        let (exported, _) = said(dir.path(), &["export", "out"]);
        fs::remove_file(&export).ok();
        assert!(bytes_of(dir.path()) == before, "cut at {cut}: it was changed: {told}");
        if ok {
            continue;
        }
        refusals += 1;
        assert!(!exported, "cut at {cut}: exported all the same");
        let lines: Vec<&str> = told.lines().filter(|l| l.contains("sereno-data")).collect();
        assert_eq!(lines.len(), 1, "cut at {cut}: {told}");
        assert!(lines[0].starts_with("WRONG store") && lines[0].contains("sereno import"), "{told}");
        assert!(!told.contains("Inline(") && !told.contains("cannot be used") && !told.contains("panick"), "{told}");
    }
    assert!(refusals > 2, "{refusals}");
}

#[test]
fn check_finds_what_is_missing_beside_the_store() {
    let dir = with_store();
    let at = |name: &str| dir.path().join(name);
    assert!(said(dir.path(), &["check", "--offline"]).0);
    fs::rename(at("sereno-data.seq"), at("aside")).unwrap();
    let told = refused(dir.path());
    assert!(told.contains("sereno-data.seq") && told.contains("sereno import"), "{told}");
    fs::rename(at("aside"), at("sereno-data.seq")).unwrap();

    fs::rename(at("sereno-data.keys"), at("aside")).unwrap();
    let told = refused(dir.path());
    assert!(told.contains("sereno-data.keys") && told.contains("ring the file back"), "{told}");
    fs::rename(at("aside"), at("sereno-data.keys")).unwrap();

    // The directory is gone: what is left of it is no new store.
    fs::rename(at("sereno-data"), at("aside")).unwrap();
    let told = refused(dir.path());
    assert!(told.contains("sereno-data.seq") && told.contains("sereno-data.keys") && told.contains("[store] path"), "{told}");
    fs::rename(at("sereno-data.keys"), at("more-aside")).unwrap();
    let told = refused(dir.path());
    assert!(told.contains("sereno-data.seq"), "{told}");
    fs::rename(at("more-aside"), at("sereno-data.keys")).unwrap();
    fs::rename(at("aside"), at("sereno-data")).unwrap();
    assert!(said(dir.path(), &["check", "--offline"]).0);
}

#[test]
fn a_missing_folder_for_the_keyring_is_said_and_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    configure(dir.path(), "");
    let text = fs::read_to_string(dir.path().join("bot.toml")).unwrap();
    let text = text.replace("[store]\n", "[store]\npath = \"deep/down/data\"\nkeyring = \"nowhere/keys\"\n");
    fs::write(dir.path().join("bot.toml"), text).unwrap();
    let told = refused(dir.path());
    assert!(told.contains("nowhere") && told.contains("[store] keyring") && !told.contains("os error"), "{told}");
    let run = sereno(dir.path(), &["run"]).stdin(Stdio::null()).output().unwrap();
    let run = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(run.contains("nowhere") && run.contains("mkdir") && !run.contains("os error"), "{run}");
    assert!(!dir.path().join("deep").exists(), "a directory was left behind");
    assert!(!dir.path().join("nowhere").exists());
    fs::create_dir(dir.path().join("nowhere")).unwrap();
    assert!(said(dir.path(), &["check", "--offline"]).0);
}

#[test]
fn an_export_that_cannot_be_read_is_blamed_itself() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    configure(dir, "");
    let store = SledStore::open(&dir.join("a"), &dir.join("a.keys")).unwrap();
    store.commit(Commit { cases: vec![case(1, "cleo", "r1")], ..Commit::default() }).unwrap();
    export::export(&store, &dir.join("good")).unwrap();
    let wrong = |file: &str, words: &[&str]| {
        let (ok, told) = said(dir, &["import", file]);
        assert!(!ok && words.iter().all(|w| told.contains(w)), "{told}");
        assert!(!told.contains("sereno-data") && !told.contains("os error"), "the store is blamed: {told}");
    };
    wrong("nothing-there", &["nothing-there", "not there"]);
    wrong(".", &["is a directory"]);
    let good = fs::read_to_string(dir.join("good")).unwrap();
    let mut lines: Vec<&str> = good.lines().collect();
    lines[2] = "no JSON";
    fs::write(dir.join("bad"), lines.join("\n")).unwrap();
    wrong("bad", &["bad", "line 3", "nothing was imported"]);
    assert!(said(dir, &["import", "good"]).0);
    // Here it is the store's fault.
    let (ok, told) = said(dir, &["import", "good"]);
    assert!(!ok && told.contains("sereno-data") && told.contains("empty place"), "{told}");
}

#[test]
fn what_was_to_go_out_when_a_backup_was_made_waits_for_a_person() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    configure(dir, "");
    let store = SledStore::open(&dir.join("a"), &dir.join("a.keys")).unwrap();
    let queued = Entry { state: EntryState::Queued, ..dead(1, 1, Effect::Send { send: 0 }, "") };
    let given_up = dead(2, 1, Effect::Send { send: 1 }, "too long");
    let commit = |outbox| Commit { cases: vec![case(1, "cleo", "r1")], outbox, ..Commit::default() };
    store.commit(commit(vec![given_up])).unwrap();
    export::export(&store, &dir.join("quiet")).unwrap();
    store.commit(Commit { cases: Vec::new(), ..commit(vec![queued]) }).unwrap();
    export::export(&store, &dir.join("waiting")).unwrap();

    let paused = |file: &str| {
        let (ok, told) = said(dir, &["import", file]);
        assert!(ok, "{told}");
        let desk = SledStore::open(&dir.join("sereno-data"), &dir.join("sereno-data.keys")).unwrap().desk().unwrap();
        (desk.is_some_and(|desk| desk.paused.is_some()), told)
    };
    let (waits, told) = paused("waiting");
    assert!(waits && told.contains("One answer"), "{told}");
    assert!(told.contains("`sereno outbox list`") && told.contains("`resume`"), "{told}");
    for file in ["sereno-data", "sereno-data.seq", "sereno-data.keys"] {
        fs::rename(dir.join(file), dir.join(format!("old-{file}"))).unwrap();
    }
    // What was given up goes nowhere by itself.
    let (waits, told) = paused("quiet");
    assert!(!waits && !told.contains("resume"), "{told}");
}

#[test]
fn mistyped_words_get_sentences() {
    let dir = tempfile::tempdir().unwrap();
    configure(dir.path(), "");
    for args in [["erase", "x", "--yes"].as_slice(), &["outbox", "retry", "seven"], &["outbox", "drop", "#x"]] {
        let (ok, told) = said(dir.path(), args);
        assert!(!ok && told.contains(&format!("\"{}\" is no", args[args.len() - if args[0] == "erase" { 2 } else { 1 }])), "{told}");
        assert!(!told.contains("digit"), "{told}");
    }
    configure(dir.path(), "[reply]\nundo_seconds = \"ten\"\n[digest]\nat = 9\nenabled = \"yes\"\n[privacy]\nprivate_rooms = \"console\"\n");
    let (_, told) = said(dir.path(), &["check", "--offline"]);
    for words in ["\"ten\" is no whole number", "9 is no text", "\"yes\" is neither true nor false", "\"console\" is no list"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(!told.contains("i64") && !told.contains("expected"), "{told}");
}

#[test]
fn a_store_in_use_is_named_once() {
    let dir = with_store();
    let _held = SledStore::open(&dir.path().join("sereno-data"), &dir.path().join("sereno-data.keys")).unwrap();
    let run = sereno(dir.path(), &["run"]).stdin(Stdio::null()).output().unwrap();
    let told = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(told.contains("another process has it open"), "{told}");
    let line = told.lines().find(|l| l.contains("another process")).unwrap();
    assert_eq!(line.matches("sereno-data").count(), 1, "{line}");
}

#[test]
fn a_reload_names_the_mistyped_key_and_not_what_it_makes_missing() {
    let dir = tempfile::tempdir().unwrap();
    configure(dir.path(), "");
    let mut bot = Bot::start(dir.path());
    let text = fs::read_to_string(dir.path().join("bot.toml")).unwrap();
    fs::write(dir.path().join("bot.toml"), text.replace("brand =", "brnad =")).unwrap();
    bot.signal("-HUP");
    let told = bot.line("alarm");
    assert!(told.contains("brnad") && told.contains("Did you mean"), "{told}");
    fs::write(dir.path().join("bot.toml"), "[bot").unwrap();
    bot.signal("-HUP");
    let told = bot.line("alarm");
    assert!(told.contains("stays: line 1: this is not TOML"), "{told}");
    fs::remove_file(dir.path().join("bot.toml")).unwrap();
    bot.signal("-HUP");
    let told = bot.line("alarm");
    assert!(told.contains("with --config.") && !told.contains(".."), "{told}");
    bot.signal("-TERM");
    assert_eq!(bot.ended().code(), Some(0));
}

fn dead(id: u64, case: u64, effect: Effect, why: &str) -> Entry {
    let lane = match effect {
        Effect::Send { .. } => Lane::Network("acme".into()),
        _ => Lane::Chat("console".into()),
    };
    Entry {
        case: Some(CaseId(case)),
        attempts: 3,
        state: EntryState::Dead { why: why.into() },
        sent_at: Some(Time(0)),
        ..Entry::queued(EntryId(id), lane, effect, Time(0))
    }
}

#[test]
fn all_dead_letters_are_tried_again_but_never_a_doubtful_send() {
    let dir = with_store();
    let store = SledStore::open(&dir.path().join("sereno-data"), &dir.path().join("sereno-data.keys")).unwrap();
    let card = || Effect::Card { place: 0 };
    let queued = Entry { state: EntryState::Queued, ..dead(4, 1, card(), "") };
    store
        .commit(Commit {
            cases: vec![case(1, "cleo", "r1")],
            outbox: vec![
                dead(1, 1, card(), "the room is gone"),
                Entry { state: EntryState::in_doubt(), ..dead(2, 1, Effect::Send { send: 0 }, "") },
                dead(3, 1, Effect::Send { send: 1 }, "too long"),
                queued,
            ],
            counters: Some(Counters { next_entry: 9, ..store.counters().unwrap() }),
            ..Commit::default()
        })
        .unwrap();
    drop(store);
    let (ok, told) = said(dir.path(), &["outbox", "retry"]);
    assert!(!ok && told.contains("--all"), "{told}");
    assert!(!said(dir.path(), &["outbox", "retry", "1", "--all"]).0);
    let (ok, told) = said(dir.path(), &["outbox", "retry", "--all"]);
    assert!(ok && told.contains("2 dead letters"), "{told}");
    assert!(told.contains("outbox retry 2"), "the doubtful one is named: {told}");
    let store = SledStore::open(&dir.path().join("sereno-data"), &dir.path().join("sereno-data.keys")).unwrap();
    let left: Vec<u64> = store.outbox().unwrap().iter().filter(|e| matches!(e.state, EntryState::Dead { .. })).map(|e| e.id.0).collect();
    assert_eq!(left, [2]);
    drop(store);
    let (ok, told) = said(dir.path(), &["outbox", "retry", "--all"]);
    assert!(ok && told.contains("0 dead letters") || told.contains("no dead letter"), "{told}");
}
