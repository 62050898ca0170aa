//! The terminal: the only file that prints.
//!
//! What was asked for goes to standard output, talk goes to standard error.
//! Colour and the pager are for terminals only. Whatever comes out of a
//! session must pass through [`clean`] or [`clean_text`] on its way here.

use std::cell::RefCell;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::process::{Child, Command, ExitCode, Stdio};
use std::rc::Rc;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anstream::{AutoStream, ColorChoice, StripStream};
use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::tz::TimeZone;

use super::CommandError;
use crate::ops::Monitor;
use crate::view::clean::escape_harmful;
pub(crate) use crate::view::clean::{clean, clean_text};

/// For names and ids.
pub(crate) const ID: Style = AnsiColor::Yellow.on_default();
/// For what matters most.
pub(crate) const STRONG: Style = Style::new().bold();
/// For what matters least.
pub(crate) const FAINT: Style = Style::new().dimmed();
/// For names of branches and the like.
pub(crate) const NAME: Style = AnsiColor::Green.on_default();
/// For what is gone or only on the left.
pub(crate) const REMOVED: Style = AnsiColor::Red.on_default();
/// For what was looked for.
pub(crate) const FOUND: Style = AnsiColor::Red.on_default().bold();
const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();

/// What takes longer shows how far it is, even if nobody asked for it.
const MOMENT: Duration = Duration::from_secs(1);
/// How many bytes are written at once.
const BUFFER: usize = 64 << 10;

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Where a command's words go. Clones share the output.
#[derive(Clone)]
pub(crate) struct Ui {
    inner: Rc<RefCell<Inner>>,
    color: Color,
    quiet: bool,
    pager: Option<String>,
}

struct Inner {
    out: Box<dyn Write>,
    pager: Option<Child>,
}

impl Ui {
    /// A terminal with a pager, if one is wanted: a command line.
    pub(crate) fn new(color: Color, quiet: bool, pager: Option<String>) -> Ui {
        let out: Box<dyn Write> = match choice(color, &io::stdout()) {
            // Buffered behind what strips the colour, which writes piece by piece.
            ColorChoice::Never => {
                let out: Box<dyn Write> = Box::new(io::BufWriter::with_capacity(BUFFER, io::stdout()));
                Box::new(StripStream::new(out))
            }
            choice => Box::new(io::BufWriter::new(AutoStream::new(io::stdout(), choice))),
        };
        let inner = Inner { out, pager: None };
        Ui { inner: Rc::new(RefCell::new(inner)), color, quiet, pager }
    }

    /// Sends what follows through a pager, if the output is a terminal.
    pub(crate) fn page(&self) {
        let Ok(mut inner) = self.inner.try_borrow_mut() else { return };
        if inner.pager.is_some() || !io::stdout().is_terminal() {
            return;
        }
        let Some((child, stdin)) = self.pager.as_deref().and_then(start_pager) else { return };
        let colored = choice(self.color, &io::stdout()) != ColorChoice::Never;
        let out: Box<dyn Write> = Box::new(io::BufWriter::new(stdin));
        inner.out = if colored { out } else { Box::new(StripStream::new(out)) };
        inner.pager = Some(child);
    }

    /// Whether what was asked for goes to a terminal.
    pub(crate) fn is_terminal(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// Writes a line of what was asked for.
    pub(crate) fn line(&self, line: impl Display) -> io::Result<()> {
        // As a whole: what strips the colour goes through each piece anew.
        self.inner.borrow_mut().out.write_all(format!("{line}\n").as_bytes())
    }

    /// Writes a value as a line of JSON.
    pub(crate) fn json(&self, value: &impl serde::Serialize) -> io::Result<()> {
        self.line(escape_harmful(&serde_json::to_string(value)?))
    }

    /// Writes bytes of what was asked for: for files, never for a terminal's eyes.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> io::Result<()> {
        let mut inner = self.inner.borrow_mut();
        inner.out.flush()?;
        io::stdout().lock().write_all(bytes)
    }

    /// Says something that wasn't asked for, unless told to be quiet.
    pub(crate) fn note(&self, words: &str) {
        if !self.quiet {
            self.say(&clean_text(words));
        }
    }

    /// Warns.
    pub(crate) fn warn(&self, words: &str) {
        self.say(&format!("{} {}", paint(WARNING, "warning:"), clean_text(words)));
    }

    /// Gives advice.
    pub(crate) fn hint(&self, words: &str) {
        if !self.quiet {
            self.say(&format!("{} {}", paint(HINT, "hint:"), clean_text(words)));
        }
    }

    /// Shows why a command failed.
    pub(crate) fn error(&self, error: &CommandError) {
        if !error.chain().is_empty() {
            let words = clean_text(&error.chain().join(": "));
            self.say(&format!("{} {words}", paint(ERROR, "error:")));
        }
        for hint in error.hints() {
            self.say(&format!("{} {}", paint(HINT, "hint:"), clean_text(hint)));
        }
    }

    fn say(&self, line: &str) {
        // On a terminal both are seen, in the order in which they were said. What
        // fails here fails again at the end, and is told then.
        let _ = self.flush();
        say(self.color, line);
    }

    /// Whether what goes to standard output has colour.
    pub(crate) fn has_color(&self) -> bool {
        choice(self.color, &io::stdout()) != ColorChoice::Never
    }

    /// When colour is used.
    pub(crate) fn color(&self) -> Color {
        self.color
    }

    /// Whether only errors are said.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Writes out what is waiting.
    pub(crate) fn flush(&self) -> io::Result<()> {
        self.inner.borrow_mut().out.flush()
    }

    /// A monitor that shows a progress bar on a terminal, and warns.
    pub(crate) fn monitor(&self) -> Progress {
        let target =
            if self.quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr_with_hz(10) };
        let bar = ProgressBar::with_draw_target(None, target);
        Progress { bar, color: self.color }
    }

    /// A monitor that shows nothing unless it takes long.
    pub(crate) fn patient_monitor(&self) -> Patient {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        let begun = Instant::now();
        Patient { progress: Progress { bar, color: self.color }, begun, quiet: self.quiet }
    }

    /// Writes out what is waiting, and waits for the pager.
    pub(crate) fn finish(&self) -> io::Result<()> {
        let mut inner = self.inner.borrow_mut();
        let outcome = inner.out.flush();
        if let Some(mut pager) = inner.pager.take() {
            // Closes the pager's input.
            inner.out = Box::new(io::sink());
            let _ = pager.wait();
        }
        outcome
    }
}

/// Says a line on standard error, from any thread.
pub(crate) fn say(color: Color, line: &str) {
    let mut err = AutoStream::new(io::stderr(), choice(color, &io::stderr()));
    // There is nobody left to tell if this fails.
    let _ = writeln!(err, "{line}");
}

/// Shows what clap has to say: help on standard output, else an error.
pub(crate) fn show_usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    ExitCode::from(if error.use_stderr() { super::error::USAGE } else { 0 })
}

fn choice(color: Color, stream: &impl anstream::stream::RawStream) -> ColorChoice {
    match color {
        Color::Auto => AutoStream::choice(stream),
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    }
}

fn start_pager(line: &str) -> Option<(Child, std::process::ChildStdin)> {
    let mut words = line.split_whitespace();
    let program = words.next()?;
    if program == "cat" {
        return None;
    }
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::piped());
    if std::env::var_os("LESS").is_none() {
        command.env("LESS", "FRX");
    }
    let mut child = command.spawn().ok()?;
    let stdin = child.stdin.take()?;
    Some((child, stdin))
}

/// Text in a style. Where colour is not wanted it is taken out on the way.
pub(crate) fn paint(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

/// `1 ref`, `2 refs`.
pub(crate) fn count(n: u64, what: &str) -> String {
    match n {
        1 => format!("1 {what}"),
        n if what.ends_with("ch") => format!("{n} {what}es"),
        n => format!("{n} {what}s"),
    }
}

/// A size in bytes, as people read it.
pub(crate) fn bytes(n: u64) -> String {
    let mut value = n as f64;
    for unit in ["bytes", "kB", "MB", "GB"] {
        if value < 999.5 {
            return if unit == "bytes" { format!("{n} bytes") } else { format!("{value:.1} {unit}") };
        }
        value /= 1000.0;
    }
    format!("{value:.1} TB")
}

/// A moment, in milliseconds since 1970, as the user's clock shows it.
pub(crate) fn time(ms: i64) -> String {
    match jiff::Timestamp::from_millisecond(ms) {
        Ok(at) => {
            let at = zone().to_datetime(at);
            let (year, month, day) = (at.year(), at.month(), at.day());
            format!("{year:04}-{month:02}-{day:02} {:02}:{:02}", at.hour(), at.minute())
        }
        Err(_) => "?".to_owned(),
    }
}

/// The user's time zone. Where nothing names another, the system's file is read
/// as it stands: to find out what it is called, all zones would be looked at.
pub(crate) fn zone() -> &'static TimeZone {
    static ZONE: OnceLock<TimeZone> = OnceLock::new();
    let local = || {
        let bytes = std::env::var_os("TZ").is_none().then(|| std::fs::read("/etc/localtime").ok())??;
        TimeZone::tzif("Local", &bytes).ok()
    };
    ZONE.get_or_init(|| local().unwrap_or_else(TimeZone::system))
}

/// A progress bar.
pub(crate) struct Progress {
    bar: ProgressBar,
    color: Color,
}

impl Progress {
    fn start(&self, task: &str, steps: Option<u64>, template: &str) {
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style.progress_chars("=> "));
        }
        self.bar.reset();
        match steps {
            Some(steps) => self.bar.set_length(steps),
            None => self.bar.unset_length(),
        }
        self.bar.set_message(clean(task));
    }
}

impl Monitor for Progress {
    fn begin(&self, task: &str, steps: Option<u64>) {
        let known = "{msg} [{bar:30}] {pos}/{len} {eta}";
        self.start(task, steps, if steps.is_some() { known } else { "{msg} {spinner} {pos}" });
    }

    fn begin_bytes(&self, task: &str, bytes: u64) {
        let template = "{msg} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} {eta} left";
        self.start(task, Some(bytes), template);
    }

    fn advance(&self, steps: u64) {
        self.bar.inc(steps);
    }

    fn end(&self) {
        self.bar.finish_and_clear();
    }

    fn warn(&self, message: &str) {
        self.bar.suspend(|| {
            let mut err = AutoStream::new(io::stderr(), choice(self.color, &io::stderr()));
            let _ = writeln!(err, "{} {}", paint(WARNING, "warning:"), clean_text(message));
        });
    }
}

/// Shows a progress bar when a task takes longer than a moment. Warns of nothing.
pub(crate) struct Patient {
    progress: Progress,
    begun: Instant,
    quiet: bool,
}

impl Monitor for Patient {
    fn begin(&self, task: &str, steps: Option<u64>) {
        self.progress.begin(task, steps);
    }

    fn advance(&self, steps: u64) {
        let bar = &self.progress.bar;
        if !self.quiet && bar.is_hidden() && self.begun.elapsed() > MOMENT {
            bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
        }
        self.progress.advance(steps);
    }

    fn end(&self) {
        self.progress.end();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_counts_read_well() {
        assert_eq!((bytes(999), bytes(1000)), ("999 bytes".to_owned(), "1.0 kB".to_owned()));
        assert_eq!(
            (count(1, "branch"), count(0, "branch")),
            ("1 branch".to_owned(), "0 branches".to_owned())
        );
    }
}
