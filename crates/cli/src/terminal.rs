//! The terminal: whether there is one, how big it is, and what may be written to it.

pub(crate) mod clean;
pub(crate) mod cursor;
pub(crate) mod prompt;
pub(crate) mod raw_mode;
pub(crate) mod style;
pub(crate) mod width;

use std::os::fd::AsFd;

/// Columns and rows of the terminal behind a descriptor; 80 by 24 where it does not say.
pub(crate) fn size(of: impl AsFd) -> (usize, usize) {
    match rustix::termios::tcgetwinsize(of) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => {
            (usize::from(size.ws_col), usize::from(size.ws_row))
        }
        _ => (80, 24),
    }
}

/// Whether a descriptor is a terminal.
pub(crate) fn is_terminal(fd: impl AsFd) -> bool {
    rustix::termios::isatty(fd)
}
