//! The simulator's own proof: bugs planted in the production code, one at a time, are each caught.

use super::{live_all, number, replay};
use sereno::planted::{self, Bug};
use std::time::Instant;

/// Within so many seeds each must be caught.
const MOST: u64 = 10_000;

#[test]
fn each_planted_bug_is_caught() {
    let begun = Instant::now();
    let most = number("SERENO_SEEDS").unwrap_or(MOST);
    let only = std::env::var("SERENO_BUG").ok();
    let mut missed = Vec::new();
    for bug in Bug::ALL.into_iter().filter(|b| only.as_ref().is_none_or(|o| *o == format!("{b:?}"))) {
        let (_, caught) = live_all(0, most, || planted::set(Some(bug)));
        match caught {
            Some((seed, violation)) => {
                println!(
                    "{:26} caught by seed {seed}: {}",
                    format!("{bug:?}"),
                    violation.to_string().chars().take(150).collect::<String>()
                );
            }
            None => missed.push(bug),
        }
    }
    println!("planted: {} bugs in {:.1} s", Bug::ALL.len() - missed.len(), begun.elapsed().as_secs_f64());
    assert!(missed.is_empty(), "not caught within {most} seeds: {missed:?}");
}

#[test]
fn without_a_planted_bug_all_is_well() {
    let (_, found) = live_all(0, 300, || planted::set(None));
    if let Some((seed, violation)) = found {
        panic!("seed {seed}: {violation}\nreplay: {}", replay(seed));
    }
}
