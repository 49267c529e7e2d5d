//! aliasctl: questions and their answers.

pub mod decode;
