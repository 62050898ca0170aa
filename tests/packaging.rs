//! What is handed on: the crate, packages, and the program by itself on a
//! machine that has nothing.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the failure")]
#![expect(clippy::print_stdout, reason = "who runs the tests wants to know what was not checked")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const SFS: &str = env!("CARGO_BIN_EXE_sfs");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[track_caller]
fn text(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{said}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Whether a program can be started; says so if not.
fn has(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok_and(|o| o.status.success());
    if !found {
        println!("SKIPPED: there is no {program} here");
    }
    found
}

#[test]
fn the_crate_holds_all_that_it_is_built_from() {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let list = Command::new(cargo)
        .args(["package", "--list", "--allow-dirty", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    let files: BTreeSet<String> = text(&list).lines().map(|line| line.replace('\\', "/")).collect();
    for needed in ["Cargo.lock", "README.md", "LICENSE-MIT", "LICENSE-APACHE", "CHANGELOG.md", "docs/cli.md"]
    {
        assert!(files.contains(needed), "{needed} is left out");
    }
    let include = regex::Regex::new(r#"include_(?:str|bytes)!\("([^"]+)"\)"#).unwrap();
    let mut seen = 0;
    for source in files.iter().filter(|file| file.ends_with(".rs")) {
        let folder = root().join(source).parent().unwrap().to_owned();
        for found in include.captures_iter(&fs::read_to_string(root().join(source)).unwrap()) {
            let path = folder.join(&found[1]).canonicalize().unwrap();
            let path =
                path.strip_prefix(root().canonicalize().unwrap()).unwrap().to_string_lossy().into_owned();
            if source.starts_with("src/") {
                assert!(
                    files.contains(&path.replace('\\', "/")),
                    "{source} includes {path}, which is left out"
                );
                seen += 1;
            }
        }
    }
    assert!(seen > 5, "only {seen} files are included");
    let odd =
        |file: &&String| [".ci/", "fuzz/", "target/", "packaging/"].iter().any(|dir| file.starts_with(dir));
    assert_eq!(files.iter().find(odd), None);
}

#[test]
fn packages_hold_manuals_and_completions_of_every_command() {
    let dir = tempfile::tempdir().unwrap();
    let assets = dir.path().join("assets");
    let mut made = Command::new("sh");
    made.arg(root().join("packaging/assets")).args([SFS, assets.to_str().unwrap()]);
    text(&made.env("HOME", dir.path()).output().unwrap());
    let help = text(&Command::new(SFS).arg("help").env("HOME", dir.path()).output().unwrap());
    let commands = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let names: Vec<&str> = commands.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.contains(&"capture") && names.len() > 30, "{names:?}");
    for name in names.iter().filter(|name| **name != "help") {
        let page = fs::read_to_string(assets.join(format!("man/sfs-{name}.1"))).unwrap_or_default();
        assert!(page.contains(".SH SYNOPSIS"), "there is no manual page for {name}");
    }
    for (file, word) in [("sfs", "complete "), ("_sfs", "#compdef sfs"), ("sfs.fish", "complete ")] {
        let script = fs::read_to_string(assets.join("completions").join(file)).unwrap();
        assert!(script.contains(word) && script.contains("SFS_COMPLETE"), "{file}: {script}");
    }
    // All that the Debian package asks for is there or is made.
    let manifest: toml::Table = fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let listed = manifest["package"]["metadata"]["deb"]["assets"].as_array().unwrap();
    for asset in listed {
        let from = asset[0].as_str().unwrap();
        let (place, name) = match from.strip_prefix("target/assets/") {
            Some(made) => (assets.join(made), made),
            None if from == "target/release/sfs" => continue,
            None => (root().join(from), from),
        };
        let there = match place.to_str().unwrap().split_once('*') {
            Some((folder, end)) => {
                fs::read_dir(folder).unwrap().any(|f| f.unwrap().file_name().to_string_lossy().ends_with(end))
            }
            None => place.is_file(),
        };
        assert!(there, "{name} is not there");
    }
}

#[test]
fn what_the_shell_asks_for_is_offered() {
    let dir = tempfile::tempdir().unwrap();
    let kept = dir.path().join("kept");
    let demo =
        Command::new(SFS).args(["demo", "--keep"]).arg(&kept).env("HOME", dir.path()).output().unwrap();
    text(&demo);
    let offered = |words: &[&str]| -> Vec<String> {
        let mut command = Command::new(SFS);
        command.env_clear().env("HOME", kept.join("home")).env("SFS_DIR", kept.join("store"));
        command.env("SFS_COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", words.len().to_string());
        command.env("_CLAP_IFS", "\n").current_dir(kept.join("project")).args(["--", "sfs"]).args(words);
        text(&command.output().unwrap()).lines().map(str::to_owned).collect()
    };
    let has = |words: &[&str], wanted: &[&str]| {
        let found = offered(words);
        for word in wanted {
            assert!(
                found.iter().any(|f| f.trim() == *word),
                "{word} is not offered for {words:?}: {found:?}"
            );
        }
    };
    has(&["lo"], &["log"]);
    has(&["log", ""], &["@", "main", "no-readme"]);
    has(&["diff", "@/no"], &["@/no-readme"]);
    has(&["resume", "7c1e"], &["7c1e5a30-4b7d-4d0e-9a52-3f6b8e21c904"]);
    has(&["push", ""], &["origin"]);
    has(&["resume", "--in", "co"], &["codex", "copilot"]);
    has(&["config", "set", "stats"], &["stats.by"]);
    has(&["config", "set", "stats.by", "m"], &["month", "model"]);
    has(&["branch", "--delete", ""], &["no-readme"]);
    // A name that would mean more to a shell than itself is for people to type.
    let mut name = Command::new(SFS);
    name.env_clear().env("HOME", kept.join("home")).env("SFS_DIR", kept.join("store"));
    text(&name.current_dir(kept.join("project")).args(["name", "tea;reboot", "@"]).output().unwrap());
    let names = offered(&["log", "tea"]);
    assert!(!names.iter().any(|name| name.contains("reboot")), "{names:?}");
    let elsewhere = offered(&["--store", "/nowhere", "push", ""]);
    assert!(!elsewhere.iter().any(|word| word.trim() == "origin"), "another store has no such remote");
}

#[test]
fn the_formula_and_the_flake_can_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let archive = dir.path().join("v1.tar.gz");
    fs::write(&archive, "abc").unwrap();
    let url = "https://example.com/them/sfs/archive/v1.2.3.tar.gz";
    let mut formula = Command::new("sh");
    formula.arg(root().join("packaging/homebrew")).args(["1.2.3", url]).arg(&archive);
    let formula = text(&formula.output().unwrap());
    let sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    for line in [
        &format!("sha256 \"{sum}\""),
        "homepage \"https://example.com/them/sfs\"",
        &format!("url \"{url}\""),
        "version \"1.2.3\"",
    ] {
        assert!(formula.contains(line), "{line} is not in {formula}");
    }
    if has("ruby") {
        let path = dir.path().join("sfs.rb");
        fs::write(&path, &formula).unwrap();
        text(&Command::new("ruby").arg("-c").arg(&path).output().unwrap());
    }
    if has("nix-instantiate") {
        let mut parse = Command::new("nix-instantiate");
        parse.arg("--parse").arg(root().join("flake.nix")).env("HOME", dir.path());
        text(&parse.output().unwrap());
    }
}

/// A root with the program, what it is linked with, `/proc`, an empty
/// `/dev/null`, and nothing else: no shell, no `/etc`, no other program.
#[cfg(target_os = "linux")]
#[test]
fn the_program_alone_is_enough() {
    let dir = tempfile::tempdir().unwrap();
    let clean = dir.path().join("root");
    for folder in ["bin", "dev", "home", "proc", "tmp"] {
        fs::create_dir_all(clean.join(folder)).unwrap();
    }
    fs::copy(SFS, clean.join("bin/sfs")).unwrap();
    fs::write(clean.join("dev/null"), "").unwrap();
    let linked = Command::new("ldd").arg(SFS).output().unwrap();
    let linked = String::from_utf8_lossy(&linked.stdout).into_owned();
    let words = linked.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from);
    for library in words {
        let there = clean.join(library.strip_prefix("/").unwrap());
        fs::create_dir_all(there.parent().unwrap()).unwrap();
        fs::copy(&library, there).unwrap();
    }
    let within = |args: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--net", "--mount", "--pid", "--fork", "--mount-proc"]);
        command.arg(format!("--root={}", clean.display()));
        command
            .arg("/bin/sfs")
            .args(args)
            .env_clear()
            .env("HOME", "/home")
            .env("PATH", "/bin:/usr/bin:/usr/sbin");
        command.output()
    };
    match within(&["--version"]) {
        Ok(output) if output.status.success() => {}
        other => return println!("SKIPPED: a root of its own can't be had here: {other:?}"),
    }
    let played = text(&within(&["demo"]).unwrap());
    assert_eq!(played.matches("# the same, ").count(), 3, "{played}");
    let nothing = within(&["capture"]).unwrap();
    assert!(nothing.status.success(), "{}", String::from_utf8_lossy(&nothing.stderr));
    let doctor = text(&within(&["doctor"]).unwrap());
    assert!(!doctor.is_empty());
}
