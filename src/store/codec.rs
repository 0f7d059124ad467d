//! How a record stands on disk: its key, its envelope, its seal.
//!
//! An envelope is `[format][flags][payload][crc32]`; the sum covers the record's key too, so that
//! a value under the wrong key is seen. Payloads are JSON; personal ones are sealed with
//! XChaCha20-Poly1305, the record's key as associated data. Format 1 is frozen: golden files in
//! `tests/golden/v1` hold it. [`super::keyring`] says where the keys of the seals live.

use super::keyring::bucket_of;
use crate::case::CaseId;
use crate::clock::Time;
use crate::digest::Fact;
use crate::outbox::EntryId;
use crate::say::Say;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use hmac::{Hmac, Mac};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Sha256;
use std::fmt;
use zeroize::Zeroizing;

/// The format that this program writes, and the newest that it reads.
pub const FORMAT: u8 = 1;
/// Flag: the payload is sealed.
pub const SEALED: u8 = 1;
/// Flag: the case was erased; nothing follows.
pub const ERASED: u8 = 2;
/// Flag: an answer sealed under the key of no case, though it may name one.
pub const GENERAL_KEY: u8 = 4;

const NONCE: usize = 24;

/// What is wrong with a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It is not what was written.
    Damaged {
        /// Which record, printable.
        record: String,
        /// What should be there.
        expected: String,
        /// What is.
        found: String,
    },
    /// A later program wrote it.
    Newer {
        /// Which record, printable.
        record: String,
        /// Its format.
        format: u8,
    },
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wrong::Damaged { record, expected, found } => write!(f, "record {record}: expected {expected}, found {found}"),
            Wrong::Newer { record, format } => {
                write!(f, "record {record} has format {format}, this sereno reads up to {FORMAT}: run the newer sereno that wrote it")
            }
        }
    }
}

impl Wrong {
    /// For people. What was expected and found is told in the program's own terms.
    #[must_use]
    pub fn say(&self) -> Say {
        match self {
            Wrong::Damaged { record, expected, found } => {
                Say::new("why-store-bad-record").text("record", record).text("expected", expected).text("found", found)
            }
            Wrong::Newer { record, format } => {
                Say::new("why-store-newer").text("record", record).number("format", *format).number("upto", FORMAT)
            }
        }
    }
    /// A damaged record.
    #[must_use]
    pub fn damaged(key: &[u8], expected: impl Into<String>, found: impl Into<String>) -> Wrong {
        Wrong::Damaged { record: printable(key), expected: expected.into(), found: found.into() }
    }
}

/// A record's key as people can read it: its kind, then the rest in hexadecimal.
#[must_use]
pub fn printable(key: &[u8]) -> String {
    match key.split_first() {
        Some((kind, rest)) => format!("{}:{}", char::from(*kind), hex(rest)),
        None => "(empty)".into(),
    }
}

/// Bytes in hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

/// Bytes from hexadecimal.
#[must_use]
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()
}

/// Puts a payload into its envelope.
#[must_use]
pub fn envelope(key: &[u8], flags: u8, payload: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(payload.len() + 6);
    value.extend([FORMAT, flags]);
    value.extend(payload);
    value.extend(sum(key, &value).to_be_bytes());
    value
}

/// Takes a payload out of its envelope: its flags and itself.
pub fn open_envelope<'a>(key: &[u8], value: &'a [u8]) -> Result<(u8, &'a [u8]), Wrong> {
    let Some((body, crc)) = value.split_last_chunk::<4>() else {
        return Err(Wrong::damaged(key, "at least 6 bytes", format!("{} bytes", value.len())));
    };
    let (expected, found) = (u32::from_be_bytes(*crc), sum(key, body));
    if expected != found {
        return Err(Wrong::damaged(key, format!("checksum {expected:08x}"), format!("{found:08x}")));
    }
    match body {
        [FORMAT, flags, payload @ ..] => Ok((*flags, payload)),
        [format, ..] if *format > FORMAT => Err(Wrong::Newer { record: printable(key), format: *format }),
        _ => Err(Wrong::damaged(key, format!("format {FORMAT}"), "none")),
    }
}

/// The sum that a value ends with.
#[must_use]
pub fn sum_of(value: &[u8]) -> u32 {
    value.last_chunk().copied().map_or(0, u32::from_be_bytes)
}

fn sum(key: &[u8], body: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(key);
    crc.update(body);
    crc.finalize()
}

/// A payload as JSON.
pub fn to_json<T: Serialize>(value: &T) -> Result<Vec<u8>, super::StoreError> {
    serde_json::to_vec(value).map_err(|e| super::StoreError::Unavailable(format!("a record cannot be written as JSON: {e}").into()))
}

/// A payload from JSON. What stood in it is never part of the message.
pub fn from_json<T: serde::de::DeserializeOwned>(key: &[u8], json: &[u8]) -> Result<T, Wrong> {
    serde_json::from_slice(json).map_err(|e| {
        let why = format!("{:?} error at line {} column {}", e.classify(), e.line(), e.column());
        Wrong::damaged(key, "JSON of this record's type", why)
    })
}

/// 32 secret bytes; wiped when dropped, never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey(Zeroizing<[u8; 32]>);

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

impl SecretKey {
    /// A new key from the machine's randomness.
    pub fn random() -> Result<SecretKey, super::StoreError> {
        let mut key = Zeroizing::new([0; 32]);
        fill(key.as_mut_slice())?;
        Ok(SecretKey(key))
    }
    /// A key from exactly 32 bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<SecretKey> {
        Some(SecretKey(Zeroizing::new(bytes.try_into().ok()?)))
    }
    /// The bytes, for the keyring's file.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// Seals `plain` so that it opens only with this key and the same `bound` data.
    pub fn seal(&self, bound: &[u8], plain: &[u8]) -> Result<Vec<u8>, super::StoreError> {
        let mut nonce = [0; NONCE];
        fill(&mut nonce)?;
        let cipher = XChaCha20Poly1305::new(self.0.as_slice().into());
        let sealed = cipher
            .encrypt(XNonce::from_slice(&nonce), Payload { msg: plain, aad: bound })
            .map_err(|_| super::StoreError::Unavailable("a record is too large to be sealed".into()))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what [`SecretKey::seal`] made; `None`: another key, other data, or damage.
    #[must_use]
    pub fn open(&self, bound: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, text) = sealed.split_at_checked(NONCE)?;
        let cipher = XChaCha20Poly1305::new(self.0.as_slice().into());
        cipher.decrypt(XNonce::from_slice(nonce), Payload { msg: text, aad: bound }).ok().map(Zeroizing::new)
    }
}

fn fill(bytes: &mut [u8]) -> Result<(), super::StoreError> {
    getrandom::fill(bytes).map_err(|e| super::StoreError::Unavailable(format!("the machine gives no randomness: {e}").into()))
}

/// The keyed hash under which an id from outside stands in a key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hashed(pub [u8; 16]);

impl fmt::Debug for Hashed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl Serialize for Hashed {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&hex(&self.0))
    }
}

impl<'de> Deserialize<'de> for Hashed {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        let bytes = unhex(&text).and_then(|b| b.try_into().ok());
        bytes.map(Hashed).ok_or_else(|| serde::de::Error::custom("expected 32 hexadecimal digits"))
    }
}

/// Makes [`Hashed`] ids: HMAC-SHA-256 under the keyring's hash key, cut to 128 bits.
#[derive(Clone)]
pub struct Hasher(Hmac<Sha256>);

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hasher(..)")
    }
}

impl Hasher {
    /// A hasher with this key.
    #[must_use]
    pub fn new(key: &SecretKey) -> Hasher {
        Hasher(<Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key.expose()).expect("HMAC takes a key of any length"))
    }
    /// The hash of some parts; `what` keeps hashes of different things apart.
    #[must_use]
    pub fn hash(&self, what: &str, parts: &[&str]) -> Hashed {
        let mut mac = self.0.clone();
        mac.update(what.as_bytes());
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        let mut cut = [0; 16];
        cut.iter_mut().zip(mac.finalize().into_bytes()).for_each(|(to, from)| *to = from);
        Hashed(cut)
    }
}

/// A moment so that byte order is time order.
#[must_use]
pub fn time_bytes(t: Time) -> [u8; 8] {
    (t.0.cast_unsigned() ^ (1 << 63)).to_be_bytes()
}

/// A moment back from [`time_bytes`].
#[must_use]
pub fn time_from(bytes: [u8; 8]) -> Time {
    Time((u64::from_be_bytes(bytes) ^ (1 << 63)).cast_signed())
}

/// The number in eight bytes of a key, from `at` on.
#[must_use]
pub fn eight(key: &[u8], at: usize) -> Option<[u8; 8]> {
    key.get(at..)?.first_chunk().copied()
}

/// The keys of records. The first byte is the kind.
pub mod key {
    use super::{CaseId, EntryId, Fact, Hashed, Time, bucket_of, time_bytes};

    /// The store's own figures, its name and its format.
    pub const META: &[u8] = b"mmeta";
    /// What was written last.
    pub const LAST: &[u8] = b"mlast";
    /// The counters.
    pub const COUNTERS: &[u8] = b"mcounters";
    /// The desk.
    pub const DESK: &[u8] = b"mdesk";

    /// The kind of a record. What belongs to a case lies together, so that a commit about one case
    /// touches few pages: its kind stands behind the case's number.
    #[must_use]
    pub fn kind(at: &[u8]) -> char {
        let place = if at.first() == Some(&b'c') { 9 } else { 0 };
        at.get(place).map_or('?', |b| char::from(*b))
    }
    /// What all keys of a kind and its first parts begin with.
    #[must_use]
    pub fn join(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
        std::iter::once(kind).chain(parts.iter().flat_map(|p| p.iter().copied())).collect()
    }
    /// A case's head: version, wrapped key, what the indices say. Heads of a bucket of keys lie together.
    #[must_use]
    pub fn head(case: CaseId) -> Vec<u8> {
        join(b'h', &[&bucket_of(case).to_be_bytes(), &case.0.to_be_bytes()])
    }
    /// A case.
    #[must_use]
    pub fn case(case: CaseId) -> Vec<u8> {
        join(b'c', &[&case.0.to_be_bytes(), b"c"])
    }
    /// An event.
    #[must_use]
    pub fn event(case: CaseId, n: u32) -> Vec<u8> {
        join(b'c', &[&case.0.to_be_bytes(), b"e", &n.to_be_bytes()])
    }
    /// A claim on a post.
    #[must_use]
    pub fn claim(post: Hashed) -> Vec<u8> {
        join(b'd', &[&post.0])
    }
    /// A command carried out.
    #[must_use]
    pub fn command(id: Hashed) -> Vec<u8> {
        join(b'r', &[&id.0])
    }
    /// Which commands a case's answers are of.
    #[must_use]
    pub fn answered(case: CaseId, id: Hashed) -> Vec<u8> {
        join(b'c', &[&case.0.to_be_bytes(), b"y", &id.0])
    }
    /// What could not be read.
    #[must_use]
    pub fn parked(id: Hashed) -> Vec<u8> {
        join(b'p', &[&id.0])
    }
    /// When a claim (`d`), command (`r`) or what was parked (`p`) may be forgotten.
    #[must_use]
    pub fn expiry(expires: Time, of: u8, id: Hashed) -> Vec<u8> {
        join(b'x', &[&time_bytes(expires), &[of], &id.0])
    }
    /// An entry of the outbox.
    #[must_use]
    pub fn entry(id: EntryId) -> Vec<u8> {
        join(b'o', &[&id.0.to_be_bytes()])
    }
    /// A stream's cursor.
    #[must_use]
    pub fn cursor(stream: Hashed) -> Vec<u8> {
        join(b'q', &[&stream.0])
    }
    /// A fact.
    #[must_use]
    pub fn fact(f: &Fact) -> Vec<u8> {
        join(b'f', &[&time_bytes(f.at), &f.case.0.to_be_bytes(), &f.n.to_be_bytes()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_gives_back_what_went_in() {
        let key = key::case(CaseId(7));
        let value = envelope(&key, SEALED, b"payload");
        assert_eq!(open_envelope(&key, &value), Ok((SEALED, b"payload".as_slice())));
        assert_eq!(printable(&key), "c:000000000000000763");
        assert_eq!([key::kind(&key), key::kind(&key::event(CaseId(7), 1)), key::kind(key::META)], ['c', 'e', 'm']);
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_seen() {
        let key = key::case(CaseId(7));
        let value = envelope(&key, 0, b"payload");
        for i in 0..value.len() {
            for bit in 0..8 {
                let mut bad = value.clone();
                bad[i] ^= 1 << bit;
                assert!(matches!(open_envelope(&key, &bad), Err(Wrong::Damaged { .. })), "byte {i} bit {bit}");
            }
            assert!(open_envelope(&key, &value[..i]).is_err(), "cut at {i}");
        }
        assert!(open_envelope(&key::case(CaseId(8)), &value).is_err(), "under another key");
    }

    #[test]
    fn a_newer_format_is_named_as_such() {
        let key = key::DESK;
        let mut value = vec![FORMAT + 1, 0];
        value.extend(sum(key, &value).to_be_bytes());
        let wrong = open_envelope(key, &value).unwrap_err();
        assert_eq!(wrong, Wrong::Newer { record: "m:6465736b".into(), format: FORMAT + 1 });
        assert!(wrong.to_string().contains("newer sereno"));
    }

    #[test]
    fn a_seal_opens_with_its_key_and_place_only() {
        let (a, b) = (SecretKey::random().unwrap(), SecretKey::random().unwrap());
        let sealed = a.seal(b"here", b"text").unwrap();
        assert_eq!(a.open(b"here", &sealed).unwrap().as_slice(), b"text");
        assert_eq!(a.open(b"there", &sealed), None);
        assert_eq!(b.open(b"here", &sealed), None);
        assert_ne!(a.seal(b"here", b"text").unwrap(), sealed, "a nonce never comes twice");
        assert_eq!(format!("{a:?}"), "SecretKey(..)");
    }

    #[test]
    fn byte_order_is_time_order() {
        let times = [i64::MIN, -5, 0, 5, i64::MAX].map(Time);
        assert!(times.map(time_bytes).is_sorted());
        assert_eq!(times.map(|t| time_from(time_bytes(t))), times);
    }

    #[test]
    fn hashes_keep_parts_and_kinds_apart() {
        let h = Hasher::new(&SecretKey::from_bytes(&[1; 32]).unwrap());
        assert_ne!(h.hash("a", &["bc", "d"]), h.hash("a", &["b", "cd"]));
        assert_ne!(h.hash("a", &["b"]), h.hash("b", &["b"]));
        assert_eq!(unhex(&hex(&[0, 15, 255])), Some(vec![0, 15, 255]));
        assert_eq!(unhex("0g"), None);
        assert_eq!(unhex("000"), None);
    }
}
