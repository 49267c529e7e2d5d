//! What came in many UPDATEs and is taken in as one.

use proptest::prelude::*;

use super::*;

/// What one UPDATE says: a number for its attributes with what it announces, and what it withdraws.
type Said = (u32, Vec<Nlri>, Vec<Nlri>);

/// Few prefixes, so that most of them come and go within one batch.
fn nlri() -> impl Strategy<Value = Vec<Nlri>> {
    let one = (any::<bool>(), 0u8..12, 16u8..18).prop_map(|(v6, number, length)| {
        let text = if v6 {
            format!("2001:{}::/{}", number + 1, length + 16)
        } else {
            format!("172.{}.0.0/{length}", 16 + 2 * number)
        };
        Nlri::from(prefix(&text))
    });
    prop::collection::vec(one, 0..12)
}

fn updates() -> impl Strategy<Value = Vec<Said>> {
    prop::collection::vec((0u32..4, nlri(), nlri()), 0..12)
}

fn table(families: &[AddressFamily]) -> Rib {
    let mut rib = rib();
    for number in 1..=2 {
        let facts = PeerFacts {
            families: families.iter().copied().collect(),
            max_prefixes: None,
            next_hop_self_v6: Some(NextHop::V6 { global: "fd00::1".parse().unwrap(), link_local: None }),
            ..facts(number)
        };
        rib.peer_up(facts, Arc::new(Policy::accept_all("in")), Arc::new(Policy::accept_all("out")));
    }
    settle(&mut rib);
    rib
}

fn reachable((med, announced, _): &Said) -> Reachable {
    let Reachable { attributes, .. } = learned(1, &[65001], &[]);
    let attributes = PathAttributes { multi_exit_disc: Some(*med), ..PathAttributes::clone(&attributes) };
    Reachable { attributes: Arc::new(attributes), nlri: announced.clone() }
}

fn holds(rib: &Rib) -> Vec<(Prefix, Option<u32>, bool)> {
    let page = rib.learned(PeerId(1), None, 1000);
    page.items.iter().map(|route| (route.prefix, route.attributes.multi_exit_disc, route.best)).collect()
}

proptest! {
    #[test]
    fn many_updates_at_once_come_to_what_they_come_to_one_by_one(said in updates(), spoken in 0usize..3) {
        let families = match spoken {
            0 => &AddressFamily::ALL[..],
            1 => &AddressFamily::ALL[..1],
            _ => &AddressFamily::ALL[1..],
        };
        let (mut one_by_one, mut at_once) = (table(families), table(families));
        let mut incoming = Incoming::default();
        let mut expected = ApplyOutcome::default();
        for one in &said {
            let outcome = one_by_one.apply(PeerId(1), &[reachable(one)], &one.2);
            expected.reachable += outcome.reachable;
            expected.withdrawn += outcome.withdrawn;
            incoming.push(&[reachable(one)], &one.2, None);
        }
        prop_assert_eq!(at_once.take_in(PeerId(1), &incoming), expected);
        settle(&mut one_by_one);
        settle(&mut at_once);
        prop_assert_eq!(holds(&at_once), holds(&one_by_one));
        prop_assert_eq!(at_once.counters(), one_by_one.counters());
        // Whatever order they go out in.
        let told = [&mut at_once, &mut one_by_one].map(|rib| {
            let mut told = drain(rib, 2);
            told.sort();
            told
        });
        prop_assert_eq!(&told[0], &told[1]);
    }
}
