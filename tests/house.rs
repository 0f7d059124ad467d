//! Who may know whom, as ARCHITECTURE.md promises. Data flows one way; the core is pure; adapters know neither each other nor
//! how a case changes; only the wiring knows all. Read from the sources, tests left out.

#![expect(clippy::string_slice, reason = "every offset comes from a search in that very text")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A source file: its module's path (`network::mastodon::api`) and its code without comments and tests.
struct Source {
    module: String,
    code: String,
}

fn sources() -> Vec<Source> {
    fn walk(dir: &Path, out: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, out);
            } else if path.extension().is_some_and(|e| e == "rs") {
                out.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&root, &mut files);
    files.sort();
    let is_test = |p: &PathBuf| p.components().any(|c| ["tests", "tests.rs", "conformance.rs"].contains(&c.as_os_str().to_str().unwrap()));
    let sources: Vec<Source> = files.iter().filter(|p| !is_test(p)).map(|p| source(&root, p)).collect();
    assert!(sources.len() > 40, "the sources were not found");
    sources
}

fn source(root: &Path, file: &Path) -> Source {
    let module = file.strip_prefix(root).unwrap().with_extension("");
    let module = module.iter().map(|s| s.to_str().unwrap()).collect::<Vec<_>>().join("::");
    let text = std::fs::read_to_string(file).unwrap();
    // Test modules stand at the end of a file, or in a file of their own.
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let code = code.lines().filter(|l| !l.trim_start().starts_with("//")).map(|l| l.split(" // ").next().unwrap());
    Source { module, code: code.collect::<Vec<_>>().join("\n") }
}

/// Every path of this crate that a source names, from the crate's root: `network::mastodon::Api`.
fn named(source: &Source) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    let mut parents: Vec<&str> = source.module.split("::").collect();
    // From the longest chain of `super` to none: each names a module further up.
    let mut chain = String::new();
    while !parents.is_empty() {
        chain.push_str("super::");
        parents.pop();
        let base = parents.join("::");
        for (at, _) in source.code.match_indices(&chain) {
            let before = source.code[..at].chars().next_back();
            if before.is_some_and(|c| c == ':' || c == '_' || c.is_alphanumeric()) || source.code[at + chain.len()..].starts_with("super::")
            {
                continue;
            }
            expand(&source.code[at + chain.len()..], &base, &mut out);
        }
    }
    for prefix in ["crate::", "sereno::"] {
        for (at, _) in source.code.match_indices(prefix) {
            if !source.code[..at].ends_with(|c: char| c == '_' || c.is_alphanumeric() || c == '$') {
                expand(&source.code[at + prefix.len()..], "", &mut out);
            }
        }
    }
    out
}

/// Reads a path, or a list of paths in braces, at the beginning of `text`.
fn expand(text: &str, base: &str, out: &mut BTreeSet<String>) {
    let join = |rest: &str| if base.is_empty() { rest.to_owned() } else { format!("{base}::{rest}") };
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(text.len());
    let (path, rest) = text.split_at(end);
    let path = path.trim_end_matches(':');
    let here = if path.is_empty() { base.to_owned() } else { join(path) };
    let Some(list) = rest.strip_prefix('{').filter(|_| text[..end].is_empty() || text[..end].ends_with("::")) else {
        out.insert(here);
        return;
    };
    let (mut depth, mut begin) = (0, 0);
    for (i, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                let item = list[begin..i].trim();
                if !item.is_empty() {
                    expand(item, &here, out);
                }
                begin = i + 1;
                if c == '}' {
                    return;
                }
            }
            _ => {}
        }
    }
}

fn within(path: &str, of: &str) -> bool {
    path == of || path.strip_prefix(of).is_some_and(|rest| rest.starts_with("::"))
}

/// What the modules `these` and all below them name of `those`, as `who → what`.
fn crossings(these: &[&str], those: &[&str]) -> Vec<String> {
    crossings_of(|module| these.iter().any(|m| within(module, m)), those)
}

fn crossings_of(these: impl Fn(&str) -> bool, those: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources() {
        if !these(&source.module) {
            continue;
        }
        for path in named(&source) {
            if those.iter().any(|m| within(&path, m)) {
                found.push(format!("{} → {path}", source.module));
            }
        }
    }
    found
}

/// Words of other crates and of std that the modules `these` use.
fn uses(these: &[&str], words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources().iter().filter(|s| these.iter().any(|m| within(&s.module, m))) {
        for word in words {
            let whole = |at: usize| {
                let before = source.code[..at].chars().next_back();
                !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
            };
            if source.code.match_indices(word).any(|(at, _)| whole(at)) {
                found.push(format!("{} uses {word}", source.module));
            }
        }
    }
    found
}

const DECIDES: [&str; 4] = ["case", "desk", "intake", "command"];
const CORE: [&str; 12] =
    ["case", "cost", "desk", "intake", "command", "outbox", "engine", "digest", "view::build", "post", "policy", "say"];

#[test]
fn paths_are_read_in_every_form() {
    let code =
        "use crate::a::{b::C, d::{E, f}};\nuse super::g::h;\nfn x() { super::super::i::j(); crate::k::l::<T>() }\nuse crate::{m, n::o};";
    let source = Source { module: "p::q::r".into(), code: code.into() };
    let named: Vec<String> = named(&source).into_iter().collect();
    assert_eq!(named, ["a::b::C", "a::d::E", "a::d::f", "k::l", "m", "n::o", "p::i::j", "p::q::g::h"]);
}

#[test]
fn a_crossing_is_seen() {
    assert!(crossings(&["app"], &["network::mastodon"]).contains(&"app::wire → network::mastodon::MastodonAccount".to_owned()));
    assert!(uses(&["app"], &["tokio"]).contains(&"app::feed uses tokio".to_owned()));
}

#[test]
fn what_decides_knows_nothing_of_the_outside() {
    let outside = ["network", "chat", "store", "engine", "app", "cli", "config", "control", "http", "telemetry", "i18n", "demo"];
    assert_eq!(crossings(&DECIDES, &outside), [""; 0]);
    assert_eq!(crossings(&["outbox"], &["network", "chat", "store", "engine"]), [""; 0]);
    assert_eq!(crossings(&["engine"], &["i18n", "view"]), [""; 0]);
}

#[test]
fn the_core_is_pure() {
    let impure = ["tokio", "reqwest", "axum", "sled::", "async fn", "std::fs", "std::net", "std::env", "std::thread", "std::process"];
    assert_eq!(uses(&CORE, &impure), [""; 0]);
    // Neither a clock, nor randomness, nor an order that changes from run to run.
    let unruly = ["Instant", "SystemTime", "Clock", "getrandom", "rand", "HashMap", "HashSet", "println!", "eprintln!"];
    assert_eq!(uses(&CORE, &unruly), [""; 0]);
}

#[test]
fn the_core_knows_no_shell() {
    let shell = [
        "app",
        "cli",
        "config",
        "control",
        "http",
        "telemetry",
        "demo",
        "error",
        "chat",
        "network::mastodon",
        "network::square",
        "network::x",
        "store::sled",
    ];
    assert_eq!(crossings(&CORE, &shell), [""; 0]);
}

#[test]
fn adapters_know_neither_each_other_nor_how_a_case_changes() {
    let adapters = ["network::mastodon", "network::square", "network::x", "chat::console", "chat::slack", "chat::matrix"];
    let forbidden = ["case::step", "case::gate", "case::work", "engine", "store", "app", "outbox::lanes", "cli", "demo"];
    assert_eq!(crossings(&adapters, &forbidden), [""; 0]);
    assert_eq!(crossings(&["network"], &["chat"]), [""; 0]);
    for adapter in adapters {
        let others: Vec<&str> = adapters.iter().copied().filter(|a| *a != adapter).collect();
        assert_eq!(crossings(&[adapter], &others), [""; 0]);
    }
}

#[test]
fn the_store_knows_no_engine() {
    let above = [
        "engine",
        "app",
        "chat",
        "cli",
        "config",
        "demo",
        "network::mastodon",
        "network::square",
        "network::x",
        "case::step",
        "case::work",
        "view",
        "i18n",
    ];
    assert_eq!(crossings(&["store"], &above), [""; 0]);
}

#[test]
fn only_the_wiring_knows_the_parts_by_name() {
    let parts = ["network::mastodon", "network::square", "network::x", "chat::console", "chat::slack", "chat::matrix", "store::sled"];
    let wiring = [
        "app",
        "cli",
        "demo",
        // Feeds each part what is sent to it; in no program that runs.
        "fuzzing",
        "main",
        "network::mastodon",
        "network::square",
        "network::x",
        "chat::console",
        "chat::slack",
        "chat::matrix",
        "store",
    ];
    // A parent names its children by `mod`, which no path shows.
    assert_eq!(crossings_of(|module| !wiring.iter().any(|w| within(module, w)), &parts), [""; 0]);
}

#[test]
fn the_time_is_read_in_one_place() {
    let rest: Vec<String> = sources().into_iter().map(|s| s.module).filter(|m| m != "clock").collect();
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    assert_eq!(uses(&rest, &["SystemTime", "Timestamp::now", "jiff::Timestamp::now", "Zoned::now", "jiff::Zoned::now"]), [""; 0]);
}
