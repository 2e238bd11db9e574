//! What the tests of the seeds share.

use std::path::PathBuf;

/// Every file of `seeds/<target>`, put to the target. `usual`: where the seeds lie if the build does not say.
pub fn replay(usual: &str, target: &str, run: fn(&[u8])) {
    let seeds = std::env::var("HOTLOOP_FUZZ_SEEDS").unwrap_or_else(|_| usual.to_owned());
    let folder = PathBuf::from(seeds).join(target);
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        println!("{}", path.display());
        run(&std::fs::read(path).unwrap());
        count += 1;
    }
    assert!(count > 0, "nothing in {}", folder.display());
}
