//! What an unknown word was probably meant to be.

/// The known word with the smallest edit distance, if that is small for its length: one in three characters
/// after the beginning that all words share.
pub(crate) fn nearest(
    known: impl Iterator<Item = &'static str>,
    shared: &str,
    given: &str,
) -> Option<&'static str> {
    let slips = |word: &str| strsim::damerau_levenshtein(word, given);
    let nearest = known.min_by_key(|word| slips(word))?;
    let allowed = (nearest.len() - shared.len()) / 3;
    (slips(nearest) <= allowed.max(1)).then_some(nearest)
}
