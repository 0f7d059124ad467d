//! tweepy on the emulated X, run by `tests/real/x-witness.sh`, which names it: `SERENO_X_PYTHON`, an interpreter that has it.

use crate::emulator::x::{APP_TOKEN, Emulator};
use crate::witness::{named, witness};
use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};

#[tokio::test]
async fn tweepy_finds_x() {
    let Some(python) = named("SERENO_X_PYTHON", "tests/real/x-witness.sh") else { return };
    let x = Emulator::start().await;
    x.keep_alive(100);
    let (ana, bea, eva) = (x.customer("ana"), x.customer("bea"), x.customer("eva"));
    eva.takes_dms(false);
    let posts: Vec<String> = (0..13).map(|n| ana.post(&format!("@tienda_sol mi pedido {n} no llega"))).collect();
    let no_names = bea.post("Nadie contesta en esa tienda");
    let verifier = "v".repeat(60);
    let challenge = BASE64URL_NOPAD.encode(&Sha256::digest(verifier.as_bytes()));
    let code = x.agree(&challenge, "http://127.0.0.1:1/back");
    let (token, _) = x.tokens();
    let arguments = [&x.url(), &token, APP_TOKEN, &x.brand_id(), &code, &verifier, &posts[3], &no_names, &bea.id, &eva.id];
    let proofs = witness(&python, "tweepy_witness.py", &arguments).await;
    assert_eq!(proofs.len(), 6, "{proofs:?}");
    let books = x.books();
    assert!(books.faults.is_empty(), "{:#?}", books.faults);
    assert_eq!(books.answers_to(&posts[3]).len(), 1, "one stands, one was taken back");
    assert_eq!((books.dms_to(&bea.id).len(), books.dms_to(&eva.id).len(), books.spent_twice), (1, 0, 1));
}
