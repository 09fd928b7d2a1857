//! What commands print: tables, listings, sizes and times. Nothing here knows how results came about.

pub(crate) mod listing;
pub(crate) mod reasons;
pub(crate) mod sizes;
pub(crate) mod stages;
pub(crate) mod table;
pub(crate) mod times;
