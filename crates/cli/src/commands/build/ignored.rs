//! Flags of the builder before BuildKit. `docker buildx build` still reads them, so that old scripts go on to work, and
//! does nothing: its `cmd/build` hides them from `--help`. So it is here.

use crate::key_values::boolean;

/// Flags without effect.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Ignored {
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true",
          value_parser = boolean)]
    rm: Option<bool>,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true",
          value_parser = boolean)]
    force_rm: Option<bool>,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true",
          value_parser = boolean)]
    compress: Option<bool>,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true",
          value_parser = boolean)]
    squash: Option<bool>,
    #[arg(short = 'D', long, hide = true)]
    debug: bool,
    #[arg(long, hide = true)]
    isolation: Option<String>,
    #[arg(long, hide = true)]
    security_opt: Vec<String>,
    #[arg(short, long, hide = true)]
    memory: Option<String>,
    #[arg(long, hide = true, allow_hyphen_values = true)]
    memory_swap: Option<String>,
    #[arg(short, long, hide = true)]
    cpu_shares: Option<String>,
    #[arg(long, hide = true)]
    cpu_period: Option<String>,
    #[arg(long, hide = true, allow_hyphen_values = true)]
    cpu_quota: Option<String>,
    #[arg(long, hide = true)]
    cpuset_cpus: Option<String>,
    #[arg(long, hide = true)]
    cpuset_mems: Option<String>,
}

impl Ignored {
    /// A line for each flag that its user may count on. For the others nothing is lost: no containers stay, and no
    /// context is sent that could be compressed.
    pub(super) fn notes(&self) -> Vec<String> {
        let limits = [
            ("memory", &self.memory),
            ("memory-swap", &self.memory_swap),
            ("cpu-shares", &self.cpu_shares),
            ("cpu-period", &self.cpu_period),
            ("cpu-quota", &self.cpu_quota),
            ("cpuset-cpus", &self.cpuset_cpus),
            ("cpuset-mems", &self.cpuset_mems),
        ];
        let limits = limits.into_iter().filter_map(|(name, value)| {
            let value = value.as_ref()?;
            let advice = format!("--resource {name}={value} limits what a step may use");
            Some((name, advice))
        });
        let others = [
            (
                "squash",
                self.squash == Some(true),
                "copy from one stage to another to have one layer",
            ),
            (
                "isolation",
                self.isolation.is_some(),
                "every RUN has a sandbox",
            ),
            (
                "security-opt",
                !self.security_opt.is_empty(),
                "RUN --security=insecure with --allow security.insecure takes a step's restrictions away",
            ),
        ];
        let others = { others.into_iter() }
            .filter(|(_, given, _)| *given)
            .map(|(name, _, advice)| (name, advice.to_owned()));
        limits
            .chain(others)
            .map(|(name, advice)| {
                format!("warning: --{name} has no effect, as with BuildKit: {advice}\n")
            })
            .collect()
    }
}
