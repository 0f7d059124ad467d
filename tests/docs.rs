//! The tables in the documents are those of the code. `UPDATE_DOCS=1 cargo test docs` writes them anew.

use sereno::command::table::{commands_markdown, statuses_markdown};
use std::path::Path;

#[test]
fn commands_in_architecture() {
    held_equal("ARCHITECTURE.md", "commands", &commands_markdown());
}

#[test]
fn statuses_in_architecture() {
    held_equal("ARCHITECTURE.md", "statuses", &statuses_markdown());
}

/// Files that the documents name are there, and each part of the house stands on its map.
#[test]
fn named_files_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = std::fs::read_to_string(root.join(file)).expect("the document is there");
        let code = text.split('`').skip(1).step_by(2);
        let paths = code.flat_map(str::split_whitespace).filter(|w| !w.contains(['<', '*', '{', '…']));
        for path in paths.filter(|w| ["src/", "tests/", "locales/", "benches/", ".ci/"].iter().any(|d| w.starts_with(d))) {
            assert!(root.join(path).exists(), "{file} names {path}, which is not there");
        }
    }
}

/// Wherever scopes are named, they are those that are needed, and what `check` looks for is among them.
#[test]
fn the_scopes_of_a_token() {
    use sereno::network::mastodon::SCOPES;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |file: &str| std::fs::read_to_string(root.join(file)).expect("the file is there");
    for file in ["README.md", "bot.toml.example"] {
        let text = read(file).replace('`', "");
        assert!(text.contains(&format!("scopes {}", SCOPES.join(" and "))), "{file}");
        assert_eq!(text.matches("scopes ").count(), 1, "{file}: a second list");
    }
    let check = read("src/network/mastodon/check.rs");
    let looked_for: Vec<&str> = check.split('"').filter(|w| w.starts_with("read:") || w.starts_with("write:")).collect();
    assert!(looked_for.len() >= 3);
    for scope in looked_for {
        assert!(SCOPES.iter().any(|s| scope == *s || scope.strip_prefix(s).is_some_and(|rest| rest.starts_with(':'))), "{scope}");
    }
}

#[test]
fn every_module_stands_on_the_map() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let map = std::fs::read_to_string(root.join("ARCHITECTURE.md")).expect("the document is there");
    for entry in std::fs::read_dir(root.join("src")).expect("src is there") {
        let name = entry.expect("src can be read").file_name().into_string().expect("file names are UTF-8");
        if name.ends_with(".rs") && name != "lib.rs" {
            assert!(map.contains(&format!("`src/{name}`")), "ARCHITECTURE.md does not say what stands in src/{name}");
        }
    }
}

/// Holds what stands in `file` between `<!-- name -->` and `<!-- /name -->` equal to `table`.
pub fn held_equal(file: &str, name: &str, table: &str) {
    // Two sections of one file must not be rewritten at once.
    static WRITING: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _writing = WRITING.lock();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = std::fs::read_to_string(&path).expect("the document is there");
    let (open, close) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
    let (before, rest) = text.split_once(&open).unwrap_or_else(|| panic!("{file} has no {open}"));
    let (stands, after) = rest.split_once(&close).unwrap_or_else(|| panic!("{file} has no {close}"));
    if stands.trim() == table.trim() {
        return;
    }
    assert!(std::env::var_os("UPDATE_DOCS").is_some(), "{file}: the table of {name} is out of date; run `UPDATE_DOCS=1 cargo test docs`");
    std::fs::write(&path, format!("{before}{open}\n{table}{close}{after}")).expect("the document can be written");
}
