//! The segment's file: opened or created without ever harming who reads it, and written.
//!
//! A client maps the file and never looks at its path again. So the file is never truncated (that kills
//! the client) and never removed or replaced while it is sound (the client would stay on the dead one).

use std::fmt;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;

use super::segment::{self, FILE_NAME, GENERATION_OFFSET, HEADER_SIZE, SIZE, Segment};

/// A name that no client opens, for a file that is not complete yet.
const NEW_FILE_NAME: &str = ".shm0.new";
/// Readable for every user, whatever the umask: the application is another one.
const MODE: u32 = 0o644;
/// A live writer writes once a second: how long to look whether one does.
const LOOK: Duration = Duration::from_millis(1_200);

/// Why the segment cannot be written.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The directory is missing or no directory, or may not be entered.
    Directory(io::Error),
    /// Another writer holds the directory's lock.
    Locked,
    /// The segment was written by somebody else.
    OtherWriter,
    /// The file's name is taken by something that is not a regular file, such as a symbolic link.
    NotAFile,
    /// The file was removed or replaced.
    Gone,
    /// A system call failed.
    Failed {
        /// What was being done, as in "cannot ... the segment".
        doing: &'static str,
        /// What the system said.
        error: io::Error,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(error) => write!(f, "the directory cannot be opened: {error}"),
            Self::Locked => f.write_str("another process holds the lock on the directory"),
            Self::OtherWriter => f.write_str("another process is writing the segment"),
            Self::NotAFile => write!(f, "{FILE_NAME} is not a regular file"),
            Self::Gone => write!(f, "{FILE_NAME} was removed or replaced"),
            Self::Failed { doing, error } => write!(f, "cannot {doing} {FILE_NAME}: {error}"),
        }
    }
}

impl std::error::Error for Fault {}

fn failed(doing: &'static str) -> impl Fn(io::Error) -> Fault {
    move |error| Fault::Failed { doing, error }
}

/// What was found when the segment was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing that a client could have mapped: a new file was put there.
    New,
    /// A sound segment of an earlier writer, which clients may be using.
    Sound,
    /// A segment whose payload may not be believed: its writer was killed while writing, or it is of
    /// another start of the machine.
    Unsound,
}

/// The one writer of a segment.
#[derive(Debug)]
pub(crate) struct Writer {
    path: PathBuf,
    file: File,
    /// The generation that was written last.
    generation: u16,
    /// Held open for its lock.
    _directory: File,
}

impl Writer {
    /// Opens the segment in `directory`, or creates it with `initial` in it.
    ///
    /// With `look`, and wherever the file system has no locks, first looks for 1.2 s whether a segment that
    /// is there is being written.
    ///
    /// # Errors
    /// [`Fault`] if it cannot be written, or somebody else writes it.
    pub(crate) fn open(
        directory: &Path,
        initial: &Segment,
        look: bool,
    ) -> Result<(Self, Found), Fault> {
        let (directory_held, is_locked) = lock(directory)?;
        let path = directory.join(FILE_NAME);
        let existing = match open_existing(&path)? {
            Some(file) => adoptable(&file)?.map(|generation| (file, generation)),
            None => None,
        };
        let (file, generation, found) = match existing {
            Some((file, generation)) => {
                if look || !is_locked {
                    std::thread::sleep(LOOK);
                    if read_generation(&file)? != generation {
                        return Err(Fault::OtherWriter);
                    }
                }
                // An earlier writer may have been another user: then it stays as it was.
                let _ = file.set_permissions(Permissions::from_mode(MODE));
                let found = if is_sound(&file, generation, initial.as_of)? {
                    Found::Sound
                } else {
                    Found::Unsound
                };
                (file, generation, found)
            }
            None => (create(directory, &path, initial)?, 2, Found::New),
        };
        let writer = Self {
            path,
            file,
            generation,
            _directory: directory_held,
        };
        Ok((writer, found))
    }

    /// Writes what clients are to read from now on. A client that looks meanwhile keeps what it had.
    ///
    /// # Errors
    /// [`Fault`]; the segment may then be half-written, which clients notice.
    pub(crate) fn publish(&mut self, segment: &Segment) -> Result<(), Fault> {
        if !self.is_in_place() {
            return Err(Fault::Gone);
        }
        if read_generation(&self.file)? != self.generation {
            return Err(Fault::OtherWriter);
        }
        self.generation = write(self.generation, segment, |bytes, offset| {
            self.file.write_all_at(bytes, offset)
        })
        .map_err(failed("write"))?;
        Ok(())
    }

    /// Whether the path still leads to the open file.
    fn is_in_place(&self) -> bool {
        match (fs::symlink_metadata(&self.path), self.file.metadata()) {
            (Ok(there), Ok(here)) => (there.dev(), there.ino()) == (here.dev(), here.ino()),
            _ => false,
        }
    }
}

/// Writes `segment` with `put`, which takes bytes and their offset, and gives the new generation. It is odd
/// while the rest is written, so that nobody takes what is half-written for whole.
fn write(
    generation: u16,
    segment: &Segment,
    mut put: impl FnMut(&[u8], u64) -> io::Result<()>,
) -> io::Result<u16> {
    let odd = generation | 1;
    // 0 would mean that nothing was ever written.
    let even = odd.checked_add(1).unwrap_or(2);
    put(&odd.to_ne_bytes(), GENERATION_OFFSET)?;
    put(&segment.payload(), HEADER_SIZE as u64)?;
    put(&even.to_ne_bytes(), GENERATION_OFFSET)?;
    Ok(even)
}

/// The directory, and whether its lock is held: some file systems have none.
fn lock(directory: &Path) -> Result<(File, bool), Fault> {
    let flags = i32::try_from(OFlags::DIRECTORY.bits()).unwrap_or_default();
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(directory)
        .map_err(Fault::Directory)?;
    match flock(&opened, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok((opened, true)),
        Err(Errno::WOULDBLOCK) => Err(Fault::Locked),
        Err(_) => Ok((opened, false)),
    }
}

fn open_existing(path: &Path) -> Result<Option<File>, Fault> {
    // Not through a symbolic link, which somebody else may have put there; not waiting for a pipe.
    let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits()).unwrap_or_default();
    let opened = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(flags)
        .open(path);
    let file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            let is_file = fs::symlink_metadata(path).is_ok_and(|found| found.is_file());
            return Err(if is_file {
                failed("open")(error)
            } else {
                Fault::NotAFile
            });
        }
    };
    let kind = file.metadata().map_err(failed("look at"))?.file_type();
    if kind.is_file() {
        Ok(Some(file))
    } else {
        Err(Fault::NotAFile)
    }
}

/// The generation of a segment that clients may have mapped; `None` for what they refuse.
fn adoptable(file: &File) -> Result<Option<u16>, Fault> {
    if file.metadata().map_err(failed("look at"))?.len() < SIZE as u64 {
        return Ok(None);
    }
    let mut header = [0; HEADER_SIZE];
    file.read_exact_at(&mut header, 0).map_err(failed("read"))?;
    Ok(segment::generation(&header).ok())
}

/// Whether what the file says can be believed: it was written to its end, and the two clocks agree on when
/// that was. They do not if the machine has started since, or the wall clock has been set.
fn is_sound(file: &File, generation: u16, now: Duration) -> Result<bool, Fault> {
    /// Times of files are coarse.
    const TOLERANCE: Duration = Duration::from_secs(2);
    let mut payload = [0; SIZE - HEADER_SIZE];
    file.read_exact_at(&mut payload, HEADER_SIZE as u64)
        .map_err(failed("read"))?;
    let Ok(written) = Segment::from_payload(&payload) else {
        return Ok(false);
    };
    let modified = file.metadata().and_then(|metadata| metadata.modified());
    let age = modified.map_err(failed("look at"))?.elapsed();
    // A file of the future is within the tolerance or not believed.
    let age = age.unwrap_or_else(|future| {
        if future.duration() <= TOLERANCE {
            Duration::ZERO
        } else {
            Duration::MAX
        }
    });
    let agreed = now
        .checked_sub(written.as_of)
        .is_some_and(|since| since.abs_diff(age) <= TOLERANCE);
    Ok(generation.is_multiple_of(2) && agreed)
}

fn read_generation(file: &File) -> Result<u16, Fault> {
    let mut generation = [0; 2];
    file.read_exact_at(&mut generation, GENERATION_OFFSET)
        .map_err(failed("read"))?;
    Ok(u16::from_ne_bytes(generation))
}

/// A complete segment, put where clients look in one step.
fn create(directory: &Path, path: &Path, initial: &Segment) -> Result<File, Fault> {
    let new = directory.join(NEW_FILE_NAME);
    // Left over by a writer that was killed here.
    match fs::remove_file(&new) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(failed("create")(error)),
    }
    let created = create_as(&new, initial).and_then(|file| {
        fs::rename(&new, path)?;
        Ok(file)
    });
    created.map_err(|error| {
        let _ = fs::remove_file(&new);
        failed("create")(error)
    })
}

fn create_as(new: &Path, initial: &Segment) -> io::Result<File> {
    // Never an existing file, nor through a symbolic link.
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(MODE)
        .open(new)?;
    // Written, not set to a length: a hole that finds the disk full later kills the clients.
    file.write_all(&initial.to_bytes(2))?;
    file.set_permissions(Permissions::from_mode(MODE))?;
    Ok(file)
}

#[cfg(test)]
mod tests;
