//! The driver over HTTP, for those who are no part of this test binary: witnesses in other languages.
//! `POST /control/act {"user": "ana", "does": "slash", …}`; `GET /control/books`.

use super::http::{Asked, Reply};
use super::server::Shared;

pub async fn answer(_state: &Shared, _asked: &Asked) -> Reply {
    Reply::text(404, "nothing here yet")
}
