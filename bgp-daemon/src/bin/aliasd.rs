//! aliasd.
fn main() {}
