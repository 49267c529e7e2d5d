//! One message each: what it says, what is wrong with it, what that costs.

use serde::Deserialize;
use serde_json::json;

use super::*;

#[derive(Deserialize)]
struct Vectors {
    case: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    says: String,
    #[serde(default)]
    arguments: Vec<String>,
    hex: String,
    json: String,
}

#[test]
fn every_message_and_every_fault_is_answered_as_the_vectors_say() {
    let vectors: Vectors = toml::from_str(include_str!("../data/decode/messages.toml")).unwrap();
    assert!(vectors.case.len() > 40);
    for case in vectors.case {
        let given: Vec<&str> = case.arguments.iter().map(String::as_str).chain(["--format", "hex"]).collect();
        let mut expected: Value = serde_json::from_str(&case.json).unwrap();
        expected["index"] = json!(0);
        expected["offset"] = json!(0);
        expected["line"] = json!(1);
        let found = decode_all(&given, case.hex.split_whitespace().collect::<String>().as_bytes());
        assert_eq!(found, [expected], "{}", case.says);
    }
}

#[test]
fn fields_come_in_the_same_order_always() {
    let (text, _) = decode_text(&[], &announcement(4));
    let expected = concat!(
        r#"{"index":0,"offset":0,"type":"UPDATE","length":45,"withdrawn":[],"attributes":{"origin":"IGP","#,
        r#""asPath":{"text":"65001","segments":[{"type":"AS_SEQUENCE","asns":[65001]}]},"nextHop":"192.0.2.1"},"#,
        r#""nlri":[{"prefix":"10.0.0.0/8"}]}"#,
        "\n"
    );
    assert_eq!(text, expected);
}

#[test]
fn a_message_over_4096_octets_is_read_only_where_it_was_agreed() {
    let long = message(2, &[&[0x10, 0][..], &[0; 4096], &[0, 0]].concat());
    let (refused, read) = (decode_all(&[], &long), decode_all(&["--extended-messages"], &long));
    assert_eq!(field(&refused, "/notification/subcodeName"), ["Bad Message Length"]);
    assert_eq!(read[0]["withdrawn"].as_array().unwrap().len(), 4096);
}
