//! Many requests at once, where most of the time is spent waiting.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Does something with each item, so many at once. What comes of them is in
/// the order of the items; after the first failure no other is begun.
pub(super) fn in_parallel<T: Sync, R: Send, E: Send>(
    at_once: usize,
    items: &[T],
    act: impl Fn(usize, &T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    if at_once < 2 || items.len() < 2 {
        return items.iter().enumerate().map(|(n, item)| act(n, item)).collect();
    }
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (done, failed) = (Mutex::new(Vec::new()), Mutex::new(None));
    let work = || {
        while !stop.load(Ordering::Relaxed) {
            let n = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(n) else { break };
            match act(n, item) {
                Ok(outcome) => done.lock().unwrap_or_else(PoisonError::into_inner).push((n, outcome)),
                Err(e) => {
                    stop.store(true, Ordering::Relaxed);
                    failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(e);
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..at_once.min(items.len()) {
            scope.spawn(work);
        }
    });
    if let Some(e) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(e);
    }
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(n, _)| *n);
    Ok(done.into_iter().map(|(_, outcome)| outcome).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_done_in_order_or_one_failure_is_told() {
        let items: Vec<usize> = (0..100).collect();
        let doubled = in_parallel(8, &items, |_, n| Ok::<_, ()>(n * 2)).unwrap();
        assert_eq!(doubled, (0..100).map(|n| n * 2).collect::<Vec<_>>());
        let begun = AtomicUsize::new(0);
        let outcome = in_parallel(8, &items, |n, _| {
            begun.fetch_add(1, Ordering::Relaxed);
            if n == 0 { Err("no") } else { Ok(()) }
        });
        assert_eq!(outcome, Err("no"));
        assert!(begun.load(Ordering::Relaxed) <= 100);
    }
}
