//! The ids of all controls, each named for the wanted state.
//!
//! What each asks and how it is judged is left to `judge::controls`.

use super::word::words;

words! {
    /// One yes/no question that an audit asks.
    pub enum ControlId {
        /// The exposure of the asset now is within the RPO.
        RecoveryPointAge = "recovery-point-age",
        /// The share of the period with exposure within the RPO reaches the target.
        RpoAttainment = "rpo-attainment",
        /// The best valid evidence reaches the objective's floor.
        EvidenceGrade = "evidence-grade",
        /// There are enough copies with valid evidence besides the primary.
        Copies = "copies",
        /// Some valid copy differs from the primary in every domain key asked for.
        IndependentCopy = "independent-copy",
        /// A compared copy holds everything, unchanged.
        CopyComplete = "copy-complete",
        /// Every facet of the asset is covered by a valid copy.
        FacetsCovered = "facets-covered",
        /// The newest recovery point has a plausible size.
        SizePlausible = "size-plausible",
        /// No expected run is missing and the schedule is fast enough.
        RunsOnSchedule = "runs-on-schedule",
        /// Recovery points reach back far enough.
        Retention = "retention",
        /// One identity or clean-up job cannot delete the copy.
        Immutable = "immutable",
        /// A restore was tested recently enough, and fast enough.
        RestoreTested = "restore-tested",
        /// A rebuild is dated and its inputs survive.
        Rebuildable = "rebuildable",
        /// Statements are unexpired.
        AttestationCurrent = "attestation-current",
        /// No asset is covered only by something that it covers itself.
        CoverageAcyclic = "coverage-acyclic",
        /// No single domain value takes the asset and all its copies.
        SurvivesLoss = "survives-loss",
        /// Nothing is undeclared, nothing vanished.
        Declared = "declared",
        /// The asset has an owner that is not one person.
        Owned = "owned",
        /// Each quoted claim is supported.
        ClaimSupported = "claim-supported",
        /// Each waiver is unexpired, matches something and is not simply renewed.
        WaiversSound = "waivers-sound",
        /// The audit itself could see everything it asked for.
        AuditComplete = "audit-complete",
    }
}
