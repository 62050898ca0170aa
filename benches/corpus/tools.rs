//! Calls of Claude Code's tools: their input, the text the model gets, and the structured copy for the screen.

use super::json::{Json, token};
use super::project::{Edit, Project, Window};
use super::rng::Rng;
use super::text::Kind;

/// Bytes of what a tool returns, by share in a thousand.
pub(super) const RESULT_BYTES: &[(usize, usize)] = &[
    (1, 20),
    (100, 100),
    (250, 280),
    (500, 840),
    (750, 2600),
    (900, 7200),
    (950, 14_400),
    (990, 40_000),
    (999, 90_000),
    (1000, 130_000),
];

/// Bytes of an old or new text in an edit, by share in a thousand.
const EDIT_BYTES: &[(usize, usize)] = &[(100, 40), (500, 320), (900, 1600), (990, 5000), (1000, 12_000)];

/// Files larger than this are left out of an edit's structured copy.
const ORIGINAL_MAX: usize = 6000;

/// Commands, to be followed by a path or a word.
pub(super) const COMMANDS: &[&str] = &[
    "cargo test -p",
    "cargo clippy --all-targets -p",
    "npm run test --",
    "pytest -q",
    "git diff",
    "git log --oneline -20 --",
    "rg -n --no-heading",
    "ls -la",
    "sed -n 1,80p",
    "npx tsc --noEmit -p",
    "docker compose logs --tail 200",
    "make -C",
];

/// One call and its result.
pub(super) struct Call {
    /// The id that links the two.
    pub(super) id: String,
    /// The tool's name.
    pub(super) name: &'static str,
    /// The input, as JSON.
    pub(super) input: Json,
    /// What the model gets.
    pub(super) result: String,
    /// The structured copy, as JSON.
    pub(super) extra: Json,
    /// Whether the call failed.
    pub(super) error: bool,
}

impl Call {
    fn new(rng: &mut Rng, name: &'static str) -> Self {
        let id = format!("toolu_01{}", token(rng, 22));
        Self { id, name, input: Json::default(), result: String::new(), extra: Json::default(), error: false }
    }
}

/// Makes a call of some tool; `percent` scales how long results are.
pub(super) fn call(rng: &mut Rng, project: &mut Project, percent: usize) -> Call {
    let len = rng.quantile(RESULT_BYTES) * percent / 100;
    match rng.below(100) {
        0..30 => read(rng, project, len),
        30..62 => bash(rng, project, len),
        62..82 => edit(rng, project, percent),
        82..91 => grep(rng, project, len),
        91..95 => write(rng, project, len),
        95..98 => fetch(rng, project, len),
        _ => todo(rng, project),
    }
}

fn read(rng: &mut Rng, project: &Project, len: usize) -> Call {
    let mut call = Call::new(rng, "Read");
    let Window { file, line, text, lines, total } = project.window(rng, len);
    let path = &project.files[file].path;
    call.input.raw("{\"file_path\":").str(path);
    if line > 1 {
        call.input.raw(",\"offset\":").num(line as u64).raw(",\"limit\":").num(lines as u64);
    }
    call.input.raw("}");
    call.result = numbered(&text, line);
    call.extra.raw("{\"type\":\"text\",\"file\":{\"filePath\":").str(path).raw(",\"content\":").str(&text);
    call.extra.raw(",\"numLines\":").num(lines as u64).raw(",\"startLine\":").num(line as u64);
    call.extra.raw(",\"totalLines\":").num(total as u64).raw("}}");
    call
}

/// Lines with their numbers before them, as `cat -n` prints them.
fn numbered(text: &str, first: usize) -> String {
    let mut out = Json(String::with_capacity(text.len() * 5 / 4 + 16));
    for (i, line) in text.split('\n').enumerate() {
        let number = first + i;
        let digits = number.checked_ilog10().unwrap_or(0) as usize + 1;
        out.raw(if i == 0 { "" } else { "\n" })
            .raw(&"      "[digits.min(6)..])
            .num(number as u64)
            .raw("\t")
            .raw(line);
    }
    out.0
}

fn bash(rng: &mut Rng, project: &Project, len: usize) -> Call {
    let mut call = Call::new(rng, "Bash");
    let command = format!("{} {}", rng.pick(COMMANDS), project.voice.path(rng));
    call.input
        .raw("{\"command\":")
        .str(&command)
        .raw(",\"description\":")
        .str(&project.voice.sentence(rng, 5))
        .raw("}");
    call.error = rng.chance(80);
    let output = project.voice.text(rng, Kind::Output, len);
    if call.error {
        call.result = format!("Exit code 1\n{output}");
        call.extra.str(&format!("Error: {}", call.result));
    } else {
        call.extra.raw("{\"stdout\":").str(&output);
        call.extra
            .raw(",\"stderr\":\"\",\"interrupted\":false,\"isImage\":false,\"noOutputExpected\":false}");
        call.result = output;
    }
    call
}

fn edit(rng: &mut Rng, project: &mut Project, percent: usize) -> Call {
    let mut call = Call::new(rng, "Edit");
    let old_len = rng.quantile(EDIT_BYTES) * percent / 100;
    let new_len = old_len / 2 + rng.quantile(EDIT_BYTES) * percent / 100;
    let edit = project.edit(rng, old_len, new_len);
    let path = &project.files[edit.file].path;
    call.input.raw("{\"replace_all\":false,\"file_path\":").str(path);
    call.input.raw(",\"old_string\":").str(&edit.old).raw(",\"new_string\":").str(&edit.new).raw("}");
    call.result = format!("The file {path} has been updated successfully.");
    edit_extra(&mut call.extra, path, &edit);
    call
}

fn edit_extra(extra: &mut Json, path: &str, edit: &Edit) {
    extra
        .raw("{\"filePath\":")
        .str(path)
        .raw(",\"oldString\":")
        .str(&edit.old)
        .raw(",\"newString\":")
        .str(&edit.new);
    extra.raw(",\"originalFile\":");
    if edit.original.len() <= ORIGINAL_MAX {
        extra.str(&edit.original);
    } else {
        extra.raw("null");
    }
    let (old, new) = (edit.old.split('\n'), edit.new.split('\n'));
    for (name, value) in [
        (",\"structuredPatch\":[{\"oldStart\":", edit.line),
        (",\"oldLines\":", old.clone().count()),
        (",\"newStart\":", edit.line),
        (",\"newLines\":", new.clone().count()),
    ] {
        extra.raw(name).num(value as u64);
    }
    let lines: Vec<String> =
        old.map(|line| format!("-{line}")).chain(new.map(|line| format!("+{line}"))).collect();
    extra.raw(",\"lines\":").strings(lines.iter().map(String::as_str));
    extra.raw("}],\"userModified\":false,\"replaceAll\":false}");
}

fn grep(rng: &mut Rng, project: &Project, len: usize) -> Call {
    let mut call = Call::new(rng, "Grep");
    call.input.raw("{\"pattern\":").str(project.voice.ident(rng)).raw(",\"path\":").str(&project.cwd);
    call.input.raw(",\"output_mode\":\"content\",\"-n\":true}");
    call.result = project.matches(rng, len);
    call.extra.raw("{\"mode\":\"content\",\"numFiles\":0,\"filenames\":[],\"content\":").str(&call.result);
    call.extra.raw(",\"numLines\":").num(call.result.split('\n').count() as u64).raw("}");
    call
}

fn write(rng: &mut Rng, project: &mut Project, len: usize) -> Call {
    let mut call = Call::new(rng, "Write");
    let at = project.write(rng, len.max(200));
    let file = &project.files[at];
    call.input.raw("{\"file_path\":").str(&file.path).raw(",\"content\":").str(&file.text).raw("}");
    call.result = format!("File created successfully at: {}", file.path);
    call.extra.raw("{\"type\":\"create\",\"filePath\":").str(&file.path).raw(",\"content\":").str(&file.text);
    call.extra.raw(",\"structuredPatch\":[],\"originalFile\":null,\"userModified\":false}");
    call
}

fn fetch(rng: &mut Rng, project: &Project, len: usize) -> Call {
    let mut call = Call::new(rng, "WebFetch");
    let url = format!("https://docs.example.org/{}/{}", project.voice.ident(rng), project.voice.ident(rng));
    call.input.raw("{\"url\":").str(&url).raw(",\"prompt\":").str(&project.voice.sentence(rng, 14)).raw("}");
    call.result = project.voice.text(rng, Kind::Prose, len);
    call.extra
        .raw("{\"bytes\":")
        .num(len as u64 * 9)
        .raw(",\"code\":200,\"codeText\":\"OK\",\"result\":")
        .str(&call.result);
    call.extra.raw(",\"durationMs\":").num(rng.between(300, 9000) as u64).raw(",\"url\":").str(&url).raw("}");
    call
}

fn todo(rng: &mut Rng, project: &Project) -> Call {
    let mut call = Call::new(rng, "TodoWrite");
    let mut list = Json::default();
    for i in 0..rng.between(3, 8) {
        let status = *rng.pick(&["pending", "in_progress", "completed"]);
        list.raw(if i == 0 { "[" } else { "," }).raw("{\"content\":").str(&project.voice.sentence(rng, 7));
        list.raw(",\"status\":").str(status);
        list.raw(",\"activeForm\":").str(&project.voice.sentence(rng, 6)).raw("}");
    }
    list.raw("]");
    call.input.raw("{\"todos\":").raw(&list.0).raw("}");
    call.result =
        "Todos have been modified successfully. Continue to use the todo list to track your progress."
            .to_owned();
    call.extra.raw("{\"oldTodos\":[],\"newTodos\":").raw(&list.0).raw("}");
    call
}
