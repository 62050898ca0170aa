//! What a model wrote, as it meant it to look.
//!
//! HTML in it is text like any other; only links to the web and to mail
//! lead anywhere; pictures are named, not loaded.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::highlight::Highlighter;
use super::text::{escape, escaped, visible};

/// The longest text that is laid out, in bytes; a longer one is shown as it is.
const TEXT_MAX: usize = 256 << 10;
/// How deep lists and quotations go; what is deeper stays at that depth.
const DEPTH_MAX: usize = 24;

/// Writes a text in Markdown.
pub(super) fn write(out: &mut String, text: &str, code: &mut Highlighter) {
    if text.len() > TEXT_MAX {
        out.push_str("<pre class=said>");
        escape(out, text);
        out.push_str("</pre>\n");
        return;
    }
    let text = visible(text);
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut writer = Writer { out, code, open: Vec::new(), block: None, head: false };
    Parser::new_ext(&text, options).for_each(|event| writer.event(event));
}

struct Writer<'o> {
    out: &'o mut String,
    code: &'o mut Highlighter,
    /// What closes the elements that are open.
    open: Vec<&'static str>,
    /// The language and the text of the code that is being read.
    block: Option<(String, String)>,
    /// Whether cells are of a table's head.
    head: bool,
}

impl Writer<'_> {
    fn event(&mut self, event: Event<'_>) {
        match (event, &mut self.block) {
            (Event::Text(text), Some((_, code))) => code.push_str(&text),
            (Event::Start(tag), _) => self.start(tag),
            (Event::End(end), _) => self.end(end),
            (Event::Code(code), _) => {
                self.out.push_str("<code>");
                escape(self.out, &code);
                self.out.push_str("</code>");
            }
            (Event::SoftBreak, _) => self.out.push('\n'),
            (Event::HardBreak, _) => self.out.push_str("<br>"),
            (Event::Rule, _) => self.out.push_str("<hr>\n"),
            (Event::TaskListMarker(done), _) => self.out.push_str(if done { "☑ " } else { "☐ " }),
            (
                Event::Text(text)
                | Event::Html(text)
                | Event::InlineHtml(text)
                | Event::InlineMath(text)
                | Event::DisplayMath(text)
                | Event::FootnoteReference(text),
                _,
            ) => escape(self.out, &text),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        let (open, close) = match tag {
            Tag::CodeBlock(kind) => {
                let language = match kind {
                    CodeBlockKind::Fenced(info) => info.split([' ', ',', '{']).next().map(str::to_owned),
                    CodeBlockKind::Indented => None,
                };
                self.block = Some((language.unwrap_or_default(), String::new()));
                ("", "")
            }
            Tag::Link { dest_url, .. } => self.link(&dest_url),
            Tag::Image { dest_url, .. } => {
                self.out.push_str("<span class=note>picture:</span> ");
                self.link(&dest_url)
            }
            Tag::List(Some(first)) if first != 1 && self.open.len() < DEPTH_MAX => {
                self.out.push_str(&format!("<ol start={first}>"));
                ("", "</ol>\n")
            }
            Tag::TableCell => match self.head {
                true => ("<th>", "</th>"),
                false => ("<td>", "</td>"),
            },
            Tag::TableHead => {
                self.head = true;
                ("<thead><tr>", "</tr></thead>\n")
            }
            tag => element(&tag),
        };
        let shown = self.open.len() < DEPTH_MAX;
        self.out.push_str(if shown { open } else { "" });
        // What a link opened is open already.
        self.open.push(if shown || open.is_empty() { close } else { "" });
    }

    /// Opens a link, if it leads to where links may lead.
    fn link(&mut self, url: &str) -> (&'static str, &'static str) {
        match is_safe(url) {
            true => {
                let url = escaped(url);
                self.out.push_str(&format!("<a href=\"{url}\" rel=\"noopener noreferrer nofollow\">"));
                ("", "</a>")
            }
            false => {
                self.out.push_str(&format!("<span class=unlinked title=\"{}\">", escaped(url)));
                ("", "</span>")
            }
        }
    }

    fn end(&mut self, end: TagEnd) {
        if let (TagEnd::CodeBlock, Some((language, code))) = (end, self.block.take()) {
            self.out.push_str("<pre><code>");
            self.code.write(self.out, &code, &language);
            self.out.push_str("</code></pre>\n");
        }
        self.head &= end != TagEnd::TableHead;
        self.out.push_str(self.open.pop().unwrap_or_default());
    }
}

/// Whether a link may be followed.
pub(super) fn is_safe(url: &str) -> bool {
    let start: String = url.chars().take(8).collect::<String>().to_ascii_lowercase();
    ["http://", "https://", "mailto:"].iter().any(|scheme| start.starts_with(scheme))
}

/// What opens and closes an element.
fn element(tag: &Tag<'_>) -> (&'static str, &'static str) {
    match tag {
        Tag::Paragraph | Tag::HtmlBlock => ("<p dir=auto>", "</p>\n"),
        // The page has headings of its own above these.
        Tag::Heading { level, .. } => match *level as u8 {
            1 => ("<h3 dir=auto>", "</h3>\n"),
            2 => ("<h4 dir=auto>", "</h4>\n"),
            3 => ("<h5 dir=auto>", "</h5>\n"),
            _ => ("<h6 dir=auto>", "</h6>\n"),
        },
        Tag::BlockQuote(_) => ("<blockquote>", "</blockquote>\n"),
        Tag::List(None) => ("<ul>", "</ul>\n"),
        Tag::List(Some(_)) => ("<ol>", "</ol>\n"),
        Tag::Item => ("<li dir=auto>", "</li>\n"),
        Tag::Table(_) => ("<div class=wide><table>", "</table></div>\n"),
        Tag::TableRow => ("<tr>", "</tr>\n"),
        Tag::Emphasis => ("<em>", "</em>"),
        Tag::Strong => ("<strong>", "</strong>"),
        Tag::Strikethrough => ("<s>", "</s>"),
        _ => ("", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn html(text: &str) -> String {
        let mut out = String::new();
        write(&mut out, text, &mut Highlighter::default());
        out
    }

    #[test]
    fn markdown_is_laid_out() {
        insta::assert_snapshot!(html(
            "# Head\n\nOne *two* **three** ~~four~~ `<five>`\nsix.\n\n- [x] a\n- b\n  1. c\n\n3. d\n\n> quote\n\n\
             ```rs\nfn f() {}\n```\n\n| a | b |\n|---|---|\n| 1 | <2> |\n\n---\n[x](https://x.org/?a=1&b=2)"
        ), @r#"
        <h3 dir=auto>Head</h3>
        <p dir=auto>One <em>two</em> <strong>three</strong> <s>four</s> <code>&lt;five&gt;</code>
        six.</p>
        <ul><li dir=auto>☑ a</li>
        <li dir=auto>b<ol><li dir=auto>c</li>
        </ol>
        </li>
        </ul>
        <ol start=3><li dir=auto>d</li>
        </ol>
        <blockquote><p dir=auto>quote</p>
        </blockquote>
        <pre><code><i class=k>fn</i> <i class=f>f</i>() {}
        </code></pre>
        <div class=wide><table><thead><tr><th>a</th><th>b</th></tr></thead>
        <tr><td>1</td><td>&lt;2&gt;</td></tr>
        </table></div>
        <hr>
        <p dir=auto><a href="https://x.org/?a=1&#38;b=2" rel="noopener noreferrer nofollow">x</a></p>
        "#);
    }

    #[test]
    fn markup_scripts_and_pictures_are_only_words() {
        let hostile = "<script>alert(1)</script>\n\n<img src=x onerror=alert(1)> a <b onclick=x>b</b>\n\n\
            [a](javascript:alert(1)) [b](JaVaScRiPt:x) [c](data:text/html,x) [d](vbscript:x) [e](//x.org) \
            [f](https://x.org/\"onclick=\"x) ![p](https://x.org/p.png) <javascript:alert(1)> \
            [g]( java\tscript:x)\n\n```\"><script>\nx\n```\n";
        let out = html(hostile);
        let tags: Vec<&str> = out.split('<').skip(1).filter_map(|t| t.split(['>', ' ']).next()).collect();
        for tag in tags {
            let known = ["p", "/p", "a", "/a", "span", "/span", "pre", "/pre", "code", "/code"];
            assert!(known.contains(&tag), "<{tag}> in {out}");
        }
        for href in out.split("href=\"").skip(1) {
            assert!(href.starts_with("https://x.org/"), "{href}");
        }
        assert_eq!(out.matches("href=").count(), 2, "{out}");
        assert!(!out.contains("\"onclick"), "{out}");
    }

    #[test]
    fn depth_and_length_have_limits() {
        let deep = html(&format!("{} x", ">".repeat(5000)));
        assert_eq!(deep.matches("<blockquote>").count(), DEPTH_MAX);
        assert_eq!(deep.matches("</blockquote>").count(), DEPTH_MAX);
        let long = html(&"*a* ".repeat(TEXT_MAX / 4 + 1));
        assert!(long.starts_with("<pre class=said>*a*") && !long.contains("<em>"));
    }

    proptest! {
        #[test]
        fn elements_are_balanced(text in "[-a `*_>#|<:\n\\[\\]()!~0-9.]{0,80}") {
            let out = html(&text);
            let mut open = Vec::new();
            for part in out.split('<').skip(1) {
                let tag = part.split(['>', ' ']).next().unwrap();
                if ["br", "hr"].contains(&tag) { continue; }
                match tag.strip_prefix('/') {
                    Some(tag) => prop_assert_eq!(open.pop(), Some(tag)),
                    None => open.push(tag),
                }
            }
            prop_assert!(open.is_empty());
        }
    }
}
