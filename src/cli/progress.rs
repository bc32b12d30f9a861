//! Progress on standard error: a bar on a terminal, plain lines elsewhere.
//!
//! What there is to tell is left to `collect`.

use std::io::IsTerminal as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::output;
use crate::collect::miss::Miss;
use crate::collect::watch::Watch;
use crate::render::escape::line;

/// How many missed questions of a stage are told one by one.
const MISSES_SHOWN: usize = 10;

/// Returns who tells people at standard error how far collecting is.
pub(super) fn on_stderr() -> Arc<dyn Watch> {
    if std::io::stderr().is_terminal() { Arc::new(Bar::default()) } else { Arc::new(Lines::default()) }
}

/// One stage as it goes on.
#[derive(Debug, Default)]
struct Stage {
    name: String,
    questions: usize,
    answered: usize,
    missed: usize,
}

impl Stage {
    /// Counts an answer, and returns what to say of it, if anything.
    fn count(&mut self, question: &str, missed: Option<&Miss>) -> Option<String> {
        self.answered += 1;
        let miss = missed?;
        self.missed += 1;
        match self.missed {
            0..=MISSES_SHOWN => Some(format!("not seen: {}: {} ({})", line(question), line(&miss.what), miss.reason)),
            _ => None,
        }
    }

    fn summary(&self) -> String {
        let Self { name, questions, missed, .. } = self;
        let missed = if *missed > 0 { format!(", {missed} not seen") } else { String::new() };
        format!("{name}: {} of {questions} asked{missed}", self.answered)
    }
}

/// Plain lines: one when a stage ends, and one for each of the first questions that were missed.
#[derive(Debug, Default)]
struct Lines(Mutex<Stage>);

impl Watch for Lines {
    fn begins(&self, stage: &str, questions: usize) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = Stage { name: stage.to_owned(), questions, ..Stage::default() };
    }

    fn answered(&self, question: &str, missed: Option<&Miss>) {
        let mut stage = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = stage.count(question, missed) {
            output::note(&text);
        }
    }

    fn nears(&self, question: &str, done: usize, of: usize) {
        // A line for each tenth of what takes long.
        let tenth = (of / 10).max(50);
        if done > 0 && done < of && done.is_multiple_of(tenth) {
            output::note(&format!("{}: {done} of {of}", line(question)));
        }
    }

    fn ends(&self) {
        let stage = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if stage.questions > 0 {
            output::note(&stage.summary());
        }
    }
}

/// A bar that is redrawn, with the misses above it.
#[derive(Debug, Default)]
struct Bar(Mutex<(Stage, Option<ProgressBar>)>);

impl Watch for Bar {
    fn begins(&self, stage: &str, questions: usize) {
        let bar = ProgressBar::new(questions as u64);
        if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {elapsed}") {
            bar.set_style(style);
        }
        bar.set_message(stage.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = (Stage { name: stage.to_owned(), questions, ..Stage::default() }, Some(bar));
    }

    fn answered(&self, question: &str, missed: Option<&Miss>) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (stage, bar) = &mut *now;
        let text = stage.count(question, missed);
        if let Some(bar) = bar {
            bar.inc(1);
            if let Some(text) = text {
                bar.suspend(|| output::note(&text));
            }
        }
    }

    fn nears(&self, question: &str, done: usize, of: usize) {
        let now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (stage, bar) = &*now;
        if let Some(bar) = bar {
            let more = if done < of { format!(", {}: {done} of {of}", line(question)) } else { String::new() };
            bar.set_message(format!("{}{more}", stage.name));
        }
    }

    fn ends(&self) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (stage, bar) = &mut *now;
        if let Some(bar) = bar.take() {
            bar.finish_and_clear();
        }
        if stage.questions > 0 {
            output::note(&stage.summary());
        }
    }
}
