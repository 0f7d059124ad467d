//! When a digest is due: a local time of day, whatever the clocks do in spring and autumn.

use crate::clock::Time;
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// The time zone of that IANA name; UTC where there is none (the config check refuses it first).
#[must_use]
pub fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

/// The local day of `now`.
#[must_use]
pub fn day_of(now: Time, tz: &TimeZone) -> Date {
    now.to_jiff().to_zoned(tz.clone()).date()
}

/// First moment of a local day, and first moment after it: 23, 24 or 25 hours apart.
#[must_use]
pub fn bounds(day: Date, tz: &TimeZone) -> (Time, Time) {
    (start(day, tz), start(day.checked_add(1.day()).unwrap_or(day), tz))
}

/// The moment on `day` at which the digest is due. A time that the spring skips comes as much
/// later as was skipped; one that the autumn repeats, the first time.
#[must_use]
pub fn due_on(day: Date, minute_of_day: u16, tz: &TimeZone) -> Time {
    let (hour, minute) = ((minute_of_day / 60).min(23), minute_of_day % 60);
    let at = day.at(i8::try_from(hour).unwrap_or(0), i8::try_from(minute).unwrap_or(0), 0, 0);
    at.to_zoned(tz.clone()).map_or(Time::NEVER, |z| z.timestamp().into())
}

/// The last day whose digest moment has come at `now`. Not always yesterday or today: a day that a
/// country left out (Samoa, 2011-12-30) has its moment when the next one has.
#[must_use]
pub fn last_due(now: Time, minute_of_day: u16, tz: &TimeZone) -> Date {
    let mut day = day_of(now, tz);
    for _ in 0..3 {
        if due_on(day, minute_of_day, tz) <= now {
            break;
        }
        day = day.yesterday().unwrap_or(day);
    }
    day
}

fn start(day: Date, tz: &TimeZone) -> Time {
    day.to_zoned(tz.clone()).map_or(Time::NEVER, |z| z.timestamp().into())
}

/// Given the last day whose digest moment was answered for (`2026-11-21`), the next due moment
/// after it and its day. With none, the next moment from `now` on.
#[must_use]
pub fn next(given: Option<&str>, now: Time, minute_of_day: u16, tz: &TimeZone) -> (Time, Date) {
    let today = day_of(now, tz);
    let day = match given.and_then(|g| g.parse::<Date>().ok()) {
        Some(last) => last.checked_add(1.day()).unwrap_or(last),
        None if due_on(today, minute_of_day, tz) <= now => today.checked_add(1.day()).unwrap_or(today),
        None => today,
    };
    (due_on(day, minute_of_day, tz), day)
}

#[cfg(test)]
mod tests;
