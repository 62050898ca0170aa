//! Reading a source as capture does, in memory.

use std::fs;
use std::io;

use sfs::object::split::Splitter;
use sfs::tool::{Found, Frame, Framing, Pieces, Reader, Step, StepFacts, Tool};

use crate::world::World;

/// What an adapter makes of a source.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) records: Vec<Vec<u8>>,
    /// What each record means, but for the facts that it tells of the session.
    pub(crate) steps: Vec<Step>,
    /// The facts that hold in the end. Which record they come with may depend
    /// on where reading begins, if they stand in a file beside it.
    pub(crate) facts: StepFacts,
    pub(crate) frame: Frame,
}

impl Read {
    /// All bytes again.
    pub(crate) fn joined(&self) -> Vec<u8> {
        let all = [self.frame.lead.as_slice()].into_iter().chain(self.records.iter().map(Vec::as_slice));
        all.chain([self.frame.trail.as_slice()]).collect::<Vec<_>>().concat()
    }

    /// How many records end before a place in the source.
    pub(crate) fn before(&self, at: usize) -> usize {
        let mut end = self.frame.lead.len();
        let ends = self.records.iter().map(|record| {
            end += record.len();
            end
        });
        ends.take_while(|end| *end < at).count()
    }

    pub(crate) fn says_something(&self) -> bool {
        let mut all = self.steps.iter().flat_map(|step| std::iter::once(step).chain(&step.then));
        all.any(|step| step.message.is_some())
    }

    pub(crate) fn unknown(&self) -> usize {
        self.steps.iter().filter(|step| step.unknown).count()
    }
}

/// The lines of a file, cut as capture cuts them.
struct Lines {
    bytes: Vec<u8>,
    at: usize,
    splitter: Splitter,
}

impl Pieces for Lines {
    fn next(&mut self) -> io::Result<Option<std::borrow::Cow<'_, [u8]>>> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let Some(piece) = self.splitter.next(rest) else { return Ok(None) };
        self.at += piece.end;
        Ok(rest.get(..piece.end).map(Into::into))
    }

    fn frame(&mut self) -> io::Result<Frame> {
        let trail = self.bytes.get(self.at..).unwrap_or_default().to_vec();
        Ok(Frame { trail, ..Frame::default() })
    }
}

fn open(tool: &dyn Tool, found: &Found) -> io::Result<Box<dyn Pieces>> {
    let lines = |bytes| Box::new(Lines { bytes, at: 0, splitter: Splitter::default() });
    match found.framing {
        Framing::Lines => Ok(lines(fs::read(&found.path)?)),
        Framing::ZstdLines => Ok(lines(zstd::stream::decode_all(fs::File::open(&found.path)?)?)),
        Framing::Document | Framing::Rows | Framing::Folder => tool.open(found),
    }
}

/// Reads a source; `anew` with a reader for each record, which knows what the
/// one before it left.
pub(crate) fn read(tool: &dyn Tool, found: &Found, anew: bool) -> io::Result<Read> {
    let (mut pieces, mut splitter) = (open(tool, found)?, Splitter::default());
    let (mut records, mut steps, mut facts) = (Vec::new(), Vec::new(), StepFacts::default());
    let mut reader = tool.reader(found, &[]);
    while let Some(record) = pieces.next()? {
        let mut step = step(tool, found, reader.as_mut(), &mut splitter, &record);
        tell(&mut step, &mut facts);
        steps.push(step);
        records.push(record.into_owned());
        if anew {
            let state = reader.state();
            assert!(state.len() < 1024, "{}: {} bytes of state", found.path.display(), state.len());
            reader = tool.reader(found, &state);
        }
    }
    Ok(Read { records, steps, facts, frame: pieces.frame()? })
}

/// Moves the facts of a step to those that hold: later ones replace earlier.
fn tell(step: &mut Step, facts: &mut StepFacts) {
    let (new, old) = (std::mem::take(&mut step.facts), std::mem::take(facts));
    *facts = StepFacts {
        user_title: new.user_title.or(old.user_title),
        tool_title: new.tool_title.or(old.tool_title),
        cwd: new.cwd.or(old.cwd),
        git_branch: new.git_branch.or(old.git_branch),
        version: new.version.or(old.version),
        forked_from: new.forked_from.or(old.forked_from),
        parent: new.parent.or(old.parent),
        created: new.created.or(old.created),
        updated: new.updated.or(old.updated),
    };
    step.then.iter_mut().for_each(|step| tell(step, facts));
}

fn step(
    tool: &dyn Tool,
    found: &Found,
    reader: &mut dyn Reader,
    splitter: &mut Splitter,
    record: &[u8],
) -> Step {
    let lines = matches!(found.framing, Framing::Lines | Framing::ZstdLines);
    // A record of lines that was cut off by the next one has no line end.
    let line = [record, b"\n"].concat();
    let piece = if lines { splitter.next(&line).unwrap() } else { splitter.document(record) };
    splitter.split(record, piece, tool.lift());
    match splitter.row(record, piece) {
        Some(row) => reader.read(Some(row)),
        None => reader.read_text(record, splitter.texts()).unwrap_or_else(|| reader.read(None)),
    }
}

/// All that the tool has, read in both ways to the same end.
pub(crate) fn twice(world: &World) -> Vec<(Found, Read)> {
    let discovery = world.tool.discover(&world.places());
    assert!(discovery.trouble.is_empty(), "{}: {:?}", world.name, discovery.trouble);
    let read_both = |found: Found| {
        let once = read(world.tool, &found, false).unwrap();
        let again = read(world.tool, &found, true).unwrap();
        let other = once.steps.iter().zip(&again.steps).find(|(a, b)| a != b);
        assert!(other.is_none(), "{}: {} reads otherwise: {other:?}", world.name, found.place);
        assert!(once == again, "{}: {} reads otherwise", world.name, found.place);
        (found, once)
    };
    world.found().into_iter().map(read_both).collect()
}
