//! Where reading a stream goes on.
//!
//! A server hands out ids in one order and shows what they name in another: a notification with a
//! lower id can appear after one with a higher. So the cursor stays a little behind: what is younger
//! than the stream's settling time is read again (and is known by its id), until it is old enough
//! that nothing can slip in before it. `front` leads through a long backlog meanwhile.

use crate::clock::Time;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// Where reading a stream goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    /// What was made before is not taken in at all.
    pub since: Time,
    /// Everything up to this id has been taken, and nothing can slip in before it; `None`: nothing yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<String>,
    /// Everything up to this id has been taken in this pass; `None`: a pass begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub front: Option<String>,
}

/// Something read from a stream, as far as the cursor cares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Its id.
    pub id: String,
    /// When it was made.
    pub at: Time,
}

impl Cursor {
    /// At the beginning: whatever was made since then.
    #[must_use]
    pub fn since(since: Time) -> Cursor {
        Cursor { since, settled: None, front: None }
    }

    /// The id after which to read; `None`: from [`Cursor::since`] on.
    #[must_use]
    pub fn after(&self) -> Option<&str> {
        self.front.as_deref().or(self.settled.as_deref())
    }

    /// As it is stored.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// As it was stored.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Cursor> {
        serde_json::from_str(text).ok()
    }

    /// The cursor after a page. `marks`: what was taken, lowest id first. `newest`: the id from
    /// which the server would go on. `full`: whether there is more. `border`: what was made before
    /// it has settled.
    #[must_use]
    pub fn advance(&self, marks: &[Mark], newest: Option<&str>, full: bool, border: Time) -> Cursor {
        let mut settled = self.settled.clone();
        // Within a pass settling stops at the first thing that was too young.
        if self.front.is_none() || self.front == self.settled {
            let old = marks.iter().take_while(|m| m.at < border);
            for mark in old {
                raise(&mut settled, &mark.id);
            }
            // All of the page has settled: so has what the server left out of it.
            if !marks.is_empty() && marks.iter().all(|m| m.at < border) {
                newest.into_iter().for_each(|id| raise(&mut settled, id));
            }
        }
        let front = newest.filter(|_| full).map(str::to_owned).filter(|front| settled.as_ref() != Some(front));
        Cursor { since: self.since, settled, front }
    }
}

fn raise(id: &mut Option<String>, to: &str) {
    if id.as_deref().is_none_or(|old| by_id(to, old) == Ordering::Greater) {
        *id = Some(to.to_owned());
    }
}

/// The order of a server's ids: numbers by size; ULIDs and flakes, all of one length, by letter.
#[must_use]
pub fn by_id(a: &str, b: &str) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(of: &[(&str, i64)]) -> Vec<Mark> {
        of.iter().map(|(id, at)| Mark { id: (*id).to_owned(), at: Time(*at) }).collect()
    }

    fn cursor(settled: &str, front: Option<&str>) -> Cursor {
        Cursor { since: Time(0), settled: Some(settled.to_owned()), front: front.map(str::to_owned) }
    }

    #[test]
    fn ids_in_order() {
        assert_eq!(by_id("9", "10"), Ordering::Less);
        assert_eq!(by_id("01HZX", "01HZY"), Ordering::Less);
        assert_eq!(by_id("5", "5"), Ordering::Equal);
    }

    #[test]
    fn the_young_are_read_again() {
        let got = cursor("1", None).advance(&marks(&[("2", 10), ("3", 20), ("5", 90)]), Some("5"), false, Time(50));
        assert_eq!(got, cursor("3", None), "4 may still appear");
        let got = got.advance(&marks(&[("4", 89), ("5", 90)]), Some("5"), false, Time(100));
        assert_eq!(got, cursor("5", None));
        assert_eq!(got.advance(&[], None, false, Time(200)), got);
    }

    #[test]
    fn a_backlog_is_walked_through() {
        let got = cursor("1", None).advance(&marks(&[("2", 10), ("3", 90)]), Some("3"), true, Time(50));
        assert_eq!(got, cursor("2", Some("3")));
        let got = got.advance(&marks(&[("4", 95), ("6", 96)]), Some("6"), true, Time(50));
        assert_eq!(got, cursor("2", Some("6")));
        let got = got.advance(&marks(&[("7", 97)]), Some("7"), false, Time(50));
        assert_eq!(got, cursor("2", None), "the pass is over: the young are read again");
    }

    #[test]
    fn an_old_backlog_settles_page_by_page() {
        let got = cursor("1", None).advance(&marks(&[("2", 10), ("3", 11)]), Some("3"), true, Time(50));
        assert_eq!(got, cursor("3", None));
    }

    #[test]
    fn the_first_pass_has_nothing_to_stand_on() {
        let first = Cursor::since(Time(5));
        let got = first.advance(&marks(&[("2", 90)]), Some("2"), true, Time(50));
        assert_eq!(got, Cursor { since: Time(5), settled: None, front: Some("2".into()) });
        assert_eq!(got.advance(&[], None, false, Time(50)), first);
    }

    #[test]
    fn stored_and_read() {
        for c in [Cursor::since(Time(7)), cursor("1", None), cursor("1", Some("9"))] {
            assert_eq!(Cursor::from_text(&c.to_text()), Some(c));
        }
        assert_eq!(Cursor::from_text("117"), None);
        assert_eq!(Cursor::from_text("{\"since\":1,\"x\":1}"), None);
    }
}
