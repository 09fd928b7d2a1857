//! What registries make us wait for, in lines of their own among the progress.

use super::{Shared, lock};
use crate::terminal::clean;
use crate::{command_error, output};
use registry::{Event, Observer};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

/// Where the lines go: into the progress that is shown, or straight to standard error while there is none. A clone leads to the
/// same place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notices {
    shown: Arc<Mutex<Weak<Mutex<Shared>>>>,
}

impl Notices {
    /// Listens to a client for registries.
    pub(crate) fn observer(&self) -> Observer {
        let this = self.clone();
        Observer::new(move |event| {
            if let Some(line) = line(event) {
                this.say(&line);
            }
        })
    }

    /// From now on lines go into this display, for as long as there is one.
    pub(super) fn show_in(&self, shared: &Arc<Mutex<Shared>>) {
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(shared);
    }

    fn say(&self, line: &str) {
        let shown = self
            .shown
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .upgrade();
        match shown {
            Some(shared) => lock(&shared).view.say(line),
            None => output::note(&format!("{line}\n")),
        }
    }
}

/// The line that an event is worth, if it is.
fn line(event: Event<'_>) -> Option<String> {
    match event {
        // The one quick try before the error needs no words.
        Event::Retrying { error, wait, .. } if !error.is_unreachable() => {
            let host = error.host().unwrap_or("the registry");
            let text = format!("waiting {} for {host}: {}", seconds(wait), error.in_short());
            Some(clean::line(text.as_bytes()))
        }
        Event::UnusableCredentials { error } => {
            let text = format!("warning: {}", command_error::chain(error));
            Some(clean::line(text.as_bytes()))
        }
        _ => None,
    }
}

/// `4 s`; `0.3 s`, as it is not nothing.
fn seconds(wait: Duration) -> String {
    if wait < Duration::from_secs(1) {
        format!("{:.1} s", wait.as_secs_f64())
    } else {
        format!("{:.0} s", wait.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use registry::Error;

    fn retrying(error: &Error, millis: u64) -> Option<String> {
        let (attempt, wait) = (1, Duration::from_millis(millis));
        line(Event::Retrying {
            error,
            attempt,
            wait,
        })
    }

    #[test]
    fn waiting_is_told() {
        let (operation, object) = ("resolve", "alpine".to_owned());
        let host = "docker.io".to_owned();
        let error = Error::TooManyRequests {
            operation,
            object: object.clone(),
            host: host.clone(),
            retry_after: None,
        };
        let told = retrying(&error, 4200).unwrap();
        assert_eq!(told, "waiting 4 s for docker.io: 429 too many requests");
        let error = Error::Status {
            operation,
            object: object.clone(),
            host: host.clone(),
            status: 503,
            message: "Service \x1b[31mUnavailable".to_owned(),
            retry_after: None,
        };
        let told = retrying(&error, 310).unwrap();
        assert_eq!(told, "waiting 0.3 s for docker.io: 503 service unavailable");
        let error = Error::Refused {
            operation,
            object,
            host,
        };
        assert_eq!(retrying(&error, 310), None);
    }
}
