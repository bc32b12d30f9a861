//! The synthetic organisation: real services on loopback, each with a truth that tests know.
//!
//! One module a service; what is expected of the tool stands in the tests.

pub mod git;
