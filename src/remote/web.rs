//! HTTP: one agent, its limits, and what is tried again.

use std::collections::hash_map::RandomState;
use std::fmt::Debug;
use std::hash::BuildHasher;
use std::io::{self, ErrorKind, Read};
use std::ops::Range;
use std::time::Duration;

use ureq::http::{Request, Response};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body, SendBody};

use super::{Content, Counted, RemoteError, Sent};

/// How often a request is made before we give up.
const TRIES: u32 = 6;
/// How long is waited before the second try; before each further one twice as long.
const PAUSE: Duration = Duration::from_millis(200);
/// How long a server may say nothing.
const SILENCE: Duration = Duration::from_secs(60);
/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(20);
/// How often a server may send us elsewhere, if at all.
const REDIRECTS: u32 = 5;
/// The longest answer that is read into memory, but for files: a listing.
const ANSWER_MAX: u64 = 32 << 20;

/// Whether a server may send us elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Redirects {
    /// It may not: what is written or removed elsewhere isn't where it should be,
    /// and a signature holds for one place.
    Refused,
    /// It may.
    Followed,
    /// It may, but to no place whose answers can be changed on the way.
    FollowedSafely,
}

impl Redirects {
    /// Those of what is published at a URL.
    pub(super) fn of(url: &str) -> Redirects {
        if url.starts_with("https:") { Redirects::FollowedSafely } else { Redirects::Followed }
    }
}

/// What makes requests. Connections are kept for the next ones.
#[derive(Debug)]
pub(super) struct Web {
    agent: Agent,
    signer: Option<Box<dyn Sign>>,
}

/// What is asked of a server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask<'a> {
    pub(super) method: &'a str,
    pub(super) url: &'a str,
    pub(super) headers: &'a [(&'a str, &'a str)],
    pub(super) content: Option<Content<'a>>,
    /// Answers that are never tried again, though others of their kind are: the
    /// caller knows what they mean.
    pub(super) known: &'a [u16],
}

impl<'a> Ask<'a> {
    /// A request without headers of its own and without a body.
    pub(super) fn new(method: &'a str, url: &'a str) -> Ask<'a> {
        Ask { method, url, headers: &[], content: None, known: &[] }
    }
}

/// Says who asks.
pub(super) trait Sign: Send + Sync + Debug {
    /// The headers that say it, for a request with a body of so many bytes.
    /// Each try has its own: they may hold the time.
    fn headers(&self, ask: &Ask<'_>, len: u64) -> Vec<(&'static str, String)>;
}

/// An answer that is no file.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) text: String,
}

/// Why a request came to nothing.
enum Failed {
    /// It may go better another time.
    Now(io::Error),
    /// It will not.
    Ever(RemoteError),
}

impl Web {
    /// For requests that say for themselves who asks, or needn't.
    pub(super) fn new(redirects: Redirects) -> Web {
        Web { agent: agent(redirects), signer: None }
    }

    /// For requests that all say who asks. They are never sent elsewhere.
    pub(super) fn signed(signer: Option<Box<dyn Sign>>) -> Web {
        Web { agent: agent(Redirects::Refused), signer }
    }

    /// Reads a range of what is at a URL. `place` is what it is called in
    /// errors: a URL may be signed.
    pub(super) fn range(&self, url: &str, place: &str, range: Range<u64>) -> Result<Vec<u8>, RemoteError> {
        let Some(last) = range.end.checked_sub(1).filter(|last| *last >= range.start) else {
            return Ok(Vec::new());
        };
        let bytes = format!("bytes={}-{last}", range.start);
        self.tries(place, || {
            let headers = [("Range", bytes.as_str())];
            let response = self.once(&Ask { headers: &headers, ..Ask::new("GET", url) }, &|_| ())?;
            let skip = match response.status().as_u16() {
                206 => check_part(&response, &range, place).map(|()| 0)?,
                // This server reads files from the beginning only.
                200 if header(&response, "content-length").is_none_or(|len| len >= range.end) => range.start,
                200 => return Err(Failed::Ever(RemoteError::too_short(place.to_owned()))),
                416 => return Err(Failed::Ever(RemoteError::too_short(place.to_owned()))),
                _ => return Err(refused(place, answer(response, place)?)),
            };
            let wanted = range.end - range.start;
            let mut body = response.into_body().into_with_config().limit(u64::MAX).reader();
            let skipped = io::copy(&mut (&mut body).take(skip), &mut io::sink()).map_err(Failed::Now)?;
            let mut read = Vec::new();
            body.take(wanted).read_to_end(&mut read).map_err(Failed::Now)?;
            match (skipped, read.len() as u64) == (skip, wanted) {
                true => Ok(read),
                false => Err(Failed::Now(ErrorKind::UnexpectedEof.into())),
            }
        })
    }

    /// Reads all that is at a URL, as text; `None` if there is nothing.
    pub(super) fn text(&self, url: &str, place: &str) -> Result<Option<String>, RemoteError> {
        let answer = self.ask(&Ask::new("GET", url), place, &|_| ())?;
        match answer.status {
            200 => Ok(Some(answer.text)),
            404 | 410 => Ok(None),
            _ => Err(failure(place, &answer)),
        }
    }

    /// Whether there is something at a URL.
    pub(super) fn has(&self, url: &str, place: &str) -> Result<bool, RemoteError> {
        let answer = self.ask(&Ask::new("HEAD", url), place, &|_| ())?;
        match answer.status {
            200 => Ok(true),
            404 | 410 => Ok(false),
            _ => Err(failure(place, &answer)),
        }
    }

    /// Removes what is at a URL; it may be gone already.
    pub(super) fn delete(&self, url: &str, place: &str) -> Result<(), RemoteError> {
        let answer = self.ask(&Ask::new("DELETE", url), place, &|_| ())?;
        match answer.status {
            200..300 | 404 | 410 => Ok(()),
            _ => Err(failure(place, &answer)),
        }
    }

    /// Asks something whose answer is no file. What the server says to it is for
    /// the caller to judge, errors of the moment apart.
    pub(super) fn ask(&self, ask: &Ask<'_>, place: &str, sent: &Sent<'_>) -> Result<Answer, RemoteError> {
        self.tries(place, || match answer(self.once(ask, sent)?, place)? {
            answer if is_of_the_moment(&answer) && !ask.known.contains(&answer.status) => {
                Err(refused(place, answer))
            }
            answer => Ok(answer),
        })
    }

    /// Makes one request.
    fn once(&self, ask: &Ask<'_>, sent: &Sent<'_>) -> Result<Response<Body>, Failed> {
        let content = ask.content.as_ref().map(Content::open).transpose().map_err(Failed::Ever)?;
        let len = content.as_ref().map_or(0, |(len, _)| *len);
        let mut request = Request::builder().method(ask.method).uri(ask.url);
        for (name, value) in ask.headers {
            request = request.header(*name, *value);
        }
        for (name, value) in self.signer.iter().flat_map(|signer| signer.headers(ask, len)) {
            request = request.header(name, value);
        }
        let odd = |e| now(ureq::Error::Http(e));
        let answered = match content {
            Some((_, inner)) => {
                let mut bytes = Counted { inner, sent };
                let request = request.header("Content-Length", len.to_string());
                self.agent.run(request.body(SendBody::from_reader(&mut bytes)).map_err(odd)?)
            }
            None => self.agent.run(request.body(()).map_err(odd)?),
        };
        answered.map_err(now)
    }

    /// Tries something again that fails for the moment.
    fn tries<T>(&self, place: &str, once: impl Fn() -> Result<T, Failed>) -> Result<T, RemoteError> {
        let mut pause = PAUSE;
        for tried in 1.. {
            match once() {
                Ok(done) => return Ok(done),
                Err(Failed::Ever(e)) => return Err(e),
                Err(Failed::Now(source)) if tried >= TRIES => {
                    return Err(RemoteError::Lost { place: place.to_owned(), source });
                }
                Err(Failed::Now(_)) => {
                    // Not all at once, if many machines wait for the same server.
                    let jitter = RandomState::new().hash_one(tried) % 1000;
                    std::thread::sleep(pause.mul_f64(0.5 + jitter as f64 / 1000.0));
                    pause *= 2;
                }
            }
        }
        Err(RemoteError::too_short(place.to_owned()))
    }
}

fn agent(redirects: Redirects) -> Agent {
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(if redirects == Redirects::Refused { 0 } else { REDIRECTS })
        .max_redirects_will_error(redirects != Redirects::Refused)
        .https_only(redirects == Redirects::FollowedSafely)
        .timeout_connect(Some(CONNECT))
        .timeout_per_read(Some(SILENCE))
        .timeout_per_write(Some(SILENCE))
        .allow_non_standard_methods(true)
        .user_agent(concat!("sfs/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls)
        .build();
    config.into()
}

/// A number in a header of an answer.
fn header(response: &Response<Body>, name: &str) -> Option<u64> {
    response.headers().get(name)?.to_str().ok()?.trim().parse().ok()
}

/// Checks that a part of a file is the one that was asked for, as far as the
/// answer tells.
fn check_part(response: &Response<Body>, range: &Range<u64>, place: &str) -> Result<(), Failed> {
    let told = response.headers().get("content-range").and_then(|value| value.to_str().ok());
    let Some((part, total)) = told.and_then(|told| told.strip_prefix("bytes ")?.split_once('/')) else {
        return Ok(());
    };
    if total.parse().is_ok_and(|total: u64| total < range.end) {
        return Err(Failed::Ever(RemoteError::too_short(place.to_owned())));
    }
    match part.split_once('-').and_then(|(start, _)| start.parse::<u64>().ok()) {
        Some(start) if start != range.start => {
            let what = format!("it sends a file from byte {start} on, not from {}", range.start);
            Err(Failed::Ever(RemoteError::Server { place: place.to_owned(), what }))
        }
        _ => Ok(()),
    }
}

/// Reads an answer whose words are for people or for a parser.
fn answer(response: Response<Body>, place: &str) -> Result<Answer, Failed> {
    let status = response.status().as_u16();
    let mut bytes = Vec::new();
    let body = response.into_body().into_with_config().limit(u64::MAX).reader();
    body.take(ANSWER_MAX + 1).read_to_end(&mut bytes).map_err(Failed::Now)?;
    if bytes.len() as u64 > ANSWER_MAX {
        let what = format!("it answers with more than {ANSWER_MAX} bytes");
        return Err(Failed::Ever(RemoteError::Server { place: place.to_owned(), what }));
    }
    Ok(Answer { status, text: String::from_utf8_lossy(&bytes).into_owned() })
}

fn is_of_the_moment(answer: &Answer) -> bool {
    // 409: another conditional request for the same key is under way. 423:
    // somebody holds a lock. 505, 507, 508: there is nothing to wait for.
    matches!(answer.status, 408 | 409 | 423 | 425 | 429 | 500 | 502..=599)
        && !matches!(answer.status, 505 | 507 | 508)
}

/// What an answer means that isn't the one hoped for.
fn refused(place: &str, answer: Answer) -> Failed {
    if is_of_the_moment(&answer) {
        return Failed::Now(io::Error::other(words(&answer)));
    }
    Failed::Ever(failure(place, &answer))
}

/// The same for what is not tried again.
pub(super) fn failure(place: &str, answer: &Answer) -> RemoteError {
    let (place, what) = (place.to_owned(), words(answer));
    match answer.status {
        401 | 403 => RemoteError::Denied { place, what },
        404 | 410 => RemoteError::Missing(place),
        507 => RemoteError::Full { place, what },
        _ => RemoteError::Server { place, what },
    }
}

/// What an answer says: its status, and the code and message of errors of S3
/// and Azure, or the message of sabre/dav, which Nextcloud and ownCloud have.
fn words(answer: &Answer) -> String {
    let inside = |tag: &str| {
        let (_, rest) = answer.text.split_once(&format!("<{tag}>"))?;
        let text = rest.split_once("</")?.0.trim();
        (!text.is_empty() && text.len() < 1000).then(|| text.to_owned())
    };
    let said: Vec<String> = ["Code", "Message", "s:message"].into_iter().filter_map(inside).collect();
    let usual = match answer.status {
        300..400 => ": it leads elsewhere, where we don't follow",
        413 => ": it takes no file of that length",
        _ => "",
    };
    match said.is_empty() {
        true => format!("the server answers {}{usual}", answer.status),
        false => format!("the server answers {}: {}", answer.status, said.join(": ")),
    }
}

/// What the transport refused. None of its words hold the URL.
fn now(error: ureq::Error) -> Failed {
    match error {
        ureq::Error::Io(e) => Failed::Now(e),
        ureq::Error::HostNotFound => {
            Failed::Now(io::Error::new(ErrorKind::NotFound, "no host has that name"))
        }
        ureq::Error::BadUri(_) => Failed::Now(io::Error::new(ErrorKind::InvalidInput, "that is no URL")),
        e => Failed::Now(io::Error::other(e.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart() {
        let text = "<Error><Code>SlowDown</Code><Message>Reduce\n your rate</Message></Error>".to_owned();
        let answer = Answer { status: 503, text };
        assert_eq!(words(&answer), "the server answers 503: SlowDown: Reduce\n your rate");
        assert!(matches!(refused("x", answer), Failed::Now(_)));
        let of = |status| refused("x", Answer { status, text: String::new() });
        assert!(matches!(of(403), Failed::Ever(RemoteError::Denied { .. })));
        assert!(matches!(of(404), Failed::Ever(RemoteError::Missing(_))));
        assert!(matches!(of(301), Failed::Ever(RemoteError::Server { .. })));
        assert!(matches!(of(501), Failed::Ever(RemoteError::Server { .. })));
    }

    #[test]
    fn only_the_part_that_was_asked_for_is_taken() {
        let of = |told: &str| {
            let response = Response::builder().status(206).header("Content-Range", told);
            check_part(&response.body(Body::builder().data("x")).unwrap(), &(10..20), "x")
        };
        for told in ["bytes 10-19/20", "bytes 10-19/*", "bytes 10-19/99", "words", "bytes x/y"] {
            assert!(of(told).is_ok(), "{told}");
        }
        for told in ["bytes 0-9/20", "bytes 11-20/30", "bytes 10-14/15"] {
            assert!(matches!(of(told), Err(Failed::Ever(RemoteError::Server { .. }))), "{told}");
        }
    }
}
