//! The same octets give the same messages, in whatever pieces they come, and the framer keeps no more than one of them.

use bgp_core::wire::framer::{MAX_EXTENDED_MESSAGE_LEN, MAX_MESSAGE_LEN};
use bgp_core::wire::{Frame, Framer, HeaderFault};

use super::script::Script;

/// What a stream gives: messages, then perhaps an end.
type Read = (Vec<Frame>, Option<HeaderFault>);

fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>, max_len: u16) -> Read {
    let mut framer = Framer::new();
    let mut frames = Vec::new();
    for piece in pieces {
        framer.push(piece);
        loop {
            match framer.next_frame(max_len) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(fault) => {
                    assert_eq!(framer.next_frame(max_len), Err(fault), "a stream that broke was read on");
                    return (frames, Some(fault));
                }
            }
        }
        assert!(framer.buffered() < usize::from(max_len), "{} octets are kept", framer.buffered());
        assert_eq!(framer.buffered(), framer.waiting().len());
    }
    let given: usize = frames.iter().map(|frame| frame.octets.len()).sum();
    assert!(given > 0 || frames.is_empty());
    (frames, None)
}

/// The first octet says how long messages may be, the second how many of the following ones are sizes of pieces.
pub fn holds(octets: &[u8]) {
    let mut script = Script::new(octets);
    let max_len = if script.octet() & 1 == 0 { MAX_MESSAGE_LEN } else { MAX_EXTENDED_MESSAGE_LEN };
    let count = usize::from(script.octet() % 32);
    let sizes: Vec<usize> = script.take(count).iter().map(|size| usize::from(*size) * 3 + 1).collect();
    let stream = script.rest();
    let whole = read(std::iter::once(stream), max_len);
    for frame in &whole.0 {
        assert_eq!(frame.octets.len(), 19 + frame.body.len());
        assert_eq!((frame.octets[18], &frame.octets[19..]), (frame.kind, &frame.body[..]));
    }
    let together: Vec<u8> = whole.0.iter().flat_map(|frame| frame.octets.to_vec()).collect();
    assert!(stream.starts_with(&together), "messages that nobody sent");
    assert_eq!(read(stream.chunks(1), max_len), whole);
    assert_eq!(read(Pieces { sizes, next: 0, left: stream }, max_len), whole);
}

/// The stream in pieces of these sizes, over and over.
struct Pieces<'a> {
    sizes: Vec<usize>,
    next: usize,
    left: &'a [u8],
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let size = self.sizes.get(self.next % self.sizes.len().max(1)).copied().unwrap_or(self.left.len());
        self.next += 1;
        let (piece, left) = self.left.split_at(size.min(self.left.len()));
        self.left = left;
        (!piece.is_empty()).then_some(piece)
    }
}
