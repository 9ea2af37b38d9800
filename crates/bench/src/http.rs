//! A load generator that costs little: keep-alive HTTP/1.1 by hand, one request under way on each connection.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::Outcome;
use crate::dice::Dice;
use crate::figure::Rate;

/// A way to fill in the body of the next request.
pub(crate) type Fill = fn(&mut Dice, &mut String);

/// What is asked again and again.
#[derive(Clone)]
pub(crate) struct Load {
    /// Whom.
    pub(crate) address: SocketAddr,
    /// Path and query.
    pub(crate) path: String,
    /// The body of each request.
    pub(crate) fill: Fill,
    /// What a good answer holds.
    pub(crate) expect: &'static str,
    /// Connections.
    pub(crate) connections: u64,
    /// How long.
    pub(crate) wait: Duration,
    /// Tells the rounds of a run apart.
    pub(crate) seed: u64,
    /// Calls a second on all connections together; none means as many as go. Then a call counts from when it was due.
    pub(crate) per_second: Option<u64>,
}

/// The largest answer that is looked at.
const ANSWER_BYTES: usize = 64 * 1024;

/// Asks on all connections until the time is over.
pub(crate) async fn run(load: &Load) -> Outcome<Rate> {
    let mut streams = Vec::new();
    for _ in 0..load.connections {
        let stream = TcpStream::connect(load.address).await?;
        stream.set_nodelay(true)?;
        streams.push(stream);
    }
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for (number, stream) in streams.into_iter().enumerate() {
        let dice = Dice::new(load.seed.wrapping_mul(1_000_003).wrapping_add(number as u64));
        tasks.spawn(ask(load.clone(), stream, dice, began + load.wait));
    }
    let mut took = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        took.append(&mut ended??);
    }
    Ok(Rate::of(took.len() as u64, began.elapsed(), &mut took))
}

async fn ask(load: Load, mut stream: TcpStream, mut dice: Dice, end: Instant) -> Outcome<Vec<u32>> {
    let mut took = Vec::with_capacity(1 << 14);
    let (mut body, mut request, mut answer) = (String::new(), Vec::new(), Vec::new());
    let pause = load.per_second.map(|rate| Duration::from_secs_f64(load.connections as f64 / rate as f64));
    // Connections begin at different moments of their first pause.
    let spread = pause.map(|pause| pause.mul_f64((dice.next() % 1_000) as f64 / 1_000.0));
    let mut due = Instant::now() + spread.unwrap_or_default();
    loop {
        if let Some(pause) = pause {
            tokio::time::sleep_until(due.into()).await;
            due += pause;
        }
        let began = pause.map_or_else(Instant::now, |pause| due.checked_sub(pause).unwrap_or(due));
        // One that cannot keep up has a smaller rate, not a longer run.
        if began >= end || Instant::now() >= end {
            return Ok(took);
        }
        body.clear();
        (load.fill)(&mut dice, &mut body);
        request.clear();
        let head = format!("POST {} HTTP/1.1\r\nhost: bench\r\ncontent-length: {}\r\n\r\n", load.path, body.len());
        request.extend_from_slice(head.as_bytes());
        request.extend_from_slice(body.as_bytes());
        stream.write_all(&request).await?;
        answer.clear();
        read(&mut stream, &mut answer).await?;
        if !contains(&answer, load.expect.as_bytes()) {
            return Err(format!("not a good answer: {}", String::from_utf8_lossy(&answer)).into());
        }
        took.push(began.elapsed().as_micros() as u32);
    }
}

/// Reads one answer; what it holds is its head and its body.
pub(crate) async fn read(stream: &mut TcpStream, answer: &mut Vec<u8>) -> Outcome {
    loop {
        if stream.read_buf(answer).await? == 0 || answer.len() > ANSWER_BYTES {
            return Err("the connection ended, or its answer does not".into());
        }
        let Some(head) = answer.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let text = std::str::from_utf8(&answer[..head])?;
        let length = text
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .ok_or("an answer without a length")?
            .parse::<usize>()?;
        if answer.len() >= head + 4 + length {
            return Ok(());
        }
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
