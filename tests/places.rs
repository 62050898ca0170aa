//! Where sessions are looked for: what `sfs doctor` tells of it, and the page
//! that tells it to people, which is made of the same data:
//!
//! ```sh
//! SFS_TEST_BLESS=1 cargo test --test places
//! ```

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the failure")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use sfs::tool::{Os, Places, TOOLS, Tool};

const PAGE: &str = "docs/tools.md";
const BEGIN: &str = "<!-- places: made by `SFS_TEST_BLESS=1 cargo test --test places` -->\n";
const END: &str = "<!-- end of places -->\n";
const SYSTEMS: [Os; 3] = [Os::Linux, Os::Mac, Os::Windows];
/// What follows an editor's own folder on the way to sessions that it, or an
/// extension, keeps.
const USER: &str = "/User/";

/// The places of a tool in a home called `~`.
fn paths(tool: &dyn Tool, os: Os) -> Vec<String> {
    let places = Places { home: "~".into(), os, projects: vec!["/project".into()], ..Places::default() };
    tool.looks_at(&places).iter().map(|path| path.to_string_lossy().replace('\\', "/")).collect()
}

/// The editors' folders among paths, where there are several.
fn editors(paths: &[String]) -> Vec<&str> {
    let found: Vec<&str> = paths.iter().filter_map(|path| Some(path.split_once(USER)?.0)).collect();
    if found.len() > 1 { found } else { Vec::new() }
}

/// Paths with one for all editors.
fn folded(tool: &dyn Tool, os: Os) -> String {
    let paths = paths(tool, os);
    let many = !editors(&paths).is_empty();
    let mut seen = BTreeSet::new();
    let folded = paths.iter().map(|path| match path.split_once(USER) {
        Some((_, rest)) if many => format!("`<editor>{USER}{rest}`"),
        _ => format!("`{path}`").replace("`/project/", "`<project>/"),
    });
    folded.filter(|path| seen.insert(path.clone())).collect::<Vec<_>>().join("<br>")
}

fn tables() -> String {
    let mut out = String::from("\n| tool | Linux | macOS | Windows | variables |\n|---|---|---|---|---|\n");
    for tool in TOOLS {
        let [linux, mac, windows] = SYSTEMS.map(|os| folded(*tool, os));
        let other = |cell: String| if cell == linux { "the same".to_owned() } else { cell };
        let (mac, windows) = (other(mac), other(windows));
        let variables: Vec<String> = tool.variables().iter().map(|name| format!("`{name}`")).collect();
        let _ = writeln!(out, "| {} | {linux} | {mac} | {windows} | {} |", tool.name(), variables.join(", "));
    }
    out.push_str("\nThe editors, by their folders:\n\n| Linux | macOS | Windows |\n|---|---|---|\n");
    let of_all = |os| {
        let all: BTreeSet<String> = TOOLS
            .iter()
            .flat_map(|tool| editors(&paths(*tool, os)).into_iter().map(str::to_owned).collect::<Vec<_>>())
            .collect();
        all
    };
    let [linux, mac, windows] = SYSTEMS.map(of_all);
    let everywhere: BTreeSet<&String> =
        linux.iter().filter(|path| mac.contains(*path) && windows.contains(*path)).collect();
    let own = |all: &BTreeSet<String>| {
        let own = all.iter().filter(|path| !everywhere.contains(path)).map(|path| format!("`{path}`"));
        own.collect::<Vec<_>>().into_iter()
    };
    let (mut mac, mut windows) = (own(&mac), own(&windows));
    for path in own(&linux) {
        let (mac, windows) = (mac.next().unwrap_or_default(), windows.next().unwrap_or_default());
        let _ = writeln!(out, "| {path} | {mac} | {windows} |");
    }
    for path in everywhere {
        let _ = writeln!(out, "| `{path}` | the same | the same |");
    }
    out.push('\n');
    out
}

#[test]
fn the_page_tells_the_places_that_are_looked_at() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (there, after) = rest.split_once(END).unwrap();
    let tables = tables();
    if std::env::var_os("SFS_TEST_BLESS").is_some() {
        fs::write(&path, [before, BEGIN, &tables, END, after].concat()).unwrap();
        return;
    }
    assert!(
        there == tables,
        "{PAGE} tells other places; with SFS_TEST_BLESS=1 it is written anew:\n{tables}"
    );
}

#[test]
fn the_page_has_a_row_for_each_tool() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join(PAGE)).unwrap();
    let support = page.split(BEGIN).next().unwrap();
    for tool in TOOLS {
        assert!(support.contains(&format!("`{}`", tool.name())), "{PAGE} doesn't tell of {}", tool.name());
    }
}

#[test]
fn what_the_page_calls_proved_is_what_the_tests_run() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tests = fs::read_dir(root.join("tests/real")).unwrap();
    let tests: String = tests.filter_map(|entry| fs::read_to_string(entry.unwrap().path()).ok()).collect();
    let page = fs::read_to_string(root.join(PAGE)).unwrap();
    let rows = page.split(BEGIN).next().unwrap().lines().filter(|line| line.starts_with("| "));
    let cells = rows.filter_map(|row| row.trim_end_matches([' ', '|']).rsplit_once('|'));
    let words = cells.flat_map(|(_, proved)| proved.split([' ', ',', ';']));
    let versions: Vec<&str> = words
        .filter(|word| word.split('.').filter(|part| part.parse::<u64>().is_ok()).count() == 3)
        .collect();
    assert!(versions.len() > 10, "{versions:?}");
    for version in versions {
        // Builds have more to their name than their number.
        let is_run =
            [format!("\"{version}\""), format!("\"{version}-")].iter().any(|quoted| tests.contains(quoted));
        assert!(is_run, "{PAGE}: no test runs {version}");
    }
}

struct Home(tempfile::TempDir);

impl Home {
    fn path(&self, name: &str) -> PathBuf {
        fs::canonicalize(self.0.path()).unwrap().join(name)
    }

    fn put(&self, place: &str, text: &str) {
        let path = self.path(place);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn sfs(&self, arguments: &[&str], vars: &[(&str, PathBuf)]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sfs"));
        command.env_clear().env("HOME", self.path("home")).env("SFS_DIR", self.path("store"));
        command.envs(vars.iter().map(|(name, value)| (*name, value))).current_dir(self.path("home"));
        let output = command.args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn places(&self, vars: &[(&str, PathBuf)]) -> Vec<Value> {
        let said: Value = serde_json::from_str(&self.sfs(&["doctor", "--json"], vars)).unwrap();
        said["places"].as_array().unwrap().clone()
    }
}

fn of<'v>(places: &'v [Value], tool: &str, ending: &str) -> &'v Value {
    let mut found = places.iter().filter(|place| place["tool"] == tool);
    found.find(|place| place["path"].as_str().unwrap().ends_with(ending)).unwrap()
}

#[test]
fn doctor_tells_each_place_what_is_there_and_what_led_there() {
    let home = Home(tempfile::tempdir().unwrap());
    let row = r#"{"type":"user","uuid":"u","parentUuid":null,"message":{"role":"user","content":"hi"}}"#;
    home.put("home/.claude/projects/-p/s.jsonl", row);
    home.put("moved/projects/-p/s.jsonl", &format!("{row}\n"));
    home.put("moved/projects/-p/t.jsonl", &format!("{row}\n"));
    let task = "home/.config/VSCodium/User/globalStorage/saoudrizwan.claude-dev/tasks/1";
    home.put(&format!("{task}/api_conversation_history.json"), r#"[{"role":"user","content":"hi"}]"#);
    home.put(&format!("{task}/ui_messages.json"), "[]");
    home.sfs(&["init"], &[]);

    let usual = home.places(&[]);
    assert!(TOOLS.iter().all(|tool| usual.iter().any(|place| place["tool"] == tool.name())));
    let claude = of(&usual, "claude-code", ".claude/projects");
    assert_eq!(
        (&claude["present"], &claude["sessions"], &claude["set_by"]),
        (&true.into(), &1.into(), &Value::Null)
    );
    assert_eq!(claude["bytes"], row.len());
    let codium = of(&usual, "cline", "VSCodium/User/globalStorage/saoudrizwan.claude-dev/tasks");
    assert_eq!((&codium["sessions"], &codium["bytes"]), (&1.into(), &(32 + 2).into()), "{codium}");
    let code = of(&usual, "cline", "Code/User/globalStorage/saoudrizwan.claude-dev/tasks");
    assert_eq!((&code["present"], &code["sessions"]), (&false.into(), &0.into()));

    let moved = [("CLAUDE_CONFIG_DIR", home.path("moved"))];
    let now = home.places(&moved);
    let claude = of(&now, "claude-code", "moved/projects");
    assert_eq!((&claude["sessions"], &claude["set_by"]), (&2.into(), &"CLAUDE_CONFIG_DIR".into()));

    let told = home.sfs(&["doctor"], &moved);
    assert!(told.contains("moved/projects  (2 sessions, "), "{told}");
    assert!(told.contains("set by CLAUDE_CONFIG_DIR") && !told.contains("Code - Insiders"), "{told}");
    assert!(home.sfs(&["doctor", "--all"], &moved).contains("Code - Insiders"));
}
