//! The rules, tried on made-up files: they must be able to fail.

use crate::rules::check;
use crate::source::{Source, paths, without_tests, without_words};

/// The faults of one file, as `line rule`.
fn faults(path: &str, text: &str) -> Vec<String> {
    let found = check(&[Source::new(path, text)]);
    found.iter().map(|fault| format!("{} {}", fault.line, fault.rule)).collect()
}

#[test]
fn a_tidy_file_has_no_faults() {
    let text = "//! Fine.\nuse crate::object::{Id, codec::{self, Encode}};\nuse super::disk;\n";
    assert_eq!(faults("src/store/read.rs", text), [""; 0]);
}

#[test]
fn arrows_up_are_found() {
    let up = [
        ("src/object/id.rs", "use crate::store::Store;"),
        ("src/store/read.rs", "use crate::tool::Tool;"),
        ("src/store/read.rs", "use crate::{object::Id, ops::{Env as E}};"),
        ("src/store/read.rs", "use super::super::ops::Env;"),
        ("src/store/pack/mod.rs", "use super::super::ops::Env;"),
        ("src/tool/mod.rs", "fn f(s: &crate::store::Store) {}"),
        ("src/tool/mod.rs", "fn f(s: &crate :: store::Store) {}"),
        ("src/tool/mod.rs", "pub(in crate::store) fn f() {}"),
        ("src/remote/dir.rs", "use crate::store::{StoreError, Store};"),
        ("src/view/text.rs", "use crate::store::Store;"),
        ("src/ops/log.rs", "use crate::view::Text;"),
        ("src/ops/log.rs", "use crate::cli::Ui;"),
        ("src/ops/log.rs", "#[cfg(test)]\nmod tests { use crate::cli::Ui; }"),
        ("src/elsewhere/mod.rs", ""),
    ];
    for (path, text) in up {
        let found = faults(path, &format!("//! Text.\n{text}\n"));
        assert!(found.len() == 1 && found.iter().all(|f| f.ends_with(" arrows")), "{path} {text}: {found:?}");
    }
}

#[test]
fn arrows_down_are_let_be() {
    let down = [
        ("src/object/id.rs", "use crate::object::Kind;"),
        ("src/store/pack/block.rs", "use super::super::error::Result;"),
        ("src/tool/mod.rs", "/// See [`crate::ops`].\n/* crate::store */ fn f() { g(\"crate::store::X\") }"),
        ("src/remote/dir.rs", "use crate::store::StoreError;\nuse crate::store::error::StoreError as E;"),
        ("src/view/text.rs", "use crate::ops::log::Line;"),
        ("src/cli/mod.rs", "use crate::{object, ops, store, tool, view};"),
        ("src/lib.rs", "pub use crate::store::Store;"),
    ];
    for (path, text) in down {
        assert_eq!(faults(path, &format!("//! Text.\n{text}\n")), [""; 0], "{path} {text}");
    }
}

#[test]
fn dependencies_away_from_home_are_found() {
    let away = [
        ("src/store/read.rs", "use bincode::Encode;"),
        ("src/store/read.rs", "use ::bincode::Encode;"),
        ("src/store/read.rs", "#[derive(bincode::Encode)] struct A;"),
        ("src/store/read.rs", "use bincode as b;"),
        ("src/object/codec.rs", "fn f() { blake3::hash(b\"\"); }"),
        ("src/ops/capture/mod.rs", "use zstd::stream;"),
        ("src/ops/log.rs", "use clap_complete::Shell;"),
        ("src/object/json.rs", "type V = serde_json::Value;"),
        ("src/ops/log.rs", "#[cfg(test)]\nmod tests { use indicatif::X; }"),
    ];
    for (path, text) in away {
        let found = faults(path, &format!("//! Text.\n{text}\n"));
        assert!(found.len() == 1 && found.iter().all(|f| f.ends_with(" homes")), "{path} {text}: {found:?}");
    }
    let home = [
        ("src/object/codec.rs", "use bincode::Encode;"),
        ("src/ops/capture/input.rs", "use zstd::stream;"),
        ("src/cli/cmd/log.rs", "use clap::Args;"),
        ("src/store/read.rs", "// bincode::x\nuse super::zstd::X; fn zstd() {} fn f(my_zstd: u8) {}"),
    ];
    for (path, text) in home {
        assert_eq!(faults(path, &format!("//! Text.\n{text}\n")), [""; 0], "{path} {text}");
    }
}

#[test]
fn names_of_tools_are_found() {
    assert_eq!(
        faults("src/ops/log.rs", "//! Claude's log.\nconst A: &str = \"x-CODEX\";\n"),
        ["1 names", "2 names"]
    );
    assert_eq!(faults("src/tool/codex/mod.rs", "//! Codex.\n"), [""; 0]);
}

#[test]
fn long_and_headless_files_are_found() {
    let long = format!("//! Long.\n{}", "\n".repeat(700));
    assert_eq!(faults("src/store/read.rs", &long), ["702 lengths"]);
    assert_eq!(faults("src/store/read.rs", "\n//! Late.\n"), ["1 heads"]);
    assert_eq!(faults("src/store/tests.rs", "use super::*;\n"), [""; 0]);
}

#[test]
fn shortcuts_are_found_outside_of_tests() {
    let text = "//! Text.\nfn f() { x().unwrap(); todo!() }\n#[cfg(test)]\nmod tests { fn g() { x().unwrap() } }\n\
        fn h() { dbg!(1) }\n// .unwrap()\nfn i() { \".unwrap()\"; x.unwrap_or(1); my_todo!() }\n";
    assert_eq!(faults("src/store/read.rs", text), ["2 shortcuts", "2 shortcuts", "5 shortcuts"]);
    assert_eq!(faults("src/store/pack/tests/a.rs", "//! Text.\nfn f() { x().unwrap() }\n"), [""; 0]);
    let sources = [
        Source::new("src/object/mod.rs", "//! A.\n#[cfg(test)]\npub(crate) mod sample;\nmod same;\n"),
        Source::new("src/object/sample.rs", "//! B.\nfn f() { x().unwrap() }\n"),
        Source::new("src/object/same.rs", "//! C.\nfn f() { x().unwrap() }\n"),
    ];
    let found: Vec<String> = check(&sources).into_iter().map(|fault| fault.path).collect();
    assert_eq!(found, ["src/object/same.rs"]);
}

#[test]
fn words_are_told_from_code() {
    let text = "a /* b /* c */ d */ e \"f \\\" g\" h r#\"i \" j\"# k b\"l\" 'm' '\\'' '\"' n<'o> // p\nq\n";
    let code = without_words(text);
    assert_eq!(code.split_whitespace().collect::<String>(), "aehkn<'o>q");
    assert_eq!(code.lines().count(), 2);
    let code = "a; #[cfg(test)] mod t { fn x() { y[0]; } } b; #[cfg(test)] use c; d";
    assert_eq!(without_tests(code).split_whitespace().collect::<String>(), "a;b;d");
}

#[test]
fn groups_of_paths_are_taken_apart() {
    let code = "use crate::{a::{b, c as d, e::*}, f, g::h}; crate::i::j(); my_crate::k";
    let found: Vec<String> = paths(code, "crate").into_iter().map(|(_, path)| path.join("::")).collect();
    assert_eq!(found, ["a::b", "a::c", "a::e::*", "f", "g::h", "i::j"]);
}
