//! `advertise_mode` and `routing_mode`: who inherits what, what is refused, and the policies that come of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use bgp_core::attribute::PathAttributes;
use bgp_core::policy::{Policy, RouteSource, Verdict};
use bgp_core::types::{Community, Prefix};

use super::super::{CUSTOM_RANGE, Config, InterRegionCosts, Peer, RangeSelector, RegionCost};
use super::load;

/// A router and one peer with these lines; those of the router begin at line 4.
fn load_both(router: &str, peer: &str) -> Result<Config, String> {
    load(&format!(
        "[router]\nasn = 64512\nrouter_id = \"10.0.0.1\"\n{router}\n[inventory]\npath = \"i\"\n\
         [[peer]]\nname = \"dc1\"\naddress = \"10.0.0.2\"\nasn = 65001\n{peer}"
    ))
}

const CUSTOM: &str = "advertise_mode = \"CUSTOM\"\n";
const ALL: &str = "advertised_groups = [\"ALL_SUBNETS\"]\n";

fn ranges(texts: &[&str]) -> String {
    let entries: Vec<String> = texts.iter().map(|text| format!("{{ range = \"{text}\" }}")).collect();
    format!("advertised_ip_ranges = [{}]\n", entries.join(", "))
}

/// Whether all subnets are told, and the custom ranges.
fn told(config: &Config) -> (bool, Vec<String>) {
    let advertised = &config.peers[0].advertised;
    (advertised.all_subnets, advertised.ip_ranges.iter().map(|custom| custom.range.to_string()).collect())
}

#[test]
fn a1_1_and_a1_6_both_have_modes_and_ranges_with_descriptions() {
    let range = "advertised_ip_ranges = [{ range = \"10.0.0.0/8\", description = \"all\" }, { range = \"::/0\" }]";
    for (router, peer) in [(format!("{CUSTOM}{range}"), String::new()), (String::new(), format!("{CUSTOM}{range}"))] {
        let config = load_both(&router, &peer).unwrap();
        let shown: Vec<_> = config.peers[0].advertised.ip_ranges.iter().map(|one| one.description.as_deref()).collect();
        assert_eq!(shown, [Some("all"), None]);
        assert_eq!(told(&config), (false, vec!["10.0.0.0/8".to_owned(), "::/0".to_owned()]));
    }
}

#[test]
fn a1_2_to_a1_5_a_peer_takes_the_mode_of_the_router_or_replaces_it() {
    let router = format!("{CUSTOM}{ALL}{}", ranges(&["10.0.0.0/8"]));
    let only_ranges = format!("{CUSTOM}{}", ranges(&["172.16.0.0/12"]));
    let (default, none) = ("advertise_mode = \"DEFAULT\"".to_owned(), String::new());
    let of = |all, texts: &[&str]| (all, texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
    for (router, peer, expected) in [
        (&none, &none, of(true, &[])),
        (&default, &default, of(true, &[])),
        (&router, &none, of(true, &["10.0.0.0/8"])),
        (&router, &default, of(true, &["10.0.0.0/8"])),
        (&router, &only_ranges, of(false, &["172.16.0.0/12"])),
        (&default, &only_ranges, of(false, &["172.16.0.0/12"])),
        (&only_ranges, &default, of(false, &["172.16.0.0/12"])),
        (&only_ranges, &format!("{CUSTOM}{ALL}"), of(true, &[])),
        (&router, &CUSTOM.to_owned(), of(false, &[])),
    ] {
        assert_eq!(told(&load_both(router, peer).unwrap()), expected, "{router} / {peer}");
    }
}

#[test]
fn what_does_not_go_with_the_mode_is_refused() {
    let many: Vec<String> = (0..=200).map(|number| format!("10.0.{number}.0/24")).collect();
    let many = ranges(&many.iter().map(String::as_str).collect::<Vec<_>>());
    let only_custom = "expected advertise_mode = \"CUSTOM\" beside it, which alone has such a list";
    for (router, expected) in [
        (ALL.to_owned(), format!("4:21: router.advertised_groups = [\"ALL_SUBNETS\"]: {only_custom}")),
        (
            format!("advertise_mode = \"DEFAULT\"\n{}", ranges(&["10.0.0.0/8"])),
            format!("5:24: router.advertised_ip_ranges = [{{ … }}]: {only_custom}"),
        ),
        (
            "advertise_mode = \"CUSTOMS\"".to_owned(),
            "4:18: router.advertise_mode = \"CUSTOMS\": expected DEFAULT or CUSTOM".to_owned(),
        ),
        (
            format!("{CUSTOM}advertised_groups = [\"ALL_PEER_VPC_SUBNETS\"]"),
            "5:22: router.advertised_groups[0] = \"ALL_PEER_VPC_SUBNETS\": expected \"ALL_SUBNETS\", the one group that there is"
                .to_owned(),
        ),
        (
            format!("{CUSTOM}{}", ranges(&["10.0.0.1/8"])),
            "5:35: router.advertised_ip_ranges[0].range = \"10.0.0.1/8\": host bits are set; expected 10.0.0.0/8".to_owned(),
        ),
        (
            format!("{CUSTOM}{}", ranges(&["10.0.0.0/8", "10.0.0.0/8"])),
            "5:61: router.advertised_ip_ranges[1].range = \"10.0.0.0/8\": stands twice; expected each once".to_owned(),
        ),
        (
            format!("{CUSTOM}{}", ranges(&["169.254.7.0/24"])),
            "5:35: router.advertised_ip_ranges[0].range = \"169.254.7.0/24\": it shares addresses with 169.254.0.0/16, which is \
             never announced"
                .to_owned(),
        ),
        (
            format!("{CUSTOM}{}", ranges(&["0.0.0.0/1"])),
            "5:35: router.advertised_ip_ranges[0].range = \"0.0.0.0/1\": it shares addresses with 0.0.0.0/8, which is never \
             announced"
                .to_owned(),
        ),
        (
            format!("{CUSTOM}advertised_ip_ranges = [{{ description = \"x\" }}]"),
            "5:25: router.advertised_ip_ranges[0].range: missing; expected a prefix as in \"10.0.0.0/8\"".to_owned(),
        ),
        (
            "routing_mode = \"GLOBAL\"".to_owned(),
            "1:2: router.region: missing; expected our region as in \"us-central1\": routing_mode is \"GLOBAL\"".to_owned(),
        ),
        (
            "region = \"r1\"\ninter_region_cost = { r2 = 250 }".to_owned(),
            "5:28: router.inter_region_cost.r2 = 250: expected routing_mode = \"GLOBAL\" beside it: no other region is \
             announced"
                .to_owned(),
        ),
        (
            "region = \"r1\"\nrouting_mode = \"GLOBAL\"\ninter_region_cost = { r2 = -1 }".to_owned(),
            "6:28: router.inter_region_cost.r2 = -1: expected a whole number from 0 to 4294967295".to_owned(),
        ),
        (
            "region = \"r1\"\nrouting_mode = \"GLOBAL\"\ninter_region_cost = { \"r 2\" = 1 }".to_owned(),
            "6:31: router.inter_region_cost.\"r 2\" = 1: expected a region as in \"us-central1\" for a key".to_owned(),
        ),
    ] {
        let message = load_both(&router, "").expect_err("this must be refused");
        assert_eq!(message, format!("aliasd.toml:{expected}"), "for {router}");
    }
    let message = load_both("", &format!("{CUSTOM}{many}")).expect_err("these are too many");
    assert!(message.starts_with("aliasd.toml:12:24: peer[dc1].advertised_ip_ranges = "), "{message}");
    assert!(message.ends_with(": 201 ranges; expected at most 200 for a peer"), "{message}");
    let both = "[[advertise]]\nrole = \"vm\"\ngroup = \"ALL_SUBNETS\"\naggregation = { mode = \"subnet-ranges\" }";
    let message = load_both("", both).expect_err("one selector alone");
    assert_eq!(
        message,
        "aliasd.toml:13:9: advertise[0].group = \"ALL_SUBNETS\": role is given too; expected one of the three"
    );
}

#[test]
fn a_group_selects_ranges() {
    let rule = "[[advertise]]\ngroup = \"ALL_SUBNETS\"\naggregation = { mode = \"subnet-ranges\" }";
    assert_eq!(load_both("", rule).unwrap().advertise[0].selector, RangeSelector::AllSubnets);
}

#[test]
fn a1_8_default_routes_may_be_custom_ranges() {
    let config = load_both("", &format!("{CUSTOM}{}", ranges(&["0.0.0.0/0", "::/0"]))).unwrap();
    assert_eq!(told(&config).1, ["0.0.0.0/0", "::/0"]);
}

#[test]
fn export_may_be_left_out_where_a_mode_is_written() {
    let default = "advertise_mode = \"DEFAULT\"";
    let everything = Some(super::super::ExportRules::everything());
    for (router, peer, expected) in [
        ("", "", &None),
        (default, "", &everything),
        ("", default, &everything),
        (default, "export = { deny = [] }", &everything),
    ] {
        assert_eq!(load_both(router, peer).unwrap().peers[0].export, *expected, "{router} / {peer}");
    }
    let of_others = load_both(default, "export = { learned_from = [\"*\"] }").unwrap();
    assert_eq!(
        of_others.peers[0].export.as_ref().unwrap().roles,
        [],
        "it asks for what others sent, and for nothing else"
    );
    assert!(load_both("", "export = { deny = [] }").is_err(), "nothing says what is let out");
}

#[test]
fn warns_of_modes_that_tell_nothing() {
    let warnings = |router: &str, peer: &str| -> Vec<String> {
        let warnings = load_both(router, &format!("import = {{ allow = [\"10.0.0.0/8\"] }}\n{peer}")).unwrap().warnings;
        warnings.iter().map(ToString::to_string).filter(|text| !text.starts_with("advertise: ")).collect()
    };
    assert_eq!(
        warnings("", CUSTOM),
        [
            "peer[dc1].advertise_mode: CUSTOM without advertised_groups and advertised_ip_ranges: nothing of ours is advertised",
            "peer[dc1].export: it selects nothing: nothing is advertised to it",
        ]
    );
    assert_eq!(
        warnings("", &format!("{CUSTOM}{}export = {{ roles = [\"vm\"] }}", ranges(&["10.0.0.0/8", "fd00::/8"]))),
        [
            "peer[dc1].export.roles: selects nothing: its advertise_mode is CUSTOM without the group ALL_SUBNETS",
            "peer[dc1]: fd00::/8 of advertised_ip_ranges is not advertised to it: ipv6-unicast is not in families",
        ]
        .map(ToOwned::to_owned)
        .into_iter()
        .chain(["peer[dc1].export.roles[0]: no [[advertise]] originates the role vm: it selects nothing".to_owned()])
        .collect::<Vec<_>>()
    );
    let own =
        "region = \"r1\"\nrouting_mode = \"GLOBAL\"\ninter_region_cost = { r1 = 7 }\nadvertise_mode = \"DEFAULT\"";
    assert_eq!(warnings(own, ""), ["router.inter_region_cost.r1: never used: it is router.region, whose cost is 0"]);
}

#[test]
fn regions_cost_what_the_table_says() {
    let global = "region = \"r1\"\nrouting_mode = \"GLOBAL\"\ninter_region_cost = { r2 = 250 }";
    let router = load_both(global, "").unwrap().router;
    let known = |cost| Some(RegionCost::Known(cost));
    assert_eq!(
        ["r1", "r2", "r3"].map(|region| router.inter_region.of(router.region.as_deref(), region)),
        [known(0), known(250), Some(RegionCost::Unknown)]
    );
    assert_eq!(RegionCost::Unknown.amount(), 9999);
    let regional = load_both("region = \"r1\"\nrouting_mode = \"REGIONAL\"", "").unwrap().router;
    assert_eq!(
        ["r1", "r2"].map(|region| regional.inter_region.of(regional.region.as_deref(), region)),
        [known(0), None]
    );
    assert_eq!(
        load_both("", "").unwrap().router.inter_region.of(None, "r2"),
        known(0),
        "who speaks for no region speaks for all"
    );
    assert_eq!(regional.inter_region, InterRegionCosts::Regional);
}

fn originated(tag: &str, cost: u32) -> RouteSource {
    RouteSource::Originated { tag: Arc::from(tag), cost }
}

/// What leaves: the term, MULTI_EXIT_DISC as far as the term sets it, and whether communities stay.
fn leaves(policy: &Policy, prefix: &str, tag: &str, cost: u32) -> Option<(String, Option<u32>, bool)> {
    let attributes = Arc::new(PathAttributes { communities: vec![Community(7)], ..PathAttributes::default() });
    let prefix: Prefix = prefix.parse().unwrap();
    let evaluation = policy.evaluate(&prefix, &originated(tag, cost), &attributes);
    let name = evaluation.term.and_then(|term| policy.term_name(term)).unwrap_or_default().to_owned();
    let has_communities = !evaluation.attributes.communities.is_empty();
    (evaluation.verdict == Verdict::Accept).then_some((name, evaluation.attributes.multi_exit_disc, has_communities))
}

fn policy(router: &str, peer: &str) -> Policy {
    load_both(router, peer).unwrap().peers[0].export_policy(|_| None)
}

#[test]
fn each_cost_has_a_term_of_its_own_and_an_unknown_one_is_the_worst() {
    let router =
        "region = \"r1\"\nrouting_mode = \"GLOBAL\"\ninter_region_cost = { r2 = 250, r3 = 300, r4 = 250, r5 = 0 }";
    let peer = "advertised_route_priority = 351\nexport = { roles = [\"*\"] }";
    let policy = policy(router, peer);
    let of = |name: &str, med| Some((name.to_owned(), med, true));
    for (cost, expected) in [
        (0, of("export.roles[0] *", None)),
        (250, of("export.roles[0] *, cost 250", Some(601))),
        (300, of("export.roles[0] *, cost 300", Some(651))),
        (9999, of("export.roles[0] *, cost 9999", Some(10350))),
        (7, of("export.roles[0] *, cost 9999", Some(10350))),
    ] {
        assert_eq!(leaves(&policy, "10.0.0.0/24", "vm", cost), expected, "{cost}");
    }
    assert_eq!(policy.terms.len(), 4);
}

#[test]
fn a_med_ends_at_the_largest_that_there_is() {
    let router = "region = \"r1\"\nrouting_mode = \"GLOBAL\"\ninter_region_cost = { r2 = 10 }";
    let policy = policy(router, "advertised_route_priority = 4294967290\nexport = { roles = [\"*\"] }");
    assert_eq!(leaves(&policy, "10.0.0.0/24", "vm", 10).unwrap().1, Some(u32::MAX));
}

#[test]
fn without_global_there_is_one_term_for_a_role() {
    for router in ["", "region = \"r1\"\nrouting_mode = \"REGIONAL\""] {
        let policy = policy(router, "export = { roles = [\"vm\"] }");
        assert_eq!((policy.terms.len(), policy.terms[0].matches.cost, policy.terms[0].actions.len()), (1, None, 0));
    }
}

#[test]
fn custom_ranges_need_no_role_but_what_is_allowed_and_denied_counts() {
    let custom = format!("{CUSTOM}{}", ranges(&["10.0.0.0/8", "10.9.0.0/16", "172.16.0.0/12"]));
    let peer = format!("{custom}export = {{ roles = [], allow = [\"10.0.0.0/8 le 32\"], deny = [\"10.9.0.0/16\"] }}");
    let policy = policy("", &peer);
    let expected = ("advertised_ip_ranges, allow[0] 10.0.0.0/8 le 32".to_owned(), Some(100), false);
    assert_eq!(leaves(&policy, "10.0.0.0/8", CUSTOM_RANGE, 0), Some(expected));
    for prefix in ["10.9.0.0/16", "172.16.0.0/12", "10.1.0.0/16"] {
        assert_eq!(leaves(&policy, prefix, CUSTOM_RANGE, 0), None, "{prefix}");
    }
}

#[test]
fn nobody_else_gets_a_custom_range_by_a_star() {
    let policy = policy("", "export = { roles = [\"*\"] }");
    assert_eq!(leaves(&policy, "10.0.0.0/8", CUSTOM_RANGE, 0), None);
    assert!(leaves(&policy, "10.0.0.0/8", "vm", 0).is_some());
}

#[test]
fn a1_7_a_subnet_goes_before_a_custom_range_of_the_same_prefix_where_it_is_told() {
    let router = "region = \"r1\"\nrouting_mode = \"GLOBAL\"\ninter_region_cost = { r2 = 250 }";
    let custom = |rest: &str| policy(router, &format!("{CUSTOM}{}{rest}", ranges(&["10.0.0.0/24"])));
    let subnet = ("export.roles[0] *, cost 250".to_owned(), Some(350), true);
    assert_eq!(leaves(&custom(ALL), "10.0.0.0/24", "vm", 250), Some(subnet));
    let alone = ("advertised_ip_ranges".to_owned(), Some(100), false);
    assert_eq!(leaves(&custom(""), "10.0.0.0/24", "vm", 250), Some(alone.clone()), "it is told no subnet");
    assert_eq!(leaves(&custom(ALL), "10.0.0.0/24", CUSTOM_RANGE, 0), Some(alone.clone()));
    let other_role = custom(&format!("{ALL}export = {{ roles = [\"pod\"] }}"));
    assert_eq!(leaves(&other_role, "10.0.0.0/24", "vm", 250), Some(alone), "nor one of this role");
    assert_eq!(leaves(&custom(""), "10.0.1.0/24", "vm", 250), None);
}

#[test]
fn custom_ranges_are_those_of_peers_that_are_enabled() {
    let router = format!("{CUSTOM}{}", ranges(&["10.0.0.0/8"]));
    let of = |peer: &str| load_both(&router, peer).unwrap().custom_ranges();
    let only = |text: &str| BTreeSet::from([text.parse::<Prefix>().unwrap()]);
    assert_eq!(of(""), only("10.0.0.0/8"));
    assert_eq!(of(&format!("{CUSTOM}{}", ranges(&["fd00::/8"]))), only("fd00::/8"));
    assert_eq!(of("enabled = false"), BTreeSet::new());
}

#[test]
fn peers_of_other_priorities_are_told_the_same_prefixes() {
    let router = "region = \"r1\"\nrouting_mode = \"GLOBAL\"\ninter_region_cost = { r2 = 250 }";
    let of = |priority: u32| -> Peer {
        let peer = format!("advertised_route_priority = {priority}\nexport = {{ roles = [\"*\"] }}");
        load_both(router, &peer).unwrap().peers[0].clone()
    };
    assert_eq!(of(1).own_prefixes_policy(), of(2).own_prefixes_policy());
    assert_ne!(of(1).export_policy(|_| None), of(2).export_policy(|_| None));
}
