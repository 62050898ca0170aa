//! Doors for fuzzing: bytes of strangers into what reads them. Nothing may
//! panic, and nothing is made outside of the remote's directory.

use std::path::Path;

use super::encrypted::Ring;
use super::listing::{parse_index, parse_lines};
use super::sftp::Sftp;
use super::wire::read_answer;
use super::{Address, Folder, Key, azure, dav, s3, serve};

/// What the far side of ssh may be asked.
pub fn requests(dir: &Path, bytes: &[u8]) {
    let root = dir.join("remote");
    let (mut from, mut said) = (bytes, Vec::new());
    drop(serve(root.clone(), &mut from, &mut said));
    let others = std::fs::read_dir(dir).into_iter().flatten().flatten();
    assert!(others.into_iter().all(|entry| entry.path() == root));
    drop(std::fs::remove_dir_all(root));
}

/// What may be answered, on either protocol.
pub fn answers(bytes: &[u8]) {
    let mut from = bytes;
    while read_answer(&mut from, 1 << 16).is_ok() {}
    if let Ok(mut sftp) = Sftp::start(Said(bytes), "x", "x".to_owned()) {
        for folder in [Folder::Packs, Folder::Refs] {
            drop(sftp.list(folder));
        }
    }
}

/// Text: an index, a listing, an address, a ring.
pub fn texts(text: &str) {
    drop(parse_index(text));
    drop(parse_lines(text));
    if let Ok(address) = Address::parse(text) {
        drop(address.to_string());
    }
    Ring::read_text(text);
}

/// Listings of servers that are XML: WebDAV's, Azure's, and those of S3. What in
/// one is taken for ours is called exactly so.
pub fn listings(text: &str) {
    let in_folder = |name: &str| format!("packs/{name}");
    let entries = dav::listing::parse(text).unwrap_or_default();
    let names = entries.iter().map(|entry| in_folder(&entry.name));
    let pages = [azure::listing::parse(text), s3::page(text)];
    let names =
        names.chain(pages.into_iter().flatten().flat_map(|(objects, _)| objects).map(|(name, _)| name));
    for name in names {
        assert!(Key::parse(&name).is_none_or(|key| key.to_string() == name && !name.contains("..")));
    }
}

/// A stream that says something, whatever it is told.
struct Said<'s>(&'s [u8]);

impl std::io::Read for Said<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(buffer)
    }
}

impl std::io::Write for Said<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::wire::Request;
    use super::*;
    use crate::object::id::Id;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn nothing_that_is_said_breaks_anything(
            mut bytes in proptest::collection::vec(any::<u8>(), 0..300),
            len in any::<u64>(),
            kind in 0..5u8,
        ) {
            let dir = tempfile::tempdir().unwrap();
            requests(dir.path(), &bytes);
            answers(&bytes);
            texts(&String::from_utf8_lossy(&bytes));
            listings(&String::from_utf8_lossy(&bytes));
            // The same behind a request that can be understood.
            let key = Key::Pack(Id::from_bytes([1; 16]));
            let request = match kind {
                0 => Request::Get(key, 0..len),
                1 => Request::Create(key, len),
                2 => Request::Publish(len),
                3 => Request::Remove(key),
                _ => Request::List(Folder::Refs),
            };
            let mut said = Vec::new();
            request.write(&mut said).unwrap();
            said.append(&mut bytes);
            requests(dir.path(), &said);
        }

        #[test]
        fn no_listing_breaks_anything(
            parts in proptest::collection::vec(
                prop_oneof![
                    Just("<multistatus>"), Just("</multistatus>"), Just("<D:response xmlns:D='DAV:'>"),
                    Just("</D:response>"), Just("<href>"), Just("</href>"), Just("/x/%2e%2e/%"),
                    Just("<propstat><prop><getcontentlength>-1</getcontentlength></prop></propstat>"),
                    Just("<EnumerationResults>"), Just("<Blobs><Blob><Name>"), Just("</Name></Blob></Blobs>"),
                    Just("&lt;"), Just("&#x110000;"), Just("&"), Just("<![CDATA["), Just("]]>"), Just("<!--"),
                    Just("<?xml?>"), Just("<ListBucketResult xmlns='x'>"), Just("\u{0}"), Just("é"), Just("<"),
                ],
                0..40,
            ),
        ) {
            listings(&parts.concat());
        }

        #[test]
        fn an_address_that_is_read_is_told_as_it_was_and_read_again(
            scheme in prop_oneof![
                Just("webdav"), Just("webdavs"), Just("dav"), Just("davs"), Just("azure"), Just("gs"), Just("s3"),
                Just("ssh"), Just("https"),
            ],
            rest in "[a-z0-9@:/.%?=&# \\[\\]-]{0,30}",
        ) {
            let text = format!("{scheme}://{rest}");
            if let Ok(address) = Address::parse(&text) {
                let told = address.to_string();
                prop_assert_eq!(&Address::parse(&told).unwrap(), &address, "{}", told);
                prop_assert!(told == text.trim_end_matches('/') || told == text);
                // A password would stand between `:` and `@`.
                let authority = rest.split(['/', '?']).next().unwrap_or_default();
                let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
                prop_assert!(!user.contains(':'));
            }
        }
    }
}
