//! A sentence to be said later, in whoever's language: a code of the locales and its arguments.
//!
//! The core speaks in codes; [`crate::i18n`] turns them into words. A test holds that every code
//! that the code uses stands in every locale.

use crate::case::CaseId;
use crate::clock::Time;
use serde::{Deserialize, Serialize};

/// An argument of a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arg {
    /// Text as it stands: names of staff, handles, codes.
    Text(String),
    /// A number.
    Number(i64),
    /// A moment, shown in the policy's time zone.
    Moment(Time),
    /// A length of time in milliseconds, shown as `1 h 5 min`.
    Span(i64),
    /// Another code, to be said in the same language.
    Code(String),
}

/// A sentence to be said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Say {
    /// The message's id in the locales.
    pub code: String,
    /// Its arguments.
    pub args: Vec<(String, Arg)>,
}

impl Say {
    /// The sentence `code`, no arguments yet.
    #[must_use]
    pub fn new(code: &str) -> Say {
        Say { code: code.to_owned(), args: Vec::new() }
    }
    /// With an argument.
    #[must_use]
    pub fn with(mut self, name: &str, arg: Arg) -> Say {
        self.args.push((name.to_owned(), arg));
        self
    }
    /// With a text.
    #[must_use]
    pub fn text(self, name: &str, text: impl Into<String>) -> Say {
        self.with(name, Arg::Text(text.into()))
    }
    /// With a number.
    #[must_use]
    pub fn number(self, name: &str, n: impl TryInto<i64>) -> Say {
        self.with(name, Arg::Number(n.try_into().unwrap_or(i64::MAX)))
    }
    /// With the number of a case.
    #[must_use]
    pub fn case(self, id: CaseId) -> Say {
        self.with("case", Arg::Text(id.to_string()))
    }
}
