//! Signatures of S3 requests (AWS Signature Version 4, in the query), checked
//! by what Amazon's documentation says of them and by nothing of the library
//! that makes ours.

use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

use super::http::Request;

/// Whom a server knows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Account {
    pub(crate) key: &'static str,
    pub(crate) secret: &'static str,
}

/// Why a request is refused, as S3 calls it.
pub(crate) fn refused(request: &Request, account: Account) -> Option<&'static str> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    refused_at(request, account, i64::try_from(now).unwrap())
}

fn refused_at(request: &Request, account: Account, now: i64) -> Option<&'static str> {
    let said = |name: &str| request.query.get(name).map_or("", String::as_str);
    let (date, signed) = (said("X-Amz-Date"), said("X-Amz-SignedHeaders"));
    let scope = said("X-Amz-Credential").split('/').collect::<Vec<_>>();
    let [key, day, region, "s3", "aws4_request"] = scope.as_slice() else {
        return Some("AuthorizationQueryParametersError");
    };
    if said("X-Amz-Algorithm") != "AWS4-HMAC-SHA256" || region.is_empty() || !date.starts_with(day) {
        return Some("AuthorizationQueryParametersError");
    }
    if *key != account.key {
        return Some("InvalidAccessKeyId");
    }
    let (made, valid) = (moment(date), said("X-Amz-Expires").parse::<i64>().unwrap_or(0));
    if made.is_none_or(|made| now < made - 900 || now > made + valid) || valid > 7 * 86_400 {
        return Some("AccessDenied");
    }
    let signed: Vec<&str> = signed.split(';').collect();
    let all_signed =
        request.headers.keys().all(|name| !name.starts_with("x-amz-") || signed.contains(&name.as_str()));
    if !signed.contains(&"host") || !all_signed {
        return Some("AccessDenied");
    }
    let wanted = signature(request, account.secret, (date, &signed), (day, region));
    (said("X-Amz-Signature") != wanted).then_some("SignatureDoesNotMatch")
}

/// Seconds since 1970 of `YYYYMMDDTHHMMSSZ`.
fn moment(text: &str) -> Option<i64> {
    let at = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    Some(at.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second())
}

fn signature(
    request: &Request,
    secret: &str,
    (date, signed): (&str, &[&str]),
    (day, region): (&str, &str),
) -> String {
    let pairs = request.query.iter().filter(|(name, _)| *name != "X-Amz-Signature");
    let mut pairs: Vec<String> =
        pairs.map(|(name, value)| format!("{}={}", encoded(name, false), encoded(value, false))).collect();
    pairs.sort();
    let headers = signed
        .iter()
        .map(|name| format!("{name}:{}\n", request.headers.get(*name).map_or("", |value| value.trim())));
    let canonical = format!(
        "{}\n{}\n{}\n{}\n{}\nUNSIGNED-PAYLOAD",
        request.method,
        encoded(&request.path, true),
        pairs.join("&"),
        headers.collect::<String>(),
        signed.join(";")
    );
    let scope = format!("{day}/{region}/s3/aws4_request");
    let hashed = hex(&Sha256::digest(canonical.as_bytes()));
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashed}");
    let first = hmac(format!("AWS4{secret}").as_bytes(), day);
    let key = [region, "s3", "aws4_request"].iter().fold(first, |key, part| hmac(&key, part));
    hex(&hmac(&key, &text))
}

/// RFC 2104 with SHA-256. The keys here are shorter than a block.
fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    assert!(key.len() <= 64);
    let pad = |with: u8| -> Vec<u8> { (0..64).map(|n| key.get(n).copied().unwrap_or(0) ^ with).collect() };
    let inner = Sha256::digest([pad(0x36), text.as_bytes().to_vec()].concat());
    Sha256::digest([pad(0x5c), inner.to_vec()].concat()).to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Text with all but plain letters percent-encoded; slashes of a path stay.
pub(crate) fn encoded(text: &str, path: bool) -> String {
    let one = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        b'/' if path => "/".to_owned(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

/// The example of Amazon's page on query parameters.
fn example() -> (Request, Account) {
    let query = [
        ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
        ("X-Amz-Credential", "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"),
        ("X-Amz-Date", "20130524T000000Z"),
        ("X-Amz-Expires", "86400"),
        ("X-Amz-SignedHeaders", "host"),
        ("X-Amz-Signature", "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"),
    ];
    let pair = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let request = Request {
        method: "GET".to_owned(),
        path: "/test.txt".to_owned(),
        query: query.into_iter().map(pair).collect(),
        headers: [pair(("host", "examplebucket.s3.amazonaws.com"))].into(),
        body: Vec::new(),
    };
    (request, Account { key: "AKIAIOSFODNN7EXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" })
}

#[test]
fn the_documented_example_is_signed_and_nothing_like_it() {
    let then = 1_369_353_600;
    let (good, account) = example();
    assert_eq!(refused_at(&good, account, then), None);
    assert_eq!(refused_at(&good, account, then + 86_401), Some("AccessDenied"));
    assert_eq!(refused_at(&good, account, then - 901), Some("AccessDenied"));
    let other = Account { secret: "another", ..account };
    assert_eq!(refused_at(&good, other, then), Some("SignatureDoesNotMatch"));
    let changes: [&dyn Fn(&mut Request); 4] = [
        &|request| request.method = "PUT".to_owned(),
        &|request| request.path = "/test.tx".to_owned(),
        &|request| drop(request.headers.insert("host".to_owned(), "other".to_owned())),
        &|request| drop(request.query.insert("partNumber".to_owned(), "1".to_owned())),
    ];
    for change in changes {
        let (mut request, _) = example();
        change(&mut request);
        assert_eq!(refused_at(&request, account, then), Some("SignatureDoesNotMatch"));
    }
    let (mut request, _) = example();
    request.headers.insert("x-amz-acl".to_owned(), "public-read".to_owned());
    assert_eq!(refused_at(&request, account, then), Some("AccessDenied"));
}
