//! Compiles the published wire contract without an external compiler.

fn main() {
    println!("cargo::rerun-if-changed=../../proto");
    let files = protox::compile(["gateway.proto"], ["../../proto"]).expect("the wire contract compiles");
    prost_build::Config::new()
        .bytes([".noroshi.gateway.v1.Frame.body"])
        .compile_fds(files)
        .expect("the wire contract becomes Rust");
}
