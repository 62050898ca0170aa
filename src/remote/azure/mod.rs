//! A remote in a container of Azure's blob storage.
//!
//! Requests are those of the REST API for blobs: Put Blob, Get Blob, Get Blob
//! Properties, Delete Blob, List Blobs.

mod address;
mod credentials;
pub(super) mod listing;

pub use address::AzureAddress;

use super::objects::{ObjectRemote, Page, Service, Verb};
use super::urls::{encoded, encoded_path};
use super::web::{Answer, Sign, Web};
use super::{Around, RemoteError};
use credentials::{Account, Who, find};

/// A container, and what is added to its URLs.
#[derive(Debug)]
struct Azure {
    place: String,
    /// The URL of the container.
    url: String,
    sas: Sas,
}

/// A shared access signature, as the query of a URL has it; it may be empty.
struct Sas(String);

impl std::fmt::Debug for Sas {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sas(…)")
    }
}

/// The remote at an address.
pub(super) fn open(address: &AzureAddress, around: Around<'_>) -> Result<ObjectRemote, RemoteError> {
    let told = format!("azure://{}/{}", address.account, address.container);
    let url = format!("{}/{}", address.endpoint, address.container);
    let (sas, key) = match find(around) {
        // It is all that is needed, and stands in each request as it is.
        Ok(Who::Sas(_)) if !address.is_safe() => return Err(RemoteError::Overheard(told)),
        Ok(Who::Sas(sas)) => (sas, None),
        Ok(Who::Key(key)) => (String::new(), Some(key)),
        Err(what) => return Err(RemoteError::NoCredentials { place: told, what }),
    };
    let signer: Box<dyn Sign> = Box::new(Account { name: address.account.clone(), key });
    let service = Box::new(Azure { place: told, url, sas: Sas(sas) });
    Ok(ObjectRemote::new(service, address.prefix.clone(), Web::signed(Some(signer))))
}

impl Azure {
    /// A URL of the container with a query and who we are.
    fn with(&self, url: &str, query: &str) -> String {
        let parts = [query, &self.sas.0].map(str::to_owned).into_iter().filter(|part| !part.is_empty());
        let query: Vec<String> = parts.collect();
        format!("{url}{}{}", if query.is_empty() { "" } else { "?" }, query.join("&"))
    }
}

impl Service for Azure {
    fn place(&self) -> &str {
        &self.place
    }

    fn object(&self, _: Verb, name: &str) -> String {
        self.with(&format!("{}/{}", self.url, encoded_path(name)), "")
    }

    fn headers(&self, verb: Verb) -> &'static [(&'static str, &'static str)] {
        match verb {
            Verb::Create => &[("x-ms-blob-type", "BlockBlob"), ("If-None-Match", "*")],
            Verb::Put => &[("x-ms-blob-type", "BlockBlob")],
            _ => &[],
        }
    }

    fn exists(&self, answer: &Answer) -> bool {
        let codes = ["BlobAlreadyExists", "ConditionNotMet", "TargetConditionNotMet"];
        matches!(answer.status, 409 | 412) && codes.iter().any(|code| answer.text.contains(code))
    }

    fn known(&self) -> &'static [u16] {
        &[409]
    }

    fn listing(&self, prefix: &str, from: Option<&str>) -> String {
        let from = from.map(|marker| format!("&marker={}", encoded(marker))).unwrap_or_default();
        self.with(&self.url, &format!("restype=container&comp=list&prefix={}{from}", encoded(prefix)))
    }

    fn page(&self, text: &str) -> Result<Page, String> {
        listing::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_hold_a_signature_that_is_not_shown() {
        let (told, url) = ("azure://a/c".to_owned(), "http://h/c".to_owned());
        let mut azure = Azure { place: told, url, sas: Sas("sv=1&sig=secret".to_owned()) };
        assert_eq!(azure.object(Verb::Get, "p q/x"), "http://h/c/p%20q/x?sv=1&sig=secret");
        let page = azure.listing("p/", Some("2!8/="));
        let query = "restype=container&comp=list&prefix=p%2F&marker=2%218%2F%3D";
        assert_eq!(page, format!("http://h/c?{query}&sv=1&sig=secret"));
        assert!(!format!("{azure:?}").contains("secret"));
        azure.sas = Sas(String::new());
        assert_eq!(azure.object(Verb::Get, "x"), "http://h/c/x");
    }
}
