//! Names of resources, normalised so that they can be joined whatever form they were written in.

use std::fmt;

/// A resource's path without host and API version, as `projects/p/zones/z/instances/vm-1`.
///
/// Resources are joined on it and never on a short name: a Shared VPC subnetwork lies in another project than its
/// instances.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourcePath(String);

impl ResourcePath {
    /// Reads `https://www.googleapis.com/compute/v1/projects/…`, `https://compute.googleapis.com/compute/beta/projects/…`,
    /// `//compute.googleapis.com/projects/…` or `projects/…`; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let path = match text.strip_prefix("projects/") {
            Some(rest) => rest,
            None => {
                let (host, rest) = text.split_once("//")?;
                let known = matches!(host, "" | "https:" | "http:");
                rest.split_once("/projects/").filter(|_| known)?.1
            }
        };
        let parts: Vec<&str> = path.split('/').collect();
        // The project, then pairs of collection and name; "global" stands alone as a collection's scope.
        let named = parts.len() >= 3 && parts.iter().all(|part| is_segment(part));
        named.then(|| Self(format!("projects/{path}")))
    }

    /// The whole path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part: what the resource is called in its scope.
    #[must_use]
    pub fn short_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The part before the last: what kind of resource it is, as `instances`.
    #[must_use]
    pub fn collection(&self) -> &str {
        self.0.rsplit('/').nth(1).unwrap_or_default()
    }

    /// The path of what holds it and others of its kind, as `projects/p/zones/z/instances`.
    #[must_use]
    pub fn parent(&self) -> &str {
        self.0.rsplit_once('/').map_or("", |(parent, _)| parent)
    }

    /// What the path names in that collection, as `us-central1` in `regions`.
    #[must_use]
    pub fn named_in(&self, collection: &str) -> Option<&str> {
        let mut parts = self.0.split('/');
        parts.find(|part| *part == collection)?;
        parts.next()
    }
}

fn is_segment(part: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    !part.is_empty() && part.chars().all(legal)
}

impl fmt::Display for ResourcePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_every_spelling_of_a_path() {
        for text in [
            "projects/p/zones/z/instances/vm-1",
            "https://www.googleapis.com/compute/v1/projects/p/zones/z/instances/vm-1",
            "https://compute.googleapis.com/compute/beta/projects/p/zones/z/instances/vm-1",
            "//compute.googleapis.com/projects/p/zones/z/instances/vm-1",
        ] {
            assert_eq!(ResourcePath::parse(text).unwrap().as_str(), "projects/p/zones/z/instances/vm-1", "{text}");
        }
        let path = ResourcePath::parse("projects/p/zones/z/instances/vm-1").unwrap();
        assert_eq!((path.short_name(), path.collection()), ("vm-1", "instances"));
        assert_eq!((path.named_in("zones"), path.named_in("regions")), (Some("z"), None));
    }

    #[test]
    fn refuses_what_is_no_path() {
        for text in
            ["", "vm-1", "projects/", "projects/p", "ftp://x/projects/p/global/networks/n", "projects/p//networks/n"]
        {
            assert_eq!(ResourcePath::parse(text), None, "{text}");
        }
    }
}
