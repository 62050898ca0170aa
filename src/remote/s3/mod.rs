//! A remote in a bucket of an object store that speaks S3.

mod credentials;

use std::borrow::Cow;
use std::time::Duration;

use rusty_s3::actions::ListObjectsV2;
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};

use super::objects::{ObjectRemote, Page, Service, Verb};
use super::web::{Answer, Redirects, Web};
use super::{Around, RemoteError, S3Address};
use credentials::{Found, find};

/// How long a signature holds. It is made for each request.
const VALID: Duration = Duration::from_secs(3600);

/// A bucket, and who we are there.
#[derive(Debug)]
struct S3 {
    place: String,
    bucket: Bucket,
    credentials: Credentials,
}

/// The remote at an address.
pub(super) fn open(address: &S3Address, around: Around<'_>) -> Result<ObjectRemote, RemoteError> {
    let told = format!("s3://{}", address.bucket);
    let Found { credentials, region, endpoint } = find(address, around, &told)?;
    let style = if endpoint.is_some() { UrlStyle::Path } else { UrlStyle::VirtualHost };
    let endpoint = endpoint.unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com"));
    let bad = |what: String| RemoteError::Server { place: told.clone(), what };
    let url = endpoint.parse().map_err(|e| bad(format!("the endpoint {endpoint:?} is no URL: {e}")))?;
    let bucket = Bucket::new(url, style, address.bucket.clone(), region);
    let bucket = bucket.map_err(|e| bad(format!("the endpoint {endpoint:?} can't be used: {e}")))?;
    let service = Box::new(S3 { place: told, bucket, credentials });
    Ok(ObjectRemote::new(service, address.prefix.clone(), Web::new(Redirects::Refused)))
}

impl Service for S3 {
    fn place(&self) -> &str {
        &self.place
    }

    fn object(&self, verb: Verb, name: &str) -> String {
        let (bucket, credentials) = (&self.bucket, Some(&self.credentials));
        let url = match verb {
            Verb::Get => bucket.get_object(credentials, name).sign(VALID),
            Verb::Head => bucket.head_object(credentials, name).sign(VALID),
            Verb::Delete => bucket.delete_object(credentials, name).sign(VALID),
            Verb::Put | Verb::Create => bucket.put_object(credentials, name).sign(VALID),
        };
        url.into()
    }

    fn headers(&self, verb: Verb) -> &'static [(&'static str, &'static str)] {
        if verb == Verb::Create { &[("If-None-Match", "*")] } else { &[] }
    }

    fn exists(&self, answer: &Answer) -> bool {
        answer.status == 412
    }

    fn listing(&self, prefix: &str, from: Option<&str>) -> String {
        let mut list = self.bucket.list_objects_v2(Some(&self.credentials));
        list.with_prefix(prefix);
        if let Some(token) = from {
            list.with_continuation_token(token);
        }
        list.sign(VALID).into()
    }

    fn page(&self, text: &str) -> Result<Page, String> {
        page(text)
    }
}

/// Reads a page of a listing. Google's are the same.
pub(super) fn page(text: &str) -> Result<Page, String> {
    let page = ListObjectsV2::parse_response(&in_namespace(text)).map_err(|e| e.to_string())?;
    let objects = page.contents.into_iter().map(|object| (object.key, object.size.unwrap_or(0)));
    Ok((objects.collect(), page.next_continuation_token))
}

/// A listing in the namespace that S3 has. Others are in use for the same
/// elements, and some servers leave it out.
fn in_namespace(text: &str) -> Cow<'_, str> {
    const ROOT: &str = "<ListBucketResult";
    let head = text.find(ROOT).map(|at| at + ROOT.len());
    let Some((before, rest)) = head.and_then(|at| text.split_at_checked(at)) else { return text.into() };
    let Some((_, inside)) = rest.split_once('>') else { return text.into() };
    format!("{before} xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{inside}").into()
}
