//! Pages in a real browser: Chromium loads them, nothing fails, nothing is
//! fetched, what is folded unfolds, a search finds.
//!
//! Where there is no Chromium the tests are skipped and say so. With
//! `SFS_TEST_SCREENSHOTS=DIR` they leave pictures there to be looked at.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "in a test, a panic is the failure")]

#[path = "browser/cdp.rs"]
mod cdp;
#[path = "browser/sandbox.rs"]
mod sandbox;

use cdp::Browser;
use sandbox::Sandbox;
use serde_json::{Value, json};

/// A browser, unless there is none.
fn browser() -> Option<Browser> {
    let found = Browser::start();
    if found.is_none() {
        eprintln!("SKIPPED: there is no chromium (apt-get install chromium)");
    }
    found
}

#[test]
fn a_hostile_session_is_only_a_page() {
    let Some(mut browser) = browser() else { return };
    let sandbox = Sandbox::hostile();
    sandbox.ok(&["show", "@", "--html", "-o", "page.html"]);
    let page = browser.open(&sandbox.url("page.html"));
    // Its own script ran, and nobody else's.
    assert_eq!(page.eval("document.querySelectorAll('.tools input').length"), json!(1));
    assert_eq!(page.eval("document.querySelectorAll('script').length"), json!(1));
    assert_eq!(page.eval("window.pwned === undefined"), json!(true));
    assert_eq!(
        page.eval("[...document.querySelectorAll('*')].every(e => !e.getAttributeNames().some(n => n.startsWith('on')))"),
        json!(true)
    );
    let loads = page.eval(
        "[...document.querySelectorAll('[src],[href],[srcset],[data],[poster],[action]')]
           .map(e => e.getAttribute('src') || e.getAttribute('href') || '?')
           .filter(u => !/^(#m|#r|https:|data:image)/.test(u))",
    );
    assert_eq!(loads, json!([]));
    assert_eq!(page.eval("document.querySelector('img').naturalWidth"), json!(1));
    assert_eq!(page.errors(), Vec::<Value>::new());
    assert_eq!(page.requests(), [sandbox.url("page.html")]);
    // No line of it is wider than a phone.
    page.phone();
    assert_eq!(page.eval("document.documentElement.scrollWidth <= innerWidth"), json!(true));
    page.picture("hostile-phone");
}

#[test]
fn a_page_folds_searches_and_links() {
    let Some(mut browser) = browser() else { return };
    let sandbox = Sandbox::ordinary();
    sandbox.ok(&["show", "@", "--html", "-o", "page.html"]);
    let page = browser.open(&sandbox.url("page.html"));
    page.picture("light");
    let folded = "[...document.querySelectorAll('article details')].filter(d => d.open).length";
    assert_eq!(page.eval(folded), json!(0));
    // A word that is only said in a result that is folded.
    page.eval(
        "(() => { const f = document.querySelector('.tools input'); f.value = 'NEEDLE';
          f.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter'})); })()",
    );
    assert_eq!(page.eval("document.querySelector('.tools output').textContent"), json!("1 of 1"));
    assert_eq!(page.eval(folded), json!(1));
    assert_eq!(
        page.eval("document.querySelector('article details[open]').closest('article').id"),
        json!("m6")
    );
    assert_eq!(page.eval("[...CSS.highlights.get('found')].map(r => r.toString())"), json!(["needle"]));
    page.eval("document.querySelectorAll('.tools button')[2].click()");
    assert_eq!(
        page.eval("[...document.querySelectorAll('article details')].every(d => d.open)"),
        json!(true)
    );
    // Every message can be linked to, and every link in the page leads somewhere.
    assert_eq!(
        page.eval("[...document.querySelectorAll('article')].every(a => a.querySelector(`header a[href=\"#${a.id}\"]`))"),
        json!(true)
    );
    assert_eq!(
        page.eval("[...document.querySelectorAll('a[href^=\"#\"]')].every(a => document.getElementById(a.getAttribute('href').slice(1)))"),
        json!(true)
    );
    assert_eq!(page.errors(), Vec::<Value>::new());
    page.eval("scrollTo(0, document.querySelector('#m3').offsetTop)");
    page.picture("light-unfolded");
    page.dark();
    assert_ne!(page.eval("getComputedStyle(document.body).backgroundColor"), json!("rgb(253, 253, 252)"));
    page.picture("dark-unfolded");
    page.phone();
    assert_eq!(page.eval("document.documentElement.scrollWidth <= innerWidth"), json!(true));
    page.picture("dark-phone");
}

#[test]
fn a_page_works_without_scripts() {
    let Some(mut browser) = browser() else { return };
    let sandbox = Sandbox::ordinary();
    sandbox.ok(&["show", "@", "--html", "-o", "page.html"]);
    let page = browser.without_scripts(&sandbox.url("page.html"));
    // The browser itself unfolds what is clicked.
    let click = page.place_of("details.call > summary");
    page.click(click);
    assert!(page.is_open("details.call"));
    page.picture("no-scripts");
}

#[test]
fn a_site_is_walked_through() {
    let Some(mut browser) = browser() else { return };
    let sandbox = Sandbox::hostile();
    let site = sandbox.serve();
    let page = browser.open(&site.address);
    // The token doesn't stay in the address.
    assert_eq!(page.eval("location.pathname + location.search"), json!("/"));
    assert_eq!(page.eval("document.querySelectorAll('.sessions li').length"), json!(1));
    page.picture("site");
    let session = page.eval("document.querySelector('.sessions a').href");
    let page = browser.open(session.as_str().unwrap());
    assert_eq!(page.eval("document.querySelectorAll('article').length"), json!(8));
    assert_eq!(page.eval("window.pwned === undefined"), json!(true));
    assert_eq!(page.errors(), Vec::<Value>::new());
    assert_eq!(page.requests(), [session.as_str().unwrap()]);
    let root = page.eval("location.origin + '/'").as_str().unwrap().to_owned();
    let page = browser.open(&format!("{root}stats"));
    assert_eq!(page.errors(), Vec::<Value>::new());
    page.picture("site-stats");
    // Searching is a form, which the site may send to itself.
    let page = browser.open(&root);
    page.eval("document.querySelector('input[name=text]').value = 'nothing like it'");
    page.submit("form");
    assert_eq!(page.eval("document.querySelectorAll('.sessions li').length"), json!(0));
    // Without the cookie nothing is told.
    let told = site.ask("GET / HTTP/1.1", &["Host: {host}"]);
    assert!(told.starts_with("HTTP/1.1 403") && !told.contains("class=sessions"), "{told}");
    let told = site.ask("GET /?token={token} HTTP/1.1", &["Host: evil.example"]);
    assert!(told.starts_with("HTTP/1.1 403"), "{told}");
    let told = site.ask("POST /?token={token} HTTP/1.1", &["Host: {host}", "Content-Length: 0"]);
    assert!(told.starts_with("HTTP/1.1 405"), "{told}");
    let told = site.ask("GET /stats?token={token} HTTP/1.1", &["Host: {host}"]);
    assert!(told.starts_with("HTTP/1.1 303") && told.contains("Location: /stats\r\n"), "{told}");
}

#[test]
fn a_long_session_is_several_pages() {
    let Some(mut browser) = browser() else { return };
    let sandbox = Sandbox::long(400, 30_000);
    let said = sandbox.ok(&["show", "@", "--html", "-o", "out/"]);
    assert!(said.is_empty());
    let page = browser.open(&sandbox.url("out/index.html"));
    assert_eq!(page.errors(), Vec::<Value>::new());
    // From the contents to the last turn, on its page.
    let last = page.eval("[...document.querySelectorAll('nav ol a')].pop().href");
    let last = last.as_str().unwrap().to_owned();
    assert!(last.contains("/out/index-parts/") && last.ends_with("#m399"), "{last}");
    let page = browser.open(&last);
    assert_eq!(page.eval("document.querySelector(location.hash).className"), json!("user turn"));
    assert_eq!(page.eval("document.querySelectorAll('nav.pages a[rel=next]').length"), json!(0));
    let first = page.eval("document.querySelector('nav.pages a[rel=index]').href");
    assert_eq!(first, json!(sandbox.url("out/index.html")));
    // All messages are there, each once, in order.
    let parts = std::fs::read_dir(sandbox.path("project/out/index-parts")).unwrap().count();
    assert!((3..=5).contains(&parts), "{parts}");
    let mut seen = Vec::new();
    for n in 1..=parts {
        let page = browser.open(&sandbox.url(&format!("out/index-parts/{n}.html")));
        let ids = page.eval("[...document.querySelectorAll('article')].map(a => Number(a.id.slice(1)))");
        seen.extend(ids.as_array().unwrap().iter().map(|id| id.as_u64().unwrap()));
    }
    assert_eq!(seen, (1..=400).collect::<Vec<u64>>());
}
