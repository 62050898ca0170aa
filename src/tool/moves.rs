//! Files that a command moves: `mv` and `git mv`, as far as the words tell.
//!
//! No shell is played: a command with a variable, a pattern or a substitution
//! says nothing, and what runs only if another failed isn't looked at.

use serde_json::Value;

/// Longer commands are not looked at.
const LEN_MAX: usize = 64 << 10;

/// What a call of a shell moves, from where to where, in order; either may be
/// a folder, and the latter one that the file goes into. `input` is what the
/// call was given.
pub fn moves(input: &str) -> Vec<(String, String)> {
    if input.len() > LEN_MAX || memchr::memmem::find(input.as_bytes(), b"mv").is_none() {
        return Vec::new();
    }
    let value = serde_json::from_str::<Value>(input).unwrap_or(Value::String(input.to_owned()));
    let folder = ["workdir", "cwd"].into_iter().find_map(|key| value.get(key)?.as_str());
    let given = ["command", "cmd"].into_iter().find_map(|key| value.get(key)).unwrap_or(&value);
    let commands = match given {
        Value::String(text) => commands(text),
        Value::Array(words) => {
            let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
            match words.as_slice() {
                // `bash -lc "…"`
                [_, flag, text] if flag.starts_with('-') && flag.ends_with('c') => commands(text),
                words => vec![Some(words.iter().map(|word| (*word).to_owned()).collect())],
            }
        }
        _ => return Vec::new(),
    };
    let mut found = Vec::new();
    let mut at = folder.map(str::to_owned);
    let mut is_known = true;
    for words in commands.into_iter().flatten() {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let args = match words.as_slice() {
            ["cd", to] => {
                at = Some(join(at.as_deref(), to));
                continue;
            }
            // Where one is now is anybody's guess.
            ["cd" | "pushd" | "popd", ..] => {
                is_known = false;
                continue;
            }
            ["mv", args @ ..] | ["git", "mv", args @ ..] => args,
            _ => continue,
        };
        let named: Vec<&&str> = args.iter().filter(|arg| !arg.starts_with('-')).collect();
        let elsewhere = args.iter().any(|arg| arg.starts_with("-t") || arg.starts_with("--target"));
        if let ([from @ .., to], true, false) = (named.as_slice(), is_known, elsewhere) {
            let to = join(at.as_deref(), to);
            found.extend(from.iter().map(|from| (join(at.as_deref(), from), to.clone())));
        }
    }
    found
}

fn join(folder: Option<&str>, path: &str) -> String {
    match folder.filter(|_| !path.starts_with('/') && path.get(1..2) != Some(":")) {
        Some(folder) => format!("{folder}/{path}"),
        None => path.to_owned(),
    }
}

/// The words of each command of a line of them; `None` for one that isn't
/// plain words.
fn commands(text: &str) -> Vec<Option<Vec<String>>> {
    let mut found = vec![Some(Vec::new())];
    let (mut word, mut quote, mut chars) = (None::<String>, None, text.chars().peekable());
    // Whether what follows is no command of its own: behind `||` or `|`.
    let mut behind = false;
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(end), c) if c == end => quote = None,
            (Some('"'), '$' | '`')
            | (None, '$' | '`' | '*' | '?' | '[' | '{' | '(' | ')' | '<' | '>' | '#' | '~') => {
                spoil(&mut found);
            }
            (Some('"'), '\\') | (None, '\\') => word.get_or_insert_default().extend(chars.next()),
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, ';' | '\n' | '&' | '|') => {
                push(&mut found, word.take());
                if behind {
                    spoil(&mut found);
                }
                behind = c == '|';
                while chars.next_if(|next| matches!(next, '&' | '|' | ';' | '\n')).is_some() {}
                found.push(Some(Vec::new()));
            }
            (None, c) if c.is_whitespace() => push(&mut found, word.take()),
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    push(&mut found, word);
    if behind || quote.is_some() {
        spoil(&mut found);
    }
    found
}

fn push(found: &mut [Option<Vec<String>>], word: Option<String>) {
    if let (Some(Some(words)), Some(word)) = (found.last_mut(), word) {
        words.push(word);
    }
}

fn spoil(found: &mut [Option<Vec<String>>]) {
    if let Some(last) = found.last_mut() {
        *last = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn of(command: &str) -> Vec<String> {
        let found = moves(&json!({"command": command}).to_string());
        found.into_iter().map(|(from, to)| format!("{from}>{to}")).collect()
    }

    #[test]
    fn moves_are_read_from_plain_words() {
        assert_eq!(of("git mv -f 'a b' \"c d\" && cargo test 2>&1 | tail"), ["a b>c d"]);
        assert_eq!(of("cd src; mv a b/\nmv x y z"), ["src/a>src/b/", "src/x>src/z", "src/y>src/z"]);
        assert_eq!(of("cd /p && cd q && mv a\\ b /z"), ["/p/q/a b>/z"]);
        for other in [
            "mv $A b",
            "mv *.rs b",
            "mv -t d a",
            "false || mv a b",
            "echo mv a b",
            "cd \"$D\"; mv \"$(x)\" b",
            "mv a",
            "mv 'a b",
            "pushd x && mv a b",
        ] {
            assert_eq!(of(other), Vec::<String>::new(), "{other}");
        }
        assert_eq!(moves("git mv a b"), [("a".to_owned(), "b".to_owned())]);
        let words = json!({"command": ["bash", "-lc", "mv a b"], "workdir": "/p"});
        assert_eq!(moves(&words.to_string()), [("/p/a".to_owned(), "/p/b".to_owned())]);
        let words = json!({"cmd": ["git", "mv", "a", "b c"]});
        assert_eq!(moves(&words.to_string()), [("a".to_owned(), "b c".to_owned())]);
    }

    proptest! {
        #[test]
        fn any_command_is_read(text in "(mv|cd|git mv|[ab ;&|'\"\\\\$\n])*") {
            moves(&text);
        }
    }
}
