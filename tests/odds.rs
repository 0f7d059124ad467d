//! What strangers do to the binary: outputs that cannot be written, objects that say two things.

use crate::run::{configure, sereno};
use serde_json::{Value, json};
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
