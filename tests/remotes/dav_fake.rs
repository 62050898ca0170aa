//! As much of WebDAV as a remote needs, in memory, with failures on demand and
//! strange answers.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::{Arc, Mutex};

use super::contract::Inside;
use super::http::{Request, Response, part, serve};

/// What shall go wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is answered with this status.
    Status(u16),
    /// A file is answered in part, and then the connection is cut.
    Cut,
    /// It is carried out, and the connection is cut before the answer.
    Unanswered,
}

#[derive(Default)]
struct State {
    files: BTreeMap<String, Vec<u8>>,
    folders: BTreeSet<String>,
    paths: Vec<String>,
    faults: Vec<(&'static str, Fault)>,
    /// Where everybody is sent.
    elsewhere: Option<String>,
    /// What every folder is said to hold.
    names: Option<Vec<String>>,
}

/// A server with a folder `/`, for `me` with the password `secret`.
#[derive(Clone)]
pub(crate) struct Fake {
    state: Arc<Mutex<State>>,
    pub(crate) url: String,
}

impl Fake {
    pub(crate) fn new() -> Fake {
        let mut fake = Fake { state: Arc::default(), url: String::new() };
        let handler = fake.clone();
        fake.url = serve(Arc::new(|_, _| true), Arc::new(move |request| handler.answer(&request)));
        fake
    }

    pub(crate) fn address(&self) -> String {
        self.url.replace("http://", "webdav://") + "/folder"
    }

    /// Lets the next requests of a method go wrong.
    pub(crate) fn fail(&self, method: &'static str, faults: &[Fault]) {
        self.state.lock().unwrap().faults.extend(faults.iter().map(|fault| (method, *fault)));
    }

    /// How many requests have still to go wrong.
    pub(crate) fn faults(&self) -> usize {
        self.state.lock().unwrap().faults.len()
    }

    pub(crate) fn send_to(&self, url: &str) {
        self.state.lock().unwrap().elsewhere = Some(url.to_owned());
    }

    pub(crate) fn say_names(&self, names: &[&str]) {
        self.state.lock().unwrap().names = Some(names.iter().map(|name| (*name).to_owned()).collect());
    }

    pub(crate) fn paths(&self) -> Vec<String> {
        self.state.lock().unwrap().paths.clone()
    }

    pub(crate) fn asked(&self) -> usize {
        self.paths().len()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.state.lock().unwrap().files.keys().cloned().collect()
    }

    fn answer(&self, request: &Request) -> Response {
        let mut state = self.state.lock().unwrap();
        state.paths.push(request.path.clone());
        if let Some(url) = &state.elsewhere {
            return Response::Say(302, vec![("Location", format!("{url}{}", request.path))], Vec::new());
        }
        let known = request.headers.get("authorization").is_some_and(|said| said == "Basic bWU6c2VjcmV0");
        if !known {
            return Response::Say(401, vec![("WWW-Authenticate", "Basic realm=x".to_owned())], Vec::new());
        }
        let next = state.faults.iter().position(|(method, _)| *method == request.method);
        match next.map(|at| state.faults.remove(at).1) {
            Some(Fault::Status(status)) => Response::Say(status, Vec::new(), Vec::new()),
            Some(Fault::Cut) => match state.carry_out(request) {
                Response::Say(_, _, body) => Response::Cut(body),
                other => other,
            },
            Some(Fault::Unanswered) => {
                state.carry_out(request);
                Response::Hang
            }
            None => state.carry_out(request),
        }
    }
}

impl State {
    fn carry_out(&mut self, request: &Request) -> Response {
        let none = |status| Response::Say(status, Vec::new(), Vec::new());
        let path = request.path.trim_end_matches('/');
        let above = path.rsplit_once('/').map_or("", |(above, _)| above);
        let in_folder = |folders: &BTreeSet<String>, above: &str| above.is_empty() || folders.contains(above);
        match request.method.as_str() {
            "GET" | "HEAD" => match self.files.get(path) {
                Some(bytes) => part(bytes, request.headers.get("range")),
                None => none(404),
            },
            "PUT" if !in_folder(&self.folders, above) => none(409),
            "PUT" => none(if self.files.insert(path.to_owned(), request.body.clone()).is_some() {
                204
            } else {
                201
            }),
            "DELETE" => none(if self.files.remove(path).is_some() { 204 } else { 404 }),
            "MKCOL" if !in_folder(&self.folders, above) => none(409),
            "MKCOL" => none(if self.folders.insert(path.to_owned()) { 201 } else { 405 }),
            "MOVE" => {
                let to = request.headers.get("destination").unwrap();
                let (_, to) = to.strip_prefix("http://").unwrap().split_once('/').unwrap();
                let to = format!("/{to}");
                if request.headers.get("overwrite").unwrap() == "F" && self.files.contains_key(&to) {
                    return none(412);
                }
                let Some(bytes) = self.files.remove(path) else { return none(404) };
                self.files.insert(to, bytes);
                none(201)
            }
            "PROPFIND" if self.files.contains_key(path) => {
                Response::Say(207, Vec::new(), self.listing(path).into_bytes())
            }
            "PROPFIND" if !path.is_empty() && !self.folders.contains(path) && self.names.is_none() => {
                none(404)
            }
            "PROPFIND" => Response::Say(207, Vec::new(), self.listing(path).into_bytes()),
            other => panic!("{other}"),
        }
    }

    fn listing(&self, path: &str) -> String {
        let mut text = "<?xml version=\"1.0\"?><d:multistatus xmlns:d=\"DAV:\">".to_owned();
        let mut say = |href: &str, kind: &str| {
            // Other characters than these don't occur here.
            let href = href.replace(' ', "%20").replace('<', "&lt;");
            write!(
                text,
                "<d:response><d:href>{href}</d:href><d:propstat><d:prop>{kind}</d:prop>\
                 <d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>"
            )
            .unwrap();
        };
        let folder = "<d:resourcetype><d:collection/></d:resourcetype>";
        let file = |len: usize| format!("<d:resourcetype/><d:getcontentlength>{len}</d:getcontentlength>");
        let inside = |name: &str| name.rsplit_once('/').is_some_and(|(above, _)| above == path);
        say(&format!("{path}/"), folder);
        self.folders.iter().filter(|name| inside(name)).for_each(|name| say(&format!("{name}/"), folder));
        for (name, bytes) in self.files.iter().filter(|(name, _)| inside(name)) {
            say(name, &file(bytes.len()));
        }
        for name in self.names.iter().flatten() {
            say(&format!("{path}/{name}"), &file(1));
            say(&format!("{path}/{name}/"), folder);
        }
        text + "</d:multistatus>"
    }
}

impl Inside for Fake {
    fn put_stranger(&self, name: &str) {
        self.state.lock().unwrap().files.insert(format!("/folder/{name}"), b"not ours".to_vec());
    }

    fn look(&self, name: &str) -> Option<Vec<u8>> {
        self.state.lock().unwrap().files.get(&format!("/folder/{name}")).cloned()
    }
}
