//! Two conversations, item by item.

use super::conversation::{Conversation, Item};
use super::essence::carried;

/// A conversation that a request is expected to hold: first what was said in
/// the tool that makes the request, which comes back exactly as it was, then
/// what was said elsewhere and was carried over.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    items: Vec<Item>,
    /// How many of the items are the tool's own.
    own: usize,
}

impl Expected {
    /// All of it was said in the same tool: thinking, names, inputs, error
    /// flags and the order of calls must be the same.
    pub(crate) fn own(conversation: &Conversation) -> Self {
        Self { items: conversation.items.clone(), own: conversation.items.len() }
    }

    /// All of it was said in another tool: thinking stays behind, calls may
    /// be told in the words of the new tool, a result may have more around it.
    pub(crate) fn carried(conversation: &Conversation) -> Self {
        Self { items: conversation.items.clone(), own: 0 }
    }

    /// The same, and then `more`, carried over.
    pub(crate) fn then_carried(mut self, more: &Conversation) -> Self {
        self.items.extend(more.items.iter().cloned());
        self
    }

    /// Compares; the error shows the first difference.
    pub(crate) fn compare(&self, actual: &Conversation) -> Result<(), String> {
        let expected = arrange(&self.items, self.own);
        let found = arrange(&actual.items, self.own);
        if let Some(forged) = actual.items.iter().find(|i| matches!(i, Item::Thinking { genuine: false, .. }))
        {
            return Err(format!("thinking without its proof, which the real API refuses: {forged:?}"));
        }
        for at in 0..expected.len().max(found.len()) {
            let same = match (expected.get(at), found.get(at)) {
                (Some(want), Some(got)) if at < self.own => want == got,
                (Some(want), Some(got)) => is_carried(want, got),
                _ => false,
            };
            if !same {
                return Err(difference(at, &expected, &found));
            }
        }
        Ok(())
    }

    /// Panics with the first difference.
    #[track_caller]
    pub(crate) fn assert(&self, actual: &Conversation) {
        if let Err(difference) = self.compare(actual) {
            panic!("{difference}");
        }
    }
}

fn difference(at: usize, expected: &[Item], found: &[Item]) -> String {
    let show = |items: &[Item]| items.get(at).map_or("nothing".into(), |item| format!("{item:?}"));
    let outline = |items: &[Item]| items.iter().map(outline).collect::<Vec<_>>().join("\n  ");
    format!(
        "item {at} differs\nexpected {}\nfound    {}\n\nall that was expected:\n  {}\nall that was found:\n  {}",
        show(expected),
        show(found),
        outline(expected),
        outline(found),
    )
}

/// An item in one short line.
fn outline(item: &Item) -> String {
    format!("{item:?}").chars().take(150).collect()
}

/// Brings what may differ without a difference in meaning into one order:
/// results come as their tools finish, so each run of them is sorted by call;
/// beyond the first `own` items, a run of calls and results has its calls
/// first (whether calls ran side by side isn't part of every tool's records),
/// and thinking is left out.
fn arrange(items: &[Item], own: usize) -> Vec<Item> {
    let (own, foreign) = items.split_at(own.min(items.len()));
    let mut own = own.to_vec();
    own.chunk_by_mut(|a, b| is_result(a) && is_result(b)).for_each(|run| run.sort_by_key(call_of));
    let mut foreign: Vec<Item> =
        foreign.iter().filter(|item| !matches!(item, Item::Thinking { .. })).cloned().collect();
    let acts = |item: &Item| is_result(item) || matches!(item, Item::Call { .. });
    foreign
        .chunk_by_mut(|a, b| acts(a) && acts(b))
        .for_each(|run| run.sort_by_key(|i| (is_result(i), call_of(i))));
    own.append(&mut foreign);
    own
}

fn is_result(item: &Item) -> bool {
    matches!(item, Item::Result { .. })
}

fn call_of(item: &Item) -> Option<usize> {
    match item {
        Item::Result { call, .. } => *call,
        _ => None,
    }
}

/// Whether `got` is `want`, carried over from another tool.
fn is_carried(want: &Item, got: &Item) -> bool {
    match (want, got) {
        (Item::Call { name, input }, Item::Call { name: new_name, input: new_input }) => {
            carried(name, input, new_name, new_input)
        }
        (
            Item::Result { call, texts, images, .. },
            Item::Result { call: new_call, texts: new_texts, images: new_images, .. },
        ) => {
            call == new_call && images == new_images && new_texts.join("\n").contains(texts.join("\n").trim())
        }
        _ => want == got,
    }
}
