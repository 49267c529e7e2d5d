//! `[metrics]`: where it listens, what is refused, and what is warned of.

use super::{load_after_router, load_files};

fn refusal(listen: &str) -> String {
    load_after_router(&format!("[metrics]\n{listen}")).expect_err("this must be refused")
}

fn warnings(listen: &str) -> Vec<String> {
    let config = load_after_router(&format!("[metrics]\nlisten = {listen:?}")).unwrap();
    let of_metrics = config.warnings.iter().filter(|warning| warning.key.starts_with("metrics"));
    of_metrics.map(ToString::to_string).collect()
}

#[test]
fn without_the_section_nothing_listens() {
    assert_eq!(load_after_router("").unwrap().metrics, None);
    let listen = "[metrics]\nlisten = \"[::1]:9179\"";
    assert_eq!(load_after_router(listen).unwrap().metrics.unwrap().listen, "[::1]:9179".parse().unwrap());
    let environment = [("ALIASD__METRICS__LISTEN", "127.0.0.1:9180")];
    let config = load_files(&[("aliasd.toml", super::ROUTER)], &environment).unwrap();
    assert_eq!(config.metrics.unwrap().listen, "127.0.0.1:9180".parse().unwrap());
}

#[test]
fn refuses_what_cannot_be_listened_on() {
    let example = "address:port as in 127.0.0.1:9179 or [::1]:9179";
    for (listen, fault) in [
        ("", format!("6:2: metrics.listen: missing; expected {example}")),
        ("listen = \"localhost:9179\"", format!("7:10: metrics.listen = \"localhost:9179\": expected {example}")),
        ("listen = \"127.0.0.1\"", format!("7:10: metrics.listen = \"127.0.0.1\": expected {example}")),
        ("listen = 9179", "7:10: metrics.listen = 9179: expected text in quotes".to_owned()),
        (
            "listen = \"127.0.0.1:0\"",
            "7:10: metrics.listen = \"127.0.0.1:0\": expected a port from 1 to 65535".to_owned(),
        ),
        (
            "listen = \"224.0.0.1:9179\"",
            "7:10: metrics.listen = \"224.0.0.1:9179\": a multicast address cannot be listened on; expected an address \
             of this host"
                .to_owned(),
        ),
        (
            "listen = \"127.0.0.1:179\"",
            "7:10: metrics.listen = \"127.0.0.1:179\": router.listen has 0.0.0.0:179, which takes the same connections; \
             expected another"
                .to_owned(),
        ),
        (
            "listen = \"127.0.0.1:9179\"\nport = 9179",
            "8:1: metrics.port: unknown key; expected one of listen".to_owned(),
        ),
    ] {
        assert_eq!(refusal(listen), format!("aliasd.toml:{fault}"), "{listen}");
    }
}

#[test]
fn warns_of_an_address_that_others_reach() {
    let text =
        "metrics.listen: not a loopback address: whoever reaches it may read names of peers and counts of routes";
    for open in ["0.0.0.0:9179", "10.0.0.1:9179", "[::]:9179", "[fd00::1]:9179"] {
        assert_eq!(warnings(open), [text], "{open}");
    }
    for local in ["127.0.0.1:9179", "127.1.2.3:9179", "[::1]:9179", "[::ffff:127.0.0.1]:9179"] {
        assert_eq!(warnings(local), [""; 0], "{local}");
    }
}
