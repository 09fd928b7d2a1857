//! carafe
fn main() {}
