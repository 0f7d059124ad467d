//! Why a command of the binary did not do what it was asked: said once, at the end of `main`.
//!
//! What staff get wrong is a [`crate::case::refusal::Refusal`] and answered in the chat; this is
//! for whoever runs the bot.

use crate::config::{Problem, Problems};
use crate::i18n::{ShowCtx, Words};
use crate::policy::{Lang, Policy};
use crate::say::Say;
use crate::store::StoreError;
use std::path::PathBuf;
use std::process::ExitCode;

/// Something is wrong with what was asked or with a configuration.
const EXIT_USAGE: u8 = 2;
/// The store is damaged, or not to be used.
const EXIT_STORE: u8 = 3;

/// Why not.
#[derive(Debug)]
pub enum Failure {
    /// The configuration cannot be used.
    Config {
        /// The file.
        file: PathBuf,
        /// All that is wrong with it.
        problems: Problems,
    },
    /// The store cannot be used.
    Store {
        /// Its directory.
        path: PathBuf,
        /// What it says.
        error: StoreError,
    },
    /// What was asked makes no sense.
    Usage(Say),
    /// It did not work.
    Said(Say),
    /// Something that nobody foresaw.
    Other(anyhow::Error),
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Failure {
        Failure::Other(error)
    }
}

impl From<crate::app::Stopped> for Failure {
    fn from(error: crate::app::Stopped) -> Failure {
        Failure::Other(error.into())
    }
}

impl Failure {
    /// What went wrong on the way, be it the store in `path` or anything else.
    #[must_use]
    pub fn of_store(path: PathBuf, error: anyhow::Error) -> Failure {
        match error.downcast::<StoreError>() {
            Ok(error) => Failure::Store { path, error },
            Err(error) => Failure::Other(error),
        }
    }

    /// The exit code of the process.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Failure::Config { .. } | Failure::Usage(_) => ExitCode::from(EXIT_USAGE),
            Failure::Store { error: StoreError::Corrupt(_) | StoreError::Keyring(_) | StoreError::Conflict(_), .. } => {
                ExitCode::from(EXIT_STORE)
            }
            Failure::Store { .. } | Failure::Said(_) | Failure::Other(_) => ExitCode::FAILURE,
        }
    }

    /// What happened and what to do, line by line.
    #[must_use]
    pub fn lines(&self, words: &Words, lang: Lang) -> Vec<String> {
        match self {
            Failure::Config { file, problems } => config_lines(&file.display().to_string(), problems, words, lang),
            Failure::Store { path, error } => {
                let path = path.display().to_string();
                let code = match error {
                    StoreError::Keyring(_) => "cli-store-keyring",
                    StoreError::Full(_) => "cli-store-full",
                    StoreError::Unavailable(_) => "cli-store-unavailable",
                    StoreError::Corrupt(_) | StoreError::Conflict(_) => "cli-store-damaged",
                };
                vec![say(words, lang, &Say::new(code).text("path", path).with("detail", error.why().into()))]
            }
            Failure::Usage(sentence) | Failure::Said(sentence) => vec![say(words, lang, sentence)],
            Failure::Other(error) => vec![say(words, lang, &Say::new("cli-failed").text("detail", format!("{error:#}")))],
        }
    }
}

/// All that is wrong with a file, a line each.
#[must_use]
pub fn config_lines(file: &str, problems: &Problems, words: &Words, lang: Lang) -> Vec<String> {
    let mut lines = vec![say(words, lang, &Say::new("cli-config-wrong").text("file", file))];
    lines.extend(problems.all().iter().map(|problem| format!("  {}", config_line(problem, words, lang))));
    lines.push(say(words, lang, &Say::new("cli-config-hint")));
    lines
}

/// One thing that is wrong with a file, and where.
#[must_use]
pub fn config_line(problem: &Problem, words: &Words, lang: Lang) -> String {
    let what = say(words, lang, &problem.say);
    let line = problem.line.map(|n| n.to_string()).unwrap_or_default();
    match (problem.line, problem.at.0.is_empty()) {
        (None, true) => what,
        (None, false) => say(words, lang, &Say::new("cli-config-at").text("path", problem.at.to_string()).text("what", what)),
        (Some(_), true) => say(words, lang, &Say::new("cli-config-at-line").text("line", line).text("what", what)),
        (Some(_), false) => {
            let place = Say::new("cli-config-at-both").text("line", line).text("path", problem.at.to_string());
            say(words, lang, &place.text("what", what))
        }
    }
}

/// A sentence outside of any team's policy.
#[must_use]
pub fn say(words: &Words, lang: Lang, sentence: &Say) -> String {
    words.say(sentence, lang, &ShowCtx { policy: &Policy::default(), now: crate::clock::Clock::system().now() })
}
