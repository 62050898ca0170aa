//! A page of `List Blobs`.

use crate::remote::objects::Page;
use crate::remote::urls::decoded;
use crate::remote::xml::elements;

/// Reads a page. Errors are words.
pub(in crate::remote) fn parse(text: &str) -> Result<Page, String> {
    let (mut found, mut name, mut len) = (Vec::new(), String::new(), None);
    let (mut next, mut root, mut unsaid) = (None, false, false);
    elements(text, |path, text| match path {
        "EnumerationResults/Blobs/Blob/Name" => name = text.to_owned(),
        "EnumerationResults/Blobs/Blob/Properties/Content-Length" => len = text.parse::<u64>().ok(),
        "EnumerationResults/Blobs/Blob" => match len.take() {
            // Names that XML can't hold come encoded; ours don't need it.
            Some(len) => found.push((decoded(&std::mem::take(&mut name)), len)),
            None => unsaid = true,
        },
        "EnumerationResults/NextMarker" => next = Some(text.to_owned()).filter(|text| !text.is_empty()),
        "EnumerationResults" => root = true,
        _ => {}
    })?;
    match (root, unsaid) {
        (false, _) => Err("it is no list of blobs".to_owned()),
        (_, true) => Err("it doesn't tell the length of each".to_owned()),
        _ => Ok((found, next)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_read() {
        let text = "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults \
            ServiceEndpoint=\"https://a.blob.core.windows.net/\" ContainerName=\"c\"><Prefix>p/</Prefix><Blobs>\
            <Blob><Name>p/a &lt; b</Name><Properties><Etag>0x1</Etag><Content-Length>10</Content-Length>\
            <BlobType>BlockBlob</BlobType></Properties><OrMetadata /></Blob>\
            <BlobPrefix><Name>p/q/</Name></BlobPrefix>\
            <Blob><Name>p/c</Name><Properties><Content-Length>0</Content-Length></Properties></Blob>\
            </Blobs><NextMarker>2!8!x--</NextMarker></EnumerationResults>";
        let (found, next) = parse(text).unwrap();
        assert_eq!(found, [("p/a < b".to_owned(), 10), ("p/c".to_owned(), 0)]);
        assert_eq!(next.as_deref(), Some("2!8!x--"));
        let last = "<EnumerationResults><Blobs/><NextMarker/></EnumerationResults>";
        assert_eq!(parse(last).unwrap(), (Vec::new(), None));
        let unsaid = "<EnumerationResults><Blobs><Blob><Name>a</Name></Blob></Blobs></EnumerationResults>";
        for odd in [unsaid, "<html/>", "", "<EnumerationResults>"] {
            assert!(parse(odd).is_err(), "{odd}");
        }
    }
}
