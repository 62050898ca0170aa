//! The program: all of it is in [`sfs::cli`].

fn main() -> std::process::ExitCode {
    sfs::cli::main()
}
