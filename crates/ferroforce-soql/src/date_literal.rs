//! Date literals: ranges of days that are named by their distance from today.

use std::fmt;

/// A range of days relative to now, such as `TODAY` or `LAST_N_DAYS:30`.
///
/// `LAST_90_DAYS` and `NEXT_90_DAYS` mean `LAST_N_DAYS:90` and `NEXT_N_DAYS:90`, but print as they
/// were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DateLiteral {
    /// `YESTERDAY`
    Yesterday,
    /// `TODAY`
    Today,
    /// `TOMORROW`
    Tomorrow,
    /// `LAST_90_DAYS`
    Last90Days,
    /// `NEXT_90_DAYS`
    Next90Days,
    /// `LAST_WEEK`, `LAST_MONTH`, …
    Last(DateUnit),
    /// `THIS_WEEK`, `THIS_MONTH`, …
    This(DateUnit),
    /// `NEXT_WEEK`, `NEXT_MONTH`, …
    Next(DateUnit),
    /// `LAST_N_DAYS:n`, `LAST_N_WEEKS:n`, …
    LastN(DateUnit, u32),
    /// `NEXT_N_DAYS:n`, `NEXT_N_WEEKS:n`, …
    NextN(DateUnit, u32),
    /// `N_DAYS_AGO:n`, `N_WEEKS_AGO:n`, …
    NAgo(DateUnit, u32),
}

/// The unit of a date literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DateUnit {
    /// A day; only with a count.
    Day,
    /// A week, which begins where the user's locale says.
    Week,
    /// A calendar month.
    Month,
    /// A calendar quarter.
    Quarter,
    /// A calendar year.
    Year,
    /// A quarter of the fiscal year.
    FiscalQuarter,
    /// A fiscal year.
    FiscalYear,
}

impl DateUnit {
    const ALL: [Self; 7] = [
        Self::Day,
        Self::Week,
        Self::Month,
        Self::Quarter,
        Self::Year,
        Self::FiscalQuarter,
        Self::FiscalYear,
    ];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "DAY",
            Self::Week => "WEEK",
            Self::Month => "MONTH",
            Self::Quarter => "QUARTER",
            Self::Year => "YEAR",
            Self::FiscalQuarter => "FISCAL_QUARTER",
            Self::FiscalYear => "FISCAL_YEAR",
        }
    }

    /// The unit named exactly so, in upper case.
    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.as_str() == name)
    }
}

impl DateLiteral {
    /// The literal with this name, whose count, if it needs one, is still 0.
    pub(crate) fn named(word: &str) -> Option<Self> {
        let word = word.to_ascii_uppercase();
        Some(match word.as_str() {
            "YESTERDAY" => Self::Yesterday,
            "TODAY" => Self::Today,
            "TOMORROW" => Self::Tomorrow,
            "LAST_90_DAYS" => Self::Last90Days,
            "NEXT_90_DAYS" => Self::Next90Days,
            name => {
                if let Some(units) = name.strip_prefix("LAST_N_") {
                    Self::LastN(DateUnit::named(units.strip_suffix('S')?)?, 0)
                } else if let Some(units) = name.strip_prefix("NEXT_N_") {
                    Self::NextN(DateUnit::named(units.strip_suffix('S')?)?, 0)
                } else if let Some(units) = name.strip_prefix("N_") {
                    Self::NAgo(DateUnit::named(units.strip_suffix("S_AGO")?)?, 0)
                } else {
                    let (shape, unit) = name.split_once('_')?;
                    let unit = DateUnit::named(unit).filter(|&unit| unit != DateUnit::Day)?;
                    match shape {
                        "LAST" => Self::Last(unit),
                        "THIS" => Self::This(unit),
                        "NEXT" => Self::Next(unit),
                        _ => return None,
                    }
                }
            }
        })
    }

    /// The same literal with this count; `None` if the literal takes no count.
    pub(crate) const fn with_count(self, count: u32) -> Option<Self> {
        match self {
            Self::LastN(unit, _) => Some(Self::LastN(unit, count)),
            Self::NextN(unit, _) => Some(Self::NextN(unit, count)),
            Self::NAgo(unit, _) => Some(Self::NAgo(unit, count)),
            _ => None,
        }
    }

    pub(crate) const fn takes_count(self) -> bool {
        self.with_count(0).is_some()
    }
}

impl fmt::Display for DateLiteral {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Yesterday => f.write_str("YESTERDAY"),
            Self::Today => f.write_str("TODAY"),
            Self::Tomorrow => f.write_str("TOMORROW"),
            Self::Last90Days => f.write_str("LAST_90_DAYS"),
            Self::Next90Days => f.write_str("NEXT_90_DAYS"),
            Self::Last(unit) => write!(f, "LAST_{}", unit.as_str()),
            Self::This(unit) => write!(f, "THIS_{}", unit.as_str()),
            Self::Next(unit) => write!(f, "NEXT_{}", unit.as_str()),
            Self::LastN(unit, count) => write!(f, "LAST_N_{}S:{count}", unit.as_str()),
            Self::NextN(unit, count) => write!(f, "NEXT_N_{}S:{count}", unit.as_str()),
            Self::NAgo(unit, count) => write!(f, "N_{}S_AGO:{count}", unit.as_str()),
        }
    }
}
