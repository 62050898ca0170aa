//! Files are put in place, and nowhere else.
#![cfg(unix)]

use super::*;
use crate::store::Actor;
use std::os::unix::fs::{PermissionsExt, symlink};

struct World {
    dir: tempfile::TempDir,
    store: Store,
}

impl World {
    fn new() -> World {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("root")).unwrap();
        std::fs::create_dir_all(dir.path().join("outside")).unwrap();
        let store = Store::open_or_create(&dir.path().join("store"), Id::ZERO).unwrap();
        World { dir, store }
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("root")
    }

    fn plan(&self, files: &[(&str, u32, &str)]) -> Plan {
        let wanted = files.iter().map(|(path, mode, text)| {
            let blob = Id::of(Kind::Blob, text.as_bytes());
            let entry = Entry { path: (*path).into(), mode: *mode, blob, len: text.len() as u64 };
            ((*path).to_owned(), Wanted { entry, bytes: Some(text.as_bytes().to_vec()) })
        });
        plan(&self.store, &self.root(), wanted.collect()).unwrap()
    }

    fn place(&self, plan: &Plan) -> Result<(), WorkspaceError> {
        place(&self.store, &self.root(), plan, &mut || ())
    }

    fn is_outside_empty(&self) -> bool {
        std::fs::read_dir(self.dir.path().join("outside")).unwrap().next().is_none()
    }
}

fn refusal(plan: &Plan, path: &str) -> Option<Refusal> {
    match plan.get(path).unwrap().1 {
        Deed::Refuse(why) => Some(why),
        _ => None,
    }
}

#[test]
fn files_links_and_modes_come_back() {
    let world = World::new();
    let files = [("a/b/run.sh", 0o755, "#!"), ("a/c", 0o600, "x"), ("a/l", LINK, "b/run.sh")];
    world.place(&world.plan(&files)).unwrap();
    let at = |path: &str| world.root().join(path);
    assert_eq!(std::fs::read_to_string(at("a/l")).unwrap(), "#!");
    let mode = |path: &str| std::fs::metadata(at(path)).unwrap().permissions().mode() & 0o700;
    assert_eq!((mode("a/b/run.sh"), mode("a/c")), (0o700, 0o600));
    assert!(world.plan(&files).values().all(|(_, deed)| *deed == Deed::Same));
    std::fs::set_permissions(at("a/b/run.sh"), std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(world.plan(&files)["a/b/run.sh"].1, Deed::Replace(_)));
}

#[test]
fn nothing_is_written_through_a_link() {
    let world = World::new();
    symlink(world.dir.path().join("outside"), world.root().join("a")).unwrap();
    let through = world.plan(&[("a/x", 0o644, "evil"), ("a/b/x", 0o644, "evil")]);
    assert_eq!(refusal(&through, "a/x"), Some(Refusal::NoFolder));
    assert_eq!(refusal(&through, "a/b/x"), Some(Refusal::NoFolder));
    world.place(&through).unwrap();
    // A link that comes after the plan was made is found as well.
    std::fs::remove_file(world.root().join("a")).unwrap();
    let late = world.plan(&[("a/x", 0o644, "evil")]);
    symlink(world.dir.path().join("outside"), world.root().join("a")).unwrap();
    assert!(world.place(&late).is_err());
    // In the place of a file, a link is replaced and not followed; so is one in the place of what
    // is written aside.
    let target = world.dir.path().join("outside/victim");
    symlink(&target, world.root().join("f")).unwrap();
    symlink(&target, world.root().join(format!("f{ASIDE}"))).unwrap();
    world.place(&world.plan(&[("f", 0o644, "good")])).unwrap();
    assert_eq!(std::fs::read_to_string(world.root().join("f")).unwrap(), "good");
    assert!(!world.root().join("f").is_symlink() && world.is_outside_empty());
}

#[test]
fn links_lead_nowhere_else() {
    for (path, target) in [
        ("l", "/etc/passwd"),
        ("l", "../x"),
        ("a/l", "../../x"),
        ("a/b/l", "../../k/../y"),
        ("l", ".git/hooks"),
        ("a/l", "../.ssh/config"),
        ("l", "a\\..\\..\\x"),
    ] {
        assert!(leads_out(path, target), "{path} -> {target}");
    }
    for (path, target) in [("l", "a/b"), ("a/l", "../b"), ("a/b/l", "./x"), ("a/l", "..")] {
        assert!(!leads_out(path, target), "{path} -> {target}");
    }
}

#[test]
fn guarded_and_odd_paths_are_refused() {
    let world = World::new();
    for path in [".git/hooks/post-checkout", ".GIT/config", "a/.env", "a\nb", "../x", "/x", "a/../../x"] {
        let made = world.plan(&[(path, 0o755, "evil")]);
        assert!(refusal(&made, path).is_some(), "{path}");
        world.place(&made).unwrap();
    }
    assert!(std::fs::read_dir(world.root()).unwrap().next().is_none());
}

#[test]
fn what_changed_since_the_plan_is_not_overwritten() {
    let mut world = World::new();
    let at = world.root().join("f");
    std::fs::write(&at, "mine").unwrap();
    let made = world.plan(&[("f", 0o644, "theirs")]);
    let mut batch = Batch::default();
    let kept = keep(&world.store, &mut batch, &world.root(), &made).unwrap();
    world.store.apply(batch, Vec::new(), &Actor::default()).unwrap();
    assert_eq!(world.store.blob(&kept["f"].blob).unwrap(), b"mine");
    std::fs::write(&at, "mine again").unwrap();
    assert!(world.place(&made).is_err());
    assert!(keep(&world.store, &mut Batch::default(), &world.root(), &made).is_err());
    let new = world.plan(&[("g", 0o644, "theirs")]);
    std::fs::write(world.root().join("g"), "mine").unwrap();
    assert!(world.place(&new).is_err());
    assert_eq!(std::fs::read_to_string(&at).unwrap(), "mine again");
    assert_eq!(std::fs::read_to_string(world.root().join("g")).unwrap(), "mine");
}
