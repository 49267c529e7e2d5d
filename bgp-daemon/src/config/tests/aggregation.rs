//! `aggregation` of an `[[advertise]]`: what is written, and what is refused.

use std::time::Duration;

use super::super::{Aggregation, InUse, PrefixLengths};
use super::load_after_router;

/// One rule with this aggregation, which begins in line 8, column 15.
fn load(aggregation: &str) -> Result<Aggregation, String> {
    load_after_router(&format!("[[advertise]]\nrole = \"pod\"\naggregation = {aggregation}"))
        .map(|config| config.advertise[0].aggregation)
}

#[test]
fn what_is_not_written_is_the_exact_cover_and_the_whole_ranges() {
    assert_eq!(load("{ mode = \"in-use\" }"), Ok(Aggregation::InUse(InUse::EXACT)));
    assert_eq!(load("{ mode = \"subnet-ranges\" }"), Ok(Aggregation::SubnetRanges { while_allocated: false }));
    let bounded = InUse { max_prefixes: Some(7), keep_percent: 10, ..InUse::EXACT };
    assert_eq!(
        load("{ mode = \"in-use\", max_prefixes = 7 }"),
        Ok(Aggregation::InUse(bounded)),
        "a bound keeps covers"
    );
    assert!(!bounded.is_exact() && InUse { hold_down: Duration::from_secs(1), ..InUse::EXACT }.is_exact());
}

#[test]
fn everything_of_a_mode_can_be_written() {
    let written = "{ mode = \"in-use\", max_prefixes = 1, min_length = 8, max_length = 8, min_length_v6 = 0, \
                   max_length_v6 = 64, keep_percent = 0, hold_down_secs = 86400 }";
    let expected = InUse {
        max_prefixes: Some(1),
        ipv4: PrefixLengths { min: 8, max: 8 },
        ipv6: PrefixLengths { min: 0, max: 64 },
        keep_percent: 0,
        hold_down: Duration::from_secs(86400),
    };
    assert_eq!(load(written), Ok(Aggregation::InUse(expected)));
    assert_eq!(
        load("{ mode = \"subnet-ranges\", while_allocated = true }"),
        Ok(Aggregation::SubnetRanges { while_allocated: true })
    );
}

#[test]
fn refuses_bounds_that_nothing_can_keep_to() {
    let refused = |aggregation: &str| load(aggregation).unwrap_err().replace("aliasd.toml:8:", "");
    assert_eq!(
        refused("{ mode = \"in-use\", max_prefixes = 0 }"),
        "49: advertise[0].aggregation.max_prefixes = 0: expected 1 to 10000, or no max_prefixes for no bound"
    );
    assert_eq!(
        refused("{ mode = \"in-use\", min_length = 25, max_length = 24 }"),
        "47: advertise[0].aggregation.min_length = 25: is more than max_length, 24"
    );
    assert_eq!(
        refused("{ mode = \"in-use\", max_length = 33, min_length_v6 = 129 }"),
        "47: advertise[0].aggregation.max_length = 33: expected 0 to 32\n\
         aliasd.toml:8:67: advertise[0].aggregation.min_length_v6 = 129: expected 0 to 128"
            .replace("aliasd.toml:8:", "")
    );
    assert_eq!(
        refused("{ mode = \"in-use\", keep_percent = 1001, hold_down_secs = 86401 }"),
        "49: advertise[0].aggregation.keep_percent = 1001: expected 0 to 1000 percent\n\
         72: advertise[0].aggregation.hold_down_secs = 86401: expected 0 to 86400 seconds"
    );
}

#[test]
fn refuses_keys_of_the_other_mode() {
    let refused = |aggregation: &str| load(aggregation).unwrap_err().replace("aliasd.toml:8:", "");
    assert_eq!(
        refused("{ mode = \"subnet-ranges\", max_prefixes = 9, keep_percent = 1 }"),
        "56: advertise[0].aggregation.max_prefixes = 9: is for mode = \"in-use\" only\n\
         74: advertise[0].aggregation.keep_percent = 1: is for mode = \"in-use\" only"
    );
    assert_eq!(
        refused("{ mode = \"in-use\", while_allocated = true }"),
        "52: advertise[0].aggregation.while_allocated = true: is for mode = \"subnet-ranges\" only"
    );
}
