//! Parts of what a model says: words, thoughts, calls with their results.

use crate::object::json::{Type, Value};
use crate::object::message::{Action, Block, Input, Json, Message, Part, Role, Status, Text};
use crate::object::split::Texts;
use crate::tool::{Draft, Key, Step, codex, step};

/// What a part means.
pub(super) fn part(id: &[u8], kind: &[u8], data: Value<'_>, texts: &mut Texts) -> Step {
    match kind {
        b"text" => words(data, texts, Block::Text),
        b"reasoning" => thought(data, texts),
        b"tool" => {
            let mut step = call(id, data.get("tool"), data.path(&["state", "input"]), texts);
            step.time = time(data, "start");
            let result = result(id, data, texts);
            step.then.extend(Some(result).filter(|result| result.message.is_some()));
            step
        }
        // Pictures that a model makes.
        b"file" => file(data, texts),
        b"step-start" | b"step-finish" | b"snapshot" | b"patch" | b"retry" | b"agent" | b"compaction" => {
            Step::default()
        }
        _ => Step { unknown: true, ..Step::default() },
    }
}

/// The summary that stands for what came before it.
pub(super) fn summary(data: Value<'_>, texts: &mut Texts) -> Step {
    let mut step = words(data, texts, Block::Summary);
    if let Some(draft) = &mut step.message {
        draft.message.role = Role::System;
    }
    step
}

fn words(data: Value<'_>, texts: &mut Texts, block: fn(Text) -> Block) -> Step {
    let text = data.get("text").filter(|text| text.kind() == Type::String && !text.raw().is_empty());
    let message = text.map(|text| Draft::of(Role::Assistant, vec![block(texts.of(text))]));
    Step { message, time: data.path(&["time", "start"]).and_then(|t| t.int()), ..Step::default() }
}

/// A thought; providers have the proof of theirs in a place of their own.
fn thought(data: Value<'_>, texts: &mut Texts) -> Step {
    let text = data.get("text").filter(|text| text.kind() == Type::String);
    let providers = data.get("metadata").into_iter().flat_map(|metadata| metadata.members());
    let proof = providers.map(|(_, provider)| provider).find_map(|provider| {
        let keys = ["signature", "reasoningEncryptedContent", "thoughtSignature"];
        let proof = keys.into_iter().find_map(|key| provider.get(key));
        proof.filter(|proof| proof.kind() == Type::String && !proof.raw().is_empty())
    });
    let text = text.map_or_else(|| Text::Inline(Vec::new()), |text| texts.of(text));
    let signature = proof.map(|proof| texts.of(proof));
    let is_thought = !text.is_empty() || signature.is_some();
    let message = is_thought.then(|| Draft::of(Role::Assistant, vec![Block::Thinking { text, signature }]));
    Step { message, time: data.path(&["time", "start"]).and_then(|t| t.int()), ..Step::default() }
}

/// A call.
pub(super) fn call(id: &[u8], name: Option<Value<'_>>, input: Option<Value<'_>>, texts: &mut Texts) -> Step {
    let name = name.and_then(|name| name.str()).unwrap_or_default().into_owned();
    let action = action(&name);
    let files = input.and_then(|input| file_of(action, input)).into_iter().collect();
    let input = match input.filter(|input| !input.is_null()) {
        Some(text) if text.kind() == Type::String => Input::Text(texts.of(text)),
        Some(input) => Input::Json(texts.json(input)),
        None => Input::Json(Json { literal: b"{}".to_vec(), holes: Vec::new() }),
    };
    let message = Message { role: Role::Assistant, blocks: vec![Block::Call { name, action, input }] };
    let draft = Draft { message, calls: vec![Key::of(id)], results: Vec::new() };
    Step { key: Some(Key::of(id)), message: Some(draft), files, ..Step::default() }
}

/// What came of a call; nothing while it runs.
pub(super) fn result(id: &[u8], data: Value<'_>, texts: &mut Texts) -> Step {
    let state = |key: &str| data.path(&["state", key]);
    let (status, said) = match state("status").map(|status| status.raw()) {
        Some(b"completed") => (Status::Ok, state("output")),
        Some(b"error") => (Status::Error, state("error")),
        _ => return Step::default(),
    };
    let mut parts = Vec::new();
    match said {
        Some(text) if text.kind() == Type::String && text.raw().is_empty() => {}
        Some(text) if text.kind() == Type::String => parts.push(Part::Text(texts.of(text))),
        Some(other) if !other.is_null() => parts.push(Part::Other(texts.json(other))),
        _ => {}
    }
    for file in state("attachments").into_iter().flat_map(|files| files.items()) {
        let url = file.get("url").filter(|url| url.kind() == Type::String);
        let image = url.filter(|_| file.get("mime").is_some_and(|mime| mime.raw().starts_with(b"image/")));
        parts.push(match image {
            Some(url) => match texts.data_url(url) {
                Some((media, content)) => Part::Image(media, content),
                None => Part::Image(file.string("mime").unwrap_or_default(), texts.of(url)),
            },
            None => Part::Other(texts.json(file)),
        });
    }
    let blocks = vec![Block::Result { call: None, status, parts }];
    let message = Message { role: Role::User, blocks };
    let draft = Draft { message, calls: Vec::new(), results: vec![Key::of(id)] };
    Step {
        key: Some(Key::of(&[id, b"="].concat())),
        message: Some(draft),
        time: time(data, "end"),
        ..Step::default()
    }
}

fn time(data: Value<'_>, key: &str) -> Option<i64> {
    data.path(&["state", "time", key]).and_then(|time| time.int())
}

fn file(data: Value<'_>, texts: &mut Texts) -> Step {
    let url = data.get("url").filter(|url| url.kind() == Type::String && !url.raw().is_empty());
    let block = url.map(|url| match texts.data_url(url) {
        Some((media, content)) if media.starts_with("image/") => Block::Image(media, content),
        _ => Block::Other(texts.json(data)),
    });
    Step { message: block.map(|block| Draft::of(Role::Assistant, vec![block])), ..Step::default() }
}

/// What a tool of that name does. Sessions that began elsewhere hold calls of
/// tools of other programs.
fn action(name: &str) -> Action {
    match name {
        "multiedit" | "patch" => Action::Edit,
        "codesearch" | "lsp" => Action::Search,
        "todoread" => Action::Plan,
        _ => codex::action(name),
    }
}

/// The file that a call reads, writes or edits.
fn file_of(action: Action, input: Value<'_>) -> Option<String> {
    let path = ["filePath", "file_path", "path"].into_iter().find_map(|key| input.string(key));
    step::file(action, &path?)
}
