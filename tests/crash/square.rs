//! The customers, on the Mastodon emulator: they post, answer, and wait for nobody. The emulator's
//! books say what truly stands there.

use crate::emulator::mastodon::{BRAND, BRAND_TOKEN, Chances, Emulator, Fault, On, Posted};
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
}

/// What the brand published, counted and found by the words in it.
pub struct Published(Vec<Posted>);

impl Square {
    pub fn new(seed: u64) -> Square {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Square { emulator: runtime.block_on(Emulator::start()), seed, written: Vec::new() }
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

    /// The next status posted gets no answer, whether it stands or not: a kill then finds it on its way.
    pub fn slow(&self, done: bool) {
        self.emulator.fault(On::Post, Fault::Hang { done }, 1);
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
