//! A conversation of the IDE: its rows of `globalStorage/state.vscdb`, and no
//! others. Described by projects that read IDEs from 0.4x to 3.22.
//!
//! | row | |
//! |---|---|
//! | `composerData:<id>` | the conversation: its bubbles in order, since 2.x the root of its graph |
//! | `bubbleId:<id>:<bubble>` | what is shown |
//! | `agentKv:blob:<sha256>` | the graph, of all projects together |
//! | `messageRequestContext:<id>:<bubble>` | what was sent along |
//! | `checkpointId:<id>:<checkpoint>`, `codeBlockDiff:…`, `codeBlockPartialInlineDiffFates:…` | states of files |
//! | `composerHeaders` (since 3.12) | its row in the list |

use std::collections::HashMap;
use std::path::Path;

use super::blobs::{Blobs, Shelf};
use super::kv::{Entry, Kv};
use super::root::Root;
use super::script::Script;
use super::weave::{self, Bubble, Woven};
use super::{secret, store, workspace};
use crate::object::escape;
use crate::object::json::{Tape, Value};
use crate::tool::StepFacts;
use crate::tool::rows::{Database, Line, Row, RowsError, Select};

/// Where the blobs of all conversations are.
const SHELF: Shelf = Shelf { table: "cursorDiskKV", name: "key", prefix: "agentKv:blob:", data: "value" };
/// Rows that hold states of files are only taken up to this many bytes.
const SMALL: i64 = 256 << 10;
/// Rows of other kinds that go with a conversation.
const BESIDE: [&str; 4] =
    ["messageRequestContext", "checkpointId", "codeBlockDiff", "codeBlockPartialInlineDiffFates"];

/// Reads the conversation of an id.
pub(super) fn read(path: &Path, composer: &str) -> Result<Script, RowsError> {
    let database = Database::open(path)?;
    let mut script =
        Script { schema: database.schema(&["cursorDiskKV", "composerHeaders"])?, ..Script::default() };
    if let Some(kv) = Kv::of(&database)?
        && let Some(data) = kv.get(&format!("composerData:{composer}"))?
    {
        conversation(&kv, composer, data, &mut script)?;
    }
    header(&database, composer, &mut script)?;
    database.still_valid()?;
    if script.facts.cwd.is_none() {
        script.facts.cwd = workspace::of_composer(path, composer);
    }
    Ok(script)
}

fn conversation(kv: &Kv<'_>, composer: &str, data: Entry, script: &mut Script) -> Result<(), RowsError> {
    let json = data.value.clone().unwrap_or_default();
    let mut tape = Tape::default();
    let known = tape.read(&json).is_some();
    let value = tape.root(&json);
    let clean = secret::cut_out(&json);
    let line = if clean == json { data.line() } else { data.line_with(clean) };
    if !known {
        script.rest.push(line);
        return Ok(());
    }
    learn(value, &mut script.facts);
    let (mut shown, unlisted) = bubbles(kv, composer, value)?;
    let beside = beside(kv, composer, &mut shown)?;
    let state = value.get("conversationState").and_then(|state| state.bytes()).and_then(|s| root_of(&s));
    let woven = match state {
        Some(root) => told(kv, &root, shown, is_busy(value), &mut script.facts)?,
        None => weave::bubbles(shown.into_iter().map(|(_, bubble)| bubble).collect(), is_busy(value)),
    };
    let inline = value.get("conversation").is_some_and(|list| list.items().next().is_some());
    script.records = woven.records;
    if inline && script.records.is_empty() {
        script.records.push(line);
    } else {
        script.rest.push(line);
    }
    script.rest.extend(woven.rest);
    script.rest.extend(unlisted);
    script.rest.extend(beside);
    Ok(())
}

/// A conversation that has a graph, if all of its messages are there; else
/// what the bubbles say.
fn told(
    kv: &Kv<'_>,
    root: &[u8],
    shown: Vec<(String, Bubble)>,
    busy: bool,
    facts: &mut StepFacts,
) -> Result<Woven, RowsError> {
    let shown: Vec<Bubble> = shown.into_iter().map(|(_, bubble)| bubble).collect();
    let blobs = Blobs::reach(kv.database, SHELF, root)?;
    let root = Root::read(root);
    store::learn(&root, facts);
    let whole = !root.prompts.is_empty() && root.prompts.iter().all(|id| blobs.get(id).is_some());
    if whole {
        return Ok(weave::graph(&root, &blobs, shown));
    }
    let mut woven = weave::bubbles(shown, busy);
    let lines = blobs.order().iter().filter_map(|id| blobs.get(id)).map(|blob| blob.line.clone());
    woven.rest.extend(lines);
    Ok(woven)
}

/// The root of the graph: base64 after a tilde.
fn root_of(state: &[u8]) -> Option<Vec<u8>> {
    let base64 = state.strip_prefix(b"~").filter(|base64| !base64.is_empty())?;
    Some(escape::decode_base64(base64)?.0)
}

/// Whether an answer is being written.
fn is_busy(data: Value<'_>) -> bool {
    let generating = data.get("generatingBubbleIds").is_some_and(|list| list.items().next().is_some());
    generating || data.string("status").is_some_and(|status| status == "generating")
}

/// The bubbles in the order of the conversation, and the lines of those that
/// are in no order.
type Bubbles = (Vec<(String, Bubble)>, Vec<Vec<u8>>);

fn bubbles(kv: &Kv<'_>, composer: &str, data: Value<'_>) -> Result<Bubbles, RowsError> {
    let rows = kv.below(&format!("bubbleId:{composer}:"), i64::MAX)?;
    let mut by_name: HashMap<String, Entry> = HashMap::new();
    let mut alias: HashMap<String, String> = HashMap::new();
    let mut order = Vec::new();
    for row in rows {
        if let Some(inner) = row.value.as_deref().and_then(inner_id) {
            alias.entry(inner).or_insert_with(|| row.name.clone());
        }
        order.push(row.name.clone());
        by_name.insert(row.name.clone(), row);
    }
    let (mut listed, mut any) = (Vec::new(), false);
    for header in data.get("fullConversationHeadersOnly").into_iter().flat_map(|list| list.items()) {
        any = true;
        let Some(id) = header.string("bubbleId") else { continue };
        let name = if by_name.contains_key(&id) { Some(&id) } else { alias.get(&id) };
        listed.extend(name.and_then(|name| by_name.remove(name)));
    }
    let mut left: Vec<Entry> = order.iter().filter_map(|name| by_name.remove(name)).collect();
    let inline = data.get("conversation").is_some_and(|list| list.items().next().is_some());
    if !any && !inline {
        // Nothing says in which order: then by time.
        left.sort_by_key(|entry| entry.value.as_deref().and_then(time_of));
        listed.append(&mut left);
    }
    let bubble = |entry: Entry| {
        let (name, json) = (entry.name.clone(), entry.value.clone().unwrap_or_default());
        (name, Bubble::of(entry.line(), &json))
    };
    Ok((listed.into_iter().map(bubble).collect(), left.into_iter().map(Entry::line).collect()))
}

fn inner_id(json: &[u8]) -> Option<String> {
    let mut tape = Tape::default();
    tape.read(json)?;
    super::bubble::id(tape.root(json))
}

fn time_of(json: &[u8]) -> Option<i64> {
    let mut tape = Tape::default();
    tape.read(json)?;
    super::bubble::time(tape.root(json))
}

/// Gives bubbles the rows that belong to them; the lines of the others.
fn beside(kv: &Kv<'_>, composer: &str, shown: &mut [(String, Bubble)]) -> Result<Vec<Vec<u8>>, RowsError> {
    let places: HashMap<String, usize> =
        shown.iter().enumerate().map(|(at, (name, _))| (name.clone(), at)).collect();
    let mut others = Vec::new();
    for kind in BESIDE {
        for entry in kv.below(&format!("{kind}:{composer}:"), SMALL)? {
            let bubble = places.get(&entry.name).and_then(|at| shown.get_mut(*at));
            match bubble {
                Some((_, bubble)) => bubble.with.push(entry.line()),
                None => others.push(entry.line()),
            }
        }
    }
    Ok(others)
}

/// The row of the conversation in the list, which tells where it belongs.
fn header(database: &Database, composer: &str, script: &mut Script) -> Result<(), RowsError> {
    let columns = database.columns("composerHeaders")?;
    if !columns.iter().any(|column| column == "composerId") {
        return Ok(());
    }
    let names: Vec<&str> = columns.iter().map(String::as_str).collect();
    let params = [composer.into()];
    let select =
        Select { table: "composerHeaders", filter: "composerId = ?1", params: &params, ..Select::default() };
    for values in database.values(&select, &names)? {
        let row = Row {
            table: "composerHeaders".to_owned(),
            values: columns.iter().cloned().zip(values).collect(),
        };
        let json = row.get("value").and_then(|value| value.bytes()).unwrap_or_default().to_vec();
        let mut tape = Tape::default();
        if tape.read(&json).is_some() {
            learn(tape.root(&json), &mut script.facts);
        }
        let id = row.get("workspaceId").and_then(|id| id.text());
        if let Some(id) = id.filter(|_| script.facts.cwd.is_none()) {
            script.facts.cwd = workspace::folder(database.path(), id);
        }
        script.rest.push(Line::Row(row).to_bytes());
    }
    Ok(())
}

/// What the conversation, or its row in the list, tells of itself.
fn learn(data: Value<'_>, facts: &mut StepFacts) {
    let folder = data.path(&["workspaceIdentifier", "uri"]);
    let path = folder.and_then(|uri| ["fsPath", "path"].into_iter().find_map(|key| uri.string(key)));
    facts.cwd = facts.cwd.take().or(path.filter(|path| !path.is_empty()));
    facts.tool_title = data.string("name").filter(|name| !name.is_empty()).or(facts.tool_title.take());
    let parent = data.path(&["subagentInfo", "parentComposerId"]).and_then(|id| id.str());
    facts.parent = facts.parent.take().or(parent.map(Into::into));
    let time = |key| data.get(key).and_then(|time| time.int());
    facts.created = facts.created.or(time("createdAt"));
    facts.updated = facts.updated.max(time("lastUpdatedAt"));
    let repos = data.get("trackedGitRepos").into_iter().flat_map(|repos| repos.items());
    let branches = repos.filter_map(|repo| repo.get("branches")).flat_map(|branches| branches.items());
    let branch = branches.filter_map(|branch| branch.string("branchName")).next();
    facts.git_branch = facts.git_branch.take().or(branch);
}
