//! Files that a command writes what it made to, as `--detach`, `--signature` and `policy init FILE` name them.

use std::fs::{File, Metadata, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::{fs, io};

use files;

use super::exit::CliError;
use crate::output::Output;

/// How many symbolic links a name may lead over, as Linux has it.
const MAX_LINKS: usize = 40;

/// Where a command writes to. A regular file is written in one step, and one that is there is replaced only with `--force`; a
/// symbolic link stays, and what it leads to is written; devices and pipes are written into.
#[derive(Debug, Clone)]
pub struct OutputFile {
    named: PathBuf,
    force: bool,
    stdout: bool,
}

/// What a name leads to.
enum Target {
    /// A file that is not there, or is replaced.
    File(PathBuf),
    /// A character device or a pipe.
    Stream,
    /// Standard output, under this name or another.
    Stdout,
}

impl OutputFile {
    /// Checks the name, so that nothing is begun whose result has nowhere to go. `-` stands for standard output.
    ///
    /// # Errors
    /// When it cannot be written to, or is a file that is there and `force` is not given.
    pub fn new(named: PathBuf, force: bool) -> Result<Self, CliError> {
        let stdout = matches!(target(&named, force)?, Target::Stdout);
        Ok(Self { named, force, stdout })
    }

    /// As it was named.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.named
    }

    /// What else the command says beside the content: nothing of it may get into that.
    ///
    /// # Errors
    /// When both are to be read by a program from standard output.
    pub fn beside(&self, output: &Output) -> Result<Output, CliError> {
        match self.stdout {
            false => Ok(output.clone()),
            true if output.is_json() => Err(CliError::usage(
                "the content of the file and --output json cannot both go to standard output: name another file, or leave one out",
            )),
            true => Ok(output.with_text_on_stderr()),
        }
    }

    /// Writes the content. A new file's mode is `mode` less what the umask takes.
    ///
    /// # Errors
    /// When that fails; a file that was there is then as it was.
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
    CliError::usage(format!("{}: {why}", named.display()))
}

fn there_already(named: &Path) -> CliError {
    let named = named.display();
    CliError::usage(format!("{named} is there already; name another file, or replace it with --force"))
}

fn target(named: &Path, force: bool) -> Result<Target, CliError> {
    if named == Path::new("-") {
        return Ok(Target::Stdout);
    }
    match fs::metadata(named) {
        Ok(seen) if is_stdout(&seen) => Ok(Target::Stdout),
        Ok(seen) if is_stream(&seen) => Ok(Target::Stream),
        Ok(seen) if !seen.is_file() => Err(failed(named, "this is a folder, a block device or a socket; name a file")),
        Ok(_) if !force => Err(there_already(named)),
        Ok(_) => fs::canonicalize(named).map(Target::File).map_err(|why| failed(named, why)),
        Err(why) if why.kind() == io::ErrorKind::NotFound => missing(named),
        Err(why) => Err(failed(named, why)),
    }
}

/// The file that is to be made; a link may lead to it.
fn missing(named: &Path) -> Result<Target, CliError> {
    let mut path = named.to_owned();
    for _ in 0..MAX_LINKS {
        let Ok(leads_to) = fs::read_link(&path) else { break };
        path = folder(&path).join(leads_to);
    }
    let folder = folder(&path);
    match (path.file_name(), folder.is_dir()) {
        (Some(_), true) => Ok(Target::File(path)),
        (Some(_), false) => Err(failed(named, format!("there is no folder {}; make it first", folder.display()))),
        (None, _) => Err(failed(named, "this names no file")),
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn is_stream(seen: &Metadata) -> bool {
    seen.file_type().is_char_device() || seen.file_type().is_fifo()
}

/// `/dev/stdout` leads to what standard output is, which may be a file that other text must not get into.
fn is_stdout(seen: &Metadata) -> bool {
    rustix::fs::fstat(io::stdout()).is_ok_and(|stdout| (stdout.st_dev, stdout.st_ino) == (seen.dev(), seen.ino()))
}

fn write_into(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file: File = OpenOptions::new().write(true).open(path)?;
    if !is_stream(&file.metadata()?) {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    match file.write_all(content).and_then(|()| file.flush()) {
        // Whoever reads a pipe may have enough before its end.
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
    fn a_file_that_is_there_is_replaced_only_by_force() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("file");
        write(&path, false).unwrap();
        fs::write(&path, "old").unwrap();
        assert!(write(&path, false).unwrap_err().message.contains("--force"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        write(&path, true).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    }

    #[test]
    fn a_file_that_came_to_be_meanwhile_is_kept() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("file");
        let file = OutputFile::new(path.clone(), false).unwrap();
        fs::write(&path, "old").unwrap();
        assert!(file.write(b"new", 0o644).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    }

    #[test]
    fn a_link_stays_and_what_it_leads_to_is_written() {
        let home = tempfile::tempdir().unwrap();
        let (link, path) = (home.path().join("link"), home.path().join("file"));
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
    fn links_in_a_circle_are_refused() {
        let home = tempfile::tempdir().unwrap();
        let link = home.path().join("link");
        symlink("link", &link).unwrap();
        assert!(write(&link, true).is_err());
    }

    #[test]
    fn a_pipe_is_written_into_and_stays() {
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
    fn what_is_neither_file_nor_stream_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let socket = home.path().join("socket");
        let _listener = UnixListener::bind(&socket).unwrap();
        for path in [home.path(), &socket] {
            assert!(write(path, true).unwrap_err().message.contains("name a file"), "{}", path.display());
        }
        assert!(socket.symlink_metadata().unwrap().file_type().is_socket());
    }

    #[test]
    fn an_error_names_the_file_as_the_user_did() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("sub/file");
        let why = write(&path, false).unwrap_err().message;
        assert!(why.starts_with(&format!("{}: there is no folder", path.display())), "{why}");
    }
}
