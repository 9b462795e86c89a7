//! Finds the end of a record and the places of its cells, in as many steps as
//! its text comes in.

use memchr::{memchr, memchr2};

use super::dialect::Dialect;
use crate::bulk::csv::LineEnding;

/// Where a cell stands in its record, without its quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell {
    start: u32,
    /// The highest bit tells that there are doubled quotes in it.
    end: u32,
}

const DOUBLED: u32 = 1 << 31;

impl Cell {
    fn new(start: usize, end: usize, doubled: bool) -> Self {
        // Records are shorter than 2 GiB, see `LARGEST`.
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX) & !DOUBLED;
        Self {
            start: place(start),
            end: place(end) | if doubled { DOUBLED } else { 0 },
        }
    }

    pub(super) fn range(self) -> std::ops::Range<usize> {
        let place = |at: u32| usize::try_from(at & !DOUBLED).unwrap_or(usize::MAX);
        place(self.start)..place(self.end)
    }

    pub(super) fn has_doubled_quotes(self) -> bool {
        self.end & DOUBLED != 0
    }
}

/// No record is larger, whatever limit is set.
pub(super) const LARGEST: usize = (1 << 31) - 1;

/// What is wrong with the text of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// Text stands between a closing quote and the end of its cell.
    BehindQuote,
    /// The text ended within quotes.
    Unclosed,
    /// A line ended otherwise than the others.
    LineEnd,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first character of a cell.
    Begin,
    Plain,
    Quoted,
    /// Behind a quote in a quoted cell: the last one, or the first of two.
    Closing,
    /// Behind a closing quote, where nothing should be.
    Behind,
}

/// How far a step came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The record has this length, with its line end. Without it: `content`.
    Record { length: usize, content: usize },
    /// The record goes on behind the text.
    More,
}

#[derive(Debug)]
pub(super) struct Scanner {
    dialect: Dialect,
    state: State,
    /// How much of the record was looked at.
    at: usize,
    /// Where the cell under way began.
    start: usize,
    doubled: bool,
    flaw: Option<Flaw>,
}

impl Scanner {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            state: State::Begin,
            at: 0,
            start: 0,
            doubled: false,
            flaw: None,
        }
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// How much of the record under way was looked at.
    pub(super) fn looked_at(&self) -> usize {
        self.at
    }

    /// Looks at `text`, which begins with the record, from where the last step
    /// ended, and puts the cells that it finds behind those that are there.
    /// `last` says that no text follows.
    pub(super) fn step(&mut self, text: &[u8], last: bool, cells: &mut Vec<Cell>) -> Step {
        let delimiter = self.dialect.delimiter.byte();
        loop {
            match self.state {
                State::Begin => match text.get(self.at) {
                    None if !last => return Step::More,
                    Some(b'"') => {
                        self.at += 1;
                        self.begin(State::Quoted);
                    }
                    None | Some(_) => self.begin(State::Plain),
                },
                State::Plain => {
                    let Some(found) = self.seek_end(text) else {
                        if !last {
                            return Step::More;
                        }
                        cells.push(self.cell(self.at));
                        return self.record(self.at, self.at);
                    };
                    if text[found] == delimiter {
                        cells.push(self.cell(found));
                        self.next_cell(found);
                    } else if let Some(content) = self.line_end(text, found) {
                        cells.push(self.cell(content));
                        return self.record(content, found + 1);
                    }
                }
                State::Quoted => {
                    let Some(found) = memchr(b'"', &text[self.at..]) else {
                        self.at = text.len();
                        if !last {
                            return Step::More;
                        }
                        self.flaw.get_or_insert(Flaw::Unclosed);
                        cells.push(self.cell(self.at));
                        return self.record(self.at, self.at);
                    };
                    self.at += found + 1;
                    self.state = State::Closing;
                }
                State::Closing => {
                    let close = self.at - 1;
                    match text.get(self.at..).unwrap_or_default() {
                        [b'"', ..] => {
                            self.doubled = true;
                            self.at += 1;
                            self.state = State::Quoted;
                        }
                        [byte, ..] if *byte == delimiter => {
                            cells.push(self.cell(close));
                            self.next_cell(self.at);
                        }
                        [b'\n', ..] => {
                            self.check_line_end(LineEnding::Lf);
                            cells.push(self.cell(close));
                            return self.record(self.at, self.at + 1);
                        }
                        [b'\r', b'\n', ..] => {
                            self.check_line_end(LineEnding::Crlf);
                            cells.push(self.cell(close));
                            return self.record(self.at, self.at + 2);
                        }
                        [] | [b'\r'] if !last => return Step::More,
                        [] => {
                            cells.push(self.cell(close));
                            return self.record(self.at, self.at);
                        }
                        _ => {
                            self.flaw.get_or_insert(Flaw::BehindQuote);
                            cells.push(self.cell(close));
                            self.state = State::Behind;
                        }
                    }
                }
                State::Behind => {
                    let Some(found) = self.seek_end(text) else {
                        if !last {
                            return Step::More;
                        }
                        return self.record(self.at, self.at);
                    };
                    if text[found] == delimiter {
                        self.next_cell(found);
                    } else if let Some(content) = self.line_end(text, found) {
                        return self.record(content, found + 1);
                    }
                }
            }
        }
    }

    fn begin(&mut self, state: State) {
        self.start = self.at;
        self.doubled = false;
        self.state = state;
    }

    fn next_cell(&mut self, delimiter_at: usize) {
        self.at = delimiter_at + 1;
        self.state = State::Begin;
    }

    fn cell(&self, end: usize) -> Cell {
        Cell::new(self.start, end, self.doubled)
    }

    /// The next delimiter or line feed.
    fn seek_end(&mut self, text: &[u8]) -> Option<usize> {
        match memchr2(self.dialect.delimiter.byte(), b'\n', &text[self.at..]) {
            Some(found) => Some(self.at + found),
            None => {
                self.at = text.len();
                None
            }
        }
    }

    /// Whether the line feed at `found` ends the record, and where its content
    /// ends then. Otherwise it is looked at and belongs to the cell.
    fn line_end(&mut self, text: &[u8], found: usize) -> Option<usize> {
        let before = found.checked_sub(1).filter(|at| *at >= self.start);
        let returned = before.is_some_and(|at| text[at] == b'\r');
        match self.dialect.line_end {
            LineEnding::Lf => {
                if returned {
                    self.check_line_end(LineEnding::Crlf);
                }
                Some(found)
            }
            LineEnding::Crlf if returned => before,
            LineEnding::Crlf if self.dialect.strict => {
                self.check_line_end(LineEnding::Lf);
                Some(found)
            }
            LineEnding::Crlf => {
                self.at = found + 1;
                None
            }
        }
    }

    fn check_line_end(&mut self, met: LineEnding) {
        if self.dialect.strict && met != self.dialect.line_end {
            self.flaw.get_or_insert(Flaw::LineEnd);
        }
    }

    fn record(&mut self, content: usize, length: usize) -> Step {
        self.at = 0;
        self.state = State::Begin;
        Step::Record { length, content }
    }

    /// What was wrong with the record that just ended.
    pub(super) fn take_flaw(&mut self) -> Option<Flaw> {
        self.flaw.take()
    }
}
