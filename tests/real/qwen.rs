//! Qwen Code goes on with a session of Claude Code.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::real::chat::{Chat, Item, items};
use crate::real::handed::{Handed, expected, missing};
use crate::real::mock::Server;
use crate::real::package::package;

const NEXT: &str = "SFS-NEXT go on ✓";
const AGAIN: &str = "SFS-AGAIN and on";

struct Qwen {
    handed: Handed,
    program: PathBuf,
    node: PathBuf,
}

impl Qwen {
    fn new(version: &str) -> Option<Qwen> {
        let (qwen, node) = (package("@qwen-code/qwen-code", version)?, package("node", "22.20.0")?);
        let handed = Handed::new("qwen", &qwen.path);
        fs::create_dir_all(handed.home.join(".qwen")).expect("a home");
        let settings = json!({
            "general": {"enableAutoUpdate": false, "disableAutoUpdate": true},
            "privacy": {"usageStatisticsEnabled": false}, "telemetry": {"enabled": false},
            "security": {"auth": {"selectedType": "openai"}, "folderTrust": {"enabled": false}},
        });
        fs::write(handed.home.join(".qwen/settings.json"), settings.to_string()).expect("settings");
        Some(Qwen { handed, program: qwen.bin.join("qwen"), node: node.bin.join("node") })
    }

    /// Goes on with a session; what its model is asked first.
    #[track_caller]
    fn go_on(&self, id: &str, prompt: &str) -> Vec<Item> {
        let server = Server::start(Chat);
        let program = fs::canonicalize(&self.program).expect("the program");
        let mut command = self.handed.command(Path::new(&self.node));
        command.env("OPENAI_API_KEY", "not-a-key").env("OPENAI_BASE_URL", format!("{}/v1", server.url()));
        command
            .env("OPENAI_MODEL", "mock-model")
            .env("NO_PROXY", "127.0.0.1")
            .env("QWEN_CODE_NO_RELAUNCH", "true");
        command.arg(program).args(["-y", "--resume", id, "-p", prompt]);
        self.handed.run(command).ok();
        let requests = server.requests();
        let main = requests.iter().map(|request| items(&request.body)).find(|items| asks(items, prompt));
        main.unwrap_or_else(|| panic!("nobody asked {prompt:?}: {requests:#?}"))
    }
}

fn asks(items: &[Item], prompt: &str) -> bool {
    items.iter().any(|item| matches!(item, Item::Said(role, text) if role == "user" && text.contains(prompt)))
}

#[track_caller]
fn goes_on(version: &str) {
    let Some(qwen) = Qwen::new(version) else { return };
    let id = qwen.handed.resume("@", "qwen");
    let request = qwen.go_on(&id, NEXT);
    assert_eq!(missing(&expected(NEXT), &request), [], "{request:#?}");
    qwen.handed.assert_goes_on(4, NEXT);
    // And once more: what the tool wrote itself hangs on what sfs wrote.
    let request = qwen.go_on(&id, AGAIN);
    assert_eq!(missing(&expected(NEXT), &request), [], "{request:#?}");
    qwen.handed.assert_goes_on(5, AGAIN);
}

#[test]
fn qwen_goes_on_with_a_session_of_claude_code() {
    goes_on("0.24.4");
}

#[test]
fn an_old_qwen_goes_on_with_a_session_of_claude_code() {
    goes_on("0.5.2");
}

/// What is compared tells an earlier revision from the whole.
#[test]
fn an_earlier_revision_in_qwen_lacks_what_came_later() {
    let Some(qwen) = Qwen::new("0.24.4") else { return };
    let id = qwen.handed.resume("@~1", "qwen");
    let request = qwen.go_on(&id, NEXT);
    let later = [
        Item::Said("user".into(), "/not a command, and ends with a space ".into()),
        Item::Said("assistant".into(), "Understood.".into()),
    ];
    assert_eq!(missing(&expected(NEXT), &request), later, "{request:#?}");
}
