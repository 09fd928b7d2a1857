//! A program that can speak TLS wants to know whom to trust.

use std::io::Read;

use rootfs::{FollowLast, Found};

use super::problem::{Instruction, Problem, ProblemKind};
use super::{Image, reading};
use crate::Error;

/// Where programs look for certificates: Go's list (crypto/x509, root_linux.go) holds those of OpenSSL and GnuTLS.
const PLACES: [&str; 9] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/etc/pki/tls/certs",
    "/system/etc/security/cacerts",
    "/usr/lib/ssl/cert.pem",
];

/// Libraries that read them.
const LIBRARIES: [&str; 3] = ["libssl.so", "libgnutls.so", "libmbedtls.so"];

/// A name that is in every Go program that can check a certificate.
const GO: &[u8] = b"crypto/x509.loadSystemRoots";

/// Programs are searched up to here.
const LIMIT: u64 = 512 << 20;

/// Says so if a program that was found, with the libraries that it needs, can speak TLS, and the image has no certificates.
pub(super) fn check(
    image: &Image<'_>,
    program: &Found,
    libraries: &[String],
    instruction: Instruction,
) -> Result<Option<Problem>, Error> {
    if has_certificates(image)? {
        return Ok(None);
    }
    let path = program.path.to_string_lossy().into_owned();
    let by_library = libraries
        .iter()
        .find(|name| LIBRARIES.iter().any(|start| name.starts_with(start)));
    let by = match by_library {
        Some(library) => format!("it uses {library}"),
        None if contains(program, GO) => "it has Go's crypto/x509".to_owned(),
        None => return Ok(None),
    };
    let message = format!(
        "{path} can speak TLS ({by}), and the image has no certificates: as a client it trusts nobody"
    );
    let help = "if it calls others by https: install ca-certificates, or COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/";
    Ok(Some(Problem::new(
        ProblemKind::CertificatesMissing,
        instruction,
        message,
        help,
    )))
}

fn has_certificates(image: &Image<'_>) -> Result<bool, Error> {
    let named = [
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "REQUESTS_CA_BUNDLE",
        "NODE_EXTRA_CA_CERTS",
    ];
    if named
        .iter()
        .any(|name| image.environment.get(name).is_some())
    {
        return Ok(true);
    }
    for path in PLACES {
        if image
            .files
            .lookup(path, FollowLast::Yes)
            .map_err(reading(path))?
            .is_some()
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a file has some bytes. One that cannot be read has none.
fn contains(file: &Found, wanted: &[u8]) -> bool {
    const PIECE: usize = 1 << 20;
    let Ok(file) = file.open() else { return false };
    let mut file = file.take(LIMIT);
    let (mut buffer, mut kept) = (vec![0; PIECE + wanted.len()], 0);
    loop {
        match file.read(&mut buffer[kept..]) {
            Ok(count) if count > 0 => {
                let filled = kept + count;
                if buffer[..filled]
                    .windows(wanted.len())
                    .any(|window| window == wanted)
                {
                    return true;
                }
                // What could be the beginning of it stays.
                kept = filled.min(wanted.len() - 1);
                buffer.copy_within(filled - kept..filled, 0);
            }
            _ => return false,
        }
    }
}
