use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sub/config.toml");
    if !text.is_empty() {
        std::fs::create_dir(dir.path().join("sub")).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    (dir, path)
}

fn read(path: &Path, variables: &[(&str, &str)], given: &[&str]) -> Result<Settings, SettingsError> {
    let variables: BTreeMap<String, String> =
        variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    Settings::read(path, &variables, &given.iter().map(|g| (*g).to_owned()).collect::<Vec<_>>())
}

#[test]
fn what_is_said_later_counts() {
    let (_dir, path) = file("pager = \"more\"\nother = 1\n[capture]\nauto = true\n[gc]\nlevel = 3\n");
    let level = Key::find("gc.level").unwrap();
    let pager = Key::find("pager").unwrap();
    let settings = read(&path, &[], &[]).unwrap();
    assert_eq!(
        (settings.get(level), settings.get(pager)),
        ((Some("3"), Origin::File), (Some("more"), Origin::File))
    );
    assert_eq!(settings.unknown, ["other"]);
    let variables = [("SFS_PAGER", "most"), ("SFS_CAPTURE", "off"), ("SFS_DIR", ""), ("NO_COLOR", "1")];
    let settings = read(&path, &variables, &["gc.level=9"]).unwrap();
    assert_eq!(settings.get(pager), (Some("most"), Origin::Variable("SFS_PAGER")));
    assert_eq!(settings.get(level), (Some("9"), Origin::CommandLine));
    assert!(!settings.is_on("capture.auto") && settings.is_on("capture.snapshots"));
    assert_eq!((settings.said("store"), settings.said("color")), (None, Some("never")));
    assert_eq!(settings.chosen().collect::<Vec<_>>(), [("gc.level", "9")]);
    assert_eq!(read(&path, &variables, &["pager=x y"]).unwrap().said("pager"), Some("x y"));
    let nothing = read(&path.join("none"), &[], &[]);
    assert!(matches!(nothing, Err(SettingsError::Io { .. })), "a file is no folder");
}

#[test]
fn what_makes_no_sense_is_refused() {
    for (text, given, wrong) in [
        ("color = \"green\"", "", "color can't be \"green\": it is auto, always, never"),
        ("[gc]\nlevel = 23", "", "gc.level can't be \"23\": it is a number from 1 to 22"),
        ("[gc]\nlevel = [1]", "", "gc.level can't be \"[1]\""),
        ("[gc", "", "TOML parse error at line 1"),
        ("", "gc", "\"gc\" is not KEY=VALUE"),
        ("", "level=3", "no setting is called \"level\""),
        ("", "store=here", "a path that begins with / or ~/"),
        ("", "gc.grace=2026-01-01", "a length of time"),
        ("", "resume.history=0", "a number of turns"),
        ("", "resume.in=notepad", "a tool that"),
    ] {
        let (_dir, path) = file(text);
        let given: Vec<&str> = [given].into_iter().filter(|given| !given.is_empty()).collect();
        let error = read(&path, &[], &given).unwrap_err().to_string();
        assert!(error.contains(wrong), "{text}: {error}");
    }
    let near = |name| match Key::find(name) {
        Err(SettingsError::Unknown { near, .. }) => near,
        _ => None,
    };
    assert_eq!((near("level"), near("colour"), near("gc_level")), (Some("gc.level"), None, Some("gc.level")));
}

#[test]
fn one_key_is_changed_and_the_rest_stays() {
    let (_dir, path) = file("");
    let (level, color) = (Key::find("gc.level").unwrap(), Key::find("color").unwrap());
    set(&path, level, "5").unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "[gc]\nlevel = 5\n");
    let mine = "# mine\ncolor = 'auto' # why\n\n[gc] # b\n  grace = \"2h\"\nlevel =  5# c\n[other]\nx = 1\n";
    std::fs::write(&path, mine).unwrap();
    set(&path, level, "6").unwrap();
    set(&path, color, "never").unwrap();
    let now = std::fs::read_to_string(&path).unwrap();
    assert_eq!(now, mine.replace("'auto'", "\"never\"").replace("  5#", "  6#"));
    assert!(unset(&path, "gc.level").unwrap() && !unset(&path, "gc.level").unwrap());
    assert!(unset(&path, "other.x").unwrap(), "what is not known can be taken out");
    assert_eq!(read(&path, &[], &[]).unwrap().chosen().count(), 2);
    assert!(matches!(set(&path, level, "0"), Err(SettingsError::Value { .. })));
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link_and_its_file_as_private_as_it_was() {
    use std::os::unix::fs::PermissionsExt;
    let (dir, path) = file("color = \"auto\"\n");
    let link = dir.path().join("link.toml");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    set(&link, Key::find("ui.mouse").unwrap(), "true").unwrap();
    assert!(link.is_symlink());
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(read(&path, &[], &[]).unwrap().is_on("ui.mouse"));
}

#[test]
fn keys_are_in_order_and_their_defaults_are_allowed() {
    assert!(KEYS.is_sorted_by_key(|key| key.name));
    for key in KEYS {
        let default = key.default.is_empty() || key.kind.allows(key.default);
        assert!(default && !key.about.is_empty() && key.name.matches('.').count() <= 1, "{key:?}");
    }
}

proptest! {
    #[test]
    fn any_words_are_read_back(words in "[^\\p{Cc}]{1,20}") {
        let (_dir, path) = file("# first\n");
        let key = Key::find("pager").unwrap();
        prop_assume!(key.kind.allows(&words));
        set(&path, key, &words).unwrap();
        let settings = read(&path, &[], &[]).unwrap();
        prop_assert_eq!(settings.said("pager"), Some(words.as_str()));
    }

    #[test]
    fn no_file_is_too_much(text in "\\PC*|([a-z.]{1,8} ?= ?[\\[{\"0-9a-z.\\]}]{0,9}\n|\\[[a-z.]{1,8}\\]\n){0,9}") {
        let (_dir, path) = file(&format!("\n{text}"));
        let _ = read(&path, &[], &[]);
        if set(&path, Key::find("gc.level").unwrap(), "7").is_ok() {
            let text = std::fs::read_to_string(&path).unwrap();
            prop_assert!(text.contains('7'));
        }
    }
}
