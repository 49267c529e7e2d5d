//! `import` and `export` of a peer.

use bgp_core::policy::{PrefixRange, PrefixRangeError};

use super::Checker;
use crate::config::key::{KeyPath, is_plain_word};
use crate::config::model::{ExportRules, ImportRules, RoleSelector};
use crate::config::shape;

pub(super) fn import(at: &KeyPath, written: shape::Import, checker: &mut Checker<'_>) -> ImportRules {
    let expected = "a list of prefix ranges as in [\"10.0.0.0/8 le 24\"]";
    let allow = checker.required(&at.key("allow"), written.allow, expected).unwrap_or_default();
    let max_prefixes = written.max_prefixes.and_then(|most| {
        let most = checker.legal(&at.key("max_prefixes"), most, |most| *most > 0, "1 or more, or no max_prefixes")?;
        usize::try_from(most).ok()
    });
    ImportRules {
        allow: ranges(&at.key("allow"), &allow, checker),
        deny: ranges(&at.key("deny"), &written.deny.unwrap_or_default(), checker),
        max_prefixes,
    }
}

/// `has_mode` where `advertise_mode` says what there is to tell: then rules without roles filter all of it.
pub(super) fn export(at: &KeyPath, written: shape::Export, has_mode: bool, checker: &mut Checker<'_>) -> ExportRules {
    let selects_nothing = written.roles.is_none() && written.learned_from.is_none();
    if selects_nothing && !has_mode {
        checker.missing(&at.key("roles"), "roles as in [\"pod\", \"vm\"] or [\"*\"], or learned_from");
    }
    let allow = written.allow.map(|allow| ranges(&at.key("allow"), &allow, checker));
    let learned_from = written.learned_from.unwrap_or_default();
    checker.distinct(&at.key("learned_from"), &learned_from);
    ExportRules {
        roles: match written.roles {
            Some(texts) => roles(&at.key("roles"), &texts, checker),
            None if selects_nothing && has_mode => vec![RoleSelector::Any],
            None => Vec::new(),
        },
        allow,
        deny: ranges(&at.key("deny"), &written.deny.unwrap_or_default(), checker),
        learned_from,
    }
}

fn ranges(at: &KeyPath, texts: &[String], checker: &mut Checker<'_>) -> Vec<PrefixRange> {
    checker.distinct_list(at, texts, |error: PrefixRangeError| error.expected)
}

fn roles(at: &KeyPath, texts: &[String], checker: &mut Checker<'_>) -> Vec<RoleSelector> {
    checker.distinct(at, texts);
    let mut roles = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        if text == "*" {
            roles.push(RoleSelector::Any);
        } else if is_plain_word(text) {
            roles.push(RoleSelector::Role(text.clone()));
        } else {
            checker.fault(&at.index(index), "expected a role as in \"pod\", or \"*\" for every role");
        }
    }
    roles
}
