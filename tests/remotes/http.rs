//! HTTP as far as the servers of these tests need it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

/// A request, read whole.
pub(crate) struct Request {
    pub(crate) method: String,
    /// Percent-decoded.
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

/// What is said to a request.
pub(crate) enum Response {
    /// A status, headers, a body.
    Say(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// The length and half of the body, and then the connection is cut.
    Cut(Vec<u8>),
    /// The connection is cut.
    Hang,
}

/// Bytes of a body that are read before the handler may stop the rest.
type Handler = dyn Fn(Request) -> Response + Send + Sync;
/// Says whether a body shall be read; it gets the method and the path.
type Gate = dyn Fn(&str, &str) -> bool + Send + Sync;

/// Serves on a port of its own until the process ends; its address.
pub(crate) fn serve(gate: Arc<Gate>, handler: Arc<Handler>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (gate, handler) = (gate.clone(), handler.clone());
            // A client that hangs up is no failure.
            std::thread::spawn(move || connection(&stream, &*gate, &*handler));
        }
    });
    address
}

fn connection(stream: &TcpStream, gate: &Gate, handler: &Handler) -> Option<()> {
    let mut from = BufReader::new(stream);
    let mut to = stream;
    loop {
        let request = read(&mut from, gate)?;
        let head = request.method == "HEAD";
        match handler(request) {
            Response::Say(status, headers, body) => {
                let mut said = format!("HTTP/1.1 {status} x\r\nContent-Length: {}\r\n", body.len());
                headers.iter().for_each(|(name, value)| said += &format!("{name}: {value}\r\n"));
                said += "\r\n";
                to.write_all(said.as_bytes()).ok()?;
                if !head {
                    to.write_all(&body).ok()?;
                }
            }
            Response::Cut(body) => {
                let said = format!("HTTP/1.1 206 x\r\nContent-Length: {}\r\n\r\n", body.len());
                to.write_all(said.as_bytes()).ok()?;
                to.write_all(&body[..body.len() / 2]).ok()?;
                return None;
            }
            Response::Hang => return None,
        }
    }
}

fn read(from: &mut BufReader<&TcpStream>, gate: &Gate) -> Option<Request> {
    let mut line = String::new();
    from.read_line(&mut line).ok().filter(|n| *n > 0)?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let query = query.split('&').filter_map(|pair| pair.split_once('='));
    let query = query.map(|(name, value)| (decoded(name), decoded(value))).collect();
    let path = decoded(path);
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        from.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let len: u64 = headers.get("content-length").map_or(0, |len| len.parse().unwrap());
    let mut body = Vec::new();
    if len > 0 && !gate(&method, &path) {
        // Some of it, and then nothing more.
        from.take(len / 2).read_to_end(&mut body).ok()?;
        return None;
    }
    from.take(len).read_to_end(&mut body).ok()?;
    (body.len() as u64 == len).then_some(Request { method, path, query, headers, body })
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match (first, after.get(..2)) {
            (b'%', Some(hex)) => {
                bytes.push(u8::from_str_radix(std::str::from_utf8(hex).unwrap(), 16).unwrap());
                rest = &after[2..];
            }
            _ => bytes.push(*first),
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// The part of a file that a `Range` header asks for; all of it without one.
pub(crate) fn part(file: &[u8], range: Option<&String>) -> Response {
    let Some(range) = range else { return Response::Say(200, Vec::new(), file.to_vec()) };
    let (start, last) = range.strip_prefix("bytes=").unwrap().split_once('-').unwrap();
    let (start, last): (usize, usize) = (start.parse().unwrap(), last.parse().unwrap());
    match file.get(start..file.len().min(last + 1)).filter(|bytes| !bytes.is_empty()) {
        Some(bytes) => Response::Say(206, Vec::new(), bytes.to_vec()),
        None => Response::Say(416, Vec::new(), Vec::new()),
    }
}
