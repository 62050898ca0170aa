//! An MCP server as one line: its command or address, without secrets.

use serde_json::Value;

/// What stands in the place of a secret.
pub(super) const HIDDEN: &str = "[hidden]";
/// Longer names are none.
const NAME_MAX: usize = 64;
/// Parts of names whose values are secrets.
const SECRET: &[&str] =
    &["key", "token", "secret", "pass", "pwd", "auth", "cred", "bearer", "cookie", "header"];

/// A server: its command and arguments, or its address, and the names of the
/// environment variables that it is given. Values of the environment and
/// headers are not looked at.
pub(super) fn line(server: &Value) -> String {
    let text = |key: &str| server.get(key).and_then(Value::as_str);
    let list = |key: &str| server.get(key).and_then(Value::as_array).into_iter().flatten();
    // Some write the command and its arguments as one list.
    let words = list("command").chain(list("args")).filter_map(Value::as_str);
    let words: Vec<&str> = text("command").into_iter().chain(words).collect();
    let address = ["url", "httpUrl", "serverUrl"].into_iter().find_map(text).map(address);
    let mut parts = hide(&words);
    parts.extend(address);
    let names = ["env", "environment"].into_iter().filter_map(|key| server.get(key)?.as_object());
    let names: Vec<&str> = names.flatten().map(|(name, _)| name.as_str()).collect();
    if !names.is_empty() {
        parts.push(format!("(env {})", names.join(" ")));
    }
    parts.join(" ")
}

/// A server of one tool, as far as another may be given it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ops) struct Server {
    /// What it is called.
    pub(in crate::ops) name: String,
    /// The file that tells of it.
    pub(in crate::ops) place: String,
    /// Whether that is the project's.
    pub(in crate::ops) is_project: bool,
    /// What starts it, or why that is not for others.
    pub(in crate::ops) command: Result<Vec<String>, &'static str>,
    /// What it is given besides: names alone.
    pub(in crate::ops) lacks: Vec<String>,
}

/// What starts a server. One with a secret in its words, one that is reached
/// by an address and one that is switched off are not for others.
pub(super) fn command(name: &str, server: &Value) -> Result<Vec<String>, &'static str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    if name.is_empty() || name.len() > NAME_MAX || name.starts_with('-') || !name.chars().all(is_plain) {
        return Err("other tools don't take its name");
    }
    let is = |key: &str, value: bool| server.get(key).and_then(Value::as_bool) == Some(value);
    if is("disabled", true) || is("enabled", false) {
        return Err("it is switched off");
    }
    let words: Option<Vec<String>> = match (server.get("command"), server.get("args")) {
        (Some(Value::String(program)), None) => Some(vec![program.clone()]),
        (Some(Value::String(program)), Some(Value::Array(args))) => {
            let args = args.iter().map(|arg| arg.as_str().map(str::to_owned));
            std::iter::once(Some(program.clone())).chain(args).collect()
        }
        _ => return Err("it is no command: tools write addresses each in their own way"),
    };
    let words = words.ok_or("its arguments are not words")?;
    let texts: Vec<&str> = words.iter().map(String::as_str).collect();
    match hide(&texts) == words {
        true => Ok(words),
        false => Err("its command holds what may be a secret"),
    }
}

/// What else a server is given, by name: `env TOKEN`, `cwd`.
pub(super) fn lacks(server: &Value) -> Vec<String> {
    let members = server.as_object().into_iter().flatten();
    let lacks = members
        .filter(|(key, _)| !matches!(key.as_str(), "command" | "args" | "type" | "enabled" | "disabled"));
    let names = |key: &str, value: &Value| match value.as_object() {
        Some(fields) => fields.keys().map(|name| format!("{key} {name}")).collect(),
        None => vec![key.to_owned()],
    };
    lacks.flat_map(|(key, value)| names(key, value)).collect()
}

/// Arguments without what looks like a secret: the value of a flag or variable
/// of such a name, and credentials in addresses.
fn hide(words: &[&str]) -> Vec<String> {
    let mut next_is_secret = false;
    let hide = |word: &&str| {
        if std::mem::take(&mut next_is_secret) && !word.starts_with('-') {
            return HIDDEN.to_owned();
        }
        match word.split_once('=') {
            Some((name, _)) if name.contains("://") => address(word),
            Some((name, _)) if is_secret(name) => format!("{name}={HIDDEN}"),
            Some((name, value)) if value.contains("://") => format!("{name}={}", address(value)),
            None if word.contains("://") => address(word),
            // A header in one word: `Authorization: …`.
            None if word.split_once(':').is_some_and(|(name, _)| is_secret(name)) => HIDDEN.to_owned(),
            None => {
                next_is_secret = word.starts_with('-') && is_secret(word) || matches!(*word, "-H" | "-u");
                (*word).to_owned()
            }
            Some(_) => (*word).to_owned(),
        }
    };
    words.iter().map(hide).collect()
}

fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    SECRET.iter().any(|word| name.contains(word))
}

/// An address without user, password, query and fragment.
fn address(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = url.split_once("://") else { return HIDDEN.to_owned() };
    let (host, path) = rest.split_once('/').map_or((rest, None), |(host, path)| (host, Some(path)));
    let host = host.rsplit('@').next().unwrap_or_default();
    match path {
        Some(path) => format!("{scheme}://{host}/{path}"),
        None => format!("{scheme}://{host}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_server_is_a_line_without_secrets() {
        let of = |server: Value| line(&server);
        let server = json!({"command": "npx", "args": ["-y", "docs", "--api-key", "S1", "--token=S2", "PGPASSWORD=S3",
            "-H", "S4", "Authorization: S5", "postgres://me:S6@db/x?sslkey=S7", "--url=https://u:S8@h/p", "--last"],
            "env": {"DOCS_KEY": "S9"}, "headers": {"X": "S10"}});
        assert_eq!(
            of(server),
            "npx -y docs --api-key [hidden] --token=[hidden] PGPASSWORD=[hidden] -H [hidden] [hidden] \
             postgres://db/x --url=https://h/p --last (env DOCS_KEY)"
        );
        assert_eq!(of(json!({"httpUrl": "https://t@h:1/mcp#x", "headers": {"A": "S"}})), "https://h:1/mcp");
        assert_eq!(of(json!({"command": ["a", "b"], "environment": {"N": "S"}})), "a b (env N)");
        assert_eq!(of(json!("S")), "");
        assert_eq!(
            lacks(&json!({"type": "stdio", "command": "x", "env": {"A": "S"}, "cwd": "/"})),
            ["env A", "cwd"]
        );
        let told = |name: &str, server: Value| command(name, &server);
        assert_eq!(told("a-1", json!({"command": "x", "args": ["y"]})), Ok(vec!["x".into(), "y".into()]));
        for (name, server) in [
            ("--scope", json!({"command": "x"})),
            ("a b", json!({"command": "x"})),
            ("a", json!({"command": "x", "args": ["--token", "S"]})),
            ("a", json!({"command": "x", "args": [1]})),
            ("a", json!({"command": "x", "disabled": true})),
            ("a", json!({"url": "https://h"})),
        ] {
            assert!(told(name, server.clone()).is_err(), "{name} {server}");
        }
        // A flag after a secret's flag is a flag.
        assert_eq!(of(json!({"command": "x", "args": ["--no-auth", "--fast"]})), "x --no-auth --fast");
    }
}
