//! Causes: why something failed, as far as an error knows.

use std::error::Error;

/// An error's words and those of its causes, repetitions left out.
pub fn causes(error: &dyn Error) -> Vec<String> {
    let mut words = vec![error.to_string()];
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if words.last().is_none_or(|last| !last.ends_with(&text)) {
            words.push(text);
        }
        next = cause.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot {0}")]
    struct Cannot(&'static str, #[source] Option<Box<Cannot>>);

    #[test]
    fn each_cause_is_told_once() {
        let root = Cannot("read", None);
        let same = Cannot("read", Some(Box::new(root)));
        let top = Cannot("begin", Some(Box::new(Cannot("open: cannot read", Some(Box::new(same))))));
        assert_eq!(causes(&top), ["cannot begin", "cannot open: cannot read"]);
    }
}
