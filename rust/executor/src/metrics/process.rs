//! What every process tells of itself, under the names that Prometheus' own clients use: read from `/proc/self` at each
//! scrape.

use std::io;
use std::path::Path;

use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

type Fraction = Gauge<f64, std::sync::atomic::AtomicU64>;

/// The kernel counts times in `/proc` in hundredths of a second, whatever its own clock does.
const TICKS_PER_SECOND: f64 = 100.0;
const PROC: &str = "/proc";

/// The values of a moment.
#[derive(Clone, Debug, PartialEq)]
struct Figures {
    cpu_s: f64,
    started_s: f64,
    resident_bytes: i64,
    virtual_bytes: i64,
    open_fds: i64,
    max_fds: i64,
}

/// The metrics, in a registry of their own: their names have no prefix.
#[derive(Debug)]
pub(super) struct ProcessMetrics {
    registry: Registry,
    cpu: Counter<f64, std::sync::atomic::AtomicU64>,
    started: Fraction,
    resident: Gauge,
    virtual_memory: Gauge,
    open_fds: Gauge,
    max_fds: Gauge,
}

impl Default for ProcessMetrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::default(),
            cpu: Counter::default(),
            started: Fraction::default(),
            resident: Gauge::default(),
            virtual_memory: Gauge::default(),
            open_fds: Gauge::default(),
            max_fds: Gauge::default(),
        };
        let registry = &mut metrics.registry;
        let help = "Processor time used, of user and system";
        registry.register_with_unit("process_cpu", help, Unit::Seconds, metrics.cpu.clone());
        let help = "When the process was started, unix time";
        registry.register_with_unit("process_start_time", help, Unit::Seconds, metrics.started.clone());
        let help = "Memory that is in use, of the machine's";
        registry.register_with_unit(
            "process_resident_memory",
            help,
            Unit::Bytes,
            metrics.resident.clone(),
        );
        let help = "Memory that is mapped";
        let mapped = metrics.virtual_memory.clone();
        registry.register_with_unit("process_virtual_memory", help, Unit::Bytes, mapped);
        let help = "File descriptors that are open";
        registry.register("process_open_fds", help, metrics.open_fds.clone());
        let help = "File descriptors that may be open";
        registry.register("process_max_fds", help, metrics.max_fds.clone());
        metrics
    }
}

impl ProcessMetrics {
    /// Adds them to a page. Where the system does not tell, the page goes without, and the log says why.
    pub(super) fn write(&self, page: &mut String) -> std::fmt::Result {
        let figures = match Figures::read(Path::new(PROC)) {
            Ok(figures) => figures,
            Err(error) => {
                tracing::warn!(%error, "the process's own figures are not known");
                return Ok(());
            }
        };
        self.cpu
            .inner()
            .store(figures.cpu_s.to_bits(), std::sync::atomic::Ordering::Relaxed);
        self.started.set(figures.started_s);
        self.resident.set(figures.resident_bytes);
        self.virtual_memory.set(figures.virtual_bytes);
        self.open_fds.set(figures.open_fds);
        self.max_fds.set(figures.max_fds);
        text::encode_registry(page, &self.registry)
    }
}

impl Figures {
    /// `proc`: where the kernel's files are.
    fn read(proc: &Path) -> io::Result<Self> {
        let text = |name: &str| std::fs::read_to_string(proc.join(name));
        let stat = text("self/stat")?;
        // The second field is a name, in brackets, and may hold anything.
        let fields: Vec<&str> = stat
            .rsplit_once(')')
            .map_or_else(Vec::new, |(_, rest)| rest.split_whitespace().collect());
        // Counted from the third field of proc_pid_stat(5), `state`.
        let ticks = |place: usize| -> io::Result<f64> { number(fields.get(place - 3).copied(), "self/stat") };
        let status = text("self/status")?;
        let kibibytes = |key: &str| -> io::Result<i64> {
            let value: i64 = number(after(&status, key), "self/status")?;
            Ok(value * 1024)
        };
        let booted_s: f64 = number(after(&text("stat")?, "btime"), "stat")?;
        Ok(Self {
            cpu_s: (ticks(14)? + ticks(15)?) / TICKS_PER_SECOND,
            started_s: booted_s + ticks(22)? / TICKS_PER_SECOND,
            resident_bytes: kibibytes("VmRSS:")?,
            virtual_bytes: kibibytes("VmSize:")?,
            open_fds: i64::try_from(std::fs::read_dir(proc.join("self/fd"))?.count()).unwrap_or(i64::MAX),
            max_fds: match after(&text("self/limits")?, "Max open files") {
                Some("unlimited") => i64::MAX,
                limit => number(limit, "self/limits")?,
            },
        })
    }
}

/// The first word after a key at the beginning of a line.
fn after<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines()
        .find_map(|line| line.strip_prefix(key))
        .and_then(|rest| rest.split_whitespace().next())
}

fn number<T: std::str::FromStr>(word: Option<&str>, file: &str) -> io::Result<T> {
    word.and_then(|word| word.parse().ok()).ok_or_else(|| {
        let why = format!("{PROC}/{file}: {word:?} is no number");
        io::Error::new(io::ErrorKind::InvalidData, why)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_the_figures_of_this_process() {
        let mut page = String::new();
        ProcessMetrics::default().write(&mut page).unwrap();
        let value = |name: &str| -> f64 {
            let line = page
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.unwrap_or_else(|| panic!("{name} is not in\n{page}"))
                .parse()
                .unwrap()
        };
        let now_s = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
        let age_s = now_s - value("process_start_time_seconds");
        assert!((-2.0..86_400.0).contains(&age_s), "{age_s}");
        let (resident, mapped) = (
            value("process_resident_memory_bytes"),
            value("process_virtual_memory_bytes"),
        );
        assert!(1e5 < resident && resident < mapped, "{page}");
        let (open, most) = (value("process_open_fds"), value("process_max_fds"));
        assert!((3.0..=most).contains(&open), "{page}");
        assert!(value("process_cpu_seconds_total") >= 0.0);
    }

    #[test]
    fn a_system_that_does_not_tell_is_an_error_that_names_the_file() {
        let root = std::env::var_os("TEST_TMPDIR").map_or_else(std::env::temp_dir, Into::into);
        let proc = root.join(format!("proc-{}", std::process::id()));
        std::fs::create_dir_all(proc.join("self")).unwrap();
        assert!(Figures::read(&proc).is_err());
        std::fs::write(proc.join("self/stat"), "7 (a) b) S 1").unwrap();
        std::fs::write(proc.join("self/status"), "VmSize:\t 8 kB\nVmRSS:\t 4 kB\n").unwrap();
        std::fs::write(proc.join("stat"), "cpu 1 2\nbtime 100\n").unwrap();
        let error = Figures::read(&proc).unwrap_err().to_string();
        assert_eq!(error, "/proc/self/stat: None is no number");
        std::fs::remove_dir_all(&proc).unwrap();
    }
}
