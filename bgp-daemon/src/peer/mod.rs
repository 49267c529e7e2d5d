//! Peers on the network: how their connections are made, and who may connect. Knows no table.

pub mod listener;
pub mod roster;
pub mod socket;
