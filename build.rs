//! The link option that a package cannot set in `Cargo.toml`.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // A static program relocates itself at the start, and keeps in memory whatever it reads for that: 5,000
    // addresses take 124 kB one by one, and 5 kB as a bit map. The older way stays where the linker knows no other:
    // GNU's then ignores the option. A dynamic program would need a C library as new as the option.
    let target = |what: &str| std::env::var(format!("CARGO_CFG_TARGET_{what}")).unwrap_or_default();
    let is_static = target("FEATURE")
        .split(',')
        .any(|feature| feature == "crt-static");
    if target("OS") == "linux" && is_static {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}
