//! A network, as the crash test sees it: customers write there and wait for nobody, and its server's books say what truly stands.

use crate::simulation::rng::Rng;
use std::collections::BTreeMap;
use std::path::Path;

/// Stands in every customer's text, and may stand in no log.
pub const CANARY: &str = "canary7d1f";
/// How many customers there are.
pub const CUSTOMERS: usize = 40;

/// A network's server, and its customers.
pub trait Network: Send {
    /// The part of `bot.toml` that is about the account; what else that needs is put into `dir`.
    fn config(&self, dir: &Path) -> String;
    /// What no log may hold.
    fn secrets(&self) -> Vec<String>;
    /// From now on the server is a bad one.
    fn storm(&self);
    /// It is well again.
    fn calm(&self);
    /// Faults done so far, by name.
    fn faults(&self) -> BTreeMap<&'static str, u64>;
    /// The next that is posted is answered late or never, and stands or not: a kill then finds it on its way.
    fn slow(&self, rng: &mut Rng);
    /// The next that is posted stands, and the bot is never told.
    fn hold_back(&self);
    /// Whether nothing is streamed: then only reading page by page finds things.
    fn mute(&self, muted: bool);
    /// From now on the server's clock is so far behind the bot's.
    fn behind(&self, ms: i64);
    /// A bot starts.
    fn bot_starts(&mut self);
    /// How many pages of what speaks to the brand the present bot read on from where another was left.
    fn pages(&self) -> usize;
    /// How many of them a page holds at most.
    fn a_page(&self) -> usize;
    /// Somebody writes to the brand: something new, more on the same, or an answer to our answer.
    fn somebody_posts(&mut self, rng: &mut Rng);
    /// Everything that was written to the brand, oldest first: its id, and who wrote it.
    fn written(&self) -> &[(String, String)];
    /// A post as it stands on the server.
    fn find(&self, post: &str) -> String;
    /// What the brand's program published, taken back or not.
    fn published(&self) -> Published;
    /// What it was asked to publish, in its order.
    fn asked(&self) -> Vec<Asked>;
    /// What is wrong in the end, by its own books.
    fn wrong(&self) -> Vec<String>;

    /// How often the server was asked to publish something.
    fn tried(&self) -> usize {
        self.asked().len()
    }
    /// How much of the brand's stands, or stood.
    fn stand(&self) -> usize {
        self.published().0.len()
    }
    /// The books, as of now.
    fn snapshot(&self) -> Snapshot {
        Snapshot { published: self.published(), asked: self.asked() }
    }
    /// The requests that asked to publish something with `token`, and what stands of it.
    fn told(&self, token: &str) -> String {
        let asked: Vec<Asked> = self.asked().into_iter().filter(|a| a.text.contains(token)).collect();
        format!("asked {asked:?}, stands {:?}", self.published().with(token).map(|w| &w.post).collect::<Vec<_>>())
    }
    /// The mention whose text stands in `words`.
    fn mention_in(&self, words: &str) -> Option<&str> {
        self.written().get(bag_in(words)?).map(|(post, _)| post.as_str())
    }
    fn author(&self, post: &str) -> Option<&str> {
        self.written().iter().find(|(p, _)| p == post).map(|(_, name)| name.as_str())
    }
    /// What is wrong with the address of what holds `token`: it must go to the author of `opened_by` and nobody else, in
    /// private if it was to be `private`, else in public below a post of theirs.
    fn wrong_address(&self, published: &Published, token: &str, opened_by: &str, private: bool) -> Option<String> {
        let wrote = published.with(token).next()?;
        let customer = self.author(opened_by);
        let answers = wrote.answers.as_deref().and_then(|post| self.author(post));
        let named = wrote.to.len() == 1 && wrote.to.first().map(String::as_str) == customer;
        let right = named && private == wrote.private && (private || answers == customer);
        (!right).then(|| format!("for {customer:?} (private: {private}), but it went out as {wrote:?}"))
    }
}

/// What a customer writes, the `n`th thing that is written.
pub fn words(brand: &str, n: usize) -> String {
    format!("@{brand} my bag {n} is lost {CANARY}")
}

/// The number of what a customer wrote that stands in a message's words. What it answers may stand above it, in quotation
/// marks, and is shown as itself elsewhere.
pub fn bag_in(words: &str) -> Option<usize> {
    let mut own = String::new();
    let mut rest = words;
    while let Some((before, quoted)) = rest.split_once('“') {
        own.push_str(before);
        rest = quoted.split_once('”').map_or("", |(_, after)| after);
    }
    own.push_str(rest);
    let (_, after) = own.split_once("my bag ")?;
    after.split_once(" is lost")?.0.parse().ok()
}

#[test]
fn what_a_mention_answers_is_not_taken_for_the_mention() {
    assert_eq!(bag_in(&words("shop", 7)), Some(7));
    let below = format!("Answers @customer20: “{}” · Show\n{}", words("shop", 7), words("shop", 8));
    assert_eq!(bag_in(&below), Some(8));
    assert_eq!(bag_in("Answers @customer20: “my bag 7 is lost"), None);
}

/// Something that the brand's program published.
#[derive(Clone, Debug)]
pub struct Wrote {
    /// Its id, as the bot names it.
    pub post: String,
    pub text: String,
    /// The id of what it answers.
    pub answers: Option<String>,
    /// The names of those who get it.
    pub to: Vec<String>,
    pub private: bool,
}

/// What the brand's program published, counted and found by the words in it.
pub struct Published(pub Vec<Wrote>);

impl Published {
    fn with<'a>(&'a self, token: &'a str) -> impl Iterator<Item = &'a Wrote> {
        self.0.iter().filter(move |w| w.text.contains(token))
    }

    /// How often something that holds `token` was published, taken back or not.
    pub fn times(&self, token: &str) -> usize {
        self.with(token).count()
    }
}

/// A request to publish something.
#[derive(Clone, Debug)]
pub struct Asked {
    pub text: String,
    /// Whether the present bot, or the one that died last, asked and is not answered.
    pub open: bool,
    /// How it went, for people.
    #[expect(dead_code, reason = "shown where something is wrong")]
    pub how: String,
}

/// The server's books as a kill left them.
pub struct Snapshot {
    published: Published,
    asked: Vec<Asked>,
}

impl Snapshot {
    /// The id under which something that holds `token` stands.
    pub fn stands(&self, token: &str) -> Option<&str> {
        self.published.0.iter().find(|w| w.text.contains(token)).map(|w| w.post.as_str())
    }

    /// How often the server was asked to publish it.
    pub fn tries(&self, token: &str) -> usize {
        self.asked.iter().filter(|a| a.text.contains(token)).count()
    }

    /// Whether the last to ask was the bot that died, and was still waiting.
    pub fn open(&self, token: &str) -> bool {
        self.asked.iter().rfind(|a| a.text.contains(token)).is_some_and(|a| a.open)
    }
}
