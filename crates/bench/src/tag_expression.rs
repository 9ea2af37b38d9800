//! A tag expression over a million devices: how soon its first page is there, and how fast all of them are.

use std::time::Instant;

use push::audience::{Expression, Scope};

use crate::figure::{Figure, grouped};
use crate::push_deck::{APP, Deck, on_both};
use crate::{Effort, Outcome};

/// Devices; a quick run has a tenth of them.
const DEVICES: usize = 1_000_000;
/// Everybody but a tenth: the walk is led by a tag that all have, and each page is looked at.
const EXPRESSION: &str = r#"{"and":[{"tag":"common"},{"not":{"tag":"rare"}}]}"#;

/// Measures.
pub(crate) async fn run(effort: &Effort) -> Outcome<Vec<Figure>> {
    let devices = if effort.rounds > 1 { DEVICES } else { DEVICES / 10 };
    on_both(move |engine, settings| measure(engine, settings, devices)).await
}

async fn measure(engine: &'static str, settings: store::Settings, devices: usize) -> Outcome<Figure> {
    let deck = Deck::open(&settings).await?;
    deck.register(APP, devices, true).await?;
    let scope = Scope::Tags(Expression::parse(EXPRESSION, "TargetValue").map_err(|fault| format!("{fault:?}"))?);
    let began = Instant::now();
    let (mut low, mut found, mut first_ms) = (String::new(), 0, 0.0);
    loop {
        let (walk, from) = (scope.clone(), low.clone());
        let page = deck
            .store
            .read(APP, move |snapshot| {
                let Some(high) = walk.next(snapshot, &from)? else { return Ok(None) };
                walk.page(snapshot, &from, &high)
            })
            .await?;
        let Some(page) = page else { break };
        if low.is_empty() {
            first_ms = began.elapsed().as_secs_f64() * 1_000.0;
        }
        found += page.members.iter().map(|member| member.devices.len()).sum::<usize>();
        low = page.last;
    }
    let seconds = began.elapsed().as_secs_f64();
    deck.close().await;
    if found != devices - devices.div_ceil(10) {
        return Err(format!("{found} devices match, not nine tenths of {devices}").into());
    }
    Ok(Figure {
        name: format!("a tag expression over {devices} devices, {engine}"),
        figure: format!("first page in {first_ms:.1} ms"),
        goal: "< 50 ms".into(),
        raw: "–".into(),
        ratio: None,
        latency: "–".into(),
        note: format!("all {found} in {seconds:.1} s, {} devices/s", grouped(found as f64 / seconds)),
    })
}
