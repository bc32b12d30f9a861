//! Properties of the judge on random policies, histories and graphs.
//!
//! The generator is in `case`; each other module holds properties of one subject.

mod agreement;
mod arithmetic;
mod case;
mod graphs;
mod monotone;
mod order;

use proptest::test_runner::{Config, RngSeed};

/// Returns the configuration of a property: the same cases in every run, so that a failure is a
/// change's and not chance's. `PROPTEST_RNG_SEED=random` (or a number) looks further.
fn config(cases: u32) -> Config {
    let fixed = Config { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(2020), ..Config::default() };
    match std::env::var_os("PROPTEST_RNG_SEED") {
        Some(_) => Config { rng_seed: Config::default().rng_seed, ..fixed },
        None => fixed,
    }
}
