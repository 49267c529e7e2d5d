//! What a peer's session brings, on its way to the table, counted by its routes: one UPDATE may carry a thousand.

use bgp_core::message::Update;
use bgp_core::rib::Incoming;

use crate::rib_owner::FromPeer;

/// Routes that may wait before the peer is not read any further; one read can bring more at once.
const FULL: usize = 4096;

/// What waits for a permit, in the order it came.
#[derive(Debug, Default)]
pub struct Inbox {
    news: Vec<FromPeer>,
    weight: usize,
}

impl Inbox {
    /// Adds an UPDATE that came last.
    pub fn push_update(&mut self, update: &Update) {
        self.weight += 1 + update.route_count();
        let (reachable, withdrawn) = (&update.reachable, &update.withdrawn);
        if let Some(FromPeer::Routes(incoming)) = self.news.last_mut() {
            incoming.push(reachable, withdrawn, update.end_of_rib);
            return;
        }
        let mut incoming = Incoming::default();
        incoming.push(reachable, withdrawn, update.end_of_rib);
        self.news.push(FromPeer::Routes(incoming));
    }

    /// Adds what else came last.
    pub fn push(&mut self, news: FromPeer) {
        self.weight += 1 + news.route_count();
        self.news.push(news);
    }

    /// Takes all.
    pub fn take(&mut self) -> Vec<FromPeer> {
        self.weight = 0;
        std::mem::take(&mut self.news)
    }

    /// Whether nothing waits.
    pub const fn is_empty(&self) -> bool {
        self.news.is_empty()
    }

    /// Whether the peer is not to be read until something was taken. An UPDATE without routes weighs as one.
    pub const fn is_full(&self) -> bool {
        self.weight >= FULL
    }
}

#[cfg(test)]
mod tests {
    use bgp_core::nlri::Nlri;
    use bgp_core::types::{AddressFamily, Prefix};

    use super::*;

    fn update(routes: usize) -> Update {
        let nlri = Nlri::from("10.0.0.0/8".parse::<Prefix>().unwrap());
        Update { withdrawn: vec![nlri; routes], ..Update::default() }
    }

    #[test]
    fn is_full_of_routes_and_not_of_messages() {
        let mut inbox = Inbox::default();
        inbox.push_update(&update(1000));
        assert!(!inbox.is_full());
        (0..4).for_each(|_| inbox.push_update(&update(1000)));
        assert!(inbox.is_full());
        assert_eq!(inbox.take().iter().map(FromPeer::route_count).sum::<usize>(), 5000);
        assert!(inbox.is_empty() && !inbox.is_full());
        (0..FULL).for_each(|_| inbox.push_update(&update(0)));
        assert!(inbox.is_full(), "faulty ones that carry nothing need room too");
    }

    #[test]
    fn what_is_no_route_stays_between_the_routes_that_came_before_and_after() {
        let mut inbox = Inbox::default();
        inbox.push_update(&update(1));
        inbox.push_update(&update(2));
        inbox.push(FromPeer::RefreshBegan(AddressFamily::Ipv4Unicast));
        inbox.push_update(&update(3));
        let counts: Vec<usize> = inbox.take().iter().map(FromPeer::route_count).collect();
        assert_eq!(counts, [3, 0, 3]);
    }
}
