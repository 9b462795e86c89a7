use super::Response;
use crate::error::Result;

/// How an answer is read.
pub(crate) enum Decode<R> {
    /// By itself.
    Whole(fn(&Response) -> Result<R>),
    /// As the answer to so many rows: another number of results is an error.
    Rows(fn(&Response, usize) -> Result<R>, usize),
}

impl<R> Decode<R> {
    pub(crate) fn read(self, response: &Response) -> Result<R> {
        match self {
            Self::Whole(read) => read(response),
            Self::Rows(read, rows) => read(response, rows),
        }
    }
}

impl<R> Clone for Decode<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Decode<R> {}
