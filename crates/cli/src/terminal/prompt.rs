//! Asking the user for a line.

use super::raw_mode::RawMode;
use crate::command_error::{self, CommandError};
use crate::output;
use std::io::{self, BufRead, Read};

/// Nobody types more.
const LIMIT: u64 = 64 << 10;

/// Asks for a line that may be seen; without the end of the line, and without blanks around it.
pub(crate) fn line(question: &str) -> Result<String, CommandError> {
    output::note(question);
    let mut text = String::new();
    io::stdin()
        .lock()
        .take(LIMIT)
        .read_line(&mut text)
        .map_err(|error| CommandError::io("read from the terminal", error))?;
    Ok(text.trim().to_owned())
}

/// Asks for a line that is not shown. Ctrl-C gives up, and the terminal is as before in any case.
pub(crate) fn secret(question: &str) -> Result<String, CommandError> {
    let failed = |error: io::Error| CommandError::io("read from the terminal", error);
    let stdin = io::stdin();
    let raw = RawMode::enter(&stdin).map_err(|error| failed(error.into()))?;
    // From here on nothing that is typed is shown.
    output::note(question);
    let typed = read_keys(stdin.lock());
    drop(raw);
    output::note("\n");
    let bytes = typed
        .map_err(failed)?
        .ok_or_else(command_error::interrupted)?;
    String::from_utf8(bytes).map_err(|_| CommandError::new("what was typed is not UTF-8"))
}

/// What is typed up to Enter, with the keys that a terminal would have acted on; `None` was given up.
fn read_keys(keys: impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    for key in keys.take(LIMIT).bytes() {
        match key? {
            // Ctrl-C; Ctrl-D, unless there is something already.
            0x03 => return Ok(None),
            0x04 if line.is_empty() => return Ok(None),
            0x04 | b'\r' | b'\n' => break,
            // Backspace takes a whole character away, Ctrl-U all of them.
            0x08 | 0x7f => while line.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {},
            0x15 => line.clear(),
            byte => line.push(byte),
        }
    }
    Ok(Some(line))
}

#[cfg(test)]
mod tests {
    use super::read_keys;

    #[test]
    fn keys() {
        for (keys, line) in [
            ("s3cret\rmore", Some("s3cret")),
            ("s3cret", Some("s3cret")),
            ("ab\x7fc\n", Some("ac")),
            ("aü\x08\x08\x08b\n", Some("b")),
            ("oops\x15right\r", Some("right")),
            ("ab\x03", None),
            ("\x04", None),
            ("a\x04", Some("a")),
        ] {
            let read = read_keys(keys.as_bytes()).unwrap();
            assert_eq!(read.as_deref(), line.map(str::as_bytes), "{keys:?}");
        }
    }
}
