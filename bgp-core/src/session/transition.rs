//! The finite state machine of RFC 4271 section 8.2.2 as a pure table: (state, event, facts) to (state, actions).
//!
//! `transition.snap` beside the tests shows it whole. Where it deviates, and why:
//!
//! - A dial that fails leads from Connect to Active, where the RFC says Idle: it is the RFC's Idle followed at once by its
//!   event 5 (AutomaticStart_with_PassiveTcpEstablishment), so that the peer's own dial is not refused meanwhile.
//! - A NOTIFICATION is never answered by one (RFC 4271 section 6.4), also in OpenSent, where section 8.2.2 would.
//! - A second OPEN on one connection in OpenConfirm is an FSM error (RFC 6608); collisions are between connections, and
//!   are settled before the table is asked.
//! - DelayOpen is not offered; IdleHold is a matter of the whole session, not of one connection.
//! - ROUTE-REFRESH does not restart the hold timer, since RFC 4271 section 8.2.2 names KEEPALIVE and UPDATE only.

use super::State;

/// What happens to a connection, with its number in RFC 4271 section 8.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FsmEvent {
    /// 1 (and 4 where the facts say that we do not dial).
    ManualStart,
    /// 2.
    ManualStop,
    /// 3 and 13 (and 5 where the facts say that we do not dial).
    AutomaticStart,
    /// 8.
    AutomaticStop,
    /// 9.
    ConnectRetryTimerExpires,
    /// 10.
    HoldTimerExpires,
    /// 11.
    KeepaliveTimerExpires,
    /// 16.
    TcpCrAcked,
    /// 17.
    TcpConnectionConfirmed,
    /// 18.
    TcpConnectionFails,
    /// 19.
    BgpOpen,
    /// 21.
    BgpHeaderErr,
    /// 22.
    BgpOpenMsgErr,
    /// 23.
    OpenCollisionDump,
    /// 24.
    NotifMsgVerErr,
    /// 25.
    NotifMsg,
    /// 26.
    KeepAliveMsg,
    /// 27.
    UpdateMsg,
    /// 28.
    UpdateMsgErr,
    /// 29 (RFC 9687).
    SendHoldTimerExpires,
    /// RFC 2918; not in RFC 4271.
    RouteRefreshMsg,
}

impl FsmEvent {
    /// Every event.
    pub const ALL: [Self; 21] = [
        Self::ManualStart,
        Self::ManualStop,
        Self::AutomaticStart,
        Self::AutomaticStop,
        Self::ConnectRetryTimerExpires,
        Self::HoldTimerExpires,
        Self::KeepaliveTimerExpires,
        Self::TcpCrAcked,
        Self::TcpConnectionConfirmed,
        Self::TcpConnectionFails,
        Self::BgpOpen,
        Self::BgpHeaderErr,
        Self::BgpOpenMsgErr,
        Self::OpenCollisionDump,
        Self::NotifMsgVerErr,
        Self::NotifMsg,
        Self::KeepAliveMsg,
        Self::UpdateMsg,
        Self::UpdateMsgErr,
        Self::SendHoldTimerExpires,
        Self::RouteRefreshMsg,
    ];
}

/// What the facade is to do, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Dial the peer.
    Dial,
    /// Give up a dial in progress.
    AbandonDial,
    /// Close the connection after what is queued on it.
    DropTcp,
    /// Send our OPEN.
    SendOpen,
    /// Send a KEEPALIVE.
    SendKeepalive,
    /// Send the NOTIFICATION that goes with the event.
    SendNotification,
    /// Start or restart the ConnectRetryTimer.
    StartConnectRetry,
    /// Stop the ConnectRetryTimer.
    StopConnectRetry,
    /// Start the hold timer with its large initial value.
    StartInitialHold,
    /// Start or restart the hold timer with the negotiated value.
    StartHold,
    /// Start or restart the keepalive timer.
    StartKeepalive,
    /// Stop every timer of the connection.
    StopTimers,
    /// Routes may be exchanged.
    Establish,
    /// No more routes; those of the peer go.
    Release,
    /// Hand over the routes of the UPDATE.
    DeliverUpdate,
    /// Hand over the peer's wish for routes.
    DeliverRefresh,
    /// ConnectRetryCounter plus one: the next start waits longer.
    CountFailure,
    /// ConnectRetryCounter to zero.
    ForgetFailures,
}

/// What the table must know beside state and event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Whether we dial (PassiveTcpEstablishment is false).
    pub dials: bool,
}

/// Where an event leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The next state.
    pub next: State,
    /// What to do, in this order.
    pub actions: &'static [Action],
}

use Action::{
    AbandonDial, CountFailure, DeliverRefresh, DeliverUpdate, Dial, DropTcp, Establish, ForgetFailures, Release,
    SendKeepalive, SendNotification, SendOpen, StartConnectRetry, StartHold, StartInitialHold, StartKeepalive,
    StopConnectRetry, StopTimers,
};
use FsmEvent as E;

const fn to(next: State, actions: &'static [Action]) -> Transition {
    Transition { next, actions }
}

/// The table.
#[must_use]
pub const fn transition(state: State, event: FsmEvent, facts: Facts) -> Transition {
    match state {
        State::Idle => idle(event, facts),
        State::Connect => connect(event, facts),
        State::Active => active(event, facts),
        State::OpenSent => open_sent(event, facts),
        State::OpenConfirm => open_confirm(event),
        State::Established => established(event),
    }
}

const fn idle(event: FsmEvent, facts: Facts) -> Transition {
    match event {
        E::ManualStart if facts.dials => to(State::Connect, &[ForgetFailures, StartConnectRetry, Dial]),
        E::ManualStart => to(State::Active, &[ForgetFailures]),
        E::AutomaticStart if facts.dials => to(State::Connect, &[StartConnectRetry, Dial]),
        E::AutomaticStart => to(State::Active, &[]),
        E::ManualStop => to(State::Idle, &[ForgetFailures]),
        E::TcpCrAcked | E::TcpConnectionConfirmed => to(State::Idle, &[DropTcp]),
        _ => to(State::Idle, &[]),
    }
}

const fn connect(event: FsmEvent, facts: Facts) -> Transition {
    match event {
        E::ManualStart | E::AutomaticStart => to(State::Connect, &[]),
        E::ManualStop => to(State::Idle, &[AbandonDial, StopTimers, ForgetFailures]),
        E::ConnectRetryTimerExpires => to(State::Connect, &[AbandonDial, StartConnectRetry, Dial]),
        E::TcpCrAcked => to(State::OpenSent, &[StopConnectRetry, SendOpen, StartInitialHold]),
        E::TcpConnectionConfirmed => to(State::OpenSent, &[AbandonDial, StopConnectRetry, SendOpen, StartInitialHold]),
        E::TcpConnectionFails if facts.dials => to(State::Active, &[StartConnectRetry]),
        E::TcpConnectionFails => to(State::Active, &[StopConnectRetry]),
        E::OpenCollisionDump => to(State::Idle, &[AbandonDial, StopTimers]),
        _ => to(State::Idle, &[AbandonDial, StopTimers, CountFailure]),
    }
}

const fn active(event: FsmEvent, facts: Facts) -> Transition {
    match event {
        E::ManualStart | E::AutomaticStart => to(State::Active, &[]),
        E::ManualStop => to(State::Idle, &[StopTimers, ForgetFailures]),
        E::ConnectRetryTimerExpires if facts.dials => to(State::Connect, &[StartConnectRetry, Dial]),
        E::ConnectRetryTimerExpires => to(State::Active, &[]),
        E::TcpCrAcked | E::TcpConnectionConfirmed => {
            to(State::OpenSent, &[StopConnectRetry, SendOpen, StartInitialHold])
        }
        E::OpenCollisionDump => to(State::Idle, &[StopTimers]),
        _ => to(State::Idle, &[StopTimers, CountFailure]),
    }
}

const fn open_sent(event: FsmEvent, facts: Facts) -> Transition {
    match event {
        E::ManualStart | E::AutomaticStart | E::TcpCrAcked | E::TcpConnectionConfirmed => to(State::OpenSent, &[]),
        E::ManualStop => to(State::Idle, &[SendNotification, StopTimers, DropTcp, ForgetFailures]),
        E::TcpConnectionFails if facts.dials => to(State::Active, &[StopTimers, DropTcp, StartConnectRetry]),
        E::TcpConnectionFails => to(State::Active, &[StopTimers, DropTcp]),
        E::BgpOpen => to(State::OpenConfirm, &[SendKeepalive, StartKeepalive, StartHold]),
        E::OpenCollisionDump => to(State::Idle, &[SendNotification, StopTimers, DropTcp]),
        E::NotifMsgVerErr => to(State::Idle, &[StopTimers, DropTcp]),
        E::NotifMsg => to(State::Idle, &[StopTimers, DropTcp, CountFailure]),
        _ => to(State::Idle, &[SendNotification, StopTimers, DropTcp, CountFailure]),
    }
}

const fn open_confirm(event: FsmEvent) -> Transition {
    match event {
        E::ManualStart | E::AutomaticStart | E::TcpCrAcked | E::TcpConnectionConfirmed => to(State::OpenConfirm, &[]),
        E::ManualStop => to(State::Idle, &[SendNotification, StopTimers, DropTcp, ForgetFailures]),
        E::KeepaliveTimerExpires => to(State::OpenConfirm, &[SendKeepalive, StartKeepalive]),
        E::KeepAliveMsg => to(State::Established, &[StartHold, Establish]),
        E::OpenCollisionDump => to(State::Idle, &[SendNotification, StopTimers, DropTcp]),
        E::NotifMsgVerErr => to(State::Idle, &[StopTimers, DropTcp]),
        E::TcpConnectionFails | E::NotifMsg => to(State::Idle, &[StopTimers, DropTcp, CountFailure]),
        _ => to(State::Idle, &[SendNotification, StopTimers, DropTcp, CountFailure]),
    }
}

const fn established(event: FsmEvent) -> Transition {
    match event {
        E::ManualStart | E::AutomaticStart | E::TcpCrAcked | E::TcpConnectionConfirmed => to(State::Established, &[]),
        E::ManualStop => to(State::Idle, &[SendNotification, StopTimers, Release, DropTcp, ForgetFailures]),
        E::KeepaliveTimerExpires => to(State::Established, &[SendKeepalive, StartKeepalive]),
        E::KeepAliveMsg => to(State::Established, &[StartHold]),
        E::UpdateMsg => to(State::Established, &[StartHold, DeliverUpdate]),
        E::RouteRefreshMsg => to(State::Established, &[DeliverRefresh]),
        E::NotifMsgVerErr => to(State::Idle, &[StopTimers, Release, DropTcp]),
        E::TcpConnectionFails | E::NotifMsg => to(State::Idle, &[StopTimers, Release, DropTcp, CountFailure]),
        _ => to(State::Idle, &[SendNotification, StopTimers, Release, DropTcp, CountFailure]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All states, all events, both facts: the whole machine on a few screens, to be reviewed when it changes.
    #[test]
    fn the_table_is_the_reviewed_one() {
        let mut table = String::new();
        for state in State::ALL {
            for event in FsmEvent::ALL {
                let [dialling, passive] = [true, false].map(|dials| transition(state, event, Facts { dials }));
                let shown = |row: Transition| {
                    format!("{state:<11} {:<24} -> {:<11} {:?}\n", format!("{event:?}"), row.next, row.actions)
                };
                table.push_str(&shown(dialling));
                if dialling != passive {
                    table.push_str(&format!("    passive: {}", shown(passive)));
                }
            }
        }
        insta::assert_snapshot!("transition", table);
    }

    #[test]
    fn check_21_no_notification_answers_one() {
        for state in State::ALL {
            for event in [FsmEvent::NotifMsg, FsmEvent::NotifMsgVerErr] {
                let row = transition(state, event, Facts { dials: true });
                assert!(!row.actions.contains(&SendNotification), "{state} {event:?}");
                assert_eq!(row.next, State::Idle);
            }
        }
    }

    #[test]
    fn routes_are_released_exactly_when_established_is_left() {
        for state in State::ALL {
            for event in FsmEvent::ALL {
                let row = transition(state, event, Facts { dials: true });
                let leaves = state == State::Established && row.next != State::Established;
                assert_eq!(row.actions.contains(&Release), leaves, "{state} {event:?}");
                let enters = state != State::Established && row.next == State::Established;
                assert_eq!(row.actions.contains(&Establish), enters, "{state} {event:?}");
            }
        }
    }
}
