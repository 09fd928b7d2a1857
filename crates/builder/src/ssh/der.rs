//! The little of DER (X.690) that makes a SEC 1 key (RFC 5915) a PKCS#8 one (RFC 5208).

/// `INTEGER 0`: the version of PKCS#8.
const VERSION: [u8; 3] = [0x02, 0x01, 0x00];
/// `OBJECT IDENTIFIER` id-ecPublicKey.
const EC_PUBLIC_KEY: [u8; 9] = [0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// `OBJECT IDENTIFIER` of the curve P-256.
pub(super) const P256: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// `OBJECT IDENTIFIER` of the curve P-384.
pub(super) const P384: &[u8] = &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22];

const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

/// Wraps an `ECPrivateKey` of this curve.
pub(super) fn pkcs8_of_sec1(key: &[u8], curve: &[u8]) -> Vec<u8> {
    let algorithm = value(SEQUENCE, &[&EC_PUBLIC_KEY, curve].concat());
    let key = value(OCTET_STRING, key);
    value(SEQUENCE, &[&VERSION[..], &algorithm, &key].concat())
}

fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let bytes = content.len().to_be_bytes();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let length = &bytes[zeros..];
            out.push(0x80 | u8::try_from(length.len()).expect("a length has at most 8 bytes"));
            out.extend(length);
        }
    }
    out.extend(content);
    out
}

#[cfg(test)]
mod tests {
    use super::value;

    #[test]
    fn lengths() {
        assert_eq!(value(4, b"ab"), [4, 2, b'a', b'b']);
        assert_eq!(value(4, &[0; 200])[..3], [4, 0x81, 200]);
        assert_eq!(value(4, &[0; 300])[..4], [4, 0x82, 1, 44]);
    }
}
