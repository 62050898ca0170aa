//! Into the settings of other tools, and out of them again.

use std::fs;

use serde_json::{Value, json};

use crate::sandbox::Sandbox;

const GEMINI: &str = ".gemini/settings.json";
const CODEX: &str = ".codex/config.toml";

const SETTINGS: &str = "{\n\t\"ui\": {\"theme\": \"x\"},\n\t\"mcpServers\": { },\n\t\"n\": 1.0\n}\n";
const CONFIG: &str = "# mine\nmodel = \"m\"\n\n[mcp_servers.other]\ncommand = 'o' # keep";

fn put(sandbox: &Sandbox, place: &str, text: &str) {
    let path = sandbox.home().join(place);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn read(sandbox: &Sandbox, place: &str) -> String {
    fs::read_to_string(sandbox.home().join(place)).unwrap()
}

#[test]
fn a_file_is_what_it_was_after_install_and_uninstall() {
    let json = ["{}", "{ }", "{\"mcpServers\": {}}", "{\n  \"mcpServers\": {\n  }\n}", SETTINGS];
    let toml = ["", "\n\n", CONFIG, "[mcp_servers]\n", "a = 1"];
    let sandbox = Sandbox::new(&["hello", "hi"]);
    let files = json.iter().map(|text| ("gemini", GEMINI, *text));
    for (tool, place, text) in files.chain(toml.iter().map(|text| ("codex", CODEX, *text))) {
        put(&sandbox, place, text);
        let told = sandbox.ok(&["mcp", "install", tool, "--dry-run"]);
        assert!(told.contains(place) && told.contains("+ "), "{told}");
        assert_eq!(read(&sandbox, place), text);
        sandbox.ok(&["mcp", "install", tool, "--yes"]);
        let added = read(&sandbox, place);
        assert!(added.contains("sfs") && added.contains("--store"), "{added}");
        // Once is enough.
        sandbox.ok(&["mcp", "install", tool, "--yes"]);
        assert_eq!(read(&sandbox, place), added);
        sandbox.ok(&["mcp", "uninstall", tool, "--yes"]);
        assert_eq!(read(&sandbox, place), text);
        sandbox.ok(&["mcp", "uninstall", tool, "--yes"]);
        fs::remove_dir_all(sandbox.0.path().join("store/backups")).unwrap();
    }
}

#[test]
fn what_was_changed_since_stays_and_what_was_not_there_goes() {
    let sandbox = Sandbox::new(&["hello", "hi"]);
    sandbox.ok(&["mcp", "install", "codex", "--yes"]);
    assert!(read(&sandbox, CODEX).starts_with("[mcp_servers.sfs]\ncommand = "));
    sandbox.ok(&["mcp", "uninstall", "codex", "--yes"]);
    assert!(!sandbox.home().join(CODEX).exists());
    put(&sandbox, GEMINI, SETTINGS);
    sandbox.ok(&["mcp", "install", "gemini", "--allow-write", "--yes"]);
    put(&sandbox, GEMINI, &read(&sandbox, GEMINI).replace("1.0", "2.5"));
    sandbox.ok(&["mcp", "uninstall", "gemini", "--yes"]);
    assert_eq!(read(&sandbox, GEMINI), SETTINGS.replace("1.0", "2.5"));
}

#[test]
fn what_was_installed_is_a_server() {
    let sandbox = Sandbox::new(&["where is the needle", "here"]);
    put(&sandbox, GEMINI, "{}");
    sandbox.ok(&["mcp", "install", "gemini", "--allow-write", "--yes"]);
    let settings: Value = serde_json::from_str(&read(&sandbox, GEMINI)).unwrap();
    let entry = &settings["mcpServers"]["sfs"];
    assert_eq!(entry["command"], env!("CARGO_BIN_EXE_sfs"));
    let args: Vec<&str> = entry["args"].as_array().unwrap().iter().map(|arg| arg.as_str().unwrap()).collect();
    assert_eq!((args[0], &args[2..]), ("--store", &["mcp", "--allow-write"][..]));
    let mut command = sandbox.command(&args);
    let request = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "sfs_list", "arguments": {}}});
    fs::write(sandbox.0.path().join("request"), request.to_string()).unwrap();
    let request = fs::File::open(sandbox.0.path().join("request")).unwrap();
    // Tools hand on only some of their variables.
    let output = command.env_remove("SFS_DIR").stdin(request).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("where is the needle"));
}

#[test]
fn what_can_t_be_changed_safely_is_told() {
    let sandbox = Sandbox::new(&["hello", "hi"]);
    let taken = "{\"mcpServers\": {\"sfs\": {\"command\": \"other\"}}}";
    for (tool, place, text, what) in [
        ("gemini", GEMINI, "{ // mine\n}", "\"command\": "),
        ("gemini", GEMINI, taken, "uninstall gemini"),
        ("codex", CODEX, "mcp_servers = { a = { command = 'x' } }\n", "[mcp_servers.sfs]"),
        ("codex", CODEX, "[broken\n", "[mcp_servers.sfs]"),
    ] {
        put(&sandbox, place, text);
        let output = sandbox.run(&["mcp", "install", tool, "--yes"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && said.contains(what), "{said}");
        assert_eq!(read(&sandbox, place), text);
    }
    put(&sandbox, GEMINI, "{}");
    for (args, code, what) in [
        (&["gemini"] as &[&str], 2, "--yes"),
        (&["nothing", "--yes"], 2, "there are: claude-code, codex"),
        (&["aider", "--yes"], 1, "mcp`"),
    ] {
        let output = sandbox.run(&[&["mcp", "install"], args].concat());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(code) && said.contains(what), "{args:?}: {said}");
    }
    assert_eq!(read(&sandbox, GEMINI), "{}");
}

#[cfg(unix)]
#[test]
fn links_and_rights_stay_and_the_copy_is_the_user_s_alone() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let sandbox = Sandbox::new(&["hello", "hi"]);
    put(&sandbox, "dotfiles/config.toml", CONFIG);
    put(&sandbox, ".codex/x", "");
    let (link, real) = (sandbox.home().join(CODEX), sandbox.home().join("dotfiles/config.toml"));
    symlink(&real, &link).unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    sandbox.ok(&["mcp", "install", "codex", "--yes"]);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&real), 0o640);
    let copy = fs::read_dir(sandbox.0.path().join("store/backups")).unwrap().next().unwrap().unwrap();
    assert_eq!((mode(&copy.path()), fs::read_to_string(copy.path()).unwrap()), (0o600, CONFIG.to_owned()));
}

/// A tool that keeps its servers to itself is asked by its own command.
#[cfg(unix)]
#[test]
fn a_tool_s_own_command_is_run() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::new(&["hello", "hi"]);
    let missing = sandbox.run(&["mcp", "install", "claude-code", "--yes"]);
    assert!(String::from_utf8_lossy(&missing.stderr).contains("not installed"));
    let bin = sandbox.0.path().join("bin");
    put(&sandbox, "../bin/claude", "#!/bin/sh\necho \"$HOME: $*\" >> \"$HOME/said\"\n");
    fs::set_permissions(bin.join("claude"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", bin.display());
    for verb in ["install", "uninstall"] {
        for option in ["--dry-run", "--yes"] {
            let output = sandbox.command(&["mcp", verb, "claude-code", option]).env("PATH", &path).output();
            assert!(output.unwrap().status.success());
        }
    }
    let home = sandbox.home().display().to_string();
    let (exe, store) = (env!("CARGO_BIN_EXE_sfs"), sandbox.0.path().join("store").display().to_string());
    assert_eq!(
        read(&sandbox, "said"),
        format!(
            "{home}: mcp add --scope user sfs -- {exe} --store {store} mcp\n{home}: mcp remove --scope user sfs\n"
        )
    );
}
