//! Ranges of dates relative to today.

use std::fmt;

use super::{Literal, LiteralWriter};

macro_rules! date_literals {
    ($($variant:ident $soql:literal,)* --- $($counted:ident $counted_soql:literal,)*) => {
        /// A range of dates relative to today, in the time zone of the user, for comparing dates
        /// and date/times with.
        ///
        /// ```
        /// use ferroforce::Soql;
        /// use ferroforce::soql::DateLiteral;
        ///
        /// let soql = Soql::new("SELECT Id FROM Case WHERE CreatedDate >= :since")
        ///     .bind("since", DateLiteral::LastNDays(5));
        /// assert_eq!(soql.render()?, "SELECT Id FROM Case WHERE CreatedDate >= LAST_N_DAYS:5");
        /// # Ok::<(), ferroforce::Error>(())
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum DateLiteral {
            $(#[doc = concat!("`", $soql, "`")] $variant,)*
            $(#[doc = concat!("`", $counted_soql, ":n`")] $counted(u32),)*
        }

        impl fmt::Display for DateLiteral {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$variant => f.write_str($soql),)*
                    $(Self::$counted(n) => write!(f, concat!($counted_soql, ":{}"), n),)*
                }
            }
        }

        #[cfg(test)]
        const ALL: &[DateLiteral] =
            &[$(DateLiteral::$variant,)* $(DateLiteral::$counted(2),)*];
    };
}

date_literals! {
    Yesterday "YESTERDAY",
    Today "TODAY",
    Tomorrow "TOMORROW",
    Last90Days "LAST_90_DAYS",
    Next90Days "NEXT_90_DAYS",
    LastWeek "LAST_WEEK",
    ThisWeek "THIS_WEEK",
    NextWeek "NEXT_WEEK",
    LastMonth "LAST_MONTH",
    ThisMonth "THIS_MONTH",
    NextMonth "NEXT_MONTH",
    LastQuarter "LAST_QUARTER",
    ThisQuarter "THIS_QUARTER",
    NextQuarter "NEXT_QUARTER",
    LastYear "LAST_YEAR",
    ThisYear "THIS_YEAR",
    NextYear "NEXT_YEAR",
    LastFiscalQuarter "LAST_FISCAL_QUARTER",
    ThisFiscalQuarter "THIS_FISCAL_QUARTER",
    NextFiscalQuarter "NEXT_FISCAL_QUARTER",
    LastFiscalYear "LAST_FISCAL_YEAR",
    ThisFiscalYear "THIS_FISCAL_YEAR",
    NextFiscalYear "NEXT_FISCAL_YEAR",
    ---
    LastNDays "LAST_N_DAYS",
    NextNDays "NEXT_N_DAYS",
    NDaysAgo "N_DAYS_AGO",
    LastNWeeks "LAST_N_WEEKS",
    NextNWeeks "NEXT_N_WEEKS",
    NWeeksAgo "N_WEEKS_AGO",
    LastNMonths "LAST_N_MONTHS",
    NextNMonths "NEXT_N_MONTHS",
    NMonthsAgo "N_MONTHS_AGO",
    LastNQuarters "LAST_N_QUARTERS",
    NextNQuarters "NEXT_N_QUARTERS",
    NQuartersAgo "N_QUARTERS_AGO",
    LastNYears "LAST_N_YEARS",
    NextNYears "NEXT_N_YEARS",
    NYearsAgo "N_YEARS_AGO",
    LastNFiscalQuarters "LAST_N_FISCAL_QUARTERS",
    NextNFiscalQuarters "NEXT_N_FISCAL_QUARTERS",
    NFiscalQuartersAgo "N_FISCAL_QUARTERS_AGO",
    LastNFiscalYears "LAST_N_FISCAL_YEARS",
    NextNFiscalYears "NEXT_N_FISCAL_YEARS",
    NFiscalYearsAgo "N_FISCAL_YEARS_AGO",
}

impl Literal for DateLiteral {
    fn write(&self, out: &mut LiteralWriter) {
        out.raw(&self.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_date_literal_prints_by_its_name() {
        assert_eq!(ALL.len(), 44);
        for literal in ALL {
            let variant = format!("{literal:?}").replace(['(', ')', '2'], "");
            let soql = literal.to_string();
            let name = soql.strip_suffix(":2").unwrap_or(&soql);
            assert_eq!(name.replace('_', "").to_lowercase(), variant.to_lowercase());
            assert_eq!(
                name == soql,
                !format!("{literal:?}").ends_with("(2)"),
                "{soql}"
            );
        }
        assert_eq!(
            DateLiteral::LastNFiscalQuarters(0).to_string(),
            "LAST_N_FISCAL_QUARTERS:0"
        );
        assert_eq!(
            DateLiteral::NDaysAgo(u32::MAX).to_string(),
            "N_DAYS_AGO:4294967295"
        );
        assert_eq!(DateLiteral::ThisWeek.to_string(), "THIS_WEEK");
    }
}
