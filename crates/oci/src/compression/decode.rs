use std::io::{self, BufReader, Cursor, Read};

use super::Compression;

/// A dictionary of xz is as big as its header says, up to 4 GiB; `xz -9` needs 64 MiB.
const XZ_MEMORY_KIB: u32 = 256 * 1024;

/// Decompresses a stream, however it is compressed, or passes it on as it is.
///
/// All members or frames are read, one after the other. Memory is bounded; the length of what comes
/// out is not.
///
/// # Errors
/// When the first bytes cannot be read. What is wrong with the rest is told while it is read.
pub fn decoder<'a>(
    mut reader: impl Read + Send + 'a,
) -> io::Result<(Compression, Box<dyn Read + Send + 'a>)> {
    let mut start = Vec::with_capacity(Compression::MAGIC_LEN);
    reader
        .by_ref()
        .take(Compression::MAGIC_LEN as u64)
        .read_to_end(&mut start)?;
    let compression = Compression::detect(&start);
    let whole = BufReader::with_capacity(64 * 1024, Cursor::new(start).chain(reader));
    let decoder: Box<dyn Read + Send + 'a> = match compression {
        Compression::None => Box::new(whole),
        Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(whole)),
        Compression::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(whole)?),
        Compression::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(whole)),
        Compression::Xz => Box::new(lzma_rust2::XzReader::new_mem_limit(
            whole,
            true,
            XZ_MEMORY_KIB,
        )),
    };
    Ok((compression, decoder))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::process::{Command, Stdio};

    use super::*;

    fn program(name: &str, input: &[u8]) -> Vec<u8> {
        let mut child = Command::new(name)
            .arg("-c")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        let writer = std::thread::spawn(move || stdin.write_all(&input).unwrap());
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        assert!(output.status.success());
        output.stdout
    }

    fn decode(bytes: &[u8]) -> io::Result<(Compression, Vec<u8>)> {
        let (compression, mut decoder) = decoder(bytes)?;
        let mut decoded = Vec::new();
        decoder.read_to_end(&mut decoded)?;
        Ok((compression, decoded))
    }

    #[test]
    fn what_the_programs_write() {
        let content: Vec<u8> = (0..300_000_u32)
            .flat_map(|n| (n / 7).to_le_bytes())
            .collect();
        for (name, compression) in [
            ("gzip", Compression::Gzip),
            ("bzip2", Compression::Bzip2),
            ("xz", Compression::Xz),
            ("zstd", Compression::Zstd),
        ] {
            let once = program(name, &content);
            assert_eq!(
                decode(&once).unwrap(),
                (compression, content.clone()),
                "{name}"
            );
            let twice = [
                once.as_slice(),
                &program(name, b"more"),
                &program(name, b""),
            ]
            .concat();
            let expected = [content.as_slice(), b"more"].concat();
            assert_eq!(
                decode(&twice).unwrap(),
                (compression, expected),
                "{name} in parts"
            );
            let short = decode(&once[..once.len() - 20]);
            assert!(short.is_err(), "{name} cut off");
            let mut broken = once.clone();
            broken[once.len() / 2] ^= 1;
            assert!(decode(&broken).is_err() || name == "zstd", "{name} broken");
        }
    }

    #[test]
    fn what_is_not_compressed() {
        for plain in [
            b"".as_slice(),
            b"\x1f",
            b"BZh9 is text",
            b"text longer than any magic",
        ] {
            assert_eq!(decode(plain).unwrap(), (Compression::None, plain.to_vec()));
        }
    }

    #[test]
    fn an_xz_dictionary_beyond_all_measure() {
        let mut bytes = program("xz", b"content");
        // The dictionary's size is the second byte of the only filter's properties.
        assert_eq!(bytes[14..16], [0x21, 1], "the block header has moved");
        bytes[16] = 40;
        // The header's checksum is right, so that the size is what stops it.
        let crc = libdeflater::crc32(&bytes[12..20]);
        bytes[20..24].copy_from_slice(&crc.to_le_bytes());
        assert!(decode(&bytes).unwrap_err().to_string().contains("mem"));
    }
}
