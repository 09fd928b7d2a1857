//! Keys of every kind that ssh-keygen(1) makes.

use std::path::Path;
use std::process::Command;

use super::{SshKey, SshKeyError};

/// Makes a key with ssh-keygen, and gives its file.
fn made(directory: &Path, name: &str, arguments: &[&str]) -> Vec<u8> {
    let path = directory.join(name);
    let status = Command::new("ssh-keygen")
        .args(["-q", "-C", "a comment", "-f"])
        .arg(&path)
        .args(arguments)
        .status()
        .expect("openssh-client is installed (scripts/setup test)");
    assert!(status.success());
    std::fs::read(path).unwrap()
}

#[test]
fn public_keys_are_as_openssh_writes_them() {
    use base64::Engine as _;
    let directory = tempfile::tempdir().unwrap();
    let plain: [&[&str]; 7] = [
        &["-t", "ed25519"],
        &["-t", "ecdsa", "-b", "256"],
        &["-t", "ecdsa", "-b", "384"],
        &["-t", "rsa", "-b", "2048"],
        &["-t", "rsa", "-b", "2048", "-m", "PEM"],
        &["-t", "ecdsa", "-b", "384", "-m", "PEM"],
        &["-t", "ecdsa", "-b", "256", "-m", "PKCS8"],
    ];
    for (number, arguments) in plain.iter().enumerate() {
        let name = format!("key{number}");
        let file = made(
            directory.path(),
            &name,
            &[arguments, &["-N", ""][..]].concat(),
        );
        let key =
            SshKey::read(&file, "file's name").unwrap_or_else(|e| panic!("{arguments:?}: {e}"));
        let public = std::fs::read_to_string(directory.path().join(format!("{name}.pub"))).unwrap();
        let encoded = public.split(' ').nth(1).unwrap();
        let engine = base64::engine::general_purpose::STANDARD;
        assert_eq!(engine.encode(&key.public), encoded, "{arguments:?}");
        let comment = if number < 4 {
            "a comment"
        } else {
            "file's name"
        };
        assert_eq!(key.comment, comment);
        assert!(key.sign(b"data", 4).is_some());
        assert!(!format!("{key:?}").contains("signer"));
        // Nothing that is cut short is taken, and nothing panics.
        for length in (0..file.len() - 40).step_by(97) {
            assert!(SshKey::read(&file[..length], "").is_err());
        }
    }
}

#[test]
fn what_cannot_be_used_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let of = |name: &str, arguments: &[&str]| {
        SshKey::read(&made(directory.path(), name, arguments), name).unwrap_err()
    };
    assert_eq!(
        of("a", &["-t", "ed25519", "-N", "secret"]),
        SshKeyError::Encrypted
    );
    let pem = ["-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "secret"];
    assert_eq!(of("b", &pem), SshKeyError::Encrypted);
    let pkcs8 = ["-t", "ecdsa", "-m", "PKCS8", "-N", "secret"];
    assert_eq!(of("c", &pkcs8), SshKeyError::Encrypted);
    let wide = of("d", &["-t", "ecdsa", "-b", "521", "-N", ""]);
    assert!(wide.to_string().contains("ecdsa-sha2-nistp521"), "{wide}");
    let small = of("e", &["-t", "rsa", "-b", "1024", "-N", ""]);
    assert!(small.to_string().contains("2048 bits at least"), "{small}");
    for text in [
        "",
        "ssh-ed25519 AAAA",
        "\u{feff}",
        "-----BEGIN CERTIFICATE-----\n",
    ] {
        assert_eq!(
            SshKey::read(text.as_bytes(), "").unwrap_err(),
            SshKeyError::NoKey
        );
    }
    let damaged = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n";
    let error = SshKey::read(damaged.as_bytes(), "").unwrap_err();
    assert_eq!(error, SshKeyError::Damaged);
}
