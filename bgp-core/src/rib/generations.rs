//! Which routes of a peer are stale, known without touching them (RFC 4724 section 4.2, RFC 7313 section 4, RFC 9494).
//!
//! Every path carries the generation, one of four, in which it was received. When routes become stale a new generation
//! begins, and the peer's family remembers what the old one is now. So marking costs nothing, however many routes there are, no
//! announcement can overtake it, and a route that is announced again is fresh by itself. Only removing is a walk.

/// How many generations there can be at a time.
const COUNT: usize = 4;

/// When a path was received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Generation(u8);

impl Generation {
    /// As two bits.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// From the lower two bits.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & 0b11)
    }

    fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// Some generations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct GenerationSet(u8);

impl GenerationSet {
    /// Whether the generation is in the set.
    pub const fn contains(self, generation: Generation) -> bool {
        self.0 & (1 << generation.0) != 0
    }

    /// Whether none is.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn insert(&mut self, generation: Generation) {
        self.0 |= 1 << generation.0;
    }
}

/// What the routes of a generation are now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Age {
    /// There are none.
    #[default]
    Free,
    /// Received in this session.
    Fresh,
    /// To be announced again in the refresh that the peer began.
    Refreshing,
    /// Of an earlier session.
    Stale,
    /// Of an earlier session, after the restart time.
    LongLived,
    /// Being removed.
    Doomed,
}

impl Age {
    /// Whether its routes wait to be announced again.
    pub const fn is_stale(self) -> bool {
        matches!(self, Self::Refreshing | Self::Stale | Self::LongLived)
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    age: Age,
    routes: usize,
}

/// The generations of one peer's routes of one family.
#[derive(Debug)]
pub(super) struct Generations {
    slots: [Slot; COUNT],
    current: Generation,
}

impl Default for Generations {
    fn default() -> Self {
        let free = Slot::default();
        Self { slots: [Slot { age: Age::Fresh, ..free }, free, free, free], current: Generation(0) }
    }
}

impl Generations {
    fn numbered(&self) -> impl Iterator<Item = (Generation, Slot)> {
        (0u8..).map(Generation).zip(self.slots)
    }

    /// The generation of what is received now.
    pub const fn current(&self) -> Generation {
        self.current
    }

    /// What the routes of a generation are now.
    pub fn age(&self, generation: Generation) -> Age {
        self.slots.get(generation.index()).map_or(Age::Free, |slot| slot.age)
    }

    /// A route came into a generation.
    pub fn enter(&mut self, generation: Generation) {
        if let Some(slot) = self.slots.get_mut(generation.index()) {
            slot.routes += 1;
        }
    }

    /// A route left a generation: it is gone, or announced again.
    pub fn leave(&mut self, generation: Generation) {
        if let Some(slot) = self.slots.get_mut(generation.index()) {
            slot.routes = slot.routes.saturating_sub(1);
        }
    }

    /// Routes of the present generation.
    pub fn fresh(&self) -> usize {
        self.slots.get(self.current.index()).map_or(0, |slot| slot.routes)
    }

    /// Routes that wait to be announced again.
    pub fn stale(&self) -> usize {
        self.slots.iter().filter(|slot| slot.age.is_stale()).map(|slot| slot.routes).sum()
    }

    /// Routes of some generations.
    pub fn routes_in(&self, set: GenerationSet) -> usize {
        self.numbered().filter(|(number, _)| set.contains(*number)).map(|(_, slot)| slot.routes).sum()
    }

    /// What was fresh is `age` from now on. False, and nothing changed, when there is no generation left for new routes.
    pub fn begin(&mut self, age: Age) -> bool {
        if self.fresh() == 0 {
            return true;
        }
        let is_free = |slot: &Slot| slot.age == Age::Free || slot.age.is_stale() && slot.routes == 0;
        let free = self.numbered().find(|(_, slot)| is_free(slot)).map(|(number, _)| number);
        let Some(next) = free else { return false };
        self.set_age(self.current, age);
        self.set_age(next, Age::Fresh);
        self.current = next;
        true
    }

    /// What is of such an age is to be removed; the generations to go through, those without routes being free at once.
    pub fn doom(&mut self, of: impl Fn(Age) -> bool) -> GenerationSet {
        let mut doomed = GenerationSet::default();
        for (number, slot) in (0u8..).map(Generation).zip(&mut self.slots).filter(|(_, slot)| of(slot.age)) {
            if slot.routes == 0 {
                slot.age = Age::Free;
            } else {
                slot.age = Age::Doomed;
                doomed.insert(number);
            }
        }
        doomed
    }

    /// What is stale is long-lived stale from now on; whether anything is.
    pub fn prolong(&mut self) -> bool {
        let mut any = false;
        for slot in self.slots.iter_mut().filter(|slot| slot.age == Age::Stale) {
            slot.age = Age::LongLived;
            any |= slot.routes > 0;
        }
        any
    }

    /// Removed generations can be used again.
    pub fn free(&mut self, set: GenerationSet) {
        let doomed = |(number, slot): &(Generation, &mut Slot)| set.contains(*number) && slot.age == Age::Doomed;
        (0u8..).map(Generation).zip(&mut self.slots).filter(doomed).for_each(|(_, slot)| slot.age = Age::Free);
    }

    fn set_age(&mut self, generation: Generation, age: Age) {
        if let Some(slot) = self.slots.get_mut(generation.index()) {
            slot.age = age;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_received_after_a_beginning_is_fresh_and_what_was_before_is_not() {
        let mut generations = Generations::default();
        let old = generations.current();
        generations.enter(old);
        assert!(generations.begin(Age::Stale));
        generations.enter(generations.current());
        assert_eq!((generations.age(old), generations.fresh(), generations.stale()), (Age::Stale, 1, 1));
    }

    #[test]
    fn without_routes_nothing_new_begins() {
        let mut generations = Generations::default();
        let old = generations.current();
        assert!(generations.begin(Age::Stale));
        assert_eq!((generations.current(), generations.stale()), (old, 0));
    }

    #[test]
    fn begins_no_more_than_three_times_until_something_is_removed() {
        let mut generations = Generations::default();
        for _ in 0..3 {
            generations.enter(generations.current());
            assert!(generations.begin(Age::Stale));
        }
        generations.enter(generations.current());
        assert!(!generations.begin(Age::Stale), "four generations hold routes");
        let doomed = generations.doom(Age::is_stale);
        assert_eq!((generations.routes_in(doomed), generations.stale()), (3, 0));
        assert!(!generations.begin(Age::Stale), "they are not removed yet");
        generations.free(doomed);
        assert!(generations.begin(Age::Stale));
    }

    #[test]
    fn generations_without_routes_need_no_removal() {
        let mut generations = Generations::default();
        let old = generations.current();
        generations.enter(old);
        generations.begin(Age::Stale);
        generations.leave(old);
        assert!(generations.doom(Age::is_stale).is_empty());
        assert_eq!(generations.age(old), Age::Free);
    }
}
