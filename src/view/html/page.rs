//! The frame of every page: what it may do, how it looks, where it leads.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::text::escaped;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// A page without its middle.
#[derive(Clone, Debug, Default)]
pub struct Page<'p> {
    /// Its title, as it came out of a session.
    pub title: &'p str,
    /// The page before it, if it is one of several.
    pub previous: Option<&'p str>,
    /// The page that lists all.
    pub index: Option<&'p str>,
    /// The page after it.
    pub next: Option<&'p str>,
    /// Whether it is of a site, which it may ask for other pages.
    pub site: bool,
}

/// What a page may do: show itself, and in a site ask for other pages. For its
/// own head, and for a server's.
pub fn policy(site: bool) -> String {
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    format!(
        "default-src 'none'; style-src {}; script-src {}; img-src data:; base-uri 'none'; form-action {}",
        hash(STYLE),
        hash(SCRIPT),
        if site { "'self'" } else { "'none'" }
    )
}

impl Page<'_> {
    /// What stands before the middle.
    pub fn begin(&self) -> String {
        format!(
            "<!DOCTYPE html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n\
             <meta http-equiv=Content-Security-Policy content=\"{}\">\n\
             <meta name=viewport content=\"width=device-width, initial-scale=1\">\n\
             <meta name=color-scheme content=\"light dark\">\n<meta name=referrer content=no-referrer>\n\
             <meta name=generator content=\"sfs {}\">\n<title>{}</title>\n<style>{STYLE}</style>\n\
             </head>\n<body>\n<main>\n{}",
            policy(self.site),
            env!("CARGO_PKG_VERSION"),
            escaped(&crate::view::clean::shorten(self.title, 200)),
            self.links(),
        )
    }

    /// What stands after it.
    pub fn end(&self) -> String {
        format!("{}</main>\n<script>{SCRIPT}</script>\n</body>\n</html>\n", self.links())
    }

    fn links(&self) -> String {
        let link = |name: &str, href: Option<&str>, rel: &str| {
            href.map(|href| format!("<a href=\"{}\" rel={rel}>{name}</a> ", escaped(href)))
                .unwrap_or_default()
        };
        let links = [
            link("← earlier", self.previous, "prev"),
            link("contents", self.index, "index"),
            link("later →", self.next, "next"),
        ];
        match links.concat() {
            links if links.is_empty() => links,
            links => format!("<nav class=pages>{links}</nav>\n"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn style_and_script_end_where_the_page_ends_them() {
        assert!(!STYLE.contains("</") && !SCRIPT.contains("</") && !SCRIPT.contains("<!--"));
        // Nothing is loaded, and nothing runs that isn't in the script.
        assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
        for word in ["innerHTML", "eval", "fetch", "XMLHttp", "document.write", "insertAdjacent"] {
            assert!(!SCRIPT.contains(word), "{word}");
        }
        assert_eq!(policy(false).matches("'sha256-").count(), 2);
    }
}
