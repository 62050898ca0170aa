//! Transcripts that their tool broke, of which versions of it resumed but a
//! part: what `sfs` writes of them is resumed whole.
//!
//! anthropics/claude-code#24304, #22107, #58554, #46603, #48936

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::real::compare::Expected;
use crate::real::resume::{Resumed, Tool};
use crate::real::sandbox::Sandbox;
use crate::real::scenario::{Native, THREE, claude_session};
use crate::{NEXT, capture, lacks_resume, then_asked};

/// What becomes of the rows of a transcript.
type Break = fn(Vec<Value>) -> Vec<Value>;

/// Changes the rows of a transcript.
fn edit(path: &Path, change: Break) {
    let text = fs::read_to_string(path).expect("a transcript");
    let rows = text.lines().map(|row| serde_json::from_str(row).expect("a row")).collect();
    let text: String = change(rows).iter().map(|row| format!("{row}\n")).collect();
    fs::write(path, text).expect("the transcript");
}

/// The row of the third prompt hangs on one that was never written.
fn orphan(mut rows: Vec<Value>) -> Vec<Value> {
    let is_third = |row: &&mut Value| row["type"] == "user" && row.to_string().contains(THREE);
    let third = rows.iter_mut().find(is_third).expect("the third prompt");
    third["parentUuid"] = json!("00000000-0000-4000-8000-000000000000");
    rows
}

/// The first rows are written again at the end, without their parents.
fn repeat(mut rows: Vec<Value>) -> Vec<Value> {
    let said = rows.iter().filter(|row| row["parentUuid"].is_string()).take(5).cloned();
    let again: Vec<Value> = said
        .map(|mut row| {
            row["parentUuid"] = Value::Null;
            row
        })
        .collect();
    rows.extend(again);
    rows
}

/// What Claude Code asks after it resumed what `sfs` wrote of a session that
/// was broken so.
fn resumes_whole(sandbox: &Sandbox, native: &Native, breaks: &[Break]) {
    breaks.iter().for_each(|change| edit(&native.path, *change));
    let broken = fs::read(&native.path).expect("the transcript");
    capture(sandbox, Tool::Claude, native, 3);
    let resumed = Resumed::new(sandbox, "@", Tool::Claude);
    Expected::own(&then_asked(native)).assert(&resumed.go_on(sandbox, NEXT));
    let carried = Resumed::new(sandbox, "@", Tool::Codex);
    Expected::carried(&then_asked(native)).assert(&carried.go_on(sandbox, NEXT));
    assert_eq!(fs::read(&native.path).ok(), Some(broken), "the session that was there is left alone");
}

#[test]
fn a_row_that_hangs_on_nothing_cuts_nothing_off() {
    if lacks_resume() {
        return;
    }
    let Some(sandbox) = Sandbox::new() else { return };
    let native = claude_session(&sandbox);
    resumes_whole(&sandbox, &native, &[orphan]);
}

#[test]
fn rows_that_are_written_again_cut_nothing_off() {
    if lacks_resume() {
        return;
    }
    let Some(sandbox) = Sandbox::new() else { return };
    let native = claude_session(&sandbox);
    resumes_whole(&sandbox, &native, &[repeat, orphan]);
}
