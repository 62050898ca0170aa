//! Sessions that the real tools make, for the tests to start from.

use std::path::PathBuf;

use serde_json::json;

use super::PNG_BASE64;
use super::anthropic::Anthropic;
use super::conversation::{Conversation, Item, Role};
use super::mock::{Request, Server};
use super::openai::OpenAi;
use super::sandbox::Sandbox;
use super::script::{Rule, Script, call, custom, on, text, thinking};

/// The prompt of the first turn: scripts beyond Latin, an emoji, quotes, a
/// backslash, a tab, and a line separator that JSON need not escape.
pub(crate) const ONE: &str = "SFS-ONE Привет 👋 look around\n\tand “quote” \\ \"escape\" \u{2028} end";
/// The prompt of the second turn.
pub(crate) const TWO: &str = "SFS-TWO write a file";
/// The prompt of the third turn, which comes with an image.
pub(crate) const THREE: &str = "SFS-THREE what is this?";
/// The answer of the third turn.
pub(crate) const LAST: &str = "It is a red square ■.";

/// The session id that Claude Code is told to use.
const CLAUDE_ID: &str = "5f5a0001-0000-4000-8000-00000000c0de";

/// A session as its own tool wrote it.
pub(crate) struct Native {
    pub(crate) id: String,
    pub(crate) path: PathBuf,
    /// All of it, as the tool's last request had it, and the answer to that.
    pub(crate) conversation: Conversation,
}

/// A mocked Messages API that plays `rules`.
pub(crate) fn anthropic(rules: impl IntoIterator<Item = Rule>) -> Server {
    Server::start(Anthropic::new(Script::new(rules)))
}

/// A mocked Responses API that plays `rules`.
pub(crate) fn openai(rules: impl IntoIterator<Item = Rule>) -> Server {
    Server::start(OpenAi::new(Script::new(rules)))
}

/// The first request in which the user's last words are `prompt`. Panics if
/// there is none: the tool may have begun a new session without a word.
#[track_caller]
pub(crate) fn request_with(server: &Server, prompt: &str) -> Request {
    let requests = server.requests();
    let asked =
        requests.iter().find(|request| is_main(request) && last_prompt(request).as_deref() == Some(prompt));
    asked
        .cloned()
        .unwrap_or_else(|| panic!("no request ends in {prompt:?}; {} requests were made", requests.len()))
}

/// The conversation of that request.
#[track_caller]
pub(crate) fn asked(server: &Server, prompt: &str) -> Conversation {
    Conversation::of(&request_with(server, prompt))
}

/// Whether a request is of the main loop: side requests (titles) have no tools.
fn is_main(request: &Request) -> bool {
    let tools = request.body["tools"].as_array().is_some_and(|tools| !tools.is_empty());
    tools && (request.path.ends_with("/messages") || request.path.ends_with("/responses"))
}

fn last_prompt(request: &Request) -> Option<String> {
    Conversation::of(request).items.into_iter().rev().find_map(|item| match item {
        Item::Text { role: Role::User, text } => Some(text),
        _ => None,
    })
}

/// The last request of the main loop.
pub(crate) fn last_request(server: &Server) -> Conversation {
    let requests = server.requests();
    Conversation::of(requests.iter().rfind(|request| is_main(request)).expect("a request of the main loop"))
}

/// What the model does in Claude Code's session: thinking, tools side by side,
/// an image, an error, a file written and edited.
fn claude_rules(sandbox: &Sandbox) -> Vec<Rule> {
    let file = |name: &str| sandbox.project.join(name).to_string_lossy().into_owned();
    let bash = |command: &str| call("Bash", json!({"command": command, "description": "Run it"}));
    vec![
        on(
            "SFS-ONE",
            [
                thinking("First I look ✓."),
                text("Looking around…"),
                bash("printf 'один\\n✓ two\\n'"),
                call("Read", json!({"file_path": file("pic.png")})),
            ],
        ),
        on("tool_result", [text("Now one that fails."), bash("ls /sfs-no-such-folder"), bash("echo beside")]),
        on("sfs-no-such-folder", [text("One of them failed.")]),
        on("SFS-TWO", [call("Write", json!({"file_path": file("new.txt"), "content": "hello\nwörld\n"}))]),
        on(
            "tool_result",
            [
                text("And now an edit."),
                call(
                    "Edit",
                    json!({"file_path": file("new.txt"), "old_string": "wörld", "new_string": "wörld ✓", "replace_all": false}),
                ),
            ],
        ),
        on("tool_result", [thinking("Done."), text("Written and edited.")]),
        on("SFS-THREE", [text(LAST)]),
    ]
}

/// Three turns in the real Claude Code.
pub(crate) fn claude_session(sandbox: &Sandbox) -> Native {
    let server = anthropic(claude_rules(sandbox));
    sandbox.claude(&server, &["--session-id", CLAUDE_ID, ONE]).ok();
    sandbox.claude(&server, &["--resume", CLAUDE_ID, TWO]).ok();
    let image = json!({"type": "base64", "media_type": "image/png", "data": PNG_BASE64});
    let prompt = json!([{"type": "text", "text": THREE}, {"type": "image", "source": image}]);
    sandbox.claude_with(&server, &["--resume", CLAUDE_ID], &prompt).ok();
    server.assert_played();
    claude_native(sandbox, last_request(&server).and(Role::Assistant, LAST))
}

/// The transcript of the session that Claude Code was told to make.
pub(crate) fn claude_native(sandbox: &Sandbox, conversation: Conversation) -> Native {
    let mut transcripts = sandbox.claude_transcripts().into_iter();
    let path = transcripts.find(|path| path.file_stem().is_some_and(|stem| stem == CLAUDE_ID));
    Native { id: CLAUDE_ID.into(), path: path.expect("the transcript"), conversation }
}

/// Begins a session of Claude Code with `prompt`, and goes on with `others`.
pub(crate) fn claude_turns(sandbox: &Sandbox, server: &Server, prompt: &str, others: &[&str]) {
    sandbox.claude(server, &["--session-id", CLAUDE_ID, prompt]).ok();
    for other in others {
        sandbox.claude(server, &["--resume", CLAUDE_ID, other]).ok();
    }
}

/// What the model does in Codex's session: reasoning, calls side by side, an
/// error, an image, patches.
fn codex_rules(sandbox: &Sandbox) -> Vec<Rule> {
    let picture = sandbox.project.join("pic.png").to_string_lossy().into_owned();
    let exec = |command: &str| call("exec_command", json!({"cmd": command, "yield_time_ms": 5000}));
    let patch = |lines: &str| custom("apply_patch", format!("*** Begin Patch\n{lines}\n*** End Patch\n"));
    vec![
        on(
            "SFS-ONE",
            [
                thinking("**Looking** first ✓"),
                text("I'll look first…"),
                exec("printf 'один\\n✓ two\\n'"),
                exec("ls /sfs-no-such-folder"),
                call("view_image", json!({"path": picture})),
            ],
        ),
        on("sfs-no-such-folder", [text("One of them failed.")]),
        on("SFS-TWO", [patch("*** Add File: new.txt\n+hello\n+wörld")]),
        on(
            "new.txt",
            [
                text("And now an edit."),
                patch("*** Update File: new.txt\n@@\n hello\n-wörld\n+wörld ✓"),
                exec("echo beside"),
            ],
        ),
        on("beside", [thinking("Done."), text("Written and edited.")]),
        on("SFS-THREE", [text(LAST)]),
    ]
}

/// Three turns in the real Codex.
pub(crate) fn codex_session(sandbox: &Sandbox) -> Native {
    let server = openai(codex_rules(sandbox));
    sandbox.codex(&server, &[ONE]).ok();
    let path = sandbox.codex_transcripts().pop().expect("a transcript");
    let id = codex_id(&path);
    sandbox.codex(&server, &["resume", &id, TWO]).ok();
    sandbox.codex(&server, &["resume", &id, "-i", "pic.png", THREE]).ok();
    server.assert_played();
    Native { id, path, conversation: last_request(&server).and(Role::Assistant, LAST) }
}

/// The id in the name of a rollout: its last 36 characters.
pub(crate) fn codex_id(path: &std::path::Path) -> String {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    stem.get(stem.len().saturating_sub(36)..).unwrap_or_default().to_owned()
}

/// What the subagent is asked.
pub(crate) const TASK: &str = "SFS-TASK run echo";

/// What only the subagent says.
pub(crate) const DELEGATED: &str = "SFS-SUBAGENT looks for itself.";
/// What the subagent reports to the main line.
pub(crate) const REPORT: &str = "SFS-REPORT seen it all";

/// A session in which Claude Code starts a subagent, which runs beside it and
/// whose report arrives as a notification.
pub(crate) fn delegating_session(sandbox: &Sandbox) -> Native {
    let task = json!({"description": "Look", "prompt": TASK, "subagent_type": "general-purpose"});
    let server = anthropic([
        on("SFS-DELEGATE", [text("Delegating."), call("Agent", task)]),
        on("Async agent launched", [text("It is under way.")]),
        on(
            "SFS-TASK",
            [text(DELEGATED), call("Bash", json!({"command": "echo from-subagent", "description": "Look"}))],
        ),
        on("from-subagent", [text(REPORT)]),
        on(REPORT, [text(LAST)]),
    ]);
    claude_turns(sandbox, &server, "SFS-DELEGATE this", &[]);
    server.assert_played();
    let requests = server.requests();
    let prompt = Conversation::default().and(Role::User, "SFS-DELEGATE this");
    let mut all = requests.iter().filter(|request| is_main(request)).map(Conversation::of);
    let main = all.rfind(|conversation| conversation.items.starts_with(&prompt.items));
    claude_native(sandbox, main.expect("a request of the main line").and(Role::Assistant, LAST))
}

/// A session of Claude Code that was compacted: what it is after, and what it
/// was before.
pub(crate) fn compacted_session(sandbox: &Sandbox) -> (Native, Conversation) {
    let bash = call("Bash", json!({"command": "echo early-result", "description": "Look"}));
    let server = anthropic([
        on("SFS-EARLY one", [text("I look."), bash]),
        on("early-result", [text("Early answer one.")]),
        on("SFS-EARLY two", [text("Early answer two.")]),
        on(
            "Respond with TEXT ONLY",
            [text("<analysis>hm</analysis><summary>SFS-SUMMARY of it all</summary>")],
        ),
        on("SFS-AFTER", [text("Late answer.")]),
    ]);
    claude_turns(sandbox, &server, "SFS-EARLY one", &["SFS-EARLY two", "/compact", "SFS-AFTER it"]);
    server.assert_played();
    let early = asked(&server, "SFS-EARLY two").and(Role::Assistant, "Early answer two.");
    (claude_native(sandbox, last_request(&server).and(Role::Assistant, "Late answer.")), early)
}
