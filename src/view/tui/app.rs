//! The state: what is on the screen, and what an event changes of it.
//! [`draw`] puts it there.

mod draw;

use draw::Areas;

use super::Setting;
use super::ask::{Answer, Ask, Leave, Point};
use super::compare::{difference, help};
use super::key::{Event, Key};
use super::look::Looks;
use super::page::Page;
use super::popup::{Done, Popup, Purpose, type_key, type_text};
use super::sessions::Sessions;
use super::story::Story;

/// What is looked at, above the sessions.
enum View {
    Story(Box<Story>),
    /// A page of its own, and its title.
    Page(Page, String),
}

/// What was last said to the user.
enum Said {
    Done(String),
    Failed(String),
}

/// The screen's state.
pub struct App {
    setting: Setting,
    looks: Looks,
    sessions: Sessions,
    /// What is looked at, the last on top; the sessions lie below all.
    views: Vec<View>,
    /// Whether keys go to the page, not to the list.
    reading: bool,
    /// Whether the filter is being typed.
    filtering: bool,
    popup: Option<Popup>,
    marked: Option<Point>,
    said: Option<Said>,
    asks: Vec<Ask>,
    /// Where list and page were drawn last.
    areas: Areas,
}

impl App {
    /// A screen without sessions yet.
    pub fn new(setting: Setting) -> App {
        App {
            looks: Looks::new(setting.color),
            setting,
            sessions: Sessions::default(),
            views: Vec::new(),
            reading: false,
            filtering: false,
            popup: None,
            marked: None,
            said: None,
            asks: Vec::new(),
            areas: Areas::default(),
        }
    }

    /// What must be read or done now, in order; each is given once. Call it
    /// after the screen was drawn: what isn't seen isn't asked for.
    pub fn asks(&mut self) -> Vec<Ask> {
        let wanted = match self.views.last_mut() {
            None => self.sessions.wants(),
            Some(View::Story(story)) => story.wants(),
            Some(View::Page(..)) => None,
        };
        self.asks.extend(wanted);
        std::mem::take(&mut self.asks)
    }

    /// Sets what time it is, in milliseconds since 1970.
    pub fn at(&mut self, now: i64) {
        self.setting.now = now;
    }

    /// Takes an answer.
    pub fn answer(&mut self, answer: Answer) {
        match answer {
            Answer::Sessions(all, here) => {
                self.sessions.set(all, here);
                let known = |story: &Story| self.sessions.by_id(story.session.id).cloned();
                for view in &mut self.views {
                    if let View::Story(story) = view
                        && let Some(session) = known(story)
                    {
                        story.session = session;
                    }
                }
            }
            Answer::Preview { session, turns, last } => {
                self.sessions.preview(session, &turns, last.as_deref(), &self.setting);
            }
            Answer::Said(text, sessions) => {
                self.said = None;
                self.sessions.set_said(&text, sessions);
            }
            Answer::Turns { tip, before, turns, more } => {
                self.story(|story, _| story.add_turns(tip, before, turns, more));
            }
            Answer::Graph { session, nodes } => self.story(|story, _| story.set_graph(session, nodes)),
            Answer::Messages { tip, from, to, of, messages } => {
                self.story(|story, setting| story.add_messages(tip, (from, to, of), &messages, setting));
            }
            Answer::Diff(it) => {
                self.said = None;
                let title = format!("diff {:.12} {:.12}", it.points[0].commit, it.points[1].commit);
                self.open(View::Page(Page::new(difference(&it, &self.setting)), title));
            }
            Answer::Forked(name) => self.said = Some(Said::Done(format!("made the branch {name}"))),
            Answer::Files { outcome, .. } if outcome.done => {
                let written = outcome.created.len() + outcome.replaced.len();
                let root = outcome.root.display();
                self.said = Some(Said::Done(format!("wrote {written} files to {root}")));
            }
            Answer::Files { at, to, outcome } => self.popup = Some(Popup::plan(at, to, &outcome)),
            Answer::Done(words) => self.said = Some(Said::Done(words)),
            Answer::Failed(words) => {
                self.story(|story, _| story.give_up());
                self.said = Some(Said::Failed(words));
            }
        }
    }

    fn story(&mut self, f: impl FnOnce(&mut Story, &Setting)) {
        if let Some(View::Story(story)) = self.views.last_mut() {
            f(story, &self.setting);
        }
    }

    /// Takes an event.
    pub fn event(&mut self, event: Event) {
        match event {
            Event::Key(key) => self.key(key),
            Event::Paste(text) => self.paste(&text),
            Event::Click(x, y) if self.popup.is_none() => self.click(x, y),
            Event::Click(..) => {}
            Event::Wheel(notches) => {
                for _ in 0..notches.unsigned_abs() {
                    self.key(if notches > 0 { Key::Down } else { Key::Up });
                }
            }
        }
    }

    fn key(&mut self, key: Key) {
        if let Some(popup) = &mut self.popup {
            match popup.key(key, &self.setting) {
                Done::Not => {}
                Done::Gone => self.popup = None,
                Done::Asked(ask) => {
                    self.popup = None;
                    self.asks.push(ask);
                }
            }
            return;
        }
        self.said = None;
        if self.filtering {
            return self.filter_key(key);
        }
        match key {
            Key::Char('q') | Key::Ctrl('c') => self.asks.push(Ask::Leave(Leave::Quit)),
            Key::Esc | Key::Left | Key::Char('h') => self.back(),
            Key::Char('?') => {
                self.open(View::Page(Page::new(help()), "help".to_owned()));
            }
            Key::Char('/') => {
                self.views.clear();
                (self.reading, self.filtering) = (false, true);
            }
            Key::Char('R') => {
                self.said = Some(Said::Done("capturing what is new…".to_owned()));
                self.asks.push(Ask::Reload);
            }
            Key::Tab => self.reading = !self.reading && !matches!(self.views.last(), Some(View::Page(..))),
            Key::Char(c @ ('r' | 'f' | 'c' | 'm' | 'd' | 'y')) => self.act(c),
            Key::Char('g') => self.graph(),
            Key::Char('s') => self.search(),
            key => self.move_key(key),
        }
    }

    fn paste(&mut self, text: &str) {
        if let Some(popup) = &mut self.popup {
            popup.paste(text);
        } else if self.filtering {
            let mut typed = self.sessions.filter.clone();
            type_text(&mut typed, text);
            self.sessions.set_filter(typed);
        }
    }

    fn filter_key(&mut self, key: Key) {
        match key {
            Key::Esc | Key::Ctrl('c') => {
                self.sessions.set_filter(String::new());
                self.filtering = false;
            }
            Key::Enter | Key::Tab => self.filtering = false,
            Key::Up | Key::Down | Key::PageUp | Key::PageDown => self.move_key(key),
            key => {
                let mut typed = self.sessions.filter.clone();
                type_key(&mut typed, key);
                if typed != self.sessions.filter {
                    self.sessions.set_filter(typed);
                }
            }
        }
    }

    /// Asks which sessions say what the filter has. Not as it is typed: the
    /// first search of a store takes as long as its capture.
    fn search(&mut self) {
        let text = self.sessions.filter.clone();
        if !self.views.is_empty() || text.trim().is_empty() {
            self.said = Some(Said::Failed("type with `/` first what is looked for".to_owned()));
            return;
        }
        self.said = Some(Said::Done("searching what was said…".to_owned()));
        self.asks.push(Ask::Search(text));
    }

    /// Keys for the list or the page.
    fn move_key(&mut self, key: Key) {
        let opens = matches!(key, Key::Enter | Key::Right | Key::Char('l'));
        match self.views.last_mut() {
            Some(View::Page(page, _)) => drop(page.key(key)),
            Some(View::Story(story)) if self.reading => drop(story.page.key(key)),
            Some(View::Story(story)) => match key.way() {
                Some(way) => story.go(way),
                None if opens => self.reading = true,
                // What turns the pages of a book: without leaving the list.
                None => drop(story.page.key(key)),
            },
            None if opens && !self.reading => self.open_story(false),
            None if self.reading => drop(self.sessions.page.key(key)),
            None => match key.way() {
                Some(way) => self.sessions.go(way),
                None if key == Key::Char('a') => self.sessions.toggle_scope(),
                None => {}
            },
        }
    }

    /// Goes back: from the page to the list, from a view to the one below it.
    fn back(&mut self) {
        let is_page = matches!(self.views.last(), Some(View::Page(..)));
        if self.reading && !is_page {
            self.reading = false;
        } else if self.views.pop().is_none() {
            self.sessions.set_filter(String::new());
        }
    }

    fn open(&mut self, view: View) {
        // One page at a time: help over help would have to be left twice.
        if matches!(view, View::Page(..)) && matches!(self.views.last(), Some(View::Page(..))) {
            self.views.pop();
        }
        self.views.push(view);
    }

    fn open_story(&mut self, is_graph: bool) {
        let Some(session) = self.sessions.chosen().cloned() else { return };
        match Story::new(session, is_graph) {
            Some(story) => {
                self.reading = false;
                self.open(View::Story(Box::new(story)));
            }
            None => self.said = Some(Said::Failed("the session has no message yet".to_owned())),
        }
    }

    fn graph(&mut self) {
        match self.views.last_mut() {
            Some(View::Story(story)) => {
                self.reading = false;
                story.toggle();
            }
            None => self.open_story(true),
            Some(View::Page(..)) => {}
        }
    }

    /// The revision that keys act on.
    fn point(&self) -> Option<Point> {
        match self.views.last() {
            None => self.sessions.point(),
            Some(View::Story(story)) => story.point(self.reading),
            Some(View::Page(..)) => None,
        }
    }

    /// What is done with a revision.
    fn act(&mut self, key: char) {
        let Some(at) = self.point() else {
            self.said = Some(Said::Failed("there is no revision here".to_owned()));
            return;
        };
        match key {
            'r' => self.popup = Some(Popup::tools(at, &self.setting)),
            'f' => self.popup = Some(Popup::line(Purpose::Fork, at)),
            'c' => self.popup = Some(Popup::line(Purpose::Files, at)),
            'y' => self.asks.push(Ask::Copy(self.copied(&at))),
            'm' => {
                self.said =
                    Some(Said::Done(format!("marked {:.12}; `d` on another compares them", at.commit)));
                self.marked = Some(at);
            }
            _ => match self.marked.clone() {
                Some(left) => {
                    self.said = Some(Said::Done("comparing…".to_owned()));
                    self.asks.push(Ask::Diff { left, right: at });
                }
                None => self.said = Some(Said::Failed("mark one revision with `m` first".to_owned())),
            },
        }
    }

    /// What is copied: the message that is read, else the revision.
    fn copied(&self, at: &Point) -> String {
        match self.views.last() {
            Some(View::Story(story)) if self.reading => story.page.message(at.commit),
            _ => format!("{:.12}", at.commit),
        }
    }

    fn click(&mut self, x: u16, y: u16) {
        let at = ratatui::layout::Position { x, y };
        let (list, page) = (self.areas.list, self.areas.page);
        if page.contains(at) {
            let row = y - page.y;
            self.reading = !matches!(self.views.last(), Some(View::Page(..)));
            match self.views.last_mut() {
                Some(View::Story(story)) => story.page.click(row),
                Some(View::Page(page, _)) => page.click(row),
                None => self.sessions.page.click(row),
            }
        } else if list.contains(at) {
            self.reading = false;
            match self.views.last_mut() {
                Some(View::Story(story)) => story.click(y - list.y),
                Some(View::Page(..)) => {}
                None => {
                    if self.sessions.click(y - list.y) {
                        self.open_story(false);
                    }
                }
            }
        }
    }
}
