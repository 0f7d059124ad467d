//! Reading what servers say, leniently: a field that is odd spoils no other.

use crate::clock::Time;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// `null` and absent are the same: the default.
pub fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(d: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(d)?.unwrap_or_default())
}

/// Text where text is; nothing where something else stands.
pub fn text_or_none<'de, D: Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<Value>::deserialize(d)?.and_then(|v| v.as_str().map(str::to_owned)))
}

/// `true` where that stands; no where anything else does.
pub fn yes<'de, D: Deserializer<'de>>(d: D) -> Result<bool, D::Error> {
    Ok(Value::deserialize(d)? == Value::Bool(true))
}

/// A number where one is; nothing where something else stands.
pub fn number_or_none<'de, D: Deserializer<'de>>(d: D) -> Result<Option<i64>, D::Error> {
    Ok(Value::deserialize(d)?.as_i64())
}

/// Counts can be -1 where a server hides them.
pub fn count<'de, D: Deserializer<'de>>(d: D) -> Result<u64, D::Error> {
    Ok(number_or_none(d)?.and_then(|n| u64::try_from(n).ok()).unwrap_or_default())
}

/// Of a list those that can be read.
pub fn readable<'de, D: Deserializer<'de>, T: serde::de::DeserializeOwned>(d: D) -> Result<Vec<T>, D::Error> {
    let items = Option::<Value>::deserialize(d)?;
    let Some(Value::Array(items)) = items else { return Ok(Vec::new()) };
    Ok(items.into_iter().filter_map(|item| serde_json::from_value(item).ok()).collect())
}

/// What can be read; nothing where something else stands.
pub fn if_readable<'de, D: Deserializer<'de>, T: serde::de::DeserializeOwned>(d: D) -> Result<Option<T>, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(d)?).ok())
}

/// What can be read; the default where something else stands.
pub fn readable_or_default<'de, D: Deserializer<'de>, T: serde::de::DeserializeOwned + Default>(d: D) -> Result<T, D::Error> {
    Ok(if_readable(d)?.unwrap_or_default())
}

/// A moment as ISO 8601 has it.
#[must_use]
pub fn time(iso: &str) -> Option<Time> {
    iso.parse::<jiff::Timestamp>().ok().map(Time::from)
}
