//! The recovery points of one copy, and how well each of them is known.
//!
//! Keeps points and what is known of them together; which points count is left to `listed` and
//! `compared`, what they are good for to the controls.

use std::borrow::Cow;

use super::exposure::Held;
use super::listed::order;
use crate::evidence::Point;
use crate::model::Grade;
use crate::model::time::Instant;

/// How well a recovery point is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Known {
    /// How strong the evidence for it is.
    pub grade: Grade,
    /// When somebody last looked at the copy that has it, so that it was there until then; `None` where
    /// nobody did.
    pub seen_until: Option<Instant>,
}

impl Known {
    /// Returns what is known of a point that nobody speaks of.
    const NOTHING: Self = Self { grade: Grade::None, seen_until: None };

    /// Returns what is known of two points together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { grade: self.grade.min(other.grade), seen_until: self.seen_until.min(other.seen_until) }
    }
}

/// The usable recovery points of a copy, by `captured_at`.
#[derive(Debug, Clone)]
pub struct Points<'a> {
    list: Cow<'a, [Point]>,
    /// How well each of them is known, where `each` does not tell.
    alike: Known,
    /// How well each is known, in the order of the list. Rare: as a rule one list tells of them all.
    each: Option<Box<[Known]>>,
}

impl<'a> Points<'a> {
    /// Returns no point.
    pub const fn none() -> Self {
        Self { list: Cow::Borrowed(&[]), alike: Known::NOTHING, each: None }
    }

    /// Returns the points of one list, which has them in order.
    pub const fn listed(list: &'a [Point], grade: Grade) -> Self {
        Self { list: Cow::Borrowed(list), alike: Known { grade, seen_until: None }, each: None }
    }

    /// Returns these points, in order and each once.
    pub fn new(mut points: Vec<(Point, Known)>) -> Self {
        points.sort_by(|(a, known_a), (b, known_b)| (order(a), known_a).cmp(&(order(b), known_b)));
        points.dedup();
        let (list, known): (Vec<Point>, Vec<Known>) = points.into_iter().unzip();
        let alike = known.first().copied().unwrap_or(Known::NOTHING);
        let each = known.iter().any(|known| *known != alike).then(|| known.into_boxed_slice());
        Self { list: Cow::Owned(list), alike, each }
    }

    /// Returns these points and others, in order and each once.
    #[must_use]
    pub fn with(self, others: impl IntoIterator<Item = (Point, Known)>) -> Self {
        let known: Vec<Known> = (0..self.list.len()).map(|position| self.known(position)).collect();
        Self::new(self.list.into_owned().into_iter().zip(known).chain(others).collect())
    }

    /// Returns the same points, each seen by a look at `looked`.
    #[must_use]
    pub fn seen_until(mut self, looked: Option<Instant>) -> Self {
        self.alike.seen_until = looked;
        self.each.iter_mut().flatten().for_each(|known| known.seen_until = looked);
        self
    }

    /// Returns the same points, known by a restore test of their copy.
    #[must_use]
    pub fn restored(mut self) -> Self {
        self.alike.grade = restored(self.alike.grade);
        self.each.iter_mut().flatten().for_each(|known| known.grade = restored(known.grade));
        self
    }

    /// Returns how strong the evidence for the newest point is; of several, the strongest.
    pub fn newest_grade(&self) -> Grade {
        let newest = self.last().map(|point| point.captured_at);
        let newest = self.iter().rev().take_while(|(point, _)| Some(point.captured_at) == newest);
        newest.map(|(_, known)| known.grade).max().unwrap_or(Grade::None)
    }

    fn known(&self, position: usize) -> Known {
        self.each.as_ref().and_then(|each| each.get(position)).copied().unwrap_or(self.alike)
    }

    /// Returns each point and how well it is known.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Point, Known)> + ExactSizeIterator {
        self.list.iter().enumerate().map(|(position, point)| (point, self.known(position)))
    }

    /// Returns each point known by evidence of at least `grade`.
    pub fn known_by(&self, grade: Grade) -> impl Iterator<Item = (&Point, Known)> {
        self.iter().filter(move |(_, known)| known.grade >= grade)
    }

    /// Returns the oldest; `None` without any.
    pub fn first(&self) -> Option<&Point> {
        self.list.first()
    }

    /// Returns the newest; `None` without any.
    pub fn last(&self) -> Option<&Point> {
        self.list.last()
    }

    /// Returns whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Returns those known by evidence of at least `grade` as the arithmetic of now needs them: what
    /// was seen is there still. A time that is after `as_of` by no more than clocks differ is `as_of`.
    pub fn held(&self, as_of: Instant, grade: Grade) -> impl Iterator<Item = Held> {
        self.known_by(grade).map(move |(point, _)| at_most(Held::from(point), as_of))
    }

    /// Returns those known by evidence of at least `grade` as the arithmetic of the past needs them:
    /// each is there as long as a look at its own copy can tell.
    pub fn seen(&self, as_of: Instant, grade: Grade) -> impl Iterator<Item = Held> {
        self.known_by(grade).filter_map(move |(point, known)| {
            let held = at_most(Held::from(point), as_of);
            known.seen_until.map(|until| Held { until, ..held })
        })
    }
}

/// Returns the grade after a restore test. It lifts what somebody vouches for, however weakly; what
/// nobody does need not be there.
pub fn restored(grade: Grade) -> Grade {
    if grade == Grade::None { grade } else { Grade::Restored }
}

fn at_most(point: Held, as_of: Instant) -> Held {
    Held { captured: point.captured.min(as_of), available: point.available.min(as_of), ..point }
}

#[cfg(test)]
mod tests {
    use super::super::copy_state::point;
    use super::*;
    use crate::model::time::parse_instant;

    fn at(day: u32) -> Instant {
        parse_instant(&format!("2026-01-{day:02}")).unwrap()
    }

    fn known(grade: Grade) -> Known {
        Known { grade, seen_until: Some(at(30)) }
    }

    #[test]
    fn each_point_keeps_what_is_known_of_it_whatever_joins_it() {
        let list = [point(at(1)), point(at(3))];
        let points = Points::listed(&list, Grade::Reported).seen_until(Some(at(20)));
        let points = points.with([(point(at(2)), known(Grade::Verified))]);
        let told: Vec<(Instant, Grade, Option<Instant>)> =
            points.iter().map(|(point, known)| (point.captured_at, known.grade, known.seen_until)).collect();
        assert_eq!(
            told,
            [
                (at(1), Grade::Reported, Some(at(20))),
                (at(2), Grade::Verified, Some(at(30))),
                (at(3), Grade::Reported, Some(at(20)))
            ]
        );
        assert_eq!(points.known_by(Grade::Observed).count(), 1);
    }

    #[test]
    fn a_restore_test_lifts_what_somebody_vouches_for() {
        let points = Points::new(vec![
            (point(at(1)), known(Grade::None)),
            (point(at(2)), known(Grade::Verified)),
            (point(at(3)), known(Grade::Attested)),
        ]);
        let grades: Vec<Grade> = points.restored().iter().map(|(_, known)| known.grade).collect();
        assert_eq!(grades, [Grade::None, Grade::Restored, Grade::Restored]);
    }

    #[test]
    fn a_point_that_nobody_looked_at_tells_nothing_of_the_past() {
        let points = Points::new(vec![(point(at(1)), Known { grade: Grade::Attested, seen_until: None })]);
        assert_eq!(points.held(at(9), Grade::Attested).count(), 1);
        assert_eq!(points.seen(at(9), Grade::Attested).count(), 0);
    }
}
