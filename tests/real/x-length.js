// What X counts, taken from its own library (npm's twitter-text, and the emoji parser that it uses), for
// x-length.sh: `node x-length.js FOLDER` writes into FOLDER what stands in the repository under
//   src/intake/length/weighted/tlds.txt    the top-level domains, in the library's order
//   src/intake/length/weighted/emoji.txt   the emoji, as a regular expression over code points
//   tests/golden/x/length.jsonl      the corpus: each text with its length, whether it may be posted, and its links
// The corpus is made of seeded chance and is the same each time.
'use strict';
const fs = require('fs');
const path = require('path');
const root = path.dirname(require.resolve('twitter-text/package.json'));
const lib = require('twitter-text');
const regexp = (name) => {
  const module = require(path.join(root, 'dist', 'regexp', name + '.js'));
  return module.default || module;
};
const out = process.argv[2];

// ---- tables ---------------------------------------------------------------------------------

const words = (name) => {
  const found = /^\(\?:\(\?:(.*)\)\(\?=\[\^0-9a-zA-Z@\+-\]\|\$\)\)$/.exec(regexp(name).source);
  if (!found) throw new Error(`${name} is built otherwise than this script knows`);
  return found[1].split('|');
};
fs.writeFileSync(path.join(out, 'tlds.txt'), words('validGTLD').concat(words('validCCTLD')).join('\n') + '\n');

const emojiPath = path.join(path.dirname(require.resolve('twemoji-parser')), 'lib', 'regex.js');
const point = (high, low) => '\\x{' + (0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)).toString(16) + '}';
const emoji = require(emojiPath).default.source
  // A high surrogate before a class of low ones: a class of code points.
  .replace(/\\u(d[89ab][0-9a-f]{2})\[([^\]]*)\]/g, (_, high, lows) =>
    '[' + lows.replace(/\\u(d[c-f][0-9a-f]{2})/g, (_, low) => point(parseInt(high, 16), parseInt(low, 16))) + ']')
  .replace(/\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})/g, (_, high, low) => point(parseInt(high, 16), parseInt(low, 16)))
  .replace(/\\u([0-9a-f]{4})/g, (_, unit) => '\\x{' + unit + '}')
  // Rust's regular expressions do not look ahead: there what holds this sign (show as text) is no match.
  .replace(/\(\?!\\x\{fe0e\}\)/g, '\\x{fe0e}?');
if (/\\u|\(\?[!=<]/.test(emoji)) throw new Error('the emoji are built otherwise than this script knows');
fs.writeFileSync(path.join(out, 'emoji.txt'), emoji + '\n');

// ---- the corpus -----------------------------------------------------------------------------

let seed = 0x5e4e40;
const next = () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return (t ^ (t >>> 14)) >>> 0;
};
const below = (n) => next() % n;
const one = (list) => list[below(list.length)];
const some = (max, make) => Array.from({ length: below(max + 1) }, make).join('');
const tlds = ['com', 'es', 'co', 'museum', 'de', 'io', 'cat', 'co.uk', '한국', 'онлайн', 'xn--p1ai', 'COM', 'blog', 'news', 'q', 'invalid', 'c0m', 'comm'];
const text = [
  'mi', 'pedido', 'no', 'llega', 'señor', 'ñu', 'cafe\u0301', 'café', '日本語', '한국어', 'тест', 'мир', 'שלום', 'مرحبا', 'ſ', 'K',
  'Å', 'ﬁ', '½', '–', '—', '…', '‘x’', '“y”', '€', '™', '©', '#tag', '#ñandú', '@ana', '@shop', '＠ana', '$TSLA', 'a.b', '3.50', 'v1.2.3',
  'y.Mañana', 'fin.No', 'e.g.', 'node.js', 'U.S.', 'ana@correo.es', '\u200b', '\u200d', '\ufe0f', '\u202e', '\u00a0', '\u3000', '\u0345', '\u0399',
  '\u2c65', '\u1c80', '\ufffe', '\ufeff', '\u1100', '\u10ff', '\u1101\u1161', '𝒳', '𠮷', '\u{e0041}', '\u{1f1e6}',
];
const emojis = [
  '😀', '❤️', '❤', '❤\ufe0e', '👍🏽', '👨‍👩‍👧‍👦', '👩🏾‍⚕️', '🏳️‍🌈', '🏴‍☠️', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', '🇪🇸', '🇪🇸🇺🇸', '🇪', '1️⃣', '#⃣', '©️', '®', '☎', '☎️', '☎\ufe0e', '🥰', '🫠',
  '🧑‍💻', '👩‍❤️‍💋‍👨', '⛹🏿‍♀️', '⛹️‍♂️', '🕵‍♂️', '✌🏻', '✌\ufe0e', '🤷‍♀️', '🤷‍♀', '🐻‍❄️', '🅰️', '♟️', '♟', '👁‍🗨', '👪', '👨‍👦‍👦',
];
const label = () => one(['a', 'ab', 'example', 'sub-domain', 'foo_bar', 'x--y', '-a', 'b-', 'ñandú', 'bücher', 'дом', '日本', '例え', 'xn--bcher-kva', 'a😀', '😀', 'z'.repeat(1 + below(70)), 'é', '1', '127', 'w.w', 't', 'ʼn']);
const domain = () => some(2, () => label() + '.') + label() + '.' + one(tlds);
const piece = () => one(['a', 'pedido', 'Ñ', 'б', 'Ι', '(b)', '(c(d)e)', '(', ')', '((f))', '()', '.', ',', '!', '-', '_', '~', '%20', '@', '@x/', '&', '=', ';', ':', "'", '*', '–', '日', '😀', '$', '|', '[', ']', '#', '+', '"', '/', '//', ' ', 'ﬀ', 'ⱥ']);
const pathOf = () => '/' + some(6, piece);
const query = () => '?' + some(5, () => one(['a=1', 'q', '&', '=', '%', '(', ')', '.', ',', '!', 'ñ', '?', '~', '|', '#x', '/', ' ', '$', '-']));
const link = () => {
  const protocol = one(['', '', 'http://', 'https://', 'HTTPS://', 'htTp://', 'ftp://', 'http:/', '//', 'http://http://', 'mailto:']);
  const host = below(6) === 0 ? one(['t.co', 'T.CO', 'www.t.co', 't.co.']) : domain();
  return protocol + host + (below(6) === 0 ? ':' + one(['80', '8080', '', 'x']) : '') +
    (below(2) === 0 ? pathOf() : '') + (below(8) === 0 ? '/' + 'aB3'.repeat(1 + below(18)) + one(['', '?a=b', '/x', '.']) : '') + (below(4) === 0 ? query() : '');
};
const between = () => one([' ', ' ', ' ', '', '', '\n', '\t', '.', ',', ';', '(', ')', '-', '_', '/', '@', '#', '$', '=', '"', '¡', '!', '¿', '?', '、', '。', '\u200e', '，', "'", '|', '\u2028', '&']);
const make = () => {
  const kind = below(10);
  const make = kind < 3 ? () => one(text) : kind < 5 ? () => one(emojis) : kind < 8 ? link : () => one([() => one(text), () => one(emojis), link])();
  let made = some(8, () => make() + between());
  // Some near the border, where a miscount is seen by who may post.
  if (below(12) === 0) made += one(['a', 'ñ', '日', '😀', 'a ', 'mira a.es ']).repeat(below(300));
  return made;
};
const byHand = [
  '', ' ', 'a', 'a'.repeat(280), 'a'.repeat(281), '日'.repeat(140), '日'.repeat(141), 'example.com', 'http://example.com', 'example.comm', 'example.com.', 'a.com日.a.co',
  '日a.coz日.a.co', 'http://a.com/Ι', 'x@😀b.com', '😀example.com', 'http://😀example.com/x', 'http://t.co/' + 'a'.repeat(41), 'http://t.co/' + 'a'.repeat(40),
  'http://t.co/abc/def?x', 't.co/abc', 'http://' + 'a'.repeat(63) + '.com', 'http://' + 'a'.repeat(64) + '.com', 'http://' + 'ñ'.repeat(50) + '.com', 'http://' + 'ñ'.repeat(60) + '.com',
  'http://' + '日'.repeat(40) + '.jp', 'http://' + '日'.repeat(20) + '.jp', 'http://a.com/' + 'x'.repeat(4074), 'http://a.com/' + 'x'.repeat(4084), 'http://xn--ñ.com', 'xn--bcher-kva.ch', 'http://a\uff0eb.com', 'http://\u3002b.com',
  'a.b.c.museum/x(y(z)).', '-example.com', '_example.com', '.example.com', '/example.com', '#example.com', 'éexample.com', 'http://foo_bar.com', 'http://foo_bar.example.com', 'foo_bar.example.com',
  'example.com:80/a', 'example.com:80', 'example.com?x=1', 'http://example.com?x=1.', 'http://example.com?', 'see https://x.com/a/status/1?s=20, please', 'https://example.com/@ana/', '\ufeffa', 'a\ufffe',
];
const corpus = [...new Set(byHand.concat(Array.from({ length: 3000 }, make)))];
const lines = corpus.map((text) => {
  const { weightedLength, valid } = lib.parseTweet(text);
  const links = lib.extractUrlsWithIndices(text.normalize()).map(({ url, indices }) => [indices[0], url.length]);
  return JSON.stringify({ text, length: weightedLength, valid, links });
});
fs.writeFileSync(path.join(out, 'length.jsonl'), lines.join('\n') + '\n');
