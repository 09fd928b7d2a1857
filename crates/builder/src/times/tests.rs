use store::Timestamps;

use super::{FileTimes, ImageTimes, Normalise, Reproducible, Times, parse_epoch};

fn times(reproducible: Reproducible, context: Option<i64>) -> Times {
    Times {
        reproducible,
        context,
        images: Vec::new(),
    }
}

#[test]
fn epochs() {
    let asked = times(Reproducible::AsAsked, Some(7));
    let epoch = |value| asked.epoch(value).unwrap();
    assert_eq!((epoch(None), epoch(Some(""))), (None, None));
    assert_eq!(
        (epoch(Some("12")), epoch(Some("context"))),
        (Some(12), Some(7))
    );
    for wrong in ["x", "-1", "1.5", "253402300800"] {
        let error = asked.epoch(Some(wrong)).unwrap_err().to_string();
        assert!(
            error.contains(wrong) && error.contains("since 1970"),
            "{error}"
        );
    }
    let wholly = times(Reproducible::Wholly, Some(7));
    assert_eq!(wholly.epoch(None).unwrap(), Some(7));
    assert_eq!(wholly.epoch(Some("12")).unwrap(), Some(12));
    let nothing = times(Reproducible::Wholly, None);
    assert_eq!(nothing.epoch(Some("context")).unwrap(), Some(0));
    assert_eq!(parse_epoch("0"), Some(0));
}

#[test]
fn files_times() {
    let mut asked = times(Reproducible::AsAsked, None);
    assert_eq!(asked.normalise(None), Normalise::Nothing);
    assert_eq!(asked.normalise(Some(5)), Normalise::Times);
    let settled = ImageTimes::default();
    assert_eq!(asked.of(settled, None).files, Timestamps::Kept);
    assert_eq!(asked.of(settled, Some(5)).files, Timestamps::Settled(5));
    let clamped = ImageTimes {
        epoch: Some(9),
        files: FileTimes::Clamped,
    };
    assert_eq!(asked.of(clamped, Some(5)).files, Timestamps::Clamped(9));
    let created = asked.of(clamped, None).created;
    assert_eq!(created.as_deref(), Some("1970-01-01T00:00:09Z"));
    asked.images = vec![settled, clamped];
    assert_eq!(
        asked.normalise(Some(5)),
        Normalise::Nothing,
        "as BuildKit does it"
    );
    let wholly = times(Reproducible::Wholly, None);
    assert_eq!(wholly.normalise(Some(0)), Normalise::AsInGit);
    assert_eq!(wholly.of(clamped, Some(5)).files, Timestamps::Settled(9));
}
