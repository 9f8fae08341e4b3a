//! Links otherwise where that is asked for.

fn main() {
    println!("cargo::rerun-if-env-changed=EMBEDDED_LINKER");
    if let Ok(linker) = std::env::var("EMBEDDED_LINKER") {
        println!("cargo::rustc-link-arg=-fuse-ld={linker}");
    }
    println!("cargo::rerun-if-env-changed=EMBEDDED_RPATH");
    if let Ok(folder) = std::env::var("EMBEDDED_RPATH") {
        println!("cargo::rustc-link-arg-tests=-Wl,-rpath,{folder}");
    }
}
