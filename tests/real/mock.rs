//! A small HTTP/1.1 server on the loopback interface that records what it is asked.
//!
//! One thread accepts, one thread answers each connection, and each connection
//! is closed after its answer: enough for two command line tools.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use serde_json::{Value, json};

/// Longest request body that is read. A resumed session is sent whole.
const BODY_LIMIT: u64 = 256 << 20;

/// A request as it was received. Headers aren't kept: they hold what may be credentials.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// The path without its query.
    pub(crate) path: String,
    /// The body, `Null` if there is none, a string if it isn't JSON.
    pub(crate) body: Value,
}

/// An answer: whole, or a stream of server-sent events.
#[derive(Debug)]
pub(crate) enum Reply {
    Json(u16, Value),
    /// Name, if it has one, and data of each event.
    Events(Vec<(String, Value)>),
}

/// A mocked API.
pub(crate) trait Api: Send + 'static {
    /// Answers a request.
    fn answer(&mut self, request: &Request) -> Reply;

    /// Rules of the real API that requests have broken so far.
    fn violations(&self) -> Vec<String>;

    /// Rules of the script that nobody has used.
    fn unused(&self) -> Vec<String>;
}

struct Shared {
    api: Mutex<Box<dyn Api>>,
    requests: Mutex<Vec<Request>>,
    closing: AtomicBool,
}

/// A running server; dropping it stops it.
pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts `api` on a free port.
    pub(crate) fn start(api: impl Api) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free loopback port");
        let address = listener.local_addr().expect("the port");
        let shared = Arc::new(Shared {
            api: Mutex::new(Box::new(api)),
            requests: Mutex::default(),
            closing: AtomicBool::new(false),
        });
        let accepting = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared)
        });
        Self { address, shared, accepting: Some(accepting) }
    }

    /// `http://127.0.0.1:<port>`
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every request so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        lock(&self.shared.requests).clone()
    }

    /// Panics if a request has broken a rule of the real API, or if part of
    /// the script was never played.
    pub(crate) fn assert_played(&self) {
        let api = lock(&self.shared.api);
        assert_eq!(api.violations(), Vec::<String>::new(), "requests that the real API would refuse");
        assert_eq!(api.unused(), Vec::<String>::new(), "rules of the script that no request used");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.closing.store(true, Ordering::SeqCst);
        let woken = TcpStream::connect(self.address).is_ok();
        if let (true, Some(accepting)) = (woken, self.accepting.take()) {
            drop(accepting.join());
        }
    }
}

/// Locks, also after a panic elsewhere: the data is only ever read or appended to.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.closing.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let shared = Arc::clone(shared);
        // A client that hangs up is its own affair: the test looks at what was recorded.
        std::thread::spawn(move || drop(serve(&stream, &shared)));
    }
}

fn serve(mut stream: &TcpStream, shared: &Shared) -> std::io::Result<()> {
    let Some(request) = read_request(&mut BufReader::new(stream), stream)? else { return Ok(()) };
    lock(&shared.requests).push(request.clone());
    let reply = lock(&shared.api).answer(&request);
    match reply {
        Reply::Json(status, body) => write_json(&mut stream, status, &body),
        Reply::Events(events) => write_events(&mut stream, &events),
    }?;
    stream.flush()?;
    stream.shutdown(std::net::Shutdown::Write)
}

/// Reads a request; `None` if the connection was only opened.
fn read_request(input: &mut impl BufRead, mut output: &TcpStream) -> std::io::Result<Option<Request>> {
    let mut line = String::new();
    if input.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let headers = read_headers(input)?;
    if header(&headers, "expect").is_some() {
        output.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let bytes = read_body(input, &headers)?;
    let path = target.split('?').next().unwrap_or_default().to_owned();
    Ok(Some(Request { method, path, body: parse(&bytes) }))
}

fn parse(bytes: &[u8]) -> Value {
    if bytes.is_empty() {
        return Value::Null;
    }
    serde_json::from_slice(bytes).unwrap_or_else(|_| String::from_utf8_lossy(bytes).into())
}

/// Reads the headers, with names in lower case.
fn read_headers(input: &mut impl BufRead) -> std::io::Result<Vec<(String, String)>> {
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        input.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { return Ok(headers) };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
}

fn header<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

fn read_body(input: &mut impl BufRead, headers: &[(String, String)]) -> std::io::Result<Vec<u8>> {
    if header(headers, "transfer-encoding").is_some_and(|v| v.eq_ignore_ascii_case("chunked")) {
        return read_chunks(input);
    }
    let length = header(headers, "content-length").and_then(|v| v.parse().ok()).unwrap_or(0);
    let mut body = Vec::new();
    input.take(BODY_LIMIT.min(length)).read_to_end(&mut body)?;
    Ok(body)
}

/// Reads a body in chunks: each has its length in hexadecimal on a line before it.
fn read_chunks(input: &mut impl BufRead) -> std::io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        input.read_line(&mut line)?;
        let digits = line.split(';').next().unwrap_or_default().trim();
        let length = u64::from_str_radix(digits, 16).unwrap_or(0).min(BODY_LIMIT);
        input.take(length).read_to_end(&mut body)?;
        input.read_line(&mut String::new())?;
        if length == 0 {
            return Ok(body);
        }
    }
}

fn write_json(output: &mut impl Write, status: u16, body: &Value) -> std::io::Result<()> {
    let body = body.to_string();
    write!(
        output,
        "HTTP/1.1 {status} mock\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len(),
    )
}

/// Writes server-sent events; the end of the connection is the end of the stream.
fn write_events(output: &mut impl Write, events: &[(String, Value)]) -> std::io::Result<()> {
    output.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\nconnection: close\r\n\r\n")?;
    for (name, data) in events {
        let event = if name.is_empty() { String::new() } else { format!("event: {name}\n") };
        output.write_all(format!("{event}data: {data}\n\n").as_bytes())?;
        output.flush()?;
    }
    Ok(())
}

/// What both APIs answer to a path that they don't have.
pub(crate) fn not_found() -> Reply {
    Reply::Json(404, json!({"type": "error", "error": {"type": "not_found_error", "message": "not mocked"}}))
}
