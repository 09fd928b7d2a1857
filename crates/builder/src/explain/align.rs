//! Which step of the last build a step of this one is compared with.

use super::inputs::StepInputs;

/// For each step of this build the one of the last build that it stands for, if any: equal instructions of a stage
/// in the order of the text, and between these the ones in equal places that begin with the same keyword.
pub(super) fn align(before: &[StepInputs], now: &[StepInputs]) -> Vec<Option<usize>> {
    let mut pairs = vec![None; now.len()];
    let mut stages: Vec<&str> = now.iter().map(|step| step.stage.as_str()).collect();
    stages.sort_unstable();
    stages.dedup();
    for stage in stages {
        let of = |steps: &[StepInputs]| -> Vec<usize> {
            let ids = 0..steps.len();
            ids.filter(|&id| steps[id].stage == stage).collect()
        };
        let (old, new) = (of(before), of(now));
        let same = |o: usize, n: usize| before[old[o]].title == now[new[n]].title;
        let mut from = (0, 0);
        let end = (old.len(), new.len());
        for anchor in common(end, &same).into_iter().chain([end]) {
            let gap = (from.0..anchor.0, from.1..anchor.1);
            for (o, n) in fill(gap, |o, n| {
                before[old[o]].keyword() == now[new[n]].keyword()
            }) {
                pairs[new[n]] = Some(old[o]);
            }
            if anchor != end {
                pairs[new[anchor.1]] = Some(old[anchor.0]);
            }
            from = (anchor.0 + 1, anchor.1 + 1);
        }
    }
    pairs
}

/// The longest common subsequence of two lists, as pairs of places.
fn common((old, new): (usize, usize), same: &dyn Fn(usize, usize) -> bool) -> Vec<(usize, usize)> {
    // The usual case, which needs no table.
    if old == new && (0..old).all(|at| same(at, at)) {
        return (0..old).map(|at| (at, at)).collect();
    }
    let mut longest = vec![vec![0u32; new + 1]; old + 1];
    for o in (0..old).rev() {
        for n in (0..new).rev() {
            longest[o][n] = match same(o, n) {
                true => longest[o + 1][n + 1] + 1,
                false => longest[o + 1][n].max(longest[o][n + 1]),
            };
        }
    }
    let (mut o, mut n) = (0, 0);
    let mut pairs = Vec::new();
    while o < old && n < new {
        if same(o, n) {
            pairs.push((o, n));
            (o, n) = (o + 1, n + 1);
        } else if longest[o + 1][n] >= longest[o][n + 1] {
            o += 1;
        } else {
            n += 1;
        }
    }
    pairs
}

/// Pairs what lies between two anchors, in order.
fn fill(
    (old, new): (std::ops::Range<usize>, std::ops::Range<usize>),
    alike: impl Fn(usize, usize) -> bool,
) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    let mut o = old.start;
    for n in new {
        if let Some(found) = (o..old.end).find(|&o| alike(o, n)) {
            pairs.push((found, n));
            o = found + 1;
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(titles: &[&str]) -> Vec<StepInputs> {
        let step = |title: &&str| StepInputs {
            title: (*title).to_owned(),
            ..StepInputs::default()
        };
        titles.iter().map(step).collect()
    }

    #[test]
    fn steps_are_found_again() {
        for (before, now, pairs) in [
            (
                &["FROM a", "RUN 1"][..],
                &["FROM a", "RUN 1"][..],
                &[Some(0), Some(1)][..],
            ),
            (
                &["FROM a", "RUN 1", "RUN 2"],
                &["FROM a", "RUN 0", "RUN 1", "RUN 2"],
                &[Some(0), None, Some(1), Some(2)],
            ),
            (
                &["FROM a", "RUN 1", "RUN 2"],
                &["FROM b", "RUN 1", "RUN 3"],
                &[Some(0), Some(1), Some(2)],
            ),
            (&["RUN 1", "COPY a"], &["COPY b"], &[Some(1)]),
            (&["RUN 1"], &[], &[]),
        ] {
            assert_eq!(
                align(&steps(before), &steps(now)),
                pairs,
                "{before:?} {now:?}"
            );
        }
    }
}
