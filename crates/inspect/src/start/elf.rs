//! What an ELF file asks of the kernel and of the dynamic loader: System V ABI, "Program Loading and Dynamic Linking"; elf(5).

use std::fs::File;

use object::read::elf::{Dyn, FileHeader, ProgramHeader};
use object::read::{ReadCache, ReadRef};
use object::{Endianness, elf};

/// A library names no more than this: a bound for hostile files.
const ENTRIES_AT_MOST: usize = 10_000;

/// Names and paths are not longer (`PATH_MAX`), and tables of versions not as long as this.
const NAME_AT_MOST: u64 = 4096;
const TABLE_AT_MOST: u64 = 1 << 20;

/// What an ELF file asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Object {
    /// `e_machine`.
    pub(super) machine: u16,
    /// Whether it is of 64 bits.
    pub(super) is_64: bool,
    /// The dynamic loader.
    pub(super) interpreter: Option<String>,
    /// `DT_NEEDED`.
    pub(super) needed: Vec<String>,
    /// `DT_RPATH`.
    pub(super) rpath: Option<String>,
    /// `DT_RUNPATH`.
    pub(super) runpath: Option<String>,
    /// The versions that it wants of libraries: library, version.
    pub(super) wants: Vec<(String, String)>,
    /// The versions that it has.
    pub(super) has: Vec<String>,
}

/// Reads a file; nothing if it is no ELF file, or a broken one.
pub(super) fn read(file: File) -> Option<Object> {
    let cache = ReadCache::new(file);
    let class = *cache.read_bytes_at(4, 1).ok()?.first()?;
    match class {
        elf::ELFCLASS64 => object::<elf::FileHeader64<Endianness>, _>(&cache),
        elf::ELFCLASS32 => object::<elf::FileHeader32<Endianness>, _>(&cache),
        _ => None,
    }
}

/// A part of the file that is mapped: where in memory, and its bytes.
struct Memory<'d, H: FileHeader, R> {
    endian: H::Endian,
    headers: &'d [H::ProgramHeader],
    data: R,
}

impl<'d, H: FileHeader<Endian = Endianness>, R: ReadRef<'d>> Memory<'d, H, R> {
    /// The bytes from an address on, as far as its segment goes, and not more than some: what is read is kept.
    fn at(&self, address: u64, at_most: u64) -> Option<&'d [u8]> {
        self.headers.iter().find_map(|header| {
            if header.p_type(self.endian) != elf::PT_LOAD {
                return None;
            }
            let start: u64 = header.p_vaddr(self.endian).into();
            let (offset, size) = header.file_range(self.endian);
            let skip = address.checked_sub(start).filter(|skip| *skip < size)?;
            let start = offset.checked_add(skip)?;
            self.data
                .read_bytes_at(start, (size - skip).min(at_most))
                .ok()
        })
    }

    fn text(&self, table: u64, offset: u64) -> Option<String> {
        let bytes = self.at(table.checked_add(offset)?, NAME_AT_MOST)?;
        let end = bytes.iter().position(|byte| *byte == 0)?;
        Some(String::from_utf8_lossy(&bytes[..end]).into_owned())
    }
}

fn object<'d, H: FileHeader<Endian = Endianness>, R: ReadRef<'d>>(data: R) -> Option<Object> {
    let header = H::parse(data).ok()?;
    let endian = header.endian().ok()?;
    let headers = header.program_headers(endian, data).ok()?;
    let mut object = Object {
        machine: header.e_machine(endian),
        is_64: header.is_class_64(),
        ..Object::default()
    };
    let memory = Memory::<H, R> {
        endian,
        headers,
        data,
    };
    for segment in headers {
        if let Ok(Some(path)) = segment.interpreter(endian, data) {
            object.interpreter = Some(String::from_utf8_lossy(path).into_owned());
        }
        if let Ok(Some(entries)) = segment.dynamic(endian, data) {
            dynamic(&mut object, entries, &memory);
        }
    }
    Some(object)
}

/// Reads the dynamic section.
fn dynamic<'d, H: FileHeader<Endian = Endianness>, R: ReadRef<'d>>(
    object: &mut Object,
    entries: &[H::Dyn],
    memory: &Memory<'d, H, R>,
) {
    let endian = memory.endian;
    let pairs: Vec<(u64, u64)> = entries
        .iter()
        .take(ENTRIES_AT_MOST)
        .map(|entry| (entry.d_tag(endian).into(), entry.d_val(endian).into()))
        .collect();
    let value = |tag: u32| {
        pairs
            .iter()
            .find(|(key, _)| *key == u64::from(tag))
            .map(|(_, value)| *value)
    };
    let Some(table) = value(elf::DT_STRTAB) else {
        return;
    };
    let text = |offset| memory.text(table, offset);
    let needed = pairs
        .iter()
        .filter(|(key, _)| *key == u64::from(elf::DT_NEEDED));
    object.needed = needed.filter_map(|(_, offset)| text(*offset)).collect();
    object.rpath = value(elf::DT_RPATH).and_then(text);
    object.runpath = value(elf::DT_RUNPATH).and_then(text);
    let versions = |tag| value(tag).and_then(|address| memory.at(address, TABLE_AT_MOST));
    object.wants = versions(elf::DT_VERNEED)
        .map(|bytes| wanted(bytes, endian, &text))
        .unwrap_or_default();
    object.has = versions(elf::DT_VERDEF)
        .map(|bytes| defined(bytes, endian, &text))
        .unwrap_or_default();
}

type Text<'t> = &'t dyn Fn(u64) -> Option<String>;

/// A number of the file.
fn number(bytes: &[u8], at: usize, size: usize, endian: Endianness) -> Option<usize> {
    let bytes = bytes.get(at..at.checked_add(size)?)?;
    let fold = |value: usize, byte: &u8| value << 8 | usize::from(*byte);
    Some(match endian {
        Endianness::Little => bytes.iter().rev().fold(0, fold),
        Endianness::Big => bytes.iter().fold(0, fold),
    })
}

/// Follows a chain of records: at each, what it gives, and how far the next one is.
fn chain<T>(mut visit: impl FnMut(usize) -> Option<(T, usize)>) -> Vec<T> {
    let (mut at, mut found) = (0_usize, Vec::new());
    while found.len() < ENTRIES_AT_MOST {
        let Some((one, next)) = visit(at) else { break };
        found.push(one);
        match next {
            0 => break,
            next => at = at.saturating_add(next),
        }
    }
    found
}

/// `Elfxx_Verneed` and `Elfxx_Vernaux` (LSB Core, "Symbol Versioning"): the same in both classes.
fn wanted(bytes: &[u8], endian: Endianness, text: Text<'_>) -> Vec<(String, String)> {
    let word = |at: usize| number(bytes, at, 4, endian);
    let libraries = chain(|at| {
        let library = text(word(at + 4)? as u64)?;
        let first = at.checked_add(word(at + 8)?)?;
        let versions = chain(|below| {
            let at = first.checked_add(below)?;
            let is_weak = number(bytes, at + 4, 2, endian)? & 2 != 0;
            let version = text(word(at + 8)? as u64)?;
            Some(((!is_weak).then_some(version), word(at + 12)?))
        });
        Some(((library, versions), word(at + 12)?))
    });
    let pairs = libraries.into_iter().flat_map(|(library, versions)| {
        versions
            .into_iter()
            .flatten()
            .map(move |version| (library.clone(), version))
    });
    pairs.take(ENTRIES_AT_MOST).collect()
}

/// `Elfxx_Verdef` and `Elfxx_Verdaux`.
fn defined(bytes: &[u8], endian: Endianness, text: Text<'_>) -> Vec<String> {
    let word = |at: usize| number(bytes, at, 4, endian);
    chain(|at| {
        let name = text(word(at.checked_add(word(at + 12)?)?)? as u64)?;
        Some((name, word(at + 16)?))
    })
}
