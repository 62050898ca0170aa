//! The story of a session: its turns, or all its branches as a graph, and the
//! messages of the turn that is chosen.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::ask::{Ask, Point};
use super::item::of_message;
use super::look::{Look, Looks};
use super::page::Page;
use super::place::{Go, Place};
use super::text::{cut, fit, width};
use super::{Setting, age, counted};
use crate::object::{Id, Usage};
use crate::ops::graph::Node;
use crate::ops::log::Turn;
use crate::ops::session::SessionInfo;
use crate::ops::show::Shown;
use crate::view::clean::clean;
use crate::view::graph::lanes;

/// A line of the list: a turn, or what joins lanes of the graph.
struct Row {
    lanes: String,
    turn: Option<usize>,
}

/// A turn in the list.
struct Entry {
    turn: Turn,
    /// The branches that end in it.
    branches: Vec<String>,
    /// Whether it goes on from another turn.
    midway: bool,
}

/// A session that is read.
pub(super) struct Story {
    pub(super) session: SessionInfo,
    tip: Id,
    entries: Vec<Entry>,
    rows: Vec<Row>,
    /// Whether all branches are shown.
    is_graph: bool,
    /// Whether there are earlier turns than those that were read.
    more: bool,
    /// Whether turns are being read.
    waiting: bool,
    place: Place,
    room: usize,
    /// The messages of the turn that is chosen.
    pub(super) page: Page,
    read: Reading,
}

/// How far the messages of a turn were read.
#[derive(Clone, Copy, Debug, Default)]
struct Reading {
    tip: Option<Id>,
    /// How many of its commits; how many it has.
    done: usize,
    of: Option<usize>,
    waiting: bool,
}

impl Story {
    /// A session, from the end of the branch that is meant when none is named.
    pub(super) fn new(session: SessionInfo, is_graph: bool) -> Option<Story> {
        let tip = session.default_branch()?.tip;
        Some(Story {
            session,
            tip,
            entries: Vec::new(),
            rows: Vec::new(),
            is_graph,
            more: true,
            waiting: false,
            place: Place::default(),
            room: 0,
            page: Page::default(),
            read: Reading::default(),
        })
    }

    /// Shows all branches, or only the one.
    pub(super) fn toggle(&mut self) {
        let session = std::mem::take(&mut self.session);
        if let Some(other) = Story::new(session, !self.is_graph) {
            *self = Story { room: self.room, ..other };
        }
    }

    /// Takes turns of the line.
    pub(super) fn add_turns(&mut self, tip: Id, before: Option<Id>, turns: Vec<Turn>, more: bool) {
        let last = self.entries.last().map(|entry| entry.turn.tip);
        if self.is_graph || tip != self.tip || before != last {
            return;
        }
        let from = self.entries.len();
        self.rows.extend((from..from + turns.len()).map(|n| Row { lanes: String::new(), turn: Some(n) }));
        self.entries.extend(turns.into_iter().map(|turn| Entry {
            turn,
            branches: Vec::new(),
            midway: false,
        }));
        (self.more, self.waiting) = (more, false);
    }

    /// Takes all branches.
    pub(super) fn set_graph(&mut self, session: Id, nodes: Vec<Node>) {
        if !self.is_graph || session != self.session.id {
            return;
        }
        let parents: Vec<_> = nodes.iter().map(|node| (node.parent, node.merged)).collect();
        self.rows.clear();
        for (n, (joins, row)) in lanes(&parents).into_iter().enumerate() {
            self.rows.extend(joins.into_iter().map(|lanes| Row { lanes, turn: None }));
            self.rows.push(Row { lanes: row, turn: Some(n) });
        }
        let entry =
            |node: Node| Entry { midway: node.parent.is_some(), turn: node.turn, branches: node.branches };
        self.entries = nodes.into_iter().map(entry).collect();
        (self.more, self.waiting) = (false, false);
    }

    /// Takes messages of a turn, unless another is chosen by now.
    pub(super) fn add_messages(
        &mut self,
        tip: Id,
        (from, to, of): (usize, usize, usize),
        messages: &[Shown],
        setting: &Setting,
    ) {
        if self.read.tip != Some(tip) || self.read.done != from {
            return;
        }
        self.page.extend(messages.iter().flat_map(|message| of_message(message, setting, "")));
        self.read = Reading { tip: Some(tip), done: to, of: Some(of), waiting: false };
    }

    fn chosen(&self) -> Option<&Entry> {
        self.entries.get(self.rows.get(self.place.at)?.turn?)
    }

    /// What must be read to show what is chosen, or soon.
    pub(super) fn wants(&mut self) -> Option<Ask> {
        let is_near_end = self.place.at + 2 * self.room.max(1) >= self.rows.len();
        if self.more && !self.waiting && is_near_end {
            self.waiting = true;
            let before = self.entries.last().map(|entry| entry.turn.tip);
            return Some(match self.is_graph {
                true => Ask::Graph { session: self.session.id },
                false => Ask::Turns { tip: self.tip, before },
            });
        }
        let tip = self.chosen()?.turn.tip;
        if self.read.tip != Some(tip) {
            self.page = Page::default();
            self.read = Reading { tip: Some(tip), waiting: true, ..Reading::default() };
            return Some(Ask::Messages { tip, from: 0 });
        }
        let is_whole = self.read.of.is_some_and(|of| self.read.done >= of);
        if !is_whole && !self.read.waiting && (self.page.is_empty() || self.page.is_at_end()) {
            self.read.waiting = true;
            return Some(Ask::Messages { tip, from: self.read.done });
        }
        None
    }

    /// What was asked for did not come: it is not asked for again.
    pub(super) fn give_up(&mut self) {
        if self.waiting {
            (self.more, self.waiting) = (false, false);
        } else if self.read.waiting {
            self.read = Reading { of: Some(0), waiting: false, ..self.read };
        }
    }

    /// The revision that keys act on: the turn's end, or a message of it that is read.
    pub(super) fn point(&self, reading: bool) -> Option<Point> {
        let Some(Entry { turn, .. }) = self.chosen() else {
            // Who types faster than turns are read means the end, which comes first.
            return Point::end_of(&self.session).filter(|_| self.entries.is_empty());
        };
        let commit = self.page.commit().filter(|_| reading).unwrap_or(turn.tip);
        let title = turn.title.as_deref().unwrap_or_else(|| self.session.label());
        Some(Point { session: self.session.id, commit, label: title.to_owned(), tool: turn.tool.clone() })
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Goes; lines without a turn are passed over.
    pub(super) fn go(&mut self, way: Go) {
        let before = self.place.at;
        self.place.go(way, self.rows.len(), self.room);
        self.settle(self.place.at >= before);
    }

    /// Goes to a row that is seen.
    pub(super) fn click(&mut self, row: u16) {
        self.place.at = (self.place.top() + usize::from(row)).min(self.rows.len().saturating_sub(1));
        self.settle(true);
    }

    fn settle(&mut self, down: bool) {
        let is_turn = |at: &usize| self.rows.get(*at).is_some_and(|row| row.turn.is_some());
        let at = self.place.at;
        let (mut after, mut before) = (at..self.rows.len(), (0..=at).rev());
        let found = match down {
            true => after.find(is_turn).or_else(|| before.find(is_turn)),
            false => before.find(is_turn).or_else(|| after.find(is_turn)),
        };
        self.place.at = found.unwrap_or(0);
    }

    /// What is shown, in words.
    pub(super) fn summary(&self) -> String {
        let what = if self.is_graph { "all branches of " } else { "" };
        format!("{what}{}", clean(self.session.label()))
    }

    /// The title of the page: the revision, and how far it was read.
    pub(super) fn page_title(&self) -> String {
        let Some(entry) = self.chosen() else { return "reading…".to_owned() };
        let id = format!("{:.12}", self.page.commit().unwrap_or(entry.turn.tip));
        match self.read.of {
            None => format!("{id}  reading…"),
            Some(_) => format!("{id}  {}", cut(&clean(entry.turn.title.as_deref().unwrap_or_default()), 60)),
        }
    }

    /// Draws the rows that are seen.
    pub(super) fn draw(
        &mut self,
        frame: &mut Frame<'_>,
        area: Rect,
        setting: &Setting,
        looks: Looks,
        chosen: bool,
    ) {
        self.room = usize::from(area.height);
        for (y, at) in (area.y..area.bottom()).zip(self.place.window(self.rows.len(), self.room)) {
            let Some(row) = self.rows.get(at) else { break };
            let area = Rect { y, height: 1, ..area };
            let entry = row.turn.and_then(|n| self.entries.get(n));
            frame.render_widget(line(row, entry, area.width.into(), setting, looks), area);
            if at == self.place.at {
                frame
                    .buffer_mut()
                    .set_style(area, looks.of(if chosen { Look::Chosen } else { Look::Strong }));
            }
        }
    }
}

/// A row: lanes, how long ago, branches, the prompt, calls, tokens and the model.
fn line(row: &Row, entry: Option<&Entry>, room: usize, setting: &Setting, looks: Looks) -> Line<'static> {
    let lanes = if row.lanes.is_empty() { String::new() } else { format!("{}  ", row.lanes) };
    let Some(entry) = entry else { return Line::styled(cut(&lanes, room), looks.of(Look::Id)) };
    let turn = &entry.turn;
    let when = turn.time.map(|at| age(setting.now, at)).unwrap_or_default();
    let untitled =
        if entry.midway { "(the turn, gone on with otherwise)" } else { "(before the first prompt)" };
    let title = clean(turn.title.as_deref().unwrap_or(untitled));
    let names = if entry.branches.is_empty() {
        String::new()
    } else {
        format!("({}) ", clean(&entry.branches.join(", ")))
    };
    let usage = turn.usage;
    let sent = crate::view::tokens(usage.input + usage.cache_write + usage.cache_read);
    let tokens = format!("{sent}→{}", crate::view::tokens(usage.output));
    let tokens = if usage == Usage::default() { String::new() } else { tokens };
    let calls = if turn.calls == 0 { String::new() } else { counted(turn.calls, "call") };
    let mut rest = format!(" {} {}", fit(&calls, 9), fit(&tokens, 13));
    if room >= 90 {
        rest.push_str(&fit(&turn.model.as_deref().map(clean).unwrap_or_default(), 20));
    } else if room < 60 {
        rest.clear();
    }
    let lanes = cut(&lanes, room / 2);
    let names = cut(&names, room / 3);
    let used = width(&lanes) + 5 + width(&names) + width(&rest);
    Line::from(vec![
        Span::styled(lanes, looks.of(Look::Id)),
        Span::styled(format!("{when:>4} "), looks.of(Look::Faint)),
        Span::styled(names, looks.of(Look::Name)),
        Span::raw(fit(&title, room.saturating_sub(used))),
        Span::styled(rest, looks.of(Look::Faint)),
    ])
}
