//! Cases, tasks and events.

use rusqlite::types::Value;

use crate::record::row::Row;
use crate::rest::Context;

const MILLIS_PER_MINUTE: i64 = 60_000;
const MILLIS_PER_DAY: i64 = 86_400_000;

pub(super) fn case(context: &Context<'_>, row: &mut Row<'_>) {
    close(context, row, "ClosedDate", "Closed");
}

pub(super) fn task(context: &Context<'_>, row: &mut Row<'_>) {
    close(context, row, "CompletedDateTime", "Completed");
}

/// One status closes a record; the moment is noted.
fn close(context: &Context<'_>, row: &mut Row<'_>, moment: &str, closing: &str) {
    let closed = row.text("Status") == Some(closing);
    row.set("IsClosed", closed);
    if !closed {
        row.set(moment, Value::Null);
    } else if *row.get(moment) == Value::Null {
        row.set(moment, context.now);
    }
}

/// An event knows its start, its end and how long it takes: two of them give the third.
pub(super) fn event(row: &mut Row<'_>) {
    let number = |row: &Row<'_>, field| match row.get(field) {
        Value::Integer(number) => Some(*number),
        _ => None,
    };
    let Some(start) = number(row, "StartDateTime").or_else(|| number(row, "ActivityDateTime"))
    else {
        return;
    };
    row.set("StartDateTime", start);
    row.set("ActivityDateTime", start);
    row.set("ActivityDate", start.div_euclid(MILLIS_PER_DAY));
    match (number(row, "DurationInMinutes"), number(row, "EndDateTime")) {
        (_, Some(end)) => row.set("DurationInMinutes", (end - start) / MILLIS_PER_MINUTE),
        (Some(minutes), None) => {
            row.set(
                "EndDateTime",
                start.saturating_add(minutes * MILLIS_PER_MINUTE),
            );
        }
        (None, None) => {}
    }
    if let Some(end) = number(row, "EndDateTime") {
        row.set("EndDate", end.div_euclid(MILLIS_PER_DAY));
    }
}
