//! A page: its commands, what they are said to print, and how that is compared
//! with what they printed.

/// A command of a page.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Command {
    /// Its line, from 1.
    pub(crate) line: usize,
    /// What is typed.
    pub(crate) words: String,
    /// What it is said to print.
    pub(crate) prints: Vec<String>,
    /// Whether readers see it.
    pub(crate) is_seen: bool,
}

/// What came of a command: what it printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Printed {
    pub(crate) lines: Vec<String>,
    pub(crate) code: i32,
}

/// A page.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) commands: Vec<Command>,
    /// Blocks that are not run: the line, and why.
    pub(crate) left_out: Vec<(usize, String)>,
}

impl Page {
    pub(crate) fn parse(text: &str) -> Page {
        let mut page = Page::default();
        let mut inside: Option<bool> = None;
        for (n, line) in text.lines().enumerate() {
            let line_number = n + 1;
            match inside {
                None => {
                    if let Some(words) = line.strip_prefix("<!-- run: ").and_then(|l| l.strip_suffix(" -->"))
                    {
                        page.push(line_number, words, false);
                    } else if let Some(info) = line.strip_prefix("```") {
                        let (kind, reason) = info.split_once(',').unwrap_or((info, ""));
                        if kind == "console" && !reason.is_empty() {
                            page.left_out.push((line_number, reason.to_owned()));
                        }
                        inside = Some(kind == "console" && reason.is_empty());
                    }
                }
                Some(_) if line == "```" => inside = None,
                Some(false) => {}
                Some(true) => match (line.strip_prefix("$ "), page.commands.last_mut()) {
                    (Some(words), _) => page.push(line_number, words, true),
                    (None, Some(last)) => last.prints.push(line.to_owned()),
                    (None, None) => panic!("line {line_number} of a block comes before any command"),
                },
            }
        }
        page
    }

    fn push(&mut self, line: usize, words: &str, is_seen: bool) {
        self.commands.push(Command { line, words: words.to_owned(), prints: Vec::new(), is_seen });
    }

    /// What is not as the page has it: the line, and how.
    pub(crate) fn faults(&self, printed: &[Option<Printed>]) -> Vec<String> {
        let mut faults = Vec::new();
        for (n, command) in self.commands.iter().enumerate() {
            let Command { line, words, prints, .. } = command;
            let Some(Some(printed)) = printed.get(n) else {
                faults.push(format!("{line}: `{words}` was not run: the shell ended before"));
                continue;
            };
            let all = printed.lines.join("\n");
            let asked = self.commands.get(n + 1).is_some_and(|next| next.words.starts_with("echo $?"));
            if printed.code != 0 && !asked {
                faults.push(format!("{line}: `{words}` ended with {}:\n{all}", printed.code));
            } else if !prints.is_empty() && !is_like(prints, &printed.lines) {
                faults.push(format!("{line}: `{words}` prints\n{all}\nand not\n{}", prints.join("\n")));
            }
        }
        faults
    }

    /// The page with what was printed where it has something else.
    pub(crate) fn blessed(&self, text: &str, printed: &[Option<Printed>]) -> String {
        let mut lines: Vec<Option<String>> = text.lines().map(|line| Some(line.to_owned())).collect();
        for (command, printed) in self.commands.iter().zip(printed) {
            let Some(printed) = printed else { continue };
            if command.prints.is_empty() || is_like(&command.prints, &printed.lines) {
                continue;
            }
            let end = command.line + command.prints.len();
            lines[command.line..end].fill(None);
            lines[command.line] = Some(printed.lines.join("\n"));
        }
        lines.into_iter().flatten().map(|line| line + "\n").collect()
    }
}

/// Tells whether lines are as they are told. `…` alone stands for any lines.
fn is_like(told: &[String], lines: &[String]) -> bool {
    match (told.split_first(), lines.split_first()) {
        (None, None) => true,
        (Some((first, rest)), _) if first.trim() == "…" => {
            (0..=lines.len()).any(|n| lines.get(n..).is_some_and(|lines| is_like(rest, lines)))
        }
        (Some((first, told)), Some((line, lines))) => {
            is_line(&plain(first), &plain(line)) && is_like(told, lines)
        }
        _ => false,
    }
}

/// A line without its ids, its sizes and what stands at its end unseen.
fn plain(line: &str) -> String {
    let id = regex::Regex::new(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{8,64}\b").unwrap();
    let size = regex::Regex::new(r"\b[0-9]+(\.[0-9])? (bytes|kB|MB)\b").unwrap();
    size.replace_all(&id.replace_all(line.trim_end(), "#"), "# bytes").into_owned()
}

/// Tells whether a line is as it is told, `…` being anything.
fn is_line(told: &str, line: &str) -> bool {
    let mut parts = told.split('…');
    let Some(mut rest) = parts.next().and_then(|first| line.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, between)) = parts.split_last() else { return rest.is_empty() };
    for part in between {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}
