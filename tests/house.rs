//! Which part of the house may know which: the directions that ARCHITECTURE.md promises, read from the sources.

use std::path::{Path, PathBuf};

/// What the pure core must not so much as name: I/O, time, randomness, unordered iteration.
const IMPURE: [&str; 12] = [
    "tokio",
    "reqwest",
    "sled::",
    "std::fs",
    "std::net",
    "std::env",
    "std::thread",
    "SystemTime",
    "Instant",
    "HashMap",
    "HashSet",
    "getrandom",
];

/// The sources of module `name`: its file and all in its folder, tests left out.
fn sources(name: &str) -> Vec<PathBuf> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = vec![src.join(format!("{name}.rs"))];
    let mut folders = vec![src.join(name)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        for path in entries.map(|e| e.expect("src can be read").path()) {
            match path.extension() {
                Some(ext) if ext == "rs" => found.push(path),
                _ => folders.push(path),
            }
        }
    }
    found.retain(|path| path.exists() && !path.ends_with("tests.rs") && !path.components().any(|c| c.as_os_str() == "tests"));
    assert!(!found.is_empty(), "there is no module {name}");
    found
}

/// The code of a source, without comments and without the tests at its end.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).expect("sources can be read");
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    code.lines().filter_map(|line| line.split("//").next()).collect::<Vec<_>>().join("\n")
}

/// Whether `word` stands in `code` as a word of its own.
fn names(code: &str, word: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).any(|(at, _)| {
        let before = code.get(..at).and_then(|c| c.chars().next_back());
        let after = code.get(at + word.len()..).and_then(|c| c.chars().next());
        !before.is_some_and(inside) && (word.ends_with(':') || !after.is_some_and(inside))
    })
}

/// Panics where a source of `module` names one of `words`.
fn never_names<'a>(module: &str, words: impl IntoIterator<Item = &'a str> + Clone) {
    for path in sources(module) {
        let code = code(&path);
        assert!(!code.contains("crate::{"), "{}: write one `use crate::…` a line, so that this test can read it", path.display());
        for word in words.clone() {
            assert!(!names(&code, word), "{} names {word}, which {module} must not know", path.display());
        }
    }
}

#[test]
fn the_core_is_pure() {
    for module in ["case", "desk", "intake", "command", "outbox", "engine", "digest", "view/build", "post", "policy", "say"] {
        never_names(module, IMPURE);
    }
}

#[test]
fn the_core_knows_neither_networks_nor_chats_nor_stores() {
    for module in ["case", "desk", "intake", "command"] {
        never_names(
            module,
            ["crate::network", "crate::chat", "crate::store", "crate::engine", "crate::app", "crate::config", "crate::i18n"],
        );
    }
    never_names("outbox", ["crate::network", "crate::chat", "crate::store", "crate::app"]);
    never_names("engine", ["crate::network", "crate::chat", "crate::app", "crate::config", "crate::i18n"]);
}

#[test]
fn adapters_know_neither_each_other_nor_the_transition_function() {
    let always = ["crate::case::step", "crate::engine", "crate::store", "crate::app"];
    for (adapter, others) in [
        ("network/mastodon", ["network::square", "square::", "crate::chat"]),
        ("network/square", ["network::mastodon", "mastodon::", "crate::chat"]),
        ("chat/console", ["network::mastodon", "network::square", "mastodon::"]),
    ] {
        never_names(adapter, always.into_iter().chain(others));
    }
}

#[test]
fn this_test_sees_what_it_looks_for() {
    assert!(names("use crate::store::Store;", "crate::store"));
    assert!(names("let x = std::time::Instant::now();", "Instant"));
    assert!(!names("use crate::storey;", "crate::store"));
    assert!(!names("struct Instantly;", "Instant"));
    assert!(sources("case").len() > 5);
    assert!(!code(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/case/step.rs"))).contains("//"));
}
