//! What is a secret, what is none, and that no bytes do harm.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::*;

fn scanner() -> &'static Scanner {
    static SCANNER: std::sync::OnceLock<Scanner> = std::sync::OnceLock::new();
    SCANNER.get_or_init(|| Scanner::new(&UserRules::default()).unwrap())
}

/// Letters drawn by chance, always the same: no token stands in this file.
fn drawn(letters: &str, len: usize, mut seed: u64) -> String {
    let letters: Vec<char> = letters.chars().collect();
    let next = |_| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        letters[(seed >> 33) as usize % letters.len()]
    };
    (0..len).map(next).collect()
}

const ALNUM: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const HEX: &str = "0123456789abcdef";

fn alnum(len: usize) -> String {
    drawn(ALNUM, len, len as u64)
}

fn jwt() -> String {
    let part = |json: &str| STANDARD.encode(json).trim_end_matches('=').replace('+', "-").replace('/', "_");
    format!("{}.{}.{}", part("{\"alg\":\"HS256\"}"), part("{\"sub\":\"12\",\"n\":1}"), alnum(43))
}

fn pem() -> String {
    let lines: Vec<String> = (0..12).map(|n| drawn(ALNUM, 64, n)).collect();
    let (dashes, kind) = ("-----", "RSA PRIVATE KEY");
    format!("{dashes}BEGIN {kind}{dashes}\n{}\n{dashes}END {kind}{dashes}", lines.join("\n"))
}

/// A secret of each kind, and the rule that knows it.
fn secrets() -> Vec<(&'static str, String)> {
    vec![
        ("aws-key", format!("AKIA{}", drawn("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16, 1))),
        ("github-token", format!("ghp_{}", alnum(36))),
        ("github-token", format!("github_pat_{}_{}", alnum(22), alnum(59))),
        ("gitlab-token", format!("glpat-{}", alnum(20))),
        (
            "slack-token",
            format!("xoxb-{}-{}-{}", drawn("0123456789", 12, 3), drawn("0123456789", 12, 4), alnum(24)),
        ),
        ("stripe-key", format!("sk_live_{}", alnum(24))),
        ("openai-key", format!("sk-proj-{}", alnum(48))),
        ("openai-key", format!("sk-{}", alnum(48))),
        ("anthropic-key", format!("sk-ant-api03-{}-{}AA", alnum(40), alnum(45))),
        ("google-key", format!("AIza{}", alnum(35))),
        ("npm-token", format!("npm_{}", alnum(36))),
        ("pypi-token", format!("pypi-AgEIcHlwaS5vcmc{}", alnum(60))),
        ("huggingface-token", format!("hf_{}", alnum(34))),
        ("jwt", jwt()),
        ("private-key", pem()),
    ]
}

/// A line in UTF-16 and hexadecimal, and what bytes are written as in code.
fn other_writings(line: &str) -> Vec<String> {
    let json = |text: &str| serde_json::to_string(text).unwrap();
    let hex = pairs::digits(line);
    let wide = |letter| String::from_utf8(pairs::widened(line.as_bytes(), letter)).unwrap();
    let quoted: String = line.bytes().map(|byte| format!("\\x{byte:02x}")).collect();
    vec![
        hex.clone(),
        format!("0x{}", hex.to_uppercase()),
        format!("digest {hex}, and so on"),
        wide(0),
        format!("a{}", wide(0)),
        wide(1),
        json(&wide(0)),
        json(&json(&wide(1))),
        quoted.clone(),
        json(&format!("b'{quoted}'")),
    ]
}

fn found(text: &str) -> Vec<(String, String)> {
    let name =
        |hit: Hit| (scanner().rule(hit.rule).to_owned(), String::from_utf8_lossy(&hit.secret).into_owned());
    scanner().scan(text.as_bytes()).into_iter().map(name).collect()
}

fn without(bytes: &[u8]) -> Option<Vec<u8>> {
    redact(&|bytes| scanner().scan(bytes), bytes, &mut |hit| {
        Some(format!("[redacted:{}:0a1b2c3d]", scanner().rule(hit.rule)))
    })
}

fn replaced(text: &str) -> String {
    let bytes = without(text.as_bytes()).unwrap_or_else(|| text.as_bytes().to_vec());
    String::from_utf8(bytes).unwrap()
}

#[test]
fn each_kind_is_found_whole_and_nothing_else() {
    for (rule, secret) in secrets() {
        for (before, after) in [("", ""), ("key: ", "\n"), ("(", "),"), ("x=\"", "\""), ("see ", ". And")] {
            let text = format!("{before}{secret}{after}");
            assert_eq!(replaced(&text), format!("{before}[redacted:{rule}:0a1b2c3d]{after}"), "{text}");
        }
    }
}

#[test]
fn a_secret_is_the_same_however_it_is_written() {
    for (rule, secret) in secrets() {
        let json = |text: &str| serde_json::to_string(text).unwrap();
        let line = format!("first\n{secret}\nlast");
        let unicode: String = secret.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
        let slashes = json(&line).replace('/', "\\/");
        let plain = found(&secret)[0].1.clone();
        let mut forms = vec![json(&line), json(&json(&line)), json(&json(&json(&line))), unicode, slashes];
        for shift in ["", "a", "ab", "{\"password\": \"x\", \"k\": \""] {
            let encoded = STANDARD.encode(format!("{shift}{line}"));
            forms.push(format!("data: {}", encoded.replace('+', "-").replace('/', "_")));
            let wrapped: Vec<&str> =
                encoded.as_bytes().chunks(76).map(|c| std::str::from_utf8(c).unwrap()).collect();
            forms.push(json(&wrapped.join("\n")));
            forms.push(encoded);
        }
        // What begins with three letters alone is not looked for in base64.
        let is_short = rule == "huggingface-token" || rule == "openai-key" && secret.len() == 51;
        if is_short {
            forms.truncate(5);
        }
        forms.extend(other_writings(&line));
        for form in forms {
            let secrets: Vec<_> = found(&form).into_iter().map(|(_, secret)| secret).collect();
            assert!(secrets.contains(&plain), "{rule}: {form}: {secrets:?}");
            assert!(found(&replaced(&form)).is_empty(), "{rule}: {form}: {}", replaced(&form));
        }
    }
}

#[test]
fn passwords_are_known_by_what_stands_before_them() {
    let (key, hex) = (alnum(40), drawn(HEX, 64, 9));
    let cases = [
        ("postgres://app:hunter2@db.local:5432/x".to_owned(), "url-password", "hunter2"),
        ("redis://:s3cr-et@h".to_owned(), "url-password", "s3cr-et"),
        ("https://me:a%20b@host/p?q=1".to_owned(), "url-password", "a%20b"),
        ("amqp:\\/\\/me:zu9Qwe\\u0026r@host".to_owned(), "url-password", "zu9Qwe&r"),
        ("{\"password\": \"Tr0ub4dor&3\"}".to_owned(), "assignment", "Tr0ub4dor&3"),
        ("{\\\"password\\\":\\\"Tr0ub4dor&3\\\"}".to_owned(), "assignment", "Tr0ub4dor&3"),
        ("DB_PASSWORD=Summer2024!\n".to_owned(), "assignment", "Summer2024!"),
        (format!("export ACME_API_KEY='{key}'"), "assignment", &key),
        (format!("aws_secret_access_key = {key}"), "assignment", &key),
        (format!("clientSecret: \"{hex}\","), "assignment", &hex),
        (format!("?access_token={key}&x=1"), "assignment", &key),
        (format!("deploy --token {key} now"), "assignment", &key),
        (format!("<ApiKey>{key}</ApiKey>"), "assignment", &key),
        (format!("Authorization: Bearer {key}\\r\\n"), "authorization", &key),
        (
            format!("-H 'authorization: Basic {}'", STANDARD.encode("me:Zu9Qwe7r")),
            "authorization",
            "bWU6WnU5UXdlN3I=",
        ),
    ];
    for (text, rule, secret) in cases {
        assert_eq!(found(&text), [(rule.to_owned(), secret.to_owned())], "{text}");
        assert!(found(&replaced(&text)).is_empty(), "{text}: {}", replaced(&text));
    }
}

#[test]
fn what_only_looks_like_one_is_left_alone() {
    let (sha1, sha256, long) = (drawn(HEX, 40, 1), drawn(HEX, 64, 2), alnum(4000));
    let uuid = "3f2b8c1e-9a4d-4e6f-8b7a-1c2d3e4f5a6b";
    let cases = [
        format!("commit {sha1}\nMerge: {sha256}"),
        format!("\"sessionId\":\"{uuid}\",\"token\":\"{uuid}\""),
        format!("\"integrity\": \"sha512-{}==\"", alnum(86)),
        format!("checksum = \"{sha256}\"\nresolved = \"https://r.example/x#{sha1}\""),
        format!("data:image/png;base64,{long}"),
        // Digits and letters in which there is nothing, though they may look so.
        drawn(HEX, 20_000, 3),
        drawn(HEX, 20_000, 4).to_uppercase(),
        format!("hash {}", pairs::digits(&format!("ghp_{}", "x".repeat(36)))),
        format!("{} {}", pairs::digits("the password is in the vault"), pairs::digits("https://user:pass@host")),
        String::from_utf8(pairs::widened(b"password: string; token: Option<String>", 0)).unwrap(),
        "\\x1b[31mtoken\\x1b[0m = \\x00\\x01 C:\\xampp\\secret\\x64".into(),
        format!("\"signature\":\"{long}\",\"encrypted_content\":\"{long}\""),
        format!("\"next_page_token\": \"{}\", \"csrf_token\": '{}'", alnum(40), alnum(40)),
        "{\"input_tokens\": 12345, \"max_tokens\": 4096, \"tokens\": [1, 2]}".into(),
        "password: string; token: Option<String>, secret = self.config.secret_v2.value".into(),
        "const token = await getTokenFromCache2(session.id); let password = prompt(\"Password: \");".into(),
        "PASSWORD=${DB_PASSWORD} TOKEN=$GITHUB_TOKEN api_key={{ api_key }} secret=<your-secret-1>".into(),
        "password = os.environ['DB_PASSWORD_2'] token: ${{ secrets.NPM_TOKEN_1 }}".into(),
        "postgres://postgres:postgres@localhost:5432 mysql://root:password@db https://user:pass@host".into(),
        "https://example.org/a@b:c?x=y://z http://[::1]:80/@x".into(),
        "AKIAIOSFODNN7EXAMPLE wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into(),
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx sk-your-api-key-goes-here-and-nowhere-else".into(),
        "risk-assessment-of-a-very-long-task-name-which-has-many-parts sk-learn task-1234567890".into(),
        "Begin the file with -----BEGIN PRIVATE KEY----- and then put the base64 of the key there.".into(),
        "/-----BEGIN [A-Z ]*PRIVATE KEY-----[\\s\\S]*?-----END [A-Z ]*PRIVATE KEY-----/".into(),
        "\"pwd\": \"/home/me/project-2/src1\", \"OLDPWD\": \"/tmp/x9\", cacheKey: build-2024-01-02-abc".into(),
        "passwords: see docs/secrets-v2/setup1.md; --password-file /etc/x1/secret2; secret: k8s/app-secret-v1.yaml".into(),
        "secretName: my-app-secret-v2, tokenizer: cl100k_base_2024_v1x, \"token\": \"abcdefghijklmnop12\"".into(),
    ];
    for text in cases {
        assert_eq!(found(&text), [], "{text}");
        let json = serde_json::to_string(&text).unwrap();
        assert_eq!(found(&json), [], "{json}");
    }
}

#[test]
fn the_user_adds_rules_and_makes_exceptions() {
    let rule = |name: &str, pattern: &str| UserRule { name: name.into(), pattern: pattern.into() };
    let token = format!("ghp_{}", alnum(36));
    let mut user = UserRules { rules: vec![rule("acme", "acme:([a-z]{6})")], ..UserRules::default() };
    let names = |user: &UserRules, text: &str| {
        let scanner = Scanner::new(user).unwrap();
        let hits = scanner.scan(text.as_bytes());
        hits.into_iter().map(|hit| (scanner.rule(hit.rule).to_owned(), hit.span)).collect::<Vec<_>>()
    };
    let text = format!("acme:qwerty {token}");
    assert_eq!(names(&user, &text), [("acme".into(), 5..11), ("github-token".into(), 12..52)]);
    user.allow = vec!["^qwe".into()];
    assert_eq!(names(&user, &text), [("github-token".into(), 12..52)]);
    user.off = vec!["github-token".into()];
    assert_eq!(names(&user, &text), []);
    for (name, pattern) in [("acme", "("), ("jwt", "x"), ("A b", "x"), ("acme", "x*")] {
        assert!(
            Scanner::new(&UserRules { rules: vec![rule(name, pattern)], ..UserRules::default() }).is_err()
        );
    }
    assert!(Scanner::new(&UserRules { off: vec!["none".into()], ..UserRules::default() }).is_err());
}

#[test]
fn what_stands_in_utf_16_stays_utf_16() {
    let token = format!("ghp_{}", alnum(36));
    let text = format!("key {token}!");
    for letter in 0..2 {
        let left = without(&pairs::widened(text.as_bytes(), letter)).unwrap();
        assert_eq!(left, pairs::widened(b"key [redacted:github-token:0a1b2c3d]!", letter));
    }
    // As PowerShell takes a command.
    let encoded = STANDARD.encode(pairs::widened(text.as_bytes(), 0));
    assert_eq!(found(&format!("powershell -EncodedCommand {encoded}")), [("github-token".to_owned(), token)]);
}

#[test]
fn a_picture_keeps_its_length() {
    let token = format!("ghp_{}", alnum(36));
    let picture = [b"\xFF\xD8\xFF\xE1Exif\0\0".as_slice(), token.as_bytes(), b"\0\xFF\xD9"].concat();
    let changed = without(&picture).unwrap();
    assert_eq!(changed.len(), picture.len());
    assert!(scanner().scan(&changed).is_empty() && changed.ends_with(b"\0\xFF\xD9"));
}

/// Each secret in hexadecimal, and in UTF-16.
fn secrets_in_pairs() -> Vec<String> {
    let wide = |secret: &str, letter| String::from_utf8(pairs::widened(secret.as_bytes(), letter)).unwrap();
    let each = |(_, secret): (_, String)| [pairs::digits(&secret), wide(&secret, 0), wide(&secret, 1)];
    secrets().into_iter().flat_map(each).collect()
}

fn piece() -> impl Strategy<Value = String> {
    let secrets: Vec<String> = secrets().into_iter().map(|(_, secret)| secret).collect();
    prop_oneof![
        3 => proptest::sample::select(secrets),
        2 => proptest::sample::select(vec!["password", "token", "://", "eyJ", "ghp_", "=", ": ", "\"", "\\\"", "\\n", "\\u0041",
            "6768705f", "67", "\0", "\\u0000", "\\x6b", "-----BEGIN RSA PRIVATE KEY-----", "-----END", "\\", "@", "b3BlbnNzaC1rZXktdjE", "Basic ", "Bearer ", "LS0tLS1CRUdJTi"])
            .prop_map(str::to_owned),
        2 => "[ -~\n]{0,30}",
        1 => "[A-Za-z0-9+/]{0,60}={0,2}",
        1 => proptest::sample::select(secrets_in_pairs()),
        1 => any::<String>(),
    ]
}

proptest! {
    #[test]
    fn hits_are_in_order_and_what_is_left_has_none(pieces in proptest::collection::vec(piece(), 0..8)) {
        let text = pieces.concat();
        let hits = scanner().scan(text.as_bytes());
        prop_assert_eq!(&hits, &scanner().scan(text.as_bytes()));
        let mut done = 0;
        for hit in &hits {
            prop_assert!(done <= hit.span.start && hit.span.start < hit.span.end && hit.span.end <= text.len());
            done = hit.span.end;
        }
        let left = without(text.as_bytes());
        prop_assert_eq!(left.is_some(), !hits.is_empty());
        prop_assert!(left.is_none_or(|left| scanner().scan(&left).is_empty()));
    }

    #[test]
    fn any_bytes_are_looked_through(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        scanner().scan(&bytes);
    }
}
