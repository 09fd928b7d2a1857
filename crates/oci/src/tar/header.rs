use super::Time;
use super::block::{self, Block, Format};

/// What one header block says, before extended headers change it.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) format: Format,
    pub(super) type_flag: u8,
    pub(super) path: Vec<u8>,
    pub(super) link: Vec<u8>,
    pub(super) size: u64,
    pub(super) mode: u32,
    pub(super) uid: i64,
    pub(super) gid: i64,
    pub(super) mtime: Time,
    pub(super) device: (i64, i64),
}

impl Header {
    pub(super) fn parse(block: &Block) -> Result<Self, &'static str> {
        let format = block
            .format()
            .ok_or("its checksum is wrong, so it is no tar header")?;
        let size = block.number(block::LENGTH)?;
        let mut header = Self {
            format,
            type_flag: block.type_flag(),
            path: block.text(block::NAME).to_vec(),
            link: block.text(block::LINK_NAME).to_vec(),
            size: size.try_into().map_err(|_| "its size is negative")?,
            // Some programs put the file's type above the permissions.
            mode: (block.number(block::MODE)? & 0o7777) as u32,
            uid: block.number(block::UID)?,
            gid: block.number(block::GID)?,
            mtime: Time::seconds(block.number(block::MTIME)?),
            device: (0, 0),
        };
        if format == Format::V7 {
            return Ok(header);
        }
        header.device = (
            block.number(block::DEV_MAJOR)?,
            block.number(block::DEV_MINOR)?,
        );
        let prefix = prefix(format, block)?;
        if !prefix.is_empty() {
            header.path = [prefix, &header.path].join(&b'/');
        }
        Ok(header)
    }
}

fn prefix(format: Format, block: &Block) -> Result<&[u8], &'static str> {
    match format {
        Format::V7 => Ok(b""),
        Format::Ustar => Ok(block.text(block::PREFIX)),
        Format::Star => {
            block.number(block::STAR_ATIME)?;
            block.number(block::STAR_CTIME)?;
            Ok(block.text(block::STAR_PREFIX))
        }
        Format::Gnu => Ok(gnu_prefix(block)),
    }
}

/// GNU headers have no prefix, but Go before 1.8 wrote one where the times belong; so Go reads one
/// if there are no times to be read. An unused time begins with NUL.
fn gnu_prefix(block: &Block) -> &[u8] {
    let is_time = |field: std::ops::Range<usize>| {
        block.bytes[field.start] == 0 || block.number(field).is_ok()
    };
    let prefix = block.text(block::PREFIX);
    if is_time(block::GNU_ATIME) && is_time(block::GNU_CTIME) || !prefix.is_ascii() {
        return b"";
    }
    prefix
}
