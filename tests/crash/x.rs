//! The customers on the emulator of X.

use super::network::{Asked, CUSTOMERS, Network, Published, Wrote, words};
use crate::emulator::x::{APP_TOKEN, BRAND, CLIENT_ID, CONSUMER, Chances, Emulator, Fault, Request};
use crate::simulation::rng::Rng;
use sereno::clock::Clock;
use sereno::network::x::auth::tokens::Tokens;
use sereno::network::x::auth::{App, Granted, SCOPES};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// So long an access token lives, in milliseconds. The bot renews it ten minutes before its end: in each of its lives.
const TOKENS_LIVE_MS: i64 = 601_000;
/// So long after X exchanged a token its answer comes, in milliseconds: kills find the old one spent and the new one nowhere.
const GRANTS_LATE_MS: u64 = 40;

/// The square on X.
pub struct OnX {
    emulator: Emulator,
    runtime: tokio::runtime::Runtime,
    seed: u64,
    /// The bot's tokens are here.
    file: OnceLock<PathBuf>,
    /// How often somebody had to sign in again, as a kill came between an exchange and its answer.
    signed_in: u64,
    /// Ids of what was written to the brand, oldest first, with who wrote it.
    written: Vec<(String, String)>,
    began: usize,
}

impl OnX {
    pub fn new(seed: u64) -> OnX {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let emulator = runtime.block_on(Emulator::start());
        // X allows some hundred requests a quarter of an hour; a bot that is killed each second would have them in minutes.
        emulator.allow("/2/", 1_000_000);
        emulator.keep_alive(1_000);
        emulator.tokens_live(TOKENS_LIVE_MS);
        OnX { emulator, runtime, seed, file: OnceLock::new(), signed_in: 0, written: Vec::new(), began: 0 }
    }

    /// Somebody signs in.
    fn sign_in(&self, file: &Path) {
        let (access, refresh) = self.emulator.tokens();
        let app = App { client_id: CLIENT_ID.into(), client_secret: None };
        let granted = Granted {
            access: access.into(),
            refresh: Some(refresh.into()),
            expires: Clock::system().now().plus(TOKENS_LIVE_MS),
            scopes: SCOPES.map(str::to_owned).to_vec(),
        };
        let tokens = Tokens::anew(app, file.to_owned(), Clock::system());
        self.runtime.block_on(tokens.signed_in(&self.emulator.brand_id(), &granted)).unwrap();
    }
}

fn bare(post: &str) -> &str {
    post.trim_start_matches("x:").trim_start_matches("dm:")
}

impl Network for OnX {
    fn config(&self, dir: &Path) -> String {
        self.sign_in(self.file.get_or_init(|| dir.join("x.json")));
        std::fs::write(dir.join("consumer"), CONSUMER.1).unwrap();
        format!(
            "[[account]]\nname = \"acme\"\nnetwork = \"x\"\nbase_url = \"{}\"\nclient_id = \"{CLIENT_ID}\"\ntokens = \"x.json\"\n\
             consumer_key = \"{}\"\nconsumer_secret = \"file:consumer\"\n",
            self.emulator.url(),
            CONSUMER.0
        )
    }

    fn secrets(&self) -> Vec<String> {
        self.emulator.every_token().into_iter().chain([APP_TOKEN.into(), CONSUMER.1.into()]).collect()
    }

    fn storm(&self) {
        // Nothing else befalls an exchange: what is lost with its answer only a person brings back.
        self.emulator.fault("POST /2/oauth2/token", Fault::Late { ms: GRANTS_LATE_MS }, u32::MAX);
        let chances = Chances {
            too_many: 10,
            error_before: 20,
            error_after: 15,
            drop_before: 20,
            drop_after: 25,
            hang: 5,
            malformed: 10,
            half_answer: 10,
            stream_lost: 50,
            stream_doubled: 100,
        };
        self.emulator.chance(self.seed, chances);
    }

    fn calm(&self) {
        self.emulator.heal();
    }

    fn faults(&self) -> BTreeMap<&'static str, u64> {
        let mut done = self.emulator.faults_done();
        done.insert("token-renewed", self.emulator.books().renewed.into());
        done.insert("token-lost-by-a-kill", self.signed_in);
        done
    }

    fn slow(&self, rng: &mut Rng) {
        let fault = match rng.below(4) {
            0 => Fault::Hang { done: true },
            1 => Fault::Hang { done: false },
            _ => Fault::Slow { ms: rng.between(100, 1_500).unsigned_abs() },
        };
        self.publishing(fault);
    }

    fn hold_back(&self) {
        self.publishing(Fault::Hang { done: true });
    }

    fn mute(&self, muted: bool) {
        self.emulator.mute_streams(muted);
    }

    fn behind(&self, ms: i64) {
        self.emulator.behind(ms);
    }

    fn bot_starts(&mut self) {
        self.began = self.emulator.books().requests.len();
        let Some(file) = self.file.get() else { return };
        let kept: serde_json::Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        if self.emulator.is_spent(kept["refresh"].as_str().unwrap()) {
            self.sign_in(file);
            self.signed_in += 1;
        }
    }

    fn pages(&self) -> usize {
        // One that goes on where another left off; the first of a reading is one more.
        let goes_on = |r: &&Request| r.path.ends_with("/mentions") && r.query.iter().any(|(k, _)| k == "pagination_token");
        1 + self.emulator.books().requests.iter().skip(self.began).filter(goes_on).count()
    }

    fn a_page(&self) -> usize {
        100
    }

    fn somebody_posts(&mut self, rng: &mut Rng) {
        let n = self.written.len();
        let text = words(BRAND, n);
        let name = format!("customer{}", rng.below(CUSTOMERS));
        let anew = |name: String| {
            let post = format!("x:{}", self.emulator.customer(&name).post(&text));
            (post, name)
        };
        let wrote = match rng.below(20) {
            0..=2 if n > 0 => {
                let (earlier, name) = rng.pick(&self.written).clone();
                let customer = self.emulator.customer(&name);
                if earlier.starts_with("x:dm:") {
                    (format!("x:dm:{}", customer.dm(&text)), name)
                } else {
                    (format!("x:{}", customer.reply_to(bare(&earlier), &text)), name)
                }
            }
            3 => match rng.pick(&self.published().0.into_iter().map(Some).chain([None]).collect::<Vec<_>>()).clone() {
                Some(answer) if answer.to.len() == 1 => {
                    let customer = self.emulator.customer(&answer.to[0]);
                    let post = if answer.private {
                        format!("x:dm:{}", customer.dm(&text))
                    } else {
                        format!("x:{}", customer.reply_to(bare(&answer.post), &text))
                    };
                    (post, answer.to[0].clone())
                }
                _ => anew(name),
            },
            _ => anew(name),
        };
        self.written.push(wrote);
    }

    fn written(&self) -> &[(String, String)] {
        &self.written
    }

    fn find(&self, post: &str) -> String {
        let books = self.emulator.books();
        let post = bare(post);
        format!("{:?} {:?}", books.posts.iter().find(|p| p.id == post), books.dms.iter().find(|d| d.id == post))
    }

    fn published(&self) -> Published {
        let books = self.emulator.books();
        let posts = books.posts.iter().filter(|p| p.by_api).map(|p| {
            let answers = p.answers.as_ref();
            let whom = answers.and_then(|id| books.posts.iter().find(|p| p.id == *id)).map(|p| self.emulator.name(&p.author));
            Wrote {
                post: format!("x:{}", p.id),
                text: p.text.clone(),
                answers: answers.map(|id| format!("x:{id}")),
                to: whom.into_iter().collect(),
                private: false,
            }
        });
        let dms = books.dms.iter().filter(|d| d.by_api).map(|d| Wrote {
            post: format!("x:dm:{}", d.id),
            text: d.text.clone(),
            answers: None,
            to: vec![self.emulator.name(&d.to)],
            private: true,
        });
        Published(posts.chain(dms).collect())
    }

    fn asked(&self) -> Vec<Asked> {
        let requests = self.emulator.books().requests.into_iter().enumerate();
        let asked = requests.filter(|(_, r)| r.method == "POST" && (r.path == "/2/tweets" || r.path.ends_with("/messages")));
        let asked = asked.filter_map(|(n, r)| {
            let text = r.body.as_ref()?["text"].as_str()?.to_owned();
            Some(Asked { text, open: n >= self.began && !r.answered, how: format!("{} {:?}", r.status, r.fault) })
        });
        asked.collect()
    }

    fn wrong(&self) -> Vec<String> {
        let books = self.emulator.books();
        let kept = (books.renewed == 0).then(|| "no token was renewed: nothing is known of what becomes of them".to_owned());
        let spent = (books.spent_twice > 0).then(|| format!("{} refresh tokens were spent twice", books.spent_twice));
        books.faults.into_iter().map(|f| format!("not as X describes it: {f}")).chain(spent).chain(kept).collect()
    }
}

impl OnX {
    /// The next that publishes something meets this.
    fn publishing(&self, fault: Fault) {
        self.emulator.fault_publishing(fault);
    }
}
