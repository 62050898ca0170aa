//! A bucket of our own: as much of S3 as a remote needs, in memory, with a
//! count of what was asked and failures on demand.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex};

use super::contract::Inside;
use super::http::{Request, Response, part, serve};
use super::signed::{self, Account};

/// How many objects a page of a listing has.
const PAGE: usize = 5;

/// What shall go wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is answered with this status.
    Status(u16),
    /// The connection is cut: within the body, if there is one.
    Cut,
    /// It is carried out, and the connection is cut before the answer.
    Unanswered,
}

#[derive(Default)]
struct State {
    objects: BTreeMap<String, Vec<u8>>,
    /// Method, path and length of body of each request.
    log: Vec<(String, String, usize)>,
    /// What shall go wrong with requests of a method, one after another.
    faults: Vec<(&'static str, Fault)>,
    /// What shall go wrong with all requests of a method with this in their path.
    refused: Option<(&'static str, String, Fault)>,
}

/// A bucket called `b` on a port of its own.
#[derive(Clone)]
pub(crate) struct Bucket {
    state: Arc<Mutex<State>>,
    /// Whether it knows `If-None-Match`.
    conditional: bool,
    pub(crate) url: String,
}

impl Bucket {
    pub(crate) fn new(conditional: bool) -> Bucket {
        let state = Arc::new(Mutex::new(State::default()));
        let mut bucket = Bucket { state, conditional, url: String::new() };
        let (gate, handler) = (bucket.clone(), bucket.clone());
        bucket.url = serve(
            Arc::new(move |method, _| gate.fault(method, Fault::Cut).is_none()),
            Arc::new(move |request| handler.answer(&request)),
        );
        bucket
    }

    /// Its address, with a prefix.
    pub(crate) fn address(&self) -> String {
        format!("s3://b/some/prefix?endpoint={}", self.url)
    }

    /// Whom it knows. What others sign it refuses, and what isn't signed.
    const ACCOUNT: Account = Account { key: "key", secret: "secret" };

    /// The credentials of that one.
    pub(crate) const VARS: [(&'static str, &'static str); 2] =
        [("AWS_ACCESS_KEY_ID", "key"), ("AWS_SECRET_ACCESS_KEY", "secret")];

    /// Lets the next requests of a method go wrong.
    pub(crate) fn fail(&self, method: &'static str, faults: &[Fault]) {
        self.state.lock().unwrap().faults.extend(faults.iter().map(|fault| (method, *fault)));
    }

    /// Lets all requests of a method with this in their path go wrong, until
    /// told otherwise.
    pub(crate) fn refuse(&self, refused: Option<(&'static str, &str, Fault)>) {
        let refused = refused.map(|(method, path, fault)| (method, path.to_owned(), fault));
        self.state.lock().unwrap().refused = refused;
    }

    /// What was asked since the last call: method, path and bytes sent.
    pub(crate) fn log(&self) -> Vec<(String, String, usize)> {
        std::mem::take(&mut self.state.lock().unwrap().log)
    }

    pub(crate) fn objects(&self) -> BTreeMap<String, Vec<u8>> {
        self.state.lock().unwrap().objects.clone()
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut BTreeMap<String, Vec<u8>>)) {
        change(&mut self.state.lock().unwrap().objects);
    }

    /// Takes the next fault of a method, if it is this one.
    fn fault(&self, method: &str, wanted: Fault) -> Option<Fault> {
        let mut state = self.state.lock().unwrap();
        let at = state.faults.iter().position(|(of, _)| *of == method)?;
        if state.faults[at].1 != wanted {
            return None;
        }
        Some(state.faults.remove(at).1)
    }

    fn next_fault(&self, method: &str) -> Option<Fault> {
        let mut state = self.state.lock().unwrap();
        let at = state.faults.iter().position(|(of, _)| *of == method)?;
        Some(state.faults.remove(at).1)
    }

    fn answer(&self, request: &Request) -> Response {
        let refused = self.state.lock().unwrap().refused.clone();
        let is_meant = |(method, path, _): &(&str, String, Fault)| {
            request.method == *method && request.path.contains(path.as_str())
        };
        let refused = refused.filter(is_meant).map(|(_, _, fault)| fault);
        let fault = refused.or_else(|| self.next_fault(&request.method));
        let entry = (request.method.clone(), request.path.clone(), request.body.len());
        self.state.lock().unwrap().log.push(entry);
        match fault {
            Some(Fault::Status(status)) => {
                let text = "<Error><Code>Made</Code><Message>up</Message></Error>";
                Response::Say(status, Vec::new(), text.into())
            }
            Some(Fault::Cut) => match self.carry_out(request) {
                Response::Say(_, _, body) => Response::Cut(body),
                other => other,
            },
            Some(Fault::Unanswered) => {
                self.carry_out(request);
                Response::Hang
            }
            None => self.carry_out(request),
        }
    }

    fn carry_out(&self, request: &Request) -> Response {
        let none = |status| Response::Say(status, Vec::new(), Vec::new());
        // Google's condition has another name, and is signed in other words.
        let google = request.query.contains_key("X-Goog-Signature");
        if google && !super::google::is_signed(request) {
            return none(403);
        }
        if let Some(code) = signed::refused(request, Bucket::ACCOUNT).filter(|_| !google) {
            let text = format!("<Error><Code>{code}</Code></Error>");
            return Response::Say(403, Vec::new(), text.into());
        }
        let (condition, value) =
            if google { ("x-goog-if-generation-match", "0") } else { ("if-none-match", "*") };
        let Some(key) = request.path.strip_prefix("/b") else { return none(404) };
        let key = key.trim_start_matches('/');
        let mut state = self.state.lock().unwrap();
        match request.method.as_str() {
            "GET" if request.query.contains_key("list-type") => {
                Response::Say(200, Vec::new(), list(&state.objects, request).into_bytes())
            }
            "GET" | "HEAD" => match state.objects.get(key) {
                Some(bytes) => part(bytes, request.headers.get("range")),
                None => none(404),
            },
            "PUT" => {
                let conditional = request.headers.get(condition).is_some_and(|said| said == value);
                if conditional && !self.conditional {
                    let text = "<Error><Code>NotImplemented</Code></Error>";
                    return Response::Say(501, Vec::new(), text.into());
                }
                if conditional && state.objects.contains_key(key) {
                    return none(412);
                }
                state.objects.insert(key.to_owned(), request.body.clone());
                none(200)
            }
            "DELETE" => {
                state.objects.remove(key);
                none(204)
            }
            other => panic!("{other}"),
        }
    }
}

fn list(objects: &BTreeMap<String, Vec<u8>>, request: &Request) -> String {
    let asked = |name: &str| request.query.get(name).map_or("", String::as_str);
    let after = asked("continuation-token");
    let prefix = asked("prefix");
    let mut found = objects.iter().filter(|(key, _)| key.starts_with(prefix) && key.as_str() > after);
    let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
        <ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>b</Name>"
        .to_owned();
    let mut last = "";
    for (key, bytes) in found.by_ref().take(PAGE) {
        let encoded = signed::encoded(key, true);
        write!(
            text,
            "<Contents><Key>{encoded}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>\
             <ETag>\"x\"</ETag><Size>{}</Size><StorageClass>STANDARD</StorageClass></Contents>",
            bytes.len()
        )
        .unwrap();
        last = key;
    }
    let more = found.next().is_some();
    write!(text, "<IsTruncated>{more}</IsTruncated><MaxKeys>{PAGE}</MaxKeys>").unwrap();
    if more {
        write!(text, "<NextContinuationToken>{last}</NextContinuationToken>").unwrap();
    }
    text + "<EncodingType>url</EncodingType></ListBucketResult>"
}

impl Inside for Bucket {
    fn put_stranger(&self, name: &str) {
        self.change(|objects| drop(objects.insert(format!("some/prefix/{name}"), b"not ours".to_vec())));
    }

    fn look(&self, name: &str) -> Option<Vec<u8>> {
        self.objects().get(&format!("some/prefix/{name}")).cloned()
    }
}
