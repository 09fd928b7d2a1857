//! What a sandbox costs. Measured, not tested: `cargo test --release -p sandbox --test sandbox -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use sandbox::Network;

use crate::harness::tests;
use crate::support::{Fixture, run};

tests![milliseconds_a_step];

fn milliseconds_a_step() {
    for (name, network) in [
        ("own network", Network::None),
        ("host network", Network::Host),
    ] {
        let mut times: Vec<Duration> = (0..200).map(|_| one(network)).collect();
        times.sort_unstable();
        println!(
            "{name}: median {:?}, least {:?}",
            times[times.len() / 2],
            times[0]
        );
    }
}

fn one(network: Network) -> Duration {
    let mut fixture = Fixture::new("");
    fixture.process.args = ["/bin/echo", "hi"].map(Into::into).into();
    fixture.sandbox.network = network;
    let start = Instant::now();
    let output = run(&fixture.sandbox, &fixture.process).unwrap();
    let time = start.elapsed();
    assert_eq!(output.stdout, "hi\n");
    time
}
