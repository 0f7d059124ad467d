//! Weighing what comes in: language, tone, priority with its reasons, noise. Pure.

mod fold;
pub mod length;
pub mod listen;
pub mod tone;
mod weigh;

pub use fold::fold;
pub use tone::Tone;
pub use weigh::{Reason, Weighed, is_content, is_own_complaint, weigh};
