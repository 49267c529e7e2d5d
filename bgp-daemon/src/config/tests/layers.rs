//! Which layer decides.

use std::path::Path;

use super::{Config, ROUTER, load, load_files};

#[test]
fn a_later_file_overrides_key_by_key_and_appends_lists() {
    let peer =
        |name: &str, address: &str| format!("[[peer]]\nname = \"{name}\"\naddress = \"{address}\"\nasn = 65001\n");
    let advertise = |role: &str| format!("[[advertise]]\nrole = \"{role}\"\naggregation = {{ mode = \"in-use\" }}\n");
    let config = load_files(
        &[
            (
                "aliasd.toml",
                &format!("{ROUTER}[control]\nmode = \"0600\"\n{}{}", peer("a", "10.0.0.2"), advertise("pod")),
            ),
            ("conf.d/20-c.toml", &format!("[router]\nasn = 3\n{}", peer("c", "10.0.0.4"))),
            (
                "conf.d/10-b.toml",
                &format!("[router]\nasn = 2\nlisten = []\n{}{}", peer("b", "10.0.0.3"), advertise("vm")),
            ),
            ("conf.d/.10-b.toml.swp.toml", "not = [toml"),
            ("conf.d/README.md", "not toml"),
        ],
        &[],
    )
    .unwrap();
    let names: Vec<&str> = config.peers.iter().map(|peer| peer.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert_eq!(config.advertise.len(), 2);
    assert_eq!(config.router.asn.0, 3, "the last file by name");
    assert_eq!(config.router.router_id.to_string(), "10.0.0.1", "what no later layer sets stays");
    assert_eq!(config.router.listen, [], "a plain list is replaced");
    assert_eq!(config.control.mode, 0o600);
}

#[test]
fn the_environment_overrides_every_file() {
    let config = load_files(
        &[("aliasd.toml", ROUTER), ("conf.d/a.toml", "[router]\nasn = 2\n")],
        &[
            ("ALIASD__ROUTER__ASN", "4200000000"),
            ("aliasd__router__listen", " 127.0.0.1:1790 , [::1]:1790 "),
            ("ALIASD__ROUTER__ALWAYS_COMPARE_MED", "true"),
            ("ALIASD__CONTROL__SOCKET", "run/aliasd.sock"),
            ("ALIASD__INVENTORY__NETWORK", "5"),
        ],
    )
    .unwrap();
    assert_eq!(config.router.asn.0, 4_200_000_000);
    assert_eq!(config.router.listen, ["127.0.0.1:1790".parse().unwrap(), "[::1]:1790".parse().unwrap()]);
    assert!(config.router.always_compare_med);
    assert_eq!(config.control.socket.to_str(), Some("run/aliasd.sock"), "resolved against the file's directory");
    assert_eq!(config.inventory.network.as_deref(), Some("5"), "text stays text");
}

#[test]
fn leaves_the_names_alone_that_are_no_configuration() {
    let others = [
        ("ALIASD_LOG", "debug"),
        ("ALIASD_CONFIG", "/etc/x"),
        ("ALIASD_SOCKET", "/run/x"),
        ("ALIASD", "1"),
        ("PATH", "/bin"),
    ];
    assert!(load_files(&[("aliasd.toml", ROUTER)], &others).is_ok());
}

#[test]
fn positions_stay_right_through_the_merge() {
    let second = "# comment with ümlaut\n[[peer]]\nname = \"b\"\naddress = \"10.0.0.3\"\n  asn = 0 # here\n";
    let first = format!("{ROUTER}[[peer]]\nname = \"a\"\naddress = \"10.0.0.2\"\nasn = 0\n");
    let faults = load_files(&[("aliasd.toml", &first), ("conf.d/b.toml", second)], &[]).unwrap_err();
    let places: Vec<&str> = faults.lines().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(places, ["aliasd.toml:9:7", "conf.d/b.toml:5:9"]);
}

#[test]
fn columns_are_counted_in_characters() {
    let faults = load_files(&[("aliasd.toml", &format!("{ROUTER}[log]\n\"ü\" = 1"))], &[]).unwrap_err();
    assert!(faults.starts_with("aliasd.toml:7:1: log.\"ü\": unknown key"), "{faults}");
    let inline = "log = { level = \"info\", \"ü\" = 1, x = 2 }\n";
    let faults = load_files(&[("aliasd.toml", &format!("{inline}{ROUTER}"))], &[]).unwrap_err();
    assert!(faults.contains("aliasd.toml:1:34: log.x: unknown key"), "{faults}");
}

#[test]
fn text_alone_is_read_as_the_file_that_holds_it() {
    let wrong = format!("{ROUTER}[log]\nlevel = 5\n");
    for text in [ROUTER, wrong.as_str(), "["] {
        let mut alone = Config::from_text(Path::new("aliasd.toml"), text).map_err(|faults| faults.to_string());
        if let Ok(config) = &mut alone {
            config.inventory.path = "inventory".into();
        }
        assert_eq!(alone, load(text));
    }
}
