//! Graph: all branches of a session in one picture, turn by turn.

use std::collections::BinaryHeap;

use super::log::Turn;
use super::session::SessionInfo;
use crate::object::Id;
use crate::object::id::IdMap;
use crate::store::{Result, Store};

/// A turn of the graph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// The turn; where a branch leaves it midway, what is before and after on
    /// the first branch, and a turn of its own for the rest of the other.
    pub turn: Turn,
    /// The node that it goes on from, as its place in the list.
    pub parent: Option<usize>,
    /// The node that was merged into it.
    pub merged: Option<usize>,
    /// The branches whose tips are in it.
    pub branches: Vec<String>,
}

/// The turns of all branches of a session but its subagents' runs: each after
/// those that go on from it, else the newer first.
pub fn graph(store: &Store, session: &SessionInfo) -> Result<Vec<Node>> {
    let mut nodes: Vec<Node> = Vec::new();
    let mut of: IdMap<usize> = IdMap::default();
    let mut merges = Vec::new();
    let first = session.default_branch();
    let others = session.branches.iter().filter(|b| !b.part && Some(*b) != first);
    for branch in first.into_iter().chain(others) {
        if !of.contains_key(&branch.tip) {
            walk(store, branch.tip, (&mut nodes, &mut merges), &mut of)?;
        }
        if let Some(node) = of.get(&branch.tip).and_then(|n| nodes.get_mut(*n)) {
            node.branches.push(branch.name.clone());
        }
    }
    // What no branch leads to any more isn't drawn.
    for (n, other) in merges {
        if let Some(node) = nodes.get_mut(n) {
            node.merged = of.get(&other).copied();
        }
    }
    Ok(sorted(nodes))
}

/// Adds what is not there yet of the line of `tip`.
fn walk(
    store: &Store,
    tip: Id,
    (nodes, merges): (&mut Vec<Node>, &mut Vec<(usize, Id)>),
    of: &mut IdMap<usize>,
) -> Result<()> {
    let mut next = Some(tip);
    while let Some(end) = next {
        let mut commit = store.commit(&end)?;
        let mut node = Node { turn: Turn::ending(end, &commit), ..Node::default() };
        let counts = commit.counts;
        let (n, mut at) = (nodes.len(), end);
        loop {
            of.insert(at, n);
            merges.extend(commit.parents.get(1).map(|other| (n, *other)));
            node.turn.add(&commit);
            next = commit.parents.first().copied();
            node.parent = next.and_then(|id| of.get(&id)).copied();
            let Some(before) = next else {
                node.turn.sum(&counts, &Default::default());
                break;
            };
            let earlier = store.commit(&before)?;
            if commit.begins_turn() || node.parent.is_some() {
                node.turn.sum(&counts, &earlier.counts);
                break;
            }
            (at, commit) = (before, earlier);
        }
        if node.parent.is_some() {
            next = None;
        } else if next.is_some() {
            // The one before it comes next in the list.
            node.parent = Some(n + 1);
        }
        nodes.push(node);
    }
    Ok(())
}

/// Children before parents, else the newer first.
fn sorted(mut nodes: Vec<Node>) -> Vec<Node> {
    let mut children = vec![0usize; nodes.len()];
    for parent in nodes.iter().flat_map(|node| [node.parent, node.merged]).flatten() {
        if let Some(count) = children.get_mut(parent) {
            *count += 1;
        }
    }
    let rank =
        |nodes: &[Node], n: usize| (nodes.get(n).and_then(|node| node.turn.time), std::cmp::Reverse(n));
    let mut ready: BinaryHeap<_> =
        children.iter().enumerate().filter(|(_, c)| **c == 0).map(|(n, _)| rank(&nodes, n)).collect();
    let (mut order, mut place) = (Vec::new(), vec![0usize; nodes.len()]);
    while let Some((_, std::cmp::Reverse(n))) = ready.pop() {
        if let Some(place) = place.get_mut(n) {
            *place = order.len();
        }
        order.push(n);
        let Some(node) = nodes.get(n) else { continue };
        for parent in [node.parent, node.merged].into_iter().flatten() {
            if let Some(count) = children.get_mut(parent) {
                *count -= 1;
                if *count == 0 {
                    ready.push(rank(&nodes, parent));
                }
            }
        }
    }
    let mut moved = Vec::with_capacity(nodes.len());
    for n in order {
        let mut node = nodes.get_mut(n).map(std::mem::take).unwrap_or_default();
        node.parent = node.parent.and_then(|parent| place.get(parent)).copied();
        node.merged = node.merged.and_then(|merged| place.get(merged)).copied();
        moved.push(node);
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::sample::Sample;
    use crate::ops::session;

    #[test]
    fn branches_join_where_they_parted() {
        let mut sample = Sample::new();
        let fork = sample.turns(None, &["one", "two"]);
        let side = sample.turns(Some(fork), &["aside"]);
        let main = sample.turns(Some(fork), &["three", "four"]);
        let id = sample.session("first", sample.env.cwd.clone(), main);
        sample.head("first", "rewind-1", side);
        sample.head("first", "old", fork);
        let info = session::info(&sample.store, &id).unwrap();
        let nodes = graph(&sample.store, &info).unwrap();
        let drawn: Vec<_> = nodes
            .iter()
            .map(|n| (n.turn.title.as_deref().unwrap(), n.parent, n.branches.join(",")))
            .collect();
        assert_eq!(
            drawn,
            [
                ("four", Some(1), "main".into()),
                ("three", Some(3), String::new()),
                ("aside", Some(3), "rewind-1".into()),
                ("two", Some(4), "old".into()),
                ("one", None, String::new())
            ]
        );
        assert!(nodes.iter().all(|n| n.turn.messages == 2));
    }
}
