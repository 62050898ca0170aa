//! The sessions: those of this project first, filtered as one types.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::ask::{Ask, Point};
use super::item::{Item, of_message};
use super::look::{Look, Looks};
use super::page::Page;
use super::place::{Go, Place};
use super::text::{cut, fit};
use super::{Setting, age, counted};
use crate::object::Id;
use crate::object::id::IdSet;
use crate::ops::log::Turn;
use crate::ops::session::SessionInfo;
use crate::ops::show::Shown;
use crate::view::clean::clean;

/// The fewest characters by which an id is found.
const PREFIX_MIN: usize = 4;

/// All sessions, and those of them that are shown.
#[derive(Default)]
pub(super) struct Sessions {
    all: Vec<SessionInfo>,
    /// What each is found by.
    words: Vec<Words>,
    here: IdSet,
    /// The numbers of those that are shown.
    shown: Vec<usize>,
    /// How many of them are of this project.
    shown_here: usize,
    /// What they must have in them.
    pub(super) filter: String,
    /// Those that say it.
    said: IdSet,
    only_here: bool,
    place: Place,
    /// How many rows were seen last.
    room: usize,
    /// What is shown of the one that keys act on.
    pub(super) page: Page,
    previewed: Option<(Id, Id)>,
}

impl Sessions {
    /// Takes all sessions, the one last worked on first, and which of them are
    /// of this project. The row stays with its session.
    pub(super) fn set(&mut self, all: Vec<SessionInfo>, here: Vec<Id>) {
        let before = self.chosen().map(|session| session.id);
        self.here = here.into_iter().collect();
        self.words = all.iter().map(Words::of).collect();
        self.all = all;
        self.refilter();
        self.stay(before);
        self.previewed = None;
    }

    /// Finds those to be shown again.
    fn refilter(&mut self) {
        let filter = self.filter.to_lowercase();
        let wanted: Vec<&str> = filter.split_whitespace().collect();
        let found = self.words.iter().enumerate();
        let says = |n: &usize| self.all.get(*n).is_some_and(|session| self.said.contains(&session.id));
        let found = found.filter(|(n, words)| wanted.iter().all(|word| words.have(word)) || says(n));
        let found = found.map(|(n, _)| n);
        let is_here = |n: &usize| self.all.get(*n).is_some_and(|session| self.here.contains(&session.id));
        let (here, elsewhere): (Vec<usize>, Vec<usize>) = found.partition(is_here);
        self.shown_here = here.len();
        self.shown = here;
        if !self.only_here {
            self.shown.extend(elsewhere);
        }
    }

    /// Shows those with these words only.
    pub(super) fn set_filter(&mut self, filter: String) {
        self.filter = filter;
        self.said.clear();
        self.refilter();
        self.place = Place::default();
    }

    /// Shows those too that say what the filter has, unless it is another by
    /// now. The row stays with its session.
    pub(super) fn set_said(&mut self, filter: &str, said: Vec<Id>) {
        if self.filter == filter {
            let before = self.chosen().map(|session| session.id);
            self.said = said.into_iter().collect();
            self.refilter();
            self.stay(before);
        }
    }

    /// Stays with a session that was chosen before the rows became others.
    fn stay(&mut self, before: Option<Id>) {
        let again = |id| self.shown.iter().position(|n| self.all.get(*n).is_some_and(|s| s.id == id));
        self.place.at = before.and_then(again).unwrap_or(0);
    }

    /// Shows those of this project only, or all.
    pub(super) fn toggle_scope(&mut self) {
        self.only_here = !self.only_here;
        self.refilter();
        self.place = Place::default();
    }

    /// The session that keys act on.
    pub(super) fn chosen(&self) -> Option<&SessionInfo> {
        self.all.get(*self.shown.get(self.place.at)?)
    }

    /// A session by its id.
    pub(super) fn by_id(&self, id: Id) -> Option<&SessionInfo> {
        self.all.iter().find(|session| session.id == id)
    }

    /// The end of its branch.
    pub(super) fn point(&self) -> Option<Point> {
        Point::end_of(self.chosen()?)
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.shown.len()
    }

    /// Goes.
    pub(super) fn go(&mut self, way: Go) {
        self.place.go(way, self.shown.len(), self.room);
    }

    /// Goes to a row that is seen; whether it was chosen before.
    pub(super) fn click(&mut self, row: u16) -> bool {
        let at = self.place.top() + usize::from(row);
        let again = at == self.place.at;
        self.place.at = at.min(self.shown.len().saturating_sub(1));
        again
    }

    /// What must be read to show what is chosen.
    pub(super) fn wants(&mut self) -> Option<Ask> {
        let session = self.chosen()?;
        let wanted = (session.id, session.default_branch()?.tip);
        if self.previewed == Some(wanted) {
            return None;
        }
        self.previewed = Some(wanted);
        self.page = Page::default();
        Some(Ask::Preview { session: wanted.0, tip: wanted.1 })
    }

    /// Takes what was read of a session, unless another is chosen by now.
    pub(super) fn preview(&mut self, id: Id, turns: &[Turn], last: Option<&Shown>, setting: &Setting) {
        let Some(session) = self.chosen().filter(|session| session.id == id) else { return };
        let mut items = about(session, setting);
        items.push(Item::new(Look::Plain, ""));
        for turn in turns {
            let when = turn.time.map(|at| age(setting.now, at)).unwrap_or_default();
            let title = clean(turn.title.as_deref().unwrap_or("(before the first prompt)"));
            items.push(Item::new(Look::Plain, format!("{when:>4}  {title}")));
        }
        if let Some(last) = last {
            items.push(Item::new(Look::Plain, ""));
            items.extend(of_message(last, setting, ""));
        }
        self.page = Page::new(items);
    }

    /// How many there are, in words.
    pub(super) fn summary(&self) -> String {
        let of = if self.filter.is_empty() { String::new() } else { format!(" of {}", self.all.len()) };
        match (self.only_here, self.shown_here) {
            (true, n) => format!("{}{of}, of this project only", counted(n as u64, "session")),
            (false, 0) => format!("{}{of}", counted(self.shown.len() as u64, "session")),
            (false, n) => format!("{}{of}, {n} of this project", counted(self.shown.len() as u64, "session")),
        }
    }

    /// Draws the rows that are seen, and no other.
    pub(super) fn draw(
        &mut self,
        frame: &mut Frame<'_>,
        area: Rect,
        setting: &Setting,
        looks: Looks,
        chosen: bool,
    ) {
        self.room = usize::from(area.height);
        if self.shown.is_empty() {
            let words = match (self.all.is_empty(), self.filter.is_empty()) {
                (true, _) => {
                    "The store has no sessions yet. `sfs capture` reads what the tools have written."
                }
                (_, false) => "No session has these words. Esc takes the filter away.",
                _ => "No session of this project. `a` shows all.",
            };
            frame.render_widget(Line::styled(cut(words, area.width.into()), looks.of(Look::Faint)), area);
            return;
        }
        for (y, at) in (area.y..area.bottom()).zip(self.place.window(self.shown.len(), self.room)) {
            let Some(session) = self.shown.get(at).and_then(|n| self.all.get(*n)) else { break };
            let row = Rect { y, height: 1, ..area };
            let is_here = self.here.contains(&session.id);
            frame.render_widget(line(session, is_here, area.width.into(), setting, looks), row);
            if at == self.place.at && chosen {
                frame.buffer_mut().set_style(row, looks.of(Look::Chosen));
            } else if at == self.place.at {
                frame.buffer_mut().set_style(row, looks.of(Look::Strong));
            }
        }
    }
}

/// What a session is found by, in small letters.
struct Words {
    /// Words that it has somewhere.
    text: String,
    /// Its ids, which a word must begin.
    ids: [String; 2],
}

impl Words {
    fn of(session: &SessionInfo) -> Words {
        let own = [session.name.as_deref(), Some(&session.title), session.project.as_deref()];
        let branches = session.branches.iter().map(|branch| branch.name.as_str());
        let tools = session.tools.iter().map(String::as_str);
        let text = own.into_iter().flatten().chain(tools).chain(branches).collect::<Vec<_>>().join("\n");
        Words { text: text.to_lowercase(), ids: [session.id.to_string(), session.native_id.to_lowercase()] }
    }

    fn have(&self, word: &str) -> bool {
        let begins = |id: &String| word.len() >= PREFIX_MIN && id.starts_with(word);
        self.text.contains(word) || self.ids.iter().any(begins)
    }
}

/// A row: how long ago, the tool, turns, the title, and the project if it is another.
fn line(session: &SessionInfo, is_here: bool, room: usize, setting: &Setting, looks: Looks) -> Line<'static> {
    let when = session.updated_at.map(|at| age(setting.now, at)).unwrap_or_default();
    let tool = clean(&session.tools.join("+"));
    let (tool_room, place_room) = if room < 60 { (8, 0) } else { (13, 20.min(room / 4)) };
    let title = match clean(session.label()) {
        title if title.is_empty() => "(no title)".to_owned(),
        title => title,
    };
    let branches = session.branches.iter().filter(|branch| !branch.part).count();
    let mut marks = String::new();
    if branches > 1 {
        marks.push_str(&format!(" [{branches}]"));
    }
    if session.gone {
        marks.push_str(" [only here]");
    }
    let project = session.project.as_deref().filter(|_| !is_here && place_room > 0);
    let place = project.map(|path| cut(&clean(last_of(path)), place_room)).unwrap_or_default();
    let used = 5 + tool_room + 1 + 6 + super::text::width(&marks) + super::text::width(&place) + 2;
    let title = fit(&title, room.saturating_sub(used));
    let style = if session.name.is_some() { Look::Name } else { Look::Plain };
    Line::from(vec![
        Span::styled(format!("{when:>4} "), looks.of(Look::Faint)),
        Span::styled(fit(&tool, tool_room), looks.of(Look::Call)),
        Span::styled(format!(" {:>5} ", session.turns), looks.of(Look::Faint)),
        Span::styled(title, looks.of(style)),
        Span::styled(marks, looks.of(Look::Id)),
        Span::styled(format!(" {place}"), looks.of(Look::Faint)),
    ])
}

/// The last part of a path of any system.
fn last_of(path: &str) -> &str {
    path.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or(path)
}

/// What is known of a session, in few lines.
fn about(session: &SessionInfo, setting: &Setting) -> Vec<Item> {
    let mut items = vec![Item::head(Look::Strong, clean(session.label()))];
    let mut line = |look: Look, facts: &[String]| {
        let facts: Vec<&str> = facts.iter().map(String::as_str).filter(|fact| !fact.is_empty()).collect();
        if !facts.is_empty() {
            items.push(Item::new(look, facts.join("  ")));
        }
    };
    let known = |text: Option<&str>| text.map(clean).unwrap_or_default();
    if session.name.is_some() {
        line(Look::Plain, &[clean(&session.title)]);
    }
    line(
        Look::Id,
        &[format!("{:.12}", session.id), clean(&session.tools.join(", ")), known(session.model.as_deref())],
    );
    let git = session.git_branch.as_deref().map(|branch| format!("({})", clean(branch))).unwrap_or_default();
    line(Look::Plain, &[known(session.project.as_deref()), git]);
    let begun = session.created_at.map(setting.time).unwrap_or_default();
    let ended = session.updated_at.map(setting.time).unwrap_or_default();
    let time = if begun == ended { begun } else { format!("{begun} to {ended}") };
    line(Look::Plain, &[time, counted(session.turns, "turn"), counted(session.messages, "message")]);
    let names = session.branches.iter().filter(|branch| !branch.part).map(|branch| clean(&branch.name));
    let names: Vec<String> = names.collect();
    if names.len() > 1 {
        line(Look::Name, &[names.join(", ")]);
    }
    if session.gone {
        line(Look::Faint, &["Its tool has removed the file; the store keeps it.".to_owned()]);
    }
    items
}
