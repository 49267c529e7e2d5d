//! Globs over the names of ranges: `*` is any run of characters, `?` is one, everything else is itself.

/// Whether the whole of `name` matches. Takes at most as many steps as the two lengths multiplied, whatever they hold.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let (mut pattern, mut name) = (pattern.chars(), name.chars());
    // What follows the last `*`, and the shortest rest of the name that it has not been tried on. Stars before the last
    // need no second try: what they took can be given to the last as well.
    let mut retry = None;
    loop {
        let from = name.clone();
        match (pattern.next(), name.next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                retry = Some((pattern.clone(), from.clone()));
                name = from;
            }
            (Some(wanted), Some(found)) if wanted == '?' || wanted == found => {}
            _ => {
                let Some((after_star, rest)) = &mut retry else { return false };
                if rest.next().is_none() {
                    return false;
                }
                (pattern, name) = (after_star.clone(), rest.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::matches;

    /// By the book: a star takes nothing, or one character and is asked again.
    fn naive(pattern: &[char], name: &[char]) -> bool {
        match (pattern, name) {
            ([], []) => true,
            (['*', rest @ ..], _) => naive(rest, name) || matches!(name, [_, tail @ ..] if naive(pattern, tail)),
            (['?', rest @ ..], [_, tail @ ..]) => naive(rest, tail),
            ([wanted, rest @ ..], [found, tail @ ..]) => wanted == found && naive(rest, tail),
            _ => false,
        }
    }

    #[test]
    fn matches_names_as_a_shell_does() {
        for (pattern, name) in
            [("gke-*-pods", "gke-a-b-pods"), ("*", ""), ("a?c", "abc"), ("*pods", "pods"), ("é?", "éü")]
        {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("gke-*-pods", "gke-pods"), ("", "a"), ("a?c", "ac"), ("*pods", "pods-2"), ("?", "")] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn a_hostile_pattern_costs_no_more_than_its_length_times_the_name() {
        assert!(!matches(&format!("{}b", "*a".repeat(60)), &"a".repeat(20_000)));
    }

    proptest! {
        #[test]
        fn agrees_with_the_naive_matcher(pattern in "[ab*?]{0,8}", name in "[ab]{0,10}") {
            let (pattern_chars, name_chars): (Vec<_>, Vec<_>) = (pattern.chars().collect(), name.chars().collect());
            prop_assert_eq!(matches(&pattern, &name), naive(&pattern_chars, &name_chars));
        }
    }
}
