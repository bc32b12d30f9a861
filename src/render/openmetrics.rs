//! OpenMetrics text: how old each asset's newest recovery point is, and its verdict, for monitoring.
//!
//! Gauges only and without times, because the textfile collector of Prometheus' node exporter takes nothing
//! else; what is not known is not there, since a 0 would be fresh. The writer is `prometheus-client`, the form
//! <https://prometheus.io/docs/specs/om/open_metrics_spec/>; how to alert is told in `docs/formats.md`.

use std::fmt;
use std::io;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

use super::escape::label;
use super::{Look, RenderError, Renderer};
use crate::model::Verdict;
use crate::report::{Asset, Report};

/// The renderer.
pub(super) struct OpenMetrics;

impl Renderer for OpenMetrics {
    fn render(&self, report: &Report, _look: Look, out: &mut dyn io::Write) -> Result<(), RenderError> {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Families(families(report))));
        let mut out = Text { inner: io::BufWriter::with_capacity(1 << 16, out), failed: None };
        if text::encode(&mut out, &registry).is_err() {
            return Err(out.failed.unwrap_or_else(|| io::Error::other("a metric cannot be written")).into());
        }
        io::Write::flush(&mut out.inner)?;
        Ok(())
    }
}

/// Metrics in the order in which they are written; a registry's own have none.
#[derive(Debug)]
struct Families(Vec<Family>);

#[derive(Debug)]
struct Family {
    name: &'static str,
    unit: Option<Unit>,
    help: &'static str,
    samples: Vec<Sample>,
}

#[derive(Debug)]
struct Sample {
    labels: Vec<(&'static str, Arc<str>)>,
    value: Value,
}

/// A value; whole numbers are written as such.
#[derive(Debug, Clone, Copy)]
enum Value {
    Whole(i64),
    Share(f64),
}

impl Collector for Families {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for family in self.0.iter().filter(|family| !family.samples.is_empty()) {
            let unit = family.unit.as_ref();
            let mut metric = encoder.encode_descriptor(family.name, family.help, unit, MetricType::Gauge)?;
            for sample in &family.samples {
                let labelled = metric.encode_family(&sample.labels)?;
                match sample.value {
                    Value::Whole(value) => ConstGauge::new(value).encode(labelled)?,
                    Value::Share(value) => ConstGauge::new(value).encode(labelled)?,
                }
            }
        }
        Ok(())
    }
}

/// Bytes as the place where text is written, which has no room to say why it failed.
struct Text<W: io::Write> {
    inner: W,
    failed: Option<io::Error>,
}

impl<W: io::Write> fmt::Write for Text<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.inner.write_all(text.as_bytes()).map_err(|error| {
            self.failed = Some(error);
            fmt::Error
        })
    }
}

fn whole(count: u64) -> Value {
    Value::Whole(i64::try_from(count).unwrap_or(i64::MAX))
}

/// Returns how many assets have a verdict; `None` for a verdict that no asset is counted under.
const fn assets_with(report: &Report, verdict: Verdict) -> Option<u64> {
    let counts = &report.summary.assets;
    match verdict {
        Verdict::Met => Some(counts.met),
        Verdict::Gap => Some(counts.gap),
        Verdict::Unknown => Some(counts.unknown),
        Verdict::Accepted => Some(counts.accepted),
        Verdict::New => Some(counts.new),
        Verdict::NotApplicable => None,
    }
}

/// Every metric has the policy as a label: a node exporter may read the audits of several.
fn families(report: &Report) -> Vec<Family> {
    let policy: Arc<str> = label(&report.policy.title).into();
    let words: Vec<(Verdict, Arc<str>)> =
        Verdict::ALL.iter().map(|verdict| (*verdict, verdict.word().into())).collect();
    let of_audit = |value| vec![Sample { labels: vec![("policy", Arc::clone(&policy))], value }];
    let by_verdict = |count: &dyn Fn(Verdict) -> Option<u64>| {
        let known = words.iter().filter_map(|(verdict, word)| Some((word, count(*verdict)?)));
        let sample = |(word, count): (&Arc<str>, u64)| Sample {
            labels: vec![("policy", Arc::clone(&policy)), ("verdict", Arc::clone(word))],
            value: whole(count),
        };
        known.map(sample).collect::<Vec<_>>()
    };
    let names: Vec<Arc<str>> = report.assets.iter().map(|asset| label(&asset.id).into()).collect();
    let of_assets = |value: &dyn Fn(&Asset) -> Option<Value>| {
        let named = report.assets.iter().zip(&names);
        let sample = |(asset, name): (&Asset, &Arc<str>)| {
            let labels = vec![("policy", Arc::clone(&policy)), ("asset", Arc::clone(name))];
            Some(Sample { labels, value: value(asset)? })
        };
        named.filter_map(sample).collect::<Vec<_>>()
    };
    let seconds = |name, help, samples| Family { name, unit: Some(Unit::Seconds), help, samples };
    let plain = |name, help, samples| Family { name, unit: None, help, samples };
    let ratio = |name, help, samples| Family { name, unit: Some(Unit::Other("ratio".to_owned())), help, samples };
    vec![
        seconds(
            "lastgood_audit_timestamp",
            "The time of the audit, since 1970-01-01.",
            of_audit(Value::Whole(report.as_of.timestamp())),
        ),
        plain(
            "lastgood_audit_verdict",
            "1 for the worst verdict of all findings, 0 for every other.",
            by_verdict(&|verdict| Some(u64::from(verdict == report.verdict))),
        ),
        plain(
            "lastgood_audit_assets",
            "Assets by their worst finding.",
            by_verdict(&|verdict| assets_with(report, verdict)),
        ),
        plain(
            "lastgood_audit_findings",
            "Findings by verdict.",
            by_verdict(&|verdict| report.summary.findings.get(verdict.word()).copied()),
        ),
        plain(
            "lastgood_audit_unseen",
            "Things that the audit could not see.",
            of_audit(whole(report.unseen.len() as u64)),
        ),
        plain(
            "lastgood_audit_assets_left_out",
            "Assets of the policy that were left out, and have no samples here.",
            of_audit(whole(report.only.as_ref().map_or(0, |only| only.left_out))),
        ),
        plain(
            "lastgood_asset_labels",
            "Always 1: what is to be known of an asset, to join with.",
            asset_labels(report, &policy, &names),
        ),
        plain(
            "lastgood_asset_verdict",
            "1 for the worst verdict of an asset's findings, 0 for every other.",
            asset_verdicts(report, &policy, &names, &words),
        ),
        seconds(
            "lastgood_asset_recovery_point_age",
            "The age of the newest usable recovery point; absent where none is known.",
            of_assets(&|asset| asset.rpo.age_seconds.map(Value::Whole)),
        ),
        seconds(
            "lastgood_asset_exposure",
            "The age of the oldest unprotected change; absent where none is known.",
            of_assets(&|asset| asset.rpo.exposure_seconds.map(Value::Whole)),
        ),
        seconds(
            "lastgood_asset_rpo_target",
            "The recovery point objective; absent where nobody knows it.",
            of_assets(&|asset| asset.rpo.target_seconds.map(Value::Whole)),
        ),
        ratio(
            "lastgood_asset_rpo_attainment",
            "The share of the covered time within the objective; absent where nothing is covered.",
            of_assets(&|asset| asset.rpo.attainment.map(Value::Share)),
        ),
        ratio(
            "lastgood_asset_rpo_covered",
            "The share of the period that history covers; absent where it cannot be measured.",
            of_assets(&|asset| asset.rpo.covered.map(Value::Share)),
        ),
    ]
}

fn asset_labels(report: &Report, policy: &Arc<str>, names: &[Arc<str>]) -> Vec<Sample> {
    let sample = |(asset, name): (&Asset, &Arc<str>)| {
        let mut labels = vec![
            ("policy", Arc::clone(policy)),
            ("asset", Arc::clone(name)),
            ("system", label(&asset.system).into()),
            ("severity", asset.severity.word().into()),
        ];
        // An empty label is the same as none.
        labels.extend(asset.owner.as_deref().map(|owner| ("owner", label(owner).into())));
        labels.extend(asset.section.as_deref().map(|section| ("section", label(section).into())));
        Sample { labels, value: Value::Whole(1) }
    };
    report.assets.iter().zip(names).map(sample).collect()
}

fn asset_verdicts(
    report: &Report,
    policy: &Arc<str>,
    names: &[Arc<str>],
    words: &[(Verdict, Arc<str>)],
) -> Vec<Sample> {
    let states: Vec<_> = words.iter().filter(|(verdict, _)| assets_with(report, *verdict).is_some()).collect();
    let samples = |(asset, name): (&Asset, &Arc<str>)| {
        let state = |(verdict, word): &&(Verdict, Arc<str>)| Sample {
            labels: vec![("policy", Arc::clone(policy)), ("asset", Arc::clone(name)), ("verdict", Arc::clone(word))],
            value: Value::Whole(i64::from(*verdict == asset.verdict.counted())),
        };
        states.iter().map(state).collect::<Vec<_>>()
    };
    report.assets.iter().zip(names).flat_map(samples).collect()
}
