//! A part of a benchmark that runs as a process of its own: this binary again, spoken to by lines.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::process::{Usage, beside, with_many_files};

/// How long a part may take to end.
const END_WAIT: Duration = Duration::from_secs(20);

/// A running part; dropping it stops it.
pub(crate) struct Worker {
    process: Child,
    /// None once it was told to end.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Worker {
    /// Starts a part.
    pub(crate) fn start(part: &str) -> Outcome<Self> {
        let mut command = with_many_files(&beside("bench")?);
        command.args(["part", part]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn()?;
        let input = Some(process.stdin.take().ok_or("no input")?);
        let output = BufReader::new(process.stdout.take().ok_or("no output")?);
        Ok(Self { process, input, output })
    }

    /// Tells the part a line.
    pub(crate) fn tell(&mut self, line: &str) -> Outcome {
        Ok(writeln!(self.input.as_mut().ok_or("the part was told to end")?, "{line}")?)
    }

    /// Hears a line of the part. Blocks.
    pub(crate) fn hear(&mut self) -> Outcome<String> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        if line.is_empty() { Err("a part of the benchmark ended early".into()) } else { Ok(line.trim_end().into()) }
    }

    /// What the kernel says of it.
    pub(crate) fn usage(&self) -> Outcome<Usage> {
        Usage::of(self.process.id())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // The end of its input tells it to end and to clear up behind it.
        drop(self.input.take());
        let deadline = Instant::now() + END_WAIT;
        while matches!(self.process.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// In a part: says a line.
pub(crate) fn say(line: &str) -> Outcome {
    let mut output = std::io::stdout();
    writeln!(output, "{line}")?;
    Ok(output.flush()?)
}

/// In a part: waits for a line without stopping the runtime; none when the other side is gone.
pub(crate) async fn listen() -> Outcome<Option<String>> {
    let line = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map(|count| (count > 0).then(|| line.trim_end().to_owned()))
    });
    Ok(line.await??)
}
