//! Fetches the picture of a customer's post, from an address that strangers chose: over https, without any token, from hosts of
//! the open internet alone, and never more than is bounded in bytes, pixels and time. What it is, its first bytes say, and not
//! the server.

use crate::media::{Image, Kind};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use url::{Host, Url};

/// Bytes of one picture at most.
const MOST_BYTES: usize = 4 << 20;
/// Pixels of one picture at most: clients unpack it.
const MOST_PIXELS: usize = 50_000_000;
/// How long one picture may take.
const BOUND: Duration = Duration::from_secs(10);
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// From where pictures may be fetched.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Over https, at its usual port, alone.
    pub https: bool,
    /// Whether a host may be asked that has this address.
    pub may: fn(IpAddr) -> bool,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules { https: true, may: is_public }
    }
}

/// A picture.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fetched {
    /// Its kind.
    pub kind: Kind,
    /// Width and height.
    pub size: (usize, usize),
    /// Without what phones write beside the picture: whoever keeps it, and the homeserver, need not learn where it was taken.
    pub bytes: Vec<u8>,
}

/// Whether an address belongs to the open internet (the registries of special addresses: RFC 6890, RFC 9637, iana.org).
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, ..)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 168, _)
            | (198, 18 | 19, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (198, 51, 100)
            | (203, 0, 113)
    )
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    if let Some(inside) = ip.to_ipv4_mapped() {
        return is_public_v4(inside);
    }
    match ip.segments() {
        // Translated: the other address stands in its end.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
            is_public_v4(Ipv4Addr::new(a, b, c, d))
        }
        // Teredo and the rest of the protocols', documentation, 6to4.
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..=0xfff, ..] => false,
        // All that is given out as global.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

/// Looks names up, and gives out no address that may not be asked: what was looked at is what is connected to.
struct Guarded(fn(IpAddr) -> bool);

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let may = self.0;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            // One that also has an address inside is none that anybody means well with.
            if !found.iter().all(|at| may(at.ip())) {
                return Err("an address that is not of the open internet".into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// What fetches pictures.
pub(super) struct Web {
    rules: Rules,
    client: Option<reqwest::Client>,
}

impl Web {
    pub(super) fn new(rules: Rules) -> Web {
        Web { rules, client: client(rules) }
    }
}

fn client(rules: Rules) -> Option<reqwest::Client> {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .https_only(rules.https)
        // A proxy would look the name up, and nobody at the result.
        .no_proxy()
        .referer(false)
        .dns_resolver(Arc::new(Guarded(rules.may)))
        .connect_timeout(CONNECT)
        .timeout(BOUND)
        // Strangers' servers, of which none is likely to be asked again soon.
        .pool_max_idle_per_host(0)
        .build()
        .ok()
}

/// The picture at an address; else why not, without anything of the address.
pub(super) async fn picture(web: &Web, address: &str) -> Result<Fetched, &'static str> {
    let url = Url::parse(address).map_err(|_| "no address")?;
    allowed(web.rules, &url)?;
    let mut answer = web.client.as_ref().ok_or("no client")?.get(url).send().await.map_err(|_| "no answer")?;
    if answer.status() != reqwest::StatusCode::OK {
        return Err("no picture there");
    }
    if answer.content_length().is_some_and(|long| long > MOST_BYTES as u64) {
        return Err("too long");
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|_| "it broke off")? {
        if bytes.len() + chunk.len() > MOST_BYTES {
            return Err("too long");
        }
        bytes.extend_from_slice(&chunk);
    }
    let Image { kind, bytes, .. } = Image::of(&bytes, "").ok_or("no picture of a kind that is shown")?;
    let size = size(kind, &bytes).ok_or("nobody knows how large it is")?;
    if size.0.saturating_mul(size.1) > MOST_PIXELS {
        return Err("too large");
    }
    Ok(Fetched { kind, size, bytes })
}

fn allowed(rules: Rules, url: &Url) -> Result<(), &'static str> {
    if rules.https && (url.scheme() != "https" || url.port().is_some()) {
        return Err("not https");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a name or a password in the address");
    }
    // Numbers are not looked up.
    let ip = match url.host() {
        Some(Host::Domain(_)) => return Ok(()),
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip),
        None => return Err("no host"),
    };
    if (rules.may)(ip) { Ok(()) } else { Err("an address that is not of the open internet") }
}

/// Width and height, where the file says them at its beginning.
fn size(kind: Kind, bytes: &[u8]) -> Option<(usize, usize)> {
    let at = |i: usize| bytes.get(i).copied().map(usize::from);
    match kind {
        Kind::Png => {
            let number = |i: usize| Some((at(i)? << 24) | (at(i + 1)? << 16) | (at(i + 2)? << 8) | at(i + 3)?);
            Some((number(16)?, number(20)?))
        }
        Kind::Gif => Some((at(6)? | (at(7)? << 8), at(8)? | (at(9)? << 8))),
        Kind::Jpeg => {
            // From segment to segment, up to the one that begins a frame.
            let mut from = 2;
            loop {
                // Before a mark there may be more of its first byte.
                while at(from) == Some(0xff) && at(from + 1) == Some(0xff) {
                    from += 1;
                }
                let (mark, long) = (at(from + 1).filter(|_| at(from) == Some(0xff))?, (at(from + 2)? << 8) | at(from + 3)?);
                if matches!(mark, 0xc0..=0xcf) && !matches!(mark, 0xc4 | 0xc8 | 0xcc) {
                    return Some(((at(from + 7)? << 8) | at(from + 8)?, (at(from + 5)? << 8) | at(from + 6)?));
                }
                from += 2 + long.max(2);
            }
        }
        // Source: developers.google.com/speed/webp/docs/riff_container.
        Kind::Webp => {
            let number = |i: usize, n: usize| (0..n).rev().try_fold(0, |sum, k| Some((sum << 8) | at(i + k)?));
            match bytes.get(12..16)? {
                b"VP8X" => Some((number(24, 3)? + 1, number(27, 3)? + 1)),
                b"VP8L" => number(21, 4).map(|bits| ((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1)),
                b"VP8 " => Some((number(26, 2)? & 0x3fff, number(28, 2)? & 0x3fff)),
                _ => None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    const LOCAL: Rules = Rules { https: false, may: |ip| ip.is_loopback() };

    /// A server that says this to whoever asks; its address, and what it was asked.
    async fn serve(head: &'static str, body: Vec<u8>) -> (String, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = format!("http://localhost:{}/a.png", listener.local_addr().unwrap().port());
        let asked = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = vec![0; 4_096];
            let n = stream.read(&mut asked).await.unwrap();
            stream.write_all(head.as_bytes()).await.ok();
            // Whoever has had enough hangs up.
            stream.write_all(&body).await.ok();
            stream.shutdown().await.ok();
            String::from_utf8_lossy(&asked[..n]).into_owned()
        });
        (at, asked)
    }

    fn png(w: u32, h: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        bytes.extend(w.to_be_bytes());
        bytes.extend(h.to_be_bytes());
        bytes.extend(*b"\x08\x02\0\0\0 crc");
        bytes.extend(*b"\0\0\0\x08eXIfof Soria crc");
        bytes.extend(*b"\0\0\0\0IEND crc");
        bytes
    }

    #[tokio::test]
    async fn a_picture_is_told_by_its_bytes_and_asked_for_without_any_token() {
        let (at, asked) = serve("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n", png(640, 480)).await;
        let found = picture(&Web::new(LOCAL), &at).await.unwrap();
        assert_eq!((found.kind, found.size), (Kind::Png, (640, 480)));
        assert!(found.bytes.ends_with(b"IEND crc") && !found.bytes.windows(5).any(|part| part == b"Soria"), "where it was taken");
        let asked = asked.await.unwrap().to_lowercase();
        assert!(asked.starts_with("get /a.png ") && !asked.contains("authorization") && !asked.contains("cookie"), "{asked}");
    }

    #[tokio::test]
    async fn what_is_no_picture_or_too_much_of_one_is_left() {
        let ok = "HTTP/1.1 200 OK\r\ncontent-type: image/png\r\n\r\n";
        let long = [png(1, 1), vec![0; MOST_BYTES]].concat();
        for (head, body, why) in [
            (ok, b"<svg onload=alert(1)>".to_vec(), "no picture of a kind that is shown"),
            (ok, long, "too long"),
            ("HTTP/1.1 200 OK\r\ncontent-length: 4194305\r\n\r\n", Vec::new(), "too long"),
            (ok, png(40_000, 40_000), "too large"),
            ("HTTP/1.1 302 Found\r\nlocation: http://localhost/b.png\r\ncontent-length: 0\r\n\r\n", Vec::new(), "no picture there"),
        ] {
            let (at, _asked) = serve(head, body).await;
            assert_eq!(picture(&Web::new(LOCAL), &at).await, Err(why));
        }
    }

    #[tokio::test]
    async fn nobody_inside_is_asked() {
        // By its name, which leads inside.
        let (at, asked) = serve("HTTP/1.1 200 OK\r\n\r\n", png(1, 1)).await;
        assert_eq!(picture(&Web::new(Rules { https: false, ..Rules::default() }), &at).await, Err("no answer"));
        assert!(!asked.is_finished(), "nobody came");
        asked.abort();
        for address in ["https://127.0.0.1/a", "https://[::ffff:10.0.0.1]/a", "https://0x7f.1/a", "https://[fe80::1]/a", "https://[::1]/a"]
        {
            assert_eq!(
                picture(&Web::new(Rules::default()), address).await,
                Err("an address that is not of the open internet"),
                "{address}"
            );
        }
        for (address, why) in [
            ("http://example.org/a", "not https"),
            ("https://example.org:8443/a", "not https"),
            ("ftp://example.org/a", "not https"),
            ("https://me:secret@example.org/a", "a name or a password in the address"),
            ("a.png", "no address"),
        ] {
            assert_eq!(picture(&Web::new(Rules::default()), address).await, Err(why), "{address}");
        }
    }

    #[test]
    fn addresses_of_the_open_internet_are_told_from_all_others() {
        for open in ["93.184.216.34", "172.32.0.1", "2606:2800:220:1::1", "::ffff:8.8.8.8", "64:ff9b::808:808"] {
            assert!(is_public(open.parse().unwrap()), "{open}");
        }
        for inside in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "192.0.2.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "3fff::1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
    }

    #[test]
    fn width_and_height_stand_at_the_beginning() {
        assert_eq!(size(Kind::Gif, b"GIF89a\x80\x02\xe0\x01"), Some((640, 480)));
        let jpeg = b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x11\x08\x01\xe0\x02\x80";
        assert_eq!((Kind::of_bytes(jpeg), size(Kind::Jpeg, jpeg)), (Some(Kind::Jpeg), Some((640, 480))));
        let filled = b"\xff\xd8\xff\xe0\0\x04ab\xff\xff\xff\xc0\0\x11\x08\x01\xe0\x02\x80";
        assert_eq!(size(Kind::Jpeg, filled), Some((640, 480)), "bytes that fill up hide nothing");
        assert_eq!(size(Kind::Jpeg, b"\xff\xd8\xff\xe0\0\0"), None);
        assert_eq!(size(Kind::Jpeg, &[0xff; 64]), None);
        assert_eq!(size(Kind::Webp, b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x7f\x02\0\xdf\x01\0"), Some((640, 480)));
        assert_eq!(size(Kind::Webp, b"RIFF\0\0\0\0WEBPVP8L\x0a\0\0\0\x2f\xff\xff\xff\x0f"), Some((16_384, 16_384)));
        assert_eq!(size(Kind::Webp, b"RIFF\0\0\0\0WEBPVP8 \x0a\0\0\0\0\0\0\x9d\x01\x2a\x80\x02\xe0\x01"), Some((640, 480)));
        assert_eq!(size(Kind::Webp, b"RIFF\0\0\0\0WEBPVP8 "), None);
        assert_eq!(size(Kind::Png, b"\x89PNG"), None);
        assert_eq!(Kind::of_bytes(b"RIFF\0\0\0\0WEBPVP8 "), Some(Kind::Webp));
    }
}
