//! Bars for a terminal.

const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// A bar of at most `width` characters, as long as `value` is of `largest`;
/// what is more than nothing can be seen.
pub fn bar(value: u64, largest: u64, width: usize, ascii: bool) -> String {
    if value == 0 || largest == 0 {
        return String::new();
    }
    let steps = if ascii { 1 } else { 8 };
    let length = value as f64 / largest as f64 * (width * steps) as f64;
    // No value is longer than the largest.
    let length = (length.round().max(1.0) as usize).min(width * steps);
    let whole = if ascii { "#" } else { "█" };
    let rest = if ascii { "" } else { EIGHTHS.get(length % steps).copied().unwrap_or_default() };
    format!("{}{rest}", whole.repeat(length / steps))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_what_they_stand_for() {
        let bars = [0, 1, 50, 94, 100].map(|n| bar(n, 100, 10, false));
        assert_eq!(bars, ["", "▏", "█████", "█████████▍", "██████████"]);
        assert_eq!([1, 50, 100].map(|n| bar(n, 100, 10, true)), ["#", "#####", "##########"]);
        assert_eq!((bar(5, 0, 10, false), bar(u64::MAX, 1, 3, true)), (String::new(), "###".to_owned()));
    }
}
