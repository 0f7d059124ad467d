//! What strangers do to the binary: outputs that cannot be written, objects that say two things.

use crate::run::{configure, said, sereno};
use crate::store_crash::told;
use serde_json::{Value, json};
use sereno::store::sled::SledStore;
use sereno::store::{Commit, Store as _};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

#[test]
fn a_log_that_cannot_be_written_stops_nothing() {
    let dir = tempfile::tempdir().unwrap();
    configure(dir.path(), "");
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut run = sereno(dir.path(), &["run"]);
    let mut bot = run.env("RUST_LOG", "debug").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(full).spawn().unwrap();
    let mut out = BufReader::new(bot.stdout.take().unwrap()).lines();
    for id in ["1", "2"] {
        writeln!(bot.stdin.as_mut().unwrap(), "{}", json!({ "id": id, "line": "list" })).unwrap();
        let answer = out.by_ref().map(|l| serde_json::from_str::<Value>(&l.unwrap()).unwrap()).find(|v| v["id"] == id);
        assert_eq!(answer.expect("it answers")["ok"], true);
    }
    drop(bot.stdin.take());
    assert_eq!(out.map_while(Result::ok).count(), 0);
    assert_eq!(bot.wait().unwrap().code(), Some(0));
    // Neither does what is said at the end of a command.
    let full = File::options().write(true).open("/dev/full").unwrap();
    assert_eq!(sereno(dir.path(), &["erase", "x"]).stderr(full).status().unwrap().code(), Some(2));
}

#[test]
fn an_output_that_nobody_reads_ends_the_bot_as_a_failure() {
    let dir = tempfile::tempdir().unwrap();
    configure(dir.path(), "");
    let mut run = sereno(dir.path(), &["run"]);
    let mut bot = run.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(bot.stdout.take());
    writeln!(bot.stdin.as_mut().unwrap(), "{}", json!({ "id": "1", "line": "list" })).unwrap();
    let input = bot.stdin.take();
    let ended = bot.wait_with_output().unwrap();
    drop(input);
    let told = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{told}");
    assert!(told.contains("Nobody reads the console's output"), "{told}");
}

#[test]
fn what_an_object_says_of_the_case_is_not_guessed_from_its_text() {
    let dir = tempfile::tempdir().unwrap();
    configure(dir.path(), "");
    let mut bot = sereno(dir.path(), &["run"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut input = bot.stdin.take().unwrap();
    let mut out = BufReader::new(bot.stdout.take().unwrap()).lines();
    let mut told = |line: Value| {
        writeln!(input, "{line}").unwrap();
        out.by_ref().map(|l| serde_json::from_str::<Value>(&l.unwrap()).unwrap()).find(|v| v["id"] == line["id"]).unwrap()
    };
    let guessed = told(json!({ "id": "a", "verb": "reply", "text": "7 days is our limit" }));
    assert_eq!((&guessed["ok"], &guessed["code"]), (&json!(false), &json!("refused-which-case-field")), "{guessed}");
    assert!(guessed["text"].as_str().unwrap().contains("\"case\""), "{guessed}");
    // The case that is named, and no other: there is none yet.
    let named = told(json!({ "id": "b", "verb": "reply", "case": 7, "text": "#8 is your number" }));
    assert_eq!((&named["code"], &named["case"]), (&json!("refused-unknown-case"), &json!(7)), "{named}");
    assert_eq!(told(json!({ "id": "c", "verb": "reply 6 injected", "case": 5 }))["code"], "console-field-verb");
    assert_eq!(told(json!({ "id": "e", "verb": "digest", "text": "9999-12-31" }))["code"], "refused-day-ahead");
    assert_eq!(told(json!({ "id": "f", "verb": "digest" }))["ok"], true);
    assert_eq!(told(json!({ "id": "d", "verb": "replay", "case": 5 }))["code"], "refused-unknown-verb-near");
    drop(input);
    assert_eq!(bot.wait().unwrap().code(), Some(0));
}

/// A configured folder, with `from` of its `bot.toml` written as `to`.
fn with(from: &str, to: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    configure(dir.path(), "");
    let text = std::fs::read_to_string(dir.path().join("bot.toml")).unwrap();
    assert!(text.contains(from));
    std::fs::write(dir.path().join("bot.toml"), text.replace(from, to)).unwrap();
    dir
}

#[test]
fn keys_are_never_put_where_the_store_keeps_another_file() {
    for keyring in
        ["sereno-data.closed", "sereno-data.sock", "./sereno-data.seq", "x/../sereno-data.slack-token.json", "sereno-data.trial/k"]
    {
        let dir = with("[store]\n", &format!("[store]\nkeyring = \"{keyring}\"\n"));
        for args in [["check", "--offline"].as_slice(), &["run"]] {
            let out = sereno(dir.path(), args).stdin(Stdio::null()).output().unwrap();
            let told = String::from_utf8_lossy(&out.stderr);
            assert_eq!(out.status.code(), Some(2), "{keyring}: {told}");
            assert!(told.contains("store.keyring") && told.contains("overwrite"), "{told}");
        }
        let store = dir.path().join("sereno-data");
        let opened = SledStore::open(&store, &dir.path().join(keyring));
        assert!(opened.is_err_and(|e| told(&e).contains("choose another name")), "{keyring}");
    }
}

#[test]
fn check_finds_a_disk_too_full_and_keys_that_cannot_be_destroyed() {
    let dir = with("min_free_mb = 24", "min_free_mb = 1000000");
    let (ok, told) = said(dir.path(), &["check", "--offline"]);
    let free = rustix::fs::statvfs(dir.path()).unwrap();
    assert_eq!(ok, free.f_bavail * free.f_frsize >= 1_000_000_u64 << 20, "{told}");
    assert!(ok || (told.contains("MiB are free") && told.contains("min_free_mb")), "{told}");

    let dir = with("[store]\n", "[store]\nkeyring = \"keys/ring\"\n");
    let keys = dir.path().join("keys");
    std::fs::create_dir(&keys).unwrap();
    assert!(said(dir.path(), &["check", "--offline"]).0);
    std::fs::set_permissions(&keys, std::os::unix::fs::PermissionsExt::from_mode(0o555)).unwrap();
    // Root may write everywhere.
    if std::fs::write(keys.join("x"), "").is_err() {
        let (ok, told) = said(dir.path(), &["check", "--offline"]);
        assert!(!ok && told.contains("`sereno erase`") && told.contains("keys/ring"), "{told}");
    }
}

#[test]
fn what_is_wrong_outside_of_the_store_is_not_blamed_on_it() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    configure(dir, "");
    drop(SledStore::open(&dir.join("sereno-data"), &dir.join("sereno-data.keys")).unwrap());
    let (ok, told) = said(dir, &["export", "no/x.jsonl"]);
    assert!(!ok && told.contains("folder no is not there") && !told.contains("sereno-data"), "{told}");
    let full = File::options().write(true).open("/dev/full").unwrap();
    let out = sereno(dir, &["export", "-"]).stdout(full).output().unwrap();
    let told = String::from_utf8_lossy(&out.stderr);
    assert!(!out.status.success() && told.contains("Standard output") && !told.contains("sereno-data"), "{told}");
    // A day that is still to come, in any time zone.
    for day in ["9999-12-31", "2200-01-01"] {
        let (ok, told) = said(dir, &["digest", "--day", day]);
        assert!(!ok && told.contains("has not begun") && told.contains(day), "{told}");
    }
    let (ok, told) = said(dir, &["digest", "--day", "2020-01-01"]);
    assert!(ok, "{told}");
    configure(dir, "[reply]\nundo_seconds = 99999999999999999999\n");
    let (ok, told) = said(dir, &["check", "--offline"]);
    let text = std::fs::read_to_string(dir.join("bot.toml")).unwrap();
    let line = text.lines().position(|l| l.starts_with("undo_seconds")).unwrap() + 1;
    assert!(!ok && told.contains(&format!("line {line}: the number is too large")), "{told}");
}

#[test]
fn a_sidecar_of_an_older_copy_is_told_from_one_that_a_crash_left_behind() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    configure(dir, "");
    let seq = dir.join("sereno-data.seq");
    let commits = |many: usize| {
        let store = SledStore::open(&dir.join("sereno-data"), &dir.join("sereno-data.keys")).unwrap();
        (0..many).for_each(|_| assert!(store.commit(Commit::default()).is_ok()));
    };
    commits(1);
    let older = std::fs::read(&seq).unwrap();
    commits(256);
    std::fs::write(&seq, &older).unwrap();
    let (ok, told) = said(dir, &["check", "--store", "--offline"]);
    assert!(ok, "as many as one group holds: {told}");
    commits(1);
    std::fs::write(&seq, &older).unwrap();
    let (ok, told) = said(dir, &["check", "--store", "--offline"]);
    assert!(!ok && told.contains("up to commit 1, the store up to commit 258"), "{told}");
    // It goes on all the same, and puts it right.
    commits(1);
    let (ok, told) = said(dir, &["check", "--store", "--offline"]);
    assert!(ok, "{told}");
}
