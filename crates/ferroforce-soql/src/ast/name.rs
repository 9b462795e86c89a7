use crate::span::Span;

/// One identifier, in the case in which it was written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Name {
    /// The identifier.
    pub text: String,
    /// Its place.
    pub span: Span,
}

impl Name {
    /// Whether this is `other` when case is ignored, as it is in all of SOQL.
    #[must_use]
    pub fn is(&self, other: &str) -> bool {
        self.text.eq_ignore_ascii_case(other)
    }
}

/// Identifiers joined by dots, such as `Account.Owner.Name`; often only one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Path {
    /// The whole path, dots included.
    pub text: String,
    /// Its place.
    pub span: Span,
}

impl Path {
    /// Whether this is `other` when case is ignored.
    #[must_use]
    pub fn is(&self, other: &str) -> bool {
        self.text.eq_ignore_ascii_case(other)
    }

    /// The identifiers between the dots, each with its place.
    pub fn segments(&self) -> impl Iterator<Item = (&str, Span)> {
        let mut next = self.span.start;
        self.text.split('.').map(move |segment| {
            let start = next;
            let end = start + segment.len();
            next = end + 1;
            (segment, Span::new(start, end))
        })
    }

    /// The last identifier: the field of a field path.
    #[must_use]
    pub fn last(&self) -> &str {
        self.text.rsplit('.').next().unwrap_or(&self.text)
    }
}

/// A field, alone or inside functions: `Name`, `COUNT(Id)`, `FORMAT(convertCurrency(Amount))`.
///
/// `FIELDS(ALL)` is read as the function `FIELDS` of the path `ALL`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Field {
    /// The functions around the path, outermost first; at most two.
    pub functions: Vec<Name>,
    /// What the innermost function is applied to.
    pub path: Path,
    /// From the outermost function's name to its closing parenthesis.
    pub span: Span,
}

impl Field {
    /// The outermost function, if there is any.
    #[must_use]
    pub fn function(&self) -> Option<&Name> {
        self.functions.first()
    }
}
