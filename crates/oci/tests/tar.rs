//! Tar changesets as they come out of the writer, out of GNU tar, and out of hostile hands.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "tar/gnu.rs"]
mod gnu;
#[path = "tar/hostile.rs"]
mod hostile;
#[path = "tar/raw.rs"]
mod raw;
#[path = "tar/round_trip.rs"]
mod round_trip;

use std::io::Read;

use oci::tar::{Entry, Error, Reader};

/// All members of an archive with their contents.
fn read_all(archive: &[u8]) -> Result<Vec<(Entry, Vec<u8>)>, Error> {
    let mut reader = Reader::new(archive);
    let mut members = Vec::new();
    while let Some(entry) = reader.next_entry()? {
        let mut content = Vec::new();
        reader
            .read_to_end(&mut content)
            .map_err(|error| match error.downcast::<Error>() {
                Ok(error) => error,
                Err(error) => panic!("{error}"),
            })?;
        assert_eq!(content.len() as u64, entry.size);
        members.push((entry, content));
    }
    Ok(members)
}
