//! aliasctl.
fn main() {}
