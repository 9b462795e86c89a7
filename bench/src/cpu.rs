//! The time of processors that this process has used, as Linux counts it.

use std::fs;

use crate::Result;

/// Seconds on a processor, of all threads that there are.
pub fn used() -> Result<f64> {
    let mut nanoseconds = 0.0;
    for thread in fs::read_dir("/proc/self/task")? {
        let status = fs::read_to_string(thread?.path().join("schedstat"))?;
        let on_processor = status.split(' ').next().unwrap_or_default();
        nanoseconds += on_processor.parse::<f64>()?;
    }
    Ok(nanoseconds / 1e9)
}
