//! PEM, with the headers of RFC 1421 that the older encrypted keys have, in buffers that are
//! overwritten.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use crate::types::Excerpt;

pub(super) const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";

/// One block of a PEM text.
pub(super) struct Block<'a> {
    pub(super) label: &'a str,
    body: &'a str,
}

/// The blocks of `text` in their order; what stands between them is passed over.
pub(super) fn blocks(text: &str) -> Result<Vec<Block<'_>>, String> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((_, begun)) = rest.split_once(BEGIN) {
        let (label, body) = begun
            .split_once(DASHES)
            .filter(|(label, _)| !label.contains('\n'))
            .ok_or("a BEGIN line does not end in five dashes")?;
        let end = format!("-----END {label}-----");
        let (body, after) = body.split_once(&end).ok_or_else(|| {
            format!(
                "the block BEGIN {} has no END line, so it was cut short",
                Excerpt(label)
            )
        })?;
        blocks.push(Block { label, body });
        rest = after;
    }
    Ok(blocks)
}

impl<'a> Block<'a> {
    pub(super) fn is_private_key(&self) -> bool {
        matches!(
            self.label,
            "PRIVATE KEY" | "RSA PRIVATE KEY" | "ENCRYPTED PRIVATE KEY"
        )
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.label == "ENCRYPTED PRIVATE KEY"
            || self.header("DEK-Info").is_some()
            || self
                .header("Proc-Type")
                .is_some_and(|kind| kind.contains("ENCRYPTED"))
    }

    pub(super) fn header(&self, name: &str) -> Option<&'a str> {
        self.body
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find_map(|(key, value)| (key.trim() == name).then(|| value.trim()))
    }

    pub(super) fn contents(&self) -> Result<Zeroizing<Vec<u8>>, String> {
        if self.body.contains('\\') {
            return Err("the private key holds the two characters \\n where lines must end".into());
        }
        let mut base64 = Zeroizing::new(Vec::with_capacity(self.body.len()));
        for line in self.body.lines().filter(|line| !line.contains(':')) {
            base64.extend(line.bytes().filter(|c| !c.is_ascii_whitespace()));
        }
        let mut contents = Zeroizing::new(vec![0; base64::decoded_len_estimate(base64.len())]);
        let length = BASE64_STANDARD
            .decode_slice(base64.as_slice(), &mut contents)
            .map_err(|_| "the private key is damaged: it is not whole base64")?;
        contents.truncate(length);
        Ok(contents)
    }
}
