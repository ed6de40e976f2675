import Foundation

/// The most that the heap of this process held, where `Tests/shims/heap_shim.c` is loaded before it (LD_PRELOAD).
package struct HeapUse {
    private typealias Count = @convention(c) () -> UInt64
    private let mark: Count
    private let peak: Count

    /// Nil where the shim is not loaded: glibc's own counts know no peak.
    package init?() {
        guard let mark = dlsym(nil, "heap_shim_mark"), let peak = dlsym(nil, "heap_shim_peak") else { return nil }
        self.mark = unsafeBitCast(mark, to: Count.self)
        self.peak = unsafeBitCast(peak, to: Count.self)
    }

    /// Bytes held now; the peak is counted from here.
    package func begin() -> UInt64 { mark() }

    /// The most bytes held since `begin`.
    package func most() -> UInt64 { peak() }
}
