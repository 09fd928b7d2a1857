//! What is in an image: how big its parts are, and what makes two images differ.
//!
//! A [`Tree`] is an image's files as a container sees them, merged over all layers, by size. [`compare()`] tells
//! which directories make the difference between two of them. The [`ledger`] has every byte of every layer. Nothing of an image is ever executed.

#![forbid(unsafe_code)]

mod audit;
mod compare;
mod error;
mod tree;

pub mod ledger;
pub mod packages;
pub mod start;

pub use audit::audit;
pub use compare::{Comparison, Difference, compare};
pub use error::Error;
pub use tree::Tree;
