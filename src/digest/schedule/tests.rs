//! Summer time, winter time, a day that never was, clocks set back, restarts: one digest a local day.

use super::*;
use crate::clock::{DAY_MS, HOUR_MS, MINUTE_MS};
use crate::desk::{Desk, DeskWork};
use crate::outbox::Effect;
use crate::policy::Policy;
use std::collections::BTreeSet;

fn date(day: &str) -> Date {
    day.parse().expect("a date")
}

/// `2026-03-29T01:00Z` as a moment.
fn utc(moment: &str) -> Time {
    moment.parse::<jiff::Timestamp>().expect("a moment").into()
}

fn due(zone_name: &str, day: &str, minute: u16) -> String {
    due_on(date(day), minute, &zone(zone_name)).to_jiff().to_string()
}

#[test]
fn madrid() {
    // Summer time begins on 2026-03-29: 02:00 becomes 03:00. It ends on 2026-10-25: 03:00 becomes 02:00.
    let tz = "Europe/Madrid";
    assert_eq!(due(tz, "2026-03-28", 9 * 60), "2026-03-28T08:00:00Z");
    assert_eq!(due(tz, "2026-03-29", 9 * 60), "2026-03-29T07:00:00Z");
    assert_eq!(due(tz, "2026-03-29", 2 * 60 + 30), "2026-03-29T01:30:00Z", "02:30 is skipped: 03:30");
    assert_eq!(due(tz, "2026-10-25", 2 * 60 + 30), "2026-10-25T00:30:00Z", "02:30 comes twice: the first");
    assert_eq!(due(tz, "2026-10-25", 9 * 60), "2026-10-25T08:00:00Z");
    let hours = |day: &str| {
        let (from, to) = bounds(date(day), &zone(tz));
        to.since(from) / HOUR_MS
    };
    assert_eq!([hours("2026-03-28"), hours("2026-03-29"), hours("2026-10-24"), hours("2026-10-25")], [24, 23, 24, 25]);
}

#[test]
fn santiago_changes_at_midnight() {
    // Summer time begins on 2026-09-06 at 00:00, which becomes 01:00; it ends on 2026-04-04 at 24:00.
    let tz = "America/Santiago";
    assert_eq!(due(tz, "2026-09-06", 0), "2026-09-06T04:00:00Z", "midnight is skipped: 01:00");
    assert_eq!(due(tz, "2026-09-06", 30), "2026-09-06T04:30:00Z");
    assert_eq!(due(tz, "2026-04-04", 23 * 60 + 30), "2026-04-05T02:30:00Z", "23:30 comes twice: the first");
    let (from, to) = bounds(date("2026-09-06"), &zone(tz));
    assert_eq!((from, to.since(from)), (utc("2026-09-06T04:00:00Z"), 23 * HOUR_MS));
}

#[test]
fn apia_left_out_a_day() {
    let tz = "Pacific/Apia";
    assert_eq!(due(tz, "2011-12-29", 9 * 60), "2011-12-29T19:00:00Z");
    assert_eq!(due(tz, "2011-12-30", 9 * 60), "2011-12-30T19:00:00Z", "there was none: with the next day's");
    assert_eq!(due(tz, "2011-12-31", 9 * 60), "2011-12-30T19:00:00Z");
    let last = |moment: &str| last_due(utc(moment), 9 * 60, &zone(tz)).to_string();
    assert_eq!(last("2011-12-30T18:59:59Z"), "2011-12-29");
    assert_eq!(last("2011-12-30T19:00:00Z"), "2011-12-31");
}

#[test]
fn odd_settings() {
    assert_eq!(zone("Nowhere/Land"), TimeZone::UTC);
    assert_eq!(due("UTC", "2026-01-01", 0), "2026-01-01T00:00:00Z");
    assert_eq!(due("UTC", "2026-01-01", 24 * 60 - 1), "2026-01-01T23:59:00Z");
    assert_eq!(due("UTC", "2026-01-01", u16::MAX), "2026-01-01T23:15:00Z", "never a panic");
    assert_eq!(due("Asia/Kathmandu", "2026-01-01", 9 * 60), "2026-01-01T03:15:00Z");
}

#[test]
fn the_next_three() {
    let tz = zone("Europe/Madrid");
    let mut given: Option<String> = None;
    let mut seen = Vec::new();
    let now = utc("2026-10-24T10:00:00Z");
    for _ in 0..3 {
        let (at, day) = next(given.as_deref(), now, 9 * 60, &tz);
        seen.push(format!("{day} {}", at.to_jiff()));
        given = Some(day.to_string());
    }
    assert_eq!(seen, ["2026-10-25 2026-10-25T08:00:00Z", "2026-10-26 2026-10-26T08:00:00Z", "2026-10-27 2026-10-27T08:00:00Z"]);
    // Before today's moment, today; at it, tomorrow.
    assert_eq!(next(None, utc("2026-10-24T06:59:59Z"), 9 * 60, &tz).1.to_string(), "2026-10-24");
    assert_eq!(next(None, utc("2026-10-24T07:00:00Z"), 9 * 60, &tz).1.to_string(), "2026-10-25");
    assert_eq!(next(Some("nonsense"), utc("2026-10-24T07:00:00Z"), 9 * 60, &tz).1.to_string(), "2026-10-25");
    // After downtime, the moment that was missed.
    assert_eq!(next(Some("2026-10-20"), now, 9 * 60, &tz).0, due_on(date("2026-10-21"), 9 * 60, &tz));
}

/// Walks a desk through time, told at each step; gives (moment, from, to) of every digest.
fn walk(policy: &Policy, steps: impl Iterator<Item = Time>) -> Vec<(Time, Time, Time)> {
    let mut desk = Desk::default();
    let mut given = Vec::new();
    for now in steps {
        let mut work = DeskWork::new(desk, policy, now);
        work.wake();
        given.extend(
            work.effects.iter().filter_map(|(_, _, e)| if let Effect::Digest { from, to } = e { Some((now, *from, *to)) } else { None }),
        );
        desk = work.desk;
        assert!(desk.next_wake.is_some_and(|next| next > now), "sleeps until something is due");
    }
    given
}

fn policy(time_zone: &str, minute: u16) -> Policy {
    let mut policy = Policy { time_zone: time_zone.into(), ..Policy::default() };
    policy.digest.minute_of_day = minute;
    policy
}

#[test]
fn two_hundred_and_twenty_days_one_digest_each() {
    let walks = [
        ("Europe/Madrid", "2026-09-10T00:00:00Z"),
        ("America/Santiago", "2026-03-01T00:00:00Z"),
        ("Pacific/Apia", "2011-08-01T00:00:00Z"),
        ("Australia/Lord_Howe", "2026-09-10T00:00:00Z"),
    ];
    for (name, start) in walks {
        for minute in [0, 150, 9 * 60, 23 * 60 + 59] {
            let (policy, tz, start) = (policy(name, minute), zone(name), utc(start));
            // Woken every ten minutes, which no digest moment but the ten-minute ones meets exactly.
            let given = walk(&policy, (0..220 * 144).map(|i| start.plus(i * 10 * MINUTE_MS)));
            let days: BTreeSet<Date> = given.iter().map(|(at, ..)| day_of(due_on(last_due(*at, minute, &tz), minute, &tz), &tz)).collect();
            assert_eq!(days.len(), given.len(), "{name} {minute}: never two on one local day");
            // Every day that there was, and whose moment came after the first look at the clock.
            let end = start.plus((220 * 144 - 1) * 10 * MINUTE_MS);
            let first = day_of(start, &tz);
            let all = (0..=221).map(|i| first.checked_add(i.days()).expect("a date"));
            let there_was = |d: &Date| day_of(bounds(*d, &tz).0, &tz) == *d;
            let came = |d: &Date| (start.plus(1)..=end).contains(&due_on(*d, minute, &tz));
            assert_eq!(given.len(), all.filter(|d| there_was(d) && came(d)).count(), "{name} {minute}");
            assert!(given.len() >= 219);
            // Each begins where the last ended: no fact is left out, none counted twice.
            assert!(given.windows(2).all(|w| w[0].2 == w[1].1), "{name} {minute}");
            assert!(given.iter().all(|(at, from, to)| from < to && to <= at), "{name} {minute}: whole days, all over");
            for (at, ..) in &given {
                let due = due_on(last_due(*at, minute, &tz), minute, &tz);
                assert!(at.since(due) < 10 * MINUTE_MS, "{name} {minute}: on time");
            }
        }
    }
}

#[test]
fn downtime_gives_one_digest_for_all_its_days() {
    let policy = policy("Europe/Madrid", 9 * 60);
    let moments = ["2026-10-20T08:00:00Z", "2026-10-21T08:00:00Z", "2026-10-27T20:00:00Z", "2026-10-27T21:00:00Z", "2026-10-28T08:00:00Z"];
    let given = walk(&policy, moments.iter().map(|m| utc(m)));
    let days: Vec<i64> = given.iter().map(|(_, from, to)| to.since(*from) / DAY_MS).collect();
    // From the 21st to the 27th, among them the day of 25 hours.
    assert_eq!(days, [1, 6, 1]);
    assert_eq!(given[1].2.since(given[1].1), 6 * DAY_MS + HOUR_MS);
}

#[test]
fn a_clock_set_back_repeats_nothing() {
    let policy = policy("Europe/Madrid", 9 * 60);
    let moments = [
        "2026-10-20T08:00:00Z",
        "2026-10-21T07:00:00Z",
        "2026-10-21T06:00:00Z",
        "2026-10-19T09:00:00Z",
        "2026-10-21T07:00:00Z",
        "2026-10-21T23:00:00Z",
        "2026-10-22T07:00:00Z",
    ];
    let mut desk = Desk::default();
    let mut given = 0;
    for m in moments {
        let mut work = DeskWork::new(desk, &policy, utc(m));
        work.wake();
        given += work.effects.len();
        desk = work.desk;
    }
    assert_eq!(given, 2, "one for the 20th, one for the 21st");
}

#[test]
fn switched_off_it_gives_nothing_and_catches_up_with_nothing() {
    let mut policy = policy("Europe/Madrid", 9 * 60);
    policy.digest.enabled = false;
    let off = ["2026-10-20T08:00:00Z", "2026-10-21T08:00:00Z", "2026-10-22T08:00:00Z"];
    assert!(walk(&policy, off.iter().map(|m| utc(m))).is_empty());
    // A new desk gives no report of days that it did not see.
    policy.digest.enabled = true;
    assert!(walk(&policy, std::iter::once(utc("2026-10-20T08:00:00Z"))).is_empty());
}
