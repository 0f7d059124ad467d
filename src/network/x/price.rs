//! What X charges for: each act has its price, reading too, and a month its budget. Pure.
//!
//! From four fifths of the budget on, what is read is read more seldom: first what is searched for and how posts spread,
//! mentions last. Answers to customers are never held up.
//!
//! Source of the prices: X's price list of February 2026 (pay per use); `bot.toml` can say others.

use crate::clock::Time;
use crate::cost::{Costs, Money};
use crate::intake::length::weighted;
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};

/// What is charged for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// Reading somebody's post.
    PostRead,
    /// Reading somebody's profile.
    UserRead,
    /// Reading a post that names us, from our own timeline of mentions.
    MentionRead,
    /// Reading a private message.
    DmRead,
    /// Posting.
    Post,
    /// Posting something with a link.
    PostWithLink,
    /// Answering who named or quoted us.
    Reply,
    /// Writing a private message.
    Dm,
}

impl Act {
    /// All, as X lists them.
    pub const ALL: [Act; 8] =
        [Act::PostRead, Act::UserRead, Act::MentionRead, Act::DmRead, Act::Post, Act::PostWithLink, Act::Reply, Act::Dm];

    /// Its name in `bot.toml`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Act::PostRead => "post_read",
            Act::UserRead => "user_read",
            Act::MentionRead => "mention_read",
            Act::DmRead => "dm_read",
            Act::Post => "post",
            Act::PostWithLink => "post_with_link",
            Act::Reply => "reply",
            Act::Dm => "dm",
        }
    }

    fn known_price(self) -> Money {
        Money(match self {
            Act::MentionRead => 1_000,
            Act::PostRead => 5_000,
            Act::UserRead | Act::DmRead | Act::Reply => 10_000,
            Act::Post | Act::Dm => 15_000,
            Act::PostWithLink => 200_000,
        })
    }

    /// Whether the same thing twice on a day (UTC) is charged once.
    fn is_read(self) -> bool {
        matches!(self, Act::PostRead | Act::UserRead | Act::MentionRead | Act::DmRead)
    }
}

/// Why a table of prices cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongPrice {
    /// No act is called so.
    #[error("{0} is nothing that is charged for")]
    Unknown(String),
    /// It is negative, or no number.
    #[error("{0} has no such price")]
    Amount(String),
}

/// The price of each act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prices(BTreeMap<Act, Money>);

impl Default for Prices {
    fn default() -> Self {
        Prices(Act::ALL.into_iter().map(|act| (act, act.known_price())).collect())
    }
}

impl Prices {
    /// The known prices, those of `others` in place of theirs: by name; `None` is no amount.
    ///
    /// # Errors
    /// The first that is none.
    pub fn with<'a>(others: impl IntoIterator<Item = (&'a str, Option<Money>)>) -> Result<Prices, WrongPrice> {
        let mut prices = Prices::default();
        for (name, price) in others {
            let act = Act::ALL.into_iter().find(|act| act.name() == name).ok_or_else(|| WrongPrice::Unknown(name.to_owned()))?;
            prices.0.insert(act, price.ok_or_else(|| WrongPrice::Amount(name.to_owned()))?);
        }
        Ok(prices)
    }

    /// The price of an act.
    #[must_use]
    pub fn of(&self, act: Act) -> Money {
        self.0.get(&act).copied().unwrap_or_default()
    }

    /// What a public text is charged as, as an answer. X's list does not say which holds for an answer with a link: the dearer.
    #[must_use]
    pub fn reply_act(&self, text: &str) -> Act {
        let dear = weighted::holds_link(text) && self.of(Act::PostWithLink) > self.of(Act::Reply);
        if dear { Act::PostWithLink } else { Act::Reply }
    }
}

/// What reading or sending is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Finding what names the brand without speaking to it.
    Search,
    /// Seeing how known posts spread, and whether they still stand.
    Refresh,
    /// Reading what speaks to us: posts and private messages.
    Mentions,
    /// Answering customers.
    Answer,
}

/// How often something may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// As the settings say.
    Full,
    /// The wait between two is so many times as long.
    Slower(u32),
    /// Not until the month ends.
    Off,
}

/// Something to tell the team, once a month each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Warning {
    /// Four fifths are spent: searching and refreshing slow down.
    Nearly,
    /// All is spent: searching and refreshing stop, mentions slow down.
    Spent,
}

/// More things read on a day than this are no longer told apart: each counts.
const MAX_SEEN: usize = 200_000;

/// What a month has cost so far. By [`Ledger::costs`] it goes on after a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Year and month, UTC.
    month: (i16, i8),
    /// Day of the month.
    day: i8,
    spent: Money,
    acts: BTreeMap<Act, u64>,
    told: BTreeSet<Warning>,
    /// What was read today, by what it is and its id.
    seen: BTreeSet<(Act, String)>,
}

impl Ledger {
    /// Takes note of an act on `id` (its own for what is read; else it may be empty), and says what the team should know.
    pub fn charge(&mut self, act: Act, id: &str, now: Time, prices: &Prices, budget: Option<Money>) -> Option<Warning> {
        self.turn(now);
        if act.is_read() && !id.is_empty() {
            if self.seen.contains(&(act, id.to_owned())) {
                return None;
            }
            if self.seen.len() < MAX_SEEN {
                self.seen.insert((act, id.to_owned()));
            }
        }
        self.spent = self.spent.plus(prices.of(act));
        let acts = self.acts.entry(act).or_default();
        *acts = acts.saturating_add(1);
        let due = match percent(self.spent, budget?) {
            0..80 => return None,
            80..100 => Warning::Nearly,
            _ => Warning::Spent,
        };
        self.told.insert(due).then_some(due)
    }

    /// What the month of `now` has cost.
    #[must_use]
    pub fn spent(&self, now: Time) -> Money {
        if self.month == date(now).0 { self.spent } else { Money::default() }
    }

    /// How often each thing was charged for in the month of `now`.
    #[must_use]
    pub fn acts(&self, now: Time) -> Vec<(Act, u64)> {
        if self.month == date(now).0 { self.acts.iter().map(|(act, n)| (*act, *n)).collect() } else { Vec::new() }
    }

    /// Forgets the warnings that a budget raised since makes untrue: they are due again.
    #[must_use]
    pub fn within(mut self, budget: Option<Money>) -> Ledger {
        let reached = |warning: &Warning| match warning {
            Warning::Nearly => 80,
            Warning::Spent => 100,
        };
        let spent = budget.map_or(0, |budget| percent(self.spent, budget));
        self.told.retain(|warning| reached(warning) <= spent);
        self
    }

    /// How often something may be done, as things stand.
    #[must_use]
    pub fn pace(&self, purpose: Purpose, now: Time, budget: Option<Money>) -> Pace {
        let Some(budget) = budget else { return Pace::Full };
        match (purpose, percent(self.spent(now), budget)) {
            (Purpose::Answer, _) | (_, 0..80) | (Purpose::Mentions, 80..95) => Pace::Full,
            (Purpose::Search | Purpose::Refresh, 80..90) => Pace::Slower(4),
            (Purpose::Search | Purpose::Refresh, 90..100) => Pace::Slower(12),
            (Purpose::Search | Purpose::Refresh, _) => Pace::Off,
            (Purpose::Mentions, 95..100) => Pace::Slower(2),
            // A customer who waits is worth more than the budget; somebody was told.
            (Purpose::Mentions, _) => Pace::Slower(10),
        }
    }

    /// What is to outlive the process; `None`: nothing was ever charged. What was read today does not: it may be charged again.
    #[must_use]
    pub fn costs(&self, budget: Option<Money>) -> Option<Costs> {
        let told = match self.told.last() {
            None => 0,
            Some(Warning::Nearly) => 80,
            Some(Warning::Spent) => 100,
        };
        let acts = self.acts.iter().map(|(act, n)| (act.name().to_owned(), *n)).collect();
        (self.month.1 > 0).then_some(Costs { month: self.month, spent: self.spent, budget, told, acts })
    }

    /// One that goes on from there.
    #[must_use]
    pub fn restored(costs: &Costs) -> Ledger {
        let known = |(name, n): (&String, &u64)| Act::ALL.into_iter().find(|act| act.name() == name).map(|act| (act, *n));
        let mut told = BTreeSet::new();
        told.extend((costs.told >= 80).then_some(Warning::Nearly));
        told.extend((costs.told >= 100).then_some(Warning::Spent));
        Ledger { month: costs.month, spent: costs.spent, acts: costs.acts.iter().filter_map(known).collect(), told, ..Ledger::default() }
    }

    fn turn(&mut self, now: Time) {
        let (month, day) = date(now);
        // A clock that was set back begins nothing anew.
        if month > self.month {
            *self = Ledger { month, day, ..Ledger::default() };
        } else if month == self.month && day > self.day {
            self.day = day;
            self.seen.clear();
        }
    }
}

fn date(now: Time) -> ((i16, i8), i8) {
    let date = now.to_jiff().to_zoned(TimeZone::UTC).date();
    ((date.year(), date.month()), date.day())
}

/// How much of a budget is spent, rounded down; of none all.
fn percent(spent: Money, budget: Money) -> u64 {
    u128::from(spent.0).saturating_mul(100).checked_div(u128::from(budget.0)).map_or(100, |p| u64::try_from(p).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(iso: &str) -> Time {
        iso.parse::<jiff::Timestamp>().unwrap().into()
    }

    const BUDGET: Option<Money> = Some(Money(1_000_000));

    #[test]
    fn prices_are_those_of_x_or_those_of_the_file() {
        let prices = Prices::default();
        let list: Vec<(&str, String)> = Act::ALL.iter().map(|act| (act.name(), prices.of(*act).dollars())).collect();
        let known = [
            ("post_read", "0.005"),
            ("user_read", "0.01"),
            ("mention_read", "0.001"),
            ("dm_read", "0.01"),
            ("post", "0.015"),
            ("post_with_link", "0.20"),
            ("reply", "0.01"),
            ("dm", "0.015"),
        ];
        assert_eq!(list, known.map(|(name, price)| (name, price.to_owned())));
        let other = Prices::with([("reply", Money::from_dollars(0.02)), ("dm", Money::from_dollars(0.0))]).unwrap();
        assert_eq!((other.of(Act::Reply).dollars(), other.of(Act::Dm)), ("0.02".into(), Money(0)));
        assert_eq!(other.of(Act::Post), prices.of(Act::Post));
        assert_eq!(Prices::with([("likes", Some(Money(1)))]), Err(WrongPrice::Unknown("likes".into())));
        for wrong in [-0.1, f64::NAN, f64::INFINITY] {
            assert_eq!(Prices::with([("dm", Money::from_dollars(wrong))]), Err(WrongPrice::Amount("dm".into())));
        }
    }

    #[test]
    fn a_link_makes_an_answer_dear() {
        let prices = Prices::default();
        assert_eq!(prices.reply_act("Mira tu correo, ana@tienda.es"), Act::Reply);
        assert_eq!(prices.reply_act("Mira tienda.es"), Act::PostWithLink);
        assert_eq!(Money(12_000_000).dollars(), "12.00");
    }

    #[test]
    fn what_is_read_twice_on_a_day_is_charged_once() {
        let (mut ledger, prices) = (Ledger::default(), Prices::default());
        let mut read = |act, id, when: &str| {
            ledger.charge(act, id, at(when), &prices, None);
            ledger.spent(at(when)).0
        };
        assert_eq!(read(Act::PostRead, "1", "2026-11-22T00:00:00Z"), 5_000);
        assert_eq!(read(Act::PostRead, "1", "2026-11-22T23:59:59Z"), 5_000);
        assert_eq!(read(Act::MentionRead, "1", "2026-11-22T23:59:59Z"), 6_000, "another kind of reading");
        assert_eq!(read(Act::PostRead, "1", "2026-11-23T00:00:00Z"), 11_000, "another day");
        assert_eq!(read(Act::Dm, "1", "2026-11-23T00:00:00Z"), 26_000);
        assert_eq!(read(Act::Dm, "1", "2026-11-23T00:00:00Z"), 41_000, "who writes twice pays twice");
        assert_eq!(read(Act::PostRead, "1", "2026-12-01T00:00:00Z"), 5_000, "another month");
        assert_eq!(ledger.acts(at("2026-12-02T00:00:00Z")), [(Act::PostRead, 1)]);
        assert_eq!(ledger.spent(at("2027-12-02T00:00:00Z")), Money(0));
    }

    #[test]
    fn the_team_is_warned_once_and_answers_go_on() {
        let (mut ledger, prices) = (Ledger::default(), Prices::default());
        let now = at("2026-11-22T10:00:00Z");
        let mut told = Vec::new();
        for n in 1..=6 {
            told.extend(ledger.charge(Act::PostWithLink, "", now, &prices, BUDGET).map(|w| (n, w)));
        }
        assert_eq!(told, [(4, Warning::Nearly), (5, Warning::Spent)]);
        assert_eq!(ledger.pace(Purpose::Answer, now, BUDGET), Pace::Full);
        assert_eq!(ledger.pace(Purpose::Search, now, BUDGET), Pace::Off);
        assert_eq!(ledger.pace(Purpose::Mentions, now, BUDGET), Pace::Slower(10));
        // It goes on after a restart, and ends with the month.
        let mut again = Ledger::restored(&ledger.costs(BUDGET).unwrap());
        assert_eq!(again.costs(BUDGET), ledger.costs(BUDGET));
        assert_eq!(again.charge(Act::Post, "", now, &prices, BUDGET), None, "told already");
        let next = at("2026-12-01T00:00:00Z");
        assert_eq!(again.pace(Purpose::Search, next, BUDGET), Pace::Full);
        assert_eq!(again.charge(Act::PostWithLink, "", next, &prices, Some(Money(1))), Some(Warning::Spent));
    }

    #[test]
    fn searching_slows_down_before_mentions_do() {
        let now = at("2026-11-22T10:00:00Z");
        let pace = |purpose, percent: u64| {
            let ledger = Ledger { month: date(now).0, spent: Money(percent * 10_000), ..Ledger::default() };
            ledger.pace(purpose, now, BUDGET)
        };
        for (percent, search, mentions) in [
            (79, Pace::Full, Pace::Full),
            (80, Pace::Slower(4), Pace::Full),
            (90, Pace::Slower(12), Pace::Full),
            (95, Pace::Slower(12), Pace::Slower(2)),
            (100, Pace::Off, Pace::Slower(10)),
            (5_000, Pace::Off, Pace::Slower(10)),
        ] {
            assert_eq!((pace(Purpose::Search, percent), pace(Purpose::Mentions, percent)), (search, mentions), "{percent}");
            assert_eq!(pace(Purpose::Refresh, percent), search);
            assert_eq!(pace(Purpose::Answer, percent), Pace::Full);
        }
        assert_eq!(Ledger::default().pace(Purpose::Search, now, None), Pace::Full, "no budget, no limit");
        assert_eq!(Ledger::default().pace(Purpose::Search, now, Some(Money(0))), Pace::Off);
    }

    proptest! {
        #[test]
        fn nothing_overflows(spent: u64, budget: u64, act in 0..8_usize, ms: i64) {
            let mut ledger = Ledger { month: (0, 1), spent: Money(spent), ..Ledger::default() };
            let prices = Prices(Act::ALL.into_iter().map(|a| (a, Money(u64::MAX))).collect());
            ledger.charge(Act::ALL[act], "1", Time(ms), &prices, Some(Money(budget)));
            prop_assert_ne!(ledger.pace(Purpose::Mentions, Time(ms), Some(Money(budget))), Pace::Off);
        }
    }
}
