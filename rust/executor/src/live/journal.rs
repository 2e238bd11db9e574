//! The journal as a file: one process appends to it, and a thread of its own makes it durable.
//!
//! What is written survives the death of this process; what is synced, a loss of power, too.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use orders::{Record, journal};
use prometheus_client::metrics::histogram::Histogram;
use tokio::sync::Notify;

use crate::config::{Fsync, JournalConfig};

const FILE: &str = "orders.journal";
const LOCK: &str = "lock";
/// Seconds: from a disk with a battery to one that hangs.
const SYNC_BUCKETS: [f64; 15] = [
    1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 1e-1, 5e-1, 1.0,
];

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another process has it.
    #[error("journal.dir: {} is in use by another executor; give each its own folder", .0.display())]
    InUse(PathBuf),
    /// The system says so.
    #[error("journal.dir: {}: {source}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is no journal, or damaged.
    #[error("journal.dir: {}: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: journal::JournalError,
    },
    /// A record that cannot be written.
    #[error("a record cannot be written: {0}")]
    Record(#[from] serde_json::Error),
}

/// What a journal holds when it is opened.
#[derive(Debug)]
pub struct Opened {
    /// It, ready to be appended to.
    pub journal: Journal,
    /// Its records, oldest first.
    pub records: Vec<Record>,
    /// Bytes of an unfinished append that were dropped.
    pub torn_bytes: usize,
}

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    dir: PathBuf,
    file: File,
    /// Held as long as this process has the journal. Its text says who has it.
    lock: File,
    rotate_bytes: u64,
    /// Bytes in the file.
    length: u64,
    /// Bytes it had when it was last shortened.
    base: u64,
    /// Bytes ever written by this process.
    written: u64,
    buffer: Vec<u8>,
    syncing: Syncing,
}

impl Journal {
    /// Opens the journal of a folder, makes it if it is not there, and takes it for this process alone.
    ///
    /// # Errors
    /// [`JournalError`]; nothing has been changed then.
    pub fn open(config: &JournalConfig) -> Result<Opened, JournalError> {
        let dir = &config.dir;
        std::fs::create_dir_all(dir).map_err(|source| failed(dir, source))?;
        let lock = lock(dir)?;
        let path = dir.join(FILE);
        let mut file = open_file(&path, OpenOptions::new().read(true).append(true).create(true))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)
            .map_err(|source| failed(&path, source))?;
        let read = journal::read::<Record>(&bytes).map_err(|source| JournalError::Unreadable {
            path: path.clone(),
            source,
        })?;
        let mut length = read.whole_bytes as u64;
        file.set_len(length).map_err(|source| failed(&path, source))?;
        if length == 0 {
            file.write_all(journal::HEADER)
                .map_err(|source| failed(&path, source))?;
            length = journal::HEADER.len() as u64;
        }
        let sync = |file: &File| file.sync_data().and_then(|()| sync_dir(dir));
        sync(&file).map_err(|source| failed(&path, source))?;
        let syncing = Syncing::start(&file, config.fsync).map_err(|source| failed(&path, source))?;
        let journal = Self {
            dir: dir.clone(),
            file,
            lock,
            rotate_bytes: config.rotate_bytes,
            length,
            base: length,
            written: 0,
            buffer: Vec::new(),
            syncing,
        };
        Ok(Opened {
            journal,
            records: read.records,
            torn_bytes: read.torn_bytes,
        })
    }

    /// Says in the lock who has the journal, for whoever finds it taken.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub fn announce(&self, text: &str) -> Result<(), JournalError> {
        let mut lock = &self.lock;
        self.lock
            .set_len(0)
            .and_then(|()| lock.seek(io::SeekFrom::Start(0)))
            .and_then(|_| lock.write_all(text.as_bytes()))
            .map_err(|source| failed(&self.dir.join(LOCK), source))
    }

    /// Puts a record to those that [`Journal::write`] writes.
    ///
    /// # Errors
    /// [`JournalError::Record`].
    pub fn push(&mut self, record: &Record) -> Result<(), JournalError> {
        Ok(journal::append(record, &mut self.buffer)?)
    }

    /// Appends what was pushed. What follows from it may be done once [`Journal::safe`] is at least the number given.
    ///
    /// # Errors
    /// [`JournalError::Io`]; nothing may be written after that, for the file may end with half a record.
    pub fn write(&mut self) -> Result<u64, JournalError> {
        if !self.buffer.is_empty() {
            let path = self.dir.join(FILE);
            self.file
                .write_all(&self.buffer)
                .map_err(|source| failed(&path, source))?;
            let count = self.buffer.len() as u64;
            self.buffer.clear();
            (self.length, self.written) = (self.length + count, self.written + count);
            self.syncing.written(self.written);
        }
        Ok(self.written)
    }

    /// Of what was written, this much is as durable as it has to be.
    ///
    /// # Errors
    /// If the system could not make it durable.
    pub fn safe(&self) -> Result<u64, JournalError> {
        if self.syncing.shared.is_broken.load(Ordering::Acquire) {
            let source = io::Error::other("cannot be made durable (fdatasync failed)");
            return Err(failed(&self.dir.join(FILE), source));
        }
        Ok(match self.syncing.mode {
            Fsync::Always => self.syncing.shared.synced.load(Ordering::Acquire),
            Fsync::Group(_) | Fsync::Never => self.written,
        })
    }

    /// Rung when [`Journal::safe`] has changed.
    #[must_use]
    pub fn synced(&self) -> Arc<Notify> {
        Arc::clone(&self.syncing.shared.notify)
    }

    /// True once it has grown so much that it is worth shortening.
    #[must_use]
    pub fn is_long(&self) -> bool {
        self.length >= self.base.saturating_mul(2).max(self.rotate_bytes)
    }

    /// How many bytes it has.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// How long the last sync took, and how many there were.
    #[must_use]
    pub fn sync_times(&self) -> (Duration, u64) {
        let shared = &self.syncing.shared;
        let micros = shared.last_us.load(Ordering::Relaxed);
        (
            Duration::from_micros(micros),
            shared.syncs.load(Ordering::Relaxed),
        )
    }

    /// The times of every sync of this process; the metrics page shows it.
    #[must_use]
    pub fn sync_seconds(&self) -> Histogram {
        self.syncing.shared.seconds.clone()
    }

    /// Puts a journal of this one record in its place, all of it or nothing.
    ///
    /// # Errors
    /// [`JournalError`]; the journal is as it was, but should not be used any more.
    pub fn shorten(&mut self, snapshot: &Record) -> Result<(), JournalError> {
        let path = self.dir.join(FILE);
        let made = self.dir.join("orders.journal.new");
        let mut bytes = journal::HEADER.to_vec();
        journal::append(snapshot, &mut bytes)?;
        let mut file = open_file(&made, OpenOptions::new().write(true).create(true).truncate(true))?;
        file.write_all(&bytes)
            .and_then(|()| self.syncing.shared.sync(&file))
            .map_err(|source| failed(&made, source))?;
        std::fs::rename(&made, &path)
            .and_then(|()| sync_dir(&self.dir))
            .map_err(|source| failed(&path, source))?;
        drop(file);
        self.file = open_file(&path, OpenOptions::new().append(true))?;
        self.length = bytes.len() as u64;
        self.base = self.length;
        self.syncing
            .replaced(&self.file, self.written)
            .map_err(|source| failed(&path, source))
    }
}

fn failed(path: &Path, source: io::Error) -> JournalError {
    JournalError::Io {
        path: path.to_owned(),
        source,
    }
}

fn open_file(path: &Path, options: &mut OpenOptions) -> Result<File, JournalError> {
    options
        .mode(0o600)
        .open(path)
        .map_err(|source| failed(path, source))
}

fn lock(dir: &Path) -> Result<File, JournalError> {
    let path = dir.join(LOCK);
    let file = open_file(&path, OpenOptions::new().write(true).create(true).truncate(false))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(JournalError::InUse(dir.to_owned())),
        Err(TryLockError::Error(source)) => Err(failed(&path, source)),
    }
}

fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// What the journal and its thread share.
#[derive(Debug)]
struct Shared {
    /// What is to be synced: the file, and how much has been written.
    wanted: Mutex<Wanted>,
    wake: Condvar,
    /// How much has been synced.
    synced: AtomicU64,
    is_broken: AtomicBool,
    notify: Arc<Notify>,
    syncs: AtomicU64,
    last_us: AtomicU64,
    seconds: Histogram,
}

impl Shared {
    fn new() -> Self {
        Self {
            wanted: Mutex::default(),
            wake: Condvar::new(),
            synced: AtomicU64::new(0),
            is_broken: AtomicBool::new(false),
            notify: Arc::default(),
            syncs: AtomicU64::new(0),
            last_us: AtomicU64::new(0),
            seconds: Histogram::new(SYNC_BUCKETS),
        }
    }

    /// Makes a file durable, and notes how long that took. The histogram is locked for an addition by those who write
    /// (the journal's thread, seldom another) and for a copy by a scrape: nobody waits for a disk.
    fn sync(&self, file: &File) -> io::Result<()> {
        let begun = Instant::now();
        file.sync_data()?;
        let took = begun.elapsed();
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.last_us.store(micros, Ordering::Relaxed);
        self.syncs.fetch_add(1, Ordering::Relaxed);
        self.seconds.observe(took.as_secs_f64());
        Ok(())
    }
}

#[derive(Debug, Default)]
struct Wanted {
    file: Option<File>,
    written: u64,
    is_over: bool,
}

/// The thread that syncs.
#[derive(Debug)]
struct Syncing {
    mode: Fsync,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Syncing {
    fn start(file: &File, mode: Fsync) -> io::Result<Self> {
        let shared = Arc::new(Shared::new());
        locked(&shared.wanted).file = Some(file.try_clone()?);
        let thread = if mode == Fsync::Never {
            None
        } else {
            let shared = Arc::clone(&shared);
            let pause = match mode {
                Fsync::Group(pause) => pause,
                _ => Duration::ZERO,
            };
            let thread = std::thread::Builder::new().name("journal".to_owned());
            Some(thread.spawn(move || sync_for_ever(&shared, pause))?)
        };
        Ok(Self { mode, shared, thread })
    }

    fn written(&self, written: u64) {
        if self.thread.is_some() {
            locked(&self.shared.wanted).written = written;
            self.shared.wake.notify_one();
        }
    }

    /// Another file has taken its place, and all that was written before is safe in it.
    fn replaced(&self, file: &File, written: u64) -> io::Result<()> {
        let mut wanted = locked(&self.shared.wanted);
        wanted.file = Some(file.try_clone()?);
        wanted.written = written;
        self.shared.synced.store(written, Ordering::Release);
        self.shared.notify.notify_one();
        Ok(())
    }
}

impl Drop for Syncing {
    fn drop(&mut self) {
        locked(&self.shared.wanted).is_over = true;
        self.shared.wake.notify_one();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the journal's thread has failed");
        }
    }
}

fn sync_for_ever(shared: &Shared, pause: Duration) {
    loop {
        let (file, written) = {
            let mut wanted = locked(&shared.wanted);
            while wanted.written <= shared.synced.load(Ordering::Acquire) && !wanted.is_over {
                wanted = shared.wake.wait(wanted).unwrap_or_else(PoisonError::into_inner);
            }
            if wanted.written <= shared.synced.load(Ordering::Acquire) {
                return;
            }
            if !pause.is_zero() && !wanted.is_over {
                drop(wanted);
                std::thread::sleep(pause);
                wanted = locked(&shared.wanted);
            }
            let file = wanted.file.as_ref().map(File::try_clone);
            (file, wanted.written)
        };
        let synced = match file {
            Some(Ok(file)) => shared.sync(&file),
            Some(Err(error)) => Err(error),
            None => Ok(()),
        };
        if let Err(error) = synced {
            tracing::error!(%error, "the journal cannot be made durable");
            shared.is_broken.store(true, Ordering::Release);
            shared.notify.notify_one();
            return;
        }
        shared.synced.fetch_max(written, Ordering::AcqRel);
        shared.notify.notify_one();
    }
}

fn locked(wanted: &Mutex<Wanted>) -> MutexGuard<'_, Wanted> {
    wanted.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text;
    use prometheus_client::registry::Registry;

    use super::*;

    fn config(name: &str, fsync: Fsync) -> JournalConfig {
        let root = std::env::var_os("TEST_TMPDIR").map_or_else(std::env::temp_dir, PathBuf::from);
        let dir = root.join(format!("journal-{}-{name}", std::process::id()));
        std::fs::remove_dir_all(&dir).ok();
        JournalConfig {
            dir,
            fsync,
            rotate_bytes: 4_096,
        }
    }

    fn began(epoch: u64) -> Record {
        Record::Began { epoch }
    }

    fn written(journal: &mut Journal, epochs: std::ops::Range<u64>) -> u64 {
        for epoch in epochs {
            journal.push(&began(epoch)).unwrap();
        }
        journal.write().unwrap()
    }

    #[test]
    fn what_is_written_is_there_when_it_is_opened_again() {
        let config = config("again", Fsync::Never);
        let mut opened = Journal::open(&config).unwrap();
        assert!(opened.records.is_empty());
        let number = written(&mut opened.journal, 1..4);
        assert_eq!(opened.journal.safe().unwrap(), number, "nobody waits for a sync");
        drop(opened);
        let opened = Journal::open(&config).unwrap();
        assert_eq!(opened.records, [began(1), began(2), began(3)]);
    }

    #[test]
    fn half_a_record_at_the_end_is_dropped_and_the_next_stands_in_its_place() {
        let config = config("torn", Fsync::Never);
        let mut opened = Journal::open(&config).unwrap();
        written(&mut opened.journal, 1..3);
        drop(opened);
        let path = config.dir.join(FILE);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() - 3]).unwrap();
        let mut opened = Journal::open(&config).unwrap();
        assert_eq!(opened.records, [began(1)]);
        assert!(opened.torn_bytes > 0);
        written(&mut opened.journal, 7..8);
        drop(opened);
        assert_eq!(Journal::open(&config).unwrap().records, [began(1), began(7)]);
    }

    #[test]
    fn it_is_one_executors_and_says_whose() {
        let config = config("lock", Fsync::Never);
        let opened = Journal::open(&config).unwrap();
        opened.journal.announce("a longer text than the next").unwrap();
        opened.journal.announce("me").unwrap();
        assert!(matches!(Journal::open(&config), Err(JournalError::InUse(_))));
        assert_eq!(std::fs::read_to_string(config.dir.join(LOCK)).unwrap(), "me");
        drop(opened);
        assert!(Journal::open(&config).is_ok());
    }

    #[test]
    fn with_always_nothing_is_safe_before_it_is_synced() {
        let config = config("always", Fsync::Always);
        let mut opened = Journal::open(&config).unwrap();
        let number = written(&mut opened.journal, 1..2);
        let until = Instant::now() + Duration::from_secs(10);
        while opened.journal.safe().unwrap() < number {
            assert!(Instant::now() < until, "it is synced");
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(opened.journal.sync_times().1 >= 1);
        let mut registry = Registry::default();
        registry.register("sync", "", opened.journal.sync_seconds());
        let mut page = String::new();
        text::encode(&mut page, &registry).unwrap();
        assert!(!page.contains("sync_count 0"), "{page}");
    }

    #[test]
    fn shortened_it_holds_the_one_record_and_goes_on() {
        let config = config("short", Fsync::Group(Duration::from_millis(1)));
        let mut opened = Journal::open(&config).unwrap();
        written(&mut opened.journal, 1..200);
        assert!(opened.journal.is_long());
        opened.journal.shorten(&began(200)).unwrap();
        assert!(!opened.journal.is_long());
        written(&mut opened.journal, 201..202);
        drop(opened);
        assert_eq!(Journal::open(&config).unwrap().records, [began(200), began(201)]);
    }

    #[test]
    fn a_file_that_is_no_journal_is_refused_and_left_alone() {
        let config = config("foreign", Fsync::Never);
        std::fs::create_dir_all(&config.dir).unwrap();
        std::fs::write(config.dir.join(FILE), "a letter").unwrap();
        let error = Journal::open(&config).unwrap_err().to_string();
        assert!(error.contains("not a journal of version 1"), "{error}");
        assert_eq!(std::fs::read(config.dir.join(FILE)).unwrap(), b"a letter");
    }
}
