//! Sessions: a login that is made once, by whoever needs it first, and not again where it was refused.
//!
//! What a session is, and which answers refuse it, is left to the collectors.

use std::sync::{Mutex, PoisonError};

use tokio::sync::OnceCell;

use super::miss::Miss;

/// A session of one system, not opened yet.
#[derive(Debug)]
pub(super) struct Once<S> {
    session: OnceCell<Result<S, Miss>>,
    /// Why the credential was refused: it is not tried again, for that might lock the account.
    refused: Mutex<Option<Miss>>,
}

impl<S> Default for Once<S> {
    fn default() -> Self {
        Self { session: OnceCell::new(), refused: Mutex::default() }
    }
}

impl<S> Once<S> {
    /// Returns the session, opened by `open` at the first question.
    ///
    /// # Errors
    ///
    /// Where it could not be opened, or its credential was refused since.
    pub(super) async fn get<F>(&self, open: impl FnOnce() -> F) -> Result<&S, Miss>
    where
        F: Future<Output = Result<S, Miss>>,
    {
        if let Some(miss) = self.refusal() {
            return Err(miss);
        }
        // Every question holds this future, and few open a session.
        self.session.get_or_init(|| Box::pin(open())).await.as_ref().map_err(Clone::clone)
    }

    /// Returns the session; `None` where it is not open.
    pub(super) fn opened(&self) -> Option<&S> {
        self.session.get()?.as_ref().ok()
    }

    /// Returns why the credential was refused; `None` where it was not.
    pub(super) fn refusal(&self) -> Option<Miss> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes that the credential was refused; the first reason stays.
    pub(super) fn refuse(&self, miss: &Miss) {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| miss.clone());
    }
}
