//! carafe's own rules about security: what is fetched unchecked, what gives secrets away, and who may do what.

mod certificates_missing;
mod disabled_verification;
mod distribution_upgrade;
mod download_piped_to_shell;
mod loose_mode;
mod password_in_run;
mod root_user;
mod secret_file_copied;
mod secret_in_text;
mod secret_shapes;
mod ssh_port_exposed;
mod system_directory;
mod unknown_user;
mod unverified_download;

use crate::Rule;

/// All of them, in the order of their names.
pub(crate) const RULES: &[Rule] = &[
    certificates_missing::RULE,
    disabled_verification::RULE,
    distribution_upgrade::RULE,
    download_piped_to_shell::RULE,
    loose_mode::RULE,
    password_in_run::RULE,
    root_user::RULE,
    secret_file_copied::RULE,
    secret_in_text::RULE,
    ssh_port_exposed::RULE,
    system_directory::RULE,
    unknown_user::RULE,
    unverified_download::RULE,
];
