//! What running daemons of others on this machine takes, for whoever does it: the scenarios here and the load tool.

pub mod command;
pub mod debian;
pub mod patience;
pub mod process;
pub mod report;
