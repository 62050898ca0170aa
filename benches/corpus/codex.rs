//! Rollouts as Codex writes them, in the legacy form.

use std::io;
use std::path::Path;

use super::json::{Json, hex_id, iso, token, uuid7};
use super::project::Project;
use super::rng::Rng;
use super::sink::{Limit, Sink, Written};
use super::text::Kind;
use super::tools::{COMMANDS, RESULT_BYTES};

/// Bytes of what a model says, by share in a thousand.
const SAID_BYTES: &[(usize, usize)] = &[(100, 60), (500, 260), (900, 1200), (1000, 4000)];

/// The model that answers.
const MODEL: &str = "gpt-5.5";

/// The usage counted so far.
#[derive(Default)]
struct Usage {
    input: u64,
    output: u64,
}

/// A rollout being written.
struct Rollout<'a> {
    rng: &'a mut Rng,
    project: &'a mut Project,
    sink: Sink,
    percent: usize,
    turn: String,
    total: Usage,
    ms: u64,
}

/// Writes one rollout below `sessions`, in the folder of its day.
pub(super) fn write(
    rng: &mut Rng,
    project: &mut Project,
    sessions: &Path,
    ms: u64,
    limit: Limit,
    percent: usize,
) -> io::Result<Written> {
    let id = uuid7(rng, ms);
    let time = iso(ms);
    let folder = sessions.join(time[..10].replace('-', "/"));
    let path = folder.join(format!("rollout-{}-{id}.jsonl", time[..19].replace(':', "-")));
    let sink = Sink::create(&path, limit)?;
    let mut rollout =
        Rollout { rng, project, sink, percent, turn: String::new(), total: Usage::default(), ms };
    rollout.meta(&id)?;
    while !rollout.sink.full() {
        rollout.run_turn()?;
    }
    rollout.sink.finish()
}

impl Rollout<'_> {
    /// The first rows: what the session is and what the model is told.
    fn meta(&mut self, id: &str) -> io::Result<()> {
        let base = self.project.voice.text(self.rng, Kind::Prose, 9000);
        let time = iso(self.ms);
        let json = self.open("session_meta");
        json.raw("{\"id\":").str(id).raw(",\"timestamp\":").str(&time).raw(",\"cwd\":");
        self.sink.json.str(&self.project.cwd);
        let json = &mut self.sink.json;
        json.raw(",\"originator\":\"codex_cli_rs\",\"cli_version\":\"0.144.0\",\"source\":\"cli\",\"model_provider\":\"openai\"");
        json.raw(",\"base_instructions\":{\"text\":")
            .str(&base)
            .raw("},\"git\":{\"commit_hash\":\"")
            .raw(&hex_id(self.rng, 40));
        json.raw("\",\"branch\":\"main\"}}}");
        self.sink.end_row()?;
        let rules = self.project.voice.text(self.rng, Kind::Prose, 2500);
        self.message(
            "developer",
            "input_text",
            &format!("<permissions instructions>\n{rules}\n</permissions instructions>"),
        )?;
        let place = format!(
            "<environment_context>\n  <cwd>{}</cwd>\n  <shell>bash</shell>\n</environment_context>",
            self.project.cwd
        );
        self.message("user", "input_text", &place)
    }

    /// A prompt and all that follows from it.
    fn run_turn(&mut self) -> io::Result<()> {
        self.turn = uuid7(self.rng, self.ms);
        let started = self.ms;
        let turn = self.turn.clone();
        let json = self.event("task_started");
        json.raw(",\"turn_id\":").str(&turn).raw(",\"started_at\":").num(started / 1000);
        json.raw(",\"model_context_window\":258400,\"collaboration_mode_kind\":\"default\"}}");
        self.sink.end_row()?;
        self.turn_context()?;
        let len = self.rng.between(30, 700);
        let prompt = self.project.voice.text(self.rng, Kind::Prose, len);
        self.message("user", "input_text", &prompt)?;
        self.event("user_message").raw(",\"message\":").str(&prompt);
        self.sink.json.raw(",\"images\":[],\"local_images\":[],\"text_elements\":[]}}");
        self.sink.end_row()?;
        for _ in 0..self.rng.between(3, 24) {
            if self.sink.full() {
                return Ok(());
            }
            self.step()?;
        }
        self.finish_turn(started)
    }

    fn finish_turn(&mut self, started: u64) -> io::Result<()> {
        let answer = self.say("final_answer")?;
        self.token_count()?;
        let (turn, ms) = (self.turn.clone(), self.ms);
        let json = self.event("task_complete");
        json.raw(",\"turn_id\":").str(&turn).raw(",\"last_agent_message\":").str(&answer);
        json.raw(",\"completed_at\":").num(ms / 1000).raw(",\"duration_ms\":").num(ms - started).raw("}}");
        self.sink.end_row()
    }

    /// One response of the model and the result of its call.
    fn step(&mut self) -> io::Result<()> {
        if self.rng.chance(400) {
            self.reason()?;
        }
        if self.rng.chance(250) {
            self.say("commentary")?;
        }
        if self.rng.chance(250) {
            self.patch()?
        } else {
            self.exec()?
        }
        self.token_count()
    }

    fn turn_context(&mut self) -> io::Result<()> {
        let (turn, cwd, date) = (self.turn.clone(), self.project.cwd.clone(), iso(self.ms));
        let json = self.open("turn_context");
        json.raw("{\"turn_id\":")
            .str(&turn)
            .raw(",\"cwd\":")
            .str(&cwd)
            .raw(",\"workspace_roots\":[")
            .str(&cwd);
        json.raw("],\"current_date\":")
            .str(&date[..10])
            .raw(",\"timezone\":\"Etc/UTC\",\"approval_policy\":\"on-request\"");
        json.raw(",\"sandbox_policy\":{\"type\":\"workspace-write\",\"network_access\":false},\"model\":")
            .str(MODEL);
        json.raw(",\"personality\":\"pragmatic\",\"collaboration_mode\":{\"mode\":\"default\",\"settings\":{\"model\":").str(MODEL);
        json.raw(",\"reasoning_effort\":\"medium\",\"developer_instructions\":null}},\"effort\":\"medium\",\"summary\":\"auto\"}}");
        self.sink.end_row()
    }

    fn reason(&mut self) -> io::Result<()> {
        let words = self.rng.between(3, 9);
        let text = format!("**{}**", self.project.voice.sentence(self.rng, words));
        self.event("agent_reasoning").raw(",\"text\":").str(&text).raw("}}");
        self.sink.end_row()?;
        self.item("reasoning").raw(",\"summary\":[{\"type\":\"summary_text\",\"text\":").str(&text);
        let len = self.rng.between(400, 1600);
        self.sink
            .json
            .raw("}],\"content\":null,\"encrypted_content\":\"gAAAAA")
            .base64(self.rng, len)
            .raw("==\"}}");
        self.sink.end_row()
    }

    fn say(&mut self, phase: &str) -> io::Result<String> {
        let len = self.rng.quantile(SAID_BYTES);
        let text = self.project.voice.text(self.rng, Kind::Prose, len);
        self.event("agent_message").raw(",\"message\":").str(&text).raw(",\"phase\":").str(phase).raw("}}");
        self.sink.end_row()?;
        self.message("assistant", "output_text", &text)?;
        Ok(text)
    }

    /// A command and what it printed, which is longer than from tools that read a part of a file.
    fn exec(&mut self) -> io::Result<()> {
        let call = format!("call_{}", token(self.rng, 24));
        let command = format!("{} {}", self.rng.pick(COMMANDS), self.project.voice.path(self.rng));
        let mut arguments = Json::default();
        arguments.raw("{\"cmd\":").str(&command).raw(",\"yield_time_ms\":10000}");
        self.item("function_call").raw(",\"name\":\"exec_command\",\"arguments\":").str(&arguments.0);
        self.sink.json.raw(",\"call_id\":").str(&call).raw("}}");
        self.sink.end_message()?;
        let len = self.rng.quantile(RESULT_BYTES) * self.percent / 60;
        let output = match self.rng.below(3) {
            0 => self.project.window(self.rng, len).text,
            1 => self.project.matches(self.rng, len),
            _ => self.project.voice.text(self.rng, Kind::Output, len),
        };
        let (chunk, code) = (hex_id(self.rng, 6), usize::from(self.rng.chance(90)));
        let head = format!(
            "Chunk ID: {chunk}\nWall time: 0.{} seconds\nProcess exited with code {code}",
            self.rng.below(10_000)
        );
        let text = format!("{head}\nOriginal token count: {}\nOutput:\n{output}\n", output.len() / 4);
        self.output("function_call_output", &call, &text)
    }

    /// A patch and that it was applied.
    fn patch(&mut self) -> io::Result<()> {
        let call = format!("call_{}", token(self.rng, 24));
        let (old_len, new_len) = (self.rng.between(30, 1200), self.rng.between(30, 2200));
        let edit = self.project.edit(self.rng, old_len, new_len);
        let path = self.project.files[edit.file].path.clone();
        let name = &path[self.project.cwd.len() + 1..];
        let minus = edit.old.split('\n').map(|line| format!("-{line}\n"));
        let lines: String = minus.chain(edit.new.split('\n').map(|line| format!("+{line}\n"))).collect();
        let patch = format!("*** Begin Patch\n*** Update File: {name}\n@@\n{lines}*** End Patch\n");
        let json = self.item("custom_tool_call");
        json.raw(",\"status\":\"completed\",\"call_id\":")
            .str(&call)
            .raw(",\"name\":\"apply_patch\",\"input\":")
            .str(&patch)
            .raw("}}");
        self.sink.end_message()?;
        let done = format!("Success. Updated the following files:\nM {name}\n");
        let turn = self.turn.clone();
        let json = self.event("patch_apply_end");
        json.raw(",\"call_id\":").str(&call).raw(",\"turn_id\":").str(&turn).raw(",\"stdout\":").str(&done);
        json.raw(",\"stderr\":\"\",\"success\":true,\"changes\":{")
            .str(&path)
            .raw(":{\"type\":\"update\",\"unified_diff\":");
        json.str(&format!("@@ -{0} +{0} @@\n{lines}", edit.line))
            .raw(",\"move_path\":null}},\"status\":\"completed\"}}");
        self.sink.end_row()?;
        self.output(
            "custom_tool_call_output",
            &call,
            &format!("Exit code: 0\nWall time: 0 seconds\nOutput:\n{done}"),
        )
    }

    fn output(&mut self, kind: &str, call: &str, text: &str) -> io::Result<()> {
        self.item(kind).raw(",\"call_id\":").str(call).raw(",\"output\":").str(text).raw("}}");
        self.sink.end_message()
    }

    fn token_count(&mut self) -> io::Result<()> {
        let (input, output) = (self.rng.between(9000, 180_000) as u64, self.rng.between(40, 2400) as u64);
        self.total.input += input;
        self.total.output += output;
        let total = (self.total.input, self.total.output);
        let json = self.event("token_count");
        json.raw(",\"info\":{");
        for (name, (input, output)) in [("total_token_usage", total), ("last_token_usage", (input, output))] {
            json.str(name)
                .raw(":{\"input_tokens\":")
                .num(input)
                .raw(",\"cached_input_tokens\":")
                .num(input * 9 / 10);
            json.raw(",\"output_tokens\":").num(output).raw(",\"reasoning_output_tokens\":").num(output / 3);
            json.raw(",\"total_tokens\":").num(input + output).raw("},");
        }
        json.raw("\"model_context_window\":258400},\"rate_limits\":{\"limit_id\":\"codex\",\"primary\":null,\"secondary\":null,");
        json.raw("\"credits\":null,\"plan_type\":null}}}");
        self.sink.end_row()
    }

    /// A message of the history that the model sees.
    fn message(&mut self, role: &str, kind: &str, text: &str) -> io::Result<()> {
        let json = self.item("message");
        json.raw(",\"role\":")
            .str(role)
            .raw(",\"content\":[{\"type\":")
            .str(kind)
            .raw(",\"text\":")
            .str(text)
            .raw("}]}}");
        self.sink.end_message()
    }

    /// Starts a row of the model's history; the caller closes both objects.
    fn item(&mut self, kind: &str) -> &mut Json {
        self.open("response_item").raw("{\"type\":").str(kind)
    }

    /// Starts a row of the screen's history; the caller closes both objects.
    fn event(&mut self, kind: &str) -> &mut Json {
        self.open("event_msg").raw("{\"type\":").str(kind)
    }

    /// Starts a row.
    fn open(&mut self, kind: &str) -> &mut Json {
        self.ms += 1 + self.rng.below(4000) as u64;
        let json = &mut self.sink.json;
        json.raw("{\"timestamp\":").str(&iso(self.ms)).raw(",\"type\":").str(kind).raw(",\"payload\":")
    }
}
