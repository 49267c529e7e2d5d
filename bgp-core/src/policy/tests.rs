use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::types::{Asn, Community, LargeCommunity};

fn range(text: &str) -> PrefixRange {
    text.parse().unwrap()
}

fn prefix(text: &str) -> Prefix {
    text.parse().unwrap()
}

fn originated(tag: &str) -> RouteSource {
    RouteSource::Originated { tag: Arc::from(tag), cost: 0 }
}

#[test]
fn reads_every_form_of_a_prefix_range() {
    let cases = [
        ("10.0.0.0/8", 8, 8),
        ("10.0.0.0/8 le 24", 8, 24),
        ("10.0.0.0/8 ge 16", 16, 32),
        ("10.0.0.0/8 ge 16 le 24", 16, 24),
        ("fd00::/8 le 64", 8, 64),
        ("0.0.0.0/0 le 32", 0, 32),
    ];
    for (text, min_len, max_len) in cases {
        let parsed = range(text);
        assert_eq!((parsed.min_len(), parsed.max_len()), (min_len, max_len), "{text}");
    }
}

#[test]
fn refuses_what_is_no_prefix_range_and_says_why() {
    let cases = [
        ("", "expected address/length"),
        ("10.0.0.1/8", "host bits are set; expected 10.0.0.0/8"),
        ("10.0.0.0/8 le", "expected a length in bits after `le`"),
        ("10.0.0.0/8 le 33", "expected lengths with 8 <= ge <= le <= 32"),
        ("10.0.0.0/8 ge 4", "expected lengths with 8 <= ge <= le <= 32"),
        ("10.0.0.0/8 ge 24 le 16", "expected lengths with 8 <= ge <= le <= 32"),
        ("10.0.0.0/8 le 24 ge 16", "expected nothing, `ge N`, `le N` or `ge N le N` after 10.0.0.0/8"),
        ("10.0.0.0/8 up to 24", "expected nothing, `ge N`, `le N` or `ge N le N` after 10.0.0.0/8"),
    ];
    for (text, expected) in cases {
        let error = text.parse::<PrefixRange>().unwrap_err().to_string();
        assert!(error.contains(expected), "{text:?} gave {error:?}");
    }
}

#[test]
fn rejects_a_route_that_no_term_matches() {
    let attributes = Arc::new(PathAttributes::default());
    let evaluation = Policy::reject_all("none").evaluate(&prefix("10.0.0.0/8"), &originated("pod"), &attributes);
    assert_eq!(evaluation, Evaluation { verdict: Verdict::Reject, term: None, attributes });
}

#[test]
fn lets_the_first_matching_term_decide() {
    let policy = Policy {
        name: "import".to_owned(),
        terms: vec![
            Term::reject("deny", Match { prefixes: Some(vec![range("10.1.0.0/16 le 32")]), ..Match::default() }),
            Term::accept("allow", Match { prefixes: Some(vec![range("10.0.0.0/8 le 24")]), ..Match::default() }),
        ],
    };
    let attributes = Arc::new(PathAttributes::default());
    let term_for = |text: &str| policy.evaluate(&prefix(text), &RouteSource::Peer(PeerId(1)), &attributes).term;
    assert_eq!(term_for("10.1.2.0/24"), Some(0));
    assert_eq!(term_for("10.2.0.0/16"), Some(1));
    assert_eq!(term_for("10.2.0.0/25"), None);
    assert_eq!(policy.term_name(1), Some("allow"));
}

#[test]
fn needs_every_condition_of_a_term_to_hold() {
    let matches = Match {
        family: Some(crate::types::AddressFamily::Ipv4Unicast),
        prefixes: Some(vec![range("10.0.0.0/8 le 32")]),
        sources: Some(vec![SourceMatch::Originated(Arc::from("pod")), SourceMatch::Peer(PeerId(7))]),
        communities: Some(vec![Community(100)]),
        large_communities: None,
        ..Match::default()
    };
    let with = PathAttributes { communities: vec![Community(100)], ..PathAttributes::default() };
    let without = PathAttributes::default();
    assert!(matches.holds(&prefix("10.1.0.0/16"), &originated("pod"), &with));
    assert!(matches.holds(&prefix("10.1.0.0/16"), &RouteSource::Peer(PeerId(7)), &with));
    assert!(!matches.holds(&prefix("10.1.0.0/16"), &originated("vm"), &with));
    assert!(!matches.holds(&prefix("10.1.0.0/16"), &RouteSource::Peer(PeerId(8)), &with));
    assert!(!matches.holds(&prefix("10.1.0.0/16"), &originated("pod"), &without));
    assert!(!matches.holds(&prefix("11.0.0.0/16"), &originated("pod"), &with));
    assert!(!matches.holds(&prefix("fd00::/16"), &originated("pod"), &with));
    let nothing = Match { prefixes: Some(Vec::new()), ..Match::default() };
    assert!(!nothing.holds(&prefix("10.1.0.0/16"), &originated("pod"), &with));
}

#[test]
fn does_the_actions_in_order_and_keeps_lists_ascending() {
    let large = LargeCommunity { global_administrator: 64512, local_data_1: 1, local_data_2: 2 };
    let term = Term {
        actions: vec![
            Action::SetMed(5),
            Action::SetLocalPref(200),
            Action::AddCommunity(Community(3)),
            Action::AddCommunity(Community(1)),
            Action::AddCommunity(Community(3)),
            Action::RemoveCommunity(Community(2)),
            Action::AddLargeCommunity(large),
            Action::Prepend { asn: Asn(64512), count: 2 },
        ],
        ..Term::accept("all", Match::default())
    };
    let before = Arc::new(PathAttributes { communities: vec![Community(2)], ..PathAttributes::default() });
    let after = term.transform(&before);
    assert_eq!(after.multi_exit_disc, Some(5));
    assert_eq!(after.local_pref, Some(200));
    assert_eq!(after.communities, [Community(1), Community(3)]);
    assert_eq!(after.large_communities, [large]);
    assert_eq!(after.as_path.segments[0].asns, [Asn(64512), Asn(64512)]);
}

#[test]
fn shares_the_attributes_when_nothing_changed() {
    let attributes = Arc::new(PathAttributes { multi_exit_disc: Some(5), ..PathAttributes::default() });
    let same = Term { actions: vec![Action::SetMed(5)], ..Term::accept("all", Match::default()) };
    assert!(Arc::ptr_eq(&same.transform(&attributes), &attributes));
    let rejecting = Term { actions: vec![Action::SetMed(6)], ..Term::reject("none", Match::default()) };
    assert!(Arc::ptr_eq(&rejecting.transform(&attributes), &attributes));
}

#[test]
fn opens_a_new_segment_when_the_first_is_full() {
    let mut path = crate::attribute::AsPath::default();
    path.prepend(Asn(1), 256);
    let lengths: Vec<usize> = path.segments.iter().map(|segment| segment.asns.len()).collect();
    assert_eq!(lengths, [1, 255]);
}

proptest! {
    #[test]
    fn shown_prefix_range_reads_back_as_itself(bits: u32, len in 0u8..=32, a in 0u8..=32, b in 0u8..=32) {
        let prefix = Prefix::new(std::net::IpAddr::V4(bits.into()), len).unwrap();
        let (low, high) = (a.min(b), a.max(b));
        match PrefixRange::new(prefix, low, high) {
            Ok(shown) => prop_assert_eq!(range(&shown.to_string()), shown),
            Err(_) => prop_assert!(low < len),
        }
    }
}

#[test]
fn tells_routes_of_ours_by_cost_and_by_any_tag_but_one() {
    let at = |tag: &str, cost: u32| RouteSource::Originated { tag: Arc::from(tag), cost };
    let holds = |matches: &Match, source: &RouteSource| {
        matches.holds(&prefix("10.0.0.0/8"), source, &PathAttributes::default())
    };
    let cost = Match { cost: Some(250), ..Match::default() };
    assert!(holds(&cost, &at("pod", 250)));
    assert!(!holds(&cost, &at("pod", 0)));
    assert!(!holds(&cost, &RouteSource::Peer(PeerId(7))), "what a peer sent has no cost");
    let other = SourceMatch::OriginatedBut(Arc::from("pod"));
    assert!(other.includes(&at("vm", 9)));
    assert!(!other.includes(&at("pod", 9)) && !other.includes(&RouteSource::Peer(PeerId(7))));
}

#[test]
fn clears_communities_of_both_kinds_and_nothing_else() {
    let large_communities = vec![LargeCommunity { global_administrator: 1, local_data_1: 2, local_data_2: 3 }];
    let med = PathAttributes { multi_exit_disc: Some(5), ..PathAttributes::default() };
    let mut attributes = PathAttributes { communities: vec![Community(7)], large_communities, ..med.clone() };
    Action::ClearCommunities.apply(&mut attributes);
    assert_eq!(attributes, med);
}
