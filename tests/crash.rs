//! Processes that are killed, or meet a full disk, in the middle of a write.
//!
//! A test runs this binary again as a child that writes to a store and says on
//! its standard output what it was told is durable. The child stops at a
//! random point: at the n-th step of its writing (`SFS_TEST_CRASH`, in builds
//! with debug assertions), or killed at a random moment. Then all that it
//! said must be there whole, nothing be damaged, and the store take more.
//!
//! `SFS_TEST_RUNS=5000` makes more runs than the default.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the failure")]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sfs::object::{Block, Body, Commit, Id, Message, Role, Text};
use sfs::store::{Actor, Batch, Edit, GcOptions, RefValue, Store, StoreError};

/// The folder and the seed of a child.
const CHILD: &str = "SFS_CRASH_CHILD";
const RUNS: u64 = 160;
/// How often a store is crashed before another is begun.
const CRASHES: u64 = 6;
const SHARED: &str = "head/shared/main";

struct Rng(u64);

impl Rng {
    fn new(seed: u64) -> Rng {
        Rng(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, n: u64) -> u64 {
        (self.next() >> 16) % n
    }
}

fn actor() -> Actor {
    Actor { who: "someone@somewhere".into(), now: 1_700_000_000_000, command: "crash".into() }
}

fn open(dir: &Path) -> Result<Store, StoreError> {
    Store::open_or_create(&dir.join("store"), Id::ZERO)
}

/// The text of transaction `name`: mostly short, at times as long as makes a
/// fold or a pack of its own.
fn text_of(name: &str) -> Vec<u8> {
    let mut rng = Rng::new(name.bytes().fold(7, |sum: u64, b| sum.wrapping_mul(31).wrapping_add(b.into())));
    let len = match rng.below(40) {
        0 => 2_200_000,
        1..4 => 1_400_000,
        _ => 600 + rng.below(3000),
    };
    let mut text = name.as_bytes().to_vec();
    while text.len() < len as usize {
        text.extend(rng.next().to_le_bytes());
    }
    text
}

/// One transaction: a commit with its text under a name of its own, and the
/// shared ref moved to it.
fn write(store: &mut Store, name: &str) -> Result<Id, StoreError> {
    loop {
        let mut batch = Batch::default();
        let text = text_of(name);
        let len = text.len() as u64;
        let blob = batch.put_blob(store, text)?;
        let message = Message { role: Role::User, blocks: vec![Block::Text(Text::Blob(blob, len))] };
        let shared = store.refs().get(SHARED).cloned();
        let parents = match &shared {
            Some(RefValue::Commit(id)) => vec![*id],
            _ => Vec::new(),
        };
        let commit = Commit { after: parents.first().copied(), parents, ..Commit::default() };
        let body = Body { records: Vec::new(), message: Some(message) };
        let (id, _) = batch.put_commit(store, commit, body)?;
        let tip = Some(RefValue::Commit(id));
        let edits = vec![
            Edit { name: SHARED.into(), expect: shared, new: tip.clone() },
            Edit { name: name.into(), expect: None, new: tip },
        ];
        match store.apply(batch, edits, &actor()) {
            Ok(()) => return Ok(id),
            Err(StoreError::Conflict(_)) => {}
            Err(e) => return Err(e),
        }
    }
}

/// What a child does: writes, and at times collects garbage.
#[test]
fn child() {
    let Ok(given) = std::env::var(CHILD) else { return };
    let (seed, dir) = given.split_once(':').unwrap();
    let mut rng = Rng::new(seed.parse().unwrap());
    let mut out = std::io::stdout();
    let mut say = |line: String| {
        // A full pipe would hold us up; a closed one is the parent's death.
        writeln!(out, "\n{line}").and_then(|()| out.flush()).unwrap();
    };
    let failed = |e: &StoreError| match e.path() {
        Some(path) => format!("refused {}", path.display()),
        None => format!("wrong {e}"),
    };
    let mut store = match open(Path::new(dir)) {
        Ok(store) => store,
        Err(e) => return say(failed(&e)),
    };
    for n in 0..10 {
        if rng.below(8) == 0 {
            let options = GcOptions { dry_run: false, grace: Duration::ZERO, level: 1 };
            match store.gc(&options) {
                Ok(_) => {}
                Err(e) => say(failed(&e)),
            }
        }
        let name = format!("head/{seed}/{n}");
        match write(&mut store, &name) {
            Ok(id) => say(format!("done {name} {id}")),
            Err(e) => {
                say(failed(&e));
                store = open(Path::new(dir)).unwrap();
                assert!(!store.refs().contains_key(&name), "{name} was refused and is there");
            }
        }
    }
    say("end".into());
}

fn spawn(mut command: Command, dir: &Path, seed: u64) -> Child {
    command
        .args(["child", "--exact", "--nocapture"])
        .env(CHILD, format!("{seed}:{}", dir.display()))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// What a child said before it ended, and whether it came to its end.
#[derive(Default)]
struct Said {
    done: Vec<(String, Id)>,
    refused: u64,
    ended: bool,
}

fn hear(mut child: Child) -> Said {
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    child.wait().unwrap();
    let mut said = Said::default();
    for line in text.lines() {
        match line.split(' ').collect::<Vec<_>>()[..] {
            // A line that is cut short was not said.
            ["done", name, id] if id.len() == Id::LEN * 2 => {
                said.done.push((name.into(), Id::from_hex(id).unwrap()));
            }
            ["refused", _] => said.refused += 1,
            ["end"] => said.ended = true,
            ["wrong", ..] => panic!("{line}"),
            _ => {}
        }
    }
    said
}

/// All that is known to be durable is there, nothing is damaged, and the store
/// takes another transaction.
fn is_sound(dir: &Path, known: &mut BTreeMap<String, Id>, seed: u64) {
    let mut store = open(dir).unwrap();
    for (name, id) in known.iter() {
        assert_eq!(store.refs().get(name), Some(&RefValue::Commit(*id)), "seed {seed}: {name} is lost");
    }
    // Those that nobody was told of are whole as well, if they are there.
    for (name, value) in store.refs() {
        let RefValue::Commit(id) = value else { panic!("{name}") };
        let commit = store.commit(id).unwrap();
        let Some(message) = store.body(id, &commit).unwrap().message else { panic!("{name}") };
        let [Block::Text(Text::Blob(blob, _))] = message.blocks[..] else { panic!("{name}") };
        let text = store.blob(&blob).unwrap();
        assert!(name == SHARED || text == text_of(name), "seed {seed}: {name}");
    }
    let report = store.fsck(&mut |_| {}).unwrap();
    assert!(report.faults.is_empty(), "seed {seed}: {:?}", report.faults);
    let name = format!("head/after/{seed}");
    let id = write(&mut store, &name).unwrap();
    assert_eq!(open(dir).unwrap().refs().get(&name), Some(&RefValue::Commit(id)), "seed {seed}");
    known.insert(name, id);
}

fn this() -> Command {
    Command::new(std::env::current_exe().unwrap())
}

fn runs() -> u64 {
    std::env::var("SFS_TEST_RUNS").ok().and_then(|n| n.parse().ok()).unwrap_or(RUNS)
}

/// Crashes stores `runs` times, from `seed` on.
fn crash(mut seed: u64, runs: u64, one: impl Fn(&Path, u64, &mut Rng) -> Vec<Said>) {
    let last = seed + runs * 2;
    while seed < last {
        let dir = tempfile::tempdir().unwrap();
        let mut known = BTreeMap::new();
        for _ in 0..CRASHES {
            let mut rng = Rng::new(seed);
            for said in one(dir.path(), seed, &mut rng) {
                known.extend(said.done);
            }
            is_sound(dir.path(), &mut known, seed);
            seed += 2;
        }
    }
}

fn kill_after(mut child: Child, rng: &mut Rng) -> Said {
    std::thread::sleep(Duration::from_micros(rng.below(150_000)));
    child.kill().unwrap();
    hear(child)
}

#[test]
fn aborted_at_any_step() {
    crash(0, runs(), |dir, seed, rng| {
        let mut command = this();
        command.env("SFS_TEST_CRASH", (1 + rng.below(90)).to_string());
        vec![hear(spawn(command, dir, seed))]
    });
}

#[test]
fn killed_at_any_moment() {
    crash(1_000_000, runs() / 2, |dir, seed, rng| vec![kill_after(spawn(this(), dir, seed), rng)]);
}

/// One of two is killed; the other goes on.
#[test]
fn killed_beside_another_process() {
    crash(2_000_000, runs() / 4, |dir, seed, rng| {
        let other = spawn(this(), dir, seed + 1);
        let said = kill_after(spawn(this(), dir, seed), rng);
        let other = hear(other);
        assert!(other.ended && other.refused == 0);
        vec![said, other]
    });
}

/// A disk that is full, played by a limit on the length of files.
#[cfg(target_os = "linux")]
#[test]
fn full_disk() {
    crash(3_000_000, runs() / 4, |dir, seed, rng| {
        let mut command = Command::new("sh");
        let blocks = if rng.below(3) == 0 { rng.below(20) } else { rng.below(9000) };
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        command.args(["-c", &script]).arg(std::env::current_exe().unwrap());
        let said = hear(spawn(command, dir, seed));
        assert!(said.ended || said.refused > 0, "seed {seed}: it neither went on nor said why not");
        vec![said]
    });
}
