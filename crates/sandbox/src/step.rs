//! The kernel steps of a start, by name.

/// One step of starting a sandboxed process, as an [`Error`](crate::Error) names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Making the new namespaces and the process in them.
    Clone,
}
