//! Matrix: sereno in rooms of a real homeserver. Runs where `tests/real/matrix.sh` started one; says so where not.

mod harder;
mod killed;
mod real;
mod staff;
mod town;
mod whole;
