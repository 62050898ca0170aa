//! A remote in a bucket of Google Cloud Storage, by its XML API.
//!
//! It is much like S3, with two things of its own: a PUT that shall make only
//! what isn't there says `x-goog-if-generation-match: 0` (`If-None-Match` holds
//! for reading alone), and where such a header is, who asks must be said in
//! Google's words too (`GOOG4-HMAC-SHA256`), since the two kinds don't mix. The
//! keys are those of HMAC, which the console makes for other programs.

use std::time::Duration;

use super::objects::{ObjectRemote, Page, Service, Verb};
use super::sign::{hex, hmac, sha256};
use super::urls::{encoded, encoded_path, endpoint, prefix};
use super::web::{Answer, Redirects, Web};
use super::{Around, RemoteError, s3};

const KEY: &str = "GS_ACCESS_KEY_ID";
const SECRET: &str = "GS_SECRET_ACCESS_KEY";
const ENDPOINT: &str = "https://storage.googleapis.com";
/// How long a signature holds. It is made for each request.
const VALID: Duration = Duration::from_secs(3600);
/// The condition that there is no object.
const CREATE: (&str, &str) = ("x-goog-if-generation-match", "0");

/// A bucket of Google's, and what in it is ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoogleAddress {
    /// As the user wrote it.
    pub(super) text: String,
    /// The bucket.
    pub(super) bucket: String,
    /// What our names begin with: nothing, or something with `/` at its end.
    pub(super) prefix: String,
    /// The server.
    endpoint: String,
}

impl GoogleAddress {
    /// Reads what follows the scheme of `gs://bucket[/prefix][?endpoint=URL]`.
    pub(super) fn parse(text: &str, rest: &str) -> Result<GoogleAddress, &'static str> {
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (bucket, below) = place.split_once('/').unwrap_or((place, ""));
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if bucket.is_empty() || !bucket.chars().all(plain) {
            return Err("that can't be the name of a bucket, and credentials don't belong into an address");
        }
        let endpoint = match query.split_once('=') {
            None if query.is_empty() => ENDPOINT.to_owned(),
            Some(("endpoint", url)) => endpoint(url)?,
            _ => return Err("after `?` it may have endpoint="),
        };
        let (text, bucket) = (text.to_owned(), bucket.to_owned());
        Ok(GoogleAddress { text, bucket, prefix: prefix(below)?, endpoint })
    }
}

/// The remote at an address.
pub(super) fn open(address: &GoogleAddress, around: Around<'_>) -> Result<ObjectRemote, RemoteError> {
    let told = format!("gs://{}", address.bucket);
    let var = |name: &str| around.vars.get(name).filter(|value| !value.is_empty()).cloned();
    let (Some(id), Some(secret)) = (var(KEY), var(SECRET)) else {
        let what = format!("{KEY} and {SECRET} are not set");
        return Err(RemoteError::NoCredentials { place: told, what });
    };
    let keys = Keys { algorithm: "GOOG4-HMAC-SHA256", id, secret };
    let (endpoint, bucket) = (address.endpoint.clone(), address.bucket.clone());
    let service = Box::new(Google { place: told, endpoint, bucket, keys });
    Ok(ObjectRemote::new(service, address.prefix.clone(), Web::new(Redirects::Refused)))
}

/// A bucket, and who we are there.
#[derive(Debug)]
struct Google {
    place: String,
    endpoint: String,
    bucket: String,
    keys: Keys,
}

impl Google {
    /// A URL that holds for a while.
    fn signed(&self, method: &str, name: &str, query: &[(&str, &str)], headers: &[(&str, &str)]) -> String {
        let path = match name {
            "" => format!("/{}", self.bucket),
            name => format!("/{}/{}", self.bucket, encoded_path(name)),
        };
        let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
        let host = self.endpoint.split_once("://").map_or("", |(_, rest)| rest);
        let (host, above) = host.split_at(host.find('/').unwrap_or(host.len()));
        let request = Request { method, path: &format!("{above}{path}"), query, host, headers };
        let query = self.keys.sign(&request, &now, VALID);
        format!("{}{path}?{query}", self.endpoint)
    }
}

impl Service for Google {
    fn place(&self) -> &str {
        &self.place
    }

    fn object(&self, verb: Verb, name: &str) -> String {
        self.signed(verb.method(), name, &[], self.headers(verb))
    }

    fn headers(&self, verb: Verb) -> &'static [(&'static str, &'static str)] {
        if verb == Verb::Create { &[CREATE] } else { &[] }
    }

    fn exists(&self, answer: &Answer) -> bool {
        answer.status == 412
    }

    fn listing(&self, prefix: &str, from: Option<&str>) -> String {
        let mut query = vec![("encoding-type", "url"), ("list-type", "2"), ("prefix", prefix)];
        query.extend(from.map(|token| ("continuation-token", token)));
        self.signed("GET", "", &query, &[])
    }

    fn page(&self, text: &str) -> Result<Page, String> {
        s3::page(text)
    }
}

/// A request that is to be signed.
struct Request<'r> {
    method: &'r str,
    /// As it stands in the URL.
    path: &'r str,
    query: &'r [(&'r str, &'r str)],
    host: &'r str,
    /// Those that the signature covers; their names are small.
    headers: &'r [(&'r str, &'r str)],
}

/// A pair of keys.
struct Keys {
    algorithm: &'static str,
    id: String,
    secret: String,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys({})", self.id)
    }
}

impl Keys {
    /// The query of a URL for a request.
    fn sign(&self, request: &Request<'_>, now: &str, valid: Duration) -> String {
        let (query, to_sign) = self.to_sign(request, now, valid);
        let date = now.get(..8).unwrap_or(now);
        let mut key = format!("GOOG4{}", self.secret).into_bytes();
        for part in [date, "auto", "storage", "goog4_request"] {
            key = hmac(&key, part);
        }
        format!("{query}&X-Goog-Signature={}", hex(&hmac(&key, &to_sign)))
    }

    /// The query without the signature, and what is signed.
    fn to_sign(&self, request: &Request<'_>, now: &str, valid: Duration) -> (String, String) {
        let date = now.get(..8).unwrap_or(now);
        let scope = format!("{date}/auto/storage/goog4_request");
        let mut headers: Vec<(&str, &str)> = request.headers.to_vec();
        headers.push(("host", request.host));
        headers.sort_unstable();
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let (credential, seconds) = (format!("{}/{scope}", self.id), valid.as_secs().to_string());
        let mut query = request.query.to_vec();
        query.extend([
            ("X-Goog-Algorithm", self.algorithm),
            ("X-Goog-Credential", &credential),
            ("X-Goog-Date", now),
            ("X-Goog-Expires", &seconds),
            ("X-Goog-SignedHeaders", &names),
        ]);
        let mut query: Vec<String> =
            query.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        query.sort_unstable();
        let query = query.join("&");
        let headers: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let (method, path) = (request.method, request.path);
        let canonical = format!("{method}\n{path}\n{query}\n{headers}\n{names}\nUNSIGNED-PAYLOAD");
        let to_sign = format!("{}\n{now}\n{scope}\n{}", self.algorithm, sha256(&canonical));
        (query, to_sign)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_is_what_googles_own_tests_expect() {
        // Of `v4_signatures.json` of Google's conformance tests. They sign with
        // RSA; what is signed is made alike.
        let id = "test-iam-credentials@dummy-project-id.iam.gserviceaccount.com".to_owned();
        let keys = Keys { algorithm: "GOOG4-RSA-SHA256", id, secret: String::new() };
        for (name, now, seconds, hash) in [
            (
                "test-object",
                "20190201T090000Z",
                10,
                "00e2fb794ea93d7adb703edaebdd509821fcc7d4f1a79ac5c8d2b394df109320",
            ),
            (
                "test-object",
                "20190301T090000Z",
                20,
                "779f19fdb6fd381390e2d5af04947cf21750277ee3c20e0c97b7e46a1dff8907",
            ),
            (
                "/path/with/slashes/under_score/amper&sand/file.ext",
                "20190201T090000Z",
                10,
                "63c601ecd6ccfec84f1113fc906609cbdf7651395f4300cecd96ddd2c35164f8",
            ),
        ] {
            let path = format!("/test-bucket/{}", encoded_path(name));
            let host = "storage.googleapis.com";
            let request = Request { method: "GET", path: &path, query: &[], host, headers: &[] };
            let (_, to_sign) = keys.to_sign(&request, now, Duration::from_secs(seconds));
            let date = now.get(..8).unwrap();
            assert_eq!(
                to_sign,
                format!("GOOG4-RSA-SHA256\n{now}\n{date}/auto/storage/goog4_request\n{hash}")
            );
        }
    }

    #[test]
    fn a_condition_is_signed_and_no_secret_is_shown() {
        let keys = Keys { algorithm: "GOOG4-HMAC-SHA256", id: "id".to_owned(), secret: "secret".to_owned() };
        let told = "gs://b".to_owned();
        let google =
            Google { place: told, endpoint: "http://h:1/x".to_owned(), bucket: "b".to_owned(), keys };
        let url = google.object(Verb::Create, "p/q r");
        assert!(url.starts_with("http://h:1/x/b/p/q%20r?X-Goog-Algorithm=GOOG4-HMAC-SHA256&"), "{url}");
        assert!(
            url.contains("X-Goog-SignedHeaders=host%3Bx-goog-if-generation-match&X-Goog-Signature="),
            "{url}"
        );
        let url = google.listing("p/", Some("t/="));
        assert!(
            url.contains("continuation-token=t%2F%3D&encoding-type=url&list-type=2&prefix=p%2F"),
            "{url}"
        );
        assert!(url.starts_with("http://h:1/x/b?"), "{url}");
        assert!(!format!("{google:?}{url}").contains("secret"));
    }
}
