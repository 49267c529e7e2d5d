//! What is agreed beyond RFC 4271, on the wire and in the table.

use bgp_core::attribute::{AsPath, DecodeContext, EncodeContext, PathAttributes};
use bgp_core::capability::{AddPath, Capability, ExtendedNextHop, Role};
use bgp_core::message::{Message, NotificationCode, OpenSubcode, packing};
use bgp_core::nlri::Nlri;
use bgp_core::session::AddPathMode;
use bgp_core::types::{Afi, Community, NextHop, Prefix};

use super::remote::Remote;
use super::*;
use crate::peer::PeerTask;
use crate::rib_owner::OriginationChange;

fn ipv4() -> AddressFamily {
    AddressFamily::Ipv4Unicast
}

/// A peer that is offered all there is.
fn offered_all(address: SocketAddr) -> PeerSettings {
    let mut settings = settings(1, address);
    settings.session.extensions = Extensions {
        extended_messages: true,
        extended_next_hop: true,
        add_path: AddPathMode::Both,
        local_role: Some(Role::Provider),
        strict_role: true,
        accept_as_set: false,
    };
    settings
}

/// What a peer says that takes all of it.
fn takes_all() -> Vec<Capability> {
    vec![
        Capability::ExtendedNextHop(vec![ExtendedNextHop { afi_safi: ipv4().afi_safi(), next_hop_afi: Afi(2) }]),
        Capability::ExtendedMessage,
        Capability::Role(Role::Customer),
        Capability::AddPath(vec![AddPath { afi_safi: ipv4().afi_safi(), send_receive: 3 }]),
    ]
}

fn originated(communities: Vec<Community>) -> OriginationChange {
    let attributes = Arc::new(PathAttributes { communities, ..PathAttributes::default() });
    OriginationChange {
        originate: std::iter::once(("10.4.0.0/24".parse().unwrap(), attributes, Arc::from("pod"), 0)).collect(),
        ..OriginationChange::default()
    }
}

#[tokio::test]
async fn our_open_offers_what_is_configured_and_nothing_else() {
    let (listener, address) = far_side().await;
    for (settings, expected) in
        [(offered_all(address), vec![1, 2, 5, 6, 9, 64, 65, 69, 70]), (settings(1, address), vec![1, 2, 64, 65, 70])]
    {
        let _task = PeerTask::start(settings, table(), 1);
        let mut remote = Remote::accept(&listener).await;
        let Some(Message::Open(open)) = remote.message().await else { panic!("no OPEN") };
        assert_eq!(open.capabilities.iter().map(Capability::code).collect::<Vec<_>>(), expected);
    }
}

#[tokio::test]
async fn check_06_and_60_long_messages_and_two_paths_of_one_prefix_reach_the_table() {
    let (listener, address) = far_side().await;
    let rib = table();
    let _task = PeerTask::start(offered_all(address), rib.clone(), 1);
    let mut remote = Remote::establish_with(&listener, &takes_all()).await;
    let add_path = FamilySet::from_iter([ipv4()]);
    let context =
        EncodeContext { max_message_len: 65535, add_path, extended_next_hop: true, ..EncodeContext::default() };
    let prefix: Prefix = "172.16.0.0/16".parse().unwrap();
    let next_hop = Some(NextHop::V6 { global: "2001:db8::7".parse().unwrap(), link_local: None });
    let attributes = PathAttributes {
        as_path: AsPath::sequence([REMOTE_ASN]),
        next_hop,
        communities: (0..2000).map(Community).collect(),
        ..PathAttributes::default()
    };
    let paths = [7, 9].map(|path_id| Nlri { prefix, path_id }).to_vec();
    let packed = packing::pack(&[(Arc::new(attributes), paths)], &[], &[], &context);
    assert!(packed.messages[0].len() > 8000, "{:?}", packed.unsendable);
    remote.send(&packed.messages[0]).await;
    let ids =
        |rib: &Rib| -> Vec<u32> { rib.learned(PeerId(1), None, 10).items.iter().map(|route| route.path_id).collect() };
    table_comes_to(&rib, vec![7, 9], ids).await;
    // A faulty UPDATE takes only the path that it names.
    let faulty = packing::pack(
        &[(Arc::new(PathAttributes { next_hop, ..PathAttributes::default() }), vec![Nlri { prefix, path_id: 7 }])],
        &[],
        &[],
        &context,
    );
    remote.send(&faulty.messages[0]).await;
    table_comes_to(&rib, vec![9], ids).await;
}

#[tokio::test]
async fn check_06_a_route_that_fits_no_message_of_the_peer_is_withdrawn_and_the_session_goes_on() {
    let (listener, address) = far_side().await;
    let rib = table();
    rib.change_originations(originated(vec![Community(1)])).unwrap();
    let _task = PeerTask::start(offered_all(address), rib.clone(), 1);
    let without = [Capability::Role(Role::Customer)];
    let mut remote = Remote::establish_with(&listener, &without).await;
    assert_eq!(remote.update().await.reachable.len(), 1);
    assert!(remote.update().await.end_of_rib.is_some());
    rib.change_originations(originated((0..2000).map(Community).collect())).unwrap();
    assert_eq!(remote.update().await.withdrawn[0].prefix.to_string(), "10.4.0.0/24");
    rib.change_originations(originated(vec![Community(2)])).unwrap();
    assert_eq!(remote.update().await.reachable[0].attributes.communities, [Community(2)]);
}

#[tokio::test]
async fn check_06_and_18_our_routes_leave_long_numbered_and_for_customers_only_where_that_was_agreed() {
    let (listener, address) = far_side().await;
    let rib = table();
    rib.change_originations(originated((0..2000).map(Community).collect())).unwrap();
    let _task = PeerTask::start(offered_all(address), rib.clone(), 1);
    let mut remote = Remote::establish_with(&listener, &takes_all()).await;
    let context = DecodeContext { add_path: FamilySet::from_iter([ipv4()]), ..DecodeContext::default() };
    let update = remote.update_read(&context).await;
    let route = &update.reachable[0];
    assert_eq!((route.nlri[0].path_id, route.attributes.communities.len()), (1, 2000));
    assert_eq!(route.attributes.only_to_customer, Some(LOCAL_ASN));
}

#[tokio::test]
async fn check_18_a_role_that_does_not_go_with_ours_is_refused() {
    let (listener, address) = far_side().await;
    for roles in [&[][..], &[Role::Provider], &[Role::Customer, Role::Peer]] {
        let task = PeerTask::start(offered_all(address), table(), 1);
        let mut remote = Remote::accept(&listener).await;
        let mut open = remote.open();
        open.capabilities.extend(roles.iter().copied().map(Capability::Role));
        remote.send(&open.encode().unwrap()).await;
        assert_eq!(remote.last_word().await.code, NotificationCode::Open(OpenSubcode::RoleMismatch), "{roles:?}");
        let (_, reason) = task.status().await.unwrap().last_error.unwrap();
        assert!(reason.contains("role") || reason.contains("peer says it is"), "{reason}");
    }
}
