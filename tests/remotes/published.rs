//! Remotes behind a web server, to be read only.

use std::path::PathBuf;
use std::sync::Arc;

use super::http::{Response, part, serve};
use super::world::Machine;

/// A web server for a directory; one that knows no ranges if told so.
fn web(root: PathBuf, ranges: bool) -> String {
    serve(
        Arc::new(|_, _| true),
        Arc::new(move |request| match std::fs::read(root.join(request.path.trim_start_matches('/'))) {
            Ok(bytes) => part(&bytes, request.headers.get("range").filter(|_| ranges)),
            Err(_) => Response::Say(404, Vec::new(), Vec::new()),
        }),
    )
}

#[test]
fn what_is_published_can_be_cloned_and_pulled_by_all() {
    for ranges in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        let a = Machine::with_session(dir.path().join("a"), &[], 30);
        let url = web(dir.path().join("www"), ranges) + "/sessions/";
        std::fs::create_dir(dir.path().join("www")).unwrap();
        a.ok(&["remote", "add", "origin", "../www/sessions"]);
        a.ok(&["push"]);
        let b = Machine::new(dir.path().join("b"), &[]);
        let said = b.fails(&["clone", &url]);
        assert!(said.contains("sfs remote publish"), "{said}");
        assert!(a.ok(&["remote", "publish"]).contains("3 files"));
        b.ok(&["clone", &url]);
        a.assert_same(&b);
        // What is pushed later is seen when it is published.
        a.write("one", 30..33);
        a.ok(&["capture"]);
        a.ok(&["push"]);
        assert!(b.ok(&["pull"]).contains("Nothing new"));
        a.ok(&["remote", "publish"]);
        b.ok(&["pull"]);
        a.assert_same(&b);
        // And nobody writes through it.
        b.write("two", 0..2);
        b.ok(&["capture"]);
        let said = b.fails(&["push"]);
        assert!(said.contains("can only be read"), "{said}");
    }
}
