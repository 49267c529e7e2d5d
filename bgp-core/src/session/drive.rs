//! Doing what the table says, and keeping the two tracks in order.

use std::time::{Duration, Instant};

use super::stale::Kept;
use super::timers::Timer;
use super::transition::{Action, Facts, FsmEvent, transition};
use super::{
    Cause, DIAL_AGAIN_FIRST, Event, IDLE_HOLD_FIRST, IDLE_HOLD_MAX, SEND_HOLD_MIN, STABLE, Session, State, Transmit,
    Which,
};
use super::{StopReason, negotiation};
use crate::capability::Capability;
use crate::message::{self, CeaseSubcode, FsmSubcode, MessageError, Notification, NotificationCode, Update};
use crate::types::AddressFamily;

/// An event of the table with what its actions need.
#[derive(Clone, Debug)]
pub(super) struct Trigger {
    pub event: FsmEvent,
    /// What `SendNotification` sends; `None` for the one that the event itself implies, or none at all when stopped
    /// without a word.
    pub notification: Option<Notification>,
    /// Why, where it is known without the NOTIFICATION.
    pub cause: Option<Cause>,
    /// What was wrong, with values.
    pub reason: String,
    /// The payload of UPDATE and ROUTE-REFRESH.
    pub payload: Option<Payload>,
}

#[derive(Clone, Debug)]
pub(super) enum Payload {
    Update(Box<Update>),
    /// `None` where it is not for us.
    Refresh(Option<(AddressFamily, Refresh)>),
}

/// What a ROUTE-REFRESH says (RFC 2918, RFC 7313).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refresh {
    /// The peer wants our routes.
    Wanted,
    /// Its own routes begin.
    Began,
    /// They end.
    Ended,
}

impl Trigger {
    pub const fn of(event: FsmEvent) -> Self {
        Self { event, notification: None, cause: None, reason: String::new(), payload: None }
    }

    pub fn with(event: FsmEvent, notification: Notification, reason: impl Into<String>) -> Self {
        Self { notification: Some(notification), reason: reason.into(), ..Self::of(event) }
    }

    pub fn fault(event: FsmEvent, error: &MessageError) -> Self {
        Self::with(event, error.to_notification(), error.to_string())
    }

    pub fn tcp_fails(reason: String) -> Self {
        Self { cause: Some(Cause::Tcp(reason)), ..Self::of(FsmEvent::TcpConnectionFails) }
    }

    pub fn superseded() -> Self {
        Self { cause: Some(Cause::Superseded), ..Self::of(FsmEvent::TcpConnectionFails) }
    }

    pub const fn carrying(event: FsmEvent, payload: Payload) -> Self {
        Self { event, notification: None, cause: None, reason: String::new(), payload: Some(payload) }
    }

    fn is_silent_stop(&self) -> bool {
        matches!(self.cause, Some(Cause::Stopped(StopReason::Silent)))
    }

    /// The NOTIFICATION to send in `state`.
    pub fn notification(&self, state: State) -> Option<Notification> {
        if self.notification.is_some() || self.is_silent_stop() {
            return self.notification.clone();
        }
        let code = match (self.event, state) {
            (FsmEvent::HoldTimerExpires, _) => NotificationCode::HoldTimerExpired,
            (FsmEvent::SendHoldTimerExpires, _) => NotificationCode::SendHoldTimerExpired,
            (FsmEvent::OpenCollisionDump, _) => NotificationCode::Cease(CeaseSubcode::ConnectionCollisionResolution),
            (_, State::OpenSent) => NotificationCode::FiniteStateMachine(FsmSubcode::OpenSent),
            (_, State::OpenConfirm) => NotificationCode::FiniteStateMachine(FsmSubcode::OpenConfirm),
            (_, State::Established) => NotificationCode::FiniteStateMachine(FsmSubcode::Established),
            (_, State::Idle | State::Connect | State::Active) => return None,
        };
        Some(Notification::new(code))
    }

    /// Whether the peer ended it for a reason that passes: what it asks for is another attempt soon.
    fn is_blameless(&self) -> bool {
        let passing = [CeaseSubcode::AdministrativeReset, CeaseSubcode::ConnectionCollisionResolution];
        match &self.cause {
            Some(Cause::Superseded) => true,
            Some(Cause::Received(notification)) => match notification.innermost().code {
                NotificationCode::Cease(subcode) => passing.contains(&subcode),
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether the peer was told to reset the session (RFC 4486: Administrative Reset).
    fn is_reset_by_the_peer(&self) -> bool {
        let reset = NotificationCode::Cease(CeaseSubcode::AdministrativeReset);
        matches!(&self.cause, Some(Cause::Received(notification)) if notification.innermost().code == reset)
    }

    /// Whether it ends an attempt or a session that people should hear of. A dial that failed leads on to Active, from where
    /// the next one begins; a collision that is settled ends nothing but a spare connection.
    fn ends(&self, from: State, next: State) -> bool {
        let dial_failed = from == State::Connect
            && matches!(self.event, FsmEvent::TcpConnectionFails | FsmEvent::ConnectRetryTimerExpires);
        let dials_again = from == State::Active && next == State::Connect;
        self.event != FsmEvent::OpenCollisionDump && (next < from || dial_failed) && !dials_again
    }

    fn cause(&self, state: State) -> Option<Cause> {
        let sent = || Some(Cause::Sent { notification: self.notification(state)?, reason: self.reason.clone() });
        self.cause.clone().or_else(sent)
    }
}

impl Session {
    /// Lets the table decide, and does what it says.
    pub(super) fn step(&mut self, which: Which, mut trigger: Trigger, now: Instant) {
        let facts = Facts { dials: self.config.connect.dials() && which == Which::Main };
        let Some(track) = self.track_mut(which) else { return };
        let from = track.state;
        let row = transition(from, trigger.event, facts);
        track.state = row.next;
        if trigger.ends(from, row.next)
            && let Some(cause) = trigger.cause(from)
        {
            self.ended(from, cause, now);
        }
        for action in row.actions {
            self.act(*action, which, from, &mut trigger, now);
        }
    }

    /// Notes why a state was left, for people; `Release` tells of an Established one.
    fn ended(&mut self, from: State, cause: Cause, now: Instant) {
        self.statistics.last_error = Some((now, cause.clone()));
        let stopped = matches!(cause, Cause::Stopped(_));
        if from != State::Established && !stopped {
            self.events.push_back(Event::AttemptFailed { cause });
        }
    }

    fn act(&mut self, action: Action, which: Which, from: State, trigger: &mut Trigger, now: Instant) {
        match action {
            Action::Dial => self.events.push_back(Event::Dial),
            Action::AbandonDial => self.events.push_back(Event::AbandonDial),
            Action::DropTcp => self.drop_tcp(which),
            Action::SendOpen => self.send_open(which, now),
            Action::SendKeepalive => {
                self.statistics.sent.keepalive += 1;
                self.send(which, message::keepalive());
            }
            Action::SendNotification => {
                if let Some(notification) = trigger.notification(from) {
                    self.statistics.sent.notification += 1;
                    self.send(which, notification.encode());
                }
            }
            Action::StartConnectRetry => {
                let wait = self.connect_retry(trigger.event);
                let wait = self.jitter.apply(self.unless_awaited(wait));
                self.set(which, Timer::ConnectRetry, now + wait);
            }
            Action::StopConnectRetry => self.stop_timer(which, Timer::ConnectRetry),
            Action::StartInitialHold => self.set(which, Timer::Hold, now + self.config.initial_hold),
            Action::StartHold => {
                self.fruitless = 0;
                self.start_hold(which, now);
            }
            Action::StartKeepalive => self.start_keepalive(which, now),
            Action::StopTimers => {
                if let Some(track) = self.track_mut(which) {
                    track.timers.stop_all();
                }
            }
            Action::Establish => self.establish(which, now),
            Action::Release => self.release(trigger, now),
            Action::DeliverUpdate => {
                if let Some(Payload::Update(update)) = trigger.payload.take() {
                    if let Some(family) = update.end_of_rib {
                        self.stale.synchronized(family);
                    }
                    self.events.push_back(Event::Update(update));
                }
            }
            Action::DeliverRefresh => {
                if let Some(Payload::Refresh(Some((family, refresh)))) = trigger.payload {
                    self.take_refresh(family, refresh, now);
                }
            }
            // The peer's operator wants a fresh start, as one of ours does.
            Action::CountFailure if trigger.is_reset_by_the_peer() => self.statistics.failures = 0,
            // A second connection that fails says nothing of the first.
            Action::CountFailure if which == Which::Main && !trigger.is_blameless() => {
                self.statistics.failures = self.statistics.failures.saturating_add(1);
            }
            Action::CountFailure => {}
            Action::ForgetFailures => {
                self.statistics.failures = 0;
                self.fruitless = 0;
            }
        }
    }

    /// How long a dial may take, or how long we wait after one that failed: then it was answered, if only by a refusal, and
    /// the next one costs little.
    fn connect_retry(&mut self, event: FsmEvent) -> Duration {
        if event != FsmEvent::TcpConnectionFails {
            return self.config.connect_retry;
        }
        let doublings = self.fruitless.min(16);
        self.fruitless = self.fruitless.saturating_add(1);
        (DIAL_AGAIN_FIRST * 2u32.pow(doublings)).min(self.config.connect_retry)
    }

    fn send(&mut self, which: Which, octets: bytes::Bytes) {
        if let Some((connection, _)) = self.track(which).and_then(|track| track.connection) {
            self.transmits.push_back(Transmit { connection, octets });
        }
    }

    fn send_open(&mut self, which: Which, now: Instant) {
        let mut open = negotiation::our_open(&self.config);
        open.capabilities.extend(self.restart_capabilities(now));
        open.capabilities.sort_by_key(Capability::code);
        // Our few capabilities always fit; an OPEN that did not would leave the peer waiting, and then us.
        if let Ok(open) = open.encode() {
            self.statistics.sent.open += 1;
            self.send(which, open);
        }
    }

    fn drop_tcp(&mut self, which: Which) {
        let connection = self.track_mut(which).and_then(|track| track.connection.take());
        if let Some((connection, _)) = connection {
            self.events.push_back(Event::CloseTcp { connection });
        }
    }

    fn set(&mut self, which: Which, timer: Timer, at: Instant) {
        if let Some(track) = self.track_mut(which) {
            track.timers.set(timer, at);
        }
    }

    fn stop_timer(&mut self, which: Which, timer: Timer) {
        if let Some(track) = self.track_mut(which) {
            track.timers.stop(timer);
        }
    }

    /// RFC 4271 section 4.4: a hold time of 0 means neither hold timer nor KEEPALIVEs.
    fn start_hold(&mut self, which: Which, now: Instant) {
        let Some(negotiated) = self.track(which).and_then(|track| track.negotiated.clone()) else { return };
        match negotiated.hold_time.hold_duration() {
            Some(hold) => self.set(which, Timer::Hold, now + hold),
            // Until its first KEEPALIVE the peer is still held to the initial value, or it could hang there for ever.
            None if self.track(which).is_some_and(|track| track.state == State::OpenConfirm) => {}
            None => self.stop_timer(which, Timer::Hold),
        }
    }

    fn start_keepalive(&mut self, which: Which, now: Instant) {
        let Some(negotiated) = self.track(which).and_then(|track| track.negotiated.clone()) else { return };
        if let Some(interval) = negotiated.hold_time.keepalive_duration() {
            // Never more than one a second (RFC 4271 section 4.4).
            let wait = self.jitter.apply(interval).max(Duration::from_secs(1));
            self.set(which, Timer::Keepalive, now + wait);
        }
    }

    pub(super) fn restart_send_hold(&mut self, which: Which, now: Instant) {
        let Some(track) = self.track(which).filter(|track| track.state == State::Established) else { return };
        let hold = track.negotiated.as_ref().and_then(|negotiated| negotiated.hold_time.hold_duration());
        if let Some(hold) = hold {
            self.set(which, Timer::SendHold, now + SEND_HOLD_MIN.max(hold * 2));
        }
    }

    fn establish(&mut self, which: Which, now: Instant) {
        if which == Which::Second {
            self.dump(Which::Main, now);
            if let Some(second) = self.second.take() {
                self.main = second;
            }
        } else {
            self.dump(Which::Second, now);
            self.second = None;
        }
        self.idle_hold = None;
        self.established_at = Some(now);
        self.statistics.established += 1;
        self.restart_send_hold(Which::Main, now);
        if let (Some((connection, _)), Some(negotiated)) = (self.main.connection, self.main.negotiated.clone()) {
            self.report();
            let kept = self.came_back(&negotiated, now);
            self.events.push_back(Event::Established { connection, negotiated, kept });
        }
    }

    /// Ends a track for the sake of the other.
    pub(super) fn dump(&mut self, which: Which, now: Instant) {
        if self.track(which).is_some() {
            self.step(which, Trigger::of(FsmEvent::OpenCollisionDump), now);
        }
    }

    fn release(&mut self, trigger: &Trigger, now: Instant) {
        let proven = self.established_at.take().is_some_and(|since| now.duration_since(since) >= STABLE);
        if proven {
            self.statistics.failures = 0;
        }
        if let Some(cause) = trigger.cause(State::Established) {
            let Kept { keep, keep_stale } = self.went_away(&cause, now);
            self.events.push_back(Event::Down { cause, keep, keep_stale });
        }
    }

    pub(super) fn expire(&mut self, which: Which, timer: Timer, now: Instant) {
        let trigger = match timer {
            Timer::ConnectRetry => {
                let cause = Some(Cause::Tcp("no answer in time".to_owned()));
                Trigger { cause, ..Trigger::of(FsmEvent::ConnectRetryTimerExpires) }
            }
            Timer::Hold => Trigger::of(FsmEvent::HoldTimerExpires),
            Timer::Keepalive => Trigger::of(FsmEvent::KeepaliveTimerExpires),
            Timer::SendHold => Trigger::of(FsmEvent::SendHoldTimerExpires),
        };
        self.step(which, trigger, now);
    }

    /// Puts the tracks in order after whatever happened: a dead second one goes, a live one takes the place of a main one
    /// that has no connection, and an Idle session that is wanted starts again in time.
    pub(super) fn settle(&mut self, now: Instant) {
        if self.second.as_ref().is_some_and(|second| second.state <= State::Active) {
            self.second = None;
        }
        if matches!(self.main.state, State::Idle | State::Active)
            && let Some(second) = self.second.take()
        {
            self.main = second;
            self.idle_hold = None;
        }
        if self.main.state == State::Idle && self.running && self.idle_hold.is_none() {
            let doublings = self.statistics.failures.saturating_sub(1).min(7);
            let wait = self.unless_awaited((IDLE_HOLD_FIRST * 2u32.pow(doublings)).min(IDLE_HOLD_MAX));
            let wait = self.jitter.apply(wait);
            if self.was_told_of_a_better_connection(now) {
                self.main.state = transition(State::Idle, FsmEvent::AutomaticStart, Facts { dials: false }).next;
                if self.config.connect.dials() {
                    self.set(Which::Main, Timer::ConnectRetry, now + wait);
                }
            } else {
                self.idle_hold = Some(now + wait);
            }
        }
        self.report();
    }

    /// Whether the peer has just ended our only connection for the sake of one that it has dialled. That one may reach us
    /// later than this word of it, and Idle would refuse it: both would be lost, and the next two would collide again.
    fn was_told_of_a_better_connection(&self, now: Instant) -> bool {
        let collision = NotificationCode::Cease(CeaseSubcode::ConnectionCollisionResolution);
        let told = matches!(&self.statistics.last_error,
            Some((at, Cause::Received(notification))) if *at == now && notification.code == collision);
        told && self.reported != State::Established && self.config.connect.awaits()
    }

    pub(super) fn report(&mut self) {
        let to = self.state();
        if to != self.reported {
            self.events.push_back(Event::StateChanged { from: self.reported, to });
            self.reported = to;
        }
    }
}
