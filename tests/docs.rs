//! What the documentation shows is what happens: every `console` block of the
//! pages is run, line by line, and what it prints is compared.
//!
//! A page is run from its top to its end, in one shell, in a home of its own in
//! which there is a sample session (`docs/stage.rs`). Each line that begins
//! with `$ ` must succeed, unless `$ echo $?` comes next. Lines below it, up to
//! the next command, are what it prints; if there are none, that is not
//! compared. In them, `…` stands for anything within a line, and alone for any
//! lines; ids in hexadecimal and sizes in bytes are not compared.
//!
//! ```text
//! <!-- run: cp a b -->       is run, too, and not seen by readers
//! ```console,needs-network   is not run, for that reason
//! ```
//!
//! To write down what was printed instead:
//!
//! ```sh
//! SFS_TEST_BLESS=1 cargo test --test docs
//! ```

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the failure")]

#[path = "docs/page.rs"]
mod page;
#[path = "docs/stage.rs"]
mod stage;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use page::{Command, Page};
use stage::Stage;

/// Why a block may not be run.
const REASONS: &[&str] = &[
    "needs-cargo",
    "needs-tool",
    "needs-network",
    "needs-terminal",
    "needs-browser",
    "needs-login",
    "example",
];

#[test]
fn what_the_pages_show_is_what_happens() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let bless = std::env::var_os("SFS_TEST_BLESS").is_some();
    let (mut run, mut wrong) = (0, Vec::new());
    let mut left_out = BTreeMap::new();
    let pages = pages(root);
    assert!(pages.len() > 20, "the pages are not there: {pages:?}");
    for path in pages {
        let text = fs::read_to_string(&path).unwrap();
        let page = Page::parse(&text);
        let name = path.strip_prefix(root).unwrap().display().to_string();
        for (line, reason) in &page.left_out {
            assert!(REASONS.contains(&reason.as_str()), "{name}:{line}: {reason:?} is no reason");
            *left_out.entry(reason.clone()).or_insert(0) += 1;
        }
        if page.commands.is_empty() {
            continue;
        }
        let printed = Stage::new().run(&page.commands);
        run += page.commands.iter().filter(|command| command.is_seen).count();
        let faults: Vec<String> =
            page.faults(&printed).iter().map(|fault| format!("{name}:{fault}")).collect();
        if bless && !faults.is_empty() {
            fs::write(&path, page.blessed(&text, &printed)).unwrap();
        }
        wrong.extend(faults);
    }
    // For whoever runs it with --nocapture, as the checks do.
    println!("{run} commands were run; blocks that were not: {left_out:?}");
    assert!(run > 50, "hardly anything was run");
    assert!(wrong.is_empty(), "{} differ:\n\n{}", wrong.len(), wrong.join("\n\n"));
}

/// The pages: those at the root, and all below `docs`.
fn pages(root: &Path) -> Vec<PathBuf> {
    let mut pages = vec![root.join("README.md"), root.join("CONTRIBUTING.md")];
    let below = walkdir::WalkDir::new(root.join("docs")).sort_by_file_name().into_iter();
    let below = below.map(|entry| entry.unwrap().into_path());
    pages.extend(below.filter(|path| path.extension().is_some_and(|ext| ext == "md")));
    pages
}

/// Every link within the pages leads somewhere.
#[test]
fn links_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let link = regex::Regex::new(r"\]\(([^)#\s]+)(#[^)]*)?\)").unwrap();
    let (mut broken, mut seen) = (Vec::new(), 0);
    for path in pages(root) {
        let text = fs::read_to_string(&path).unwrap();
        for found in link.captures_iter(&text).map(|found| found[1].to_owned()) {
            if found.contains("://") || found.starts_with("mailto:") {
                continue;
            }
            seen += 1;
            if !path.parent().unwrap().join(&found).exists() {
                broken.push(format!("{}: {found}", path.display()));
            }
        }
    }
    assert!(seen > 30 && broken.is_empty(), "{seen} links, these lead nowhere:\n{}", broken.join("\n"));
}

/// The rules of the comparison, held against pages that are wrong.
#[test]
fn a_page_that_is_wrong_is_told() {
    let page = |text: &str| Page::parse(text);
    let text =
        "<!-- run: echo hidden -->\n```console\n$ echo one; echo two\none\nthree\n$ true\n$ false\n```\n";
    let wrong = page(text);
    let printed = Stage::new().run(&wrong.commands);
    let faults = wrong.faults(&printed);
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(faults[0].starts_with("3: ") && faults[0].contains("three") && faults[0].contains("two"));
    assert!(faults[1].starts_with("7: ") && faults[1].contains("ended with 1"));
    assert_eq!(wrong.blessed(text, &printed), text.replace("three", "two"));
    let right = page(
        "```console\n$ echo 0123456789abcdef at 7; cd /; pwd; false\nfedcba9876543210 at …\n…\n$ echo $?\n1\n$ pwd\n/\n```\n\
         ```console,needs-tool\n$ rm -rf /\n```\n",
    );
    assert_eq!(right.faults(&Stage::new().run(&right.commands)), Vec::<String>::new());
    assert_eq!(right.left_out, [(10, "needs-tool".to_owned())]);
    let gone = page("```console\n$ exit 0\n$ echo never\n```\n");
    let faults = gone.faults(&Stage::new().run(&gone.commands));
    assert!(faults.iter().any(|fault| fault.contains("was not run")), "{faults:?}");
    assert_eq!(gone.commands.iter().filter(|c: &&Command| c.is_seen).count(), 2);
}
