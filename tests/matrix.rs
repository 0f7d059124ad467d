//! Matrix: sereno in rooms of a real homeserver. Runs where `tests/real/matrix.sh` started one; says so where not.

mod binary;
mod gaps;
mod harder;
mod keys;
mod once;
mod pictures;
mod proxy;
mod real;
mod rooms;
pub mod staff;
mod strangers;
mod town;
mod whole;
