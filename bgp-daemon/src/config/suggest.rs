//! What was probably meant by a word that nobody knows.

/// Why an unknown key is refused, with the nearest known one.
pub(super) fn unknown_key(given: &str, known: &[&'static str]) -> String {
    let all = format!("expected one of {}", known.join(", "));
    match nearest(given, known) {
        Some(meant) => format!("unknown key; did you mean {meant}? {all}"),
        None => format!("unknown key; {all}"),
    }
}

/// Why a word is refused where only these may stand, with the nearest one.
pub(super) fn unknown_word(given: &str, known: &[&'static str]) -> String {
    let all = known.join(" or ");
    match nearest(given, known) {
        Some(meant) => format!("expected {all}; did you mean {meant}?"),
        None => format!("expected {all}"),
    }
}

fn nearest(given: &str, known: &[&'static str]) -> Option<&'static str> {
    // The distance costs length times length: a key of a megabyte is nobody's typing mistake.
    if given.len() > 64 {
        return None;
    }
    let distance = |word: &str| strsim::damerau_levenshtein(&given.to_lowercase(), word);
    let (distance, word) = known.iter().map(|word| (distance(word), *word)).min()?;
    let wrong_at_most = (word.len() / 3).max(1);
    (distance <= wrong_at_most).then_some(word)
}
