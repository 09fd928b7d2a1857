//! The tests of the whole program and of the project itself, in one binary: each test binary costs a link.

mod architecture;
mod builds;
mod containers;
mod images;
mod support;
