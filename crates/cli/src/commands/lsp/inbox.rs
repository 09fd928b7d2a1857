//! What the client sent and nobody looked at yet.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::message::{Failure, Message};
use serde_json::Value;

/// How many bytes of messages wait here, at most, before no more are read.
const LIMIT: usize = 64 << 20;

/// Something that came in.
#[derive(Debug)]
pub(super) enum Arrival {
    /// A message.
    Message(Message),
    /// What is none.
    Broken(Failure),
}

/// Messages between the thread that reads and the one that answers.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<(Arrival, usize)>,
    bytes: usize,
    is_closed: bool,
}

impl Inbox {
    /// Puts one in, as soon as there is room.
    pub(super) fn push(&self, arrival: Arrival, bytes: usize) {
        let is_full = |state: &mut State| state.bytes > 0 && state.bytes + bytes > LIMIT;
        let state = self.changed.wait_while(self.lock(), is_full);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        state.waiting.push_back((arrival, bytes));
        state.bytes += bytes;
        self.changed.notify_all();
    }

    /// Nothing comes any more.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_all();
    }

    /// The next one, as soon as there is one; nothing at the end.
    pub(super) fn next(&self) -> Option<Arrival> {
        let is_empty = |state: &mut State| state.waiting.is_empty() && !state.is_closed;
        let state = self.changed.wait_while(self.lock(), is_empty);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        let (arrival, bytes) = state.waiting.pop_front()?;
        state.bytes -= bytes;
        self.changed.notify_all();
        Some(arrival)
    }

    /// Whether nothing waits.
    pub(super) fn is_idle(&self) -> bool {
        self.lock().waiting.is_empty()
    }

    /// Whether the client has taken a request back already.
    pub(super) fn is_cancelled(&self, id: &Value) -> bool {
        let state = self.lock();
        state.waiting.iter().any(|(arrival, _)| match arrival {
            Arrival::Message(Message::Notification(said)) => {
                said.method == "$/cancelRequest" && said.params.get("id") == Some(id)
            }
            _ => false,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
