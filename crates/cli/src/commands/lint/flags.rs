//! The flags of `carafe lint`: hadolint's, and more.

use super::configuration::{Layer, THRESHOLDS, label, threshold};
use super::formats::Format;
use crate::key_values;
use dockerfile::Severity;
use lint::LabelType;
use std::path::PathBuf;

/// Look for mistakes and bad habits in Dockerfiles, and mend them
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Dockerfiles, and directories with Dockerfiles in them; `-` is standard input [default: ./Dockerfile]
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,

    /// Apply the fixes that change nothing but what was found, until there are none left
    #[arg(long)]
    pub(super) fix: bool,
    /// Apply also those that should be looked at (with --fix or --diff)
    #[arg(long)]
    pub(super) unsafe_fixes: bool,
    /// Show what --fix would change, and change nothing
    #[arg(long)]
    pub(super) diff: bool,

    /// How to show what is found; can be repeated, for one --output each [default: human at a terminal, else tty]
    #[arg(short, long, value_name = "FORMAT", hide_possible_values = false)]
    pub(super) format: Vec<Format>,
    /// Write to this file; can be repeated, for one --format each
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Vec<PathBuf>,
    /// Name the file like this in reports (checkstyle, codeclimate, gitlab_codeclimate, sonarqube, junit)
    #[arg(long, value_name = "PATH")]
    pub(super) file_path_in_report: Option<String>,
    /// Paint nothing
    #[arg(long)]
    pub(super) no_color: bool,
    /// Succeed whatever is found
    #[arg(long)]
    pub(super) no_fail: bool,
    /// Fail only on findings as severe as this: error, warning, info, style, ignore or none [default: info]
    #[arg(short = 't', long, value_name = "SEVERITY", value_parser = read_threshold)]
    pub(super) failure_threshold: Option<Severity>,
    /// Tell which configuration is used
    #[arg(short = 'V', long)]
    pub(super) verbose: bool,

    /// Read this configuration, hadolint's (YAML) or carafe's (TOML), and look for no other
    #[arg(short, long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Do what hadolint does, exactly: its rules only, its messages, its places
    #[arg(long)]
    pub(super) hadolint_compat: bool,
    /// Leave out what this rule finds
    #[arg(long, value_name = "RULE")]
    ignore: Vec<String>,
    /// Make what this rule finds an error
    #[arg(long, value_name = "RULE")]
    error: Vec<String>,
    /// Make what this rule finds a warning
    #[arg(long, value_name = "RULE")]
    warning: Vec<String>,
    /// Make what this rule finds an information
    #[arg(long, value_name = "RULE")]
    info: Vec<String>,
    /// Make what this rule finds a matter of style
    #[arg(long, value_name = "RULE")]
    style: Vec<String>,
    /// Let images come from this registry; others are found then (DL3026)
    #[arg(long, value_name = "REGISTRY")]
    trusted_registry: Vec<String>,
    /// Want this label, of this type: NAME:TYPE (DL3049 and others)
    #[arg(long, value_name = "LABEL", value_parser = read_label)]
    require_label: Vec<(String, LabelType)>,
    /// Let there be no labels but those (DL3050)
    #[arg(long)]
    strict_labels: bool,
    /// Take comments like `# hadolint ignore=` for comments like others
    #[arg(long)]
    disable_ignore_pragma: bool,

    /// What lies in the build context: this directory [default: that of the Dockerfile]
    #[arg(long, value_name = "DIR")]
    pub(super) context: Option<PathBuf>,
    /// Set a build argument; without a value, the environment's
    #[arg(long, value_name = "NAME[=VALUE]", value_parser = key_values::maybe_pair)]
    pub(super) build_arg: Vec<(String, Option<String>)>,
    /// Let ShellCheck, or the program that is named, look at RUN for what is not built in
    #[arg(long, value_name = "PROGRAM", num_args = 0..=1, require_equals = true, default_missing_value = "shellcheck")]
    pub(super) shellcheck: Option<PathBuf>,

    /// Show the page of a rule
    #[arg(long, value_name = "RULE", conflicts_with_all = ["paths", "fix", "diff", "list_rules"])]
    pub(super) explain: Option<String>,
    /// List all rules (with --format json: as JSON)
    #[arg(long, conflicts_with_all = ["paths", "fix", "diff"])]
    pub(super) list_rules: bool,
}

impl Args {
    /// What the command line says of the settings.
    pub(super) fn layer(&self) -> Layer {
        let yes = |flag: bool| flag.then_some(true);
        let mut layer = Layer {
            no_fail: yes(self.no_fail),
            no_color: yes(self.no_color),
            formats: self.format.clone(),
            threshold: self.failure_threshold,
            ignored: self.ignore.clone(),
            trusted_registries: self.trusted_registry.clone(),
            label_schema: self.require_label.iter().cloned().collect(),
            strict_labels: yes(self.strict_labels),
            disable_ignore_pragma: yes(self.disable_ignore_pragma),
            ..Layer::default()
        };
        for (rules, severity) in [
            (&self.error, Severity::Error),
            (&self.warning, Severity::Warning),
            (&self.info, Severity::Info),
            (&self.style, Severity::Style),
        ] {
            for rule in rules {
                layer.set_severity(rule.clone(), severity);
            }
        }
        layer
    }
}

fn read_threshold(word: &str) -> Result<Severity, String> {
    threshold(word).ok_or_else(|| format!("write {THRESHOLDS}"))
}

fn read_label(pair: &str) -> Result<(String, LabelType), String> {
    label(pair)
}
