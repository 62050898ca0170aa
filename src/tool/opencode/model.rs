//! The model that a session is to go on with.
//!
//! The tool goes on with the model of the last prompt, and fails without a
//! word of explanation if its provider isn't set up. So prompts are written with one that the
//! user has: that of the settings, or the one that was chosen last.

use std::path::Path;

use super::family::Family;
use crate::object::json::{Tape, Value};
use crate::tool::Places;
use crate::tool::rows::{self, Database, Select};

/// A model of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Model {
    pub(super) provider: String,
    pub(super) name: String,
}

impl Model {
    /// From `provider/model`.
    fn parse(text: &str) -> Option<Model> {
        let (provider, name) = text.split_once('/').filter(|(p, n)| !p.is_empty() && !n.is_empty())?;
        Some(Model { provider: provider.to_owned(), name: name.to_owned() })
    }

    /// A model that another tool spoke with, by its name alone.
    pub(super) fn of_name(name: &str) -> Model {
        if let Some(model) = Model::parse(name) {
            return model;
        }
        let makers = [
            ("claude", "anthropic"),
            ("gpt", "openai"),
            ("o1", "openai"),
            ("o3", "openai"),
            ("o4", "openai"),
            ("codex", "openai"),
            ("gemini", "google"),
            ("grok", "xai"),
            ("qwen", "alibaba"),
            ("kimi", "moonshotai"),
            ("deepseek", "deepseek"),
        ];
        let maker = makers.iter().find(|(begin, _)| name.starts_with(begin));
        Model { provider: maker.map_or("unknown", |(_, maker)| maker).to_owned(), name: name.to_owned() }
    }
}

/// The model that the user has, if that can be found out.
pub(super) fn of_user(family: &Family, places: &Places, cwd: &Path) -> Option<Model> {
    settings(family, places, cwd).or_else(|| recent(family, places)).or_else(|| last(family, places))
}

/// The model in the settings, those of the project before those of the user.
fn settings(family: &Family, places: &Places, cwd: &Path) -> Option<Model> {
    let named = places.var(&format!("{}_CONFIG", family.vars));
    let folders = cwd.ancestors().flat_map(|dir| [dir.join(format!(".{}", family.name)), dir.to_owned()]);
    let folders = folders.chain([family.config(places)]);
    let files =
        folders.flat_map(|dir| ["jsonc", "json"].map(|end| dir.join(format!("{}.{end}", family.name))));
    named.into_iter().chain(files).find_map(|file| {
        let bytes = plain(&std::fs::read(file).ok()?);
        read(&bytes, |settings| Model::parse(&settings.string("model")?))
    })
}

/// The model that was chosen last.
fn recent(family: &Family, places: &Places) -> Option<Model> {
    let bytes = std::fs::read(family.state(places).join("model.json")).ok()?;
    read(&bytes, |state| of_ids(state.get("recent")?.items().next()?))
}

/// The model of the prompt that was written last.
fn last(family: &Family, places: &Places) -> Option<Model> {
    let database = Database::open(&family.database(places)).ok()?;
    let session = Select { table: "session", order: "time_updated DESC LIMIT 1", ..Select::default() };
    let session = database.values(&session, &["id"]).ok()?.into_iter().flatten().next()?;
    let prompt = Select {
        table: "message",
        filter: "session_id = ?1 AND json_extract(data, '$.role') = 'user'",
        params: &[session],
        order: "time_created DESC LIMIT 1",
        ..Select::default()
    };
    let data = database.values(&prompt, &["data"]).ok()?.into_iter().flatten().next()?;
    read(data.bytes()?, |data| of_ids(data.get("model")?))
}

fn of_ids(value: Value<'_>) -> Option<Model> {
    Some(Model { provider: value.string("providerID")?, name: value.string("modelID")? })
}

fn read<T>(bytes: &[u8], f: impl FnOnce(Value<'_>) -> Option<T>) -> Option<T> {
    let mut tape = Tape::default();
    tape.read(bytes)?;
    f(tape.root(bytes))
}

/// JSON without the comments, and without commas before a bracket's end, that
/// settings may have.
fn plain(text: &[u8]) -> Vec<u8> {
    let (mut out, mut at): (Vec<u8>, usize) = (Vec::with_capacity(text.len()), 0);
    while let Some(byte) = text.get(at) {
        let rest = text.get(at..).unwrap_or_default();
        match rest {
            [b'"', ..] => {
                let len = string(rest);
                out.extend_from_slice(rest.get(..len).unwrap_or_default());
                at += len;
                continue;
            }
            [b'/', b'/', ..] => {
                at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                continue;
            }
            [b'/', b'*', ..] => {
                at += memchr::memmem::find(rest, b"*/").map_or(rest.len(), |len| len + 2);
                continue;
            }
            [b'}' | b']', ..] => {
                let said = out.trim_ascii_end().len();
                if out.get(..said).is_some_and(|said| said.ends_with(b",")) {
                    out.truncate(said - 1);
                }
            }
            _ => {}
        }
        out.push(*byte);
        at += 1;
    }
    out
}

/// Length of a string with its quotes.
fn string(text: &[u8]) -> usize {
    let mut escaped = true;
    for (n, byte) in text.iter().enumerate() {
        match byte {
            b'"' if !escaped => return n + 1,
            b'\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

/// The project that the database has for a directory: that of the innermost
/// worktree which holds it.
pub(super) fn project(family: &Family, places: &Places, cwd: &Path) -> Option<String> {
    let cached = cwd.ancestors().map(|dir| dir.join(".git")).find(|git| git.exists());
    let cached = cached.map(|git| git.join(family.name)).filter(|path| path.is_file());
    let cached = cached.and_then(|path| std::fs::read_to_string(path).ok());
    cached.map(|id| id.trim().to_owned()).filter(|id| !id.is_empty()).or_else(|| {
        let database = Database::open(&family.database(places)).ok()?;
        let all =
            database.values(&Select { table: "project", ..Select::default() }, &["id", "worktree"]).ok()?;
        let holds = |row: &Vec<rows::Value>| {
            let worktree = Path::new(row.get(1)?.text()?);
            let id = row.first()?.text()?.to_owned();
            cwd.starts_with(worktree).then(|| (worktree.components().count(), id))
        };
        all.iter().filter_map(holds).max().map(|(_, id)| id)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_may_have_comments() {
        let text = br#"{ // which
            "a": "x // no \" comment, /* nor */ this", /* but
            this */ "model": "p/m/n", "list": [1, 2, ], }"#;
        let found = read(&plain(text), |settings| Model::parse(&settings.string("model")?));
        assert_eq!(found, Some(Model { provider: "p".into(), name: "m/n".into() }));
        for end in 0..text.len() {
            plain(&text[..end]);
        }
    }

    #[test]
    fn the_nearest_settings_count() {
        const FAMILY: &Family = &Family { name: "oc", vars: "OC", agent: "build", verified: &[] };
        let dir = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let mut places = Places { home: dir.path().join("home"), ..Places::default() };
        let cwd = dir.path().join("p/q");
        let found = |places: &Places| of_user(FAMILY, places, &cwd).map(|model| model.name);
        assert_eq!(found(&places), None);
        write("home/.local/state/oc/model.json", r#"{"recent":[{"providerID":"p","modelID":"recent"}]}"#);
        assert_eq!(found(&places).as_deref(), Some("recent"));
        write("home/.config/oc/oc.json", r#"{"model":"p/user"}"#);
        assert_eq!(found(&places).as_deref(), Some("user"));
        write("p/oc.jsonc", r#"{"model":"p/project",}"#);
        assert_eq!(found(&places).as_deref(), Some("project"));
        write("named", r#"{"model":"p/named"}"#);
        places.vars.insert("OC_CONFIG".into(), dir.path().join("named").display().to_string());
        assert_eq!(found(&places).as_deref(), Some("named"));
    }
}
