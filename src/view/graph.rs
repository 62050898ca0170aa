//! Lanes: a graph drawn with letters, as beside a log.

/// For each node, which stands before its parent: the lines that join lanes
/// above it, and the beginning of its own line.
pub fn lanes(parents: &[Option<usize>]) -> Vec<(Vec<String>, String)> {
    // For each lane, the node that it leads to.
    let mut lanes: Vec<Option<usize>> = Vec::new();
    let mut drawn = Vec::with_capacity(parents.len());
    for (node, parent) in parents.iter().enumerate() {
        let mut columns = lanes.iter().enumerate().filter(|(_, lane)| **lane == Some(node)).map(|(n, _)| n);
        let free = lanes.iter().position(Option::is_none).unwrap_or(lanes.len());
        let column = columns.next().unwrap_or(free);
        let joined: Vec<usize> = columns.collect();
        let joins = joined.iter().map(|from| join(&mut lanes, column, *from)).collect();
        if column == lanes.len() {
            lanes.push(None);
        }
        drawn.push((joins, row(&lanes, column)));
        if let Some(lane) = lanes.get_mut(column) {
            *lane = *parent;
        }
        while lanes.last().is_some_and(Option::is_none) {
            lanes.pop();
        }
    }
    drawn
}

fn row(lanes: &[Option<usize>], column: usize) -> String {
    let letter = |(n, lane): (usize, &Option<usize>)| match (n == column, lane) {
        (true, _) => "*",
        (_, Some(_)) => "|",
        (_, None) => " ",
    };
    let row: Vec<&str> = lanes.iter().enumerate().map(letter).collect();
    row.join(" ").trim_end().to_owned()
}

/// Ends lane `from` in lane `column`, which is left of it.
fn join(lanes: &mut [Option<usize>], column: usize, from: usize) -> String {
    if let Some(lane) = lanes.get_mut(from) {
        *lane = None;
    }
    let mut line = String::new();
    for (n, lane) in lanes.iter().enumerate() {
        line.push(if lane.is_some() {
            '|'
        } else if n > column && n < from {
            '_'
        } else {
            ' '
        });
        line.push(match n + 1 {
            next if next == from => '/',
            next if n >= column && next < from => '_',
            _ => ' ',
        });
    }
    line.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(parents: &[Option<usize>]) -> Vec<String> {
        lanes(parents).into_iter().flat_map(|(joins, row)| joins.into_iter().chain([row])).collect()
    }

    #[test]
    fn lanes_begin_join_and_are_used_again() {
        assert_eq!(draw(&[Some(1), None]), ["*", "*"]);
        assert_eq!(draw(&[Some(3), Some(3), Some(3), None]), ["*", "| *", "| | *", "|/  |", "|__/", "*"]);
        let branch = [Some(1), Some(3), Some(3), Some(4), None];
        assert_eq!(draw(&branch), ["*", "*", "| *", "|/", "*", "*"]);
        assert_eq!(draw(&[None, Some(2), None]), ["*", "*", "*"]);
    }
}
