//! Pictures with answers and private messages, on the emulator.

use super::Signed;
use super::sending::{done, send};
use crate::emulator::x::{Emulator, Fault};
use sereno::case::SendKind;
use sereno::media::Image;
use sereno::outbox::{Look, Outcome};
use sereno::say::Why;

/// The least that passes for a PNG, told apart by what stands in it.
fn png(content: u8) -> Image {
    let chunk = |name: &[u8], body: &[u8]| [&[0, 0, 0, body.len() as u8][..], name, body, &[0; 4]].concat();
    let file = [b"\x89PNG\r\n\x1a\n".to_vec(), chunk(b"IHDR", &[1; 13]), chunk(b"IDAT", &[content; 9]), chunk(b"IEND", &[])].concat();
    Image::of(&file, "").unwrap()
}

fn because(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Refused { why: Why::Ours(say) } => &say.code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn pictures_hang_on_the_answer_in_their_order_and_one_on_a_message() {
    let x = Emulator::start().await;
    let us = Signed::on(&x).await;
    let ana = x.customer("ana");
    let post = ana.post("@tienda_sol mi pedido");
    let answer = send(SendKind::Reply, &post, &ana.id, "Así se abre");
    let receipt = done(us.now().publish(&answer, None, &[png(1), png(2)]).await);
    let message = send(SendKind::Dm, "", &ana.id, "La etiqueta");
    done(us.now().publish(&message, None, &[png(3)]).await);
    let books = x.books();
    let [one, two, private] = &books.media[..] else { panic!("{:?}", books.media) };
    assert_eq!((one.on.as_ref(), two.on.as_ref()), (Some(&receipt.native_id), Some(&receipt.native_id)));
    assert_eq!([&one.bytes, &two.bytes, &private.bytes], [&png(1).bytes, &png(2).bytes, &png(3).bytes]);
    assert_eq!(private.on.as_ref(), Some(&books.dms_to(&ana.id)[0].id));
    assert_eq!([&*one.category, &*private.category], ["tweet_image", "dm_image"]);
}

#[tokio::test]
async fn nothing_goes_without_its_picture() {
    let x = Emulator::start().await;
    let us = Signed::on(&x).await;
    let ana = x.customer("ana");
    let post = ana.post("@tienda_sol mi pedido");
    let answer = send(SendKind::Reply, &post, &ana.id, "Así se abre");
    for fault in [Fault::Status { code: 503, done: true }, Fault::Drop { done: true }, Fault::Drop { done: false }, Fault::HalfAnswer] {
        x.fault("POST /2/media", fault, 1);
        let outcome = us.now().publish(&answer, None, &[png(1)]).await;
        assert!(matches!(outcome, Outcome::Retry { lane: false, .. }), "nothing was published, so that it goes again: {outcome:?}");
    }
    x.fault("POST /2/media", Fault::Status { code: 422, done: false }, 1);
    assert_eq!(because(&us.now().publish(&answer, None, &[png(1)]).await), "why-picture-refused");
    x.fault("POST /2/media", Fault::Status { code: 403, done: false }, 1);
    assert_eq!(because(&us.now().publish(&answer, None, &[png(1)]).await), "why-picture-no-right");
    assert_eq!(x.books().asked("POST", "/2/tweets"), 0);
    // The answer was taken and its picture with it, and nobody was told: it is found, and stands once.
    x.fault("POST /2/tweets", Fault::Drop { done: true }, 1);
    assert!(matches!(us.now().publish(&answer, None, &[png(1)]).await, Outcome::Unknown { .. }));
    assert!(matches!(us.look(&answer, &[]).await, Look::Found(_)));
    assert_eq!(x.books().answers_to(&post).len(), 1);
}

#[tokio::test]
async fn a_picture_is_used_by_who_gave_it_for_what_it_was_given_and_once() {
    let x = Emulator::start().await;
    let us = Signed::on(&x).await;
    let ana = x.customer("ana");
    let post = ana.post("@tienda_sol mi pedido");
    // X's own rule, which the adapter keeps by giving pictures anew each time.
    for text in ["uno", "dos"] {
        done(us.now().publish(&send(SendKind::Reply, &post, &ana.id, text), None, &[png(1)]).await);
    }
    let books = x.books();
    assert_eq!(books.media.len(), 2);
    assert_ne!(books.media[0].on, books.media[1].on);
}
