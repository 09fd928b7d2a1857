//! `--on-error=shell`, on a pseudoterminal.

use rustix::process::Signal;

use crate::support::session::Session;
use crate::support::{Carafe, eventually, processes_with};

/// Whether no unfinished work is left in the store.
fn is_swept(carafe: &Carafe) -> bool {
    std::fs::read_dir(carafe.path("store/tmp"))
        .unwrap()
        .next()
        .is_none()
}

#[test]
fn a_shell_finds_what_the_command_left() {
    let carafe = Carafe::new();
    let secret = carafe.write("secret", b"hidden");
    let context = carafe.context(
        "FROM base AS slow\n\
         RUN sleep 76543\n\
         FROM base\n\
         WORKDIR /w\n\
         ENV FROM_ENV=value\n\
         USER app\n\
         RUN --mount=type=bind,target=/bound,rw --mount=type=cache,target=/kept,uid=1000 \
             --mount=type=secret,id=it,uid=1000 \
             echo file > /tmp/left && echo cache > /kept/left; exit 3\n\
         COPY --from=slow /etc/passwd /x\n",
    );
    let given = format!("id=it,src={}", secret.display());
    let arguments = ["build", "--on-error=shell", "--secret", &given, &context];
    let mut session = Session::start(&carafe, &arguments);
    session.sees("the command failed with exit code 3. This is a shell");
    session.sees("/w $ ");
    session.types("cat /tmp/left /kept/left /run/secrets/it; echo \" $FROM_ENV $TERM\"; id -u\n");
    session.sees("file\r\ncache\r\nhidden value vt220\r\n1000");
    session.types("ls /bound; test -t 0 && echo terminal \"here\"; echo z > /tmp/mine\n");
    session.sees("Dockerfile");
    session.sees("terminal here");
    eventually("the other stage's end", || {
        processes_with("76543").is_empty()
    });
    session.types("exit 9\n");
    let (code, seen) = session.ends();
    assert_eq!(code, Some(1), "{seen}");
    assert!(
        seen.contains("error") && seen.contains("Dockerfile:7:1"),
        "{seen}"
    );
    assert_eq!(seen.matches("This is a shell").count(), 1, "{seen}");
    assert!(is_swept(&carafe));
}

#[test]
fn whatever_ends_it_leaves_nothing() {
    let carafe = Carafe::new();
    let context = carafe.context("FROM base\nRUN false\n");
    for (signal, code) in [(Signal::TERM, Some(143)), (Signal::KILL, None)] {
        let mut session = Session::start(&carafe, &["build", "--on-error=shell", &context]);
        session.sees("/ # ");
        session.types("sleep 65432\n");
        eventually("the shell's program", || {
            !processes_with("65432").is_empty()
        });
        session.sends(signal);
        let (ended, seen) = session.ends();
        assert_eq!(ended, code, "{seen}");
        eventually("its end", || processes_with("65432").is_empty());
        // What a killed one leaves is swept by the next.
        carafe.ok(["images"]);
        assert!(is_swept(&carafe));
    }
}

#[test]
fn ctrl_c_is_the_shells_and_ctrl_d_ends_it() {
    let carafe = Carafe::new();
    let context = carafe.context("FROM base\nRUN [\"/etc/not-executable\"]\n");
    let mut session = Session::start(&carafe, &["build", "--on-error=shell", &context]);
    session.sees("/ # ");
    session.types("sleep 54321\n");
    eventually("the shell's program", || {
        !processes_with("54321").is_empty()
    });
    session.types("\x03");
    eventually("its end", || processes_with("54321").is_empty());
    session.types("\x04");
    let (code, seen) = session.ends();
    assert_eq!(code, Some(1), "{seen}");
    assert!(seen.contains("cannot be executed"), "{seen}");
}

#[test]
fn without_a_shell_or_a_terminal_it_is_said() {
    let carafe = Carafe::new();
    let context = carafe.context(
        "FROM base AS tools\nFROM scratch\nCOPY --from=tools /bin/busybox /b\nRUN [\"/b\", \"false\"]\n",
    );
    let session = Session::start(&carafe, &["build", "--on-error=shell", &context]);
    let (code, seen) = session.ends();
    assert_eq!(code, Some(1), "{seen}");
    assert!(
        seen.contains("no shell: program `/bin/sh` not found"),
        "{seen}"
    );

    let said = carafe.fails(2, ["build", "--on-error=shell", &context]);
    assert!(
        said.contains("needs a terminal on standard input"),
        "{said}"
    );
    let said = carafe.fails(2, ["build", "--on-error=panic", &context]);
    assert!(said.contains("panic"), "{said}");
}
