//! X, by its API of version 2.
//!
//! [`XAccount`] is one brand account. It reads from a stored cursor ([`read`]) and publishes once, looking back after doubt
//! ([`send`]). [`mapping`] turns X's entities into the core's types, [`price`] knows what each
//! act costs; these are pure. [`till`] is where acts are paid. [`login`] lets a person sign the account in, [`stream`] listens,
//! [`webhook`] takes what X signed, `register` asks X for either.

mod account;
pub use account::{Settings, XAccount};

pub mod api;
pub mod auth;
mod check;
mod context;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
pub mod login;
pub mod mapping;
pub mod price;
pub mod query;
pub mod read;
mod register;
pub mod send;
pub mod stream;
pub mod till;
pub mod webhook;
pub mod wire;
