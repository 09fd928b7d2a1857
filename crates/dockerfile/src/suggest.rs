//! "Did you mean …?"

/// The candidate that is most like `word`, if one is near enough to be meant.
pub fn suggest<'a>(_word: &str, _candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    None
}
