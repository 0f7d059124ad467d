//! What a network charges for, as plain data: amounts, what an answer costs, what a month has cost. Pure.

use crate::post::Account;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An amount, in millionths of a US dollar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Money(pub u64);

impl Money {
    /// From dollars as a file has them; `None` for what is no amount.
    #[must_use]
    pub fn from_dollars(dollars: f64) -> Option<Money> {
        let micros = (dollars * 1e6).round();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "held to where every integer is exact")]
        (0.0..=1e15).contains(&micros).then_some(Money(micros as u64))
    }

    /// In dollars, with as many places as it takes, at least two: `0.015`, `12.00`.
    #[must_use]
    pub fn dollars(self) -> String {
        let (whole, part) = (self.0 / 1_000_000, format!("{:06}", self.0 % 1_000_000));
        let places = part.trim_end_matches('0').len().max(2);
        format!("{whole}.{}", part.get(..places).unwrap_or(&part))
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Money) -> Money {
        Money(self.0.saturating_add(other.0))
    }
}

/// What answering costs on an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fees {
    /// A public answer.
    pub reply: Money,
    /// One with a link in it.
    pub reply_with_link: Money,
    /// A private message.
    pub private: Money,
}

/// What an account's month has cost so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Costs {
    /// Year and month (from 1), UTC.
    pub month: (i16, i8),
    /// All of it.
    pub spent: Money,
    /// What it may cost, where that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Money>,
    /// From how many percent of the budget on the team is to know of it: 0 (nothing to be told yet), 80 or 100.
    pub told: u8,
    /// How often each act was charged for, by the network's name for it.
    pub acts: BTreeMap<String, u64>,
}

impl Costs {
    /// The month as a person writes it: `2026-11`.
    #[must_use]
    pub fn month(&self) -> String {
        format!("{:04}-{:02}", self.month.0, self.month.1)
    }
}

/// What the accounts' months have cost.
pub type AllCosts = BTreeMap<Account, Costs>;
