//! The help of every command as a page, `docs/cli.md`:
//!
//! ```sh
//! SFS_TEST_BLESS=1 cargo test --lib reference
//! ```

use std::fmt::Write;
use std::path::Path;

use clap::{Command, CommandFactory};

use super::{Cli, topics};

const HEAD: &str = "# Commands

The help of every command, as `sfs help COMMAND` prints it; made by `SFS_TEST_BLESS=1 cargo test --lib reference`. The options
under *Global options* are the same everywhere and told once.
";

fn page() -> String {
    let mut root = Cli::command().term_width(100);
    root.build();
    let (mut list, mut body) = (String::new(), String::new());
    section(&root, &mut list, &mut body);
    for name in topics::NAMES {
        let _ = write!(list, "[{name}](#sfs-help-{name}) ");
        let text = topics::text(name).unwrap();
        let _ = write!(body, "\n## sfs help {name}\n\n```text\n{}\n```\n", text.trim_end());
    }
    format!("{HEAD}\n{}\n{body}", list.trim_end())
}

/// Adds a command and those below it.
fn section(command: &Command, list: &mut String, body: &mut String) {
    let name = command.get_bin_name().unwrap_or("sfs").to_owned();
    let _ = writeln!(list, "[{name}](#{})", name.replace(' ', "-"));
    let mut shown = command.clone().term_width(100);
    if name != "sfs" {
        shown = shown.mut_args(|arg| {
            let global = arg.get_help_heading() == Some("Global options");
            if global { arg.hide(true) } else { arg }
        });
    }
    let help = shown.render_long_help().to_string();
    let help: Vec<&str> = help.trim_end().lines().map(str::trim_end).collect();
    let _ = write!(body, "\n## {name}\n\n```text\n{}\n```\n", help.join("\n"));
    for below in command
        .get_subcommands()
        .filter(|c| !c.is_hide_set() && c.get_name() != "help" || c.get_name() == "help" && name == "sfs")
    {
        section(below, list, body);
    }
}

#[test]
fn the_page_of_commands_is_what_help_prints() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cli.md");
    let page = page();
    if std::env::var_os("SFS_TEST_BLESS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == page, "docs/cli.md is not what help prints: see the top of this file");
}
