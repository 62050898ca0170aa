//! Entries in TOML files: a table of their own at the end.

use toml::{Table, Value};

use super::Form;

/// A file with a table for each server in one of its tables.
pub(super) struct Toml<'n> {
    pub(super) table: &'static str,
    /// What our server is called.
    pub(super) name: &'n str,
}

impl Form for Toml<'_> {
    fn called(&self) -> String {
        format!("server called {}", self.name)
    }

    fn entry(&self, command: &[String]) -> String {
        let (program, arguments) = command.split_first().map_or(("", &[][..]), |(p, a)| (p.as_str(), a));
        let quoted: Vec<String> = arguments.iter().map(|word| string(word)).collect();
        let (head, args) = (self.head(), quoted.join(", "));
        format!("{head}\ncommand = {}\nargs = [{args}]", string(program))
    }

    fn fresh(&self, command: &[String]) -> String {
        format!("{}\n", self.entry(command))
    }

    fn find(&self, text: &str, command: &[String]) -> Result<Option<bool>, String> {
        let entry = parse(&self.entry(command))?;
        Ok(self.ours(&parse(text)?).map(|found| Some(found) == self.ours(&entry)))
    }

    fn add(&self, text: &str, command: &[String]) -> Result<String, String> {
        let end = if text.ends_with('\n') || text.is_empty() { "" } else { "\n" };
        let gap = if text.trim().is_empty() { "" } else { "\n" };
        let now = format!("{text}{end}{gap}{}\n", self.entry(command));
        self.differ_in_ours(text, &now)?;
        Ok(now)
    }

    fn remove(&self, text: &str) -> Result<String, String> {
        let (head, below) = (self.head(), format!("[{}.{}.", self.table, self.key()));
        let (mut now, mut inside, mut gap) = (String::new(), false, false);
        for line in text.split_inclusive('\n') {
            let trimmed = line.trim();
            if trimmed.starts_with('[') {
                inside = trimmed.starts_with(&head) || trimmed.starts_with(&below);
                if inside && now.ends_with("\n\n") {
                    now.pop();
                    gap = true;
                } else if !inside && std::mem::take(&mut gap) {
                    // What follows stands as far from what was before.
                    now.push('\n');
                }
            }
            if !inside {
                now.push_str(line);
            }
        }
        self.differ_in_ours(&now, text)?;
        Ok(now)
    }
}

impl Toml<'_> {
    fn head(&self) -> String {
        format!("[{}.{}]", self.table, self.key())
    }

    /// The name as a key: bare if it can be.
    fn key(&self) -> String {
        let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let bare = !self.name.is_empty() && self.name.chars().all(is_bare);
        if bare { self.name.to_owned() } else { string(self.name) }
    }

    fn ours<'t>(&self, root: &'t Table) -> Option<&'t Value> {
        root.get(self.table)?.as_table()?.get(self.name)
    }

    /// Makes sure that a file says what another says, and has our entry besides.
    fn differ_in_ours(&self, without: &str, with: &str) -> Result<(), String> {
        let (mut a, mut b) = (parse(without)?, parse(with)?);
        let has = [self.ours(&a).is_some(), self.ours(&b).is_some()];
        for root in [&mut a, &mut b] {
            let servers = root.get_mut(self.table).and_then(Value::as_table_mut);
            let is_empty = servers.is_some_and(|servers| {
                servers.remove(self.name);
                servers.is_empty()
            });
            if is_empty {
                root.remove(self.table);
            }
        }
        match has == [false, true] && a == b {
            true => Ok(()),
            false => Err(format!("the entry does not stand in a table {} of its own", self.head())),
        }
    }
}

fn parse(text: &str) -> Result<Table, String> {
    toml::from_str(text).map_err(|e| format!("it is not TOML: {}", e.message()))
}

/// A string of TOML: what JSON escapes, TOML reads.
fn string(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default().replace('\u{7f}', "\\u007f")
}
