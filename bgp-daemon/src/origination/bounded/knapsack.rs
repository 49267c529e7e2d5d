//! Costs by the number of prefixes, and how two parts share a number.

/// What a part of the territory costs, by how many prefixes it gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    /// Prefixes it needs at least; 0 when nothing in it is in use.
    pub fewest: u32,
    /// Prefixes from which on it costs no less.
    pub exact: u32,
    /// What it costs then, in weighed addresses.
    pub cost: u128,
}

impl Span {
    /// Both parts side by side.
    pub fn beside(self, other: Self) -> Self {
        Self {
            fewest: self.fewest.saturating_add(other.fewest),
            exact: self.exact.saturating_add(other.exact),
            cost: self.cost.saturating_add(other.cost),
        }
    }

    /// How many costs a table holds that goes up to `most` prefixes.
    pub fn width(self, most: u32) -> usize {
        let last = self.exact.min(most.max(self.fewest));
        usize::try_from(last.saturating_sub(self.fewest)).unwrap_or(usize::MAX).saturating_add(1)
    }
}

/// The least sums of a cost of `left` and one of `right`, by the sum of their places; the first `width` of them.
pub(super) fn sums(left: &[u128], right: &[u128], width: usize) -> Vec<u128> {
    let width = width.min((left.len() + right.len()).saturating_sub(1));
    let mut sums = vec![u128::MAX; width];
    for (place, left) in left.iter().enumerate() {
        for (sum, right) in sums.iter_mut().skip(place).zip(right) {
            *sum = (*sum).min(left.saturating_add(*right));
        }
    }
    sums
}

/// How `left` and `right` share `count` prefixes at the least cost: what each gets. The first of several ways, so that the
/// same costs are always shared alike.
pub(super) fn share(
    (left, left_costs): (Span, &[u128]),
    (right, right_costs): (Span, &[u128]),
    count: u32,
) -> (u32, u32) {
    if count >= left.exact.saturating_add(right.exact) {
        return (left.exact, right.exact);
    }
    let mut best = (u128::MAX, (left.fewest, count.saturating_sub(left.fewest)));
    for (to_left, left_cost) in (left.fewest..=count.saturating_sub(right.fewest)).zip(left_costs) {
        let to_right = count - to_left;
        let place = usize::try_from(to_right - right.fewest).ok();
        let Some(right_cost) = place.and_then(|place| right_costs.get(place)) else { continue };
        let cost = left_cost.saturating_add(*right_cost);
        if cost < best.0 {
            best = (cost, (to_left, to_right));
        }
    }
    best.1
}
