//! What a segment knows of its documents, column by column.

use super::text::Piece;
use crate::object::id::Checksum;
use crate::object::{Commit, Id};

/// One document: a commit and its message.
pub(super) struct Doc {
    id: Id,
    root: u32,
    start: u32,
    words: u32,
    time: i64,
    print: u64,
    role: u8,
    kinds: u16,
    text: u64,
    tool: String,
    model: String,
}

impl Doc {
    pub(super) fn new(
        id: Id,
        root: u32,
        (start, words): (u32, u32),
        commit: &Commit,
        role: u8,
        pieces: &[Piece],
    ) -> Doc {
        let mut print = Checksum::default();
        for piece in pieces {
            print.update(&piece.kinds.0.to_le_bytes());
            print.update(piece.text.as_bytes());
        }
        Doc {
            id,
            root,
            start,
            words,
            time: commit.time.unwrap_or(i64::MIN),
            print: print.finish(),
            role,
            kinds: pieces.iter().fold(0, |bits, piece| bits | piece.kinds.0),
            text: pieces.iter().map(|piece| piece.text.len() as u64).sum(),
            tool: commit.tool.clone(),
            model: commit.model.clone().unwrap_or_default(),
        }
    }
}

/// All documents of a segment.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns {
    /// The commits.
    pub(super) ids: Vec<Id>,
    /// The beginning of the conversation of each, as a place among the roots.
    pub(super) root: Vec<u32>,
    /// The position of the first word of each.
    pub(super) start: Vec<u32>,
    /// Words of each.
    pub(super) words: Vec<u32>,
    /// When, in milliseconds since 1970; the least number if not known.
    pub(super) time: Vec<i64>,
    /// Fingerprints of what they say.
    pub(super) print: Vec<u64>,
    /// Who speaks.
    pub(super) role: Vec<u8>,
    /// What their texts are.
    pub(super) kinds: Vec<u16>,
    /// The tool, as a place among the names.
    pub(super) tool: Vec<u16>,
    /// The model, likewise.
    pub(super) model: Vec<u16>,
    /// Beginnings of conversations.
    pub(super) roots: Vec<Id>,
    /// Names of tools and models; the last of the possible ones stands for all
    /// that find no place.
    pub(super) names: Vec<String>,
    /// Bytes of text.
    pub(super) text: u64,
}

impl Columns {
    pub(super) fn docs(&self) -> u32 {
        u32::try_from(self.ids.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn push(&mut self, doc: Doc) {
        let (tool, model) = (self.name(&doc.tool), self.name(&doc.model));
        self.ids.push(doc.id);
        self.root.push(doc.root);
        self.start.push(doc.start);
        self.words.push(doc.words);
        self.time.push(doc.time);
        self.print.push(doc.print);
        self.role.push(doc.role);
        self.kinds.push(doc.kinds);
        self.tool.push(tool);
        self.model.push(model);
        self.text += doc.text;
    }

    /// The place of a name.
    fn name(&mut self, name: &str) -> u16 {
        // Mostly that of the document before.
        let known = self.names.iter().rposition(|known| known == name);
        let place = known.unwrap_or_else(|| {
            if self.names.len() < usize::from(u16::MAX) {
                self.names.push(name.to_owned());
                self.names.len() - 1
            } else {
                usize::from(u16::MAX)
            }
        });
        u16::try_from(place).unwrap_or(u16::MAX)
    }

    /// Takes in the documents of another segment; `roots` says which places
    /// its roots have here, `first` where its positions begin.
    pub(super) fn append(&mut self, other: &Columns, roots: &[u32], first: u32) {
        let names: Vec<u16> = other.names.iter().map(|name| self.name(name)).collect();
        let name = |n: &u16| names.get(usize::from(*n)).copied().unwrap_or(u16::MAX);
        self.ids.extend_from_slice(&other.ids);
        self.root.extend(other.root.iter().map(|n| roots.get(*n as usize).copied().unwrap_or(0)));
        self.start.extend(other.start.iter().map(|start| start + first));
        self.words.extend_from_slice(&other.words);
        self.time.extend_from_slice(&other.time);
        self.print.extend_from_slice(&other.print);
        self.role.extend_from_slice(&other.role);
        self.kinds.extend_from_slice(&other.kinds);
        self.tool.extend(other.tool.iter().map(name));
        self.model.extend(other.model.iter().map(name));
        self.text += other.text;
    }
}
