//! The emulator's answers, and the adapter's requests, held against the API's OpenAPI description:
//! `$SERENO_SPECS/mastodon/openapi.json`, or `../shared/specs` beside the repository. Where there is
//! none, the test says so and passes, unless `SERENO_SPECS_REQUIRED` is set, as in CI.

use crate::emulator::mastodon::{BRAND_TOKEN, Draft, Emulator};
use crate::specs;
use serde_json::{Value, json};
use sereno::clock::Clock;
use sereno::network::NetworkAccount;
use sereno::network::mastodon::{MastodonAccount, Settings};
use sereno::policy::ListenRule;
use sereno::post::PostRef;

struct Spec(Value);

impl Spec {
    fn read() -> Option<Spec> {
        let file = specs::folder("mastodon", "openapi.json")?.join("openapi.json");
        let text = std::fs::read_to_string(file).unwrap();
        Some(Spec(serde_json::from_str(&text).unwrap()))
    }

    /// The path of the description that a real one is of; the one with the fewest holes.
    fn template(&self, path: &str) -> Option<&str> {
        let real: Vec<&str> = path.split('/').collect();
        let fits = |template: &&String| {
            let parts: Vec<&str> = template.split('/').collect();
            parts.len() == real.len() && parts.iter().zip(&real).all(|(t, r)| t.starts_with('{') || t == r)
        };
        let paths = self.0["paths"].as_object().unwrap();
        paths.keys().filter(fits).min_by_key(|t| t.matches('{').count()).map(String::as_str)
    }

    fn operation(&self, method: &str, path: &str) -> Option<&Value> {
        self.0["paths"][self.template(path)?].get(method.to_lowercase())
    }

    /// What is wrong with `value` as an answer of a call.
    fn faults(&self, method: &str, path: &str, value: &Value) -> Vec<String> {
        let Some(operation) = self.operation(method, path) else { return vec![format!("{method} {path} is not in the description")] };
        let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        let mut faults = Vec::new();
        if schema.is_null() {
            faults.push(format!("{method} {path} has no schema"));
        }
        self.hold(schema, value, path, &mut faults);
        faults
    }

    fn hold(&self, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
        if let Some(name) = schema["$ref"].as_str() {
            let to = name.trim_start_matches("#/");
            return self.hold(
                &self.0[to.split('/').next().unwrap()][to.split('/').nth(1).unwrap()][to.split('/').nth(2).unwrap()],
                value,
                at,
                faults,
            );
        }
        for choice in ["oneOf", "anyOf"] {
            let Some(all) = schema[choice].as_array() else { continue };
            let fits = all.iter().any(|one| {
                let mut inner = Vec::new();
                self.hold(one, value, at, &mut inner);
                inner.is_empty()
            });
            if !fits {
                faults.push(format!("{at}: none of the allowed kinds"));
            }
        }
        for one in schema["allOf"].as_array().into_iter().flatten() {
            self.hold(one, value, at, faults);
        }
        let kinds: Vec<&str> = match &schema["type"] {
            Value::String(kind) => vec![kind],
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(n) if n.is_i64() || n.is_u64() => "integer",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        if !kinds.is_empty() && !kinds.contains(&kind) {
            faults.push(format!("{at}: {kind}, not {kinds:?}"));
        }
        if let Some(words) = schema["enum"].as_array().filter(|words| !words.contains(value)) {
            faults.push(format!("{at}: {value} is none of {words:?}"));
        }
        if let Value::Object(fields) = value {
            for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                if !fields.contains_key(name) {
                    faults.push(format!("{at}: no {name}"));
                }
            }
            for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
                if let Some(field) = fields.get(name) {
                    self.hold(inner, field, &format!("{at}.{name}"), faults);
                }
            }
        }
        for (n, item) in value.as_array().into_iter().flatten().enumerate() {
            self.hold(&schema["items"], item, &format!("{at}[{n}]"), faults);
        }
    }
}

/// A server on which everything that the adapter reads has happened.
async fn lively(emulator: &Emulator) -> (String, String) {
    let ana = emulator.customer("ana");
    let draft = Draft {
        text: "@shop hola #tienda https://tienda.example/x".into(),
        warning: "uf".into(),
        language: Some("es"),
        media: vec![("https://f.example/1.png".into(), "foto".into())],
        ..Draft::default()
    };
    let root = ana.publish(draft);
    let ours = emulator.brand_by_hand().reply_to(&root, "@ana dinos");
    ana.edit(&root, "@shop hola #tienda otra vez");
    emulator.customer("bob@far.example").boost(&ours);
    ana.dm("@shop en privado");
    (root, ours)
}

#[tokio::test]
async fn the_emulator_answers_as_the_api_is_described() {
    let Some(spec) = Spec::read() else { return };
    let emulator = Emulator::start().await;
    let (root, ours) = lively(&emulator).await;
    let id = |uri: &str| uri.rsplit('/').next().unwrap().to_owned();
    let books = emulator.books();
    let http = reqwest::Client::new();
    let call = async |method: reqwest::Method, path: &str, body: Option<Value>| {
        let mut request = http.request(method, format!("{}{path}", emulator.url())).bearer_auth(BRAND_TOKEN);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let headers = response.headers();
        assert!(["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"].iter().all(|h| headers.contains_key(*h)), "{path}");
        assert_eq!(response.status(), 200, "{path}");
        response.json::<Value>().await.unwrap()
    };
    let me = call(reqwest::Method::GET, "/api/v1/accounts/verify_credentials", None).await;
    let me_id = me["id"].as_str().unwrap();
    assert_eq!(books.posted.len(), 3);
    let mut calls = vec![
        ("GET", "/api/v1/accounts/verify_credentials".to_owned(), None),
        ("GET", format!("/api/v1/accounts/{me_id}"), None),
        ("GET", format!("/api/v1/accounts/{me_id}/statuses"), None),
        ("GET", "/api/v2/instance".to_owned(), None),
        ("GET", "/api/v1/notifications".to_owned(), None),
        ("GET", "/api/v1/timelines/tag/tienda".to_owned(), None),
        ("GET", "/api/v1/timelines/public".to_owned(), None),
        ("GET", "/api/v1/conversations".to_owned(), None),
        ("GET", "/api/v2/search".to_owned(), None),
        ("GET", "/api/v1/statuses".to_owned(), None),
        ("GET", format!("/api/v1/statuses/{}", id(&root)), None),
        ("GET", format!("/api/v1/statuses/{}/context", id(&ours)), None),
        ("GET", format!("/api/v1/statuses/{}/source", id(&ours)), None),
        (
            "POST",
            "/api/v1/statuses".to_owned(),
            Some(json!({"status": "@ana sí", "in_reply_to_id": id(&root), "visibility": "public", "language": "es"})),
        ),
        ("PUT", format!("/api/v1/statuses/{}", id(&ours)), Some(json!({"status": "@ana dinos más"}))),
        ("DELETE", format!("/api/v1/statuses/{}", id(&ours)), None),
    ];
    let queries = [("/api/v1/statuses", format!("?id[]={}", id(&root))), ("/api/v2/search", "?q=hola&type=statuses".to_owned())];
    for (method, path, body) in calls.drain(..) {
        let query = queries.iter().find(|(p, _)| *p == path && method == "GET").map_or("", |(_, q)| q.as_str());
        let value = call(method.parse().unwrap(), &format!("{path}{query}"), body).await;
        let empty = value.as_array().is_some_and(Vec::is_empty);
        assert!(!empty, "{path}: an empty page proves nothing");
        let faults = spec.faults(method, &path, &value);
        assert!(faults.is_empty(), "{method} {path}: {faults:#?}\n{value:#}");
    }
    emulator.old_server();
    let value = call(reqwest::Method::GET, "/api/v1/instance", None).await;
    let faults = spec.faults("GET", "/api/v1/instance", &value);
    assert!(faults.is_empty(), "{faults:#?}");
}

#[tokio::test]
async fn the_adapter_asks_only_what_the_api_knows() {
    let Some(spec) = Spec::read() else { return };
    let emulator = Emulator::start().await;
    let (root, _) = lively(&emulator).await;
    let rule =
        ListenRule { name: "r".into(), keywords: vec!["hola otra".into()], hashtags: vec!["tienda".into()], ..ListenRule::default() };
    let settings = Settings {
        listen: vec![rule],
        page_size: 1,
        settle_ms: 0,
        settle_public_ms: 0,
        ..Settings::new(emulator.url().parse().unwrap(), BRAND_TOKEN.to_owned().into())
    };
    let account = MastodonAccount::new("shop".into(), settings, Clock::system()).unwrap();
    account.check().await;
    for stream in account.streams() {
        let mut cursor = None;
        loop {
            let page = account.poll(&stream, cursor.as_deref()).await.unwrap();
            cursor = page.cursor.or(cursor);
            if !page.more {
                break;
            }
        }
    }
    account.refresh(&[PostRef::World(root.as_str().into())]).await.unwrap();
    let mut seen = 0;
    for request in emulator.books().requests.iter().filter(|r| !r.path.contains("/streaming")) {
        let operation = spec.operation(&request.method, &request.path);
        let operation = operation.unwrap_or_else(|| panic!("{} {} is not in the description", request.method, request.path));
        let known: Vec<&str> = operation["parameters"].as_array().into_iter().flatten().filter_map(|p| p["name"].as_str()).collect();
        for (name, _) in &request.query {
            assert!(
                known.contains(&name.trim_end_matches("[]")),
                "{} {}: no parameter {name} among {known:?}",
                request.method,
                request.path
            );
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen}");
}

#[test]
fn the_judge_finds_what_is_wrong() {
    let Some(spec) = Spec::read() else { return };
    let faults = spec.faults("GET", "/api/v1/statuses/7/source", &json!({"id": 7, "text": "x"}));
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(!spec.faults("GET", "/api/v1/nothing", &json!({})).is_empty());
    assert!(!spec.faults("GET", "/api/v1/notifications", &json!([{"id": "1"}])).is_empty());
}
