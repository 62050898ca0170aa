//! Tests of the adapter: writing. What it reads is tested in `tasks`.

use std::path::Path;

use serde_json::Value;

use super::*;
use crate::tool::Planned;
use crate::tool::testing::{Memory, Talk, messages, opened, said, talk, target, written};

#[test]
fn what_is_written_is_read_the_same() {
    let (memory, plan) = written(&Roo, talk());
    let folder =
        Path::new("/h/.config/Code/User/globalStorage/rooveterinaryinc.roo-cline/tasks").join(&plan.native);
    assert_eq!(plan.path, folder.join("api_conversation_history.json"));
    assert_eq!(
        memory.0.keys().map(|path| path.file_name().unwrap().to_str().unwrap()).collect::<Vec<_>>(),
        ["api_conversation_history.json", "history_item.json", "ui_messages.json"]
    );
    assert!(plan.files.iter().all(|file| matches!(file, Planned::Create(_))));

    let home = tempfile::tempdir().unwrap();
    for (path, bytes) in &memory.0 {
        let path = home.path().join(path.strip_prefix("/h").unwrap());
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let places = Places { home: home.path().to_owned(), ..Places::default() };
    let found = Roo.discover(&places).found;
    let (steps, _, frame) = opened(&Roo, &found[0]);
    assert_eq!(said(&messages(&steps)), said(&talk()));
    assert_eq!(steps.iter().filter(|step| step.prompt.is_some()).count(), 2);
    assert!(steps.windows(2).all(|pair| pair[0].time < pair[1].time));
    assert_eq!(frame.facts.cwd.as_deref(), Some("/w/my proj"));

    let item: Value = serde_json::from_slice(&memory.0[&folder.join("history_item.json")]).unwrap();
    assert_eq!((item["id"].as_str(), item["number"].as_i64()), (Some(plan.native.as_str()), Some(1)));
    assert_eq!(
        (item["workspace"].as_str(), item["task"].as_str()),
        (Some("/w/my proj"), Some("a \"title\" ✓"))
    );
    let shown: Value = serde_json::from_slice(&memory.0[&folder.join("ui_messages.json")]).unwrap();
    assert_eq!(shown[0]["say"], "text");
    assert!(shown.as_array().unwrap().iter().all(|row| row["ts"].is_i64() && row["type"] == "say"));
}

#[test]
fn a_task_goes_where_the_others_are() {
    let home = tempfile::tempdir().unwrap();
    let used = home.path().join(".config/VSCodium/User/globalStorage").join(EXTENSION);
    std::fs::create_dir_all(used.join("tasks")).unwrap();
    let mut target = target();
    target.places.home = home.path().to_owned();
    let plan = Roo.write(&mut Talk::of(talk()), &target, &mut Memory::default()).unwrap();
    assert!(plan.path.starts_with(&used), "{}", plan.path.display());
}
