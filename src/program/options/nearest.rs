//! What an unknown word was probably meant to be.

/// The known word with the smallest edit distance, if that is small for its length: one in three characters
/// after the beginning that all words share.
pub(crate) fn nearest<W: AsRef<str>>(
    known: impl Iterator<Item = W>,
    shared: &str,
    given: &str,
) -> Option<W> {
    let slips = |word: &W| strsim::damerau_levenshtein(word.as_ref(), given);
    let nearest = known.min_by_key(slips)?;
    let allowed = (nearest.as_ref().len() - shared.len()) / 3;
    (slips(&nearest) <= allowed.max(1)).then_some(nearest)
}
