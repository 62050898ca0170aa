//! Lanes: a graph drawn with letters, as beside a log.

/// What a node goes on from, and what was merged into it: places in the list.
pub type Parents = (Option<usize>, Option<usize>);

/// For each node, which stands before its parents: the lines between it and the
/// one above, and the beginning of its own line.
pub fn lanes(parents: &[Parents]) -> Vec<(Vec<String>, String)> {
    // For each lane, the node that it leads to.
    let mut lanes: Vec<Option<usize>> = Vec::new();
    let mut drawn = Vec::with_capacity(parents.len());
    let mut parting = None;
    for (node, (parent, merged)) in parents.iter().enumerate() {
        let mut columns = lanes.iter().enumerate().filter(|(_, lane)| **lane == Some(node)).map(|(n, _)| n);
        let free = lanes.iter().position(Option::is_none).unwrap_or(lanes.len());
        let column = columns.next().unwrap_or(free);
        let joined: Vec<usize> = columns.collect();
        let mut joins: Vec<String> = parting.take().into_iter().collect();
        joins.extend(joined.iter().map(|from| join(&mut lanes, column, *from)));
        if column == lanes.len() {
            lanes.push(None);
        }
        drawn.push((joins, row(&lanes, column)));
        if let Some(lane) = lanes.get_mut(column) {
            *lane = *parent;
        }
        parting = merged.and_then(|merged| part(&mut lanes, column, merged));
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

/// Begins a lane to a node that was merged in `column`, or leads to the one that
/// there is; the line between.
fn part(lanes: &mut Vec<Option<usize>>, column: usize, node: usize) -> Option<String> {
    let known = lanes.iter().position(|lane| *lane == Some(node));
    let to = known.unwrap_or_else(|| {
        let free = lanes.iter().skip(column + 1).position(Option::is_none);
        free.map_or(lanes.len().max(column + 1), |n| n + column + 1)
    });
    if to == column {
        return None;
    }
    let mut line = String::new();
    for n in 0..lanes.len().max(to) {
        let between = n > column.min(to) && n < column.max(to);
        let lane = lanes.get(n).is_some_and(Option::is_some);
        line.push(if lane {
            '|'
        } else if between {
            '_'
        } else {
            ' '
        });
        line.push(match n + 1 {
            next if next == to && to > column => '\\',
            next if next == column && to < column => '/',
            _ if n >= column.min(to) && n < column.max(to) => '_',
            _ => ' ',
        });
    }
    if known.is_none() {
        lanes.resize(lanes.len().max(to + 1), None);
        lanes.get_mut(to).into_iter().for_each(|lane| *lane = Some(node));
    }
    Some(line.trim_end().to_owned())
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
        drawn(&parents.iter().map(|parent| (*parent, None)).collect::<Vec<_>>())
    }

    fn drawn(parents: &[Parents]) -> Vec<String> {
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

    #[test]
    fn what_was_merged_leads_back_to_where_it_was_said() {
        // A merge of the next one but one, then where they parted.
        let merge = [(Some(1), Some(2)), (Some(3), None), (Some(3), None), (None, None)];
        assert_eq!(drawn(&merge), ["*", "|\\", "* |", "| *", "|/", "*"]);
        // The other went on, and has a lane.
        let on = [(Some(2), None), (Some(3), Some(2)), (Some(3), None), (None, None)];
        assert_eq!(drawn(&on), ["*", "| *", "|/|", "* |", "|/", "*"]);
        let far = [(Some(3), None), (Some(4), None), (Some(4), Some(3)), (Some(4), None), (None, None)];
        assert_eq!(drawn(&far)[..4], ["*", "| *", "| | *", "|_|/|"]);
    }
}
