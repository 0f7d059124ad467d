use super::*;

/// A part of a JPEG.
fn part(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut part = vec![0xff, kind];
    part.extend(u16::try_from(body.len() + 2).unwrap().to_be_bytes());
    part.extend_from_slice(body);
    part
}

/// EXIF in Intel's order with which way up and where.
fn exif(way: u8) -> Vec<u8> {
    let mut body = b"Exif\0\0II*\0\x08\0\0\0\x02\0".to_vec();
    body.extend([0x12, 0x01, 3, 0, 1, 0, 0, 0, way, 0, 0, 0]);
    body.extend([0x25, 0x88, 4, 0, 1, 0, 0, 0, 38, 0, 0, 0]);
    body.extend_from_slice(b"\0\0\0\0GPS 41.38N 2.17E");
    body
}

fn jpeg(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut file = vec![0xff, 0xd8];
    file.extend(parts.concat());
    file.extend(part(0xdb, &[7; 65]));
    file.extend(part(0xda, &[1, 2, 3]));
    // Pixels, a filled 0xff, a restart, a second scan with a table before it.
    file.extend([9, 0xff, 0, 8, 0xff, 0xd3, 7]);
    file.extend(part(0xc4, &[5; 20]));
    file.extend(part(0xda, &[4]));
    file.extend([6, 0xff, 0xd9]);
    file
}

fn holds(bytes: &[u8], words: &[u8]) -> bool {
    bytes.windows(words.len()).any(|w| w == words)
}

#[test]
fn a_photo_keeps_which_way_up_and_no_place() {
    let jfif = part(0xe0, b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0");
    let colours = part(0xe2, b"ICC_PROFILE\0\x01\x01abc");
    let photo =
        jpeg(&[jfif.clone(), part(0xe1, &exif(6)), part(0xe1, b"http://ns.adobe.com/xap/1.0/\0GPS"), colours.clone(), part(0xfe, b"GPS")]);
    let mut followed = photo.clone();
    followed.extend_from_slice(b"ftypmp42 GPS");
    let clean = Image::of(&followed, "").unwrap();
    assert!(holds(&photo, b"GPS") && !holds(&clean.bytes, b"GPS"), "the place is gone, also from what stands behind the picture");
    assert_eq!(clean.bytes, jpeg(&[jfif, super::scrub::upright(6), colours]), "all else stands as it stood");
    // What is clean stays so, to the byte: which way up is read out of our own part as well.
    assert_eq!(Image::of(&clean.bytes, "").unwrap().bytes, clean.bytes);
    // Upright is what none of them needs to be told.
    assert_eq!(Image::of(&jpeg(&[part(0xe1, &exif(1))]), "").unwrap().bytes, jpeg(&[]));
}

/// A part of a PNG, its sum left at nothing: nobody here reads it.
fn chunk(name: &[u8], body: &[u8]) -> Vec<u8> {
    let mut chunk = u32::try_from(body.len()).unwrap().to_be_bytes().to_vec();
    chunk.extend_from_slice(name);
    chunk.extend_from_slice(body);
    chunk.extend([0; 4]);
    chunk
}

#[test]
fn a_png_and_a_webp_keep_what_shows_and_nothing_that_tells() {
    let head = b"\x89PNG\r\n\x1a\n".to_vec();
    let file =
        |parts: &[Vec<u8>]| [head.clone(), chunk(b"IHDR", &[1; 13]), parts.concat(), chunk(b"IDAT", &[2; 9]), chunk(b"IEND", &[])].concat();
    let told = file(&[chunk(b"eXIf", b"GPS"), chunk(b"tEXt", b"Author\0Ana"), chunk(b"iCCP", b"colour")]);
    assert_eq!(Image::of(&[told, b"GPS".to_vec()].concat(), "").unwrap().bytes, file(&[chunk(b"iCCP", b"colour")]));

    let riff = |parts: &[(&[u8], &[u8])]| {
        let mut body = b"WEBP".to_vec();
        for (name, part) in parts {
            body.extend_from_slice(name);
            body.extend(u32::try_from(part.len()).unwrap().to_le_bytes());
            body.extend_from_slice(part);
            body.extend(vec![0; part.len() % 2]);
        }
        [b"RIFF".to_vec(), u32::try_from(body.len()).unwrap().to_le_bytes().to_vec(), body].concat()
    };
    let told = riff(&[(b"VP8X", &[0x2c; 10]), (b"VP8 ", &[3; 5]), (b"EXIF", b"GPS"), (b"XMP ", b"GPSGPS")]);
    let mut flags = [0x2c; 10];
    flags[0] = 0x20;
    assert_eq!(Image::of(&told, "").unwrap().bytes, riff(&[(b"VP8X", &flags), (b"VP8 ", &[3; 5])]));
}

#[test]
fn what_is_no_picture_or_does_not_hold_together_is_none() {
    let photo = jpeg(&[part(0xe1, &exif(6))]);
    for cut in 0..photo.len() {
        assert_eq!(Image::of(&photo[..cut], ""), None, "{cut}");
    }
    for odd in
        [&b"<!DOCTYPE html>"[..], b"%PDF-1.7", b"", b"\xff\xd8\xff\xd9", b"RIFF\xff\xff\xff\xffWEBP", b"\x89PNG\r\n\x1a\n\xff\xff\xff\xff"]
    {
        assert_eq!(Image::of(odd, ""), None);
    }
    assert_eq!(Image::of(b"GIF89a...", "un gato").map(|i| (i.kind, i.alt)), Some((Kind::Gif, "un gato".into())));
}
