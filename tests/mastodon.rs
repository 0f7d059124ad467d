//! The Mastodon adapter against the emulator, and against `mastodon-mock` where one is named.

mod context;
mod echo;
mod emulated;
mod mastodon_mock;
mod odd;
mod spec;
