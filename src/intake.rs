//! Weighing what comes in: language, tone, priority with its reasons, noise. Pure.

mod fold;
mod language;
pub mod length;
pub mod listen;
mod noise;
mod text;
pub mod tone;
mod weigh;
#[rustfmt::skip]
mod words;

pub use fold::fold;
pub use tone::Tone;
pub use weigh::{Reason, Weighed, is_content, is_own_complaint, weigh};
