//! Octets as such: cutting the stream into messages, reading numbers and length-prefixed values, writing lengths.
//!
//! Knows no BGP message: a message here is a kind, a body and a length (RFC 4271 section 4.1).

pub mod framer;
pub mod reader;
pub mod writer;

pub use framer::{Frame, Framer, HeaderFault};
