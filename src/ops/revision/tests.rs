//! Revisions resolve to what they say.

use super::*;
use crate::ops::sample::Sample;

fn sample() -> (Sample, Id, Id) {
    let mut sample = Sample::new();
    let early = sample.turns(None, &["one", "two"]);
    sample.session("0a1b-first", sample.env.cwd.clone(), early);
    let tip = sample.turns(Some(early), &["three"]);
    sample.session("0a1b-first", sample.env.cwd.clone(), tip);
    let other = sample.turns(None, &["elsewhere", "again"]);
    let away = sample.dir.path().join("away");
    sample.session("0a1b-second", away, other);
    (sample, early, tip)
}

#[test]
fn bases_and_suffixes_lead_to_commits() {
    let (mut sample, early, tip) = sample();
    let id = Sample::id("0a1b-first");
    sample.set("name/mine", RefValue::Session(id));
    sample.set(&format!("branch/{id}/try"), RefValue::Commit(early));
    sample.set(&format!("remote/origin/ab12/head/{id}/main"), RefValue::Commit(early));
    let at = |text: &str| resolve(&sample.store, &sample.env, text).unwrap();
    let hex = id.to_string();
    for base in ["@", "mine", "0a1b-f", &hex[..6], &hex, "main", "@/main", "mine/main", "/main"] {
        assert_eq!(at(base), Resolved { session: id, commit: tip, branch: Some("main".into()) }, "{base}");
    }
    assert_eq!(at("try"), Resolved { session: id, commit: early, branch: Some("try".into()) });
    assert_eq!(at(&format!("head/{id}/main")).commit, tip);
    let theirs = at(&format!("remote/origin/ab12/head/{id}/main"));
    assert_eq!(theirs, Resolved { session: id, commit: early, branch: None });
    for back in ["@~1", "@~", "~", "main~", "@{1}", "@@{1}", "mine@{1}", "try", "@:4"] {
        assert_eq!(at(back).commit, early, "{back}");
    }
    assert_eq!(at("@~~").commit, at("@~2").commit);
    for n in 1..=6 {
        let commit = sample.store.commit(&at(&format!("@:{n}")).commit).unwrap();
        assert_eq!(commit.counts.messages, n);
    }
    assert_eq!(at(&format!("{early:.20}")), Resolved { session: id, commit: early, branch: None });
    assert_eq!(session(&sample.store, &sample.env, &early.to_string()).unwrap(), id);
}

#[test]
fn the_newest_session_is_that_of_the_nearest_directory() {
    let (mut sample, _, _) = sample();
    let home = sample.turns(None, &["in the directory above"]);
    let above = sample.dir.path().canonicalize().unwrap();
    sample.session("above", above.clone(), home);
    let at = |env: &Env| session(&sample.store, env, "@").ok();
    assert_eq!(at(&sample.env), Some(Sample::id("0a1b-first")));
    let mut below = sample.env.clone();
    below.cwd.push("src");
    assert_eq!(at(&below), Some(Sample::id("0a1b-first")));
    assert_eq!(at(&Env { cwd: above.join("other"), ..sample.env.clone() }), Some(Sample::id("above")));
    assert_eq!(at(&Env { cwd: "/nowhere".into(), ..sample.env.clone() }), None);
}

#[test]
fn what_names_nothing_says_why() {
    let (sample, _, _) = sample();
    let fails = |text: &str| resolve(&sample.store, &sample.env, text).unwrap_err();
    assert!(matches!(fails("nothing"), RevisionError::Unknown { .. }));
    assert!(matches!(fails("@/nothing"), RevisionError::NoBranch { .. }));
    assert!(matches!(fails("@:7"), RevisionError::NoMessage { n: 7, have: 6 }));
    assert!(matches!(fails("@:0"), RevisionError::NoMessage { .. }));
    assert!(matches!(fails("@~3"), RevisionError::TooFewTurns { .. }));
    assert!(matches!(fails("@{2}"), RevisionError::NoEarlier { have: 1, .. }));
    assert!(matches!(fails(" "), RevisionError::Syntax { .. }));
    let many = fails("0a1b");
    assert!(matches!(&many, RevisionError::Ambiguous { candidates, more: 0, .. } if candidates.len() == 2));
    assert!(many.to_string().contains("prompt of 0a1b-second") && many.hint().is_some());
}
