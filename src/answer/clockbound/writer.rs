//! Opens, creates and writes the segment's file without harming its clients.
//!
//! A client maps the file and never looks at its path again. So the file is never truncated (that kills the client), and
//! never removed or replaced while it is valid (the client would stay on the dead file).

use std::fmt;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, TimeDelta, Utc};
use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;

use super::segment::{self, FILE_NAME, GENERATION_OFFSET, HEADER_SIZE, SIZE, Segment};

/// A name that no client opens, for a file that is not complete yet.
const NEW_FILE_NAME: &str = ".shm0.new";
/// Readable for every user, with any umask: the application runs as another user.
const MODE: u32 = 0o644;
/// How long to observe an existing segment: a live writer writes once a second.
const LOOK: Duration = Duration::from_millis(1_200);

/// Why the segment cannot be written.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The directory does not exist, is not a directory, or may not be entered.
    Directory(io::Error),
    /// Another writer holds the directory's lock.
    Locked,
    /// Another process writes the segment.
    OtherWriter,
    /// The file's name is taken by something that is not a regular file, such as a symbolic link.
    NotAFile,
    /// The file was removed.
    Removed,
    /// The file was replaced by another one.
    Replaced,
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
            Self::Removed => write!(f, "{FILE_NAME} was removed"),
            Self::Replaced => write!(f, "{FILE_NAME} was replaced"),
            Self::Failed { doing, error } => write!(f, "cannot {doing} {FILE_NAME}: {error}"),
        }
    }
}

fn failed(doing: &'static str) -> impl Fn(io::Error) -> Fault {
    move |error| Fault::Failed { doing, error }
}

/// What was found when the segment was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OpenOutcome {
    /// Nothing that a client could have mapped: a new file was created.
    New,
    /// A complete segment of an earlier writer, which clients may be using.
    Complete {
        /// The segment.
        segment: Segment,
        /// How far the wall clock was ahead of the monotonic clock when it was written.
        difference: TimeDelta,
    },
    /// A segment whose payload is not valid: its writer was killed while writing, or it is from before the
    /// machine's last start.
    Incomplete,
}

/// What a write did besides writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// Nothing else.
    AsUsual,
    /// It restored a damaged header, with which no new client could have opened the segment.
    Restored,
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

/// What to do with a segment that another process may be writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    /// Take it over: the lock shows that nobody writes it.
    TakeOver,
    /// Observe first whether it changes.
    Observe,
}

impl Writer {
    /// Opens the segment in `directory`, or creates it with `initial` in it.
    ///
    /// An existing segment is first observed for 1.2 s if `existing_segment` asks for it, or if the file system has no locks.
    ///
    /// # Errors
    /// [`Fault`] if it cannot be written, or another process writes it.
    pub(crate) fn open(
        directory: &Path,
        initial: &Segment,
        existing_segment: Existing,
    ) -> Result<(Self, OpenOutcome), Fault> {
        let (directory_held, is_locked) = lock(directory)?;
        let path = directory.join(FILE_NAME);
        let existing = match open_existing(&path)? {
            Some(file) => adoptable(&file)?.map(|generation| (file, generation)),
            None => None,
        };
        let (file, generation, found) = match existing {
            Some((file, generation)) => {
                if existing_segment == Existing::Observe || !is_locked {
                    std::thread::sleep(LOOK);
                    if read_generation(&file)? != generation {
                        return Err(Fault::OtherWriter);
                    }
                }
                // If an earlier writer was another user, the mode stays as it was.
                let _ = file.set_permissions(Permissions::from_mode(MODE));
                let found = found(&file, generation, initial.as_of)?;
                (file, generation, found)
            }
            None => (create(directory, &path, initial)?, 2, OpenOutcome::New),
        };
        let writer = Self {
            path,
            file,
            generation,
            _directory: directory_held,
        };
        Ok((writer, found))
    }

    /// Writes what clients read from now on. A client that reads meanwhile keeps what it had. The file's time then
    /// tells a later writer by how much the wall clock was ahead of the monotonic clock, which is `difference`.
    ///
    /// # Errors
    /// [`Fault`]; the segment may then be half-written, which clients notice.
    pub(crate) fn publish(
        &mut self,
        segment: &Segment,
        difference: TimeDelta,
    ) -> Result<Written, Fault> {
        self.check_place()?;
        let is_damaged = self.is_damaged()?;
        if is_damaged {
            // An odd generation: clients ignore the rest until it is even.
            let header = segment::header(self.generation | 1);
            self.file
                .write_all_at(&header, 0)
                .map_err(failed("restore"))?;
        }
        self.generation = write(self.generation, segment, |bytes, offset| {
            self.file.write_all_at(bytes, offset)
        })
        .map_err(failed("write"))?;
        let time = SystemTime::from(time_of(segment.as_of, difference));
        // Refused if an earlier writer was another user: then a later writer sees the file's time as a step.
        let _ = self.file.set_modified(time);
        Ok(if is_damaged {
            Written::Restored
        } else {
            Written::AsUsual
        })
    }

    /// Whether the header is damaged. A valid header with another generation means another writer.
    fn is_damaged(&self) -> Result<bool, Fault> {
        let mut header = [0; HEADER_SIZE];
        match self.file.read_exact_at(&mut header, 0) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(true),
            Err(error) => return Err(failed("read")(error)),
        }
        match segment::generation(&header) {
            Ok(generation) if generation == self.generation => Ok(false),
            // No writer writes 0, and clients take such a segment for one that was never written.
            Ok(0) | Err(_) => Ok(true),
            Ok(_) => Err(Fault::OtherWriter),
        }
    }

    /// Whether the path still leads to the open file.
    fn check_place(&self) -> Result<(), Fault> {
        let there = match fs::symlink_metadata(&self.path) {
            Ok(there) => there,
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(Fault::Removed),
            Err(error) => return Err(failed("look at")(error)),
        };
        let here = self.file.metadata().map_err(failed("look at"))?;
        if (there.dev(), there.ino()) == (here.dev(), here.ino()) {
            Ok(())
        } else {
            Err(Fault::Replaced)
        }
    }
}

/// Writes `segment` with `put`, which takes bytes and their offset, and returns the new generation. It is odd while the
/// rest is written, so that no client takes a half-written segment for whole.
///
/// Three writes, although one would do for the bytes: AWS's client reads without a fence between the payload and the
/// second look at the generation. In a model it reads a half-written payload with any ordering; only the system calls
/// between the three writes prevent that on a processor.
fn write(
    generation: u16,
    segment: &Segment,
    mut put: impl FnMut(&[u8], u64) -> io::Result<()>,
) -> io::Result<u16> {
    let odd = generation | 1;
    // A generation of 0 would mean that nothing was ever written.
    let even = odd.checked_add(1).unwrap_or(2);
    put(&odd.to_ne_bytes(), GENERATION_OFFSET)?;
    put(&segment.payload(), HEADER_SIZE as u64)?;
    put(&even.to_ne_bytes(), GENERATION_OFFSET)?;
    Ok(even)
}

/// The wall-clock time at `as_of` of the monotonic clock.
fn time_of(as_of: Duration, difference: TimeDelta) -> DateTime<Utc> {
    let since_start = TimeDelta::from_std(as_of).unwrap_or_default();
    DateTime::UNIX_EPOCH
        .checked_add_signed(since_start + difference)
        .unwrap_or(DateTime::UNIX_EPOCH)
}

/// The directory, and whether its lock is held: some file systems have no locks.
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
    // Not through a symbolic link, which another user may have put there; and without waiting for a pipe.
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

/// What an earlier writer left in the file.
fn found(file: &File, generation: u16, now: Duration) -> Result<OpenOutcome, Fault> {
    let mut payload = [0; SIZE - HEADER_SIZE];
    file.read_exact_at(&mut payload, HEADER_SIZE as u64)
        .map_err(failed("read"))?;
    let modified = file.metadata().and_then(|metadata| metadata.modified());
    let modified = DateTime::<Utc>::from(modified.map_err(failed("look at"))?);
    match Segment::from_payload(&payload) {
        // A segment from the future was written before the machine's last start; no client opens one of generation 0.
        Ok(segment) if generation != 0 && generation.is_multiple_of(2) && segment.as_of <= now => {
            let written = time_of(segment.as_of, TimeDelta::zero());
            Ok(OpenOutcome::Complete {
                segment,
                difference: modified.signed_duration_since(written),
            })
        }
        _ => Ok(OpenOutcome::Incomplete),
    }
}

fn read_generation(file: &File) -> Result<u16, Fault> {
    let mut generation = [0; 2];
    file.read_exact_at(&mut generation, GENERATION_OFFSET)
        .map_err(failed("read"))?;
    Ok(u16::from_ne_bytes(generation))
}

/// Creates a complete segment and moves it to its name in one step.
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
    // Written rather than set to a length: a hole could hit a full disk later, which kills the clients.
    file.write_all(&initial.to_bytes(2))?;
    file.set_permissions(Permissions::from_mode(MODE))?;
    Ok(file)
}

#[cfg(test)]
mod tests;
