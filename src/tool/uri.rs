//! URIs of files and folders, as editors write them.

/// The path of a `file://` URI; `None` for other URIs.
pub(super) fn path(uri: &str) -> Option<String> {
    after_host(uri.strip_prefix("file://")?)
}

/// The path of a URI of a folder that an editor works on: of one here, or of
/// one on the machine or in the container that it is connected to.
pub(super) fn path_anywhere(uri: &str) -> Option<String> {
    path(uri).or_else(|| after_host(uri.strip_prefix("vscode-remote://")?))
}

fn after_host(rest: &str) -> Option<String> {
    let rest = rest.get(rest.find('/')?..)?;
    let bytes = decoded(rest.as_bytes());
    let path = String::from_utf8(bytes).ok()?;
    // `/c:/x` is a path of Windows.
    let drive = path.as_bytes().get(2) == Some(&b':');
    if drive { path.get(1..).map(str::to_owned) } else { Some(path) }
}

/// The URI of a path.
pub(super) fn of(path: &str) -> String {
    let path = path.replace('\\', "/");
    let mut uri = String::from(if path.starts_with('/') { "file://" } else { "file:///" });
    for byte in path.bytes() {
        match byte {
            b'/' | b'-' | b'_' | b'.' | b'~' => uri.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => uri.push(char::from(byte)),
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

fn decoded(text: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::with_capacity(text.len()), text);
    while let Some((first, after)) = rest.split_first() {
        let escaped = (*first == b'%').then(|| crate::tool::digest::unhex(after.get(..2)?)).flatten();
        rest = if escaped.is_some() { after.get(2..).unwrap_or_default() } else { after };
        out.extend(escaped.unwrap_or_else(|| vec![*first]));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_come_back() {
        for path_in in ["/home/a b/ünï", "/x/100%/y", "c:/Users/me"] {
            assert_eq!(path(&of(path_in)).unwrap(), path_in);
        }
        assert_eq!(path("file:///C%3A/x").unwrap(), "C:/x");
        assert_eq!(path("vscode-remote://ssh/x"), None);
        assert_eq!(path("file://host/x").unwrap(), "/x");
    }

    #[test]
    fn paths_on_another_machine_are_paths_there() {
        let path = |uri| path_anywhere(uri).unwrap();
        assert_eq!(path("vscode-remote://ssh-remote%2Bbox/srv/a%20b"), "/srv/a b");
        assert_eq!(path("vscode-remote://wsl+Ubuntu/home/u"), "/home/u");
        assert_eq!(path("file:///d%3A/x"), "d:/x");
        assert_eq!(path_anywhere("vscode-vfs://github/a/b"), None);
        assert_eq!(path_anywhere("vscode-remote://nowhere"), None);
    }
}
