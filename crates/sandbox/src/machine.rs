//! Machines: whose programs an ELF file's header (elf(5)) tells apart, and the smallest program of each.

/// A machine that Linux runs on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Machine {
    /// As OCI images name it: Go's `GOARCH`.
    pub(crate) architecture: &'static str,
    /// As QEMU names it: `qemu-NAME-static`.
    qemu: &'static str,
    width: Width,
    order: Order,
    /// `e_machine`.
    number: u16,
    /// `e_flags` of the [probe](Self::probe).
    flags: u32,
    /// The system call `exit(0)`.
    exit: &'static [u8],
}

/// `EI_CLASS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Width {
    Bits32 = 1,
    Bits64 = 2,
}

/// `EI_DATA`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Little = 1,
    Big = 2,
}

const fn machine(
    architecture: &'static str,
    qemu: &'static str,
    number: u16,
    flags: u32,
    exit: &'static [u8],
) -> Machine {
    Machine {
        architecture,
        qemu,
        width: Width::Bits64,
        order: Order::Little,
        number,
        flags,
        exit,
    }
}

/// Those that images are made for.
static MACHINES: [Machine; 9] = [
    // mov eax, 60; xor edi, edi; syscall
    machine("amd64", "x86_64", 62, 0, b"\xb8\x3c\0\0\0\x31\xff\x0f\x05"),
    // mov x0, 0; mov x8, 93; svc 0
    machine(
        "arm64",
        "aarch64",
        183,
        0,
        b"\0\0\x80\xd2\xa8\x0b\x80\xd2\x01\0\0\xd4",
    ),
    Machine {
        width: Width::Bits32,
        // mov r0, 0; mov r7, 1; svc 0
        ..machine(
            "arm",
            "arm",
            40,
            0x0500_0000,
            b"\0\0\xa0\xe3\x01\x70\xa0\xe3\0\0\0\xef",
        )
    },
    Machine {
        width: Width::Bits32,
        // mov eax, 1; xor ebx, ebx; int 0x80
        ..machine("386", "i386", 3, 0, b"\xb8\x01\0\0\0\x31\xdb\xcd\x80")
    },
    // li a0, 0; li a7, 93; ecall
    machine(
        "riscv64",
        "riscv64",
        243,
        0,
        b"\x13\x05\0\0\x93\x08\xd0\x05\x73\0\0\0",
    ),
    // li r0, 1; li r3, 0; sc
    machine(
        "ppc64le",
        "ppc64le",
        21,
        2,
        b"\x01\0\0\x38\0\0\x60\x38\x02\0\0\x44",
    ),
    Machine {
        order: Order::Big,
        // lghi %r2, 0; svc 1
        ..machine("s390x", "s390x", 22, 0, b"\xa7\x29\0\0\x0a\x01")
    },
    // li $v0, 5058; li $a0, 0; syscall
    machine(
        "mips64le",
        "mips64el",
        8,
        0x8000_0000,
        b"\xc2\x13\x02\x24\0\0\x04\x24\x0c\0\0\0",
    ),
    // li.w $a0, 0; li.w $a7, 93; syscall 0
    machine(
        "loong64",
        "loongarch64",
        258,
        0x43,
        b"\x04\0\x80\x02\x0b\x74\x81\x02\0\0\x2b\0",
    ),
];

#[cfg(target_arch = "x86_64")]
const HOST: [&str; 2] = ["amd64", "386"];
#[cfg(target_arch = "aarch64")]
const HOST: [&str; 2] = ["arm64", "arm"];

impl Machine {
    /// This one.
    pub(crate) fn host() -> &'static Self {
        Self::of(HOST[0]).expect("the table has those that carafe is made for")
    }

    /// All but this one.
    pub(crate) fn others() -> impl Iterator<Item = &'static Self> {
        MACHINES
            .iter()
            .filter(|machine| machine.architecture != HOST[0])
    }

    /// Whether this machine's processor runs their programs too, if it is made so.
    pub(crate) fn is_kin(&self) -> bool {
        HOST.contains(&self.architecture)
    }

    /// The machine of an architecture; `None` if it is none of those that images are made for.
    pub(crate) fn of(architecture: &str) -> Option<&'static Self> {
        MACHINES
            .iter()
            .find(|machine| machine.architecture == architecture)
    }

    /// What programs are called that run this machine's on another one: first the one that is sure to be static.
    pub(crate) fn emulators(&self) -> [String; 2] {
        let qemu = self.qemu;
        [format!("qemu-{qemu}-static"), format!("qemu-{qemu}")]
    }

    /// How every program of this machine begins, and which bits of that count: not those of the operating system, of
    /// which there is one; and position-independent programs (`ET_DYN`) are as good as others (`ET_EXEC`).
    pub(crate) fn magic(&self) -> ([u8; 20], [u8; 20]) {
        let mut magic = [0; 20];
        let mut mask = [0xff; 20];
        magic[..7].copy_from_slice(&self.identity());
        mask[7] = 0;
        magic[16..18].copy_from_slice(&self.half(2));
        mask[16..18].copy_from_slice(&self.half(0xfffe));
        magic[18..].copy_from_slice(&self.half(self.number));
        (magic, mask)
    }

    /// A program that does nothing, with success.
    pub(crate) fn probe(&self) -> Vec<u8> {
        const ADDRESS: u64 = 0x40_0000;
        // The largest page size of any of them.
        const ALIGNMENT: u64 = 0x1_0000;
        let (header, segment): (u16, u16) = match self.width {
            Width::Bits64 => (64, 56),
            Width::Bits32 => (52, 32),
        };
        let begin = u64::from(header + segment);
        let size = begin + self.exit.len() as u64;
        let mut file = self.identity().to_vec();
        file.resize(16, 0);
        file.extend(self.half(2));
        file.extend(self.half(self.number));
        file.extend(self.word(1));
        file.extend(self.address(ADDRESS + begin));
        file.extend(self.address(header.into()));
        file.extend(self.address(0));
        file.extend(self.word(self.flags));
        for half in [header, segment, 1, 0, 0, 0] {
            file.extend(self.half(half));
        }
        // PT_LOAD, PF_R | PF_X: what counts stands in another order for each width.
        file.extend(self.word(1));
        if self.width == Width::Bits64 {
            file.extend(self.word(5));
        }
        for address in [0, ADDRESS, ADDRESS, size, size] {
            file.extend(self.address(address));
        }
        if self.width == Width::Bits32 {
            file.extend(self.word(5));
        }
        file.extend(self.address(ALIGNMENT));
        file.extend(self.exit);
        file
    }

    fn identity(&self) -> [u8; 7] {
        let [width, order] = [self.width as u8, self.order as u8];
        [0x7f, b'E', b'L', b'F', width, order, 1]
    }

    fn half(&self, number: u16) -> [u8; 2] {
        match self.order {
            Order::Little => number.to_le_bytes(),
            Order::Big => number.to_be_bytes(),
        }
    }

    fn word(&self, number: u32) -> [u8; 4] {
        match self.order {
            Order::Little => number.to_le_bytes(),
            Order::Big => number.to_be_bytes(),
        }
    }

    fn address(&self, number: u64) -> Vec<u8> {
        match (self.width, self.order) {
            (Width::Bits64, Order::Little) => number.to_le_bytes().to_vec(),
            (Width::Bits64, Order::Big) => number.to_be_bytes().to_vec(),
            // No number in the probe is longer.
            (Width::Bits32, _) => self.word(number as u32).to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MACHINES, Machine};

    #[test]
    fn a_probe_begins_as_its_machines_programs_do() {
        for machine in &MACHINES {
            let probe = machine.probe();
            let (magic, mask) = machine.magic();
            for (at, (magic, mask)) in magic.iter().zip(mask).enumerate() {
                assert_eq!(probe[at] & mask, magic & mask, "{machine:?}, byte {at}");
            }
        }
    }

    #[test]
    fn the_magic_is_that_of_debians_handlers() {
        let hex = |bytes: [u8; 20]| bytes.map(|byte| format!("{byte:02x}")).concat();
        let (magic, mask) = Machine::of("arm64").unwrap().magic();
        assert_eq!(hex(magic), "7f454c460201010000000000000000000200b700");
        assert_eq!(hex(mask), "ffffffffffffff00fffffffffffffffffeffffff");
        let (magic, mask) = Machine::of("s390x").unwrap().magic();
        assert_eq!(hex(magic), "7f454c4602020100000000000000000000020016");
        assert_eq!(hex(mask), "ffffffffffffff00fffffffffffffffffffeffff");
    }
}
