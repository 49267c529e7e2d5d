//! Which routes of a peer may be used (RFC 4271 sections 6.3 and 9.1.2), and that all the others stay visible.

use super::*;

fn reachable(next_hop: NextHop, routes: &[&str]) -> Reachable {
    let attributes = PathAttributes {
        as_path: AsPath::sequence([Asn(65001)]),
        next_hop: Some(next_hop),
        ..PathAttributes::default()
    };
    Reachable { attributes: Arc::new(attributes), nlri: routes.iter().map(|text| prefix(text).into()).collect() }
}

fn verdicts(rib: &Rib) -> Vec<(String, ImportVerdict)> {
    let page = rib.learned(PeerId(1), None, 100);
    page.items.into_iter().map(|route| (route.prefix.to_string(), route.verdict)).collect()
}

fn judged(next_hop: &str) -> ImportVerdict {
    let mut rib = rib();
    let global = "2001:db8::fe".parse().unwrap();
    let facts = PeerFacts { next_hop_self_v6: Some(NextHop::V6 { global, link_local: None }), ..facts(1) };
    rib.peer_up(facts, Arc::new(Policy::accept_all("in")), Arc::new(Policy::accept_all("out")));
    let address: std::net::IpAddr = next_hop.parse().unwrap();
    let route = if address.is_ipv4() { "172.16.0.0/16" } else { "fd00::/16" };
    rib.apply(PeerId(1), &[reachable(address.into(), &[route])], &[]);
    settle(&mut rib);
    let [(_, verdict)] = &verdicts(&rib)[..] else { panic!("one route") };
    assert_eq!(rib.counters().best, usize::from(verdict.is_accepted()), "{next_hop}");
    verdict.clone()
}

#[test]
fn check_46_a_next_hop_that_no_packet_can_be_sent_to_makes_its_routes_ineligible() {
    let unusable = [
        "0.0.0.0",
        "0.1.2.3",
        "127.0.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "192.0.2.254",
        "::",
        "::1",
        "ff02::1",
        "2001:db8::fe",
    ];
    for next_hop in unusable {
        assert_eq!(judged(next_hop), ImportVerdict::NextHopIneligible, "{next_hop}");
    }
    for next_hop in ["192.0.2.1", "169.254.10.2", "10.0.0.1", "2001:db8::1"] {
        assert!(judged(next_hop).is_accepted(), "{next_hop}");
    }
}

#[test]
fn check_46_a_link_local_next_hop_beside_none_that_is_global_will_do() {
    let mut rib = with_peers(1);
    let hop = NextHop::V6 { global: std::net::Ipv6Addr::UNSPECIFIED, link_local: Some("fe80::9".parse().unwrap()) };
    rib.apply(PeerId(1), &[reachable(hop, &["fd00::/16"])], &[]);
    settle(&mut rib);
    assert!(verdicts(&rib)[0].1.is_accepted());
}

#[test]
fn check_57_routes_to_no_unicast_destination_are_kept_apart_and_the_rest_used() {
    let mut rib = rib();
    let facts = PeerFacts { max_prefixes: None, ..facts(1) };
    rib.peer_up(facts, Arc::new(Policy::accept_all("in")), Arc::new(Policy::accept_all("out")));
    let hop = NextHop::V4(Ipv4Addr::new(192, 0, 2, 1));
    let routes =
        ["172.16.0.0/16", "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "239.1.2.3/32", "240.0.0.0/4"];
    rib.apply(PeerId(1), &[reachable(hop, &routes)], &[]);
    let hop = NextHop::V6 { global: "2001:db8::1".parse().unwrap(), link_local: None };
    let routes = ["fd00::/16", "::1/128", "::ffff:10.0.0.0/104", "fe80::/64", "ff00::/8"];
    rib.apply(PeerId(1), &[reachable(hop, &routes)], &[]);
    settle(&mut rib);
    let used: Vec<String> =
        verdicts(&rib).into_iter().filter(|(_, verdict)| verdict.is_accepted()).map(|(route, _)| route).collect();
    assert_eq!(used, ["172.16.0.0/16", "fd00::/16"]);
    let counters = rib.peer_counters(PeerId(1));
    assert_eq!(counters.iter().map(|family| family.import.martian).collect::<Vec<_>>(), [6, 4]);
}

#[test]
fn check_58_a_route_that_one_update_withdraws_and_announces_is_announced() {
    let mut rib = with_peers(2);
    let hop = NextHop::V4(Ipv4Addr::new(192, 0, 2, 1));
    for _ in 0..2 {
        rib.apply(PeerId(1), &[reachable(hop, &["172.16.0.0/16"])], &[prefix("172.16.0.0/16").into()]);
        settle(&mut rib);
        assert_eq!((rib.counters().best, verdicts(&rib).len()), (1, 1));
    }
    assert_eq!(drain(&mut rib, 2), ["+172.16.0.0/16", "end of ipv4-unicast", "end of ipv6-unicast"]);
}

#[test]
fn check_60_a_withdrawal_takes_one_path_identifier_and_leaves_the_others() {
    let mut rib = with_peers(1);
    let hop = NextHop::V4(Ipv4Addr::new(192, 0, 2, 1));
    let path = |path_id| Nlri { prefix: prefix("172.16.0.0/16"), path_id };
    let announced = Reachable { nlri: vec![path(1), path(2)], ..reachable(hop, &[]) };
    rib.apply(PeerId(1), &[announced], &[]);
    rib.apply(PeerId(1), &[], &[path(1), path(3)]);
    settle(&mut rib);
    let left: Vec<u32> = rib.learned(PeerId(1), None, 10).items.iter().map(|route| route.path_id).collect();
    assert_eq!((left, rib.counters().best), (vec![2], 1));
}

#[test]
fn check_61_a_family_that_was_not_negotiated_is_never_installed() {
    let mut rib = rib();
    let facts = PeerFacts { families: FamilySet::from_iter([AddressFamily::Ipv6Unicast]), ..facts(1) };
    rib.peer_up(facts, Arc::new(Policy::accept_all("in")), Arc::new(Policy::accept_all("out")));
    rib.apply(PeerId(1), &[reachable(NextHop::V4(Ipv4Addr::new(192, 0, 2, 1)), &["172.16.0.0/16"])], &[]);
    settle(&mut rib);
    assert_eq!(rib.counters().paths, 0);
}

#[test]
fn check_69_our_as_anywhere_in_the_path_is_a_loop_and_the_route_stays_visible() {
    for asns in [&[65001, 64512][..], &[65001, 64512, 65009], &[65001, 65009, 64512, 64512]] {
        let mut rib = with_peers(1);
        rib.apply(PeerId(1), &[learned(1, asns, &["172.16.0.0/16"])], &[]);
        settle(&mut rib);
        assert_eq!(verdicts(&rib), [("172.16.0.0/16".to_owned(), ImportVerdict::AsLoop)]);
        assert_eq!((rib.counters().best, rib.peer_counters(PeerId(1))[0].import.looped), (0, 1));
    }
}
