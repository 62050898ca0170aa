use super::*;
pub(super) fn target(places: Places, started: i64) -> Target {
    Target {
        places,
        cwd: "/work/here".into(),
        native: "01a20212-a86f-7d30-ba34-f1999c4bbe7a".into(),
        seed: 7,
        now: started + 1000,
        started,
        title: "A title".into(),
        git_branch: Some("main".into()),
        version: None,
    }
}
