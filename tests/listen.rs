//! `sereno listen --dry-run`, as an operator uses it who is about to change rules.

use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const RULES: &str = r##"
[[listen]]
name = "carrier"
keywords = ["Orange", "orange españa"]
context = ["factura", "fibra"]
exclude = ["zumo"]

[[listen]]
name = "brand"
keywords = ["Movistar"]
hashtags = ["#MovistarFalla"]
domains = ["movistar.example"]
misspellings = true
"##;

/// Runs it in `dir`, with `posts` as standard input.
fn listen(dir: &Path, args: &[&str], posts: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sereno"));
    command.current_dir(dir).arg("listen").args(args).args(["--lang", "en"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    // It may end before it has read all.
    input.write_all(posts.as_bytes()).ok();
    drop(input);
    child.wait_with_output().unwrap()
}

fn said(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_owned()).unwrap()
}

fn with_rules(rules: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("bot.toml"), rules).unwrap();
    dir
}

fn lines(posts: &[Value]) -> String {
    posts.iter().map(|post| format!("{post}\n")).collect()
}

#[test]
fn each_post_is_answered_with_its_rule_and_its_words() {
    let dir = with_rules(RULES);
    let posts = [
        json!({ "text": "¡Qué caro! ORANGE me sube la factura", "id": "a" }),
        json!({ "text": "an orange a day" }),
        json!({ "text": "🤬 M0vistar y mobistar: #movistarfalla", "lang": "es" }),
        json!({ "text": "mira", "links": ["https://www.movistar.example/x"] }),
        json!({ "text": "" }),
    ];
    let out = listen(dir.path(), &["--dry-run", "-", "--json"], &lines(&posts));
    assert!(out.status.success() && out.stderr.is_empty(), "{}", said(&out.stderr));
    let answers: Vec<Value> = said(&out.stdout).lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let word = |term: &str, how: &str, text: &str, start: usize, end: usize| json!({ "term": term, "how": how, "text": text, "start": start, "end": end });
    let nothing = |line: usize| json!({ "line": line, "matched": false, "rule": null, "words": [] });
    let expected = [
        json!({ "line": 1, "id": "a", "matched": true, "rule": "carrier", "words": [word("Orange", "written", "ORANGE", 11, 17)] }),
        nothing(2),
        json!({ "line": 3, "matched": true, "rule": "brand", "words": [
            word("Movistar", "disguised", "M0vistar", 2, 10),
            word("Movistar", "misspelled", "mobistar", 13, 21),
            word("#MovistarFalla", "written", "#movistarfalla", 23, 37),
        ] }),
        json!({ "line": 4, "matched": true, "rule": "brand", "words": [{ "term": "movistar.example", "how": "linked" }] }),
        nothing(5),
    ];
    // A word that is disguised is a mistake away as well: said once.
    assert_eq!(answers, expected);
    for (answer, post) in answers.iter().zip(&posts) {
        let characters: Vec<char> = post["text"].as_str().unwrap().chars().collect();
        for word in answer["words"].as_array().unwrap().iter().filter(|w| w["start"].is_u64()) {
            let at = |key: &str| usize::try_from(word[key].as_u64().unwrap()).unwrap();
            assert_eq!(characters[at("start")..at("end")].iter().collect::<String>(), word["text"].as_str().unwrap());
        }
    }
}

#[test]
fn an_operator_sees_what_a_change_would_catch_and_how_many_a_day() {
    let dir = with_rules(RULES);
    let strict = RULES.replace("misspellings = true", "").replace("\"factura\", ", "");
    fs::write(dir.path().join("strict.toml"), strict).unwrap();
    let at = |minute: u32| format!("2026-11-23T10:{minute:02}:00Z");
    let posts: Vec<Value> = (0..=48)
        .map(|n| match n {
            0 | 12 | 24 => json!({ "text": "mobistar, \u{1b}[31mlo peor", "created_at": at(n) }),
            6 => json!({ "text": "Orange y su factura", "created_at": at(n) }),
            7 => json!({ "text": "Orange: fibra no, factura sí", "created_at": at(n) }),
            _ => json!({ "text": "hoy llueve", "created_at": at(n) }),
        })
        .collect();
    fs::write(dir.path().join("posts.jsonl"), lines(&posts)).unwrap();
    let out = listen(dir.path(), &["--dry-run", "posts.jsonl", "--beside", "strict.toml"], "");
    assert!(out.status.success() && out.stderr.is_empty(), "{}", said(&out.stderr));
    let told = said(&out.stdout);
    let expected = "\
49 posts, recorded over 48 min.
carrier: 2 caught, about 60 a day
  at Orange × 2
  line 7: “Orange y su factura”
  line 8: “Orange: fibra no, factura sí”
brand: 3 caught, about 90 a day
  at Movistar (misspelled) × 3
  line 1: “mobistar, [31mlo peor”
  line 13: “mobistar, [31mlo peor”
  line 25: “mobistar, [31mlo peor”
caught by no rule: 44
caught by bot.toml alone: 4, about 120 a day
  line 1: “mobistar, [31mlo peor”
  line 7: “Orange y su factura”
  line 13: “mobistar, [31mlo peor”
  line 25: “mobistar, [31mlo peor”
caught by strict.toml alone: 0, about 0 a day
caught by both: 1
";
    assert_eq!(told, expected);
    // Nothing but the two files was read, and nothing made.
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3);
}

#[test]
fn what_cannot_be_read_is_said_and_the_rest_is_read() {
    let dir = with_rules(RULES);
    let posts =
        format!("\u{feff}{{\"text\":\"Movistar\"}}\r\n\n{{\"texto\":1}}\n{}\n{{\"text\":\n{{\"text\":\"movistar\"}}", "x".repeat(1 << 21));
    let out = listen(dir.path(), &["--dry-run", "-"], &posts);
    assert_eq!(out.status.code(), Some(1));
    assert!(said(&out.stdout).contains("brand: 2 caught\n"), "{}", said(&out.stdout));
    let told = said(&out.stderr);
    for part in ["line 3: no \"text\"", "line 4: longer than", "line 5: no JSON", "3 lines could not be read"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let out = listen(dir.path(), &["--dry-run", "-", "--json"], &posts);
    let answers: Vec<Value> = said(&out.stdout).lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let lines: Vec<u64> = answers.iter().map(|a| a["line"].as_u64().unwrap()).collect();
    assert_eq!((lines, answers[1]["error"].is_string(), out.status.code()), (vec![1, 3, 4, 5, 6], true, Some(1)));
}

#[test]
fn what_is_wrong_is_said_before_anything_is_read() {
    let dir = with_rules("[bot]\nbrand = \"Acme\"\n");
    let told = |args: &[&str]| {
        let out = listen(dir.path(), args, "");
        (out.status.code(), said(&out.stderr))
    };
    let (code, without) = told(&["--dry-run", "-"]);
    assert!(code == Some(2) && without.contains("bot.toml has no [[listen]] rules"), "{without}");
    let (code, usage) = told(&[]);
    assert!(code == Some(2) && usage.contains("--dry-run"), "{usage}");
    fs::write(dir.path().join("bot.toml"), RULES).unwrap();
    let (code, missing) = told(&["--dry-run", "nowhere.jsonl"]);
    assert!(code == Some(1) && missing.contains("cannot be read") && missing.contains("JSON lines"), "{missing}");
    let wrong = "[[listen]]\nname = \"a\"\nkeyword = [\"x\"]\nlanguages = [\"español\"]\ndomains = [\"https://acme.example/\"]\nmin_followers = -1\n";
    fs::write(dir.path().join("wrong.toml"), wrong).unwrap();
    let (code, wrong) = told(&["--dry-run", "-", "--beside", "wrong.toml"]);
    assert_eq!(code, Some(2));
    assert!(["wrong.toml", "line 3", "\"keywords\"", "line 4", "line 5", "line 6"].iter().all(|part| wrong.contains(part)), "{wrong}");
    let (_, none) = told(&["--dry-run", "-", "--beside", "none.toml"]);
    assert!(none.contains("none.toml"), "{none}");
}
