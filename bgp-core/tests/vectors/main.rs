//! Octets in data files, and what a speaker makes of them. The files are written from the words of the RFCs; nothing in
//! them was made by the code under test.
//!
//! Every vector goes through a whole session, from the framer on. A check has a test of its own, so that a failure names
//! the rule that is broken.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail")]

mod judge;
mod octets;
mod speaker;
mod vector;

use std::collections::BTreeMap;

use judge::judge;
use octets::message;
use speaker::{Doings, KEEPALIVE, receive};
use vector::{Context, Stands, Vector};

/// Messages of a segment in the test of check 5.
const SEGMENT: usize = 64;

/// Sends each vector of a check by itself.
fn run(check: u16) {
    let vectors: Vec<Vector> = vector::all().into_iter().filter(|vector| vector.check == check).collect();
    assert!(!vectors.is_empty(), "check {check} has no vector");
    for vector in &vectors {
        judge(vector, &receive(&vector.context, [&*stream(vector)]));
    }
}

/// The octets of a vector. An OPEN that is to be accepted is confirmed, so that it leads somewhere.
fn stream(vector: &Vector) -> Vec<u8> {
    let mut octets = vector.octets.clone();
    if vector.expected.negotiated.is_some() {
        octets.extend(message(KEEPALIVE, &[]));
    }
    octets
}

#[test]
fn check_01_a_marker_is_all_ones() {
    run(1);
}

#[test]
fn check_02_a_length_out_of_range_is_answered_after_19_octets() {
    run(2);
}

#[test]
fn check_03_a_type_that_nobody_knows_is_named() {
    run(3);
}

#[test]
fn check_04_a_length_that_its_type_never_has_is_named() {
    run(4);
}

#[test]
fn check_06_a_message_has_at_most_4096_octets_unless_more_was_agreed_on() {
    run(6);
}

#[test]
fn check_07_another_version_is_answered_with_ours() {
    run(7);
}

#[test]
fn check_08_the_as_of_the_capability_counts_and_as_0_is_none() {
    run(8);
}

#[test]
fn check_09_an_identifier_is_any_number_but_0_and_within_an_as_but_ours() {
    run(9);
}

#[test]
fn check_10_a_hold_time_is_0_or_at_least_3_seconds_and_what_is_configured() {
    run(10);
}

#[test]
fn check_11_the_shorter_hold_time_is_agreed_on() {
    run(11);
}

#[test]
fn check_12_an_unknown_parameter_is_told_from_a_malformed_one() {
    run(12);
}

#[test]
fn check_13_an_unknown_capability_is_ignored() {
    run(13);
}

#[test]
fn check_14_capabilities_read_the_same_in_one_parameter_or_many() {
    run(14);
}

#[test]
fn check_15_a_capability_of_a_length_it_never_has_is_malformed() {
    run(15);
}

#[test]
fn check_16_extended_optional_parameters_are_told_by_their_first_type() {
    run(16);
}

#[test]
fn check_17_only_families_that_both_named_are_agreed_on() {
    run(17);
}

#[test]
fn check_18_roles_that_do_not_go_together_are_refused() {
    run(18);
}

#[test]
fn check_19_a_path_of_two_octet_as_numbers_is_read() {
    run(19);
}

#[test]
fn check_36_lengths_that_overrun_an_update_reset_the_session() {
    run(36);
}

#[test]
fn check_37_an_attribute_that_overruns_withdraws_the_routes() {
    run(37);
}

#[test]
fn check_38_a_fault_without_a_route_to_withdraw_resets_the_session() {
    run(38);
}

#[test]
fn check_39_wrong_flags_make_an_attribute_malformed_and_no_other_bit_does() {
    run(39);
}

#[test]
fn check_40_the_first_of_two_counts_but_for_those_of_rfc_4760() {
    run(40);
}

#[test]
fn check_41_an_unknown_well_known_attribute_withdraws_the_routes() {
    run(41);
}

#[test]
fn check_42_an_unknown_attribute_is_kept_if_transitive_and_else_dropped() {
    run(42);
}

#[test]
fn check_43_attributes_0_and_255_and_empty_ones_are_like_any_other() {
    run(43);
}

#[test]
fn check_44_an_origin_is_one_octet_of_0_to_2() {
    run(44);
}

#[test]
fn check_45_an_as_path_is_well_formed_and_one_that_the_peer_may_send() {
    run(45);
}

#[test]
fn check_46_a_next_hop_is_four_octets() {
    run(46);
}

#[test]
fn check_47_a_multi_exit_disc_is_four_octets() {
    run(47);
}

#[test]
fn check_48_a_local_pref_counts_from_internal_peers_alone() {
    run(48);
}

#[test]
fn check_49_a_malformed_aggregator_goes_alone() {
    run(49);
}

#[test]
fn check_50_communities_come_whole_and_count_once() {
    run(50);
}

#[test]
fn check_51_attributes_of_route_reflection_count_from_internal_peers_alone() {
    run(51);
}

#[test]
fn check_52_an_announcement_has_the_attributes_it_needs() {
    run(52);
}

#[test]
fn check_53_a_next_hop_that_cannot_be_read_resets_the_session() {
    run(53);
}

#[test]
fn check_54_a_prefix_that_cannot_be_read_resets_the_session() {
    run(54);
}

#[test]
fn check_55_host_bits_are_cleared() {
    run(55);
}

#[test]
fn check_56_a_default_route_is_one_octet_and_padding_reads_as_more_of_them() {
    run(56);
}

#[test]
fn check_58_a_route_in_both_places_is_in_both_lists() {
    run(58);
}

#[test]
fn check_59_all_four_places_of_routes_are_read() {
    run(59);
}

#[test]
fn check_60_a_fault_withdraws_the_path_identifiers_of_its_message() {
    run(60);
}

#[test]
fn check_61_a_family_that_was_not_negotiated_is_ignored() {
    run(61);
}

#[test]
fn check_62_an_end_of_rib_is_told_from_an_empty_withdrawal() {
    run(62);
}

#[test]
fn check_63_what_an_old_speaker_could_not_say_is_put_back() {
    run(63);
}

#[test]
fn check_65_the_attributes_of_rfc_4760_are_read_at_any_place() {
    run(65);
}

#[test]
fn check_76_a_refresh_counts_only_of_an_agreed_family_and_a_known_subtype() {
    run(76);
}

#[test]
fn every_vector_belongs_to_a_test() {
    let tests = include_str!("main.rs");
    for vector in vector::all() {
        assert!(tests.contains(&format!("    run({});", vector.check)), "{} is never run", vector.name);
    }
}

fn octet_by_octet(octets: &[u8]) -> impl Iterator<Item = &[u8]> {
    octets.chunks(1)
}

#[test]
fn check_05_every_vector_reads_the_same_octet_by_octet() {
    for vector in vector::all() {
        judge(&vector, &receive(&vector.context, octet_by_octet(&stream(&vector))));
    }
}

/// KEEPALIVEs say nothing: between 31 and 32 of them in one segment a vector means what it means alone.
#[test]
fn check_05_every_vector_reads_the_same_in_the_middle_of_a_segment_of_64_messages() {
    let keepalive = message(KEEPALIVE, &[]);
    for vector in vector::all() {
        let before = if vector.context.stands() == Stands::Established { 31 } else { 0 };
        let segment = [keepalive.repeat(before), stream(&vector), keepalive.repeat(SEGMENT - 1 - before)].concat();
        let found = receive(&vector.context, [&*segment]);
        assert_eq!(found, receive(&vector.context, octet_by_octet(&segment)), "{}", vector.name);
        judge(&vector, &found);
    }
}

/// All vectors that leave the session up, one after the other in one session of their context.
#[test]
fn check_05_64_vectors_a_segment_read_as_each_of_them_alone() {
    let mut by_context: BTreeMap<Context, Vec<Vector>> = BTreeMap::new();
    let established = |vector: &Vector| vector.context.stands() == Stands::Established;
    for vector in vector::all().into_iter().filter(|vector| established(vector) && vector.leaves_the_session()) {
        by_context.entry(vector.context.clone()).or_default().push(vector);
    }
    let mut full = 0;
    for (context, vectors) in by_context {
        let mut alone = Doings::default();
        for vector in &vectors {
            let found = receive(&context, [&*vector.octets]);
            alone.updates.extend(found.updates);
            alone.refreshes.extend(found.refreshes);
            alone.negotiated = found.negotiated;
        }
        let octets: Vec<&[u8]> = vectors.iter().map(|vector| &*vector.octets).collect();
        let segments: Vec<Vec<u8>> = octets.chunks(SEGMENT).map(<[&[u8]]>::concat).collect();
        full += octets.len() / SEGMENT;
        assert_eq!(receive(&context, segments.iter().map(Vec::as_slice)), alone, "{context:?}");
        assert_eq!(receive(&context, octet_by_octet(&octets.concat())), alone, "{context:?}");
    }
    assert!(full > 0, "no context has {SEGMENT} vectors");
}
