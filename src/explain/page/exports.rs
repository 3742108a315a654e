//! What the worker calls. All text is UTF-8 in one buffer, since WebAssembly passes only numbers.
#![allow(
    unsafe_code,
    reason = "names for the worker, and one call of it that fills a buffer"
)]

use std::cell::RefCell;
use std::io;
use std::ptr;

use emf_explain::{Input, Options, parse_now};

use super::{Session, Source, Step, rules};

#[link(wasm_import_module = "worker")]
unsafe extern "C" {
    /// Copies up to `length` bytes of the input from `offset` on to `target`. Returns how many, or -1.
    fn read(offset: f64, target: *mut u8, length: usize) -> i32;
}

/// The file or text that the worker holds.
#[derive(Clone, Copy)]
struct Blob;

impl Source for Blob {
    fn read_at(&self, offset: u64, target: &mut [u8]) -> io::Result<usize> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a double is exact up to 9 petabytes"
        )]
        let offset = offset as f64;
        // SAFETY: the worker writes at most `target.len()` bytes, all of them within `target`.
        let copied = unsafe { read(offset, target.as_mut_ptr(), target.len()) };
        usize::try_from(copied).map_err(|_| io::Error::other("the browser cannot read it"))
    }
}

#[derive(Default)]
struct State {
    session: Option<Session<Blob>>,
    text: Vec<u8>,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

/// Makes room for a text and returns its address.
#[unsafe(no_mangle)]
extern "C" fn text(length: usize) -> *mut u8 {
    STATE.with_borrow_mut(|state| {
        state.text.clear();
        state.text.resize(length, 0);
        state.text.as_mut_ptr()
    })
}

/// The length of the text at the address that [`text`] or the last call returned.
#[unsafe(no_mangle)]
extern "C" fn length() -> usize {
    STATE.with_borrow(|state| state.text.len())
}

/// Writes the rules as JSON and returns the address.
#[unsafe(no_mangle)]
extern "C" fn describe() -> *const u8 {
    STATE.with_borrow_mut(|state| {
        state.text = rules();
        state.text.as_ptr()
    })
}

/// Begins with an input, to be read in the form with this index. The text is the time to judge as of. Returns 0, or the
/// address of the reason why the text is no time.
#[unsafe(no_mangle)]
extern "C" fn begin(form: usize) -> *const u8 {
    STATE.with_borrow_mut(|state| {
        let now = parse_now(&String::from_utf8_lossy(&state.text));
        let form = Input::ALL.get(form).copied().unwrap_or_default();
        match now {
            Ok(now) => {
                state.session = Some(Session::new(Blob, Options::new(form, now)));
                ptr::null()
            }
            Err(error) => {
                state.text = error.to_string().into_bytes();
                state.text.as_ptr()
            }
        }
    })
}

/// Continues for a short while, writes what there is to show as JSON, and returns the address.
#[unsafe(no_mangle)]
extern "C" fn step() -> *const u8 {
    STATE.with_borrow_mut(|state| {
        let step = match &mut state.session {
            Some(session) => session.step(),
            None => Step::default(),
        };
        state.text = step.to_json();
        state.text.as_ptr()
    })
}
