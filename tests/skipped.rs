//! What a test says that cannot run here.

use std::io::Write as _;

/// Says, where a plain `cargo test` shows it as well, that a test was skipped and why: what is printed, also by
/// `eprintln!`, is kept from people's eyes when a test passes.
pub fn skipped(why: &str) {
    // A closed output is nothing that a test should fail for.
    std::io::stderr().lock().write_all(format!("skipped: {why}\n").as_bytes()).ok();
}
