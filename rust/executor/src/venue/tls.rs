//! Verified TLS: the venue's certificate is checked against the system's authorities, or those of one file.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use crate::config::ConfigError;

/// The authorities to trust: those of the file, else the system's.
///
/// # Errors
/// [`ConfigError`] about `betfair.ca_file`.
pub fn authorities(ca_file: Option<&Path>) -> Result<Arc<RootCertStore>, ConfigError> {
    let roots = match ca_file {
        Some(file) => roots_of(file),
        None => system_roots(),
    };
    roots.map(Arc::new)
}

/// A client's half of TLS, with a certificate of its own where the venue asks for one.
///
/// # Errors
/// [`ConfigError`] about the key whose file is of no use.
pub fn client(
    roots: &Arc<RootCertStore>,
    identity: Option<(&Path, &Path)>,
) -> Result<Arc<ClientConfig>, ConfigError> {
    let failed = |key: &str, error: &dyn std::fmt::Display| ConfigError::new(key, error.to_string());
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| failed("betfair", &error))?
        .with_root_certificates(Arc::clone(roots));
    let config = match identity {
        None => builder.with_no_client_auth(),
        Some((cert, key)) => builder
            .with_client_auth_cert(certificates(cert, "betfair.session.cert_file")?, key_of(key)?)
            .map_err(|error| failed("betfair.session.cert_file", &error))?,
    };
    Ok(Arc::new(config))
}

fn roots_of(file: &Path) -> Result<RootCertStore, ConfigError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file, "betfair.ca_file")? {
        roots
            .add(certificate)
            .map_err(|error| ConfigError::new("betfair.ca_file", format!("{}: {error}", file.display())))?;
    }
    Ok(roots)
}

fn system_roots() -> Result<RootCertStore, ConfigError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        let why = "the system has no certificate authorities (package ca-certificates); name a file of them";
        return Err(ConfigError::new("betfair.ca_file", why));
    }
    Ok(roots)
}

fn certificates(file: &Path, key: &str) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let failed = |why: String| ConfigError::new(key, format!("{}: {why}", file.display()));
    let found = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| failed(error.to_string()))?;
    if found.is_empty() {
        return Err(failed("no certificate in it".to_owned()));
    }
    Ok(found)
}

fn key_of(file: &Path) -> Result<PrivateKeyDer<'static>, ConfigError> {
    crate::config::check_secret(file, "betfair.session.key_file")?;
    PrivateKeyDer::from_pem_file(file).map_err(|error| {
        let why = format!("{}: {error}", file.display());
        ConfigError::new("betfair.session.key_file", why)
    })
}
