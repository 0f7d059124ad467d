//! How the stories reach into each network: one driver for each, over its emulator.

use crate::emulator::{mastodon, x};
use async_trait::async_trait;
use sereno::clock::{Clock, MINUTE_MS};
use sereno::intake::listen::Matcher;
use sereno::network::NetworkAccount;
use sereno::network::mastodon::MastodonAccount;
use sereno::network::square::books::{Hand, Writing};
use sereno::network::square::{Hiccup, Square, SquareAccount};
use sereno::network::x::XAccount;
use sereno::network::x::auth::tokens::Tokens;
use sereno::network::x::auth::{App, Granted, SCOPES};
use sereno::post::{Account, Author, AuthorId, PostId, Untrusted};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What can befall an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// An answer is taken, and the connection breaks before that is said.
    AnswerLost,
    /// Too many requests, whatever is asked for.
    TooMany,
    /// The next page cannot be read.
    Garbled,
    /// The token is good no more.
    Revoked,
}

/// A network with one brand account on it, as a story needs it. Posts go by their id in the world.
#[async_trait]
pub trait Driver: Send + Sync {
    /// As the table calls it.
    fn network(&self) -> &'static str;
    /// As customers write it to speak to the brand.
    fn brand(&self) -> &'static str;
    /// The account as it is after a start: it remembers nothing.
    async fn account(&self) -> Box<dyn NetworkAccount>;
    fn posts(&self, who: &str, text: &str) -> PostId;
    fn replies(&self, who: &str, post: &PostId, text: &str) -> PostId;
    fn edits(&self, who: &str, post: &PostId, text: &str);
    fn deletes(&self, who: &str, post: &PostId);
    fn writes_privately(&self, who: &str, text: &str);
    /// The brand answers on the network's own site.
    fn answers_by_hand(&self, post: &PostId, text: &str) -> PostId;
    /// Answers to a post, by the program, that stand.
    fn answers_to(&self, post: &PostId) -> usize;
    /// Private messages to somebody, by the program.
    fn messages_to(&self, who: &str) -> usize;
    /// Brings trouble; `false`: this network knows none of the kind.
    fn meets(&self, trouble: Trouble) -> bool;
    /// Time goes by on the network.
    fn passes(&self, _ms: i64) {}
    /// Somebody takes no private messages of ours; `false`: this network has no such thing.
    fn shuts(&self, _who: &str) -> bool {
        false
    }
    /// Where requests and answers were not as the network describes them.
    fn faults(&self) -> Vec<String> {
        Vec::new()
    }
}

/// All networks there are, each anew. To add one is to add it here.
pub async fn all(trouble: Option<Trouble>) -> Vec<Box<dyn Driver>> {
    vec![Box::new(Mastodon(mastodon::Emulator::start().await)), Box::new(OnX::start().await), Box::new(OnSquare::start(trouble))]
}

struct Mastodon(mastodon::Emulator);

#[async_trait]
impl Driver for Mastodon {
    fn network(&self) -> &'static str {
        "Mastodon"
    }
    fn brand(&self) -> &'static str {
        "@shop"
    }
    async fn account(&self) -> Box<dyn NetworkAccount> {
        use sereno::network::mastodon::Settings;
        let settings = Settings {
            request_ms: 5_000,
            connect_ms: 5_000,
            // What was read is not read again, however fast the machine is.
            settle_ms: -MINUTE_MS,
            settle_public_ms: -MINUTE_MS,
            doubt_ms: 0,
            ..Settings::new(self.0.url().parse().unwrap(), mastodon::BRAND_TOKEN.to_owned().into())
        };
        Box::new(MastodonAccount::new("shop".into(), settings, Clock::system()).unwrap())
    }
    fn posts(&self, who: &str, text: &str) -> PostId {
        PostId(self.0.customer(who).post(text))
    }
    fn replies(&self, who: &str, post: &PostId, text: &str) -> PostId {
        PostId(self.0.customer(who).reply_to(post.as_str(), text))
    }
    fn edits(&self, who: &str, post: &PostId, text: &str) {
        self.0.customer(who).edit(post.as_str(), text);
    }
    fn deletes(&self, who: &str, post: &PostId) {
        self.0.customer(who).delete(post.as_str());
    }
    fn writes_privately(&self, who: &str, text: &str) {
        self.0.customer(who).dm(&format!("{} {text}", self.brand()));
    }
    fn answers_by_hand(&self, post: &PostId, text: &str) -> PostId {
        PostId(self.0.brand_by_hand().reply_to(post.as_str(), text))
    }
    fn answers_to(&self, post: &PostId) -> usize {
        self.0.books().answers_to(post.as_str()).into_iter().filter(|p| !p.deleted).count()
    }
    fn messages_to(&self, who: &str) -> usize {
        let books = self.0.books();
        let to = |p: &&mastodon::Posted| p.visibility == "direct" && p.mentions.iter().any(|m| m == who);
        books.by_token(mastodon::BRAND_TOKEN).into_iter().filter(to).count()
    }
    fn meets(&self, trouble: Trouble) -> bool {
        use mastodon::{Fault, On};
        match trouble {
            Trouble::AnswerLost => self.0.fault(On::Post, Fault::Drop { done: true }, 1),
            Trouble::TooMany => self.0.fault(On::Any, Fault::TooMany { after_s: 30 }, 50),
            Trouble::Garbled => self.0.fault(On::Get, Fault::Malformed, 1),
            Trouble::Revoked => self.0.revoke(mastodon::BRAND_TOKEN),
        }
        true
    }
}

struct OnX {
    x: x::Emulator,
    dir: tempfile::TempDir,
}

impl OnX {
    async fn start() -> OnX {
        let on = OnX { x: x::Emulator::start().await, dir: tempfile::tempdir().unwrap() };
        let tokens = Tokens::anew(on.app(), on.file(), Clock::system());
        let (access, refresh) = on.x.tokens();
        let expires = Clock::system().now().plus(7_200_000);
        let scopes = SCOPES.iter().map(|s| (*s).to_owned()).collect();
        let granted = Granted { access: access.into(), refresh: Some(refresh.into()), expires, scopes };
        tokens.signed_in(&on.x.brand_id(), &granted).await.unwrap();
        on
    }
    fn app(&self) -> App {
        App { client_id: x::CLIENT_ID.into(), client_secret: None }
    }
    fn file(&self) -> std::path::PathBuf {
        self.dir.path().join("x.json")
    }
}

/// X's own id of a post.
fn bare(post: &PostId) -> &str {
    post.as_str().trim_start_matches("x:")
}

#[async_trait]
impl Driver for OnX {
    fn network(&self) -> &'static str {
        "X"
    }
    fn brand(&self) -> &'static str {
        "@tienda_sol"
    }
    async fn account(&self) -> Box<dyn NetworkAccount> {
        use sereno::network::x::Settings;
        let settings = Settings::new(self.x.url().parse().unwrap(), self.app(), self.file());
        Box::new(XAccount::new("tienda".into(), settings, Clock::system()).unwrap())
    }
    fn posts(&self, who: &str, text: &str) -> PostId {
        PostId(format!("x:{}", self.x.customer(who).post(text)))
    }
    fn replies(&self, who: &str, post: &PostId, text: &str) -> PostId {
        PostId(format!("x:{}", self.x.customer(who).reply_to(bare(post), text)))
    }
    fn edits(&self, who: &str, post: &PostId, text: &str) {
        self.x.customer(who).edit(bare(post), text);
    }
    fn deletes(&self, who: &str, post: &PostId) {
        self.x.customer(who).delete(bare(post));
    }
    fn writes_privately(&self, who: &str, text: &str) {
        self.x.customer(who).dm(text);
    }
    fn answers_by_hand(&self, post: &PostId, text: &str) -> PostId {
        PostId(format!("x:{}", self.x.brand_by_hand().reply_to(bare(post), text)))
    }
    fn answers_to(&self, post: &PostId) -> usize {
        self.x.books().answers_to(bare(post)).len()
    }
    fn messages_to(&self, who: &str) -> usize {
        let id = self.x.customer(who).id;
        self.x.books().dms_to(&id).len()
    }
    fn meets(&self, trouble: Trouble) -> bool {
        match trouble {
            Trouble::AnswerLost => self.x.fault("POST /2/tweets", x::Fault::Drop { done: true }, 1),
            Trouble::TooMany => self.x.fault(" /2/", x::Fault::TooMany { after_s: 30 }, 50),
            Trouble::Garbled => self.x.fault("/mentions", x::Fault::Malformed, 1),
            Trouble::Revoked => self.x.revoke_all(),
        }
        true
    }
    fn passes(&self, ms: i64) {
        self.x.pass(ms);
    }
    fn shuts(&self, who: &str) -> bool {
        self.x.customer(who).takes_dms(false);
        true
    }
    fn faults(&self) -> Vec<String> {
        self.x.books().faults
    }
}

/// The demo's network; it lives inside the process, so that its pages cannot be garbled and there is no token.
struct OnSquare(Arc<Square>);

impl OnSquare {
    fn start(trouble: Option<Trouble>) -> OnSquare {
        let hiccup = match trouble {
            Some(Trouble::AnswerLost) => Some(Hiccup::AnswerLost),
            Some(Trouble::TooMany) => Some(Hiccup::TooMany),
            _ => None,
        };
        let square = Square::new(Clock::system(), hiccup.map(|hiccup| (1, hiccup)).into_iter().collect::<BTreeMap<_, _>>());
        square.with(|books| {
            books.open_account(acme(), person("acme"));
            books.settle(person("ana"));
            books.settle(person("bea"));
        });
        OnSquare(square)
    }
    fn write(&self, writing: Writing, hand: Hand) -> PostId {
        self.0.with(|books| books.write(writing, hand, Clock::system().now()))
    }
}

fn acme() -> Account {
    Account::from("acme")
}

fn person(name: &str) -> Author {
    let id = AuthorId::from(name);
    Author { local_id: name.into(), handle: Untrusted::new(format!("@{name}")), name: Untrusted::new(name), id, ..Author::default() }
}

#[async_trait]
impl Driver for OnSquare {
    fn network(&self) -> &'static str {
        "square (demo)"
    }
    fn brand(&self) -> &'static str {
        "@acme"
    }
    async fn account(&self) -> Box<dyn NetworkAccount> {
        let account: SquareAccount = self.0.account(acme(), Matcher::new(&[]));
        Box::new(account)
    }
    fn posts(&self, who: &str, text: &str) -> PostId {
        self.write(Writing { author: who.into(), text: text.into(), ..Writing::default() }, Hand::Person)
    }
    fn replies(&self, who: &str, post: &PostId, text: &str) -> PostId {
        let writing = Writing { author: who.into(), text: text.into(), parent: Some(post.clone()), ..Writing::default() };
        self.write(writing, Hand::Person)
    }
    fn edits(&self, _: &str, post: &PostId, text: &str) {
        self.0.with(|books| books.edit(post, text, Clock::system().now()));
    }
    fn deletes(&self, _: &str, post: &PostId) {
        self.0.with(|books| books.delete(post, Clock::system().now()));
    }
    fn writes_privately(&self, who: &str, text: &str) {
        self.write(Writing { author: who.into(), text: text.into(), direct: vec!["acme".into()], ..Writing::default() }, Hand::Person);
    }
    fn answers_by_hand(&self, post: &PostId, text: &str) -> PostId {
        let writing = Writing { author: "acme".into(), text: text.into(), parent: Some(post.clone()), ..Writing::default() };
        self.write(writing, Hand::Site(acme()))
    }
    fn answers_to(&self, post: &PostId) -> usize {
        let stands = |books: &mut sereno::network::square::books::Books| {
            let answers = |s: &&sereno::network::square::books::Standing| {
                let to = s.post.parent.as_ref().and_then(|p| p.id.as_ref());
                s.deleted_at.is_none() && to == Some(post) && s.hand == Hand::Program(acme())
            };
            books.posts().filter(answers).count()
        };
        self.0.with(stands)
    }
    fn messages_to(&self, who: &str) -> usize {
        self.0.with(|books| books.received().iter().filter(|r| r.kind.is_private() && r.to.as_str() == who && r.post.is_some()).count())
    }
    fn meets(&self, trouble: Trouble) -> bool {
        matches!(trouble, Trouble::AnswerLost | Trouble::TooMany)
    }
}
