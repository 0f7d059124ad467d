//! HTTP as bytes: read and written by hand, so that a connection can be broken at any of them.

use serde_json::Value;
use std::collections::BTreeMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    /// With the query.
    pub target: String,
    /// Names in small letters.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str())
    }

    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    pub fn query(&self) -> Vec<(String, String)> {
        let query = self.target.split_once('?').map_or("", |(_, q)| q);
        url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
    }

    pub fn bearer(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ")
    }

    pub fn is_json(&self) -> bool {
        self.header("content-type").is_some_and(|t| t.starts_with("application/json"))
    }

    /// The body's arguments, after those of the query. `None`: JSON was said, but it is none.
    pub fn arguments(&self) -> Option<BTreeMap<String, Value>> {
        let mut out: BTreeMap<String, Value> = self.query().into_iter().map(|(k, v)| (k, Value::String(v))).collect();
        let kind = self.header("content-type").unwrap_or_default();
        if self.is_json() && !self.body.is_empty() {
            let Value::Object(fields) = serde_json::from_slice(&self.body).ok()? else { return None };
            out.extend(fields.into_iter().filter(|(_, v)| !v.is_null()));
        } else if let Some((_, boundary)) = kind.split_once("boundary=") {
            let parts = multipart(&self.body, boundary.trim_matches('"'));
            out.extend(parts.into_iter().map(|(k, v)| (k, Value::String(String::from_utf8_lossy(&v).into_owned()))));
        } else if kind.starts_with("application/x-www-form-urlencoded") {
            out.extend(url::form_urlencoded::parse(&self.body).map(|(k, v)| (k.into_owned(), Value::String(v.into_owned()))));
        }
        Some(out)
    }

    /// What is uploaded: the whole body, or the largest part of a form.
    pub fn upload(&self) -> Vec<u8> {
        match self.header("content-type").and_then(|t| t.split_once("boundary=")) {
            Some((_, boundary)) => {
                let parts = multipart(&self.body, boundary.trim_matches('"'));
                parts.into_iter().map(|(_, v)| v).max_by_key(Vec::len).unwrap_or_default()
            }
            None => self.body.clone(),
        }
    }
}

/// The parts of a multipart body: name and content.
fn multipart(body: &[u8], boundary: &str) -> Vec<(String, Vec<u8>)> {
    let mark = format!("--{boundary}").into_bytes();
    let mut parts = Vec::new();
    let mut rest = body;
    while let Some(at) = find(rest, &mark) {
        rest = &rest[at + mark.len()..];
        let Some(head_end) = find(rest, b"\r\n\r\n") else { break };
        let Some(end) = find(rest, &mark) else { break };
        if head_end > end {
            continue;
        }
        let head = String::from_utf8_lossy(&rest[..head_end]).into_owned();
        let name = head.split("name=\"").nth(1).and_then(|n| n.split('"').next()).unwrap_or_default().to_owned();
        let content = &rest[head_end + 4..end];
        parts.push((name, content.strip_suffix(b"\r\n").unwrap_or(content).to_vec()));
    }
    parts
}

fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    hay.windows(needle.len()).position(|w| w == needle)
}

/// Longest body that is read, in bytes.
const LONGEST: usize = 64 * 1024 * 1024;

/// Reads a request; `None`: the other side is gone, or talks no HTTP.
pub async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Asked> {
    let head = head(stream, buffer).await?;
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers = headers(lines);
    let expects = headers.iter().any(|(k, v)| k == "expect" && v.eq_ignore_ascii_case("100-continue"));
    if expects {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.ok()?;
    }
    let body = body(stream, buffer, &headers, false).await?;
    Some(Asked { method, target, headers, body })
}

/// An answer: its code, headers and body.
pub type Answer = (u16, Vec<(String, String)>, Vec<u8>);

/// Reads an answer.
pub async fn read_answer(stream: &mut TcpStream) -> Option<Answer> {
    let mut buffer = Vec::new();
    let head = head(stream, &mut buffer).await?;
    let mut lines = head.split("\r\n");
    let code = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = headers(lines);
    let body = body(stream, &mut buffer, &headers, true).await?;
    Some((code, headers, body))
}

fn headers<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<(String, String)> {
    lines.filter_map(|l| l.split_once(':')).map(|(k, v)| (k.to_ascii_lowercase(), v.trim().to_owned())).collect()
}

async fn head(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<String> {
    let end = loop {
        if let Some(at) = find(buffer, b"\r\n\r\n") {
            break at;
        }
        if buffer.len() > 64 * 1024 || stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(buffer[..end].to_vec()).ok()?;
    buffer.drain(..end + 4);
    Some(head)
}

async fn body(stream: &mut TcpStream, buffer: &mut Vec<u8>, headers: &[(String, String)], to_end: bool) -> Option<Vec<u8>> {
    let header = |name: &str| headers.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str());
    if header("transfer-encoding").is_some_and(|t| t.eq_ignore_ascii_case("chunked")) {
        return chunked(stream, buffer).await;
    }
    let Some(length) = header("content-length") else {
        if to_end {
            while stream.read_buf(buffer).await.ok()? > 0 {}
            return Some(std::mem::take(buffer));
        }
        return Some(Vec::new());
    };
    let length: usize = length.parse().ok().filter(|l| *l <= LONGEST)?;
    while buffer.len() < length {
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
    Some(buffer.drain(..length).collect())
}

async fn chunked(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    loop {
        let line = loop {
            if let Some(at) = find(buffer, b"\r\n") {
                break at;
            }
            if stream.read_buf(buffer).await.ok()? == 0 {
                return None;
            }
        };
        let size = String::from_utf8_lossy(&buffer[..line]).split(';').next()?.trim().to_owned();
        let size = usize::from_str_radix(&size, 16).ok().filter(|s| *s <= LONGEST)?;
        buffer.drain(..line + 2);
        while buffer.len() < size + 2 {
            if stream.read_buf(buffer).await.ok()? == 0 {
                return None;
            }
        }
        out.extend(buffer.drain(..size));
        buffer.drain(..2);
        if size == 0 {
            return Some(out);
        }
    }
}

/// An answer on its way.
#[derive(Clone, Debug)]
pub struct Reply {
    pub code: u16,
    pub kind: &'static str,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

impl Reply {
    pub fn json(body: &Value) -> Reply {
        Reply { code: 200, kind: "application/json; charset=utf-8", headers: Vec::new(), body: body.to_string() }
    }

    pub fn text(code: u16, body: &str) -> Reply {
        Reply { code, kind: "text/plain", headers: Vec::new(), body: body.to_owned() }
    }

    /// The head with the length of the whole body.
    pub fn head(&self) -> String {
        let mut out = format!("HTTP/1.1 {} .\r\nContent-Type: {}\r\nContent-Length: {}\r\n", self.code, self.kind, self.body.len());
        for (name, value) in &self.headers {
            out.push_str(&format!("{name}: {value}\r\n"));
        }
        out.push_str("\r\n");
        out
    }
}

/// Sends a POST to `http://host:port/path` and reads the answer.
pub async fn post(url: &str, kind: &str, extra: &[(&str, String)], body: &str) -> Option<Answer> {
    let url = url::Url::parse(url).ok()?;
    let (host, port) = (url.host_str()?, url.port_or_known_default()?);
    let mut stream = TcpStream::connect((host, port)).await.ok()?;
    let mut out = format!(
        "POST {} HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: Slackbot 1.0 (+https://api.slack.com/robots)\r\nAccept: */*\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n",
        &url[url::Position::BeforePath..url::Position::AfterQuery],
        body.len()
    );
    for (name, value) in extra {
        out.push_str(&format!("{name}: {value}\r\n"));
    }
    out.push_str("\r\n");
    out.push_str(body);
    stream.write_all(out.as_bytes()).await.ok()?;
    read_answer(&mut stream).await
}
