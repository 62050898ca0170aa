//! Judging a value: is it a secret, or a name, a path, an example, a hash?

/// How many different things a byte of it could be, in bits.
pub(super) fn entropy(bytes: &[u8]) -> f64 {
    let mut counts = [0u32; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    let total = bytes.len() as f64;
    counts.iter().filter(|n| **n > 0).map(|n| f64::from(*n) / total).map(|p| -p * p.log2()).sum()
}

/// Words that tell of an example, in small letters.
const EXAMPLES: &[&str] = &[
    "example",
    "xxxx",
    "your",
    "redacted",
    "purged",
    "placeholder",
    "....",
    "0123456789",
    "1234567890",
    "abcdefgh",
    "aaaaaa",
    "000000",
];

/// Words that in a guessed value tell of an example, or of code.
const NAMES: &[&str] = &[
    "password",
    "passwd",
    "secret",
    "token",
    "changeme",
    "change-me",
    "change_me",
    "dummy",
    "sample",
    "insert",
    "replace",
    "fake",
    "test",
    "mock",
    "12345",
    "undefined",
    "process.env",
    "localhost",
];

fn holds_any(value: &[u8], words: &[&str]) -> bool {
    let small = value.to_ascii_lowercase();
    words.iter().any(|word| memchr::memmem::find(&small, word.as_bytes()).is_some())
}

/// Tells whether what follows a token's known beginning was drawn by chance.
pub(super) fn is_random(body: &[u8]) -> bool {
    let short = body.get(..body.len().min(64)).unwrap_or(body);
    entropy(short) >= 2.7 && !holds_any(body, EXAMPLES)
}

/// What stands for a value that isn't there.
fn is_stand_in(value: &[u8]) -> bool {
    let opens = matches!(value.first(), Some(b'$' | b'{' | b'<' | b'[' | b'%' | b'*' | b'(' | b'#' | b'&'));
    let inside = [b"${".as_slice(), b"{{", b"<%", b"()", b"***", b"..."];
    opens || inside.iter().any(|part| memchr::memmem::find(value, part).is_some())
}

/// Tells whether the password of a URL is one.
pub(super) fn is_url_password(user: &[u8], password: &[u8]) -> bool {
    const COMMON: &[&str] = &[
        "pass",
        "postgres",
        "root",
        "admin",
        "user",
        "username",
        "guest",
        "mysql",
        "redis",
        "mongo",
        "rabbitmq",
        "local",
        "x-oauth-basic",
        "hidden",
    ];
    let small = password.to_ascii_lowercase();
    !(password.len() < 4
        || small == user.to_ascii_lowercase()
        || is_stand_in(password)
        || COMMON.iter().any(|word| word.as_bytes() == small)
        || holds_any(password, EXAMPLES)
        || holds_any(password, NAMES)
        || small.iter().all(|b| *b == b'x' || *b == b'*' || *b == b'.'))
}

/// Tells whether a value that a password's name stands before is one.
pub(super) fn is_password(value: &[u8], quoted: bool) -> bool {
    if !(8..=128).contains(&value.len()) || !could_be(value, quoted) {
        return false;
    }
    let classes = [u8::is_ascii_lowercase, u8::is_ascii_uppercase, u8::is_ascii_digit, is_symbol];
    let classes = classes.iter().filter(|class| value.iter().any(class)).count();
    let mixed = has_digit_and_letter(value) && switches(value) >= 0.2 && entropy(value) >= 2.8;
    has_digit_and_letter(value) && classes >= 3 && !is_name(value) || mixed && value.len() >= 10
}

/// Tells whether a value that the name of a key or token stands before is one.
pub(super) fn is_key(value: &[u8], quoted: bool) -> bool {
    if !(16..=512).contains(&value.len()) || !could_be(value, quoted) || is_uuid(value) {
        return false;
    }
    let hex = value.iter().all(u8::is_ascii_hexdigit);
    let enough = if hex { value.len() >= 32 && entropy(value) >= 3.0 } else { entropy(value) >= 3.3 };
    enough && has_digit_and_letter(value) && switches(value) >= 0.2
}

/// What a secret may be at all.
fn could_be(value: &[u8], quoted: bool) -> bool {
    let printable = value.iter().all(|b| b.is_ascii_graphic());
    let path = [b"/".as_slice(), b"./", b"../", b"~", b"http", b"arn:", b"sha256", b"sha512", b"data:"];
    printable
        && !is_stand_in(value)
        && !path.iter().any(|start| value.starts_with(start))
        && !holds_any(value, EXAMPLES)
        && !holds_any(value, NAMES)
        && (quoted || !is_name(value))
}

/// Tells whether it reads as code does: names with points, arrows or colons.
fn is_name(value: &[u8]) -> bool {
    let plain =
        value.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':' | b'-' | b'/'));
    let joined =
        value.windows(2).any(|pair| matches!(pair, [a, b'.' | b':' | b'/'] if a.is_ascii_alphanumeric()));
    plain && (joined || switches(value) < 0.2)
}

fn is_symbol(b: &u8) -> bool {
    b.is_ascii_punctuation()
}

fn has_digit_and_letter(value: &[u8]) -> bool {
    value.iter().any(u8::is_ascii_digit) && value.iter().any(u8::is_ascii_alphabetic)
}

/// How often letters and digits, small and capital, change places: in words
/// seldom, even where they are written together, in what was drawn by chance
/// nearly every other time.
fn switches(value: &[u8]) -> f64 {
    let class = |b: &u8| match b {
        b'a'..=b'z' => 0,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    };
    let classes: Vec<u8> = value.iter().filter(|b| !matches!(b, b'_' | b'-' | b'.')).map(class).collect();
    let changed = classes.windows(2).filter(|pair| matches!(pair, [a, b] if a != b && (*a, *b) != (1, 0)));
    changed.count() as f64 / classes.len().max(1) as f64
}

fn is_uuid(value: &[u8]) -> bool {
    value.len() == 36
        && value.iter().enumerate().all(|(n, b)| match n {
            8 | 13 | 18 | 23 => *b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}
