//! `subnet-ranges`: every range as a whole, whatever is allocated in it.

use super::{Aggregate, Member};

pub(super) fn aggregate(members: &[Member<'_>]) -> Vec<Aggregate> {
    members.iter().map(|(index, range)| Aggregate { prefix: range.prefix, ranges: vec![*index] }).collect()
}
