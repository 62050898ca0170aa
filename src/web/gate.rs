//! Who gets in.

use super::routes::{parameter, path};

/// Knows who may read.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    pub(super) port: u16,
    pub(super) token: String,
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is answered.
    In,
    /// It knows the token, and is told to come again without, and with a
    /// cookie, so that the token stays out of the history.
    Known {
        /// Where to.
        to: String,
        /// The cookie.
        cookie: String,
    },
    /// It is not, and why.
    Out(&'static str),
}

impl Gate {
    /// Judges a request by its address and its headers.
    pub(super) fn judge<'h>(&self, url: &str, header: &dyn Fn(&'static str) -> Option<&'h str>) -> Verdict {
        let host = header("Host").unwrap_or_default();
        let ours = ["127.0.0.1", "localhost"].iter().any(|name| host == format!("{name}:{}", self.port));
        if !ours {
            return Verdict::Out("This site has another name.");
        }
        if header("Sec-Fetch-Site") == Some("cross-site") {
            return Verdict::Out("Another site may not ask.");
        }
        if parameter(url, "token").is_some_and(|token| self.knows(&token)) {
            let name = self.cookie();
            let cookie = format!("{name}={}; Path=/; HttpOnly; SameSite=Strict", self.token);
            // A path of one slash: two would name another host.
            let to = format!("/{}", path(url).trim_start_matches(['/', '\\']));
            return Verdict::Known { to, cookie };
        }
        let name = self.cookie();
        let cookies =
            header("Cookie").unwrap_or_default().split(';').filter_map(|pair| pair.trim().split_once('='));
        let mut values = cookies.filter(|(key, _)| *key == name).map(|(_, value)| value);
        match values.any(|value| self.knows(value)) {
            true => Verdict::In,
            false => Verdict::Out("Open the address that `sfs serve` has printed."),
        }
    }

    /// Cookies don't know ports: each site has a name of its own.
    fn cookie(&self) -> String {
        format!("sfs-{}", self.port)
    }

    /// Compares in a time that tells nothing of where they differ.
    fn knows(&self, token: &str) -> bool {
        let differ = token.bytes().zip(self.token.bytes()).fold(0, |differ, (a, b)| differ | (a ^ b));
        token.len() == self.token.len() && differ == 0 && !token.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(url: &str, headers: &[(&'static str, &'static str)]) -> Verdict {
        let gate = Gate { port: 7, token: "abc".into() };
        gate.judge(url, &|name| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value))
    }

    #[test]
    fn only_who_knows_the_token_gets_in_and_only_by_our_name() {
        let host = ("Host", "127.0.0.1:7");
        let cookie = ("Cookie", "x=1; sfs-7=abc");
        assert_eq!(judge("/", &[host, cookie]), Verdict::In);
        assert_eq!(judge("/", &[("Host", "localhost:7"), cookie]), Verdict::In);
        for headers in [
            &[host][..],
            &[cookie],
            &[("Host", "evil.example:7"), cookie],
            &[("Host", "127.0.0.1"), cookie],
            &[host, ("Cookie", "sfs-8=abc")],
            &[host, ("Cookie", "sfs-7=ab")],
            &[host, ("Cookie", "sfs-7=")],
            &[host, ("Cookie", "sfs-7=abcd")],
            &[host, cookie, ("Sec-Fetch-Site", "cross-site")],
        ] {
            assert!(matches!(judge("/", headers), Verdict::Out(_)), "{headers:?}");
        }
        assert!(matches!(judge("/?token=abd", &[host]), Verdict::Out(_)));
        let Verdict::Known { to, cookie } = judge("//evil.example/x?token=abc", &[host]) else { panic!() };
        assert_eq!((to.as_str(), cookie.starts_with("sfs-7=abc;")), ("/evil.example/x", true));
        assert!(matches!(judge("/?token=abc", &[("Host", "evil.example:7")]), Verdict::Out(_)));
    }
}
