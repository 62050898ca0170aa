//! Addresses of Azure: `azure://account/container[/prefix][?endpoint=URL]`.

use crate::remote::urls::{endpoint, is_safe, prefix};

/// A container of Azure's blob storage, and what in it is ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AzureAddress {
    /// As the user wrote it.
    pub(in crate::remote) text: String,
    /// The account.
    pub(in crate::remote) account: String,
    /// The container.
    pub(in crate::remote) container: String,
    /// What our names begin with: nothing, or something with `/` at its end.
    pub(in crate::remote) prefix: String,
    /// The URL of the account's containers.
    pub(in crate::remote) endpoint: String,
}

impl AzureAddress {
    /// Reads what follows the scheme.
    pub(in crate::remote) fn parse(text: &str, rest: &str) -> Result<AzureAddress, &'static str> {
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (account, place) = place.split_once('/').unwrap_or((place, ""));
        let (container, below) = place.split_once('/').unwrap_or((place, ""));
        let plain = |text: &str, also: &[char]| {
            !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || also.contains(&c))
        };
        if !plain(account, &['-']) {
            return Err("that can't be the name of an account, and keys don't belong into an address");
        }
        if !plain(container, &['-', '$']) {
            return Err("that can't be the name of a container; write azure://ACCOUNT/CONTAINER");
        }
        let endpoint = match query.split_once('=') {
            None if query.is_empty() => format!("https://{account}.blob.core.windows.net"),
            Some(("endpoint", url)) => endpoint(url)?,
            _ => return Err("after `?` it may have endpoint=; a SAS belongs into AZURE_STORAGE_SAS_TOKEN"),
        };
        let (text, account, container) = (text.to_owned(), account.to_owned(), container.to_owned());
        Ok(AzureAddress { text, account, container, prefix: prefix(below)?, endpoint })
    }

    /// Whether nobody on the way can read what is sent.
    pub(in crate::remote) fn is_safe(&self) -> bool {
        is_safe(&self.endpoint)
    }
}
