//! Who we are to Azure: a shared access signature, or the account's key, with
//! which each request is signed (Shared Key, version 2015-02-21 and later).

use std::collections::BTreeMap;
use std::fmt;

use crate::remote::Around;
use crate::remote::sign::{base64, from_base64, hmac};
use crate::remote::urls::decoded;
use crate::remote::web::{Ask, Sign};

const SAS: &str = "AZURE_STORAGE_SAS_TOKEN";
const KEY: &str = "AZURE_STORAGE_KEY";
/// The version of the API that is asked for. It lets a PUT have 5000 MiB.
const VERSION: &str = "2020-10-02";

/// What was found.
pub(super) enum Who {
    /// The query that is added to each URL.
    Sas(String),
    /// The account's key.
    Key(Vec<u8>),
}

/// Looks for who we are. Errors are words.
pub(super) fn find(around: Around<'_>) -> Result<Who, String> {
    let var = |name: &str| around.vars.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
    if let Some(sas) = var(SAS) {
        return Ok(Who::Sas(sas.trim_start_matches('?').to_owned()));
    }
    let key = var(KEY).ok_or_else(|| format!("neither {SAS} nor {KEY} is set"))?;
    from_base64(key).map(Who::Key).ok_or_else(|| format!("{KEY} is no key: it should be base64"))
}

/// An account, with its key if requests are to be signed.
pub(super) struct Account {
    pub(super) name: String,
    pub(super) key: Option<Vec<u8>>,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Account({})", self.name)
    }
}

impl Sign for Account {
    fn headers(&self, ask: &Ask<'_>, len: u64) -> Vec<(&'static str, String)> {
        let now = jiff::Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let mut headers = vec![("x-ms-date", now), ("x-ms-version", VERSION.to_owned())];
        if let Some(key) = &self.key {
            let signature = base64(&hmac(key, &to_sign(&self.name, ask, len, &headers)));
            headers.push(("Authorization", format!("SharedKey {}:{signature}", self.name)));
        }
        headers
    }
}

/// What of a request is signed.
fn to_sign(account: &str, ask: &Ask<'_>, len: u64, more: &[(&'static str, String)]) -> String {
    let header =
        |name: &str| ask.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map_or("", |(_, v)| v);
    let len = if len == 0 { String::new() } else { len.to_string() };
    // Encoding, language, length, MD5, type, date, and conditions.
    let head = [
        ask.method,
        "",
        "",
        &len,
        "",
        header("content-type"),
        "",
        header("if-modified-since"),
        header("if-match"),
        header("if-none-match"),
        header("if-unmodified-since"),
        header("range"),
    ];
    let own = ask.headers.iter().map(|(name, value)| (name.to_lowercase(), *value));
    let more = more.iter().map(|(name, value)| ((*name).to_owned(), value.as_str()));
    let named: BTreeMap<String, &str> =
        own.chain(more).filter(|(name, _)| name.starts_with("x-ms-")).collect();
    let named: String = named.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    format!("{}\n{named}{}", head.join("\n"), resource(account, ask.url))
}

/// The account, the path of a URL, and the values of its query in order.
fn resource(account: &str, url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/");
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let values = query.split('&').filter(|part| !part.is_empty());
    let values = values.map(|part| part.split_once('=').unwrap_or((part, "")));
    let values: BTreeMap<String, String> =
        values.map(|(name, value)| (decoded(name).to_lowercase(), decoded(value))).collect();
    let values: String = values.iter().map(|(name, value)| format!("\n{name}:{value}")).collect();
    format!("/{account}{path}{values}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_is_what_azure_documents() {
        let headers = [("x-ms-blob-type", "BlockBlob"), ("If-None-Match", "*"), ("Range", "bytes=0-9")];
        let url = "https://a.blob.core.windows.net/c/p%20q/x?comp=list&prefix=p%2F&Restype=container";
        let ask = Ask { headers: &headers, ..Ask::new("PUT", url) };
        let more = [
            ("x-ms-date", "Fri, 26 Jun 2015 23:39:12 GMT".to_owned()),
            ("x-ms-version", "2015-02-21".to_owned()),
        ];
        assert_eq!(
            to_sign("a", &ask, 11, &more),
            "PUT\n\n\n11\n\n\n\n\n\n*\n\nbytes=0-9\nx-ms-blob-type:BlockBlob\n\
             x-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\nx-ms-version:2015-02-21\n\
             /a/c/p%20q/x\ncomp:list\nprefix:p/\nrestype:container"
        );
        assert!(to_sign("a", &Ask::new("GET", "http://h"), 0, &[]).starts_with("GET\n\n\n\n\n"));
    }

    #[test]
    fn a_signature_goes_before_a_key() {
        let find = |vars: &[(&str, &str)]| {
            let vars = vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            find(Around { vars: &vars, home: std::path::Path::new("/") })
        };
        assert!(find(&[]).is_err_and(|what| what.contains(SAS) && what.contains(KEY)));
        assert!(matches!(find(&[(KEY, "AAEC")]), Ok(Who::Key(key)) if key == [0, 1, 2]));
        assert!(
            matches!(find(&[(KEY, "AAEC"), (SAS, "?sv=1&sig=x")]), Ok(Who::Sas(sas)) if sas == "sv=1&sig=x")
        );
        assert!(find(&[(KEY, "not a key")]).is_err_and(|what| !what.contains("not a key")));
        let account = Account { name: "a".to_owned(), key: Some(vec![1]) };
        assert_eq!(format!("{account:?}"), "Account(a)");
        let headers = account.headers(&Ask::new("GET", "http://h/c"), 0);
        assert!(
            headers.iter().any(|(name, value)| *name == "Authorization" && value.starts_with("SharedKey a:"))
        );
        assert!(headers.iter().any(|(name, value)| *name == "x-ms-date" && value.ends_with(" GMT")));
    }
}
