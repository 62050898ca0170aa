//! Hunks: what changed in a file, line by line.

use similar::{ChangeTag, TextDiff};

use super::diff::{self, Diff};
use super::files::{self, FileChange, FilesAt};
use super::rebuilt::Known;
use super::secrets::Secrets;
use super::snapshot;
use crate::object::Sort;
use crate::store::{Result, Store};
use crate::workspace::WorkspaceError;

/// Longer files are not compared line by line, in bytes.
const LEN_MAX: u64 = 2_000_000;
/// So many lines around a change are shown.
const CONTEXT: usize = 3;

/// What changed in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileDiff {
    /// Its path.
    pub path: String,
    /// Whether it is new, gone, or was both times there.
    pub state: State,
    /// Lines that came.
    pub added: u64,
    /// Lines that went.
    pub removed: u64,
    /// The places that changed.
    pub hunks: Vec<Hunk>,
    /// What else there is to say, or why there are no hunks.
    pub note: Option<&'static str>,
}

/// Whether a file is new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// It was there both times.
    #[default]
    Changed,
    /// It is new.
    Added,
    /// It is gone.
    Removed,
}

/// A place in a file that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hunk {
    /// As unified diffs write it: `@@ -1,2 +1,3 @@`.
    pub header: String,
    /// Its lines: `-`, `+` or a space, and the line.
    pub lines: Vec<(char, String)>,
}

/// One side of a comparison.
enum Side {
    Text(String),
    Other(&'static str),
}

/// What differs between the files of two revisions that were compared.
#[derive(Default)]
pub struct Changed {
    /// From the first revision to the second.
    pub between: Vec<FileDiff>,
    /// What each changed since they parted, if both went on.
    pub since: Option<[Vec<FileDiff>; 2]>,
}

impl Changed {
    /// Compares the files, if anything tells of files.
    pub fn find(store: &Store, found: &Diff) -> std::result::Result<Changed, WorkspaceError> {
        let (left, right) = (&found.left.at, &found.right.at);
        let wrote = |side: &diff::Side| side.files.iter().any(|file| file.starts_with(['w', 'e']));
        let has_snapshots = |session| snapshot::all(store, session).map(|all| !all.is_empty());
        if !wrote(&found.left) && !wrote(&found.right) && !has_snapshots(&left.session)? {
            return Ok(Changed::default());
        }
        let differ = |old: &FilesAt, new: &FilesAt| -> std::result::Result<Vec<FileDiff>, WorkspaceError> {
            let changes = files::changes(store, old, new)?;
            Ok(changes.iter().map(|change| hunks(store, change, None)).collect::<Result<_>>()?)
        };
        let old = files::at(store, &left.session, left.commit)?;
        let new = files::at(store, &right.session, right.commit)?;
        let between = differ(&old, &new)?;
        let parted = found.base.filter(|base| *base != left.commit && *base != right.commit);
        let base = parted.map(|base| files::at(store, &left.session, base)).transpose()?;
        let since = base.map(|base| Ok::<_, WorkspaceError>([differ(&base, &old)?, differ(&base, &new)?]));
        Ok(Changed { between, since: since.transpose()? })
    }
}

/// Compares a file with what it was, without secrets where they are known.
pub fn hunks(store: &Store, change: &FileChange, secrets: Option<&Secrets>) -> Result<FileDiff> {
    let state = match (&change.old, &change.new) {
        (None, _) => State::Added,
        (_, None) => State::Removed,
        _ => State::Changed,
    };
    let mut diff = FileDiff { path: change.path.clone(), state, ..FileDiff::default() };
    match (side(store, change.old.as_ref())?, side(store, change.new.as_ref())?) {
        (Side::Text(old), Side::Text(new)) => {
            // Before only some lines of one are shown.
            let hidden = |text: String| match secrets {
                Some(secrets) => secrets.without(&text),
                None => text,
            };
            lines(&hidden(old), &hidden(new), &mut diff);
        }
        (Side::Other(note), _) | (_, Side::Other(note)) => diff.note = Some(note),
    }
    if diff.note.is_none() {
        diff.note = note(change);
    }
    Ok(diff)
}

fn side(store: &Store, known: Option<&Known>) -> Result<Side> {
    Ok(match known {
        None | Some(Known::Gone) => Side::Text(String::new()),
        Some(Known::Text { text, .. }) => Side::Text(text.clone()),
        Some(Known::Unknown) => Side::Other("nothing tells what it was"),
        Some(Known::Stored(entry)) if entry.len > LEN_MAX => Side::Other("too long to be compared"),
        Some(Known::Stored(entry)) => match String::from_utf8(store.blob(&entry.blob)?) {
            Ok(text) if !text.contains('\0') => Side::Text(text),
            _ => Side::Other("not text"),
        },
    })
}

fn note(change: &FileChange) -> Option<&'static str> {
    let partly = |known: &Option<Known>| matches!(known, Some(Known::Text { exact: false, .. }));
    let entry =
        |known: &Option<Known>| known.as_ref().and_then(|known| known.entry(&change.path)).map(|(e, _)| e);
    if partly(&change.old) || partly(&change.new) {
        return Some("known only in part");
    }
    match (entry(&change.old), entry(&change.new)) {
        (Some(old), Some(new)) if old.sort() != new.sort() => Some("a link on one side"),
        (_, Some(new)) if new.sort() == Sort::Link => Some("a link"),
        (Some(old), Some(new)) if old.mode & 0o100 != new.mode & 0o100 => {
            Some(if new.mode & 0o100 == 0 { "can't be run any more" } else { "can be run now" })
        }
        _ => None,
    }
}

fn lines(old: &str, new: &str, diff: &mut FileDiff) {
    let text = TextDiff::from_lines(old, new);
    for group in text.grouped_ops(CONTEXT) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let range = |start: usize, end: usize| match end - start {
            0 => format!("{start},0"),
            1 => format!("{}", start + 1),
            len => format!("{},{len}", start + 1),
        };
        let header = format!(
            "@@ -{} +{} @@",
            range(first.old_range().start, last.old_range().end),
            range(first.new_range().start, last.new_range().end)
        );
        let mut hunk = Hunk { header, lines: Vec::new() };
        for change in group.iter().flat_map(|op| text.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            diff.removed += u64::from(sign == '-');
            diff.added += u64::from(sign == '+');
            hunk.lines.push((sign, change.value().trim_end_matches(['\n', '\r']).to_owned()));
            if change.missing_newline() {
                hunk.lines.push(('\\', " No newline at end of file".to_owned()));
            }
        }
        diff.hunks.push(hunk);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::sample::Sample;

    fn text(text: &str, mode: u32) -> Option<Known> {
        Some(Known::Text { text: text.into(), mode, exact: true })
    }

    #[test]
    fn hunks_are_those_of_a_unified_diff() {
        let sample = Sample::new();
        let diff = |old, new| hunks(&sample.store, &FileChange { path: "a".into(), old, new }, None).unwrap();
        let old: String = (1..=20).map(|n| format!("{n}\n")).collect();
        let found = diff(text(&old, 0o644), text(&old.replace("10\n", "ten\nmore\n"), 0o644));
        assert_eq!((found.added, found.removed, found.state, found.note), (2, 1, State::Changed, None));
        assert_eq!(found.hunks[0].header, "@@ -7,7 +7,8 @@");
        let shown: String =
            found.hunks[0].lines.iter().map(|(sign, line)| format!("{sign}{line} ")).collect();
        assert_eq!(shown, " 7  8  9 -10 +ten +more  11  12  13 ");
        let new = diff(None, text("x", 0o644));
        assert_eq!((new.state, new.hunks[0].header.as_str()), (State::Added, "@@ -0,0 +1 @@"));
        assert_eq!(
            new.hunks[0].lines,
            [('+', "x".to_owned()), ('\\', " No newline at end of file".to_owned())]
        );
        assert_eq!(diff(text("x", 0o644), None).state, State::Removed);
        assert_eq!(diff(text("x", 0o644), text("x", 0o755)).note, Some("can be run now"));
        assert!(diff(Some(Known::Unknown), text("x", 0o644)).hunks.is_empty());
    }

    #[test]
    fn the_last_lines_of_a_secret_are_not_what_stands_around_a_change() {
        let sample = Sample::new();
        let secrets = Secrets::open(&sample.env, &sample.store).unwrap();
        let digits = b"QzR5tYx7Kq2mZ9vB4nL8wRf3tY6pD1sF5hJ0cGa2e9Ui+W/kPoXjMlNbVcEdSgHT";
        let body =
            |n: usize| digits.iter().cycle().skip(n * 7).take(64).map(|b| char::from(*b)).collect::<String>();
        let lines: Vec<String> = (0..20).map(body).collect();
        let key = format!(
            "-----{0} RSA {2}-----\nMIIE{1}\n-----{3} RSA {2}-----\n",
            "BEGIN",
            lines.join("\n"),
            "PRIVATE KEY",
            "END"
        );
        let file = |end: &str| text(&format!("first\n{key}{end}"), 0o644);
        let change = FileChange { path: "a".into(), old: file("old\n"), new: file("new\n") };
        let shown = |secrets| format!("{:?}", hunks(&sample.store, &change, secrets).unwrap().hunks);
        assert!(shown(None).contains(&lines[19]));
        let hidden = shown(Some(&secrets));
        assert!(
            !hidden.contains(&lines[19]) && hidden.contains("redacted") && hidden.contains("new"),
            "{hidden}"
        );
    }
}
