//! The executor's binary: arguments in, exit code out.

use std::io::Write;
use std::process::ExitCode;

use executor::cli::{self, Command};
use executor::config::Config;
use executor::server::{Notifier, Server};
use executor::{logging, server};

const BAD_ARGUMENTS: u8 = 2;
const CANNOT_START: u8 = 3;
const CANNOT_GO_ON: u8 = 4;

/// Why it ends.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error(transparent)]
    Start(#[from] server::StartError),
    #[error(transparent)]
    Stop(#[from] server::StopError),
}

fn main() -> ExitCode {
    let config = match cli::parse(std::env::args_os().skip(1)) {
        Ok(Command::Help) => return say(cli::HELP),
        Ok(Command::Version) => return say(&cli::version_line()),
        Ok(Command::Run(file)) => match Config::load(&file) {
            Ok(config) => config,
            Err(error) => return fail(BAD_ARGUMENTS, &error),
        },
        Err(error) => return fail(BAD_ARGUMENTS, &error),
    };
    logging::start(config.log_level, config.log_format);
    match run(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error @ Ended::Stop(server::StopError::Journal(_))) => fail(CANNOT_GO_ON, &error),
        Err(error) => fail(CANNOT_START, &error),
    }
}

fn run(config: Config) -> Result<(), Ended> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(server::StartError::Runtime)?;
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let stop = server::stop_signal()?;
        let notifier = Notifier::from_environment().map_err(server::StartError::from)?;
        let server = Server::bind(config).await?;
        say(&server.ready_line());
        Ok(server.run(stop, notifier).await?)
    })
}

/// Prints on stdout. A reader that has gone away is no reason to fail.
fn say(text: &str) -> ExitCode {
    let mut out = std::io::stdout().lock();
    if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        tracing::warn!(%error, "stdout is closed");
    }
    ExitCode::SUCCESS
}

/// Prints one line on stderr.
fn fail(code: u8, error: &dyn std::error::Error) -> ExitCode {
    eprintln!("executor: {error}");
    ExitCode::from(code)
}
