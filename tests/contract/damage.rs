//! What a crash, a full disk or a careless hand does to a file.

use std::fs;
use std::path::Path;

use sfs::ops::capture::CaptureReport;
use sfs::tool::{Found, Framing};

use crate::kept;
use crate::reading::{Read, read, twice};
use crate::world::World;

/// Files of at most so many bytes are cut off at each of them.
const SHORT: usize = 3 << 10;
/// The other sources of a home are read again after one damage in so many.
const OTHERS: usize = 16;
/// How many elements before the damage a document may take for unfinished,
/// now that nothing follows them.
const HELD: usize = 16;

/// Numbers from a seed.
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn of(name: &str) -> Rng {
        Rng(name
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325, |sum, b| (sum ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)))
    }

    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n.max(1)
    }
}

/// One thing that happens to a file, at a place in it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Damage {
    CutOff(usize),
    Flipped(usize, u8),
    Deleted(usize),
    Inserted(usize, u8),
}

impl Damage {
    fn at(self) -> usize {
        let (Damage::CutOff(at) | Damage::Flipped(at, _) | Damage::Deleted(at) | Damage::Inserted(at, _)) =
            self;
        at
    }

    fn of(self, bytes: &[u8]) -> Vec<u8> {
        let (before, after) = bytes.split_at(self.at());
        match self {
            Damage::CutOff(_) => before.to_vec(),
            Damage::Flipped(_, bits) => {
                [before, &[after.first().map_or(bits, |b| b ^ bits)], after.get(1..).unwrap_or_default()]
                    .concat()
            }
            Damage::Deleted(_) => [before, after.get(1..).unwrap_or_default()].concat(),
            Damage::Inserted(_, byte) => [before, &[byte], after].concat(),
        }
    }

    /// One of the kinds, by number, at a place.
    fn kind(kind: usize, at: usize, rng: &mut Rng) -> Damage {
        // What matters to JSON, to lines and to text is inserted most.
        let byte = *[b'"', b'\\', b'{', b'}', b'\n', 0, 0xff, b','].get(rng.below(8)).unwrap();
        match kind % 4 {
            0 => Damage::CutOff(at),
            1 => Damage::Flipped(at, 1 << rng.below(8)),
            2 => Damage::Deleted(at),
            _ => Damage::Inserted(at, byte),
        }
    }
}

/// How much is tried.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Effort {
    /// Every place of short files.
    Thorough,
    /// A few places of each.
    Sampled,
}

/// What is tried on a file of so many bytes.
fn plan(len: usize, effort: Effort, rng: &mut Rng) -> Vec<Damage> {
    match effort {
        Effort::Thorough if len <= SHORT => {
            // Each place is cut off at, and changed in one way.
            let cuts = (0..len).map(Damage::CutOff);
            let cuts: Vec<Damage> = cuts.collect();
            let others = (0..len).map(|at| Damage::kind(1 + rng.below(3), at, rng));
            let others: Vec<Damage> = others.collect();
            [cuts, others].concat()
        }
        Effort::Thorough => (0..240).map(|n| Damage::kind(n, rng.below(len), rng)).collect(),
        // What takes long to read is read less often.
        Effort::Sampled => {
            let tries = (2 << 20) / len.max(1);
            (0..tries.clamp(4, 16)).map(|n| Damage::kind(n, rng.below(len), rng)).collect()
        }
    }
}

/// Reads all that is left after each damage to each file.
pub(crate) fn read_anywhere(world: &World, effort: Effort) {
    let whole = twice(world);
    for path in world.files() {
        let bytes = fs::read(&path).unwrap();
        let mut rng = Rng::of(&path.to_string_lossy());
        for (n, damage) in plan(bytes.len(), effort, &mut rng).into_iter().enumerate() {
            let told = format!("{}: {} {damage:?}", world.name, path.display());
            let damaged = damage.of(&bytes);
            fs::write(&path, &damaged).unwrap();
            for found in world.found() {
                if found.path != path && found.framing != Framing::Folder && n % OTHERS > 0 {
                    continue;
                }
                let known = whole.iter().find(|(f, _)| {
                    (&f.native, &f.part, &f.place) == (&found.native, &found.part, &found.place)
                });
                let hit = (found.path == path).then_some((damaged.as_slice(), damage.at()));
                still_reads(world, &found, known.map(|(_, read)| read), hit, &told);
            }
        }
        fs::write(&path, &bytes).unwrap();
    }
}

/// Checks one source after damage; `hit` tells the bytes of its own file, and
/// where it was hit, if it was that file.
fn still_reads(world: &World, found: &Found, whole: Option<&Read>, hit: Option<(&[u8], usize)>, told: &str) {
    let outcome = read(world.tool, found, false);
    let binary = matches!(found.framing, Framing::Rows | Framing::ZstdLines);
    let Ok(now) = outcome else {
        // What is compressed or a database may be beyond reading; a text never is.
        assert!(binary && hit.is_some() || found.framing == Framing::Folder, "{told}: {outcome:?}");
        return;
    };
    let Some(whole) = whole else { return };
    match hit {
        // A source of many files tells of the others.
        None if found.framing != Framing::Folder => {
            assert!(now.records == whole.records, "{told}: {} has other records", found.place);
        }
        Some((damaged, at)) if !binary && found.framing != Framing::Folder => {
            if !world.tool.shares_files() {
                assert!(now.joined() == damaged, "{told}: bytes are lost");
            }
            // Markdown's blocks end where others begin: one may now go on.
            let at = if world.tool.shares_files() { within(whole, damaged, at) } else { at };
            let markdown = found.path.extension().is_some_and(|ending| ending == "md");
            let before = whole.before(at).saturating_sub(usize::from(markdown));
            let same = before.min(now.steps.len());
            let held = if found.framing == Framing::Document { HELD } else { 0 };
            assert!(before <= same + held, "{told}: {before} records before it, {same} are left");
            assert!(whole.records.get(..same) == now.records.get(..same), "{told}: other records before it");
            assert!(
                whole.steps.get(..same) == now.steps.get(..same),
                "{told}: what is before it reads otherwise"
            );
        }
        _ => {}
    }
}

/// Where damage lies in a source that is a part of a file: 0 if it isn't
/// known where that begins.
fn within(whole: &Read, damaged: &[u8], at: usize) -> usize {
    let joined = whole.joined();
    let first = joined.get(..joined.len().min(at)).unwrap_or_default();
    let begin = damaged.windows(first.len().max(1)).position(|window| window == first);
    begin.map_or(0, |begin| at.saturating_sub(begin))
}

/// Captures a world, then what is left of it after some damages to each file:
/// the store gives back what is there now, and still has what was.
pub(crate) fn captured(world: &World, tries: usize) {
    let first = world.capture();
    assert!(first.trouble.is_empty(), "{}: {:?}", world.name, first.trouble);
    let found = world.found();
    for path in world.files() {
        let is_text = found.iter().any(|found| found.path == path && !is_binary(found));
        let bytes = fs::read(&path).unwrap();
        let mut rng = Rng::of(&world.name);
        for n in 0..tries {
            let damage = Damage::kind(n, rng.below(bytes.len()), &mut rng);
            let told = format!("{}: {} {damage:?}", world.name, path.display());
            let report = hit(world, &path, &damage.of(&bytes), &told);
            assert!(report.trouble.is_empty() || !is_text, "{told}: {:?}", report.trouble);
        }
        let report = hit(world, &path, &bytes, &format!("{}: {} as it was", world.name, path.display()));
        assert!(report.trouble.is_empty(), "{}: {:?}", world.name, report.trouble);
    }
}

fn hit(world: &World, path: &Path, bytes: &[u8], told: &str) -> CaptureReport {
    let before = kept::tips(&world.store());
    fs::write(path, bytes).unwrap();
    let report = world.capture();
    let texts: Vec<Found> = world.found().into_iter().filter(|found| !is_binary(found)).collect();
    kept::is_restored(world, &texts);
    let after = kept::reachable(&world.store());
    assert!(before.is_subset(&after), "{told}: a tip is gone");
    report
}

/// Whether a source is no text that can be read as far as it goes.
fn is_binary(found: &Found) -> bool {
    matches!(found.framing, Framing::Rows | Framing::ZstdLines | Framing::Folder)
}
