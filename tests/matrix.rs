//! Matrix: sereno in rooms of a real homeserver. Runs where `tests/real/matrix.sh` started one; says so where not.

mod harder;
mod real;
pub mod staff;
mod town;
mod whole;
