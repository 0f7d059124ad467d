//! The faults; what a store must answer is the conformance suite's (tests/store_conformance.rs).

use super::*;

fn commit_of(stream: &str, cursor: &str) -> Commit {
    Commit { cursors: vec![("acme".into(), stream.into(), cursor.into())], ..Commit::default() }
}

fn cursor(store: &ModelStore, stream: &str) -> Option<String> {
    store.cursor(&"acme".into(), stream).unwrap()
}

#[test]
fn a_crash_before_the_disk_loses_the_commit() {
    let store = ModelStore::new("m");
    store.commit(commit_of("s", "1")).unwrap();
    store.fail(1, Fault::CrashBefore);
    assert_eq!(store.commit(commit_of("s", "2")), Err(crashed()));
    assert!(store.is_dead());
    assert_eq!(store.counters(), Err(crashed()));
    let again = store.reopen();
    assert_eq!(cursor(&again, "s").as_deref(), Some("1"));
    assert_eq!(again.commit(commit_of("s", "3")), Ok(2));
    assert_eq!(store.commit(commit_of("s", "4")), Err(crashed()), "an old handle stays dead");
    assert_eq!(again.instance(), "m");
}

#[test]
fn a_crash_after_the_disk_keeps_the_commit() {
    let store = ModelStore::new("m");
    store.fail(2, Fault::CrashAfter);
    store.commit(commit_of("s", "1")).unwrap();
    assert_eq!(store.commit(commit_of("s", "2")), Err(crashed()));
    assert_eq!(cursor(&store.reopen(), "s").as_deref(), Some("2"));
}

#[test]
fn a_full_disk_writes_nothing_and_lives_on() {
    let store = ModelStore::new("m");
    store.fail(1, Fault::Full);
    assert!(matches!(store.commit(commit_of("s", "1")), Err(StoreError::Full(_))));
    assert_eq!(cursor(&store, "s"), None);
    store.commit(commit_of("s", "1")).unwrap();
    store.set_full(true);
    assert!(matches!(store.commit(commit_of("s", "2")), Err(StoreError::Full(_))));
    store.heal();
    store.commit(commit_of("s", "2")).unwrap();
    assert_eq!(cursor(&store, "s").as_deref(), Some("2"));
}

#[test]
fn a_disk_that_lies_loses_what_was_not_synced() {
    let store = ModelStore::new("m");
    store.set_early(true);
    store.commit(commit_of("s", "1")).unwrap();
    store.sync();
    store.commit(commit_of("s", "2")).unwrap();
    assert_eq!(cursor(&store, "s").as_deref(), Some("2"));
    store.crash();
    assert_eq!(cursor(&store.reopen(), "s").as_deref(), Some("1"));
}
