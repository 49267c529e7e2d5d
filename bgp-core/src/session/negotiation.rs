//! From two OPENs to what both sides agreed (RFC 4271 section 6.2, RFC 5492, RFC 6286, RFC 7607, RFC 9234).

use bytes::{Bytes, BytesMut};

use super::graceful_restart::PeerRestart;
use super::settings::SessionConfig;
use crate::attribute::{DecodeContext, EncodeContext};
use crate::capability::{Capability, Role};
use crate::message::{Notification, NotificationCode, Open, OpenSubcode};
use crate::types::{AddressFamily, Asn, BgpIdentifier, FamilySet, HoldTime, PeerKind};

/// What was agreed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Negotiated {
    /// The peer's BGP Identifier.
    pub peer_identifier: BgpIdentifier,
    /// The peer's AS.
    pub peer_asn: Asn,
    /// Whether that is ours.
    pub peer_kind: PeerKind,
    /// The shorter of the two hold times; 0 for no keepalives.
    pub hold_time: HoldTime,
    /// The families both sides offered.
    pub families: FamilySet,
    /// The peer can be asked for its routes again (RFC 2918).
    pub route_refresh: bool,
    /// What we are to the peer, as configured (RFC 9234); `None` within one AS.
    pub local_role: Option<Role>,
    /// What the peer says it is to us, where it does.
    pub peer_role: Option<Role>,
    /// Both sides mark begin and end of a refresh (RFC 7313).
    pub enhanced_route_refresh: bool,
    /// What the peer said of its restarts; `None` unless both sides sent the capability (RFC 4724).
    pub graceful_restart: Option<PeerRestart>,
    /// All capabilities of the peer, as they came.
    pub peer_capabilities: Vec<Capability>,
    /// How its UPDATEs are read.
    pub decode: DecodeContext,
    /// How ours are written.
    pub encode: EncodeContext,
}

/// Our OPEN.
pub(super) fn our_open(config: &SessionConfig) -> Open {
    let mut capabilities: Vec<Capability> = config.families.iter().map(multi_protocol).collect();
    capabilities.extend([
        Capability::RouteRefresh,
        Capability::EnhancedRouteRefresh,
        Capability::FourOctetAsn(config.local_asn),
    ]);
    capabilities.extend(config.extensions.capabilities(config.families, config.peer_kind()));
    capabilities.sort_by_key(Capability::code);
    Open::new(config.local_asn, config.hold_time, config.local_identifier, capabilities)
}

fn multi_protocol(family: AddressFamily) -> Capability {
    Capability::MultiProtocol(family.afi_safi())
}

/// Judges the peer's OPEN.
///
/// # Errors
/// What is wrong with it, and the NOTIFICATION that says so.
pub(super) fn negotiate(config: &SessionConfig, open: &Open) -> Result<Negotiated, (Notification, String)> {
    if open.asn != config.peer_asn {
        let reason = format!("peer is AS {} (expected {})", open.asn, config.peer_asn);
        return Err(refuse(OpenSubcode::BadPeerAs, reason));
    }
    let (peer_identifier, offered_hold_time) = legal(open)?;
    let peer_kind = config.peer_kind();
    if peer_identifier == config.local_identifier && peer_kind == PeerKind::Internal {
        let reason = format!("peer has our BGP Identifier {peer_identifier} within our AS");
        return Err(refuse(OpenSubcode::BadBgpIdentifier, reason));
    }
    let hold_time =
        hold_time(config, offered_hold_time).map_err(|reason| refuse(OpenSubcode::UnacceptableHoldTime, reason))?;
    let families = config.families.intersection(offered(&open.capabilities));
    if families.is_empty() {
        return Err(without_common_family(config));
    }
    let agreed_roles = config.extensions.agree_on_roles(&open.capabilities, peer_kind);
    let peer_role = agreed_roles.map_err(|reason| refuse(OpenSubcode::RoleMismatch, reason))?;
    let four_octet_asn = open.capabilities.iter().any(|one| matches!(one, Capability::FourOctetAsn(_)));
    let first_asn = (peer_kind == PeerKind::External).then_some(open.asn);
    let mut decode = DecodeContext { peer_kind, four_octet_asn, families, first_asn, ..DecodeContext::default() };
    let mut encode = EncodeContext { four_octet_asn, ..EncodeContext::default() };
    config.extensions.agree(&open.capabilities, &mut decode, &mut encode);
    Ok(Negotiated {
        peer_identifier,
        peer_asn: open.asn,
        peer_kind,
        hold_time,
        families,
        route_refresh: open.capabilities.contains(&Capability::RouteRefresh),
        local_role: config.extensions.role_toward(peer_kind),
        peer_role,
        enhanced_route_refresh: open.capabilities.contains(&Capability::EnhancedRouteRefresh),
        graceful_restart: PeerRestart::negotiate(&config.graceful_restart, &open.capabilities, families),
        peer_capabilities: open.capabilities.clone(),
        decode,
        encode,
    })
}

/// What no speaker may say, whoever its peer is: AS 0 (RFC 7607), identifier 0 (RFC 6286), a hold time of 1 or 2 seconds
/// (RFC 4271 section 6.2).
///
/// # Errors
/// What is wrong, and the NOTIFICATION that says so.
pub fn legal(open: &Open) -> Result<(BgpIdentifier, HoldTime), (Notification, String)> {
    if open.asn.is_zero() {
        return Err(refuse(OpenSubcode::BadPeerAs, "peer is AS 0 (RFC 7607)".to_owned()));
    }
    let identifier = BgpIdentifier::from_bits(open.identifier)
        .map_err(|fault| refuse(OpenSubcode::BadBgpIdentifier, fault.to_string()))?;
    let hold_time = HoldTime::from_secs(open.hold_time_secs)
        .map_err(|fault| refuse(OpenSubcode::UnacceptableHoldTime, fault.to_string()))?;
    Ok((identifier, hold_time))
}

fn refuse(subcode: OpenSubcode, reason: String) -> (Notification, String) {
    (Notification::new(NotificationCode::Open(subcode)), reason)
}

fn hold_time(config: &SessionConfig, offered: HoldTime) -> Result<HoldTime, String> {
    let minimum = config.minimum_hold_time_secs;
    if (1..minimum).contains(&offered.as_secs()) {
        return Err(format!("peer offers a hold time of {offered} (expected 0, or at least {minimum} s)"));
    }
    Ok(config.hold_time.min(offered))
}

/// The families of a peer; IPv4 alone when it names none (RFC 4760 section 8).
fn offered(capabilities: &[Capability]) -> FamilySet {
    let named: Vec<_> = capabilities
        .iter()
        .filter_map(|capability| match capability {
            Capability::MultiProtocol(pair) => Some(*pair),
            _ => None,
        })
        .collect();
    match named.as_slice() {
        [] => FamilySet::from_iter([AddressFamily::Ipv4Unicast]),
        named => named.iter().filter_map(|pair| AddressFamily::try_from(*pair).ok()).collect(),
    }
}

/// A session that can carry no route serves nobody: 2/7 with the capabilities that were wanted (RFC 5492 section 5).
fn without_common_family(config: &SessionConfig) -> (Notification, String) {
    let mut wanted = BytesMut::new();
    for family in config.families.iter() {
        // Four octets always fit their length field.
        let _fits = multi_protocol(family).encode(&mut wanted);
    }
    let names: Vec<String> = config.families.iter().map(|family| family.to_string()).collect();
    let code = NotificationCode::Open(OpenSubcode::UnsupportedCapability);
    let reason = format!("peer offers none of our families (expected {})", names.join(" or "));
    (Notification { code, data: Bytes::from(wanted) }, reason)
}

#[cfg(test)]
mod tests {
    use super::super::testing::config;
    use super::*;
    use crate::types::{Afi, AfiSafi, Safi};

    fn open(of: impl FnOnce(&mut Open)) -> Open {
        let mut open = our_open(&config(65001, 2, 64512));
        of(&mut open);
        open
    }

    fn subcode(config: &SessionConfig, open: &Open) -> u8 {
        let (notification, _) = negotiate(config, open).unwrap_err();
        assert_eq!(notification.code.code(), 2);
        notification.code.subcode()
    }

    #[test]
    fn check_08_compares_the_as_of_the_capability() {
        let ours = config(64512, 1, 65001);
        assert!(negotiate(&ours, &open(|_| {})).is_ok());
        assert_eq!(subcode(&ours, &open(|open| open.asn = Asn(65002))), 2);
        assert_eq!(subcode(&config(64512, 1, 0), &open(|open| open.asn = Asn(0))), 2);
    }

    #[test]
    fn check_09_refuses_identifier_zero_and_ours_within_our_as() {
        let ours = config(64512, 1, 65001);
        assert_eq!(subcode(&ours, &open(|open| open.identifier = 0)), 3);
        assert!(negotiate(&ours, &open(|open| open.identifier = 1)).is_ok());
        assert!(negotiate(&ours, &open(|open| open.identifier = u32::MAX)).is_ok());
        let internal = config(65001, 2, 65001);
        assert_eq!(subcode(&internal, &open(|_| {})), 3);
    }

    #[test]
    fn check_10_and_11_agrees_on_the_shorter_legal_hold_time() {
        let ours = SessionConfig { minimum_hold_time_secs: 10, ..config(64512, 1, 65001) };
        for refused in [1, 2, 3, 9] {
            assert_eq!(subcode(&ours, &open(|open| open.hold_time_secs = refused)), 6, "{refused}");
        }
        for (offered, agreed) in [(0, 0), (10, 10), (90, 90), (65535, 90)] {
            let negotiated = negotiate(&ours, &open(|open| open.hold_time_secs = offered)).unwrap();
            assert_eq!(negotiated.hold_time.as_secs(), agreed);
        }
    }

    #[test]
    fn check_13_and_17_takes_ipv4_alone_where_no_family_is_named() {
        let mut ours = config(64512, 1, 65001);
        ours.families = AddressFamily::ALL.into_iter().collect();
        let unknown = Capability::Unknown { code: 99, value: Bytes::new() };
        let negotiated = negotiate(&ours, &open(|open| open.capabilities = vec![unknown])).unwrap();
        assert_eq!(negotiated.families, FamilySet::from_iter([AddressFamily::Ipv4Unicast]));
        assert!(!negotiated.decode.four_octet_asn && !negotiated.route_refresh);
    }

    #[test]
    fn check_18_a_role_that_does_not_go_with_ours_is_a_role_mismatch() {
        let mut ours = config(64512, 1, 65001);
        ours.extensions.local_role = Some(Role::Customer);
        let with = |roles: &[Role]| open(|open| open.capabilities.extend(roles.iter().copied().map(Capability::Role)));
        assert_eq!(subcode(&ours, &with(&[Role::Customer])), 11);
        assert_eq!(subcode(&ours, &with(&[Role::Provider, Role::Peer])), 11);
        let agreed = negotiate(&ours, &with(&[Role::Provider])).unwrap();
        assert_eq!((agreed.local_role, agreed.peer_role), (Some(Role::Customer), Some(Role::Provider)));
        assert_eq!(negotiate(&ours, &with(&[])).unwrap().local_role, Some(Role::Customer));
        ours.extensions.strict_role = true;
        assert_eq!(subcode(&ours, &with(&[])), 11);
    }

    #[test]
    fn check_19_a_peer_without_the_capability_is_read_and_written_with_two_octets() {
        let ours = config(70_000, 1, 65001);
        let old = open(|open| open.capabilities.retain(|one| !matches!(one, Capability::FourOctetAsn(_))));
        let negotiated = negotiate(&ours, &old).unwrap();
        assert!(!negotiated.decode.four_octet_asn && !negotiated.encode.four_octet_asn);
        // It sees AS_TRANS where our own AS does not fit, in the OPEN too.
        assert_eq!(our_open(&ours).encode().unwrap()[20..22], 23456u16.to_be_bytes());
    }

    #[test]
    fn check_17_refuses_a_peer_without_a_common_family() {
        let ours = config(64512, 1, 65001);
        let vpn = Capability::MultiProtocol(AfiSafi { afi: Afi(1), safi: Safi(128) });
        let (notification, _) = negotiate(&ours, &open(|open| open.capabilities = vec![vpn])).unwrap_err();
        assert_eq!((notification.code.subcode(), notification.data.as_ref()), (7, &[1, 4, 0, 1, 0, 1][..]));
    }
}
