//! The one integration binary.
#![expect(clippy::unwrap_used, reason = "tests")]

mod app;
mod config;
mod console;
mod crash;
mod demo;
mod docs;
mod emulator;
mod house;
mod mastodon;
mod run;
mod simulation;
mod slack;
mod slack_render;
mod store_conformance;
mod store_crash;
mod store_format;
mod store_sample;
mod stories;
mod views;
mod world;
