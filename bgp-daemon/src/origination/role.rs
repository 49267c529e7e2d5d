//! What a range is for: the first `[[range_role]]` that matches it, or else what its name says.

use std::sync::Arc;

use super::glob;
use crate::config::RangeRoleRule;
use crate::inventory::{Range, RangeName, ResourcePath, SubnetworkRef};

/// The role of a range that holds a cluster's virtual addresses, which lead nowhere from outside.
pub(super) const SERVICE: &str = "service";

/// Which ranges of a subnetwork a rule means, as written in `range`.
///
/// `primary` and `ipv6` mean the subnetwork's own ranges and never a secondary range that is called so; a glob is over
/// the names of secondary ranges alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RangePattern<'a> {
    Primary,
    Ipv6,
    Secondary(&'a str),
    SecondaryGlob(&'a str),
}

impl<'a> RangePattern<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        match text {
            "primary" => Self::Primary,
            "ipv6" => Self::Ipv6,
            _ if text.contains(['*', '?']) => Self::SecondaryGlob(text),
            _ => Self::Secondary(text),
        }
    }

    pub(super) fn matches(self, range: &RangeName) -> bool {
        match (self, range) {
            (Self::Primary, RangeName::Primary) | (Self::Ipv6, RangeName::Ipv6) => true,
            (Self::Secondary(wanted), RangeName::Secondary(name)) => *wanted == **name,
            (Self::SecondaryGlob(pattern), RangeName::Secondary(name)) => glob::matches(pattern, name),
            _ => false,
        }
    }

    pub(super) fn is_glob(self) -> bool {
        matches!(self, Self::SecondaryGlob(_))
    }
}

/// Which subnetworks a rule means: all, or those of a name or path.
enum SubnetworkPattern<'a> {
    Any,
    Path(ResourcePath),
    /// The end of a path, from a whole part on: a short name, or `regions/…/subnetworks/…`.
    Tail(&'a str),
}

impl<'a> SubnetworkPattern<'a> {
    fn new(text: &'a str) -> Self {
        match ResourcePath::parse(text) {
            Some(path) => Self::Path(path),
            None if text == "*" => Self::Any,
            None => Self::Tail(text),
        }
    }

    fn matches(&self, subnetwork: &SubnetworkRef) -> bool {
        match self {
            Self::Any => true,
            Self::Path(path) => *path == subnetwork.path,
            Self::Tail(tail) => {
                let head = subnetwork.path.as_str().strip_suffix(tail);
                head.is_some_and(|head| head.ends_with('/'))
            }
        }
    }
}

struct RoleRule<'a> {
    subnetwork: SubnetworkPattern<'a>,
    range: RangePattern<'a>,
    role: Arc<str>,
}

/// The roles that a configuration gives, read once for many ranges.
pub(super) struct RangeRoles<'a> {
    rules: Vec<RoleRule<'a>>,
    vm: Arc<str>,
    pod: Arc<str>,
    service: Arc<str>,
}

impl<'a> RangeRoles<'a> {
    pub(super) fn new(rules: &'a [RangeRoleRule]) -> Self {
        let rule = |rule: &'a RangeRoleRule| RoleRule {
            subnetwork: SubnetworkPattern::new(&rule.subnetwork),
            range: RangePattern::new(&rule.range),
            role: Arc::from(rule.role.as_str()),
        };
        Self {
            rules: rules.iter().map(rule).collect(),
            vm: Arc::from("vm"),
            pod: Arc::from("pod"),
            service: Arc::from(SERVICE),
        }
    }

    pub(super) fn role(&self, range: &Range) -> Arc<str> {
        let matches =
            |rule: &&RoleRule<'_>| rule.range.matches(&range.name) && rule.subnetwork.matches(&range.subnetwork);
        match self.rules.iter().find(matches) {
            Some(rule) => Arc::clone(&rule.role),
            None => self.built_in(&range.name),
        }
    }

    fn built_in(&self, name: &RangeName) -> Arc<str> {
        match name {
            RangeName::Primary | RangeName::Ipv6 => Arc::clone(&self.vm),
            RangeName::Secondary(name) if name.contains("pod") => Arc::clone(&self.pod),
            RangeName::Secondary(name) if name.contains("service") || name.contains("svc") => Arc::clone(&self.service),
            RangeName::Secondary(name) => Arc::clone(name),
        }
    }
}
