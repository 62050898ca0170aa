//! XML as far as listings need it: the path of each element, and its own text.
//!
//! Names are told without their namespaces: each server has prefixes of its
//! own, and where a listing has its elements nobody else has any.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, Event};

/// The most elements that lie one in another.
const DEPTH_MAX: usize = 32;

/// Tells of each element as it ends: the names on the way to it, as in
/// `multistatus/response/href`, and its own text, trimmed. Errors are words.
pub(super) fn elements(text: &str, mut each: impl FnMut(&str, &str)) -> Result<(), String> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let (mut path, mut texts, mut any) = (String::new(), Vec::<String>::new(), false);
    loop {
        match reader.read_event().map_err(|e| e.to_string())? {
            Event::Start(start) => {
                if !path.is_empty() {
                    path.push('/');
                }
                path.push_str(start.local_name().as_ref());
                texts.push(String::new());
                if texts.len() > DEPTH_MAX {
                    return Err("its elements lie too deep".to_owned());
                }
            }
            Event::End(_) => {
                each(&path, texts.pop().unwrap_or_default().trim());
                path.truncate(path.rfind('/').unwrap_or(0));
                any = true;
            }
            Event::Text(more) => push(&mut texts, &more),
            Event::CData(more) => push(&mut texts, &more),
            Event::GeneralRef(reference) => push(&mut texts, &resolved(&reference)),
            Event::Eof if any && texts.is_empty() => return Ok(()),
            Event::Eof => return Err("it is no XML, or cut short".to_owned()),
            _ => {}
        }
    }
}

fn push(texts: &mut [String], more: &str) {
    if let Some(text) = texts.last_mut() {
        text.push_str(more);
    }
}

/// What a reference stands for; one that is defined elsewhere, for itself.
fn resolved(reference: &BytesRef<'_>) -> String {
    match (reference.resolve_char_ref(), resolve_predefined_entity(reference)) {
        (Ok(Some(char)), _) => char.to_string(),
        (_, Some(text)) => text.to_owned(),
        _ => format!("&{};", &**reference),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(String, String)>, String> {
        let mut found = Vec::new();
        elements(text, |path, text| found.push((path.to_owned(), text.to_owned()))).map(|()| found)
    }

    #[test]
    fn elements_are_told_with_their_path_and_text() {
        let text = "<?xml version=\"1.0\"?>\n<!DOCTYPE a [<!ENTITY b \"no\">]>\n<D:a xmlns:D=\"DAV:\"><!-- -->\
            <D:b c=\"d\"> x &gt;&#x41;<![CDATA[<]]>&b; </D:b><e/></D:a>";
        let expected = [("a/b", "x >A<&b;"), ("a/e", ""), ("a", "")];
        assert_eq!(read(text).unwrap(), expected.map(|(path, text)| (path.to_owned(), text.to_owned())));
    }

    #[test]
    fn what_is_no_xml_is_refused() {
        for text in ["", "words", "<a><b></a>", "<a>", "<a", "</a>", &"<a>".repeat(50)] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
