//! Sessions in from where the user says, and out in a form for others: by the
//! real binary, and what goes out and comes in again compared.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the failure")]

#[path = "import/forms.rs"]
mod forms;
#[path = "import/gate.rs"]
mod gate;
#[path = "import/hostile.rs"]
mod hostile;
#[path = "import/machine.rs"]
mod machine;
#[path = "matrix/master.rs"]
mod master;
#[path = "matrix/pieces.rs"]
mod pieces;
#[path = "import/round.rs"]
mod round;
#[path = "sandbox/mod.rs"]
mod sandbox;

use std::fs;
use std::path::Path;

/// Puts a file below a folder.
fn put(folder: &Path, place: &str, bytes: impl AsRef<[u8]>) {
    let path = folder.join(place);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Copies the sessions in a form that the contract for adapters is checked on.
fn put_homes(form: &str, to: &Path) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contract/homes").join(form).join("work");
    for entry in walkdir::WalkDir::new(&from).sort_by_file_name() {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            let place = entry.path().strip_prefix(&from).unwrap();
            put(to, place.to_str().unwrap(), fs::read(entry.path()).unwrap());
        }
    }
}
