//! From the shape to a valid [`Config`], with every fault of meaning at once.
//!
//! Each part yields what it can; a `Config` is made only when nobody found a fault.

mod across;
mod advertised;
mod aggregation;
mod extensions;
mod guard;
mod originations;
mod peer;
mod rules;
mod sections;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use super::fault::{ConfigFault, ConfigFaults};
use super::key::{KeyPath, shown_value};
use super::layers::Layers;
use super::model::{Config, Warning};
use super::{read, suggest};

/// Reads and checks the merged layers; `faults` holds what reading the files found.
pub(super) fn validate(layers: &Layers, mut faults: Vec<ConfigFault>) -> Result<Config, ConfigFaults> {
    let (file, mut refused) = read::read(layers, &mut faults);
    // A file that could not be read leaves gaps that are not the author's faults.
    if !layers.is_whole {
        refused.push(KeyPath::default());
    }
    let mut checker = Checker { layers, refused, faults, warnings: Vec::new() };
    let of_router =
        file.router.as_ref().map(|written| advertised::of_router(written, &mut checker)).unwrap_or_default();
    let router = sections::router(file.router, &of_router, &mut checker);
    let inventory = sections::inventory(file.inventory, &mut checker);
    let journal = file.journal.map(|journal| sections::journal(journal, &mut checker));
    let control = sections::control(file.control.unwrap_or_default(), &mut checker);
    let admin = sections::admin(file.admin.unwrap_or_default(), control.as_ref(), &mut checker);
    let guard = guard::guard(file.guard.unwrap_or_default(), &mut checker);
    let audit = file.audit.map(|written| guard::audit(written, &mut checker));
    let metrics = file.metrics.map(|written| sections::metrics(written, router.as_ref(), &mut checker));
    let log = sections::log(file.log.unwrap_or_default(), &mut checker);
    let range_roles = originations::range_roles(file.range_role.unwrap_or_default(), &mut checker);
    let advertise = originations::advertise(file.advertise.unwrap_or_default(), &mut checker);
    let peers = peer::peers(file.peer.unwrap_or_default(), &of_router, &mut checker);
    if layers.is_whole {
        across::check(router.as_ref(), &advertise, &peers, &mut checker);
    }

    let Checker { mut faults, warnings, .. } = checker;
    let whole: Option<Vec<_>> = peers.into_iter().collect();
    let sockets = control.zip(admin);
    match (router, inventory, sockets, guard, log, whole) {
        (Some(router), Some(inventory), Some((control, admin)), Some(guard), Some(log), Some(peers))
            if faults.is_empty() =>
        {
            // One that is at fault has its fault among the others.
            let (audit, journal, metrics) = (audit.flatten(), journal.flatten(), metrics.flatten());
            Ok(Config {
                router,
                inventory,
                range_roles,
                advertise,
                journal,
                control,
                admin,
                guard,
                audit,
                metrics,
                log,
                peers,
                warnings,
                written: Arc::default(),
            })
        }
        _ => {
            faults.sort();
            faults.dedup();
            Err(ConfigFaults(faults))
        }
    }
}

const TWICE: &str = "stands twice; expected each once";

/// Collects what is wrong, and knows where everything stands.
struct Checker<'a> {
    layers: &'a Layers,
    /// What was already reported: nothing at or inside these is reported again.
    refused: Vec<KeyPath>,
    faults: Vec<ConfigFault>,
    warnings: Vec<Warning>,
}

impl Checker<'_> {
    /// The value at `path` is wrong.
    fn fault(&mut self, path: &KeyPath, reason: impl Into<String>) {
        if self.refused.iter().any(|refused| path.is_within(refused) && !refused.0.is_empty()) {
            return;
        }
        // An entry of a list that an environment variable spells out is not in the tree: the whole list is shown.
        let found = path.find(&self.layers.tree).or_else(|| path.parent()?.find(&self.layers.tree));
        self.faults.push(ConfigFault {
            position: self.layers.value_position(path),
            key: path.shown(&self.layers.tree),
            value: found.map(shown_value),
            reason: reason.into(),
        });
    }

    /// A key that must be there is not.
    fn missing(&mut self, path: &KeyPath, expected: &str) {
        if self.refused.iter().any(|refused| path.is_within(refused)) {
            return;
        }
        self.faults.push(ConfigFault {
            position: self.layers.key_position(path),
            key: path.shown(&self.layers.tree),
            value: None,
            reason: format!("missing; expected {expected}"),
        });
    }

    /// Legal and probably not meant.
    fn warn(&mut self, path: &KeyPath, text: impl Into<String>) {
        self.warnings.push(Warning { key: path.shown(&self.layers.tree), text: text.into() });
    }

    /// The value, or a fault that it is missing.
    fn required<T>(&mut self, path: &KeyPath, value: Option<T>, expected: &str) -> Option<T> {
        if value.is_none() {
            self.missing(path, expected);
        }
        value
    }

    /// The value when `is_legal`, else a fault.
    fn legal<T>(&mut self, path: &KeyPath, value: T, is_legal: impl Fn(&T) -> bool, expected: &str) -> Option<T> {
        let legal = is_legal(&value);
        if !legal {
            self.fault(path, format!("expected {expected}"));
        }
        legal.then_some(value)
    }

    /// The text parsed, or a fault in the words of `reason`.
    fn parsed<T: FromStr>(&mut self, path: &KeyPath, text: &str, reason: impl Fn(T::Err) -> String) -> Option<T> {
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.fault(path, reason(error));
                None
            }
        }
    }

    /// One of a few words, as the value that stands beside it.
    fn word<T: Copy>(&mut self, path: &KeyPath, text: &str, known: &[(&'static str, T)]) -> Option<T> {
        let found = known.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let words: Vec<&'static str> = known.iter().map(|(word, _)| *word).collect();
            self.fault(path, suggest::unknown_word(text, &words));
        }
        found
    }

    /// Every entry parsed; one at fault is left out, and each may stand once.
    fn distinct_list<T: FromStr + PartialEq>(
        &mut self,
        path: &KeyPath,
        texts: &[String],
        reason: impl Fn(T::Err) -> String,
    ) -> Vec<T> {
        let mut distinct: Vec<T> = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            match self.parsed(&path.index(index), text, &reason) {
                Some(value) if distinct.contains(&value) => self.fault(&path.index(index), TWICE),
                Some(value) => distinct.push(value),
                None => {}
            }
        }
        distinct
    }

    /// Reports texts that stand twice.
    fn distinct(&mut self, path: &KeyPath, entries: &[String]) {
        let mut seen = BTreeSet::new();
        for (index, entry) in entries.iter().enumerate() {
            if !seen.insert(entry) {
                self.fault(&path.index(index), TWICE);
            }
        }
    }

    /// A path that is not empty, resolved against the directory of the configuration file.
    fn resolved(&mut self, path: &KeyPath, text: &str) -> Option<PathBuf> {
        self.legal(path, text, |text| !text.is_empty() && !text.contains('\0'), "a path")?;
        Some(self.layers.path.parent().unwrap_or(Path::new("")).join(text))
    }

    /// A unicast address without a zone, in its own family.
    fn unicast(&mut self, path: &KeyPath, text: &str) -> Option<IpAddr> {
        let expected = "expected an IPv4 or IPv6 address as in 169.254.10.2 or fd00::2";
        let address: IpAddr = self.parsed(path, text, |_| expected.to_owned())?;
        match why_not_unicast(address) {
            None => Some(address),
            Some(reason) => {
                self.fault(path, format!("{reason}; expected a unicast address"));
                None
            }
        }
    }
}

/// Why no host can have that address; loopback is a host's.
fn why_not_unicast(address: IpAddr) -> Option<&'static str> {
    match address {
        _ if address.is_unspecified() => Some("the unspecified address is no host's"),
        _ if address.is_multicast() => Some("a multicast address is no host's"),
        IpAddr::V4(address) if address.is_broadcast() => Some("the broadcast address is no host's"),
        IpAddr::V4(address) if address.octets()[0] == 0 || address.octets()[0] >= 240 => {
            Some("a reserved address is no host's")
        }
        IpAddr::V6(address) if address.to_ipv4_mapped().is_some() => Some("an IPv4 address written as IPv6"),
        IpAddr::V6(address) if address.is_unicast_link_local() => {
            Some("a link-local address needs a link, which cannot be named yet")
        }
        _ => None,
    }
}
