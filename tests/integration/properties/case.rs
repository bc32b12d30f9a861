//! Random cases: a policy, its evidence, and one way to make the evidence worse.
//!
//! Everything follows from a seed, so that a failing case can be named; nothing is expected here.

use chrono::TimeDelta;
use lastgood::evidence::fact::{Basis, Unseen};
use lastgood::evidence::{
    Changes, Comparison, Dialect, Fact, Inventory, Item, Observation, Point, RecoveryPoints, Run, RunOutcome, Runs,
    Schedule, Settings, Unfinished,
};
use lastgood::model::time::{Instant, parse_instant};
use lastgood::model::{Count, Grade, ItemKind, UnseenReason};

/// A small generator of random numbers (xorshift64*), which only has to be varied, not good.
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % bound.max(1)
    }
    pub(super) fn range(&mut self, from: i64, to: i64) -> i64 {
        from + i64::try_from(self.below(u64::try_from(to - from).unwrap_or(1))).unwrap_or(0)
    }
    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
    pub(super) fn pick<'t, T>(&mut self, of: &'t [T]) -> &'t T {
        &of[usize::try_from(self.below(of.len() as u64)).unwrap_or(0)]
    }
}

pub(super) const AS_OF: &str = "2026-03-01T00:00:00Z";

pub(super) fn as_of() -> Instant {
    parse_instant(AS_OF).expect("a time")
}

fn ago(hours: i64) -> Instant {
    as_of() - TimeDelta::hours(hours)
}

/// A policy as text, with the evidence for it.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) policy: String,
    pub(super) observations: Vec<Observation>,
}

const METHODS: [&str; 7] = ["objects", "git-mirror", "object-mirror", "workflow", "attestation", "included", "rebuild"];

impl Case {
    /// Returns the case of a seed.
    pub(super) fn new(seed: u64) -> Self {
        let dice = &mut Dice::new(seed);
        let mut observations = Vec::new();
        let mut assets = String::new();
        let mut tests = String::new();
        for (index, id) in ["one", "two", "many"].into_iter().enumerate() {
            let group = id == "many";
            let mut copies = Vec::new();
            let mut kinds = Vec::new();
            for number in 0..dice.below(4) {
                let mut method = *dice.pick(&METHODS);
                // An asset rests only on later ones now and then on earlier ones, so circles occur.
                if group && method == "object-mirror" {
                    method = "objects";
                }
                let other = *dice.pick(if index == 0 { &["two", "many"] } else { &["one"] });
                // One place under two ids would be refused.
                if kinds.iter().any(|(_, known)| *known == method && matches!(method, "included" | "rebuild")) {
                    method = "objects";
                }
                copies.push(copy_text(dice, &format!("c{number}"), method, other));
                kinds.push((format!("c{number}"), method));
            }
            let copies = if copies.is_empty() && dice.chance(50) {
                "unknown".to_owned()
            } else {
                format!("[{}]", copies.join(", "))
            };
            let each = if group { "each: repository, grace: 5d, " } else { "" };
            // Dumps of many items have a place for each of them.
            let copies = copies.replace("ITEM", if group { "{name}/" } else { "" });
            let owner = *dice.pick(&["Squad", "unknown", "{ person: Jo }"]);
            let facets = *dice.pick(&["[]", "[git]", "[git, wiki]"]);
            assets.push_str(&format!(
                "  - {{ id: {id}, lives_in: hub, {each}objective: o{index}, owner: {owner}, facets: {facets}, copies: {copies} }}\n"
            ));
            if dice.chance(40) {
                tests.push_str(&format!(
                    "  - {{ asset: {id}, on: {}, result: {}, took: 3h, tested_by: Jo, reference: x{} }}\n",
                    ago(dice.range(1, 3_000)).date_naive(),
                    if dice.chance(70) { "passed" } else { "failed" },
                    kinds
                        .first()
                        .filter(|_| dice.chance(60))
                        .map(|(copy, _)| format!(", copy: {copy}"))
                        .unwrap_or_default(),
                ));
            }
            let subjects: Vec<String> =
                if group { vec!["many/a".to_owned(), "many/b".to_owned()] } else { vec![id.to_owned()] };
            for subject in &subjects {
                if dice.chance(40) {
                    observations.push(about(subject, None, changes(dice), dice));
                }
                for (copy, method) in &kinds {
                    observe(dice, subject, copy, method, &mut observations);
                }
            }
        }
        inventory(dice, &mut observations);
        let objectives: String = (0..3).map(|index| objective(dice, index)).collect();
        let tests = if tests.is_empty() { String::new() } else { format!("restore_tests:\n{tests}") };
        let policy = format!(
            "version: 1\ntitle: Random\nreview_every: 30d\nsystems:\n  hub: {{ kind: github, org: x, domains: {{ provider: Hub, account: x }} }}\n  mirror: {{ kind: git, url: https://m.example, domains: {{ provider: Mirror, account: x }} }}\n  vault: {{ kind: s3, bucket: v, domains: {{ provider: Vault, account: y }} }}\n  dark: {{ kind: external, domains: unknown }}\nobjectives:\n{objectives}assets:\n{assets}{tests}"
        );
        Self { policy, observations }
    }
}

fn objective(dice: &mut Dice, index: usize) -> String {
    let mut keys = vec![format!("rpo: {}", dice.pick(&["6h", "1d", "3d", "30d", "unknown"]))];
    let optional = [
        format!("attainment: {}", dice.pick(&["50%", "90%", "99.9%"])),
        format!("evidence: {}", dice.pick(&["attested", "reported", "observed", "verified", "restored"])),
        format!("copies: {}", dice.pick(&["1", "2"])),
        format!("independent: {}", dice.pick(&["[provider]", "[provider, account]"])),
        format!("retention: {}", dice.pick(&["1d", "10d", "60d"])),
        "immutable: true".to_owned(),
        "restore_test_every: 60d".to_owned(),
        "rto: 4h".to_owned(),
    ];
    keys.extend(optional.into_iter().filter(|_| dice.chance(60)));
    format!("  o{index}: {{ {} }}\n", keys.join(", "))
}

fn copy_text(dice: &mut Dice, id: &str, method: &str, other: &str) -> String {
    let claim = if dice.chance(30) { ", claim: It is copied." } else { "" };
    match method {
        "objects" => format!("{{ id: {id}, in: vault, by: objects, prefix: '{id}/ITEM'{claim} }}"),
        "git-mirror" => {
            format!("{{ id: {id}, in: mirror, by: git-mirror, url: 'https://m.example/{id}/{{name}}.git'{claim} }}")
        }
        "object-mirror" => format!("{{ id: {id}, in: vault, by: object-mirror, prefix: {id}{claim} }}"),
        "workflow" => format!("{{ id: {id}, in: hub, by: workflow, repository: x/y, workflow: {id}.yml{claim} }}"),
        "included" => format!("{{ id: {id}, by: included, of: {other}{claim} }}"),
        "rebuild" => {
            let on = if dice.chance(60) {
                format!(", rebuilt_on: {}", ago(dice.range(1, 5_000)).date_naive())
            } else {
                String::new()
            };
            format!("{{ id: {id}, by: rebuild, from: {other}{on}{claim} }}")
        }
        _ => {
            let made = ago(dice.range(1, 2_000)).date_naive();
            let expires = made + TimeDelta::days(dice.range(0, 120));
            let captured = if dice.chance(60) { format!(", captured_at: {made}") } else { String::new() };
            let place = dice.pick(&["vault", "hub", "dark", "unknown"]);
            let keeps = dice.pick(&["", ", keeps: 1", ", keeps: 60d"]);
            format!(
                "{{ id: {id}, in: {place}, by: attestation, statement: s {id}, attested_by: Jo, attested_on: {made}, expires: {expires}{captured}{keeps}{claim} }}"
            )
        }
    }
}

fn about(asset: &str, copy: Option<&str>, fact: Fact, dice: &mut Dice) -> Observation {
    let mut observation = Observation::new(fact, ago(dice.range(0, 40)));
    observation.asset = Some(asset.into());
    observation.copy = copy.map(Into::into);
    observation
}

fn changes(dice: &mut Dice) -> Fact {
    let exact = dice.chance(50);
    let at = (0..dice.below(5)).map(|_| ago(dice.range(45, 900))).collect();
    Fact::Changes(Changes { at, exact, from: exact.then(|| ago(1_000)) })
}

fn observe(dice: &mut Dice, asset: &str, copy: &str, method: &str, observations: &mut Vec<Observation>) {
    let looked_at = matches!(method, "objects" | "workflow" | "git-mirror" | "object-mirror");
    if looked_at && dice.chance(10) {
        let unseen = Unseen { fact: None, reason: UnseenReason::Unreachable, what: "it".into() };
        observations.push(about(asset, Some(copy), Fact::Unseen(unseen), dice));
        return;
    }
    let mut facts = Vec::new();
    match method {
        "objects" | "workflow" => facts.push(Fact::RecoveryPoints(points(dice, method == "objects"))),
        "git-mirror" | "object-mirror" => facts.push(Fact::Comparison(Box::new(comparison(dice)))),
        _ => {}
    }
    if matches!(method, "objects" | "object-mirror") && dice.chance(60) {
        facts.push(Fact::Settings(Settings {
            expires_days: dice.chance(30).then(|| dice.below(90)),
            locked_days: dice.chance(50).then(|| dice.below(90)),
            noncurrent_days: dice.chance(50).then(|| dice.below(90)),
            sync_deletes: dice.chance(30).then(|| dice.chance(50)),
            thaw_hours: dice.chance(20).then(|| dice.below(60)),
            unfinished: dice.chance(20).then(|| Unfinished { count: 1, newest: Some(ago(dice.range(25, 500))) }),
            versioning: dice.chance(60).then(|| dice.chance(60)),
        }));
    }
    if method == "workflow" && dice.chance(80) {
        let disabled = dice.chance(20).then(|| "disabled".into());
        let expression = *dice.pick(&["0 3 * * *", "0 */6 * * *", "0 3 * * 0"]);
        facts.push(Fact::Schedule(Schedule {
            dialect: Dialect::Cron,
            disabled,
            expressions: vec![expression.into()],
            hidden: None,
        }));
        let step = *dice.pick(&[6, 24, 48]);
        let runs = (0..60).map(|number| Run { outcome: RunOutcome::Success, started_at: ago(number * step + 20) });
        let from = ago(dice.range(100, 800));
        let runs = runs.filter(|run| run.started_at >= from).collect();
        facts.push(Fact::Runs(Runs { complete: dice.chance(80), from, runs }));
    }
    for fact in facts {
        observations.push(about(asset, Some(copy), fact, dice));
    }
}

fn points(dice: &mut Dice, sized: bool) -> RecoveryPoints {
    let step = *dice.pick(&[3, 12, 24, 60]);
    let delay = dice.range(0, 10);
    let first = dice.range(41, 100);
    let points = (0..dice.below(40)).rev().map(|number| {
        let captured_at = ago(first + i64::try_from(number).unwrap_or(0) * step + delay);
        Point {
            available_at: dice.chance(50).then(|| captured_at + TimeDelta::hours(delay)),
            bytes: if sized { Count::new(dice.below(20) * 50 * u64::from(dice.chance(90)) + 100) } else { None },
            captured_at,
            digest: None,
            items: None,
            location: None,
        }
    });
    let points = points.collect();
    let complete = dice.chance(75);
    let grade = if sized { Grade::Observed } else { Grade::Reported };
    RecoveryPoints {
        complete,
        from: dice.chance(50).then(|| ago(dice.range(100, 3_000))),
        grade,
        kept_from: dice.chance(50).then(|| ago(dice.range(100, 3_000))),
        points,
    }
}

fn comparison(dice: &mut Dice) -> Comparison {
    let mut few = |chance| if dice.chance(chance) { dice.below(4) } else { 0 };
    let (behind, different, missing, extra, none) = (few(20), few(15), few(15), few(20), few(8));
    let equal = if none > 0 { 0 } else { 1 + dice.below(50) };
    Comparison {
        basis: *dice.pick(&[Basis::Refs, Basis::Sha256, Basis::Size]),
        behind,
        by_size: if dice.chance(20) { dice.below(equal + 1) } else { 0 },
        bytes: None,
        complete: dice.chance(90),
        different,
        equal,
        extra,
        missing,
        names: Vec::new(),
        oldest_unprotected: dice.chance(40).then(|| ago(dice.range(41, 500))),
        sampled_ppm: dice.chance(10).then_some(50_000),
    }
}

fn inventory(dice: &mut Dice, observations: &mut Vec<Observation>) {
    if dice.chance(15) {
        return;
    }
    let names = ["a", "b"];
    for name in names {
        let mut item = serde_json::json!({ "kind": "repository", "name": name });
        if dice.chance(60) {
            item["created_at"] = serde_json::json!(ago(dice.range(60, 2_000)));
        }
        let item: Item = serde_json::from_value(item).expect("an item");
        let mut observation = Observation::new(Fact::Item(Box::new(item)), ago(2));
        observation.system = Some("hub".into());
        observations.push(observation);
    }
    let complete = dice.chance(85);
    let fact =
        Fact::Inventory(Inventory { complete, count: 2, from: ago(3), kind: ItemKind::Repository, public_only: false });
    let mut observation = Observation::new(fact, ago(1));
    observation.system = Some("hub".into());
    observations.push(observation);
}
