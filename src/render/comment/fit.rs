//! Making a comment fit: lists are cut row by row, and what was left out is counted and said.
//!
//! What the rows say is left to `tables`.

/// The bytes kept free for the line that says what was left out.
const NOTE: usize = 400;
/// The bytes that a list needs besides its rows, when all of them are left out.
const FRAME: usize = 200;

/// A list of a comment.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// What stands above the rows.
    pub(super) head: String,
    /// The rows, each with its newline.
    pub(super) rows: Vec<String>,
    /// What stands below them.
    pub(super) foot: String,
    /// What one row is, and what several are, such as `gap` and `gaps`.
    pub(super) names: (&'static str, &'static str),
}

/// A comment that is being written.
pub(super) struct Fit {
    text: String,
    closing: String,
    max: usize,
    left_out: Vec<String>,
}

impl Fit {
    /// Begins a comment of at most `max` bytes that ends with `closing`.
    pub(super) fn new(max: usize, closing: &str) -> Self {
        Self { text: String::new(), closing: closing.to_owned(), max, left_out: Vec::new() }
    }

    /// Adds what must be there. It is short: its parts are cut where they are escaped.
    pub(super) fn always(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Adds a list, as many of its rows as fit in three quarters of what is free, so that the lists that
    /// follow are not crowded out.
    pub(super) fn block(&mut self, block: Block) {
        if block.rows.is_empty() {
            return;
        }
        let free = self.max.saturating_sub(self.text.len() + self.closing.len() + NOTE);
        let mut budget = (free / 4 * 3).saturating_sub(block.head.len() + block.foot.len() + FRAME);
        let mut taken = 0;
        for row in &block.rows {
            let Some(rest) = budget.checked_sub(row.len()) else { break };
            budget = rest;
            taken += 1;
        }
        let left = block.rows.len() - taken;
        if left > 0 {
            let (one, many) = block.names;
            self.left_out.push(format!(
                "{left} of {} {}",
                block.rows.len(),
                if block.rows.len() == 1 { one } else { many }
            ));
        }
        if taken > 0 {
            self.text.push_str(&block.head);
            block.rows.iter().take(taken).for_each(|row| self.text.push_str(row));
            self.text.push_str(&block.foot);
        }
    }

    /// Returns the comment.
    pub(super) fn finish(mut self) -> String {
        if !self.left_out.is_empty() {
            self.text.push_str(&format!(
                "\n**Left out here, because a comment holds no more: {}.** The whole report has them.\n",
                self.left_out.join(", ")
            ));
        }
        self.text.push_str(&self.closing);
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(rows: usize, length: usize) -> Block {
        let rows = (0..rows).map(|number| format!("{number:0>length$}\n")).collect();
        Block { head: "head\n".to_owned(), rows, foot: "foot\n".to_owned(), names: ("gap", "gaps") }
    }

    #[test]
    fn what_fits_is_all_there() {
        let mut fit = Fit::new(2_000, "closing\n");
        fit.always("begins\n");
        fit.block(block(2, 3));
        fit.block(Block::default());
        assert_eq!(fit.finish(), "begins\nhead\n000\n001\nfoot\nclosing\n");
    }

    #[test]
    fn what_does_not_fit_is_counted_and_what_follows_still_has_room() {
        for max in [1_000, 5_000, 65_536] {
            let mut fit = Fit::new(max, "closing\n");
            fit.block(block(1_000, 100));
            fit.block(block(1_000, 100));
            let text = fit.finish();
            assert!(text.len() <= max, "{} of {max}", text.len());
            let shown = text.lines().filter(|line| line.len() == 100).count();
            let left: usize = text
                .split(" of 1000 gaps")
                .filter_map(|part| part.rsplit([' ', ',']).next()?.parse::<usize>().ok())
                .sum();
            assert_eq!(shown + left, 2_000, "{text}");
            assert!(max < 5_000 || text.matches("head\n").count() == 2);
            assert!(text.ends_with("closing\n"));
        }
    }
}
