//! The official client, in Python, where it is installed.

use std::process::Command;

use crate::sandbox::Sandbox;

/// Needs a Python that has the package `mcp`, from version 2 on:
/// `SFS_TEST_MCP_PYTHON`, or `python3`.
#[test]
fn the_official_client_understands_both_revisions() {
    let python = std::env::var("SFS_TEST_MCP_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let has = Command::new(&python).args(["-c", "import mcp.client.client"]).output();
    if !has.is_ok_and(|output| output.status.success()) {
        eprintln!(
            "skipped: {python} has no package mcp of version 2; SFS_TEST_MCP_PYTHON names one that has"
        );
        return;
    }
    let sandbox = Sandbox::new(&["where is the needle", "in the haystack"]);
    let mut command = Command::new(python);
    command.env("HOME", sandbox.home()).env("SFS_DIR", sandbox.0.path().join("store"));
    command.current_dir(sandbox.0.path().join("project"));
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/mcp/client.py"));
    let output = command.args([env!("CARGO_BIN_EXE_sfs"), "mcp"]).output().unwrap();
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}{errors}");
    for part in [
        "legacy 2025-11-25 sfs_list sfs_search",
        "auto 2026-07-28 sfs_list sfs_search",
        "legacy False Lines that begin",
        "auto False Lines that begin",
        "where is the needle",
        "legacy True",
        "auto True",
    ] {
        assert!(said.contains(part), "{part}: {said}{errors}");
    }
}
