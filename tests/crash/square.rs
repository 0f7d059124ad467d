//! The customers on the Mastodon emulator.

use super::network::{Asked, CUSTOMERS, Network, Published, Wrote, words};
use crate::emulator::mastodon::{BRAND, BRAND_TOKEN, Chances, Emulator, Fault, On, Request};
use crate::simulation::rng::Rng;
use std::collections::BTreeMap;
use std::path::Path;

/// The square.
pub struct Square {
    emulator: Emulator,
    seed: u64,
    /// Customers answer in public alone, whatever they were told in private.
    pub in_public: bool,
    /// Uris of what was written to the brand, oldest first, with who wrote it.
    written: Vec<(String, String)>,
    /// How many requests the server had had when the present bot started.
    began: usize,
}

impl Square {
    pub fn new(seed: u64) -> Square {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Square { emulator: runtime.block_on(Emulator::start()), seed, in_public: false, written: Vec::new(), began: 0 }
    }
}

impl Network for Square {
    fn config(&self, dir: &Path) -> String {
        std::fs::write(dir.join("token"), BRAND_TOKEN).unwrap();
        format!("[[account]]\nname = \"acme\"\nnetwork = \"mastodon\"\nbase_url = \"{}\"\ntoken = \"file:token\"\n", self.emulator.url())
    }

    fn secrets(&self) -> Vec<String> {
        vec![BRAND_TOKEN.into()]
    }

    fn storm(&self) {
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

    fn calm(&self) {
        self.emulator.heal();
    }

    fn faults(&self) -> BTreeMap<&'static str, u64> {
        self.emulator.faults_done()
    }

    fn slow(&self, rng: &mut Rng) {
        let fault = match rng.below(4) {
            0 => Fault::Hang { done: true },
            1 => Fault::Hang { done: false },
            // What a server has taken in it goes on with, whoever dies meanwhile.
            _ => Fault::Slow { ms: rng.between(100, 1_500).unsigned_abs() },
        };
        self.emulator.fault(On::Post, fault, 1);
    }

    fn hold_back(&self) {
        self.emulator.fault(On::Post, Fault::Hang { done: true }, 1);
    }

    fn mute(&self, muted: bool) {
        self.emulator.mute_streams(muted);
    }

    fn behind(&self, ms: i64) {
        self.emulator.behind(ms);
    }

    fn bot_starts(&mut self) {
        self.began = self.emulator.books().requests.len();
    }

    fn pages(&self) -> usize {
        let books = self.emulator.books();
        let page = |r: &&Request| r.path.ends_with("/notifications") && r.query.iter().any(|(k, _)| k == "min_id");
        books.requests.iter().skip(self.began).filter(page).count()
    }

    fn a_page(&self) -> usize {
        40
    }

    fn somebody_posts(&mut self, rng: &mut Rng) {
        let n = self.written.len();
        let text = words(BRAND, n);
        let name = format!("customer{}", rng.below(CUSTOMERS));
        let (name, uri) = match rng.below(20) {
            0..=2 if n > 0 => {
                let (earlier, name) = rng.pick(&self.written).clone();
                let uri = self.emulator.customer(&name).reply_to(&earlier, &text);
                (name, uri)
            }
            3 => match rng.pick(&self.published().0.into_iter().map(Some).chain([None]).collect::<Vec<_>>()).clone() {
                Some(answer) if answer.to.len() == 1 && !(answer.private && self.in_public) => {
                    let name = answer.to[0].clone();
                    let customer = self.emulator.customer(&name);
                    let uri = if answer.private { customer.dm_reply(&answer.post, &text) } else { customer.reply_to(&answer.post, &text) };
                    (name, uri)
                }
                _ => (name.clone(), self.emulator.customer(&name).post(&text)),
            },
            _ => (name.clone(), self.emulator.customer(&name).post(&text)),
        };
        self.written.push((uri, name));
    }

    fn written(&self) -> &[(String, String)] {
        &self.written
    }

    fn find(&self, post: &str) -> String {
        format!("{:?}", self.emulator.books().get(post))
    }

    fn published(&self) -> Published {
        let books = self.emulator.books();
        let wrote = books.by_token(BRAND_TOKEN).into_iter().cloned().map(|p| Wrote {
            post: p.uri,
            text: p.text,
            answers: p.answers,
            to: p.mentions,
            private: p.visibility == "direct",
        });
        Published(wrote.collect())
    }

    fn asked(&self) -> Vec<Asked> {
        let requests = self.emulator.books().requests.into_iter().enumerate();
        let asked = requests.filter(|(_, r)| r.method == "POST" && r.path.ends_with("/statuses")).filter_map(|(n, r)| {
            let how = format!("{:?}", (r.n, r.key.as_deref(), r.fault, r.code));
            Some(Asked { text: r.text?, open: n >= self.began && r.code.is_none(), how })
        });
        asked.collect()
    }

    fn wrong(&self) -> Vec<String> {
        Vec::new()
    }
}
