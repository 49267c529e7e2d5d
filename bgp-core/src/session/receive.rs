//! From octets to events of the table.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use super::collision::Verdict;
use super::drive::{Payload, Refresh, Trigger};
use super::negotiation::negotiate;
use super::transition::{Action, Facts, FsmEvent, transition};
use super::{Cause, ConnectionId, Session, State, Which};
use crate::message::{Message, MessageError, NotificationCode, Open, OpenSubcode, RouteRefresh, Update};
use crate::types::AddressFamily;
use crate::wire::Frame;
use crate::wire::framer::MAX_MESSAGE_LEN;

impl Session {
    pub(super) fn receive(&mut self, connection: ConnectionId, octets: &[u8], now: Instant) {
        if let Some(track) = self.which(connection).and_then(|which| self.track_mut(which)) {
            track.framer.push(octets);
        }
        // A message may close its connection or move it to the other track: it is looked up again for each.
        while let Some(which) = self.which(connection) {
            let Some(track) = self.track_mut(which) else { return };
            // Longer messages may come only after both OPENs have said so (RFC 8654 section 4).
            let longest = track.negotiated.as_ref().map_or(MAX_MESSAGE_LEN, |agreed| agreed.encode.max_message_len);
            match track.framer.next_frame(longest) {
                Ok(None) => return,
                Ok(Some(frame)) => self.receive_message(which, &frame, now),
                Err(fault) => {
                    let trigger = Trigger::fault(FsmEvent::BgpHeaderErr, &MessageError::Header(fault));
                    self.step(which, trigger, now);
                }
            }
        }
    }

    fn receive_message(&mut self, which: Which, frame: &Frame, now: Instant) {
        let trigger = match Message::decode(frame) {
            Ok(Message::Open(open)) => {
                self.statistics.received.open += 1;
                return self.receive_open(which, frame.kind, &open, now);
            }
            Ok(Message::Update(body)) => {
                self.statistics.received.update += 1;
                self.read_update(which, &body, &frame.octets, now)
            }
            Ok(Message::Notification(notification)) => {
                self.statistics.received.notification += 1;
                let version = NotificationCode::Open(OpenSubcode::UnsupportedVersionNumber);
                let event = if notification.code == version { FsmEvent::NotifMsgVerErr } else { FsmEvent::NotifMsg };
                Trigger { cause: Some(Cause::Received(notification)), ..Trigger::of(event) }
            }
            Ok(Message::Keepalive) => {
                self.statistics.received.keepalive += 1;
                unexpected(FsmEvent::KeepAliveMsg, "KEEPALIVE")
            }
            Ok(Message::RouteRefresh(refresh)) => {
                self.statistics.received.route_refresh += 1;
                refreshed(self.refreshed_family(which, &refresh))
            }
            // Without the capability its subtypes mean nothing, whatever their length (RFC 7313 section 5).
            Err(MessageError::BadRefreshLength(_)) if !self.marks_refreshes(which) => {
                self.statistics.received.route_refresh += 1;
                refreshed(None)
            }
            Err(error) => {
                let of_open = matches!(
                    error,
                    MessageError::UnsupportedVersion(_)
                        | MessageError::UnsupportedOptionalParameter(_)
                        | MessageError::MalformedOpen(_)
                );
                // An OPEN that is not expected is first of all that (RFC 6608).
                match (of_open, self.track(which).map(|track| track.state)) {
                    (true, Some(State::OpenSent)) => Trigger::fault(FsmEvent::BgpOpenMsgErr, &error),
                    (true, _) => unexpected(FsmEvent::BgpOpen, "OPEN"),
                    (false, _) => Trigger::fault(FsmEvent::BgpHeaderErr, &error),
                }
            }
        };
        self.step_by_message(which, frame.kind, trigger, now);
    }

    /// Lets the table decide. Where it does not expect the message, the NOTIFICATION names its type (RFC 6608 section 4).
    fn step_by_message(&mut self, which: Which, kind: u8, mut trigger: Trigger, now: Instant) {
        let state = self.track(which).map(|track| track.state).filter(|state| !expects(*state, trigger.event));
        if trigger.notification.is_none()
            && let Some(mut notification) = state.and_then(|state| trigger.notification(state))
        {
            notification.data = Bytes::copy_from_slice(&[kind]);
            trigger.notification = Some(notification);
        }
        self.step(which, trigger, now);
    }

    fn receive_open(&mut self, which: Which, kind: u8, open: &Open, now: Instant) {
        if self.track(which).is_none_or(|track| track.state != State::OpenSent) {
            self.step_by_message(which, kind, unexpected(FsmEvent::BgpOpen, "OPEN"), now);
            return;
        }
        match negotiate(&self.config, open) {
            Err((notification, reason)) => {
                self.step(which, Trigger::with(FsmEvent::BgpOpenMsgErr, notification, reason), now);
            }
            Ok(negotiated) => match self.settle_collision(which, &negotiated, now) {
                Verdict::Goes => self.dump(which, now),
                Verdict::Stays => {
                    if let Some(track) = self.track_mut(which) {
                        track.negotiated = Some(Arc::new(negotiated));
                    }
                    self.step(which, Trigger::of(FsmEvent::BgpOpen), now);
                }
            },
        }
    }

    /// An UPDATE is read only where it is expected: elsewhere nothing says how.
    fn read_update(&mut self, which: Which, body: &Bytes, octets: &Bytes, now: Instant) -> Trigger {
        let established = self.track(which).filter(|track| track.state == State::Established);
        let Some(negotiated) = established.and_then(|track| track.negotiated.clone()) else {
            return unexpected(FsmEvent::UpdateMsg, "UPDATE");
        };
        let read = Update::decode(body, &negotiated.decode);
        self.statistics.faulty_updates.note(octets, &read, now);
        match read {
            Ok(update) => Trigger::carrying(FsmEvent::UpdateMsg, Payload::Update(Box::new(update))),
            Err(error) => Trigger::fault(FsmEvent::UpdateMsgErr, &error),
        }
    }

    /// The family and what is said of it: only of one that was negotiated, and by a subtype that both sides know (RFC 7313
    /// section 5).
    fn refreshed_family(&self, which: Which, refresh: &RouteRefresh) -> Option<(AddressFamily, Refresh)> {
        let families = self.track(which)?.negotiated.as_ref()?.families;
        let family = AddressFamily::try_from(refresh.afi_safi).ok().filter(|family| families.contains(*family))?;
        match refresh.subtype {
            RouteRefresh::REQUEST => Some((family, Refresh::Wanted)),
            RouteRefresh::BEGIN if self.marks_refreshes(which) => Some((family, Refresh::Began)),
            RouteRefresh::END if self.marks_refreshes(which) => Some((family, Refresh::Ended)),
            _ => None,
        }
    }

    fn marks_refreshes(&self, which: Which) -> bool {
        let negotiated = self.track(which).and_then(|track| track.negotiated.as_ref());
        negotiated.is_some_and(|negotiated| negotiated.enhanced_route_refresh)
    }
}

fn refreshed(refresh: Option<(AddressFamily, Refresh)>) -> Trigger {
    let reason = "ROUTE-REFRESH was not expected".to_owned();
    Trigger { reason, ..Trigger::carrying(FsmEvent::RouteRefreshMsg, Payload::Refresh(refresh)) }
}

/// Whether the table goes on after a message that came in `state`, or at least says nothing.
fn expects(state: State, event: FsmEvent) -> bool {
    !transition(state, event, Facts { dials: true }).actions.contains(&Action::SendNotification)
}

/// A message whose place in the session decides; where it is not expected, the table answers with an FSM error.
fn unexpected(event: FsmEvent, name: &str) -> Trigger {
    Trigger { reason: format!("{name} was not expected"), ..Trigger::of(event) }
}
