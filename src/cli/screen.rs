//! The terminal as a screen: taken over, and given back whatever happens.
//!
//! At the end, at an error, in a panic, when the process is told to end and
//! when it is stopped the terminal becomes what it was.

use std::io::{self, Stdout, Write};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossterm::event::{
    self, DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture, KeyCode,
    KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{cursor, execute};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use crate::view::tui::{App, Event, Key};

/// Whether the terminal is taken.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// Whether the process was told to stop for a while.
static STOP: AtomicBool = AtomicBool::new(false);
/// So many lines one notch of a wheel is.
const NOTCH: isize = 3;

/// A terminal that is taken over until this is dropped.
pub(crate) struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    mouse: bool,
}

impl Screen {
    /// Takes the terminal; with `mouse`, clicks and the wheel too.
    pub(crate) fn take(mouse: bool) -> io::Result<Screen> {
        static PREPARED: Once = Once::new();
        let mut watched = Ok(());
        PREPARED.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                give_back(&mut io::stdout());
                before(panic);
            }));
            watched = watch_signals();
        });
        watched?;
        let entered = enter(mouse);
        if entered.is_err() {
            give_back(&mut io::stdout());
        }
        entered?;
        let terminal = Terminal::new(CrosstermBackend::new(io::stdout()));
        if terminal.is_err() {
            give_back(&mut io::stdout());
        }
        Ok(Screen { terminal: terminal?, mouse })
    }

    /// Draws what has changed.
    pub(crate) fn draw(&mut self, app: &mut App) -> io::Result<()> {
        self.terminal.draw(|frame| app.draw(frame)).map(|_| ())
    }

    /// Waits for an event, but no longer than that. A change of the size is no
    /// event: it is seen when the screen is drawn next.
    pub(crate) fn wait(&mut self, most: Duration) -> io::Result<Option<Event>> {
        if STOP.swap(false, Ordering::SeqCst) {
            self.stop()?;
        }
        if !event::poll(most)? {
            return Ok(None);
        }
        let event = match event::read()? {
            event::Event::Key(KeyEvent { kind: KeyEventKind::Release, .. }) => None,
            event::Event::Key(pressed) => key(pressed),
            event::Event::Mouse(moved) => mouse(moved),
            event::Event::Paste(text) => Some(Event::Paste(text)),
            _ => None,
        };
        if cfg!(unix) && event == Some(Event::Key(Key::Ctrl('z'))) {
            self.stop()?;
            return Ok(None);
        }
        Ok(event)
    }

    /// Puts a text into the user's clipboard, which the terminal does if it
    /// can (OSC 52).
    pub(crate) fn copy(&mut self, text: &str) -> io::Result<()> {
        execute!(io::stdout(), crossterm::clipboard::CopyToClipboard::to_clipboard_from(text))
    }

    /// Gives the terminal back, stops as a shell expects it, and goes on.
    fn stop(&mut self) -> io::Result<()> {
        give_back(&mut io::stdout());
        #[cfg(unix)]
        signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
        enter(self.mouse)?;
        self.terminal.clear()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back(&mut io::stdout());
    }
}

fn enter(mouse: bool) -> io::Result<()> {
    TAKEN.store(true, Ordering::SeqCst);
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, cursor::Hide)?;
    if mouse { execute!(io::stdout(), EnableMouseCapture) } else { Ok(()) }
}

/// Gives the terminal back if it is taken. There is nobody to tell if that
/// fails.
fn give_back(out: &mut impl Write) {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let _ = execute!(out, DisableMouseCapture, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
        let _ = disable_raw_mode();
    }
}

/// From here on, signals that end or stop the process give the terminal back
/// first, even while a verb is at work. They stay watched: when the terminal
/// isn't taken they do what they always do.
#[cfg(unix)]
fn watch_signals() -> io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
    use signal_hook::low_level::emulate_default_handler;

    let mut signals = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP])?;
    std::thread::spawn(move || {
        for signal in &mut signals {
            if signal == SIGTSTP && TAKEN.load(Ordering::SeqCst) {
                STOP.store(true, Ordering::SeqCst);
                continue;
            }
            // Locked to the end, so that nothing more is drawn.
            let mut out = io::stdout().lock();
            give_back(&mut out);
            let _ = emulate_default_handler(signal);
        }
    });
    Ok(())
}

#[cfg(not(unix))]
fn watch_signals() -> io::Result<()> {
    Ok(())
}

fn key(pressed: KeyEvent) -> Option<Event> {
    let control = pressed.modifiers.contains(KeyModifiers::CONTROL);
    Some(Event::Key(match pressed.code {
        KeyCode::Char(c) if control => Key::Ctrl(c),
        KeyCode::Char(c) if !pressed.modifiers.contains(KeyModifiers::ALT) => Key::Char(c),
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Esc,
        KeyCode::Tab | KeyCode::BackTab => Key::Tab,
        KeyCode::Backspace => Key::Backspace,
        _ => return None,
    }))
}

fn mouse(moved: MouseEvent) -> Option<Event> {
    match moved.kind {
        MouseEventKind::Down(MouseButton::Left) => Some(Event::Click(moved.column, moved.row)),
        MouseEventKind::ScrollDown => Some(Event::Wheel(NOTCH)),
        MouseEventKind::ScrollUp => Some(Event::Wheel(-NOTCH)),
        _ => None,
    }
}
