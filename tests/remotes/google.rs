//! A bucket of our own that speaks as Google Cloud Storage documents it: signed
//! with an HMAC key in Google's words, and made only if the generation is 0.
//! The real service was not there to be asked.

use std::fmt::Write;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::bucket::Bucket;
use super::contract::{check, opened};
use super::http::Request;
use super::world::{Machine, round_trip};

const VARS: [(&str, &str); 2] = [("GS_ACCESS_KEY_ID", "GOOGkey"), ("GS_SECRET_ACCESS_KEY", SECRET)];
const SECRET: &str = "google secret";

#[test]
fn a_bucket() {
    let dir = tempfile::tempdir().unwrap();
    let bucket = Bucket::new(true);
    let address = format!("gs://b/some/prefix?endpoint={}", bucket.url);
    check(&*opened(&address, &VARS, dir.path()), &bucket);
    round_trip(dir.path(), &VARS, &format!("gs://b/other?endpoint={}", bucket.url));
    let wrong = Machine::new(dir.path().join("wrong"), &[VARS[0], ("GS_SECRET_ACCESS_KEY", "another")]);
    let said = wrong.fails(&["clone", &address]);
    assert!(said.contains("refuses") && !said.contains("another"), "{said}");
    let poor = Machine::with_session(dir.path().join("poor"), &[], 3);
    let said = poor.fails(&["remote", "add", "origin", "gs://b"]);
    assert!(said.contains("GS_ACCESS_KEY_ID") && said.contains("HMAC key"), "{said}");
}

/// Whether a request is signed as Google documents it for keys of HMAC.
pub(crate) fn is_signed(request: &Request) -> bool {
    let asked = |name: &str| request.query.get(name).map_or("", String::as_str);
    let (now, signed) = (asked("X-Goog-Date"), asked("X-Goog-SignedHeaders"));
    // Headers of theirs must all be covered, and none of S3's be there.
    let own = request.headers.keys().filter(|name| name.starts_with("x-goog-"));
    if own.into_iter().any(|name| !signed.split(';').any(|part| part == name))
        || request.headers.keys().any(|name| name.starts_with("x-amz-"))
    {
        return false;
    }
    // The map is in order.
    let query = request.query.iter().filter(|(name, _)| *name != "X-Goog-Signature");
    let query: Vec<String> = query.map(|(k, v)| format!("{}={}", encoded(k, ""), encoded(v, ""))).collect();
    let headers: String =
        signed.split(';').map(|name| format!("{name}:{}\n", request.headers[name])).collect();
    let (method, path) = (&request.method, encoded(&request.path, "/"));
    let canonical = format!("{method}\n{path}\n{}\n{headers}\n{signed}\nUNSIGNED-PAYLOAD", query.join("&"));
    let scope = format!("{}/auto/storage/goog4_request", &now[..8]);
    let hash = hex(&Sha256::digest(canonical.as_bytes()));
    let to_sign = format!("GOOG4-HMAC-SHA256\n{now}\n{scope}\n{hash}");
    let key = scope.split('/').fold(format!("GOOG4{SECRET}").into_bytes(), |key, part| keyed(&key, part));
    hex(&keyed(&key, &to_sign)) == asked("X-Goog-Signature")
}

fn keyed(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn encoded(text: &str, plain: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match char::from(byte) {
            c if c.is_ascii_alphanumeric() || "-._~".contains(c) || plain.contains(c) => out.push(c),
            _ => write!(out, "%{byte:02X}").unwrap(),
        }
    }
    out
}
