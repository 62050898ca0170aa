//! The names of the files of a remote.

use std::fmt;

use crate::object::id::Id;

/// The name of a file of a remote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A pack.
    Pack(Id),
    /// The index of a pack.
    Index(Id),
    /// The refs of a writer, version by version.
    Table(Id, u64),
    /// Who may read an encrypted remote, version by version.
    Members(u64),
}

impl Key {
    /// Reads a name; `None` for one that isn't exactly as we write it.
    pub fn parse(text: &str) -> Option<Key> {
        let key = match text.split_once('/')? {
            ("packs", file) => match file.rsplit_once('.')? {
                (name, "pack") => Key::Pack(Id::from_hex(name)?),
                (name, "idx") => Key::Index(Id::from_hex(name)?),
                _ => return None,
            },
            ("refs", rest) => {
                let (writer, number) = rest.split_once('/')?;
                Key::Table(Id::from_hex(writer)?, number.parse().ok()?)
            }
            ("members", number) => Key::Members(number.parse().ok()?),
            _ => return None,
        };
        (key.to_string() == text).then_some(key)
    }

    /// Tells whether a file lies in a folder.
    pub fn is_in(&self, folder: Folder) -> bool {
        match (self, folder) {
            (Key::Pack(_) | Key::Index(_), Folder::Packs)
            | (Key::Table(..), Folder::Refs)
            | (Key::Members(_), Folder::Members) => true,
            (Key::Table(writer, _), Folder::Writer(wanted)) => *writer == wanted,
            _ => false,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Pack(name) => write!(f, "packs/{name}.pack"),
            Key::Index(name) => write!(f, "packs/{name}.idx"),
            Key::Table(writer, number) => write!(f, "refs/{writer}/{number}"),
            Key::Members(number) => write!(f, "members/{number}"),
        }
    }
}

/// A folder of a remote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folder {
    /// Packs and their indexes.
    Packs,
    /// Tables of refs.
    Refs,
    /// Tables of refs of one writer.
    Writer(Id),
    /// Lists of those who may read.
    Members,
}

impl Folder {
    /// Reads a folder as it is written.
    pub fn parse(text: &str) -> Option<Folder> {
        let folder = match text {
            "packs/" => Folder::Packs,
            "refs/" => Folder::Refs,
            "members/" => Folder::Members,
            _ => Folder::Writer(Id::from_hex(text.strip_prefix("refs/")?.strip_suffix('/')?)?),
        };
        (folder.to_string() == text).then_some(folder)
    }
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Folder::Packs => f.write_str("packs/"),
            Folder::Refs => f.write_str("refs/"),
            Folder::Writer(writer) => write!(f, "refs/{writer}/"),
            Folder::Members => f.write_str("members/"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_names_are_read() {
        let id = Id::from_bytes([0xab; 16]);
        let (pack, table, members) = (Key::Pack(id), Key::Table(id, 0), Key::Members(7));
        for key in [pack, Key::Index(id), table, Key::Table(id, u64::MAX), members] {
            assert_eq!(Key::parse(&key.to_string()), Some(key));
        }
        let hex = id.to_string();
        for text in [
            format!("packs/{}.pack", hex.to_uppercase()),
            format!("packs/{hex} (conflicted copy).pack"),
            format!("packs/{hex}.sync-conflict-20260101.pack"),
            format!("packs/{hex}.pack~"),
            format!("packs/../{hex}.pack"),
            format!("refs/{hex}/01"),
            format!("refs/{hex}/+1"),
            format!("refs/{hex}/1/2"),
            format!("refs/{hex}/1 2"),
            format!("{hex}.pack"),
            "members/x".to_owned(),
            String::new(),
        ] {
            assert_eq!(Key::parse(&text), None, "{text}");
        }
    }

    #[test]
    fn folders_hold_what_their_names_say() {
        let (one, two) = (Id::from_bytes([1; 16]), Id::from_bytes([2; 16]));
        for folder in [Folder::Packs, Folder::Refs, Folder::Writer(one), Folder::Members] {
            assert_eq!(Folder::parse(&folder.to_string()), Some(folder));
            for key in [Key::Pack(one), Key::Index(two), Key::Table(one, 1), Key::Members(1)] {
                assert_eq!(key.is_in(folder), key.to_string().starts_with(&folder.to_string()));
            }
        }
        assert!(!Key::Table(two, 1).is_in(Folder::Writer(one)));
        for odd in ["", "packs", "refs/x/", "refs//", "../", "refs/../"] {
            assert_eq!(Folder::parse(odd), None, "{odd}");
        }
    }
}
