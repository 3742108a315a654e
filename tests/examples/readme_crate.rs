//! The guide's Rust snippet, pasted into a fresh crate with the guide's dependencies.

use std::path::Path;
use std::process::Command;

const GUIDE: &str = include_str!("../../src/answer/README.md");

/// The guide's block that begins with this fence.
fn block(fence: &str) -> String {
    let mut lines = GUIDE.lines().skip_while(|line| line.trim() != fence);
    lines.next().unwrap();
    let block = lines.take_while(|line| line.trim() != "```");
    block.map(|line| line.to_owned() + "\n").collect()
}

#[test]
fn the_snippet_compiles_as_it_is_pasted() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    let path = format!("path = {:?}", top.display().to_string());
    let dependencies = block("```toml");
    assert!(dependencies.contains("default-features = false, features = [\"clock\"]"));
    let dependencies = dependencies.replace("git = \"https://…\"", &path);
    assert!(dependencies.contains(&path), "{dependencies}");
    let manifest = format!(
        "[package]\nname = \"pasted\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n{dependencies}\n[workspace]\n"
    );
    std::fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
    std::fs::create_dir(folder.path().join("src")).unwrap();
    std::fs::write(folder.path().join("src/main.rs"), block("```rust")).unwrap();
    // The same versions as here, so that nothing is downloaded.
    std::fs::copy(top.join("Cargo.lock"), folder.path().join("Cargo.lock")).unwrap();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let checked = Command::new(cargo)
        .args(["check", "--quiet", "--offline", "--target-dir"])
        .arg(top.join("target/readme"))
        .current_dir(&folder)
        .output()
        .unwrap();
    assert!(
        checked.status.success(),
        "{}",
        String::from_utf8_lossy(&checked.stderr)
    );
}
