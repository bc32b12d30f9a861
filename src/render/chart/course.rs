//! Recovery points and exposure over the period: of each asset a line that rises until the next point.
//!
//! Places only, in a field of 1,000 by 100; the arithmetic was the judge's.

use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::Serialize;

use super::percent;
use crate::model::time::{Instant, human, human_length};
use crate::render::{phrases, sort};
use crate::report::{Asset, Course, CourseStretch, Report};

/// How many assets are shown.
const MAX_ROWS: usize = 12;
/// The field: its width, and its height without the row of points below.
const WIDTH: f64 = 1_000.0;
const HEIGHT: f64 = 100.0;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Chart<'r> {
    rows: Vec<Row<'r>>,
    left: u64,
    from: String,
    to: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Row<'r> {
    asset: &'r str,
    points: usize,
    points_left: u64,
    newest: String,
    worst: String,
    rpo: String,
    attainment: String,
    sort: sort::Keys,
    /// What the top of the field stands for.
    top: String,
    /// The line of the RPO from the top; empty without one.
    target: String,
    /// Lines of exposure.
    lines: Vec<Line>,
    /// Stretches that nobody can tell of, or without any point.
    bands: Vec<Band>,
    /// Where recovery points were captured.
    marks: Vec<Mark>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Line {
    stood: &'static str,
    /// Of SVG's `points`.
    points: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Band {
    stood: &'static str,
    x: String,
    width: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Mark {
    x: String,
    counts: bool,
}

/// Returns the chart of the assets that stood worst.
pub(super) fn chart(report: &Report) -> Chart<'_> {
    let period = (report.period.from, report.period.to.min(report.as_of));
    let items = &report.courses.items;
    let rows = items.iter().take(MAX_ROWS).filter_map(|course| {
        let asset = report.assets.iter().find(|asset| asset.id == course.asset)?;
        Some(row(course, asset, period))
    });
    let rows: Vec<Row<'_>> = rows.collect();
    Chart {
        left: report.courses.left + items.len().saturating_sub(rows.len()) as u64,
        rows,
        from: human(period.0),
        to: human(period.1),
    }
}

fn row<'r>(course: &'r Course, asset: &Asset, period: (Instant, Instant)) -> Row<'r> {
    let known = course.exposure.iter().flat_map(|stretch| [stretch.from_seconds, stretch.to_seconds]);
    let highest = known.flatten().max().unwrap_or_default();
    let target = asset.rpo.target_seconds;
    // Room above the target, so that what is within is seen to be.
    let top = highest.max(target.map_or(0, |target| target + target / 4)).max(1);
    let x = |at: Instant| ratio((at - period.0).num_seconds(), (period.1 - period.0).num_seconds()) * WIDTH;
    let y = |seconds: i64| (1.0 - ratio(seconds, top)) * HEIGHT;
    Row {
        asset: &course.asset,
        points: course.points.len(),
        points_left: course.points_left,
        newest: course.points.last().map_or_else(|| "none".to_owned(), |point| human(point.captured_at)),
        worst: phrases::length(asset.rpo.worst_seconds, "not known"),
        rpo: phrases::length(target, "unknown"),
        attainment: phrases::attainment(asset),
        sort: sort::Keys::of(asset),
        top: TimeDelta::try_seconds(top).map(human_length).unwrap_or_default(),
        target: target.map(|target| percent(y(target))).unwrap_or_default(),
        lines: lines(&course.exposure, &x, &y),
        bands: bands(&course.exposure, &x),
        marks: course
            .points
            .iter()
            .map(|point| Mark { x: percent(x(point.captured_at)), counts: point.counts })
            .collect(),
    }
}

/// Returns the lines: one a run of stretches that stand alike.
fn lines(stretches: &[CourseStretch], x: &impl Fn(Instant) -> f64, y: &impl Fn(i64) -> f64) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut end: Option<Instant> = None;
    for stretch in stretches {
        let Some((from, to)) = stretch.from_seconds.zip(stretch.to_seconds) else { continue };
        let points =
            format!("{},{} {},{}", percent(x(stretch.from)), percent(y(from)), percent(x(stretch.to)), percent(y(to)));
        match lines.last_mut().filter(|line| line.stood == stretch.stood && end == Some(stretch.from)) {
            Some(line) => {
                line.points.push(' ');
                line.points.push_str(&points);
            }
            None => lines.push(Line { stood: stretch.stood, points }),
        }
        end = Some(stretch.to);
    }
    lines
}

/// Returns the bands: what nobody can tell of, and what is beyond.
fn bands(stretches: &[CourseStretch], x: &impl Fn(Instant) -> f64) -> Vec<Band> {
    let mut runs: Vec<(&'static str, Instant, Instant)> = Vec::new();
    for stretch in stretches.iter().filter(|stretch| stretch.stood != "within") {
        match runs.last_mut().filter(|run| run.0 == stretch.stood && run.2 == stretch.from) {
            Some(run) => run.2 = stretch.to,
            None => runs.push((stretch.stood, stretch.from, stretch.to)),
        }
    }
    let band = |(stood, from, to)| Band { stood, x: percent(x(from)), width: percent(x(to) - x(from)) };
    runs.into_iter().map(band).collect()
}

#[expect(clippy::cast_precision_loss, reason = "seconds of centuries are exact in f64")]
fn ratio(part: i64, whole: i64) -> f64 {
    (part as f64 / whole.max(1) as f64).clamp(0.0, 1.0)
}
