//! Tests of the adapter.

use proptest::prelude::*;

use super::*;
use crate::object::message::{Action, Block, Message, Part, Role, Status};
use crate::tool::testing::{Memory, Talk, cut, messages, result, said, says, talk, target, text};
use crate::tool::{Framing, Link, Step};

const THREAD: &str = r#"{
  "v": 3, "id": "T-1", "created": 5, "messages": [
    {"role":"user","messageId":0,"content":[{"type":"text","text":"load it","hidden":true},{"type":"text","text":"fix  it"},{"type":"image","source":{"type":"base64","mediaType":"image/png","data":"aWNvbg=="},"sourcePath":"p"}],"meta":{"sentAt":1000}},
    {"role":"assistant","messageId":1,"content":[{"type":"thinking","thinking":"hm","signature":"s","provider":"anthropic"},{"type":"thinking","thinking":"hm","signature":"s","provider":"openai"},{"type":"text","text":"I do"},{"type":"tool_use","complete":true,"id":"a","name":"edit_file","input":{"path":"/w/f","old_str":"x"}},{"type":"tool_use","complete":true,"id":"b","name":"Bash","input":{"cmd":"ls"}}],"state":{"type":"complete","stopReason":"tool_use"},"usage":{"model":"m","inputTokens":3,"outputTokens":4,"cacheCreationInputTokens":null,"cacheReadInputTokens":2,"timestamp":"1970-01-01T00:00:02.000Z"}},
    {"role":"user","messageId":2,"content":[{"type":"tool_result","toolUseID":"a","run":{"status":"done","result":{"diff":"-x","lineRange":[1,1]}}},{"type":"tool_result","toolUseID":"b","run":{"status":"done","result":{"output":"no","exitCode":2}}}]},
    {"role":"info","messageId":3,"content":[{"type":"manual_bash_invocation","args":{"cmd":"pwd"},"toolRun":{"status":"done","result":{"output":"/w","exitCode":0}}},{"type":"summary","summary":{"type":"message","summary":"so far"}}]},
    {"role":"assistant","messageId":4,"parentToolUseId":"b","content":[{"type":"text","text":"inside","finalTime":9}],"state":{"type":"complete"}},
    {"role":"assistant","messageId":5,"parentToolUseId":"b","content":[{"type":"text","text":"inside too"}],"state":{"type":"complete"}},
    {"role":"oracle","content":[]},
    {"role":"user","messageId":6,"content":[{"type":"tool_result","toolUseID":"zz","run":{"status":"rejected-by-user","reason":"no"}}]}
  ],
  "title": "T", "mainThreadID": "T-0",
  "relationships": [{"threadID":"T-9","type":"mention","role":"child"},{"threadID":"T-8","type":"fork","role":"child","messageIndex":4}],
  "env": {"initial":{"trees":[{"displayName":"w","uri":"file:///w/my%20proj%C3%A9","repository":{"ref":"refs/heads/main"}}],"platform":{"clientVersion":"0.0.1-g2"}}}
}"#;

fn read(bytes: &[u8]) -> Vec<Step> {
    let (steps, all) = cut(&Amp, Framing::Document, open::thread(bytes.to_vec()));
    assert_eq!(all, bytes, "restored");
    steps
}

#[test]
fn messages_mean_what_they_say() {
    let steps = read(THREAD.as_bytes());
    let blocks = |n: usize| steps[n].message.as_ref().unwrap().message.blocks.clone();
    assert_eq!(steps[0].prompt.as_deref(), Some("fix it"));
    let image = Block::Image("image/png".into(), text("aWNvbg=="));
    assert_eq!(blocks(0), [Block::Notice(text("load it")), Block::Text(text("fix  it")), image]);
    let signatures = blocks(1).into_iter().filter_map(|block| match block {
        Block::Thinking { signature, .. } => Some(signature),
        _ => None,
    });
    assert_eq!(signatures.collect::<Vec<_>>(), [Some(text("s")), None], "another's proof proves nothing");
    let actions = blocks(1).into_iter().filter_map(|block| match block {
        Block::Call { action, .. } => Some(action),
        _ => None,
    });
    assert_eq!(actions.collect::<Vec<_>>(), [Action::Edit, Action::Shell]);
    assert_eq!(
        (steps[1].files.as_slice(), steps[1].model.as_deref()),
        (["e/w/f".to_owned()].as_slice(), Some("m"))
    );
    let usage = steps[1].usage.unwrap().usage;
    assert_eq!((usage.input, usage.cache_read, usage.cache_write, usage.output), (3, 2, 0, 4));
    let [Block::Result { parts, .. }, Block::Result { parts: failed, .. }] = &blocks(2)[..] else { panic!() };
    assert_eq!(parts, &[Part::Text(text("-x"))]);
    assert!(matches!(&failed[..], [Part::Other(json)] if json.literal == br#"{"output":"no","exitCode":2}"#));
    assert_eq!(
        blocks(3),
        [Block::Notice(text("$ pwd")), Block::Notice(text("/w")), Block::Summary(text("so far"))]
    );
    assert!(steps[4].side && steps[4].link == Link::Root);
    assert_eq!(steps[5].link, Link::Key(steps[4].key.unwrap()));
    assert!(steps[6].unknown && steps[7].prompt.is_none());
    assert_eq!(blocks(7), [result(Status::Error, "no")]);
}

/// Named for what another tool does: it gives every message the time at which
/// the thread was made.
#[test]
fn messages_have_their_own_times_or_none() {
    let times: Vec<_> = read(THREAD.as_bytes()).iter().map(|step| step.time).collect();
    assert_eq!(times, [Some(1000), Some(2000), None, None, Some(9), None, None, None]);
}

#[test]
fn a_thread_tells_what_it_is() {
    let mut document = open::thread(THREAD.as_bytes().to_vec());
    while document.next().unwrap().is_some() {}
    let facts = document.frame().unwrap().facts;
    assert_eq!(facts.tool_title.as_deref(), Some("T"));
    assert_eq!(facts.cwd.as_deref(), Some("/w/my projé"));
    assert_eq!((facts.git_branch.as_deref(), facts.version.as_deref()), (Some("main"), Some("0.0.1-g2")));
    assert_eq!((facts.forked_from.as_deref(), facts.parent.as_deref()), (Some("T-8"), Some("T-0")));
    assert_eq!(open::path_of("file:///c:/x%2").as_deref(), Some("c:/x%2"));
}

#[test]
fn what_is_still_written_on_is_left_for_later() {
    let count = |last: &str| {
        let thread = format!(r#"{{"messages":[{{"role":"user","content":[]}},{last}],"v":1}}"#);
        read(thread.as_bytes()).len()
    };
    assert_eq!(count(r#"{"role":"assistant","content":[],"state":{"type":"streaming"}}"#), 1);
    assert_eq!(
        count(
            r#"{"role":"user","content":[{"type":"tool_result","run":{"status":"done"}},{"run":{"status":"in-progress"}}]}"#
        ),
        1
    );
    assert_eq!(count(r#"{"role":"assistant","content":[],"state":{"type":"cancelled"}}"#), 2);
}

fn written_for(version: Option<&str>, messages: Vec<Message>) -> (Memory, Plan) {
    let mut memory = Memory::default();
    let target = Target { version: version.map(str::to_owned), ..target() };
    let plan = Amp.write(&mut Talk::of(messages), &target, &mut memory).unwrap();
    (memory, plan)
}

const LOCAL: Option<&str> = Some("0.0.1767830505-ga62310");

#[test]
fn what_is_written_is_read_the_same() {
    let (memory, plan) = written_for(LOCAL, talk());
    let native = format!("T-{}", target().native);
    assert_eq!(plan.path, Path::new("/h/.local/share/amp/threads").join(format!("{native}.json")));
    let bytes = &memory.0[&plan.path];
    let steps = read(bytes);
    // The results of calls made at once are in one message.
    assert_eq!(said(&messages(&steps)), said(&talk()));
    assert_eq!(steps.iter().filter(|step| step.prompt.is_some()).count(), 2);
    assert!(plan.losses.is_empty() && plan.imports.is_empty(), "{plan:?}");
    let json: serde_json::Value = serde_json::from_slice(bytes).unwrap();
    assert_eq!(json["id"], native.as_str());
    let ids = json["messages"].as_array().unwrap().iter().map(|m| m["messageId"].as_u64().unwrap());
    assert_eq!(ids.collect::<Vec<_>>(), (0..json["nextMessageId"].as_u64().unwrap()).collect::<Vec<_>>());
    assert_eq!(json["env"]["initial"]["trees"][0]["uri"], "file:///w/my%20proj");
    assert_eq!(Amp.resume_command(&plan.native), ["amp", "threads", "continue", &native]);
}

#[test]
fn what_the_model_would_refuse_is_not_written() {
    let signed = |tool: &str| {
        let mut talk = Talk::of(vec![
            says(Role::Assistant, "first"),
            Message {
                role: Role::Assistant,
                blocks: vec![
                    Block::Thinking { text: text("hm"), signature: Some(text("sig")) },
                    crate::tool::testing::call("mcp.do it", "[1]"),
                ],
            },
            Message { role: Role::System, blocks: vec![Block::Notice(text("reminder"))] },
        ]);
        talk.by(tool);
        let mut memory = Memory::default();
        let target = Target { version: LOCAL.map(str::to_owned), ..target() };
        let plan = Amp.write(&mut talk, &target, &mut memory).unwrap();
        (messages(&read(&memory.0[&plan.path])), plan.losses)
    };
    let (messages, losses) = signed("another");
    assert_eq!(losses.len(), 6, "{losses:?}");
    assert_eq!(messages[0].role, Role::User, "the model never speaks first");
    let calls = messages[1]
        .blocks
        .iter()
        .filter(|block| matches!(block, Block::Call { name, .. } if name == "mcp_do_it"));
    assert_eq!(calls.count(), 1);
    assert_eq!(messages[2].blocks, [result(Status::Error, "[interrupted]")]);
    assert!(!format!("{messages:?}").contains("reminder"));
    let (messages, losses) = signed("amp");
    assert_eq!(losses.len(), 5, "{losses:?}");
    assert!(
        messages[1].blocks.iter().any(|block| matches!(block, Block::Thinking { signature: Some(_), .. }))
    );
}

#[test]
fn builds_that_keep_threads_on_the_server_import_them() {
    for version in [None, Some("0.0.1790142911-g7618fb"), Some("1.2")] {
        let (memory, plan) = written_for(version, talk());
        let [import] = plan.imports.as_slice() else { panic!("{plan:?}") };
        assert_eq!(import.command[..4], ["amp", "threads", "import", "claude"]);
        assert_eq!(import.uploads_to.as_deref(), Some("https://ampcode.com"));
        assert!(memory.0.keys().all(|path| path.starts_with("/scratch")), "{:?}", memory.0.keys());
        assert!(memory.0.contains_key(&plan.path) && plan.native == target().native);
    }
    let printed = "{\"type\":\"listed\",\"total\":1}\n{\"type\":\"imported\",\"threadID\":\"T-5\"}\n{\"type\":\"finished\"}\n";
    let native = Amp.imported(printed).unwrap();
    assert_eq!(Amp.resume_command(&native), ["amp", "-x", "Continue the work in @T-5"]);
    assert_eq!(Amp.imported("nothing\n"), None);
}

#[test]
fn threads_are_found_with_the_changes_that_they_made() {
    let home = tempfile::tempdir().unwrap();
    let put = |place: &str| {
        let path = home.path().join(place);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "{}").unwrap();
    };
    for place in ["data/amp/threads/T-1.json", "data/amp/threads/T-2.json.amptmp", "data/amp/secrets.json"] {
        put(place);
    }
    put(".amp/file-changes/T-1/a.b");
    let mut places = Places { home: home.path().to_owned(), ..Places::default() };
    assert!(Amp.discover(&places).found.is_empty() && Amp.remark(&places).is_none());
    places.vars.insert("XDG_DATA_HOME".into(), home.path().join("data").to_str().unwrap().into());
    let discovery = Amp.discover(&places);
    assert!(discovery.trouble.is_empty());
    let found: Vec<_> = discovery.found.iter().map(|f| (f.native.as_str(), f.place.as_str())).collect();
    assert_eq!(found, [("T-1", "threads/T-1.json")]);
    assert_eq!(discovery.found[0].side[0].place, "file-changes/T-1/a.b");
    put("data/amp/device-id.json");
    assert!(Amp.remark(&places).is_some());
}

proptest! {
    #[test]
    fn no_bytes_panic(inside in "[{}\\[\\]:,\"a-z0-9 ]{0,200}", cut in 0usize..4000) {
        read(format!("{{\"messages\":[{inside}").as_bytes());
        read(&THREAD.as_bytes()[..cut.min(THREAD.len())]);
    }
}
