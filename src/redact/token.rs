//! Tokens that are known by how they begin, and the names of all rules.
//!
//! The forms are those that the issuers tell of in their documentation, or
//! give to those who scan for leaks.

use super::Hit;
use super::judge;

/// Tokens of one issuer that begin alike.
pub(super) struct Token {
    /// The rule.
    rule: &'static str,
    /// How it begins, to the letter.
    pub(super) prefix: &'static str,
    /// What it goes on with.
    class: fn(u8) -> bool,
    /// How many bytes of that there must be …
    min: usize,
    /// … and may be.
    max: usize,
}

/// The longest token.
const LONG: usize = 4096;

fn alnum(b: u8) -> bool {
    b.is_ascii_alphanumeric()
}

fn word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')
}

fn dotted(b: u8) -> bool {
    word(b) || b == b'.'
}

fn base64(b: u8) -> bool {
    alnum(b) || matches!(b, b'+' | b'/' | b'=')
}

fn base64_or_dashes(b: u8) -> bool {
    base64(b) || word(b)
}

fn hex(b: u8) -> bool {
    matches!(b, b'0'..=b'9' | b'a'..=b'f')
}

fn hex_or_dash(b: u8) -> bool {
    b.is_ascii_hexdigit() || b == b'-'
}

fn base32(b: u8) -> bool {
    matches!(b, b'A'..=b'Z' | b'0'..=b'9')
}

const fn form(
    rule: &'static str,
    prefix: &'static str,
    class: fn(u8) -> bool,
    min: usize,
    max: usize,
) -> Token {
    Token { rule, prefix, class, min, max }
}

/// All of them.
pub(super) const TOKENS: &[Token] = &[
    form("aws-key", "AKIA", base32, 16, 16),
    form("aws-key", "ASIA", base32, 16, 16),
    form("aws-key", "ABIA", base32, 16, 16),
    form("aws-key", "ACCA", base32, 16, 16),
    form("github-token", "ghp_", alnum, 36, 255),
    form("github-token", "gho_", alnum, 36, 255),
    form("github-token", "ghu_", alnum, 36, 255),
    form("github-token", "ghs_", alnum, 36, 255),
    form("github-token", "ghr_", alnum, 36, 255),
    form("github-token", "github_pat_", word, 40, 255),
    form("gitlab-token", "glpat-", dotted, 20, 300),
    form("gitlab-token", "gldt-", dotted, 20, 300),
    form("gitlab-token", "glrt-", dotted, 20, 300),
    form("gitlab-token", "glptt-", dotted, 20, 300),
    form("gitlab-token", "glcbt-", dotted, 20, 300),
    form("gitlab-token", "glsoat-", dotted, 20, 300),
    form("gitlab-token", "glagent-", dotted, 20, 300),
    form("slack-token", "xoxb-", word, 20, 300),
    form("slack-token", "xoxp-", word, 20, 300),
    form("slack-token", "xoxa-", word, 20, 300),
    form("slack-token", "xoxr-", word, 20, 300),
    form("slack-token", "xoxs-", word, 20, 300),
    form("slack-token", "xoxc-", word, 20, 300),
    form("slack-token", "xoxe.", dotted, 20, 400),
    form("slack-token", "xapp-", word, 20, 300),
    form("slack-webhook", "hooks.slack.com/services/", base64, 30, 100),
    form("discord-webhook", "discord.com/api/webhooks/", base64_or_dashes, 60, 200),
    form("stripe-key", "sk_live_", alnum, 16, 255),
    form("stripe-key", "rk_live_", alnum, 16, 255),
    form("stripe-key", "sk_test_", alnum, 16, 255),
    form("stripe-key", "rk_test_", alnum, 16, 255),
    form("stripe-key", "whsec_", base64, 24, 255),
    form("anthropic-key", "sk-ant-", word, 24, 255),
    form("openrouter-key", "sk-or-v1-", hex, 64, 64),
    form("openai-key", "sk-proj-", word, 32, 255),
    form("openai-key", "sk-svcacct-", word, 32, 255),
    form("openai-key", "sk-admin-", word, 32, 255),
    form("openai-key", "sk-", alnum, 32, 64),
    form("groq-key", "gsk_", alnum, 40, 100),
    form("xai-key", "xai-", alnum, 60, 120),
    form("perplexity-key", "pplx-", alnum, 40, 100),
    form("replicate-token", "r8_", alnum, 37, 37),
    form("google-key", "AIza", word, 35, 35),
    form("google-token", "ya29.", dotted, 30, LONG),
    form("google-secret", "GOCSPX-", word, 28, 28),
    form("npm-token", "npm_", alnum, 36, 36),
    form("pypi-token", "pypi-AgE", word, 50, LONG),
    form("huggingface-token", "hf_", alnum, 34, 40),
    form("docker-token", "dckr_pat_", word, 27, 40),
    form("sendgrid-key", "SG.", dotted, 66, 66),
    form("shopify-token", "shpat_", hex, 32, 32),
    form("shopify-token", "shpca_", hex, 32, 32),
    form("shopify-token", "shppa_", hex, 32, 32),
    form("shopify-token", "shpss_", hex, 32, 32),
    form("digitalocean-token", "dop_v1_", hex, 64, 64),
    form("digitalocean-token", "doo_v1_", hex, 64, 64),
    form("digitalocean-token", "dor_v1_", hex, 64, 64),
    form("linear-key", "lin_api_", alnum, 40, 40),
    form("notion-token", "ntn_", alnum, 40, 60),
    form("figma-token", "figd_", word, 38, 60),
    form("atlassian-token", "ATATT3", base64_or_dashes, 100, 300),
    form("grafana-token", "glsa_", word, 40, 60),
    form("grafana-token", "glc_ey", base64, 40, 400),
    form("vault-token", "hvs.", word, 24, 200),
    form("vault-token", "hvb.", word, 80, 300),
    form("databricks-token", "dapi", hex_or_dash, 32, 34),
    form("planetscale-token", "pscale_tkn_", dotted, 32, 64),
    form("newrelic-key", "NRAK-", base32, 27, 27),
    form("postman-key", "PMAK-", hex_or_dash, 59, 59),
    form("rubygems-key", "rubygems_", hex, 48, 48),
    form("age-key", "AGE-SECRET-KEY-1", base32, 58, 58),
    form("supabase-token", "sbp_", hex, 40, 40),
    form("netlify-token", "nfp_", alnum, 36, 36),
    form("doppler-token", "dp.pt.", alnum, 40, 44),
    form("pulumi-token", "pul-", hex, 40, 40),
    form("sentry-token", "sntrys_", base64_or_dashes, 40, 400),
    form("sentry-token", "sntryu_", hex, 64, 64),
    form("tailscale-key", "tskey-", word, 30, 100),
    form("buildkite-token", "bkua_", hex, 40, 40),
    form("circleci-token", "CCIPAT_", word, 60, 80),
    form("heroku-key", "HRKU-", word, 36, 80),
    form("fly-token", "fo1_", word, 43, 43),
];

/// Rules for more than a token.
const OTHERS: &[&str] = &["private-key", "jwt", "url-password", "authorization", "assignment"];

/// The names of the built-in rules.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let mut before = "";
    let tokens = TOKENS.iter().map(|token| token.rule).filter(move |rule| {
        let new = *rule != before;
        before = rule;
        new
    });
    tokens.chain(OTHERS.iter().copied())
}

/// The number of a built-in rule.
pub(super) fn number(rule: &str) -> usize {
    names().position(|name| name == rule).unwrap_or(usize::MAX)
}

/// Tells whether a rule knows a secret only by what stands before it.
pub(super) fn is_guess(rule: usize) -> bool {
    names().nth(rule).is_some_and(|name| matches!(name, "url-password" | "authorization" | "assignment"))
}

/// The token that begins at `at`, if it is one.
pub(super) fn token(token: &Token, text: &[u8], at: usize) -> Option<Hit> {
    let rest = text.get(at..)?.strip_prefix(token.prefix.as_bytes())?;
    // In the middle of a word it is part of something else: a hash, base64.
    let before = at.checked_sub(1).and_then(|n| text.get(n));
    if token.prefix.starts_with(|c: char| c.is_ascii_alphanumeric())
        && before.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_')
    {
        return None;
    }
    let len = rest.iter().take(token.max + 1).take_while(|b| (token.class)(**b)).count();
    let mut body = rest.get(..len)?;
    // A sentence may end behind it.
    while let Some(shorter) = body.strip_suffix(b".") {
        body = shorter;
    }
    let cut = len == body.len() && rest.get(len).is_some_and(u8::is_ascii_alphanumeric);
    if !(token.min..=token.max).contains(&body.len()) || cut || !judge::is_random(body) {
        return None;
    }
    let span = at..at + token.prefix.len() + body.len();
    Some(Hit { rule: number(token.rule), secret: text.get(span.clone())?.to_vec(), span })
}
