//! Parts of URLs: what of an address may stand in one, and how.

use std::fmt::Write;
use std::net::IpAddr;

/// A text in which every byte stands for itself or is written as `%` and two
/// digits, but for those that `plain` says may stay.
fn encode(text: &str, plain: impl Fn(u8) -> bool) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') || plain(byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string doesn't fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// A value for a query.
pub(super) fn encoded(text: &str) -> String {
    encode(text, |_| false)
}

/// A path whose parts are names.
pub(super) fn encoded_path(path: &str) -> String {
    encode(path, |byte| byte == b'/')
}

/// The text that was encoded; what isn't encoded as it should be stays.
pub(super) fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match (first, after.split_first_chunk::<2>().map(|(digits, rest)| (hex(*digits), rest))) {
            (b'%', Some((Some(byte), after))) => {
                bytes.push(byte);
                rest = after;
            }
            _ => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex([high, low]: [u8; 2]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(high)? * 16 + digit(low)?)
}

/// `host`, `host:port` or `[v6]:port`: the host, without brackets. Refuses what
/// could be anything else.
pub(super) fn host_of(authority: &str) -> Result<String, &'static str> {
    const NO_HOST: &str = "that can't be the name of a host";
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    if port.is_some_and(|port| port.parse::<u16>().is_err() || port.starts_with('+')) {
        return Err("that can't be a port");
    }
    match host.strip_prefix('[').map(|rest| rest.strip_suffix(']')) {
        Some(Some(inside)) if inside.parse::<std::net::Ipv6Addr>().is_ok() => Ok(inside.to_owned()),
        Some(_) => Err(NO_HOST),
        None => {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
            let named = !host.is_empty() && !host.starts_with('-') && host.chars().all(plain);
            if named { Ok(host.to_owned()) } else { Err(NO_HOST) }
        }
    }
}

/// Whether a host is this machine, so that nobody else is on the way to it.
pub(super) fn is_here(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The host of an `http` or `https` URL, and whether what is sent to it can be
/// read by nobody on the way.
pub(super) fn is_safe(url: &str) -> bool {
    match url.split_once("://") {
        Some(("https", _)) => true,
        Some((_, rest)) => {
            host_of(rest.split('/').next().unwrap_or_default()).is_ok_and(|host| is_here(&host))
        }
        None => false,
    }
}

/// The URL of a server that an address names, without `/` at its end.
pub(super) fn endpoint(url: &str) -> Result<String, &'static str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    match rest {
        None | Some("") => Err("its endpoint is no URL"),
        Some(rest) if rest.contains('@') => Err("it may not hold a password"),
        Some(rest) if rest.contains(['?', '#', '&', ' ']) => Err("its endpoint is no URL of a server"),
        Some(_) => Ok(url.trim_end_matches('/').to_owned()),
    }
}

/// What follows a bucket: nothing, or names with `/` behind each.
pub(super) fn prefix(text: &str) -> Result<String, &'static str> {
    let prefix = text.trim_matches('/');
    if prefix.split('/').any(|part| matches!(part, "." | "..")) || prefix.contains("//") {
        return Err("what follows the bucket can't be a prefix");
    }
    Ok(if prefix.is_empty() { String::new() } else { format!("{prefix}/") })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hosts_are_told_from_what_is_none() {
        for (authority, host) in [
            ("h", "h"),
            ("a.b:80", "a.b"),
            ("[::1]", "::1"),
            ("[::1]:8080", "::1"),
            ("127.0.0.1:1", "127.0.0.1"),
        ] {
            assert_eq!(host_of(authority).as_deref(), Ok(host));
        }
        for odd in
            ["", ":80", "a b", "h:", "h:99999", "h:+1", "::1", "[x]", "[::1", "-h", "h@i", "h%2f", "[::1]x"]
        {
            assert!(host_of(odd).is_err(), "{odd}");
        }
        for (host, here) in [
            ("localhost", true),
            ("127.9.9.9", true),
            ("::1", true),
            ("10.0.0.1", false),
            ("localhost.x", false),
        ] {
            assert_eq!(is_here(host), here);
        }
        assert!(is_safe("https://h/x") && is_safe("http://[::1]:1/x") && !is_safe("http://h/x"));
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(text in ".{0,40}") {
            for encoded in [encoded(&text), encoded_path(&text)] {
                prop_assert_eq!(decoded(&encoded), text.as_str());
                prop_assert!(encoded.is_ascii());
            }
            // And nothing breaks what decodes.
            drop(decoded(&text));
        }
    }
}
