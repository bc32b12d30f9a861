//! Which assets' courses over the period a report shows, and their frozen view.
//!
//! Chooses and bounds; the arithmetic is left to the judge.

use std::sync::Arc;

use rayon::prelude::*;

use super::{Asset, Course, CoursePoint, CourseStretch, Courses, Period};
use crate::judge::Audit;
use crate::judge::course::{self, coarser};
use crate::judge::seen::Seen;

/// How many assets are shown.
const MAX_COURSES: usize = 50;
/// How many recovery points of one are shown, the newest.
const MAX_POINTS: usize = 400;
/// How many stretches of one are shown.
const MAX_STRETCHES: usize = 400;

/// Returns the courses of the assets that stood worst, of those at `indices` in the audit; `assets` are the
/// same in the report.
pub(super) fn courses(audit: &Audit<'_>, seen: Seen<'_>, indices: &[usize], assets: &[Asset]) -> Courses {
    let period = audit.when.period;
    let has_points = |index: usize| {
        audit.states[index].iter().any(|state| {
            let held = state.past.iter().map(|(held, _)| held.captured);
            let mut captured = state.points.iter().map(|(point, _)| point.captured_at).chain(held);
            captured.any(|captured| captured >= period.from && captured <= period.to)
        })
    };
    let mut chosen: Vec<usize> = (0..indices.len())
        .filter(|position| assets[*position].rpo.target_seconds.is_some() || has_points(indices[*position]))
        .collect();
    // By the share of the whole period that is known to be within: what nobody can tell is as bad as beyond.
    let within = |position: usize| {
        let rpo = &assets[position].rpo;
        rpo.attainment.unwrap_or_default() * rpo.covered.unwrap_or_default()
    };
    chosen.sort_by(|a, b| {
        let (of_a, of_b) = (&assets[*a], &assets[*b]);
        let worst = |worst: Option<i64>| worst.unwrap_or(i64::MAX);
        within(*a)
            .total_cmp(&within(*b))
            .then_with(|| of_b.verdict.cmp(&of_a.verdict))
            .then_with(|| worst(of_b.rpo.worst_seconds).cmp(&worst(of_a.rpo.worst_seconds)))
    });
    let all = chosen.len();
    chosen.truncate(MAX_COURSES);
    let view = |position: usize| {
        let index = indices[position];
        let (subject, states) = (&audit.estate.subjects[index], &audit.states[index]);
        let course = course::course(audit.policy, seen, period, subject, states)?;
        Some(frozen(course, &assets[position]))
    };
    let items: Vec<Option<Course>> = chosen.into_par_iter().map(view).collect();
    let items: Vec<Course> = items.into_iter().flatten().collect();
    let left = (all - items.len()) as u64;
    Courses { items, left }
}

fn frozen(course: course::Course, asset: &Asset) -> Course {
    let points_left = course.points.len().saturating_sub(MAX_POINTS);
    let copies = asset.copies.as_deref().unwrap_or_default();
    let points = course.points.iter().skip(points_left).filter_map(|point| {
        Some(CoursePoint {
            copy: Arc::clone(&copies.get(point.copy)?.id),
            captured_at: point.captured,
            available_at: point.available,
            counts: point.counts,
            gone_at: point.gone,
        })
    });
    let exposure = coarser(course.stretches, MAX_STRETCHES).into_iter().map(|stretch| CourseStretch {
        from: stretch.from,
        to: stretch.to,
        stood: stretch.stood.word(),
        from_seconds: stretch.exposure.map(|(from, _)| from),
        to_seconds: stretch.exposure.map(|(_, to)| to),
    });
    Course {
        asset: Arc::clone(&asset.id),
        period: Period { from: course.period.from, to: course.period.to },
        points: points.collect(),
        points_left: points_left as u64,
        exposure: exposure.collect(),
    }
}
