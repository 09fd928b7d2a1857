//! Archives, as far as their names tell.

/// What hadolint takes for an archive.
const OF_HADOLINT: [&str; 15] = [
    ".tar", ".gz", ".bz2", ".xz", ".Z", ".lz", ".lzma", ".tb2", ".tbz", ".tbz2", ".tgz", ".tlz",
    ".tpz", ".txz", ".tZ",
];

/// Tar archives that `ADD` unpacks: plain, or with gzip, bzip2, xz or zstd.
const OF_ADD: [&str; 11] = [
    ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz", ".tb2", ".tar.xz", ".txz", ".tar.zst",
    ".tzst",
];

/// Others that may be archives, whatever they hold.
const OTHERS: [&str; 3] = [".zst", ".taz", ".tz"];

/// Whether a name is one of those that hadolint takes for an archive's.
pub(super) fn is_archive(name: &str) -> bool {
    OF_HADOLINT.iter().any(|end| name.ends_with(end))
}

/// Whether a name is that of an archive that `ADD` unpacks.
pub(super) fn is_unpacked_by_add(name: &str) -> bool {
    OF_ADD.iter().any(|end| name.ends_with(end))
}

/// Whether a name can be that of an archive that `ADD` unpacks.
pub(super) fn may_be_archive(name: &str) -> bool {
    let has = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
    is_archive(name) || has(&OF_ADD) || has(&OTHERS)
}
