//! Cases, tasks and events.

use rusqlite::types::Value;

use super::{at_odds, integer};
use crate::error::ApiError;
use crate::record::incoming::Incoming;
use crate::record::row::Row;
use crate::record::validate::missing_fields;
use crate::rest::Context;

const MILLIS_PER_MINUTE: i64 = 60_000;
const MINUTES_PER_DAY: i64 = 1440;
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

/// What says when an event is.
const TIMES: [&str; 6] = [
    "IsAllDayEvent",
    "StartDateTime",
    "ActivityDateTime",
    "ActivityDate",
    "DurationInMinutes",
    "EndDateTime",
];

/// An event knows its start, its end and how long it takes. Of the last two, the one that was
/// sent gives the other; when only the start moves, the end moves with it.
pub(super) fn event(
    row: &mut Row<'_>,
    before: Option<&Row<'_>>,
    given: &Incoming<'_>,
) -> Result<(), ApiError> {
    if before.is_some() && !TIMES.iter().any(|field| given.gives(field)) {
        return Ok(());
    }
    let all_day = row.flag("IsAllDayEvent");
    let start = start(row, before, given)?;
    let duration = duration(row, before, given, start)?;
    let (Some(start), Some(duration)) = (start, duration) else {
        let missing = [
            ("DurationInMinutes", duration.is_none()),
            ("ActivityDateTime", start.is_none()),
        ];
        let missing = missing.into_iter().filter(|(_, missing)| *missing);
        return Err(missing_fields(missing.map(|(field, _)| field).collect()));
    };
    // An end is kept as it was sent, to the second.
    let sent = integer(row, "EndDateTime").filter(|_| given.gives("EndDateTime") && !all_day);
    let end = sent.unwrap_or_else(|| {
        start.saturating_add((duration - last_day(all_day)) * MILLIS_PER_MINUTE)
    });
    row.set("StartDateTime", start);
    row.set("ActivityDateTime", start);
    row.set("ActivityDate", start.div_euclid(MILLIS_PER_DAY));
    row.set("DurationInMinutes", duration);
    row.set("EndDateTime", end);
    row.set("EndDate", end.div_euclid(MILLIS_PER_DAY));
    Ok(())
}

/// When an event starts, in milliseconds since 1970: all-day events at midnight.
fn start(
    row: &Row<'_>,
    before: Option<&Row<'_>>,
    given: &Incoming<'_>,
) -> Result<Option<i64>, ApiError> {
    let fields = ["StartDateTime", "ActivityDateTime", "ActivityDate"];
    let old = before.and_then(|row| integer(row, "StartDateTime"));
    let all_day = row.flag("IsAllDayEvent");
    let whole = |moment: i64| {
        if all_day {
            moment - moment.rem_euclid(MILLIS_PER_DAY)
        } else {
            moment
        }
    };
    if !fields.iter().any(|field| given.gives(field)) {
        return Ok(old.map(whole));
    }
    let [start, due, day] = fields.map(|field| integer(row, field).filter(|_| given.gives(field)));
    let moment = start.or(due);
    let together = moment.is_none_or(|moment| {
        due.is_none_or(|due| due == moment)
            && day.is_none_or(|day| day == moment.div_euclid(MILLIS_PER_DAY))
    });
    if !together {
        return Err(at_odds("Activity date and time mismatch", fields));
    }
    // A day alone says when an all-day event is, and to which day another one moves.
    let moved = day.and_then(|day| match old {
        _ if all_day => Some(day * MILLIS_PER_DAY),
        Some(old) => Some(day * MILLIS_PER_DAY + old.rem_euclid(MILLIS_PER_DAY)),
        None => None,
    });
    Ok(moment.or(moved).map(whole))
}

/// How many minutes an event takes.
fn duration(
    row: &Row<'_>,
    before: Option<&Row<'_>>,
    given: &Incoming<'_>,
    start: Option<i64>,
) -> Result<Option<i64>, ApiError> {
    let all_day = row.flag("IsAllDayEvent");
    let fields = ["DurationInMinutes", "EndDateTime"];
    let [minutes, end] = fields.map(|field| integer(row, field).filter(|_| given.gives(field)));
    let until = end.zip(start).map(|(end, start)| {
        // Both of an all-day event are days.
        let between = (end - start).div_euclid(MILLIS_PER_MINUTE);
        let into_day = if all_day {
            between.rem_euclid(MINUTES_PER_DAY)
        } else {
            0
        };
        between - into_day
    });
    if minutes.is_some_and(|minutes| minutes < 0) || until.is_some_and(|until| until < 0) {
        return Err(at_odds("An event cannot end before it starts", fields));
    }
    let until = until.map(|until| until + last_day(all_day));
    if let (Some(minutes), Some(until)) = (minutes, until)
        && minutes != until
    {
        return Err(at_odds("Duration and end of the event mismatch", fields));
    }
    let sent = fields.iter().any(|field| given.gives(field));
    let old = before.and_then(|row| integer(row, "DurationInMinutes"));
    let minutes = minutes.or(until).or(old.filter(|_| !sent));
    Ok(if all_day {
        // Full days, one at least.
        let days = minutes.map_or(1, |minutes| minutes.div_euclid(MINUTES_PER_DAY));
        Some(days.max(1) * MINUTES_PER_DAY)
    } else {
        minutes
    })
}

/// The minutes of the last day of an all-day event, whose end is the midnight before it.
fn last_day(all_day: bool) -> i64 {
    if all_day { MINUTES_PER_DAY } else { 0 }
}
