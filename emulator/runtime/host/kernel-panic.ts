/** Thrown by kernel code that panics in the middle of its work, which goes no further. */
export class KernelPanic extends Error {}
