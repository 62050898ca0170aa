//! Sessions as Claude Code writes them: one row for each content block, chained by `parentUuid`.

use std::io;
use std::path::Path;

use super::json::{Json, iso, token, uuid4};
use super::project::Project;
use super::rng::Rng;
use super::sink::{Limit, Sink, Written};
use super::text::Kind;
use super::tools::{self, Call};

/// Rows between two compactions.
const COMPACT_ROWS: u64 = 1500;

/// Bytes of what a model says, by share in a thousand.
const SAID_BYTES: &[(usize, usize)] = &[(100, 40), (500, 220), (900, 1100), (990, 3500), (1000, 8000)];

/// The model that answers.
const MODEL: &str = "claude-opus-4-6";

/// One response of the API, whose rows share these.
struct Response {
    message: String,
    request: String,
    usage: Json,
    blocks: u64,
}

/// A session being written.
struct Session<'a> {
    rng: &'a mut Rng,
    project: &'a mut Project,
    sink: Sink,
    percent: usize,
    id: String,
    /// What every row of the chain ends with.
    tail: String,
    parent: Option<String>,
    prompt: String,
    prompts: u64,
    cached: usize,
    ms: u64,
    compacted_at: u64,
    tracked: Vec<String>,
}

/// Writes one session to `folder/<id>.jsonl`; `percent` scales how long tool results are.
pub(super) fn write(
    rng: &mut Rng,
    project: &mut Project,
    folder: &Path,
    ms: u64,
    limit: Limit,
    percent: usize,
) -> io::Result<Written> {
    let id = uuid4(rng);
    let sink = Sink::create(&folder.join(format!("{id}.jsonl")), limit)?;
    let branch = *rng.pick(&["main", "main", "develop", "fix/retry", "feat/export"]);
    let mut tail = Json::default();
    tail.raw(",\"userType\":\"external\",\"entrypoint\":\"cli\",\"cwd\":")
        .str(&project.cwd)
        .raw(",\"sessionId\":")
        .str(&id);
    tail.raw(",\"version\":\"2.1.330\",\"gitBranch\":").str(branch).raw("}");
    let mut session = Session {
        rng,
        project,
        sink,
        percent,
        id,
        tail: tail.0,
        parent: None,
        prompt: String::new(),
        prompts: 0,
        cached: 14_000,
        ms,
        compacted_at: 0,
        tracked: Vec::new(),
    };
    session.run()?;
    session.sink.finish()
}

impl Session<'_> {
    fn run(&mut self) -> io::Result<()> {
        self.flat("permission-mode", "permissionMode", "acceptEdits")?;
        while !self.sink.full() {
            self.turn()?;
            if self.sink.rows() - self.compacted_at > COMPACT_ROWS && !self.sink.full() {
                self.compact()?;
            }
        }
        let title = self.project.voice.sentence(self.rng, 6);
        self.flat("ai-title", "aiTitle", &title)
    }

    /// A prompt and all that follows from it.
    fn turn(&mut self) -> io::Result<()> {
        self.prompts += 1;
        self.prompt = uuid4(self.rng);
        self.snapshot()?;
        self.ask()?;
        if self.prompts == 1 || self.rng.chance(60) {
            self.attachment()?;
        }
        let started = self.ms;
        for _ in 0..self.rng.between(2, 24) {
            if self.sink.full() {
                return Ok(());
            }
            self.step()?;
        }
        self.answer()?;
        self.system_turn_duration(started)
    }

    /// One response that calls tools, and their results.
    fn step(&mut self) -> io::Result<()> {
        let mut response = self.response();
        if self.rng.chance(280) {
            self.think(&mut response)?;
        }
        if self.rng.chance(350) {
            self.say(&mut response, "tool_use")?;
        }
        let parallel = if self.rng.chance(110) { self.rng.between(2, 4) } else { 1 };
        let mut calls = Vec::with_capacity(parallel);
        for _ in 0..parallel {
            let call = tools::call(self.rng, self.project, self.percent);
            let mut block = Json::default();
            block.raw("{\"type\":\"tool_use\",\"id\":").str(&call.id).raw(",\"name\":").str(call.name);
            block.raw(",\"input\":").raw(&call.input.0).raw("}");
            calls.push((self.assistant(&mut response, &block, "tool_use")?, call));
        }
        for (asked, call) in calls {
            self.result(&asked, &call)?;
        }
        Ok(())
    }

    /// The last response of a turn.
    fn answer(&mut self) -> io::Result<()> {
        let mut response = self.response();
        self.say(&mut response, "end_turn")
    }

    fn ask(&mut self) -> io::Result<()> {
        let len = self.rng.between(30, 600);
        let text = self.project.voice.text(self.rng, Kind::Prose, len);
        self.open();
        let json = &mut self.sink.json;
        json.raw("\"promptId\":")
            .str(&self.prompt)
            .raw(",\"type\":\"user\",\"message\":{\"role\":\"user\",\"content\":");
        if self.rng.chance(25) {
            json.raw("[{\"type\":\"text\",\"text\":").str(&text);
            json.raw("},{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"image/png\",\"data\":\"");
            let len = self.rng.between(8_000, 160_000);
            json.raw("iVBORw0KGgoAAAANSUhEUgAA").base64(self.rng, len).raw("\"}}]}");
        } else {
            json.str(&text).raw("}");
        }
        json.raw(
            ",\"permissionMode\":\"acceptEdits\",\"origin\":{\"kind\":\"human\"},\"promptSource\":\"typed\"",
        );
        json.raw(",\"turnOrigin\":\"human\",\"turnPosition\":{\"promptIndex\":").num(self.prompts);
        json.raw(",\"turnIndex\":").num(self.prompts).raw("}");
        self.close_message(60_000).map(drop)
    }

    fn think(&mut self, response: &mut Response) -> io::Result<()> {
        let len = self.rng.quantile(SAID_BYTES) * 2;
        let mut block = Json::default();
        block.raw("{\"type\":\"thinking\",\"thinking\":").str(&self.project.voice.text(
            self.rng,
            Kind::Prose,
            len,
        ));
        let signature = self.rng.between(300, 700) + len / 4;
        block.raw(",\"signature\":\"").base64(self.rng, signature).raw("\"}");
        self.assistant(response, &block, "tool_use").map(drop)
    }

    fn say(&mut self, response: &mut Response, stop: &str) -> io::Result<()> {
        let len = self.rng.quantile(SAID_BYTES);
        let mut block = Json::default();
        block
            .raw("{\"type\":\"text\",\"text\":")
            .str(&self.project.voice.text(self.rng, Kind::Prose, len))
            .raw("}");
        self.assistant(response, &block, stop).map(drop)
    }

    /// Starts a response: the ids and the usage that its rows share.
    fn response(&mut self) -> Response {
        let fresh = self.rng.between(200, 6000);
        let mut usage = Json::default();
        usage.raw("{\"input_tokens\":").num(self.rng.between(1, 12) as u64);
        usage.raw(",\"cache_creation_input_tokens\":").num(fresh as u64);
        usage.raw(",\"cache_read_input_tokens\":").num(self.cached as u64);
        usage.raw(",\"output_tokens\":").num(self.rng.between(40, 1900) as u64);
        usage.raw(",\"server_tool_use\":{\"web_search_requests\":0,\"web_fetch_requests\":0},\"service_tier\":\"standard\"");
        usage
            .raw(",\"cache_creation\":{\"ephemeral_1h_input_tokens\":0,\"ephemeral_5m_input_tokens\":")
            .num(fresh as u64);
        usage.raw("},\"inference_geo\":\"\",\"iterations\":[],\"speed\":\"standard\"}");
        self.cached = if self.cached > 170_000 { 30_000 } else { self.cached + fresh };
        let (message, request) =
            (format!("msg_01{}", token(self.rng, 22)), format!("req_011C{}", token(self.rng, 20)));
        Response { message, request, usage, blocks: 0 }
    }

    /// Writes a row of the model and returns its id.
    fn assistant(&mut self, response: &mut Response, block: &Json, stop: &str) -> io::Result<String> {
        self.open();
        let json = &mut self.sink.json;
        json.raw("\"message\":{\"id\":")
            .str(&response.message)
            .raw(",\"type\":\"message\",\"role\":\"assistant\",\"model\":");
        json.str(MODEL).raw(",\"content\":[").raw(&block.0).raw("],\"stop_reason\":").str(stop);
        json.raw(",\"stop_sequence\":null,\"usage\":").raw(&response.usage.0).raw(",\"stop_details\":null}");
        json.raw(",\"apiBlockIndex\":").num(response.blocks).raw(",\"requestId\":").str(&response.request);
        json.raw(",\"requestedModel\":")
            .str(MODEL)
            .raw(",\"effort\":\"high\",\"madeBy\":\"model\",\"type\":\"assistant\"");
        response.blocks += 1;
        self.close_message(9000)
    }

    /// Writes the result of a call, under the row that asked for it.
    fn result(&mut self, asked: &str, call: &Call) -> io::Result<()> {
        if call.name == "Write" || call.name == "Edit" {
            self.tracked.push(call.id.clone());
        }
        self.parent = Some(asked.to_owned());
        self.open();
        let json = &mut self.sink.json;
        json.raw("\"promptId\":")
            .str(&self.prompt)
            .raw(",\"type\":\"user\",\"message\":{\"role\":\"user\",\"content\":[");
        json.raw("{\"tool_use_id\":")
            .str(&call.id)
            .raw(",\"type\":\"tool_result\",\"content\":")
            .str(&call.result);
        json.raw(if call.error { ",\"is_error\":true}]}" } else { "}]}" });
        json.raw(",\"toolUseResult\":").raw(&call.extra.0).raw(",\"sourceToolAssistantUUID\":").str(asked);
        self.close_message(4000).map(drop)
    }

    fn attachment(&mut self) -> io::Result<()> {
        let rules = self.project.voice.text(self.rng, Kind::Prose, 2500);
        self.open();
        let json = &mut self.sink.json;
        json.raw("\"attachment\":{\"type\":\"instructions\",\"path\":\"CLAUDE.md\",\"content\":").str(&rules);
        json.raw("},\"rendered\":[{\"content\":\"<system-reminder>\\n").escaped(&rules);
        json.raw("\\n</system-reminder>\"}],\"renderedRole\":\"user\",\"type\":\"attachment\"");
        self.close(300).map(drop)
    }

    fn system_turn_duration(&mut self, started: u64) -> io::Result<()> {
        let rows = self.sink.rows();
        self.open();
        let json = &mut self.sink.json;
        json.raw("\"type\":\"system\",\"subtype\":\"turn_duration\",\"durationMs\":").num(self.ms - started);
        json.raw(",\"messageCount\":").num(rows).raw(",\"isMeta\":false");
        self.close(5).map(drop)
    }

    /// A boundary with no parent, and the summary that the conversation goes on from.
    fn compact(&mut self) -> io::Result<()> {
        self.compacted_at = self.sink.rows();
        let old = self.parent.take().unwrap_or_default();
        self.open();
        let json = &mut self.sink.json;
        json.raw("\"logicalParentUuid\":")
            .str(&old)
            .raw(",\"type\":\"system\",\"subtype\":\"compact_boundary\"");
        json.raw(",\"content\":\"Conversation compacted\",\"isMeta\":false,\"level\":\"info\",\"compactMetadata\":");
        json.raw("{\"trigger\":\"auto\",\"preTokens\":").num(self.cached as u64).raw(",\"postTokens\":4200}");
        self.close(40_000)?;
        self.cached = 20_000;
        let summary = self.project.voice.text(self.rng, Kind::Prose, 7000);
        self.open();
        let json = &mut self.sink.json;
        json.raw("\"type\":\"user\",\"message\":{\"role\":\"user\",\"content\":").str(&summary);
        json.raw("},\"isCompactSummary\":true,\"isVisibleInTranscriptOnly\":true");
        self.close_message(3).map(drop)
    }

    /// The list of files that a rewind would put back.
    fn snapshot(&mut self) -> io::Result<()> {
        let (message, time) = (uuid4(self.rng), iso(self.ms));
        let json = &mut self.sink.json;
        json.raw("{\"type\":\"file-history-snapshot\",\"messageId\":")
            .str(&message)
            .raw(",\"snapshot\":{\"messageId\":");
        json.str(&message).raw(",\"trackedFileBackups\":{");
        for (i, id) in self.tracked.drain(..).enumerate() {
            json.raw(if i == 0 { "" } else { "," }).str(&format!("src/{}.txt", &id[20..]));
            json.raw(":{\"backupFileName\":\"")
                .raw(&id[8..24])
                .raw("@v1\",\"version\":1,\"backupTime\":")
                .str(&time)
                .raw("}");
        }
        json.raw("},\"timestamp\":").str(&time).raw("},\"isSnapshotUpdate\":false}");
        self.sink.end_row()
    }

    /// A row outside the chain with one value.
    fn flat(&mut self, kind: &str, key: &str, value: &str) -> io::Result<()> {
        let json = &mut self.sink.json;
        json.raw("{\"type\":").str(kind).raw(",\"").raw(key).raw("\":").str(value);
        json.raw(",\"sessionId\":").str(&self.id).raw("}");
        self.sink.end_row()
    }

    /// Starts a row of the chain.
    fn open(&mut self) {
        let json = &mut self.sink.json;
        json.raw("{\"parentUuid\":");
        match &self.parent {
            Some(parent) => json.str(parent),
            None => json.raw("null"),
        };
        json.raw(",\"isSidechain\":false,");
    }

    /// Ends a row of the chain, some time after the one before; returns its id.
    fn close(&mut self, within_ms: usize) -> io::Result<String> {
        self.finish_row(within_ms);
        self.sink.end_row()?;
        Ok(self.parent.clone().unwrap_or_default())
    }

    /// As `close`, for a row that is a message.
    fn close_message(&mut self, within_ms: usize) -> io::Result<String> {
        self.finish_row(within_ms);
        self.sink.end_message()?;
        Ok(self.parent.clone().unwrap_or_default())
    }

    fn finish_row(&mut self, within_ms: usize) {
        self.ms += 1 + self.rng.below(within_ms) as u64;
        let id = uuid4(self.rng);
        self.sink.json.raw(",\"uuid\":").str(&id).raw(",\"timestamp\":").str(&iso(self.ms)).raw(&self.tail);
        self.parent = Some(id);
    }
}
