//! OAuth 1.0a: each request is signed (RFC 5849, HMAC-SHA1). X takes nothing else for some calls about webhooks, and
//! signs what it sends to webhooks with the same consumer secret.

use crate::clock::{SECOND_MS, Time};
use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret, SecretString};
use sha1::Sha1;
use std::fmt::Write as _;
use url::Url;

/// A key and its secret.
#[derive(Clone, Debug)]
pub struct Pair {
    /// What is shown.
    pub key: String,
    /// What is only signed with.
    pub secret: SecretString,
}

/// What a signature is made with besides the request.
#[derive(Clone, Debug)]
pub struct Signer {
    /// The app.
    pub consumer: Pair,
    /// The account; none for the app itself.
    pub token: Option<Pair>,
}

impl Signer {
    /// The header `authorization` of a request. `form`: the fields of a body that is
    /// `application/x-www-form-urlencoded`; other bodies are not signed. `nonce`: random.
    #[must_use]
    pub fn header(&self, method: &str, url: &Url, form: &[(&str, &str)], nonce: &[u8; 16], now: Time) -> SecretString {
        self.signed(method, url, form, &HEXLOWER.encode(nonce), now.0.div_euclid(SECOND_MS)).into()
    }

    fn signed(&self, method: &str, url: &Url, form: &[(&str, &str)], nonce: &str, seconds: i64) -> String {
        let seconds = seconds.to_string();
        let mut own = vec![
            ("oauth_consumer_key", self.consumer.key.as_str()),
            ("oauth_nonce", nonce),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", &seconds),
            ("oauth_version", "1.0"),
        ];
        if let Some(token) = &self.token {
            own.push(("oauth_token", &token.key));
        }
        let base = base(method, url, form, &own);
        let signature = self.signature(&base);
        own.push(("oauth_signature", &signature));
        own.sort_unstable();
        let fields: Vec<String> = own.iter().map(|(name, value)| format!("{name}=\"{}\"", encoded(value))).collect();
        format!("OAuth {}", fields.join(", "))
    }

    fn signature(&self, base: &str) -> String {
        let token = self.token.as_ref().map(|token| encoded(token.secret.expose_secret())).unwrap_or_default();
        let key = zeroize::Zeroizing::new(format!("{}&{token}", encoded(self.consumer.secret.expose_secret())));
        let mut mac = Hmac::<Sha1>::new_from_slice(key.as_bytes()).expect("HMAC takes a key of any length");
        mac.update(base.as_bytes());
        BASE64.encode(&mac.finalize().into_bytes())
    }
}

/// What is signed: method, address and all parameters, in order, encoded twice.
fn base(method: &str, url: &Url, form: &[(&str, &str)], own: &[(&str, &str)]) -> String {
    let query: Vec<(String, String)> = url.query_pairs().map(|(n, v)| (n.into_owned(), v.into_owned())).collect();
    let query = query.iter().map(|(n, v)| (n.as_str(), v.as_str()));
    let mut all: Vec<(String, String)> =
        query.chain(form.iter().copied()).chain(own.iter().copied()).map(|(n, v)| (encoded(n), encoded(v))).collect();
    all.sort_unstable();
    let all: Vec<String> = all.into_iter().map(|(n, v)| format!("{n}={v}")).collect();
    let mut address = url.clone();
    address.set_query(None);
    address.set_fragment(None);
    format!("{}&{}&{}", method.to_ascii_uppercase(), encoded(address.as_str()), encoded(&all.join("&")))
}

/// As RFC 3986 has it: letters, digits and `-._~` stand for themselves.
#[must_use]
pub fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("a string takes everything");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(key: &str, secret: &str) -> Pair {
        Pair { key: key.into(), secret: secret.to_owned().into() }
    }

    /// From X's own documentation ("Creating a signature").
    #[test]
    fn signs_as_x_shows_it() {
        let signer = Signer {
            consumer: pair("xvz1evFS4wEEPTGEFPHBog", "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw"),
            token: Some(pair("370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb", "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE")),
        };
        let url = Url::parse("https://api.x.com/1.1/statuses/update.json?include_entities=true").unwrap();
        let older = Url::parse("https://api.twitter.com/1.1/statuses/update.json?include_entities=true").unwrap();
        let form = [("status", "Hello Ladies + Gentlemen, a signed OAuth request!")];
        let header = |url: &Url| signer.signed("post", url, &form, "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg", 1_318_622_958);
        assert!(header(&older).contains(r#"oauth_signature="hCtSmYh%2BiHYCEqBWrE7C7hYmtUk%3D""#), "{}", header(&older));
        assert_ne!(header(&url), header(&older));
        assert!(header(&url).starts_with(r#"OAuth oauth_consumer_key="xvz1evFS4wEEPTGEFPHBog", oauth_nonce="#));
        assert!(!header(&url).contains("LswwdoUaIvS8"));
    }

    /// RFC 5849, 3.4.1.1: what is signed, from a request with everything that is odd.
    #[test]
    fn what_is_signed_is_in_the_order_of_the_standard() {
        let url = Url::parse("http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b").unwrap();
        let own = [
            ("oauth_consumer_key", "9djdj82h48djs9d2"),
            ("oauth_token", "kkk9d7dh3k39sjv7"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "137131201"),
            ("oauth_nonce", "7d8f3e4a"),
        ];
        let base = base("POST", &url, &[("c2", ""), ("a3", "2 q")], &own);
        let standard = "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26\
                        oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26\
                        oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7";
        assert_eq!(base, standard);
    }

    #[test]
    fn the_app_signs_for_itself_too() {
        let signer = Signer { consumer: pair("k", "s&"), token: None };
        let url = Url::parse("https://api.x.com/2/webhooks/1").unwrap();
        let header = signer.header("PUT", &url, &[], &[7; 16], Time(1_700_000_000_999));
        assert!(header.expose_secret().contains(r#"oauth_timestamp="1700000000""#));
        assert!(!header.expose_secret().contains("oauth_token"));
    }
}
