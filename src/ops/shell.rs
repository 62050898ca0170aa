//! Words as a shell takes them.

/// Tells whether a word means itself to a shell.
pub fn is_plain(word: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || "/._-+=:@,%".contains(c) || cfg!(windows) && c == '\\';
    !word.is_empty() && word.chars().all(plain)
}

/// A word in quotes, if it needs them.
pub fn quoted(word: &str) -> String {
    if is_plain(word) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_shell_gives_it_back(word in "[^\0]{0,30}", odd in "[$`\"'\\\\;&|<>(){}*?!#~ \n\t%=:@,./a-]{0,12}") {
            for word in [word, odd] {
                let script = format!("printf %s {}", quoted(&word));
                let said = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
                prop_assert_eq!(String::from_utf8_lossy(&said.stdout), word);
            }
        }
    }
}
