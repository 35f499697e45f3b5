//! The body of a request, whole, within limits of size, time and memory.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use limits::{Deadline, MemoryBudget, Reservation};
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// What is read and thrown away before a request is refused: a client that still sends when the connection is closed
/// may not see the answer.
const DISCARDED: usize = 16 * 1024 * 1024;
const DISCARD_TIME: Duration = Duration::from_millis(500);
/// The time for a body when all readers' places are taken.
const WITHOUT_PLACE: Duration = Duration::from_millis(100);

/// A body and the memory that it is counted for.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) bytes: Bytes,
    pub(super) reservation: Option<Reservation>,
}

/// Why there is no body.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BodyError {
    /// It is larger than the limit.
    TooLarge,
    /// It did not come in time.
    TooSlow,
    /// Too many bodies are being read, or they take too much memory.
    Busy,
    /// The client ended it early, or its framing is wrong.
    Broken,
}

/// Reads a body of at most `most` bytes before the deadline.
pub(super) async fn read(
    body: &mut Incoming,
    most: usize,
    deadline: &Deadline,
    memory: &MemoryBudget,
    readers: &Semaphore,
) -> Result<Body, BodyError> {
    if body.size_hint().lower() > most as u64 {
        return Err(BodyError::TooLarge);
    }
    let waits_for_memory = AtomicBool::new(false);
    let reader = readers.try_acquire();
    // Clients that send slowly can take all readers' places. Others, whose bodies come with their heads, need none.
    let longest = if reader.is_ok() { deadline.remaining() } else { deadline.remaining().min(WITHOUT_PLACE) };
    match timeout(longest, collect(body, most, memory, &waits_for_memory)).await {
        Ok(done) => done,
        Err(_) if reader.is_err() || waits_for_memory.load(Ordering::Relaxed) => Err(BodyError::Busy),
        Err(_) => Err(BodyError::TooSlow),
    }
}

async fn collect(
    body: &mut Incoming,
    most: usize,
    memory: &MemoryBudget,
    waits: &AtomicBool,
) -> Result<Body, BodyError> {
    let announced = usize::try_from(body.size_hint().exact().unwrap_or(0)).unwrap_or(most);
    let mut first = Bytes::new();
    let mut buffer = Vec::new();
    let mut reservation = None;
    // The end is known with the last part: another turn of the connection would only say so.
    while !body.is_end_stream()
        && let Some(frame) = body.frame().await
    {
        let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
        let length = first.len() + buffer.len() + data.len();
        if length > most {
            return Err(BodyError::TooLarge);
        }
        // A body of one part is not copied.
        if first.is_empty() && buffer.is_empty() {
            first = data;
            continue;
        }
        if length > buffer.capacity() {
            let capacity = length.max(buffer.capacity() * 2).max(announced.min(MemoryBudget::FREE)).min(most);
            if capacity > MemoryBudget::FREE {
                let more = capacity - if reservation.is_some() { buffer.capacity() } else { 0 };
                waits.store(true, Ordering::Relaxed);
                reservation.get_or_insert_with(|| memory.reservation()).grow(more).await;
                waits.store(false, Ordering::Relaxed);
            }
            buffer.reserve_exact(capacity - buffer.len());
        }
        buffer.extend_from_slice(&std::mem::take(&mut first));
        buffer.extend_from_slice(&data);
    }
    Ok(Body { bytes: if buffer.is_empty() { first } else { buffer.into() }, reservation })
}

/// Reads the rest of a body for a moment.
pub(super) async fn discard(body: &mut Incoming) {
    let all = async {
        let mut size = 0;
        while let Some(Ok(frame)) = body.frame().await {
            size += frame.data_ref().map_or(0, Bytes::len);
            if size > DISCARDED {
                break;
            }
        }
    };
    let _ = timeout(DISCARD_TIME, all).await;
}
