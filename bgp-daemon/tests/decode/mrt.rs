//! MRT files.

use serde_json::json;

use super::*;

#[test]
fn a_record_says_who_and_when_and_how_its_message_is_read() {
    let microseconds = 509_481_u32.to_be_bytes();
    let input = [
        record(16, 1, &[ends(2, 65001, 64512, false), announcement(2)].concat()),
        record(16, 4, &[ends(4, 4_200_000_000, 64512, true), announcement(4)].concat()),
        record(17, 4, &[&microseconds[..], &ends(4, 65001, 64512, false), &announcement(4)].concat()),
    ]
    .concat();
    let found = decode_all(&[], &input);
    assert_eq!(field(&found, "/attributes/asPath/text"), ["65001"; 3]);
    assert_eq!(field(&found, "/mrt/peerAsn"), [65001_u32, 4_200_000_000, 65001]);
    let expected = json!({
        "timestamp": "2015-10-23T02:01:18.509481Z", "type": "BGP4MP_ET", "subtype": "MESSAGE_AS4",
        "peerAsn": 65001, "localAsn": 64512, "interfaceIndex": 7,
        "peerAddress": "192.0.2.1", "localAddress": "192.0.2.2",
    });
    assert_eq!(found[2]["mrt"], expected);
    assert_eq!(found[1]["mrt"]["peerAddress"], "2001:db8::1");
    assert_eq!(found[1]["mrt"]["timestamp"], "2015-10-23T02:01:18Z");
    assert_eq!(found[1]["offset"], 12 + 16 + announcement(2).len());
}

#[test]
fn every_subtype_of_a_message_is_read_in_its_own_way() {
    for (subtype, width, add_path) in [
        (1, 2, false),
        (4, 4, false),
        (6, 2, false),
        (7, 4, false),
        (8, 2, true),
        (9, 4, true),
        (10, 2, true),
        (11, 4, true),
    ] {
        let update = match add_path {
            true => {
                let plain = announcement(width);
                let body = [&plain[19..plain.len() - 2], &[0, 0, 0, 5], &plain[plain.len() - 2..]].concat();
                message(2, &body)
            }
            false => announcement(width),
        };
        let found = decode_all(&[], &record(16, subtype, &[ends(width, 65001, 64512, false), update].concat()));
        let expected =
            if add_path { json!([{"prefix": "10.0.0.0/8", "pathId": 5}]) } else { json!([{"prefix": "10.0.0.0/8"}]) };
        assert_eq!(found[0]["nlri"], expected, "{subtype}");
        assert_eq!(found[0]["attributes"]["asPath"]["text"], "65001", "{subtype}");
    }
}

#[test]
fn a_peer_in_its_own_as_is_internal_unless_the_command_says_otherwise() {
    let local_pref = [0x40, 5, 4, 0, 0, 0, 100];
    let update = message(2, &[&[0, 0, 0, 7][..], &local_pref].concat());
    let input = record(16, 4, &[ends(4, 65001, 65001, false), update].concat());
    assert_eq!(field(&decode_all(&[], &input), "/faults"), [&Value::Null]);
    for given in [&["--ebgp"][..], &["--peer-asn", "65001"]] {
        assert_eq!(field(&decode_all(given, &input), "/faults/0/disposition"), ["attribute-discard"]);
    }
}

#[test]
fn the_command_overrides_what_the_record_says_of_as_numbers() {
    let input = record(16, 1, &[ends(2, 65001, 64512, false), announcement(4)].concat());
    assert_eq!(field(&decode_all(&[], &input), "/faults/0/attribute"), ["AS_PATH"]);
    assert_eq!(field(&decode_all(&["--as4"], &input), "/faults/0/attribute"), [&Value::Null]);
}

#[test]
fn changes_of_state_and_records_of_other_types_are_reported() {
    let message = record(16, 4, &[ends(4, 65001, 64512, false), keepalive()].concat());
    let input = [
        record(16, 0, &[ends(2, 65001, 64512, false), vec![0, 5, 0, 6]].concat()),
        record(17, 5, &[vec![0; 4], ends(4, 65001, 64512, false), vec![0, 6, 0, 9]].concat()),
        record(13, 2, &[0; 1000]),
        record(16, 3, &[]),
        message,
    ]
    .concat();
    let found = decode_all(&[], &input);
    assert_eq!(field(&found, "/type"), ["STATE_CHANGE", "STATE_CHANGE", "SKIPPED", "SKIPPED", "KEEPALIVE"]);
    assert_eq!((&found[0]["oldState"], &found[0]["newState"]), (&json!("OpenConfirm"), &json!("Established")));
    assert_eq!(found[1]["newState"], "9");
    assert_eq!((&found[2]["mrt"]["type"], &found[2]["mrt"]["subtype"]), (&json!("TABLE_DUMP_V2"), &json!("2")));
}

#[test]
fn a_file_of_nothing_but_a_table_dump_is_no_success() {
    let (_, done) = decode_text(&[], &[record(13, 1, &[0; 9]), record(13, 2, &[])].concat());
    let error = done.unwrap_err().to_string();
    assert!(error.contains("none of the 2 MRT records") && error.contains("TABLE_DUMP_V2 is not read"), "{error}");
}

#[test]
fn a_faulty_record_leaves_the_others_alone() {
    let who = ends(4, 65001, 64512, false);
    let input = [
        record(16, 4, &[&who[..], &[0; 19]].concat()),
        record(16, 4, &[&who[..], &announcement(4)[..30]].concat()),
        record(16, 4, &who),
        record(16, 4, &who[..9]),
        record(16, 4, &[&who[..10], &[0, 9], &who[12..]].concat()),
        record(17, 4, &[&[0xFF; 4][..], &who, &keepalive()].concat()),
        record(16, 4, &[who, keepalive()].concat()),
    ]
    .concat();
    let (text, done) = decode_text(&[], &input);
    let found = objects(&text);
    assert_eq!(found[0]["notification"]["subcodeName"], "Connection Not Synchronized");
    let reasons = [
        "record ends after 30 octets of a message (expected 45 as its header says)",
        "record ends after 0 octets of a message (expected at least 19)",
        "record ends before its AS numbers and addresses do",
        "address family 9 (expected 1 or 2)",
        "4294967295 microseconds (expected at most 999999)",
    ];
    assert_eq!(field(&found[1..6], "/reason"), reasons);
    assert_eq!(found[6]["type"], "KEEPALIVE");
    assert!(matches!(done, Err(DecodeError::Unreadable { count: 5, .. })));
}

#[test]
fn a_file_that_is_mrt_no_more_ends_there_with_the_offset() {
    let good = record(16, 4, &[ends(4, 65001, 64512, false), keepalive()].concat());
    let too_long = [&[0; 4][..], &[0, 16, 0, 4], &u32::MAX.to_be_bytes()].concat();
    for (bad, expected) in [
        (record(99, 0, &[]), "offset 51: MRT record of type 99 (expected 16, BGP4MP, or 17, BGP4MP_ET)"),
        (too_long, "offset 51: MRT record of 4294967295 octets (expected at most 65583)"),
        (good[..7].to_vec(), "offset 51: input ends after 7 octets of a record header (expected 12)"),
        (good[..20].to_vec(), "offset 51: input ends after 8 octets of an MRT record (expected 39 as its header says)"),
    ] {
        let (text, done) = decode_text(&[], &[good.clone(), bad].concat());
        assert_eq!(field(&objects(&text), "/type"), ["KEEPALIVE"]);
        assert!(done.unwrap_err().to_string().ends_with(expected), "{expected}");
    }
}
