//! The parts of a message, as they are written.

use super::ids::Ids;
use crate::object::escape;
use crate::tool::turns::{Answer, Call, Piece, quoted};
use crate::tool::{Losses, fit, ids};

/// The parts of one message.
pub(super) struct Parts {
    /// The message's id.
    pub(super) id: String,
    /// When it began, and when its last call ended.
    pub(super) time: i64,
    pub(super) end: i64,
    /// What makes ids, to be given back.
    pub(super) ids: Ids,
    session: String,
    seed: u128,
    json: String,
}

impl Parts {
    /// Begins a message at about a time.
    pub(super) fn new(mut ids: Ids, session: &str, seed: u128, time: i64) -> Parts {
        let time = ids.begin(time);
        let id = ids.next("msg");
        Parts { id, time, end: time, ids, session: session.to_owned(), seed, json: String::new() }
    }

    /// Adds a part. `rest` are its members beside its ids, each with a comma before.
    pub(super) fn part(&mut self, kind: &str, rest: &str) {
        let comma = if self.json.is_empty() { "" } else { "," };
        let part = format!("{comma}{{{}{rest}}}", self.head(kind));
        self.json.push_str(&part);
    }

    fn head(&mut self, kind: &str) -> String {
        let (id, session, message) = (self.ids.next("prt"), &self.session, &self.id);
        format!("\"id\":\"{id}\",\"sessionID\":\"{session}\",\"messageID\":\"{message}\",\"type\":\"{kind}\"")
    }

    /// All of them.
    pub(super) fn into_json(self) -> String {
        self.json
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.json.is_empty()
    }

    /// Words of the user.
    pub(super) fn text(&mut self, text: &str) {
        self.part("text", &format!(",\"text\":{}", quoted(text)));
    }

    /// What the user says.
    pub(super) fn said_by_user(&mut self, piece: Piece, losses: &mut Losses) {
        match piece {
            Piece::Text(text) => self.text(&text),
            Piece::Thinking(..) => losses.add("a thought that isn't the model's is left out"),
            Piece::Image(media, data) => self.file(&media, "picture", &data),
            Piece::File(media, name, data) => self.document(&media, &name, &data, losses),
        }
    }

    /// A document: one that a model reads goes as it is, text as text.
    fn document(&mut self, media: &str, name: &str, data: &str, losses: &mut Losses) {
        if media == "application/pdf" || data.starts_with("https://") || data.starts_with("http://") {
            return self.file(media, name, data);
        }
        let text = media.starts_with("text/").then(|| escape::decode_base64(data.as_bytes())).flatten();
        if let Some((bytes, _)) = text {
            return self.text(&format!("[file: {name}]\n{}", String::from_utf8_lossy(&bytes)));
        }
        if !data.starts_with("file:") {
            losses.add("documents that models can't read are left out, only their names stay");
        }
        self.text(&format!("[file: {name}]"));
    }

    fn file(&mut self, media: &str, name: &str, data: &str) {
        let rest = format!(",{}", file(media, name, data));
        self.part("file", &rest);
    }

    /// What the model says. Thoughts keep the proof that the provider wants to
    /// see again where it can be known for that provider's.
    pub(super) fn said_by_model(&mut self, piece: Piece, model: Option<&str>, losses: &mut Losses) {
        let time = format!(",\"time\":{{\"start\":{0},\"end\":{0}}}", self.time);
        match piece {
            Piece::Text(text) => self.part("text", &format!(",\"text\":{}{time}", quoted(&text))),
            Piece::Thinking(text, ..) if text.trim().is_empty() => {
                losses.add("thoughts that only their maker can read are left out");
            }
            Piece::Thinking(text, proof, _) => {
                let known = proof.as_ref().filter(|_| model.is_some_and(|model| model.contains("claude")));
                if proof.is_some() && known.is_none() {
                    losses.add("thoughts lose the signature by which their maker knows them");
                }
                let proof = known.map(|proof| {
                    format!(",\"metadata\":{{\"anthropic\":{{\"signature\":{}}}}}", quoted(proof))
                });
                let rest = format!(",\"text\":{}{time}{}", quoted(&text), proof.unwrap_or_default());
                self.part("reasoning", &rest);
            }
            Piece::Image(media, data) => {
                losses.add("pictures that the model made are kept, but not sent to it again");
                self.file(&media, "picture", &data);
            }
            Piece::File(_, name, _) => {
                losses.add("documents that models can't read are left out, only their names stay");
                self.part("text", &format!(",\"text\":{}{time}", quoted(&format!("[file: {name}]"))));
            }
        }
    }

    /// A call with what came of it.
    pub(super) fn call(&mut self, call: Call, result: Answer, end: Option<i64>, losses: &mut Losses) {
        self.end = self.end.max(end.unwrap_or(self.time)).max(self.time);
        let input = self.input(call.input, losses);
        let time = format!("\"time\":{{\"start\":{},\"end\":{}}}", self.time, self.end);
        let name = fit::name(&call.name, losses);
        let state = if result.failed {
            if !result.images.is_empty() {
                losses.add("pictures in the result of a call that failed are left out");
            }
            let text = if result.text.is_empty() { "[error]" } else { &result.text };
            format!("\"status\":\"error\",\"input\":{input},\"error\":{},{time}", quoted(text))
        } else {
            let files: Vec<String> = result
                .images
                .iter()
                .map(|(media, data)| format!("{{{},{}}}", self.head("file"), file(media, "picture", data)))
                .collect();
            let files = if files.is_empty() {
                String::new()
            } else {
                format!(",\"attachments\":[{}]", files.join(","))
            };
            format!(
                "\"status\":\"completed\",\"input\":{input},\"output\":{},\"title\":{},\"metadata\":{{}},{time}{files}",
                quoted(&result.text),
                quoted(&name)
            )
        };
        let id = ids::call(self.seed, call.number);
        self.part("tool", &format!(",\"callID\":\"{id}\",\"tool\":{},\"state\":{{{state}}}", quoted(&name)));
    }

    /// An input that the tool can read: one bad input, and all is refused.
    fn input(&self, input: String, losses: &mut Losses) -> String {
        if serde_json::from_str::<serde_json::Value>(&input).is_ok() {
            return input;
        }
        losses.add("the input of a call that is no valid JSON is put into an object, as text");
        format!("{{\"input\":{}}}", quoted(&input))
    }
}

/// The members of a file.
fn file(media: &str, name: &str, data: &str) -> String {
    let url = if data.contains("://") { data.to_owned() } else { format!("data:{media};base64,{data}") };
    let media = if media.is_empty() { "image/png" } else { media };
    format!("\"mime\":{},\"filename\":{},\"url\":{}", quoted(media), quoted(name), quoted(&url))
}
