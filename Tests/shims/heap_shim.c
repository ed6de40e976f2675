// Counts what the heap of a process holds, and the most it held since a mark (LD_PRELOAD); Tests/Fixtures/HeapUse.swift asks.
//
// Built by Deploy/shims; used by Deploy/fuzz.
#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static _Atomic uint64_t held;
static _Atomic uint64_t peak;

static void *taken(void *block) {
    if (!block) return block;
    uint64_t now = atomic_fetch_add_explicit(&held, malloc_usable_size(block), memory_order_relaxed) + malloc_usable_size(block);
    if (now > atomic_load_explicit(&peak, memory_order_relaxed)) atomic_store_explicit(&peak, now, memory_order_relaxed);
    return block;
}

static void given(void *block) {
    if (block) atomic_fetch_sub_explicit(&held, malloc_usable_size(block), memory_order_relaxed);
}

uint64_t heap_shim_mark(void) {
    uint64_t now = atomic_load_explicit(&held, memory_order_relaxed);
    atomic_store_explicit(&peak, now, memory_order_relaxed);
    return now;
}

uint64_t heap_shim_peak(void) { return atomic_load_explicit(&peak, memory_order_relaxed); }

void *malloc(size_t size) { return taken(__libc_malloc(size)); }
void *calloc(size_t count, size_t size) { return taken(__libc_calloc(count, size)); }
void *memalign(size_t alignment, size_t size) { return taken(__libc_memalign(alignment, size)); }
void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **block, size_t alignment, size_t size) {
    *block = memalign(alignment, size);
    return *block ? 0 : ENOMEM;
}

void free(void *block) {
    given(block);
    __libc_free(block);
}

// Grown in place or not, both blocks count for a moment: that is what a move costs.
void *realloc(void *block, size_t size) {
    size_t before = block ? malloc_usable_size(block) : 0;
    void *moved = __libc_realloc(block, size);
    if (!moved && size) return moved;
    taken(moved);
    atomic_fetch_sub_explicit(&held, before, memory_order_relaxed);
    return moved;
}
