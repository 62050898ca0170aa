//! Rows to lines and back.

use proptest::prelude::*;

use super::super::{Head, Line, Row, Value};
use crate::object::json::Tape;

fn row(values: Vec<Value>) -> Row {
    let values = values.into_iter().enumerate().map(|(i, value)| (format!("c{i}"), value)).collect();
    Row { table: "t".to_owned(), values }
}

/// How one value stands in a line, from which it is read again.
fn one(value: Value) -> String {
    let row = Line::Row(row(vec![value]));
    let line = row.to_bytes();
    assert_eq!(Line::parse(&line), Some(row), "{}", String::from_utf8_lossy(&line));
    let line = String::from_utf8(line).unwrap();
    line.strip_prefix(r#"{"table":"t","row":{"c0":"#).and_then(|l| l.strip_suffix("}}")).unwrap().to_owned()
}

#[test]
fn each_storage_class_has_its_form() {
    assert_eq!(one(Value::Null), "null");
    assert_eq!(one(Value::Integer(i64::MIN)), "-9223372036854775808");
    assert_eq!(one(Value::Real(1.0)), "1.0");
    assert_eq!(one(Value::Real(-0.0)), "-0.0");
    assert_eq!(one(Value::Real(1e300)), "1e300");
    assert_eq!(one(Value::Real(f64::INFINITY)), "1e999");
    assert_eq!(one(Value::Real(f64::NEG_INFINITY)), "-1e999");
    assert_eq!(one(Value::from("a\n\0\"é")), r#""a\n\u0000\"é""#);
    assert_eq!(one(Value::Text(vec![b'a', 0xFF])), r#"{"$text":"Yf8="}"#);
    assert_eq!(one(Value::Blob(Vec::new())), r#"{"$blob":""}"#);
    assert_eq!(one(Value::Blob(b"plain".to_vec())), r#"{"$blob":"cGxhaW4="}"#);
}

#[test]
fn json_is_embedded_as_it_is() {
    for text in [
        r#"{ "b" : 1.50, "a":"\ud800\u00e9", "a": [] }"#,
        "[]",
        r#"[{"$blob":"x"}]"#,
        r#"{"":{"$text":1}}"#,
        "{\"tab\":\"\t\0\"}",
    ] {
        assert_eq!(one(Value::from(text)), text);
        let blob = Value::Blob(text.as_bytes().to_vec());
        assert_eq!(one(blob), format!(r#"{{"$json_blob":{text}}}"#));
    }
    assert_eq!(one(Value::Blob(br#"{"$blob":1}"#.to_vec())), r#"{"$json_blob":{"$blob":1}}"#);
}

#[test]
fn what_only_looks_like_json_is_a_string() {
    let deep = "[".repeat(511) + &"]".repeat(511);
    let deeper = "[".repeat(5000) + &"]".repeat(5000);
    for text in [
        r#"{"$blob":"eA=="}"#,
        r#"{"$anything":1}"#,
        "{\n}",
        "{\r}",
        " {}",
        "{} ",
        "{}{}",
        "{",
        "7",
        "null",
        r#"{"a":1},"b":{"c":2}"#,
        &deep,
        &deeper,
    ] {
        assert!(one(Value::from(text)).starts_with('"'), "{text}");
    }
    assert!(one(Value::Blob(deep.into_bytes())).starts_with(r#"{"$blob":"#));
    let fits = "[".repeat(510) + &"]".repeat(510);
    assert_eq!(one(Value::from(fits.as_str())), fits);
}

#[test]
fn other_lines_come_back_too() {
    let head = Line::Database(Head { page_size: 4096, user_version: -1, application_id: 7 });
    assert_eq!(Line::parse(&head.to_bytes()), Some(head));
    let schema = Line::Schema("CREATE TABLE \"a\"\n(b)".to_owned());
    assert_eq!(Line::parse(&[schema.to_bytes(), b"\n".to_vec()].concat()), Some(schema));
}

#[test]
fn what_is_no_line_is_refused() {
    for text in [
        "",
        "{}",
        "[]",
        r#"{"table":"t"}"#,
        r#"{"table":"t","row":[]}"#,
        r#"{"table":7,"row":{}}"#,
        r#"{"row":{},"table":"t"}"#,
        r#"{"table":"t","row":{}} x"#,
        r#"{"table":"t","row":{"a":true}}"#,
        r#"{"table":"t","row":{"a":9223372036854775808}}"#,
        r#"{"table":"t","row":{"a":1-1}}"#,
        r#"{"table":"t","row":{"a":{"$blob":"eA"}}}"#,
        r#"{"table":"t","row":{"a":{"$blob":"-_8="}}}"#,
        r#"{"table":"t","row":{"a":{"$blob":"eA==","b":1}}}"#,
        r#"{"table":"t","row":{"a":{"$json_blob":1}}}"#,
        r#"{"table":"t","row":{"a":{"$other":1}}}"#,
        r#"{"schema":1}"#,
        r#"{"database":{"page_size":4096}}"#,
    ] {
        assert_eq!(Line::parse(text.as_bytes()), None, "{text}");
    }
}

/// Text that is JSON, nearly JSON, or ours.
fn jsonish() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        "\"a\"",
        "\"$blob\"",
        "{\"$",
        "{\"$text\":\"\"}",
        "null",
        "-1",
        "1.5",
        "\\ud800",
        "\n",
        "\r",
        "\0",
        " ",
        "é",
        "{\"a\":1,\"a\":2}",
        "[[]]",
        "true",
    ]);
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat().into_bytes())
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        jsonish(),
        jsonish().prop_map(|inner| [b"{\"k\":[".as_slice(), &inner, b"]}"].concat()),
        prop::collection::vec(any::<u8>(), 0..40),
        any::<String>().prop_map(String::into_bytes),
        (500usize..516).prop_map(|depth| ("[".repeat(depth) + &"]".repeat(depth)).into_bytes()),
    ]
}

pub(super) fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::Integer),
        any::<f64>().prop_filter("NaN is null", |r| !r.is_nan()).prop_map(Value::Real),
        bytes().prop_map(Value::Text),
        bytes().prop_map(Value::Blob),
    ]
}

proptest! {
    #[test]
    fn any_row_comes_back(table in any::<String>(), values in prop::collection::vec((any::<String>(), value()), 0..6)) {
        let row = Line::Row(Row { table, values });
        let line = row.to_bytes();
        prop_assert!(!line.contains(&b'\n') && !line.contains(&b'\r'));
        prop_assert_eq!(Tape::default().read(&line), Some(line.len()));
        prop_assert_eq!(Line::parse(&line), Some(row));
    }

    #[test]
    fn any_bytes_are_a_line_or_not(bytes in bytes()) {
        // A line that is understood says the same when it is written again.
        let framed = [br#"{"table":"t","row":{"a":"#.as_slice(), &bytes, b"}}"].concat();
        for line in [bytes, framed] {
            if let Some(parsed) = Line::parse(&line) {
                prop_assert_eq!(Line::parse(&parsed.to_bytes()), Some(parsed));
            }
        }
    }
}
