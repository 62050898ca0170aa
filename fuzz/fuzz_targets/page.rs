//! What strangers say becomes known elements of a page and no others.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sfs::object::{Action, Id, Role, Usage};
use sfs::ops::show::{Piece, Shown};
use sfs::view::html::Writer;

const NEVER: &[&str] = &["script", "style", "iframe", "svg", "link", "meta", "base", "object", "form", "input"];

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data).into_owned();
    let call = |is_json| Piece::Call {
        name: text.clone(),
        action: Action::Edit,
        input: text.clone(),
        is_json,
    };
    let result = Piece::Result { call: Some(0), failed: false, parts: vec![Piece::Text(text.clone())] };
    let shown = Shown {
        id: Id::ZERO,
        n: 1,
        turn: 1,
        begins_turn: false,
        role: Role::Assistant,
        time: None,
        tool: text.clone(),
        model: Some(text.clone()),
        usage: Usage::default(),
        files: Vec::new(),
        pieces: vec![Piece::Text(text.clone()), call(true), call(false), result],
    };
    let mut writer = Writer::default();
    writer.message(&shown);
    let html = writer.take();
    for tag in html.split('<').skip(1) {
        let name = tag.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        assert!(!NEVER.contains(&name.to_ascii_lowercase().as_str()), "<{name}> in {html}");
    }
});
