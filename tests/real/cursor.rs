//! Cursor's own runtime, from npm, as the judge of the stores that are written
//! for its command line and its ACP server: it is the same code that opens them
//! and sends what is in them to the servers. The servers are a stand-in on the
//! loopback interface (`cursor/backend.mjs`). Neither the command line nor the
//! IDE is on npm.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use sfs::tool::rows::{Database, Select};

use crate::real::PNG_BASE64;
use crate::real::chat::Item;
use crate::real::handed::{Handed, expected, missing};
use crate::real::package::{Package, package};
use crate::real::sandbox::files;

const NEXT: &str = "SFS-NEXT go on ✓";
const AGAIN: &str = "SFS-AGAIN and on";

struct Cursor {
    handed: Handed,
    sdk: Package,
    node: PathBuf,
}

/// The stand-in for the servers, until it is dropped.
struct Backend {
    process: Child,
    port: String,
    requests: PathBuf,
}

impl Drop for Backend {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/cursor").join(name)
}

impl Cursor {
    fn new(version: &str) -> Option<Cursor> {
        let (sdk, node) = (package("@cursor/sdk", version)?, package("node", "22.20.0")?);
        let handed = Handed::new("cursor", &sdk.path);
        Some(Cursor { handed, sdk, node: node.bin.join("node") })
    }

    fn backend(&self, name: &str) -> Backend {
        let requests = self.handed.home.join(name);
        let mut command = self.handed.command(&self.node);
        command.arg(script("backend.mjs")).arg(&requests).stdout(Stdio::piped());
        let mut process = command.spawn().expect("the servers");
        let mut port = String::new();
        let out = process.stdout.take().expect("its output");
        BufReader::new(out).read_line(&mut port).expect("its port");
        Backend { process, port: port.trim().to_owned(), requests }
    }

    fn script(&self, name: &str, backend: &Backend) -> Command {
        let url = format!("http://127.0.0.1:{}", backend.port);
        let mut command = self.handed.command(&self.node);
        command.env("CURSOR_API_KEY", "not-a-key").env("NO_PROXY", "127.0.0.1").env("DO_NOT_TRACK", "1");
        command.env("CURSOR_BACKEND_URL", &url).env("CURSOR_API_BASE_URL", &url);
        command.arg(script(name)).arg(&self.sdk.modules).arg(&self.handed.project);
        command
    }

    /// The store of a session that was written.
    fn store(&self, id: &str) -> PathBuf {
        let all = files(&self.handed.home.join(".cursor"));
        all.into_iter()
            .find(|path| path.ends_with(format!("{id}/store.db")))
            .unwrap_or_else(|| panic!("no store of {id}"))
    }

    /// Goes on with a session; what reached the servers, if it was whole.
    fn try_go_on(&self, id: &str, prompt: &str, name: &str) -> Option<Value> {
        let backend = self.backend(name);
        let mut command = self.script("go_on.mjs", &backend);
        command.arg(self.store(id)).args([id, prompt]).arg(&backend.requests);
        let run = self.handed.run(command);
        let request = fs::read(backend.requests.join("1.json")).ok()?;
        assert!(run.stdout.contains("SFS-ANSWER"), "{run:?}");
        Some(serde_json::from_slice(&request).expect("JSON"))
    }

    #[track_caller]
    fn go_on(&self, id: &str, prompt: &str, name: &str) -> Value {
        self.try_go_on(id, prompt, name).expect("what reached the servers")
    }
}

/// What the model is given, in order, then what is asked; without what marks
/// calls as those of another tool.
fn items(request: &Value) -> Vec<Item> {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut items = Vec::new();
    for message in request["messages"].as_array().into_iter().flatten() {
        let role = word(&message["role"]);
        for part in message["content"].as_array().into_iter().flatten() {
            let id = word(&part["toolCallId"]);
            match part["type"].as_str() {
                Some("text") => items.push(Item::Said(role.clone(), word(&part["text"]))),
                Some("tool-call") => {
                    let name = word(&part["toolName"]);
                    let name = name.strip_prefix("mcp_sfs_").unwrap_or(&name).to_owned();
                    items.push(Item::Call(name, id, part["args"].clone()));
                }
                Some("tool-result") => items.push(Item::Result(id, word(&part["result"]))),
                _ => {}
            }
        }
    }
    items.push(Item::Said("user".into(), word(&request["prompt"])));
    items
}

/// What the user is shown holds all that was said and answered as well.
#[track_caller]
fn assert_shown(request: &Value) {
    let shown = request["shown"].to_string();
    for item in expected(NEXT) {
        let text = match item {
            Item::Said(_, text) | Item::Result(_, text) if !text.contains(NEXT) => text,
            _ => continue,
        };
        let line = text.lines().next().unwrap_or_default();
        let line = serde_json::to_string(line).expect("JSON");
        assert!(shown.contains(line.trim_matches('"')), "{line} in {shown}");
    }
}

fn takes_a_foreign_session(tool: &str) {
    let Some(cursor) = Cursor::new("1.0.32") else { return };
    let id = cursor.handed.resume("@", tool);
    let request = cursor.go_on(&id, NEXT, "first");
    assert_eq!(missing(&expected(NEXT), &items(&request)), [], "{request:#}");
    assert_shown(&request);
    let picture = base64(PNG_BASE64);
    let image = request["messages"].to_string();
    assert!(image.contains(&picture), "the picture, as its bytes");
    cursor.handed.assert_goes_on(4, NEXT);
    // And once more: what the tool wrote itself hangs on what sfs wrote.
    let request = cursor.go_on(&id, AGAIN, "second");
    let again = [Item::Said("user".into(), AGAIN.into())];
    assert_eq!(missing(&[&expected(NEXT)[..], &again].concat(), &items(&request)), [], "{request:#}");
    cursor.handed.assert_goes_on(5, AGAIN);
}

/// The bytes of base64, in hexadecimal.
fn base64(text: &str) -> String {
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let (mut bits, mut count, mut out) = (0u32, 0, String::new());
    for byte in text.bytes().take_while(|byte| *byte != b'=') {
        bits = bits << 6 | u32::from(digit(byte));
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push_str(&format!("{:02x}", bits >> count & 0xff));
        }
    }
    out
}

#[test]
fn cursor_goes_on_with_a_session_of_claude_code() {
    takes_a_foreign_session("cursor");
}

#[test]
fn cursor_acp_goes_on_with_a_session_of_claude_code() {
    takes_a_foreign_session("cursor-acp");
}

/// What is compared tells an earlier revision from the whole, and a store in
/// which one byte is another isn't taken.
#[test]
fn a_store_for_cursor_that_lacks_something_is_noticed() {
    let Some(cursor) = Cursor::new("1.0.32") else { return };
    let earlier = cursor.handed.resume("@~1", "cursor");
    let request = cursor.go_on(&earlier, NEXT, "earlier");
    let later = [
        Item::Said("user".into(), "/not a command, and ends with a space ".into()),
        Item::Said("assistant".into(), "Understood.".into()),
    ];
    assert_eq!(missing(&expected(NEXT), &items(&request)), later, "{request:#}");

    let id = cursor.handed.resume("@", "cursor");
    let store = cursor.store(&id);
    let mut bytes = fs::read(&store).expect("the store");
    // All of them: where a page was split, some are copies that nobody reads.
    let places: Vec<_> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(b"I mend it.")).collect();
    assert!(!places.is_empty(), "what was said");
    places.into_iter().for_each(|at| bytes[at + 2] = b'w');
    fs::write(&store, bytes).expect("damage");
    assert_eq!(cursor.try_go_on(&id, NEXT, "damaged"), None);
    let error = fs::read_to_string(cursor.handed.home.join("damaged/error.txt")).expect("why");
    assert!(error.contains("no blob"), "{error}");
}

/// A session that the runtime made is captured as it grows, comes back row for
/// row, and goes on.
#[test]
fn cursor_keeps_its_own_sessions() {
    let Some(cursor) = Cursor::new("1.0.32") else { return };
    let backend = cursor.backend("own");
    let mut command = cursor.script("own.mjs", &backend);
    command.args(["SFS-ONE Привет 👋", "SFS-TWO and then?"]);
    let made = cursor.handed.run(command).json();
    cursor.handed.sfs(&["capture"]).ok();
    let list = cursor.handed.sfs(&["list", "--all", "--json"]).json();
    let own = list.as_array().expect("sessions").iter().find(|session| session["tool"] == "cursor");
    let own = own.unwrap_or_else(|| panic!("{list:#}"));
    assert_eq!((&own["native_id"], &own["turns"]), (&made["id"], &2.into()), "{own:#}");
    assert_eq!(own["project"], cursor.handed.project.to_string_lossy().as_ref(), "{own:#}");
    assert_eq!(own["unknown_records"], 0);
    let again = cursor.handed.sfs(&["capture", "--json"]).json();
    assert_eq!(again["commits"], 0, "{again}");

    let rev = own["id"].as_str().expect("an id");
    let to = cursor.handed.home.join("restored");
    cursor.handed.sfs(&["restore", rev, "--to", &to.to_string_lossy()]).ok();
    let store =
        |below: &Path| files(below).into_iter().find(|path| path.ends_with("store.db")).expect("a store");
    let (theirs, ours) = (rows(&store(&cursor.handed.home.join(".cursor"))), rows(&store(&to)));
    assert!(ours.len() > 6 && ours.iter().all(|row| theirs.contains(row)), "{ours:#?}");

    let id = cursor.handed.resume(rev, "cursor");
    let request = cursor.go_on(&id, NEXT, "next");
    let said = |role: &str, text: &str| Item::Said(role.to_owned(), text.to_owned());
    let all = [
        said("user", "SFS-ONE Привет 👋"),
        said("assistant", "SFS-ANSWER of the mock ■"),
        said("user", "SFS-TWO and then?"),
        said("assistant", "SFS-ANSWER of the mock ■"),
        said("user", NEXT),
    ];
    assert_eq!(missing(&all, &items(&request)), [], "{request:#}");
}

/// All blobs of a store.
fn rows(store: &Path) -> Vec<(String, Vec<u8>)> {
    let database = Database::open(store).expect("a store");
    let select = Select { table: "blobs", ..Select::default() };
    let rows = database.values(&select, &["id", "data"]).expect("its rows");
    let row = |row: Vec<_>| {
        let (id, data): (&sfs::tool::rows::Value, &sfs::tool::rows::Value) = (row.first()?, row.get(1)?);
        Some((id.text()?.to_owned(), data.bytes()?.to_vec()))
    };
    rows.into_iter().filter_map(row).collect()
}
