//! The parser of shell scripts: its trees, its places, and whether bash and dash agree about what is a script.

#[path = "shell/bodies.rs"]
mod bodies;
#[path = "shell/oracle.rs"]
mod oracle;
#[path = "shell/places.rs"]
mod places;
#[path = "shell/properties.rs"]
mod properties;
#[path = "shell/rendering.rs"]
mod rendering;
#[path = "shell/trees.rs"]
mod trees;
