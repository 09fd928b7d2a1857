//! What a `RUN` may ask for only if the user agrees: `--allow`.

use dockerfile::ast::{Network, Run, Security};
use dockerfile::{Device, Span};

use super::Planner;
use super::problem::Problem;
use crate::{Entitlement, Error};

impl Planner<'_> {
    /// Refuses what the user has not allowed. Gives the devices that are asked for.
    pub(super) fn consented(&self, run: &Run, span: Span) -> Result<Vec<Device>, Error> {
        let allowed = |entitlement| self.options.run.entitlements.contains(&entitlement);
        if run.security == Security::Insecure && !allowed(Entitlement::SecurityInsecure) {
            let message = "security.insecure is not allowed";
            return Err(Problem::new("insecure", span, message)
                .help(
                    "if you trust this Dockerfile with your machine, say --allow security.insecure",
                )
                .into());
        }
        // The usual network is the host's already; who has asked for none means it.
        if run.network == Network::Host
            && self.options.network == Network::None
            && !allowed(Entitlement::NetworkHost)
        {
            let message = "network.host is not allowed in a build with --network=none";
            return Err(Problem::new("network", span, message)
                .help("let it have the network with --allow network.host")
                .into());
        }
        run.devices.iter().map(|word| self.device(word)).collect()
    }

    fn device(&self, word: &dockerfile::ast::Word) -> Result<Device, Error> {
        let wrong = |why| Problem::new("device", word.span, format!("--device: {why}"));
        let device = Device::read(&word.text).map_err(wrong)?;
        if !self.options.run.allows_device(&device.name) {
            let message = format!("device {} is not allowed", device.name);
            return Err(Problem::new("device", word.span, message)
                .help(format!(
                    "let the build use it with --allow device={}",
                    device.name
                ))
                .into());
        }
        Ok(device)
    }
}
