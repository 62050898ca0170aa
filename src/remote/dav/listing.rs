//! What a folder holds, as servers say it to `PROPFIND` (RFC 4918).

use crate::remote::urls::decoded;
use crate::remote::xml::elements;

/// What is asked of each file: whether it is a folder, and how long it is.
pub(super) const QUESTION: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
    <propfind xmlns=\"DAV:\"><prop><resourcetype/><getcontentlength/></prop></propfind>\n";

/// A file or a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::remote) struct Entry {
    /// Its own name, the last part of the path that it is said to have.
    pub(in crate::remote) name: String,
    /// Whether it is a folder.
    pub(in crate::remote) folder: bool,
    /// How many bytes it has, if that is said.
    pub(in crate::remote) len: Option<u64>,
}

/// Reads what a server says to [`QUESTION`]; the folder that was asked about is
/// among it. Errors are words.
pub(in crate::remote) fn parse(text: &str) -> Result<Vec<Entry>, String> {
    let (mut found, mut now, mut root, mut gone) = (Vec::new(), Entry::default(), false, false);
    elements(text, |path, text| match path {
        "multistatus/response/href" => now.name = own_name(text),
        "multistatus/response/propstat/prop/resourcetype/collection" => now.folder = true,
        "multistatus/response/propstat/prop/getcontentlength" => now.len = text.parse().ok().or(now.len),
        // Said of the whole, and not of some of its properties.
        "multistatus/response/status" => {
            gone = text.split_whitespace().nth(1).is_some_and(|code| code != "200")
        }
        "multistatus/response" => {
            let now = std::mem::take(&mut now);
            found.extend((!std::mem::take(&mut gone)).then_some(now));
        }
        "multistatus" => root = true,
        _ => {}
    })?;
    if root { Ok(found) } else { Err("it is no list of files".to_owned()) }
}

/// The last part of a path or URL, which may be that of a folder.
fn own_name(href: &str) -> String {
    let path = href.trim_end_matches('/');
    decoded(path.rsplit_once('/').map_or(path, |(_, name)| name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, folder: bool, len: Option<u64>) -> Entry {
        Entry { name: name.to_owned(), folder, len }
    }

    #[test]
    fn listings_of_servers_are_read() {
        // As Apache writes it, with what a folder hasn't in a part of its own.
        let apache = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
            <D:multistatus xmlns:D=\"DAV:\" xmlns:ns0=\"DAV:\">\n\
            <D:response xmlns:lp1=\"DAV:\"><D:href>/dav/packs/</D:href><D:propstat><D:prop>\
            <lp1:resourcetype><D:collection/></lp1:resourcetype></D:prop><D:status>HTTP/1.1 200 OK</D:status>\
            </D:propstat><D:propstat><D:prop><lp1:getcontentlength/></D:prop>\
            <D:status>HTTP/1.1 404 Not Found</D:status></D:propstat></D:response>\
            <D:response><D:href>/dav/packs/a%20b%28.pack</D:href><D:propstat><D:prop><lp1:resourcetype/>\
            <lp1:getcontentlength>10</lp1:getcontentlength></D:prop></D:propstat></D:response>\
            </D:multistatus>";
        let expected = [entry("packs", true, None), entry("a b(.pack", false, Some(10))];
        assert_eq!(parse(apache).unwrap(), expected);
        // With whole URLs, another order and no prefix.
        let other = "<multistatus xmlns=\"DAV:\"><response><propstat><prop>\
            <getcontentlength>18446744073709551615</getcontentlength><resourcetype/></prop></propstat>\
            <href>https://h/x/../y</href></response></multistatus>";
        assert_eq!(parse(other).unwrap(), [entry("y", false, Some(u64::MAX))]);
        let gone = "<multistatus><response><href>/x</href><status>HTTP/1.1 404 Not Found</status></response>\
            <response><href>/y</href><status>HTTP/1.1 200 OK</status></response></multistatus>";
        assert_eq!(parse(gone).unwrap(), [entry("y", false, None)]);
        assert_eq!(parse("<multistatus/>").unwrap(), []);
        for odd in ["<html><body/></html>", "<multistatus><response>", "", "<a:multistatus/"] {
            assert!(parse(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn only_the_last_part_of_a_path_is_a_name() {
        for (href, name) in [
            ("/", ""),
            ("", ""),
            ("/a/..", ".."),
            ("/a/%2e%2e%2fb", "../b"),
            ("b%zz%", "b%zz%"),
            ("/x/y//", "y"),
        ] {
            assert_eq!(own_name(href), name);
        }
    }
}
