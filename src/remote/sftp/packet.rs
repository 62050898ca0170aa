//! The packets of SFTP: how they are written, and what of an answer is believed.

use std::io::{self, ErrorKind, Read, Write};

/// The version of the protocol.
const VERSION: u32 = 3;
/// The longest packet that is believed, in bytes.
const PACKET_MAX: u32 = 1 << 20;

/// Types of packets; section 3 of the draft.
pub(super) mod kind {
    pub(in crate::remote::sftp) const INIT: u8 = 1;
    pub(in crate::remote::sftp) const VERSION: u8 = 2;
    pub(in crate::remote::sftp) const OPEN: u8 = 3;
    pub(in crate::remote::sftp) const CLOSE: u8 = 4;
    pub(in crate::remote::sftp) const READ: u8 = 5;
    pub(in crate::remote::sftp) const WRITE: u8 = 6;
    pub(in crate::remote::sftp) const OPENDIR: u8 = 11;
    pub(in crate::remote::sftp) const READDIR: u8 = 12;
    pub(in crate::remote::sftp) const REMOVE: u8 = 13;
    pub(in crate::remote::sftp) const MKDIR: u8 = 14;
    pub(in crate::remote::sftp) const STAT: u8 = 17;
    pub(in crate::remote::sftp) const RENAME: u8 = 18;
    pub(in crate::remote::sftp) const STATUS: u8 = 101;
    pub(in crate::remote::sftp) const HANDLE: u8 = 102;
    pub(in crate::remote::sftp) const DATA: u8 = 103;
    pub(in crate::remote::sftp) const NAME: u8 = 104;
    pub(in crate::remote::sftp) const ATTRS: u8 = 105;
    pub(in crate::remote::sftp) const EXTENDED: u8 = 200;
}

/// Codes of a status; section 7.
pub(super) const OK: u32 = 0;
pub(super) const EOF: u32 = 1;
pub(super) const NO_SUCH_FILE: u32 = 2;
pub(super) const PERMISSION_DENIED: u32 = 3;
/// Ways to open; section 6.3.
pub(super) const OPEN_READ: u32 = 1;
/// To write a file that isn't there.
pub(super) const OPEN_NEW: u32 = 2 | 8 | 32;
/// Which attributes follow; section 5.
const ATTR_SIZE: u32 = 1;
const ATTR_OWNER: u32 = 2;
const ATTR_MODE: u32 = 4;
const ATTR_TIMES: u32 = 8;
const ATTR_MORE: u32 = 1 << 31;

/// What a packet answers.
pub(super) enum Answer {
    Status(u32, String),
    Handle(Vec<u8>),
    Data(Vec<u8>),
    Names(Vec<(String, Attrs)>),
    Attrs(Attrs),
}

/// What is told of a file.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Attrs {
    /// Its length in bytes.
    pub(super) size: u64,
    mode: u32,
}

impl Attrs {
    fn is(self, kind: u32) -> bool {
        self.mode & 0o170_000 == kind
    }

    pub(super) fn is_dir(self) -> bool {
        self.is(0o040_000)
    }

    pub(super) fn is_file(self) -> bool {
        self.is(0o100_000)
    }
}

/// Agrees on the version; the extensions that the server has.
pub(super) fn hello(stream: &mut (impl Read + Write)) -> io::Result<Vec<String>> {
    send(stream, kind::INIT, &VERSION.to_be_bytes())?;
    stream.flush()?;
    let (kind, body) = receive(stream)?;
    let mut fields = Fields(&body);
    if kind != kind::VERSION || fields.number().is_none_or(|version| version < VERSION) {
        return Err(odd());
    }
    let mut extensions = Vec::new();
    while let (Some(name), Some(_)) = (fields.text(), fields.string()) {
        extensions.push(name);
    }
    Ok(extensions)
}

pub(super) fn send(stream: &mut impl Write, kind: u8, body: &[u8]) -> io::Result<()> {
    let len = u32::try_from(body.len() + 1).map_err(|_| odd())?;
    stream.write_all(&len.to_be_bytes())?;
    stream.write_all(&[kind])?;
    stream.write_all(body)
}

pub(super) fn receive(stream: &mut impl Read) -> io::Result<(u8, Vec<u8>)> {
    let (mut len, mut kind) = ([0; 4], [0; 1]);
    stream.read_exact(&mut len)?;
    let len = u32::from_be_bytes(len);
    if len == 0 || len > PACKET_MAX {
        return Err(odd());
    }
    stream.read_exact(&mut kind)?;
    let mut body = vec![0; len as usize - 1];
    stream.read_exact(&mut body)?;
    let [kind] = kind;
    Ok((kind, body))
}

/// Reads the answer to a question.
pub(super) fn parse(kind: u8, body: &[u8], id: u32) -> Option<Answer> {
    let mut fields = Fields(body);
    if fields.number()? != id {
        return None;
    }
    Some(match kind {
        kind::STATUS => Answer::Status(fields.number()?, fields.text().unwrap_or_default()),
        kind::HANDLE => Answer::Handle(fields.string()?.to_vec()),
        kind::DATA => Answer::Data(fields.string()?.to_vec()),
        kind::ATTRS => Answer::Attrs(fields.attrs()?),
        kind::NAME => {
            let (count, mut names) = (fields.number()?, Vec::new());
            for _ in 0..count {
                let name = fields.string()?;
                fields.string()?;
                let attrs = fields.attrs()?;
                // Ours are all text.
                names.extend(std::str::from_utf8(name).ok().map(|name| (name.to_owned(), attrs)));
            }
            Answer::Names(names)
        }
        _ => return None,
    })
}

pub(super) fn odd() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "it doesn't speak SFTP as it should")
}

pub(super) fn put_string(to: &mut Vec<u8>, bytes: &[u8]) {
    to.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    to.extend_from_slice(bytes);
}

/// Attributes with a mode alone; none for 0.
pub(super) fn attrs(mode: u32) -> Vec<u8> {
    match mode {
        0 => 0u32.to_be_bytes().to_vec(),
        mode => [ATTR_MODE.to_be_bytes(), mode.to_be_bytes()].concat(),
    }
}

/// Fields of a packet, read one after another.
struct Fields<'b>(&'b [u8]);

impl<'b> Fields<'b> {
    fn number(&mut self) -> Option<u32> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*number))
    }

    fn long(&mut self) -> Option<u64> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_be_bytes(*number))
    }

    fn string(&mut self) -> Option<&'b [u8]> {
        let len = self.number()? as usize;
        let (string, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(string)
    }

    fn text(&mut self) -> Option<String> {
        Some(String::from_utf8_lossy(self.string()?).into_owned())
    }

    fn attrs(&mut self) -> Option<Attrs> {
        let (flags, mut attrs) = (self.number()?, Attrs::default());
        if flags & ATTR_SIZE != 0 {
            attrs.size = self.long()?;
        }
        if flags & ATTR_OWNER != 0 {
            self.long()?;
        }
        if flags & ATTR_MODE != 0 {
            attrs.mode = self.number()?;
        }
        if flags & ATTR_TIMES != 0 {
            self.long()?;
        }
        if flags & ATTR_MORE != 0 {
            for _ in 0..self.number()? {
                self.string()?;
                self.string()?;
            }
        }
        Some(attrs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_that_are_cut_or_lie_are_no_answers() {
        let mut body = 7u32.to_be_bytes().to_vec();
        body.extend(1u32.to_be_bytes());
        put_string(&mut body, b"name");
        put_string(&mut body, b"-rw- name");
        body.extend((ATTR_SIZE | ATTR_MODE).to_be_bytes());
        body.extend(5u64.to_be_bytes());
        body.extend(0o100_600u32.to_be_bytes());
        let Some(Answer::Names(names)) = parse(kind::NAME, &body, 7) else { panic!() };
        let (name, attrs) = names.first().unwrap();
        assert_eq!((name.as_str(), attrs.size, attrs.is_file(), attrs.is_dir()), ("name", 5, true, false));
        assert!(parse(kind::NAME, &body, 8).is_none());
        for cut in 0..body.len() {
            assert!(parse(kind::NAME, body.get(..cut).unwrap(), 7).is_none(), "{cut}");
        }
        assert!(receive(&mut &b"\xff\xff\xff\xff\x01"[..]).is_err());
    }
}
