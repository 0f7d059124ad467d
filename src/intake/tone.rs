//! How a post sounds.

use serde::{Deserialize, Serialize};

/// How a post sounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Nothing stands out.
    #[default]
    Neutral,
    /// Thanks or praise.
    Thanks,
    /// Asks something.
    Question,
    /// Angry, or let down.
    Angry,
    /// Insults.
    Insult,
}
