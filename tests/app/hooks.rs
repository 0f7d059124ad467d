//! Webhooks over the real server: what X signed is committed before it is answered, and nothing else comes in.

use super::*;
use axum::http::Method;
use data_encoding::BASE64;
use futures_util::StreamExt as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};
use secrecy::SecretString;
use sereno::http::Limits;
use sereno::http::hooks::{Settings, serve};
use sereno::network::x::mapping::Mapper;
use sereno::network::x::webhook::{self, SIGNATURE};
use sereno::network::{Hook, Knock};
use sha2::Sha256;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

/// An account whose webhook is X's.
struct OnX {
    net: Net,
    name: Account,
    me: &'static str,
    secret: SecretString,
}

#[async_trait]
impl NetworkAccount for OnX {
    fn account(&self) -> &Account {
        &self.name
    }
    async fn prepare(&self) -> Result<AccountPolicy, NetError> {
        self.net.prepare().await
    }
    fn streams(&self) -> Vec<String> {
        self.net.streams()
    }
    async fn poll(&self, stream: &str, cursor: Option<&str>) -> Result<Page, NetError> {
        self.net.poll(stream, cursor).await
    }
    async fn push(&self, events: mpsc::Sender<NetEvent>) -> NetError {
        self.net.push(events).await
    }
    async fn refresh(&self, posts: &[PostRef]) -> Result<Vec<NetEvent>, NetError> {
        self.net.refresh(posts).await
    }
    async fn send(&self, op: &str, send: &Outgoing, earlier: Option<&SendState>) -> Outcome {
        self.net.send(op, send, earlier).await
    }
    async fn look(&self, op: &str, send: &Outgoing, earlier: Option<&SendState>, since: Time, known: &[String]) -> Look {
        self.net.look(op, send, earlier, since, known).await
    }
    async fn check(&self) -> Vec<Finding> {
        Vec::new()
    }
    fn serves_webhook(&self) -> bool {
        true
    }
    fn webhook(&self, knock: &Knock<'_>) -> Hook {
        let reader = Mapper { account: &self.name, me: self.me, now: Clock::system().now() };
        webhook::hook(knock, &self.secret, Some(&reader))
    }
}

const OURS: (&str, &str, &str) = ("tienda", "77001", "the secret of tienda");
const OTHER: (&str, &str, &str) = ("otra", "88002", "the secret of otra");

/// What is longer than is read.
const TOO_LONG: &[u16] = &[413];

struct Stage {
    world: World,
    store: ModelStore,
    bot: Arc<Handle>,
    server: sereno::http::Server,
}

impl Stage {
    async fn with(change: impl FnOnce(&mut Settings)) -> Stage {
        let (world, store, clock) = (World::default(), ModelStore::new("t"), Clock::system());
        let accounts = [OURS, OTHER].map(|(name, me, secret)| {
            let account = OnX { net: Net(world.clone()), name: name.into(), me, secret: secret.to_owned().into() };
            Source { account: Arc::new(account) as Arc<dyn NetworkAccount>, poll_ms: 1_000 * SECOND_MS }
        });
        // One without a webhook.
        let plain = Source { account: Arc::new(Net(world.clone())), poll_ms: 1_000 * SECOND_MS };
        let parts = Parts {
            store: Arc::new(store.clone()),
            chat: Arc::new(Talk(world.clone())),
            accounts: accounts.into_iter().chain([plain]).collect(),
            policy: Policy { import_ms: i64::MAX / 4, ..Policy::default() },
            clock,
            words: Arc::new(Words::new()),
            reloads: false,
        };
        let bot = Arc::new(app::start(parts).unwrap());
        let mut settings = Settings::new("127.0.0.1:0".parse().unwrap(), None);
        change(&mut settings);
        let server = serve(settings, Arc::clone(&bot)).await.unwrap();
        Stage { world, store, bot, server }
    }
    fn url(&self, account: &str) -> String {
        format!("http://{}/hook/{account}", self.server.address())
    }
    fn stands(&self, id: &str) -> bool {
        self.store.claim(&PostRef::World(sereno::network::x::mapping::post_id(id))).unwrap().is_some()
    }
    fn counted(&self, kind: &str) -> u64 {
        let text = self.bot.metrics().encode();
        let of_kind = |l: &&str| l.starts_with("sereno_webhook") && l.contains(&format!("kind=\"{kind}\""));
        text.lines().filter(of_kind).map(|l| l.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
    }
}

fn client() -> reqwest::Client {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    reqwest::Client::new()
}

fn sign(body: &[u8], secret: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    format!("sha256={}", BASE64.encode(&mac.finalize().into_bytes()))
}

/// A mention of an account, as X sends it.
fn mention(id: &str, user: &str) -> Vec<u8> {
    let author = format!("9{id}");
    serde_json::json!({ "data": { "event_type": "post.mention.create", "filter": { "user_id": user }, "payload": {
        "id": id, "text": format!("@tienda ¿y mi pedido {id}?"), "author_id": author, "conversation_id": id,
        "entities": { "mentions": [{ "start": 0, "end": 7, "username": "tienda", "id": user }] },
    }}})
    .to_string()
    .into_bytes()
}

/// Ids that say that they are of these days, so that nothing is too old.
fn id(n: u64) -> String {
    let ms = Clock::system().now().0 - sereno::network::x::mapping::FIRST_ID_MS;
    ((u64::try_from(ms).unwrap() << 22) + n).to_string()
}

#[derive(Clone)]
struct Shot {
    account: &'static str,
    method: Method,
    signatures: Vec<String>,
    body: Vec<u8>,
    wants: &'static [u16],
}

/// A request that must not get in; `n` says which kind.
fn forgery(rng: &mut ChaCha8Rng, n: u64) -> Shot {
    let body = mention(&id(1_000_000 + n), OURS.1);
    let right = sign(&body, OURS.2);
    let pick = |rng: &mut ChaCha8Rng, n: usize| usize::try_from(rng.next_u64() % (n as u64)).unwrap();
    let mut shot = Shot { account: OURS.0, method: Method::POST, signatures: vec![right.clone()], body, wants: &[403] };
    match n % 12 {
        0 => shot.signatures.clear(),
        1 => {
            let mut made = [0; 32];
            rng.fill_bytes(&mut made);
            shot.signatures = vec![format!("sha256={}", BASE64.encode(&made))];
        }
        2 => shot.signatures = vec![sign(&shot.body, "a guess")],
        3 => shot.signatures = vec![sign(&shot.body, OTHER.2)],
        4 => {
            let at = pick(rng, shot.body.len());
            shot.body[at] ^= 1 << pick(rng, 8);
        }
        5 => shot.body.truncate(pick(rng, shot.body.len())),
        6 => {
            let odd = [
                right.replace("sha256=", ""),
                right.replace("sha256", "sha1"),
                format!("{right}A"),
                right.chars().take(20).collect(),
                String::new(),
            ];
            shot.signatures = vec![odd[pick(rng, 5)].clone()];
        }
        7 => shot.signatures = vec![sign(b"", OURS.2), right],
        8 => shot.account = OTHER.0,
        9 => {
            // Rightly signed, but of another account of the same app.
            shot.body = mention(&id(1_000_000 + n), OTHER.1);
            shot.signatures = vec![sign(&shot.body, OURS.2)];
        }
        10 => {
            shot.method = [Method::PUT, Method::DELETE, Method::PATCH][pick(rng, 3)].clone();
        }
        _ => {
            shot.body.resize(70_000 + pick(rng, 10_000), b' ');
            shot.signatures = vec![sign(&shot.body, OURS.2)];
            shot.wants = TOO_LONG;
        }
    }
    shot
}

async fn fire(client: &reqwest::Client, stage: &Stage, shot: Shot) -> (Shot, u16) {
    for _ in 0..10 {
        let mut request = client.request(shot.method.clone(), stage.url(shot.account)).body(shot.body.clone());
        for signature in &shot.signatures {
            request = request.header(SIGNATURE, signature);
        }
        match request.send().await {
            Ok(answer) => return (shot, answer.status().as_u16()),
            // Cut off before all of it was read.
            Err(_) if shot.wants == TOO_LONG => return (shot, 413),
            // The server had just closed what the client kept open: it sends again, as networks do.
            Err(_) => {}
        }
    }
    panic!("never answered: {} {}", shot.method, shot.account);
}

/// Somebody who says less than they promise, or says it a byte at a time; what they were told.
fn drip(address: SocketAddr, n: u64) -> String {
    let body = mention(&id(2_000_000 + n), OURS.1);
    let head =
        format!("POST /hook/tienda HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n{SIGNATURE}: {}\r\n\r\n", body.len(), sign(&body, OURS.2));
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(BOUND)).unwrap();
    let said = match n % 4 {
        0 => stream.write_all(&head.as_bytes()[..head.len() / 2]),
        1 => stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body[..body.len() - 1])),
        2 => {
            let sent = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body[..body.len() / 2]));
            sent.and_then(|()| stream.shutdown(std::net::Shutdown::Write))
        }
        _ => Ok(()),
    };
    said.unwrap();
    let mut told = Vec::new();
    // It may be cut off as well.
    stream.read_to_end(&mut told).ok();
    String::from_utf8_lossy(&told).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_ten_thousand_forged_cut_slow_and_repeated_webhooks_none_gets_in_and_all_true_ones_do() {
    let stage = Stage::with(|s| {
        s.body_max = 65_536;
        s.body = Duration::from_millis(500);
        s.limits = Limits { head: Duration::from_millis(500), ..s.limits };
    })
    .await;
    let (client, mut rng) = (client(), ChaCha8Rng::seed_from_u64(4_711));
    let mut shots: Vec<Shot> = (0..10_080).map(|n| forgery(&mut rng, n)).collect();
    let forged = shots.len();
    // A true one now and then between them.
    let true_ones: Vec<String> = (0..300).map(id).collect();
    for (n, id) in true_ones.iter().enumerate() {
        let body = mention(id, OURS.1);
        let shot = Shot { account: OURS.0, method: Method::POST, signatures: vec![sign(&body, OURS.2)], body, wants: &[200] };
        shots.insert(n * 33, shot);
    }
    let address = stage.server.address();
    let dripping: Vec<_> = (0..120).map(|n| tokio::task::spawn_blocking(move || drip(address, n))).collect();
    let firing = futures_util::stream::iter(shots.clone()).map(|shot| fire(&client, &stage, shot)).buffer_unordered(16);
    let ended: Vec<(Shot, u16)> = firing.collect().await;
    for (shot, status) in &ended {
        assert!(shot.wants.contains(status), "{status}: {} {} {:?}", shot.method, shot.account, shot.signatures);
    }
    for told in dripping {
        let told = told.await.unwrap();
        assert!(told.is_empty() || told.starts_with("HTTP/1.1 408") || told.starts_with("HTTP/1.1 400"), "{told}");
    }
    // Every true one once more, where it was: it is taken for what it is; and at another account: refused.
    for shot in ended.iter().map(|(shot, _)| shot).filter(|shot| shot.wants == [200]) {
        assert_eq!(fire(&client, &stage, shot.clone()).await.1, 200);
        assert_eq!(fire(&client, &stage, Shot { account: OTHER.0, ..shot.clone() }).await.1, 403);
    }
    assert!(true_ones.iter().all(|id| stage.stands(id)), "a true one was kept out");
    assert_eq!(stage.bot.stats().await.unwrap().parked, 0);
    // As many as were true were taken; all others stand in the figures by why they were not.
    let of_a_kind = forged as u64 / 12;
    assert!(stage.counted("taken") == 300 && stage.counted("again") >= 300, "{}", stage.bot.metrics().encode());
    assert!(
        stage.counted("refused") >= of_a_kind * 11 + 300 && stage.counted("too_large") >= of_a_kind * 9 / 10,
        "{}",
        stage.bot.metrics().encode()
    );
    assert!(stage.counted("slow") >= 60, "{}", stage.bot.metrics().encode());
    let ids: Vec<String> = shots
        .iter()
        .filter(|s| s.wants != [200])
        .filter_map(|s| {
            let read: serde_json::Value = serde_json::from_slice(&s.body).ok()?;
            Some(read["data"]["payload"]["id"].as_str()?.to_owned())
        })
        .collect();
    assert!(ids.len() > 5_000 && !ids.iter().any(|id| stage.stands(id)), "a forged one got in");
    stage.bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_read_for_an_account_without_a_webhook() {
    // Nobody has the patience for a body here.
    let stage = Stage::with(|s| (s.body, s.answer) = (BOUND / 2, BOUND)).await;
    let address = stage.server.address();
    let asks = |account: &'static str| {
        tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(BOUND)).unwrap();
            write!(stream, "POST /hook/{account} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n").unwrap();
            let mut told = Vec::new();
            stream.read_to_end(&mut told).ok();
            String::from_utf8_lossy(&told).into_owned()
        })
    };
    for account in ["acme", "nobody"] {
        let told = asks(account).await.unwrap();
        assert!(told.starts_with("HTTP/1.1 404"), "{account}: {told}");
    }
    assert_eq!((stage.counted("nowhere"), stage.counted("slow")), (2, 0));
    stage.bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn xs_question_is_answered_and_what_cannot_be_read_is_kept() {
    let stage = Stage::with(|_| {}).await;
    let client = client();
    let told = client.get(format!("{}?crc_token=crc_abc", stage.url(OURS.0))).send().await.unwrap();
    assert_eq!(told.status(), 200);
    let told: serde_json::Value = told.json().await.unwrap();
    assert_eq!(told["response_token"], webhook::crc("crc_abc", &OURS.2.to_owned().into()).unwrap());
    for (path, status) in [("tienda", 403), ("nobody", 404), ("nobody/else", 404)] {
        assert_eq!(client.get(stage.url(path)).send().await.unwrap().status(), status, "{path}");
    }
    let odd = br#"{"data":{"event_type":"post.mention.create","payload":"of another form"}}"#.to_vec();
    let shot = |body: Vec<u8>| Shot { account: OURS.0, method: Method::POST, signatures: vec![sign(&body, OURS.2)], body, wants: &[200] };
    assert_eq!(fire(&client, &stage, shot(odd.clone())).await.1, 200);
    let kept = stage.store.parked_list().unwrap();
    assert!(kept.len() == 1 && kept[0].id.starts_with("hook:tienda:") && kept[0].why.starts_with("X: "), "{kept:?}");
    assert_eq!(fire(&client, &stage, shot(odd)).await.1, 200);
    assert_eq!(stage.store.parked_list().unwrap().len(), 1);
    // A private message of which X does not tell all: the streams are read.
    let polls = stage.world.with(|b| b.polls);
    let hidden = br#"{"data":{"event_type":"dm.received","filter":{"user_id":"77001"},"payload":{"id":"1"}}}"#.to_vec();
    assert_eq!(fire(&client, &stage, shot(hidden)).await.1, 200);
    stage.world.until("the streams are read", |b| b.polls > polls).await;
    stage.bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_committed_is_not_acknowledged_and_comes_again() {
    let stage = Stage::with(|s| s.answer = Duration::from_millis(400)).await;
    let client = client();
    let (id, other) = (id(1), id(2));
    let shot = |id: &str| {
        let body = mention(id, OURS.1);
        Shot { account: OURS.0, method: Method::POST, signatures: vec![sign(&body, OURS.2)], body, wants: &[200] }
    };
    assert_eq!(fire(&client, &stage, shot(&other)).await.1, 200);
    stage.store.set_full(true);
    assert_eq!(fire(&client, &stage, shot(&id)).await.1, 503);
    assert!(!stage.stands(&id));
    stage.store.set_full(false);
    let again = async {
        while fire(&client, &stage, shot(&id)).await.1 != 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(BOUND, again).await.unwrap();
    assert!(stage.stands(&id));
    stage.bot.stop().await;
    assert_eq!(fire(&client, &stage, shot(&id)).await.1, 200, "it was committed");
    assert_eq!(fire(&client, &stage, shot(&self::id(3))).await.1, 503, "nobody is there to take it");
}

/// A certificate for this machine, made for the test.
fn certificate(dir: &std::path::Path) -> reqwest::Certificate {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(dir.join("cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(dir.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).unwrap()
}

fn trusting(certificate: reqwest::Certificate, to: SocketAddr) -> reqwest::Client {
    let client = reqwest::Client::builder().tls_certs_only([certificate]).resolve("localhost", to);
    client.pool_max_idle_per_host(0).build().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn with_files_it_speaks_tls_and_takes_over_renewed_ones() {
    drop(client());
    let dir = tempfile::tempdir().unwrap();
    let files = (dir.path().join("cert.pem"), dir.path().join("key.pem"));
    let bot = Stage::with(|_| {}).await.bot;
    let mut settings = Settings::new("127.0.0.1:0".parse().unwrap(), Some(files));
    settings.look = Duration::from_millis(20);
    let missing = serve(settings.clone(), Arc::clone(&bot)).await.unwrap_err();
    assert!(missing.to_string().contains("cert.pem"), "{missing}");
    let first = certificate(dir.path());
    let server = serve(settings, Arc::clone(&bot)).await.unwrap();
    let url = format!("https://localhost:{}/hook/tienda?crc_token=a", server.address().port());
    let asks = trusting(first, server.address());
    assert_eq!(asks.get(&url).send().await.unwrap().status(), 200);
    assert!(trusting(certificate(tempfile::tempdir().unwrap().path()), server.address()).get(&url).send().await.is_err());
    // Half renewed, the old one stays.
    std::fs::write(dir.path().join("key.pem"), "half a file").unwrap();
    assert_eq!(asks.get(&url).send().await.unwrap().status(), 200);
    let renewed = certificate(dir.path());
    let asks = trusting(renewed, server.address());
    let taken = async {
        while !asks.get(&url).send().await.is_ok_and(|r| r.status() == 200) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(BOUND, taken).await.expect("the renewed certificate is shown");
    // Whoever speaks no TLS gets nowhere, and keeps nobody out.
    let address = server.address();
    tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(b"GET /hook/tienda HTTP/1.1\r\n\r\n").unwrap();
        stream.set_read_timeout(Some(BOUND)).unwrap();
        let mut told = Vec::new();
        stream.read_to_end(&mut told).ok();
        assert!(!told.starts_with(b"HTTP"));
    })
    .await
    .unwrap();
    assert!(bot.metrics().encode().contains("kind=\"tls\""), "{}", bot.metrics().encode());
    bot.stop().await;
}
