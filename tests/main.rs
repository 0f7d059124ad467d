//! The one integration binary.
#![expect(clippy::unwrap_used, reason = "tests")]

mod app;
mod config;
mod conformance;
mod console;
mod context;
mod crash;
mod demo;
mod docs;
mod emulator;
mod house;
mod listen;
mod mastodon;
#[cfg(feature = "matrix")]
mod matrix;
mod odds;
mod openapi;
mod operator;
mod run;
mod simulation;
mod slack;
mod slack_render;
mod specs;
mod staff;
mod store_conformance;
mod store_crash;
mod store_format;
mod store_full;
mod store_place;
mod store_power;
mod store_sample;
mod stories;
mod unfit;
mod versions;
mod views;
mod witness;
mod world;
mod x;

use specs::skipped;
