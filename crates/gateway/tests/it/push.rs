//! The self-built channel.

use std::time::Duration;

use contract::DeviceId;
use contract::frame::Command;
use contract::frame::wire::{PushAck, PushNotice};
use gateway::Pushed;

use crate::world::{APP, PATIENCE, World};

fn notice() -> PushNotice {
    PushNotice { id: b"n1".to_vec(), title: "t".into(), body: "b".into(), extra: "{}".into(), expires_at: 0 }
}

#[tokio::test]
async fn a_notification_counts_when_the_device_confirms_it() {
    let world = World::new().await;
    let mut device = world.device("alice", "phone").await;
    let phone = DeviceId::trusted("phone");
    let confirm = async {
        let got: PushNotice = device.notice(Command::Pushed).await.read().unwrap();
        assert_eq!(got, notice());
        let stray = PushAck { id: b"n2".to_vec() };
        assert_eq!(device.call(Command::PushAck, &stray).await.code, 0);
        assert_eq!(device.call(Command::PushAck, &PushAck { id: got.id }).await.code, 0);
    };
    let (pushed, ()) = tokio::join!(world.hub.push(APP, &phone, notice(), PATIENCE), confirm);
    assert_eq!(pushed, Pushed::Acked);
}

#[tokio::test]
async fn without_a_connection_or_an_answer_it_does_not_count() {
    let world = World::new().await;
    let phone = DeviceId::trusted("phone");
    assert_eq!(world.hub.push(APP, &phone, notice(), PATIENCE).await, Pushed::NotConnected);
    let device = world.device("alice", "phone").await;
    assert_eq!(world.hub.push(APP, &phone, notice(), Duration::from_millis(5)).await, Pushed::NoAnswer);
    let leave = async { drop(device) };
    let (pushed, ()) = tokio::join!(world.hub.push(APP, &phone, notice(), PATIENCE), leave);
    assert_eq!(pushed, Pushed::NoAnswer);
}
