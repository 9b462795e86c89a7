//! How things look on a terminal.

use anstyle::{AnsiColor, Style};

/// What a paragraph is about.
pub(crate) const HEADING: Style = AnsiColor::Cyan.on_default().bold();

/// What matters in a line.
pub(crate) const STRONG: Style = Style::new().bold();

/// What can be passed over.
pub(crate) const FAINT: Style = Style::new().dimmed();

/// It went well.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();

/// It went wrong on purpose.
pub(crate) const TROUBLE: Style = AnsiColor::Yellow.on_default();

/// It went wrong.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
