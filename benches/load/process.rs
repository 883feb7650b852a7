//! A process that was started here: its CPU time and memory, and its end.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context;

/// A child process; killed when dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
}

impl Process {
    /// Starts a command whose output is thrown away.
    pub(crate) fn start(command: &mut Command) -> anyhow::Result<Self> {
        let child = command.stdout(Stdio::null()).spawn().context("start a process")?;
        Ok(Self { child })
    }

    /// Starts a command and gives the first line that it prints.
    pub(crate) fn start_and_read_line(command: &mut Command) -> anyhow::Result<(Self, String)> {
        let mut child = command.stdout(Stdio::piped()).spawn().context("start a process")?;
        let out = child.stdout.take().context("no output")?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        Ok((Self { child }, line.trim().to_owned()))
    }

    /// CPU time of all its threads, in nanoseconds of the scheduler.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        let tasks = format!("/proc/{}/task", self.child.id());
        let mut nanos = 0;
        for task in Path::new(&tasks).read_dir()? {
            // A thread may have ended since; its time is then in no file, which is fine for workers that live on.
            let Ok(text) = std::fs::read_to_string(task?.path().join("schedstat")) else {
                continue;
            };
            nanos += text.split(' ').next().unwrap_or("0").parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanos))
    }

    /// Resident memory in MiB.
    pub(crate) fn resident(&self) -> anyhow::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
        let kib: f64 = line.split_whitespace().nth(1).context("no number")?.parse()?;
        Ok(kib / 1024.0)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
