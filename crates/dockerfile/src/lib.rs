//! The Dockerfile reference, written in Rust: source and spans, directives, heredocs, the syntax
//! tree, words and their expansion, mount options, ignore patterns.
//!
//! The way through it: a [`Source`] is [`parse`]d to a [`Dockerfile`] and a list of
//! [`Diagnostic`]s. Nothing here does I/O, panics on bad text, or fails: bad text is data.

#![forbid(unsafe_code)]

mod ast;
