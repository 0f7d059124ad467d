//! sereno carries public complaints into a support team's own chat, and the team's answers back.
//!
//! Read `ARCHITECTURE.md` for the map. In the order in which data flows: [`network`] → [`intake`]
//! → [`case`] → [`store`] → [`outbox`] → [`chat`]; [`engine`] turns the crank; [`app`] wires.

pub mod app;
pub mod case;
pub mod chat;
pub mod cli;
pub mod clock;
pub mod command;
pub mod config;
pub mod control;
pub mod cost;
pub mod demo;
pub mod desk;
pub mod digest;
pub mod engine;
pub mod error;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod http;
pub mod i18n;
pub mod intake;
pub mod media;
pub mod network;
pub mod outbox;
pub mod planted;
pub mod policy;
pub mod post;
pub mod say;
pub mod store;
pub mod telemetry;
pub mod tokenfile;
pub mod view;

/// Storing is mostly making and dropping small records, and sled's pages among them. With the C library's
/// allocator a commit costs the more the larger the store is: it searches longer for room.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
