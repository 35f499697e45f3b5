//! Output files, as named by `--detach`, `--signature` and `policy init FILE`.

use std::io;
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use files::{Named, Target};
use notary::ReasonCode;

use super::exit::CliError;
use crate::output::Output;

/// An output file. It is written atomically, and what is there is replaced only with `--force`: a symbolic link is then
/// kept and its target written, and a named pipe is written to. Devices such as `/dev/null` are always written to.
#[derive(Debug, Clone)]
pub struct OutputFile {
    named: PathBuf,
    force: bool,
    stdout: bool,
}

/// What a path refers to.
enum Destination {
    /// A regular file to create or replace.
    File(Target),
    /// A character device or a pipe.
    Stream(Target),
    /// Standard output, as `-` or by path.
    Stdout,
}

impl OutputFile {
    /// Checks the path before any work is done. `-` is standard output.
    ///
    /// # Errors
    /// Returns [`CliError`] if the path cannot be written to, or if it exists and `force` is not set.
    pub fn new(named: PathBuf, force: bool) -> Result<Self, CliError> {
        let stdout = matches!(target(&named, force)?, Destination::Stdout);
        Ok(Self { named, force, stdout })
    }

    /// The same file for content that is not text.
    ///
    /// # Errors
    /// Returns [`CliError`] if it would go to a terminal, which interprets it.
    pub fn for_binary(self) -> Result<Self, CliError> {
        match self.stdout && io::stdout().is_terminal() {
            true => Err(CliError::configuration("the signature is binary, and standard output is a terminal")
                .with_advice("Name a file, or redirect standard output to a file or a pipe.")),
            false => Ok(self),
        }
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
            Destination::File(target) if self.force => target.replace(content, mode),
            Destination::File(target) => target.create(content, mode),
            Destination::Stream(target) => write_into(&target, content),
            Destination::Stdout => return Output::content(content),
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

/// What the path leads to. Without `force`, anything that is there already is an error: also a symbolic link that leads
/// nowhere, and a named pipe.
fn target(named: &Path, force: bool) -> Result<Destination, CliError> {
    if named == Path::new("-") {
        return Ok(Destination::Stdout);
    }
    let link = std::fs::read_link(named);
    let target = Target::of(named).map_err(|why| match why.kind() {
        io::ErrorKind::PermissionDenied => failed(named, why),
        _ if link.is_ok() && !force => there_already(named),
        io::ErrorKind::NotFound => failed(
            named,
            match &link {
                Ok(link) => format!("the folder of its target {} does not exist: create it first", link.display()),
                Err(_) => format!("the folder {} does not exist: create it first", folder(named).display()),
            },
        ),
        _ => failed(named, why),
    })?;
    match target.named() {
        Named::Nothing if named.file_name().is_none() => Err(failed(named, "this is not the name of a file")),
        Named::Nothing if target.is_linked() && !force => Err(there_already(named)),
        Named::Nothing => Ok(Destination::File(target)),
        _ if is_stdout(&target) => Ok(Destination::Stdout),
        Named::Stream => Ok(Destination::Stream(target)),
        Named::Other => Err(failed(named, "this is a folder, a block device or a socket: name a file")),
        Named::File | Named::Pipe if !force => Err(there_already(named)),
        Named::File => Ok(Destination::File(target)),
        Named::Pipe => Ok(Destination::Stream(target)),
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether the path is standard output: `/dev/stdout` may be a redirected file, and other text must not be mixed into
/// it.
#[allow(clippy::useless_conversion, clippy::unnecessary_cast, reason = "the types depend on the system")]
fn is_stdout(target: &Target) -> bool {
    let stdout = rustix::fs::fstat(io::stdout()).map(|stdout| (stdout.st_dev as u64, stdout.st_ino as u64));
    stdout.is_ok_and(|stdout| target.id() == Some(stdout))
}

fn write_into(target: &Target, content: &[u8]) -> io::Result<()> {
    let mut file = target.open_stream()?;
    match file.write_all(content).and_then(|()| file.flush()) {
        // The reader may close the pipe early.
        Err(why) if why.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::fs;
    use std::fs::File;
    use std::io::Read as _;
    use std::os::unix::fs::{FileTypeExt as _, symlink};
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
    fn writes_to_the_target_of_a_symbolic_link_only_with_force() {
        let home = tempfile::tempdir().unwrap();
        let link = home.path().join("link");
        let path = home.path().join("file");
        symlink("file", &link).unwrap();
        // A link is there already, even if it leads nowhere.
        assert_eq!(write(&link, false).unwrap_err().code, ReasonCode::Exists);
        assert!(!path.exists());
        write(&link, true).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        fs::write(&path, "old").unwrap();
        assert_eq!(write(&link, false).unwrap_err().code, ReasonCode::Exists);
        write(&link, true).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert!(link.symlink_metadata().unwrap().is_symlink());
    }

    #[test]
    fn a_link_without_a_usable_target_exists_already() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("file"), "").unwrap();
        for target in ["nowhere/x", "/nowhere/x", "file/x", "link"] {
            let link = home.path().join("link");
            symlink(target, &link).unwrap();
            assert_eq!(write(&link, false).unwrap_err().code, ReasonCode::Exists, "{target}");
            let forced = write(&link, true).unwrap_err();
            assert_ne!(forced.code, ReasonCode::Exists, "{target}");
            assert!(!target.ends_with("nowhere/x") || forced.message.contains(target), "{}", forced.message);
            fs::remove_file(&link).unwrap();
        }
    }

    #[test]
    fn writes_to_a_named_pipe_only_with_force() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
        assert_eq!(write(&path, false).unwrap_err().code, ReasonCode::Exists);
        let reader = std::thread::spawn({
            let path = path.clone();
            move || {
                let mut read = String::new();
                File::open(path).unwrap().read_to_string(&mut read).unwrap();
                read
            }
        });
        write(&path, true).unwrap();
        assert_eq!(reader.join().unwrap(), "new");
        assert!(path.symlink_metadata().unwrap().file_type().is_fifo());
    }

    #[test]
    fn writes_to_a_pipe_that_the_shell_passed() {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let path = PathBuf::from(format!("/dev/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&writer)));
        write(&path, false).unwrap();
        drop(writer);
        let mut read = String::new();
        reader.read_to_string(&mut read).unwrap();
        assert_eq!(read, "new");
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
