//! A program for another machine, and what runs it.

use std::path::{Path, PathBuf};

/// What [`uname`] is made of.
const UNAME: [u32; 12] = [
    0xd106_43ff, // sub sp, sp, 400
    0x9100_03e0, // mov x0, sp
    0xd280_1408, // mov x8, 160: uname
    0xd400_0001, // svc 0
    0xd280_0020, // mov x0, 1
    0x9104_13e1, // add x1, sp, 4 * 65: the field `machine`
    0xd280_00e2, // mov x2, 7
    0xd280_0808, // mov x8, 64: write
    0xd400_0001, // svc 0
    0xd280_0000, // mov x0, 0
    0xd280_0ba8, // mov x8, 93: exit
    0xd400_0001, // svc 0
];

/// A static program for `linux/arm64` (elf(5)) that asks uname(2) for the machine and writes it: `aarch64`.
pub fn uname() -> Vec<u8> {
    const ADDRESS: u64 = 0x40_0000;
    let mut file = b"\x7fELF\x02\x01\x01".to_vec();
    file.resize(16, 0);
    let code = 64 + 56_u64;
    let size = code + 4 * UNAME.len() as u64;
    // ET_EXEC, EM_AARCH64, version 1; the entry, the program headers, no sections.
    file.extend([2, 0, 183, 0, 1, 0, 0, 0]);
    for number in [ADDRESS + code, 64, 0] {
        file.extend(number.to_le_bytes());
    }
    file.extend([0, 0, 0, 0, 64, 0, 56, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    // PT_LOAD, PF_R | PF_X.
    file.extend([1, 0, 0, 0, 5, 0, 0, 0]);
    for number in [0, ADDRESS, ADDRESS, size, size, 0x1_0000] {
        file.extend(number.to_le_bytes());
    }
    file.extend(
        UNAME
            .iter()
            .flat_map(|instruction| instruction.to_le_bytes()),
    );
    file
}

/// Where QEMU's programs are: `$QEMU`, what `scripts/setup test` got, or the machine's own.
pub fn emulators() -> Vec<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/qemu");
    let named = std::env::var_os("QEMU").map(PathBuf::from);
    let usual = ["/usr/bin", "/usr/local/bin"].map(PathBuf::from);
    let folders: Vec<PathBuf> = named.into_iter().chain([own]).chain(usual).collect();
    assert!(
        folders
            .iter()
            .any(|folder| folder.join("qemu-aarch64-static").is_file()),
        "there is no qemu-aarch64-static: `scripts/setup test` gets one"
    );
    folders
}
