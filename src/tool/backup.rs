//! What a record tells of backups: copies of files that a tool keeps beside a
//! session, so that its user can go back.

use memchr::memmem;
use serde_json::Value;

/// A file as it was when a prompt was given, or before the turn changed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// The file, as the tool wrote its path.
    pub path: String,
    /// What the copy is called; `None` if there was no file.
    pub copy: Option<String>,
    /// The native id of the prompt.
    pub prompt: String,
}

/// The backups that a native record tells of.
///
/// Claude Code, from its sessions: `file-history-snapshot` with all files that
/// it changed so far, as they are when the prompt is given; its later versions
/// of the same, and `file-history-delta` since 2.1, add a file before the turn
/// first changes it.
pub fn backups(record: &[u8]) -> Vec<Backup> {
    if memmem::find(record, b"\"backupFileName\"").is_none() {
        return Vec::new();
    }
    let Some(record) = parse(record) else { return Vec::new() };
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let backup = |path: &str, prompt: &str, backup: &Value| {
        let copy = match backup.get("backupFileName")? {
            Value::Null => None,
            name => Some(name.as_str()?.to_owned()),
        };
        Some(Backup { path: path.to_owned(), copy, prompt: prompt.to_owned() })
    };
    match record.get("type").and_then(Value::as_str) {
        Some("file-history-snapshot") => {
            let snapshot = record.get("snapshot").unwrap_or(&Value::Null);
            let Some(prompt) = text(snapshot, "messageId") else { return Vec::new() };
            let files = snapshot.get("trackedFileBackups").and_then(Value::as_object);
            files.into_iter().flatten().filter_map(|(path, one)| backup(path, &prompt, one)).collect()
        }
        Some("file-history-delta") => {
            let told = text(&record, "snapshotMessageId").zip(text(&record, "trackingPath"));
            let found = told.zip(record.get("backup"));
            found.and_then(|((prompt, path), one)| backup(&path, &prompt, one)).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// The native id of a message's record, by which backups name prompts.
pub fn message(record: &[u8]) -> Option<String> {
    parse(record)?.get("uuid")?.as_str().map(str::to_owned)
}

fn parse(record: &[u8]) -> Option<Value> {
    serde_json::from_slice(record.get(record.iter().position(|b| *b == b'{')?..)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn records_tell_of_backups() {
        let copy = |name: Value| json!({"backupFileName": name, "version": 2});
        let snapshot = json!({"type": "file-history-snapshot", "messageId": "m", "isSnapshotUpdate": true,
            "snapshot": {"messageId": "p", "trackedFileBackups": {"a": copy(json!("x@v2")), "b": copy(json!(null)), "c": {}}}});
        let delta = json!({"type": "file-history-delta", "messageId": "m", "snapshotMessageId": "p",
            "trackingPath": "a", "backup": copy(json!("x@v1"))});
        let one = |path: &str, copy: Option<&str>| Backup {
            path: path.into(),
            copy: copy.map(str::to_owned),
            prompt: "p".into(),
        };
        let of = |record: &Value| backups(format!("\n{record}").as_bytes());
        assert_eq!(of(&snapshot), [one("a", Some("x@v2")), one("b", None)]);
        assert_eq!(of(&delta), [one("a", Some("x@v1"))]);
        assert_eq!(of(&json!({"type": "user", "message": "\"backupFileName\""})), []);
        assert_eq!(backups(b"\"backupFileName\" {"), []);
        assert_eq!(message(b"{\"uuid\": \"u\"}").as_deref(), Some("u"));
    }
}
