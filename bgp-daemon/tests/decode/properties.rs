//! Whatever comes in.

use std::io::BufReader;

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// Octets that are often nearly a message or a record.
fn soup() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..60),
        (any::<u8>(), prop::collection::vec(any::<u8>(), 0..60)).prop_map(|(kind, body)| message(kind, &body)),
        (0..7u8, prop::collection::vec(any::<u8>(), 0..60)).prop_map(|(kind, body)| message(kind, &body)),
        (15..18u16, 0..12u16, prop::collection::vec(any::<u8>(), 0..90))
            .prop_map(|(kind, subtype, body)| record(kind, subtype, &body)),
        (0..12u16, prop::collection::vec(any::<u8>(), 0..60)).prop_map(|(subtype, body)| record(
            16,
            subtype,
            &[ends(4, 1, 2, false), message(2, &body)].concat()
        )),
        "[0-9a-f :#\n]{0,80}".prop_map(String::into_bytes),
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_octets_panic_and_every_line_is_an_object(
        octets in soup(),
        format in prop::sample::select(vec!["auto", "hex", "raw", "mrt"]),
        output in prop::sample::select(vec!["json", "yaml", "table"]),
        options in prop::sample::subsequence(vec!["--as2", "--ibgp", "--extended-messages", "--add-path=ipv4-unicast"], 0..=4),
    ) {
        let given = [&["--format", format, "-o", output][..], &options].concat();
        let (text, _either_is_fine) = decode_text(&given, &octets);
        if output == "json" {
            let found = objects(&text);
            prop_assert!(found.iter().enumerate().all(|(index, object)| object["index"] == json!(index)));
        }
    }

    #[test]
    fn the_same_messages_read_the_same_from_every_format(
        messages in prop::collection::vec((1..6u8, prop::collection::vec(any::<u8>(), 0..80)), 0..10),
    ) {
        let messages: Vec<Vec<u8>> = messages.iter().map(|(kind, body)| message(*kind, body)).collect();
        let text: String = messages.iter().map(|message| hex(message) + "\n").collect();
        let mrt: Vec<u8> =
            messages.iter().flat_map(|message| record(16, 4, &[&ends(4, 1, 2, false)[..], message].concat())).collect();
        let read = |format, input: &[u8]| {
            let mut found = decode_all(&["--format", format], input);
            for object in &mut found {
                let object = object.as_object_mut().unwrap();
                for place in ["offset", "line", "mrt"] {
                    object.remove(place);
                }
            }
            found
        };
        let raw = read("raw", &messages.concat());
        prop_assert_eq!(raw.len(), messages.len());
        prop_assert_eq!(&read("hex", text.as_bytes()), &raw);
        prop_assert_eq!(&read("mrt", &mrt), &raw);
    }

    #[test]
    fn how_the_input_comes_in_pieces_does_not_matter(
        octets in soup(),
        piece in 1..50usize,
        format in prop::sample::select(vec!["auto", "hex", "raw", "mrt"]),
    ) {
        let mut out = Vec::new();
        let pieces = BufReader::with_capacity(piece, &octets[..]);
        let done = run_on(&arguments(&["--format", format]), pieces, &mut out);
        let (text, whole) = decode_text(&["--format", format], &octets);
        prop_assert_eq!(String::from_utf8(out).unwrap(), text);
        prop_assert_eq!(done.map_err(|error| error.to_string()), whole.map_err(|error| error.to_string()));
    }
}
