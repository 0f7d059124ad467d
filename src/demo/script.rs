//! The story as data: who lives on the square, what they say and when, and how they react.
//!
//! It is read from `story.toml`, which is part of the binary. [`super::town`] plays it.

use crate::network::square::Hiccup;
use anyhow::{Context, bail, ensure};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// A brand account.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BrandAccount {
    /// Its name in the bot's settings.
    pub name: String,
    /// `@name` on the square.
    pub handle: String,
    /// Display name.
    pub display: String,
    /// How many follow it.
    pub followers: u64,
    /// Whether it reads everything public by the listening rule.
    #[serde(default)]
    pub listens: bool,
}

/// The listening rule.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listening {
    /// Its name.
    pub name: String,
    /// Words and phrases.
    pub keywords: Vec<String>,
    /// Hashtags, without `#`.
    pub hashtags: Vec<String>,
    /// Words that make a post none of ours.
    pub exclude: Vec<String>,
}

/// Somebody of the town.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Customer {
    /// Name within the story.
    pub id: String,
    /// `@name` on the square.
    pub handle: String,
    /// Display name.
    pub name: String,
    /// How many follow them.
    pub followers: u64,
    /// Age of their account, in days.
    pub age_days: i64,
    /// Whether the account is marked as automated.
    #[serde(default)]
    pub bot: bool,
    /// What they say unasked.
    #[serde(default)]
    pub says: Vec<Says>,
    /// What they change.
    #[serde(default)]
    pub edits: Vec<Edits>,
    /// What they take away.
    #[serde(default)]
    pub deletes: Vec<Deletes>,
    /// How they react.
    #[serde(default)]
    pub reacts: Vec<Reaction>,
}

/// Something said at a set time.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Says {
    /// Second of the story.
    pub at: i64,
    /// The post's name within the story.
    pub key: String,
    /// What.
    pub text: String,
    /// The post it answers, by its name.
    pub answers: Option<String>,
    /// In private, to that account.
    pub dm: Option<String>,
    /// Seconds until the network tells of it.
    #[serde(default)]
    pub late: i64,
    /// Whether it is about the company.
    #[serde(default = "yes")]
    pub about: bool,
    /// A picture, by its description.
    pub media: Option<String>,
}

/// A change.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edits {
    /// Second of the story.
    pub at: i64,
    /// Which post.
    pub post: String,
    /// Its new text.
    pub text: String,
}

/// A deletion.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deletes {
    /// Second of the story.
    pub at: i64,
    /// Which post.
    pub post: String,
}

/// What sets a reaction off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cue {
    /// The company answers in public.
    Reply,
    /// The company writes in private.
    Dm,
    /// Nothing; time passes.
    Quiet,
}

/// How a reaction is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// In public, under what the company wrote.
    #[default]
    Reply,
    /// In private.
    Dm,
}

/// A customer's reaction. It happens at most once.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reaction {
    /// The states it happens in; everybody begins in `start`.
    #[serde(default = "start", rename = "in")]
    pub within: Vec<String>,
    /// What sets it off.
    pub on: Cue,
    /// Only if the company's text asks something, or only if not.
    pub asks: Option<bool>,
    /// Seconds until they write.
    pub after: i64,
    /// What they write.
    pub text: String,
    /// How.
    #[serde(default)]
    pub how: How,
    /// The post it answers instead of the company's, by its name.
    pub answers: Option<String>,
    /// The state from then on.
    pub next: String,
}

/// Somebody of the company answers on the network's own site.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// Second of the story.
    pub at: i64,
    /// From which account.
    pub account: String,
    /// Which post.
    pub answers: String,
    /// What.
    pub text: String,
}

/// A post is passed on by many.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wave {
    /// Second of the story.
    pub at: i64,
    /// Which post.
    pub post: String,
    /// By how many.
    pub times: u64,
}

/// A send that goes wrong.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trouble {
    /// Its number, from 1.
    pub send: usize,
    /// How.
    pub kind: Hiccup,
}

/// The whole story.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Story {
    /// The member of staff's name.
    pub agent: String,
    /// Words by which the team's bot takes a post for spam.
    pub spam_words: Vec<String>,
    /// The company's accounts; the first one is the main one.
    pub account: Vec<BrandAccount>,
    /// The listening rule.
    pub listen: Listening,
    /// Everybody.
    pub customer: Vec<Customer>,
    /// Answers past the team.
    #[serde(default)]
    pub site: Vec<Site>,
    /// Posts passed on.
    #[serde(default)]
    pub wave: Vec<Wave>,
    /// Sends that go wrong.
    #[serde(default)]
    pub hiccup: Vec<Trouble>,
}

fn yes() -> bool {
    true
}

fn start() -> Vec<String> {
    vec![START.to_owned()]
}

/// The state in which everybody begins.
pub const START: &str = "start";

impl Story {
    /// The story that comes with the binary.
    pub fn built_in() -> anyhow::Result<Story> {
        Story::read(include_str!("story.toml"))
    }

    /// Reads a story and makes sure that it can be played.
    pub fn read(text: &str) -> anyhow::Result<Story> {
        let story: Story = toml::from_str(text).context("the story cannot be read")?;
        story.check()?;
        Ok(story)
    }

    /// The sends that go wrong, by number.
    #[must_use]
    pub fn hiccups(&self) -> BTreeMap<usize, Hiccup> {
        self.hiccup.iter().map(|t| (t.send, t.kind)).collect()
    }

    fn check(&self) -> anyhow::Result<()> {
        ensure!(!self.account.is_empty(), "a story needs an account");
        let mut said_at: BTreeMap<&str, i64> = BTreeMap::new();
        let mut handles: BTreeSet<&str> = self.account.iter().map(|a| a.handle.as_str()).collect();
        for c in &self.customer {
            ensure!(handles.insert(&c.handle), "two people are called {}", c.handle);
            for s in &c.says {
                ensure!(said_at.insert(&s.key, s.at).is_none(), "two posts are called {}", s.key);
            }
        }
        let after = |what: &str, post: &str, at: i64| match said_at.get(post) {
            None => bail!("{what}: there is no post {post}"),
            Some(said) if *said >= at => bail!("{what}: {post} is not written yet at {at}"),
            Some(_) => Ok(()),
        };
        for c in &self.customer {
            for s in &c.says {
                s.answers.iter().try_for_each(|p| after(&s.key, p, s.at))?;
                s.dm.iter().try_for_each(|a| self.has_account(a))?;
            }
            c.edits.iter().try_for_each(|e| after(&c.id, &e.post, e.at))?;
            c.deletes.iter().try_for_each(|d| after(&c.id, &d.post, d.at))?;
            for r in &c.reacts {
                r.answers.iter().try_for_each(|p| after(&c.id, p, i64::MAX))?;
                ensure!(r.on != Cue::Quiet || r.answers.is_some(), "{}: a word out of the quiet needs a post to answer", c.id);
            }
        }
        self.wave.iter().try_for_each(|w| after("a wave", &w.post, w.at))?;
        self.site.iter().try_for_each(|s| after("the site", &s.answers, s.at).and(self.has_account(&s.account)))
    }

    fn has_account(&self, name: &str) -> anyhow::Result<()> {
        ensure!(self.account.iter().any(|a| a.name == name), "there is no account {name}");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_story_has_everyone_the_newcomer_should_meet() {
        let story = Story::built_in().unwrap();
        assert!((20..=30).contains(&story.customer.len()), "{}", story.customer.len());
        assert!(story.customer.iter().any(|c| c.followers > 100_000), "an audience");
        assert!(story.customer.iter().any(|c| c.bot), "a bot");
        assert!(story.customer.iter().any(|c| !c.edits.is_empty()), "an edit");
        assert!(story.customer.iter().flat_map(|c| &c.deletes).count() >= 2, "deletions");
        assert!(story.customer.iter().flat_map(|c| &c.reacts).any(|r| r.on == Cue::Quiet), "one who comes back");
        assert!(!story.site.is_empty() && !story.wave.is_empty() && !story.hiccup.is_empty());
        let end = story.customer.iter().flat_map(|c| &c.says).map(|s| s.at).max().unwrap();
        assert!(end < 20 * 60, "a few minutes when sped up");
    }

    #[test]
    fn a_story_that_cannot_be_played_is_refused() {
        let ground = "agent='S'\nspam_words=[]\n[[account]]\nname='a'\nhandle='@a'\ndisplay='A'\nfollowers=1\n[listen]\nname='l'\nkeywords=[]\nhashtags=[]\nexclude=[]\n";
        let person = "[[customer]]\nid='p'\nhandle='@p'\nname='P'\nfollowers=1\nage_days=1\n";
        let error = |more: &str| format!("{:#}", Story::read(&format!("{ground}{person}{more}")).unwrap_err());
        assert!(error("[[customer.edits]]\nat=3\npost='x'\ntext=''").contains("no post x"));
        assert!(error("[[customer.says]]\nat=5\nkey='k'\ntext='t'\n[[customer.deletes]]\nat=5\npost='k'").contains("not written yet"));
        assert!(error("[[customer.says]]\nat=5\nkey='k'\ntext='t'\ndm='b'").contains("no account b"));
        assert!(error("[[customer]]\nid='q'\nhandle='@p'\nname='Q'\nfollowers=1\nage_days=1").contains("two people"));
        assert!(error("colour='red'").contains("colour"));
    }
}
