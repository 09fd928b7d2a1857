//! What parent and child say to each other: one order, then reports.
//!
//! The order is a memory file (memfd_create(2)), as it can be long; it holds descriptors by their numbers, which are
//! the same on both sides. Reports are datagrams on a socket pair: at most one failure, or the word that the program
//! is about to be executed. The end of the stream after that word means that the program runs: the child's end of the
//! socket is closed on execve(2).

mod order;
mod report;
mod wire;

pub(crate) use order::{Order, Parts, Place, PlaceRef, Sent};
pub(crate) use report::{At, Failure, Outcome, Report};
