//! What an edit changed, line by line.

use similar::{Algorithm, ChangeTag, TextDiff};

use super::text::escape;

/// The longest texts that are compared, in bytes both.
const COMPARED_MAX: usize = 256 << 10;
/// How many unchanged lines stand around a change.
const CONTEXT: usize = 3;

/// Writes the change from one text to another.
pub(super) fn write(out: &mut String, old: &str, new: &str) {
    if old.len() + new.len() > COMPARED_MAX {
        old.lines().for_each(|text| line(out, '-', text));
        new.lines().for_each(|text| line(out, '+', text));
        return;
    }
    // Patience, and no clock in it: the same texts give the same page.
    let diff = TextDiff::configure().algorithm(Algorithm::Patience).diff_lines(old, new);
    for (n, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
        if n > 0 {
            out.push_str("<span class=gap>⋯</span>\n");
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            line(out, sign, change.value().trim_end_matches(['\n', '\r']));
        }
    }
}

/// Writes a patch that is one already: lines that begin with a sign.
pub(super) fn patch(out: &mut String, patch: &str) {
    for text in patch.lines() {
        match text.chars().next() {
            Some(sign @ ('+' | '-')) => line(out, sign, text.get(1..).unwrap_or_default()),
            Some(' ') => line(out, ' ', text.get(1..).unwrap_or_default()),
            _ => {
                out.push_str("<span class=hunk>");
                escape(out, text);
                out.push_str("</span>\n");
            }
        }
    }
}

fn line(out: &mut String, sign: char, text: &str) {
    let class = match sign {
        '+' => "<ins>+",
        '-' => "<del>-",
        _ => " ",
    };
    out.push_str(class);
    escape(out, text);
    out.push_str(match sign {
        '+' => "</ins>\n",
        '-' => "</del>\n",
        _ => "\n",
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_stand_among_what_is_around_them() {
        let lines = |n: std::ops::Range<u32>| n.map(|n| format!("{n}\n")).collect::<String>();
        let (old, new) = (lines(0..20), lines(0..20).replace("\n2\n", "\n<2>\n").replace("17\n", ""));
        let mut out = String::new();
        write(&mut out, &old, &new);
        assert_eq!(
            out,
            " 0\n 1\n<del>-2</del>\n<ins>+&lt;2&gt;</ins>\n 3\n 4\n 5\n<span class=gap>⋯</span>\n \
             14\n 15\n 16\n<del>-17</del>\n 18\n 19\n"
        );
    }

    #[test]
    fn a_patch_is_shown_as_it_is() {
        let mut out = String::new();
        patch(&mut out, "*** Begin\n@@\n a\n-<b>\n+c");
        let hunk = |text: &str| format!("<span class=hunk>{text}</span>\n");
        let rest = " a\n<del>-&lt;b&gt;</del>\n<ins>+c</ins>\n";
        assert_eq!(out, format!("{}{}{rest}", hunk("*** Begin"), hunk("@@")));
    }
}
