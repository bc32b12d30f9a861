//! Making a comment fit: lists are cut row by row, and what was left out is counted and said.
//!
//! What the rows say is left to `tables`.

/// The bytes kept free for the line that says what was left out.
const NOTE: usize = 400;
/// The bytes that a list needs besides its rows, when all of them are left out.
const FRAME: usize = 200;

/// A list of a comment.
pub(super) struct Block<'b> {
    /// What stands above the rows.
    pub(super) head: String,
    /// How many rows there are.
    pub(super) count: usize,
    /// The rows, each with its newline; only those that are shown are made.
    pub(super) rows: Box<dyn Iterator<Item = String> + 'b>,
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
    pub(super) fn block(&mut self, block: Block<'_>) {
        if block.count == 0 {
            return;
        }
        let free = self.max.saturating_sub(self.text.len() + self.closing.len() + NOTE);
        let mut budget = (free / 4 * 3).saturating_sub(block.head.len() + block.foot.len() + FRAME);
        let (mut rows, mut taken) = (String::new(), 0);
        for row in block.rows {
            let Some(rest) = budget.checked_sub(row.len()) else { break };
            budget = rest;
            taken += 1;
            rows.push_str(&row);
        }
        let left = block.count.saturating_sub(taken);
        if left > 0 {
            let (one, many) = block.names;
            self.left_out.push(format!("{left} of {} {}", block.count, if block.count == 1 { one } else { many }));
        }
        if taken > 0 {
            for part in [&block.head, &rows, &block.foot] {
                self.text.push_str(part);
            }
        }
    }

    /// Returns the comment. Should what must be there be too long by itself, its last lines are cut.
    pub(super) fn finish(mut self) -> String {
        if !self.left_out.is_empty() {
            self.text.push_str(&format!(
                "\n**Left out here, because a comment holds no more: {}.** The whole report has them.\n",
                self.left_out.join(", ")
            ));
        }
        let room = self.max.saturating_sub(self.closing.len());
        if self.text.len() > room {
            let cut = (0..=room).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or(0);
            let cut = self.text[..cut].rfind('\n').map_or(cut, |newline| newline + 1);
            self.text.truncate(cut);
        }
        self.text.push_str(&self.closing);
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(count: usize, length: usize) -> Block<'static> {
        let rows = Box::new((0..count).map(move |number| format!("{number:0>length$}\n")));
        Block { head: "head\n".to_owned(), count, rows, foot: "foot\n".to_owned(), names: ("gap", "gaps") }
    }

    #[test]
    fn rows_that_are_not_shown_are_not_made() {
        let made = std::cell::Cell::new(0);
        let rows = (0..100_000).map(|number| {
            made.set(made.get() + 1);
            format!("{number}\n")
        });
        let mut fit = Fit::new(2_000, "");
        fit.block(Block { count: 100_000, rows: Box::new(rows), ..block(0, 1) });
        assert!(made.get() < 2_000, "{}", made.get());
        assert!(fit.finish().contains("of 100000 gaps"));
    }

    #[test]
    fn what_fits_is_all_there() {
        let mut fit = Fit::new(2_000, "closing\n");
        fit.always("begins\n");
        fit.block(block(2, 3));
        fit.block(block(0, 3));
        assert_eq!(fit.finish(), "begins\nhead\n000\n001\nfoot\nclosing\n");
    }

    #[test]
    fn nothing_makes_it_longer_than_it_may_be() {
        let mut fit = Fit::new(100, "closing\n");
        fit.always("begins\n");
        fit.always(&"é".repeat(200));
        assert_eq!(fit.finish(), "begins\nclosing\n");
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
