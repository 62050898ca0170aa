//! What the API of every model takes: names of tools, and pictures. For
//! adapters of tools that speak to more than one.

use super::Losses;
use super::turns::{Answer, Piece};

/// The pictures that models see.
const PICTURES: &[&str] = &["image/png", "image/jpeg", "image/gif", "image/webp"];
/// The longest name of a tool that every API takes (OpenAI's: 64).
const NAME_MAX: usize = 64;
/// Stands before what a model says first, since none may be the first to speak.
pub(super) const NO_BEGINNING: &str = "[the beginning of this conversation is not there]";

/// A piece of what is said, such as every API takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fitting {
    /// Words.
    Text(String),
    /// A picture: its media type and its base64.
    Image(String, String),
}

/// What of a piece fits; nothing of a thought.
pub(super) fn piece(piece: Piece, losses: &mut Losses) -> Option<Fitting> {
    match piece {
        Piece::Text(text) => Some(Fitting::Text(text)),
        Piece::Image(media, data) => Some(image(&media, data, losses)),
        Piece::File(media, name, _) => {
            losses.add("documents are left out, only their names stay");
            Some(Fitting::Text(format!("[document {name} ({media})]")))
        }
        Piece::Thinking(..) => None,
    }
}

/// What of a piece a model can have said: words.
pub(super) fn said(piece: Piece, losses: &mut Losses) -> Option<String> {
    Some(match self::piece(piece, losses)? {
        Fitting::Text(text) => text,
        Fitting::Image(media, _) => {
            losses.add("pictures that the model made are left out");
            format!("[picture of type {media}]")
        }
    })
}

/// What of an answer stays that calls nothing: it can't end in a thought.
pub(super) fn end_in_words<T>(content: &mut Vec<T>, is_thought: impl Fn(&T) -> bool, losses: &mut Losses) {
    while content.pop_if(|last| is_thought(last)).is_some() {
        losses.add("thinking after which nothing was said is left out");
    }
}

/// What a call gave: its words and its pictures, or `nothing`.
pub(super) fn given(answer: Answer, nothing: &str, losses: &mut Losses) -> Vec<Fitting> {
    let mut pieces = Vec::new();
    if !answer.text.is_empty() || answer.images.is_empty() {
        let text = if answer.text.is_empty() { nothing.to_owned() } else { answer.text };
        pieces.push(Fitting::Text(text));
    }
    pieces.extend(answer.images.into_iter().map(|(media, data)| image(&media, data, losses)));
    pieces
}

/// A picture that models see, or words in its place.
pub(super) fn image(media: &str, data: String, losses: &mut Losses) -> Fitting {
    if data.starts_with("http://") || data.starts_with("https://") {
        losses.add("pictures on the web are not sent, only their addresses");
        return Fitting::Text(format!("[picture at {data}]"));
    }
    let media = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let media = if media == "image/jpg" { "image/jpeg".to_owned() } else { media };
    if data.is_empty() || !PICTURES.contains(&media.as_str()) {
        losses.add("pictures of a kind that models can't see are left out");
        return Fitting::Text(format!("[picture of type {media}]"));
    }
    Fitting::Image(media, data)
}

/// A name of a tool that every API takes.
pub(super) fn name(name: &str, losses: &mut Losses) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !name.is_empty() && name.len() <= NAME_MAX && name.chars().all(fits) {
        return name.to_owned();
    }
    losses.add("names of tools that models' APIs refuse are changed");
    let name: String = name.chars().take(NAME_MAX).map(|c| if fits(c) { c } else { '_' }).collect();
    if name.is_empty() { "tool".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_stays_and_the_rest_is_told() {
        let mut losses = Losses::default();
        let fitting = |media: &str, data: &str| Fitting::Image(media.into(), data.into());
        let kept = image("image/JPG; q=1", "AAAA".into(), &mut losses);
        assert_eq!((kept, name("mcp__a-b", &mut losses)), (fitting("image/jpeg", "AAAA"), "mcp__a-b".into()));
        assert!(losses.list().is_empty());
        let words = [
            piece(Piece::Image("image/tiff".into(), "AAAA".into()), &mut losses),
            piece(Piece::Image(String::new(), "https://x/y".into()), &mut losses),
            piece(Piece::File("application/pdf".into(), "d".into(), "x".into()), &mut losses),
            piece(Piece::Thinking("hm".into(), None, "t".into()), &mut losses),
        ];
        assert!(words[..3].iter().all(|said| matches!(said, Some(Fitting::Text(_)))) && words[3].is_none());
        assert_eq!(name("a b/ü", &mut losses), "a_b__");
        assert_eq!(name(&"x".repeat(99), &mut losses).len(), 64);
        assert_eq!(name("", &mut losses), "tool");
        assert_eq!(losses.list().len(), 4);
    }
}
