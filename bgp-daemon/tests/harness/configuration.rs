//! A text is a configuration from which sessions and policies can be made, or faults that say where they are.

use std::collections::BTreeSet;
use std::path::Path;

use bgp_core::types::PeerId;
use bgp_daemon::config::{Config, ConfigChange, ConfigFault, Position};

/// The octets are a configuration file.
pub fn holds(octets: &[u8]) {
    // Octets that are no text are refused before anything looks at them.
    let Ok(text) = std::str::from_utf8(octets) else { return };
    let path = Path::new("/etc/aliasd/aliasd.toml");
    let read = Config::from_text(path, text);
    assert_eq!(Config::from_text(path, text), read, "the same text is read otherwise the second time");
    match read {
        Ok(config) => can_be_run(&config),
        Err(faults) => {
            assert!(!faults.0.is_empty(), "refused for nothing");
            assert!(faults.0.is_sorted(), "faults in no order");
            faults.0.iter().for_each(|fault| says_where(fault, path, text));
        }
    }
}

fn says_where(fault: &ConfigFault, path: &Path, text: &str) {
    let shown = fault.to_string();
    assert_eq!(shown.lines().count(), 1, "{shown:?}");
    assert!(!fault.reason.is_empty());
    match &fault.position {
        Position::File(file) => assert_eq!(file, path),
        Position::Line { file, line, column } => {
            assert_eq!(file, path);
            // The end of a text that ends with a line break is a line of its own.
            let found = text.split('\n').nth(line - 1);
            let length = found.unwrap_or_else(|| panic!("{shown} is after the end")).chars().count();
            assert!((1..=length + 1).contains(column), "{shown} is after the end of its line");
        }
        Position::Environment(name) => panic!("{name} was not given"),
    }
}

fn can_be_run(config: &Config) {
    let names: BTreeSet<&str> = config.peers.iter().map(|peer| peer.name.as_str()).collect();
    assert_eq!(names.len(), config.peers.len(), "two peers of one name");
    for peer in &config.peers {
        let session = peer.session_config(&config.router);
        assert!(!session.families.is_empty() && !session.peer_asn.is_zero() && !session.local_asn.is_zero());
        let policies = [peer.import_policy(), peer.export_policy(|name| names.contains(name).then_some(PeerId(1)))];
        for policy in policies {
            assert!(policy.terms.iter().all(|term| !term.name.is_empty()));
        }
    }
    assert!(ConfigChange::between(config, config).is_empty(), "a configuration differs from itself");
}
