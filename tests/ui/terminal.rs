//! A terminal without a window: the program runs in it, and what it shows is
//! read from the screen that its bytes make.

use std::io::{Read, Write};
use std::num::NonZero;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// So often it is told what is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the program wrote, as a screen.
struct Shown {
    parser: vt100::Parser<Heard>,
    raw: Vec<u8>,
    is_over: bool,
}

/// What the program told the terminal besides.
#[derive(Default)]
struct Heard {
    title: String,
    copied: Vec<u8>,
}

impl vt100::Callbacks for Heard {
    fn set_window_title(&mut self, _: &mut vt100::Screen, title: &[u8]) {
        self.title = String::from_utf8_lossy(title).into_owned();
    }

    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8], data: &[u8]) {
        self.copied = data.to_vec();
    }
}

/// A program in a terminal.
pub(crate) struct Terminal {
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    shown: Arc<(Mutex<Shown>, Condvar)>,
}

impl Terminal {
    /// Starts a program in a terminal of so many columns and rows.
    pub(crate) fn start(
        program: &str,
        args: &[&str],
        vars: &[(&str, String)],
        dir: &Path,
        (cols, rows): (u16, u16),
    ) -> Terminal {
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.env_clear();
        vars.iter().for_each(|(name, value)| command.env(name, value));
        command.cwd(dir);
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let parser = vt100::Parser::new_with_callbacks(count(rows), count(cols), 0, Heard::default());
        let shown = Arc::new((Mutex::new(Shown { parser, raw: Vec::new(), is_over: false }), Condvar::new()));
        let (mut reader, there) = (pair.master.try_clone_reader().unwrap(), shown.clone());
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            loop {
                let len = reader.read(&mut bytes).unwrap_or(0);
                let mut shown = there.0.lock().unwrap();
                shown.parser.process(&bytes[..len]);
                shown.raw.extend_from_slice(&bytes[..len]);
                shown.is_over = len == 0;
                there.1.notify_all();
                if len == 0 {
                    return;
                }
            }
        });
        let writer = pair.master.take_writer().unwrap();
        Terminal { master: pair.master, writer, child, shown }
    }

    /// Waits until the screen has these words, and returns it.
    #[track_caller]
    pub(crate) fn until(&self, words: &str) -> String {
        self.wait(words, |screen| screen.contains(words))
    }

    /// Waits until the screen is as wanted, and returns it.
    #[track_caller]
    pub(crate) fn wait(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let mut shown = self.shown.0.lock().unwrap();
        let mut told = Instant::now();
        loop {
            let screen = shown.parser.screen().contents();
            if wanted(&screen) {
                return screen;
            }
            assert!(!shown.is_over, "the program ended without {what:?}:\n{screen}");
            shown = self.shown.1.wait_timeout(shown, PATIENCE).unwrap().0;
            if told.elapsed() > PATIENCE {
                // No limit: only who waits for it in vain sees why.
                told = Instant::now();
                let screen = shown.parser.screen().contents();
                let mut err = std::io::stderr();
                writeln!(err, "waiting for {what:?} on:\n{screen}").unwrap();
            }
        }
    }

    /// Types.
    pub(crate) fn keys(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).unwrap();
        self.writer.flush().unwrap();
    }

    /// Makes the terminal another size.
    pub(crate) fn resize(&self, cols: u16, rows: u16) {
        self.shown.0.lock().unwrap().parser.screen_mut().set_size(count(rows), count(cols));
        self.master.resize(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).unwrap();
    }

    /// What the program called the window.
    pub(crate) fn title(&self) -> String {
        self.shown.0.lock().unwrap().parser.callbacks().title.clone()
    }

    /// What the program put into the clipboard, in base64.
    pub(crate) fn copied(&self) -> String {
        String::from_utf8(self.shown.0.lock().unwrap().parser.callbacks().copied.clone()).unwrap()
    }

    /// All bytes that the program wrote.
    pub(crate) fn raw(&self) -> Vec<u8> {
        self.shown.0.lock().unwrap().raw.clone()
    }

    /// The program's process.
    pub(crate) fn process(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// Waits for the end: exit code, and the signal if one ended it.
    pub(crate) fn end(&mut self) -> (u32, Option<String>) {
        let status = self.child.wait().unwrap();
        let mut shown = self.shown.0.lock().unwrap();
        while !shown.is_over {
            shown = self.shown.1.wait(shown).unwrap();
        }
        (status.exit_code(), status.signal().map(str::to_owned))
    }

    /// Waits until the terminal is as it was before.
    pub(crate) fn given_back(&self) {
        let mut shown = self.shown.0.lock().unwrap();
        while !shown.is_given_back() {
            shown = self.shown.1.wait(shown).unwrap();
        }
    }

    /// Whether the terminal is as it was before.
    pub(crate) fn is_given_back(&self) -> bool {
        self.shown.0.lock().unwrap().is_given_back()
    }
}

impl Shown {
    fn is_given_back(&self) -> bool {
        let screen = self.parser.screen();
        !screen.alternate_screen()
            && !screen.hide_cursor()
            && !screen.bracketed_paste()
            && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
    }
}

fn count(n: u16) -> NonZero<u16> {
    NonZero::new(n).unwrap()
}
