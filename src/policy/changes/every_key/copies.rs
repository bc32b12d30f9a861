//! Every key of every kind of copy.
//!
//! How a row is read is left to the file above.

use super::*;

#[test]
fn every_key_of_a_copy_is_told() {
    told(
        "GitMirror",
        document::GitMirror::KEYS,
        ASSET,
        ("  - { id: a, lives_in: ext, objective: o, copies: [{ ", " }] }"),
        &[
            (
                "in",
                "id: c, by: git-mirror, in: git, url: 'https://git.example/x'",
                "id: c, by: git-mirror, in: hub, url: 'https://git.example/x'",
                Different,
                "in",
            ),
            (
                "url",
                "id: c, by: git-mirror, in: git, url: 'https://git.example/x'",
                "id: c, by: git-mirror, in: git, url: 'https://git.example/y'",
                Different,
                "url",
            ),
            (
                "covers",
                "id: c, by: git-mirror, in: git, url: 'https://git.example/x', covers: [git]",
                "id: c, by: git-mirror, in: git, url: 'https://git.example/x', covers: [git, wiki]",
                Different,
                "covers",
            ),
            (
                "claim",
                "id: c, by: git-mirror, in: git, url: 'https://git.example/x', claim: It is copied.",
                "id: c, by: git-mirror, in: git, url: 'https://git.example/x'",
                Weaker,
                "claim",
            ),
            (
                "claim",
                "id: c, by: git-mirror, in: git, url: 'https://git.example/x', claim: It is copied.",
                "id: c, by: git-mirror, in: git, url: 'https://git.example/x', claim: Other.",
                Different,
                "claim",
            ),
            (
                "said_in",
                "id: c, by: git-mirror, in: git, url: 'https://git.example/x', said_in: x",
                "id: c, by: git-mirror, in: git, url: 'https://git.example/x', said_in: y",
                Different,
                "said_in",
            ),
            (
                "said_on",
                "id: c, by: git-mirror, in: git, url: 'https://git.example/x', said_on: 2026-01-01",
                "id: c, by: git-mirror, in: git, url: 'https://git.example/x', said_on: 2026-01-02",
                Different,
                "said_on",
            ),
            (
                "id",
                "id: c, by: git-mirror, in: git, url: 'https://git.example/x'",
                "id: d, by: git-mirror, in: git, url: 'https://git.example/x'",
                Weaker,
                "+copy",
            ),
        ],
    );
    told(
        "Commits",
        document::Commits::KEYS,
        ASSET,
        ("  - { id: a, lives_in: ext, objective: o, copies: [{ id: c, by: commits, ", " }] }"),
        &[
            ("in", "in: hub, repository: r", "in: hub2, repository: r", Different, "in"),
            ("repository", "in: hub, repository: o/r", "in: hub, repository: o/s", Different, "repository"),
            ("path", "in: hub, repository: o/r, path: p", "in: hub, repository: o/r, path: q", Different, "path"),
            (
                "branch",
                "in: hub, repository: o/r, branch: p",
                "in: hub, repository: o/r, branch: q",
                Different,
                "branch",
            ),
        ],
    );
    told(
        "Workflow",
        document::Workflow::KEYS,
        ASSET,
        ("  - { id: a, lives_in: ext, objective: o, copies: [{ id: c, by: workflow, ", " }] }"),
        &[
            (
                "in",
                "runs_in: hub, repository: o/r, workflow: w.yml, in: vault",
                "runs_in: hub, repository: o/r, workflow: w.yml, in: ext",
                Different,
                "in",
            ),
            (
                "repository",
                "in: hub, repository: o/r, workflow: w.yml",
                "in: hub, repository: o/s, workflow: w.yml",
                Different,
                "repository",
            ),
            (
                "workflow",
                "in: hub, repository: o/r, workflow: w.yml",
                "in: hub, repository: o/r, workflow: v.yml",
                Different,
                "workflow",
            ),
            (
                "branch",
                "in: vault, runs_in: hub, repository: o/r, workflow: w.yml, branch: p",
                "in: vault, runs_in: hub, repository: o/r, workflow: w.yml, branch: q",
                Different,
                "branch",
            ),
            (
                "event",
                "in: vault, runs_in: hub, repository: o/r, workflow: w.yml, event: push",
                "in: vault, runs_in: hub, repository: o/r, workflow: w.yml, event: schedule",
                Different,
                "event",
            ),
            (
                "step",
                "in: vault, runs_in: hub, repository: o/r, workflow: w.yml, step: p",
                "in: vault, runs_in: hub, repository: o/r, workflow: w.yml, step: q",
                Different,
                "step",
            ),
            (
                "runs_in",
                "in: vault, repository: r, workflow: w.yml, runs_in: hub",
                "in: vault, repository: r, workflow: w.yml, runs_in: hub2",
                Different,
                "runs_in",
            ),
        ],
    );
    told(
        "Migrations",
        document::Migrations::KEYS,
        ASSET,
        ("  - { id: a, lives_in: ext, objective: o, copies: [{ id: c, by: migrations, ", " }] }"),
        &[("in", "in: hub", "in: hub2", Different, "in")],
    );
    told(
        "Releases",
        document::Releases::KEYS,
        ASSET,
        ("  - { id: a, lives_in: ext, objective: o, copies: [{ id: c, by: releases, ", " }] }"),
        &[
            ("repository", "in: hub, repository: o/r", "in: hub, repository: o/s", Different, "repository"),
            (
                "pattern",
                "in: hub, repository: o/r, pattern: p",
                "in: hub, repository: o/r, pattern: q",
                Different,
                "pattern",
            ),
            ("in", "repository: r, in: hub", "repository: r, in: hub2", Different, "in"),
        ],
    );
    told(
        "Objects",
        document::Objects::KEYS,
        ASSET,
        ("  - { id: a, lives_in: ext, objective: o, copies: [{ id: c, by: objects, ", " }] }"),
        &[
            ("prefix", "in: vault, prefix: p/", "in: vault, prefix: q/", Different, "prefix"),
            ("pattern", "in: vault, pattern: p", "in: vault, pattern: q", Different, "pattern"),
            (
                "group",
                "in: vault, pattern: '(?P<day>p)', group: day",
                "in: vault, pattern: '(?P<day>p)', group: match",
                Different,
                "group",
            ),
            ("min_bytes", "in: vault, min_bytes: 9", "in: vault, min_bytes: 8", Weaker, "min_bytes"),
            ("min_items", "in: vault, min_items: 9", "in: vault", Weaker, "min_items"),
            ("in", "in: vault", "in: vault2", Different, "in"),
        ],
    );
    told(
        "ObjectMirror",
        document::ObjectMirror::KEYS,
        ASSET,
        ("  - { id: a, lives_in: art, objective: o, copies: [{ id: c, by: object-mirror, ", " }] }"),
        &[
            ("of", "in: vault, of: p", "in: vault, of: q", Different, "of"),
            ("prefix", "in: vault, prefix: p", "in: vault, prefix: q", Different, "prefix"),
            ("sample", "in: vault, sample: 9%", "in: vault, sample: 8%", Weaker, "sample"),
            ("sample", "in: vault", "in: vault, sample: 8%", Weaker, "sample"),
            ("in", "in: vault", "in: vault2", Different, "in"),
        ],
    );
    told(
        "Artifacts",
        document::Artifacts::KEYS,
        ASSET,
        ("  - { id: a, lives_in: ext, objective: o, copies: [{ id: c, by: artifacts, ", " }] }"),
        &[
            ("repository", "in: art, repository: r", "in: art, repository: s", Different, "repository"),
            ("path", "in: art, repository: r, path: p", "in: art, repository: r, path: q", Different, "path"),
            (
                "pattern",
                "in: art, repository: r, pattern: p",
                "in: art, repository: r, pattern: q",
                Different,
                "pattern",
            ),
            ("in", "repository: r, in: art", "repository: r, in: art2", Different, "in"),
        ],
    );
    told(
        "ArtifactMirror",
        document::ArtifactMirror::KEYS,
        ASSET,
        ("  - { id: a, lives_in: vault, objective: o, copies: [{ id: c, by: artifact-mirror, ", " }] }"),
        &[
            ("repository", "in: art, repository: r", "in: art, repository: s", Different, "repository"),
            ("path", "in: art, repository: r, path: p", "in: art, repository: r, path: q", Different, "path"),
            ("of", "in: art, repository: r, of: p", "in: art, repository: r, of: q", Different, "of"),
            ("sample", "in: art, repository: r, sample: 9%", "in: art, repository: r, sample: 8%", Weaker, "sample"),
            ("in", "repository: r, in: art", "repository: r, in: art2", Different, "in"),
        ],
    );
    told(
        "BackupConfig",
        document::BackupConfig::KEYS,
        ASSET,
        ("  - { id: a, ", " }] }"),
        &[
            (
                "key",
                "lives_in: ci, objective: o, copies: [{ id: c, by: backup-config, in: ci, key: thinBackup",
                "lives_in: ci, objective: o, copies: [{ id: c, by: backup-config, in: ci, key: periodicbackup",
                Different,
                "key",
            ),
            (
                "in",
                "lives_in: ci, objective: o, copies: [{ id: c, by: backup-config, in: ci, key: thinBackup",
                "lives_in: ci2, objective: o, copies: [{ id: c, by: backup-config, in: ci2, key: thinBackup",
                Different,
                "in",
            ),
        ],
    );
    told(
        "Replication",
        document::Replication::KEYS,
        ASSET,
        ("  - { id: a, ", " }] }"),
        &[
            (
                "repository",
                "lives_in: art, objective: o, copies: [{ id: c, by: replication, in: ext, runs_in: art, repository: r",
                "lives_in: art, objective: o, copies: [{ id: c, by: replication, in: ext, runs_in: art, repository: s",
                Different,
                "repository",
            ),
            (
                "in",
                "lives_in: art, objective: o, copies: [{ id: c, by: replication, repository: r, runs_in: art, in: ext",
                "lives_in: art, objective: o, copies: [{ id: c, by: replication, repository: r, runs_in: art, in: vault",
                Different,
                "in",
            ),
            (
                "runs_in",
                "lives_in: art, objective: o, copies: [{ id: c, by: replication, in: ext, repository: r, runs_in: art",
                "lives_in: art2, objective: o, copies: [{ id: c, by: replication, in: ext, repository: r, runs_in: art2",
                Different,
                "runs_in",
            ),
        ],
    );
    told(
        "Build",
        document::Build::KEYS,
        ASSET,
        ("  - { id: a, lives_in: ext, objective: o, copies: [{ id: c, by: build, ", " }] }"),
        &[
            ("job", "in: ci, job: x", "in: ci, job: y", Different, "job"),
            ("artifact", "in: ci, job: x, artifact: p", "in: ci, job: x, artifact: q", Different, "artifact"),
            ("in", "job: x, in: ci", "job: x, in: ci2", Different, "in"),
            ("runs_in", "in: vault, job: x, runs_in: ci", "in: vault, job: x, runs_in: ci2", Different, "runs_in"),
        ],
    );
    told(
        "Http",
        document::Http::KEYS,
        ASSET,
        ("  - { id: a, lives_in: ext, objective: o, copies: [{ id: c, by: http, ", " }] }"),
        &[
            (
                "url",
                "in: ext, url: 'https://x.example', header: X-A",
                "in: ext, url: 'https://y.example', header: X-A",
                Different,
                "url",
            ),
            (
                "header",
                "in: ext, url: 'https://x.example', header: X-A",
                "in: ext, url: 'https://x.example', header: X-B",
                Different,
                "header",
            ),
            (
                "pointer",
                "in: ext, url: 'https://x.example', pointer: /a",
                "in: ext, url: 'https://x.example', pointer: /b",
                Different,
                "pointer",
            ),
            (
                "in",
                "url: 'https://x.example', header: X-A, in: ext",
                "url: 'https://x.example', header: X-A, in: unknown",
                Different,
                "in",
            ),
        ],
    );
    told(
        "Import",
        document::Import::KEYS,
        ASSET,
        ("  - { id: a, lives_in: ext, objective: o, copies: [{ id: c, by: import, ", " }] }"),
        &[
            ("file", "in: ext, file: a", "in: ext, file: b", Different, "file"),
            ("in", "in: ext, file: a", "in: unknown, file: a", Different, "in"),
        ],
    );
    told(
        "Attestation",
        document::Attestation::KEYS,
        ASSET,
        ("  - { id: a, lives_in: ext, objective: o, copies: [{ id: c, by: attestation, ", " }] }"),
        &[
            (
                "statement",
                "in: vault, statement: s, attested_by: x, attested_on: 2026-01-01, expires: 2026-06-30",
                "in: vault, statement: t, attested_by: x, attested_on: 2026-01-01, expires: 2026-06-30",
                Different,
                "statement",
            ),
            (
                "attested_by",
                "in: vault, statement: s, attested_by: x, attested_on: 2026-01-01, expires: 2026-06-30",
                "in: vault, statement: s, attested_by: y, attested_on: 2026-01-01, expires: 2026-06-30",
                Different,
                "attested_by",
            ),
            (
                "attested_on",
                "in: vault, statement: s, attested_by: x, attested_on: 2026-01-01, expires: 2026-06-30",
                "in: vault, statement: s, attested_by: x, attested_on: 2026-01-02, expires: 2026-06-30",
                Different,
                "attested_on",
            ),
            (
                "expires",
                "in: vault, statement: s, attested_by: x, attested_on: 2026-01-01, expires: 2026-06-30",
                "in: vault, statement: s, attested_by: x, attested_on: 2026-01-01, expires: 2026-07-30",
                Weaker,
                "expires",
            ),
            (
                "captured_at",
                "in: vault, statement: s, attested_by: x, attested_on: 2026-01-01, expires: 2026-06-30",
                "in: vault, statement: s, attested_by: x, attested_on: 2026-01-01, expires: 2026-06-30, captured_at: 2026-01-01",
                Different,
                "captured_at",
            ),
            (
                "reference",
                "in: vault, statement: s, attested_by: x, attested_on: 2026-01-01, expires: 2026-06-30",
                "in: vault, statement: s, attested_by: x, attested_on: 2026-01-01, expires: 2026-06-30, reference: r",
                Different,
                "reference",
            ),
            (
                "keeps",
                "in: vault, statement: s, attested_by: x, attested_on: 2026-01-01, expires: 2026-06-30",
                "in: vault, statement: s, attested_by: x, attested_on: 2026-01-01, expires: 2026-06-30, keeps: 9",
                Different,
                "keeps",
            ),
            (
                "in",
                "statement: s, attested_by: x, attested_on: 2026-01-01, expires: 2026-06-30, in: vault",
                "statement: s, attested_by: x, attested_on: 2026-01-01, expires: 2026-06-30, in: unknown",
                Different,
                "in",
            ),
        ],
    );
    told(
        "Included",
        document::Included::KEYS,
        ASSET,
        ("  - { id: a, lives_in: ext, objective: o, copies: [{ id: c, by: included, ", " }] }"),
        &[("of", "of: e", "of: f", Different, "of")],
    );
    told(
        "Rebuild",
        document::Rebuild::KEYS,
        ASSET,
        ("  - { id: a, lives_in: ext, objective: o, copies: [{ id: c, by: rebuild, ", " }] }"),
        &[
            ("from", "from: e", "from: [e]", Different, "from"),
            ("rebuilt_on", "from: e", "from: e, rebuilt_on: 2026-01-01", Different, "rebuilt_on"),
            ("reference", "from: e", "from: e, reference: r", Different, "reference"),
        ],
    );
}
