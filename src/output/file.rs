//! Output files, as named by `--detach`, `--signature` and `policy init FILE`.

use std::fs::{File, Metadata, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::{fs, io};

use notary::ReasonCode;

use super::exit::CliError;
use crate::output::Output;

/// The most symbolic links that are followed, as in Linux.
const MAX_LINKS: usize = 40;

/// An output file. A regular file is written atomically, and replaced only with `--force`. A symbolic link is kept, and
/// its target written. Devices and pipes are opened and written to.
#[derive(Debug, Clone)]
pub struct OutputFile {
    named: PathBuf,
    force: bool,
    stdout: bool,
}

/// What a path refers to.
enum Target {
    /// A regular file to create or replace.
    File(PathBuf),
    /// A character device or a pipe.
    Stream,
    /// Standard output, as `-` or by path.
    Stdout,
}

impl OutputFile {
    /// Checks the path before any work is done. `-` is standard output.
    ///
    /// # Errors
    /// Returns [`CliError`] if the path cannot be written to, or if it exists and `force` is not set.
    pub fn new(named: PathBuf, force: bool) -> Result<Self, CliError> {
        let stdout = matches!(target(&named, force)?, Target::Stdout);
        Ok(Self { named, force, stdout })
    }

    /// The path as given on the command line.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.named
    }

    /// The output for everything but the file's content. If the content goes to standard output, text goes to standard
    /// error.
    ///
    /// # Errors
    /// Returns [`CliError`] if the content and JSON would both go to standard output.
    pub fn beside(&self, output: &Output) -> Result<Output, CliError> {
        match self.stdout {
            false => Ok(output.clone()),
            true if output.is_json() => {
                Err(CliError::configuration("the file's content and --output json cannot both go to standard output")
                    .with_advice("Name a file, or remove --output json."))
            }
            true => Ok(output.with_text_on_stderr()),
        }
    }

    /// Writes the content. A new file gets `mode`, reduced by the umask.
    ///
    /// # Errors
    /// Returns [`CliError`] if the file cannot be written. An existing file is then unchanged.
    pub fn write(&self, content: &[u8], mode: u32) -> Result<(), CliError> {
        let written = match target(&self.named, self.force)? {
            Target::File(path) if self.force => files::replace(&path, content, mode),
            Target::File(path) => files::create(&path, content, mode),
            Target::Stream => write_into(&self.named, content),
            Target::Stdout => return Output::content(content),
        };
        written.map_err(|why| match why.kind() {
            io::ErrorKind::AlreadyExists => there_already(&self.named),
            _ => failed(&self.named, why),
        })
    }
}

fn failed(named: &Path, why: impl std::fmt::Display) -> CliError {
    CliError::file(format!("{}: {why}", named.display()))
}

fn there_already(named: &Path) -> CliError {
    let named = named.display();
    CliError::new(ReasonCode::Exists, format!("{named} already exists"))
        .with_advice("Name another file, or replace it with --force.")
}

fn target(named: &Path, force: bool) -> Result<Target, CliError> {
    if named == Path::new("-") {
        return Ok(Target::Stdout);
    }
    match fs::metadata(named) {
        Ok(seen) if is_stdout(&seen) => Ok(Target::Stdout),
        Ok(seen) if is_stream(&seen) => Ok(Target::Stream),
        Ok(seen) if !seen.is_file() => Err(failed(named, "this is a folder, a block device or a socket: name a file")),
        Ok(_) if !force => Err(there_already(named)),
        Ok(_) => fs::canonicalize(named).map(Target::File).map_err(|why| failed(named, why)),
        Err(why) if why.kind() == io::ErrorKind::NotFound => missing(named),
        Err(why) => Err(failed(named, why)),
    }
}

/// The file to create, with dangling symbolic links followed.
fn missing(named: &Path) -> Result<Target, CliError> {
    let mut path = named.to_owned();
    for _ in 0..MAX_LINKS {
        let Ok(leads_to) = fs::read_link(&path) else { break };
        path = folder(&path).join(leads_to);
    }
    let folder = folder(&path);
    match (path.file_name(), folder.is_dir()) {
        (Some(_), true) => Ok(Target::File(path)),
        (Some(_), false) => {
            Err(failed(named, format!("the folder {} does not exist: create it first", folder.display())))
        }
        (None, _) => Err(failed(named, "this is not the name of a file")),
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn is_stream(seen: &Metadata) -> bool {
    seen.file_type().is_char_device() || seen.file_type().is_fifo()
}

/// Whether the path is standard output: `/dev/stdout` may be a redirected file, and other text must not be mixed into
/// it.
fn is_stdout(seen: &Metadata) -> bool {
    rustix::fs::fstat(io::stdout()).is_ok_and(|stdout| (stdout.st_dev, stdout.st_ino) == (seen.dev(), seen.ino()))
}

fn write_into(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file: File = OpenOptions::new().write(true).open(path)?;
    if !is_stream(&file.metadata()?) {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    match file.write_all(content).and_then(|()| file.flush()) {
        // The reader may close the pipe early.
        Err(why) if why.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::io::Read as _;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use super::*;

    fn write(path: &Path, force: bool) -> Result<(), CliError> {
        OutputFile::new(path.to_owned(), force)?.write(b"new", 0o644)
    }

    #[test]
    fn replaces_an_existing_file_only_with_force() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("file");
        write(&path, false).unwrap();
        fs::write(&path, "old").unwrap();
        assert!(write(&path, false).unwrap_err().advice.unwrap().contains("--force"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        write(&path, true).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    }

    #[test]
    fn keeps_a_file_created_in_the_meantime() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("file");
        let file = OutputFile::new(path.clone(), false).unwrap();
        fs::write(&path, "old").unwrap();
        assert!(file.write(b"new", 0o644).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    }

    #[test]
    fn writes_to_the_target_of_a_symbolic_link() {
        let home = tempfile::tempdir().unwrap();
        let link = home.path().join("link");
        let path = home.path().join("file");
        symlink("file", &link).unwrap();
        write(&link, false).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        fs::write(&path, "old").unwrap();
        assert!(write(&link, false).is_err());
        write(&link, true).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert!(link.symlink_metadata().unwrap().is_symlink());
    }

    #[test]
    fn rejects_circular_links() {
        let home = tempfile::tempdir().unwrap();
        let link = home.path().join("link");
        symlink("link", &link).unwrap();
        assert!(write(&link, true).is_err());
    }

    #[test]
    fn writes_to_a_pipe() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
        for force in [false, true] {
            let reader = std::thread::spawn({
                let path = path.clone();
                move || {
                    let mut read = String::new();
                    File::open(path).unwrap().read_to_string(&mut read).unwrap();
                    read
                }
            });
            write(&path, force).unwrap();
            assert_eq!(reader.join().unwrap(), "new");
            assert!(path.symlink_metadata().unwrap().file_type().is_fifo());
        }
    }

    #[test]
    fn rejects_folders_and_sockets() {
        let home = tempfile::tempdir().unwrap();
        let socket = home.path().join("socket");
        let _listener = UnixListener::bind(&socket).unwrap();
        for path in [home.path(), &socket] {
            assert!(write(path, true).unwrap_err().message.contains("name a file"), "{}", path.display());
        }
        assert!(socket.symlink_metadata().unwrap().file_type().is_socket());
    }

    #[test]
    fn errors_name_the_file_as_given() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("sub/file");
        let why = write(&path, false).unwrap_err().message;
        assert!(why.starts_with(&format!("{}: the folder", path.display())), "{why}");
    }
}
