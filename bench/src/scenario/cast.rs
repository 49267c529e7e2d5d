//! Who our speakers are: each has a number, and by it an address, an AS and, if it announces, a next hop.

use anyhow::Result;

use crate::daemon::{Export, Neighbor};
use crate::speakers::{Identity, address};
use feed::{Announcer, next_hop};

/// The hold time of speakers that have something to do.
const HOLD_SECS: u16 = 90;
/// The shortest hold time there is: a keepalive each second.
const OBSERVER_HOLD_SECS: u16 = 3;

/// The speaker of that number, from 1 on.
pub fn neighbor(kind: &str, number: usize, hold_time_secs: u16, export: Export) -> Result<Neighbor> {
    let identity =
        Identity { name: format!("{kind}{number}"), address: address(number)?, asn: asn(number)?, hold_time_secs };
    Ok(Neighbor { identity, export })
}

/// One that announces, and is sent nothing.
pub fn feeder(number: usize) -> Result<Neighbor> {
    neighbor("feeder", number, HOLD_SECS, Export::Nothing)
}

/// One that is sent everything learned.
pub fn receiver(number: usize) -> Result<Neighbor> {
    neighbor("receiver", number, HOLD_SECS, Export::Learned)
}

/// One that is sent what the daemon originates.
pub fn client(number: usize) -> Result<Neighbor> {
    neighbor("client", number, HOLD_SECS, Export::Originated)
}

/// An idle one, to which nothing is exported, and which hears a keepalive each second.
pub fn observer(number: usize) -> Result<Neighbor> {
    neighbor("observer", number, OBSERVER_HOLD_SECS, Export::Nothing)
}

/// The AS of the speaker of that number: of four octets, and for private use.
pub fn asn(number: usize) -> Result<u32> {
    Ok(4_200_000_000 + u32::try_from(number)?)
}

/// The announcer that the speaker of that number is.
pub fn announcer(number: usize) -> Result<Announcer> {
    Ok(Announcer { asn: asn(number)?, next_hop: next_hop(u8::try_from(number)?) })
}
