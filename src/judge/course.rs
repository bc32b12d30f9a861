//! The course of an asset over the period: its recovery points and its exposure, piece by piece.
//!
//! The same arithmetic as `attainment`, kept instead of added up; which assets' courses are shown is left
//! to the report.

use super::attainment::{History, Piece, pieces};
use super::context::{Past, feed_of, floor_of, lived};
use super::copy_state::CopyState;
use super::estate::Subject;
use super::exposure::{Feed, intersection};
use super::seen::Seen;
use crate::model::Period;
use crate::model::time::Instant;
use crate::policy::{Objective, Policy};

/// The course of one asset.
#[derive(Debug)]
pub struct Course {
    /// The part of the period in which the asset was there.
    pub period: Period,
    /// The recovery points that were captured in it, by time.
    pub points: Vec<CoursePoint>,
    /// The exposure, in order and without holes; empty without an RPO.
    pub stretches: Vec<Stretch>,
}

/// A recovery point of a course.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CoursePoint {
    /// The state of the source that it holds.
    pub captured: Instant,
    /// When it became usable.
    pub available: Instant,
    /// The position of its copy.
    pub copy: usize,
    /// Whether the evidence for it is good enough to count.
    pub counts: bool,
    /// Until when it was seen, where it is no longer there.
    pub gone: Option<Instant>,
}

/// How an exposure stood to the RPO. The words are fixed by the report format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stood {
    /// It was within.
    Within,
    /// It was beyond.
    Beyond,
    /// Nobody can tell.
    Unknown,
}

impl Stood {
    /// Returns the word of the report.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Within => "within",
            Self::Beyond => "beyond",
            Self::Unknown => "unknown",
        }
    }
}

/// A stretch of a course in which the exposure stands or grows with the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// Its beginning.
    pub from: Instant,
    /// Its end.
    pub to: Instant,
    /// How the exposure stood to the RPO.
    pub stood: Stood,
    /// The exposure at the beginning and at the end, in seconds, as far as points are known: at most
    /// that; `None` without any point.
    pub exposure: Option<(i64, i64)>,
}

/// Returns the course of the asset `subject` over `period`; `None` where the period holds no time in which
/// it was there, or the policy has no objective for it.
pub fn course(
    policy: &Policy,
    seen: Seen<'_>,
    period: Period,
    subject: &Subject<'_>,
    states: &[CopyState<'_>],
) -> Option<Course> {
    let period = lived(subject, seen, period);
    let objective = policy.objective(subject.asset)?;
    if period.from >= period.to {
        return None;
    }
    Some(Course {
        period,
        points: points(objective, states, seen.as_of, period),
        stretches: stretches(objective, seen, period, subject, states),
    })
}

fn points(objective: &Objective, states: &[CopyState<'_>], as_of: Instant, period: Period) -> Vec<CoursePoint> {
    let floor = floor_of(objective);
    let mut points: Vec<CoursePoint> = Vec::new();
    for (copy, state) in states.iter().enumerate() {
        let sure = state.is_sure(floor);
        points.extend(state.points.iter().map(|(point, known)| CoursePoint {
            captured: point.captured_at.min(as_of),
            available: point.available().min(as_of),
            copy,
            counts: sure && known.grade >= floor,
            gone: None,
        }));
        points.extend(state.past.iter().map(|(held, grade)| CoursePoint {
            captured: held.captured,
            available: held.available,
            copy,
            counts: state.tells_of_its_past(floor) && *grade >= floor,
            gone: Some(held.until),
        }));
    }
    points.retain(|point| point.captured >= period.from && point.captured <= period.to);
    points.sort_unstable();
    points.dedup();
    points
}

fn stretches(
    objective: &Objective,
    seen: Seen<'_>,
    period: Period,
    subject: &Subject<'_>,
    states: &[CopyState<'_>],
) -> Vec<Stretch> {
    let Some(rpo) = objective.rpo.known().copied() else { return Vec::new() };
    let feed = feed_of(seen, &subject.id, states);
    let past = Past::of(subject, states, floor_of(objective), seen.as_of);
    let by = |points, feed: Option<&Feed>| pieces(&History { points, feed, whole: &past.whole }, period, rpo);
    let sure = by(&past.sure, feed.as_ref());
    if !past.has_doubtful() {
        return sure.iter().flat_map(|piece| told(piece, None)).collect();
    }
    // Where a point below the floor would be within, nobody can tell that it was beyond.
    let beyond: Vec<(Instant, Instant)> = by(&past.all, feed.as_ref())
        .iter()
        .filter(|piece| piece.beyond_from < piece.end)
        .map(|piece| (piece.beyond_from, piece.end))
        .collect();
    sure.iter().flat_map(|piece| told(piece, Some(&beyond))).collect()
}

/// Returns the stretches of a piece; beyond the RPO only where `beyond`, if given, says so too.
fn told(piece: &Piece, beyond: Option<&[(Instant, Instant)]>) -> Vec<Stretch> {
    let stretch = |from: Instant, to: Instant, stood| Stretch {
        from,
        to,
        stood,
        exposure: piece.most.at(from).zip(piece.most.at(to)).map(|(from, to)| (from.num_seconds(), to.num_seconds())),
    };
    let mut stretches = vec![
        stretch(piece.start, piece.within_until, Stood::Within),
        stretch(piece.within_until, piece.beyond_from, Stood::Unknown),
    ];
    let late = (piece.beyond_from, piece.end);
    match beyond {
        None => stretches.push(stretch(late.0, late.1, Stood::Beyond)),
        Some(beyond) => {
            let mut at = late.0;
            for (from, to) in intersection(&[late], beyond) {
                stretches.push(stretch(at, from, Stood::Unknown));
                stretches.push(stretch(from, to, Stood::Beyond));
                at = to;
            }
            stretches.push(stretch(at, late.1, Stood::Unknown));
        }
    }
    stretches.retain(|stretch| stretch.from < stretch.to);
    stretches
}

/// Returns at most about `most` stretches that tell the same, but for the worst exposure of what was
/// several: neighbours that stand alike become one.
pub fn coarser(mut stretches: Vec<Stretch>, most: usize) -> Vec<Stretch> {
    while stretches.len() > most.max(1) {
        let before = stretches.len();
        let mut merged: Vec<Stretch> = Vec::with_capacity(before / 2 + 1);
        let mut rest = stretches.into_iter().peekable();
        while let Some(mut stretch) = rest.next() {
            if let Some(next) = rest.next_if(|next| next.stood == stretch.stood && next.from == stretch.to) {
                let worst = |exposure: Option<(i64, i64)>| exposure.map(|(from, to)| from.max(to));
                // No point for a while: nothing tells how bad it was.
                stretch.exposure = worst(stretch.exposure).zip(worst(next.exposure)).map(|(a, b)| (a.max(b), a.max(b)));
                stretch.to = next.to;
            }
            merged.push(stretch);
        }
        stretches = merged;
        if stretches.len() == before {
            break;
        }
    }
    stretches
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::super::attainment::Exposed;
    use super::*;
    use crate::model::time::parse_instant;

    fn at(hour: i64) -> Instant {
        parse_instant("2026-01-01").unwrap() + TimeDelta::hours(hour)
    }

    fn stretch(from: i64, to: i64, stood: Stood, worst: i64) -> Stretch {
        Stretch { from: at(from), to: at(to), stood, exposure: Some((0, worst)) }
    }

    #[test]
    fn a_piece_is_told_without_holes_and_what_may_have_been_within_is_unknown() {
        let piece = Piece {
            start: at(0),
            within_until: at(24),
            beyond_from: at(30),
            end: at(100),
            most: Exposed::Since(at(0)),
        };
        let stood = |stretches: &[Stretch]| -> Vec<(Instant, Stood)> {
            stretches.iter().map(|stretch| (stretch.to, stretch.stood)).collect()
        };
        assert_eq!(
            stood(&told(&piece, None)),
            [(at(24), Stood::Within), (at(30), Stood::Unknown), (at(100), Stood::Beyond)]
        );
        assert_eq!(
            stood(&told(&piece, Some(&[(at(50), at(60))]))),
            [
                (at(24), Stood::Within),
                (at(30), Stood::Unknown),
                (at(50), Stood::Unknown),
                (at(60), Stood::Beyond),
                (at(100), Stood::Unknown)
            ]
        );
        assert_eq!(told(&piece, None)[2].exposure, Some((30 * 3_600, 100 * 3_600)));
    }

    #[test]
    fn fewer_stretches_never_tell_less_exposure_nor_another_verdict() {
        let daily: Vec<Stretch> = (0..100)
            .flat_map(|day| {
                [
                    stretch(day * 24, day * 24 + 20, Stood::Within, 20),
                    stretch(day * 24 + 20, day * 24 + 24, Stood::Within, if day == 50 { 90 } else { 24 }),
                ]
            })
            .chain([stretch(2_400, 2_500, Stood::Beyond, 100)])
            .collect();
        let few = coarser(daily.clone(), 30);
        assert!(few.len() <= 30, "{}", few.len());
        assert_eq!((few[0].from, few[few.len() - 1].to), (at(0), at(2_500)));
        assert!(few.windows(2).all(|pair| pair[0].to == pair[1].from));
        assert_eq!(few.iter().filter_map(|stretch| stretch.exposure).map(|(_, to)| to).max(), Some(100));
        assert!(few.iter().any(|stretch| stretch.exposure.is_some_and(|(_, to)| to == 90)));
        assert_eq!(few.iter().filter(|stretch| stretch.stood == Stood::Beyond).count(), 1);
        assert_eq!(coarser(daily.clone(), 1_000), daily);
    }
}
