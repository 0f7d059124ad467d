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
    /// Another sentence, to be said in the same language.
    Said(Box<Say>),
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

/// For logs: the code, and what it is about.
impl std::fmt::Display for Say {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.code)?;
        for (name, arg) in &self.args {
            match arg {
                Arg::Text(text) | Arg::Code(text) => write!(f, " {name}={text}")?,
                Arg::Number(n) | Arg::Span(n) => write!(f, " {name}={n}")?,
                Arg::Moment(at) => write!(f, " {name}={}", at.0)?,
                Arg::Said(say) => write!(f, " {name}=({say})")?,
            }
        }
        Ok(())
    }
}

/// Why something came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Why {
    /// In the words of the destination or of the machine, as they stand.
    Theirs(String),
    /// In ours.
    Ours(Say),
}

impl Why {
    /// Our own reason, without arguments: a code of the locales.
    #[must_use]
    pub fn ours(code: &str) -> Why {
        Why::Ours(Say::new(code))
    }
    /// Whether nothing was said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self, Why::Theirs(words) if words.is_empty())
    }
}

impl From<Say> for Why {
    fn from(say: Say) -> Why {
        Why::Ours(say)
    }
}

impl From<String> for Why {
    fn from(words: String) -> Why {
        Why::Theirs(words)
    }
}

impl From<&str> for Why {
    fn from(words: &str) -> Why {
        Why::Theirs(words.to_owned())
    }
}

impl From<Say> for Arg {
    fn from(say: Say) -> Arg {
        Arg::Said(Box::new(say))
    }
}

impl From<Why> for Arg {
    fn from(why: Why) -> Arg {
        Arg::from(&why)
    }
}

impl From<&Why> for Arg {
    fn from(why: &Why) -> Arg {
        match why {
            Why::Theirs(words) => Arg::Text(words.clone()),
            Why::Ours(say) => say.clone().into(),
        }
    }
}

/// For logs; people are told by the locales.
impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Why::Theirs(words) => f.write_str(words),
            Why::Ours(say) => say.fmt(f),
        }
    }
}
