//! The forms the input and the answer can have.

use serde_json::json;

use super::*;

#[test]
fn the_first_octets_tell_what_the_input_is() {
    let text = hex(&keepalive());
    let mrt = record(16, 4, &[ends(4, 65001, 64512, false), keepalive()].concat());
    for input in [keepalive(), text.into_bytes(), b"# sent by the peer\n".to_vec(), b"\n".to_vec(), mrt, vec![]] {
        assert!(decode_all(&[], &input).iter().all(|object| object["type"] == "KEEPALIVE"), "{input:?}");
    }
}

#[test]
fn what_is_none_of_them_is_refused_with_what_was_expected() {
    for (input, expected) in [
        (&b"\x1f\x8b\x08\0"[..], "compressed by gzip (expected it to come through zcat)"),
        (b"BZh91AY&SY", "compressed by bzip2 (expected it to come through bzcat)"),
        (&[0; 30], "offset 0: input begins with 00000000000000000000000000000000000000 (expected hexadecimal text"),
    ] {
        let (text, done) = decode_text(&[], input);
        let error = done.unwrap_err().to_string();
        assert!(text.is_empty() && error.contains(expected), "{error}");
    }
}

#[test]
fn a_line_of_hex_holds_messages_blanks_colons_and_a_comment() {
    let update = hex(&announcement(4));
    let (front, back) = update.split_at(11);
    let text = format!("# two\r\n{front}: {back}\t{} # KEEPALIVE\n\n  {}", hex(&keepalive()), hex(&keepalive()));
    let found = decode_all(&[], text.as_bytes());
    assert_eq!(field(&found, "/type"), ["UPDATE", "KEEPALIVE", "KEEPALIVE"]);
    assert_eq!(field(&found, "/line"), [2, 2, 4]);
    assert_eq!(field(&found, "/index"), [0, 1, 2]);
    let begins: Vec<&str> = field(&found, "/offset")
        .iter()
        .map(|offset| &text[usize::try_from(offset.as_u64().unwrap()).unwrap()..][..4])
        .collect();
    assert_eq!(begins, ["ffff"; 3]);
}

#[test]
fn a_faulty_line_of_hex_leaves_the_others_alone() {
    let good = hex(&keepalive());
    let text = format!("{good}\n{good}\u{7}ff\n{}\n{good}f\n{}\n{good}\n", &good[..20], good.replacen("ff", "00", 1));
    let (text, done) = decode_text(&["--format", "hex"], text.as_bytes());
    let found = objects(&text);
    let expected =
        ["KEEPALIVE", "KEEPALIVE", "UNREADABLE", "UNREADABLE", "KEEPALIVE", "UNREADABLE", "UNKNOWN", "KEEPALIVE"];
    assert_eq!(field(&found, "/type"), expected);
    assert_eq!(field(&found, "/line"), [1, 2, 2, 3, 4, 4, 5, 6]);
    assert_eq!(found[2]["reason"], r"column 39 is '\x07' (expected hexadecimal digits, spaces or colons)");
    assert_eq!(found[3]["reason"], "line ends after 10 octets of a message (expected at least 19)");
    assert_eq!(found[5]["reason"], "digits end in the middle of an octet (expected an even number)");
    assert_eq!(found[6]["notification"]["subcodeName"], "Connection Not Synchronized");
    assert!(matches!(done, Err(DecodeError::Unreadable { count: 3, offset: 77, .. })), "{done:?}");
}

#[test]
fn a_raw_stream_ends_at_a_bad_header_and_not_at_a_bad_update() {
    let bad_update = message(2, &[0, 9, 0, 0]);
    let input = [keepalive(), bad_update, keepalive(), vec![0; 19], keepalive()].concat();
    let found = decode_all(&["--format", "raw"], &input);
    assert_eq!(field(&found, "/type"), ["KEEPALIVE", "UPDATE", "KEEPALIVE", "UNKNOWN"]);
    assert_eq!(field(&found, "/offset"), [0, 19, 42, 61]);
    assert_eq!(field(&found, "/notification/code"), [&Value::Null, &json!(3), &Value::Null, &json!(1)]);
}

#[test]
fn a_raw_stream_that_is_cut_short_says_where_and_what_was_expected() {
    let input = [keepalive(), announcement(4)].concat();
    let (text, done) = decode_text(&[], &input[..60]);
    assert_eq!(field(&objects(&text), "/type"), ["KEEPALIVE", "UNREADABLE"]);
    let expected = "standard input: 1 of the reports are UNREADABLE, the first at offset 19: \
                    input ends after 41 octets of a message (expected 45 as its header says)";
    assert_eq!(done.unwrap_err().to_string(), expected);
}

#[test]
fn a_table_has_one_line_a_message_and_yaml_one_document() {
    let input = [announcement(4), message(2, &[0, 9, 0, 0])].concat();
    let (table, _) = decode_text(&["-o", "table"], &input);
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[1].ends_with("announces 10.0.0.0/8, path 65001, next hop 192.0.2.1"), "{table}");
    assert!(lines[2].contains("NOTIFICATION 3/1 UPDATE Message Error, Malformed Attribute List"), "{table}");
    let (yaml, _) = decode_text(&["-o", "yaml"], &input);
    assert_eq!(yaml.matches("---\n").count(), 2);
    assert!(yaml.contains("\ntype: UPDATE\nlength: 45\n"), "{yaml}");
}

#[test]
fn a_table_shows_no_control_character_of_a_peer() {
    let text = b"\x07\x1b[31mred\n";
    let shutdown = message(3, &[&[6, 2, u8::try_from(text.len()).unwrap()][..], text].concat());
    let (table, _) = decode_text(&["-o", "table"], &shutdown);
    assert!(table.lines().count() == 2 && !table.contains(['\u{7}', '\u{1b}']), "{table:?}");
}
