//! A quick solution with `reqwest` and `serde_json`, which prints the value. `reqwest-loop INTERVAL_MS SAMPLES`.

use std::time::Duration;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let interval = Duration::from_millis(arguments[0].parse().unwrap());
    let samples: u64 = arguments[1].parse().unwrap();
    let url = std::env::var("ECS_CONTAINER_METADATA_URI_V4").unwrap() + "/task";
    let client = reqwest::Client::new();
    for _ in 0..samples {
        let answer = client.get(&url).send().await.unwrap();
        let body = answer.bytes().await.unwrap();
        let document: serde_json::Value = serde_json::from_slice(&body).unwrap();
        println!("{}", document["ClockDrift"]["ClockErrorBound"]);
        tokio::time::sleep(interval).await;
    }
}
