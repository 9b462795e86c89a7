use std::fs::File;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;

use super::aside::{Aside, reuse};
use super::{Bounds, Refusals, Refused, as_u64};
use crate::bulk::csv::read::{Columns, Dialect, LARGEST_RECORD, RawRecord, Splitter};
use crate::bulk::csv::write::limits;
use crate::bulk::csv::{Delimiter, LineEnding};
use crate::bulk::ingest::csv_source::{Pieces, Source};
use crate::bulk::ingest::loaded::Loaded;
use crate::bulk::ingest::part::{Data, Part};
use crate::bulk::job::JobInfo;
use crate::bulk::results::Inputs;
use crate::bulk::spool::{Stored, blocking};
use crate::error::{Error, Result};

/// After so many rows others get their turn.
const AT_ONCE: usize = 4096;

/// How the text is written, as far as that was said.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told {
    pub(crate) delimiter: Option<Delimiter>,
    pub(crate) line_ending: Option<LineEnding>,
}

/// Cuts CSV text between its records.
pub(crate) struct CsvCutter {
    input: Input,
    splitter: Splitter,
    header: Bytes,
    columns: Columns,
    bounds: Bounds,
    part: u64,
    row: u64,
    /// No text follows.
    ended: bool,
    /// Whether parts are copies, though the text is at hand: once it was found to have
    /// what is not sent, since a stretch has no holes.
    copying: bool,
    refusals: Refusals,
    draft: Draft,
}

enum Input {
    /// Parts are stretches of it.
    File(Stored),
    Bytes {
        all: Bytes,
        at: usize,
    },
    /// Parts are copies.
    Pieces(Pieces),
}

impl Input {
    async fn open(source: Source) -> Result<Self> {
        Ok(match source {
            Source::Bytes(all) => Self::Bytes { all, at: 0 },
            Source::Pieces(pieces) => Self::Pieces(pieces),
            Source::Path(path) => {
                let opened = blocking(move || {
                    let file = File::open(path)?;
                    let found = file.metadata()?;
                    if found.is_dir() {
                        return Err(std::io::ErrorKind::IsADirectory.into());
                    }
                    Ok((file, found.len()))
                });
                let (file, length) = opened.await.map_err(unreadable)?;
                Self::File(Stored {
                    file: Arc::new(file),
                    range: 0..length,
                })
            }
        })
    }

    /// The next piece of the text; an empty one is its end.
    async fn next(&mut self) -> Result<Bytes> {
        const PIECE: usize = 256 * 1024;
        match self {
            Self::File(rest) if rest.range.is_empty() => Ok(Bytes::new()),
            Self::File(rest) => rest.next_piece().await.map_err(unreadable),
            Self::Bytes { all, at } => {
                let end = all.len().min(*at + PIECE);
                let piece = all.slice(*at..end);
                *at = end;
                Ok(piece)
            }
            Self::Pieces(pieces) => loop {
                match pieces.next().await.transpose()? {
                    Some(empty) if empty.is_empty() => {}
                    piece => return Ok(piece.unwrap_or_default()),
                }
            },
        }
    }
}

fn unreadable(error: std::io::Error) -> Error {
    Error::disk("the CSV file cannot be read", error)
}

/// The part under way.
struct Draft {
    first_row: u64,
    /// Behind its last row.
    end_row: u64,
    records: u64,
    /// Where it stands in the text.
    range: Range<u64>,
    /// Of that stretch.
    checksum: crc32fast::Hasher,
    /// Where parts are copies.
    copy: Option<(Vec<u8>, Aside)>,
}

impl Draft {
    fn new(first_row: u64, copies: bool, bounds: &Bounds) -> Self {
        Self {
            first_row,
            end_row: first_row,
            records: 0,
            range: 0..0,
            checksum: crc32fast::Hasher::new(),
            copy: copies.then(|| (Vec::new(), Aside::new(bounds))),
        }
    }

    /// How many bytes it has with this record too.
    fn bytes_with(&self, record: &RawRecord<'_>) -> u64 {
        match &self.copy {
            Some((text, aside)) => aside.stored() + as_u64(text.len() + record.bytes.len()),
            None if self.records == 0 => as_u64(record.bytes.len()),
            None => record.range.end - self.range.start,
        }
    }

    /// Whether the record can follow: what stands between can only be empty lines.
    fn reaches(&self, record: &RawRecord<'_>) -> bool {
        self.copy.is_some() || self.records == 0 || !record.odd
    }

    fn add(&mut self, row: u64, record: &RawRecord<'_>, ending: LineEnding) {
        match &mut self.copy {
            Some((text, _)) => text.extend_from_slice(record.bytes),
            None => {
                let gap = match self.records {
                    0 => 0,
                    _ => record.range.start.saturating_sub(self.range.end),
                };
                let ending = ending.bytes();
                for _ in 0..gap / as_u64(ending.len()) {
                    self.checksum.update(ending);
                }
                self.checksum.update(record.bytes);
            }
        }
        if self.records == 0 {
            self.range.start = record.range.start;
        }
        self.range.end = record.range.end;
        self.records += 1;
        self.end_row = row + 1;
    }
}

enum Stop {
    Cut(Draft),
    Store,
    Yield,
    More,
}

impl CsvCutter {
    /// Reads the beginning: how the text is written, and its header.
    pub(crate) async fn open(source: Source, told: Told, bounds: Bounds) -> Result<Self> {
        let mut input = Input::open(source).await?;
        let mut text = Vec::new();
        let mut ended;
        let mut splitter = loop {
            let piece = input.next().await?;
            ended = piece.is_empty();
            text.extend_from_slice(&piece);
            if let Some(splitter) = begin(&text, ended, told)? {
                break splitter;
            }
        };
        let (columns, header) = loop {
            if let Some(header) = splitter.next()? {
                break (Columns::read(header.row())?, header.bytes.to_vec());
            }
            if ended {
                return Err(Error::invalid_input("the CSV text has no header"));
            }
            let piece = input.next().await?;
            ended = piece.is_empty();
            if ended {
                splitter.finish();
            } else {
                splitter.push(&piece);
            }
        };
        columns.check_for_upload()?;
        let copies = matches!(input, Input::Pieces(_));
        Ok(Self {
            draft: Draft::new(0, copies, &bounds),
            input,
            splitter,
            header: header.into(),
            columns,
            bounds,
            part: 0,
            row: 0,
            ended,
            copying: false,
            refusals: Refusals::default(),
        })
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.splitter.dialect()
    }

    pub(super) fn rows(&self) -> u64 {
        self.row
    }

    pub(super) fn take_refused(&mut self) -> Vec<Refused> {
        self.refusals.take()
    }

    fn copies(&self) -> bool {
        self.copying || matches!(self.input, Input::Pieces(_))
    }

    pub(super) async fn next(&mut self, until: Option<u64>) -> Result<Option<Part>> {
        loop {
            match self.read_rows(until)? {
                Stop::Cut(draft) => return self.finish(draft).await.map(Some),
                Stop::Store => {
                    if let Some((text, aside)) = &mut self.draft.copy {
                        *text = aside.put(std::mem::take(text)).await?;
                    }
                }
                Stop::Yield => tokio::task::yield_now().await,
                Stop::More if self.ended => break,
                Stop::More => self.read_on().await?,
            }
        }
        if self.draft.records == 0 {
            return Ok(None);
        }
        let next = Draft::new(self.row, self.copies(), &self.bounds);
        let mut draft = std::mem::replace(&mut self.draft, next);
        // The rows behind its last one were refused.
        draft.end_row = self.row;
        self.finish(draft).await.map(Some)
    }

    async fn read_on(&mut self) -> Result<()> {
        let piece = self.input.next().await?;
        if piece.is_empty() {
            self.ended = true;
            self.splitter.finish();
        } else {
            self.splitter.push(&piece);
        }
        Ok(())
    }

    fn read_rows(&mut self, until: Option<u64>) -> Result<Stop> {
        let mut copies = self.copies();
        let ending = self.splitter.dialect().line_end;
        let header = as_u64(self.header.len());
        let draft = &mut self.draft;
        let bounds = &self.bounds;
        for _ in 0..AT_ONCE {
            if until.is_some_and(|until| self.row >= until) && draft.records > 0 {
                draft.end_row = self.row;
                let next = Draft::new(self.row, copies, bounds);
                return Ok(Stop::Cut(std::mem::replace(draft, next)));
            }
            let Some(record) = self.splitter.next()? else {
                return Ok(Stop::More);
            };
            let row = self.row;
            self.row += 1;
            let refused = check(&record, self.columns.len(), header, bounds).err();
            if let Some(why) = &refused {
                self.refusals.add(row, why)?;
            }
            if refused.is_some() || !draft.reaches(&record) {
                copies = true;
                self.copying = true;
            }
            let turns = copies && draft.copy.is_none();
            let full = header + draft.bytes_with(&record) > bounds.bytes && until.is_none();
            if draft.records > 0 && (turns || (full && refused.is_none())) {
                draft.end_row = if refused.is_some() { self.row } else { row };
                let mut next = Draft::new(draft.end_row, copies, bounds);
                if refused.is_none() {
                    next.add(row, &record, ending);
                }
                return Ok(Stop::Cut(std::mem::replace(draft, next)));
            }
            if turns {
                *draft = Draft::new(draft.first_row, true, bounds);
            }
            if refused.is_some() {
                continue;
            }
            draft.add(row, &record, ending);
            if draft.records == bounds.records {
                let next = Draft::new(self.row, copies, bounds);
                return Ok(Stop::Cut(std::mem::replace(draft, next)));
            }
            if let Some((text, aside)) = &draft.copy
                && aside.is_due(text.len())
            {
                return Ok(Stop::Store);
            }
        }
        Ok(Stop::Yield)
    }

    async fn finish(&mut self, draft: Draft) -> Result<Part> {
        let (data, checksum) = match draft.copy {
            Some((text, aside)) => {
                let complete = aside.finish(text).await?;
                if let Some((text, _)) = &mut self.draft.copy {
                    reuse(complete.memory, text);
                }
                (complete.data, complete.checksum)
            }
            None => {
                let data = match &self.input {
                    Input::Bytes { all, .. } => {
                        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
                        let range = place(draft.range.start)..place(draft.range.end);
                        Data::Memory(all.slice(range))
                    }
                    Input::File(rest) => Data::Stored {
                        stored: Stored {
                            file: Arc::clone(&rest.file),
                            range: draft.range,
                        },
                        checksum: draft.checksum.clone().finalize(),
                    },
                    Input::Pieces(_) => Data::Memory(Bytes::new()),
                };
                (data, draft.checksum)
            }
        };
        let rows = draft.first_row..draft.end_row;
        let header = self.header.clone();
        let part = Part::new(self.part, rows, draft.records, header, data, &checksum);
        self.part += 1;
        Ok(part)
    }
}

/// Puts the rows of a text aside, to be found by their results.
pub(crate) async fn read_csv(
    source: crate::bulk::CsvSource,
    loaded: &Loaded,
    inputs: &mut Inputs,
) -> Result<()> {
    let settings = loaded.settings();
    // As it was found then, for a text that does not say so by itself.
    let dialect = loaded.jobs().next().map(JobInfo::dialect);
    let told = Told {
        delimiter: dialect.map(|dialect| dialect.delimiter),
        line_ending: dialect.map(|dialect| dialect.line_end),
    };
    let mut text = CsvCutter::open(source.0, told, settings.bounds.clone()).await?;
    let names: Vec<String> = text
        .columns
        .names()
        .iter()
        .map(|name| name.to_string())
        .collect();
    loop {
        let mut rows = 0;
        while let Some(record) = text.splitter.next()? {
            let cells = record.row().cells(names.len()).ok();
            let values: Option<Vec<_>> =
                cells.map(|cells| (0..names.len()).map(|place| cells.get(place)).collect());
            let pairs = values.as_ref().map(|values| {
                let names = names.iter().map(String::as_str);
                names.zip(values.iter().map(|value| &**value))
            });
            inputs.add(pairs)?;
            rows += 1;
            if rows == AT_ONCE {
                break;
            }
        }
        inputs.settle().await?;
        if rows == AT_ONCE {
            tokio::task::yield_now().await;
        } else if text.ended {
            return Ok(());
        } else {
            text.read_on().await?;
        }
    }
}

/// The splitter of a text that begins like this, once enough of it is there.
fn begin(text: &[u8], ended: bool, told: Told) -> Result<Option<Splitter>> {
    let dialect = match (told.delimiter, told.line_ending) {
        (Some(delimiter), Some(line_end)) => Some((delimiter, line_end)),
        (Some(delimiter), None) => match first_line_ending(text) {
            Some(found) => Some((delimiter, found)),
            None if ended => Some((delimiter, LineEnding::default())),
            None if text.len() > limits::HEADER * 4 => {
                return Err(Error::invalid_input(
                    "no line of the CSV text ends within the length that a header can have",
                ));
            }
            None => return Ok(None),
        },
        (None, line_end) => {
            let Some(found) = Splitter::detecting(text, ended, LARGEST_RECORD)? else {
                return Ok(None);
            };
            let Some(line_end) = line_end else {
                return Ok(Some(found));
            };
            Some((found.dialect().delimiter, line_end))
        }
    };
    Ok(dialect.map(|(delimiter, line_end)| {
        let dialect = Dialect {
            strict: true,
            ..Dialect::told(delimiter, line_end)
        };
        let mut splitter = Splitter::new(dialect, LARGEST_RECORD);
        splitter.push(text);
        if ended {
            splitter.finish();
        }
        splitter
    }))
}

fn first_line_ending(text: &[u8]) -> Option<LineEnding> {
    let mut quoted = false;
    let end = text.iter().position(|byte| {
        quoted ^= *byte == b'"';
        *byte == b'\n' && !quoted
    })?;
    Some(match text[..end].last() {
        Some(b'\r') => LineEnding::Crlf,
        _ => LineEnding::Lf,
    })
}

/// Whether Salesforce can take the record.
fn check(
    record: &RawRecord<'_>,
    columns: usize,
    header: u64,
    bounds: &Bounds,
) -> std::result::Result<(), String> {
    let row = record.row();
    let cells = row
        .cells(columns)
        .map_err(|error| error.message().to_owned())?;
    let length = record.bytes.len();
    let bytes = header + as_u64(length);
    if bytes > bounds.bytes {
        let most = bounds.bytes;
        return Err(format!(
            "it makes a job of {bytes} bytes, and {most} is the limit"
        ));
    }
    // A cell is no longer than its row, nor has it more characters than bytes.
    if length <= limits::CELL {
        return Ok(());
    }
    let mut all = 0;
    for place in 0..cells.len() {
        let characters = cells.get(place).chars().count();
        if characters > limits::CELL {
            return Err(format!(
                "its cell {} has {characters} characters, and Salesforce takes {}",
                place + 1,
                limits::CELL
            ));
        }
        all += characters + 1;
    }
    if all > limits::ROW {
        return Err(format!(
            "it has {all} characters, and Salesforce takes {}",
            limits::ROW
        ));
    }
    Ok(())
}
