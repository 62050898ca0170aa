//! What is added and taken out again, and what is left alone.

use super::*;
use proptest::prelude::*;

fn command() -> Vec<String> {
    ["/opt/my tools/sfs", "mcp"].map(str::to_owned).to_vec()
}

const JSON: json::Json<'_> = json::Json { key: "mcpServers", name: NAME };
const TOML: toml::Toml<'_> = toml::Toml { table: "mcp_servers", name: NAME };

#[test]
fn json_is_changed_in_one_place_alone() {
    for (was, now) in [
        ("{}", "{\n  \"mcpServers\": {\n    \"sfs\": {}\n  }\n}"),
        ("{\n\t\"a\": [1, 2]\n}\n", "{\n\t\"a\": [1, 2],\n\t\"mcpServers\": {\n\t\t\"sfs\": {}\n\t}\n}\n"),
        ("{\"a\": \"x\"}", "{\"a\": \"x\", \"mcpServers\": {\"sfs\":{}}}"),
        (
            "{\n    \"mcpServers\": {\n        \"b\": 1.50\n    },\n    \"c\":\"\\u00e9\"\n}",
            "{\n    \"mcpServers\": {\n        \"b\": 1.50,\n        \"sfs\": {}\n    },\n    \"c\":\"\\u00e9\"\n}",
        ),
        ("{\"mcpServers\": {}}", "{\"mcpServers\": {\n    \"sfs\": {}\n  }}"),
    ] {
        let added = JSON.add(was, &command()).unwrap();
        // The entry itself apart, which is the same everywhere.
        let start = added.find("\"sfs\":").unwrap() + 6;
        let start = start + usize::from(added[start..].starts_with(' '));
        let len = added[start..].find('}').unwrap() + 1;
        assert_eq!([&added[..start], "{}", &added[start + len..]].concat(), now, "{was}");
        assert_eq!(JSON.find(&added, &command()), Ok(Some(true)));
        assert_eq!(JSON.find(&added, &["other".to_owned()]), Ok(Some(false)));
    }
    let first = "{\"mcpServers\": {\"sfs\": {\"command\": \"x\"}, \"b\": {\"sfs\": 1}}}";
    assert_eq!(JSON.remove(first).unwrap(), "{\"mcpServers\": { \"b\": {\"sfs\": 1}}}");
}

#[test]
fn what_is_in_doubt_is_left_alone() {
    for text in ["", "[]", "// why\n{}", "{\"mcpServers\": []}", "{\"a\": 1,}"] {
        assert!(JSON.find(text, &command()).is_err(), "{text}");
    }
    let twice = "{\"mcpServers\": {\"sfs\": 1, \"sfs\": 2}}";
    assert!(JSON.remove(twice).is_err());
    for text in ["a = ", "mcp_servers = 1\n[x", "a = 1\na = 2"] {
        assert!(TOML.find(text, &command()).is_err(), "{text}");
    }
    for text in ["mcp_servers = { b = { command = \"x\" } }\n", "mcp_servers = 7\n"] {
        assert!(TOML.add(text, &command()).is_err(), "{text}");
    }
    assert!(TOML.remove("mcp_servers.sfs.command = \"x\"\n").is_err());
    assert!(TOML.remove("a = '''\n[mcp_servers.sfs]\n'''\n[mcp_servers.sfs]\ncommand = \"x\"\n").is_err());
}

#[test]
fn toml_gets_a_table_at_its_end() {
    let was = "model = \"x\" # mine\n\n[mcp_servers.b]\ncommand = \"y\"";
    let now = TOML.add(was, &command()).unwrap();
    let entry = "[mcp_servers.sfs]\ncommand = \"/opt/my tools/sfs\"\nargs = [\"mcp\"]\n";
    assert_eq!(now, format!("{was}\n\n{entry}"));
    assert_eq!(TOML.find(&now, &command()), Ok(Some(true)));
    // Also when the tool has added to it and after it.
    let grown = format!("{now}\n[mcp_servers.sfs.tools.sfs_list]\nok = true\n\n[z]\na = 1\n");
    assert_eq!(TOML.remove(&grown).unwrap(), format!("{was}\n\n[z]\na = 1\n"));
}

fn json_text() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![Just("1.0".to_owned()), "[a-z{},:é ]{0,6}".prop_map(|s| format!("\"{s}\""))];
    let space = || "[ \n\t]{0,3}";
    leaf.prop_recursive(3, 12, 3, move |inner| {
        let key = prop_oneof![Just("mcpServers".to_owned()), Just("b".to_owned()), "[c-f]{1,2}"];
        proptest::collection::btree_map(key, (inner, space(), space()), 0..4).prop_map(|members| {
            let members: Vec<String> =
                members.iter().map(|(key, (value, a, b))| format!("{a}\"{key}\":{b}{value}{a}")).collect();
            format!("{{{}}}", members.join(","))
        })
    })
}

proptest! {
    #[test]
    fn what_was_added_can_be_taken_out(text in json_text()) {
        let Ok(None) = JSON.find(&text, &command()) else { return Ok(()) };
        let added = JSON.add(&text, &command()).unwrap();
        let gone = JSON.remove(&added).unwrap();
        prop_assert_eq!(JSON.find(&gone, &command()), Ok(None));
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        let (mut was, now) = (value(&text), value(&gone));
        if let Some(fields) = was.as_object_mut() {
            fields.entry("mcpServers").or_insert_with(|| serde_json::json!({}));
        }
        prop_assert_eq!(was, now);
    }
}
