//! Tokens over turns or days, as a picture in the page.

use std::fmt::Write as _;

use super::text::escaped;
use crate::object::Usage;
use crate::view::tokens;

/// Height of the picture, in its own units.
const HEIGHT: f64 = 96.0;
/// The most bars; more are put together.
const BARS: usize = 240;

/// A bar: what it is called, where it leads, and how many tokens.
#[derive(Clone, Debug)]
pub(super) struct Bar {
    /// What it is called.
    pub name: String,
    /// A link; none if empty.
    pub href: String,
    /// Tokens.
    pub usage: Usage,
}

/// Writes bars beside each other, each of what was sent (upwards, lighter
/// where a cache had it) and what came back.
pub(super) fn write(out: &mut String, per: &str, bars: &[Bar]) {
    let bars = together(bars);
    let total = |u: &Usage| u.input + u.cache_write + u.cache_read + u.output;
    let top = bars.iter().map(|bar| total(&bar.usage)).max().unwrap_or(0);
    if top == 0 {
        return;
    }
    let _ = write!(
        out,
        "<figure class=plot><svg viewBox=\"0 0 {} {HEIGHT}\" preserveAspectRatio=none role=img \
         aria-label=\"tokens per {per}\">",
        bars.len() * 10
    );
    for (n, bar) in bars.iter().enumerate() {
        let usage = &bar.usage;
        if !bar.href.is_empty() {
            let _ = write!(out, "<a href=\"{}\">", escaped(&bar.href));
        }
        let parts =
            [("cr", usage.cache_read), ("cw", usage.cache_write), ("in", usage.input), ("out", usage.output)];
        let mut y = HEIGHT;
        let _ = write!(out, "<rect class=back x={} y=0 width=10 height={HEIGHT} />", n * 10);
        for (class, count) in parts.into_iter().filter(|(_, count)| *count > 0) {
            let height = count as f64 / top as f64 * (HEIGHT - 2.0);
            y -= height;
            let _ =
                write!(out, "<rect class={class} x={} y={y:.2} width=8 height={height:.2} />", n * 10 + 1);
        }
        let _ = write!(out, "<title>{}: {} tokens</title>", escaped(&bar.name), tokens(total(usage)));
        out.push_str(if bar.href.is_empty() { "" } else { "</a>" });
    }
    let _ = writeln!(
        out,
        "</svg><figcaption>tokens per {per}, at most {}: <b class=cr>read from cache</b> \
         <b class=cw>written to cache</b> <b class=in>input</b> <b class=out>output</b></figcaption></figure>",
        tokens(top)
    );
}

/// Neighbours as one, so that there are no more than fit.
fn together(bars: &[Bar]) -> Vec<Bar> {
    let size = bars.len().div_ceil(BARS).max(1);
    let one = |group: &[Bar]| {
        let mut bar = group.first()?.clone();
        bar.usage = group.iter().fold(Usage::default(), |sum, bar| sum.plus(&bar.usage));
        if let [first, .., last] = group {
            bar.name = format!("{} … {}", first.name, last.name);
        }
        Some(bar)
    };
    bars.chunks(size).filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(n: u64) -> Bar {
        Bar { name: format!("<{n}>"), href: format!("#m{n}"), usage: Usage { input: n, ..Usage::default() } }
    }

    #[test]
    fn many_bars_are_put_together_and_none_is_lost() {
        let bars: Vec<Bar> = (0..1000).map(bar).collect();
        let fewer = together(&bars);
        assert_eq!(fewer.len(), 200);
        assert_eq!(fewer.iter().map(|b| b.usage.input).sum::<u64>(), 999 * 500);
        assert_eq!(fewer.first().map(|b| b.name.as_str()), Some("<0> … <4>"));
    }

    #[test]
    fn names_are_text_and_nothing_is_drawn_of_nothing() {
        let mut out = String::new();
        write(&mut out, "turn", &[bar(0)]);
        assert!(out.is_empty());
        write(&mut out, "turn", &[bar(7)]);
        assert!(out.contains("<title>&lt;7&gt;: 7 tokens</title>") && out.contains("height=94.00"), "{out}");
    }
}
