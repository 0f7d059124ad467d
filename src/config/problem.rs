//! What is wrong with a file, and where.

use crate::say::Say;
use std::fmt;
use std::path::Path;

/// A step on the way to a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seg {
    /// A key of a table.
    Key(String),
    /// An element of a list, from 0.
    Index(usize),
}

/// The way to a value: `account#2.base_url` (elements counted from 1, as people do).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct At(pub Vec<Seg>);

impl At {
    /// A key of the file itself.
    #[must_use]
    pub fn key(key: &str) -> At {
        At::default().then(key)
    }
    /// A key below.
    #[must_use]
    pub fn then(&self, key: &str) -> At {
        let mut path = self.clone();
        path.0.push(Seg::Key(key.to_owned()));
        path
    }
    /// An element below, from 0.
    #[must_use]
    pub fn nth(&self, index: usize) -> At {
        let mut path = self.clone();
        path.0.push(Seg::Index(index));
        path
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, seg) in self.0.iter().enumerate() {
            match seg {
                Seg::Key(key) if i == 0 => write!(f, "{}", bare(key))?,
                Seg::Key(key) => write!(f, ".{}", bare(key))?,
                Seg::Index(n) => write!(f, "#{}", n + 1)?,
            }
        }
        Ok(())
    }
}

/// The key as TOML would write it, without anything that could move a terminal's cursor.
fn bare(key: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !key.is_empty() && key.chars().all(plain) { key.to_owned() } else { format!("{key:?}") }
}

/// Something wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The way to it; empty: the file as a whole.
    pub at: At,
    /// Its line, from 1, where one is known.
    pub line: Option<usize>,
    /// What is wrong and what to do, in words of the locales.
    pub say: Say,
}

/// All that is wrong with a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    found: Vec<Problem>,
    lines: Vec<(At, usize)>,
    hopeless: bool,
}

impl Problems {
    /// With the lines at which values stand.
    pub(super) fn with_lines(lines: Vec<(At, usize)>) -> Problems {
        Problems { lines, ..Problems::default() }
    }

    /// The file cannot be read at all.
    pub(super) fn unreadable(file: &Path, error: &std::io::Error) -> Problems {
        let mut problems = Problems::default();
        let code = if error.kind() == std::io::ErrorKind::NotFound { "cli-config-missing-file" } else { "cli-config-unreadable" };
        problems.add(&At::default(), Say::new(code).text("file", file.display().to_string()).text("detail", error.to_string()));
        problems.hopeless = true;
        problems
    }

    /// The text is not TOML at this line.
    pub(super) fn syntax(&mut self, line: usize, detail: &str) {
        let say = Say::new("cli-config-syntax").text("detail", detail);
        self.found.push(Problem { at: At::default(), line: Some(line), say });
        self.hopeless = true;
    }

    /// A number of this line is too large for any key.
    pub(super) fn too_large(&mut self, line: usize) {
        self.found.push(Problem { at: At::default(), line: Some(line), say: Say::new("cli-config-too-large") });
        self.hopeless = true;
    }

    /// Whether nothing further can be said of the file.
    pub(super) fn hopeless(&self) -> bool {
        self.hopeless
    }

    /// Notes what is wrong at `at`, unless something was found there (or around it) already: what
    /// could not be read is not missed as well.
    pub fn add(&mut self, at: &At, say: Say) {
        if self.found.iter().any(|p| !p.at.0.is_empty() && at.0.starts_with(&p.at.0)) {
            return;
        }
        let line = self.line_of(at);
        self.found.push(Problem { at: at.clone(), line, say });
    }

    /// The line of the value, else of the nearest table around it.
    fn line_of(&self, at: &At) -> Option<usize> {
        (1..=at.0.len()).rev().find_map(|n| {
            let part = at.0.get(..n)?;
            self.lines.iter().find(|(p, _)| p.0 == part).map(|(_, line)| *line)
        })
    }

    /// The one to begin with: a mistyped key makes others miss what it should have held.
    #[must_use]
    pub fn first(&self) -> Option<&Problem> {
        let mistyped = |p: &&Problem| p.say.code.starts_with("cli-config-unknown-key");
        self.found.iter().find(mistyped).or(self.found.first())
    }

    /// Whether the file itself names this value, so that it is not a default.
    #[must_use]
    pub fn written(&self, at: &At) -> bool {
        self.lines.iter().any(|(p, _)| p == at)
    }

    /// Everything found, in the order of the lines.
    #[must_use]
    pub fn all(&self) -> &[Problem] {
        &self.found
    }

    pub(super) fn into_result<T>(mut self, value: T) -> Result<T, Problems> {
        if self.found.is_empty() {
            return Ok(value);
        }
        self.found.sort_by_key(|p| (p.line.unwrap_or(usize::MAX), p.at.clone()));
        Err(self)
    }
}

/// Checks that many sections share.
impl Problems {
    /// There must be something in it.
    pub(super) fn not_empty(&mut self, at: &At, text: &str) {
        if text.trim().is_empty() {
            let code = if self.written(at) { "cli-config-empty" } else { "cli-config-missing" };
            self.add(at, Say::new(code));
        }
    }
    /// A whole number between two others, both included.
    pub(super) fn within(&mut self, at: &At, value: i64, least: i64, most: i64) {
        if !(least..=most).contains(&value) {
            self.add(
                at,
                Say::new("cli-config-range")
                    .text("value", value.to_string())
                    .text("least", least.to_string())
                    .text("most", most.to_string()),
            );
        }
    }
    /// Each word has something in it.
    pub(super) fn words(&mut self, at: &At, words: &[String]) {
        for (i, word) in words.iter().enumerate() {
            if word.trim().is_empty() {
                self.add(&at.nth(i), Say::new("cli-config-empty-word"));
            }
        }
    }
}
