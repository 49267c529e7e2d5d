//! Whether a state of the inventory is proven complete, and what speaks against it.

use std::fmt;

/// Whether a snapshot was made from a state that is proven complete. Only a trusted snapshot may lack what the one before
/// it held; one that is not holds all of that, and what could be added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// Nothing speaks against it.
    #[default]
    Trusted,
    /// These do, in order, each once; never empty.
    Untrusted(Vec<Doubt>),
}

impl Trust {
    /// Whether nothing speaks against it.
    #[must_use]
    pub const fn is_trusted(&self) -> bool {
        matches!(self, Self::Trusted)
    }

    /// What speaks against it.
    #[must_use]
    pub fn doubts(&self) -> &[Doubt] {
        match self {
            Self::Trusted => &[],
            Self::Untrusted(doubts) => doubts,
        }
    }
}

/// Why a state of the inventory may lack what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Doubt {
    /// The place, a file or a part of one could not be read, or its object could not be named.
    Unreadable,
    /// It was written to each time it was read.
    Unsteady,
    /// The API says that its answer is not whole: `unreachables`, or a warning of a partial answer.
    Partial,
    /// More pages follow (`nextPageToken`).
    MorePages,
    /// A file that was there, or that the manifest lists, is not.
    MissingFile,
    /// A file, a count or a hash is not as the manifest says, or there is no manifest where one is required.
    Manifest,
    /// The manifest's revision went back.
    Revision,
    /// The manifest is older than `inventory.max_age_secs`, or from the future.
    Age,
    /// Nothing of a scope of `inventory.scopes` is there.
    MissingScope,
    /// There is no subnetwork at all, or there is no instance left.
    Empty,
    /// All of a zone, of a region or of a kind that had several objects are gone at once.
    Vanished,
    /// A subnetwork is at fault, or a range is gone that something still lies in.
    Subnetwork,
    /// Objects contradict the snapshot before in ways that lead from one to the next without end.
    Conflict,
    /// The name of the network that is selected stands for two.
    Network,
}

impl Doubt {
    /// Every doubt, in order.
    pub const ALL: [Self; 14] = [
        Self::Unreadable,
        Self::Unsteady,
        Self::Partial,
        Self::MorePages,
        Self::MissingFile,
        Self::Manifest,
        Self::Revision,
        Self::Age,
        Self::MissingScope,
        Self::Empty,
        Self::Vanished,
        Self::Subnetwork,
        Self::Conflict,
        Self::Network,
    ];

    /// The doubt of that [name](Self::name).
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|doubt| doubt.name() == name)
    }

    /// As replies and logs name it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unreadable => "UNREADABLE",
            Self::Unsteady => "UNSTEADY",
            Self::Partial => "PARTIAL",
            Self::MorePages => "MORE_PAGES",
            Self::MissingFile => "MISSING_FILE",
            Self::Manifest => "MANIFEST",
            Self::Revision => "REVISION",
            Self::Age => "AGE",
            Self::MissingScope => "MISSING_SCOPE",
            Self::Empty => "EMPTY",
            Self::Vanished => "VANISHED",
            Self::Subnetwork => "SUBNETWORK",
            Self::Conflict => "CONFLICT",
            Self::Network => "NETWORK",
        }
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a fault costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// The trust in the whole state: nothing is withdrawn.
    Untrusted(Doubt),
    /// Its object is in quarantine: it keeps what it had, and others go on.
    Quarantine,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_doubt_is_found_by_its_name() {
        for (index, doubt) in Doubt::ALL.into_iter().enumerate() {
            assert_eq!(Doubt::named(doubt.name()), Some(doubt));
            assert_eq!(doubt as usize, index, "one is missing");
        }
        assert_eq!(Doubt::named(""), None);
        assert_eq!(Doubt::ALL.last(), Some(&Doubt::Network), "the last one there is");
    }
}
