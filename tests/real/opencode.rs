//! The real OpenCode and the real Kilo: sessions of their own captured as they
//! grow, restored and resumed, and a session of Claude Code that goes on in them.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::real::chat::{ANSWER, Chat, Item, items};
use crate::real::handed::{Handed, expected, missing};
use crate::real::mock::Server;
use crate::real::package::{Package, package};
use crate::real::tools::Run;

/// What is asked after a resume. One word: the programs put quotes around several.
const NEXT: &str = "SFS-NEXT";

/// One of the family, installed.
struct Program {
    name: &'static str,
    version: &'static str,
    package: Package,
}

impl Program {
    /// All that can be had: of each the newest and an old one.
    fn each(test: fn(&Program)) {
        let family = [
            ("opencode", "opencode-linux-x64", "1.18.33"),
            ("opencode", "opencode-linux-x64", "1.2.27"),
            ("opencode", "opencode-linux-x64", "1.1.65"),
            ("kilo", "@kilocode/cli-linux-x64", "7.7.9"),
            ("kilo", "@kilocode/cli-linux-x64", "7.0.33"),
        ];
        for (name, from, version) in family {
            let Some(package) = package(from, version) else { continue };
            let programs = package.modules.join(from).join("bin");
            let path = format!("{}:{}", programs.display(), package.path);
            eprintln!("{name} {version}");
            test(&Program { name, version, package: Package { bin: programs, path, ..package } });
        }
    }

    fn home(&self, test: &str) -> Handed {
        Handed::new(&format!("{}-{}-{test}", self.name, self.version), &self.package.path)
    }

    /// Its command in the project, set up for a model at `server`.
    fn command(&self, handed: &Handed, server: &Server, args: &[&str]) -> Command {
        let folder = handed.home.join(".config").join(self.name);
        fs::create_dir_all(&folder).expect("a folder for settings");
        let model = json!({"name": "mock-model", "tool_call": true, "attachment": true,
            "modalities": {"input": ["text", "image"], "output": ["text"]},
            "limit": {"context": 200_000, "output": 8192}});
        let provider = json!({"npm": "@ai-sdk/openai-compatible", "name": "Mock",
            "options": {"baseURL": format!("{}/v1", server.url()), "apiKey": "not-a-key"},
            "models": {"mock-model": model}});
        let settings = json!({"autoupdate": false, "share": "disabled", "model": "mock/mock-model",
            "small_model": "mock/mock-model", "provider": {"mock": provider}});
        fs::write(folder.join(format!("{}.json", self.name)), settings.to_string()).expect("settings");
        let mut command = handed.command(&self.package.bin.join(self.name));
        let vars = self.name.to_uppercase();
        for switch in ["AUTOUPDATE", "MODELS_FETCH", "LSP_DOWNLOAD", "DEFAULT_PLUGINS"] {
            command.env(format!("{vars}_DISABLE_{switch}"), "1");
        }
        command.env("KILO_TELEMETRY_LEVEL", "off").env("DO_NOT_TRACK", "1").env("NO_PROXY", "*");
        command.args(args);
        command
    }

    #[track_caller]
    fn run(&self, handed: &Handed, server: &Server, args: &[&str]) -> Run {
        handed.run(self.command(handed, server, args)).ok()
    }

    /// Its database.
    fn database(&self, handed: &Handed) -> PathBuf {
        handed.home.join(".local/share").join(self.name).join(format!("{}.db", self.name))
    }
}

/// What the longest request whose last prompt is `prompt` sends: others ask for
/// titles, and Kilo says where it is after the prompt.
#[track_caller]
fn asked(server: &Server, prompt: &str) -> Vec<Item> {
    let requests = server.requests();
    let is_prompt =
        |item: &Item| matches!(item, Item::Said(role, text) if role == "user" && text.contains(prompt));
    let holds = |items: &Vec<Item>| items.iter().rev().take(2).any(is_prompt);
    let all: Vec<Vec<Item>> = requests.iter().map(|request| items(&request.body)).collect();
    all.into_iter()
        .filter(holds)
        .max_by_key(Vec::len)
        .unwrap_or_else(|| panic!("nobody was asked {prompt:?}: {requests:#?}"))
}

#[test]
fn a_session_of_claude_code_goes_on_in_opencode_and_kilo() {
    Program::each(|program| {
        let handed = program.home("foreign");
        let server = Server::start(Chat);
        git(&handed);
        // So that the settings are there, and the program has been used here.
        program.run(&handed, &server, &["session", "list"]);
        let id = handed.resume("@", program.name);
        program.run(&handed, &server, &["run", "-s", &id, NEXT]);
        let request = asked(&server, NEXT);
        assert_eq!(missing(&expected(NEXT), &request), [], "{}: {request:#?}", program.version);
        let body = server.requests().iter().map(|request| request.body.to_string()).collect::<String>();
        assert!(body.contains("iVBORw0KGgo"), "the picture is sent");
        handed.assert_goes_on(4, NEXT);
        damage_is_noticed(program, &handed);
    });
}

/// The comparison says no when something was changed: each of these is noticed.
fn damage_is_noticed(program: &Program, handed: &Handed) {
    let damages = [("I mend it.", "I tend it."), ("größer", "kleiner"), ("cargo test", "cargo tost")];
    let server = Server::start(Chat);
    let id = handed.resume("@~1", program.name);
    let mut exported = export(program, handed, &server, &id).to_string();
    for (before, after) in damages {
        assert!(exported.contains(before), "{exported}");
        exported = exported.replace(before, after);
    }
    // A session of its own, since an import never changes what is there.
    let other = id.replace("ses_", "ses_0");
    let damaged = exported.replace(&id, &other).replace("msg_", "msg_0").replace("prt_", "prt_0");
    let file = handed.project.join("damaged.json");
    fs::write(&file, damaged).expect("a file");
    program.run(handed, &server, &["import", &file.to_string_lossy()]);
    program.run(handed, &server, &["run", "-s", &other, NEXT]);
    let missing = missing(&expected(NEXT), &asked(&server, NEXT));
    for (before, _) in damages {
        assert!(missing.iter().any(|item| format!("{item:?}").contains(before)), "{before}: {missing:#?}");
    }
}

/// What the program itself says of a session.
fn export(program: &Program, handed: &Handed, server: &Server, id: &str) -> Value {
    let said = program.run(handed, server, &["export", id]).stdout;
    let begin = said.find('{').expect("an export");
    serde_json::from_str(&said[begin..]).expect("an export is JSON")
}

fn git(handed: &Handed) {
    for args in [
        &["init", "-q"][..],
        &["-c", "user.name=A", "-c", "user.email=a@b.invalid", "commit", "-q", "--allow-empty", "-m", "x"][..],
    ] {
        let mut command = handed.command(std::path::Path::new("git"));
        command.args(args);
        handed.run(command).ok();
    }
}

#[test]
fn opencode_and_kilo_keep_their_own_sessions() {
    Program::each(|program| {
        let handed = program.home("own");
        let server = Server::start(Chat);
        git(&handed);
        program.run(&handed, &server, &["run", "SFS-ONE Привет"]);
        let args = ["capture", "--json"];
        let first = handed.sfs(&args).json();
        assert_eq!(first["new_sessions"], 1, "{first}");
        let session = own(program, &handed);
        let id = session["native_id"].as_str().expect("an id").to_owned();
        program.run(&handed, &server, &["run", "-s", &id, "SFS-TWO and then?"]);
        let second = handed.sfs(&args).json();
        assert_eq!((&second["rewritten"], &second["changed"]), (&json!(0), &json!(1)), "{second}");
        assert_eq!(handed.sfs(&args).json()["changed"], 0, "what is unchanged is left alone");
        let session = own(program, &handed);
        assert_eq!((&session["turns"], &session["branches"]), (&json!(2), &json!(["main"])), "{session:#}");

        let before = export(program, &handed, &server, &id);
        let written = handed.resume(&format!("{}/main", session["id"].as_str().unwrap()), program.name);
        program.run(&handed, &server, &["run", "-s", &written, NEXT]);
        let said: Vec<Item> = asked(&server, NEXT);
        let wanted = |role: &str, text: &str| Item::Said(role.to_owned(), text.to_owned());
        let wanted = [
            wanted("user", "SFS-ONE Привет"),
            wanted("assistant", ANSWER),
            wanted("user", "SFS-TWO and then?"),
            wanted("assistant", ANSWER),
            wanted("user", NEXT),
        ];
        assert_eq!(missing(&wanted, &said), [], "{said:#?}");

        // What is restored is what the program had, to the program itself.
        let to = handed.project.join("out");
        handed.sfs(&["restore", "--all", "--to", &to.to_string_lossy()]).ok();
        let data = handed.home.join(".local/share").join(program.name);
        fs::rename(&data, handed.home.join("moved")).expect("it is moved");
        let restored = match program.name {
            "kilo" => to.join("kilo/.local/share/kilo"),
            name => to.join(name),
        };
        fs::rename(&restored, &data).expect("the restored is put there");
        assert_eq!(export(program, &handed, &server, &id), before, "{}", program.version);
        assert!(program.version == "1.1.65" || program.database(&handed).is_file());
    });
}

/// The session that the program made, not the one of Claude Code.
fn own(program: &Program, handed: &Handed) -> Value {
    let list = handed.sfs(&["list", "--all", "--json"]).json();
    let all = list.as_array().expect("sessions");
    all.iter().find(|session| session["tool"] == program.name).expect("a session of its own").clone()
}
