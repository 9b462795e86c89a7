//! Long bodies, compressed while they are sent.

use std::io::Write;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes};
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body::Frame;

/// A body that is compressed with gzip, piece by piece.
pub(super) struct Packing {
    body: Body,
    /// None once the end is written.
    encoder: Option<GzEncoder<Vec<u8>>>,
}

impl Packing {
    pub(super) fn new(body: Body) -> Self {
        Self {
            body,
            encoder: Some(GzEncoder::new(Vec::new(), Compression::fast())),
        }
    }
}

impl http_body::Body for Packing {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        loop {
            let Some(encoder) = &mut this.encoder else {
                return Poll::Ready(None);
            };
            let packed = match ready!(Pin::new(&mut this.body).poll_frame(context)) {
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(frame)) => {
                    let Ok(data) = frame.into_data() else {
                        continue;
                    };
                    let written = encoder.write_all(&data);
                    written.map(|()| std::mem::take(encoder.get_mut()))
                }
                None => match this.encoder.take() {
                    Some(encoder) => encoder.finish(),
                    None => return Poll::Ready(None),
                },
            };
            match packed {
                Err(error) => return Poll::Ready(Some(Err(axum::Error::new(error)))),
                // What was written is still in the encoder.
                Ok(packed) if packed.is_empty() => {}
                Ok(packed) => return Poll::Ready(Some(Ok(Frame::data(packed.into())))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use axum::body::to_bytes;
    use flate2::read::GzDecoder;

    use super::*;

    #[tokio::test]
    async fn what_is_packed_piece_by_piece_is_whole() {
        let text: String = (0..200_000).map(|n| format!("{n},")).collect();
        let pieces = Body::new(Pieces(text.clone().into_bytes()));
        let packed = to_bytes(Body::new(Packing::new(pieces)), usize::MAX)
            .await
            .unwrap();
        assert!(packed.len() < text.len() / 2);
        let mut unpacked = String::new();
        GzDecoder::new(packed.as_ref())
            .read_to_string(&mut unpacked)
            .unwrap();
        assert!(unpacked == text);
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_does_not_end_well() {
        struct Broken;
        impl http_body::Body for Broken {
            type Data = Bytes;
            type Error = std::io::Error;
            fn poll_frame(
                self: Pin<&mut Self>,
                _: &mut Context<'_>,
            ) -> Poll<Option<std::io::Result<Frame<Bytes>>>> {
                Poll::Ready(Some(Err(std::io::ErrorKind::UnexpectedEof.into())))
            }
        }
        let packing = Body::new(Packing::new(Body::new(Broken)));
        assert!(to_bytes(packing, usize::MAX).await.is_err());
    }

    /// A body in pieces of a thousand bytes.
    struct Pieces(Vec<u8>);

    impl http_body::Body for Pieces {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            if self.0.is_empty() {
                return Poll::Ready(None);
            }
            let end = self.0.len().min(1_000);
            let piece: Vec<u8> = self.0.drain(..end).collect();
            Poll::Ready(Some(Ok(Frame::data(piece.into()))))
        }
    }
}
