//! The customers, on the Mastodon emulator: they post, answer, and wait for nobody. The emulator's
//! books say what truly stands there.

use crate::emulator::mastodon::{BRAND, BRAND_TOKEN, Chances, Emulator, Fault, On, Posted, Request};
use crate::simulation::rng::Rng;
use std::collections::BTreeMap;

/// Stands in every customer's text, and may stand in no log.
pub const CANARY: &str = "canary7d1f";
/// How many customers there are.
const CUSTOMERS: usize = 40;

/// The square.
pub struct Square {
    emulator: Emulator,
    seed: u64,
    /// Uris of what was written to the brand, oldest first, with who wrote it.
    written: Vec<(String, String)>,
    /// How many requests the server had had when the present bot started.
    began: usize,
}

/// What the brand published, counted and found by the words in it.
pub struct Published(Vec<Posted>);

/// The server's books as a kill left them.
pub struct Snapshot {
    published: Published,
    /// What the brand was asked to publish: the text, and whether the dead bot was still waiting for an answer.
    asked: Vec<(String, bool)>,
}

impl Square {
    pub fn new(seed: u64) -> Square {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Square { emulator: runtime.block_on(Emulator::start()), seed, written: Vec::new(), began: 0 }
    }

    pub fn url(&self) -> String {
        self.emulator.url()
    }

    /// From now on the server is a bad one.
    pub fn storm(&self) {
        let chances = Chances {
            too_many: 15,
            error_before: 20,
            error_after: 15,
            drop_before: 20,
            drop_after: 25,
            hang: 5,
            malformed: 10,
            half_answer: 10,
            stream_lost: 30,
            stream_doubled: 50,
            stream_late: 50,
            stream_garbled: 30,
            stream_broken: 20,
        };
        self.emulator.chance(self.seed, chances);
    }

    /// The next status posted is answered late or never, and stands or not: a kill then finds it on its way.
    pub fn slow(&self, rng: &mut Rng) {
        let fault = match rng.below(4) {
            0 => Fault::Hang { done: true },
            1 => Fault::Hang { done: false },
            // What a server has taken in it goes on with, whoever dies meanwhile.
            _ => Fault::Slow { ms: rng.between(100, 1_500).unsigned_abs() },
        };
        self.emulator.fault(On::Post, fault, 1);
    }

    /// The next status posted stands, and the bot is never told.
    pub fn hold_back(&self) {
        self.emulator.fault(On::Post, Fault::Hang { done: true }, 1);
    }

    /// How much of the brand's stands, or stood.
    pub fn stand(&self) -> usize {
        self.emulator.books().by_token(BRAND_TOKEN).len()
    }

    /// From now on the server's clock is so far behind the bot's.
    pub fn behind(&self, ms: i64) {
        self.emulator.behind(ms);
    }

    /// Whether nothing is streamed: then only reading page by page finds things.
    pub fn mute(&self, muted: bool) {
        self.emulator.mute_streams(muted);
    }

    /// How many pages of notifications the present bot read on from where another was left.
    pub fn pages(&self) -> usize {
        let books = self.emulator.books();
        let page = |r: &&Request| r.path.ends_with("/notifications") && r.query.iter().any(|(k, _)| k == "min_id");
        books.requests.iter().skip(self.began).filter(page).count()
    }

    /// A bot starts.
    pub fn bot_starts(&mut self) {
        self.began = self.emulator.books().requests.len();
    }

    /// The books, as of now.
    pub fn snapshot(&self) -> Snapshot {
        let books = self.emulator.books();
        let published = Published(books.by_token(BRAND_TOKEN).into_iter().cloned().collect());
        let asked = books.requests.into_iter().enumerate().filter(|(_, r)| r.method == "POST");
        let asked = asked.filter_map(|(n, r)| Some((r.text?, n >= self.began && r.code.is_none()))).collect();
        Snapshot { published, asked }
    }

    /// The requests that asked to publish something with `token`, in their order, and what stands of it.
    pub fn asked(&self, token: &str) -> String {
        let books = self.emulator.books();
        let asked = books.requests.iter().filter(|r| r.text.as_ref().is_some_and(|t| t.contains(token)));
        let asked: Vec<_> = asked.map(|r| (r.n, r.key.as_deref(), r.fault, r.code)).collect();
        format!("asked {asked:?}, stands {:?}", self.published().with(token).map(|p| &p.uri).collect::<Vec<_>>())
    }

    /// The server is well again.
    pub fn calm(&self) {
        self.emulator.heal();
    }

    /// Faults done so far, by name.
    pub fn faults(&self) -> BTreeMap<&'static str, u64> {
        self.emulator.faults_done()
    }

    /// Somebody writes to the brand: something new, more on the same, or an answer to our answer.
    pub fn somebody_posts(&mut self, rng: &mut Rng) {
        let n = self.written.len();
        let text = format!("@{BRAND} my bag {n} is lost {CANARY}");
        let name = format!("customer{}", rng.below(CUSTOMERS));
        let (name, uri) = match rng.below(20) {
            0..=2 if n > 0 => {
                let (earlier, name) = rng.pick(&self.written).clone();
                let uri = self.emulator.customer(&name).reply_to(&earlier, &text);
                (name, uri)
            }
            3 => match rng.pick(&self.published().0.into_iter().map(Some).chain([None]).collect::<Vec<_>>()).clone() {
                Some(answer) if answer.mentions.len() == 1 => {
                    let name = answer.mentions[0].clone();
                    let customer = self.emulator.customer(&name);
                    let private = answer.visibility == "direct";
                    let uri = if private { customer.dm_reply(&answer.uri, &text) } else { customer.reply_to(&answer.uri, &text) };
                    (name, uri)
                }
                _ => (name.clone(), self.emulator.customer(&name).post(&text)),
            },
            _ => (name.clone(), self.emulator.customer(&name).post(&text)),
        };
        self.written.push((uri, name));
    }

    /// The mention whose text stands in `words`.
    pub fn mention_in(&self, words: &str) -> Option<&str> {
        let (_, after) = words.split_once("my bag ")?;
        let n: usize = after.split_once(" is lost")?.0.parse().ok()?;
        self.written.get(n).map(|(uri, _)| uri.as_str())
    }

    /// Everything that was written to the brand.
    pub fn mentions(&self) -> impl Iterator<Item = &str> {
        self.written.iter().map(|(uri, _)| uri.as_str())
    }

    fn author(&self, uri: &str) -> Option<&str> {
        self.written.iter().find(|(u, _)| u == uri).map(|(_, name)| name.as_str())
    }

    /// A post as it stands on the server.
    pub fn find(&self, uri: &str) -> Option<Posted> {
        self.emulator.books().get(uri).cloned()
    }

    /// How often the server was asked to publish something.
    pub fn tried(&self) -> usize {
        self.emulator.books().requests_of("POST", "/statuses").len()
    }

    /// What the brand published, as of now.
    pub fn published(&self) -> Published {
        Published(self.emulator.books().by_token(BRAND_TOKEN).into_iter().cloned().collect())
    }

    /// What is wrong with the address of the status that holds `token`: it must go to the author of
    /// `opened_by` and nobody else, in private if it was to be `private`, else in public below a post of theirs.
    pub fn wrong_address(&self, published: &Published, token: &str, opened_by: &str, private: bool) -> Option<String> {
        let status = published.with(token).next()?;
        let customer = self.author(opened_by);
        let answers = status.answers.as_deref().and_then(|uri| self.author(uri));
        let named = status.mentions.len() == 1 && status.mentions.first().map(String::as_str) == customer;
        let right = named && private == (status.visibility == "direct") && (private || answers == customer);
        (!right).then(|| format!("for {customer:?} (private: {private}), but it went out as {status:?}"))
    }
}

impl Published {
    fn with<'a>(&'a self, token: &'a str) -> impl Iterator<Item = &'a Posted> {
        self.0.iter().filter(move |p| p.text.contains(token))
    }

    /// How often something that holds `token` was published, taken back or not.
    pub fn times(&self, token: &str) -> usize {
        self.with(token).count()
    }
}

impl Snapshot {
    /// The uri under which something that holds `token` stands.
    pub fn stands(&self, token: &str) -> Option<&str> {
        self.published.0.iter().find(|p| p.text.contains(token)).map(|p| p.uri.as_str())
    }

    /// How often the server was asked to publish it.
    pub fn tries(&self, token: &str) -> usize {
        self.asked.iter().filter(|(text, _)| text.contains(token)).count()
    }

    /// Whether the last to ask was the bot that died, and was still waiting.
    pub fn open(&self, token: &str) -> bool {
        self.asked.iter().rfind(|(text, _)| text.contains(token)).is_some_and(|(_, open)| *open)
    }
}
