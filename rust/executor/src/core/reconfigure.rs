//! CONFIG: other limits while the executor runs, all of them or none (clauses S15 and S16).

use orders::Event;
use wire::{ConfigAck, ConfigReject, Message};

use super::{Core, Refused};
use crate::config::ConfigError;

impl Core {
    /// Takes a configuration or says why not; nothing has changed then.
    pub(super) fn reconfigure(&mut self, config: &wire::Config) -> Message {
        let bundle_version = config.bundle_version;
        match self.read_and_apply(config) {
            Ok(()) => ConfigAck { bundle_version }.into(),
            Err(error) => {
                self.metrics.configs_refused.inc();
                tracing::warn!(key = error.key, error = error.why, "configuration refused");
                ConfigReject {
                    bundle_version,
                    path: error.key,
                    why: error.why.chars().take(300).collect(),
                }
                .into()
            }
        }
    }

    fn read_and_apply(&mut self, config: &wire::Config) -> Result<(), ConfigError> {
        if !wire::BUNDLE_VERSIONS.contains(&config.bundle_version) {
            let refused = Refused::bundle(config.bundle_version);
            return Err(ConfigError::new("bundle_version", refused.message));
        }
        let changes = self.config.read_changes(&config.body)?;
        self.config.apply(&changes);
        self.machine.set_limits(changes.limits);
        if let Some(live) = &changes.live {
            self.live_step(Some(Event::Configured(Box::new(live.orders))));
        }
        // The trader may count as lost earlier than it was going to.
        self.rearm.notify_one();
        self.metrics.configs.inc();
        tracing::warn!(?changes, "configuration changed");
        Ok(())
    }
}
