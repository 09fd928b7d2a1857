//! Which images a plan will ask for.

use std::collections::BTreeSet;

use dockerfile::ast::{self, Kind};
use oci::{Platform, Reference};

use super::Planner;

impl Planner<'_> {
    /// Has the images looked up side by side that the stages are about to ask for one after the other: a registry takes
    /// its time for each. What cannot be read is for the plan itself to say, and what only variables tell is not foreseen.
    pub(super) fn foresee(&self) {
        let mut images = Vec::new();
        let mut seen = BTreeSet::new();
        let mut next = vec![self.target];
        while let Some(index) = next.pop() {
            if seen.insert(index) {
                let from = &self.file.stages[index];
                self.foresee_base(index, from, &mut next, &mut images);
            }
        }
        if images.len() > 1 {
            self.bases.foresee(&images);
        }
    }

    fn foresee_base(
        &self,
        index: usize,
        from: &ast::Stage,
        next: &mut Vec<usize>,
        images: &mut Vec<(Reference, Platform)>,
    ) {
        let (Ok(platform), Ok(base)) = (self.platform(from), self.global_word(&from.base)) else {
            return;
        };
        let replaced = |name: &str| self.context_named(name, &platform).is_some();
        if from.name.as_ref().is_some_and(|name| replaced(&name.text)) {
            return;
        }
        if let Some(parent) = self.earlier_stage(&base, index) {
            next.push(parent);
        } else if base != "scratch"
            && !replaced(&base)
            && let Ok(reference) = base.parse()
        {
            images.push((reference, platform));
        }
        for instruction in &from.instructions {
            if let Kind::Copy(copy) = &instruction.kind
                && let Some(name) = &copy.from
            {
                let number = name.text.parse().ok().filter(|number| *number < index);
                next.extend(number.or_else(|| self.earlier_stage(&name.text, index)));
            }
        }
    }
}
