use super::tokens::{NoToken, Tokens};
use super::*;
use crate::clock::Clock;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn app(secret: Option<&str>) -> App {
    App { client_id: "client id".into(), client_secret: secret.map(|s| s.to_owned().into()) }
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn attempt() -> Attempt {
    Attempt::new(&std::array::from_fn(|n| n as u8), url("http://127.0.0.1:8765/callback"))
}

fn fields(form: &Form) -> Vec<(&'static str, String)> {
    form.fields.iter().map(|(name, value)| (*name, value.expose_secret().to_owned())).collect()
}

#[test]
fn the_proof_is_that_of_the_standard() {
    // RFC 7636, appendix B.
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned().into();
    assert_eq!(challenge(&verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

#[test]
fn a_person_is_sent_to_x_and_comes_back_with_a_code() {
    let attempt = attempt();
    let address = attempt.address(&url("https://x.com/i/oauth2/authorize"), &app(None));
    let query: std::collections::BTreeMap<String, String> = address.query_pairs().into_owned().collect();
    assert_eq!(query["scope"], "tweet.read tweet.write users.read dm.read dm.write media.write offline.access");
    assert_eq!(query["redirect_uri"], "http://127.0.0.1:8765/callback");
    assert_eq!((query["client_id"].as_str(), query["code_challenge_method"].as_str()), ("client id", "S256"));
    assert!(!address.as_str().contains(attempt.verifier.expose_secret()), "the proof itself stays here");
    let back = |query: &str| attempt.code(&url(&format!("http://127.0.0.1:8765/callback?{query}")));
    let state = &query["state"];
    assert_eq!(back(&format!("state={state}&code=abc")).unwrap().expose_secret(), "abc");
    let denied = |query: &str| back(query).unwrap_err();
    assert_eq!(denied("state=other&code=abc"), Denied::Foreign);
    assert_eq!(denied("code=abc"), Denied::Foreign);
    assert_eq!(denied(&format!("state={state}&error=access_denied")), Denied::Refused);
    assert_eq!(denied(&format!("state={state}&code=")), Denied::Incomplete);
}

#[test]
fn a_code_is_exchanged_with_the_proof() {
    let code = "abc".to_owned().into();
    let open = attempt().exchange(&app(None), &code);
    assert!(open.authorization.is_none());
    assert!(fields(&open).contains(&("client_id", "client id".into())));
    assert!(fields(&open).contains(&("code_verifier", attempt().verifier.expose_secret().to_owned())));
    let confidential = attempt().exchange(&app(Some("s:3")), &code);
    assert_eq!(confidential.authorization.as_ref().unwrap().expose_secret(), "Basic Y2xpZW50JTIwaWQ6cyUzQTM=");
    assert!(!fields(&confidential).iter().any(|(name, _)| *name == "client_id"));
    assert!(!format!("{confidential:?}").contains("abc"), "nothing of it is printed");
}

#[test]
fn what_x_answers() {
    let now = Time(1_000_000);
    let body = br#"{"token_type":"bearer","expires_in":7200,"access_token":"a","scope":"users.read tweet.read","refresh_token":"r"}"#;
    let granted = read_granted(200, body, now).unwrap();
    assert_eq!(granted.expires, now.plus(7_200_000));
    assert_eq!(granted.missing(), ["tweet.write", "dm.read", "dm.write", "media.write", "offline.access"]);
    assert!(!format!("{granted:?}").contains("\"r\""), "secrets are not printed");
    let why = |status, body: &str| read_granted(status, body.as_bytes(), now).unwrap_err();
    let spent = r#"{"error":"invalid_request","error_description":"Value passed for the token was invalid."}"#;
    assert_eq!(why(400, spent), NotGranted::Spent("Value passed for the token was invalid.".into()));
    assert!(matches!(why(400, r#"{"error":"invalid_grant"}"#), NotGranted::Spent(_)));
    assert!(matches!(why(401, r#"{"error":"unauthorized_client"}"#), NotGranted::App(_)));
    let unknown = r#"{"errors":[{"code":99,"message":"Unable to verify your credentials"}]}"#;
    assert!(matches!(why(403, unknown), NotGranted::App(_)));
    assert!(matches!(why(403, "<html>"), NotGranted::NotNow(_)));
    assert!(matches!(why(503, "<html>"), NotGranted::NotNow(_)));
    assert!(matches!(why(200, "{}"), NotGranted::NotNow(_)));
    assert!(matches!(why(200, r#"{"access_token":"a b"}"#), NotGranted::NotNow(_)));
}

/// X's address of tokens: each refresh token is taken once.
#[derive(Default)]
struct Xs {
    spent: AtomicUsize,
}

impl Xs {
    async fn exchange(&self, form: Form, lives_ms: i64) -> Result<Granted, NotGranted> {
        let number = self.spent.fetch_add(1, Ordering::SeqCst);
        let given = fields(&form).into_iter().find(|(name, _)| *name == "refresh_token").unwrap().1;
        if given != format!("r{number}") {
            return Err(NotGranted::Spent(format!("{given} was used before")));
        }
        Ok(granted(number + 1, lives_ms))
    }
}

fn granted(number: usize, lives_ms: i64) -> Granted {
    Granted {
        access: format!("a{number}").into(),
        refresh: Some(format!("r{number}").into()),
        expires: Clock::system().now().plus(lives_ms),
        scopes: SCOPES.map(str::to_owned).to_vec(),
    }
}

fn open(dir: &Path) -> Arc<Tokens> {
    Tokens::open(app(None), dir.join("x.json"), Clock::system()).unwrap()
}

const TWO_HOURS: i64 = 7_200_000;

#[tokio::test]
async fn a_refresh_token_serves_once_also_for_two_processes_and_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let xs = Arc::new(Xs::default());
    let first = open(dir.path());
    let exchange = |lives| {
        let xs = xs.clone();
        async move |form| xs.exchange(form, lives).await
    };
    assert!(matches!(first.access(exchange(TWO_HOURS)).await, Err(NoToken::SignIn(_))), "nobody has signed in");
    first.signed_in("77001", &granted(0, 60_000)).await.unwrap();
    let mode = std::fs::metadata(dir.path().join("x.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // Both find it about to end; one exchanges, the other takes what that one got.
    let second = open(dir.path());

    let tasks = [first.clone(), second.clone(), first, second].map(|tokens| {
        let exchange = exchange(TWO_HOURS);
        tokio::spawn(async move { tokens.access(exchange).await.unwrap().expose_secret().to_owned() })
    });
    for task in tasks {
        // Whoever comes while it is exchanged goes on with the old one, which still serves.
        assert!(matches!(task.await.unwrap().as_str(), "a0" | "a1"));
    }
    assert_eq!(xs.spent.load(Ordering::SeqCst), 1);
    let again = open(dir.path());
    assert_eq!(again.user().as_deref(), Some("77001"));
    assert_eq!(again.access(exchange(TWO_HOURS)).await.unwrap().expose_secret(), "a1", "it still serves");
    // Withdrawn before its time.
    let refused = "a1".to_owned().into();
    assert_eq!(again.after_refusal(&refused, exchange(TWO_HOURS)).await.unwrap().expose_secret(), "a2");
    assert_eq!(open(dir.path()).after_refusal(&refused, exchange(TWO_HOURS)).await.unwrap().expose_secret(), "a2");
    assert_eq!(xs.spent.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn what_was_got_is_on_the_disk_before_it_is_used() {
    let dir = tempfile::tempdir().unwrap();
    let tokens = open(dir.path());
    tokens.signed_in("77001", &granted(0, 60_000)).await.unwrap();
    let xs = Xs::default();
    let access = tokens.access(async move |form| xs.exchange(form, TWO_HOURS).await).await.unwrap();
    // The process dies here: the next one knows the same.
    let text = std::fs::read_to_string(dir.path().join("x.json")).unwrap();
    assert!(text.contains(access.expose_secret()) && text.contains("\"r1\""));
}

#[tokio::test]
async fn what_was_granted_is_kept_also_where_nobody_waits_for_it_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let tokens = open(dir.path());
    tokens.signed_in("77001", &granted(0, -1)).await.unwrap();
    let (asked, is_asked) = tokio::sync::oneshot::channel();
    let (answer, answered) = tokio::sync::oneshot::channel::<()>();
    let exchange = async move |_: Form| {
        asked.send(()).unwrap();
        answered.await.ok();
        Ok(granted(1, TWO_HOURS))
    };
    let theirs = Arc::clone(&tokens);
    let waiting = tokio::spawn(async move { theirs.access(exchange).await.map(drop) });
    is_asked.await.unwrap();
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    answer.send(()).unwrap();
    tokens.settled().await;
    let kept = open(dir.path()).access(async |_: Form| -> Result<Granted, NotGranted> { panic!("spent twice") }).await.unwrap();
    assert_eq!(kept.expose_secret(), "a1");
}

#[tokio::test]
async fn a_bot_that_runs_as_one_account_takes_no_others_tokens() {
    let dir = tempfile::tempdir().unwrap();
    let runs = open(dir.path());
    runs.signed_in("77001", &granted(0, -1)).await.unwrap();
    // Somebody signs another account in meanwhile.
    open(dir.path()).signed_in("88002", &granted(5, TWO_HOURS)).await.unwrap_or_else(|e| panic!("{e}"));
    let untouched = async |_: Form| -> Result<Granted, NotGranted> { panic!("the other's refresh token was spent") };
    assert!(matches!(runs.access(untouched).await, Err(NoToken::SignIn(why)) if why.contains("start sereno again")));
    assert_eq!(runs.user().as_deref(), Some("77001"));
    assert_eq!(open(dir.path()).access(untouched).await.unwrap().expose_secret(), "a5");
}

#[tokio::test]
async fn no_refresh_token_is_spent_that_could_not_be_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let tokens = open(dir.path());
    tokens.signed_in("77001", &granted(0, 60_000)).await.unwrap();
    // Nothing can be written there: a directory stands in the place.
    std::fs::remove_file(dir.path().join("x.new")).ok();
    std::fs::create_dir(dir.path().join("x.new")).unwrap();
    let untouched = async |_: Form| -> Result<Granted, NotGranted> { panic!("the refresh token was spent") };
    assert_eq!(tokens.access(untouched).await.unwrap().expose_secret(), "a0", "the old one serves a little longer");
    let refused = "a0".to_owned().into();
    assert!(matches!(tokens.after_refusal(&refused, untouched).await, Err(NoToken::File(_))));
}

#[tokio::test]
async fn a_token_that_still_serves_outlives_trouble_at_x_and_one_that_does_not_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let tokens = open(dir.path());
    tokens.signed_in("77001", &granted(0, 60_000)).await.unwrap();
    let down = async |_: Form| Err(NotGranted::NotNow("status 503".into()));
    assert_eq!(tokens.access(down).await.unwrap().expose_secret(), "a0");
    let untouched = async |_: Form| -> Result<Granted, NotGranted> { panic!("tried again at once") };
    assert_eq!(tokens.access(untouched).await.unwrap().expose_secret(), "a0");
    tokens.signed_in("77001", &granted(0, -1)).await.unwrap();
    assert_eq!(tokens.access(down).await.unwrap_err(), NoToken::NotNow("status 503".into()));
    let spent = async |_: Form| Err(NotGranted::Spent("used before".into()));
    assert_eq!(tokens.access(spent).await.unwrap_err(), NoToken::SignIn("used before".into()));
}

#[tokio::test]
async fn a_file_that_is_not_ours_is_not_taken() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).signed_in("77001", &granted(0, TWO_HOURS)).await.unwrap();
    let other = App { client_id: "another".into(), client_secret: None };
    let opened = |app| Tokens::open(app, dir.path().join("x.json"), Clock::system()).map(|_| ());
    assert!(matches!(opened(other), Err(NoToken::SignIn(_))));
    std::fs::write(dir.path().join("x.json"), "{").unwrap();
    assert!(matches!(opened(app(None)), Err(NoToken::SignIn(_))));
    // Who signs in begins anew.
    let anew = Tokens::anew(app(None), dir.path().join("x.json"), Clock::system());
    anew.signed_in("77001", &granted(5, TWO_HOURS)).await.unwrap();
    assert_eq!(open(dir.path()).user().as_deref(), Some("77001"));
    let mut once = granted(0, TWO_HOURS);
    once.refresh = None;
    let elsewhere = tempfile::tempdir().unwrap();
    assert!(matches!(open(elsewhere.path()).signed_in("77001", &once).await, Err(NoToken::SignIn(_))));
}
