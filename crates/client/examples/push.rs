//! A phone of the self-built channel: registers, takes an alias and a tag, and prints what is pushed, until Ctrl-C.
//!
//! ```sh
//! cargo run -p client --example push -- ws://127.0.0.1:8080/ws 1400000000 alice "$USER_SIG"
//! ```

use client::{Client, Event, Platform, PushDevice, PushOs, Settings, Tagged};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "printing is what it is for")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [gateway, app, user, user_sig] = arguments.as_slice() else {
        return Err("usage: push GATEWAY SDKAPPID USER USERSIG".into());
    };
    let mut settings = Settings::new(gateway, app.parse()?, "0123456789abcdef0123456789abcdef");
    settings.platform = Platform::Android;
    let client = Client::new(settings)?;
    let mut events = client.events().ok_or("the events are taken once")?;
    client.login(user, user_sig).await?;
    client.set_push_token("noroshi", "", 0).await?;
    let pushes = client.pushes();
    let device = PushDevice { os: PushOs::Android, brand: "Example".into(), ..PushDevice::default() };
    pushes.register(device).await?;
    pushes.add_aliases(&["example"]).await?;
    pushes.add_tags(&Tagged::Device, &["examples"]).await?;
    println!("{:?}", pushes.state().await?);
    loop {
        let event = tokio::select! {
            event = events.next() => event,
            interrupted = tokio::signal::ctrl_c() => {
                interrupted?;
                break;
            }
        };
        match event {
            Some(Event::Pushed(push)) => {
                println!("{}: {}", push.title, push.body);
                pushes.report_opened(&push.id).await?;
            }
            Some(Event::Kicked { .. } | Event::UserSigExpired) | None => break,
            Some(_) => {}
        }
    }
    client.shutdown().await;
    Ok(())
}
