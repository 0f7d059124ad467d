//! Webhooks: X asks now and then whether the address is still ours (CRC), and signs what it sends there; both with the
//! consumer secret. Pure: the server calls it before it reads anything of a body.
//!
//! Source: docs.x.com/x-api/webhooks.

use super::mapping::Mapper;
use super::wire::{Activity, Line, meant_for, read_line};
use crate::network::{Hook, Knock};
use axum::http::Method;
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use sha2::Sha256;

/// The header that a body's signature stands in.
pub const SIGNATURE: &str = "x-twitter-webhooks-signature";
/// The longest question of X's that is answered.
const MAX_QUESTION: usize = 1_000;

/// The answer to `?crc_token=…`: the value of `response_token`. `None` for what is no question of X's.
///
/// The answer is made with the key that bodies are signed with: whoever could ask for the answer to a body would have that
/// body's signature. So a question holds only what X's hold, letters, digits and the few signs of Base64, and no body does
/// without a brace.
#[must_use]
pub fn crc(question: &str, consumer_secret: &SecretString) -> Option<String> {
    let asked =
        (1..=MAX_QUESTION).contains(&question.len()) && question.bytes().all(|b| b.is_ascii_alphanumeric() || b"._~=+/-".contains(&b));
    asked.then(|| format!("sha256={}", BASE64.encode(&signer(question.as_bytes(), consumer_secret).finalize().into_bytes())))
}

/// Whether X sent this very body. Takes the same time whatever is wrong with the signature.
#[must_use]
pub fn is_from_x(body: &[u8], signature: Option<&str>, consumer_secret: &SecretString) -> bool {
    let given = signature.and_then(|s| s.trim().strip_prefix("sha256=")).and_then(|s| BASE64.decode(s.as_bytes()).ok());
    given.is_some_and(|given| signer(body, consumer_secret).verify_slice(&given).is_ok())
}

/// What a request to our webhook is. `reader`: `None` where X has not said yet who we are.
#[must_use]
pub fn hook(knock: &Knock<'_>, consumer_secret: &SecretString, reader: Option<&Mapper<'_>>) -> Hook {
    if *knock.method == Method::GET {
        let asked = url::form_urlencoded::parse(knock.query.as_bytes()).find(|(name, _)| name == "crc_token");
        let answer = asked.and_then(|(_, question)| crc(&question, consumer_secret));
        return answer.map_or(Hook::Refused, |answer| Hook::Challenge(json!({ "response_token": answer }).to_string()));
    }
    let mut signatures = knock.headers.get_all(SIGNATURE).iter();
    let signature = signatures.next().and_then(|v| v.to_str().ok()).filter(|_| signatures.next().is_none());
    if *knock.method != Method::POST || !is_from_x(knock.body, signature, consumer_secret) {
        return Hook::Refused;
    }
    let Some(reader) = reader else { return Hook::NotYet };
    if meant_for(knock.body).is_some_and(|user| user != reader.me) {
        return Hook::Refused;
    }
    let line = read_line(knock.body);
    let odd = |why: &str| Hook::Odd { why: format!("X: {why}") };
    match &line {
        Line::Post { .. } => Hook::Events { events: reader.line(&line), read: false },
        Line::Activity(activity) => {
            let read = matches!(**activity, Activity::DmsToRead);
            Hook::Events { events: reader.line(&line), read }
        }
        Line::KeepAlive => odd("a webhook with nothing in it"),
        Line::Problems(_) => odd("a webhook that tells of problems"),
        Line::Odd => odd("a webhook of another form than X describes"),
    }
}

fn signer(text: &[u8], secret: &SecretString) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).expect("HMAC takes a key of any length");
    mac.update(text);
    mac
}

/// The header's value that X would send with this body.
#[cfg(any(test, fuzzing))]
pub(super) fn sign_as_x(body: &[u8], secret: &SecretString) -> String {
    format!("sha256={}", BASE64.encode(&signer(body, secret).finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BODY: &[u8] = br#"{"data":{}}"#;
    /// Made by Python's hmac.
    const SIGNED: &str = "sha256=QaodUJmdJlrJ4N3Z4JNmUo0eaLex0iriKxvnK1Mtw1g=";

    fn secret() -> SecretString {
        "consumer secret".to_owned().into()
    }

    #[test]
    fn xs_question_is_answered() {
        assert_eq!(crc("crc_abc", &secret()).unwrap(), "sha256=x+btKqab+FzZigzTv/oMhMnk+CcumxYFtyVZ0tb9CXY=");
        assert_eq!(crc("", &secret()), None);
        assert_eq!(crc(&"x".repeat(1_001), &secret()), None);
    }

    #[test]
    fn only_what_x_signed_is_let_in() {
        assert!(is_from_x(BODY, Some(SIGNED), &secret()));
        assert!(!is_from_x(BODY, None, &secret()));
        assert!(!is_from_x(BODY, Some(""), &secret()));
        assert!(!is_from_x(BODY, Some("sha256="), &secret()));
        assert!(!is_from_x(BODY, SIGNED.strip_prefix("sha256="), &secret()));
        assert!(!is_from_x(BODY, Some(SIGNED), &"another".to_owned().into()));
        assert!(!is_from_x(b"{\"data\":{} }", Some(SIGNED), &secret()));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]
        #[test]
        fn no_forgery_is_let_in(body: Vec<u8>, signature in "(sha256=)?[A-Za-z0-9+/]{0,44}=?", at: usize, bit in 0..8_u8) {
            prop_assert!(!is_from_x(&body, Some(&signature), &secret()));
            let mut flipped = BODY.to_vec();
            let at = at % flipped.len();
            flipped[at] ^= 1 << bit;
            prop_assert!(!is_from_x(&flipped, Some(SIGNED), &secret()));
            prop_assert!(!is_from_x(&BODY[..at], Some(SIGNED), &secret()), "truncated");
        }
    }
}
