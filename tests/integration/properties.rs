//! Properties of the judge on random policies, histories and graphs.
//!
//! The generator is in `case`; each other module holds properties of one subject.

mod arithmetic;
mod case;
mod graphs;
mod monotone;
mod order;
