use std::collections::HashMap;
use std::convert::Infallible;

use proptest::prelude::*;

use super::*;

const LIFT: [&str; 3] = ["sessionId", "cwd", "version"];

/// Cuts and splits `file` whole, then writes it out again.
fn round_trip(file: &[u8]) -> (Vec<u8>, usize, usize) {
    let mut splitter = Splitter::default();
    let (mut at, mut out, mut records, mut held) = (0, Vec::new(), 0, 0);
    while let Some(piece) = splitter.next(&file[at..]) {
        let parts = splitter.split(&file[at..], piece, &LIFT);
        let texts: HashMap<Id, Vec<u8>> = splitter.texts().drain().collect();
        held += parts.record.holes.len();
        let text = |id| Ok::<_, Infallible>(&texts[&id]);
        parts.record.rebuild(&parts.context, text, &mut out).unwrap();
        at += piece.end;
        records += 1;
    }
    out.extend_from_slice(&file[at..]);
    (out, records, held)
}

/// The records of a file read at once.
fn cuts(file: &[u8]) -> Vec<usize> {
    let mut splitter = Splitter::default();
    let (mut at, mut cuts) = (0, Vec::new());
    while let Some(piece) = splitter.next(&file[at..]) {
        at += piece.end;
        cuts.push(at);
    }
    cuts
}

#[test]
fn long_texts_and_repeated_values_are_taken_out() {
    let long = "line of text\\n".repeat(100);
    let file = format!(
        "{{\"sessionId\":\"s1\",\"cwd\":\"/p\",\"t\":\"{long}\"}}\n{{\"sessionId\":\"s1\",\"n\":1}}\n"
    );
    let (out, records, held) = round_trip(file.as_bytes());
    assert_eq!(out, file.as_bytes());
    assert_eq!((records, held), (2, 4));
}

#[test]
fn a_fork_that_rewrites_its_session_id_shares_every_skeleton() {
    let line = |id: &str| format!("{{\"uuid\":\"u\",\"sessionId\":\"{id}\",\"text\":\"hello\"}}\n");
    let split = |line: &str| {
        let mut splitter = Splitter::default();
        let piece = splitter.next(line.as_bytes()).unwrap();
        splitter.split(line.as_bytes(), piece, &LIFT)
    };
    let (a, b) = (split(&line("one")), split(&line("two, longer")));
    assert_eq!(a.record, b.record);
    assert_ne!(a.context, b.context);
}

#[test]
fn hostile_files_come_back_whole() {
    let base64 = "QUJD".repeat(200);
    let big = format!("{{\"a\":\"{}\"}}\n", "x y\\t".repeat(1 << 20));
    let cases: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"\xEF\xBB\xBF{\"a\":1}\r\n{\"b\":2}\r\n".to_vec(),
        b"{\"a\":1}{\"b\":2}\n{\"c\":3}".to_vec(),
        b"\0\0\0{\"a\":1}\n\n\n\n".to_vec(),
        b"not json\n{\"a\":\n\xff\xfe\n{\"a\":1} trailing\n".to_vec(),
        format!("{{\"i\":\"data:image/png;base64,{base64}\",\"s\":\"{base64}\"}}\n").into_bytes(),
        format!("{{\"u\":\"{}\"}}\n", "\\u00E9 \\/ ".repeat(100)).into_bytes(),
        format!("{{\"u\":\"{}\\ud83d\"}}\n", "x ".repeat(300)).into_bytes(),
        format!("{{\"sessionId\":\"a\",\"sessionId\":\"b\",\"n\":1e400,\"m\":{}}}\n", "9".repeat(700))
            .into_bytes(),
        format!("{}\n", "garbage ".repeat(100)).into_bytes(),
        big.into_bytes(),
    ];
    for case in cases {
        assert_eq!(round_trip(&case).0, case, "{}", String::from_utf8_lossy(&case[..case.len().min(60)]));
    }
}

#[test]
fn two_records_on_a_line_are_two() {
    assert_eq!(cuts(b"{\"a\":1}{\"b\":2}\n").len(), 2);
}

#[test]
fn images_are_decoded_and_shared_between_forms() {
    let base64 = "QUJD".repeat(200);
    let line = format!("{{\"a\":\"data:image/png;base64,{base64}\",\"b\":\"{base64}\"}}\n");
    let mut splitter = Splitter::default();
    let piece = splitter.next(line.as_bytes()).unwrap();
    splitter.split(line.as_bytes(), piece, &[]);
    let (row, texts) = splitter.row(line.as_bytes(), piece).unwrap();
    let (media, image) = texts.data_url(row.get("a").unwrap()).unwrap();
    assert_eq!(media, "image/png");
    assert_eq!(image, texts.of(row.get("b").unwrap()));
    assert!(texts.drain().all(|(_, bytes)| bytes == b"ABC".repeat(200)));
}

#[test]
fn inputs_have_one_form_whatever_wrote_them() {
    let mut texts = Texts::default();
    let a = texts.input(br#"{ "cmd" : "ls \u002d\u006c", "n": 1.50 }"#);
    let b = texts.input(br#"{"cmd":"ls -l","n":1.50}"#);
    assert_eq!(a, b);
    assert!(matches!(texts.input(b"*** Begin Patch"), Input::Text(_)));
}

fn fragment() -> impl Strategy<Value = Vec<u8>> {
    let text = prop_oneof![
        Just("\\n\\\"x".to_owned()),
        Just("\\u00e9\\ud83d".to_owned()),
        Just("\\/ é 😀 <".to_owned()),
        "[a-zA-Z0-9+/=_-]{1,8}",
        Just("\u{7f}\u{2028}".to_owned()),
    ];
    let long = (text, 1..300usize)
        .prop_map(|(t, n)| format!("{{\"cwd\":\"x\",\"k\":\"{}\"}}", t.repeat(n)).into_bytes());
    prop_oneof![
        4 => long,
        1 => Just(b"\n".to_vec()),
        1 => Just(b"\r\n".to_vec()),
        1 => Just(b"\xEF\xBB\xBF".to_vec()),
        1 => Just(b"{\"a\":{\"sessionId\":\"q\"},\"sessionId\":1,\"version\":\"1\",\"version\":\"2\"}".to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..40),
    ]
}

proptest! {
    #[test]
    fn any_bytes_come_back(pieces in proptest::collection::vec(fragment(), 0..12)) {
        let file = pieces.concat();
        prop_assert_eq!(round_trip(&file).0, file);
    }

    #[test]
    fn reading_in_steps_gives_the_same_records(
        pieces in proptest::collection::vec(fragment(), 0..8), steps in proptest::collection::vec(1..400usize, 1..40),
    ) {
        let file = pieces.concat();
        let mut splitter = Splitter::default();
        let (mut at, mut seen, mut live) = (0, 0, Vec::new());
        for step in steps.into_iter().cycle() {
            seen = (seen + step).min(file.len());
            while let Some(piece) = splitter.next(&file[at..seen]) {
                at += piece.end;
                live.push(at);
            }
            if seen == file.len() {
                break;
            }
        }
        prop_assert_eq!(live, cuts(&file));
    }
}
