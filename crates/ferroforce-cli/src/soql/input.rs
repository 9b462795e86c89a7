//! Reading text.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use anyhow::Context as _;
use ferroforce_soql::Dialect;

use super::Source;

impl Source {
    pub(super) fn dialect(&self) -> Dialect {
        if self.apex {
            Dialect::Apex
        } else {
            Dialect::Rest
        }
    }

    /// Reads the text line by line, with line numbers from 1 and without line ends.
    pub(super) fn lines(
        &self,
    ) -> anyhow::Result<impl Iterator<Item = anyhow::Result<(usize, String)>>> {
        let (name, input): (String, Box<dyn BufRead>) = match self.path() {
            Some(path) => {
                let name = path.display().to_string();
                let file = File::open(path).with_context(|| format!("{name} can't be opened"))?;
                (name, Box::new(BufReader::new(file)))
            }
            None => ("standard input".to_owned(), Box::new(io::stdin().lock())),
        };
        Ok(input.lines().zip(1..).map(move |(line, number)| {
            let line = line.with_context(|| format!("line {number} of {name} can't be read"))?;
            let line = match line.strip_prefix('\u{feff}') {
                // Editors on Windows begin a file with this mark.
                Some(rest) if number == 1 => rest.to_owned(),
                _ => line,
            };
            Ok((number, line))
        }))
    }

    fn path(&self) -> Option<&Path> {
        self.file.as_deref().filter(|path| *path != Path::new("-"))
    }
}
