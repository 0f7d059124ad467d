//! The simulator's own proof: bugs planted in the production code, one at a time, are each caught as
//! what they are.

use super::world::Violation;
use super::{CHECKED, live_all, number, replay};
use sereno::planted::{self, Bug};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Instant;

/// Within so many seeds each must be caught.
const MOST: u64 = 10_000;

/// The invariant that a bug breaks, by its number.
fn breaks(bug: Bug) -> u32 {
    match bug {
        Bug::DedupeLost | Bug::RepostWithoutLook | Bug::RefusedCardDropped | Bug::FirstPostBeginsHistory | Bug::HistoryOfAnother => 1,
        Bug::AckBeforeCommit | Bug::CursorAheadOfCommit => 2,
        Bug::ResendWithoutLook | Bug::SendBeforeMark | Bug::UndoIgnored | Bug::WindowNotRestarted | Bug::StaleLookTrusted => 3,
        Bug::TextChangedAfterApproval | Bug::WrongCustomer | Bug::ApprovalSkipped | Bug::CustomerUnheard | Bug::ByHandIgnored => 4,
        Bug::PauseIgnored | Bug::RightsNotRechecked => 5,
        Bug::DmInHomeRoom | Bug::PrivateTextInPublic => 6,
        Bug::PublicRoomTrusted => 7,
        Bug::AnswerForgotten => 8,
        Bug::TwoOwners => 9,
        Bug::EarlyDeletionForgotten | Bug::EditNotShown | Bug::StaleDrawing | Bug::MergedThreadForgotten | Bug::VersionNameForgotten => 10,
        Bug::ErasedComesBack | Bug::ErasureLeftUnfinished => 11,
        Bug::OwnEchoForeign | Bug::EchoTakenForOutside | Bug::DroppedForGood | Bug::LateEchoForeign => 13,
        Bug::PrivateEchoForeign | Bug::LinksComparedWhole | Bug::ByHandForgotten => 13,
        Bug::DigestAgainAfterRestart => 14,
        Bug::ReceiptDropped => 15,
        Bug::OldPostsImported => 16,
        Bug::FullDiskAcked => 17,
    }
}

#[test]
fn each_planted_bug_is_caught_as_what_it_breaks() {
    let begun = Instant::now();
    let most = number("SERENO_SEEDS").unwrap_or(MOST);
    let only = std::env::var("SERENO_BUG").ok();
    let bugs: Vec<Bug> = Bug::ALL.into_iter().filter(|b| only.as_ref().is_none_or(|o| *o == format!("{b:?}"))).collect();
    let mut missed = Vec::new();
    println!("{:26} {:>9} {:>5}  as", "bug", "invariant", "seed");
    for bug in bugs.iter().copied() {
        let invariant = breaks(bug);
        // A bug often breaks more than one thing; what else was seen first is said, and does not count.
        let others: Mutex<BTreeMap<u32, u64>> = Mutex::default();
        let wanted = |v: &Violation| {
            if v.invariant != invariant {
                *others.lock().unwrap().entry(v.invariant).or_default() += 1;
            }
            v.invariant == invariant
        };
        let (_, caught) = live_all(0, most, wanted, || planted::set(Some(bug)));
        let others = others.into_inner().unwrap();
        match caught {
            Some((seed, violation)) => {
                let what: String = violation.what.chars().take(110).collect();
                println!("{:26} {invariant:>9} {seed:>5}  {what} (meanwhile, by invariant: {others:?})", format!("{bug:?}"));
            }
            None => {
                println!("{:26} {invariant:>9}     -  not caught; seen instead, by invariant: {others:?}", format!("{bug:?}"));
                missed.push(bug);
            }
        }
    }
    println!("planted: {} bugs in {:.1} s", bugs.len() - missed.len(), begun.elapsed().as_secs_f64());
    assert!(missed.is_empty(), "not caught within {most} seeds as what they break: {missed:?}");
}

#[test]
fn each_invariant_has_a_planted_bug() {
    let without: Vec<u32> = CHECKED.iter().copied().filter(|n| Bug::ALL.iter().all(|bug| breaks(*bug) != *n)).collect();
    assert!(without.is_empty(), "no planted bug shows that these are looked at: {without:?}");
}

#[test]
fn without_a_planted_bug_all_is_well() {
    let (_, found) = live_all(0, 300, |_| true, || planted::set(None));
    if let Some((seed, violation)) = found {
        panic!("seed {seed}: {violation}\nreplay: {}", replay(seed));
    }
}
