//! What two speakers may agree on beyond RFC 4271: long messages (RFC 8654), IPv6 next hops of IPv4 routes (RFC 8950), path
//! identifiers (RFC 7911) and roles (RFC 9234). Each is what one side offers and what comes of both offers.

use crate::attribute::{DecodeContext, EncodeContext};
use crate::capability::{AddPath, Capability, ExtendedNextHop, Role};
use crate::types::{AddressFamily, Afi, FamilySet, PeerKind};
use crate::wire::framer::{MAX_EXTENDED_MESSAGE_LEN, MAX_MESSAGE_LEN};

/// The AFI of IPv6.
const IPV6: Afi = Afi(2);

/// In which direction path identifiers are offered (RFC 7911), in every family of the session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AddPathMode {
    /// In none.
    #[default]
    Off,
    /// The peer may send several paths to a prefix.
    Receive,
    /// We send path identifiers.
    Send,
    /// In both.
    Both,
}

impl AddPathMode {
    /// Whether the peer may send path identifiers.
    #[must_use]
    pub const fn receives(self) -> bool {
        matches!(self, Self::Receive | Self::Both)
    }

    /// Whether we may send them.
    #[must_use]
    pub const fn sends(self) -> bool {
        matches!(self, Self::Send | Self::Both)
    }

    /// The field of the capability (RFC 7911 section 4); `None` when there is nothing to offer.
    const fn octet(self) -> Option<u8> {
        match self {
            Self::Off => None,
            Self::Receive => Some(1),
            Self::Send => Some(2),
            Self::Both => Some(3),
        }
    }
}

/// What we offer, and what we insist on. The default offers nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extensions {
    /// Messages of up to 65535 octets (RFC 8654).
    pub extended_messages: bool,
    /// IPv4 routes with an IPv6 next hop (RFC 8950), where IPv4 is offered.
    pub extended_next_hop: bool,
    /// Path identifiers (RFC 7911).
    pub add_path: AddPathMode,
    /// What we are to the peer (RFC 9234). Without meaning, and not offered, within one AS.
    pub local_role: Option<Role>,
    /// A peer that does not say its role is refused; only with `local_role` (RFC 9234 section 4.2).
    pub strict_role: bool,
    /// A path with an AS_SET is not treated as withdrawn, as RFC 9774 wants it.
    pub accept_as_set: bool,
}

impl Extensions {
    /// The capabilities of our OPEN.
    pub(super) fn capabilities(&self, families: FamilySet, peer_kind: PeerKind) -> Vec<Capability> {
        let ipv4 = AddressFamily::Ipv4Unicast;
        let next_hop = (self.extended_next_hop && families.contains(ipv4)).then(|| {
            Capability::ExtendedNextHop(vec![ExtendedNextHop { afi_safi: ipv4.afi_safi(), next_hop_afi: IPV6 }])
        });
        let add_path = self.add_path.octet().map(|send_receive| {
            let family = |family: AddressFamily| AddPath { afi_safi: family.afi_safi(), send_receive };
            Capability::AddPath(families.iter().map(family).collect())
        });
        let messages = self.extended_messages.then_some(Capability::ExtendedMessage);
        let role = self.role_toward(peer_kind).map(Capability::Role);
        [next_hop, messages, role, add_path].into_iter().flatten().collect()
    }

    /// What we are to a peer of this kind: roles are between ASes.
    pub(super) fn role_toward(&self, peer_kind: PeerKind) -> Option<Role> {
        self.local_role.filter(|_| peer_kind == PeerKind::External)
    }

    /// The peer's role.
    ///
    /// # Errors
    /// Why it does not go with ours (RFC 9234 section 4.2): 2/11.
    pub(super) fn agree_on_roles(&self, theirs: &[Capability], peer_kind: PeerKind) -> Result<Option<Role>, String> {
        if peer_kind == PeerKind::Internal {
            return Ok(None);
        }
        let mut roles = theirs.iter().filter_map(|capability| match capability {
            Capability::Role(role) => Some(*role),
            _ => None,
        });
        let theirs = roles.next();
        if let Some((one, other)) = theirs.and_then(|one| Some((one, roles.find(|other| *other != one)?))) {
            return Err(format!("peer says it is both {one} and {other} (expected one role)"));
        }
        match (self.local_role, theirs) {
            (Some(ours), Some(theirs)) if !ours.agrees_with(theirs) => {
                Err(format!("peer says it is {theirs}, and we are {ours} to it"))
            }
            (Some(ours), None) if self.strict_role => {
                Err(format!("peer does not say its role (expected one that goes with ours, {ours})"))
            }
            _ => Ok(theirs),
        }
    }

    /// Notes in the two contexts, which hold the agreed families, what else was agreed.
    pub(super) fn agree(&self, theirs: &[Capability], decode: &mut DecodeContext, encode: &mut EncodeContext) {
        let ipv4 = AddressFamily::Ipv4Unicast;
        let families = decode.families;
        decode.accept_as_set = self.accept_as_set;
        // Who offers it can take such routes: each direction is by itself (RFC 8950 section 4).
        let agreed = self.extended_next_hop && families.contains(ipv4);
        decode.extended_next_hop = agreed;
        encode.extended_next_hop = agreed && takes_ipv6_next_hops(theirs);
        // Sent only to who offers it (RFC 8654 section 4), and expected only from one who could take them too.
        let long = self.extended_messages && theirs.contains(&Capability::ExtendedMessage);
        encode.max_message_len = if long { MAX_EXTENDED_MESSAGE_LEN } else { MAX_MESSAGE_LEN };
        let mode = |family: &AddressFamily| add_path_of(theirs, *family);
        decode.add_path = families
            .iter()
            .filter(|family| self.add_path.receives() && mode(family).is_some_and(|theirs| theirs.sends()))
            .collect();
        encode.add_path = families
            .iter()
            .filter(|family| self.add_path.sends() && mode(family).is_some_and(|theirs| theirs.receives()))
            .collect();
    }
}

fn takes_ipv6_next_hops(capabilities: &[Capability]) -> bool {
    let wanted = ExtendedNextHop { afi_safi: AddressFamily::Ipv4Unicast.afi_safi(), next_hop_afi: IPV6 };
    capabilities.iter().any(|capability| match capability {
        Capability::ExtendedNextHop(entries) => entries.contains(&wanted),
        _ => false,
    })
}

/// What the peer says of path identifiers in a family; the first entry counts where there are several.
fn add_path_of(capabilities: &[Capability], family: AddressFamily) -> Option<AddPath> {
    let entries = capabilities.iter().filter_map(|capability| match capability {
        Capability::AddPath(entries) => Some(entries),
        _ => None,
    });
    entries.flatten().find(|entry| entry.afi_safi == family.afi_safi()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agreed(ours: Extensions, theirs: &[Capability]) -> (DecodeContext, EncodeContext) {
        let (mut decode, mut encode) = (DecodeContext::default(), EncodeContext::default());
        ours.agree(theirs, &mut decode, &mut encode);
        (decode, encode)
    }

    fn both() -> FamilySet {
        FamilySet::from_iter(AddressFamily::ALL)
    }

    #[test]
    fn check_06_long_messages_need_both_offers() {
        let ours = Extensions { extended_messages: true, ..Extensions::default() };
        let length = |ours, theirs: &[Capability]| agreed(ours, theirs).1.max_message_len;
        assert_eq!(length(ours, &[Capability::ExtendedMessage]), 65535);
        assert_eq!(length(ours, &[]), 4096);
        assert_eq!(length(Extensions::default(), &[Capability::ExtendedMessage]), 4096);
    }

    #[test]
    fn path_identifiers_go_where_one_sends_and_the_other_receives() {
        let (ipv4, ipv6) = (AddressFamily::Ipv4Unicast, AddressFamily::Ipv6Unicast);
        let agreed = |mode, send_receive| {
            let ours = Extensions { add_path: mode, ..Extensions::default() };
            let theirs = [
                Capability::AddPath(vec![AddPath { afi_safi: ipv4.afi_safi(), send_receive }]),
                Capability::AddPath(vec![AddPath { afi_safi: ipv4.afi_safi(), send_receive: 3 }]),
            ];
            let (decode, encode) = agreed(ours, &theirs);
            assert!(!decode.add_path.contains(ipv6) && !encode.add_path.contains(ipv6));
            (decode.add_path.contains(ipv4), encode.add_path.contains(ipv4))
        };
        assert_eq!(agreed(AddPathMode::Receive, 2), (true, false));
        assert_eq!(agreed(AddPathMode::Receive, 1), (false, false));
        assert_eq!(agreed(AddPathMode::Send, 1), (false, true));
        assert_eq!(agreed(AddPathMode::Both, 3), (true, true));
        assert_eq!(agreed(AddPathMode::Both, 1), (false, true));
        assert_eq!(agreed(AddPathMode::Both, 4), (false, false), "a value that is not defined");
        assert_eq!(agreed(AddPathMode::Off, 3), (false, false));
    }

    #[test]
    fn ipv6_next_hops_are_taken_where_we_offer_and_sent_where_the_peer_does_too() {
        let ours = Extensions { extended_next_hop: true, ..Extensions::default() };
        let theirs = ours.capabilities(both(), PeerKind::External);
        let taken = |ours, theirs: &[Capability]| {
            let (decode, encode) = agreed(ours, theirs);
            (decode.extended_next_hop, encode.extended_next_hop)
        };
        assert_eq!(taken(ours, &theirs), (true, true));
        assert_eq!(taken(ours, &[]), (true, false));
        assert_eq!(taken(Extensions::default(), &theirs), (false, false));
        let ipv6 = FamilySet::from_iter([AddressFamily::Ipv6Unicast]);
        assert_eq!(ours.capabilities(ipv6, PeerKind::External), []);
    }

    #[test]
    fn check_18_roles_must_go_together_and_a_strict_speaker_must_be_told_one() {
        let ours = Extensions { local_role: Some(Role::Customer), ..Extensions::default() };
        let strict = Extensions { strict_role: true, ..ours };
        let of = |roles: &[Role]| roles.iter().copied().map(Capability::Role).collect::<Vec<_>>();
        let agree = |ours: Extensions, roles: &[Role]| ours.agree_on_roles(&of(roles), PeerKind::External);
        assert_eq!(agree(ours, &[Role::Provider]), Ok(Some(Role::Provider)));
        assert_eq!(agree(strict, &[Role::Provider, Role::Provider]), Ok(Some(Role::Provider)));
        assert_eq!(agree(ours, &[]), Ok(None));
        for (ours, roles) in [
            (ours, &[Role::Customer][..]),
            (ours, &[Role::Peer]),
            (ours, &[Role::Unknown(9)]),
            (ours, &[Role::Provider, Role::Peer]),
            (Extensions::default(), &[Role::Provider, Role::Peer]),
            (strict, &[]),
        ] {
            assert!(agree(ours, roles).is_err(), "{roles:?}");
        }
        assert_eq!(agree(Extensions::default(), &[Role::Unknown(9)]), Ok(Some(Role::Unknown(9))));
        assert_eq!(strict.agree_on_roles(&of(&[Role::Peer]), PeerKind::Internal), Ok(None));
        assert_eq!(strict.capabilities(both(), PeerKind::Internal), []);
    }
}
