//! Drives the real binary: a session as a page and as Markdown, without a
//! browser.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the failure")]

#[path = "browser/sandbox.rs"]
#[expect(dead_code, reason = "shared with the tests in a browser, which use all of it")]
mod sandbox;

use std::fs;

use sandbox::Sandbox;

#[test]
fn a_page_goes_where_it_is_told() {
    let sandbox = Sandbox::hostile();
    let page = sandbox.ok(&["show", "@", "--html"]);
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"));
    assert_eq!((page.matches("<script").count(), page.matches("<style").count()), (1, 1));
    assert_eq!(page.matches("<article ").count(), 8);
    let harmful = |c: char| c.is_control() && c != '\n' && c != '\t' || c == '\u{202e}';
    assert!(!page.contains(harmful));
    assert!(page.contains("more bytes: <code>sfs show "));
    assert_eq!(sandbox.ok(&["show", "@", "--html", "-o", "-"]), page);
    assert_eq!(sandbox.ok(&["show", "@", "--html", "-o", "page.html"]), "");
    assert_eq!(fs::read_to_string(sandbox.path("project/page.html")).unwrap(), page);
    sandbox.ok(&["show", "@", "--html", "-o", "a/b/"]);
    assert_eq!(fs::read_to_string(sandbox.path("project/a/b/index.html")).unwrap(), page);
    // Up to a message, and no further.
    assert_eq!(sandbox.ok(&["show", "@:3", "--html"]).matches("<article ").count(), 3);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(sandbox.path("project/page.html")).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0);
    }
}

#[test]
fn markdown_stays_within_its_message() {
    let sandbox = Sandbox::hostile();
    let text = sandbox.ok(&["show", "@", "--md"]);
    let heads: Vec<&str> = text.lines().filter(|line| line.starts_with("## ")).collect();
    assert_eq!(heads.len(), 8);
    assert!(heads[0].starts_with("## 1 · user · 2026-01-01T00:00:00Z"), "{heads:?}");
    assert!(!text.contains(|c: char| c.is_control() && c != '\n' && c != '\t'));
    // Outside of code, nothing is HTML.
    let parser = pulldown_cmark::Parser::new(&text);
    let html: Vec<_> = parser
        .filter(|e| matches!(e, pulldown_cmark::Event::Html(_) | pulldown_cmark::Event::InlineHtml(_)))
        .collect();
    assert!(html.is_empty(), "{html:?}");
    let parser = pulldown_cmark::Parser::new(&text);
    let heading = |e: &pulldown_cmark::Event<'_>| {
        matches!(
            e,
            pulldown_cmark::Event::Start(pulldown_cmark::Tag::Heading {
                level: pulldown_cmark::HeadingLevel::H2,
                ..
            })
        )
    };
    assert_eq!(parser.filter(heading).count(), 8);
    let links = pulldown_cmark::Parser::new(&text).filter_map(|e| match e {
        pulldown_cmark::Event::Start(pulldown_cmark::Tag::Link { dest_url, .. }) => Some(dest_url),
        pulldown_cmark::Event::Start(pulldown_cmark::Tag::Image { .. }) => panic!("a picture"),
        _ => None,
    });
    for link in links {
        assert!(link.starts_with("https://x.invalid/"), "{link}");
    }
    sandbox.ok(&["show", "@", "--md", "-o", "out.md"]);
    assert_eq!(fs::read_to_string(sandbox.path("project/out.md")).unwrap(), text);
}
