//! What runs: image-spec, config.md, `Entrypoint` and `Cmd`.

use oci::Config;

use super::Instruction;

/// The words that are executed.
pub(super) struct Argv {
    /// They are never none.
    pub(super) words: Vec<String>,
    /// Who says what is executed.
    pub(super) instruction: Instruction,
}

impl Argv {
    /// The program.
    pub(super) fn program(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// Whether it looks like a shell form: a shell, `-c`, and a script.
    pub(super) fn is_shell_form(&self) -> bool {
        matches!(self.words.as_slice(), [shell, .., script] if self.words.len() >= 3
            && shell.ends_with("sh") && self.words.iter().any(|word| word.starts_with('-') && word.ends_with('c'))
            && !script.is_empty())
    }
}

/// What the image runs if nothing else is said; nothing if it says nothing.
pub(super) fn of(config: &Config) -> Option<Argv> {
    let instruction = match config.entrypoint.is_empty() {
        true => Instruction::Cmd,
        false => Instruction::Entrypoint,
    };
    let words: Vec<String> = config
        .entrypoint
        .iter()
        .chain(&config.cmd)
        .cloned()
        .collect();
    (!words.is_empty()).then_some(Argv { words, instruction })
}
