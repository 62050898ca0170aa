//! What a call does to files, whatever tool made it.
//!
//! Tools that write and edit files take the same few things under a few names:
//! a path and a content, a text and what replaces it, a patch. The names are
//! those of the tools' schemas as their sessions have them. What is not known
//! for sure is [`What::Unknown`]: then the file is no longer what was thought.

use memchr::memmem;
use serde_json::Value;

use crate::object::Action;

/// What a call does to one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The file, as the tool wrote its path.
    pub path: String,
    /// What happens to it.
    pub what: What,
}

/// What happens to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It is this from now on.
    Write(String),
    /// Parts of it are replaced, one after another.
    Edit(Vec<Replace>),
    /// It is removed.
    Delete,
    /// It goes to another path.
    Move(String),
    /// Something that the call alone doesn't tell.
    Unknown,
}

/// A text that is replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replace {
    /// The text; empty for the end of the file.
    pub old: String,
    /// What takes its place.
    pub new: String,
    /// Whether every one is, or the only one.
    pub all: bool,
    /// Whether both are whole lines.
    pub lines: bool,
}

const PATHS: &[&str] =
    &["file_path", "filePath", "absolute_path", "path", "target_file", "targetFile", "filename", "file"];
const CONTENTS: &[&str] = &["content", "contents", "file_text", "fileText", "text"];
const OLD: &[&str] = &["old_string", "oldString", "old_str", "oldStr", "oldText", "old_text", "search"];
const NEW: &[&str] = &["new_string", "newString", "new_str", "newStr", "newText", "new_text", "replace"];
const EDITS: &[&str] = &["edits", "replacements"];
const PATCHES: &[&str] = &["patch", "patchText", "patch_text", "input", "diff", "command", "cmd"];

/// What a call of that name does to files. `input` is what it was given: JSON,
/// or a text.
pub fn changes(name: &str, action: Action, input: &str) -> Vec<Change> {
    if !matches!(action, Action::Write | Action::Edit | Action::Shell) {
        return Vec::new();
    }
    let Ok(value) = serde_json::from_str::<Value>(input) else { return patch(input) };
    if let Some(found) = PATCHES.iter().filter_map(|key| value.get(key)).find_map(patch_in) {
        return found;
    }
    let Some(path) = first(&value, PATHS).filter(|_| action != Action::Shell) else { return Vec::new() };
    vec![Change { path: path.to_owned(), what: what(name, action, &value) }]
}

/// What a record shows of a file besides what the call says: tools note the
/// whole file for their own display, before an edit or on both sides of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The file, or only its name.
    pub path: String,
    /// Its text before.
    pub before: Option<String>,
    /// Its text after.
    pub after: Option<String>,
}

/// All that a native record shows of files, in order.
pub fn shown(record: &[u8]) -> Vec<Shown> {
    const SIDES: [(&[u8], &str, &str); 3] = [
        (b"originalFile", "originalFile", ""),
        (b"originalContent", "originalContent", "newContent"),
        (b"filediff", "before", "after"),
    ];
    // Most records show nothing, and are not parsed to find that out.
    if !SIDES.iter().any(|(word, ..)| memmem::find(record, word).is_some()) {
        return Vec::new();
    }
    let start = record.iter().position(|b| *b == b'{').unwrap_or(record.len());
    let parsed = serde_json::from_slice::<Value>(record.get(start..).unwrap_or_default());
    let (mut found, mut open) = (Vec::new(), parsed.into_iter().collect::<Vec<Value>>());
    while let Some(value) = open.pop() {
        if let Some(path) = first(&value, &["filePath", "file", "fileName"]) {
            for (_, before, after) in SIDES {
                let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
                let (before, after) = (text(before), text(after));
                if before.is_some() {
                    found.push(Shown { path: path.to_owned(), before, after });
                    break;
                }
            }
        }
        match value {
            Value::Array(items) => open.extend(items.into_iter().rev()),
            Value::Object(members) => open.extend(members.into_iter().rev().map(|(_, value)| value)),
            _ => {}
        }
    }
    found
}

/// The file that a call reads all of.
pub fn reads_whole(action: Action, input: &str) -> Option<String> {
    let value = serde_json::from_str::<Value>(input).ok().filter(|_| action == Action::Read)?;
    let part = ["offset", "limit", "start_line", "end_line", "view_range", "line_range", "startLine"];
    let whole = part.iter().all(|key| value.get(key).is_none_or(Value::is_null));
    first(&value, PATHS).filter(|_| whole).map(str::to_owned)
}

/// The text of a file that was read with the number of each line before it.
/// Whether its last line ended isn't known: it is taken to have.
pub fn numbered(shown: &str) -> Option<String> {
    let mut text = String::new();
    for (n, line) in (1u64..).zip(shown.lines()) {
        let rest = line.trim_start_matches(' ');
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, rest) = rest.split_at(digits);
        let content =
            rest.strip_prefix('→').or_else(|| rest.strip_prefix('\t')).or_else(|| rest.strip_prefix("| "));
        match content.filter(|_| number.parse() == Ok(n)) {
            Some(content) => {
                text.push_str(content);
                text.push('\n');
            }
            // What tools add to the end.
            None if n > 1 && line.is_empty() => break,
            None => return None,
        }
    }
    Some(text).filter(|text| !text.is_empty())
}

fn first<'v>(value: &'v Value, keys: &[&str]) -> Option<&'v str> {
    keys.iter().find_map(|key| value.get(key).and_then(Value::as_str))
}

fn what(name: &str, action: Action, value: &Value) -> What {
    let name = name.to_lowercase();
    if name.contains("delete") || name.contains("remove") {
        return What::Delete;
    }
    let command = value.get("command").and_then(Value::as_str);
    let writes = matches!(command, Some("create" | "write")) || action == Action::Write && command.is_none();
    if writes {
        return first(value, CONTENTS).map_or(What::Unknown, |text| What::Write(text.to_owned()));
    }
    if let Some(diff) = value.get("diff").and_then(Value::as_str) {
        return search_replace(diff).map_or(What::Unknown, edits);
    }
    let list = EDITS.iter().find_map(|key| value.get(key).and_then(Value::as_array));
    let replaced: Option<Vec<Replace>> = match list {
        Some(list) => list.iter().map(replace).collect(),
        None => replace(value).map(|one| vec![one]),
    };
    replaced.map_or(What::Unknown, edits)
}

/// Replacing nothing by a text is how a file is made by an edit.
fn edits(list: Vec<Replace>) -> What {
    match list.as_slice() {
        [one] if one.old.is_empty() && !one.all => What::Write(one.new.clone()),
        [] => What::Unknown,
        _ if list.iter().any(|one| one.old.is_empty()) => What::Unknown,
        _ => What::Edit(list),
    }
}

fn replace(value: &Value) -> Option<Replace> {
    let (old, new) = (first(value, OLD)?.to_owned(), first(value, NEW)?.to_owned());
    let set = |key: &str| value.get(key).and_then(Value::as_bool).unwrap_or(false);
    let many = value.get("expected_replacements").and_then(Value::as_u64).is_some_and(|n| n > 1);
    let all = set("replace_all") || set("replaceAll") || set("allow_multiple") || many;
    Some(Replace { old, new, all, lines: false })
}

/// Blocks of `SEARCH` and `REPLACE`; `None` if they are not whole.
fn search_replace(diff: &str) -> Option<Vec<Replace>> {
    let (mut found, mut at) = (Vec::new(), None::<(Replace, bool)>);
    for line in diff.split_inclusive('\n') {
        let mark = line.trim_end();
        match &mut at {
            None if mark.starts_with("<<<<<<< SEARCH") || mark.starts_with("------- SEARCH") => {
                at = Some((Replace { lines: true, ..Replace::default() }, false));
            }
            None => {}
            Some((one, false)) if mark.starts_with(":start_line:") || mark.starts_with(":end_line:") => {
                one.old.clear();
            }
            Some((one, false)) if mark == "-------" && one.old.is_empty() => {}
            Some((_, new @ false)) if mark == "=======" => *new = true,
            Some((one, true))
                if mark.starts_with(">>>>>>> REPLACE") || mark.starts_with("+++++++ REPLACE") =>
            {
                found.push(std::mem::take(one));
                at = None;
            }
            Some((one, new)) => if *new { &mut one.new } else { &mut one.old }.push_str(line),
        }
    }
    at.is_none().then_some(found).filter(|found| !found.is_empty())
}

/// A patch that stands in an argument: as a text, or as one of a command's words.
fn patch_in(value: &Value) -> Option<Vec<Change>> {
    let found = match value {
        Value::String(text) => patch(text),
        Value::Array(words) => words.iter().filter_map(Value::as_str).flat_map(patch).collect(),
        _ => Vec::new(),
    };
    Some(found).filter(|found| !found.is_empty())
}

/// The changes of a patch in the form that begins with `*** Begin Patch`.
fn patch(text: &str) -> Vec<Change> {
    let (mut changes, mut inside) = (Vec::<Change>::new(), false);
    for line in text.split_inclusive('\n') {
        let head = line.trim_end();
        match head {
            "*** Begin Patch" => inside = true,
            // In a command, the patch may follow on the same line.
            _ if !inside => inside = head.ends_with("*** Begin Patch"),
            "*** End Patch" => inside = false,
            "*** End of File" => {}
            _ => patch_line(line, head, &mut changes),
        }
    }
    for change in &mut changes {
        if let What::Edit(list) = &mut change.what {
            list.retain(|one| one.old != one.new);
            if list.iter().any(|one| one.old.is_empty()) {
                change.what = What::Unknown;
            }
        }
    }
    changes
}

fn patch_line(line: &str, head: &str, changes: &mut Vec<Change>) {
    let mut begin = |path: &str, what| changes.push(Change { path: path.to_owned(), what });
    if let Some(path) = head.strip_prefix("*** Add File: ") {
        return begin(path, What::Write(String::new()));
    }
    if let Some(path) = head.strip_prefix("*** Delete File: ") {
        return begin(path, What::Delete);
    }
    if let Some(path) = head.strip_prefix("*** Update File: ") {
        return begin(path, What::Edit(Vec::new()));
    }
    if let Some(to) = head.strip_prefix("*** Move to: ") {
        // The move comes first and the edits are those of the new path.
        let Some(last) = changes.pop() else { return };
        changes.push(Change { path: last.path, what: What::Move(to.to_owned()) });
        changes.push(Change { path: to.to_owned(), what: last.what });
        return;
    }
    let line = if line.ends_with('\n') { line.to_owned() } else { format!("{line}\n") };
    match changes.last_mut().map(|change| &mut change.what) {
        Some(What::Write(text)) => text.push_str(line.strip_prefix('+').unwrap_or_default()),
        Some(What::Edit(list)) if head.starts_with("@@") => {
            list.push(Replace { lines: true, ..Replace::default() });
        }
        Some(What::Edit(list)) => {
            if list.is_empty() {
                list.push(Replace { lines: true, ..Replace::default() });
            }
            let Some(one) = list.last_mut() else { return };
            match line.split_at_checked(1) {
                Some(("+", rest)) => one.new.push_str(rest),
                Some(("-", rest)) => one.old.push_str(rest),
                Some((" ", rest)) => (one.old.push_str(rest), one.new.push_str(rest)).0,
                // An empty line of context may have lost its space.
                _ => (one.old.push('\n'), one.new.push('\n')).0,
            }
        }
        _ => {}
    }
}

impl Replace {
    /// Replaces in a text; `None` if what is to be replaced isn't there, or is
    /// there more than once when it should be the only one. Of whole lines the
    /// first are replaced; then it tells too whether these were the only ones.
    pub fn apply(&self, text: &str) -> Option<(String, bool)> {
        if self.old.is_empty() {
            return None;
        }
        let mut at = memmem::find_iter(text.as_bytes(), self.old.as_bytes());
        let put = |at: usize| {
            let after = text.get(at.checked_add(self.old.len())?..)?;
            Some([text.get(..at)?, &self.new, after].concat())
        };
        if !self.lines {
            return match (at.next()?, at.next()) {
                (first, None) => put(first).map(|text| (text, true)),
                (_, Some(_)) if !self.all => None,
                _ => Some((text.replace(&self.old, &self.new), true)),
            };
        }
        let mut at = at.filter(|at| text.get(..*at).is_some_and(|b| b.is_empty() || b.ends_with('\n')));
        if let Some(first) = at.next() {
            return put(first).map(|text| (text, at.next().is_none()));
        }
        // The last line of a file may have no end.
        let (old, new) = (self.old.strip_suffix('\n')?, self.new.strip_suffix('\n').unwrap_or(&self.new));
        let before = text.strip_suffix(old).filter(|b| b.is_empty() || b.ends_with('\n'))?;
        Some(([before, new].concat(), true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Action::{Edit, Shell, Write};
    use proptest::prelude::*;
    use serde_json::json;

    fn one(name: &str, action: Action, input: Value) -> What {
        let mut found = changes(name, action, &input.to_string());
        assert_eq!(found.len(), 1, "{input}");
        found.remove(0).what
    }

    #[test]
    fn writes_and_edits_are_known_by_what_they_are_given() {
        for key in ["file_path", "filePath", "path"] {
            let made = changes("Write", Write, &json!({key: "a", "content": "x"}).to_string());
            assert_eq!(made, [Change { path: "a".into(), what: What::Write("x".into()) }]);
        }
        let create = json!({"command": "create", "path": "a", "file_text": "x"});
        assert_eq!(one("str_replace_editor", Edit, create), What::Write("x".into()));
        assert_eq!(one("str_replace_editor", Edit, json!({"command": "insert", "path": "a"})), What::Unknown);
        assert_eq!(one("delete_file", Edit, json!({"path": "a"})), What::Delete);
        assert_eq!(one("Edit", Edit, json!({"file_path": "a", "code_edit": "… rest …"})), What::Unknown);
        let edit = json!({"path": "a", "old_str": "x", "new_str": "y", "replace_all": true});
        let replace = Replace { old: "x".into(), new: "y".into(), all: true, lines: false };
        assert_eq!(one("edit", Edit, edit), What::Edit(vec![replace]));
        let many = json!({"file_path": "a", "edits": [
            {"old_string": "x", "new_string": "y"}, {"oldText": "y", "newText": "z"}]});
        assert!(matches!(one("MultiEdit", Edit, many), What::Edit(list) if list.len() == 2));
        let new = json!({"file_path": "a", "old_string": "", "new_string": "y"});
        assert_eq!(one("replace", Edit, new), What::Write("y".into()));
        assert!(changes("Bash", Shell, &json!({"command": "rm x", "path": "a"}).to_string()).is_empty());
    }

    const PATCH: &str = "*** Begin Patch\n*** Add File: new.txt\n+one\n+two\n*** Update File: a\n*** Move to: b\n@@ fn\n ctx\n-x\n+y\n\n*** Delete File: e\n*** End Patch\n";

    #[test]
    fn patches_say_what_becomes_of_each_file() {
        let shell = json!({"command": ["apply_patch", PATCH]}).to_string();
        for found in [changes("apply_patch", Edit, PATCH), changes("shell", Shell, &shell)] {
            let edit =
                Replace { old: "ctx\nx\n\n".into(), new: "ctx\ny\n\n".into(), all: false, lines: true };
            let wanted = [
                ("new.txt", What::Write("one\ntwo\n".into())),
                ("a", What::Move("b".into())),
                ("b", What::Edit(vec![edit])),
                ("e", What::Delete),
            ];
            let wanted = wanted.map(|(path, what)| Change { path: path.into(), what });
            assert_eq!(found, wanted);
        }
    }

    #[test]
    fn blocks_of_search_and_replace_are_edits() {
        let diff = "<<<<<<< SEARCH\n:start_line:3\n-------\nold\n=======\nnew\n>>>>>>> REPLACE\n";
        let What::Edit(list) = one("apply_diff", Edit, json!({"path": "a", "diff": diff})) else { panic!() };
        assert_eq!(list[0].apply("x\nold\ny\n").unwrap().0, "x\nnew\ny\n");
        let cut = json!({"path": "a", "diff": "------- SEARCH\nold\n=======\nnew\n"});
        assert_eq!(one("replace_in_file", Edit, cut), What::Unknown);
    }

    #[test]
    fn a_text_is_replaced_only_where_it_must_be() {
        let replace =
            |old: &str, new: &str, all, lines| Replace { old: old.into(), new: new.into(), all, lines };
        assert_eq!(replace("a", "b", false, false).apply("xax").unwrap().0, "xbx");
        assert_eq!(replace("a", "b", false, false).apply("aa"), None);
        assert_eq!(replace("a", "b", true, false).apply("aa").unwrap().0, "bb");
        assert_eq!(replace("a", "b", false, false).apply("x"), None);
        assert_eq!(replace("a\n", "b\n", false, true).apply("xa\na\n").unwrap().0, "xa\nb\n");
        assert_eq!(replace("a\n", "b\n", false, true).apply("x\na").unwrap().0, "x\nb");
        assert_eq!(replace("a\n", "b\n", false, true).apply("a\na\n"), Some(("b\na\n".into(), false)));
    }

    #[test]
    fn a_file_that_was_read_with_numbers_is_known() {
        assert_eq!(numbered("     1→fn a\n     2→\n     3→}\n").unwrap(), "fn a\n\n}\n");
        assert_eq!(numbered("1\ta\n2\tb\n\n<system-reminder>x").unwrap(), "a\nb\n");
        for other in ["5→later\n6→on", "plain text", "1→a\n3→c", ""] {
            assert_eq!(numbered(other), None, "{other:?}");
        }
        let read = |input: Value| reads_whole(Action::Read, &input.to_string());
        assert_eq!(read(json!({"file_path": "a"})).as_deref(), Some("a"));
        assert_eq!(read(json!({"file_path": "a", "offset": 7})), None);
    }

    #[test]
    fn records_show_files_for_their_display() {
        let claude = json!({"toolUseResult": {"filePath": "/p/a", "oldString": "x", "originalFile": "was"}});
        let gemini =
            json!([{"resultDisplay": {"fileName": "a", "originalContent": "was", "newContent": "is"}}]);
        let opencode =
            json!({"state": {"metadata": {"filediff": {"file": "/p/a", "before": "was", "after": "is"}}}});
        let found = |record: Value| shown(format!("\n{{\"r\":{record}}}").as_bytes());
        let is = |path: &str, after: Option<&str>| {
            vec![Shown { path: path.into(), before: Some("was".into()), after: after.map(str::to_owned) }]
        };
        assert_eq!(found(claude), is("/p/a", None));
        assert_eq!(found(gemini), is("a", Some("is")));
        assert_eq!(found(opencode), is("/p/a", Some("is")));
        assert!(found(json!({"filePath": "a", "originalFile": null})).is_empty());
        assert!(shown(b"\xff{ originalFile").is_empty());
    }

    proptest! {
        #[test]
        fn any_input_is_read(name in ".{0,9}", text in "(\\*\\*\\* |@@|[-+ ]|SEARCH|[a-z{\"}:é\n])*") {
            for action in [Write, Edit, Shell] {
                changes(&name, action, &text);
            }
            numbered(&text);
            search_replace(&text);
        }
    }
}
