//! The rules. Each takes sources and returns what is wrong: where, and why.

use crate::source::{Source, line_of, paths, words};

/// The layers: what each may use of ours. What isn't here may not be a folder.
const LAYERS: &[(&str, &[&str])] = &[
    ("object", &[]),
    ("store", &["object"]),
    ("workspace", &["object", "store"]),
    ("tool", &["object"]),
    ("remote", &["object"]),
    ("redact", &[]),
    ("search", &["object", "store"]),
    ("ops", &["object", "store", "workspace", "tool", "remote", "redact", "search"]),
    ("view", &["object", "ops"]),
    ("daemon", &["object", "store", "workspace", "tool", "remote", "redact", "search", "ops", "view"]),
    ("web", &["object", "store", "ops", "view"]),
    ("mcp", &["object", "store", "workspace", "tool", "remote", "redact", "search", "ops", "view"]),
    (
        "cli",
        &[
            "object",
            "store",
            "workspace",
            "tool",
            "remote",
            "redact",
            "search",
            "ops",
            "view",
            "daemon",
            "web",
            "mcp",
        ],
    ),
];

/// Items that a layer may use of one that it may not use.
const ALSO: &[(&str, &[&str])] =
    &[("remote", &["store", "StoreError"]), ("remote", &["store", "error", "StoreError"])];

/// Where each dependency lives: a file, or a folder with `/` at the end.
const HOMES: &[(&str, &[&str])] = &[
    ("bincode", &["src/object/codec.rs"]),
    ("blake3", &["src/object/id.rs"]),
    (
        "base64",
        &["src/object/escape.rs", "src/redact/tests.rs", "src/view/html/page.rs", "src/remote/sign.rs"],
    ),
    ("fastcdc", &["src/store/pack/"]),
    ("zstd", &["src/store/", "src/ops/capture/input.rs"]),
    (
        "serde_json",
        &[
            "src/tool/",
            "src/view/",
            "src/cli/",
            "src/ops/",
            "src/daemon/",
            "src/mcp/",
            "src/store/exchange.rs",
            "src/redact/tests.rs",
        ],
    ),
    ("clap", &["src/cli/"]),
    ("clap_complete", &["src/cli/"]),
    ("clap_mangen", &["src/cli/"]),
    ("anstream", &["src/cli/"]),
    ("anstyle", &["src/cli/"]),
    ("indicatif", &["src/cli/"]),
    ("ureq", &["src/remote/web.rs"]),
    ("rusty_s3", &["src/remote/s3/"]),
    ("age", &["src/remote/encrypted/"]),
    ("aes", &["src/remote/encrypted/names.rs"]),
    ("chacha20poly1305", &["src/remote/encrypted/chunks.rs"]),
    ("notify", &["src/daemon/watch.rs"]),
    ("rustix", &["src/daemon/process.rs"]),
    ("ctrlc", &["src/cli/"]),
    ("rusqlite", &["src/tool/rows/"]),
    ("md5", &["src/tool/digest.rs"]),
    ("unicode_normalization", &["src/search/fold.rs"]),
    ("aho_corasick", &["src/redact/"]),
    ("regex", &["src/redact/"]),
    ("toml", &["src/ops/secrets/", "src/ops/config/", "src/ops/register/"]),
    ("toml_edit", &["src/ops/settings/"]),
    ("ignore", &["src/workspace/rules.rs"]),
    ("sha2", &["src/tool/digest.rs", "src/view/html/page.rs", "src/remote/sign.rs"]),
    ("hmac", &["src/remote/sign.rs"]),
    ("quick_xml", &["src/remote/xml.rs"]),
    ("pulldown_cmark", &["src/view/html/markdown.rs", "src/view/md.rs"]),
    ("tiny_http", &["src/web/"]),
    ("syntect", &["src/view/html/highlight.rs"]),
    ("two_face", &["src/view/html/highlight.rs"]),
    ("similar", &["src/ops/", "src/view/html/diff.rs"]),
    ("ratatui", &["src/view/tui/", "src/cli/screen.rs"]),
    ("crossterm", &["src/cli/screen.rs"]),
    ("signal_hook", &["src/cli/screen.rs"]),
    ("unicode_width", &["src/view/tui/text.rs", "src/cli/cmd/"]),
];

/// Names of tools, which only their adapters know.
const TOOLS: &[&str] = &[
    "claude",
    "cline",
    "codex",
    "copilot",
    "cursor",
    "gemini",
    "kilo",
    "opencode",
    "qwen",
    "roo code",
    "roo-cline",
];

/// Those among them that also stand inside of other words.
const WORDS: &[&str] = &["aider", "amp", "crush", "droid", "goose", "kimi", "specstory"];

/// The most lines of a file.
const LINES: usize = 700;

/// What may not stand outside of tests.
const NEVER: &[&str] = &[".unwrap()", "todo!", "unimplemented!", "dbg!"];

/// Something that a rule forbids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The rule.
    pub(crate) rule: &'static str,
    /// The file.
    pub(crate) path: String,
    /// The line, from 1.
    pub(crate) line: usize,
    /// What is wrong.
    pub(crate) what: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {} ({})", self.path, self.line, self.what, self.rule)
    }
}

/// Everything that is wrong with the sources.
pub(crate) fn check(sources: &[Source]) -> Vec<Fault> {
    let for_tests: Vec<String> = sources.iter().flat_map(Source::test_modules).collect();
    let mut faults = Vec::new();
    for source in sources {
        let stem = source.path.trim_end_matches(".rs").trim_end_matches("/mod");
        let is_test = for_tests.iter().any(|test| {
            stem.strip_prefix(test.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        let before = faults.len();
        arrows(source, is_test, &mut faults);
        homes(source, &mut faults);
        heads(source, &mut faults);
        lengths(source, &mut faults);
        names(source, &mut faults);
        if !is_test {
            shortcuts(source, &mut faults);
        }
        if let Some(new) = faults.get_mut(before..) {
            new.sort_by_key(|fault| fault.line);
        }
    }
    faults
}

fn fault(rule: &'static str, source: &Source, at: usize, what: String) -> Fault {
    Fault { rule, path: source.path.clone(), line: line_of(&source.code, at), what }
}

/// Arrows between layers point down.
fn arrows(source: &Source, is_test: bool, faults: &mut Vec<Fault>) {
    let modules = source.modules();
    // `lib.rs` names them all; `main.rs` calls the door.
    let Some(layer) = modules.first().copied() else { return };
    let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == layer) else {
        faults.push(fault("arrows", source, 0, format!("`{layer}` is not among the layers")));
        return;
    };
    let mut used = paths(&source.code, "crate");
    // So many `super`s lead to the root. In tests one more does, which is
    // left to the eye.
    if !is_test {
        let root = vec!["super"; modules.len()].join("::");
        used.extend(paths(&source.shipped, &root).into_iter().filter(|(_, path)| first(path) != "super"));
    }
    for (at, path) in used {
        let target = first(&path);
        let is_layer = LAYERS.iter().any(|(name, _)| *name == target);
        let also = ALSO.iter().any(|(name, item)| *name == layer && path == *item);
        if target != layer && is_layer && !allowed.contains(&target) && !also {
            let what = format!("`{layer}` may not use `{}`", path.join("::"));
            faults.push(fault("arrows", source, at, what));
        }
    }
}

fn first(path: &[String]) -> &str {
    path.first().map_or("", String::as_str)
}

/// Every dependency has a home.
fn homes(source: &Source, faults: &mut Vec<Fault>) {
    for (name, homes) in HOMES {
        if homes
            .iter()
            .any(|home| source.path == *home || home.ends_with('/') && source.path.starts_with(home))
        {
            continue;
        }
        for at in words(&source.code, name).filter(|at| is_crate(&source.code, *at, name)) {
            faults.push(fault("homes", source, at, format!("`{name}` lives in {}", homes.join(", "))));
        }
    }
}

/// Whether a name stands where only a crate's can: at the start of a path, or
/// after `use`.
fn is_crate(code: &str, at: usize, name: &str) -> bool {
    let before = code.get(..at).unwrap_or_default().trim_end();
    let after = code.get(at + name.len()..).unwrap_or_default().trim_start();
    let inside = before
        .strip_suffix("::")
        .is_some_and(|path| path.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '>')));
    let used = ["use", "extern crate", "use ::"].iter().any(|word| before.ends_with(word));
    !inside && (after.starts_with("::") || used)
}

/// Every file begins with what it is.
fn heads(source: &Source, faults: &mut Vec<Fault>) {
    if !source.text.starts_with("//!") && !source.path.ends_with("/tests.rs") {
        faults.push(fault("heads", source, 0, "does not begin with `//!`".to_owned()));
    }
}

/// No file is long.
fn lengths(source: &Source, faults: &mut Vec<Fault>) {
    let lines = source.text.lines().count();
    if lines > LINES {
        let at = source.code.len();
        faults.push(fault("lengths", source, at, format!("has {lines} lines, more than {LINES}")));
    }
}

/// Only a tool's adapter knows its name.
fn names(source: &Source, faults: &mut Vec<Fault>) {
    if source.path.starts_with("src/tool/") {
        return;
    }
    for (number, line) in source.text.lines().enumerate() {
        let small = line.to_lowercase();
        let parts: Vec<&str> = small.split(|c: char| !c.is_alphanumeric()).collect();
        let named = TOOLS.iter().filter(|name| small.contains(**name));
        for name in named.chain(WORDS.iter().filter(|name| parts.contains(*name))) {
            let what = format!("only src/tool/ may say `{name}`");
            faults.push(Fault { rule: "names", path: source.path.clone(), line: number + 1, what });
        }
    }
}

/// What ships gives up nowhere.
fn shortcuts(source: &Source, faults: &mut Vec<Fault>) {
    for word in NEVER {
        for (at, _) in source.shipped.match_indices(word) {
            let inside = !word.starts_with('.')
                && source
                    .shipped
                    .get(..at)
                    .is_some_and(|t| t.ends_with(|c: char| c.is_alphanumeric() || c == '_'));
            if !inside {
                faults.push(fault("shortcuts", source, at, format!("`{word}` outside of tests")));
            }
        }
    }
}
