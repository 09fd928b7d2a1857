//! The checks of ShellCheck that most people meet, by their codes. They look at the scripts together, node by node
//! ([`report()`]).

mod compatible;
mod condition;
mod hidden;
mod interpreter;
mod report;
mod sc2006;
mod sc2015;
mod sc2016;
mod sc2028;
mod sc2046;
mod sc2086;
mod sc2154;
mod sc2155;
mod sc2164;
mod scene;
mod splitting;
mod usage;

pub(crate) mod bashisms;

use crate::Rule;
use report::NodeCheck;

pub(crate) use report::{Reported, report};

/// All of them, in the order of their names; those about the language of the shell are in [`bashisms`].
pub(crate) const RULES: &[Rule] = &[
    sc2006::RULE,
    sc2015::RULE,
    sc2016::RULE,
    sc2028::RULE,
    sc2046::RULE,
    sc2086::RULE,
    sc2154::RULE,
    sc2155::RULE,
    sc2164::RULE,
];

/// What they look for in each node.
const CHECKS: &[NodeCheck] = &[
    sc2006::look,
    sc2015::look,
    sc2016::look,
    sc2028::look,
    sc2046::look,
    sc2086::look,
    sc2155::look,
    sc2164::look,
    bashisms::look,
];
