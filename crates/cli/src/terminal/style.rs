//! Colours, or none.

/// Paints text if colours are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Style {
    coloured: bool,
}

impl Style {
    /// No colours: a pipe, or `NO_COLOR`.
    pub(crate) const fn plain() -> Self {
        Self { coloured: false }
    }

    /// Colours: a terminal.
    pub(crate) const fn coloured() -> Self {
        Self { coloured: true }
    }

    /// Whether it paints.
    pub(crate) const fn is_coloured(self) -> bool {
        self.coloured
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.coloured {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    /// What matters most in a block.
    pub(crate) fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    /// What may be overlooked.
    pub(crate) fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    /// What went wrong.
    pub(crate) fn red(self, text: &str) -> String {
        self.paint("1;31", text)
    }

    /// What may go wrong.
    pub(crate) fn yellow(self, text: &str) -> String {
        self.paint("1;33", text)
    }

    /// What went well.
    pub(crate) fn green(self, text: &str) -> String {
        self.paint("32", text)
    }

    /// What is going on.
    pub(crate) fn blue(self, text: &str) -> String {
        self.paint("34", text)
    }

    /// Advice.
    pub(crate) fn cyan(self, text: &str) -> String {
        self.paint("36", text)
    }
}
