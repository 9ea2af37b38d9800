//! Logs in and prints what happens, until Ctrl-C.
//!
//! ```sh
//! cargo run -p client --example listen -- ws://127.0.0.1:8080/ws 1400000000 alice "$USER_SIG"
//! ```

use client::{Client, Event, Settings};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "printing is what it is for")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [gateway, app, user, user_sig] = arguments.as_slice() else {
        return Err("usage: listen GATEWAY SDKAPPID USER USERSIG".into());
    };
    let client = Client::new(Settings::new(gateway, app.parse()?, "listen-example"))?;
    let mut events = client.events().ok_or("the events are taken once")?;
    client.login(user, user_sig).await?;
    loop {
        let event = tokio::select! {
            event = events.next() => event,
            interrupted = tokio::signal::ctrl_c() => {
                interrupted?;
                break;
            }
        };
        match event {
            Some(Event::Message(message)) => println!("{}: {}", message.from, message.text()),
            Some(Event::Kicked { .. } | Event::UserSigExpired) | None => break,
            Some(other) => println!("{other:?}"),
        }
    }
    client.shutdown().await;
    Ok(())
}
