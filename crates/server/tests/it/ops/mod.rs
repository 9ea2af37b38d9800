//! What operators do: commands of the binary, the admin API, backups, the doctor.

#[macro_use]
mod office;
mod admin;
mod apps;
mod backup;
mod cloud;
mod command;
mod doctor;
mod push_status;
mod restored;
mod startup;
mod watch;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Sends text as it is and reads until the other side closes.
async fn raw(address: &str, text: &str) -> String {
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("the listener accepts");
    stream.write_all(text.as_bytes()).await.expect("the text is sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("the answer comes whole");
    String::from_utf8(answer).expect("UTF-8")
}
