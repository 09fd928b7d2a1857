//! Archives put together field by field, so that every field can be wrong.

/// A header block with a right checksum.
pub(crate) struct Raw {
    bytes: [u8; 512],
}

impl Raw {
    /// A POSIX header of a member.
    pub(crate) fn new(name: &[u8], type_flag: u8, size: u64) -> Self {
        let raw = Self { bytes: [0; 512] };
        raw.set(0, name)
            .set(100, b"0000644\0")
            .set(124, format!("{size:011o}\0").as_bytes())
            .set(156, &[type_flag])
            .set(257, b"ustar\x0000")
    }

    /// A GNU header of a member.
    pub(crate) fn gnu(name: &[u8], type_flag: u8, size: u64) -> Self {
        Self::new(name, type_flag, size).set(257, b"ustar  \0")
    }

    /// Puts bytes at a place.
    pub(crate) fn set(mut self, at: usize, bytes: &[u8]) -> Self {
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
        self
    }

    /// The block, its checksum, and the member's content padded.
    pub(crate) fn with(mut self, content: &[u8]) -> Vec<u8> {
        self.bytes[148..156].fill(b' ');
        let sum: u32 = self.bytes.iter().copied().map(u32::from).sum();
        self.bytes[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let mut all = self.bytes.to_vec();
        all.extend_from_slice(content);
        all.resize(all.len().next_multiple_of(512), 0);
        all
    }

    /// The same for a member whose size is that of its content.
    pub(crate) fn member(name: &[u8], type_flag: u8, content: &[u8]) -> Vec<u8> {
        Self::new(name, type_flag, content.len() as u64).with(content)
    }
}

/// An extended header of PAX records.
pub(crate) fn pax(records: &[(&str, &str)]) -> Vec<u8> {
    Raw::member(b"PaxHeaders/x", b'x', records_text(records).as_bytes())
}

/// PAX records.
pub(crate) fn records_text(records: &[(&str, &str)]) -> String {
    let record = |(key, value): &(&str, &str)| {
        let rest = format!(" {key}={value}\n");
        let len = (1..)
            .find(|len| *len == rest.len() + len.to_string().len())
            .unwrap();
        format!("{len}{rest}")
    };
    records.iter().map(record).collect()
}

/// The end of an archive.
pub(crate) const END: [u8; 1024] = [0; 1024];

/// An archive of some parts.
pub(crate) fn archive(parts: &[&[u8]]) -> Vec<u8> {
    [&parts.concat(), END.as_slice()].concat()
}
