//! What is there many times and stored once; what is counted once.

use std::fs;

use serde_json::{Value, json};

use crate::sandbox::{Sandbox, answers, asks, chain, head, lines, noise, record, rollout, row, said_by};

/// anthropics/claude-code#85179 (nine tenths are duplicates), openai/codex#22593
/// (26.57 GB of them): a fork copies the whole history.
#[test]
fn a_fork_costs_little() {
    let sandbox = Sandbox::new();
    let rows = |session: &str| {
        let mut rows = chain(&sandbox.project(), 150, &|n| noise(n as u64, 2000));
        rows.iter_mut().for_each(|row| row["sessionId"] = json!(session));
        rows
    };
    fs::write(sandbox.transcript("s"), lines(&rows("s"))).unwrap();
    sandbox.ok(&["capture"]);
    let first = sandbox.size();
    for fork in 1..=4 {
        let before = sandbox.size();
        let name = format!("fork-{fork}");
        let mut rows = rows(&name);
        rows.push(row(300, Some("u299"), &sandbox.project(), &asks(&format!("question of {name}"))));
        fs::write(sandbox.transcript(&name), lines(&rows)).unwrap();
        sandbox.ok(&["capture"]);
        let cost = sandbox.size() - before;
        assert!(cost * 100 < first * 15, "fork {fork} costs {cost} bytes, the session {first}");
    }
    // Forks are branches of the one session, not four more of it.
    let session = sandbox.session();
    let forks = Sandbox::branches(&session).into_iter().filter(|name| name.starts_with("fork-")).count();
    assert_eq!(forks, 4, "{session:#}");
    sandbox.assert_whole("out");
}

/// openai/codex#22593: the same for threads that are copied on a fork.
#[test]
fn a_fork_of_a_thread_costs_little() {
    let sandbox = Sandbox::new();
    let mut rows = vec![head(&sandbox.project(), crate::sandbox::THREAD)];
    for n in 0..100 {
        rows.push(said_by(n * 2 + 1, "user", &format!("question {n}")));
        rows.push(said_by(n * 2 + 2, "assistant", &noise(n as u64, 2000)));
    }
    fs::write(sandbox.rollout(), lines(&rows)).unwrap();
    sandbox.ok(&["capture"]);
    let first = sandbox.size();
    let id = "01a20213-4085-7753-bb34-e2749a22fda8";
    let mut fork = head(&sandbox.project(), id);
    fork["payload"]["forked_from_id"] = json!(crate::sandbox::THREAD);
    let rows = [[fork].as_slice(), &rows, &[said_by(201, "user", "another question")]].concat();
    let path = sandbox.codex().join(format!("sessions/2026/01/01/rollout-2026-01-01T00-10-00-{id}.jsonl"));
    fs::write(path, lines(&rows)).unwrap();
    sandbox.ok(&["capture"]);
    let cost = sandbox.size() - first;
    assert!(cost * 100 < first * 15, "the fork costs {cost} bytes, the thread {first}");
    assert!(Sandbox::branches(&sandbox.session()).contains(&"fork-1".to_owned()));
    sandbox.assert_whole("out");
}

/// openai/codex#24948: one picture stands 138 times in the rollouts.
#[test]
fn a_picture_that_stands_many_times_is_stored_once() {
    let sandbox = Sandbox::new();
    let picture = noise(7, 300_000);
    let image = json!({"type": "input_image", "image_url": format!("data:image/png;base64,{picture}")});
    let mut rows = rollout(&sandbox.project(), 1);
    for n in 0..40 {
        let content = json!([image, {"type": "input_text", "text": format!("look {n}")}]);
        let item = json!({"type": "message", "role": "user", "content": content});
        rows.push(record(10 + n, "response_item", item));
    }
    fs::write(sandbox.rollout(), lines(&rows)).unwrap();
    // The other tool was shown the same one.
    let source = json!({"type": "base64", "media_type": "image/png", "data": picture});
    let shown = json!({"role": "user", "content": [
        {"type": "image", "source": source}, {"type": "text", "text": "and you"}]});
    let rows: Vec<Value> = (0..10)
        .map(|n: usize| {
            let parent = n.checked_sub(1).map(|n| format!("u{n}"));
            row(n, parent.as_deref(), &sandbox.project(), &shown)
        })
        .collect();
    fs::write(sandbox.transcript("s"), lines(&rows)).unwrap();
    sandbox.ok(&["capture"]);
    let native = fs::metadata(sandbox.rollout()).unwrap().len();
    let (size, once) = (sandbox.size(), picture.len() as u64);
    assert!(native > once * 40 && size < once * 3 / 2, "{native} bytes are {size}, the picture {once}");
    sandbox.assert_whole("out");
}

/// The tokens of a log, summed.
fn tokens(sandbox: &Sandbox, rev: &str) -> [u64; 4] {
    let turns = sandbox.json(&["log", rev]);
    ["input", "cache_write", "cache_read", "output"]
        .map(|kind| turns.as_array().unwrap().iter().map(|turn| turn["usage"][kind].as_u64().unwrap()).sum())
}

/// ryoppippi/ccusage#1762, #994, #797, #976, #389: an API message is a row for
/// each of its blocks, each with its usage, and cost comes out at twice.
#[test]
fn cost_is_counted_once_for_each_api_message() {
    let sandbox = Sandbox::new();
    let usage = |output: u64| {
        json!({"input_tokens": 3, "cache_creation_input_tokens": 50,
                                     "cache_read_input_tokens": 1000, "output_tokens": output})
    };
    let block = |n: usize, parent: &str, api: &str, output: u64, content: Value| {
        let message = json!({"id": api, "type": "message", "role": "assistant", "model": "claude-x",
                             "content": [content], "usage": usage(output)});
        row(n, Some(parent), &sandbox.project(), &message)
    };
    let text = |text: &str| json!({"type": "text", "text": text});
    let call = |id: &str| json!({"type": "tool_use", "id": id, "name": "Bash", "input": {"command": "ls"}});
    let result = |id: &str| {
        json!({"role": "user", "content": [
        {"type": "tool_result", "tool_use_id": id, "content": "a b"}]})
    };
    let rows = [
        row(0, None, &sandbox.project(), &asks("question 0")),
        // One message, four rows; what was streamed out grows on the way.
        block(1, "u0", "msg_1", 1, json!({"type": "thinking", "thinking": "hm", "signature": "x"})),
        block(2, "u1", "msg_1", 8, text("I look.")),
        block(3, "u2", "msg_1", 40, call("t1")),
        block(4, "u3", "msg_1", 40, call("t2")),
        row(5, Some("u3"), &sandbox.project(), &result("t1")),
        row(6, Some("u4"), &sandbox.project(), &result("t2")),
        block(7, "u6", "msg_2", 20, text("Two files.")),
        // The same row again, as after a resume.
        block(7, "u6", "msg_2", 20, text("Two files.")),
    ];
    let once = [6, 100, 2000, 60];
    fs::write(sandbox.transcript("s"), lines(&rows)).unwrap();
    sandbox.ok(&["capture"]);
    assert_eq!(tokens(&sandbox, sandbox.session()["id"].as_str().unwrap()), once);

    // Captured row by row it is the same.
    let live = Sandbox::new();
    for end in 1..=rows.len() {
        fs::write(live.transcript("s"), lines(&rows[..end])).unwrap();
        live.ok(&["capture"]);
    }
    assert_eq!(tokens(&live, live.session()["id"].as_str().unwrap()), once);
    // So are the commits: a result finds its call of an earlier capture.
    assert_eq!(live.heads(), sandbox.heads());
}

/// ryoppippi/ccusage#976: Codex repeats its counts, on limits and on resumes.
#[test]
fn a_count_that_codex_repeats_is_counted_once() {
    let sandbox = Sandbox::new();
    let count = |n: usize, total: u64, last: u64| {
        let usage = |n| {
            json!({"input_tokens": n, "cached_input_tokens": n / 2, "output_tokens": n / 10,
                               "reasoning_output_tokens": 0, "total_tokens": n + n / 10})
        };
        let info = json!({"total_token_usage": usage(total), "last_token_usage": usage(last)});
        record(n, "event_msg", json!({"type": "token_count", "info": info, "rate_limits": {}}))
    };
    let mut rows = rollout(&sandbox.project(), 1);
    rows.extend([count(5, 1000, 1000), count(6, 1000, 1000), count(7, 1600, 600), count(8, 1600, 600)]);
    rows.push(said_by(9, "assistant", "more"));
    fs::write(sandbox.rollout(), lines(&rows)).unwrap();
    sandbox.ok(&["capture"]);
    assert_eq!(tokens(&sandbox, sandbox.session()["id"].as_str().unwrap()), [800, 0, 800, 160]);
}

/// anthropics/claude-code#90520, kenn-io/agentsview#382: subagents are lost on
/// the way.
#[test]
fn subagents_survive() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.transcript("s"), lines(&chain(&sandbox.project(), 2, &|_| String::new()))).unwrap();
    let folder = sandbox.claude().join("projects/-work/s/subagents");
    fs::create_dir_all(&folder).unwrap();
    for agent in ["a1", "b2"] {
        let mut rows = vec![
            row(0, None, &sandbox.project(), &asks(&format!("task of {agent}"))),
            row(1, Some("u0"), &sandbox.project(), &answers(1, &format!("report of {agent}"))),
        ];
        rows.iter_mut().for_each(|row| {
            row["isSidechain"] = json!(true);
            row["agentId"] = json!(agent);
        });
        fs::write(folder.join(format!("agent-{agent}.jsonl")), lines(&rows)).unwrap();
        fs::write(folder.join(format!("agent-{agent}.meta.json")), "{}").unwrap();
    }
    sandbox.ok(&["capture"]);
    let session = sandbox.session();
    let id = session["id"].as_str().unwrap();
    for agent in ["a1", "b2"] {
        let branch = format!("{id}/agent-{agent}");
        assert_eq!(sandbox.titles(&branch), [format!("task of {agent}")]);
        for tool in ["claude-code", "codex"] {
            let (_, text) = sandbox.resume(&[&branch, "--in", tool]);
            assert!(text.contains(&format!("report of {agent}")), "{tool}: {text}");
        }
    }
    assert_eq!(sandbox.titles(id), ["question 0", "question 1"]);
    let to = sandbox.restore("out").join("claude-code/projects/-work/s");
    crate::sandbox::assert_same(&sandbox.claude().join("projects/-work/s"), &to);
}
