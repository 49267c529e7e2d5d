//! What is kept of UPDATEs with faults (RFC 7606 section 6).

use super::*;
use crate::attribute::Disposition;

fn update(body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(19 + body.len()).unwrap().to_be_bytes();
    [&[0xFF; 16][..], &length, &[2], body].concat()
}

/// ORIGIN 9 for 10.0.0.0/8, and nothing else that it needs.
const WITHDRAWN: &[u8] = &[0, 0, 0, 4, 0x40, 1, 1, 9, 8, 10];
/// ATOMIC_AGGREGATE with a value.
const DISCARDED: &[u8] =
    &[0, 0, 0, 24, 0x40, 1, 1, 0, 0x40, 2, 6, 2, 1, 0, 0, 0xFD, 0xE9, 0x40, 3, 4, 192, 0, 2, 1, 0x40, 6, 1, 0, 8, 10];
/// Lengths that overrun.
const RESET: &[u8] = &[0, 9, 0, 0];

fn kept(bench: &Bench) -> Vec<std::sync::Arc<FaultyUpdate>> {
    bench.session.statistics().faulty_updates.kept().cloned().collect()
}

#[test]
fn check_66_an_update_with_a_fault_is_kept_as_it_came_with_what_it_cost() {
    let mut bench = Bench::established(|_| {});
    bench.receive(FIRST, &message::packing::end_of_rib_marker(AddressFamily::Ipv4Unicast));
    bench.receive(FIRST, &[update(DISCARDED), update(WITHDRAWN)].concat()).pass(Duration::from_secs(5));
    bench.receive(FIRST, &update(RESET));
    let kept = kept(&bench);
    let found: Vec<_> = kept.iter().map(|one| (one.number, one.octets.to_vec(), one.disposition)).collect();
    let expected = [
        (1, update(DISCARDED), Disposition::AttributeDiscard),
        (2, update(WITHDRAWN), Disposition::TreatAsWithdraw),
        (3, update(RESET), Disposition::SessionReset),
    ];
    assert_eq!(found, expected);
    assert_eq!(kept[2].at - kept[1].at, Duration::from_secs(5));
    let codes: Vec<Vec<u8>> = kept.iter().map(|one| one.faults.iter().map(|fault| fault.code).collect()).collect();
    assert_eq!(codes, [vec![6], vec![1, 2, 3], vec![]]);
    let routes: Vec<usize> = kept.iter().map(|one| one.route_count).collect();
    assert_eq!(routes, [1, 1, 0]);
    let errors: Vec<_> = kept.iter().map(|one| one.error.as_deref()).collect();
    assert_eq!(errors, [None, None, Some("UPDATE: lengths overrun the message")]);
}

#[test]
fn check_66_every_faulty_update_is_counted_and_the_last_eight_are_kept() {
    let mut bench = Bench::established(|_| {});
    bench.receive(FIRST, &update(WITHDRAWN).repeat(1000));
    assert_eq!(bench.session.statistics().faulty_updates.count(), 1000);
    let numbers: Vec<u64> = kept(&bench).iter().map(|one| one.number).collect();
    assert_eq!(numbers, (993..=1000).collect::<Vec<_>>());
}

#[test]
fn check_66_what_is_kept_of_the_faults_and_routes_of_one_message_has_a_bound() {
    let mut bench = Bench::established(|_| {});
    let attributes = [0xC0, 99, 0].repeat(700);
    let length = u16::try_from(attributes.len()).unwrap().to_be_bytes();
    bench.receive(FIRST, &update(&[&[0, 0][..], &length, &attributes, &[8, 10].repeat(900)].concat()));
    let kept = kept(&bench);
    assert_eq!((kept[0].fault_count, kept[0].faults.len()), (699 + 3, FAULTY_UPDATE_DETAILS));
    assert_eq!((kept[0].route_count, kept[0].routes.len()), (900, FAULTY_UPDATE_DETAILS));
    assert_eq!(kept[0].disposition, Disposition::TreatAsWithdraw, "it stands behind those that are kept");
}
