//! Runs aliasd against real routers.
fn main() {}
