//! Which part of an inventory counts.

use std::time::Duration;

use super::ResourcePath;
use crate::config::{self, ManifestUse};

/// Which part of an inventory counts, and whether none of it is believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// The one network that counts, by path, URL or name; `None` for all.
    pub network: Option<String>,
    /// Whether an inventory without any subnetwork, or without any instance left, is believed.
    pub allow_empty: bool,
    /// What must be there: projects, regions and zones, each by path or name.
    pub scopes: Vec<String>,
    /// Whether there must be a manifest.
    pub manifest: ManifestUse,
    /// How old a manifest may be; `None` when its age does not count.
    pub max_age: Option<Duration>,
}

impl From<&config::Inventory> for Selection {
    fn from(config: &config::Inventory) -> Self {
        Self {
            network: config.network.clone(),
            allow_empty: config.allow_empty,
            scopes: config.scopes.clone(),
            manifest: config.manifest,
            max_age: config.max_age,
        }
    }
}

impl Selection {
    /// Whether objects of that network count.
    #[must_use]
    pub fn contains(&self, network: &ResourcePath) -> bool {
        let Some(wanted) = &self.network else { return true };
        match ResourcePath::parse(wanted) {
            Some(path) => path == *network,
            // A name, or the end of a path as in global/networks/vpc.
            None => network.as_str().strip_suffix(wanted.as_str()).is_some_and(|start| start.ends_with('/')),
        }
    }
}
