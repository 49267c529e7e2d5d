//! BGP-4 without IO: octets and routes in, octets and events out.
//!
//! No sockets, clocks, threads, files, randomness or logging live here: `now` and the seed are parameters. The crate is
//! built in layers, and a lower one never imports a higher one (`tests/architecture.rs` checks it):
//!
//! | layer | modules | may import |
//! |---|---|---|
//! | L0 | [`types`] | nothing of ours |
//! | L1 | [`wire`] | L0 |
//! | L2 | [`nlri`], [`capability`], [`attribute`] | L0, L1 |
//! | L3 | [`message`] | L0 to L2 |
//! | L4a | [`session`] | L0 to L3; no table, no policy |
//! | L4c | [`policy`] | L0, L2 |
//! | L4b | [`rib`] | L0, L2, L4c; no session, no timer, no octets |

pub mod attribute;
pub mod capability;
pub mod message;
pub mod nlri;
pub mod policy;
pub mod rib;
pub mod session;
pub mod types;
pub mod wire;
