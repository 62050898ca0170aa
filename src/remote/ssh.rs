//! A remote on another machine, through the system's `ssh`: its settings, keys
//! and agents are the user's business, and ours is what goes through.
//!
//! The far side runs `sfs serve-remote` if it is there. If not, plain SFTP
//! does as well, with more turns back and forth.

use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Write};
use std::ops::Range;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use super::listing::parse_lines;
use super::sftp::Sftp;
use super::wire::{GREETING, LISTING_MAX, PIECE_MAX, Request, Status, read_answer};
use super::{Around, Content, Counted, Folder, Key, Remote, RemoteError, Sent, SshAddress, copy_exact};

/// How much a shell may say before the far side greets, in bytes.
const NOISE_MAX: usize = 64 << 10;
/// How much of what ssh complains about is kept, in bytes.
const WORDS_MAX: u64 = 8 << 10;
/// What ssh exits with when the failure is its own.
const OWN_FAILURE: i32 = 255;

/// A remote behind ssh.
pub struct SshRemote {
    address: SshAddress,
    /// Where programs are looked for.
    path: Option<String>,
    /// Made when it is first needed, and again after it was cut.
    link: Mutex<Option<Link>>,
}

/// What is spoken with the far side.
enum Link {
    Sfs(Process),
    Sftp(Box<Sftp<Process>>),
}

impl SshRemote {
    /// The remote at an address. No connection is made yet.
    pub fn new(address: SshAddress, around: Around<'_>) -> SshRemote {
        SshRemote { address, path: around.vars.get("PATH").cloned(), link: Mutex::new(None) }
    }

    /// Does something through the link. One that failed is not used again.
    fn with<T>(&self, act: impl FnOnce(&mut Link) -> Result<T, RemoteError>) -> Result<T, RemoteError> {
        let mut guard = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        let mut link = match guard.take() {
            Some(link) => link,
            None => self.connect()?,
        };
        let outcome = act(&mut link);
        match outcome {
            Err(RemoteError::Lost { place, source }) => {
                let process = match link {
                    Link::Sfs(process) => process,
                    Link::Sftp(sftp) => sftp.into_stream(),
                };
                Err(RemoteError::Lost { place, source: process.why(source) })
            }
            outcome => {
                *guard = Some(link);
                outcome
            }
        }
    }

    fn connect(&self) -> Result<Link, RemoteError> {
        let serve = format!("sfs serve-remote -- {}", quoted(&self.address.path));
        let mut process = self.spawn(&[], &serve)?;
        let refused = match greet(&mut process) {
            Ok(()) => return Ok(Link::Sfs(process)),
            Err(e) => e,
        };
        let (status, words) = process.end();
        if status.is_none_or(|status| status.code().is_none_or(|code| code == OWN_FAILURE)) {
            return Err(self.lost(refused, &words));
        }
        let process = self.spawn(&["-s"], "sftp")?;
        match Sftp::start(process, &self.address.path, self.address.to_string()) {
            Ok(sftp) => Ok(Link::Sftp(Box::new(sftp))),
            Err((process, e)) => {
                let (_, more) = process.end();
                Err(self.lost(e, &format!("neither sfs nor sftp answers there; {words} {more}")))
            }
        }
    }

    /// Starts ssh. What follows `--` it takes for no option, and the address
    /// was checked to hold none.
    fn spawn(&self, options: &[&str], command: &str) -> Result<Process, RemoteError> {
        let mut ssh = Command::new("ssh");
        if let Some(path) = &self.path {
            ssh.env("PATH", path);
        }
        if let Some(port) = self.address.port {
            ssh.arg("-p").arg(port.to_string());
        }
        ssh.arg("-T").args(options).arg("--").arg(&self.address.target).arg(command);
        Process::start(ssh).map_err(|e| match e.kind() {
            ErrorKind::NotFound => {
                let what = "there is no `ssh` on this machine".to_owned();
                RemoteError::Server { place: self.address.to_string(), what }
            }
            _ => RemoteError::Lost { place: self.address.to_string(), source: e },
        })
    }

    fn lost(&self, error: io::Error, words: &str) -> RemoteError {
        RemoteError::Lost { place: self.address.to_string(), source: with_words(error, words) }
    }

    /// Asks the far side something that has one answer.
    fn ask(&self, process: &mut Process, request: &Request, limit: u64) -> Result<Vec<u8>, RemoteError> {
        let answer = request.write(process).and_then(|()| process.flush());
        let answer = answer.and_then(|()| read_answer(process, limit));
        match self.heard(answer)? {
            (Status::Done, bytes) => Ok(bytes),
            (status, words) => Err(self.refused(status, &words, request)),
        }
    }

    /// Asks whether something may be sent, and sends it; false if there is one.
    fn send(
        &self,
        process: &mut Process,
        request: &Request,
        (len, bytes): (u64, Box<dyn Read + '_>),
        sent: &Sent<'_>,
    ) -> Result<bool, RemoteError> {
        let may = request.write(process).and_then(|()| process.flush());
        let may = may.and_then(|()| read_answer(process, 0));
        match self.heard(may)? {
            (Status::Done, _) => {}
            (Status::Exists, _) => return Ok(false),
            (status, words) => return Err(self.refused(status, &words, request)),
        }
        let mut bytes = Counted { inner: bytes, sent };
        let answer = copy_exact(&mut bytes, process, len).and_then(|()| process.flush());
        let answer = answer.and_then(|()| read_answer(process, 0));
        match self.heard(answer)? {
            (Status::Done, _) => Ok(true),
            (Status::Exists, _) => Ok(false),
            (status, words) => Err(self.refused(status, &words, request)),
        }
    }

    fn heard<T>(&self, answer: io::Result<T>) -> Result<T, RemoteError> {
        answer.map_err(|source| RemoteError::Lost { place: self.address.to_string(), source })
    }

    fn refused(&self, status: Status, words: &[u8], request: &Request) -> RemoteError {
        let place = self.address.to_string();
        match status {
            Status::NotThere => RemoteError::NotThere(place),
            Status::IsStore => RemoteError::IsStore(place),
            Status::Missing => RemoteError::Missing(match request {
                Request::Get(key, _) => self.place(*key),
                _ => place,
            }),
            Status::Done | Status::Exists | Status::Failed => {
                RemoteError::Server { place, what: String::from_utf8_lossy(words).into_owned() }
            }
        }
    }
}

impl Remote for SshRemote {
    fn place(&self, key: Key) -> String {
        format!("{}/{key}", self.address.to_string().trim_end_matches('/'))
    }

    fn get(&self, key: Key, range: Range<u64>) -> Result<Vec<u8>, RemoteError> {
        self.with(|link| match link {
            Link::Sftp(sftp) => sftp.get(key, range),
            Link::Sfs(process) => {
                let mut bytes = Vec::new();
                let mut at = range.start;
                while at < range.end {
                    let end = range.end.min(at.saturating_add(PIECE_MAX));
                    let piece = self.ask(process, &Request::Get(key, at..end), end - at)?;
                    if piece.len() as u64 != end - at {
                        return Err(RemoteError::too_short(self.place(key)));
                    }
                    bytes.extend_from_slice(&piece);
                    at = end;
                }
                Ok(bytes)
            }
        })
    }

    fn create(&self, key: Key, content: Content<'_>, sent: &Sent<'_>) -> Result<bool, RemoteError> {
        let (len, bytes) = content.open()?;
        self.with(|link| match link {
            Link::Sfs(process) => self.send(process, &Request::Create(key, len), (len, bytes), sent),
            Link::Sftp(sftp) => sftp.create(key, len, &mut Counted { inner: bytes, sent }),
        })
    }

    fn list(&self, folder: Folder) -> Result<Vec<(Key, u64)>, RemoteError> {
        self.with(|link| match link {
            Link::Sfs(process) => {
                let bytes = self.ask(process, &Request::List(folder), LISTING_MAX)?;
                Ok(parse_lines(&String::from_utf8_lossy(&bytes)))
            }
            Link::Sftp(sftp) => sftp.list(folder),
        })
    }

    fn remove(&self, key: Key) -> Result<(), RemoteError> {
        self.with(|link| match link {
            Link::Sfs(process) => self.ask(process, &Request::Remove(key), 0).map(drop),
            Link::Sftp(sftp) => sftp.remove(key),
        })
    }

    fn publish(&self, index: &str) -> Result<(), RemoteError> {
        let content = (index.len() as u64, Box::new(index.as_bytes()) as Box<dyn Read>);
        self.with(|link| match link {
            Link::Sfs(process) => {
                self.send(process, &Request::Publish(content.0), content, &|_| ()).map(drop)
            }
            Link::Sftp(sftp) => sftp.publish(index),
        })
    }
}

/// A word for a shell, that it leaves as it is.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Reads up to the end of the greeting.
fn greet(from: &mut dyn Read) -> io::Result<()> {
    let mut said = Vec::new();
    let mut byte = [0; 1];
    while !said.ends_with(GREETING) {
        from.read_exact(&mut byte)?;
        said.extend_from_slice(&byte);
        if said.len() > NOISE_MAX {
            return Err(io::Error::new(ErrorKind::InvalidData, "the shell there says too much"));
        }
    }
    Ok(())
}

fn with_words(error: io::Error, words: &str) -> io::Error {
    match words.trim() {
        "" if error.kind() == ErrorKind::UnexpectedEof => {
            io::Error::new(error.kind(), "the other side hung up")
        }
        "" => error,
        words => io::Error::new(error.kind(), words.to_owned()),
    }
}

/// A program that is spoken with through its input and output.
pub(super) struct Process {
    child: Child,
    input: Option<BufWriter<ChildStdin>>,
    output: Option<BufReader<ChildStdout>>,
    complaints: Option<JoinHandle<String>>,
}

impl Process {
    fn start(mut command: Command) -> io::Result<Process> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let gone = || io::Error::from(ErrorKind::BrokenPipe);
        let input = child.stdin.take().ok_or_else(gone)?;
        let output = child.stdout.take().ok_or_else(gone)?;
        let mut errors = child.stderr.take().ok_or_else(gone)?;
        let complaints = std::thread::spawn(move || {
            let mut words = Vec::new();
            // What can't be read is lost, and the rest must not block ssh.
            let _ = (&mut errors).take(WORDS_MAX).read_to_end(&mut words);
            let _ = io::copy(&mut errors, &mut io::sink());
            String::from_utf8_lossy(&words).trim().to_owned()
        });
        let input = Some(BufWriter::with_capacity(64 << 10, input));
        Ok(Process { child, input, output: Some(BufReader::new(output)), complaints: Some(complaints) })
    }

    /// Hangs up and waits: how it ended, and what it complained about.
    fn end(mut self) -> (Option<ExitStatus>, String) {
        // A program that still wants to say something must not wait for us.
        (self.input, self.output) = (None, None);
        let status = self.child.wait().ok();
        let words = self.complaints.take().and_then(|thread| thread.join().ok());
        (status, words.unwrap_or_default())
    }

    /// An error, with what the program complained about.
    fn why(self, error: io::Error) -> io::Error {
        with_words(error, &self.end().1)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Closing its input ends it.
        (self.input, self.output) = (None, None);
        let _ = self.child.wait();
    }
}

impl Read for Process {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.output.as_mut().ok_or(ErrorKind::BrokenPipe)?.read(buffer)
    }
}

impl Write for Process {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.input.as_mut().ok_or(ErrorKind::BrokenPipe)?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.input.as_mut().ok_or(ErrorKind::BrokenPipe)?.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_leaves_quoted_words_as_they_are() {
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's; $(x)"), r"'it'\''s; $(x)'");
    }

    #[test]
    fn what_a_shell_says_before_the_greeting_is_passed_over() {
        let mut said = &b"Welcome!\nsfs-remote 2\nsfs-remote 1\nrest"[..];
        greet(&mut said).unwrap();
        assert_eq!(said, b"rest");
        assert!(greet(&mut &b"bye\n"[..]).is_err());
        assert!(greet(&mut io::repeat(b'x')).is_err());
    }
}
