//! A certificate and its key, from files that are read again when they are renewed.

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio_rustls::TlsAcceptor;

/// How often it is looked whether the files are new.
pub const LOOK: Duration = Duration::from_secs(60);

/// What connections are secured with.
pub struct Tls {
    cert: PathBuf,
    key: PathBuf,
    shown: Arc<Shown>,
    acceptor: TlsAcceptor,
}

/// The certificate that is shown to whoever connects.
#[derive(Debug)]
struct Shown(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Tls {
    /// Reads both files, in PEM.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn open(cert: &Path, key: &Path) -> anyhow::Result<Tls> {
        let shown = Arc::new(Shown(RwLock::new(Arc::new(read(cert, key)?))));
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let config = config.with_no_client_auth().with_cert_resolver(Arc::clone(&shown) as Arc<dyn ResolvesServerCert>);
        Ok(Tls { cert: cert.to_owned(), key: key.to_owned(), shown, acceptor: TlsAcceptor::from(Arc::new(config)) })
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.clone()
    }

    /// Takes renewed files over, for as long as it is awaited. What does not fit together (one of the two is still the old
    /// one) is not taken over, and looked at again.
    pub(super) async fn renew(self: Arc<Tls>, every: Duration) {
        let mut unfit = false;
        loop {
            tokio::time::sleep(every).await;
            let this = Arc::clone(&self);
            let Ok(read) = tokio::task::spawn_blocking(move || read(&this.cert, &this.key)).await else { continue };
            match read {
                Ok(new) => {
                    unfit = false;
                    let mut shown = self.shown.0.write().unwrap_or_else(PoisonError::into_inner);
                    if shown.cert != new.cert {
                        *shown = Arc::new(new);
                        tracing::info!(cert = %self.cert.display(), "the renewed certificate is shown from now on");
                    }
                }
                Err(error) if !unfit => {
                    unfit = true;
                    tracing::error!(error = format!("{error:#}"), "the certificate cannot be read again: the old one stays");
                }
                Err(_) => {}
            }
        }
    }
}

fn read(cert: &Path, key: &Path) -> anyhow::Result<CertifiedKey> {
    let wrong = |file: &Path, why: &dyn std::fmt::Display| anyhow::anyhow!("{}: {why}", file.display());
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(cert).and_then(Iterator::collect);
    let chain = chain.map_err(|e| wrong(cert, &e))?;
    anyhow::ensure!(!chain.is_empty(), wrong(cert, &"there is no certificate in it"));
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|e| wrong(key, &e))?;
    let certified = CertifiedKey::from_der(chain, secret, &aws_lc_rs::default_provider());
    certified.map_err(|e| wrong(key, &format!("it does not fit {}: {e}", cert.display())))
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("cert", &self.cert).finish_non_exhaustive()
    }
}
