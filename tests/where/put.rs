// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Copies of Rust: of slices, and by a method.

use core::ptr::write_volatile;

#[inline(never)]
pub fn put(dst: &mut [u8], src: &[u8]) {
    for (d, s) in dst.iter_mut().zip(src) {
        unsafe { write_volatile(d, *s) }
    }
}

pub struct Bar {
    base: *mut u32,
}

impl Bar {
    #[inline(never)]
    pub fn write(&self, words: &[u32]) {
        for (i, w) in words.iter().enumerate() {
            unsafe { write_volatile(self.base.add(i), *w) }
        }
    }
}
