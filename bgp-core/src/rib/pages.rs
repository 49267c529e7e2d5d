//! A list in pages: it grows without moving what is there, so that no route waits while a table of millions is copied, and
//! no more than a page is taken in advance.

/// Items of a page; few in tests, so that there are many.
const PAGE: usize = if cfg!(test) { 8 } else { 1024 };

/// Items by number. What was never set, is the default.
#[derive(Debug)]
pub(super) struct Pages<T> {
    /// Each but the last is full, or empty where none of its items was set.
    pages: Vec<Vec<T>>,
}

impl<T> Default for Pages<T> {
    fn default() -> Self {
        Self { pages: Vec::new() }
    }
}

impl<T: Copy + Default> Pages<T> {
    /// One more than the number of the last item.
    pub fn len(&self) -> usize {
        self.pages.last().map_or(0, |last| (self.pages.len() - 1) * PAGE + last.len())
    }

    /// An item that was set, or stands among such.
    pub fn get(&self, number: usize) -> Option<&T> {
        self.pages.get(number / PAGE)?.get(number % PAGE)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, number: usize) -> Option<&mut T> {
        self.pages.get_mut(number / PAGE)?.get_mut(number % PAGE)
    }

    /// Sets an item.
    pub fn set(&mut self, number: usize, item: T) {
        if let Some(place) = self.get_mut(number) {
            *place = item;
            return;
        }
        // Mostly it is the next one.
        let is_in_last = number / PAGE + 1 == self.pages.len();
        match self.pages.last_mut().filter(|last| is_in_last && !last.is_empty() && last.len() == number % PAGE) {
            Some(last) => last.push(item),
            None => self.set_elsewhere(number, item),
        }
    }

    fn set_elsewhere(&mut self, number: usize, item: T) {
        let (page, place) = (number / PAGE, number % PAGE);
        if page >= self.pages.len() {
            if let Some(last) = self.pages.last_mut().filter(|last| !last.is_empty()) {
                last.resize(PAGE, T::default());
            }
            self.pages.resize_with(page + 1, Vec::new);
        }
        let is_last = page + 1 == self.pages.len();
        if let Some(items) = self.pages.get_mut(page) {
            if page > 0 {
                items.reserve_exact(PAGE - items.len());
            }
            items.resize(if is_last { place + 1 } else { PAGE }, T::default());
            if let Some(to) = items.get_mut(place) {
                *to = item;
            }
        }
    }

    /// Items from this number on, as many as stand together but at most `limit`, and the number to go on with; at the end
    /// that is [`len`](Self::len) or more.
    pub fn some_from(&self, from: usize, limit: usize) -> (&[T], usize) {
        let page = self.pages.get(from / PAGE).map_or(&[][..], Vec::as_slice);
        let place = from % PAGE;
        let until = place.saturating_add(limit).min(PAGE);
        let items = page.get(place.min(page.len())..until.min(page.len())).unwrap_or(&[]);
        // What is not there of a page needs no look.
        let seen = if items.is_empty() { PAGE - place } else { items.len() };
        (items, from + seen)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn holds_what_was_set(items in prop::collection::vec((0usize..100, 1u8..), 0..60), from in 0usize..120, limit in 1usize..20) {
            let (mut pages, mut model) = (Pages::default(), Vec::new());
            for (number, item) in items {
                pages.set(number, item);
                if model.len() <= number {
                    model.resize(number + 1, 0);
                }
                model[number] = item;
                prop_assert_eq!(pages.len(), model.len());
            }
            for (number, item) in model.iter().enumerate() {
                prop_assert_eq!(pages.get(number).copied().unwrap_or_default(), *item);
                if let Some(place) = pages.get_mut(number) {
                    prop_assert_eq!(*place, *item);
                }
            }
            prop_assert_eq!(pages.get(model.len()), None);
            // Going on from any number shows each item that was set, once, in slices.
            let (mut next, mut shown) = (from, Vec::new());
            while next < pages.len() {
                let (some, then) = pages.some_from(next, limit);
                prop_assert!(some.len() <= limit && then > next);
                shown.extend(some.iter().zip(next..).filter(|(item, _)| **item > 0).map(|(item, number)| (number, *item)));
                next = then;
            }
            let expected: Vec<(usize, u8)> = (0..).zip(model).skip(from).filter(|(_, item)| *item > 0).collect();
            prop_assert_eq!(shown, expected);
        }
    }
}
