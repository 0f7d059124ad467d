//! X: what the adapter's parts say and read, held against X's own description of its API and against the emulator, whose
//! own rules are tried here as well.

mod account;
mod context;
mod costs;
mod emulated;
mod hooked;
mod login;
mod pictures;
mod reading;
mod sending;
mod spec;
mod story;
mod streams;
mod witness;

use crate::emulator::x::{CLIENT_ID, Emulator};
use sereno::clock::{Clock, Time};
use sereno::network::x::api::Api;
use sereno::network::x::auth::tokens::Tokens;
use sereno::network::x::auth::{App, Granted};
use sereno::network::x::read::Reader;
use sereno::network::x::till::Till;
use sereno::post::Account;
use std::time::Duration;

/// An account that has signed in.
struct Signed {
    api: Api,
    account: Account,
    me: String,
    till: Till,
    _dir: tempfile::TempDir,
}

impl Signed {
    async fn on(x: &Emulator) -> Signed {
        let dir = tempfile::tempdir().unwrap();
        let app = App { client_id: CLIENT_ID.into(), client_secret: None };
        let tokens = Tokens::open(app, dir.path().join("x.json"), Clock::system()).unwrap();
        let (access, refresh) = x.tokens();
        let expires = Clock::system().now().plus(7_200_000);
        let granted = Granted { access: access.into(), refresh: Some(refresh.into()), expires, scopes: Vec::new() };
        tokens.signed_in(&x.brand_id(), &granted).await.unwrap();
        let wait = Duration::from_secs(20);
        let api = Api::new(x.url().parse().unwrap(), tokens, wait, wait, Clock::system()).unwrap();
        Signed { api, account: "tienda".into(), me: x.brand_id(), till: Till::default(), _dir: dir }
    }

    fn at(&self, now: Time) -> Reader<'_> {
        Reader { api: &self.api, account: &self.account, me: &self.me, now, import_ms: 3_600_000, till: &self.till }
    }

    fn now(&self) -> Reader<'_> {
        self.at(Clock::system().now())
    }
}
