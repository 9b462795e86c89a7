//! The memory of this process, in MB, as Linux counts it.

use crate::Result;

/// What it has.
pub fn now() -> Result<f64> {
    read("VmRSS:")
}

/// The most it has had.
pub fn peak() -> Result<f64> {
    read("VmHWM:")
}

fn read(name: &str) -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let kilobytes: f64 = status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB"))
        .ok_or("the system does not tell the memory of a process")?
        .parse()?;
    Ok(kilobytes / 1024.0)
}
