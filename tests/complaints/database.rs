//! Sessions that are rows of a database which its tool has open and writes:
//! OpenCode's.

use std::fs;
use std::path::PathBuf;

use rusqlite::{Connection, params};
use serde_json::{Value, json};

use crate::sandbox::{Sandbox, noise};

const SCHEMA: &str = "PRAGMA journal_mode=WAL;
CREATE TABLE project (id text PRIMARY KEY, worktree text NOT NULL);
CREATE TABLE session (id text PRIMARY KEY, project_id text, parent_id text, directory text, title text,
  version text, revert text, time_created integer, time_updated integer);
CREATE TABLE message (id text PRIMARY KEY, session_id text, time_created integer, time_updated integer, data text);
CREATE TABLE part (id text PRIMARY KEY, message_id text, session_id text, time_created integer,
  time_updated integer, data text);
CREATE INDEX message_session ON message (session_id, time_created, id);
CREATE INDEX part_message ON part (message_id, id);
CREATE INDEX part_session ON part (session_id);
INSERT INTO project VALUES ('pro', '/w');";

/// The tool, at work in a sandbox.
struct Writer {
    sandbox: Sandbox,
    database: Connection,
}

impl Writer {
    fn new() -> Writer {
        let sandbox = Sandbox::new();
        fs::create_dir_all(Writer::path(&sandbox).parent().unwrap()).unwrap();
        let database = Connection::open(Writer::path(&sandbox)).unwrap();
        database.execute_batch(SCHEMA).unwrap();
        Writer { sandbox, database }
    }

    fn path(sandbox: &Sandbox) -> PathBuf {
        sandbox.path("home/.local/share/opencode/opencode.db")
    }

    fn session(&self, id: &str, parent: Option<&str>) {
        let directory = self.sandbox.project().to_string_lossy().into_owned();
        let row = "INSERT INTO session VALUES (?1, 'pro', ?2, ?3, 'A title', '1.18.33', NULL, 1, 1)";
        self.database.execute(row, params![id, parent, directory]).unwrap();
    }

    /// Adds or changes a row of a message.
    fn message(&self, session: &str, n: i64, data: &Value) {
        let row = "INSERT INTO message VALUES (?1, ?2, ?3, ?3, ?4)
            ON CONFLICT (id) DO UPDATE SET data = ?4, time_updated = time_updated + 1";
        let (id, time) = (message(session, n), n * 1000);
        self.database.execute(row, params![id, session, time, data.to_string()]).unwrap();
        self.database.execute("UPDATE session SET time_updated = ?1", [time]).unwrap();
    }

    /// Adds or changes a part of a message.
    fn part(&self, session: &str, n: i64, m: i64, data: &Value) {
        let row = "INSERT INTO part VALUES (?1, ?2, ?3, 1, 1, ?4)
            ON CONFLICT (id) DO UPDATE SET data = ?4, time_updated = time_updated + 1";
        let id = format!("prt_{session}_{n:04}_{m:02}");
        self.database.execute(row, params![id, message(session, n), session, data.to_string()]).unwrap();
    }

    /// A turn as the tool writes it, with a look at each step.
    fn turn(&self, session: &str, n: i64, words: &str, look: &dyn Fn()) {
        let mut prompt = json!({"role": "user", "time": {"created": n * 1000}});
        self.message(session, n, &prompt);
        self.part(session, n, 0, &json!({"type": "text", "text": words}));
        look();
        let mut answer = json!({"role": "assistant", "time": {"created": n * 1000 + 1000}, "modelID": "m",
            "tokens": {"input": 5, "output": 2}});
        self.message(session, n + 1, &answer);
        let running = |state: Value| json!({"type": "tool", "callID": "c", "tool": "bash", "state": state});
        for m in 0..2_i64 {
            self.part(session, n + 1, m, &running(json!({"status": "running", "input": {"command": words}})));
        }
        look();
        for m in 0..2_i64 {
            let output = noise(n.cast_unsigned() * 2 + m.cast_unsigned(), 3000);
            let state = json!({"status": "completed", "input": {"command": words}, "output": output,
                "time": {"start": n * 1000 + 1001, "end": n * 1000 + 1002}});
            self.part(session, n + 1, m, &running(state));
            look();
        }
        answer["time"]["completed"] = json!(n * 1000 + 1500);
        self.message(session, n + 1, &answer);
        look();
        prompt["summary"] = json!({"diffs": [{"file": words}]});
        self.message(session, n, &prompt);
        look();
    }

    fn revert(&self, to: Option<i64>) {
        let revert = to.map(|n| json!({"messageID": message("ses_1", n)}).to_string());
        self.database
            .execute("UPDATE session SET revert = ?1, time_updated = time_updated + 1", [revert])
            .unwrap();
    }

    fn delete_from(&self, n: i64) {
        self.database.execute("DELETE FROM message WHERE id >= ?1", [message("ses_1", n)]).unwrap();
        self.database.execute("DELETE FROM part WHERE message_id >= ?1", [message("ses_1", n)]).unwrap();
    }

    /// All rows, as the database tells them.
    fn rows(path: &PathBuf) -> Vec<String> {
        let database = Connection::open(path).unwrap();
        let mut all = Vec::new();
        for table in ["project", "session", "message", "part"] {
            let mut rows = database.prepare(&format!("SELECT * FROM {table} ORDER BY id")).unwrap();
            let count = rows.column_count();
            let mut rows = rows.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                all.push(
                    (0..count)
                        .map(|i| format!("{:?}", row.get_ref(i).unwrap()))
                        .collect::<Vec<_>>()
                        .join("|"),
                );
            }
        }
        all
    }
}

fn message(session: &str, n: i64) -> String {
    format!("msg_{session}_{n:04}")
}

/// The heads of a store.
fn heads(sandbox: &Sandbox) -> Vec<(String, String)> {
    let store = sfs::store::Store::open(&sandbox.store()).unwrap();
    store.refs_below("head/").map(|(name, value)| (name.to_owned(), format!("{value:?}"))).collect()
}

/// Cline#13131, cass#496: what is written is read again and again, and each
/// time as another session.
#[test]
fn rows_that_grow_make_the_same_commits_live_and_later() {
    let live = Writer::new();
    live.session("ses_1", None);
    let capture = || {
        let report = live.sandbox.json(&["capture"]);
        assert_eq!((&report["rewritten"], &report["trouble"]), (&json!(0), &json!(0)), "{report}");
    };
    for n in 0..6 {
        live.turn("ses_1", n * 10, &format!("prompt {n}"), &capture);
    }
    capture();
    assert_eq!(live.sandbox.json(&["capture"])["changed"], 0);
    assert_eq!(Sandbox::branches(&live.sandbox.session()), ["main"]);

    let later = Writer::new();
    later.session("ses_1", None);
    for n in 0..6 {
        later.turn("ses_1", n * 10, &format!("prompt {n}"), &|| {});
    }
    later.sandbox.ok(&["capture"]);
    assert_eq!(heads(&live.sandbox), heads(&later.sandbox));

    let to = live.sandbox.path("out");
    live.sandbox.ok(&["restore", "--all", "--to", to.to_str().unwrap()]);
    let (there, restored) = (Writer::path(&live.sandbox), to.join("opencode/opencode.db"));
    assert_eq!(Writer::rows(&there), Writer::rows(&restored));
    live.sandbox.ok(&["fsck"]);
}

/// opencode#28747: subagents are lost in lists and exports.
#[test]
fn a_subagent_is_a_branch_of_the_session_that_started_it() {
    let writer = Writer::new();
    writer.session("ses_1", None);
    writer.session("ses_2", Some("ses_1"));
    writer.turn("ses_1", 0, "main line", &|| {});
    writer.turn("ses_2", 5, "look there", &|| {});
    writer.sandbox.ok(&["capture"]);
    let session = writer.sandbox.session();
    assert_eq!(Sandbox::branches(&session), ["main", "ses_2"]);
    let id = session["id"].as_str().unwrap();
    assert_eq!(writer.sandbox.titles(&format!("{id}/main")), ["main line"]);
    assert_eq!(writer.sandbox.titles(&format!("{id}/ses_2")), ["look there"]);
}

/// claude-code#85179: forks copy what they share, as sessions of their own.
#[test]
fn a_fork_that_copies_messages_under_new_ids_is_a_branch() {
    let writer = Writer::new();
    writer.session("ses_1", None);
    writer.turn("ses_1", 0, "shared", &|| {});
    writer.turn("ses_1", 10, "only here", &|| {});
    writer.sandbox.ok(&["capture"]);
    writer.session("ses_9", None);
    writer.turn("ses_9", 0, "shared", &|| {});
    writer.turn("ses_9", 20, "only there", &|| {});
    let report = writer.sandbox.json(&["capture"]);
    assert_eq!(report["new_sessions"], 0, "{report}");
    let session = writer.sandbox.session();
    assert_eq!(Sandbox::branches(&session), ["main", "fork-1"]);
    let id = session["id"].as_str().unwrap();
    assert_eq!(writer.sandbox.titles(&format!("{id}/fork-1")), ["shared", "only there"]);
}

/// claude-code#41344: what is undone, or replaced after an undo, is gone for good.
#[test]
fn turns_that_are_undone_keep_a_name() {
    let writer = Writer::new();
    let sandbox = &writer.sandbox;
    writer.session("ses_1", None);
    // Long enough to be gone on with from the middle.
    for n in 0..9 {
        writer.turn("ses_1", n * 10, &format!("prompt {n}"), &|| {});
    }
    sandbox.ok(&["capture"]);
    let titles = |name: &str| {
        let session = sandbox.session();
        sandbox.titles(&format!("{}/{name}", session["id"].as_str().unwrap()))
    };
    let prompts = |range: std::ops::Range<i32>| range.map(|n| format!("prompt {n}")).collect::<Vec<_>>();
    // Undone, redone, undone.
    writer.revert(Some(70));
    sandbox.ok(&["capture"]);
    assert_eq!((titles("main"), titles("rewind-1")), (prompts(0..7), prompts(0..9)));
    writer.revert(None);
    sandbox.ok(&["capture"]);
    assert_eq!(titles("main"), prompts(0..9));
    writer.revert(Some(80));
    sandbox.ok(&["capture"]);
    assert_eq!(titles("main"), prompts(0..8));
    // The next prompt removes what was undone.
    writer.revert(None);
    writer.delete_from(80);
    writer.turn("ses_1", 90, "instead", &|| {});
    sandbox.ok(&["capture"]);
    assert_eq!(titles("main"), [prompts(0..8), vec!["instead".to_owned()]].concat());
    assert_eq!(titles("rewind-1"), prompts(0..9));
    sandbox.ok(&["fsck"]);
}

/// The same when nobody looked between the undo and the next prompt.
#[test]
fn turns_that_were_replaced_unseen_keep_a_name() {
    let writer = Writer::new();
    let sandbox = &writer.sandbox;
    writer.session("ses_1", None);
    for n in 0..9 {
        writer.turn("ses_1", n * 10, &format!("prompt {n}"), &|| {});
    }
    sandbox.ok(&["capture"]);
    writer.delete_from(80);
    writer.turn("ses_1", 90, "instead", &|| {});
    let report = sandbox.json(&["capture"]);
    assert_eq!(report["rewritten"], 1, "{report}");
    let session = sandbox.session();
    assert_eq!(Sandbox::branches(&session), ["main", "kept-1"]);
    let kept = sandbox.titles(&format!("{}/kept-1", session["id"].as_str().unwrap()));
    assert_eq!(kept.last().unwrap(), "prompt 8");
}

/// opencode#32368, #41266: what compaction prunes can't be had again.
#[test]
fn outputs_that_are_pruned_keep_a_name() {
    let writer = Writer::new();
    let sandbox = &writer.sandbox;
    writer.session("ses_1", None);
    writer.turn("ses_1", 0, "one", &|| {});
    writer.turn("ses_1", 10, "two", &|| {});
    sandbox.ok(&["capture"]);
    let pruned = json!({"type": "tool", "callID": "c", "tool": "bash",
        "state": {"status": "completed", "input": {}, "output": "", "time": {"start": 1, "end": 2, "compacted": 3}}});
    writer.part("ses_1", 1, 0, &pruned);
    writer.turn("ses_1", 20, "three", &|| {});
    let report = sandbox.json(&["capture"]);
    assert_eq!(report["rewritten"], 1, "{report}");
    let session = sandbox.session();
    let id = session["id"].as_str().unwrap();
    assert_eq!(sandbox.titles(&format!("{id}/main")), ["one", "two", "three"]);
    let shown = sandbox.json(&["show", &format!("{id}/kept-1~1")]).to_string();
    assert!(shown.contains(&noise(0, 3000)[..40]), "the output is still there");
}

/// anthropics/claude-code#95203: history that the tool deletes is gone.
#[test]
fn sessions_that_are_deleted_stay() {
    let writer = Writer::new();
    writer.session("ses_1", None);
    writer.turn("ses_1", 0, "one", &|| {});
    writer.sandbox.ok(&["capture"]);
    writer.delete_from(0);
    writer.database.execute("DELETE FROM session", []).unwrap();
    let report = writer.sandbox.json(&["capture"]);
    assert_eq!(report["gone"], 1, "{report}");
    assert_eq!(writer.sandbox.session()["turns"], 1);
    // A database that can't be read is no reason to take its sessions for deleted.
    writer.session("ses_1", None);
    writer.turn("ses_1", 0, "one", &|| {});
    writer.sandbox.ok(&["capture"]);
    fs::write(Writer::path(&writer.sandbox), "damaged, and not a database any more").unwrap();
    let report = writer.sandbox.json(&["capture"]);
    assert_eq!((&report["gone"], &report["trouble"]), (&json!(0), &json!(1)), "{report}");
}
