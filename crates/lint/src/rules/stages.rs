//! carafe's own rules about stages, layers and the context: what is in the image, what it costs, and what a build does again.

mod background_process;
mod base_without_digest;
mod build_without_cache;
mod builds;
mod bytes;
mod changing_argument_early;
mod compiler_in_final_stage;
mod dependencies;
mod development_dependencies;
mod floating_image;
mod healthcheck_tool_missing;
mod joining;
mod libc_mismatch;
mod lost_command;
mod missing_ignore_file;
mod ownership_in_own_layer;
mod package_cache_in_layer;
mod removed_later;
mod shell_missing;
mod single_stage_build;
mod source_before_dependencies;
mod system_packages;
mod unlocked_install;
mod unused_stage;
mod unwanted_in_context;
mod update_alone;
mod whole_tree_copied;

use crate::Rule;

/// All of them, in the order of their names.
pub(crate) const RULES: &[Rule] = &[
    background_process::RULE,
    base_without_digest::RULE,
    build_without_cache::RULE,
    changing_argument_early::RULE,
    compiler_in_final_stage::RULE,
    development_dependencies::RULE,
    floating_image::RULE,
    healthcheck_tool_missing::RULE,
    libc_mismatch::RULE,
    lost_command::RULE,
    missing_ignore_file::RULE,
    ownership_in_own_layer::RULE,
    package_cache_in_layer::RULE,
    removed_later::RULE,
    shell_missing::RULE,
    single_stage_build::RULE,
    source_before_dependencies::RULE,
    unlocked_install::RULE,
    unused_stage::RULE,
    unwanted_in_context::RULE,
    update_alone::RULE,
    whole_tree_copied::RULE,
];
