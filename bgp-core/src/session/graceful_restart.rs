//! Graceful restart (RFC 4724, RFC 8538, RFC 9494): what two OPENs say of it.
//!
//! What is done with it is in `stale`, the end of a restart of our own in [`deferral`](super::deferral).

use std::time::Duration;

use super::Cause;
use super::settings::{RestartConfig, RestartMode};
use crate::capability::{Capability, GracefulRestart, LongLivedFamily, RestartFamily};
use crate::message::{CeaseSubcode, NotificationCode};
use crate::types::{AddressFamily, AfiSafi, FamilySet};

/// What the peer said of its restarts, as far as both sides agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerRestart {
    /// It has just restarted (R bit): it may wait for our End-of-RIB, so nobody waits for its.
    pub restart_state: bool,
    /// Routes are kept after a NOTIFICATION and an expired hold timer too: both sides said so (N bit, RFC 8538).
    pub notification: bool,
    /// How long it may take to come back.
    pub restart_time: Duration,
    /// Negotiated families whose routes are to be kept meanwhile.
    pub families: FamilySet,
    /// Those of them that it went on forwarding for (F bit).
    pub forwarding_state: FamilySet,
    /// It knows long-lived stale routes, whether or not it wants its own kept (RFC 9494).
    pub long_lived: bool,
    /// How long routes of a family are kept after the restart time; families that are not kept are not here.
    pub long_lived_families: Vec<LongLived>,
}

/// A family whose routes are kept after the restart time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LongLived {
    /// The family.
    pub family: AddressFamily,
    /// How long, by the peer's wish and our limit.
    pub stale_time: Duration,
    /// Whether the peer went on forwarding (F bit).
    pub forwarding_state: bool,
}

impl PeerRestart {
    /// What the peer's capabilities agree to; of several Graceful Restart capabilities the last counts (RFC 4724 section 3).
    pub(super) fn negotiate(ours: &RestartConfig, theirs: &[Capability], negotiated: FamilySet) -> Option<Self> {
        if ours.mode == RestartMode::Off {
            return None;
        }
        let restart = theirs.iter().rev().find_map(|capability| match capability {
            Capability::GracefulRestart(restart) => Some(restart),
            _ => None,
        })?;
        let families = |of: &dyn Fn(&RestartFamily) -> bool| {
            let chosen = restart.families.iter().filter(|family| of(family));
            chosen.filter_map(|family| carried(family.afi_safi, negotiated)).collect::<FamilySet>()
        };
        // Without the Graceful Restart capability this one does not count (RFC 9494 section 4.1).
        let long_lived = theirs.iter().rev().find_map(|capability| match capability {
            Capability::LongLivedGracefulRestart(families) => Some(families.as_slice()),
            _ => None,
        });
        let limit = ours.long_lived_stale_time_secs;
        let wanted = long_lived.unwrap_or_default().iter().filter_map(|one| {
            let stale_time = Duration::from_secs(one.stale_time_secs.min(limit).into());
            let family = carried(one.afi_safi, negotiated)?;
            Some(LongLived { family, stale_time, forwarding_state: one.forwarding_state })
        });
        Some(Self {
            restart_state: restart.restart_state,
            notification: restart.notification && ours.notification,
            restart_time: Duration::from_secs(restart.restart_time_secs.into()),
            families: families(&|_| true),
            forwarding_state: families(&|family| family.forwarding_state),
            long_lived: long_lived.is_some(),
            long_lived_families: wanted.filter(|one| !one.stale_time.is_zero()).collect(),
        })
    }

    /// How long routes of the family are kept after the restart time; zero: not at all.
    pub(super) fn long_lived_time(&self, family: AddressFamily) -> Duration {
        let found = self.long_lived_families.iter().find(|one| one.family == family);
        found.map_or(Duration::ZERO, |one| one.stale_time)
    }

    /// Whether the peer went on forwarding for a family whose routes are long-lived stale here (RFC 9494 section 4.2).
    pub(super) fn keeps_long_lived(&self, family: AddressFamily) -> bool {
        self.long_lived_families.iter().any(|one| one.family == family && one.forwarding_state)
    }

    /// Whether the end of the session starts a restart, so that routes are kept: a lost connection always, what a
    /// NOTIFICATION says where both sides agreed to it (RFC 8538 section 3). Never when we end it for good, nor when the
    /// path itself is down.
    pub(super) fn is_started_by(&self, cause: &Cause) -> bool {
        let notification = match cause {
            Cause::Tcp(_) | Cause::Superseded => return true,
            Cause::Stopped(_) => return false,
            Cause::Sent { notification, .. } | Cause::Received(notification) => notification,
        };
        let path_down = notification.code == NotificationCode::Cease(CeaseSubcode::BfdDown);
        self.notification && !path_down && !notification.is_hard_reset()
    }
}

fn carried(pair: AfiSafi, negotiated: FamilySet) -> Option<AddressFamily> {
    AddressFamily::try_from(pair).ok().filter(|family| negotiated.contains(*family))
}

/// The capabilities of our OPEN: `restart_state` and `forwarding_state` are the R and F bits.
pub(super) fn capabilities(
    config: &RestartConfig,
    families: FamilySet,
    restart_state: bool,
    forwarding_state: FamilySet,
) -> Vec<Capability> {
    let kept = match config.mode {
        RestartMode::Off => return Vec::new(),
        RestartMode::Helper => FamilySet::EMPTY,
        RestartMode::Full => families,
    };
    let family = |family: AddressFamily| RestartFamily {
        afi_safi: family.afi_safi(),
        forwarding_state: forwarding_state.contains(family),
    };
    let long_lived = |family: AddressFamily| LongLivedFamily {
        afi_safi: family.afi_safi(),
        forwarding_state: forwarding_state.contains(family),
        stale_time_secs: config.long_lived_stale_time_secs,
    };
    let mut capabilities = vec![Capability::GracefulRestart(GracefulRestart {
        restart_state,
        notification: config.notification,
        restart_time_secs: if kept.is_empty() { 0 } else { config.restart_time_secs },
        families: kept.iter().map(family).collect(),
    })];
    if config.long_lived_stale_time_secs > 0 {
        capabilities.push(Capability::LongLivedGracefulRestart(kept.iter().map(long_lived).collect()));
    }
    capabilities
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Notification;
    use crate::session::StopReason;

    fn both() -> FamilySet {
        AddressFamily::ALL.into_iter().collect()
    }

    fn capability(of: impl FnOnce(&mut GracefulRestart)) -> Capability {
        let family = |family: AddressFamily| RestartFamily { afi_safi: family.afi_safi(), forwarding_state: true };
        let mut restart = GracefulRestart {
            restart_state: false,
            notification: true,
            restart_time_secs: 120,
            families: AddressFamily::ALL.map(family).to_vec(),
        };
        of(&mut restart);
        Capability::GracefulRestart(restart)
    }

    fn agreed(ours: RestartConfig, theirs: &[Capability]) -> Option<PeerRestart> {
        PeerRestart::negotiate(&ours, theirs, both())
    }

    #[test]
    fn check_14_of_several_graceful_restart_capabilities_the_last_counts() {
        let theirs = [capability(|_| {}), capability(|restart| restart.restart_time_secs = 7)];
        let agreed = agreed(RestartConfig::HELPER, &theirs).unwrap();
        assert_eq!(agreed.restart_time, Duration::from_secs(7));
    }

    #[test]
    fn nothing_is_agreed_where_one_side_does_not_know_of_it() {
        assert_eq!(agreed(RestartConfig::HELPER, &[]), None);
        let off = RestartConfig { mode: RestartMode::Off, ..RestartConfig::HELPER };
        assert_eq!(agreed(off, &[capability(|_| {})]), None);
        assert_eq!(capabilities(&off, both(), false, both()), []);
    }

    #[test]
    fn check_78_families_that_were_not_negotiated_are_not_kept() {
        let v4 = FamilySet::from_iter([AddressFamily::Ipv4Unicast]);
        let agreed = PeerRestart::negotiate(&RestartConfig::HELPER, &[capability(|_| {})], v4).unwrap();
        assert_eq!((agreed.families, agreed.forwarding_state), (v4, v4));
    }

    #[test]
    fn check_77_what_starts_a_restart() {
        let notification = |subcode| Notification::new(NotificationCode::Cease(subcode));
        let reset = notification(CeaseSubcode::AdministrativeReset);
        let expired = Notification::new(NotificationCode::HoldTimerExpired);
        let sent =
            |notification: &Notification| Cause::Sent { notification: notification.clone(), reason: String::new() };
        let cases = [
            (Cause::Tcp("reset".to_owned()), true, true),
            (Cause::Superseded, true, true),
            (Cause::Received(reset.clone()), false, true),
            (sent(&expired), false, true),
            (Cause::Received(Notification::hard_reset(&reset)), false, false),
            (sent(&Notification::hard_reset(&expired)), false, false),
            (Cause::Received(notification(CeaseSubcode::BfdDown)), false, false),
            (Cause::Stopped(StopReason::Silent), false, false),
            (Cause::Stopped(StopReason::AdministrativeReset), false, false),
        ];
        let ours = RestartConfig { notification: true, ..RestartConfig::HELPER };
        let alone = agreed(ours, &[capability(|restart| restart.notification = false)]).unwrap();
        let not_ours = agreed(RestartConfig::HELPER, &[capability(|_| {})]).unwrap();
        let both = agreed(ours, &[capability(|_| {})]).unwrap();
        for (cause, without, with) in cases {
            assert_eq!((alone.is_started_by(&cause), both.is_started_by(&cause)), (without, with), "{cause}");
            assert_eq!(not_ours.is_started_by(&cause), without, "{cause}");
        }
    }

    #[test]
    fn check_85_the_shorter_of_both_long_lived_times_counts_and_none_without_graceful_restart() {
        let long = |stale_time_secs| {
            let afi_safi = AddressFamily::Ipv4Unicast.afi_safi();
            Capability::LongLivedGracefulRestart(vec![LongLivedFamily {
                afi_safi,
                forwarding_state: true,
                stale_time_secs,
            }])
        };
        let ours = RestartConfig { long_lived_stale_time_secs: 1000, ..RestartConfig::HELPER };
        for (theirs, kept) in [(0, 0), (10, 10), (16_777_215, 1000)] {
            let agreed = agreed(ours, &[capability(|_| {}), long(theirs)]).unwrap();
            assert_eq!(agreed.long_lived_time(AddressFamily::Ipv4Unicast), Duration::from_secs(kept));
            assert_eq!(agreed.long_lived_time(AddressFamily::Ipv6Unicast), Duration::ZERO);
        }
        assert_eq!(agreed(ours, &[long(10)]), None);
        let off = agreed(RestartConfig::HELPER, &[capability(|_| {}), long(10)]).unwrap();
        assert!(off.long_lived && off.long_lived_families.is_empty());
    }

    #[test]
    fn a_helper_asks_for_nothing_to_be_kept() {
        let config = RestartConfig { long_lived_stale_time_secs: 60, ..RestartConfig::HELPER };
        let [Capability::GracefulRestart(restart), Capability::LongLivedGracefulRestart(long_lived)] =
            &capabilities(&config, both(), false, both())[..]
        else {
            panic!("two capabilities")
        };
        assert!(restart.families.is_empty() && long_lived.is_empty());
        assert_eq!(restart.restart_time_secs, 0);
        let full = RestartConfig { mode: RestartMode::Full, ..config };
        let [Capability::GracefulRestart(restart), Capability::LongLivedGracefulRestart(long_lived)] =
            &capabilities(&full, both(), true, FamilySet::EMPTY)[..]
        else {
            panic!("two capabilities")
        };
        assert_eq!((restart.families.len(), long_lived.len(), restart.restart_time_secs), (2, 2, 120));
        assert!(restart.restart_state && !restart.families[0].forwarding_state && !long_lived[0].forwarding_state);
    }
}
